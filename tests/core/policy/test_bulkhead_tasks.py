"""Owns the tests of tasks in the line of the bulkhead: cut off, thrown away, on several loops, on a closed one."""

from __future__ import annotations

import asyncio
import gc

import pytest

from switchgear.core.policy.bulkhead import Bulkhead, Place
from switchgear.testing import FakeClock
from tests.core.callkit import turns
from tests.core.policy.bulkheads import full, has_slot, queued, started
from tests.core.policy.crowd import PATIENCE_S, WatchedClock, in_thread


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
