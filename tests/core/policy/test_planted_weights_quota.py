"""Owns which ledgers an answer without details tells of, what is let go, and the words of limits that cannot be."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from switchgear.core.errors import SettingsError
from switchgear.core.policy.limit import Calls, Cost, Limit
from switchgear.core.policy.window import EDGE_S_MAX
from switchgear.core.verdict.usage import DAY_S, NUMBER_MAX
from switchgear.core.words import Scope
from tests.core.policy.limited import Counter, left

HTTP_DATE = "%a, %d %b %Y %H:%M:%S GMT"


def limits_of(counter: Counter) -> dict[tuple[str, str], float]:
    """When each ledger's window ends, by limit and account."""
    return {(view.limit, view.account): view.resets_in_s for view in counter.quotas.views()}


# ------------------------------------------------------------------------------------ what cannot be


@pytest.mark.parametrize(
    ("more", "field", "value", "allowed"),
    [
        ({"period_s": 0.0}, "period_s", 0.0, "must be in (0, 86400]"),
        ({"capacity": 0.5}, "capacity", 0.5, "must be in [1, 1e+09]"),
    ],
)
def test_a_limit_that_cannot_be_tells_what_was_given(
    more: dict[str, float], field: str, value: float, allowed: str
) -> None:
    """Field, value and what is allowed, for whoever shows it."""
    given: dict[str, Any] = {"period_s": 60.0, "capacity": 10.0} | more
    with pytest.raises(SettingsError) as caught:
        Limit("mine", Scope.ADDRESS, **given)
    error = caught.value
    assert (error.field, error.value, error.allowed) == (field, value, allowed)


def test_the_largest_numbers_can_be() -> None:
    """A limit of a day that holds NUMBER_MAX, and a call that weighs all of it."""
    limit = Limit("vast", Scope.ADDRESS, DAY_S, NUMBER_MAX)
    toll = Counter("acme", (limit,)).toll("get_order", weight=NUMBER_MAX)
    assert toll is not None
    assert [toll.take() == 0, toll.take() == 0] == [True, False]


def test_a_weight_that_cannot_be_is_told() -> None:
    """The error has the number that was given."""
    with pytest.raises(SettingsError) as caught:
        Counter("binance").toll("get_order", weight=-1)
    assert (caught.value.field, caught.value.value) == ("weight", -1)


@pytest.mark.parametrize(
    ("more", "field", "value", "allowed"),
    [
        ({}, "period_s", None, "must be given for a limit that is new: mine"),
        (
            {"period_s": 5.0, "scope": Scope.METHOD},
            "scope",
            "method",
            "must be address or account",
        ),
    ],
)
def test_a_new_limit_that_cannot_be_tells_why(
    more: dict[str, Any], field: str, value: object, allowed: str
) -> None:
    """In words that name the limit, where it is not the one that was meant."""
    with pytest.raises(SettingsError) as caught:
        Counter("kraken").quotas.limit("mine", 5, **more)
    error = caught.value
    assert (error.field, error.value, error.allowed) == (field, value, allowed)


# ------------------------------------------------------------------------------------------ who pays


def test_a_weight_is_no_number_of_requests_where_there_are_weights() -> None:
    """The exchange counts weights and requests: one call of weight 7 is one request."""
    limits = (
        Limit("weights", Scope.ADDRESS, 60, 100, Cost.WEIGHT),
        Limit("requests", Scope.ADDRESS, 60, 100),
    )
    counter = Counter("acme", limits)
    toll = counter.toll("get_order", weight=7)
    assert toll is not None
    assert toll.take() == 0
    assert counter.used == {("weights", ""): 7, ("requests", ""): 1}


@pytest.mark.parametrize(("cost", "paid"), [(None, 5), (Cost.REQUEST, 5), (Cost.ORDER, 1)])
def test_a_new_limit_counts_what_it_is_told_to(cost: Cost | None, paid: float) -> None:
    """Requests unless told; of an order that makes five of them, one order."""
    counter = Counter("kraken")
    counter.quotas.limit("mine", 100, 60, cost=cost)
    toll = counter.toll("create_order", weight=5)
    assert toll is not None
    assert toll.take() == 0
    assert counter.used == {("mine", ""): paid}


def test_a_new_limit_of_weights_is_paid_by_weight() -> None:
    """Beside those of a table that has weights."""
    counter = Counter("binance")
    counter.quotas.limit("mine", 100, 60, cost=Cost.WEIGHT)
    counter.quotas.limit("other", 100, 60)
    toll = counter.toll("get_order", weight=7)
    assert toll is not None
    assert toll.take() == 0
    assert counter.used == {("request_weight", ""): 7, ("mine", ""): 7, ("other", ""): 1}


def test_a_new_limit_lasts_a_whole_period_from_its_first_key() -> None:
    """Nobody knows where its windows begin, so they are not taken to begin at the minute."""
    counter = Counter("kraken")
    counter.quotas.limit("mine", 1, 60)
    assert counter.take("get_order") == 0
    assert counter.take("get_order") == pytest.approx(60 + EDGE_S_MAX)


def test_an_unsigned_call_fills_what_market_data_may() -> None:
    """Whatever its name: 8 of 10, and the rest is left to what needs a key."""
    counter = Counter("acme", (Limit("mine", Scope.ADDRESS, 60, 10),))
    taken = [counter.take("get_orders", signed=False) == 0 for _ in range(9)]
    assert taken == [True] * 8 + [False]
    assert counter.take("get_orders") == 0


def test_the_ledgers_of_a_toll_share_one_lock() -> None:
    """It is taken once for all of them, and renewed in one after a fork."""
    toll = Counter("binance").toll("create_order")
    assert toll is not None
    assert len({ledger.latch for ledger in toll.ledgers}) == 1


# -------------------------------------------------------------------------------------- what is heard


def test_an_answer_is_of_a_signed_request_of_the_main_account_unless_told() -> None:
    """Headers alone are heard as those of whoever has one account."""
    counter = Counter("binance")
    counter.clock.advance(0.5)
    counter.quotas.heard({"X-MBX-ORDER-COUNT-10S": "4"}, sent_s=counter.clock.now_s)
    assert counter.used == {("orders_10s", "main"): 4}
    counter = Counter("coinbase")
    counter.clock.advance(0.5)
    counter.quotas.heard(left(30, 20), sent_s=counter.clock.now_s)
    assert counter.used == {("private_requests", "main"): 10}


def test_an_answer_of_an_unknown_method_says_nothing_where_two_limits_look_alike() -> None:
    """Which of Alpaca's two addresses it came from, headers alone do not say."""
    counter = Counter("alpaca")
    counter.quotas.heard(left(200, 150), sent_s=counter.clock.now_s)
    assert counter.used == {}


@pytest.mark.parametrize("signed", [True, False])
def test_a_learnt_limit_is_known_by_what_is_left_alone(signed: bool) -> None:
    """Once it was told in full, an answer that tells no size and no end is of it too."""
    counter = Counter("kraken")
    counter.hear(left(10, 5, 30), signed=signed)
    counter.hear({"X-RateLimit-Remaining": "2"}, signed=signed)
    assert counter.used == {("requests", "main" if signed else ""): 8}


def test_no_limit_is_learnt_without_its_end() -> None:
    """How much there is and what is left say not for how long."""
    counter = Counter("kraken")
    counter.hear(left(10, 5))
    assert counter.used == {}


def test_a_learnt_window_is_as_long_as_its_policy_says() -> None:
    """Though the one that runs ends sooner."""
    counter = Counter("kraken")
    told = {"RateLimit": '"burst";r=1;t=10', "RateLimit-Policy": '"burst";q=10;w=20'}
    counter.hear(told)
    (view,) = counter.quotas.views()
    assert view.period_s == 20


def test_a_limit_that_was_just_learnt_hears_nothing_older() -> None:
    """Answers to what was sent before the one that told it are of a window before."""
    counter = Counter("kraken")
    sent_s = counter.clock.now_s
    counter.hear(left(10, 5, 30))
    counter.quotas.heard(left(10, 1, 30), sent_s=sent_s - 2)
    assert counter.used == {("requests", "main"): 5}


def test_a_new_limit_beside_one_that_is_known_is_told() -> None:
    """One answer with both, the new one first: tolls that were made before are one short."""
    counter = Counter("kraken")
    day, days = '"day";r=900;t=3600', '"day";q=1000;w=86400'
    counter.hear({"RateLimit": day, "RateLimit-Policy": days})
    told = {
        "RateLimit": f'"burst";r=1;t=10, {day}',
        "RateLimit-Policy": f'"burst";q=10;w=20, {days}',
    }
    counter.hear(told)
    assert counter.quotas.version == 2
    counter.hear(told)
    assert counter.quotas.version == 2


def test_an_end_as_far_off_as_the_period_is_of_the_limit() -> None:
    """A minute to go, of a limit of a minute: it has just begun."""
    counter = Counter("alpaca")
    counter.hear(left(200, 150, "60.0"), method="get_order")
    assert counter.used == {("trading_requests", "main"): 50}


def test_an_answer_that_tells_no_end_is_of_a_short_limit_too() -> None:
    """One of half a second."""
    counter = Counter("acme", (Limit("fast", Scope.ACCOUNT, 0.5, 10),))
    counter.clock.advance(0.1)
    counter.quotas.heard(left(10, 3), sent_s=counter.clock.now_s)
    assert counter.used == {("fast", "main"): 7}


def test_an_answer_without_a_date_is_heard_after_one_that_had_it() -> None:
    """Nothing is made of the date that is not there."""
    counter = Counter("binance")
    at = counter.clock.wall().strftime(HTTP_DATE)
    counter.hear({"Date": at, "X-MBX-USED-WEIGHT-1M": "5"})
    counter.hear({"X-MBX-USED-WEIGHT-1M": "9"})
    assert counter.used == {("request_weight", ""): 9}


def test_a_date_that_stands_still_moves_no_end_again() -> None:
    """Half a minute later the same Date is that of an old answer, kept by somebody on the way."""
    counter = Counter("binance")
    counter.take("get_order")
    at = datetime.fromtimestamp(counter.clock.wall().timestamp() + 10, UTC).strftime(HTTP_DATE)
    counter.hear({"Date": at})
    before_s = limits_of(counter)["request_weight", ""]
    counter.clock.advance(25)
    counter.hear({"Date": at})
    assert limits_of(counter)["request_weight", ""] == pytest.approx(before_s - 25.5)


# --------------------------------------------------------------------------------------- what is let go


def test_of_an_account_that_is_forgotten_what_is_used_stays() -> None:
    """Its unused ledgers go, alone, and those of others stay, used or not."""
    limits = (
        Limit("requests", Scope.ACCOUNT, 60, 10),
        Limit("orders", Scope.ACCOUNT, 60, 10, Cost.ORDER, Calls.ORDERS),
        Limit("address", Scope.ADDRESS, 60, 10, calls=Calls.UNSIGNED),
    )
    counter = Counter("acme", limits)
    for account in ("main", "second"):
        counter.toll("create_order", account)
    counter.toll("get_price", signed=False)
    counter.take("get_order", "second")
    counter.quotas.forget("second")
    assert counter.used == {
        ("requests", "main"): 0,
        ("orders", "main"): 0,
        ("address", ""): 0,
        ("requests", "second"): 1,
    }
