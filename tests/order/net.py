"""
Owns the wire between clients and a practice venue in virtual time: what each request meets, and what of it arrives.

No sockets and no threads. What the venue answers is the practice exchange's; what a client makes of it, its own.
"""

from __future__ import annotations

import errno
import re
from collections import Counter
from dataclasses import dataclass, field
from email.utils import format_datetime
from enum import StrEnum
from functools import lru_cache, partial
from itertools import count
from math import inf
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple, cast
from urllib.parse import unquote_plus, urlsplit

import aiohttp
from aiohttp.client_reqrep import ConnectionKey
from multidict import CIMultiDict

from switchgear.exchange import transport
from switchgear.exchange.client import VenueApi
from switchgear.exchange.reply import Reply
from switchgear.exchange.transport import READ_S_MAX, TOTAL_S_MAX, Transport
from switchgear.practice.sim import faults
from switchgear.practice.sim.messages import Request, html_answer
from switchgear.practice.sim.practice import Bent
from switchgear.testing.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping
    from random import Random  # noqa: TID251  seeded, and handed in

    from switchgear.exchange.reply import Target
    from switchgear.practice.sim.messages import Answer
    from switchgear.practice.sim.practice import Practice


class Cell(StrEnum):
    """What the wire does to one request."""

    FINE = "fine"
    REFUSED = "refused"
    """The connection is refused: nothing leaves."""
    RESET_BEFORE = "reset_before"
    """The connection is reset before the venue saw the request."""
    LOST_ANSWER_RESET = "lost_answer_reset"
    """The venue works on it, then the connection is reset."""
    LOST_ANSWER_TIMEOUT = "lost_answer_timeout"
    """The venue works on it, and nothing ever comes back: the client waits until its own time is over."""
    CUT = "cut"
    """The venue works on it, and half of the answer comes."""
    GATEWAY_BOOKED = "gateway_booked"
    """The venue works on it, and a proxy answers with its own page."""
    GATEWAY_UNBOOKED = "gateway_unbooked"
    """The same page, and the venue never saw the request."""
    LATE_COPY = "late_copy"
    """The client sees a reset or silence, as `seen` says; the request reaches the venue after delay_s."""
    DUPLICATED = "duplicated"
    """It reaches the venue at once, which is answered, and again after delay_s."""
    SLOW = "slow"
    """The venue works on it at once, and the answer comes after delay_s."""
    VENUE_ERROR_BOOKED = "venue_error_booked"
    """The venue works on it, and says in its own words that it failed: 5xx."""
    RATE_LIMITED = "rate_limited"
    """The venue turns it away with 429 in its own words, and retry_after_s."""
    UNSEEN = "unseen"
    """Look-ups, lists and cancels do not know of orders younger than unseen_s; else it is fine."""


class Seen(StrEnum):
    """What a client sees of a request whose first copy is late."""

    RESET = "reset"
    SILENCE = "silence"


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of one request; a field that a cell has no use for is left alone."""

    cell: Cell = Cell.FINE
    delay_s: float = 0.0
    """For LATE_COPY, DUPLICATED and SLOW, from when the request was sent."""
    seen: Seen = Seen.RESET
    """For LATE_COPY."""
    status: int = 0
    """For GATEWAY_*: 502, 503 or 504, where 0 lets the dice say."""
    row: str = ""
    """For VENUE_ERROR_BOOKED: one of the venue's recorded answers by name, where "" lets the dice say."""
    retry_after_s: int = 1
    """For RATE_LIMITED."""
    unseen_s: float = 0.0
    """For UNSEEN, and beside any other cell that reaches the venue."""
    skew_ms: int = 0
    """How far the venue's clock is ahead of ours while it works on this; beside any cell."""


FINE = Fate()
_UNTOUCHED = frozenset(
    {Cell.REFUSED, Cell.RESET_BEFORE, Cell.GATEWAY_UNBOOKED, Cell.LATE_COPY, Cell.RATE_LIMITED}
)
"""What keeps the request from the venue, for now at least."""
_PAGES = {502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Time-out"}
_ERROR_ROWS = {
    "alpaca": ("internal_error",),
    "binance": ("unexpected_response", "backend_timeout"),
    "coinbase": ("internal_error", "unavailable"),
}
"""By venue, which recorded answers leave open whether the order was booked."""
_NAMED = re.compile(
    rb'(?:(?:newClientOrderId|origClientOrderId|client_order_id)=|"client_order_id":\s?")'
    rb'([^"&]+)'
)
_FORGOTTEN_S = 86_400.0
"""How long a client may hold on that has no limit of its own, and no guard that cuts."""


class Call(NamedTuple):
    """One request as the scenario sees it before it leaves."""

    number: int
    """From 1 on, in the order in which they were made."""
    at_s: float
    """By the monotonic clock."""
    endpoint: str
    """What the practice venue calls it in rules and counts, such as `order.create`."""
    verb: str
    path: str
    client_order_id: str | None
    method: str
    """For which method of the client, such as `create_order`."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One copy of a request as the venue got it."""

    at_s: float
    status: int
    """Of the venue's own answer, whoever got it."""
    booked: int | None
    """The venue's number of the order that this copy booked."""


@dataclass(slots=True)
class Passage:
    """What became of one request; it grows while copies of it are on their way."""

    call: Call
    fate: Fate
    arrivals: list[Arrival] = field(default_factory=list[Arrival])
    told: str = ""
    """What its client was told: a status or the name of an error; empty for one that was stopped before."""

    def line(self) -> str:
        """All of it in one line, the same on every run."""
        arrived = (f"@{each.at_s:.6f}:{each.status}:{each.booked}" for each in self.arrivals)
        number, at_s, *call = self.call
        fate = self.fate
        words = (number, f"{at_s:.6f}", *call, "|", fate.cell, f"{fate.delay_s:g}", fate.seen)
        more = (f"{fate.unseen_s:g}", fate.skew_ms, "|", *arrived, "|", self.told)
        return " ".join(map(str, words + more))


class Net:
    """The wire to one practice venue, for any number of clients on one event loop."""

    def __init__(
        self, practice: Practice, clock: FakeClock, rng: Random, *, keeps_log: bool = True
    ) -> None:
        """All goes well until `fate_of` is set; practice and the clients run on this clock."""
        self.practice = practice
        self.clock = clock
        self.rng = rng
        self.fate_of: Callable[[Call], Fate] = lambda _: FINE
        """Asked once for each request, in the order in which they are made."""
        self.log: list[Passage] = []
        """Every request in the order in which they were made; left empty without keeps_log."""
        self._keeps_log = keeps_log
        self._calls = count(1)
        self._due_s: list[float] = []
        self._name_of = lru_cache(1_024)(lambda *to: practice.endpoint_name(Request(*to)))

    @property
    def in_flight(self) -> int:
        """How many late copies have not reached the venue yet."""
        return len(self._due_s)

    def drain(self) -> None:
        """Move the clock until every late copy has reached the venue, and no further."""
        while self._due_s:
            self.clock.advance(max(self._due_s) - self.clock.now_s)

    def attach(self, api: object) -> None:
        """
        Put this net in the place of every Transport of a client, or of its older net; at any time.

        Raises:
            ValueError: It has none.
        """
        made: dict[int, NetTransport] = {}

        def stand_in(real: Transport | NetTransport) -> NetTransport:
            return made.setdefault(id(real), NetTransport(self, real))

        for holder in (api, *_parts(api)):
            for name, value in list(vars(holder).items()):
                if isinstance(value, Transport | NetTransport):
                    setattr(holder, name, stand_in(value))
        if isinstance(api, VenueApi):
            vars(api)["_transports"] = tuple(map(stand_in, api._transports))
        if not made:
            raise ValueError(f"api is {api!r}; allowed: a client with a Transport")

    def log_text(self) -> str:
        """The log, a line for each request."""
        return "\n".join(passage.line() for passage in self.log)

    # ------------------------------------------------------------------- the way of one request

    async def carry(self, request: Request, target: Target, limit_s: float) -> _Incoming:
        """
        What comes back for a request.

        Args:
            request: As it leaves.
            target: For whom.
            limit_s: How long the client's own limits let it hear nothing; infinity where a guard cuts.

        Raises:
            ClientError: As aiohttp raises it for the same cause.
            TimeoutError: limit_s went by without an answer.
        """
        passage = self._passage(request, target)
        fate = passage.fate
        await turn
        try:
            answer = None if fate.cell in _UNTOUCHED else self._arrive(passage, request)
            if fate.cell in {Cell.LATE_COPY, Cell.DUPLICATED}:
                self._later(passage, request)
            incoming = await self._back(fate, request, answer, limit_s)
        except (aiohttp.ClientError, OSError) as error:
            passage.told = type(error).__name__
            raise
        passage.told = f"{incoming.status}{' cut' if incoming.is_cut else ''}"
        return incoming

    def _passage(self, request: Request, target: Target) -> Passage:
        verb, path, number = request.method, request.path, next(self._calls)
        endpoint, name = self._name_of(verb, path), _client_order_id(request)
        call = Call(number, self.clock.now_s, endpoint, verb, path, name, target.method)
        passage = Passage(call, self.fate_of(call))
        if self._keeps_log:
            self.log.append(passage)
        return passage

    def _arrive(self, passage: Passage, request: Request) -> Answer:
        """A copy reaches the venue now."""
        practice, fate, endpoint = self.practice, passage.fate, passage.call.endpoint
        practice.requests[endpoint] += 1
        answer = practice.handle(request, _bent(fate))
        booked = None if answer.booked is None else answer.booked.order_id
        passage.arrivals.append(Arrival(self.clock.now_s, answer.status, booked))
        return answer

    def _later(self, passage: Passage, request: Request) -> None:
        """A copy reaches the venue after the fate's delay, whatever becomes of its client."""
        delay_s = passage.fate.delay_s
        if delay_s <= 0:
            self._arrive(passage, request)
            return
        due_s = self.clock.now_s + delay_s
        self._due_s.append(due_s)
        self.clock.timer(delay_s, partial(self._arrive_late, due_s, passage, request))

    def _arrive_late(self, due_s: float, passage: Passage, request: Request) -> None:
        self._due_s.remove(due_s)
        self._arrive(passage, request)

    async def _back(
        self, fate: Fate, request: Request, answer: Answer | None, limit_s: float
    ) -> _Incoming:
        """What the client gets; answer is the venue's own, None where it has given none."""
        match fate.cell:
            case Cell.REFUSED:
                raise refused(request.headers["Host"])
            case Cell.LOST_ANSWER_TIMEOUT:
                await self._silent(inf, limit_s)
            case Cell.LATE_COPY if fate.seen is Seen.SILENCE:
                await self._silent(inf, limit_s)
            case Cell.RESET_BEFORE | Cell.LOST_ANSWER_RESET | Cell.LATE_COPY:
                raise self._reset()
            case Cell.SLOW:
                await self._silent(fate.delay_s, limit_s)
            case Cell.GATEWAY_BOOKED | Cell.GATEWAY_UNBOOKED:
                status = fate.status or self.rng.choice(tuple(_PAGES))
                answer = html_answer(status, _PAGES.get(status, "Error"))
            case Cell.VENUE_ERROR_BOOKED:
                row = fate.row or self.rng.choice(_ERROR_ROWS[self.practice.venue.name])
                answer = self.practice.faulted(faults.Row(row), request, _bent(fate))
            case Cell.RATE_LIMITED:
                said = faults.Answer(429, retry_after_s=fate.retry_after_s)
                answer = self.practice.faulted(said, request, _bent(fate))
            case _:
                pass
        assert answer is not None  # every cell without one has raised, or put one in its place
        date = format_datetime(self.practice.wall(_bent(fate)), usegmt=True)
        headers = CIMultiDict({"Date": date, **answer.headers, "Content-Type": answer.kind})
        return _Incoming(answer.status, headers, answer.body, fate.cell is Cell.CUT)

    async def _silent(self, delay_s: float, limit_s: float) -> None:
        """Nothing comes for delay_s seconds, or for longer than the client waits."""
        if delay_s < limit_s:
            await self.clock.sleep_async(delay_s)
            return
        await self.clock.sleep_async(min(limit_s, _FORGOTTEN_S))
        silent = aiohttp.SocketTimeoutError("Timeout on reading data from socket")
        raise silent if limit_s >= READ_S_MAX else TimeoutError  # the limit of the whole request

    def _reset(self) -> aiohttp.ClientConnectionError:
        """Either way in which aiohttp tells that the connection is gone."""
        gone = aiohttp.ClientOSError(errno.ECONNRESET, "Connection reset by peer")
        return self.rng.choice((aiohttp.ServerDisconnectedError(), gone))


class NetTransport:
    """Stands in for one Transport of a client: the same attributes, and a net instead of a session."""

    def __init__(self, net: Net, real: Transport | NetTransport) -> None:
        """Take over what the client has told the real one."""
        self.base_url: str = real.base_url
        self.limit_of: Callable[[Target], float | None] = real.limit_of
        self.heard: Callable[[Target, transport.Sent, Mapping[str, str]], None] = real.heard
        self.now_s: Callable[[], float] = real.now_s
        self._net = net
        parts = urlsplit(real.base_url)
        self._root = parts.path
        usual = {"Host": parts.netloc, "Accept": "*/*", "Accept-Encoding": "gzip, deflate"}
        self._headers: CIMultiDict[str] = CIMultiDict({**usual, **real._headers})

    async def request(
        self,
        verb: str,
        path: str,
        target: Target,
        *,
        query: str = "",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        total_s: float = TOTAL_S_MAX,
    ) -> Reply:
        """What the other side answered; arguments and errors are those of `Transport.request`."""
        sent = transport.Sent(self.now_s(), headers or {})
        whole = self._whole(headers, body)
        request = Request(verb, f"{self._root}{path}", query, body or b"", whole)
        try:
            incoming = await self._net.carry(request, target, self._limit_s(target, total_s))
            self.heard(target, sent, incoming.headers)
            if incoming.is_cut:
                return await transport._read(_half(incoming), target)
            return Reply(incoming.status, incoming.headers, incoming.body)
        except (aiohttp.ClientError, OSError, EOFError) as error:
            failure = transport._failure(error, target)
        raise failure

    async def close(self) -> None:
        """Nothing is open."""

    def _whole(self, headers: Mapping[str, str] | None, body: bytes | None) -> CIMultiDict[str]:
        whole = self._headers.copy()
        if headers:
            whole.update(headers)
        if body is not None:
            whole.setdefault("Content-Type", "application/octet-stream")
        return whole

    def _limit_s(self, target: Target, total_s: float) -> float:
        """How long the real one's timers let it hear nothing; see its `_limits`."""
        if total_s != TOTAL_S_MAX:
            return min(total_s, READ_S_MAX)
        limit_s = self.limit_of(target)
        return READ_S_MAX if limit_s is None or limit_s > READ_S_MAX else inf


class _Incoming(NamedTuple):
    """What comes back, with the headers as aiohttp would give them."""

    status: int
    headers: CIMultiDict[str]
    body: bytes
    is_cut: bool


def _half(incoming: _Incoming) -> aiohttp.ClientResponse:
    """What the client's transport reads of an aiohttp response, where the body breaks off."""

    async def read() -> bytes:
        raise aiohttp.ClientPayloadError("Response payload is not completed")

    status, headers, body, _ = incoming
    half = SimpleNamespace(status=status, headers=headers, content_length=len(body), read=read)
    return cast("aiohttp.ClientResponse", half)  # no more of it is asked for


class _Turn:
    """What `turn` is."""

    def __await__(self) -> Generator[None]:
        yield


turn = _Turn()
"""Awaited, it gives every other task that is ready a turn; no time goes by."""


def refused(host: str) -> aiohttp.ClientConnectorError:
    """What aiohttp raises when nobody listens at this host."""
    key: Any = dict.fromkeys(ConnectionKey._fields) | {"host": host, "port": 443, "ssl": True}
    cause = ConnectionRefusedError(errno.ECONNREFUSED, f"Connect call failed ('{host}', 443)")
    return aiohttp.ClientConnectorError(ConnectionKey(**key), cause)


def _parts(api: object) -> Iterator[object]:
    """The objects of a client's own room that it is made of."""
    for value in vars(api).values():
        if type(value).__module__.startswith("switchgear.exchange.") and hasattr(value, "__dict__"):
            yield value


def _client_order_id(request: Request) -> str | None:
    found = _NAMED.search(request.body) or _NAMED.search(request.query.encode())
    return None if found is None else unquote_plus(found[1].decode())


def _bent(fate: Fate) -> Bent:
    return Bent(skew_ms=fate.skew_ms, unseen_s=fate.unseen_s)


@dataclass(frozen=True, slots=True)
class Booked:
    """What the venue holds under one client order id."""

    orders: tuple[int, ...]
    """The venue's numbers of the distinct orders, oldest first; more than one is a double booking."""
    executions: tuple[int, ...]
    """How many executions each of them has, in the same order."""


def truth(practice: Practice) -> dict[str, Booked]:
    """By client order id what was booked, as of the last request that reached the venue."""
    found: dict[str, Booked] = {}
    for order in practice.venue.account.orders:
        name, filled = order.asked.client_order_id, len(order.executions)
        known = found.get(name, Booked((), ()))
        found[name] = Booked((*known.orders, order.order_id), (*known.executions, filled))
    return found


def executions_per_client_id(practice: Practice) -> dict[str, int]:
    """By client order id how many distinct orders were booked: at most 1, or one was sent twice."""
    orders = practice.venue.account.orders  # what state() lists, without writing each out as text
    return dict(Counter(order.asked.client_order_id for order in orders))
