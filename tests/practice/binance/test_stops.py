"""Proves stop-limit orders on the practice Binance: asleep, woken, filled, expired, refused."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.practice.kit import Desk

STOP = {"symbol": "BTCUSDT", "timeInForce": "GTC", "quantity": "0.01", "newOrderRespType": "FULL"}
STOPPED = (400, -2010, "Stop price would trigger immediately.")
LIFE_S = 3_600
"""Long enough for a path to swing by one per cent either way."""


def near(desk: Desk, share: str) -> str:
    """A price at this share of the one now, on the tick."""
    return str((Decimal(desk.price()) * Decimal(share)).quantize(Decimal("0.01")))


def found(desk: Desk, order: Any) -> Any:
    """The order as a query finds it now."""
    return desk.signed("GET", symbol="BTCUSDT", orderId=order["orderId"]).json


def wait_for(desk: Desk, order: Any) -> Any:
    """The order once it has woken, asked for each second without being counted."""
    desk.practice.state()
    booked = desk.practice.venue.account.numbered(order["orderId"])
    assert booked is not None
    for _ in range(LIFE_S):
        if not booked.asleep:
            break
        desk.clock.advance(1)
        desk.practice.state()
    return found(desk, order)


@pytest.mark.parametrize(
    ("kind", "side", "above"),
    [
        ("STOP_LOSS_LIMIT", "BUY", True),
        ("STOP_LOSS_LIMIT", "SELL", False),
        ("TAKE_PROFIT_LIMIT", "BUY", False),
        ("TAKE_PROFIT_LIMIT", "SELL", True),
    ],
)
def test_a_stop_order_sleeps_on_the_side_of_its_kind(
    desk: Desk, kind: str, side: str, above: bool
) -> None:
    """It is told back in Binance's words, off the book; on the wrong side it is refused."""
    right, wrong = ("1.02", "0.98") if above else ("0.98", "1.02")
    shape = {**STOP, "type": kind, "side": side, "price": near(desk, right)}
    assert desk.order(shape, stopPrice=near(desk, wrong)).error == STOPPED
    order = desk.order(shape, stopPrice=near(desk, right)).json
    assert (order["status"], order["type"], order["workingTime"]) == ("NEW", kind, -1)
    assert Decimal(order["stopPrice"]) == Decimal(near(desk, right))
    seen = found(desk, order)
    assert (seen["isWorking"], seen["workingTime"]) == (False, -1)
    assert (seen["type"], seen["stopPrice"]) == (kind, order["stopPrice"])


def test_a_stop_order_wakes_and_rests(desk: Desk) -> None:
    """Reached, it is on the book from that second on, as an order that is not filled yet."""
    shape = {**STOP, "type": "STOP_LOSS_LIMIT", "side": "SELL", "price": near(desk, "1.2")}
    order = desk.order(shape, stopPrice=near(desk, "0.999")).json
    seen = wait_for(desk, order)
    assert (seen["status"], seen["isWorking"]) == ("NEW", True)
    assert seen["time"] < seen["workingTime"] == desk.now_ms


def test_a_stop_order_wakes_and_fills(desk: Desk) -> None:
    """A limit that the price meets when it wakes takes at that price, not at its limit."""
    shape = {**STOP, "type": "STOP_LOSS_LIMIT", "side": "SELL", "price": near(desk, "0.9")}
    order = desk.order(shape, stopPrice=near(desk, "0.999")).json
    seen = wait_for(desk, order)
    assert (seen["status"], seen["executedQty"]) == ("FILLED", "0.01000000")
    trade = desk.signed("GET", "/api/v3/myTrades", symbol="BTCUSDT").json[0]
    assert (trade["price"], trade["isMaker"]) == (f"{Decimal(desk.price()):.8f}", False)
    assert desk.practice.state()["balances"]["BTC"] == {"free": "0.99", "locked": "0"}


def test_a_buying_stop_order_gives_back_what_it_did_not_spend(desk: Desk) -> None:
    """It keeps back its limit, fills below it, and the rest is free again."""
    limit = near(desk, "1.1")
    shape = {**STOP, "type": "STOP_LOSS_LIMIT", "side": "BUY", "price": limit}
    order = desk.order(shape, stopPrice=near(desk, "1.001")).json
    kept = Decimal(desk.practice.state()["balances"]["USDT"]["locked"])
    assert kept == Decimal(limit) * Decimal("0.01")
    seen = wait_for(desk, order)
    spent = Decimal(seen["cummulativeQuoteQty"])
    assert (seen["status"], spent < kept) == ("FILLED", True)
    held = desk.practice.state()["balances"]["USDT"]
    assert (Decimal(held["free"]), held["locked"]) == (100_000 - spent, "0")


@pytest.mark.parametrize("force", ["IOC", "FOK"])
def test_a_stop_order_that_may_not_rest_expires_when_woken(desk: Desk, force: str) -> None:
    """Away from the market it ends at the second that wakes it, and says why."""
    shape = {**STOP, "type": "STOP_LOSS_LIMIT", "side": "SELL", "price": near(desk, "1.2")}
    order = desk.order(shape, stopPrice=near(desk, "0.999"), timeInForce=force).json
    assert order["status"] == "NEW"
    seen = wait_for(desk, order)
    assert (seen["status"], seen["expiryReason"]) == ("EXPIRED", "INSUFFICIENT_LIQUIDITY")


def test_a_sleeping_order_is_open_and_can_be_cancelled(desk: Desk) -> None:
    """It keeps back what it needs, stands among the open orders, and a cancel frees it."""
    shape = {**STOP, "type": "TAKE_PROFIT_LIMIT", "side": "SELL", "price": near(desk, "1.02")}
    order = desk.order(shape, stopPrice=near(desk, "1.02")).json
    assert desk.practice.state()["balances"]["BTC"] == {"free": "0.99", "locked": "0.01"}
    assert len(desk.signed("GET", "/api/v3/openOrders").json) == 1
    cancel = desk.signed("DELETE", symbol="BTCUSDT", orderId=order["orderId"]).json
    assert (cancel["status"], cancel["stopPrice"]) == ("CANCELED", order["stopPrice"])
    assert found(desk, order)["isWorking"] is False
    assert desk.practice.state()["balances"]["BTC"] == {"free": "1", "locked": "0"}


def test_the_answer_to_a_stop_order_is_short_unless_asked(desk: Desk) -> None:
    """All but LIMIT and MARKET are acknowledged, and no more."""
    shape = {**STOP, "type": "STOP_LOSS_LIMIT", "side": "SELL", "price": near(desk, "0.9")}
    del shape["newOrderRespType"]
    assert "status" not in desk.order(shape, stopPrice=near(desk, "0.9")).json


def test_stop_orders_that_end_as_market_orders_are_not_offered(desk: Desk) -> None:
    """STOP_LOSS and TAKE_PROFIT are known and refused by name."""
    for kind, words in (("STOP_LOSS", "Stop loss"), ("TAKE_PROFIT", "Take profit")):
        text = f"{words} orders are not supported for this symbol."
        reply = desk.order({**STOP, "type": kind, "side": "SELL"}, stopPrice="5")
        assert reply.error == (400, -1013, text)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (
            {"stopPrice": None},
            (-1102, "Param 'stopPrice' or 'trailingDelta' must be sent, but both were empty/null!"),
        ),
        ({"timeInForce": None}, (-1102, "Mandatory parameter 'timeInForce' was not sent")),
        ({"price": None}, (-1102, "Mandatory parameter 'price' was not sent")),
        ({"trailingDelta": "100"}, (-1013, "Trailing stop orders are not supported")),
        ({"quoteOrderQty": "10"}, (-1106, "Parameter 'quoteOrderQty' sent when not required.")),
        ({"stopPrice": "0"}, (-1013, "Filter failure: PRICE_FILTER")),
        ({"stopPrice": "50000.001"}, (-1013, "Filter failure: PRICE_FILTER")),
        ({"stopPrice": "-5"}, (-1100, "Illegal characters found in parameter 'stopPrice'")),
    ],
)
def test_a_wrong_stop_order_is_refused(
    desk: Desk, change: dict[str, str | None], error: tuple[int, str]
) -> None:
    """What it must name, what it must not, and that its stop price keeps the price filter."""
    shape = {**STOP, "type": "STOP_LOSS_LIMIT", "side": "SELL", "price": "50000"}
    params = {**shape, "stopPrice": "50000", **change}
    reply = desk.signed("POST", **{k: v for k, v in params.items() if v is not None})
    assert reply.error[1] == error[0]
    assert reply.error[2].startswith(error[1])
