"""Owns one practice exchange behind the sockets: venue, backend, faults, and what happened."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from math import ceil
from typing import TYPE_CHECKING, Any

from multidict import CIMultiDict

from switchgear.practice.sim import backend
from switchgear.practice.sim.answers import recorded
from switchgear.practice.sim.backend import Backend, plain
from switchgear.practice.sim.faults import Answer as FaultAnswer
from switchgear.practice.sim.faults import (
    AnswerUntil,
    ClockSkew,
    Hit,
    KeyRevoked,
    Row,
    Script,
    Unseen,
)
from switchgear.practice.sim.messages import Answer, Request, json_answer
from switchgear.practice.sim.rules import Known
from switchgear.practice.sim.venues import UNKNOWN, endpoint_names, open_venue

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from switchgear.core.clock import Clock
    from switchgear.practice.sim.answers import Recorded

_BANNED, _LIMITED = 418, 429
_CANCEL, _READS = "order.cancel", ("order", "trades")
_NOISE_S = 1e-6
"""What differences of clock readings may be off by."""
_USUAL_WAIT_S = {_LIMITED: 1, _BANNED: 120}
_KEY_HEADERS = {
    "X-MBX-APIKEY": "revoked-practice-key",
    "APCA-API-KEY-ID": "revoked-practice-key",
    "Authorization": "Bearer revoked-practice-key",
}
"""Where the venues look for a key, and what nobody's key looks like there."""


@dataclass(frozen=True, slots=True)
class Bent:
    """How the venue's world differs from the true one while it works on one request."""

    skew_ms: int = 0
    """How far its clock is ahead of the true one; below 0 it is behind."""
    key_revoked: bool = False
    unseen_s: float = 0
    """How old an order must be for a look-up, a list or a cancel to know of it."""


STRAIGHT = Bent()


def bent_by(plan: Iterable[Hit]) -> Bent:
    """What the actions come to that leave the call to be worked on."""
    actions = [hit.action for hit in plan]
    return Bent(
        skew_ms=sum(action.skew_ms for action in actions if isinstance(action, ClockSkew)),
        key_revoked=any(isinstance(action, KeyRevoked) for action in actions),
        unseen_s=max((action.for_s for action in actions if isinstance(action, Unseen)), default=0),
    )


@dataclass(frozen=True, slots=True)
class _Wait:
    """How long a rule tells callers to stay away: one instant, whoever asks."""

    until_s: float
    """By the monotonic clock."""
    until_ms: int
    """By the true date and time, in epoch milliseconds."""


class Practice:
    """
    All that a practice server knows. Not thread-safe; one event loop owns it.

    The price path and every window run on the clock's monotonic seconds since the start; wall time
    is what the venue tells and checks timestamps by.
    """

    def __init__(self, seed: int, clock: Clock, venue: str = "binance") -> None:
        """Open this venue; raises ValueError when there is none of this name."""
        self.clock = clock
        self.seed = seed
        self.script = Script(seed)
        self.requests: Counter[str] = Counter()
        self.lost: list[dict[str, Any]] = []
        self.venue = open_venue(venue, seed)
        self.rows: Mapping[str, tuple[Recorded, ...]] = recorded(venue)
        """The recorded answers of the venue, by name."""
        self.known = Known(self.rows, {venue: endpoint_names(venue)})
        """What a rule may name here."""
        self._waits: dict[int, _Wait] = {}
        """By rule, what it told last."""
        self._started_s = clock.monotonic_s()
        self._backend = Backend(self.venue.ledger, self.venue.account)

    def wall(self, bent: Bent = STRAIGHT) -> datetime:
        """The venue's date and time, in UTC."""
        return self.clock.wall() + timedelta(milliseconds=bent.skew_ms)

    def _go_on(self, bent: Bent = STRAIGHT) -> float:
        now_s = self.clock.monotonic_s() - self._started_s
        self.venue.ledger.advance(now_s, int(self.wall(bent).timestamp() * 1000))
        return now_s

    def endpoint_name(self, request: Request) -> str:
        """The name of an endpoint in rules and counts, UNKNOWN when there is none."""
        method, path = request.method, request.path
        found = self.venue.endpoint_name(method, path) or backend.endpoint_name(method, path)
        return found or UNKNOWN

    def count(self, request: Request) -> str:
        """Count a request; the name of its endpoint, UNKNOWN when there is none."""
        name = self.endpoint_name(request)
        self.requests[name] += 1
        return name

    def handle(self, request: Request, bent: Bent = STRAIGHT) -> Answer:
        """Answer a request as the venue or the backend does when nothing is put in its place."""
        now_s = self._go_on(bent)
        if _is_backend(request):
            return self._backend.handle(request)
        sent = _keyless(request) if bent.key_revoked else request
        with self.venue.account.knowing(self._horizon_ms(request, bent)):
            return self.venue.handle(sent, now_s)

    def _horizon_ms(self, request: Request, bent: Bent) -> int | None:
        """From when on orders are not seen by this request; None when it sees all."""
        if not bent.unseen_s:
            return None
        name = self.endpoint_name(request)
        is_placing = request.method == "POST" and name != _CANCEL
        if is_placing or not name.startswith(_READS):
            return None  # whether a name is free, the books themselves say
        return self.venue.ledger.now_ms - int(bent.unseen_s * 1000)

    def faulted(
        self,
        fault: FaultAnswer | Row,
        request: Request,
        bent: Bent = STRAIGHT,
        rule_id: int | None = None,
    ) -> Answer:
        """
        The answer that a fault gives in the venue's place, with the headers it would have.

        With its rule's id, all answers of this rule tell one instant to wait for, until it has come.
        """
        now_s = self._go_on(bent)
        if isinstance(fault, Row):
            return self._row_answer(fault, request, bent, rule_id)
        fault, wait_s = self._waiting(fault, bent, rule_id)
        if _is_backend(request):
            headers = {} if wait_s is None else {"Retry-After": str(wait_s)}
            return json_answer(backend.faulted(fault), fault.status, {**headers, **fault.headers})
        body, headers = self.venue.faulted(fault, wait_s)
        usual = self.venue.usual_headers(request, now_s)
        return json_answer(body, fault.status, {**usual, **headers, **fault.headers})

    def _waiting(
        self, fault: FaultAnswer, bent: Bent, rule_id: int | None
    ) -> tuple[FaultAnswer, int | None]:
        """The same with the instant that its rule tells, and the seconds that are left to it."""
        told_s, wait_s = fault.retry_after_s, fault.retry_after_s
        if wait_s is None:
            wait_s = _USUAL_WAIT_S.get(fault.status)
        if wait_s is None:
            return fault, None
        wait_s, until_ms = self._wait(wait_s, rule_id)
        own = {each.name: getattr(fault, each.name) for each in fields(fault)}
        own |= {"retry_after_s": None if told_s is None else wait_s}
        return AnswerUntil(**own, until_ms=until_ms + bent.skew_ms), wait_s

    def _wait(self, wait_s: int, rule_id: int | None) -> tuple[int, int]:
        """How many seconds are left to wait, and until when in epoch ms of the true time."""
        now_s = self.clock.monotonic_s()
        told = None if rule_id is None else self._waits.get(rule_id)
        if told is None or told.until_s <= now_s:
            told = _Wait(now_s + wait_s, int(self.wall().timestamp() * 1000) + wait_s * 1000)
            if rule_id is not None:
                self._waits[rule_id] = told
        return ceil(told.until_s - now_s - _NOISE_S), told.until_ms

    def _row_answer(self, fault: Row, request: Request, bent: Bent, rule_id: int | None) -> Answer:
        variants = self.rows[fault.row]
        row = variants[((fault.variant or 1) - 1) % len(variants)]
        told, wait_s = row.headers.get("Retry-After"), fault.retry_after_s
        if wait_s is None:
            wait_s = _USUAL_WAIT_S.get(row.status, 1) if told is None else int(told)
        wait_s, until_ms = self._wait(wait_s, rule_id)
        waiting = {} if told is None else {"Retry-After": str(wait_s)}
        if _is_backend(request):  # what the venue has on record is not the backend's to say
            return json_answer(backend.faulted(FaultAnswer(row.status)), row.status, waiting)
        until_ms += bent.skew_ms
        row = row.filled(until_ms=until_ms, reset_s=-(-until_ms // 1000))
        return Answer(row.status, row.body.encode(), {**row.headers, **waiting}, row.kind)

    def note_lost(self, answer: Answer, name: str, kind: str) -> None:
        """Note that the answer to a booked order did not arrive."""
        if answer.booked is not None:
            self.lost.append(
                {
                    "client_order_id": answer.booked.asked.client_order_id,
                    "order_id": answer.booked.order_id,
                    "endpoint": name,
                    "fault": kind,
                }
            )

    def draw(self, request: Request, name: str) -> list[Hit]:
        """What goes wrong with this request."""
        has_key = any(each in request.headers for each in _KEY_HEADERS)
        return self.script.draw(request.method, request.path, name, has_key=has_key)

    def state(self) -> dict[str, Any]:
        """The truth, as JSON: what was booked, who asked what, and what went wrong."""
        now_s = self._go_on()
        ledger, account = self.venue.ledger, self.venue.account
        orders = account.orders
        names = Counter(order.asked.client_order_id for order in orders)
        return {
            "venue": self.venue.name,
            "seed": self.seed,
            "elapsed_s": now_s,
            "time_ms": ledger.now_ms,
            "prices": {s.name: plain(ledger.price(s)) for s in ledger.market.symbols.values()},
            "balances": {
                asset: {"free": plain(held.free), "locked": plain(held.locked)}
                for asset, held in account.balances.items()
            },
            "orders": [backend.show(order) for order in orders],
            "refused": self.venue.refused + self._backend.refused,
            "duplicates": [name for name, times in names.items() if times > 1],
            "requests": dict(self.requests),
            "faults": dict(self.script.fired),
            "lost_answers": list(self.lost),
        }


def _is_backend(request: Request) -> bool:
    return backend.endpoint_name(request.method, request.path) is not None


def _keyless(request: Request) -> Request:
    """The request with a key that the venue does not know, where it has one."""
    headers = CIMultiDict(request.headers)
    for name, nobodys in _KEY_HEADERS.items():
        if name in headers:
            headers[name] = nobodys
    return replace(request, headers=headers)
