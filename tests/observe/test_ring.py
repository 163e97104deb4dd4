"""Owns the tests of the newest facts in memory: bounded, in order, and no failure pushed out by successes."""

from __future__ import annotations

import pytest

import switchgear as sg
from switchgear.core.event import CallSucceeded
from switchgear.observe.ring import Entry, Ring
from switchgear.testing import FakeClock
from tests.observe.facts import KEY, failed


def ring_of(most: int) -> Ring:
    """A small ring of plain events."""
    return Ring(lambda fact: fact, most)


def good(number: int) -> Entry:
    """A success."""
    return (number, number, CallSucceeded(float(number), KEY, number, 0.1))


def bad(number: int) -> Entry:
    """A failure."""
    return (number, number, failed(float(number)))


def test_records_come_newest_first_across_both_queues() -> None:
    """The two queues read as one log."""
    ring = ring_of(10)
    ring.keep([good(1), good(3)], [bad(2)])
    ring.keep([good(5)], [bad(4), bad(6)])
    assert [record.id for record in ring.records()] == [6, 5, 4, 3, 2, 1]
    assert len(ring) == 6


def test_a_flood_of_successes_pushes_no_failure_out() -> None:
    """Each queue is bounded by itself, and its oldest goes."""
    ring = ring_of(5)
    ring.keep([], [bad(1), bad(2)])
    ring.keep([good(number) for number in range(3, 1000)], [])
    assert [record.id for record in ring.records()] == [999, 998, 997, 996, 995, 2, 1]


def test_a_gear_keeps_a_failure_under_a_flood() -> None:
    """After far more successes than memory holds, the one failure is still found."""
    with sg.Switchgear(clock=FakeClock(), settings={"retries": 0}) as gear:
        gear.ring = Ring(gear.ring._event_of, 20)
        gear.hub._ring = gear.ring
        guard = gear.guarded("binance", "get_x")

        def fail() -> None:
            raise ConnectionResetError("only once")

        guard.try_call_sync(fail)
        for _ in range(500):
            guard.call_sync(int)
        assert len(gear.logs()) == 21
        assert "only once" in gear.logs(level="error")[0].message


@pytest.mark.parametrize(("level", "left"), [(sg.Level.ERROR, [3, 1]), (sg.Level.DEBUG, [])])
def test_a_clear_forgets_what_matches(level: sg.Level, left: list[int]) -> None:
    """It gives how many went, and the rest keeps its order."""
    ring = ring_of(10)
    ring.keep([good(1), good(3)], [bad(2), bad(4)])
    assert ring.clear(lambda record: record.level >= level) == 4 - len(left)
    assert [record.id for record in ring.records()] == left
