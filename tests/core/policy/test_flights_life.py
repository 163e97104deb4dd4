"""Owns the tests of flights that are cut off, call themselves, or end with their loop; the plain ones are elsewhere."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter
from contextvars import Context, copy_context
from threading import Event
from typing import TYPE_CHECKING, NoReturn
from weakref import ref

import pytest

from switchgear.core.clock import SystemClock
from switchgear.core.policy.flights import Flights, Joined, _leading
from switchgear.testing import FakeClock
from tests.core.callkit import turns
from tests.core.policy.crowd import PATIENCE_S, WatchedClock, hammer, in_thread

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from concurrent.futures import Future

CLOCK = FakeClock(autojump=False)


class Crew:
    """Callers with one key on the running loop; whoever leads holds its read until it is told."""

    def __init__(self) -> None:
        self.flights = Flights()
        self.clock = FakeClock(autojump=False)
        self.ends: dict[int, asyncio.Future[str]] = {}

    async def _read(self, number: int) -> str:
        self.ends[number] = asyncio.get_running_loop().create_future()
        return await self.ends[number]

    async def callers(
        self, count: int, limit_s: float | None = None
    ) -> list[asyncio.Task[Joined[str]]]:
        """The first leads, the others follow."""
        joins = [
            self.flights.join_async("key", lambda n=number: self._read(n), self.clock, limit_s)  # type: ignore[misc]
            for number in range(count)
        ]
        tasks = [asyncio.create_task(join) for join in joins]
        await turns()
        assert list(self.ends) == [0]
        return tasks


# --------------------------------------------------------------------------------------- cut off


@pytest.mark.anyio
async def test_a_leader_that_is_cancelled_is_followed_by_the_next() -> None:
    """The followers are not cancelled with it; the second makes the read, the third has its value."""
    crew = Crew()
    leader, second, third = await crew.callers(3)
    leader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leader
    await turns()
    crew.ends[1].set_result("value")
    assert await second == Joined("value", led=True)
    assert await third == Joined("value", led=False)
    assert len(crew.flights) == 0


@pytest.mark.anyio
async def test_a_follower_that_is_cancelled_is_so_alone() -> None:
    """Neither the leader nor the other follower hears of it."""
    crew = Crew()
    leader, second, third = await crew.callers(3)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    crew.ends[0].set_result("value")
    assert [await leader, await third] == [Joined("value", led=True), Joined("value", led=False)]


@pytest.mark.anyio
async def test_one_that_is_to_lead_and_is_cancelled_passes_it_on() -> None:
    """Leader and second are cancelled in one turn, before the second could begin: the third leads."""
    crew = Crew()
    leader, second, third = await crew.callers(3)
    leader.cancel()
    await turns(1)  # the leader is at its end, and the second has not run yet
    second.cancel()
    await turns()
    assert leader.cancelled()
    assert second.cancelled()
    assert 1 not in crew.ends
    crew.ends[2].set_result("value")
    assert await third == Joined("value", led=True)
    assert len(crew.flights) == 0


@pytest.mark.anyio
async def test_all_cancelled_leave_nothing() -> None:
    """Whatever the order, no flight is kept."""
    crew = Crew()
    tasks = await crew.callers(5)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    assert all(task.cancelled() for task in tasks)
    assert len(crew.flights) == 0


@pytest.mark.anyio
async def test_one_that_is_to_lead_as_its_time_is_over_leads() -> None:
    """The leader is cancelled at the very instant of the follower's limit: it is in time, and the flight goes on."""
    crew = Crew()
    leader, second, third = await crew.callers(3, limit_s=5)
    leader.cancel()
    crew.clock.advance(5)
    await turns()
    # The third was at its limit too, and has nobody to lead.
    with pytest.raises(TimeoutError):
        await third
    crew.ends[1].set_result("value")
    assert await second == Joined("value", led=True)
    assert leader.cancelled()
    assert len(crew.flights) == 0


@pytest.mark.anyio
async def test_a_value_that_comes_as_the_time_is_over_is_had() -> None:
    """Both in one turn: no TimeoutError where there is a value."""
    crew = Crew()
    leader, second = await crew.callers(2, limit_s=5)
    crew.ends[0].set_result("value")
    await leader
    crew.clock.advance(5)
    assert await second == Joined("value", led=False)


@pytest.mark.anyio
async def test_a_leader_that_is_thrown_away_is_followed_by_the_next() -> None:
    """Nobody awaits its coroutine any more: when it is closed the follower leads."""
    crew, flights = Crew(), Flights()

    async def read() -> str:
        await asyncio.Event().wait()
        return "never"

    async def other() -> str:
        return "other"

    thrown = flights.join_async("key", read, crew.clock)
    copy_context().run(thrown.send, None)
    gone = flights.join_async("key", other, crew.clock)
    gone.send(None)
    follower = asyncio.create_task(flights.join_async("key", other, crew.clock))
    await turns()
    gone.close()
    thrown.close()  # in another context than it began in, as the collector would
    assert await follower == Joined("other", led=True)
    assert len(flights) == 0
    assert _leading.get() == ()


def test_a_thread_that_is_interrupted_leaves_the_line_and_passes_the_lead_on() -> None:
    """Ctrl-C while it waits, in the very instant in which it is to lead: the one behind it leads."""
    flights, follows = Flights(), WatchedClock()
    leader, go = Event(), Event()

    class Stopped(BaseException):
        """What ends a program."""

    def read() -> int:
        leader.set()
        assert go.wait(PATIENCE_S)
        raise Stopped

    led = in_thread(lambda: flights.join("key", read, follows))
    assert leader.wait(PATIENCE_S)

    class Interrupted(FakeClock):
        """A clock on which Ctrl-C comes when the leader has ended."""

        def wait(self, event: Event, limit_s: float) -> NoReturn:
            late.append(in_thread(lambda: flights.join("key", int, follows)))
            follows.asked()
            go.set()
            assert isinstance(led.exception(PATIENCE_S), Stopped)
            raise KeyboardInterrupt

    late: list[Future[Joined[int]]] = []
    with pytest.raises(KeyboardInterrupt):
        flights.join("key", lambda: pytest.fail("it must not lead"), Interrupted())
    assert late[0].result(PATIENCE_S) == Joined(0, led=True)
    assert len(flights) == 0


# ---------------------------------------------------------------------------------- loops and colours


def test_loops_and_threads_do_not_wait_for_each_other() -> None:
    """One key, two loops and a thread, all at once: each makes its own read."""
    flights, clock = Flights(), SystemClock()
    begun = Counter[str]()

    async def nested(deeper: Callable[[], Awaitable[object]]) -> str:
        begun["task"] += 1
        await deeper()
        return "task"

    def in_loop() -> str:
        async def main() -> str:
            async def other() -> None:
                # The first loop stands still until the second one, and a thread, have read the same.
                second = in_thread(lambda: asyncio.run(flights.join_async("key", leaf, clock)))
                assert second.result(PATIENCE_S).led
                assert in_thread(lambda: flights.join("key", plain, clock)).result(PATIENCE_S).led

            return (await flights.join_async("key", lambda: nested(other), clock)).value

        return asyncio.run(main())

    async def leaf() -> str:
        begun["leaf"] += 1
        return "leaf"

    def plain() -> str:
        begun["plain"] += 1
        return "plain"

    assert in_thread(in_loop).result(PATIENCE_S) == "task"
    assert begun == {"task": 1, "leaf": 1, "plain": 1}
    assert len(flights) == 0


def test_a_flight_whose_loop_is_closed_is_gone_with_it() -> None:
    """Leader and follower stood on a loop that was closed under them: the collector ends both, in silence."""
    flights, loop = Flights(), asyncio.new_event_loop()

    async def read() -> None:
        await asyncio.Event().wait()

    joins = [flights.join_async("key", read, CLOCK) for _ in range(3)]

    async def begin() -> None:
        for join in joins:
            copy_context().run(join.send, None)

    loop.run_until_complete(begin())
    loop.close()
    [[flight]] = flights._flights.values()
    assert len(flight.followers) == 2
    joins[0].close()
    assert len(flights) == 0
    for join in joins[1:]:
        join.close()
    assert flights.join("key", int, CLOCK).led


# --------------------------------------------------------------------------------------- no deadlock


def test_a_leader_that_calls_itself_does_not_wait_for_itself() -> None:
    """Recursion in one thread: each call makes its read; so it does in a context that knows nothing."""
    flights = Flights()

    def read(depth: int) -> int:
        if depth == 0:
            return 0
        inner = flights.join("key", lambda: read(depth - 1), CLOCK)
        assert inner.led
        return 1 + inner.value

    assert flights.join("key", lambda: read(3), CLOCK) == Joined(3, led=True)
    fresh = flights.join("key", lambda: Context().run(read, 1), CLOCK)
    assert fresh == Joined(1, led=True)
    assert len(flights) == 0


def test_a_follower_that_leads_and_calls_itself_does_not_wait_for_itself() -> None:
    """It leads in its own thread then, not in that of the leader that was stopped."""
    flights, clock, at_work, go = Flights(), WatchedClock(), Event(), Event()

    def stopped() -> int:
        at_work.set()
        assert go.wait(PATIENCE_S)
        raise KeyboardInterrupt

    def read() -> int:
        return 1 + Context().run(flights.join, "key", int, clock).value

    leader = in_thread(lambda: flights.join("key", stopped, clock))
    assert at_work.wait(PATIENCE_S)
    follower = in_thread(lambda: flights.join("key", read, clock))
    clock.asked()
    go.set()
    assert isinstance(leader.exception(PATIENCE_S), KeyboardInterrupt)
    assert follower.result(PATIENCE_S) == Joined(1, led=True)


def test_two_leaders_that_ask_for_each_other_do_not_wait_for_ever() -> None:
    """Each thread leads one key and asks for the other's: both make what they ask for themselves."""
    flights, clock = Flights(), SystemClock()

    def use(number: int) -> list[bool]:
        mine, other = ("a", "b") if number % 2 else ("b", "a")
        led: list[bool] = []

        def read() -> int:
            led.append(flights.join(other, int, clock).led)
            return 1

        for _ in range(200):
            assert flights.join(mine, read, clock).value in (0, 1)
        return led

    assert all(one for some in hammer(use) for one in some)
    assert len(flights) == 0


@pytest.mark.anyio
async def test_tasks_and_threads_that_a_leader_starts_do_not_wait_for_it() -> None:
    """A read that is spread over tasks and threads of its own may ask for its own key in them."""
    flights, clock = Flights(), SystemClock()

    async def leaf() -> str:
        return "leaf"

    async def read() -> str:
        task = asyncio.create_task(flights.join_async("key", leaf, clock))
        inner = await asyncio.gather(task, asyncio.to_thread(flights.join, "key", str, clock))
        assert [one.led for one in inner] == [True, True]
        return "value"

    async with asyncio.timeout(PATIENCE_S):
        assert await flights.join_async("key", read, clock) == Joined("value", led=True)
    assert len(flights) == 0


@pytest.mark.anyio
async def test_a_task_of_an_inner_read_does_not_wait_for_the_outer_one() -> None:
    """Started by a read inside a read, it outlives the inner one, and the outer one waits for it."""
    flights, clock, go = Flights(), SystemClock(), asyncio.Event()

    async def leaf() -> str:
        return "leaf"

    async def later() -> bool:
        await go.wait()
        return (await flights.join_async("outer", leaf, clock)).led

    async def inner() -> asyncio.Task[bool]:
        return asyncio.create_task(later())

    async def outer() -> bool:
        task = (await flights.join_async("inner", inner, clock)).value
        go.set()
        return await task

    async with asyncio.timeout(PATIENCE_S):
        assert await flights.join_async("outer", outer, clock) == Joined(value=True, led=True)
    assert _leading.get() == ()


@pytest.mark.anyio
async def test_a_read_inside_a_read_can_be_followed() -> None:
    """What a leader asks for under another key leads a flight that others may join."""
    crew = Crew()
    inner_end: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def inner() -> str:
        return await inner_end

    async def outer() -> str:
        return (await crew.flights.join_async("inner", inner, crew.clock)).value

    leader = asyncio.create_task(crew.flights.join_async("outer", outer, crew.clock))
    await turns()
    follower = asyncio.create_task(crew.flights.join_async("inner", inner, crew.clock))
    await turns()
    assert len(crew.flights) == 2
    inner_end.set_result("value")
    assert [await leader, await follower] == [Joined("value", led=True), Joined("value", led=False)]


@pytest.mark.anyio
async def test_a_task_that_outlives_its_leader_follows_again() -> None:
    """Started by a read that is long over, it may wait for others; and it keeps nothing of what was asked."""
    crew, go = Crew(), asyncio.Event()

    class Argument:
        """What was asked for."""

    argument = Argument()
    held = ref(argument)

    async def later() -> Joined[str]:
        await go.wait()
        return await crew.flights.join_async("key", lambda: crew._read(9), crew.clock)

    async def read() -> asyncio.Task[Joined[str]]:
        return asyncio.create_task(later())

    task = (await crew.flights.join_async(("key", argument), read, crew.clock)).value
    del argument
    gc.collect()
    assert held() is None
    [leader] = await crew.callers(1)
    go.set()
    await turns()
    crew.ends[0].set_result("value")
    await leader
    assert await task == Joined("value", led=False)
