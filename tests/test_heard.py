"""Proves that what answers tell of limits moves the gear's limits: of foreign clients when told, of ours by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

import pytest

import switchgear as sg
from switchgear.core.words import Key
from switchgear.practice.sim.fleet import FleetThread
from switchgear.practice.sim.server import SimThread
from switchgear.testing import FakeClock, assert_rejected
from tests.exchange.venues import CASES, Case

if TYPE_CHECKING:
    from collections.abc import Iterator

    from switchgear.core.policy.weight import LedgerView

TRIP_S = 0.05
"""An answer on this machine takes no longer, as the fake clock has it."""

PATHS = {
    "binance": ("/api/v3/depth?symbol=BTCUSDT&limit=100", "get_order_book"),
    "alpaca": ("/v1beta3/crypto/us/latest/trades?symbols=BTC/USD", "get_market_price"),
    "coinbase": ("/api/v3/brokerage/market/products/BTC-USD", "get_symbol"),
}
"""What somebody else's program asks, and which method of ours that is."""

WEIGHT = "X-MBX-USED-WEIGHT-1M"


@pytest.fixture
def clock() -> FakeClock:
    """A clock that stands in the midst of every window, so that none ends during a test."""
    clock = FakeClock()
    clock.advance(20.3)
    return clock


@pytest.fixture
def gear(clock: FakeClock) -> Iterator[sg.Switchgear]:
    """A gear on it that waits for no room."""
    with sg.Switchgear(clock=clock, settings={"retries": 0, "wait_s_max": 0}) as made:
        yield made


@pytest.fixture
def live() -> Iterator[sg.Switchgear]:
    """A gear on the machine's clock, as the practice exchanges are."""
    with sg.Switchgear(settings={"retries": 0}) as made:
        yield made


def asked_by_others(sim: SimThread, name: str, times: int = 1) -> dict[str, str]:
    """The headers that another program gets for its last of so many requests."""
    path, _ = PATHS[name]
    keys = {"APCA-API-KEY-ID": sim.key, "APCA-API-SECRET-KEY": sim.secret}
    asked = Request(sim.base_url + path, headers=keys if name == "alpaca" else {})
    found: dict[str, str] = {}
    for _ in range(times):
        with urlopen(asked) as answer:
            found = dict(answer.headers)
    return found


def used_by(name: str, headers: dict[str, str]) -> float:
    """What an exchange says is used, as its documentation reads."""
    told = {key.lower(): value for key, value in headers.items()}
    if name == "binance":
        return float(told["x-mbx-used-weight-1m"])
    return float(told["x-ratelimit-limit"]) - float(told["x-ratelimit-remaining"])


def limit(gear: sg.Switchgear, name: str) -> LedgerView:
    """The one limit of this name."""
    (found,) = [view for view in gear.limits() if view.limit == name]
    return found


LIMITS = {"binance": "request_weight", "alpaca": "data_requests", "coinbase": "public_requests"}


@pytest.mark.parametrize("name", LIMITS)
def test_what_a_foreign_client_heard_is_known(
    gear: sg.Switchgear, clock: FakeClock, practice_exchanges: FleetThread, name: str
) -> None:
    """The numbers of each exchange are in gear.limits() as it told them."""
    _, method = PATHS[name]
    headers = asked_by_others(practice_exchanges[name], name, times=3)
    sent_s = clock.now_s - TRIP_S
    gear.heard(name, headers, signed=name == "alpaca", method=method, sent_s=sent_s)
    view = limit(gear, LIMITS[name])
    assert view.used == used_by(name, headers) >= 1
    assert view.exchange == name
    assert 0 < view.resets_in_s <= view.period_s + 1


def test_names_of_headers_are_read_in_any_case(gear: sg.Switchgear) -> None:
    """A client that folds them, and an exchange in any spelling, say the same."""
    gear.heard("BINANCE", {WEIGHT.lower(): "70"})
    assert limit(gear, "request_weight").used == 70
    gear.heard("Binance", {WEIGHT: "90"})
    assert limit(gear, "request_weight").used == 90


def test_what_is_told_holds_calls_back(gear: sg.Switchgear, clock: FakeClock) -> None:
    """With little room left market data is refused first, then all else; a new window has room again."""
    gear.heard("binance", {WEIGHT: "4799"})
    price = gear.guarded("binance", "get_order_book", signed=False)
    account = gear.guarded("binance", "get_account_balance")
    cancel = gear.guarded("binance", "cancel_order")
    with assert_rejected(scope="address", reason="request_weight has no room"):
        price.call_sync(int)
    assert account.call_sync(int) == 0
    gear.heard("binance", {WEIGHT: "5399"})
    with assert_rejected(scope="address", reason="request_weight has no room"):
        account.call_sync(int)
    assert cancel.call_sync(int) == 0
    gear.heard("binance", {WEIGHT: "6000"})
    with assert_rejected(scope="address", reason="request_weight has no room"):
        cancel.call_sync(int)
    clock.advance(60)
    for guard in (price, account, cancel):
        assert guard.call_sync(int) == 0


def test_limits_of_orders_are_an_accounts_own(gear: sg.Switchgear, clock: FakeClock) -> None:
    """What one account has ordered is not another's."""
    told = {"X-MBX-ORDER-COUNT-10S": "40", "X-MBX-ORDER-COUNT-1D": "1000"}
    of: dict[str, Any] = {"method": "create_order", "sent_s": clock.now_s - TRIP_S}
    gear.heard("binance", told, account="Main", **of)
    gear.heard("binance", {"x-mbx-order-count-10s": "3"}, account="second", **of)
    found = {
        (view.limit, view.account): view.used
        for view in gear.limits()
        if view.limit.startswith("orders")
    }
    assert found == {
        ("orders_10s", "main"): 40,
        ("orders_1d", "main"): 1000,
        ("orders_10s", "second"): 3,
    }


def test_an_exchange_without_a_table_is_learnt(gear: sg.Switchgear) -> None:
    """Limit, what is left and when it ends make a limit of an exchange that we know nothing of."""
    guard = gear.guarded("kraken", "get_x")
    told = {"X-RateLimit-Limit": "100", "X-RateLimit-Remaining": "1", "X-RateLimit-Reset": "30"}
    gear.heard("kraken", told)
    (view,) = gear.limits()
    assert (view.exchange, view.capacity, view.used) == ("kraken", 100, 99)
    with assert_rejected(scope="account", reason="has no room"):
        guard.call_sync(int)


NOTHING: list[dict[Any, Any]] = [
    {},
    {"Content-Type": "application/json"},
    {WEIGHT: ""},
    {WEIGHT: "-5"},
    {WEIGHT: "nan"},
    {WEIGHT: "9" * 400},
    {WEIGHT: None},
    {5: "10"},
    {"X-MBX-USED-WEIGHT-0M": "5"},
    {"X-RateLimit-Limit": "10", "X-RateLimit-Remaining": "11", "X-RateLimit-Reset": "1"},
]


@pytest.mark.parametrize("headers", NOTHING, ids=range(len(NOTHING)))
def test_what_says_nothing_changes_nothing(gear: sg.Switchgear, headers: dict[Any, Any]) -> None:
    """Headers of other things, and those that cannot be, leave the numbers as they are."""
    gear.heard("binance", {WEIGHT: "70"})
    gear.heard("binance", headers)
    assert limit(gear, "request_weight").used == 70
    gear.heard("kraken", headers)
    assert [view.exchange for view in gear.limits()] == ["binance"]


def test_an_answer_that_comes_late_is_told_from_a_new_window(
    gear: sg.Switchgear, clock: FakeClock
) -> None:
    """One sent in the window before says nothing of this one; one sent in this one does."""
    gear.heard("binance", {WEIGHT: "3000"}, sent_s=clock.now_s)
    sent_s = clock.now_s
    clock.advance(60)
    gear.heard("binance", {WEIGHT: "3100"}, sent_s=sent_s)
    assert limit(gear, "request_weight").used == 0
    gear.heard("binance", {WEIGHT: "25"}, sent_s=clock.now_s)
    assert limit(gear, "request_weight").used == 25


@pytest.mark.anyio
@pytest.mark.parametrize("case", CASES, ids=str)
async def test_our_own_clients_hear_by_themselves(
    practice_exchanges: FleetThread, case: Case
) -> None:
    """What others have used of our address or account is known after one call of ours, and nobody told."""
    sim, known = practice_exchanges[case.name], list[bool]()
    while not any(known) and len(known) < 5:  # a window may end between the two, but not each time
        with sg.Switchgear(settings={"retries": 0}) as live:
            async with case.client(live, sim) as api:
                assert limit(live, LIMITS[case.name]).used == 0
                told = used_by(case.name, asked_by_others(sim, case.name, times=5))
                await api.get_market_price(case.symbol)
                known.append(limit(live, LIMITS[case.name]).used > told >= 5)
    assert known[-1]


@pytest.mark.anyio
async def test_binance_counts_an_order_where_it_belongs(
    live: sg.Switchgear, practice_exchange: SimThread
) -> None:
    """Prices move the address's weight, an order moves the account's count of orders too."""
    case = CASES[0]
    async with case.client(live, practice_exchange) as api:
        before = {view.limit: view.used for view in live.limits()}
        await api.create_order(case.market())
        after = {view.limit: view.used for view in live.limits()}
    assert before == {"request_weight": 0, "orders_10s": 0, "orders_1d": 0}
    assert after["orders_10s"] >= 1
    assert after["orders_1d"] >= 1
    assert after["request_weight"] >= 1
    assert [view.account for view in live.limits()] == ["", "main", "main"]


def used(gear: sg.Switchgear, name: str) -> float:
    """What is used of a limit of Binance."""
    return next((view.used for view in gear.limits() if view.limit == name), 0)


def test_what_is_suggested_stands_until_somebody_says_otherwise() -> None:
    """A weight and whether a call is signed, before a key is used, and after."""
    with sg.Switchgear(clock=FakeClock()) as gear:
        gear.suggest("binance", "public_get_depth", weight=5, signed=False)
        gear.call_sync("binance", "public_get_depth", lambda: 1)
        assert used(gear, "request_weight") == 5
        assert not gear.book.of(Key.of("binance", "public_get_depth")).signed
        gear.suggest("binance", "public_get_depth", weight=25)
        gear.call_sync("binance", "public_get_depth", lambda: 1)
        assert used(gear, "request_weight") == 30
        gear.configure("binance", weight=1)
        gear.call_sync("binance", "public_get_depth", lambda: 1)
        assert used(gear, "request_weight") == 31
        gear.suggest("binance", "public_get_depth", weight=100)
        gear.call_sync("binance", "public_get_depth", lambda: 1)
        assert used(gear, "request_weight") == 32


def test_a_suggestion_that_cannot_be_changes_nothing() -> None:
    """The error names the field."""
    with sg.Switchgear(clock=FakeClock()) as gear:
        with pytest.raises(sg.SettingsError, match="weight"):
            gear.suggest("binance", "ping", weight=-1)
        gear.call_sync("binance", "ping", lambda: 1)
        assert used(gear, "request_weight") == 1
