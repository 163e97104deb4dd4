"""Owns the tests of the bulkhead move by move: slots, the line, and every way to leave it; crowds are elsewhere."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
from typing import TYPE_CHECKING, NoReturn

import pytest

from switchgear.core.policy.bulkhead import Bulkhead, Place
from switchgear.testing import FakeClock
from tests.core.callkit import turns
from tests.core.policy.crowd import PATIENCE_S, WatchedClock, in_thread

if TYPE_CHECKING:
    from threading import Event


def full(most: int = 1, lines_max: int = 10_000) -> Bulkhead:
    """A bulkhead whose slots are all taken."""
    bulkhead = Bulkhead(most, lines_max)
    assert all(bulkhead.enter() for _ in range(most))
    assert not bulkhead.enter()
    return bulkhead


def queued(bulkhead: Bulkhead) -> Place:
    """A place at the end of its line."""
    place = bulkhead.line()
    assert place is not None
    return place


def has_slot(place: Place) -> bool:
    """Whether there is a slot for it at this instant; without one it leaves the line."""
    return place.wait(FakeClock(), 0)


async def started(
    bulkhead: Bulkhead, clock: FakeClock, limit_s: float | None = None
) -> asyncio.Task[bool]:
    """A task that waits at the end of the line."""
    task = asyncio.create_task(queued(bulkhead).wait_async(clock, limit_s))
    await turns(1)
    return task


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


@pytest.mark.anyio
async def test_tasks_are_woken_in_order() -> None:
    """Three tasks in line have the slot one after the other, each before anybody who comes later."""
    bulkhead, clock = full(), FakeClock()
    tasks = [await started(bulkhead, clock) for _ in range(3)]
    for number, task in enumerate(tasks):
        bulkhead.leave()
        assert not bulkhead.enter()
        assert await task is True
        assert [other.done() for other in tasks] == [True] * (number + 1) + [False] * (2 - number)


@pytest.mark.parametrize("limit_s", [0, -1.0])
@pytest.mark.anyio
async def test_no_time_is_no_wait(limit_s: float) -> None:
    """A task with no time to wait has its answer in the same turn."""
    bulkhead, clock = full(), FakeClock()
    turned: list[int] = []
    asyncio.get_running_loop().call_soon(turned.append, 1)
    assert await queued(bulkhead).wait_async(clock, limit_s) is False
    place = queued(bulkhead)
    bulkhead.leave()
    assert await place.wait_async(clock, limit_s) is True
    assert turned == []


@pytest.mark.anyio
async def test_a_task_that_times_out_leaves_the_line() -> None:
    """Its time is over at its limit, not before; the slot that comes later is the next one's."""
    bulkhead, clock = full(), FakeClock(autojump=False)
    early, late = await started(bulkhead, clock, 3), await started(bulkhead, clock, 4)
    clock.advance(2.9)
    await turns()
    assert not early.done()
    clock.advance(0.1)
    assert await early is False
    assert bulkhead.waiting == 1
    bulkhead.leave()
    assert await late is True


@pytest.mark.parametrize("slot_first", [True, False])
@pytest.mark.anyio
async def test_a_task_whose_time_is_over_as_its_slot_comes_has_it(slot_first: bool) -> None:
    """Both in one turn, in either order: it is in time, and the slot is not lost between the two."""
    bulkhead, clock = full(), FakeClock(autojump=False)
    task = await started(bulkhead, clock, 3)
    if slot_first:
        bulkhead.leave()
    clock.advance(3)
    if not slot_first:
        bulkhead.leave()
    assert await task is True
    assert bulkhead.in_flight == 1


@pytest.mark.parametrize("given", [False, True])
@pytest.mark.anyio
async def test_a_task_that_is_cancelled_passes_its_slot_on(given: bool) -> None:
    """Cancelled while it waits, or after a slot came and before it ran: the next in line has it."""
    bulkhead, clock = full(), FakeClock(autojump=False)
    early, late = await started(bulkhead, clock, 3), await started(bulkhead, clock)
    if given:
        bulkhead.leave()
    early.cancel()
    with pytest.raises(asyncio.CancelledError):
        await early
    if not given:
        assert bulkhead.waiting == 1
        bulkhead.leave()
    assert await late is True
    assert (bulkhead.in_flight, bulkhead.waiting) == (1, 0)
    clock.advance(10)  # its timer was called off, or finds nothing to do


@pytest.mark.anyio
async def test_all_who_have_slots_and_are_cancelled_pass_them_on_to_the_last() -> None:
    """A limit raised by three wakes three, all are cancelled before they run: the other three have the slots."""
    bulkhead, clock = full(), FakeClock()
    tasks = [await started(bulkhead, clock) for _ in range(6)]
    bulkhead.most = 4
    for task in tasks[:3]:
        task.cancel()
    assert await asyncio.gather(*tasks[3:]) == [True] * 3
    assert [task.cancelled() for task in tasks[:3]] == [True] * 3
    assert bulkhead.in_flight == 4


@pytest.mark.anyio
async def test_a_coroutine_that_is_thrown_away_passes_its_slot_on() -> None:
    """Nobody awaits it any more: closed, or collected, it leaves the line and gives back what came to it."""
    bulkhead, clock = full(), FakeClock()
    closed = queued(bulkhead).wait_async(clock)
    closed.send(None)
    collected = queued(bulkhead).wait_async(clock)
    collected.send(None)
    late = await started(bulkhead, clock)
    closed.close()
    assert bulkhead.waiting == 2
    bulkhead.leave()
    del collected
    gc.collect()
    assert await late is True


def test_a_thread_wakes_a_task() -> None:
    """A slot that is left in a thread wakes the loop that sleeps in its selector."""
    bulkhead, clock = full(), WatchedClock()

    async def wait() -> bool:
        return await queued(bulkhead).wait_async(clock, 5)

    waits = in_thread(lambda: asyncio.run(wait()))
    clock.timed()
    bulkhead.leave()
    assert waits.result(PATIENCE_S) is True
    assert bulkhead.in_flight == 1


def test_a_clock_moved_in_another_thread_ends_the_wait_of_a_task() -> None:
    """A test may move its clock where it likes: the loop is woken in the way that threads may."""
    bulkhead, clock = full(), WatchedClock()

    async def wait() -> bool:
        return await queued(bulkhead).wait_async(clock, 5)

    waits = in_thread(lambda: asyncio.run(wait()))
    clock.timed()
    clock.advance(5)
    assert waits.result(PATIENCE_S) is False
    assert bulkhead.waiting == 0


def test_threads_and_tasks_of_two_loops_stand_in_one_line() -> None:
    """A thread, a task of one loop, a task of another, a thread: the slots come in this order."""
    bulkhead, clock = full(), FakeClock()
    order: list[str] = []
    loops = [asyncio.new_event_loop(), asyncio.new_event_loop()]
    running = [in_thread(loop.run_forever) for loop in loops]

    def note(name: str, place: Place) -> None:
        assert place.wait(clock)
        order.append(name)
        bulkhead.leave()

    async def note_async(name: str, place: Place) -> None:
        assert await place.wait_async(clock)
        order.append(name)
        bulkhead.leave()

    places = [queued(bulkhead) for _ in range(6)]
    done = [
        in_thread(lambda: note("thread", places[0])),
        asyncio.run_coroutine_threadsafe(note_async("one", places[1]), loops[0]),
        asyncio.run_coroutine_threadsafe(note_async("two", places[2]), loops[1]),
        in_thread(lambda: note("thread again", places[3])),
        asyncio.run_coroutine_threadsafe(note_async("one again", places[4]), loops[0]),
        in_thread(lambda: note("last", places[5])),
    ]
    bulkhead.leave()
    for future in done:
        future.result(PATIENCE_S)
    assert order == ["thread", "one", "two", "thread again", "one again", "last"]
    assert (bulkhead.in_flight, bulkhead.waiting) == (0, 0)
    for loop, end in zip(loops, running, strict=True):
        loop.call_soon_threadsafe(loop.stop)
        end.result(PATIENCE_S)
        loop.close()


def abandoned(bulkhead: Bulkhead, count: int) -> list[object]:
    """The coroutines of as many tasks that wait on a loop that is closed under them."""
    loop = asyncio.new_event_loop()
    waits = [queued(bulkhead).wait_async(FakeClock()) for _ in range(count)]

    async def begin() -> None:
        for wait in waits:
            wait.send(None)

    loop.run_until_complete(begin())
    loop.close()
    return [*waits]


@pytest.mark.slow  # more of them than Python lets calls be nested
@pytest.mark.parametrize("count", [1, 2, 3_000])
def test_who_waited_on_a_closed_loop_is_passed_over(count: int) -> None:
    """Leaving does not break; the slot goes to the first who can still hear, through as many as there are."""
    bulkhead = full()
    gone = abandoned(bulkhead, count)
    late = queued(bulkhead)
    assert bulkhead.waiting == count + 1
    bulkhead.leave()
    assert (bulkhead.in_flight, bulkhead.waiting) == (1, 0)
    assert has_slot(late)
    bulkhead.leave()
    del gone
    gc.collect()
    assert bulkhead.in_flight == 0


def test_with_nobody_left_but_those_of_a_closed_loop_the_slot_is_free() -> None:
    """The slot that nobody takes is there for who comes next."""
    bulkhead = full()
    gone = abandoned(bulkhead, 2)
    bulkhead.leave()
    assert (bulkhead.in_flight, bulkhead.waiting) == (0, 0)
    assert bulkhead.enter()
    del gone
    gc.collect()
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
