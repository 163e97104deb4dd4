"""Owns the ten probes of table 1b as a user meets them: decorated functions, both colours."""

from __future__ import annotations

import pytest

import switchgear as sg
from tests.core.colours import Boom
from tests.core.desk import CLOSED, HALF, KEY, OPEN, Desk, Ignored, colour, desk

__all__ = ["colour", "desk"]


def test_probe_01_a_decorated_function_that_fails_trips(desk: Desk) -> None:
    """
    1b, 1: three failures of a decorated function open it, a coroutine function's too; the fourth
    is not made.
    """
    desk.fail(times=3)
    assert desk.state is OPEN
    ran = list[int]()
    with pytest.raises(sg.CircuitOpenError):
        desk.colour.call(desk.guard, lambda: ran.append(1))
    assert ran == []


def test_probe_02_fifty_calls_when_recovery_elapses_execute_one(desk: Desk) -> None:
    """
    1b, 2: fifty at once: one function runs, forty-nine callers are refused at once and none
    waits.
    """
    desk.fail(times=3)
    desk.recover()
    flights = desk.colour.begin_many(desk.guard, 50)
    out = [flight for flight in flights if flight.is_out()]
    assert len(out) == 1
    refused = [flight.rejection() for flight in flights if flight is not out[0]]
    assert {type(error) for error in refused} == {sg.CircuitOpenError}
    assert out[0].end() is None
    assert desk.state is CLOSED


def test_probe_03_a_cancelled_probe_leaves_it_half_open(desk: Desk) -> None:
    """1b, 3: cancelled from outside: not closed, not open, and the next call is the probe."""
    desk.fail(times=3)
    desk.recover()
    desk.colour.begin(desk.guard).cancel()
    assert desk.state is HALF
    assert desk.good() == "value"
    assert desk.state is CLOSED


def test_probe_04_a_hung_probe_does_not_wedge_it(desk: Desk) -> None:
    """
    1b, 4: a later call is admitted when the lease is over; the hung one's answer then decides
    nothing.
    """
    desk.fail(times=3)
    desk.recover()
    hung = desk.colour.begin(desk.guard)
    assert desk.rejection().retry_after_s == pytest.approx(5)
    desk.clock.advance(5)
    assert desk.good() == "value"
    assert desk.state is CLOSED
    assert isinstance(hung.end(Boom()), Boom)
    assert desk.state is CLOSED
    assert desk.gear.circuit(*KEY).failures == 0


def test_probe_05_a_success_admitted_while_closed_that_arrives_while_open_does_not_close(
    desk: Desk,
) -> None:
    """1b, 5: the caller has the value; the circuit stays open."""
    early = desk.colour.begin(desk.guard)
    desk.fail(times=3)
    assert early.end() is None
    assert desk.state is OPEN
    desk.rejection()


@pytest.mark.parametrize("error", [None, Boom("late")], ids=["06_success", "07_failure"])
def test_probe_06_and_07_a_stale_result_does_not_decide_half_open(
    desk: Desk, error: Boom | None
) -> None:
    """
    1b, 6 and 7: a call from before the trip ends while the probe is out: the probe
    alone decides.
    """
    early = desk.colour.begin(desk.guard)
    desk.fail(times=3)
    desk.recover()
    probe = desk.colour.begin(desk.guard)
    assert early.end(error) is error
    assert desk.state is HALF
    desk.rejection()
    assert probe.end() is None
    assert desk.state is CLOSED


def test_probe_08_late_failures_do_not_extend_open(desk: Desk) -> None:
    """1b, 8: calls that were out fail one after another; the probe goes out when it was due."""
    late = desk.colour.begin_many(desk.guard, 5)
    desk.fail(times=3)
    for flight in late:
        desk.clock.advance(1)
        flight.end(Boom())
    assert desk.rejection().retry_after_s == pytest.approx(5)
    desk.clock.advance(5)
    assert desk.good() == "value"


def test_probe_09_a_probe_that_raises_an_excluded_error_does_not_close(desk: Desk) -> None:
    """1b, 9: an error in `ignore` proves nothing; the place is free again."""
    desk.fail(times=3)
    desk.recover()
    desk.fail(Ignored, times=3)
    assert desk.state is HALF
    assert desk.good() == "value"


def test_probe_10_cancellations_while_closed_do_not_open(desk: Desk) -> None:
    """1b, 10: four cancelled calls at a limit of three; nothing is counted."""
    for flight in desk.colour.begin_many(desk.guard, 4):
        flight.cancel()
    assert desk.state is CLOSED
    assert desk.gear.circuit(*KEY).failures == 0
