"""Owns what whole calls learn of an exchange's limits from its answers, and how the gear shows it."""

from __future__ import annotations

import pytest

import switchgear as sg
from tests.core.callkit import Calls
from tests.core.engine_kit import policy

USED = "X-MBX-USED-WEIGHT-1M"
EDGE_S = 0.1
"""A window of the exchange is over for sure so long after its end by our own date."""


def used(calls: Calls, limit: str = "request_weight") -> float:
    """What is used of a limit, by our count."""
    (found,) = [view.used for view in calls.gear.limits() if view.limit == limit]
    return found


@pytest.mark.parametrize("name", [USED, USED.lower(), USED.title()])
def test_what_an_answer_tells_is_believed(calls: Calls, name: str) -> None:
    """In any case of letters: others at our address have used it too."""
    guard = calls.guard()
    assert calls.call(guard, int) == 0
    calls.gear.heard("Binance", {name: "4900"}, sent_s=calls.clock.now_s)
    assert used(calls) == 4_900
    assert isinstance(calls.error(guard, int), sg.GateClosedError)
    calls.clock.advance(61)
    assert calls.call(guard, int) == 0
    assert used(calls) == 1


def test_the_orders_of_an_account_are_heard_for_that_account(calls: Calls) -> None:
    """X-MBX-ORDER-COUNT of one account says nothing of another's."""
    guard = calls.guard("create_order", wait_s_max=0)
    other = calls.gear.guarded("binance", "create_order", account="desk")
    now_s = calls.clock.now_s
    calls.gear.heard("binance", {"X-MBX-ORDER-COUNT-10S": "50"}, account="main", sent_s=now_s)
    assert isinstance(calls.error(guard, int), sg.GateClosedError)
    assert calls.call(other, int) == 0


@pytest.mark.parametrize(
    "headers",
    [{}, {USED: "many"}, {USED: "-1"}, {"Content-Type": "text/html"}, {USED: "9" * 400}],
    ids=lambda value: f"{value}"[:40],
)
def test_what_says_nothing_changes_nothing(calls: Calls, headers: dict[str, str]) -> None:
    """Whatever an answer carries, the next call goes on."""
    guard = calls.guard()
    calls.call(guard, int)
    calls.gear.heard("binance", headers)
    assert used(calls) == 1
    assert calls.call(guard, int) == 0


def test_an_exchange_without_a_table_is_learnt_from_its_answers(calls: Calls) -> None:
    """The first answer that tells limit, rest and end holds back keys in use, at once, until that end."""
    guard = calls.gear.guarded("kraken", "get_price", wait_s_max=0)
    calls.call(guard, int)
    assert calls.gear.limits() == []
    told = {"X-RateLimit-Limit": "10", "X-RateLimit-Remaining": "1", "X-RateLimit-Reset": "30"}
    calls.gear.heard("kraken", told)
    (view,) = calls.gear.limits()
    assert (view.exchange, view.capacity, view.used) == ("kraken", 10, 9)
    error = calls.error(guard, int)
    assert isinstance(error, sg.GateClosedError)
    assert 0 < (error.retry_after_s or 0) <= 32
    calls.clock.advance(32)
    assert calls.call(guard, int) == 0
    assert policy(calls, exchange="kraken").toll is not None


def test_views_show_each_limit_that_is_known(calls: Calls) -> None:
    """By exchange: name, scope, account, use, size and when it begins anew."""
    calls.call(calls.guard("create_order"), int)
    calls.call(calls.gear.guarded("coinbase", "get_price"), int)
    calls.clock.advance(5)
    found = {(view.exchange, view.limit): view for view in calls.gear.limits()}
    weight, orders = found["binance", "request_weight"], found["binance", "orders_1d"]
    assert (weight.scope, weight.account, weight.used) == (sg.Scope.ADDRESS, "", 1)
    assert weight.resets_in_s == pytest.approx(55 + EDGE_S)
    assert (orders.scope, orders.account, orders.used) == (sg.Scope.ACCOUNT, "main", 1)
    assert found["coinbase", "private_requests"].capacity == 30
