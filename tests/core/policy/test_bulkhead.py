"""Owns the tests of the bulkhead move by move, in threads: slots, the line, and every way to leave it."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, NoReturn

import pytest

from switchgear.core.policy.bulkhead import Bulkhead
from switchgear.testing import FakeClock
from tests.core.policy.bulkheads import full, has_slot, queued
from tests.core.policy.crowd import PATIENCE_S, WatchedClock, in_thread

if TYPE_CHECKING:
    from threading import Event


def test_no_more_than_most_are_in_flight() -> None:
    """Three get in, the fourth when one has left."""
    bulkhead = full(3)
    assert bulkhead.in_flight == 3
    bulkhead.leave()
    assert bulkhead.in_flight == 2
    assert bulkhead.enter()
    assert not bulkhead.enter()
    assert bulkhead.in_flight == 3


def test_without_a_limit_all_get_in_and_are_counted() -> None:
    """None lets a thousand in; a limit that is set then counts them."""
    bulkhead = Bulkhead(None)
    assert all(bulkhead.enter() for _ in range(1000))
    assert bulkhead.in_flight == 1000
    bulkhead.most = 1000
    assert not bulkhead.enter()
    bulkhead.leave()
    assert bulkhead.enter()


def test_a_limit_of_zero_lets_nobody_in() -> None:
    """It holds all back until it is raised."""
    bulkhead = Bulkhead(0)
    place = queued(bulkhead)
    assert not bulkhead.enter()
    bulkhead.most = 1
    assert has_slot(place)
    assert (bulkhead.in_flight, bulkhead.waiting) == (1, 0)


def test_leaving_more_often_than_entering_makes_no_room() -> None:
    """The count never goes below none."""
    bulkhead = Bulkhead(1)
    bulkhead.leave()
    bulkhead.leave()
    assert bulkhead.in_flight == 0
    assert bulkhead.enter()
    assert not bulkhead.enter()


def test_a_place_asked_for_when_there_is_room_has_a_slot() -> None:
    """One left between enter and line: that is no wait, and no wake-up that was lost."""
    bulkhead = full()
    bulkhead.leave()
    place = queued(bulkhead)
    assert (bulkhead.in_flight, bulkhead.waiting) == (1, 0)
    assert has_slot(place)
    assert not bulkhead.enter()


def test_a_slot_goes_to_the_oldest_and_nobody_overtakes() -> None:
    """With a line the slot that is left is the first's at once: who enters then finds none."""
    bulkhead = full()
    places = [queued(bulkhead) for _ in range(3)]
    assert bulkhead.waiting == 3
    for number, place in enumerate(places):
        bulkhead.leave()
        assert not bulkhead.enter()
        assert (bulkhead.in_flight, bulkhead.waiting) == (1, 2 - number)
        assert has_slot(place)
    bulkhead.leave()
    assert (bulkhead.in_flight, bulkhead.waiting) == (0, 0)


def test_the_line_has_a_bound() -> None:
    """Above it there is no place; with room there is, even where the line may hold nobody."""
    bulkhead = full(1, lines_max=2)
    places = [queued(bulkhead), queued(bulkhead)]
    assert bulkhead.line() is None
    places[0].give_up()
    assert bulkhead.line() is not None
    assert bulkhead.line() is None
    without_line = Bulkhead(1, 0)
    assert without_line.line() is not None
    assert without_line.line() is None
    assert Bulkhead(1).lines_max == 10_000


def test_who_times_out_leaves_the_line() -> None:
    """A thread whose time is over has no slot, and the one behind it has the next."""
    bulkhead, clock = full(), FakeClock()
    early, late = queued(bulkhead), queued(bulkhead)
    began_s = clock.now_s
    assert early.wait(clock, 3) is False
    assert clock.now_s == began_s + 3
    assert bulkhead.waiting == 1
    bulkhead.leave()
    assert has_slot(late)
    assert early.wait(clock, 3) is False
    assert bulkhead.in_flight == 1


def test_a_slot_that_comes_at_the_last_instant_is_in_time() -> None:
    """The timer that frees it and the limit are due at once: the slot is had, not lost."""
    bulkhead, clock = full(), FakeClock()
    place = queued(bulkhead)
    clock.timer(3, bulkhead.leave)
    assert place.wait(clock, 3) is True
    assert bulkhead.in_flight == 1


@pytest.mark.parametrize("given", [False, True])
def test_a_place_that_is_given_up_passes_its_slot_on(given: bool) -> None:
    """Before or after a slot came to it: the next has one, and a second time nothing happens."""
    bulkhead = full()
    early, late = queued(bulkhead), queued(bulkhead)
    if given:
        bulkhead.leave()
    early.give_up()
    early.give_up()
    if not given:
        bulkhead.leave()
    assert (bulkhead.in_flight, bulkhead.waiting) == (1, 0)
    assert has_slot(late)
    assert not has_slot(early)


def test_giving_up_after_the_wait_takes_nothing_away() -> None:
    """Who was told that it has the slot leaves it by leave alone."""
    bulkhead = full()
    place = queued(bulkhead)
    bulkhead.leave()
    assert has_slot(place)
    place.give_up()
    assert bulkhead.in_flight == 1


def test_a_raised_limit_lets_in_as_many_as_fit() -> None:
    """From 1 to 3 two of four in line have slots, the oldest; without a limit all."""
    bulkhead = full()
    places = [queued(bulkhead) for _ in range(4)]
    bulkhead.most = 3
    assert (bulkhead.most, bulkhead.in_flight, bulkhead.waiting) == (3, 3, 2)
    assert has_slot(places[0])
    assert has_slot(places[1])
    bulkhead.most = None
    assert (bulkhead.most, bulkhead.in_flight, bulkhead.waiting) == (None, 5, 0)
    assert has_slot(places[2])
    assert has_slot(places[3])


def test_a_lowered_limit_stops_nobody_and_lets_nobody_in() -> None:
    """Three in flight under a limit of one: two leave before the line moves."""
    bulkhead = full(3)
    place = queued(bulkhead)
    bulkhead.most = 1
    assert bulkhead.in_flight == 3
    bulkhead.leave()
    bulkhead.leave()
    assert (bulkhead.in_flight, bulkhead.waiting) == (1, 1)
    assert not bulkhead.enter()
    bulkhead.leave()
    assert (bulkhead.in_flight, bulkhead.waiting) == (1, 0)
    assert has_slot(place)


@pytest.mark.parametrize("limit_s", [None, float("inf"), 5.0])
def test_a_thread_is_woken_by_another(limit_s: float | None) -> None:
    """It waits as long as it may, and has the slot that another thread leaves."""
    bulkhead, clock = full(), WatchedClock()
    place = queued(bulkhead)
    waits = in_thread(lambda: place.wait(clock, limit_s))
    clock.asked()
    assert not waits.done()
    bulkhead.leave()
    assert waits.result(PATIENCE_S) is True
    assert bulkhead.in_flight == 1


def test_a_thread_that_is_interrupted_passes_its_slot_on() -> None:
    """Ctrl-C in the midst of a wait, in the very instant in which the slot came: the next has it."""
    bulkhead = full()

    class Interrupted(FakeClock):
        def wait(self, event: Event, limit_s: float) -> NoReturn:
            bulkhead.leave()
            raise KeyboardInterrupt

    early, late = queued(bulkhead), queued(bulkhead)
    with pytest.raises(KeyboardInterrupt):
        early.wait(Interrupted(), 5)
    assert has_slot(late)
    assert bulkhead.in_flight == 1


def test_a_child_process_begins_with_none_in_flight() -> None:
    """After a fork the threads of the parent are not there: nobody is counted, and who leaves does no harm."""
    bulkhead = full(2)
    place = queued(bulkhead)
    bulkhead._lock.acquire()
    bulkhead.forked()
    assert in_thread(bulkhead.enter).result(PATIENCE_S)
    assert (bulkhead.in_flight, bulkhead.waiting) == (1, 0)
    assert not has_slot(place)
    bulkhead.leave()
    bulkhead.leave()
    assert bulkhead.in_flight == 0


def test_a_program_without_a_loop_never_loads_asyncio() -> None:
    """Threads queue up, share a read and spend a budget, and asyncio is not in the process."""
    program = """
import sys
from switchgear.core.clock import SystemClock
from switchgear.core.policy.budget import Budget
from switchgear.core.policy.bulkhead import Bulkhead
from switchgear.core.policy.flights import Flights
from switchgear.core.words import Kind
bulkhead = Bulkhead(1)
assert bulkhead.enter() and not bulkhead.line().wait(SystemClock(), 0.001)
assert Flights().join(1, int, SystemClock(), None).led
assert Budget("binance").take(Kind.TIMEOUT)
assert "asyncio" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=PATIENCE_S)
