"""Proves what the Alpaca client makes of recorded answers about orders, and of those that cannot be."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

import switchgear as sg
from switchgear.exchange import AlpacaApi, OrderRequest, OrderStatus, OrderType, Side, TimeInForce
from tests.exchange.alpaca_kit import (
    AAPL,
    BTC,
    ID,
    ORDER,
    ORDERS,
    REQUEST,
    D,
    Venue,
    client_of,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


pytestmark = pytest.mark.anyio


@pytest.fixture
async def venue() -> Venue:
    """A venue that knows one coin."""
    return Venue()


@pytest.fixture
async def api(gear: sg.Switchgear, venue: Venue) -> AsyncIterator[AlpacaApi]:
    """A client of it that makes one attempt."""
    async with client_of(gear, venue) as made:
        yield made


@pytest.mark.parametrize(
    ("word", "filled", "status"),
    [
        ("new", "0", OrderStatus.OPEN),
        ("accepted", "0", OrderStatus.OPEN),
        ("pending_new", "0", OrderStatus.OPEN),
        ("accepted_for_bidding", "0", OrderStatus.OPEN),
        ("partially_filled", "1", OrderStatus.PARTIALLY_FILLED),
        ("filled", "2", OrderStatus.FILLED),
        ("done_for_day", "1", OrderStatus.PARTIALLY_FILLED),
        ("canceled", "1", OrderStatus.CANCELED),
        ("expired", "0", OrderStatus.EXPIRED),
        ("replaced", "0", OrderStatus.CANCELED),
        ("pending_cancel", "0", OrderStatus.OPEN),
        ("pending_replace", "0", OrderStatus.OPEN),
        ("rejected", "0", OrderStatus.REJECTED),
        ("suspended", "0", OrderStatus.OPEN),
        ("calculated", "0", OrderStatus.OPEN),
        ("stopped", "0", OrderStatus.OPEN),
        ("held", "0", OrderStatus.OPEN),
    ],
)
async def test_every_word_for_a_state_is_known(
    api: AlpacaApi, venue: Venue, word: str, filled: str, status: OrderStatus
) -> None:
    """Each of Alpaca's words is one of ours; nanoseconds are rounded."""
    venue.say(f"{ORDERS}/{ID}", {**ORDER, "status": word, "filled_qty": filled})
    order = await api.get_order(BTC, order_id=ID)
    assert (order.status, order.filled, order.price) == (status, D(filled), D("150.5"))
    assert order.created_at == datetime(2021, 3, 16, 18, 38, 1, 942283, tzinfo=UTC)


ODD_ORDERS: list[dict[str, object]] = [
    {"status": "vanished"},
    {"id": ""},
    {"id": None},
    {"client_order_id": "another"},
    {"client_order_id": ""},
    {"symbol": ""},
    {"symbol": None},
    {"side": "both"},
    {"side": None},
    {"qty": "NaN"},
    {"qty": "0"},
    {"qty": None},
    {"qty": "-2"},
    {"qty": True},
    {"filled_qty": "-1"},
    {"filled_qty": "3"},
    {"filled_qty": None},
    {"filled_qty": "1e400"},
    {"limit_price": "Infinity"},
    {"limit_price": "-1"},
    {"notional": "nothing"},
    {"created_at": "2021-03-16T18:38:01"},
    {"created_at": "yesterday"},
]


@pytest.mark.parametrize("change", ODD_ORDERS)
async def test_an_order_that_cannot_be_is_not_believed(
    api: AlpacaApi, venue: Venue, change: dict[str, object]
) -> None:
    """To a lookup it is a failure, to a new order an unknown outcome: never a wrong success."""
    told = {**ORDER, **change}
    venue.say(ORDERS, told)
    venue.say("/v2/orders:by_client_order_id", told)
    with pytest.raises(sg.ApiError, match="the answer cannot be read") as caught:
        await api.get_order(BTC, client_order_id="mine-1")
    assert caught.value.verdict is not None
    assert caught.value.verdict.counts
    with pytest.raises(sg.OrderOutcomeUnknown, match="mine-1"):
        await api.create_order(REQUEST)


@pytest.mark.parametrize(
    "change", [{"symbol": "ETH/USD"}, {"symbol": "BTC", "asset_class": "us_equity"}]
)
async def test_an_order_of_another_symbol_is_another_order(
    api: AlpacaApi, venue: Venue, change: dict[str, object]
) -> None:
    """A new order of it is an unknown outcome; one looked up is not told, nor told as never booked."""
    told = {**ORDER, **change}
    venue.say(ORDERS, told)
    with pytest.raises(sg.OrderOutcomeUnknown, match="mine-1"):
        await api.create_order(REQUEST)
    venue.say("/v2/orders:by_client_order_id", told)
    venue.say(f"{ORDERS}/{ID}", told)
    with pytest.raises(sg.ApiError, match=r"not of BTC/USD"):
        await api.desk.resolve(BTC, "mine-1")
    with pytest.raises(sg.ApiError, match=r"not of BTC/USD") as caught:
        await api.get_order(BTC, order_id=ID)
    assert caught.value.verdict is not None
    assert caught.value.verdict.kind is sg.Kind.ORDER_NOT_FOUND


@pytest.mark.parametrize("symbol", ["\x00\x1b[2J", "a b\r\nX: y", "A" * 5_000])
async def test_a_symbol_that_garbles_the_log_is_told_harmlessly(
    api: AlpacaApi, venue: Venue, symbol: str
) -> None:
    """What the exchange calls the order is in the error's words: in one line, short, and visible."""
    venue.say(f"{ORDERS}/{ID}", {**ORDER, "symbol": symbol})
    with pytest.raises(sg.ApiError, match=r"not of BTC/USD") as caught:
        await api.get_order(BTC, order_id=ID)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 300


async def test_an_empty_list_of_coins_is_not_believed(api: AlpacaApi, venue: Venue) -> None:
    """With it every coin would be a share, and an order would buy the wrong thing: none is sent."""
    venue.say("/v2/assets", [])
    with pytest.raises(sg.ApiError, match="no coin in the list"):
        await api.create_order(REQUEST)
    assert venue.bodies == []


async def test_a_failed_list_before_an_order_is_no_unknown_outcome(
    api: AlpacaApi, venue: Venue
) -> None:
    """Nothing of the order has left, so that it is plainly not booked."""
    venue.say("/v2/assets", (503, {"message": "busy"}))
    with pytest.raises(sg.ApiError) as caught:
        await api.create_order(REQUEST)
    assert not isinstance(caught.value, sg.OrderOutcomeUnknown)
    assert venue.bodies == []


async def test_a_lookup_does_not_wait_for_the_list(api: AlpacaApi, venue: Venue) -> None:
    """An order is found, and a cancel goes out, while the list of coins cannot be had."""
    venue.say("/v2/assets", (503, {"message": "busy"}))
    venue.say("/v2/orders:by_client_order_id", ORDER)
    venue.say(f"DELETE {ORDERS}/{ID}", (204, ""))
    venue.say(f"{ORDERS}/{ID}", {**ORDER, "status": "canceled"})
    assert (await api.get_order(BTC, client_order_id="mine-1")).order_id == ID
    cancelled = await api.cancel_order(BTC, client_order_id="mine-1")
    assert cancelled.status is OrderStatus.CANCELED


@pytest.mark.parametrize(
    ("request_", "body"),
    [
        (
            REQUEST,
            {
                "symbol": BTC,
                "type": "limit",
                "time_in_force": "gtc",
                "qty": "2",
                "limit_price": "150.5",
            },
        ),
        (
            replace(REQUEST, time_in_force=TimeInForce.IOC),
            {
                "symbol": BTC,
                "type": "limit",
                "time_in_force": "ioc",
                "qty": "2",
                "limit_price": "150.5",
            },
        ),
        (
            OrderRequest(BTC, Side.BUY, OrderType.MARKET, D("1E-9"), client_order_id="mine-1"),
            {"symbol": BTC, "type": "market", "time_in_force": "gtc", "qty": "0.000000001"},
        ),
        (
            OrderRequest(BTC, Side.BUY, OrderType.MARKET, D("10.500"), client_order_id="mine-1"),
            {"symbol": BTC, "type": "market", "time_in_force": "gtc", "qty": "10.5"},
        ),
        (
            OrderRequest(
                AAPL, Side.BUY, OrderType.MARKET, quote_quantity=D("1E+2"), client_order_id="mine-1"
            ),
            {"symbol": "AAPL", "type": "market", "time_in_force": "day", "notional": "100"},
        ),
        (
            OrderRequest(
                "BTC.US/USD",
                Side.BUY,
                OrderType.STOP_LIMIT,
                D(1),
                price=D(3),
                stop_price=D(2),
                client_order_id="mine-1",
            ),
            {
                "symbol": "BTC",
                "type": "stop_limit",
                "time_in_force": "gtc",
                "qty": "1",
                "limit_price": "3",
                "stop_price": "2",
            },
        ),
    ],
)
async def test_an_order_as_it_is_written(
    api: AlpacaApi, venue: Venue, request_: OrderRequest, body: dict[str, str]
) -> None:
    """Amounts are plain digits without needless zeros, as text; a market order is for the day with shares alone."""
    kind = "crypto" if "/" in body["symbol"] else "us_equity"
    venue.say(ORDERS, {**ORDER, "symbol": body["symbol"], "asset_class": kind})
    order = await api.create_order(request_)
    assert order.symbol == request_.symbol
    assert venue.bodies == [{**body, "side": "buy", "client_order_id": "mine-1"}]


async def test_open_orders_come_in_pages(api: AlpacaApi, venue: Venue) -> None:
    """More than a page is asked for after the last order; orders of several legs are left out."""
    first = [{**ORDER, "id": f"{n:08d}{ID[8:]}"} for n in range(500)]
    legs = {**ORDER, "order_class": "mleg", "symbol": "", "side": "", "asset_class": ""}
    venue.say(ORDERS, first, [ORDER, legs])
    orders = await api.get_open_orders(BTC)
    assert len(orders) == 501
    asked = venue.queries(ORDERS)
    assert [query.get("after_order_id") for query in asked] == [None, first[-1]["id"]]
    assert {query["direction"] for query in asked} == {"asc"}


async def test_a_list_of_orders_without_end_is_not_followed(api: AlpacaApi, venue: Venue) -> None:
    """After 20 pages it is an error: a part would look like the whole, and each page is a request."""
    pages = [[{**ORDER, "id": f"{n:08d}{ID[8:]}"}] * 500 for n in range(30)]
    venue.say(ORDERS, *pages)
    with pytest.raises(sg.ApiError, match="more than 20 pages"):
        await api.get_open_orders()
    assert len(venue.queries(ORDERS)) == 20


async def test_cancel_all_tells_what_became_of_each(api: AlpacaApi, venue: Venue) -> None:
    """The answer is 207, with a status for each order; one that failed says why."""
    lines = [
        {"id": "a", "status": 200, "body": ORDER},
        {"id": "b", "status": 422, "body": {"code": 42210000, "message": "already filled"}},
        {"id": "c", "status": 500},
    ]
    venue.say(ORDERS, (207, lines))
    report = await api.cancel_all()
    assert report.accepted == ("a",)
    assert report.failed == {"b": "422: already filled", "c": "status 500"}
    garbled = {"id": "b", "status": 422, "body": {"message": "\x1b[2J" + "A" * 5_000}}
    venue.say(ORDERS, (207, [garbled]))
    why = (await api.cancel_all()).failed["b"]
    assert why.isprintable()
    assert len(why) <= 300
    venue.say(ORDERS, (207, [{"id": "", "status": 200}]))
    with pytest.raises(sg.ApiError, match="cannot be read"):
        await api.cancel_all()
    venue.say(ORDERS, (500, {"message": "failed to cancel order"}))
    with pytest.raises(sg.ApiError, match="failed to cancel order"):
        await api.cancel_all()


async def test_cancel_all_of_a_symbol_goes_on_past_one_that_is_done(
    api: AlpacaApi, venue: Venue
) -> None:
    """An order that was filled meanwhile is told as failed; another trouble ends the call."""
    other = "71e69015-8549-4bfd-b9c3-01e75843f47d"
    venue.say(ORDERS, [ORDER, {**ORDER, "id": other}])
    refusal = {"code": 42210000, "message": 'order is already in "filled" state'}
    venue.say(f"{ORDERS}/{ID}", (422, refusal))
    venue.say(f"{ORDERS}/{other}", (204, ""))
    report = await api.cancel_all(BTC)
    assert (report.accepted, list(report.failed)) == ((other,), [ID])
    venue.say(f"{ORDERS}/{ID}", (503, {"message": "busy"}))
    with pytest.raises(sg.ApiError, match="busy"):
        await api.cancel_all(BTC)


async def test_a_cancel_that_is_not_final_is_open(api: AlpacaApi, venue: Venue) -> None:
    """204 is no end: the order says pending_cancel, and a second cancel of it is no error."""
    pending = {**ORDER, "status": "pending_cancel"}
    path = f"{ORDERS}/{ID}"
    venue.say(
        f"DELETE {path}", (204, ""), (422, {"code": 42210000, "message": "order pending cancel"})
    )
    venue.say(path, pending)
    for _ in range(2):
        order = await api.cancel_order(BTC, order_id=ID)
        assert order.status is OrderStatus.OPEN
    assert [verb for verb, found, _ in venue.asked if found == path] == [
        "GET",
        "DELETE",
        "GET",
        "DELETE",
        "GET",
    ]
