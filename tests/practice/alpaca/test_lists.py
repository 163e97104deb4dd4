"""Proves what the lists of the practice Alpaca leave out, in which order they are, and their pages."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.practice.alpaca.kit import COIN_LOW, COIN_MARKET, SHARE_LOW, SHARE_MARKET, TRADING, Desk


@pytest.fixture(scope="module")
def busy() -> Desk:
    """An account with two filled orders, a canceled one and two that rest, one a second."""
    desk = Desk(TRADING)
    for name, shape in (("a", COIN_MARKET), ("b", SHARE_MARKET), ("c", COIN_LOW)):
        desk.order(shape, client_order_id=name)
        desk.clock.advance(1)
    desk.cancel(desk.get("/v2/orders:by_client_order_id", client_order_id="c").json["id"])
    desk.order(SHARE_LOW, client_order_id="d")
    desk.clock.advance(1)
    desk.order(COIN_MARKET, client_order_id="e", side="sell", qty="0.001")
    desk.order(COIN_LOW, client_order_id="f")
    return desk


def names(desk: Desk, **query: Any) -> str:
    """The client order ids of a list, as one word."""
    return "".join(order["client_order_id"] for order in desk.get("/v2/orders", **query).json)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, "fd"),
        ({"status": "closed"}, "ecba"),
        ({"status": "all"}, "fedcba"),
        ({"status": "ALL", "direction": "asc"}, "abcdef"),
        ({"status": "all", "limit": "2"}, "fe"),
        ({"status": "all", "symbols": "BTC/USD"}, "feca"),
        ({"status": "all", "symbols": "BTCUSD,AAPL", "limit": 500}, "fedcba"),
        ({"status": "all", "symbols": "MSFT"}, ""),
        ({"status": "all", "side": "sell"}, "e"),
        ({"status": "all", "asset_class": "us_equity"}, "db"),
        ({"status": "all", "asset_class": "all", "nested": "True"}, "fedcba"),
        ({"status": "all", "after": "2026-01-02T15:00:01Z"}, "fedcb"),
        ({"status": "all", "until": "2026-01-02T10:00:03-05:00"}, "cba"),
        ({"status": "all", "after": "2026-01-03"}, ""),
    ],
)
def test_orders_are_chosen_by_the_query(busy: Desk, query: dict[str, Any], found: str) -> None:
    """Open ones, newest first, unless the query says otherwise."""
    assert names(busy, **query) == found


def test_both_bounds_leave_out_the_order_they_name(busy: Desk) -> None:
    """The time that an order tells is its own bound, to the nanosecond."""
    order = busy.get("/v2/orders:by_client_order_id", client_order_id="e").json
    at = order["submitted_at"]
    assert names(busy, status="all", after=at) == "f"
    assert names(busy, status="all", until=at) == "dcba"
    assert names(busy, status="all", after_order_id=order["id"]) == "f"
    assert names(busy, status="all", before_order_id=order["id"]) == "dcba"


@pytest.mark.parametrize(
    "query",
    [
        {"status": "new"},
        {"direction": "up"},
        {"limit": "0"},
        {"limit": "501"},
        {"limit": "ten"},
        {"after": "yesterday"},
        {"until": "2026-01-02T10:00:00"},
        {"side": "both"},
        {"after_order_id": "x"},
    ],
)
def test_a_list_is_not_guessed(busy: Desk, query: dict[str, str]) -> None:
    """A wrong parameter is refused and named."""
    status, code, words = busy.get("/v2/orders", **query).error
    assert (status, code) == (422, 40010001)
    assert words.startswith(f"invalid {next(iter(query))}")


def test_fifty_orders_are_a_page(desk: Desk) -> None:
    """More are there when the limit asks for them."""
    for _ in range(52):
        desk.order(COIN_LOW)
    assert len(desk.get("/v2/orders").json) == 50
    assert len(desk.get("/v2/orders", limit=500).json) == 52


@pytest.mark.parametrize("path", ["/v2/account/activities/FILL", "/v2/account/activities"])
def test_fills_come_in_pages(busy: Desk, path: str) -> None:
    """The last id of a page is the token of the next; together they are all, each once."""
    found: list[Any] = []
    for _ in range(2):
        token = {"page_token": found[-1]["id"]} if found else {}
        found += busy.get(path, activity_types="FILL", page_size=2, **token).json
    assert [fill["symbol"] for fill in found] == ["BTC/USD", "AAPL", "BTC/USD"]
    assert [fill["side"] for fill in found] == ["sell", "buy", "buy"]
    assert len({fill["id"] for fill in found}) == 3
    rising = busy.get(path, direction="asc").json
    assert [fill["id"] for fill in rising] == [fill["id"] for fill in reversed(found)]


def test_fills_may_be_bounded_in_time(busy: Desk) -> None:
    """After and until leave out what they name; a date is New York's."""
    path = "/v2/account/activities/FILL"
    first = busy.get(path, direction="asc").json[0]["transaction_time"]
    assert len(busy.get(path, after=first).json) == 2
    assert len(busy.get(path, until=first).json) == 0
    assert len(busy.get(path, date="2026-01-02").json) == 3
    assert len(busy.get(path, date="2026-01-03").json) == 0


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/v2/account/activities/NOPE", {}),
        ("/v2/account/activities", {"activity_types": "FILL,NOPE"}),
        ("/v2/account/activities", {"page_size": "101"}),
        ("/v2/account/activities", {"page_token": "x"}),
    ],
)
def test_activities_are_not_guessed(busy: Desk, path: str, query: dict[str, str]) -> None:
    """Unknown types, sizes and tokens are refused."""
    assert busy.get(path, **query).error[:2] == (422, 40010001)


def test_other_activities_do_not_happen_here(busy: Desk) -> None:
    """A type that exists and never happens has an empty list."""
    assert busy.get("/v2/account/activities/DIV").json == []


def test_assets_are_chosen_by_the_query(desk: Desk) -> None:
    """By class, by status and by exchange; those of coins tell their increments."""

    def found(**query: str) -> list[str]:
        return [asset["symbol"] for asset in desk.get("/v2/assets", **query).json]

    coins = ["BTC/USD", "ETH/USD", "SOL/USD", "LTC/USD"]
    assert found(status="active", asset_class="crypto") == coins
    assert found(asset_class="us_equity") == ["AAPL", "MSFT", "SPY", "TSLA", "BRK.A"]
    assert found(status="inactive") == ["MKR/USD"]
    assert found(exchange="NYSE") == ["BRK.A"]
    assert len(found()) == 10
    coin = desk.get("/v2/assets/BTCUSD").json
    assert (coin["min_trade_increment"], coin["price_increment"]) == ("0.000000001", "0.01")
    assert not desk.get("/v2/assets/BRK.A").json["fractionable"]


@pytest.mark.parametrize("path", ["BTC/USD", "BTC%2FUSD", "BTCUSD", "AAPL"])
def test_an_asset_has_several_names(desk: Desk, path: str) -> None:
    """A pair with its slash, escaped or not, or without; and each asset by its id."""
    asset = desk.get(f"/v2/assets/{path}").json
    assert desk.get(f"/v2/assets/{asset['id']}").json == asset
    error = desk.get("/v2/assets/NOPE").error
    assert error == (404, 40410000, "asset not found for NOPE")


def test_a_position_is_what_its_fills_made_it(desk: Desk) -> None:
    """The mean price is that of the purchases; a sale changes the quantity alone."""
    prices: list[Decimal] = []
    for quantity in ("4", "2"):
        desk.order(SHARE_MARKET, qty=quantity)
        prices.append(desk.price("AAPL"))
        desk.clock.advance(30)
    mean = (prices[0] * 4 + prices[1] * 2) / 6
    desk.order(SHARE_MARKET, qty="1", side="sell")
    desk.order(SHARE_LOW, qty="2", side="sell", limit_price="9999")
    position = desk.get("/v2/positions/AAPL").json
    told = {name: position[name] for name in ("symbol", "qty", "qty_available", "side")}
    assert told == {"symbol": "AAPL", "qty": "5", "qty_available": "3", "side": "long"}
    assert abs(Decimal(position["avg_entry_price"]) - mean) < Decimal("0.00000001")
    gain = Decimal(position["market_value"]) - Decimal(position["cost_basis"])
    assert Decimal(position["unrealized_pl"]) == gain
    assert Decimal(position["unrealized_intraday_pl"]) == gain
    assert Decimal(position["market_value"]) == 5 * desk.price("AAPL")


def test_a_position_of_coins_has_a_name_without_a_slash(desk: Desk) -> None:
    """It is found by that name and by the id of its asset."""
    order = desk.order(COIN_MARKET).json
    position = desk.get("/v2/positions/BTCUSD").json
    assert (position["symbol"], position["exchange"]) == ("BTCUSD", "CRYPTO")
    assert desk.get(f"/v2/positions/{order['asset_id']}").json == position
    assert desk.get("/v2/positions").json == [position]


def test_a_position_that_is_not_there(desk: Desk) -> None:
    """What is not held and what is not listed are told apart; a closed one is gone."""
    desk.order(SHARE_MARKET)
    desk.order(SHARE_MARKET, side="sell")
    missing = desk.get("/v2/positions/AAPL").error
    assert missing == (404, 40410000, "position does not exist")
    unknown = desk.get("/v2/positions/NOPE").error
    assert unknown == (404, 40410000, "symbol not found: NOPE")
    assert desk.get("/v2/positions").json == []


def test_the_account_remembers_the_last_close(desk: Desk) -> None:
    """last_equity is what the account was worth when the exchanges closed the day before."""
    desk.order(COIN_MARKET, qty="1")
    account = desk.get("/v2/account").json
    assert (account["last_equity"], account["currency"]) == ("100000", "USD")
    desk.jump("2026-01-02T17:00:00-05:00")
    later = desk.get("/v2/account").json
    assert (later["last_equity"] != "100000", later["balance_asof"]) == (True, "2026-01-02")


@pytest.mark.parametrize(
    ("query", "sold", "left"),
    [({}, "6", None), ({"qty": "2"}, "2", "4"), ({"percentage": "50"}, "3", "3")],
)
def test_a_position_can_be_closed(
    desk: Desk, query: dict[str, str], sold: str, left: str | None
) -> None:
    """All of it, or as much as is said; the answer is the order that does it."""
    desk.order(SHARE_MARKET, qty="6")
    reply = desk.raw("DELETE", "/v2/positions/AAPL", urlencode(query))
    told = {name: reply.json[name] for name in ("side", "type", "filled_qty", "status")}
    assert told == {"side": "sell", "type": "market", "filled_qty": sold, "status": "filled"}
    after = desk.get("/v2/positions/AAPL")
    assert (after.json["qty"] if after.status == 200 else None) == left


@pytest.mark.parametrize(
    "query",
    [{"qty": "1", "percentage": "1"}, {"qty": "x"}, {"percentage": "101"}, {"percentage": "0"}],
)
def test_a_position_is_not_closed_by_guessing(desk: Desk, query: dict[str, str]) -> None:
    """One way to say how much, and a number."""
    desk.order(SHARE_MARKET)
    error = desk.raw("DELETE", "/v2/positions/AAPL", urlencode(query)).error
    assert error[:2] == (422, 40010001)


@pytest.mark.parametrize("cancel", [False, True])
def test_all_positions_are_closed_at_once(desk: Desk, cancel: bool) -> None:
    """207 with a line each; what an order holds stays, unless the orders are canceled first."""
    desk.order(SHARE_MARKET)
    desk.order(COIN_MARKET)
    desk.order(SHARE_LOW, side="sell", limit_price="9999")
    reply = desk.raw("DELETE", "/v2/positions", f"cancel_orders={cancel}")
    assert reply.status == 207
    told = [(line["symbol"], line["status"]) for line in reply.json]
    assert told == [("AAPL", 200 if cancel else 403), ("BTCUSD", 200)]
    left = [position["symbol"] for position in desk.get("/v2/positions").json]
    assert left == ([] if cancel else ["AAPL"])
