"""Owns places in flight between two attempts of a call, round blocks, and what a caller without one is counted as."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import switchgear as sg
from tests.core.callkit import Boom, Calls, HttpError, turns
from tests.core.engine_kit import RESET, Remote, begin, bulkhead, ends, move, owed, policy, still

__all__ = ["still"]


def roomy(calls: Calls, **settings: Any) -> sg.Guarded:
    """A read with one place in flight, and no time limit."""
    return calls.guard(max_in_flight=1, timeout_s=None, **settings)


def test_a_call_that_waits_for_its_retry_holds_no_place(still: Calls) -> None:
    """Another call has it meanwhile; the retry stands in line like any attempt."""
    guard, remote = roomy(still, retries=1, retry_delay_s=2), Remote()

    async def scene() -> list[object]:
        calls = await begin(guard.call(remote.read, "first"))
        remote.fails(0)
        await turns()
        calls += await begin(guard.call(remote.read, "second"))
        assert remote.asked == [("first",), ("second",)]
        await move(still, 2)
        assert bulkhead(still).waiting == 1
        remote.gives(1, 1)
        await turns(10)
        assert remote.asked[2:] == [("first",)]
        remote.gives(2, 2)
        return await ends(*calls)

    assert still.run(scene()) == [2, 1]
    assert owed(still) == {}


def test_a_retry_that_finds_no_room_ends_the_call_with_its_real_error(still: Calls) -> None:
    """Not as rejected: it was admitted once."""
    guard, remote = roomy(still, retries=1, retry_delay_s=1, wait_s_max=3), Remote()

    async def scene() -> object:
        (call,) = await begin(guard.call(remote.read))
        remote.fails(0, RESET)
        await turns()
        (other,) = await begin(guard.call(remote.read))
        await move(still, 1)
        await move(still, 3)
        assert call.done()
        remote.gives(1)
        await other
        return (await ends(call))[0]

    assert still.run(scene()) is RESET
    metrics = still.metrics()
    assert (metrics.failed_calls, metrics.rejected_calls) == (1, 0)
    assert owed(still) == {}


def test_a_refusal_costs_no_failure(still: Calls) -> None:
    """Callers that found no place say nothing of the exchange."""
    guard, remote = roomy(still, wait_s_max=0, failure_threshold=1), Remote()

    async def scene() -> None:
        (call,) = await begin(guard.call(remote.read))
        refused = await ends(*await begin(*(guard.call(remote.read) for _ in range(5))))
        assert {type(error) for error in refused} == {sg.BulkheadFullError}
        remote.fails(0, HttpError(404))
        assert isinstance((await ends(call))[0], HttpError)

    still.run(scene())
    assert still.state() is sg.CircuitState.CLOSED


def test_a_cancelled_wait_is_no_call(still: Calls) -> None:
    """It was never admitted: neither counted as a call nor as rejected, and its place in line is gone."""
    guard, remote = roomy(still), Remote()

    async def scene() -> None:
        first, second, third = await begin(*(guard.call(remote.read) for _ in range(3)))
        second.cancel()
        await turns()
        assert bulkhead(still).waiting == 1
        remote.gives(0)
        await turns(10)
        remote.gives(1)
        ended = await ends(first, second, third)
        assert isinstance(ended[1], asyncio.CancelledError)
        assert (ended[0], ended[2]) == ("value", "value")

    still.run(scene())
    metrics = still.metrics()
    assert (metrics.total_calls, metrics.cancelled_calls, metrics.rejected_calls) == (2, 0, 0)
    assert owed(still) == {}


# ------------------------------------------------------------------------------------------ round blocks


def test_a_block_waits_in_line_for_its_place(still: Calls) -> None:
    """guard.attempt() where the place is taken: it waits like a call, has it when it comes, and gives it back."""
    guard, remote, seen = roomy(still), Remote(), list[int]()

    async def block() -> None:
        async with guard.attempt():
            seen.append(bulkhead(still).in_flight)

    async def scene() -> None:
        call, waiting = await begin(guard.call(remote.read), block())
        assert seen == []
        remote.gives(0)
        await turns(10)
        await ends(call, waiting)

    still.run(scene())
    assert seen == [1]
    assert owed(still) == {}


def test_a_block_that_is_cancelled_in_line_leaves_it(still: Calls) -> None:
    """The next in line has the place."""
    guard, remote = roomy(still), Remote()

    async def block() -> None:
        async with guard.attempt():
            raise AssertionError

    async def scene() -> None:
        call, waiting, last = await begin(guard.call(remote.read), block(), guard.call(remote.read))
        waiting.cancel()
        remote.gives(0)
        await turns(10)
        remote.gives(1)
        ended = await ends(call, waiting, last)
        assert isinstance(ended[1], asyncio.CancelledError)

    still.run(scene())
    assert owed(still) == {}


def test_a_block_that_finds_no_place_in_time_takes_none(sync_calls: Calls) -> None:
    """BulkheadFullError after wait_s_max; no place in line is left that would take one later."""
    guard, began_s = roomy(sync_calls), sync_calls.clock.now_s
    with guard.attempt(), pytest.raises(sg.BulkheadFullError), guard.attempt():
        pytest.fail("there was no place")
    assert sync_calls.clock.now_s == began_s + 5
    assert owed(sync_calls) == {}


def test_a_block_waits_for_weight(calls: Calls) -> None:
    """No room at the exchange's limit for three seconds: it begins when the minute is over."""
    guard, began_s = calls.guard(weight=4_000), list[float]()
    calls.clock.advance(57)
    calls.call(guard, int)

    async def block() -> None:
        async with guard.attempt():
            began_s.append(calls.clock.now_s)

    if calls.is_async:
        calls.run(block())
    else:
        with guard.attempt():
            began_s.append(calls.clock.now_s)
    assert began_s[0] >= 1_060
    assert owed(calls) == {}


def test_a_plain_block_in_a_loop_does_not_wait(still: Calls) -> None:
    """`with` in a loop's thread: WouldBlockLoop, and no place in line."""
    guard, remote = roomy(still), Remote()

    async def scene() -> None:
        (call,) = await begin(guard.call(remote.read))
        with pytest.raises(sg.WouldBlockLoop), guard.attempt():
            pytest.fail("there was no place")
        remote.gives(0)
        await call

    still.run(scene())
    assert owed(still) == {}


# ----------------------------------------------------------------------------- between two instants


def test_no_first_attempt_begins_at_the_deadline(sync_calls: Calls) -> None:
    """A thread whose place comes when its deadline is over does not send: least of all an order."""
    guard = sync_calls.gear.guarded("kraken", "create_order", max_in_flight=1, deadline_s=2)
    ((_, places),) = policy(sync_calls, "create_order", "kraken").bulkheads
    assert places.enter()
    sync_calls.clock.timer(2, places.leave)
    exchange = sync_calls.answers("booked")
    with pytest.raises((sg.BulkheadFullError, sg.DeadlineExceeded)):
        guard.call_sync(exchange)
    assert exchange.at_s == []
    assert (places.in_flight, places.waiting) == (0, 0)


def test_a_probe_that_is_due_between_two_looks_takes_its_place() -> None:
    """Whenever in a call the open time ends, what is let in has a place and has paid."""
    seen = list[object]()
    for look in range(12):
        calls = Calls("sync")
        settings: dict[str, Any] = {"failure_threshold": 1, "reset_timeout_s": 5, "retries": 0}
        guard = roomy(calls, fallback=sg.static("refused"), **settings)
        guard.call_sync(calls.answers(Boom()))
        calls.clock.advance(4.5)
        ends_at(calls, look)
        seen.append(guard.call_sync(taken, calls))
        assert owed(calls) == {}
        calls.close()
    assert set(seen) == {"refused", (1, 1)}


def ends_at(calls: Calls, look: int) -> None:
    """Have the open time be over once the clock was looked at so often."""
    real, looks = calls.clock.monotonic_s, list[int]()

    def creeping() -> float:
        now_s = real()
        looks.append(1)
        if len(looks) == look + 1:
            calls.clock.now_s += 0.5
        return now_s

    calls.clock.monotonic_s = creeping


def taken(calls: Calls) -> tuple[int, float]:
    """Places and weight that are out."""
    toll = policy(calls).toll
    assert toll is not None
    return bulkhead(calls).in_flight, toll.ledgers[0].pending
