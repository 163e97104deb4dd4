"""Owns what a toll takes and gives back: at all ledgers or at none, by priority, and by many threads at once."""

from __future__ import annotations

from threading import Thread

import pytest

from switchgear.core.clock import SystemClock
from switchgear.core.policy.latch import Latch
from switchgear.core.policy.limit import Limit
from switchgear.core.policy.weight import Ledger, Priority, Toll
from switchgear.core.policy.window import EDGE_S_MAX
from switchgear.core.verdict.usage import DAY_S
from switchgear.core.words import Scope
from switchgear.testing import FakeClock
from tests.core.policy.limited import Desk


@pytest.fixture
def desk() -> Desk:
    """Nothing used yet."""
    return Desk()


def test_a_cost_is_taken_at_all_ledgers_or_at_none() -> None:
    """Where one of two limits has no room, the other one is not charged, and the toll says which it was."""
    clock = FakeClock()
    clock.advance(20)
    latch = Latch()
    wide = Ledger(Limit("wide", Scope.ADDRESS, 60, 100), clock, latch=latch)
    narrow = Ledger(Limit("narrow", Scope.ACCOUNT, 10, 2), clock, latch=latch)
    toll = Toll([(wide, 5.0), (narrow, 1.0)], Priority.HIGH, clock)
    assert [toll.take(), toll.take()] == [0, 0]
    assert toll.take() == pytest.approx(10 + EDGE_S_MAX)
    assert (wide.view().used, narrow.view().used) == (10, 2)
    assert "narrow" in toll.why
    assert toll.scope is Scope.ACCOUNT


def test_the_longest_wait_of_all_ledgers_is_told() -> None:
    """A call needs room everywhere at once: that of the day counts, not that of the minute."""
    clock = FakeClock()
    clock.advance(20)
    latch = Latch()
    limits = [Limit("minute", Scope.ADDRESS, 60, 1), Limit("day", Scope.ACCOUNT, DAY_S, 1)]
    ledgers = [Ledger(limit, clock, latch=latch) for limit in limits]
    toll = Toll([(ledger, 1.0) for ledger in ledgers], Priority.HIGH, clock)
    assert toll.take() == 0
    assert toll.take() == pytest.approx(DAY_S - 20 + EDGE_S_MAX)
    assert "day" in toll.why


@pytest.mark.parametrize(
    ("priority", "most"), [(Priority.LOW, 8), (Priority.NORMAL, 9), (Priority.HIGH, 10)]
)
def test_each_priority_leaves_room_for_the_higher_ones(
    desk: Desk, priority: Priority, most: int
) -> None:
    """Market data fills 80 %, orders 90 %, cancels and lookups all of it."""
    toll = desk.toll(1, priority)
    taken = 0
    while not toll.take():
        taken += 1
    assert taken == most
    assert (desk.toll(1, Priority.HIGH).take() == 0) is (most < 10)


def test_what_was_not_sent_is_given_back(desk: Desk) -> None:
    """An attempt that proves unsent leaves nothing behind; one that was sent stays until the window ends."""
    toll = desk.toll(10)
    assert toll.take() == 0
    toll.returned(unsent=True)
    assert desk.used == 0
    assert toll.take() == 0
    toll.returned()
    assert desk.used == 10


def test_fractions_leave_nothing_behind(desk: Desk) -> None:
    """Ten times a tenth and back is nothing, so that a call which passes alone still does."""
    toll = desk.toll(0.1)
    for _ in range(10):
        assert toll.take() == 0
    for _ in range(10):
        toll.returned(unsent=True)
    assert desk.used == 0
    assert desk.toll(99).take() == 0


@pytest.mark.parametrize(("weight", "priority"), [(25.0, Priority.HIGH), (9.0, Priority.LOW)])
def test_a_cost_above_what_may_be_filled_passes_alone(
    desk: Desk, weight: float, priority: Priority
) -> None:
    """It waits for a window in which nothing is used or on its way, and then passes: never for ever."""
    heavy = desk.toll(weight, priority)
    other = desk.toll(1)
    assert other.take() == 0
    assert heavy.take() > 0
    other.returned()
    wait_s = heavy.take()
    assert 0 < wait_s <= 40 + EDGE_S_MAX
    desk.clock.advance(wait_s)
    assert heavy.take() == 0
    assert heavy.take() > 0
    heavy.returned()


def test_a_toll_of_two_passes_alone_at_both_or_waits() -> None:
    """A cost that is too heavy for the first limit is still held back by the second."""
    clock = FakeClock()
    clock.advance(20)
    latch = Latch()
    first = Ledger(Limit("first", Scope.ADDRESS, 60, 10), clock, latch=latch)
    second = Ledger(Limit("second", Scope.ACCOUNT, 60, 10), clock, latch=latch)
    assert Toll([(second, 10.0)], Priority.HIGH, clock).take() == 0
    toll = Toll([(first, 50.0), (second, 1.0)], Priority.HIGH, clock)
    assert toll.take() > 0
    assert "second" in toll.why
    assert first.view().used == 0


def test_threads_count_exactly(desk: Desk) -> None:
    """Eight threads that take and return thousands of times leave exactly what they used."""
    ledger = Ledger(Limit("many", Scope.ADDRESS, DAY_S, 1_000_000), SystemClock())
    toll = Toll([(ledger, 1.0)], Priority.HIGH, SystemClock())

    def work() -> None:
        for each in range(1_000):
            assert toll.take() == 0
            toll.returned(unsent=each % 2 == 0)

    threads = [Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (ledger.pending, ledger.own) == (0, 4_000)


def test_ledgers_and_tolls_are_small() -> None:
    """Both have slots alone: a toll stands on the path of every call."""
    desk = Desk()
    for each in (desk.ledger, desk.toll(), desk.ledger.latch):
        assert not hasattr(each, "__dict__")
