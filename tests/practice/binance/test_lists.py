"""Proves what the practice Binance tells an account: its orders, counts, rates; and cancel-all."""

from __future__ import annotations

from typing import Any

import pytest

from tests.practice.kit import MARKET, RESTING, Desk

OPEN, ALL = "/api/v3/openOrders", "/api/v3/allOrders"
DAY_MS = 86_400_000


def ids(desk: Desk, **params: Any) -> list[int]:
    """The ids of all orders on a symbol."""
    reply = desk.signed("GET", ALL, symbol="BTCUSDT", **params)
    return [order["orderId"] for order in reply.json]


def test_all_open_orders_of_a_symbol_are_cancelled_at_once(desk: Desk) -> None:
    """One answer tells each, under one id of the cancel; other symbols keep theirs."""
    for name in ("a", "b"):
        desk.order(RESTING, newClientOrderId=name)
    desk.order(RESTING, symbol="ETHUSDT", price="1000", quantity="1")
    cancelled = desk.signed("DELETE", OPEN, symbol="BTCUSDT").json
    assert [each["origClientOrderId"] for each in cancelled] == ["a", "b"]
    assert {each["status"] for each in cancelled} == {"CANCELED"}
    assert len({each["clientOrderId"] for each in cancelled}) == 1
    assert [order["symbol"] for order in desk.signed("GET", OPEN).json] == ["ETHUSDT"]


def test_nothing_to_cancel_is_refused(desk: Desk) -> None:
    """No open order, like no known one, is an unknown order; the symbol must be named."""
    desk.order(MARKET)
    error = (400, -2011, "Unknown order sent.")
    assert desk.signed("DELETE", OPEN, symbol="BTCUSDT").error == error
    assert desk.signed("DELETE", OPEN).error[1] == -1102


def test_all_orders_whatever_became_of_them(desk: Desk) -> None:
    """Oldest first, of one symbol: open, filled and cancelled."""
    desk.order(RESTING, newClientOrderId="a")
    desk.order(MARKET)
    desk.order(RESTING, symbol="ETHUSDT", price="1000", quantity="1")
    desk.order(RESTING)
    desk.signed("DELETE", symbol="BTCUSDT", origClientOrderId="a")
    found = desk.signed("GET", ALL, symbol="BTCUSDT").json
    assert [order["status"] for order in found] == ["CANCELED", "FILLED", "NEW"]
    assert found[2] == desk.signed("GET", symbol="BTCUSDT", orderId=4).json


def test_which_orders_are_listed(desk: Desk) -> None:
    """The newest, or those from an id or a time on; a span is at most a day."""
    placed: list[int] = []
    for _ in range(4):
        placed.append(desk.now_ms)
        desk.order(RESTING)
        desk.clock.advance(10)
    assert ids(desk, limit=2) == [3, 4]
    assert ids(desk, orderId=2) == [2, 3, 4]
    assert ids(desk, orderId=2, limit=2) == [2, 3]
    assert ids(desk, startTime=placed[1], limit=2) == [2, 3]
    assert ids(desk, endTime=placed[2], limit=2) == [2, 3]
    assert ids(desk, startTime=placed[1] * 1000, endTime=placed[2] * 1000) == [2, 3]


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({"limit": 1001}, (400, -1130, "Data sent for parameter 'limit' is not valid.")),
        (
            {"startTime": 0, "endTime": DAY_MS + 1},
            (400, -1127, "More than 24 hours between startTime and endTime."),
        ),
    ],
)
def test_a_list_of_orders_has_bounds(
    desk: Desk, params: dict[str, int], error: tuple[int, int, str]
) -> None:
    """At most 1000 orders and a span of at most a day."""
    assert desk.signed("GET", ALL, symbol="BTCUSDT", **params).error == error


def test_commission_rates_of_an_account(desk: Desk) -> None:
    """The rate that trades are charged, and no discount."""
    told = desk.signed("GET", "/api/v3/account/commission", symbol="BTCUSDT").json
    assert told["standardCommission"]["taker"] == "0.00100000"
    assert told["taxCommission"] == dict.fromkeys(
        ("maker", "taker", "buyer", "seller"), "0.00000000"
    )
    assert told["discount"]["discountAsset"] == "BNB"


def test_the_count_of_unfilled_orders(desk: Desk) -> None:
    """Each limit with what was counted in its window; a filled order does not count."""
    desk.order(RESTING)
    desk.order(MARKET)
    told = desk.signed("GET", "/api/v3/rateLimit/order").json
    assert [(each["interval"], each["intervalNum"]) for each in told] == [
        ("SECOND", 10),
        ("DAY", 1),
    ]
    assert [(each["limit"], each["count"]) for each in told] == [(100, 1), (200_000, 1)]
    desk.clock.advance(10)
    told = desk.signed("GET", "/api/v3/rateLimit/order").json
    assert [each["count"] for each in told] == [0, 1]


@pytest.mark.parametrize(
    ("method", "path", "params", "weight"),
    [
        ("GET", ALL, {"symbol": "BTCUSDT"}, 20),
        ("GET", "/api/v3/account/commission", {"symbol": "BTCUSDT"}, 20),
        ("GET", "/api/v3/rateLimit/order", {}, 40),
        ("DELETE", OPEN, {"symbol": "BTCUSDT"}, 1),
        ("POST", "/api/v3/order/test", RESTING, 1),
        ("POST", "/api/v3/order/cancelReplace", RESTING, 1),
    ],
)
def test_each_endpoint_has_its_documented_weight(
    desk: Desk, method: str, path: str, params: dict[str, str], weight: int
) -> None:
    """Told in the header, whether the request was served or refused."""
    reply = desk.signed(method, path, **params)
    assert reply.headers["X-MBX-USED-WEIGHT-1M"] == str(weight)


def test_an_order_that_expired_says_why(desk: Desk) -> None:
    """An order that may not rest ends for want of somebody who takes it."""
    order = desk.order(RESTING, timeInForce="IOC").json
    assert (order["status"], order["expiryReason"]) == ("EXPIRED", "INSUFFICIENT_LIQUIDITY")
    assert "expiryReason" not in desk.order(RESTING).json
