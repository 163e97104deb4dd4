"""Owns how each event reads as a line for people and as fields for programs; keeping it is left to others."""

from __future__ import annotations

from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, assert_never

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
    level_of,
)
from switchgear.core.redact import redact_text, safe_words, visible
from switchgear.core.words import Level

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switchgear.core.words import Key

MESSAGE_CHARS_MAX = 2_000
_SLOW, _QUICK = Level.WARNING, Level.INFO  # a member is looked up once, not for each record
_NOTHING: Mapping[str, object] = MappingProxyType({})


class LogRecord(NamedTuple):
    """One fact as it is shown, filtered and exported; a tuple, because one is made for each call."""

    id: int
    """Grows with each record of one log; pages of a log are cut by it."""
    at_ms: int
    """When, in milliseconds since 1970 UTC."""
    level: Level
    event: str
    """Which fact, in snake_case: call_succeeded, retry_scheduled, circuit_moved, …"""
    exchange: str
    """Empty for a fact about switchgear itself."""
    method: str
    account: str
    message: str
    """The fact in words."""
    call_id: int = 0
    """The same for all records of one call of one key; 0 where there is no call."""
    attempt: int | None = None
    """Which attempt of the call, or how many it made, from 1."""
    duration_ms: float | None = None
    kind: str | None = None
    status: int | None = None
    code: str | None = None
    source: str | None = None
    """Where a fallback's value came from."""
    scope: str | None = None
    """What was closed or rejected: method, account, address or exchange."""
    order_id: str | None = None
    """The client order id of the order that it is about."""
    run: int = 0
    """The process that it is of, by its number in a history; 0 in memory, which holds one alone."""
    detail: Mapping[str, object] = _NOTHING
    """What else the fact carries, by name; JSON values only."""


def record_of(event: Event, number: int, at_ms: int) -> LogRecord:
    """The record of an event; the caller knows its number and its date."""
    key: Key | None = getattr(event, "key", None)
    fields: dict[str, Any] = {"exchange": "", "method": "", "account": ""}
    if key is not None:
        fields = {"exchange": key.exchange, "method": key.method, "account": key.account}
    fields.update(_fields(event), id=number, at_ms=at_ms, level=level_of(event))
    # A line is a line: names and reasons come from callers, who may give them line ends and colours.
    fields["message"] = visible(fields["message"])
    name = event_name(type(event))  # type: ignore[arg-type]  # mypy looks at the hash of its instances
    return LogRecord(event=name, **fields)


def harmless(metadata: Mapping[str, object]) -> dict[str, Any]:
    """The metadata as JSON values, secrets masked by form and by name; as one text where that cannot be done."""
    import json  # here: most programs write no notes

    try:
        text = redact_text(json.dumps(dict(metadata), default=str))
        found: dict[str, Any] = json.loads(text, parse_constant=str)
    except (TypeError, ValueError, RecursionError):
        return {"metadata": visible(redact_text(repr(metadata), MESSAGE_CHARS_MAX))}
    return found


def success_record(
    number: int, at_ms: int, key: Key, call_id: int, lasted_s: float, slow_s: float | None
) -> LogRecord:
    """The record of a success at the first attempt, which is most of them, without the way through its event."""
    exchange, method, account = key
    level, message = _QUICK, f"succeeded in {lasted_s * 1000:.1f} ms"
    if slow_s is not None and lasted_s > slow_s:
        level, message = _SLOW, _success_words(lasted_s, 1, slow=True)
    duration_ms, name = int(lasted_s * 1e6 + 0.5) / 1000, "call_succeeded"  # as _rounded_ms
    return LogRecord(
        number, at_ms, level, name, exchange, method, account, message, call_id, 1, duration_ms
    )


@cache
def event_name(kind: type[object]) -> str:
    """The name of an event's type in a record: CallFailed is call_failed."""
    name = kind.__name__
    return "".join(f"_{c.lower()}" if c.isupper() and i else c.lower() for i, c in enumerate(name))


def _fields(event: Event) -> dict[str, Any]:
    match event:
        case AttemptStarted():
            message = f"attempt {event.attempt} started"
            return {"message": message, "call_id": event.call_id, "attempt": event.attempt}
        case CallSucceeded():
            return _succeeded(event)
        case CallFailed():
            return _failed(event)
        case CallIgnored():
            return {**_ended(event), "message": f"ended with an ignored error: {event.error}"}
        case CallCancelled():
            return {**_ended(event), "message": f"cancelled after {_ms(event.duration_s)}"}
        case CallRejected():
            return _rejected(event)
        case RetryScheduled():
            return _retry(event)
        case RetryWithheld() | HedgeStarted() | CallJoined():
            return {**_beside(event), "call_id": event.call_id}
        case FallbackServed() | FallbackFailed() | FallbackExhausted():
            return _fallback(event)
        case OrderCalled() | Wire():
            return _order_called(event) if isinstance(event, OrderCalled) else _wire(event)
        case CircuitMoved():
            return _moved(event)
        case GateClosed():
            return _gate(event)
        case IntentMoved():
            return _intent(event)
        case SettingsRead():
            return {"message": _settings_words(event)}
        case Note():
            message = redact_text(event.message, MESSAGE_CHARS_MAX)
            return {"message": message, "detail": harmless(event.metadata)}
        case SinkFailed():
            return {"message": f"{event.sink} failed: {event.error}"}
        case StoreLost() | StoreBack():
            return {"message": _store_words(event)}
        case _:
            assert_never(event)


def _settings_words(event: SettingsRead) -> str:
    refused = f"cannot be used, nothing is changed: {event.error}"
    return f"settings file {event.path} {refused if event.error else 'read anew'}"


def _store_words(event: StoreLost | StoreBack) -> str:
    if isinstance(event, StoreLost):
        return f"{event.store} cannot be written, records are being lost: {event.error}"
    return f"{event.store} can be written again; {event.lost} records were lost"


def _rounded_ms(duration_s: float) -> float:
    """To the microsecond; round() takes three times as long, and most of it is for halves."""
    return int(duration_s * 1e6 + 0.5) / 1000


def _ms(duration_s: float) -> str:
    return f"{duration_s * 1000:.1f} ms"


def _ended(event: CallSucceeded | CallFailed | CallIgnored | CallCancelled) -> dict[str, Any]:
    return {
        "call_id": event.call_id,
        "attempt": event.attempts,
        "duration_ms": _rounded_ms(event.duration_s),
    }


def _succeeded(event: CallSucceeded) -> dict[str, Any]:
    words = _success_words(event.duration_s, event.attempts, slow=event.slow)
    return {**_ended(event), "message": words}


def _success_words(duration_s: float, attempts: int, *, slow: bool) -> str:
    after = f" after {attempts} attempts" if attempts > 1 else ""
    return f"succeeded in {_ms(duration_s)}{after}{', slow' if slow else ''}"


def _failed(event: CallFailed) -> dict[str, Any]:
    tried = f" after {event.attempts} attempts" if event.attempts > 1 else ""
    unknown = "; its outcome is unknown" if event.ambiguous else ""
    return {
        **_ended(event),
        "message": f"failed{tried}: {event.error}{unknown}",
        "kind": event.kind.value,
        "status": event.status,
        "code": None if event.code is None else str(event.code),
        "detail": {"error": event.error, "ambiguous": event.ambiguous},
    }


def _rejected(event: CallRejected) -> dict[str, Any]:
    wait_s = event.retry_after_s
    when = "" if wait_s is None else f"; next try in {wait_s:.1f} s"
    detail = {"scope": event.scope.value, "reason": event.reason, "retry_after_s": wait_s}
    return {
        "message": f"not called: {event.reason}{when}",
        "call_id": event.call_id,
        "scope": event.scope.value,
        "detail": detail,
    }


def _retry(event: RetryScheduled) -> dict[str, Any]:
    return {
        "message": f"attempt {event.attempt} failed, next in {_ms(event.delay_s)}: {event.error}",
        "call_id": event.call_id,
        "attempt": event.attempt,
        "duration_ms": _rounded_ms(event.duration_s),
        "kind": event.kind.value,
        "status": event.status,
        "code": None if event.code is None else str(event.code),
        "detail": {"delay_ms": round(event.delay_s * 1000, 1), "error": event.error},
    }


def _beside(event: RetryWithheld | HedgeStarted | CallJoined) -> dict[str, Any]:
    match event:
        case RetryWithheld():
            message = "not tried again: the retry budget of the exchange is used up"
            return {"message": message, "kind": event.kind.value}
        case HedgeStarted():
            message = f"a second attempt beside the first, which is out for {_ms(event.after_s)}"
            return {"message": message}
        case CallJoined():
            ended = f"failed with it: {event.error}" if event.error else "succeeded with it"
            message = f"joined an equal call in flight, and {ended}"
            return {"message": message, "duration_ms": _rounded_ms(event.duration_s)}


def _fallback(event: FallbackServed | FallbackFailed | FallbackExhausted) -> dict[str, Any]:
    match event:
        case FallbackServed():
            age = f", {event.age_s:.1f} s old" if event.age_s else ""
            text = f"served from {event.source}{age}: {event.reason}"
            detail = {"age_s": round(event.age_s, 3), "reason": event.reason}
            return {
                "message": text,
                "call_id": event.call_id,
                "source": event.source,
                "detail": detail,
            }
        case FallbackFailed():
            text = f"fallback {event.source} failed: {event.error}"
            return {"message": text, "call_id": event.call_id, "source": event.source}
        case FallbackExhausted():
            text = f"no fallback had a value: {event.error}"
            return {
                "message": text,
                "call_id": event.call_id,
                "detail": {"effect": event.effect.value},
            }


def _order_called(event: OrderCalled) -> dict[str, Any]:
    name = event.client_order_id
    return {
        "message": f"attempt {event.attempt} is about the order {name}",
        "call_id": event.call_id,
        "attempt": event.attempt,
        "order_id": name,
    }


def _wire(event: Wire) -> dict[str, Any]:
    path = event.url.partition("://")[2].partition("?")[0]
    path = path[path.find("/") :] if "/" in path else "/"
    came = event.error if event.status is None else str(event.status)
    broken = f", then {event.error}" if event.error and event.status is not None else ""
    return {
        "message": f"{event.request_method} {path} -> {came} in {_ms(event.duration_s)}{broken}",
        "call_id": event.call_id,
        "attempt": event.attempt,
        "duration_ms": _rounded_ms(event.duration_s),
        "status": event.status,
        "order_id": event.order_id or None,
        "detail": {
            "request": {
                "method": event.request_method,
                "url": event.url,
                "headers": dict(event.request_headers),
                "body": event.request_body,
            },
            "answer": {
                "status": event.status,
                "headers": dict(event.answer_headers),
                "body": event.answer_body,
            },
        },
    }


def _moved(event: CircuitMoved) -> dict[str, Any]:
    by, reason = safe_words(event.by), safe_words(event.reason)  # a person's own words
    who = f" by {by}" if by else ""
    detail: dict[str, object] = {"old": event.old.value, "new": event.new.value, "reason": reason}
    if event.until_s is not None:
        detail["for_s"] = round(event.until_s - event.at_s, 3)
    if by:
        detail["by"] = by
    return {
        "message": f"circuit {event.old.value} -> {event.new.value}{who}: {reason}",
        "scope": event.key.scope.value,
        "detail": detail,
    }


def _gate(event: GateClosed) -> dict[str, Any]:
    for_s = event.until_s - event.at_s
    return {
        "exchange": event.exchange,
        "account": event.account,
        "message": f"{event.scope.value} gate closed for {for_s:.1f} s: {event.reason}",
        "kind": event.kind.value,
        "scope": event.scope.value,
        "detail": {
            "scope": event.scope.value,
            "for_s": round(for_s, 3),
            "reason": event.reason,
            "public_only": event.public_only,
        },
    }


def _intent(event: IntentMoved) -> dict[str, Any]:
    by, why = safe_words(event.by), safe_words(event.why)
    moved = f"{event.old} -> {event.new}" if event.old else event.new
    detail = {"intent_id": event.intent_id, "client_order_id": event.client_order_id}
    more = {"old": event.old, "new": event.new, "why": why, "by": by}
    return {
        "message": f"order {event.client_order_id} {moved}: {why}",
        "order_id": event.client_order_id,
        "detail": {**detail, **more},
    }
