"""Owns the tests of the machine's own clock, and of how threads wait on the fake one."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, timedelta
from math import inf

import pytest

from switchgear.core.clock import SystemClock
from switchgear.testing import FakeClock
from tests.core.policy.crowd import PATIENCE_S, WatchedClock, hammer, in_thread


def test_the_monotonic_clock_never_steps_back() -> None:
    """A thousand readings are in order."""
    read = SystemClock().monotonic_s
    readings = [read() for _ in range(1000)]
    assert readings == sorted(readings)


def test_the_date_is_aware_and_utc() -> None:
    """A record's date cannot be taken for local time."""
    clock = SystemClock()
    first, second = clock.wall(), clock.wall()
    assert first.tzinfo is UTC
    assert timedelta(0) <= second - first < timedelta(minutes=1)


def test_chance_is_a_share() -> None:
    """Draws lie in [0, 1) and differ."""
    draws = [SystemClock().chance() for _ in range(200)]
    assert all(0 <= draw < 1 for draw in draws)
    assert len(set(draws)) > 100


@pytest.mark.parametrize("delay_s", [0, -1, -1e9])
@pytest.mark.anyio
async def test_no_wait_is_no_wait(delay_s: float) -> None:
    """At 0 and below both sleeps return at once, and the loop is not given away."""
    clock = SystemClock()
    turns: list[int] = []
    asyncio.get_running_loop().call_soon(turns.append, 1)
    clock.sleep(delay_s)
    await clock.sleep_async(delay_s)
    assert turns == []


@pytest.mark.anyio
async def test_waits_last_at_least_as_long_as_asked() -> None:
    """A short sleep of either colour takes its time."""
    clock = SystemClock()
    began_s = clock.monotonic_s()
    clock.sleep(0.002)
    await clock.sleep_async(0.002)
    assert clock.monotonic_s() - began_s >= 0.004


@pytest.mark.anyio
async def test_a_timer_runs_on_the_loop_unless_called_off() -> None:
    """The callback runs on the loop's thread; one that was cancelled does not run."""
    clock, ran = SystemClock(), asyncio.Event()
    seen: list[object] = []
    clock.timer(0.001, lambda: seen.append("cancelled")).cancel()

    def due() -> None:
        seen.append(threading.get_ident())
        ran.set()

    clock.timer(0.002, due)
    await asyncio.wait_for(ran.wait(), 20)
    assert seen == [threading.get_ident()]


@pytest.mark.parametrize("limit_s", [0, -1.0, 0.002])
def test_a_thread_waits_for_an_event_at_most_its_limit(limit_s: float) -> None:
    """An event that nobody sets is not waited for any longer, and what was set before at no length."""
    clock, event = SystemClock(), threading.Event()
    began_s = clock.monotonic_s()
    assert clock.wait(event, limit_s) is False
    assert clock.monotonic_s() - began_s >= limit_s
    event.set()
    assert clock.wait(event, limit_s) is True


def test_a_thread_waits_for_ever_where_that_is_asked() -> None:
    """Infinity is a limit that no lock of the machine knows; the wait ends when the event is set."""
    clock, event = SystemClock(), threading.Event()
    waits = in_thread(lambda: clock.wait(event, inf))
    event.set()
    assert waits.result(PATIENCE_S) is True


def test_a_fake_wait_moves_the_clock_to_its_limit_at_most() -> None:
    """With autojump what comes due on the way is done in order; nothing set the event, so it is False."""
    clock, event = FakeClock(), threading.Event()
    seen: list[tuple[str, float]] = []
    clock.timer(3, lambda: seen.append(("late", clock.now_s)))
    clock.timer(1, lambda: seen.append(("early", clock.now_s)))
    clock.timer(5, lambda: seen.append(("not due", clock.now_s)))
    began_s = clock.now_s
    assert clock.wait(event, 4) is False
    assert seen == [("early", began_s + 1), ("late", began_s + 3)]
    assert clock.now_s == began_s + 4
    assert not event.is_set()


@pytest.mark.parametrize("limit_s", [2.0, 5.0, inf])
def test_a_fake_wait_ends_at_the_instant_that_sets_the_event(limit_s: float) -> None:
    """With autojump time goes no further than to the timer that ends the wait, at the limit itself too."""
    clock, event = FakeClock(), threading.Event()
    began_s = clock.now_s
    clock.timer(2, event.set)
    clock.timer(3, lambda: pytest.fail("went too far"))
    assert clock.wait(event, limit_s) is True
    assert clock.now_s == began_s + 2


@pytest.mark.parametrize("autojump", [True, False])
def test_a_fake_wait_without_need_moves_nothing(autojump: bool) -> None:
    """An event that is set, or a limit that is none, takes no time."""
    clock, event = FakeClock(autojump=autojump), threading.Event()
    began_s = clock.now_s
    assert clock.wait(event, 0) is False
    assert clock.wait(event, -1) is False
    event.set()
    assert clock.wait(event, 10) is True
    assert clock.wait(event, 0) is True
    assert clock.now_s == began_s


def test_a_fake_wait_for_ever_waits_for_another_thread() -> None:
    """With autojump and nothing due there is no time to move: the thread waits as on any event."""
    clock, event = FakeClock(), threading.Event()
    waits = in_thread(lambda: clock.wait(event, inf))
    event.set()
    assert waits.result(PATIENCE_S) is True
    assert clock.now_s == FakeClock().now_s


@pytest.mark.parametrize("limit_s", [5.0, inf])
def test_a_standing_clock_lets_a_thread_wait_for_its_event(limit_s: float) -> None:
    """Without autojump the event ends the wait, with no time passing."""
    clock, event = WatchedClock(), threading.Event()
    waits = in_thread(lambda: clock.wait(event, limit_s))
    clock.asked()
    event.set()
    assert waits.result(PATIENCE_S) is True
    clock.advance(10)
    assert event.is_set()


def test_a_standing_clock_ends_a_wait_when_it_is_advanced() -> None:
    """Without autojump each of two waits on one event ends at its own limit, and the event stays as it was."""
    clock, event = WatchedClock(), threading.Event()
    short = in_thread(lambda: clock.wait(event, 5))
    clock.timed()
    long = in_thread(lambda: clock.wait(event, 6))
    clock.timed()
    clock.advance(5)
    assert short.result(PATIENCE_S) is False
    assert not event.is_set()
    clock.advance(0.5)
    event.set()
    assert long.result(PATIENCE_S) is True


def test_threads_that_all_move_one_clock_fire_each_timer_once() -> None:
    """Eight threads jump over the same timers; none is lost, none fires twice, and none finds an empty queue."""
    clock, fired = FakeClock(), list[int]()
    for number in range(2_000):
        clock.timer(number / 100, lambda n=number: fired.append(n))  # type: ignore[misc]  # a default binds it
    hammer(lambda _: [clock.wait(threading.Event(), 0.5) for _ in range(50)])
    assert sorted(fired) == list(range(2_000))
