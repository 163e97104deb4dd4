"""
Owns the facts that can happen to a call, a circuit, a gate or the record of them, one frozen type each.

What to make of a fact (a count, a line, a row, a span) is left to the sinks in observe. Times are monotonic
seconds of the Clock that the gear was given. No fact holds an argument, a header or a body, but `Wire`, which is
told only where somebody asked for it; its texts have no secret any more when it is made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, assert_never

from switchgear.core.words import CircuitState, Effect, Key, Kind, Level, Scope, Verdict


@dataclass(frozen=True, slots=True)
class AttemptStarted:
    """An attempt was admitted and is about to run; emitted at log_level DEBUG only."""

    at_s: float
    key: Key
    call_id: int
    attempt: int
    """From 1."""


@dataclass(frozen=True, slots=True)
class CallSucceeded:
    """A call has its value from the exchange."""

    at_s: float
    key: Key
    call_id: int
    duration_s: float
    """From the first attempt's start to the end, waits included."""
    attempts: int = 1
    slow: bool = False
    """It took longer than slow_call_s."""


@dataclass(frozen=True, slots=True)
class CallFailed:
    """A call ended with an error, whether the exchange failed or refused."""

    at_s: float
    key: Key
    call_id: int
    duration_s: float
    attempts: int
    kind: Kind
    error: str
    """Class and message, redacted and cut."""
    status: int | None = None
    code: int | str | None = None
    ambiguous: bool = False


@dataclass(frozen=True, slots=True)
class CallIgnored:
    """A call ended with an error that the settings call neutral."""

    at_s: float
    key: Key
    call_id: int
    duration_s: float
    attempts: int
    error: str


@dataclass(frozen=True, slots=True)
class CallCancelled:
    """A call was cancelled from outside, or its block was left by an exit."""

    at_s: float
    key: Key
    call_id: int
    duration_s: float
    attempts: int


@dataclass(frozen=True, slots=True)
class CallRejected:
    """A call, or a further attempt of one, was not made."""

    at_s: float
    key: Key
    call_id: int
    scope: Scope
    reason: str
    retry_after_s: float | None
    """Seconds until a call can be admitted; None when nobody knows."""


@dataclass(frozen=True, slots=True)
class RetryScheduled:
    """An attempt failed and another will be made after a wait."""

    at_s: float
    key: Key
    call_id: int
    duration_s: float
    """Of the failed attempt."""
    attempt: int
    delay_s: float
    kind: Kind
    error: str
    status: int | None = None
    code: int | str | None = None


@dataclass(frozen=True, slots=True)
class RetryWithheld:
    """An attempt failed and could be tried again, but the exchange's retry budget has nothing left for it."""

    at_s: float
    key: Key
    call_id: int
    attempt: int
    """The attempt that failed, from 1; the call ends with its error."""
    kind: Kind


@dataclass(frozen=True, slots=True)
class HedgeStarted:
    """A read takes longer than its like, and a second attempt runs beside it."""

    at_s: float
    key: Key
    call_id: int
    after_s: float
    """How long the first attempt had been out."""


@dataclass(frozen=True, slots=True)
class CallJoined:
    """A read was answered by an equal one that was in flight already; it made no attempt of its own."""

    at_s: float
    key: Key
    call_id: int
    duration_s: float
    """How long it waited."""
    error: str = ""
    """Empty when it got the value; else the error that both ended with."""


@dataclass(frozen=True, slots=True)
class FallbackServed:
    """A call that failed or was rejected was answered from another source."""

    at_s: float
    key: Key
    call_id: int
    source: str
    age_s: float
    reason: str


@dataclass(frozen=True, slots=True)
class FallbackFailed:
    """One source had no value; the next is asked."""

    at_s: float
    key: Key
    call_id: int
    source: str
    error: str


@dataclass(frozen=True, slots=True)
class FallbackExhausted:
    """No source had a value; the caller gets the primary error."""

    at_s: float
    key: Key
    call_id: int
    effect: Effect
    error: str


@dataclass(frozen=True, slots=True)
class OrderCalled:
    """An attempt of a call is about an order: to place it, to cancel it, or to ask after it."""

    at_s: float
    key: Key
    call_id: int
    attempt: int
    """From 1."""
    client_order_id: str


@dataclass(frozen=True, slots=True)
class Wire:
    """
    One request as it went out, and its answer as it came; told only where the setting `wire` is on.

    Every text is redacted already, and cut: at WIRE_CHARS_MAX characters a body, an address and all headers together.
    """

    at_s: float
    """When the answer had come, or its headers, where the body was left to the caller."""
    key: Key
    call_id: int
    attempt: int
    """From 1."""
    duration_s: float
    request_method: str
    url: str
    request_headers: Mapping[str, str]
    request_body: str
    """Empty when there was none."""
    status: int | None
    """None when no answer came."""
    answer_headers: Mapping[str, str]
    answer_body: str
    error: str
    """Why there is no answer, or no whole one; empty when there is."""
    order_id: str = ""
    """The client order id of the order that it is about; empty where that is not known."""


@dataclass(frozen=True, slots=True)
class CircuitMoved:
    """A circuit went from one state to another, by itself or by a person."""

    at_s: float
    key: Key
    old: CircuitState
    new: CircuitState
    reason: str
    generation: int
    """Grows with each move of this circuit, so the order of two moves can be told."""
    until_s: float | None = None
    """Monotonic instant at which this state ends by itself; None when it does not."""
    by: str = ""
    """Who, when a person moved it."""


@dataclass(frozen=True, slots=True)
class GateClosed:
    """A scope was closed until an instant; calls in it are rejected before."""

    at_s: float
    exchange: str
    scope: Scope
    account: str
    """Empty unless the scope is ACCOUNT."""
    until_s: float
    kind: Kind
    reason: str
    public_only: bool = False
    """It holds back calls without a key alone."""


@dataclass(frozen=True, slots=True)
class IntentMoved:
    """An order that was written down before it was sent went from one state to another."""

    at_s: float
    key: Key
    intent_id: str
    client_order_id: str
    old: str
    """Empty when it was written down."""
    new: str
    why: str
    by: str = ""
    """Who: a process by a name of its own, or a person."""


@dataclass(frozen=True, slots=True)
class SettingsRead:
    """The settings file changed: its settings hold now, or it could not be used and those of before go on."""

    at_s: float
    path: str
    error: str = ""
    """Why it could not be used; empty when it was."""


@dataclass(frozen=True, slots=True)
class Note:
    """Something the user's own program wants in the log."""

    at_s: float
    key: Key
    level: Level
    message: str
    metadata: Mapping[str, object] = field(default_factory=dict[str, object])


@dataclass(frozen=True, slots=True)
class SinkFailed:
    """A sink or a listener raised; it is said once until it works again."""

    at_s: float
    sink: str
    error: str


@dataclass(frozen=True, slots=True)
class StoreLost:
    """The history cannot be written; records are lost and counted until it can."""

    at_s: float
    store: str
    error: str


@dataclass(frozen=True, slots=True)
class StoreBack:
    """The history can be written again."""

    at_s: float
    store: str
    lost: int
    """Records that were not written meanwhile."""


CallEvent = (
    AttemptStarted
    | CallSucceeded
    | CallFailed
    | CallIgnored
    | CallCancelled
    | CallRejected
    | RetryScheduled
    | RetryWithheld
    | HedgeStarted
    | CallJoined
    | FallbackServed
    | FallbackFailed
    | FallbackExhausted
    | OrderCalled
    | Wire
)
Event = (
    CallEvent
    | CircuitMoved
    | GateClosed
    | IntentMoved
    | SettingsRead
    | Note
    | SinkFailed
    | StoreLost
    | StoreBack
)

Emit = Callable[[Event], None]
"""Takes a fact and returns at once: a bounded step in memory that never raises and runs nothing foreign."""


class Tap(Protocol):
    """
    What a call tells about itself, for one key: the counts, and the facts that are too frequent to build.

    The hot facts come as numbers; whoever keeps them makes the event from them when somebody reads it.
    """

    began: Callable[[], int]
    """Call it when a call was admitted for the first time; it gives the call's id."""
    refused: Callable[[], int]
    """Gives an id for a call that is not made, so that its rejection and its fallbacks can be told together."""

    def withdrawn(self, call_id: int) -> None:
        """It was begun too early and does not count."""
        ...

    def succeeded(self, call_id: int, started_s: float, ended_s: float) -> None:
        """It succeeded at its first attempt."""
        ...

    def failed(
        self,
        call_id: int,
        started_s: float,
        ended_s: float,
        verdict: Verdict,
        error: BaseException,
        status: int | None = None,
        code: int | str | None = None,
    ) -> None:
        """It failed at its first attempt and is over; of the error, class and message are kept."""
        ...

    def rejected(
        self, call_id: int, at_s: float, scope: Scope, reason: str, retry_after_s: float | None
    ) -> None:
        """It was not made; call_id is 0 where nothing else is told of it."""
        ...


def level_of(event: Event) -> Level:
    """How much a fact matters, by the five levels of the log."""
    match event:
        case AttemptStarted() | OrderCalled() | Wire():
            return Level.DEBUG
        case CallSucceeded():
            return Level.WARNING if event.slow else Level.INFO
        case CallIgnored() | CallCancelled() | StoreBack() | HedgeStarted():
            return Level.INFO
        case CallJoined():
            return Level.ERROR if event.error else Level.INFO
        case SettingsRead():
            return Level.ERROR if event.error else Level.INFO
        case (
            CallRejected()
            | RetryScheduled()
            | RetryWithheld()
            | FallbackServed()
            | FallbackFailed()
        ):
            return Level.WARNING
        case CallFailed() | SinkFailed():
            return Level.ERROR
        case FallbackExhausted():
            return Level.CRITICAL if event.effect is Effect.TRADE else Level.ERROR
        case CircuitMoved():
            return _level_of_move(event)
        case GateClosed():
            return Level.ERROR if event.kind in _ALARMING else Level.WARNING
        case IntentMoved():
            return _LEVEL_OF_STATE.get(event.new, Level.INFO)
        case Note():
            return event.level
        case StoreLost():
            return Level.CRITICAL
        case _:
            assert_never(event)


_ALARMING = frozenset({Kind.BANNED, Kind.AUTHENTICATION})
_LEVEL_OF_STATE = {
    "unknown": Level.ERROR,
    "found": Level.WARNING,
    "absent": Level.WARNING,
    "abandoned": Level.WARNING,
    "rejected": Level.WARNING,
}
_OPENED = frozenset({CircuitState.OPEN, CircuitState.FORCED_OPEN})


def _level_of_move(event: CircuitMoved) -> Level:
    return Level.ERROR if event.new in _OPENED else Level.INFO
