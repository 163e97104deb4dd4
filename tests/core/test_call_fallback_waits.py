"""Owns that nobody hangs who waits for a source that another call asks: cuts, cancels, deadlines and circles."""

from __future__ import annotations

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from threading import Barrier
from typing import TYPE_CHECKING

import pytest

import switchgear as sg
from tests.core.callkit import turns
from tests.core.fallback_kit import (
    LOST,
    MANY,
    PATIENCE_S,
    Desk,
    Line,
    Waits,
    begun,
    guard_of,
    lost,
    lost_later,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.core.callkit import Calls


@pytest.fixture
def waits(sync_calls: Calls, monkeypatch: pytest.MonkeyPatch) -> Waits:
    """The threads that wait; time passes only where a test moves it."""
    return Waits(sync_calls.clock, monkeypatch)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Threads to call from."""
    with ThreadPoolExecutor(2 * MANY) as made:
        yield made


def test_when_the_task_that_asks_is_cancelled_another_asks(async_calls: Calls) -> None:
    """Nobody hangs with it, and nobody is cancelled but it."""
    line = Line()
    guard = guard_of(async_calls, line.price)

    async def scene() -> list[object]:
        first, *others = await begun(guard, 4)
        first.cancel()
        await turns()
        assert first.cancelled()
        assert len(line.asked) == 2
        line.answers[1].set_result("second")
        return [served.value for served in await asyncio.gather(*others)]

    assert async_calls.run(scene()) == ["second"] * 3
    assert len(line.asked) == 2


def test_when_the_thread_that_asks_is_interrupted_another_asks(
    sync_calls: Calls, waits: Waits, pool: ThreadPoolExecutor
) -> None:
    """Ctrl-C ends one call; the others get a value."""
    desk = Desk()
    guard = guard_of(sync_calls, desk.price)
    futures = [pool.submit(guard.call_sync, lost) for _ in range(3)]
    waits.until(2)
    desk.answer(KeyboardInterrupt(), "second")
    ends = [future.exception(PATIENCE_S) or future.result() for future in futures]
    assert sorted(map(type, ends), key=str) == sorted([KeyboardInterrupt, str, str], key=str)
    assert len(desk.asked) == 2


def test_a_task_waits_no_longer_than_its_layer_has(async_calls: Calls) -> None:
    """It goes on to the next; whoever asks goes on asking, and the others go on waiting."""
    line = Line()
    patient = guard_of(async_calls, line.price)
    hasty = guard_of(async_calls, [sg.source(line.price, timeout_s=2), sg.static("static")])

    async def scene() -> list[object]:
        tasks = await begun(patient, 1) + await begun(hasty, 1) + await begun(patient, 1)
        async_calls.clock.advance(2)
        second = (await tasks[1]).value
        line.answers[0].set_result("first")
        return [(await tasks[0]).value, second, (await tasks[2]).value]

    assert async_calls.run(scene()) == ["first", "static", "first"]
    assert len(line.asked) == 1


def test_a_task_waits_no_longer_than_its_deadline(async_calls: Calls) -> None:
    """What began to wait late in its time ends with its own error; a call that began later has the value."""
    line = Line()
    guard = guard_of(async_calls, line.price, deadline_s=3)

    async def slow() -> None:
        await async_calls.clock.sleep_async(1)
        raise LOST

    async_calls.clock.autojump = False

    async def scene() -> tuple[object, object]:
        second = asyncio.ensure_future(guard.call(slow))
        await turns()
        async_calls.clock.advance(0.5)
        first, *_ = await begun(guard, 1)
        async_calls.clock.advance(0.5)
        await turns()
        async_calls.clock.advance(2)  # the deadline of the second
        await turns()
        assert isinstance(second.exception(), ConnectionResetError)
        line.answers[0].set_result("value")
        return (await first).value, len(line.asked)

    assert async_calls.run(scene()) == ("value", 1)


def test_a_thread_waits_no_longer_than_its_layer_has(
    sync_calls: Calls, waits: Waits, pool: ThreadPoolExecutor
) -> None:
    """A function cannot be cut in a thread, but waiting for another's answer can."""
    desk = Desk()
    patient = guard_of(sync_calls, desk.price)
    hasty = guard_of(sync_calls, [sg.source(desk.price, timeout_s=2), sg.static("static")])
    first = pool.submit(patient.call_sync, lost)
    desk.wait()
    second = pool.submit(hasty.call_sync, lost)
    waits.until(1)
    sync_calls.clock.advance(2)
    assert second.result(PATIENCE_S) == "static"
    (failed,) = sync_calls.told(sg.FallbackFailed)
    assert failed.error.endswith("did not end within 2 s")
    desk.answer("first")
    assert first.result(PATIENCE_S) == "first"
    assert len(desk.asked) == 1


def test_when_whoever_asks_has_less_time_the_others_ask_anew(async_calls: Calls) -> None:
    """A short layer's cut is not the end of those that have longer."""
    line = Line()
    hasty = guard_of(async_calls, [sg.source(line.price, timeout_s=2), sg.static("static")])
    patient = guard_of(async_calls, sg.source(line.price, timeout_s=9))

    async def scene() -> list[object]:
        tasks = await begun(hasty, 1) + await begun(patient, 2)
        async_calls.clock.advance(2)
        await turns(10)
        line.answers[1].set_result("second")
        return [served.value for served in await asyncio.gather(*tasks)]

    assert async_calls.run(scene()) == ["static", "second", "second"]
    assert len(line.asked) == 2


def test_a_source_that_needs_itself_does_not_wait_for_itself(calls: Calls) -> None:
    """It calls the guard whose fallback it is, with the same arguments: the inner call asks alone."""
    depth: list[int] = []

    def plain() -> object:
        depth.append(1)
        return guard.call_sync(lost) if len(depth) == 1 else "inner"

    async def later() -> object:
        depth.append(1)
        # From a task of its own: it is still this call that everybody waits for.
        return await asyncio.ensure_future(guard.call(lost_later)) if len(depth) == 1 else "inner"

    guard = guard_of(calls, later if calls.is_async else plain)
    assert calls.call(guard, lost) == "inner"
    assert len(depth) == 2


_inner: ContextVar[bool] = ContextVar("inner", default=False)


def test_two_exchanges_that_stand_in_for_each_other_do_not_wait_for_each_other(
    sync_calls: Calls, pool: ThreadPoolExecutor
) -> None:
    """Each asks for others, and within that needs what the other asks for: neither holds the other up."""
    both = Barrier(2, timeout=PATIENCE_S)

    def through(other: str) -> Callable[[], object]:
        def ask() -> object:
            if _inner.get():
                return other
            _inner.set(True)
            both.wait()
            value = guards[other].call_sync(lost)
            both.wait()
            return value

        return ask

    names = ("binance", "coinbase")
    guards = {
        name: sync_calls.gear.guarded(name, "get_price", fallback=through(other), retries=0)
        for name, other in zip(names, reversed(names), strict=True)
    }
    futures = [pool.submit(guards[name].call_sync, lost) for name in names]
    assert [future.result(PATIENCE_S) for future in futures] == ["binance", "coinbase"]


def test_a_loop_is_never_held_up_by_a_thread(async_calls: Calls, pool: ThreadPoolExecutor) -> None:
    """A thread asks; a task that needs the same plain function calls it, as it would alone."""
    desk, value = Desk(), "of the task"
    loops: list[object] = []

    def price() -> object:
        if loops:
            return value
        return desk.price()

    guard = guard_of(async_calls, price)
    first = pool.submit(guard.call_sync, lost)
    desk.wait()

    async def scene() -> object:
        loops.append(asyncio.get_running_loop())
        return await guard.call(lost_later), guard.call_sync(lost)

    assert async_calls.run(scene()) == (value, value)
    desk.answer("of the thread")
    assert first.result(PATIENCE_S) == "of the thread"


def test_each_loop_asks_for_itself(async_calls: Calls, pool: ThreadPoolExecutor) -> None:
    """What one loop runs cannot be awaited on another."""
    line = Line()
    guard = guard_of(async_calls, line.price)

    async def elsewhere() -> object:
        (task,) = await begun(guard, 1)
        line.answers[-1].set_result("elsewhere")
        return (await task).value

    async def scene() -> tuple[object, object]:
        (task,) = await begun(guard, 1)
        other = await asyncio.wrap_future(pool.submit(asyncio.run, elsewhere()))
        line.answers[0].set_result("here")
        return (await task).value, other

    assert async_calls.run(scene()) == ("here", "elsewhere")


def test_a_synchronous_call_cannot_join_tasks(async_calls: Calls) -> None:
    """The source is asynchronous, said as ever; the coroutine that nobody awaits is ended, and the task goes on."""
    line = Line()
    guard = guard_of(async_calls, sg.source(lambda: line.price("BTC"), name="line"))

    async def scene() -> object:
        (task,) = await begun(guard, 1)
        with pytest.raises(ConnectionResetError):
            guard.call_sync(lost)
        line.answers[0].set_result("value")
        return (await task).value

    assert async_calls.run(scene()) == "value"
    (failed,) = async_calls.told(sg.FallbackFailed)
    assert "line is asynchronous, the call is not; nothing of it ran" in failed.error


def test_a_task_that_a_source_gives_is_under_way_already(async_calls: Calls) -> None:
    """It is awaited as it is: to leave it alone would lose what it comes to."""
    line = Line()
    guard = guard_of(async_calls, lambda: asyncio.ensure_future(line.price()))

    async def scene() -> list[object]:
        tasks = await begun(guard, 2)
        for number, answer in enumerate(line.answers):
            answer.set_result(number)
        return [served.value for served in await asyncio.gather(*tasks)]

    assert async_calls.run(scene()) == [0, 1]


def test_threads_without_end_each_get_a_value(sync_calls: Calls) -> None:
    """Switched as often as can be, no call misses the landing of its flight, and none gets an older answer."""
    before = sys.getswitchinterval()
    asked: list[int] = []

    def price() -> int:
        asked.append(1)
        return len(asked)

    guard = guard_of(sync_calls, price)

    def work(_: int) -> list[int]:
        return [guard.call_sync(lost) for _ in range(50)]

    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(MANY) as pool:
            found = list(pool.map(work, range(MANY)))
    finally:
        sys.setswitchinterval(before)
    assert all(values == sorted(values) for values in found)
    assert {value for values in found for value in values} <= set(range(1, len(asked) + 1))
