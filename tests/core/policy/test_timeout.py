"""Owns the proof that Cut is as correct under cancellation as asyncio.timeout: both run each scene, side by side."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from switchgear.core.clock import SystemClock
from switchgear.core.policy.timeout import Cut
from switchgear.testing import FakeClock
from tests.core.callkit import turns

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

FAR_S = 3600.0


async def hang() -> None:
    """Wait for ever."""
    await asyncio.Event().wait()


def itself() -> asyncio.Task[Any]:
    """The running task."""
    task = asyncio.current_task()
    assert task is not None
    return task


async def hangs(make: Any) -> None:
    """The body waits, and is cut."""
    async with make(0):
        await hang()


async def does_not_wait(make: Any) -> str:
    """The body is over before a timer can fire."""
    async with make(0):
        value = "value"
    await turns()
    return value


async def swallows(make: Any) -> str:
    """The body catches its cancellation and goes on."""
    async with make(0):
        with suppress(asyncio.CancelledError):
            await hang()
        return "kept on"
    raise AssertionError


async def raises_its_own(make: Any) -> None:
    """The body turns its cancellation into another error."""
    async with make(0):
        try:
            await hang()
        except asyncio.CancelledError:
            raise ValueError("own") from None


async def raises_before(make: Any) -> None:
    """The body fails before its time is over."""
    async with make(FAR_S):
        raise ValueError("own")


async def cancelled_before(make: Any) -> None:
    """Somebody outside cancels before the time is over."""
    asyncio.get_running_loop().call_soon(itself().cancel)
    async with make(FAR_S):
        await hang()


async def cancelled_in_the_same_turn(make: Any) -> None:
    """Somebody outside cancels in the turn in which the time is over, and comes first."""
    asyncio.get_running_loop().call_soon(itself().cancel)
    async with make(0):
        await hang()


async def cancelled_while_cleaning_up(make: Any) -> None:
    """Cut; while the body cleans up, somebody outside cancels."""
    async with make(0):
        try:
            await hang()
        finally:
            asyncio.get_running_loop().call_soon(itself().cancel)
            await turns()


async def time_over_while_cleaning_up(make: Any) -> None:
    """Cancelled from outside; while the body cleans up, its time is over too."""
    task = itself()
    async with make(
        0.005
    ):  # it must not come in the turn of the other one, which it would become one with
        task.cancel()
        try:
            await hang()
        finally:
            with suppress(asyncio.CancelledError):
                await hang()


async def cleans_up(make: Any) -> None:
    """Cut; the body awaits in its finally, undisturbed."""
    cleaned = list[str]()
    try:
        async with make(0):
            try:
                await hang()
            finally:
                await turns()
                cleaned.append("cleaned")
    finally:
        assert cleaned == ["cleaned"]


async def inside_another(make: Any) -> None:
    """Two of one kind, both over: the outer one says so."""
    async with make(0), make(FAR_S):
        await hang()


async def round_another(make: Any) -> str:
    """Two of one kind: the inner is over, the outer goes on."""
    async with make(FAR_S):
        with pytest.raises(TimeoutError):
            async with make(0):
                await hang()
        await turns()
        return "went on"
    raise AssertionError


async def both_over(make: Any) -> None:
    """Two of one kind end in one turn."""
    async with make(0), make(0):
        await hang()


async def inside_asyncio_timeout(make: Any) -> None:
    """asyncio.timeout stands outside and is over."""
    async with asyncio.timeout(0):
        async with make(FAR_S):
            await hang()


async def round_asyncio_timeout(make: Any) -> None:
    """asyncio.timeout stands inside and is over, and its error is the body's own."""
    async with make(FAR_S), asyncio.timeout(0):
        await hang()


async def in_a_task_that_was_cancelled(make: Any) -> None:
    """The task was asked to stop before and took no notice: the cut is told apart all the same."""
    itself().cancel()
    with suppress(asyncio.CancelledError):
        await turns()
    async with make(0):
        await hang()


async def with_a_task_group(make: Any) -> None:
    """A group of tasks in the body is cancelled and awaited."""
    async with make(0), asyncio.TaskGroup() as group:
        group.create_task(hang())
        group.create_task(hang())


async def sibling_fails(make: Any) -> None:
    """The body stands in a group, and another task of it fails."""

    async def fail() -> None:
        raise ValueError("sibling")

    async def work() -> None:
        async with make(FAR_S):
            await hang()

    async with asyncio.TaskGroup() as group:
        group.create_task(work())
        group.create_task(fail())


async def awaits_a_cancelled_task(make: Any) -> None:
    """The cancellation is of what the body waits for, not of the body."""
    other = asyncio.ensure_future(hang())
    asyncio.get_running_loop().call_soon(other.cancel)
    async with make(FAR_S):
        await other


async def own_timeout_error(make: Any) -> None:
    """The body raises a TimeoutError of its own."""
    async with make(FAR_S):
        raise TimeoutError("own")


async def closes_a_generator(make: Any) -> list[str]:
    """An asynchronous generator that the cut body iterates is closed properly."""
    seen = list[str]()

    async def numbers() -> AsyncGenerator[int, None]:
        try:
            yield 1
            await hang()
            yield 2
        finally:
            await turns()
            seen.append("closed")

    async def iterate() -> None:
        async with make(0):
            async for _ in numbers():
                seen.append("one")

    with pytest.raises(TimeoutError):
        await iterate()
    return seen


SCENES = [
    hangs,
    does_not_wait,
    swallows,
    raises_its_own,
    raises_before,
    cancelled_before,
    cancelled_in_the_same_turn,
    cancelled_while_cleaning_up,
    time_over_while_cleaning_up,
    cleans_up,
    inside_another,
    round_another,
    both_over,
    inside_asyncio_timeout,
    round_asyncio_timeout,
    in_a_task_that_was_cancelled,
    with_a_task_group,
    sibling_fails,
    awaits_a_cancelled_task,
    own_timeout_error,
    closes_a_generator,
]


async def _ending(scene: Callable[[Any], Awaitable[object]], make: Any) -> tuple[object, ...]:
    """What a scene came to: its value or error with its causes, and what is left of requests to cancel."""

    async def play() -> tuple[object, ...]:
        try:
            value = await scene(make)
        except BaseException as error:  # noqa: BLE001  the test compares it
            ending: tuple[object, ...] = (*_named(error), itself().cancelling())
        else:
            ending = (value, itself().cancelling())
        with suppress(asyncio.CancelledError):
            await turns()  # a request to cancel that was left behind would show here
            return (*ending, "goes on")
        return (*ending, "cancelled later")

    return await asyncio.ensure_future(play())


def _named(error: BaseException) -> tuple[object, ...]:
    cause = None if error.__cause__ is None else type(error.__cause__)
    return type(error), str(error), cause


@pytest.mark.anyio
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
async def test_a_cut_ends_each_scene_as_asyncio_timeout_does(
    scene: Callable[[Any], Awaitable[object]],
) -> None:
    """The same value or error with the same cause, and the same count of requests to cancel."""
    expected = await _ending(scene, asyncio.timeout)
    assert await _ending(scene, partial(Cut, SystemClock())) == expected


@pytest.mark.anyio
async def test_a_cut_says_whether_it_was_it() -> None:
    """`fired` is true of the one that was over, false of the one round it."""
    clock = SystemClock()
    outer, inner = Cut(clock, FAR_S), Cut(clock, 0)
    async with outer:
        with pytest.raises(TimeoutError):
            async with inner:
                await hang()
    assert (outer.fired, inner.fired) == (False, True)


@pytest.mark.anyio
async def test_a_body_that_moves_the_clock_itself_is_cut_where_it_next_waits() -> None:
    """As on a loop, where no timer fires while the body runs; and a body that ends first is not cut."""
    clock = FakeClock()
    async with Cut(clock, 1):
        clock.advance(5)
    await turns()

    async def late() -> None:
        async with Cut(clock, 1):
            clock.advance(5)
            await hang()

    with pytest.raises(TimeoutError):
        await late()
    assert itself().cancelling() == 0


def test_a_cut_outside_of_a_task_is_refused_in_words() -> None:
    """A coroutine that nobody made a task of has nothing that could be cancelled."""
    loop = asyncio.new_event_loop()
    said = list[str]()

    def step() -> None:
        entering = Cut(FakeClock(), 1).__aenter__()
        try:
            entering.send(None)
        except RuntimeError as error:
            said.append(str(error))
        loop.stop()

    loop.call_soon(step)
    loop.run_forever()
    loop.close()
    assert said == ["an attempt with a timeout must run inside an asyncio task"]
