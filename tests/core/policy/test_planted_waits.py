"""Owns the edges of further attempts: how long they wait, that orders get none, what they cost, what is remembered."""

from __future__ import annotations

import pytest

import switchgear as sg
from switchgear.core.policy.budget import Budget
from switchgear.core.policy.gate import MARGIN_S
from switchgear.core.policy.latency import KEPT, Latency
from switchgear.core.policy.retry import SLOWER
from switchgear.core.words import Kind
from tests.core.callkit import Calls, HttpError

RESET = ConnectionResetError("reset")


# ------------------------------------------------------------------------- the wait of a whole call


def test_a_wait_that_is_allowed_but_for_its_margin_is_not_made(calls: Calls) -> None:
    """What was asked for is as long as allowed and the margin is above it: the call ends without waiting."""
    calls.clock.chance = lambda: 0.0
    exchange = calls.answers(HttpError(503, "5"))
    assert isinstance(calls.error(calls.guard(retry_delay_s_max=5), exchange), HttpError)
    assert (len(exchange.at_s), calls.clock.slept_s) == (1, [])


def test_a_call_waits_longer_where_the_answer_says_too_much(calls: Calls) -> None:
    """After "overloaded" the random part of the wait is drawn from the slower range, on top of what was asked."""
    calls.clock.chance = lambda: 0.9
    exchange = calls.answers(HttpError(503, "5"), "value")
    guard = calls.gear.guarded("kraken", "get_price", retry_delay_s=0.3)
    assert calls.call(guard, exchange) == "value"
    assert exchange.waits_s == [pytest.approx(5 + MARGIN_S + 0.9 * 0.3 * SLOWER)]


@pytest.mark.parametrize(("deadline_s", "slept_s"), [(1.0, []), (1.25, [1.0])])
def test_a_wait_as_long_as_what_is_left_is_not_made(
    calls: Calls, deadline_s: float, slept_s: list[float]
) -> None:
    """It would end at the deadline, with no time for an attempt: the call ends at once, with its own error."""
    calls.clock.chance = lambda: 0.5
    exchange = calls.answers(RESET)
    guard = calls.guard(retries=1, retry_delay_s=2.0, deadline_s=deadline_s)
    assert calls.error(guard, exchange) is RESET
    assert calls.clock.slept_s == slept_s


# ------------------------------------------------------------------------------ an order's one attempt


@pytest.mark.parametrize(
    "error", [HttpError(429, "5"), HttpError(418, "5"), HttpError(425), HttpError(503, "5")]
)
def test_an_order_that_was_sent_is_not_sent_again_however_short_the_wait(
    calls: Calls, error: Exception
) -> None:
    """A read is tried again after these: with retries set, an order ends with the error of its one attempt."""
    order, read = calls.answers(error), calls.answers(error, "value")
    assert calls.call(calls.guard(retries=2), read) == "value"
    assert len(read.at_s) == 2
    calls.clock.advance(60)
    assert calls.error(calls.guard("create_order", retries=2), order) is error
    assert (len(order.at_s), calls.told(sg.RetryScheduled)[1:]) == (1, [])


def test_an_order_whose_result_was_judged_a_failure_is_not_sent_again(calls: Calls) -> None:
    """The exchange answered, so it may stand: a second one could be booked beside it."""
    order = calls.answers("no id")
    guard = calls.guard("create_order", retries=2, failed_result="no id".__eq__)
    assert isinstance(calls.error(guard, order), sg.ApiError)
    assert len(order.at_s) == 1


# ------------------------------------------------------------------------ what attempts are paid from


def test_a_budget_begins_full() -> None:
    """A first success has nothing to tell it, and nobody hears of a bound that is set before anything is spent."""
    budget, told = Budget("binance"), list[bool]()
    budget.watchers.append(lambda: told.append(budget.full))
    assert budget.full is True
    budget.configure(400)
    assert (budget.full, told) == (True, [])
    budget.take(Kind.TIMEOUT)
    assert (budget.full, told) == (False, [False])


# ------------------------------------------------------------------------------- what is remembered


def test_durations_are_forgotten_in_the_order_in_which_they_came() -> None:
    """Each one after the 128th puts out the oldest that is left, round after round."""
    latency = Latency()
    for number in range(1, 3 * KEPT + 1):
        latency.add(float(number))
        if number >= KEPT:
            assert latency.percentile_s(1 / KEPT) == number - KEPT + 1
            assert latency.percentile_s(1) == number
