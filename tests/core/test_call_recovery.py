"""Owns the way back as whole calls meet it: the probes, the time that each has, and the ramp behind them."""

from __future__ import annotations

import asyncio
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

import switchgear as sg
from tests.core.callkit import Boom, Calls, HttpError
from tests.core.engine_kit import (
    REFUSED,
    RESET,
    Remote,
    begin,
    ends,
    is_straight,
    move,
    owed,
    passed,
    still,
    tokens,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["still"]

KEY = ("binance", "get_price")
OPEN, HALF, CLOSED = (
    sg.CircuitState.OPEN,
    sg.CircuitState.HALF_OPEN,
    sg.CircuitState.CLOSED,
)
TIGHT: dict[str, Any] = {"failure_threshold": 1, "reset_timeout_s": 5, "retries": 0}
"""Open after one failure, for five seconds."""
RAMP_S = 100


def probing(calls: Calls, **settings: Any) -> sg.Guarded:
    """A read whose circuit has been open for its time: the next call is a probe."""
    guard = calls.guard(**(TIGHT | settings))
    calls.error(guard, calls.answers(Boom()))
    calls.clock.advance(5)
    assert calls.state() is HALF
    return guard


def ramping(calls: Calls, **settings: Any) -> sg.Guarded:
    """A read whose probe has just succeeded."""
    guard = probing(calls, ramp_s=RAMP_S, **settings)
    calls.call(guard, int)
    return guard


# --------------------------------------------------------------------------------- the time of a probe


@pytest.mark.parametrize(
    ("timeout_s", "probe_timeout_s", "limit_s"), [(10, 2, 2), (None, 2, 2), (1, 2, 1), (3, None, 3)]
)
def test_a_probe_is_cut_after_its_own_time(
    still: Calls, timeout_s: float | None, probe_timeout_s: float | None, limit_s: float
) -> None:
    """The shorter of the two; a hung probe opens the circuit again that much sooner."""
    guard = probing(still, timeout_s=timeout_s, probe_timeout_s=probe_timeout_s)
    remote = Remote()

    async def scene() -> object:
        (call,) = await begin(guard.call(remote.read))
        await move(still, limit_s - 0.5)
        assert not call.done()
        await move(still, 0.5)
        assert call.done()
        return (await ends(call))[0]

    error = still.run(scene())
    assert isinstance(error, sg.AttemptTimeout)
    assert f"within {limit_s} s" in str(error)
    assert still.state() is OPEN
    assert owed(still) == {}


def test_what_is_no_probe_has_the_usual_time(still: Calls) -> None:
    """While closed, and again once the probe has closed it."""
    settings: dict[str, Any] = TIGHT | {
        "timeout_s": 8,
        "probe_timeout_s": 2,
        "failure_threshold": 2,
    }
    guard = still.guard(**settings)
    remote = Remote()

    async def hung() -> object:
        (call,) = await begin(guard.call(remote.read))
        await move(still, 7.5)
        assert not call.done()
        await move(still, 0.5)
        assert call.done()
        return (await ends(call))[0]

    assert isinstance(still.run(hung()), sg.AttemptTimeout)
    still.error(guard, still.answers(Boom()))
    still.clock.advance(5)
    still.call(guard, int)
    assert still.state() is CLOSED
    assert isinstance(still.run(hung()), sg.AttemptTimeout)


def test_a_block_that_is_a_probe_has_the_probes_time(still: Calls) -> None:
    """Cut where it waits."""
    guard = probing(still, timeout_s=10, probe_timeout_s=2)

    async def block() -> None:
        async with guard.attempt():
            await asyncio.Event().wait()

    async def scene() -> object:
        (task,) = await begin(block())
        await move(still, 2)
        assert task.done()
        return (await ends(task))[0]

    assert isinstance(still.run(scene()), TimeoutError)
    assert still.state() is OPEN


def test_a_probe_of_a_wider_circuit_has_the_probes_time(still: Calls) -> None:
    """The exchange is half-open: whichever method finds out about it is cut as a probe, by its own setting."""
    guard = still.guard(retries=0, timeout_s=10, probe_timeout_s=2, failure_threshold=None)
    still.gear.configure("binance", "@exchange", reset_timeout_s=5)
    for _ in range(3):
        still.error(guard, still.answers(REFUSED))
    still.clock.advance(5)
    remote = Remote()

    async def scene() -> object:
        (call,) = await begin(guard.call(remote.read))
        await move(still, 2)
        assert call.done()
        return (await ends(call))[0]

    assert isinstance(still.run(scene()), sg.AttemptTimeout)
    assert (
        still.gear.circuit("binance", "@exchange").state is HALF
    )  # of a method alone: no word of the exchange


def test_a_deadline_that_is_shorter_cuts_a_probe_as_a_deadline(still: Calls) -> None:
    """DeadlineExceeded, which proves nothing: the probe's place is free."""
    guard, remote = probing(still, timeout_s=10, probe_timeout_s=4, deadline_s=1), Remote()

    async def scene() -> object:
        (call,) = await begin(guard.call(remote.read))
        await move(still, 1)
        assert call.done()
        return (await ends(call))[0]

    assert isinstance(still.run(scene()), sg.DeadlineExceeded)
    assert still.state() is HALF
    assert still.call(guard, int) == 0


# ------------------------------------------------------------------------------------- several probes


@pytest.mark.parametrize("results", list(product([True, False], repeat=3)), ids=str)
def test_two_of_three_probes_decide(calls: Calls, results: Sequence[bool]) -> None:
    """Two successes close it, two failures open it, whichever come first; what comes later is no probe."""
    guard = probing(calls, probes=3, probes_to_close=2)
    good = bad = 0
    for is_good in results:
        assert calls.state() is HALF
        calls.do("try_call", guard, calls.answers("value" if is_good else Boom("again")))
        good, bad = good + is_good, bad + (not is_good)
        if 2 in (good, bad):
            break
    assert calls.state() is (CLOSED if good == 2 else OPEN)


def test_no_more_probes_are_out_than_allowed(still: Calls) -> None:
    """Ten calls at once, three probes: three are made, seven are told when to ask again."""
    guard, remote = probing(still, probes=3, probes_to_close=3, timeout_s=None), Remote()

    async def scene() -> list[object]:
        calls = await begin(*(guard.call(remote.read) for _ in range(10)))
        assert len(remote.out) == 3
        for number in range(3):
            assert still.state() is HALF
            remote.gives(number)
            await ends(calls[number])
        return await ends(*calls)

    found = still.run(scene())
    assert found[:3] == ["value"] * 3
    for error in found[3:]:
        assert isinstance(error, sg.CircuitOpenError)
        assert error.retry_after_s == pytest.approx(30)
        assert "probes are out" in error.reason
    assert still.state() is CLOSED


def test_a_probe_that_proves_nothing_does_not_count(calls: Calls) -> None:
    """Ignored errors between the others: it takes two real answers still, and each of them may be a refusal."""
    guard = probing(calls, probes=2, probes_to_close=2, ignore=LookupError)
    for error in (LookupError(), HttpError(404), LookupError()):
        calls.error(guard, calls.answers(error))
        assert calls.state() is HALF
    calls.error(guard, calls.answers(HttpError(404)))
    assert calls.state() is CLOSED


def test_a_probe_is_not_retried(calls: Calls) -> None:
    """One attempt finds out; the call ends with its error, and pays no token."""
    guard = probing(calls, probes=3, probes_to_close=1, retries=3)
    exchange = calls.answers(RESET)
    assert calls.error(guard, exchange) is RESET
    assert len(exchange.at_s) == 1
    assert tokens(calls) == 500


# ------------------------------------------------------------------------------------------- the ramp


@pytest.mark.parametrize(("into_s", "share"), [(0, 10), (10, 19), (25, 32.5), (50, 55), (90, 91)])
def test_a_ramp_lets_a_growing_share_through(calls: Calls, into_s: float, share: float) -> None:
    """Of 100 calls at one instant: 10 at its beginning, 55 half-way, 91 near its end; not by lot but exactly."""
    guard = ramping(calls)
    calls.clock.advance(into_s)
    assert passed(calls, guard) == pytest.approx(share, abs=1)
    view = calls.gear.circuit(*KEY)
    assert view.state is calls.metrics().circuit_state is HALF
    assert view.passing == pytest.approx(share / 100)
    assert calls.metrics().rejected_calls == pytest.approx(100 - share, abs=1)
    assert not is_straight(calls)


def test_a_ramp_ends_by_itself(calls: Calls) -> None:
    """Half-open until its last moment; then all pass, the state is closed, and the move is told."""
    guard = ramping(calls)
    calls.clock.advance(RAMP_S - 0.5)
    assert calls.state() is HALF
    calls.clock.advance(0.5)
    assert calls.state() is CLOSED
    assert passed(calls, guard) == 100
    assert is_straight(calls)
    moves = [(event.old, event.new) for event in calls.told(sg.CircuitMoved)]
    assert moves == [(CLOSED, OPEN), (OPEN, HALF), (HALF, HALF), (HALF, CLOSED)]


def test_the_share_grows_call_by_call_over_the_whole_ramp(calls: Calls) -> None:
    """Ten calls a second from end to end: just over half of the thousand are made, and never fewer than before."""
    guard, counts = ramping(calls), list[int]()
    for _ in range(10):
        count = 0
        for _ in range(100):
            count += passed(calls, guard, 1)
            calls.clock.advance(0.1)
        counts.append(count)
    assert counts == sorted(counts)
    assert sum(counts) == pytest.approx(550, abs=5)


def test_a_call_that_the_ramp_holds_back_is_told_why(calls: Calls) -> None:
    """CircuitOpenError with the share in words, and a time to ask again that does not lie behind the ramp."""
    guard = ramping(calls)
    calls.clock.advance(20)
    assert calls.call(guard, int) == 0
    error = calls.error(guard, int)
    assert isinstance(error, sg.CircuitOpenError)
    assert error.scope is sg.Scope.METHOD
    assert "28% of the calls pass" in error.reason
    assert error.retry_after_s is not None
    assert 0 < error.retry_after_s <= RAMP_S - 20


def test_failures_in_a_ramp_open_it_as_ever(calls: Calls) -> None:
    """Three in a row of those that passed: open, and the spell begins anew."""
    guard = ramping(calls)
    calls.guard(failure_threshold=3)
    calls.clock.advance(50)
    made, failures = 0, 0
    while calls.state() is HALF:
        made += 1
        error = calls.error(guard, calls.answers(Boom("still down")))
        failures += isinstance(error, Boom)
    assert failures == 3
    assert 4 <= made <= 7
    assert calls.state() is OPEN
    assert calls.gear.circuit(*KEY).openings == 2


def test_no_retry_is_made_in_a_ramp(calls: Calls) -> None:
    """Calls that it let through have one attempt each, and pay nothing; after it there are retries again."""
    guard = ramping(calls)
    calls.guard(failure_threshold=99, retries=3, retry_delay_s=0)
    calls.clock.advance(50)
    exchange = calls.answers(RESET)
    made = [calls.error(guard, exchange) for _ in range(20)]
    assert len(exchange.at_s) == sum(error is RESET for error in made) == pytest.approx(11, abs=1)
    assert (calls.metrics().retried_attempts, tokens(calls)) == (0, 500)
    calls.clock.advance(50)
    calls.error(guard, exchange)
    assert calls.metrics().retried_attempts == 3


def test_a_call_that_began_before_the_opening_says_nothing_in_the_ramp(still: Calls) -> None:
    """Its failure is of another era."""
    guard, remote = still.guard(ramp_s=RAMP_S, timeout_s=None, **TIGHT), Remote()

    async def scene() -> None:
        (late,) = await begin(guard.call(remote.read))
        await ends(*await begin(guard.call(still.function(still.answers(Boom())))))
        await move(still, 5)
        await ends(*await begin(guard.call(still.function(int))))
        assert still.state() is HALF
        remote.fails(0, Boom("late"))
        await ends(late)

    still.run(scene())
    assert still.state() is HALF


def test_the_ramp_of_an_exchange_holds_all_its_methods_back(calls: Calls) -> None:
    """Set for @exchange: half-way 55 of 100 calls pass, of whatever method; another exchange is not concerned."""
    calls.gear.configure("binance", "@exchange", ramp_s=RAMP_S, reset_timeout_s=5)
    guard, other = calls.guard(retries=0), calls.guard("get_time", retries=0)
    for _ in range(3):
        calls.error(guard, calls.answers(REFUSED))
    calls.clock.advance(5)
    calls.call(guard, int)
    assert calls.gear.circuit("binance", "@exchange").state is HALF
    calls.clock.advance(50)
    assert passed(calls, guard, 50) + passed(calls, other, 50) == pytest.approx(55, abs=1)
    error = next(
        one
        for one in (calls.do("try_call", other, int) for _ in range(9))
        if isinstance(one, sg.Err)
    )
    assert isinstance(error.error, sg.CircuitOpenError)
    assert error.error.scope is sg.Scope.EXCHANGE
    assert passed(calls, calls.gear.guarded("kraken", "get_price"), 20) == 20
