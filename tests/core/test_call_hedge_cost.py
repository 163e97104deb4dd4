"""Owns what a hedge costs as whole calls meet it: tokens, weight, places and tickets, and that all of it comes back."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

import switchgear as sg
from switchgear.core.event import HedgeStarted, RetryWithheld
from switchgear.core.words import Kind
from tests.core.callkit import Boom, Calls, HttpError
from tests.core.engine_kit import (
    COST,
    LEARNT,
    TOKENS,
    Hedging,
    Remote,
    ban,
    begin,
    bulkhead,
    ends,
    hedging,
    hold,
    move,
    owed,
    policy,
    tokens,
)

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["hedging"]

KEY = ("binance", "get_price")
OPEN, HALF, CLOSED = (
    sg.CircuitState.OPEN,
    sg.CircuitState.HALF_OPEN,
    sg.CircuitState.CLOSED,
)


# -------------------------------------------------------------------------------------- what it costs


def test_a_hedge_that_wins_gives_its_tokens_back_and_one_that_loses_does_not(
    hedging: Hedging,
) -> None:
    """It is paid like a retry while it is out; a first that wins after all fills one token, as any does."""

    async def scene(winner: int) -> None:
        hedging.remote = Remote()
        call = await hedging.late()
        left = tokens(hedging.calls)
        assert left is not None
        seen.append(left)
        hedging.remote.gives(winner)
        await call

    seen: list[int] = []
    hedging.calls.run(scene(1))
    assert (seen, tokens(hedging.calls)) == ([TOKENS - COST], TOKENS)
    hedging.calls.run(scene(0))
    assert (seen[1:], tokens(hedging.calls)) == ([TOKENS - COST], TOKENS - COST + 1)


def test_an_empty_budget_makes_no_hedge_and_tells_no_retry(hedging: Hedging) -> None:
    """No tokens, no second attempt; the first goes on alone, and has its value."""
    hedging.calls.gear.configure("binance", retry_tokens=COST - 1)

    async def scene() -> object:
        call = await hedging.late(60)
        hedging.both_out(1)
        hedging.remote.gives(0)
        return await call

    assert hedging.calls.run(scene()) == "value"
    assert hedging.calls.told(RetryWithheld) == []
    assert tokens(hedging.calls) == COST - 1


def test_hedges_of_many_calls_never_spend_more_than_the_budget(hedging: Hedging) -> None:
    """Sixty late reads with tokens for five: five hedges."""
    hedging.calls.gear.configure("binance", retry_tokens=5 * COST + 3)

    async def scene() -> None:
        calls = await begin(*(hedging.guard.call(hedging.remote.read) for _ in range(60)))
        await move(hedging.calls, 1)
        hedging.both_out(65)
        for number in range(60):
            hedging.remote.gives(number)
        await ends(*calls)

    hedging.calls.run(scene())
    assert hedging.calls.metrics().hedged_attempts == 5
    assert owed(hedging.calls) == {}


def test_a_hedge_pays_its_toll_and_both_give_it_back(hedging: Hedging) -> None:
    """Two requests are on their way, and the exchange counts both."""
    (limit,) = hedging.calls.gear.limits()
    assert limit.used == LEARNT

    async def scene() -> None:
        call = await hedging.late()
        toll = policy(hedging.calls).toll
        assert toll is not None
        assert [ledger.pending for ledger in toll.ledgers] == [2]
        hedging.remote.gives(1)
        await call

    hedging.calls.run(scene())
    assert owed(hedging.calls) == {}
    assert hedging.calls.gear.limits()[0].used == LEARNT + 2


# ------------------------------------------------------------------------------ where there is no way


def full_limit(calls: Calls) -> None:
    """Nothing is left of the exchange's limit."""
    calls.gear.heard("binance", {"X-MBX-USED-WEIGHT-1M": "6000"})


def shut_own(calls: Calls) -> None:
    """The method's circuit opens."""
    guard = calls.guard(failure_threshold=1)
    guard.try_call_sync(calls.answers(Boom()))
    assert calls.state() is OPEN


@pytest.mark.parametrize(
    "shut",
    [
        ban,
        hold("get_price"),
        hold("@account"),
        hold("@address"),
        hold("@exchange"),
        full_limit,
        shut_own,
    ],
    ids=["gate", "method", "account", "address", "exchange", "weight", "circuit"],
)
def test_no_hedge_where_a_call_would_not_be_admitted(
    hedging: Hedging, shut: Callable[[Calls], None]
) -> None:
    """A closed gate, a circuit of any scope that refuses, a limit without room: the first goes on alone, unpaid."""

    async def scene() -> object:
        (call,) = await begin(hedging.guard.call(hedging.remote.read))
        shut(hedging.calls)
        before = tokens(hedging.calls)
        await move(hedging.calls, 1)
        hedging.both_out(1)
        assert tokens(hedging.calls) == before
        hedging.remote.gives(0)
        return await call

    assert hedging.calls.run(scene()) == "value"
    assert hedging.calls.told(HedgeStarted) == []
    assert hedging.calls.metrics().rejected_calls == 0
    assert owed(hedging.calls) == {}


@pytest.mark.parametrize("method", ["get_price", "@exchange", "@address", "@account"])
@pytest.mark.parametrize("most", [1, 2])
def test_a_hedge_needs_a_place_in_flight_and_waits_for_none(
    hedging: Hedging, method: str, most: int
) -> None:
    """One place is the first's own: no hedge, in whichever scope; with two there is one, and both come back."""
    hedging.calls.gear.configure("binance", method, max_in_flight=most)

    async def scene() -> object:
        call = await hedging.late()
        hedging.both_out(most)
        await move(hedging.calls, 60)
        hedging.both_out(most)
        hedging.remote.gives(0)
        return await call

    assert hedging.calls.run(scene()) == "value"
    assert hedging.calls.metrics().hedged_attempts == most - 1
    assert tokens(hedging.calls) == (TOKENS if most == 1 else TOKENS - COST + 1)
    assert owed(hedging.calls) == {}


@pytest.mark.parametrize("probes", [1, 2])
def test_a_probe_is_hedged_only_by_another_probe(hedging: Hedging, probes: int) -> None:
    """Half-open, the hedge needs a probe's ticket: with one probe there is none, with two it is the second."""
    calls = hedging.calls
    hedging.guarded(probes=probes, failure_threshold=1, reset_timeout_s=5)
    calls.error(hedging.guard, calls.answers(Boom()))
    calls.clock.advance(5)

    async def scene() -> object:
        call = await hedging.late()
        hedging.both_out(probes)
        with pytest.raises(sg.CircuitOpenError, match="probes are out"):
            await hedging.guard.call(hedging.remote.read)
        hedging.remote.gives(0)
        return await call

    assert calls.run(scene()) == "value"
    assert calls.state() is CLOSED
    assert owed(calls) == {}


def test_a_cut_probe_gives_its_place_back(hedging: Hedging) -> None:
    """Three probes of which two must succeed: the loser of a race proves nothing, and its place is free."""
    calls = hedging.calls
    hedging.guarded(probes=3, probes_to_close=2, failure_threshold=1, reset_timeout_s=5)
    calls.error(hedging.guard, calls.answers(Boom()))
    calls.clock.advance(5)

    async def scene() -> None:
        call = await hedging.late()
        hedging.both_out()
        hedging.remote.gives(1)
        await call

    calls.run(scene())
    assert calls.state() is HALF
    calls.call(hedging.guard, int)
    assert calls.state() is CLOSED


# ---------------------------------------------------------------------------------- cut from outside


@pytest.mark.parametrize("hedged", [False, True])
def test_a_cancelled_call_cancels_both_and_owes_nothing(hedging: Hedging, hedged: bool) -> None:
    """Places, weight and tickets are back; CallCancelled once; no failure."""
    calls = hedging.calls
    for method in ("get_price", "@exchange"):
        calls.gear.configure("binance", method, max_in_flight=2)

    async def scene() -> object:
        call = await hedging.late(1 if hedged else 0.5)
        hedging.both_out(1 + hedged)
        call.cancel()
        return (await ends(call))[0]

    assert isinstance(calls.run(scene()), asyncio.CancelledError)
    assert hedging.remote.cut == [0, 1][: 1 + hedged]
    assert calls.metrics().cancelled_calls == 1
    assert calls.gear.circuit(*KEY).failures == 0
    assert owed(calls) == {}
    assert bulkhead(calls).in_flight == bulkhead(calls, sg.Scope.EXCHANGE).in_flight == 0


def test_a_cancelled_race_of_probes_leaves_their_places(hedging: Hedging) -> None:
    """Both probes are free again: the next two calls may try."""
    calls = hedging.calls
    hedging.guarded(probes=2, probes_to_close=2, failure_threshold=1, reset_timeout_s=5)
    calls.error(hedging.guard, calls.answers(Boom()))
    calls.clock.advance(5)

    async def scene() -> None:
        call = await hedging.late()
        hedging.both_out()
        call.cancel()
        await ends(call)

    calls.run(scene())
    assert calls.state() is HALF
    for _ in range(2):
        calls.call(hedging.guard, int)
    assert calls.state() is CLOSED


def test_the_deadline_of_a_call_cuts_both(hedging: Hedging) -> None:
    """A deadline that is over before the hedge would begin ends the first: DeadlineExceeded, nothing owed."""
    hedging.guarded(deadline_s=0.5)

    async def scene() -> object:
        call = await hedging.late(0.5)
        assert call.done()
        return (await ends(call))[0]

    assert isinstance(hedging.calls.run(scene()), sg.DeadlineExceeded)
    hedging.both_out(1)
    assert owed(hedging.calls) == {}


def test_an_error_in_both_has_its_fallback(hedging: Hedging) -> None:
    """The call that has no value of either is served from elsewhere."""
    guard = hedging.guard = hedging.calls.guard(fallback=sg.static("stand-in"))

    async def scene() -> sg.Served[object]:
        (call,) = await begin(guard.served(hedging.remote.read))
        await move(hedging.calls, 1)
        hedging.both_out()
        hedging.remote.fails(1)
        hedging.remote.fails(0)
        served: sg.Served[object] = await call
        return served

    served = hedging.calls.run(scene())
    assert (served.value, served.is_fallback) == ("stand-in", True)


def test_a_hedged_value_is_remembered(hedging: Hedging) -> None:
    """last_good keeps what the hedge brought."""
    guard = hedging.guard = hedging.calls.guard(fallback=sg.last_good(60))

    async def scene() -> None:
        call = await hedging.late()
        hedging.remote.gives(1, "from the second")
        await call

    hedging.calls.run(scene())
    kept = guard.remembered(hedging.remote.read)
    assert kept is not None
    assert kept.value == "from the second"


def test_kinds_of_a_hedged_failure_are_counted_once(hedging: Hedging) -> None:
    """One failed call of one kind, whatever the second failed with."""

    async def scene() -> None:
        call = await hedging.late()
        hedging.remote.fails(1, HttpError(502))
        hedging.remote.fails(0)
        await ends(call)

    hedging.calls.run(scene())
    assert hedging.calls.metrics().errors_by_kind == {Kind.NETWORK.value: 1}
