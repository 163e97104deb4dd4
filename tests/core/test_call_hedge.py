"""Owns hedging as whole calls meet it: which reads get a second attempt and when, and whose answer wins."""

from __future__ import annotations

import contextvars
from typing import Any

import pytest

import switchgear as sg
from switchgear.core.event import HedgeStarted
from tests.core.callkit import Boom, Calls, HttpError, turns
from tests.core.engine_kit import (
    LEARNT,
    RESET,
    TOKENS,
    Hedging,
    Remote,
    begin,
    ends,
    hedging,
    is_straight,
    move,
    owed,
    policy,
    standing,
    taught,
    tokens,
)

__all__ = ["hedging"]

KEY = ("binance", "get_price")


# --------------------------------------------------------------------------------- when one is made


def test_no_hedge_before_twenty_successes_are_known() -> None:
    """After nineteen nothing is known of its like; after the twentieth there is one."""
    calls = standing()
    hedging = Hedging(calls)
    hedging.learn(LEARNT - 1)

    async def scene(expected: int) -> None:
        remote = hedging.remote = Remote()
        call = await hedging.late(50)
        assert len(remote.out) == expected
        remote.gives(0)
        await ends(call)

    calls.run(scene(1))
    calls.run(scene(2))
    calls.close()


def test_it_begins_at_the_percentile_and_not_before(hedging: Hedging) -> None:
    """Nineteen reads took a second, one took nine: at 0.95 that is one second, at 1 it is nine."""
    hedging.learn(19)  # of 39 now
    hedging.learn(1, 9)

    async def scene(after_s: float) -> None:
        hedging.remote = Remote()
        call = await hedging.late(after_s - 0.01)
        hedging.both_out(1)
        await move(hedging.calls, 0.01)
        hedging.both_out()
        hedging.remote.gives(0)
        await ends(call)

    hedging.calls.run(scene(1))
    hedging.guarded(hedge=1)
    hedging.calls.run(scene(9))
    events = hedging.calls.told(HedgeStarted)
    assert [event.after_s for event in events] == pytest.approx([1, 9])


def test_a_read_in_time_runs_alone_and_leaves_no_timer(hedging: Hedging) -> None:
    """Answered just before: no second attempt, and none when time goes on."""

    async def scene() -> object:
        call = await hedging.late(0.99)
        hedging.remote.gives(0)
        await turns()
        await move(hedging.calls, 60)
        hedging.both_out(1)
        return await call

    assert hedging.calls.run(scene()) == "value"
    assert hedging.calls.told(HedgeStarted) == []


@pytest.mark.parametrize(
    ("method", "effect"),
    [
        ("create_order", None),
        ("cancel_order", None),
        ("get_price", "trade"),
        ("get_price", "idempotent"),
    ],
)
def test_only_reads_are_hedged(method: str, effect: str | None) -> None:
    """Never an order, nor a cancel, nor what the settings call one, however late the answer is."""
    calls, remote = standing(), Remote()
    settings: dict[str, Any] = {} if effect is None else {"effect": effect}
    guard = calls.guard(method, hedge=0.95, timeout_s=None, **settings)
    taught(calls, guard)

    async def scene() -> None:
        (call,) = await begin(guard.call(remote.read))
        await move(calls, 300)
        assert len(remote.out) == 1
        remote.gives(0)
        await call

    calls.run(scene())
    assert calls.metrics(method).hedged_attempts == 0
    calls.close()


def test_a_block_is_not_hedged(hedging: Hedging) -> None:
    """It runs once, as its code does."""

    async def scene() -> None:
        async with hedging.guard.attempt():
            await move(hedging.calls, 60)

    hedging.calls.run(scene())
    assert hedging.calls.told(HedgeStarted) == []


def test_a_thread_is_not_hedged(sync_calls: Calls) -> None:
    """A synchronous call has one attempt, however long it takes; what it took is known to the others."""
    calls, ran = sync_calls, list[int]()
    guard = calls.guard(hedge=0.5)

    def slow() -> None:
        ran.append(1)
        calls.clock.advance(5)

    for _ in range(LEARNT + 1):
        calls.call(guard, slow)
    assert len(ran) == LEARNT + 1
    latency = policy(calls).latency
    assert latency is not None
    assert latency.percentile_s(0.5) == pytest.approx(5)


def test_the_straight_path_is_not_taken_while_reads_are_hedged(hedging: Hedging) -> None:
    """Its attempts could not be raced; without the setting it is open again, and what was known is forgotten."""
    assert not is_straight(hedging.calls)
    hedging.guarded(hedge=None)
    assert is_straight(hedging.calls)
    assert policy(hedging.calls).latency is None


def test_failures_say_nothing_of_how_long_a_read_takes(hedging: Hedging) -> None:
    """Reads that failed after a minute leave the percentile where it is."""

    def slow_failure() -> None:
        hedging.calls.clock.now_s += 60
        raise RESET

    for _ in range(2):
        hedging.calls.error(hedging.guard, slow_failure)
    latency = policy(hedging.calls).latency
    assert latency is not None
    assert latency.percentile_s(1) == pytest.approx(1)


# ------------------------------------------------------------------------------------------ who wins


@pytest.mark.parametrize("winner", [0, 1])
def test_the_first_answer_wins_and_the_other_is_cut(hedging: Hedging, winner: int) -> None:
    """One value, one call, one success; the loser is cancelled, settled neutral, and owes nothing."""

    async def scene() -> object:
        call = await hedging.late()
        hedging.both_out()
        hedging.remote.gives(winner, f"of {winner}")
        return await call

    assert hedging.calls.run(scene()) == f"of {winner}"
    assert hedging.remote.cut == [1 - winner]
    metrics = hedging.calls.metrics()
    assert (metrics.total_calls, metrics.success_calls) == (LEARNT + 1, LEARNT + 1)
    assert (metrics.hedged_attempts, metrics.retried_attempts) == (1, 0)
    assert hedging.calls.gear.circuit(*KEY).failures == 0
    assert owed(hedging.calls) == {}


def test_a_hedge_is_told_with_its_call(hedging: Hedging) -> None:
    """HedgeStarted has the call's id and how long the first had been out; the call is told as one attempt."""

    async def scene() -> None:
        call = await hedging.late()
        hedging.remote.gives(1)
        await call

    hedging.calls.run(scene())
    (event,) = hedging.calls.told(HedgeStarted)
    succeeded = hedging.calls.told(sg.CallSucceeded)[-1]
    assert event.key == sg.Key.of(*KEY)
    assert event.after_s == pytest.approx(1)
    assert event.call_id == succeeded.call_id
    assert succeeded.duration_s == pytest.approx(1)


@pytest.mark.parametrize("loser", [0, 1])
@pytest.mark.parametrize(("error", "failures"), [(RESET, 1), (Boom("?"), 1), (HttpError(404), 0)])
def test_the_losers_own_error_is_charged(
    hedging: Hedging, loser: int, error: Exception, failures: int
) -> None:
    """It failed before the other won: a failure counts, a refusal is an answer; the caller has the value."""
    hedging.guarded(failure_rate=1, minimum_calls=1000)

    async def scene() -> object:
        call = await hedging.late()
        hedging.remote.fails(loser, error)
        await turns()
        assert not call.done()
        hedging.remote.gives(1 - loser)
        return await call

    assert hedging.calls.run(scene()) == "value"
    window = hedging.calls.gear.circuit(*KEY).window
    assert window is not None
    assert (window.calls, window.failures) == (2, failures)
    assert owed(hedging.calls) == {}


def test_both_fail_and_the_first_ones_error_goes_up(hedging: Hedging) -> None:
    """Whichever failed first in time: the call's error is that of the attempt it began with; each is charged."""

    async def scene(order: tuple[int, int]) -> object:
        hedging.remote = Remote()
        call = await hedging.late()
        errors = [ConnectionResetError("of the first"), ConnectionResetError("of the second")]
        for number in order:
            hedging.remote.fails(number, errors[number])
            await turns()
        assert (await ends(call))[0] is errors[0]
        return None

    hedging.guarded(failure_threshold=5)
    hedging.calls.run(scene((0, 1)))
    assert hedging.calls.gear.circuit(*KEY).failures == 2
    hedging.calls.run(scene((1, 0)))
    assert hedging.calls.gear.circuit(*KEY).failures == 4
    assert hedging.calls.metrics().failed_calls == 2
    assert owed(hedging.calls) == {}


def test_a_first_that_fails_leaves_the_second_to_decide(hedging: Hedging) -> None:
    """The call goes on while one of the two is out, and has its value without a retry."""
    hedging.guarded(retries=3)

    async def scene() -> object:
        call = await hedging.late()
        hedging.remote.fails(0)
        await turns()
        assert not call.done()
        hedging.remote.gives(1)
        return await call

    assert hedging.calls.run(scene()) == "value"
    assert hedging.calls.metrics().retried_attempts == 0


def test_a_first_that_fails_early_is_retried_and_the_retry_can_be_hedged(hedging: Hedging) -> None:
    """A failure before its time begins no hedge; the second attempt of the call may have one."""
    hedging.guarded(retries=1, retry_delay_s=0)

    async def scene() -> object:
        (call,) = await begin(hedging.guard.call(hedging.remote.read))
        hedging.remote.fails(0)
        await turns()
        hedging.both_out(2)
        await move(hedging.calls, 1)
        hedging.both_out(3)
        hedging.remote.gives(2)
        return await call

    assert hedging.calls.run(scene()) == "value"
    metrics = hedging.calls.metrics()
    assert (metrics.retried_attempts, metrics.hedged_attempts) == (1, 1)
    assert tokens(hedging.calls) == TOKENS
    assert owed(hedging.calls) == {}


def test_each_attempt_has_the_callers_context(hedging: Hedging) -> None:
    """A context variable that the caller set is seen by both."""
    variable = contextvars.ContextVar("variable", default="unset")
    seen: list[str] = []

    async def read() -> object:
        seen.append(variable.get())
        return await hedging.remote.read()

    async def caller() -> object:
        variable.set("the caller's")
        return await hedging.guard.call(read)

    async def scene() -> None:
        (call,) = await begin(caller())
        await move(hedging.calls, 1)
        hedging.remote.gives(0)
        await call

    hedging.calls.run(scene())
    assert seen == ["the caller's", "the caller's"]


def test_an_attempt_that_is_cut_by_its_timeout_leaves_the_other(hedging: Hedging) -> None:
    """The first is over after timeout_s; the second, which began later, may still answer."""
    hedging.guarded(timeout_s=3)

    async def scene() -> object:
        call = await hedging.late()
        await move(hedging.calls, 2)
        assert hedging.remote.cut == [0]
        assert not call.done()
        hedging.remote.gives(1)
        return await call

    assert hedging.calls.run(scene()) == "value"
    assert owed(hedging.calls) == {}


def test_both_cut_by_their_timeouts_end_the_call_as_one_timeout(hedging: Hedging) -> None:
    """AttemptTimeout as without a hedge; one failed call, and a failure for each attempt."""
    hedging.guarded(timeout_s=3)

    async def scene() -> object:
        call = await hedging.late()
        await move(hedging.calls, 2)
        await move(hedging.calls, 1)
        return (await ends(call))[0]

    error = hedging.calls.run(scene())
    assert isinstance(error, sg.AttemptTimeout)
    assert "within 3 s" in str(error)
    assert hedging.calls.gear.circuit(*KEY).failures == 2
    assert hedging.calls.metrics().failed_calls == 1
    assert owed(hedging.calls) == {}
