"""
Owns one connection through the proxy: both its halves, the bytes between, and the faults done to it.

Which faults are due is wire_rules', where messages begin and end is proxy_http's.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from switchgear.practice.sim.door import reset
from switchgear.practice.sim.proxy_http import AnswerReader, RequestReader
from switchgear.practice.sim.wire_rules import Cut, Delay, Drip, HalfOpen, Refuse, Reset, Side

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Sequence

    from switchgear.core.clock import Clock, Timer
    from switchgear.practice.sim.proxy_http import AnswerHead, Part, RequestHead
    from switchgear.practice.sim.wire_rules import WireHit, WireScript

_CHUNK_BYTES = 64 * 1024


class _BrokenError(ConnectionError):
    """A rule breaks this connection; it ends as one that broke by itself does."""


@dataclass(slots=True)
class Tally:
    """What went through a proxy since it started."""

    connections: int = 0
    requests: int = 0
    forwarded: Counter[Side] = field(default_factory=Counter[Side])
    """Bytes each way."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What all connections of a proxy stand on."""

    venue: tuple[str, int]
    clock: Clock
    script: WireScript
    tally: Tally
    refuse: Callable[[int, float], None]
    """For a rule, refuses connections for some seconds, and resets those that are open."""


class _Outlet:
    """Bytes on their way to one side: gathered, then written at once."""

    def __init__(self, writer: asyncio.StreamWriter, side: Side, tally: Tally) -> None:
        writer.transport.set_write_buffer_limits(high=0)  # what is flushed, the system has
        self.writer = writer
        self.is_ended = False
        self._side = side
        self._tally = tally
        self._waiting: list[bytes] = []

    def put(self, data: bytes) -> None:
        """Let it go with the next flush."""
        self._waiting.append(data)

    async def flush(self) -> None:
        """Hand over what was put, and wait while the other side is slow to take it."""
        data = b"".join(self._waiting)
        self._waiting.clear()
        if data:
            self.writer.write(data)
            self._tally.forwarded[self._side] += len(data)
        await self.writer.drain()

    async def end(self) -> None:
        """Flush, and tell the other side that nothing more comes; once is enough."""
        if not self.is_ended:
            await self.flush()
            self.is_ended = True
            self.writer.write_eof()


class _Exchange:
    """A request and its answer, and what is to go wrong with them."""

    def __init__(self, method: str, drawn: Sequence[WireHit]) -> None:
        self.method = method
        self.delays = [hit.action for hit in drawn if isinstance(hit.action, Delay)]
        hit = next((hit for hit in drawn if not isinstance(hit.action, Delay)), None)
        self.action = None if hit is None else hit.action
        self.rule_id = 0 if hit is None else hit.rule_id
        self.is_sound = not drawn
        self.taken_bytes = 0
        """Of the request."""
        self.passed_bytes = 0
        """Of the answer."""
        self.is_answered = False
        """The answer has begun."""
        self.dripping = bytearray()

    def delay_s(self, side: Side) -> float:
        """How long the bytes of this side are held."""
        return sum(delay.delay_s for delay in self.delays if delay.side is side)


class Link:
    """
    A client's connection with the one to the venue that belongs to it.

    It starts by itself. `task` ends when both sides have ended or one broke, and then nothing of it
    is left; the other side sees the same kind of end, FIN or reset.
    """

    def __init__(self, sock: socket.socket, ground: Ground) -> None:
        """Takes the socket over, from inside a running event loop."""
        self._ground = ground
        self._sock = sock
        self._outlets: list[_Outlet] = []
        self._timer: Timer | None = None
        self._asked = RequestReader()
        self._told = AnswerReader(lambda: self._exchanges[0].method if self._exchanges else "")
        self._exchanges: deque[_Exchange] = deque()
        """Those begun and not yet answered."""
        self._asking: _Exchange | None = None
        """The one whose request is not complete."""
        self._held_request = self._held_answer = b""
        """Openings of messages that nothing is known of yet."""
        self._is_broken = False
        self._is_deaf = False
        """What the client says is thrown away; when it leaves, the link ends."""
        self._is_lasting = False
        """The client must not see the venue's end."""
        self.task = asyncio.create_task(self._run())

    def reset(self) -> None:
        """Reset both connections; the task ends soon."""
        self._is_broken = True
        if self._outlets:  # else the task itself finds it broken: the socket is on its way to it
            self._reset()
            self.task.cancel()

    def _reset(self) -> None:
        for outlet in self._outlets:
            reset(outlet.writer.transport)

    async def _run(self) -> None:
        try:
            self._from_client, client = await asyncio.open_connection(sock=self._sock)
            self._to_client = self._outlet(client, Side.ANSWER)
            if self._is_broken:
                raise _BrokenError
            self._from_venue, venue = await asyncio.open_connection(*self._ground.venue)
            self._to_venue = self._outlet(venue, Side.REQUEST)
            async with asyncio.TaskGroup() as ways:
                self._answering = ways.create_task(self._answers())
                ways.create_task(self._requests())
        except* OSError:
            self._reset()
        finally:
            await self._close()

    def _outlet(self, writer: asyncio.StreamWriter, side: Side) -> _Outlet:
        self._outlets.append(_Outlet(writer, side, self._ground.tally))
        return self._outlets[-1]

    async def _close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        for outlet in self._outlets:
            outlet.writer.transport.abort()
        for outlet in self._outlets:
            with suppress(OSError):  # it broke, and that was dealt with
                await outlet.writer.wait_closed()

    # -------------------------------------------------------------------------------- the request

    async def _requests(self) -> None:
        while data := await self._from_client.read(_CHUNK_BYTES):
            for part in () if self._is_deaf else self._asked.feed(data):
                await self._take(part)
            if not self._is_deaf:
                await self._to_venue.flush()
        if self._is_deaf:
            self._answering.cancel()
            return
        self._to_venue.put(self._held_request)
        await self._to_venue.end()

    async def _take(self, part: Part[RequestHead]) -> None:
        if self._is_deaf:
            return
        if part.is_opening and self._ground.script.rules:
            self._held_request += part.data
            return
        data, self._held_request = self._held_request + part.data, b""
        if part.head is not None and not await self._begin(part.head):
            self._is_deaf = True
            return
        exchange = self._asking
        if exchange is None:
            self._to_venue.put(data)
            return
        exchange.taken_bytes += len(data)
        match exchange.action:
            case Reset(Side.REQUEST, at_byte):
                if part.ends or exchange.taken_bytes >= at_byte:
                    raise _BrokenError
            case _:
                self._to_venue.put(data)
        if part.ends:
            self._asking = None
            if isinstance(exchange.action, HalfOpen):
                await self._to_venue.flush()
                self._is_deaf = True

    async def _begin(self, head: RequestHead) -> bool:
        """Draw what goes wrong with this request; whether the venue may hear of it, after a delay."""
        ground = self._ground
        ground.tally.requests += 1
        drawn = ground.script.draw(head.method, head.path)
        self._asking = exchange = _Exchange(head.method, drawn)
        self._exchanges.append(exchange)
        if exchange.is_sound:
            return True
        await self._to_venue.flush()
        await ground.clock.sleep_async(exchange.delay_s(Side.REQUEST))
        match exchange.action:
            case Refuse(duration_s):
                ground.refuse(exchange.rule_id, duration_s)
                raise _BrokenError
            case HalfOpen(side, duration_s):
                self._is_lasting = True
                if duration_s is not None:
                    self._timer = ground.clock.timer(duration_s, self.reset)
                return side is Side.ANSWER
            case _:
                return True

    # --------------------------------------------------------------------------------- the answer

    async def _answers(self) -> None:
        while data := await self._hear():
            for part in self._told.feed(data):
                await self._tell(part)
            if self._to_client.is_ended:
                return
            await self._to_client.flush()
        if self._is_lasting:
            return
        if self._exchanges and self._exchanges[0].is_answered:  # its end is the connection's
            await self._spoil(self._exchanges[0], b"", ends=True)
        self._to_client.put(self._held_answer)
        await self._to_client.end()

    async def _hear(self) -> bytes:
        try:
            return await self._from_venue.read(_CHUNK_BYTES)
        except OSError:
            if not self._is_lasting:
                raise
            return b""

    async def _tell(self, part: Part[AnswerHead]) -> None:
        exchange = self._exchanges[0] if self._exchanges else None
        if part.is_opening and exchange is not None and not exchange.is_sound:
            self._held_answer += part.data
            return
        data, self._held_answer = self._held_answer + part.data, b""
        is_interim = part.head is not None and part.head.is_interim
        if exchange is None or exchange.is_sound or is_interim:
            self._to_client.put(data)
        else:
            await self._spoil(exchange, data, ends=part.ends)
        if part.head is not None and part.head.status == 101:
            self._asked.go_blind()
        if part.ends and exchange is not None and not is_interim:
            self._exchanges.popleft()

    async def _spoil(self, exchange: _Exchange, data: bytes, *, ends: bool) -> None:
        """Pass these bytes of an answer on as its rules want it."""
        if self._to_client.is_ended:
            return
        if not exchange.is_answered:
            exchange.is_answered = True
            await self._to_client.flush()
            await self._ground.clock.sleep_async(exchange.delay_s(Side.ANSWER))
        match exchange.action:
            case Reset(Side.ANSWER, at_byte):
                if await self._pass_up_to(at_byte, exchange, data) or ends:
                    raise _BrokenError
            case Cut(at_byte):
                if await self._pass_up_to(at_byte, exchange, data) or ends:
                    await self._to_client.end()
                    self._is_deaf = True
            case Drip():
                await self._drip(exchange.action, exchange, data, ends=ends)
            case HalfOpen():
                return
            case _:
                self._to_client.put(data)

    async def _pass_up_to(self, at_byte: int, exchange: _Exchange, data: bytes) -> bool:
        """Pass on what is left until this byte of the answer; whether it was reached."""
        self._to_client.put(data[: at_byte - exchange.passed_bytes])
        await self._to_client.flush()
        exchange.passed_bytes += len(data)
        return exchange.passed_bytes >= at_byte

    async def _drip(self, drip: Drip, exchange: _Exchange, data: bytes, *, ends: bool) -> None:
        waiting = exchange.dripping
        waiting += data
        while len(waiting) >= drip.size_bytes or (ends and waiting):
            if exchange.passed_bytes:
                await self._ground.clock.sleep_async(drip.every_s)
            piece = bytes(waiting[: drip.size_bytes])
            del waiting[: drip.size_bytes]
            exchange.passed_bytes += len(piece)
            self._to_client.put(piece)
            await self._to_client.flush()
