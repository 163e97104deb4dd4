"""Owns who makes a read that calls share: who leads after whom, for how long, and that nobody waits for itself."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from functools import partial

import pytest

import switchgear as sg
from tests.core.callkit import Answers, Calls, turns
from tests.core.engine_kit import (
    Remote,
    begin,
    bulkhead,
    coalesced,
    ends,
    move,
    owed,
    still,
)
from tests.core.fallback_kit import PATIENCE_S, Desk, Waits
from tests.core.policy.crowd import in_thread

__all__ = ["still"]

MANY = 50


@pytest.fixture
def threads(sync_calls: Calls, monkeypatch: pytest.MonkeyPatch) -> tuple[Calls, Waits]:
    """Calls in threads, and how many of them wait."""
    return sync_calls, Waits(sync_calls.clock, monkeypatch)


# ------------------------------------------------------------------------------------ who leads, and how long


def test_callers_that_join_need_no_place_in_flight(still: Calls) -> None:
    """One place for fifty callers: none of them waits in its line, and none is rejected."""
    guard, remote = coalesced(still, max_in_flight=1, wait_s_max=0), Remote()

    async def scene() -> list[object]:
        calls = await begin(*(guard.call(remote.read) for _ in range(MANY)))
        assert (bulkhead(still).in_flight, bulkhead(still).waiting) == (1, 0)
        remote.gives(0, "price")
        return await ends(*calls)

    assert still.run(scene()) == ["price"] * MANY
    assert owed(still) == {}


def test_a_leader_that_waits_for_room_can_be_joined(still: Calls) -> None:
    """The flight begins with the call and not with the attempt: one place in line for all of them."""
    guard, busy, remote = coalesced(still, max_in_flight=1), Remote(), Remote()

    async def scene() -> list[object]:
        calls = await begin(guard.call(busy.read))
        calls += await begin(*(guard.call(remote.read) for _ in range(4)))
        assert bulkhead(still).waiting == 1
        busy.gives(0, "busy")
        await turns(10)
        remote.gives(0, "price")
        return await ends(*calls)

    assert still.run(scene()) == ["busy", *["price"] * 4]
    assert owed(still) == {}


def test_when_the_leader_is_cancelled_the_next_in_line_leads(still: Calls) -> None:
    """One attempt more, by the oldest that waits; the others stay with it, and nobody else is cancelled."""
    guard, remote = coalesced(still), Remote()

    async def scene() -> list[object]:
        calls = await begin(*(guard.call(remote.read) for _ in range(5)))
        calls[0].cancel()
        await turns(10)
        assert (len(remote.out), remote.cut) == (2, [0])
        calls[1].cancel()
        await turns(10)
        assert (len(remote.out), remote.cut) == (3, [0, 1])
        remote.gives(2, "price")
        return await ends(*calls)

    found = still.run(scene())
    assert [type(one) for one in found[:2]] == [asyncio.CancelledError] * 2
    assert found[2:] == ["price"] * 3
    metrics = still.metrics()
    assert (metrics.total_calls, metrics.cancelled_calls, metrics.joined_calls) == (3, 2, 2)
    assert owed(still) == {}


def test_a_caller_that_is_cancelled_takes_nobody_with_it(still: Calls) -> None:
    """It joined and left: the attempt goes on for the others, and nothing is told of it."""
    guard, remote = coalesced(still), Remote()

    async def scene() -> list[object]:
        calls = await begin(*(guard.call(remote.read) for _ in range(4)))
        calls[2].cancel()
        await turns()
        assert remote.cut == []
        remote.gives(0, "price")
        return await ends(*calls)

    found = still.run(scene())
    assert isinstance(found.pop(2), asyncio.CancelledError)
    assert found == ["price"] * 3
    assert still.metrics().joined_calls == 2
    assert owed(still) == {}


def test_all_cancelled_leave_nothing_behind(still: Calls) -> None:
    """Leader and all who joined at one instant: no flight, no attempt, no weight."""
    guard, remote = coalesced(still), Remote()

    async def scene() -> None:
        calls = await begin(*(guard.call(remote.read) for _ in range(5)))
        for call in calls:
            call.cancel()
        await ends(*calls)
        await turns(10)

    still.run(scene())
    assert len(remote.cut) == len(remote.out)
    assert owed(still) == {}


def test_ctrl_c_in_the_leading_thread_lets_another_lead(threads: tuple[Calls, Waits]) -> None:
    """KeyboardInterrupt is its own: the oldest thread that waits makes the read."""
    calls, waits = threads
    guard, desk = coalesced(calls), Desk()
    futures = [in_thread(partial(guard.call_sync, desk.price))]
    desk.wait()
    for _ in range(3):
        futures.append(in_thread(partial(guard.call_sync, desk.price)))
        waits.until(1)
    desk.answer(KeyboardInterrupt())
    assert isinstance(futures[0].exception(PATIENCE_S), KeyboardInterrupt)
    desk.wait()
    desk.answer("price")
    assert [future.result(PATIENCE_S) for future in futures[1:]] == ["price"] * 3
    assert len(desk.asked) == 2
    assert owed(calls) == {}


def test_a_caller_waits_no_longer_than_its_own_deadline(still: Calls) -> None:
    """It joined a read that takes longer: it is over at its deadline, and the read goes on for the others."""
    guard, remote = coalesced(still, deadline_s=10), Remote()

    async def scene() -> list[object]:
        calls = await begin(guard.call(remote.read))
        coalesced(still, deadline_s=1)
        calls += await begin(guard.call(remote.read))
        coalesced(still, deadline_s=None)
        calls += await begin(guard.call(remote.read))
        await move(still, 0.99)
        assert not calls[1].done()
        await move(still, 0.01)
        assert [call.done() for call in calls] == [False, True, False]
        remote.gives(0, "price")
        return await ends(*calls)

    first, second, third = still.run(scene())
    assert (first, third) == ("price", "price")
    assert isinstance(second, TimeoutError)
    assert owed(still) == {}


def test_a_thread_waits_no_longer_than_its_own_deadline(threads: tuple[Calls, Waits]) -> None:
    """The same between threads."""
    calls, waits = threads
    guard, desk = coalesced(calls, deadline_s=1), Desk()
    first = in_thread(partial(guard.call_sync, desk.price))
    desk.wait()
    second = in_thread(partial(guard.call_sync, desk.price))
    waits.until(1)
    calls.clock.advance(1)
    assert isinstance(second.exception(PATIENCE_S), sg.DeadlineExceeded)
    desk.answer("price")
    assert first.result(PATIENCE_S) == "price"


# ------------------------------------------------------------------------------- nothing waits for itself


def test_a_read_that_makes_the_same_read_does_not_wait_for_itself(still: Calls) -> None:
    """Nested with equal arguments: the inner one makes its own attempt, in a task of its own too."""
    guard, depth = coalesced(still), list[int]()

    async def read(symbol: str) -> str:
        depth.append(1)
        if len(depth) == 1:
            return await guard.call(read, symbol)
        if len(depth) == 2:
            return await asyncio.ensure_future(guard.call(read, symbol))
        return symbol

    assert still.run(guard.call(read, "BTC")) == "BTC"
    assert len(depth) == 3
    assert owed(still) == {}


def test_a_thread_that_makes_the_same_read_does_not_wait_for_itself(sync_calls: Calls) -> None:
    """The same in one thread."""
    guard, depth = coalesced(sync_calls), list[int]()

    def read(symbol: str) -> str:
        depth.append(1)
        return guard.call_sync(read, symbol) if len(depth) < 3 else symbol

    assert guard.call_sync(read, "BTC") == "BTC"
    assert len(depth) == 3
    assert owed(sync_calls) == {}


def test_two_reads_that_make_each_other_do_not_deadlock(still: Calls) -> None:
    """One key's read makes the other's while that one makes the first's: both end."""
    one, two = coalesced(still), coalesced(still, "get_depth")
    begun = list[str]()

    async def price() -> str:
        begun.append("price")
        is_outer = len(begun) <= 2
        await turns()
        return await two.call(depth) if is_outer else "price"

    async def depth() -> str:
        begun.append("depth")
        is_outer = len(begun) <= 2
        await turns()
        return await one.call(price) if is_outer else "depth"

    async def scene() -> list[str]:
        return list(await asyncio.gather(one.call(price), two.call(depth)))

    assert still.run(scene()) == ["depth", "price"]
    assert len(begun) == 4
    assert owed(still) == owed(still, "get_depth") == {}


def test_two_threads_whose_reads_make_each_other_do_not_deadlock(sync_calls: Calls) -> None:
    """The same between threads."""
    one, two = coalesced(sync_calls), coalesced(sync_calls, "get_depth")
    desk = Desk()

    def price() -> object:
        is_outer = len(desk.asked) < 2
        desk.price("price")
        return two.call_sync(depth) if is_outer else "price"

    def depth() -> object:
        is_outer = len(desk.asked) < 2
        desk.price("depth")
        return one.call_sync(price) if is_outer else "depth"

    futures: list[Future[object]] = []
    for guard, function in ((one, price), (two, depth)):
        futures.append(in_thread(partial(guard.call_sync, function)))
        desk.wait()
    desk.answer(*[None] * 4)
    assert [future.result(PATIENCE_S) for future in futures] == ["depth", "price"]
    assert sorted(map(str, desk.asked)) == ["depth", "depth", "price", "price"]


# --------------------------------------------------------------------------------- threads, tasks and loops


def test_a_synchronous_call_in_a_loops_thread_joins_nobody(still: Calls) -> None:
    """It could only block the loop: while a task's read is in flight it makes its own."""
    guard, remote = coalesced(still), Remote()
    answers: Answers = still.answers("own")

    async def read() -> object:
        return await remote.read()

    async def scene() -> object:
        (call,) = await begin(guard.call(read))
        assert guard.call_sync(answers) == "own"
        assert guard.call_sync(answers) == "own"
        remote.gives(0, "price")
        return await call

    assert still.run(scene()) == "price"
    assert len(answers.at_s) == 2
    assert still.metrics().joined_calls == 0


def test_a_loops_thread_is_not_joined_to_a_threads_read(threads: tuple[Calls, Waits]) -> None:
    """A thread has the read in flight; a synchronous call inside a loop makes its own at once."""
    calls, _ = threads
    guard, desk = coalesced(calls), Desk()
    first = in_thread(partial(guard.call_sync, desk.price))
    desk.wait()

    async def scene() -> object:
        desk.answer("price", "price")
        return guard.call_sync(desk.price)

    assert calls.run(scene()) == "price"
    assert first.result(PATIENCE_S) == "price"
    assert len(desk.asked) == 2


def test_tasks_of_another_loop_make_their_own_read(still: Calls) -> None:
    """A task waits for tasks of its own loop alone."""
    guard, remote, answers = coalesced(still), Remote(), still.answers("other loop")

    async def read(*_: object) -> object:
        return answers() if remote.out else await remote.read()

    def elsewhere() -> object:
        with asyncio.Runner() as runner:
            return runner.run(guard.call(read))

    async def scene() -> list[object]:
        (call,) = await begin(guard.call(read))
        other = await asyncio.wrap_future(in_thread(elsewhere))
        remote.gives(0, "this loop")
        return [await call, other]

    assert still.run(scene()) == ["this loop", "other loop"]
    assert still.metrics().joined_calls == 0
