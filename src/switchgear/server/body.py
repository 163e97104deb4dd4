"""Owns reading the body of a request: whole, bounded, and in time, before anything is done about it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import Message, Receive

    from switchgear.core.clock import Clock

BODY_BYTES_MAX = 65_536
BODY_S_MAX = 10.0
"""A body that takes longer is not waited for: a connection that trickles costs nobody a thread or a place."""


async def whole_body(receive: Receive, clock: Clock) -> Receive | None:
    """
    A receive that gives the whole body at once; None when it did not come within BODY_S_MAX.

    No more than BODY_BYTES_MAX and a bit is kept: the length that was promised has been looked at before.
    """
    reading = asyncio.ensure_future(_read(receive))
    late = asyncio.get_running_loop().create_future()
    timer = clock.timer(BODY_S_MAX, lambda: _end(late))
    try:
        await asyncio.wait((reading, late), return_when=asyncio.FIRST_COMPLETED)
    finally:
        timer.cancel()
        if not reading.done():
            reading.cancel()
            with suppress(asyncio.CancelledError):
                await reading
    if reading.cancelled():
        return None
    return _again(reading.result(), receive)


async def _read(receive: Receive) -> list[Message]:
    found: list[Message] = []
    size = 0
    while size <= BODY_BYTES_MAX:
        message = await receive()
        found.append(message)
        size += len(message.get("body", b""))
        if message["type"] != "http.request" or not message.get("more_body", False):
            break
    return found


def _end(late: asyncio.Future[None]) -> None:
    if not late.done():
        late.set_result(None)


def _again(messages: list[Message], receive: Receive) -> Receive:
    """Gives what was read, and then what comes."""
    waiting = iter(messages)

    async def again() -> Message:
        message = next(waiting, None)
        return await receive() if message is None else message

    return again
