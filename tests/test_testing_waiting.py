"""Proves that nobody waits on the machine's clock while waiting is off, and that everything is as before afterwards."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest

import switchgear as sg
from switchgear.testing import Faults, assert_closed, assert_open, no_waiting
from switchgear.testing.waiting import NoWaiting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KEY = ("binance", "get_x")
PATIENCE_S = 20.0
REAL_S = time.monotonic  # noqa: TID251  what the machine says, to tell that nobody waited
QUICK_S = 5.0
"""Far less than anything below would take if somebody waited."""


@pytest.fixture
def waits() -> Iterator[NoWaiting]:
    """A time without waiting, in which nobody waits indeed."""
    began_s = REAL_S()
    with no_waiting() as made:
        yield made
    assert REAL_S() - began_s < QUICK_S


@pytest.fixture
def gear(waits: NoWaiting) -> Iterator[sg.Switchgear]:
    """A gear on the machine's clock, made meanwhile."""
    with sg.Switchgear() as made:
        yield made


class Flaky:
    """Fails so many times, then goes well."""

    def __init__(self, times: int) -> None:
        self.left = times

    def __call__(self) -> str:
        if self.left:
            self.left -= 1
            raise ConnectionResetError(104, "reset")
        return "value"

    async def later(self) -> str:
        """The same, awaited."""
        return self()


CALLS: list[Callable[[sg.Guarded, Flaky], object]] = [
    lambda guard, flaky: guard.call_sync(flaky),
    lambda guard, flaky: asyncio.run(guard.call(flaky.later)),
]


@pytest.fixture(params=CALLS, ids=["sync", "async"])
def call(request: pytest.FixtureRequest) -> Any:
    """A call in either colour."""
    return request.param


def test_retries_run_in_no_time(waits: NoWaiting, gear: sg.Switchgear, call: Any) -> None:
    """A call that is tried four times with minutes between takes none of them, and time has moved by them."""
    settings: dict[str, Any] = {"retries": 3, "retry_delay_s": 60, "retry_delay_s_max": 600}
    gear.configure("*", **settings, failure_threshold="none")
    began_s, began = gear.clock.monotonic_s(), gear.clock.wall()
    assert call(gear.guarded(*KEY), Flaky(3)) == "value"
    assert len(waits.slept_s) == 3
    slept_s = sum(waits.slept_s)
    assert waits.moved_s == pytest.approx(slept_s, abs=0.5)
    assert gear.clock.monotonic_s() - began_s == pytest.approx(slept_s, abs=QUICK_S)
    assert (gear.clock.wall() - began).total_seconds() == pytest.approx(slept_s, abs=QUICK_S)
    assert gear.metrics(*KEY).max_duration_ms == pytest.approx(slept_s * 1000, abs=QUICK_S * 1000)


def test_circuits_recover(waits: NoWaiting, gear: sg.Switchgear, call: Any) -> None:
    """Half a minute that is slept is half a minute for a circuit."""
    gear.configure("*", retries=0)
    guard = gear.guarded(*KEY)
    with Faults(gear, "*", error=ConnectionResetError):
        for _ in range(3):
            guard.try_call_sync(int)
    assert_open(gear, *KEY)
    gear.clock.sleep(30)
    assert call(guard, Flaky(0)) == "value"
    assert_closed(gear, *KEY)


def test_a_timeout_comes_before_what_it_cuts(waits: NoWaiting, gear: sg.Switchgear) -> None:
    """An attempt that sleeps longer than it may is cut when its time comes, at that time."""
    gear.configure("*", retries=0, timeout_s=10)

    async def work() -> None:
        await gear.clock.sleep_async(3600)

    with pytest.raises(sg.AttemptTimeout):
        asyncio.run(gear.call(*KEY, work))
    assert waits.moved_s == pytest.approx(10, abs=0.5)


def test_a_deadline_ends_a_call_at_its_time(waits: NoWaiting, gear: sg.Switchgear) -> None:
    """A call with a minute in all gets its minute, whatever it does in it."""
    gear.configure("*", retries=50, retry_delay_s=7, retry_delay_s_max=7, deadline_s=60)
    gear.configure("*", failure_threshold="none", timeout_s=20, retry_tokens="none")

    async def work() -> None:
        await gear.clock.sleep_async(3600)

    with pytest.raises((sg.AttemptTimeout, sg.DeadlineExceeded)):
        asyncio.run(gear.call(*KEY, work))
    assert 20 < waits.moved_s < 60.5
    assert gear.metrics(*KEY).retried_attempts >= 1


def test_sleepers_wake_in_order_and_others_get_a_turn(
    waits: NoWaiting, gear: sg.Switchgear
) -> None:
    """Who sleeps less wakes first, again and again; a task that sleeps never runs too."""
    clock, told = gear.clock, list[str]()

    async def sleeper(name: str, delay_s: float, times: int) -> None:
        for _ in range(times):
            await clock.sleep_async(delay_s)
            told.append(name)

    async def busy() -> None:
        for _ in range(3):
            told.append("busy")
            await asyncio.gather(*[_turn()])

    async def run() -> None:
        await asyncio.gather(sleeper("slow", 100, 1), sleeper("quick", 30, 4), busy())

    asyncio.run(run())
    assert [name for name in told if name != "busy"] == ["quick"] * 3 + ["slow", "quick"]
    assert told[:3] == ["busy"] * 3
    assert waits.moved_s == pytest.approx(120, abs=0.5)


async def _turn() -> None:
    """Let the loop go round once."""
    woken = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(woken.set_result, None)
    await woken


def test_nothing_to_sleep_moves_nothing(waits: NoWaiting, gear: sg.Switchgear) -> None:
    """A sleep of 0 or less returns at once, as ever."""
    gear.clock.sleep(0)
    gear.clock.sleep(-1)
    asyncio.run(gear.clock.sleep_async(0))
    assert (waits.slept_s, waits.moved_s) == ([], 0.0)


def test_a_sleeper_that_is_cancelled_leaves_nothing(waits: NoWaiting, gear: sg.Switchgear) -> None:
    """Its timer is gone with it, and time did not move to its end."""

    async def run() -> None:
        task = asyncio.ensure_future(gear.clock.sleep_async(500))
        asyncio.get_running_loop().call_soon(task.cancel)
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())
    assert waits.moved_s < 1
    assert waits._timers == {}


def test_a_timer_that_is_not_slept_over_comes_in_its_time(
    waits: NoWaiting, gear: sg.Switchgear
) -> None:
    """Without a sleeper a timer is real; called off, it never comes."""

    async def run() -> list[str]:
        told, over = list[str](), asyncio.Event()
        gear.clock.timer(0.01, over.set)
        gear.clock.timer(0.001, lambda: told.append("no")).cancel()
        await over.wait()
        return told

    assert asyncio.run(run()) == []
    assert waits.moved_s == 0


def test_a_thread_that_waits_for_an_event_gets_it(waits: NoWaiting, gear: sg.Switchgear) -> None:
    """It is not given up before its limit; when others sleep its limit away, it ends."""
    clock = gear.clock
    with ThreadPoolExecutor(2) as pool:
        event, never = Event(), Event()
        gets = pool.submit(clock.wait, event, 3600)
        event.set()
        assert gets.result(PATIENCE_S) is True
        in_vain = pool.submit(clock.wait, never, 3600)
        while not in_vain.done():
            clock.sleep(1800)
        assert in_vain.result(PATIENCE_S) is False
    assert clock.wait(event, float("inf"))


def test_a_thread_that_sleeps_lets_a_loops_timers_come(
    waits: NoWaiting, gear: sg.Switchgear
) -> None:
    """A timeout on one loop comes when another thread has slept past it."""
    gear.configure("*", retries=0, timeout_s=100)
    began = Event()

    async def work() -> None:
        began.set()
        await asyncio.Event().wait()

    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(asyncio.run, gear.call(*KEY, work))
        assert began.wait(PATIENCE_S)
        gear.clock.sleep(101)
        assert isinstance(call.exception(PATIENCE_S), sg.AttemptTimeout)


def test_timers_of_a_loop_that_is_closed_are_nobodys(waits: NoWaiting, gear: sg.Switchgear) -> None:
    """Sleeping past them is no error."""

    async def leave() -> None:
        gear.clock.timer(5, int)

    asyncio.run(leave())
    gear.clock.sleep(10)
    assert waits.moved_s == pytest.approx(10, abs=0.5)


def fail(gear: sg.Switchgear, body: Callable[[], object], times: int) -> None:
    """Calls that fail, on a function that was decorated long ago."""
    for _ in range(times):
        with pytest.raises(ConnectionResetError):
            body()


def test_a_gear_made_before_waits_no_more_either() -> None:
    """Decorated functions, open circuits and durations of a gear that was there before are right, then and later."""
    with sg.Switchgear(settings={"retries": 0}) as gear:
        flaky = Flaky(3)
        guarded = gear.guarded(*KEY)(flaky.__call__)
        fail(gear, guarded, 3)
        assert_open(gear, *KEY)
        with no_waiting() as waits:
            gear.clock.sleep(600)
            assert guarded() == "value"
            flaky.left = 1
            fail(gear, guarded, 1)
        assert waits.moved_s > 599
        flaky.left = 1
        fail(gear, guarded, 1)
        gear.flush()
        failed = [record for record in gear.logs() if record.event == "call_failed"]
        assert len(failed) == 5
        assert all((record.duration_ms or 0) < QUICK_S * 1000 for record in failed)
        with no_waiting():  # and once more, for time goes on from where it was
            before_s = gear.clock.monotonic_s()
            gear.clock.sleep(60)
            assert gear.clock.monotonic_s() - before_s == pytest.approx(60, abs=QUICK_S)


def test_a_limit_that_is_full_has_room_later() -> None:
    """The wait for a window of an exchange's own limits is over at once, for a gear of before too."""
    began_s = REAL_S()
    with sg.Switchgear(settings={"retries": 0, "wait_s_max": 90}) as gear:
        guard = gear.guarded("binance", "get_order_book", weight=3000)
        assert guard.call_sync(int) == 0
        with no_waiting() as waits:
            for _ in range(4):
                assert guard.call_sync(int) == 0
    assert 60 < waits.moved_s < 300
    assert REAL_S() - began_s < QUICK_S


def test_it_is_undone_afterwards() -> None:
    """The class is as it was, also after an error; a clock that nobody moved has its own function again."""
    before = dict(vars(sg.SystemClock))
    clock = sg.SystemClock()

    def leave() -> None:
        with no_waiting():
            assert dict(vars(sg.SystemClock)) != before
            clock.monotonic_s()
            raise KeyError

    with pytest.raises(KeyError):
        leave()
    assert dict(vars(sg.SystemClock)) == before
    assert clock.monotonic_s is REAL_S
    assert NoWaiting.now is None


def test_time_never_steps_back() -> None:
    """A clock that was moved goes on from there; a new one is the machine's."""
    clock = sg.SystemClock()
    with no_waiting():
        made = sg.SystemClock()
        made.sleep(1000)
        inside_s = clock.monotonic_s(), made.monotonic_s()
    after_s = clock.monotonic_s(), made.monotonic_s()
    assert all(
        0 <= after - inside < QUICK_S for after, inside in zip(after_s, inside_s, strict=True)
    )
    assert sg.SystemClock().monotonic_s is REAL_S
    assert abs((clock.wall() - sg.SystemClock().wall()).total_seconds()) < QUICK_S


def test_one_within_another_is_the_same() -> None:
    """Waiting is on again when the outer one is left."""
    with no_waiting() as outer:
        with no_waiting() as inner:
            assert inner is outer
        sg.SystemClock().sleep(1000)
    assert outer.slept_s == [1000]
    assert outer is not NoWaiting.now


def test_a_fake_clock_is_left_alone(waits: NoWaiting) -> None:
    """A test that plays its clock is told nothing of it."""
    from switchgear.testing import FakeClock

    clock = FakeClock()
    with sg.Switchgear(clock=clock) as gear:
        gear.clock.sleep(7)
    assert clock.slept_s == [7]
    assert waits.slept_s == []


def test_many_threads_that_sleep_at_once_move_time_exactly_once_each(
    waits: NoWaiting, gear: sg.Switchgear
) -> None:
    """Eight threads that sleep in turns: every sleep is remembered, and time went as far as the longest needs."""

    def sleeper(_: int) -> None:
        for _ in range(100):
            gear.clock.sleep(1)

    began_s = gear.clock.monotonic_s()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(sleeper, range(8)))
    assert len(waits.slept_s) == 800
    assert 100 <= gear.clock.monotonic_s() - began_s <= 800 + QUICK_S
