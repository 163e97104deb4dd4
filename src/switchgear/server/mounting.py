"""Owns being part of the user's own application: made at the first request, ended with the gear or the application."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

from switchgear.server.access import LOOPBACK, checked_hosts
from switchgear.server.app import create_app
from switchgear.server.gates import gate_of
from switchgear.server.gear_source import GearSource

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Collection, Mapping

    from starlette.types import ASGIApp, Receive, Scope, Send

    from switchgear.gear import Switchgear
    from switchgear.server.gates import Auth

Lifespan = Callable[[Any], AbstractAsyncContextManager[Any]]
"""What Starlette and FastAPI take as `lifespan`."""


class _Closed(Protocol):
    """What ends with the application."""

    def close(self) -> None:
        """End it; it may block a little."""
        ...


class Mounted:
    """
    An ASGI application that makes another one at the first request.

    A server that forks does so before: what is opened belongs to the process that answers. No lifespan is needed,
    for that of a mounted application is not run; where it is run, live tails end with it, and may begin again with
    the next one.

    Args:
        make: Makes the application; it is handed what tells that live tails must end.
    """

    def __init__(self, make: Callable[[Callable[[], bool]], ASGIApp]) -> None:
        self._make = make
        self._app: ASGIApp | None = None
        self._lock = Lock()
        self._is_closed = False
        self._is_over = False
        """The last lifespan has ended, and no other has begun."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await self._made()(scope, receive, send)

    def close(self) -> None:
        """Have live tails end, for good; questions are answered all the same."""
        self._is_closed = True

    def _made(self) -> ASGIApp:
        with self._lock:
            if self._app is None:
                self._app = self._make(lambda: self._is_closed or self._is_over)
            return self._app

    async def _live(self, receive: Receive, send: Send) -> None:
        for ended in ("startup", "shutdown"):
            while (await receive())["type"] != f"lifespan.{ended}":
                continue
            self._is_over = ended == "shutdown"
            await send({"type": f"lifespan.{ended}.complete"})


def mounted(
    gear: Switchgear, *, auth: Auth, allowed_hosts: Collection[str] | None = None
) -> Mounted:
    """
    A gear as an ASGI application, as `Switchgear.asgi` says.

    Raises:
        SettingsError: `auth` or an allowed host cannot be.
    """
    gate = gate_of(auth, gear.clock)  # now, so that what is wrong is said here and not to a browser
    hosts = LOOPBACK if allowed_hosts is None else checked_hosts(allowed_hosts)

    def make(closing: Callable[[], bool]) -> ASGIApp:
        source = GearSource(gear, gear.reader)
        return create_app(source, auth=gate, allowed_hosts=hosts, clock=gear.clock, closing=closing)

    return Mounted(make)


def lifespan_of(gear: _Closed, existing: Lifespan | None = None) -> Lifespan:
    """A lifespan that closes a gear when the application ends, within another one if there is one."""

    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncGenerator[Mapping[str, Any] | None]:
        try:
            if existing is None:
                yield None
            else:
                async with existing(app) as state:
                    yield state
        finally:
            # In a thread: it hands over what is queued, and the event loop must go on meanwhile.
            await asyncio.to_thread(gear.close)

    return lifespan
