"""Owns the practice world behind the sockets: ledger, venue, backend, faults, and what happened."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from switchgear.practice.sim import backend, binance
from switchgear.practice.sim.backend import Backend, plain
from switchgear.practice.sim.binance import Venue
from switchgear.practice.sim.faults import Action, Script
from switchgear.practice.sim.faults import Answer as FaultAnswer
from switchgear.practice.sim.ledger import Ledger
from switchgear.practice.sim.limits import banned_text
from switchgear.practice.sim.messages import Answer, Request, json_answer
from switchgear.practice.sim.symbols import SYMBOLS

if TYPE_CHECKING:
    from switchgear.core.clock import Clock

KEY = "practice-key"
SECRET = "practice-secret"
_BANNED, _LIMITED = 418, 429
_TIMED_OUT = (
    "Timeout waiting for response from backend server. "
    "Send status unknown; execution status unknown."
)
_USUAL = {
    400: (-1100, "Illegal characters found in a parameter."),
    401: (-2015, "Invalid API-key, IP, or permissions for action."),
    403: (-1002, "You are not authorized to execute this request."),
    429: (-1003, "Too many requests queued."),
    500: (-1000, "An unknown error occurred while processing the request."),
    502: (-1001, "Internal error; unable to process your request. Please try again."),
    503: (
        -1008,
        "Server is currently overloaded with other requests. Please try again in a few minutes.",
    ),
    504: (
        -1007,
        _TIMED_OUT,
    ),
}
_OTHER = (-1000, "An unknown error occurred while processing the request.")


class Practice:
    """
    All that a practice server knows. Not thread-safe; one event loop owns it.

    The price path and every window run on the clock's monotonic seconds since the start; wall time
    is what the venue tells and checks timestamps by.
    """

    def __init__(self, seed: int, clock: Clock) -> None:
        self.clock = clock
        self.seed = seed
        self.script = Script(seed)
        self.requests: Counter[str] = Counter()
        self.lost: list[dict[str, Any]] = []
        self._started_s = clock.monotonic_s()
        self._ledger = Ledger(seed)
        self._account = self._ledger.open_account()
        self._venue = Venue(self._ledger, {KEY: (SECRET, self._account)})
        self._backend = Backend(self._ledger, self._account)

    def _go_on(self) -> float:
        now_s = self.clock.monotonic_s() - self._started_s
        self._ledger.advance(now_s, int(self.clock.wall().timestamp() * 1000))
        return now_s

    def count(self, request: Request) -> str:
        """Count a request; the name of its endpoint, "unknown" when there is none."""
        name = endpoint_name(request.method, request.path)
        self.requests[name] += 1
        return name

    def handle(self, request: Request) -> Answer:
        """Answer a request as the venue or the backend does when nothing goes wrong."""
        now_s = self._go_on()
        if backend.endpoint_name(request.method, request.path) is not None:
            return self._backend.handle(request)
        return self._venue.handle(request, now_s)

    def faulted(self, fault: FaultAnswer, request: Request) -> Answer:
        """The answer that a fault gives in the venue's place, with the headers it would have."""
        now_s = self._go_on()
        is_backend = backend.endpoint_name(request.method, request.path) is not None
        usual = {} if is_backend else self._venue.weight_headers(request.ip, now_s)
        headers = usual | dict(fault.headers)
        wait_s = fault.retry_after_s
        if wait_s is None and fault.status in {_LIMITED, _BANNED}:
            wait_s = 1 if fault.status == _LIMITED else 120
        if wait_s is not None:
            headers.setdefault("Retry-After", str(wait_s))
        code, msg = _USUAL.get(fault.status, _OTHER)
        if fault.status == _BANNED:
            code, msg = -1003, banned_text(self._ledger.now_ms + (wait_s or 0) * 1000)
        code = code if fault.code is None else fault.code
        msg = msg if fault.msg is None else fault.msg
        if is_backend:
            return json_answer({"error": {"code": code, "message": msg}}, fault.status, headers)
        return json_answer({"code": code, "msg": msg}, fault.status, headers)

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

    def draw(self, request: Request, name: str) -> list[Action]:
        """What goes wrong with this request."""
        return self.script.draw(request.method, request.path, name)

    def state(self) -> dict[str, Any]:
        """The truth, as JSON: what was booked, who asked what, and what went wrong."""
        now_s = self._go_on()
        orders = self._account.orders
        names = Counter(order.asked.client_order_id for order in orders)
        return {
            "seed": self.seed,
            "elapsed_s": now_s,
            "time_ms": self._ledger.now_ms,
            "prices": {s.name: plain(self._ledger.price(s)) for s in SYMBOLS.values()},
            "balances": {
                asset: {"free": plain(held.free), "locked": plain(held.locked)}
                for asset, held in self._account.balances.items()
            },
            "orders": [backend.show(order) for order in orders],
            "refused": self._venue.refused + self._backend.refused,
            "duplicates": [name for name, times in names.items() if times > 1],
            "requests": dict(self.requests),
            "faults": dict(self.script.fired),
            "lost_answers": list(self.lost),
        }


def endpoint_name(method: str, path: str) -> str:
    """The name of an endpoint in rules and counts, "unknown" when there is none."""
    return binance.endpoint_name(method, path) or backend.endpoint_name(method, path) or "unknown"
