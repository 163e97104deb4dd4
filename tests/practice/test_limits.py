"""Proves the weights, bans and order counts of the practice venue."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from switchgear.practice.sim.binance.limits import WeightLimit
from tests.practice.kit import MARKET, RESTING, Desk

HEAVY = 75
"""Calls of weight 80 that use a minute's 6000 exactly."""


def use_up(desk: Desk) -> None:
    """Use the weight of this minute to the last unit."""
    for _ in range(HEAVY):
        desk.signed("GET", "/api/v3/openOrders")


@pytest.mark.parametrize(
    ("method", "path", "params", "weight"),
    [
        ("GET", "/api/v3/ping", None, 1),
        ("GET", "/api/v3/time", None, 1),
        ("GET", "/api/v3/exchangeInfo", None, 20),
        ("GET", "/api/v3/ticker/price", {"symbol": "BTCUSDT"}, 2),
        ("GET", "/api/v3/ticker/price", {}, 4),
        ("GET", "/api/v3/ticker/price", {"symbols": '["BTCUSDT"]'}, 4),
        ("GET", "/api/v3/ticker/24hr", {"symbol": "BTCUSDT"}, 2),
        ("GET", "/api/v3/ticker/24hr", {}, 80),
        ("SIGNED", "/api/v3/account", {}, 20),
        ("POST", "/api/v3/order", RESTING, 1),
        ("SIGNED", "/api/v3/order", {"symbol": "BTCUSDT", "orderId": "1"}, 4),
        ("DELETE", "/api/v3/order", {"symbol": "BTCUSDT", "orderId": "1"}, 1),
        ("SIGNED", "/api/v3/openOrders", {"symbol": "BTCUSDT"}, 6),
        ("SIGNED", "/api/v3/openOrders", {}, 80),
        ("SIGNED", "/api/v3/myTrades", {"symbol": "BTCUSDT"}, 20),
        ("SIGNED", "/api/v3/myTrades", {"symbol": "BTCUSDT", "orderId": "1"}, 5),
    ],
)
def test_each_endpoint_has_its_documented_weight(
    desk: Desk, method: str, path: str, params: dict[str, str] | None, weight: int
) -> None:
    """The header of a first call tells the weight of that call, refused or not."""
    if method == "GET":
        reply = desk.get(path, **(params or {}))
    else:
        reply = desk.signed("GET" if method == "SIGNED" else method, path, **(params or {}))
    assert reply.headers["X-MBX-USED-WEIGHT-1M"] == str(weight)


def test_over_the_limit_is_a_429_until_the_minute_ends(desk: Desk) -> None:
    """The last unit is served; the next request waits for the rest of the minute, told exactly."""
    desk.clock.advance(15)
    use_up(desk)
    reply = desk.get("/api/v3/ping")
    assert reply.error[:2] == (429, -1003)
    assert "current limit is 6000 request weight per 1 MINUTE" in reply.error[2]
    assert reply.headers["Retry-After"] == "45"
    desk.clock.advance(44)
    assert desk.get("/api/v3/ping").headers["Retry-After"] == "1"
    desk.clock.advance(1)
    assert desk.get("/api/v3/ping").headers["X-MBX-USED-WEIGHT-1M"] == "1"


def test_an_order_over_the_limit_is_not_booked(desk: Desk) -> None:
    """A 429 comes before the ledger."""
    use_up(desk)
    assert desk.order(MARKET).status == 429
    assert desk.practice.state()["orders"] == []


def test_going_on_after_429_bans_the_address_for_longer_each_time(desk: Desk) -> None:
    """Ten refusals are borne; then 418 with the ban's end, and the next ban is twice as long."""
    for ban_s in (120, 240):
        use_up(desk)
        assert {desk.get("/api/v3/ping").status for _ in range(10)} == {429}
        reply = desk.get("/api/v3/ping")
        until = re.search(r"IP banned until (\d+)\.", reply.error[2])
        assert reply.error[:2] == (418, -1003)
        assert until is not None
        assert int(until[1]) == desk.now_ms + ban_s * 1000
        assert reply.headers["Retry-After"] == str(ban_s)
        desk.clock.advance(ban_s - 1)
        assert desk.get("/api/v3/ping").status == 418
        desk.clock.advance(1)
        assert desk.get("/api/v3/ping").status == 200
        desk.clock.advance(60)


def test_a_banned_address_that_goes_on_stays_banned(desk: Desk) -> None:
    """Requests during a ban are all refused with its end, which does not move."""
    use_up(desk)
    ends = set[str]()
    for _ in range(11):
        desk.get("/api/v3/ping")
    for _ in range(20):
        desk.clock.advance(5)
        reply = desk.get("/api/v3/ping")
        assert reply.status == 418
        ends.add(reply.error[2])
    assert len(ends) == 1


def test_a_ban_grows_to_three_days_and_no_further() -> None:
    """Twice as long each time, until it is as long as bans are."""
    limit, now_s, spans = WeightLimit(limit=0), 0.0, list[int]()
    while len(spans) < 15:
        now_s += 60 - now_s % 60
        for _ in range(10):
            limit.take("a", 1, now_s, 0)
        excess = limit.take("a", 1, now_s, 0)
        assert excess is not None
        assert excess.status == 418
        spans.append(excess.retry_after_s)
        now_s += excess.retry_after_s
    assert spans[:3] == [120, 240, 480]
    assert spans[-3:] == [3 * 24 * 3_600] * 3


def test_limits_are_by_address(desk: Desk) -> None:
    """What one IP uses up, another does not miss."""
    use_up(desk)
    assert desk.raw("GET", "/api/v3/ping", ip="127.0.0.2").status == 200


def test_unfilled_orders_are_counted_and_filled_ones_are_not(desk: Desk) -> None:
    """The count headers come with accepted orders, and a fill takes an order out of the count."""
    assert desk.order(RESTING).headers["X-MBX-ORDER-COUNT-10S"] == "1"
    assert desk.order(RESTING).headers["X-MBX-ORDER-COUNT-1D"] == "2"
    assert desk.order(MARKET).headers["X-MBX-ORDER-COUNT-10S"] == "2"
    assert "X-MBX-ORDER-COUNT-10S" not in desk.order(MARKET, quantity="99").headers
    desk.clock.advance(10)
    assert desk.order(RESTING).headers["X-MBX-ORDER-COUNT-10S"] == "1"


def test_an_order_that_fills_later_stops_counting(desk: Desk) -> None:
    """A resting order leaves the day's count when the path fills it."""
    price = f"{Decimal(desk.price()) * Decimal('0.9995'):.2f}"
    first = desk.order(RESTING, price=price)
    assert (first.json["status"], first.headers["X-MBX-ORDER-COUNT-1D"]) == ("NEW", "1")
    desk.clock.advance(3_600)
    assert desk.order(RESTING).headers["X-MBX-ORDER-COUNT-1D"] == "1"


def test_too_many_unfilled_orders_are_refused(desk: Desk) -> None:
    """The 101st in ten seconds is a 429 of its own number, until the ten seconds end."""
    shape = {**RESTING, "quantity": "0.001"}
    assert {desk.order(shape).status for _ in range(100)} == {200}
    desk.clock.advance(4)
    reply = desk.order(shape)
    text = "Too many new orders; current limit is 100 orders per 10 SECOND."
    assert reply.error == (429, -1015, text)
    assert reply.headers["Retry-After"] == "6"
    desk.clock.advance(6)
    assert desk.order(shape).status == 200


def test_an_unreadable_request_costs_weight_too(desk: Desk) -> None:
    """A parameter sent twice is refused, and counted."""
    reply = desk.raw("GET", "/api/v3/time", "a=1&a=2")
    assert (reply.status, reply.headers["X-MBX-USED-WEIGHT-1M"]) == (400, "1")
