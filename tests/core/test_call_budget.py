"""Owns the retry budget as whole calls meet it: what an outage costs, what comes back, and what is not retried."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

import switchgear as sg
from switchgear.core.event import RetryWithheld
from switchgear.core.words import Kind
from tests.core.callkit import Boom, Calls, HttpError
from tests.core.engine_kit import (
    COST,
    REFUSED,
    RESET,
    TOKENS,
    ban,
    begin,
    ends,
    hold,
    is_straight,
    move,
    owed,
    still,
    tokens,
    withheld,
)
from tests.core.policy.crowd import hammer

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["still"]

NEVER: dict[str, Any] = {"failure_threshold": None, "retry_delay_s": 0}
"""A circuit that never opens and waits that take no time: the budget alone decides."""


# ------------------------------------------------------------------------------ what an outage costs


@pytest.mark.parametrize("held", [0, COST - 1, COST, 10 * COST, TOKENS])
def test_an_outage_costs_no_more_attempts_than_the_tokens_allow(calls: Calls, held: int) -> None:
    """100 calls one after another: 100 attempts, and one more for every 14 tokens; each ends with its real error."""
    calls.gear.configure("binance", retry_tokens=held)
    guard, exchange = calls.guard(**NEVER), calls.answers(RESET)
    for _ in range(100):
        assert calls.error(guard, exchange) is RESET
    assert len(exchange.at_s) == 100 + held // COST
    assert calls.metrics().retried_attempts == held // COST
    assert tokens(calls) == held % COST
    assert calls.metrics().withheld_retries == withheld(calls) > 0


def test_eight_threads_through_an_outage_overspend_nothing(sync_calls: Calls) -> None:
    """Forty calls in each of eight threads at once: to the attempt what one thread would make."""
    guard, exchange = sync_calls.guard(**NEVER), sync_calls.answers(RESET)
    hammer(lambda _: [guard.try_call_sync(exchange) for _ in range(40)])
    assert len(exchange.at_s) == 320 + TOKENS // COST
    assert tokens(sync_calls) == TOKENS % COST


def test_two_hundred_tasks_through_an_outage_overspend_nothing(async_calls: Calls) -> None:
    """All under way at once, each with waits of its own: the same bound."""
    calls = async_calls
    guard, exchange = calls.guard(failure_threshold=None), calls.answers(RESET)
    read = calls.function(exchange)

    async def scene() -> list[object]:
        return await ends(*await begin(*(guard.call(read) for _ in range(200))))

    assert {type(error) for error in calls.run(scene())} == {ConnectionResetError}
    assert len(exchange.at_s) == 200 + TOKENS // COST
    assert owed(calls) == {}


def test_a_refusal_for_too_many_requests_costs_less(calls: Calls) -> None:
    """Five tokens instead of fourteen: the exchange is up, and what it asked for was waited for."""
    calls.gear.configure("binance", retry_tokens=50)
    guard, exchange = calls.guard(), calls.answers(HttpError(429, "1"))
    for _ in range(20):
        calls.error(guard, exchange)
        calls.clock.advance(2)
    assert len(exchange.at_s) == 20 + 50 // 5


def test_no_limit_is_no_limit(calls: Calls) -> None:
    """retry_tokens of None: every call makes all its attempts, and nothing is withheld."""
    calls.gear.configure("binance", retry_tokens=None)
    guard, exchange = calls.guard(**NEVER), calls.answers(RESET)
    for _ in range(60):
        calls.error(guard, exchange)
    assert len(exchange.at_s) == 240
    assert (tokens(calls), withheld(calls)) == (None, 0)


# ------------------------------------------------------------------------------------ what comes back


def test_a_retry_that_succeeds_gives_its_tokens_back(calls: Calls) -> None:
    """While it is out they are gone; after its value the budget is full again."""
    seen: list[int | None] = []

    def read() -> str:
        seen.append(tokens(calls))
        if len(seen) == 1:
            raise RESET
        return "value"

    assert calls.call(calls.guard(), read) == "value"
    assert seen == [TOKENS, TOKENS - COST]
    assert tokens(calls) == TOKENS


@pytest.mark.parametrize("failures", [2, 3])
def test_only_the_retry_that_succeeded_gives_back(calls: Calls, failures: int) -> None:
    """Those before it failed: what they cost is spent."""
    exchange = calls.answers(*[RESET] * failures, "value")
    assert calls.call(calls.guard(**NEVER), exchange) == "value"
    assert tokens(calls) == TOKENS - COST * (failures - 1)


def test_a_retry_that_fails_gives_nothing_back(calls: Calls) -> None:
    """Three retries, no value: three times the cost is gone."""
    calls.error(calls.guard(**NEVER), calls.answers(RESET))
    assert tokens(calls) == TOKENS - 3 * COST


def test_first_successes_fill_it_one_by_one_and_not_over(calls: Calls) -> None:
    """A token for each call that needed one attempt alone, until nothing is missing."""
    guard = calls.guard(**NEVER)
    calls.error(guard, calls.answers(RESET))
    missing = 3 * COST
    for count in range(1, missing + 5):
        calls.call(guard, int)
        assert tokens(calls) == min(TOKENS, TOKENS - missing + count)


def test_a_call_that_failed_fills_nothing(calls: Calls) -> None:
    """Failures, refusals and calls that were not made give no token."""
    guard = calls.guard(**NEVER)
    calls.error(guard, calls.answers(RESET))
    left = tokens(calls)
    for error in (Boom(), HttpError(404)):
        calls.error(guard, calls.answers(error))
    calls.gear.hold("binance", by="ops", why="incident")
    calls.error(guard, int)
    assert tokens(calls) == left


def test_the_success_of_another_method_fills_the_same_budget(calls: Calls) -> None:
    """It is the exchange's: a trade that succeeds pays for the reads."""
    calls.error(calls.guard(**NEVER), calls.answers(RESET))
    calls.call(calls.guard("create_order"), int)
    assert tokens(calls) == TOKENS - 3 * COST + 1


# -------------------------------------------------------------------------------------- what is told


def test_a_withheld_retry_is_told_and_the_call_ends_with_its_real_error(calls: Calls) -> None:
    """RetryWithheld says which attempt failed with what; the call's own error goes up."""
    calls.gear.configure("binance", retry_tokens=COST)
    errors = [ConnectionResetError("first"), ConnectionResetError("second")]
    error = calls.error(calls.guard(**NEVER), calls.answers(*errors))
    assert error is errors[1]
    (event,) = calls.told(RetryWithheld)
    assert (event.key.method, event.attempt, event.kind) == ("get_price", 2, Kind.NETWORK)
    (scheduled,) = calls.told(sg.RetryScheduled)
    (failed,) = calls.told(sg.CallFailed)
    assert event.call_id == scheduled.call_id == failed.call_id
    metrics = calls.metrics()
    assert (metrics.withheld_retries, metrics.retried_attempts, metrics.failed_calls) == (1, 1, 1)
    assert withheld(calls) == 1


def test_a_withheld_retry_leaves_the_fallback_to_serve(calls: Calls) -> None:
    """No further attempt: the fallback has its turn at once."""
    calls.gear.configure("binance", retry_tokens=0)
    guard = calls.guard(fallback=sg.static("stand-in"), **NEVER)
    exchange = calls.answers(RESET)
    assert calls.call(guard, exchange) == "stand-in"
    assert len(exchange.at_s) == 1
    assert len(calls.told(RetryWithheld)) == 1


@pytest.mark.parametrize(
    "error",
    [Boom("?"), HttpError(404), HttpError(429, "31"), LookupError("neutral")],
    ids=lambda value: f"{value!r}",
)
def test_nothing_is_withheld_of_what_would_not_be_tried_again(
    calls: Calls, error: Exception
) -> None:
    """With an empty budget: only what could have been tried again is told as withheld."""
    calls.gear.configure("binance", retry_tokens=0)
    calls.error(calls.guard(ignore=LookupError), calls.answers(error))
    assert withheld(calls) == 0
    assert calls.told(RetryWithheld) == []


# --------------------------------------------------------------------------------- the straight path


def test_the_straight_path_is_left_until_the_budget_is_full_again(calls: Calls) -> None:
    """For every method of the exchange: a success must be told then; afterwards it need not."""
    guard, other = calls.guard(**NEVER), calls.guard("get_time")
    assert is_straight(calls)
    calls.error(guard, calls.answers(RESET))
    calls.gear.reset("binance", by="ops")
    assert not is_straight(calls)
    assert not is_straight(calls, "get_time")
    while tokens(calls) != TOKENS:
        assert not is_straight(calls, "get_time")
        calls.call(other, int)
    assert is_straight(calls)
    assert is_straight(calls, "get_time")


def test_a_retry_that_succeeds_opens_the_straight_path_at_once(calls: Calls) -> None:
    """Its tokens are back, so nothing is missing."""
    seen: list[bool] = []

    def read() -> str:
        seen.append(is_straight(calls))
        if len(seen) == 1:
            raise RESET
        return "value"

    calls.call(calls.guard(), read)
    assert (seen, is_straight(calls)) == ([True, False], True)


def test_a_bound_that_is_lowered_to_what_is_left_opens_the_straight_path(calls: Calls) -> None:
    """Set live: what is above the bound is cut off, and what is left is then all there can be."""
    calls.error(calls.guard(**NEVER), calls.answers(RESET))
    calls.call(calls.guard(**NEVER), int)  # so that the circuit has nothing to heal
    assert not is_straight(calls)
    calls.gear.configure("binance", retry_tokens=100)
    assert tokens(calls) == 100
    assert is_straight(calls)
    calls.gear.configure("binance", retry_tokens=200)
    assert tokens(calls) == 200
    assert is_straight(calls)


# ---------------------------------------------------------------------------------- whose budget it is


def test_two_exchanges_have_two_budgets(calls: Calls) -> None:
    """The outage of one leaves the other's retries and straight path alone; accounts share their exchange's."""
    calls.gear.configure("*", retry_tokens=COST)
    kraken = calls.gear.guarded("kraken", "get_price", **NEVER)
    for _ in range(3):
        calls.error(calls.guard(**NEVER), calls.answers(RESET))
    assert is_straight(calls, exchange="kraken")
    assert not is_straight(calls)
    assert (tokens(calls), tokens(calls, "kraken")) == (0, COST)
    desk = calls.gear.guarded("binance", "get_price", account="desk", **NEVER)
    for guard, attempts in ((kraken, 2), (desk, 1)):
        exchange = calls.answers(RESET)
        calls.error(guard, exchange)
        assert len(exchange.at_s) == attempts


def test_the_bound_is_the_exchanges_and_not_a_methods() -> None:
    """Set for a method it would mean nothing: that is refused, and nothing is changed."""
    gear = sg.Switchgear()
    with pytest.raises(sg.SettingsError, match="shared by all methods"):
        gear.guarded("binance", "get_price", retry_tokens=10)
    gear.close()


# --------------------------------------------------- what is not retried, whatever the budget holds


def open_exchange(calls: Calls) -> None:
    """Nobody answers there: the circuit of the whole exchange opens."""
    guard = calls.gear.guarded("binance", "get_time", retries=0)
    for _ in range(3):
        guard.try_call_sync(calls.answers(REFUSED))
    assert calls.gear.circuit("binance", "@exchange").state is sg.CircuitState.OPEN


@pytest.mark.parametrize(
    "shut",
    [ban, open_exchange, hold("get_price"), hold("@account"), hold("@address"), hold("@exchange")],
    ids=["ban", "exchange opens", "method", "account", "address", "exchange"],
)
def test_no_retry_goes_where_it_was_shut_meanwhile(
    still: Calls, shut: Callable[[Calls], None]
) -> None:
    """Closed by others while the call waits, in its own scope or a wider one: it ends with its own error."""
    calls, errors = still, [ConnectionResetError("own"), ConnectionResetError("second")]
    guard, exchange = calls.guard(retry_delay_s=1, deadline_s=60), calls.answers(*errors)

    async def scene() -> object:
        (call,) = await begin(guard.call(calls.function(exchange)))
        shut(calls)
        await move(calls, 1)
        assert call.done()
        return (await ends(call))[0]

    error = calls.run(scene())
    assert error is errors[0]
    assert (errors[0].__context__, errors[0].__cause__) == (None, None)
    assert len(exchange.at_s) == 1
    assert calls.metrics().rejected_calls == 0
    assert owed(calls) == {}


@pytest.mark.parametrize("asked_s", [2, 10])
def test_a_gate_that_another_method_closed_is_waited_for_or_ends_the_call(
    calls: Calls, asked_s: int
) -> None:
    """A 429 of one method closes the address: the retry of another comes after that instant, or is not made."""
    gate_s: list[float] = []

    def read() -> str:
        exchange.at_s.append(calls.clock.now_s)
        if len(exchange.at_s) == 1:
            calls.gear.guarded("binance", "get_time", retries=0).try_call_sync(
                calls.answers(HttpError(429, str(asked_s)))
            )
            gate_s.append(calls.clock.now_s + asked_s)
            raise RESET
        return "value"

    exchange = calls.answers(None)
    guard = calls.guard(deadline_s=5)
    if asked_s > 5:
        assert calls.error(guard, read) is RESET
        assert len(exchange.at_s) == 1
    else:
        assert calls.call(guard, read) == "value"
        assert exchange.at_s[1] >= gate_s[0] + 0.1


@pytest.mark.parametrize("deadline_s", [0.2, 1, 3])
def test_no_attempt_begins_after_the_deadline(calls: Calls, deadline_s: float) -> None:
    """Twenty calls with waits by lot and answers that take their time: none begins an attempt too late."""
    guard = calls.guard(retries=9, failure_threshold=None, deadline_s=deadline_s, timeout_s=None)
    for _ in range(20):
        began_s, at_s = calls.clock.now_s, list[float]()

        def slow(at_s: list[float] = at_s) -> object:
            at_s.append(calls.clock.now_s)
            calls.clock.now_s += calls.clock.chance() / 4
            raise RESET

        assert calls.error(guard, slow) is RESET
        assert max(at_s) < began_s + deadline_s
        calls.call(guard, int)


def test_a_wait_that_would_pass_the_deadline_is_not_begun(calls: Calls) -> None:
    """Retry-After of 4 s with 3 s left: it ends at once with the real error, and pays nothing."""
    error = HttpError(503, "4")
    guard, began_s = calls.guard(deadline_s=3), calls.clock.now_s
    assert calls.error(guard, calls.answers(error)) is error
    assert (calls.clock.now_s, tokens(calls)) == (began_s, TOKENS)


def test_a_cancelled_wait_ends_the_call_and_tells_it(still: Calls) -> None:
    """Cancelled between two attempts: CallCancelled, nothing in flight, and no further attempt."""
    calls = still
    guard, exchange = calls.guard(retry_delay_s=5), calls.answers(RESET)

    async def scene() -> object:
        (call,) = await begin(guard.call(calls.function(exchange)))
        call.cancel()
        (end,) = await ends(call)
        await move(calls, 10)
        return end

    assert isinstance(calls.run(scene()), asyncio.CancelledError)
    assert len(exchange.at_s) == 1
    assert calls.metrics().cancelled_calls == 1
    assert owed(calls) == {}
