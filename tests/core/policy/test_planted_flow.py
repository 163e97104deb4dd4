"""Owns what is told of a call that went through the flow, field by field; what it comes to is in other files."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

import switchgear as sg
from switchgear.core.event import AttemptStarted, CallRejected, RetryWithheld
from switchgear.core.redact import error_text
from switchgear.core.words import Effect, Key, Kind, Level, Scope, Verdict
from tests.core.callkit import Boom, Calls, turns
from tests.core.engine_kit import COST, owed

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = Key.of("binance", "get_price")
TOOK_S, PAUSE_S = 0.5, 1.0
BUSY = sg.ApiError(
    "busy",
    status=503,
    code=-1003,
    verdict=Verdict(Kind.UNAVAILABLE, retryable=True, counts=True),
)
TEXT = "ApiError: busy (HTTP 503, code -1003)"
LEVELS = pytest.mark.parametrize("level", ["INFO", "DEBUG"])
"""Straight until it fails, or through the flow from its beginning: the same is told but for the attempts."""


@pytest.fixture(autouse=True)
def _no_notes() -> None:
    """An error that a test before raised keeps no notes of it."""
    vars(BUSY).pop("__notes__", None)


def lasting(calls: Calls, *script: object) -> Callable[..., Any]:
    """A function that answers by script, after TOOK_S each time."""
    answers = calls.answers(*script)

    def body(*_args: object, **_kwargs: object) -> Any:
        calls.clock.now_s += TOOK_S
        return answers()

    return body


def guarded(calls: Calls, level: str, **settings: Any) -> sg.Guarded:
    """A read that is tried again after PAUSE_S."""
    calls.clock.chance = lambda: 0.5
    settings = {"retries": 1, "retry_delay_s": 2 * PAUSE_S} | settings
    return calls.guard(log_level=level, **settings)


def told(calls: Calls) -> tuple[int, list[object]]:
    """The number of the only call, and what was told of it beside the beginnings of its attempts."""
    events: list[Any] = [one for one in calls.told(object) if not isinstance(one, AttemptStarted)]
    (call_id,) = {event.call_id for event in events}
    return call_id, events


def scheduled(at_s: float, call_id: int) -> sg.RetryScheduled:
    """The first attempt failed at this instant."""
    kind = Kind.UNAVAILABLE
    return sg.RetryScheduled(at_s, KEY, call_id, TOOK_S, 1, PAUSE_S, kind, TEXT, 503, -1003)


@LEVELS
@pytest.mark.parametrize(("slow_s", "slow"), [(None, False), (TOOK_S, False), (0.4, True)])
def test_a_retry_that_succeeds_is_told(
    calls: Calls, level: str, slow_s: float | None, slow: bool
) -> None:
    """How long the attempt, the wait and the whole call took; it is slow by its last attempt alone."""
    began_s, guard = calls.clock.now_s, guarded(calls, level, slow_call_s=slow_s)
    assert calls.call(guard, lasting(calls, BUSY, "value")) == "value"
    call_id, events = told(calls)
    assert events == [
        scheduled(began_s + TOOK_S, call_id),
        sg.CallSucceeded(began_s + 2.0, KEY, call_id, 2.0, 2, slow),
    ]


def test_each_attempt_is_told_where_all_is_told(calls: Calls) -> None:
    """At its beginning, with its number."""
    began_s, guard = calls.clock.now_s, guarded(calls, "DEBUG")
    calls.call(guard, lasting(calls, BUSY, "value"))
    call_id, _ = told(calls)
    assert calls.told(AttemptStarted) == [
        AttemptStarted(began_s, KEY, call_id, 1),
        AttemptStarted(began_s + TOOK_S + PAUSE_S, KEY, call_id, 2),
    ]


@LEVELS
def test_a_call_that_failed_is_told_with_its_marks(calls: Calls, level: str) -> None:
    """Kind, words, status and code of its last error."""
    began_s, guard = calls.clock.now_s, guarded(calls, level)
    assert calls.error(guard, lasting(calls, BUSY)) is BUSY
    call_id, events = told(calls)
    failed = sg.CallFailed(
        began_s + 2.0, KEY, call_id, 2.0, 2, Kind.UNAVAILABLE, TEXT, 503, -1003, ambiguous=False
    )
    assert events == [scheduled(began_s + TOOK_S, call_id), failed]


@LEVELS
def test_an_order_whose_answer_was_lost_is_told_as_such(calls: Calls, level: str) -> None:
    """It may have been booked; an error of no exchange has neither status nor code."""
    guard, error = calls.guard("create_order", log_level=level), ConnectionResetError("reset")
    began_s = calls.clock.now_s
    assert calls.error(guard, lasting(calls, error)) is error
    call_id, events = told(calls)
    key, text = Key.of("binance", "create_order"), error_text(error)
    assert events == [
        sg.CallFailed(
            began_s + TOOK_S, key, call_id, TOOK_S, 1, Kind.NETWORK, text, None, None, True
        )
    ]


@LEVELS
def test_an_ignored_error_is_told(calls: Calls, level: str) -> None:
    """As one that proves nothing."""
    began_s, guard = calls.clock.now_s, guarded(calls, level, ignore=LookupError)
    calls.error(guard, lasting(calls, KeyError("mine")))
    call_id, events = told(calls)
    assert events == [sg.CallIgnored(began_s + TOOK_S, KEY, call_id, TOOK_S, 1, "KeyError: 'mine'")]


@LEVELS
def test_a_withheld_retry_is_told(calls: Calls, level: str) -> None:
    """Which attempt of which call failed with what, and when."""
    calls.gear.configure("binance", retry_tokens=COST - 1)
    began_s, guard = calls.clock.now_s, guarded(calls, level)
    assert calls.error(guard, lasting(calls, BUSY)) is BUSY
    call_id, events = told(calls)
    assert events[0] == RetryWithheld(began_s + TOOK_S, KEY, call_id, 1, Kind.UNAVAILABLE)


@LEVELS
@pytest.mark.parametrize("waits", [False, True])
def test_a_cancelled_call_is_told(async_calls: Calls, level: str, waits: bool) -> None:
    """Cut in its attempt, or in the wait before the next one: how long it lasted, and how often it was tried."""
    calls = async_calls
    calls.clock.autojump = False
    guard, began_s = guarded(calls, level), calls.clock.now_s

    async def hangs() -> None:
        if waits:
            raise BUSY
        await asyncio.Event().wait()

    async def scene() -> None:
        call = asyncio.ensure_future(guard.call(hangs))
        await turns()
        calls.clock.advance(TOOK_S)
        await turns()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

    calls.run(scene())
    call_id, events = told(calls)
    assert events[-1] == sg.CallCancelled(began_s + TOOK_S, KEY, call_id, TOOK_S, 1)
    assert owed(calls) == {}


# ------------------------------------------------------------------------------------------ fallbacks


@LEVELS
def test_what_its_fallbacks_come_to_is_told(calls: Calls, level: str) -> None:
    """Who had none, who served, why they were asked, and when each was done."""
    broken = calls.function(lasting(calls, Boom("empty")))
    aged = calls.function(lasting(calls, sg.Served("value", "inner", 3.0)))
    layers = [sg.source(broken, name="broken"), sg.source(aged, name="venue")]
    guard = guarded(calls, level, retries=0, fallback=layers)
    began_s = calls.clock.now_s
    served = calls.do("served", guard, lasting(calls, BUSY))
    assert served == sg.Served("value", "venue/inner", 3.0, TEXT)
    call_id, events = told(calls)
    assert events[1:] == [
        sg.FallbackFailed(began_s + 1.0, KEY, call_id, "broken", "Boom: empty"),
        sg.FallbackServed(began_s + 1.5, KEY, call_id, "venue/inner", 3.0, TEXT),
    ]


@LEVELS
def test_that_none_of_its_fallbacks_had_a_value_is_told(calls: Calls, level: str) -> None:
    """With what the call is about, and its own error."""
    broken = calls.function(lasting(calls, Boom("empty")))
    guard = guarded(calls, level, retries=0, fallback=sg.source(broken, name="broken"))
    began_s = calls.clock.now_s
    assert calls.error(guard, lasting(calls, BUSY)) is BUSY
    call_id, events = told(calls)
    assert events[-1] == sg.FallbackExhausted(began_s + 1.0, KEY, call_id, Effect.READ, TEXT)


def test_a_rejection_and_who_stood_in_for_it_are_told_of_one_call(calls: Calls) -> None:
    """By its number, though it was never made; without fallbacks it has none."""
    guard = calls.guard(fallback=sg.static(7))
    calls.gear.hold("binance", "get_price", by="ops", why="incident")
    now_s = calls.clock.now_s
    calls.call(guard, int)
    (served,) = calls.told(sg.FallbackServed)
    reason = served.reason
    assert "held open by ops: incident" in reason
    (rejected,) = calls.told(CallRejected)
    assert rejected == CallRejected(now_s, KEY, served.call_id, Scope.METHOD, reason, None)
    assert served == sg.FallbackServed(now_s, KEY, served.call_id, "static", 0.0, reason)
    assert served.call_id > 0
    assert isinstance(calls.error(calls.guard(), int), sg.CircuitOpenError)
    assert calls.told(CallRejected)[1].call_id == 0


def test_a_slow_fallback_that_cannot_be_cut_is_said(sync_calls: Calls) -> None:
    """A warning of the key, at the end of it; as long as it may take is not too long."""
    calls = sync_calls
    for allowed_s, count in ((TOOK_S, 0), (0.25, 1)):
        layer = sg.source(lasting(calls, "late"), name="slow", timeout_s=allowed_s)
        guard = calls.guard(fallback=layer, retries=0)
        assert calls.call(guard, calls.answers(Boom())) == "late"
        assert len(calls.told(sg.Note)) == count
    text = "fallback slow took 0.5 s, allowed are 0.25 s; its value is used"
    assert calls.told(sg.Note) == [sg.Note(calls.clock.now_s, KEY, Level.WARNING, text)]
