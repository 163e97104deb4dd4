"""Proves that an order keeps every filter that exchangeInfo tells, and a symbol that is closed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.practice.kit import LIMIT, MARKET, RESTING, Desk

CLOSED = "LUNAUSDT"


def told(desk: Desk, symbol: str = "BTCUSDT") -> dict[str, dict[str, Any]]:
    """The filters of a symbol by type, as exchangeInfo tells them."""
    info = desk.get("/api/v3/exchangeInfo", symbol=symbol).json["symbols"][0]
    return {each["filterType"]: each for each in info["filters"]}


def failure(name: str) -> tuple[int, int, str]:
    """The refusal that names this filter."""
    return 400, -1013, f"Filter failure: {name}"


def test_the_filters_that_are_told(desk: Desk) -> None:
    """Seven of them, in the order they are applied in."""
    assert list(told(desk)) == [
        "PRICE_FILTER",
        "LOT_SIZE",
        "MARKET_LOT_SIZE",
        "PERCENT_PRICE_BY_SIDE",
        "NOTIONAL",
        "MAX_NUM_ORDERS",
        "MAX_NUM_ALGO_ORDERS",
    ]


@pytest.mark.parametrize(("side", "name"), [("BUY", "bid"), ("SELL", "ask")])
def test_a_price_stands_within_multiples_of_the_average(desk: Desk, side: str, name: str) -> None:
    """On each side's own multiples it is taken, one tick beyond it is not."""
    filters = told(desk)["PERCENT_PRICE_BY_SIDE"]
    average = Decimal(desk.get("/api/v3/avgPrice", symbol="BTCUSDT").json["price"])
    tick, quantity = Decimal("0.01"), "0.00100"
    up, down = (average * Decimal(filters[f"{name}Multiplier{way}"]) for way in ("Up", "Down"))
    shape = {**LIMIT, "side": side, "quantity": quantity}
    for price, broken in ((up + tick, True), (up - tick, False), (down - tick, True)):
        reply = desk.order(shape, price=f"{price:.2f}")
        assert (reply.status == 400) is broken
        assert not broken or reply.error == failure("PERCENT_PRICE_BY_SIDE")
    assert desk.order(shape, price=f"{down + tick:.2f}").status == 200


def test_a_market_order_has_a_largest_size_of_its_own(desk: Desk) -> None:
    """It is smaller than that of a limit order, and holds for an amount of quote units too."""
    filters = told(desk)
    most = Decimal(filters["MARKET_LOT_SIZE"]["maxQty"])
    assert most < Decimal(filters["LOT_SIZE"]["maxQty"])
    beyond = f"{most + Decimal('0.00001'):.5f}"
    assert desk.order(MARKET, quantity=beyond).error == failure("MARKET_LOT_SIZE")
    assert desk.order(MARKET, quantity=f"{most:.5f}").error[1] == -2010
    spend = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quoteOrderQty": "8999999"}
    assert desk.order(spend).error == failure("MARKET_LOT_SIZE")
    assert desk.order(RESTING, quantity=beyond).error[1] == -2010


@pytest.mark.parametrize("amount", ["0.5", "4.99", "0.00000001"])
def test_a_quote_amount_too_small_to_buy_is_refused(desk: Desk, amount: str) -> None:
    """However little it is, the filter it breaks is the least value of an order."""
    spend = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quoteOrderQty": amount}
    assert desk.order(spend).error == failure("NOTIONAL")


def test_a_symbol_bears_two_hundred_open_orders(desk: Desk) -> None:
    """The next one is refused, on another symbol it is not, and a cancel makes room."""
    most = told(desk)["MAX_NUM_ORDERS"]["maxNumOrders"]
    shape = {**RESTING, "quantity": "0.001"}
    for number in range(most):
        desk.clock.advance(0.2)
        assert desk.order(shape, newClientOrderId=f"n{number}").status == 200
    assert desk.order(shape).error == failure("MAX_NUM_ORDERS")
    assert desk.order(shape, symbol="ETHUSDT", price="1000", quantity="1").status == 200
    desk.signed("DELETE", symbol="BTCUSDT", origClientOrderId="n0")
    assert desk.order(shape).status == 200


def test_a_symbol_bears_five_stop_orders(desk: Desk) -> None:
    """Stop orders have a number of their own; other orders are still taken."""
    shape = {**RESTING, "side": "SELL", "type": "STOP_LOSS_LIMIT", "stopPrice": "20000"}
    shape["price"] = "20000"
    for _ in range(told(desk)["MAX_NUM_ALGO_ORDERS"]["maxNumAlgoOrders"]):
        assert desk.order(shape).status == 200
    assert desk.order(shape).error == failure("MAX_NUM_ALGO_ORDERS")
    assert desk.order(RESTING).status == 200


def test_a_closed_market_takes_no_orders(desk: Desk) -> None:
    """An order that keeps all filters is refused by the engine, and kept among the refused."""
    shape = {**LIMIT, "symbol": CLOSED, "quantity": "10", "price": "1"}
    assert desk.order(shape, newClientOrderId="a").error == (400, -2010, "Market is closed.")
    assert desk.practice.state()["refused"][0]["client_order_id"] == "a"
    assert desk.signed("DELETE", "/api/v3/openOrders", symbol=CLOSED).error[1] == -2011


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"pegPriceType": "PRIMARY_PEG"}, (-1013, "Pegged orders are not supported")),
        ({"strategyType": "999999"}, (-1134, "`strategyType` was less than 1000000.")),
        ({"selfTradePreventionMode": "EXPIRE_BOTH"}, (-1130, "Data sent for parameter 'self")),
    ],
)
def test_what_a_symbol_does_not_offer_is_refused(
    desk: Desk, change: dict[str, str], error: tuple[int, str]
) -> None:
    """Pegs, a strategy type below its range, and a self-trade mode that is not listed."""
    reply = desk.order(RESTING, **change)
    assert reply.error[1] == error[0]
    assert reply.error[2].startswith(error[1])
    told = {"strategyType": "1000000", "strategyId": "7", "selfTradePreventionMode": "NONE"}
    assert desk.order(RESTING, **told).status == 200


def test_a_test_order_is_checked_and_not_booked(desk: Desk) -> None:
    """Parameters and filters are checked, funds are not, and nothing is placed or counted."""
    test = "/api/v3/order/test"
    assert desk.signed("POST", test, **RESTING).json == {}
    assert desk.signed("POST", test, **{**RESTING, "quantity": "100"}).json == {}
    off = {**RESTING, "price": "10000.001"}
    assert desk.signed("POST", test, **off).error == failure("PRICE_FILTER")
    assert desk.signed("POST", test, **{**RESTING, "side": "buy"}).error[1] == -1117
    assert desk.practice.state()["orders"] == []
    assert desk.order(RESTING).headers["X-MBX-ORDER-COUNT-10S"] == "1"


def test_a_test_order_may_ask_for_its_commission(desk: Desk) -> None:
    """The rates that the order would have, at a weight of 20."""
    reply = desk.signed("POST", "/api/v3/order/test", **RESTING, computeCommissionRates="true")
    assert reply.headers["X-MBX-USED-WEIGHT-1M"] == "20"
    rates = {"maker": "0.00100000", "taker": "0.00100000"}
    assert reply.json["standardCommissionForOrder"] == rates
    assert reply.json["discount"]["enabledForAccount"] is False
