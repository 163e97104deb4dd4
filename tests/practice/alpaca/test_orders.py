"""Proves the life of an order at the practice Alpaca, and what the account forbids."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from tests.practice.alpaca.kit import (
    COIN,
    COIN_LOW,
    COIN_MARKET,
    SHARE,
    SHARE_LOW,
    SHARE_MARKET,
    TRADING,
    Desk,
)

FORBIDDEN, UNPROCESSABLE = (403, 40310000), (422, 42210000)
DUPLICATE = (422, 40010001, "client_order_id must be unique")
WASH = "potential wash trade detected. use complex orders"


def test_a_market_order_fills_at_once(desk: Desk) -> None:
    """Filled at the price of now; amounts are text, times are RFC 3339, the id is a UUID."""
    price = desk.price()
    order = desk.order(COIN_MARKET, client_order_id="a").json
    assert (order["status"], order["filled_qty"]) == ("filled", "0.01")
    assert Decimal(order["filled_avg_price"]) == price
    assert (order["submitted_at"], order["canceled_at"]) == ("2026-01-02T15:00:00.000000001Z", None)
    assert UUID(order["id"]).version == 4
    assert (order["asset_class"], order["order_class"], order["limit_price"]) == (
        "crypto",
        "",
        None,
    )
    assert desk.look(order["id"]) == order


def test_the_same_seed_gives_the_same_ids() -> None:
    """A run can be repeated; another seed has other ids."""
    ids = [Desk(TRADING, seed).order(COIN_LOW).json["id"] for seed in (1, 1, 2)]
    assert ids[0] == ids[1] != ids[2]


def test_a_resting_order_is_new_then_canceled(desk: Desk) -> None:
    """A cancel is 204 with nothing in it, and frees what the order kept back."""
    order = desk.order(COIN_LOW).json
    assert (order["status"], desk.free()) == ("new", Decimal(99_700))
    reply = desk.cancel(order["id"])
    assert (reply.status, reply.json) == (204, None)
    after = desk.look(order["id"])
    assert (after["status"], after["filled_qty"]) == ("canceled", "0")
    assert after["canceled_at"] is not None
    assert desk.free() == 100_000


def test_a_large_order_fills_part_by_part(desk: Desk) -> None:
    """Each second brings as much as the symbol is deep; in between it is partially_filled."""
    limit = str(desk.price() - 1)
    order = desk.order(COIN_LOW, qty="1.4", limit_price=limit).json
    states = [order["status"]]
    for _ in range(600):
        desk.clock.advance(1)
        now = desk.look(order["id"]) if len(states) < 190 else None
        if now is None or now["status"] == states[-1]:
            continue
        states.append(now["status"])
        if now["status"] == "filled":
            break
    assert states == ["new", "partially_filled", "filled"]
    kinds = [fill["type"] for fill in desk.get("/v2/account/activities/FILL").json]
    assert kinds == ["fill", "partial_fill", "partial_fill"]


@pytest.mark.parametrize("shape", [COIN_LOW, SHARE_LOW])
def test_an_ioc_order_that_cannot_fill_is_canceled(desk: Desk, shape: dict[str, Any]) -> None:
    """What an immediate order leaves is canceled, and not expired."""
    order = desk.order(shape, time_in_force="ioc").json
    assert (order["status"], order["expired_at"]) == ("canceled", None)
    assert order["canceled_at"] is not None


def test_a_fok_order_fills_in_full(desk: Desk) -> None:
    """It keeps its own word for how long it may rest."""
    order = desk.order(SHARE_MARKET, time_in_force="fok").json
    assert (order["status"], order["time_in_force"]) == ("filled", "fok")


def test_a_stop_limit_order_sleeps_until_its_stop(desk: Desk) -> None:
    """It is new until the price is there, then a limit order that fills."""
    price = desk.price()
    stop, limit = str(price + 30), str(price + 600)
    order = desk.order(COIN, type="stop_limit", qty="0.01", stop_price=stop, limit_price=limit).json
    assert (order["status"], order["stop_price"]) == ("new", stop)
    desk.clock.advance(1_800)
    assert desk.look(order["id"])["status"] == "filled"


@pytest.mark.parametrize(("side", "word", "by"), [("buy", "greater", -10), ("sell", "less", 10)])
def test_a_stop_that_is_reached_already_is_refused(
    desk: Desk, side: str, word: str, by: int
) -> None:
    """A buy waits above the price, a sale below it; the refusal tells the price."""
    desk.order(COIN_MARKET)
    price = desk.price()
    stop = {"type": "stop_limit", "stop_price": str(price + by), "limit_price": str(price)}
    reply = desk.order(COIN, side=side, qty="0.001", **stop)
    assert reply.error == (*UNPROCESSABLE, f"stop price must be {word} than current price")
    assert Decimal(reply.json["market_price"]) == price


@pytest.mark.parametrize("state", ["new", "filled", "canceled", "expired", "accepted"])
def test_a_client_order_id_is_taken_for_ever(desk: Desk, state: str) -> None:
    """Whatever has become of its order; even where the second one would be refused for its size."""
    shape = SHARE_MARKET if state == "filled" else SHARE_LOW
    if state == "accepted":
        desk.jump("2026-01-03T12:00:00-05:00")
    order = desk.order(shape, client_order_id="a").json
    if state == "canceled":
        desk.cancel(order["id"])
    if state == "expired":
        desk.jump("2026-01-02T16:00:00-05:00")
    assert desk.look(order["id"])["status"] == state
    for more in ({}, {"qty": "1000000", "symbol": "MSFT"}):
        assert desk.order(shape, client_order_id="a", **more).error == DUPLICATE
    assert len(desk.practice.state()["orders"]) == 1
    found = desk.get("/v2/orders:by_client_order_id", client_order_id="a").json
    assert found["id"] == order["id"]


def test_a_refused_order_leaves_its_client_order_id_free(desk: Desk) -> None:
    """Only what was booked takes a name."""
    assert desk.order(COIN_MARKET, qty="1000", client_order_id="a").status == 403
    assert desk.get("/v2/orders:by_client_order_id", client_order_id="a").error == (
        404,
        40410000,
        "order not found for a",
    )
    assert desk.order(COIN_MARKET, client_order_id="a").status == 200


def test_too_little_money_for_coins(desk: Desk) -> None:
    """The text names what was asked for and what there is."""
    reply = desk.order(COIN_LOW, qty="3.4", limit_price="30000")
    assert reply.error == (
        *FORBIDDEN,
        "insufficient balance for USD (requested: 102000, available: 100000)",
    )
    assert (reply.json["symbol"], reply.json["balance"]) == ("USD", "100000")


def test_too_few_coins(desk: Desk) -> None:
    """The fee was taken in coins, so that what was bought cannot all be sold."""
    desk.order(COIN_MARKET, qty="0.0002")
    reply = desk.order(COIN_MARKET, qty="0.0002", side="sell")
    assert reply.error == (
        *FORBIDDEN,
        "insufficient balance for BTC (requested: 0.0002, available: 0.0001995)",
    )


def test_too_little_money_for_shares(desk: Desk) -> None:
    """The body tells the buying power and the cost."""
    reply = desk.order(SHARE_LOW, qty="1001")
    assert reply.error == (*FORBIDDEN, "insufficient buying power")
    assert (reply.json["buying_power"], reply.json["cost_basis"]) == ("100000", "100100")


@pytest.mark.parametrize(
    ("shape", "least"), [({**COIN_LOW, "qty": "0.0001"}, 10), ({**SHARE_LOW, "qty": "0.009"}, 1)]
)
def test_a_buy_has_a_least_cost(desk: Desk, shape: dict[str, Any], least: int) -> None:
    """Ten dollars for coins, one for shares."""
    words = f"cost basis must be >= minimal amount of order {least}"
    assert desk.order(shape).error == (*FORBIDDEN, words)


def test_a_sale_has_no_least_cost(desk: Desk) -> None:
    """A small rest can always be sold."""
    desk.order(COIN_MARKET)
    assert desk.order(COIN_MARKET, side="sell", qty="0.00002").json["status"] == "filled"


def test_an_order_for_coins_has_a_greatest_value(desk: Desk) -> None:
    """Two hundred thousand dollars, whatever the account has."""
    reply = desk.order(COIN_LOW, qty="7")
    assert reply.error == (*FORBIDDEN, "cost basis must be <= maximal amount of order 200000")


@pytest.mark.parametrize(
    ("resting", "coming", "reason"),
    [
        ({"limit_price": "100"}, {"type": "market", "side": "sell"}, "limit"),
        ({"limit_price": "100"}, {"type": "limit", "side": "sell", "limit_price": "100"}, "limit"),
        ({"limit_price": "100"}, {"type": "limit", "side": "sell", "limit_price": "101"}, None),
    ],
)
def test_an_order_must_not_meet_ones_own(
    desk: Desk, resting: dict[str, Any], coming: dict[str, Any], reason: str | None
) -> None:
    """A wash trade is refused, with the id of the order in its way; prices apart may both rest."""
    desk.order(SHARE_MARKET)
    old = desk.order(SHARE_LOW, **resting).json
    reply = desk.order(SHARE, qty="1", **coming)
    if reason is None:
        assert reply.status == 200
        return
    assert reply.error == (*FORBIDDEN, WASH)
    assert reply.json["existing_order_id"] == old["id"]
    assert reply.json["reject_reason"].startswith(f"opposite side {reason} order exists")


def test_a_waiting_market_order_is_in_the_way_of_every_sale() -> None:
    """The night's market orders count as orders to meet."""
    desk = Desk("2026-01-03T12:00:00-05:00")
    desk.order(SHARE_MARKET)
    reply = desk.order(SHARE_LOW, side="sell", limit_price="9999")
    assert reply.error == (*FORBIDDEN, WASH)
    assert reply.json["reject_reason"] == "opposite side market/stop order exists"


def test_shares_that_are_not_there_are_not_sold(desk: Desk) -> None:
    """Without a position that is a short sale, which this account may not do."""
    sell = {**SHARE_MARKET, "side": "sell"}
    assert desk.order(sell).error == (*FORBIDDEN, "account is not allowed to short")
    assert desk.order(sell, qty="0.5").error == (
        *UNPROCESSABLE,
        "fractional orders cannot be sold short",
    )
    desk.order(SHARE_LOW)
    high = {**SHARE_LOW, "side": "sell", "limit_price": "9999"}
    assert desk.order(high).error == (
        *FORBIDDEN,
        "cannot open a short sell while a long buy order is open",
    )


def test_shares_that_another_order_holds_are_not_sold_twice(desk: Desk) -> None:
    """The refusal tells what is owned, what is held, and for which orders."""
    desk.order(SHARE_MARKET, qty="5")
    high = {**SHARE_LOW, "side": "sell", "limit_price": "9999"}
    first = desk.order(high, qty="3").json
    reply = desk.order(high, qty="3")
    assert reply.error == (
        *FORBIDDEN,
        "insufficient qty available for order (requested: 3, available: 2)",
    )
    told = {
        name: reply.json[name] for name in ("existing_qty", "held_for_orders", "related_orders")
    }
    assert told == {"existing_qty": "5", "held_for_orders": "3", "related_orders": [first["id"]]}


@pytest.mark.parametrize("state", ["filled", "canceled"])
def test_an_order_that_is_done_cannot_be_canceled(desk: Desk, state: str) -> None:
    """The refusal tells what it is instead."""
    order = desk.order(COIN_MARKET if state == "filled" else COIN_LOW).json
    if state == "canceled":
        desk.cancel(order["id"])
    error = desk.cancel(order["id"]).error
    assert error == (*UNPROCESSABLE, f'order is already in "{state}" state')


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_an_order_that_is_not_there(desk: Desk, method: str) -> None:
    """An unknown id is 404, and what is no id at all 422."""
    unknown = "61e69015-8549-4bfd-b9c3-01e75843f47d"
    error = desk.raw(method, f"/v2/orders/{unknown}").error
    assert error == (404, 40410000, f"order not found for {unknown}")
    assert desk.raw(method, "/v2/orders/5").error == (422, 40010001, "order_id is missing")


def test_all_open_orders_are_canceled_at_once(desk: Desk) -> None:
    """207 with one line each; those that are done are left alone."""
    desk.order(COIN_MARKET)
    ids = [desk.order(shape).json["id"] for shape in (COIN_LOW, SHARE_LOW)]
    reply = desk.raw("DELETE", "/v2/orders")
    assert reply.status == 207
    told = [(line["id"], line["status"], line["body"]["status"]) for line in reply.json]
    assert told == [(each, 200, "canceled") for each in ids]
    assert desk.raw("DELETE", "/v2/orders").json == []


def test_a_notional_limit_order_buys_what_the_limit_allows(desk: Desk) -> None:
    """The quantity follows from the limit, and the dollars are told."""
    order = desk.order(COIN, type="limit", notional="300", limit_price="30000").json
    assert (order["notional"], order["qty"]) == ("300", None)
    assert desk.free() == 99_700
    assert desk.practice.state()["orders"][0]["quantity"] == "0.01"


def test_the_books_balance(desk: Desk) -> None:
    """Cash and positions are what opening cash and fills make of them, and equity their sum."""
    desk.order(COIN_MARKET, qty="0.5")
    desk.order(SHARE_MARKET, qty="10")
    desk.clock.advance(20)
    desk.order(COIN_MARKET, qty="0.2", side="sell")
    desk.order(SHARE_MARKET, qty="4", side="sell")
    resting = desk.order(COIN_LOW).json
    fills = desk.get("/v2/account/activities/FILL").json
    spent = sum(
        (
            Decimal(f["qty"]) * Decimal(f["price"]) * (1 if f["side"] == "buy" else -1)
            for f in fills
        ),
        Decimal(0),
    )
    fees = [
        Decimal(trade["commission"])
        for order in desk.practice.state()["orders"]
        for trade in order["executions"]
        if trade["commission_asset"] == "USD"
    ]
    account = desk.get("/v2/account").json
    assert Decimal(account["cash"]) == 100_000 - spent - sum(fees)
    assert Decimal(account["buying_power"]) == Decimal(account["cash"]) - 300
    assert resting["status"] == "new"
    positions = {each["symbol"]: each for each in desk.get("/v2/positions").json}
    assert {name: each["qty"] for name, each in positions.items()} == {
        "BTCUSD": "0.29875",
        "AAPL": "6",
    }
    worth = sum(Decimal(each["market_value"]) for each in positions.values())
    assert abs(Decimal(account["equity"]) - Decimal(account["cash"]) - worth) < 1
    desk.clock.advance(3)
    held = desk.practice.state()["balances"]
    assert Decimal(held["BTC"]["free"]) == Decimal("0.29875")


def test_an_order_of_the_backend_is_told_in_the_venues_words(desk: Desk) -> None:
    """What another way booked stands in the same lists."""
    body = b'{"client_order_id": "b", "symbol": "BTC-USD", "side": "buy", "quantity": "0.01"}'
    assert desk.raw("POST", "/orders", body=body, headers={}).status == 200
    order = desk.get("/v2/orders:by_client_order_id", client_order_id="b").json
    assert (order["type"], order["time_in_force"], order["status"]) == ("market", "gtc", "filled")
