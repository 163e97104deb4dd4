"""Owns the proof that the bulkhead holds with crowds: threads and loops at once, and any walk beside a model."""

from __future__ import annotations

import asyncio
from threading import Event, Lock
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from switchgear.core.clock import SystemClock
from switchgear.core.policy.bulkhead import Bulkhead, Place
from switchgear.testing import FakeClock
from tests.core.callkit import turns
from tests.core.policy.crowd import THREADS, hammer

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchgear.core.clock import Clock


class Gauge:
    """How many hold a slot, counted by those who do, and the most there ever were."""

    def __init__(self) -> None:
        self.now = 0
        self.most = 0
        self.served = 0
        self._lock = Lock()

    def up(self) -> None:
        """One more."""
        with self._lock:
            self.now += 1
            self.served += 1
            self.most = max(self.most, self.now)

    def down(self) -> None:
        """One less."""
        with self._lock:
            self.now -= 1


@pytest.mark.parametrize("most", [1, 2, 5])
def test_threads_never_exceed_the_limit_and_none_waits_for_ever(most: int) -> None:
    """Eight threads go through a hundred times each, without a time limit: a wake-up that is lost would hang."""
    bulkhead, gauge, clock = Bulkhead(most), Gauge(), SystemClock()

    def use(_: int) -> int:
        waited = 0
        for _ in range(100):
            if not bulkhead.enter():
                place = bulkhead.line()
                assert place is not None
                assert place.wait(clock)
                waited += 1
            gauge.up()
            clock.wait(Event(), 1e-6)  # others get a turn while this one is inside
            gauge.down()
            bulkhead.leave()
        return waited

    assert sum(hammer(use)) > 100, "too few waits to prove anything"
    assert gauge.served == THREADS * 100
    assert 1 <= gauge.most <= most
    assert (bulkhead.in_flight, bulkhead.waiting) == (0, 0)


def use_in_thread(
    bulkhead: Bulkhead, gauge: Gauge, clock: Clock, chance: Callable[[], float]
) -> None:
    """Go through a hundred times: at once, with a wait, with one that is too short, or give the place up."""
    for _ in range(100):
        if not bulkhead.enter():
            place = bulkhead.line()
            assert place is not None
            drawn = chance()
            if drawn < 0.1:
                place.give_up()
            if not place.wait(clock, None if drawn > 0.4 else drawn / 1000):
                continue
        gauge.up()
        gauge.down()
        bulkhead.leave()


def use_in_loop(
    bulkhead: Bulkhead, gauge: Gauge, clock: Clock, chance: Callable[[], float]
) -> None:
    """The same in twenty tasks of one loop, which are cancelled at random too."""

    async def once(drawn: float) -> None:
        if not bulkhead.enter():
            place = bulkhead.line()
            assert place is not None
            if not await place.wait_async(clock, None if drawn > 0.4 else drawn / 1000):
                return
        gauge.up()
        try:
            await turns(1)
        finally:
            gauge.down()
            bulkhead.leave()

    async def crowd() -> None:
        for _ in range(10):
            tasks = [asyncio.create_task(once(chance())) for _ in range(20)]
            await turns(int(chance() * 4))
            for task in tasks:
                if chance() < 0.3:
                    task.cancel()
            ends = await asyncio.gather(*tasks, return_exceptions=True)
            assert all(end is None or isinstance(end, asyncio.CancelledError) for end in ends)

    asyncio.run(crowd())


@pytest.mark.slow  # four loops and four threads, hundreds of waits of both colours
@pytest.mark.parametrize("seed", range(4))
def test_threads_and_loops_together_lose_no_slot(seed: int) -> None:
    """Waits that end well, too late, by cancellation and by giving up: never too many inside, and in the end nobody."""
    print(f"seed={seed}")
    bulkhead, gauge, clock = Bulkhead(2), Gauge(), SystemClock()

    def use(number: int) -> None:
        work = use_in_thread if number % 2 else use_in_loop
        work(bulkhead, gauge, clock, FakeClock(seed=seed * 100 + number).chance)

    hammer(use)
    assert gauge.most <= 2
    assert gauge.served > 100
    assert (gauge.now, bulkhead.in_flight, bulkhead.waiting) == (0, 0, 0)


@pytest.mark.parametrize("seed", range(3))
def test_a_limit_that_moves_under_threads_holds_in_the_end(seed: int) -> None:
    """One thread moves the limit while seven go through; all come through, and then the limit is what it is."""
    print(f"seed={seed}")
    bulkhead, gauge, clock = Bulkhead(1), Gauge(), SystemClock()

    def use(number: int) -> None:
        chance = FakeClock(seed=seed * 100 + number).chance
        for _ in range(100):
            if number == 0:
                bulkhead.most = int(chance() * 4) or None
            else:
                use_once()
        bulkhead.most = 2

    def use_once() -> None:
        if not bulkhead.enter():
            place = bulkhead.line()
            assert place is not None
            assert place.wait(clock)
        gauge.up()
        gauge.down()
        bulkhead.leave()

    hammer(use)
    assert gauge.served == (THREADS - 1) * 100
    assert (bulkhead.in_flight, bulkhead.waiting) == (0, 0)
    assert [bulkhead.enter() for _ in range(3)] == [True, True, False]


class Waiter:
    """One who stands in line: a place that nobody waits at yet, or a task of one of two loops."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.task: asyncio.Task[bool] | None = None
        self.runner = 0


class BulkheadWalk(RuleBasedStateMachine):
    """Hypothesis chooses each move; the model is a number and a list."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock(autojump=False)
        self.runners = [asyncio.Runner(), asyncio.Runner()]
        self.bulkhead = Bulkhead(1, lines_max=6)
        self.most: int | None = 1
        self.inside = 0
        self.line: list[Waiter] = []
        self.given: list[Waiter] = []
        """Those who have a slot by the model and have not said so yet."""

    def teardown(self) -> None:
        """Give back the loops; who still waits is cancelled with them."""
        for runner in self.runners:
            runner.close()
        for waiter in self.line + self.given:
            waiter.place.give_up()
        assert (self.bulkhead.waiting, self.bulkhead.in_flight) == (0, self.inside)

    @initialize(most=st.none() | st.integers(0, 3))
    def begin(self, most: int | None) -> None:
        """Any limit."""
        self.limit(most)

    @rule(most=st.none() | st.integers(0, 4))
    def limit(self, most: int | None) -> None:
        """The limit moves."""
        self.bulkhead.most = self.most = most
        self.fill()

    @rule()
    def enter(self) -> None:
        """Somebody comes and does not wait."""
        room = self.room()
        assert self.bulkhead.enter() is room
        self.inside += room

    @precondition(lambda self: self.inside)
    @rule()
    def leave(self) -> None:
        """Somebody is done."""
        self.inside -= 1
        self.bulkhead.leave()
        self.fill()

    @rule()
    def queue(self) -> None:
        """Somebody comes who will wait."""
        place, fits = self.bulkhead.line(), self.room() or len(self.line) < 6
        assert (place is not None) is fits
        if place is not None:
            self.line.append(Waiter(place))
            self.fill()

    @precondition(lambda self: self.line + self.given)
    @rule(which=st.integers(0, 99), loop=st.integers(0, 1), limit_s=st.none() | st.integers(0, 3))
    def wait(self, which: int, loop: int, limit_s: int | None) -> None:
        """One of them begins to wait, as a task."""
        waiter = self.pick(which)
        if waiter.task is None:
            waiter.runner = loop
            event_loop = self.runners[loop].get_loop()
            waiter.task = event_loop.create_task(waiter.place.wait_async(self.clock, limit_s))
            self.settle()

    @precondition(lambda self: self.line + self.given)
    @rule(which=st.integers(0, 99), slot_comes=st.booleans())
    def stop(self, which: int, slot_comes: bool) -> None:
        """One is cancelled or gives up, perhaps in the turn in which somebody else leaves."""
        waiter = self.pick(which)
        if slot_comes and self.inside:
            self.leave()
        if waiter.task is None:
            waiter.place.give_up()
        else:
            waiter.task.cancel()
        self.run_loops()
        if waiter.task is None or waiter.task.cancelled():
            self.out(waiter)
        self.settle()

    @rule(delay_s=st.integers(0, 3), slot_comes=st.booleans())
    def advance(self, delay_s: int, slot_comes: bool) -> None:
        """Time passes, and perhaps somebody leaves at the same instant."""
        self.clock.advance(delay_s)
        if slot_comes and self.inside:
            self.leave()
        self.settle()

    def pick(self, which: int) -> Waiter:
        """One of those in line, or on the way in."""
        waiters = self.line + self.given
        return waiters[which % len(waiters)]

    def room(self) -> bool:
        """Whether the model has a slot."""
        return self.most is None or self.inside + len(self.given) < self.most

    def fill(self) -> None:
        """The model's oldest get what there is."""
        while self.line and self.room():
            self.given.append(self.line.pop(0))

    def out(self, waiter: Waiter) -> None:
        """One is gone, without a slot."""
        (self.line if waiter in self.line else self.given).remove(waiter)
        self.fill()

    def run_loops(self) -> None:
        """Let both loops do what they have to."""
        for runner in self.runners:
            runner.run(turns())

    def settle(self) -> None:
        """Run the loops, and have the model follow those whose wait ended."""
        self.run_loops()
        for waiter in self.line + self.given:
            if waiter.task is None or not waiter.task.done():
                continue
            if waiter.task.result():
                self.given.remove(waiter)  # or it had a slot before its turn
                self.inside += 1
            else:
                assert waiter in self.line, "it had a slot, and was told that it has none"
                self.out(waiter)
                self.run_loops()

    @invariant()
    def same(self) -> None:
        """The counts are those of the model, and whoever has a slot and waits knows it."""
        self.settle()
        assert self.bulkhead.in_flight == self.inside + len(self.given)
        assert self.bulkhead.waiting == len(self.line)
        assert all(waiter.place.bell.rung for waiter in self.given)
        assert not any(waiter.place.bell.rung for waiter in self.line)
        assert all(waiter.task is None for waiter in self.given)


@pytest.mark.slow  # thousands of moves, each with both loops run
def test_any_walk_agrees_with_the_model() -> None:
    """Hypothesis finds no order of moves in which a slot is lost, made, or given to one who came later."""
    run_state_machine_as_test(
        BulkheadWalk, settings=settings(max_examples=60, stateful_step_count=25)
    )
