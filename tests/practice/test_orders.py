"""Proves the life of orders on the practice venue, and that its books balance."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.practice.kit import LIMIT, MARKET, RESTING, Desk

LIFE_S = 3_600
"""Long enough for a path to swing by one per cent and back."""


def near(desk: Desk, share: str, symbol: str = "BTCUSDT") -> str:
    """A price at this share of the one now, on the tick."""
    return str((Decimal(desk.price(symbol)) * Decimal(share)).quantize(Decimal("0.01")))


def held(desk: Desk, asset: str) -> list[Decimal]:
    """What is free and what is locked of an asset."""
    balances = desk.signed("GET", "/api/v3/account").json["balances"]
    found = next(each for each in balances if each["asset"] == asset)
    return [Decimal(found["free"]), Decimal(found["locked"])]


def test_a_market_order_fills_at_the_price(desk: Desk) -> None:
    """A market order is done at once, in full, at the price the ticker tells."""
    price = desk.price()
    order = desk.order(MARKET, newClientOrderId="a").json
    assert (order["status"], order["executedQty"]) == ("FILLED", "0.01000000")
    assert [(fill["price"], fill["qty"]) for fill in order["fills"]] == [(price, "0.01000000")]
    assert Decimal(order["cummulativeQuoteQty"]) == Decimal(price) * Decimal("0.01")


def test_the_books_balance_after_a_trade(desk: Desk) -> None:
    """What one side loses the other gains, but for a commission of a thousandth."""
    price = Decimal(desk.price())
    desk.order(MARKET)
    assert held(desk, "BTC") == [1 + Decimal("0.01") * Decimal("0.999"), 0]
    assert held(desk, "USDT") == [100_000 - price * Decimal("0.01"), 0]
    desk.order(MARKET, side="SELL")
    assert held(desk, "BTC") == [1 - Decimal("0.00001"), 0]
    assert held(desk, "USDT") == [100_000 - price * Decimal("0.01") * Decimal("0.001"), 0]


def test_a_market_order_may_name_what_it_spends(desk: Desk) -> None:
    """QuoteOrderQty buys the whole steps that it pays for."""
    order = desk.order(
        {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET"}, quoteOrderQty="100"
    ).json
    spent = Decimal(order["cummulativeQuoteQty"])
    assert spent <= 100 < spent + Decimal("0.00001") * Decimal(desk.price())
    assert order["origQuoteOrderQty"] == "100.00000000"


@pytest.mark.parametrize(("side", "share"), [("BUY", "1.01"), ("SELL", "0.99")])
def test_a_limit_that_crosses_fills_at_the_better_price(desk: Desk, side: str, share: str) -> None:
    """A limit beyond the market trades at once, at the market."""
    order = desk.order(LIMIT, side=side, quantity="0.01", price=near(desk, share)).json
    assert order["status"] == "FILLED"
    assert order["fills"][0]["price"] == desk.price()


@pytest.mark.parametrize(("side", "asset"), [("BUY", "USDT"), ("SELL", "BTC")])
def test_a_resting_limit_locks_what_it_needs_and_a_cancel_frees_it(
    desk: Desk, side: str, asset: str
) -> None:
    """NEW, then CANCELED; the balance comes back whole."""
    before = held(desk, asset)
    price = "10000.00" if side == "BUY" else "90000.00"
    order = desk.order(RESTING, side=side, price=price, newClientOrderId="a").json
    need = Decimal("0.01") * (Decimal(price) if side == "BUY" else 1)
    assert order["status"] == "NEW"
    assert held(desk, asset) == [before[0] - need, need]
    cancel = desk.signed("DELETE", symbol="BTCUSDT", origClientOrderId="a").json
    assert (cancel["status"], cancel["origClientOrderId"]) == ("CANCELED", "a")
    assert cancel["clientOrderId"] != "a"
    assert held(desk, asset) == before


def test_a_resting_limit_fills_when_the_path_crosses_it(desk: Desk) -> None:
    """The order trades as maker, at its own price, at the second in which the path met it."""
    limit = near(desk, "0.999")
    order = desk.order(LIMIT, quantity="0.01", price=limit).json
    assert order["status"] == "NEW"
    desk.clock.advance(LIFE_S)
    found = desk.signed("GET", symbol="BTCUSDT", orderId=order["orderId"]).json
    trade = desk.signed("GET", "/api/v3/myTrades", symbol="BTCUSDT").json[0]
    assert (found["status"], trade["price"], trade["isMaker"]) == ("FILLED", f"{limit}000000", True)
    assert found["time"] < trade["time"] < desk.now_ms


def test_when_it_fills_does_not_depend_on_who_asks(desk: Desk) -> None:
    """Asking every second and asking once give the same executions."""
    other = Desk()
    for each in (desk, other):
        each.order(LIMIT, quantity="0.7", price=near(each, "0.999"))
    for _ in range(600):
        desk.clock.advance(1)
        desk.practice.state()
    other.clock.advance(600)
    assert desk.practice.state()["orders"] == other.practice.state()["orders"]
    assert desk.practice.state()["orders"][0]["executions"]


def test_a_large_resting_limit_fills_part_by_part(desk: Desk) -> None:
    """More than the market gives in a second is PARTIALLY_FILLED for a while; parts add up."""
    desk.order(LIMIT, quantity="1.2", price=near(desk, "0.999"))
    order: Any = {"status": "NEW"}
    seen: list[str] = []
    while order["status"] != "FILLED" and len(seen) < LIFE_S:
        desk.clock.advance(1)
        order = desk.practice.state()["orders"][0]
        seen.append(order["status"])
    assert set(seen) == {"NEW", "PARTIALLY_FILLED", "FILLED"}
    assert [trade["quantity"] for trade in order["executions"]] == ["0.5", "0.5", "0.2"]
    assert held(desk, "USDT")[1] == 0


@pytest.mark.parametrize("force", ["IOC", "FOK"])
def test_an_order_that_may_not_rest_expires(desk: Desk, force: str) -> None:
    """IOC and FOK away from the market end as EXPIRED and lock nothing."""
    order = desk.order(RESTING, timeInForce=force).json
    assert (order["status"], order["executedQty"]) == ("EXPIRED", "0.00000000")
    assert held(desk, "USDT") == [100_000, 0]


def test_post_only_is_refused_when_it_would_take(desk: Desk) -> None:
    """LIMIT_MAKER rests, or is refused; its answer is an ACK unless more is asked for."""
    shape = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT_MAKER", "quantity": "0.01"}
    error = (400, -2010, "Order would immediately match and take.")
    assert desk.order(shape, price=near(desk, "1.01")).error == error
    assert "status" not in desk.order(shape, price=near(desk, "0.9")).json


@pytest.mark.parametrize(
    ("response_type", "present", "absent"),
    [("ACK", "transactTime", "status"), ("RESULT", "status", "fills"), ("FULL", "fills", "code")],
)
def test_the_answer_tells_as_much_as_was_asked(
    desk: Desk, response_type: str, present: str, absent: str
) -> None:
    """NewOrderRespType chooses among the three documented forms."""
    order = desk.order(MARKET, newOrderRespType=response_type).json
    assert present in order
    assert absent not in order


def test_an_id_is_taken_while_its_order_is_open(desk: Desk) -> None:
    """A second order with the id of an open one is refused, and the refusal is kept."""
    desk.order(RESTING, newClientOrderId="a")
    assert desk.order(MARKET, newClientOrderId="a").error == (400, -2010, "Duplicate order sent.")
    state = desk.practice.state()
    assert len(state["orders"]) == 1
    assert state["refused"][0]["client_order_id"] == "a"
    assert (state["refused"][0]["status"], state["duplicates"]) == ("REJECTED", [])


@pytest.mark.parametrize("end", ["filled", "cancelled"])
def test_an_id_is_free_again_once_its_order_is_done(desk: Desk, end: str) -> None:
    """After a fill or a cancel the same id is taken: a second execution, which the state shows."""
    desk.order(MARKET if end == "filled" else RESTING, newClientOrderId="a")
    if end == "cancelled":
        desk.signed("DELETE", symbol="BTCUSDT", origClientOrderId="a")
    assert desk.order(MARKET, newClientOrderId="a").status == 200
    assert desk.practice.state()["duplicates"] == ["a"]
    assert desk.signed("GET", symbol="BTCUSDT", origClientOrderId="a").json["orderId"] == 2


@pytest.mark.parametrize(
    ("method", "error"),
    [
        ("GET", (400, -2013, "Order does not exist.")),
        ("DELETE", (400, -2011, "Unknown order sent.")),
    ],
)
def test_an_order_that_is_not_there(desk: Desk, method: str, error: Any) -> None:
    """A query and a cancel say so with different numbers."""
    assert desk.signed(method, symbol="BTCUSDT", origClientOrderId="a").error == error


def test_a_done_order_cannot_be_cancelled(desk: Desk) -> None:
    """A cancel that comes too late reads like one of an unknown order."""
    desk.order(MARKET, newClientOrderId="a")
    reply = desk.signed("DELETE", symbol="BTCUSDT", origClientOrderId="a")
    assert reply.error == (400, -2011, "Unknown order sent.")


def test_a_cancel_may_be_restricted(desk: Desk) -> None:
    """CancelRestrictions lets only orders in that state go, and only its two words are known."""
    desk.order(RESTING, newClientOrderId="a")
    order = {"symbol": "BTCUSDT", "origClientOrderId": "a"}
    reply = desk.signed("DELETE", **order, cancelRestrictions="ONLY_PARTIALLY_FILLED")
    assert reply.error == (400, -2011, "Order was not canceled due to cancel restrictions.")
    assert desk.signed("DELETE", **order, cancelRestrictions="ALL").error[1] == -1145
    assert desk.signed("DELETE", **order, cancelRestrictions="ONLY_NEW").status == 200


def test_open_orders_and_trades_are_lists_of_one_symbol(desk: Desk) -> None:
    """Open orders of one symbol or of all; trades of one symbol, by order and from an id on."""
    desk.order(RESTING)
    desk.order(RESTING, symbol="ETHUSDT", price="1000", quantity="1")
    for _ in range(3):
        desk.order(MARKET)
    assert len(desk.signed("GET", "/api/v3/openOrders").json) == 2
    assert len(desk.signed("GET", "/api/v3/openOrders", symbol="BTCUSDT").json) == 1

    def trades(**params: Any) -> list[int]:
        reply = desk.signed("GET", "/api/v3/myTrades", symbol="BTCUSDT", **params)
        return [trade["id"] for trade in reply.json]

    assert trades() == [1, 2, 3]
    assert trades(limit=2) == [2, 3]
    assert trades(fromId=2) == [2, 3]
    assert trades(orderId=4) == [2]
    assert trades(startTime=desk.now_ms + 1) == []


@pytest.mark.parametrize(
    ("params", "code"),
    [({"limit": 1001}, -1130), ({"startTime": 0, "endTime": 86_400_001}, -1127)],
)
def test_a_search_for_trades_has_bounds(desk: Desk, params: dict[str, int], code: int) -> None:
    """At most 1000 trades and a span of at most a day."""
    assert desk.signed("GET", "/api/v3/myTrades", symbol="BTCUSDT", **params).error[1] == code


def test_exchange_info_tells_the_filters_that_are_applied(desk: Desk) -> None:
    """An order on the told step and least value is accepted, one step off is not."""
    info = desk.get("/api/v3/exchangeInfo", symbol="ETHUSDT").json["symbols"][0]
    filters = {each["filterType"]: each for each in info["filters"]}
    step = filters["LOT_SIZE"]["stepSize"]
    price = filters["PRICE_FILTER"]["tickSize"].replace("0.01", "1000.01")
    shape = {**LIMIT, "symbol": "ETHUSDT", "price": price}
    assert desk.order(shape, quantity=Decimal(step) * 50).status == 200
    assert desk.order(shape, quantity=step).error[2] == "Filter failure: NOTIONAL"


def test_tickers_of_one_of_some_and_of_all(desk: Desk) -> None:
    """One symbol gives an object; a list, or nothing, gives an array in that order."""
    path = "/api/v3/ticker/price"
    assert desk.get(path, symbol="ETHUSDT").json["symbol"] == "ETHUSDT"
    some = desk.get(path, symbols='["ETHUSDT","BTCUSDT"]').json
    assert [each["symbol"] for each in some] == ["ETHUSDT", "BTCUSDT"]
    assert len(desk.get(path).json) == 6
    assert len(desk.get(path, symbolStatus="TRADING").json) == 5
    day = desk.get("/api/v3/ticker/24hr", symbol="ETHUSDT").json
    assert Decimal(day["lowPrice"]) <= Decimal(day["lastPrice"]) <= Decimal(day["highPrice"])
    assert desk.get(path, symbols="ETHUSDT").error[1] == -1100
    assert desk.get(path, symbols='["ETHUSDT","ETHUSDT"]').error[1] == -1151
    assert desk.get(path, symbols='["ETHUSDT"]', symbol="ETHUSDT").error[1] == -1128


def test_the_same_seed_gives_the_same_prices_and_another_seed_others() -> None:
    """A path depends on seed, symbol and second alone."""

    def path(seed: int) -> list[str]:
        desk, prices = Desk(seed), list[str]()
        for _ in range(20):
            desk.clock.advance(7)
            prices.append(desk.price())
        return prices

    assert path(1) == path(1)
    assert len(set(path(1))) > 15
    assert not set(path(1)) & set(path(2))


def test_a_step_of_the_date_moves_no_price(desk: Desk) -> None:
    """Only timestamps see the wall clock; the path goes on by elapsed seconds."""
    before = desk.price()
    desk.clock.wall_offset_s = -7_200
    assert desk.price() == before
    assert desk.get("/api/v3/time").json["serverTime"] == desk.now_ms
