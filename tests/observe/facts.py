"""Owns one sample of each fact, and sinks to look at, for the tests of observe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from switchgear.core.event import (
    AttemptStarted,
    CallCancelled,
    CallFailed,
    CallIgnored,
    CallJoined,
    CallRejected,
    CallSucceeded,
    CircuitMoved,
    Event,
    FallbackExhausted,
    FallbackFailed,
    FallbackServed,
    GateClosed,
    HedgeStarted,
    IntentMoved,
    Note,
    OrderCalled,
    RetryScheduled,
    RetryWithheld,
    SettingsRead,
    SinkFailed,
    StoreBack,
    StoreLost,
    Wire,
)
from switchgear.core.words import CircuitState, Effect, Key, Kind, Level, Scope

if TYPE_CHECKING:
    from collections.abc import Sequence

    from switchgear.observe.record import LogRecord

KEY = Key("binance", "get_x", "main")
CLOSED, OPEN, HALF = CircuitState.CLOSED, CircuitState.OPEN, CircuitState.HALF_OPEN
FORCED_OPEN = CircuitState.FORCED_OPEN


def move(old: CircuitState, new: CircuitState, at_s: float = 1.0, **more: Any) -> CircuitMoved:
    """A move of the one circuit."""
    return CircuitMoved(at_s, more.pop("key", KEY), old, new, "3 failures in a row", 2, **more)


def failed(at_s: float = 1.0, duration_s: float = 0.5, kind: Kind = Kind.TIMEOUT) -> CallFailed:
    """A call that failed."""
    return CallFailed(at_s, KEY, 7, duration_s, 4, kind, "TimeoutError: late", 504, -1007)


def gate(kind: Kind, scope: Scope = Scope.EXCHANGE, account: str = "") -> GateClosed:
    """A gate that closed for 60 s."""
    return GateClosed(1.0, "binance", scope, account, 61.0, kind, "HTTP 429")


def wire(**more: Any) -> Wire:
    """An order that was answered with 503."""
    given: dict[str, Any] = {
        "at_s": 1.0,
        "key": KEY,
        "call_id": 7,
        "attempt": 2,
        "duration_s": 0.0842,
        "request_method": "POST",
        "url": "https://x/api/v3/order?symbol=BTCUSDT",
        "request_headers": {"X-MBX-APIKEY": "***"},
        "request_body": "a=1",
        "status": 503,
        "answer_headers": {"Server": "x"},
        "answer_body": "busy",
        "error": "",
        "order_id": "sg-1",
    }
    return Wire(**(given | more))


SAMPLES: list[tuple[Event, Level, str]] = [
    (AttemptStarted(1.0, KEY, 7, 2), Level.DEBUG, "attempt 2 started"),
    (OrderCalled(1.0, KEY, 7, 2, "sg-1"), Level.DEBUG, "attempt 2 is about the order sg-1"),
    (wire(), Level.DEBUG, "POST /api/v3/order -> 503 in 84.2 ms"),
    (
        wire(status=None, error="NetworkError: reset"),
        Level.DEBUG,
        "POST /api/v3/order -> NetworkError: reset in 84.2 ms",
    ),
    (
        wire(error="NetworkError: cut"),
        Level.DEBUG,
        "POST /api/v3/order -> 503 in 84.2 ms, then NetworkError: cut",
    ),
    (CallSucceeded(1.0, KEY, 7, 0.5), Level.INFO, "succeeded in 500.0 ms"),
    (CallSucceeded(1.0, KEY, 7, 0.5, 3), Level.INFO, "succeeded in 500.0 ms after 3 attempts"),
    (CallSucceeded(1.0, KEY, 7, 6.0, 1, True), Level.WARNING, "succeeded in 6000.0 ms, slow"),
    (failed(), Level.ERROR, "failed after 4 attempts: TimeoutError: late"),
    (
        CallFailed(1.0, KEY, 7, 0.5, 1, Kind.OUTCOME_UNKNOWN, "E: cut", ambiguous=True),
        Level.ERROR,
        "failed: E: cut; its outcome is unknown",
    ),
    (CallIgnored(1.0, KEY, 7, 0.5, 1, "E: x"), Level.INFO, "ended with an ignored error: E: x"),
    (CallCancelled(1.0, KEY, 7, 0.5, 1), Level.INFO, "cancelled after 500.0 ms"),
    (
        CallRejected(1.0, KEY, 7, Scope.METHOD, "circuit open", 2.5),
        Level.WARNING,
        "not called: circuit open; next try in 2.5 s",
    ),
    (
        CallRejected(1.0, KEY, 0, Scope.METHOD, "held by ops", None),
        Level.WARNING,
        "not called: held by ops",
    ),
    (
        RetryScheduled(1.0, KEY, 7, 0.5, 1, 0.25, Kind.NETWORK, "E: reset"),
        Level.WARNING,
        "attempt 1 failed, next in 250.0 ms: E: reset",
    ),
    (
        RetryWithheld(1.0, KEY, 7, 2, Kind.OVERLOADED),
        Level.WARNING,
        "not tried again: the retry budget of the exchange is used up",
    ),
    (
        HedgeStarted(1.0, KEY, 7, 0.25),
        Level.INFO,
        "a second attempt beside the first, which is out for 250.0 ms",
    ),
    (
        CallJoined(1.0, KEY, 7, 0.5),
        Level.INFO,
        "joined an equal call in flight, and succeeded with it",
    ),
    (
        CallJoined(1.0, KEY, 7, 0.5, "E: down"),
        Level.ERROR,
        "joined an equal call in flight, and failed with it: E: down",
    ),
    (
        IntentMoved(1.0, KEY, "7", "sg-1", "sent", "unknown", "the answer was lost", "host:1"),
        Level.ERROR,
        "order sg-1 sent -> unknown: the answer was lost",
    ),
    (
        IntentMoved(1.0, KEY, "7", "sg-1", "", "new", "written down"),
        Level.INFO,
        "order sg-1 new: written down",
    ),
    (SettingsRead(1.0, "a.toml"), Level.INFO, "settings file a.toml read anew"),
    (
        SettingsRead(1.0, "a.toml", "no TOML"),
        Level.ERROR,
        "settings file a.toml cannot be used, nothing is changed: no TOML",
    ),
    (
        FallbackServed(1.0, KEY, 7, "last_good", 4.0, "circuit open"),
        Level.WARNING,
        "served from last_good, 4.0 s old: circuit open",
    ),
    (
        FallbackFailed(1.0, KEY, 7, "backend", "E: x"),
        Level.WARNING,
        "fallback backend failed: E: x",
    ),
    (
        FallbackExhausted(1.0, KEY, 7, Effect.READ, "E: x"),
        Level.ERROR,
        "no fallback had a value: E: x",
    ),
    (
        FallbackExhausted(1.0, KEY, 7, Effect.TRADE, "E: x"),
        Level.CRITICAL,
        "no fallback had a value: E: x",
    ),
    (
        move(CLOSED, OPEN, until_s=31.0),
        Level.ERROR,
        "circuit closed -> open: 3 failures in a row",
    ),
    (move(HALF, CLOSED), Level.INFO, "circuit half_open -> closed: 3 failures in a row"),
    (move(OPEN, HALF), Level.INFO, "circuit open -> half_open: 3 failures in a row"),
    (
        move(CLOSED, FORCED_OPEN, by="ops"),
        Level.ERROR,
        "circuit closed -> forced_open by ops: 3 failures in a row",
    ),
    (gate(Kind.RATE_LIMITED), Level.WARNING, "exchange gate closed for 60.0 s: HTTP 429"),
    (gate(Kind.BANNED), Level.ERROR, "exchange gate closed for 60.0 s: HTTP 429"),
    (
        gate(Kind.AUTHENTICATION, Scope.ACCOUNT, "main"),
        Level.ERROR,
        "account gate closed for 60.0 s: HTTP 429",
    ),
    (Note(1.0, KEY, Level.DEBUG, "mine"), Level.DEBUG, "mine"),
    (Note(1.0, KEY, Level.CRITICAL, "mine"), Level.CRITICAL, "mine"),
    (SinkFailed(1.0, "mail", "E: x"), Level.ERROR, "mail failed: E: x"),
    (
        StoreLost(1.0, "history", "disk full"),
        Level.CRITICAL,
        "history cannot be written, records are being lost: disk full",
    ),
    (
        StoreBack(1.0, "history", 5),
        Level.INFO,
        "history can be written again; 5 records were lost",
    ),
]
"""Each fact, in each shape that has another level or other words."""


class Kept:
    """A sink that keeps what it is given."""

    def __init__(self, name: str = "kept", level: int = 0) -> None:
        self.name = name
        self.level = level
        self.batches: list[list[LogRecord]] = []

    def write(self, batch: Sequence[LogRecord]) -> None:
        """Keep them."""
        self.batches.append(list(batch))

    @property
    def records(self) -> list[LogRecord]:
        """All of them, as they came."""
        return [record for batch in self.batches for record in batch]


class Broken(Kept):
    """A sink that raises until it is mended."""

    mended = False

    def write(self, batch: Sequence[LogRecord]) -> None:
        """Raise, or keep them."""
        if not self.mended:
            raise OSError("disk full")
        super().write(batch)
