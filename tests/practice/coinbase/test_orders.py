"""Proves the life of orders on the practice Coinbase, and that its books balance with fees in quote."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from switchgear.practice.sim.messages import Request
from tests.practice.coinbase.kit import (
    HOST,
    LIFE_S,
    ORDERS,
    RESTING,
    V3,
    Desk,
    limit,
    market,
    stop,
)

RATE = Decimal("0.006")
CANCELLED = (True, "UNKNOWN_CANCEL_FAILURE_REASON")


def near(desk: Desk, share: str) -> str:
    """A price at this share of the one now, on the increment."""
    return str((Decimal(desk.price()) * Decimal(share)).quantize(Decimal("0.01")))


def held(desk: Desk, currency: str) -> list[Decimal]:
    """What is free and what is held of a currency."""
    accounts = desk.get(f"{V3}/accounts").json["accounts"]
    found = next(each for each in accounts if each["currency"] == currency)
    return [Decimal(found["available_balance"]["value"]), Decimal(found["hold"]["value"])]


def test_a_taken_order_reads_like_a_failure(desk: Desk) -> None:
    """Success is true, and beside it stands a failure reason that means nothing; no error does."""
    reply = desk.order(market(base_size="0.01"), "a").json
    order_id = reply["order_id"]
    assert reply == {
        "success": True,
        "failure_reason": "UNKNOWN_FAILURE_REASON",
        "order_id": order_id,
        "success_response": {
            "order_id": order_id,
            "product_id": "BTC-USD",
            "side": "BUY",
            "client_order_id": "a",
        },
        "order_configuration": market(base_size="0.01"),
    }


def test_a_market_order_fills_at_the_price(desk: Desk) -> None:
    """It is done at once, in full, at the price that is told, and its fee is in the quote currency."""
    price = Decimal(desk.price())
    order = desk.found(desk.placed(market(base_size="0.01")))
    value = price * Decimal("0.01")
    assert (order["status"], order["settled"], order["completion_percentage"]) == (
        "FILLED",
        True,
        "100",
    )
    assert (order["order_type"], order["time_in_force"]) == ("MARKET", "IMMEDIATE_OR_CANCEL")
    assert (order["filled_size"], order["number_of_fills"]) == ("0.01", "1")
    assert Decimal(order["average_filled_price"]) == price
    assert Decimal(order["filled_value"]) == value
    assert Decimal(order["total_fees"]) == value * RATE
    assert Decimal(order["total_value_after_fees"]) == value * (1 + RATE)


def test_the_books_balance_after_a_trade(desk: Desk) -> None:
    """The base currency moves in full; each side pays its fee in the quote currency."""
    value = Decimal(desk.price()) * Decimal("0.01")
    desk.placed(market(base_size="0.01"))
    assert held(desk, "BTC") == [Decimal("1.01"), 0]
    assert held(desk, "USD") == [100_000 - value * (1 + RATE), 0]
    sold = desk.found(desk.placed(market(base_size="0.01"), side="SELL"))
    assert Decimal(sold["total_value_after_fees"]) == value * (1 - RATE)
    assert held(desk, "BTC") == [1, 0]
    assert held(desk, "USD") == [100_000 - 2 * value * RATE, 0]


def test_a_market_order_may_name_what_it_spends(desk: Desk) -> None:
    """A quote size buys the whole steps that it pays for, the fee included."""
    order = desk.found(desk.placed(market(quote_size="100")))
    spent = Decimal(order["total_value_after_fees"])
    assert spent <= 100 < spent + Decimal("0.00000001") * Decimal(desk.price()) * 2
    assert (order["size_in_quote"], order["size_inclusive_of_fees"]) == (True, True)
    assert order["order_configuration"] == market(quote_size="100")


def test_a_limit_order_may_name_what_it_spends(desk: Desk) -> None:
    """A quote size on a limit order is the value at that limit, and the fee comes on top."""
    terms = {"quote_size": "100", "limit_price": "10000"}
    order = desk.found(desk.placed({"limit_limit_gtc": terms}))
    assert Decimal(order["outstanding_hold_amount"]) == 100 * (1 + RATE)
    assert (order["size_in_quote"], order["size_inclusive_of_fees"]) == (True, False)


def test_other_kinds_of_market_order(desk: Desk) -> None:
    """Fill-or-kill is told as such, and another quote currency pays for its own product."""
    order = desk.found(desk.placed({"market_market_fok": {"base_size": "0.01"}}))
    assert (order["status"], order["time_in_force"]) == ("FILLED", "FILL_OR_KILL")
    desk.placed(market(base_size="0.01"), product_id="BTC-USDC")
    assert held(desk, "USDC")[0] == 10_000 - Decimal(desk.price()) * Decimal("0.01") * (1 + RATE)


@pytest.mark.parametrize(("side", "share"), [("BUY", "1.01"), ("SELL", "0.99")])
@pytest.mark.parametrize("kind", ["limit_limit_gtc", "sor_limit_ioc", "limit_limit_fok"])
def test_a_limit_that_crosses_fills_at_the_better_price(
    desk: Desk, side: str, share: str, kind: str
) -> None:
    """A limit beyond the market trades at once, at the market, as taker."""
    order = desk.found(desk.placed(limit(near(desk, share), kind=kind), side=side))
    assert (order["status"], order["average_filled_price"]) == ("FILLED", desk.price())
    fills = desk.get(f"{V3}/orders/historical/fills", order_ids=order["order_id"]).json["fills"]
    assert [each["liquidity_indicator"] for each in fills] == ["TAKER"]


@pytest.mark.parametrize(("side", "currency"), [("BUY", "USD"), ("SELL", "BTC")])
def test_a_resting_limit_holds_what_it_needs_and_a_cancel_frees_it(
    desk: Desk, side: str, currency: str
) -> None:
    """OPEN, then CANCELLED; a purchase holds its fee, too, and the balance comes back whole."""
    before = held(desk, currency)
    price = "10000" if side == "BUY" else "90000"
    order_id = desk.placed(limit(price), side=side)
    need = Decimal("0.01") * (Decimal(price) * (1 + RATE) if side == "BUY" else 1)
    order = desk.found(order_id)
    assert (order["status"], order["filled_size"], order["average_filled_price"]) == (
        "OPEN",
        "0",
        "0",
    )
    assert Decimal(order["outstanding_hold_amount"]) == need
    assert order["last_fill_time"] is None
    assert held(desk, currency) == [before[0] - need, need]
    assert desk.cancel(order_id) == [CANCELLED]
    order = desk.found(order_id)
    assert (order["status"], order["cancel_message"]) == ("CANCELLED", "User requested cancel")
    assert order["outstanding_hold_amount"] == "0"
    assert held(desk, currency) == before


def test_a_resting_limit_fills_when_the_path_crosses_it(desk: Desk) -> None:
    """It trades as maker, at its own price, at the second in which the path met it."""
    price = near(desk, "0.999")
    order_id = desk.placed(limit(price))
    desk.clock.advance(LIFE_S)
    order = desk.found(order_id)
    fills = desk.get(f"{V3}/orders/historical/fills").json["fills"]
    assert (order["status"], order["created_time"]) == ("FILLED", "2026-01-01T00:00:00.000000Z")
    assert [Decimal(each["price"]) for each in fills] == [Decimal(price)]
    assert fills[0]["liquidity_indicator"] == "MAKER"
    assert order["created_time"] < order["last_fill_time"] == fills[0]["trade_time"]


def test_a_large_resting_limit_fills_part_by_part(desk: Desk) -> None:
    """An order of which a part is traded is still OPEN; a cancel ends it with what it got."""
    order_id = desk.placed(limit(near(desk, "0.999"), "1.2"))
    while desk.found(order_id)["filled_size"] == "0":
        desk.clock.advance(1)
    order = desk.found(order_id)
    assert (order["status"], order["filled_size"]) == ("OPEN", "0.5")
    assert order["completion_percentage"] == "41.67"
    assert desk.cancel(order_id) == [CANCELLED]
    order = desk.found(order_id)
    assert (order["status"], order["filled_size"], order["settled"]) == ("CANCELLED", "0.5", False)
    assert held(desk, "USD") == [100_000 - Decimal(order["total_value_after_fees"]), 0]


@pytest.mark.parametrize("kind", ["sor_limit_ioc", "limit_limit_fok"])
def test_an_order_that_may_not_rest_is_cancelled(desk: Desk, kind: str) -> None:
    """IOC and FOK away from the market are taken, end as CANCELLED at once, and hold nothing."""
    order = desk.found(desk.placed(limit("10000", kind=kind)))
    assert (order["status"], order["filled_size"], order["cancel_message"]) == (
        "CANCELLED",
        "0",
        "",
    )
    assert held(desk, "USD") == [100_000, 0]


@pytest.mark.parametrize("kind", ["limit_limit_gtd", "stop_limit_stop_limit_gtd"])
def test_a_dated_order_expires(desk: Desk, kind: str) -> None:
    """OPEN until its end and EXPIRED from then on; what it held is free again."""
    end_time = "2026-01-01T00:01:00Z"
    configuration = limit("80000", kind=kind, end_time=end_time)
    if kind.startswith("stop"):
        more = {"stop_price": "70000", "stop_direction": "STOP_DIRECTION_STOP_UP"}
        configuration[kind] |= more
    else:
        configuration = limit("10000", kind=kind, end_time=end_time)
    order_id = desk.placed(configuration)
    desk.clock.advance(59)
    order = desk.found(order_id)
    assert (order["status"], order["time_in_force"]) == ("OPEN", "GOOD_UNTIL_DATE_TIME")
    assert order["order_configuration"][kind]["end_time"] == end_time
    desk.clock.advance(1)
    assert desk.found(order_id)["status"] == "EXPIRED"
    assert held(desk, "USD") == [100_000, 0]


def test_a_stop_sleeps_until_its_price(desk: Desk) -> None:
    """STOP_PENDING while it waits; then it takes what the market asks, not what its limit allows."""
    above = near(desk, "1.001")
    order_id = desk.placed(stop(above, near(desk, "1.2"), "UP"))
    order = desk.found(order_id)
    assert (order["order_type"], order["trigger_status"]) == ("STOP_LIMIT", "STOP_PENDING")
    assert order["status"] == "OPEN"
    while Decimal(desk.price()) < Decimal(above):
        desk.clock.advance(1)
    order = desk.found(order_id)
    assert (order["status"], order["trigger_status"]) == ("FILLED", "STOP_TRIGGERED")
    assert order["average_filled_price"] == desk.price()
    fills = desk.get(f"{V3}/orders/historical/fills").json["fills"]
    assert [each["liquidity_indicator"] for each in fills] == ["TAKER"]


def test_a_stop_that_wakes_short_of_its_limit_rests(desk: Desk) -> None:
    """Awake it is a limit order like any other, and fills as maker at its own price."""
    order_id = desk.placed(stop("30000", "29000", "DOWN"), side="SELL")
    assert desk.found(order_id)["trigger_status"] == "STOP_PENDING"
    below = near(desk, "0.999")
    order_id = desk.placed(stop(below, below, "DOWN"), side="SELL")
    desk.clock.advance(LIFE_S)
    order = desk.found(order_id)
    assert (order["status"], Decimal(order["average_filled_price"])) == ("FILLED", Decimal(below))


@pytest.mark.parametrize("end", ["open", "filled", "cancelled"])
def test_a_known_id_answers_with_its_order(desk: Desk, end: str) -> None:
    """Whatever became of the first, and whatever the second asks for, nothing more is booked."""
    first = desk.order(market(base_size="0.01") if end == "filled" else RESTING, "a").json
    if end == "cancelled":
        desk.cancel(first["order_id"])
    assert desk.order(RESTING, "a").json == first
    second = desk.order(market(base_size="99"), "a", product_id="ETH-USD", side="SELL")
    assert second.json == first
    state = desk.practice.state()
    assert (len(state["orders"]), state["duplicates"], state["refused"]) == (1, [], [])


def test_only_the_order_that_was_booked_is_told_as_booked(desk: Desk) -> None:
    """An answer that is lost is a lost order the first time, and none when the id is known."""
    body = {"client_order_id": "a", "product_id": "BTC-USD", "side": "BUY"}
    text = json.dumps({**body, "order_configuration": RESTING}).encode()
    headers = {"Host": HOST, "Authorization": desk.bearer("POST", ORDERS)}
    request = Request("POST", ORDERS, "", text, headers)
    booked = [desk.practice.handle(request).booked is not None for _ in range(2)]
    assert booked == [True, False]


def test_each_cancel_has_a_result_of_its_own(desk: Desk) -> None:
    """Open, filled, cancelled, unknown and named twice: each word for itself, in the order sent."""
    opened, filled = desk.placed(RESTING), desk.placed(market(base_size="0.01"))
    gone = desk.placed(RESTING)
    desk.cancel(gone)
    assert desk.cancel(opened, filled, gone, "nobody", opened) == [
        CANCELLED,
        (False, "ORDER_IS_FULLY_FILLED"),
        (False, "UNKNOWN_CANCEL_ORDER"),
        (False, "UNKNOWN_CANCEL_ORDER"),
        (False, "DUPLICATE_CANCEL_REQUEST"),
    ]
    assert desk.found(opened)["status"] == "CANCELLED"


def test_a_configuration_is_told_as_it_was_sent(desk: Desk) -> None:
    """Digits stay as they came, and what has a default is told with it."""
    sent = limit("10000.00", "0.0100")
    sent["limit_limit_gtc"]["rfq_disabled"] = True
    order = desk.found(desk.placed(sent))
    assert order["order_configuration"] == {
        "limit_limit_gtc": {**sent["limit_limit_gtc"], "post_only": False}
    }


def test_an_order_of_the_backend_is_told_like_any_other(desk: Desk) -> None:
    """What came by the other way has an id, a configuration and a cancel here, too."""
    terms = {"quantity": "0.01", "price": "10000", "type": "LIMIT", "side": "BUY"}
    kinds: dict[str, dict[str, str | None]] = {
        "market_market_ioc": {"type": "MARKET", "price": None},
        "limit_limit_gtc": {},
        "sor_limit_ioc": {"time_in_force": "IOC"},
        "limit_limit_fok": {"time_in_force": "FOK"},
    }
    for kind, change in kinds.items():
        body: dict[str, str | None] = {
            "symbol": "BTC-USD",
            "client_order_id": kind,
            **terms,
            **change,
        }
        desk.post("/orders", {k: v for k, v in body.items() if v is not None})
    told = desk.get(f"{V3}/orders/historical/batch").json["orders"]
    assert {each["client_order_id"]: list(each["order_configuration"]) for each in told} == {
        kind: [kind] for kind in kinds
    }
    assert {each["time_in_force"] for each in told} == {
        "GOOD_UNTIL_CANCELLED",
        "IMMEDIATE_OR_CANCEL",
        "FILL_OR_KILL",
    }
    opened = next(each for each in told if each["status"] == "OPEN")
    assert desk.cancel(opened["order_id"]) == [CANCELLED]


def test_when_it_fills_does_not_depend_on_who_asks(desk: Desk) -> None:
    """Asking every second and asking once give the same orders, to the identifier."""
    other = Desk()
    for each in (desk, other):
        each.placed(limit(near(each, "0.999"), "0.7"))
    for _ in range(600):
        desk.clock.advance(1)
        desk.practice.state()
    other.clock.advance(600)
    path = f"{V3}/orders/historical/batch"
    assert desk.get(path).json == other.get(path).json
    assert desk.get(path).json["orders"][0]["number_of_fills"] != "0"
