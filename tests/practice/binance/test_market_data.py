"""Proves what the practice Binance tells anybody of prices, book, trades and rules."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.practice.kit import Desk

V3 = "/api/v3"
CLOSED = "LUNAUSDT"


@pytest.mark.parametrize(
    ("path", "params", "weight"),
    [
        ("depth", {"symbol": "BTCUSDT"}, 5),
        ("depth", {"symbol": "BTCUSDT", "limit": 100}, 5),
        ("depth", {"symbol": "BTCUSDT", "limit": 101}, 25),
        ("depth", {"symbol": "BTCUSDT", "limit": 501}, 50),
        ("depth", {"symbol": "BTCUSDT", "limit": 1001}, 250),
        ("depth", {"symbol": "BTCUSDT", "limit": "x"}, 5),
        ("trades", {"symbol": "BTCUSDT"}, 25),
        ("historicalTrades", {"symbol": "BTCUSDT"}, 25),
        ("aggTrades", {"symbol": "BTCUSDT"}, 4),
        ("klines", {"symbol": "BTCUSDT", "interval": "1m"}, 2),
        ("uiKlines", {"symbol": "BTCUSDT", "interval": "1m"}, 2),
        ("avgPrice", {"symbol": "BTCUSDT"}, 2),
        ("ticker/bookTicker", {"symbol": "BTCUSDT"}, 2),
        ("ticker/bookTicker", {}, 4),
        ("ticker/bookTicker", {"symbols": '["BTCUSDT"]'}, 4),
        ("ticker/24hr", {"symbols": '["BTCUSDT"]'}, 2),
        ("ticker/24hr", {"symbols": "A," * 20}, 40),
        ("ticker/24hr", {"symbols": "A," * 100}, 80),
    ],
)
def test_each_endpoint_has_its_documented_weight(
    desk: Desk, path: str, params: dict[str, Any], weight: int
) -> None:
    """Heavier questions weigh more, whether they are answered or refused."""
    reply = desk.get(f"{V3}/{path}", **params)
    assert reply.headers["X-MBX-USED-WEIGHT-1M"] == str(weight)


def test_the_book_stands_round_the_price(desk: Desk) -> None:
    """Best bid below the price, best ask above it, as many levels as asked, best first."""
    book = desk.get(f"{V3}/depth", symbol="BTCUSDT", limit=3).json
    price = Decimal(desk.price())
    bids, asks = ([Decimal(level[0]) for level in book[side]] for side in ("bids", "asks"))
    assert bids == sorted(bids, reverse=True)
    assert asks == sorted(asks)
    assert (len(bids), len(asks)) == (3, 3)
    assert bids[0] < price < asks[0]
    best = desk.get(f"{V3}/ticker/bookTicker", symbol="BTCUSDT").json
    assert [best["bidPrice"], best["bidQty"]] == book["bids"][0]
    assert [best["askPrice"], best["askQty"]] == book["asks"][0]


def test_a_book_has_a_hundred_levels_and_at_most_five_thousand(desk: Desk) -> None:
    """The default is 100, more than 5000 is cut, and none at all is refused."""
    assert len(desk.get(f"{V3}/depth", symbol="BTCUSDT").json["asks"]) == 100
    assert len(desk.get(f"{V3}/depth", symbol="BTCUSDT", limit=6000).json["asks"]) == 5000
    refused = (400, -1130, "Data sent for parameter 'limit' is not valid.")
    assert desk.get(f"{V3}/depth", symbol="BTCUSDT", limit=0).error == refused


def test_the_average_is_of_five_minutes(desk: Desk) -> None:
    """It tells its span, and stands between the extremes of the path."""
    prices: list[Decimal] = []
    for _ in range(301):
        desk.clock.advance(1)
        prices.append(Decimal(desk.practice.state()["prices"]["BTCUSDT"]))
    told = desk.get(f"{V3}/avgPrice", symbol="BTCUSDT").json
    assert (told["mins"], told["closeTime"]) == (5, desk.now_ms)
    assert min(prices) <= Decimal(told["price"]) <= max(prices)


def test_trades_are_one_a_second_and_keep_their_ids(desk: Desk) -> None:
    """The newest last; the same trade reads the same later, and by its id."""
    first = desk.get(f"{V3}/trades", symbol="BTCUSDT", limit=3).json
    assert [each["id"] - first[0]["id"] for each in first] == [0, 1, 2]
    desk.clock.advance(0.7)
    desk.clock.advance(10)
    path = f"{V3}/historicalTrades"
    assert desk.get(path, symbol="BTCUSDT", fromId=first[0]["id"], limit=3).json == first
    assert len(desk.get(f"{V3}/trades", symbol="BTCUSDT").json) == 500
    assert desk.get(f"{V3}/trades", symbol="BTCUSDT", limit=1001).error[1] == -1130


def test_aggregate_trades_by_time_and_by_id(desk: Desk) -> None:
    """From a time on, up to a time, or from an id on; id and time together are refused."""
    path = f"{V3}/aggTrades"
    newest = desk.get(path, symbol="BTCUSDT", limit=5).json
    assert list(newest[0]) == ["a", "p", "q", "f", "l", "T", "m", "M"]
    times = {"startTime": newest[1]["T"], "endTime": newest[3]["T"]}
    assert desk.get(path, symbol="BTCUSDT", **times).json == newest[1:4]
    assert desk.get(path, symbol="BTCUSDT", limit=2, endTime=newest[3]["T"]).json == newest[2:4]
    assert desk.get(path, symbol="BTCUSDT", limit=2, fromId=newest[0]["a"]).json == newest[:2]
    assert desk.get(path, symbol="BTCUSDT", fromId=1, startTime=1).error[1] == -1128


def test_a_day_in_few_words_is_part_of_the_day(desk: Desk) -> None:
    """The type MINI leaves fields out, and no other type is known."""
    path = f"{V3}/ticker/24hr"
    whole = desk.get(path, symbol="BTCUSDT").json
    mini = desk.get(path, symbol="BTCUSDT", type="MINI").json
    assert mini.items() < whole.items()
    assert "bidPrice" not in mini
    assert desk.get(path, type="TINY").error == (400, -1139, "Invalid ticker type.")


def test_symbols_may_be_asked_for_by_status(desk: Desk) -> None:
    """Those of another status are left out; a single one of another status is refused."""
    path = f"{V3}/ticker/price"
    assert [each["symbol"] for each in desk.get(path, symbolStatus="BREAK").json] == [CLOSED]
    text = "The symbol's status does not match the requested symbolStatus."
    mismatch = (400, -1220, text)
    assert desk.get(path, symbol=CLOSED, symbolStatus="TRADING").error == mismatch
    assert desk.get(f"{V3}/depth", symbol="BTCUSDT", symbolStatus="HALT").error == mismatch
    assert desk.get(path, symbolStatus="OPEN").error == (400, -1122, "Invalid symbolStatus.")
    some = desk.get(path, symbols=f'["{CLOSED}","BTCUSDT"]', symbolStatus="TRADING").json
    assert [each["symbol"] for each in some] == ["BTCUSDT"]


def test_a_closed_market_stands_still(desk: Desk) -> None:
    """No book, no trades, no candles, and one price for ever."""
    before = desk.price(CLOSED)
    desk.clock.advance(1_000)
    assert desk.price(CLOSED) == before
    book = desk.get(f"{V3}/depth", symbol=CLOSED).json
    assert (book["bids"], book["asks"]) == ([], [])
    assert desk.get(f"{V3}/trades", symbol=CLOSED).json == []
    assert desk.get(f"{V3}/klines", symbol=CLOSED, interval="1m").json == []
    assert desk.get(f"{V3}/avgPrice", symbol=CLOSED).json["price"] == before
    day = desk.get(f"{V3}/ticker/24hr", symbol=CLOSED).json
    assert (day["count"], day["lastId"], day["bidPrice"]) == (0, -1, "0.00000000")


def test_exchange_info_tells_status_types_and_limits(desk: Desk) -> None:
    """Each pair with its status and the order types it takes; the limits of requests and orders."""
    info = desk.get(f"{V3}/exchangeInfo").json
    statuses = {each["symbol"]: each["status"] for each in info["symbols"]}
    assert (statuses["BTCUSDT"], statuses[CLOSED]) == ("TRADING", "BREAK")
    types = ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"]
    assert info["symbols"][0]["orderTypes"] == types
    limits = [(each["rateLimitType"], each["limit"]) for each in info["rateLimits"]]
    orders = [("ORDERS", 100), ("ORDERS", 200_000)]
    assert limits == [("REQUEST_WEIGHT", 6_000), *orders, ("RAW_REQUESTS", 61_000)]


@pytest.mark.parametrize(
    ("params", "names"),
    [
        ({"permissions": "SPOT"}, 6),
        ({"permissions": '["MARGIN","SPOT"]'}, 6),
        ({"permissions": "MARGIN"}, 0),
        ({"symbolStatus": "TRADING"}, 5),
        ({"symbols": '["ETHUSDT"]'}, 1),
    ],
)
def test_exchange_info_may_be_narrowed(desk: Desk, params: dict[str, str], names: int) -> None:
    """By permission, by status, and by name."""
    assert len(desk.get(f"{V3}/exchangeInfo", **params).json["symbols"]) == names


def test_exchange_info_by_name_goes_with_nothing_else(desk: Desk) -> None:
    """A name with a permission or a status is refused; permission sets may be left out."""
    path = f"{V3}/exchangeInfo"
    assert desk.get(path, symbol="BTCUSDT", permissions="SPOT").error[1] == -1128
    assert desk.get(path, symbol="BTCUSDT", symbolStatus="TRADING").error[1] == -1128
    shown = desk.get(path, symbol="BTCUSDT", showPermissionSets="false").json["symbols"][0]
    assert shown["permissionSets"] == []


def test_the_system_tells_that_it_runs(desk: Desk) -> None:
    """The status that clients ask for ahead of anything else."""
    assert desk.get("/sapi/v1/system/status").json == {"status": 0, "msg": "normal"}


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("GET", "/api/v3/klines", "klines"),
        ("GET", "/api/v3/depth", "depth"),
        ("DELETE", "/api/v3/openOrders", "orders.cancel_all"),
        ("GET", "/api/v3/allOrders", "orders.all"),
        ("POST", "/api/v3/order/test", "order.test"),
        ("POST", "/api/v3/order/cancelReplace", "order.replace"),
        ("GET", "/api/v3/nothing", None),
    ],
)
def test_faults_may_name_the_endpoints(desk: Desk, method: str, path: str, name: Any) -> None:
    """Each endpoint has a name of its own."""
    assert desk.practice.venue.endpoint_name(method, path) == name
