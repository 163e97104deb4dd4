"""Owns which errors a fallback may answer, how long it has, and what is told where none of them can."""

from __future__ import annotations

from typing import Any

import pytest

import switchgear as sg
from switchgear.core.words import Kind, Verdict
from tests.core.callkit import Boom, Calls
from tests.core.engine_kit import REFUSED, RESET

NESTED = sg.CircuitOpenError("kraken", "get_price", sg.Scope.METHOD, "nested", 1.0)


@pytest.fixture(autouse=True)
def _no_notes() -> None:
    """An error that a test before raised keeps no notes of it."""
    for error in (REFUSED, RESET, NESTED):
        vars(error).pop("__notes__", None)


def test_a_rejection_of_another_guard_that_is_ignored_is_not_served(calls: Calls) -> None:
    """The function raised it, and the settings call it neutral; a rejection of its own is served all the same."""
    guard = calls.guard(ignore=sg.CircuitOpenError, fallback=sg.static(7), retries=0)
    assert calls.error(guard, calls.answers(NESTED)) is NESTED
    calls.gear.hold("binance", "get_price", by="ops", why="incident")
    assert calls.call(guard, int) == 7


def lasting(calls: Calls, took_s: float, answer: object) -> Any:
    """A function that takes so long to give a value, or to raise."""
    answers = calls.answers(answer)

    def body(*_args: object, **_kwargs: object) -> Any:
        calls.clock.now_s += took_s
        return answers()

    return body


def test_half_a_second_is_time_for_a_fallback(calls: Calls) -> None:
    """The deadline leaves as much, and no attempt has a bound of its own."""
    backup = calls.function(lasting(calls, 0.25, "backup"))
    guard = calls.guard(fallback=backup, deadline_s=1, timeout_s=None, retries=0)
    assert calls.call(guard, lasting(calls, 0.5, RESET)) == "backup"


@pytest.mark.parametrize(
    ("deadline_s", "layer_s", "allowed"), [(5, 0.25, "0.25"), (0.75, 2, "0.25")]
)
def test_a_fallback_has_the_shorter_of_its_own_time_and_what_is_left(
    sync_calls: Calls, deadline_s: float, layer_s: float, allowed: str
) -> None:
    """A plain function that takes longer is told so."""
    calls = sync_calls
    layer = sg.source(lasting(calls, 0.5, "late"), name="slow", timeout_s=layer_s)
    guard = calls.guard(fallback=layer, deadline_s=deadline_s, retries=0)
    assert calls.call(guard, lasting(calls, 0.5, RESET)) == "late"
    (note,) = calls.told(sg.Note)
    assert f"allowed are {allowed} s" in note.message


def test_a_name_of_a_layers_own_is_told_whole(calls: Calls) -> None:
    """Whoever gave it wanted it so; only what comes from within is cut."""
    name = "n" * 200
    guard = calls.guard(fallback=sg.source(lambda: 7, name=name), retries=0)
    served = calls.do("served", guard, calls.answers(RESET))
    assert served.source == name


def test_an_error_that_is_raised_for_ever_has_each_note_once(calls: Calls) -> None:
    """Some clients raise one object: it does not grow, whatever the number of calls and of fallbacks."""
    error = ConnectionResetError("for ever")
    layers = [
        sg.source(calls.function(calls.answers(Boom(str(number)))), name=f"layer{number}")
        for number in range(10)
    ]
    for count in (1, 10, 10):
        guard = calls.guard(fallback=layers[:count], retries=0, failure_threshold=99)
        assert calls.error(guard, calls.answers(error)) is error
    notes = [f"fallback layer{number} failed too: Boom: {number}" for number in range(8)]
    assert error.__notes__ == notes


def test_a_stand_in_that_lost_its_answer_says_what_is_unknown(calls: Calls) -> None:
    """Which one it was, and that the order may stand; why it was asked is told with that."""
    backend = calls.function(calls.answers(RESET))
    layer = sg.source(backend, name="backend", same_account=True)
    guard = calls.guard("create_order", fallback=layer)
    error = calls.error(guard, calls.answers(REFUSED))
    assert isinstance(error, sg.OrderOutcomeUnknown)
    text = "fallback backend may have booked the order: its answer was lost"
    assert str(error) == f"binance.create_order: {text}"
    assert error.verdict == Verdict(Kind.OUTCOME_UNKNOWN, ambiguous=True)
    assert error.__cause__ is RESET
    (exhausted,) = calls.told(sg.FallbackExhausted)
    assert exhausted.error == "ConnectionRefusedError: refused"


@pytest.mark.parametrize("level", ["INFO", "DEBUG"])
def test_what_a_retry_gave_is_remembered_from_then_on(calls: Calls, level: str) -> None:
    """A call that went through the flow has a last good value as any other, as old as it is."""
    guard = calls.guard(
        fallback=sg.last_good(60), retries=1, retry_delay_s=0, failure_threshold=99, log_level=level
    )
    guarded = guard(calls.function(calls.answers(RESET, "good", RESET)))
    assert calls.finish(guarded()) == "good"
    calls.clock.advance(2)
    assert calls.finish(guarded()) == "good"
    (served,) = calls.told(sg.FallbackServed)
    assert (served.source, served.age_s) == ("last_good", 2.0)
