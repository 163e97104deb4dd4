"""Owns which ledgers a call pays at, which of them an answer corrects; what is learnt without a table is another's."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchgear.core.errors import SettingsError
from switchgear.core.policy.limit import Cost, Limit
from switchgear.core.policy.quota import priority_of
from switchgear.core.policy.quota_tables import LIMITS
from switchgear.core.policy.weight import Priority
from switchgear.core.policy.window import EDGE_S_MAX
from switchgear.core.verdict.usage import DAY_S
from switchgear.core.words import Effect, Scope, effect_of
from switchgear.exchange.alpaca import AlpacaApi
from switchgear.exchange.client import MARKET_METHODS, METHODS
from tests.core.policy.limited import Counter, left

HTTP_DATE = "%a, %d %b %Y %H:%M:%S GMT"


# ---------------------------------------------------------------------------------------- the tables


@pytest.mark.parametrize("exchange", LIMITS)
@pytest.mark.parametrize("method", METHODS)
def test_every_method_of_ours_pays_at_every_exchange_that_is_known(
    exchange: str, method: str
) -> None:
    """No method of the clients goes round the limits of its exchange."""
    signed = exchange == "alpaca" or method not in MARKET_METHODS
    toll = Counter(exchange).toll(method, signed=signed)
    assert toll is not None
    assert toll.take() == 0


@pytest.mark.parametrize("exchange", LIMITS)
def test_a_table_names_methods_that_there_are(exchange: str) -> None:
    """A cost under a misspelt name would never be paid; ccxt's are looked for where ccxt is, and two any client has."""
    named = {name for limit in LIMITS[exchange] for name in limit.costs}
    rest = named - {*METHODS, *AlpacaApi.methods, "get_time", "ping"}
    assert all(name.startswith(("fetch_", "load_", "cancel_all_", "edit_")) for name in rest)


def test_an_order_at_binance_pays_three_limits() -> None:
    """Weight of the address, orders of the account in 10 s and in a day; market data pays weight alone."""
    counter = Counter("binance")
    counter.take("create_order")
    counter.take("get_order_book", signed=False)
    assert counter.used == {
        ("request_weight", ""): 6,
        ("orders_10s", "main"): 1,
        ("orders_1d", "main"): 1,
    }


def test_accounts_share_an_address_and_have_orders_of_their_own() -> None:
    """The second account is held back by neither's orders, and both by the weight of all."""
    counter = Counter("binance")
    assert [counter.take("create_order") for _ in range(46)][:45] == [0] * 45
    assert counter.take("create_order") > 0
    assert counter.take("create_order", "second") == 0
    assert counter.used["request_weight", ""] == 46


def test_cancels_go_on_where_orders_and_market_data_wait() -> None:
    """Market data fills 80 % of the weight, what the account asks 90 %, cancels and lookups all of it."""
    counter = Counter("binance")
    while counter.take("get_symbols", signed=False) == 0:
        pass
    assert counter.used["request_weight", ""] == 4_800
    while counter.take("get_account_balance") == 0:
        pass
    assert counter.used["request_weight", ""] == 5_400
    assert counter.take("create_order") > 0
    assert counter.take("cancel_order") == 0
    assert counter.take("get_order") == 0


def test_alpacas_two_addresses_have_limits_of_their_own() -> None:
    """Prices come from one, all else from the other; an answer tells of the one that its method is of."""
    counter = Counter("alpaca")
    counter.take("get_market_price")
    counter.take("create_order")
    counter.hear(left(10_000, 9_000), method="get_market_price")
    counter.hear(left(200, 150), method="get_open_orders")
    views = {view.limit: (view.capacity, view.used) for view in counter.quotas.views()}
    # What is on its way comes on top of what was told.
    assert views == {"trading_requests": (200, 51), "data_requests": (10_000, 1_001)}
    counter.hear(left(7, 7))
    assert {view.capacity for view in counter.quotas.views()} == {200, 10_000}


def test_coinbase_has_a_limit_for_the_key_and_one_for_the_address() -> None:
    """A portfolio asks both, and each answer tells of its own."""
    counter = Counter("coinbase")
    counter.take("get_portfolio")
    assert counter.used == {("private_requests", "main"): 1, ("public_requests", ""): 1}
    counter.hear(left(30, 20, 1), method="get_portfolio")
    assert counter.used["private_requests", "main"] == 11
    counter.hear(left(10, 3, 1), signed=False, method="get_portfolio")
    assert counter.used["public_requests", ""] == 8


def test_a_longer_limits_headers_are_not_taken_for_the_shorter_ones() -> None:
    """10,000 in an hour, half of them gone, says nothing of 30 in a second."""
    counter = Counter("coinbase")
    counter.take("get_portfolio")
    counter.hear(left(10_000, 5_000, 1_800))
    (view,) = [each for each in counter.quotas.views() if each.account]
    assert (view.capacity, view.used) == (30, 1)


def test_no_two_limits_of_a_table_have_one_name() -> None:
    """Ledgers are kept by the name."""
    for limits in LIMITS.values():
        assert len({limit.name for limit in limits}) == len(limits)


# ------------------------------------------------------------------------------------------ weights


def test_a_weight_of_your_own_is_paid_instead_of_the_tables() -> None:
    """Orders are counted all the same; where there are no weights, it is the number of requests."""
    counter = Counter("binance")
    toll = counter.toll("create_order", weight=7.5)
    assert toll is not None
    toll.take()
    assert sorted(counter.used.values()) == [1, 1, 7.5]
    counter = Counter("alpaca")
    toll = counter.toll("get_portfolio", weight=5)
    assert toll is not None
    toll.take()
    assert counter.used == {("trading_requests", "main"): 5}


def test_a_weight_of_nothing_pays_nothing() -> None:
    """A method that asks no exchange passes for free, unless it places orders."""
    counter = Counter("binance")
    assert counter.toll("get_order", weight=0) is None
    toll = counter.toll("create_order", weight=0)
    assert toll is not None
    assert [ledger.limit.cost for ledger in toll.ledgers] == [Cost.ORDER, Cost.ORDER]


@pytest.mark.parametrize("weight", [-1, float("nan"), float("inf"), 1e10])
def test_a_weight_that_cannot_be_is_refused(weight: float) -> None:
    """The error names it, and what is allowed."""
    with pytest.raises(SettingsError, match=r"weight=.*must be a number in"):
        Counter("binance").toll("get_order", weight=weight)


def test_limits_of_your_own_stand_for_the_tables() -> None:
    """Who has an agreement with an exchange says what it is."""
    counter = Counter("binance", (Limit("vip", Scope.ACCOUNT, 10, 3),))
    assert [counter.take("cancel_order") for _ in range(3)] == [0, 0, 0]
    assert counter.take("cancel_order") == pytest.approx(10 + EDGE_S_MAX)


@pytest.mark.parametrize(
    ("method", "priority"),
    [
        ("cancel_order", Priority.HIGH),
        ("cancel_all", Priority.HIGH),
        ("get_order", Priority.HIGH),
        ("get_open_orders", Priority.HIGH),
        ("fetch_order", Priority.HIGH),
        ("fetch_closed_orders", Priority.HIGH),
        ("create_order", Priority.NORMAL),
        ("get_account_balance", Priority.NORMAL),
        ("get_trades", Priority.NORMAL),
        ("get_positions", Priority.NORMAL),
        ("frobnicate", Priority.NORMAL),
        ("fetch_order_book", Priority.LOW),
        ("fetch_order_books", Priority.LOW),
        ("fetch_ticker", Priority.LOW),
        *((method, Priority.LOW) for method in sorted(MARKET_METHODS)),
    ],
)
def test_the_name_says_how_much_a_method_may_fill(method: str, priority: Priority) -> None:
    """What reconciles and cancels first, then orders and the account, market data last."""
    assert priority_of(method, effect_of(method)) is priority


def test_what_needs_no_key_is_market_data() -> None:
    """Whatever its name: an unsigned read is no lookup of our orders."""
    assert priority_of("get_orders", Effect.READ, signed=False) is Priority.LOW


def test_a_priority_may_be_given() -> None:
    """Prices that a stop depends on may fill all of it."""
    quotas = Counter("alpaca").quotas
    toll = quotas.toll("get_market_price", "main", True, Effect.READ, priority=Priority.HIGH)
    assert toll is not None
    assert [toll.take() for _ in range(200)] == [0] * 200


# ------------------------------------------------------------------------------------ what is heard


@pytest.mark.parametrize("name", ["X-MBX-USED-WEIGHT-1M", "x-mbx-used-weight-1m"])
def test_binances_numbers_correct_the_ledgers(name: str) -> None:
    """Weight by the address, orders by the account whose answer it is, whatever case the names have."""
    counter = Counter("binance")
    counter.take("create_order")
    counter.hear({name: "100", "X-MBX-ORDER-COUNT-10S": "4", "x-mbx-order-count-1d": "9"})
    counter.hear({"X-MBX-ORDER-COUNT-10S": "8"}, "second")
    assert counter.used == {
        ("request_weight", ""): 101,
        ("orders_10s", "main"): 5,
        ("orders_1d", "main"): 10,
        ("orders_10s", "second"): 8,
    }


def test_a_period_that_no_limit_has_changes_nothing() -> None:
    """Nothing is known of a limit of weights in a second."""
    counter = Counter("binance")
    counter.take("get_order")
    counter.hear({"X-MBX-USED-WEIGHT-1S": "5000"})
    assert counter.used == {("request_weight", ""): 4}


def test_a_date_heals_every_ledger_of_the_exchange() -> None:
    """One answer of any kind tells the exchange's clock; ours was 10 s behind."""
    counter = Counter("binance")
    counter.take("create_order")
    at = datetime.fromtimestamp(counter.clock.wall().timestamp() + 10, UTC)
    counter.hear({"Date": at.strftime(HTTP_DATE)})
    ends_s = {view.limit: view.resets_in_s for view in counter.quotas.views()}
    assert ends_s["request_weight"] == pytest.approx(29.5, abs=1)
    assert ends_s["orders_1d"] == pytest.approx(DAY_S - 30.5, abs=1)


def test_nothing_left_and_a_far_end_closes_for_a_period_at_most() -> None:
    """Whoever answers so holds Alpaca's accounts back for a minute, and Binance's not at all."""
    for reset in ("60", str(10**9), "9" * 15, "1" + "0" * 12):
        counter = Counter("alpaca")
        counter.take("get_order")
        counter.hear(left(200, 0, reset), method="get_order")
        assert counter.take("cancel_order") <= 60 + 2 * EDGE_S_MAX
        counter.clock.advance(60 + 2 * EDGE_S_MAX)
        assert counter.take("cancel_order") == 0


@pytest.mark.parametrize("value", ["-1", "nan", "inf", "x", "", "1e5", "9" * 30, "0.1.2"])
def test_broken_numbers_change_nothing(value: str) -> None:
    """Neither what is used, nor how much there is, nor when it ends."""
    for exchange in LIMITS:
        counter = Counter(exchange)
        counter.take("get_order")
        counter.clock.advance(0.5)
        before = counter.quotas.views()
        for headers in (left(value, value, value), {"X-MBX-USED-WEIGHT-1M": value}):
            counter.quotas.heard(headers, "main", True, "get_order", counter.clock.now_s - 0.5)
        assert counter.quotas.views() == before


@given(
    headers=st.dictionaries(
        st.sampled_from([*left(1, 1, 1), "RateLimit", "Date", "X-MBX-USED-WEIGHT-1M"]),
        st.one_of(
            st.text(max_size=12),
            st.integers(-5, 10**16).map(str),
            st.floats().map(str),
            st.sampled_from(['"a";r=0;t=86400', "limit=1, remaining=0, reset=86400"]),
        ),
    ),
    exchange=st.sampled_from([*LIMITS, "kraken"]),
    trip_s=st.one_of(st.none(), st.floats(0, 100)),
)
def test_whatever_an_answer_says_it_closes_for_a_day_at_most(
    headers: dict[str, str], exchange: str, trip_s: float | None
) -> None:
    """No header raises, and none holds a cancel back for longer than the longest period of a limit."""
    counter = Counter(exchange)
    now_s = counter.clock.now_s
    for _ in range(3):
        counter.quotas.heard(
            headers, "main", True, "cancel_order", None if trip_s is None else now_s - trip_s
        )
    toll = counter.toll("cancel_order")
    if toll is not None:
        longest_s = max(ledger.period_s for ledger in toll.ledgers)
        assert toll.take() <= longest_s + 2 * EDGE_S_MAX <= DAY_S + 2 * EDGE_S_MAX


# ------------------------------------------------------------------------------------------- others


def test_after_a_fork_the_child_goes_on() -> None:
    """The lock is new for ledgers and for tolls that were made before; what was on its way counts as used."""
    counter = Counter("binance")
    toll = counter.toll("get_order")
    assert toll is not None
    assert toll.take() == 0
    counter.quotas._latch.acquire()
    counter.quotas.forked()
    assert toll.take() == 0
    toll.returned(unsent=True)
    assert counter.used == {("request_weight", ""): 4}


def test_views_say_whose_limit_it_is() -> None:
    """Exchange, limit, scope and account of each ledger, for people."""
    counter = Counter("binance")
    counter.take("create_order")
    told = {
        (view.exchange, view.limit, view.scope, view.account, view.period_s)
        for view in counter.quotas.views()
    }
    assert told == {
        ("binance", "request_weight", Scope.ADDRESS, "", 60),
        ("binance", "orders_10s", Scope.ACCOUNT, "main", 10),
        ("binance", "orders_1d", Scope.ACCOUNT, "main", DAY_S),
    }
