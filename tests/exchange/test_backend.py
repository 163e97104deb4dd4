"""Proves the client of the practice backend: its values, its failures, and that it sends an order once."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal, Inexact, localcontext
from typing import TYPE_CHECKING

import pytest

import switchgear as sg
from switchgear.exchange import (
    BackendApi,
    FieldError,
    OrderRequest,
    OrderStatus,
    OrderType,
    Side,
    TimeInForce,
)
from tests.exchange.kit import BTC, MARKET, RESTING, answer_bytes, booked, odd_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from switchgear.exchange import BinanceApi
    from switchgear.practice.sim.server import Sim
    from switchgear.testing import FakeClock

pytestmark = pytest.mark.anyio


@pytest.fixture
async def backend(sim: Sim, clock: FakeClock) -> AsyncIterator[BackendApi]:
    """A client of the practice backend."""
    async with BackendApi(sim.backend_url, clock=clock) as made:
        yield made


async def test_prices_and_portfolio_are_the_exchanges(backend: BackendApi, api: BinanceApi) -> None:
    """Both ways to the account tell the same price and the same worth."""
    assert await backend.get_market_price(BTC) == await api.get_market_price(BTC)
    theirs, ours = await backend.get_portfolio(), await api.get_portfolio()
    assert (theirs.total, theirs.currency) == (ours.total, ours.currency)
    assert theirs.values == ours.values
    assert (theirs.exchange, ours.exchange) == ("backend", "binance")


async def test_an_order_is_booked_under_the_same_id(backend: BackendApi, api: BinanceApi) -> None:
    """The exchange finds what the backend booked, with the same numbers."""
    for request, status in ((MARKET, OrderStatus.FILLED), (RESTING, OrderStatus.OPEN)):
        order = await backend.create_order(request)
        assert order.status is status
        found = await api.get_order(BTC, client_order_id=order.client_order_id)
        assert replace(order, exchange="binance") == found


async def test_an_order_is_read_and_sent_in_any_decimal_context(
    backend: BackendApi, sim: Sim
) -> None:
    """A program that traps rounding, and zeros that say nothing, change nothing."""
    with localcontext() as context:
        context.prec = 4
        context.traps[Inexact] = True
        order = await backend.create_order(replace(MARKET, quantity=Decimal("0.0300000000000000")))
    assert (order.status, order.filled) == (OrderStatus.FILLED, Decimal("0.03"))
    executions = sim.state()["orders"][0]["executions"]
    paid = sum(Decimal(each["price"]) * Decimal(each["quantity"]) for each in executions)
    assert order.average_price is not None
    assert order.average_price == paid / Decimal("0.03")


async def test_an_order_without_an_id_gets_one(backend: BackendApi, sim: Sim) -> None:
    """The id is ours, so that the order can be found."""
    order = await backend.create_order(MARKET)
    assert order.client_order_id.startswith("sg-")
    assert booked(sim) == [order.client_order_id]


async def test_a_failing_order_is_ambiguous_and_a_refused_one_is_not(
    backend: BackendApi, sim: Sim
) -> None:
    """A server error says nothing about the order; a refusal is plain."""
    sim.add_faults({"match": "backend.order.create", "count": 1, "action": "answer", "status": 503})
    with pytest.raises(sg.ApiError) as caught:
        await backend.create_order(MARKET)
    assert caught.value.verdict is not None
    assert caught.value.verdict.ambiguous
    with pytest.raises(sg.ApiError) as caught:
        await backend.create_order(replace(MARKET, quantity=Decimal(100)))
    assert caught.value.verdict is not None
    assert (caught.value.status, caught.value.verdict.ambiguous) == (400, False)


@pytest.mark.parametrize("price", ["NaN", "0", "-1"])
async def test_a_price_that_is_none_is_a_failure(clock: FakeClock, price: str) -> None:
    """What is no price is not handed on."""
    answer = answer_bytes(f'{{"price":"{price}"}}'.encode())
    async with odd_server(answer) as url, BackendApi(url, clock=clock) as backend:
        with pytest.raises(sg.ApiError, match="cannot be read"):
            await backend.get_market_price(BTC)


async def test_an_order_in_unknown_words_cannot_be_read(clock: FakeClock) -> None:
    """A status that means nothing to us leaves the outcome open."""
    order = (
        b'{"order":{"order_id":1,"client_order_id":"a","side":"BUY","type":"MARKET",'
        b'"status":"ODD","quantity":"1","price":"0","executed_quantity":"0","at_ms":1,'
        b'"executions":[]}}'
    )
    async with odd_server(answer_bytes(order)) as url, BackendApi(url, clock=clock) as backend:
        with pytest.raises(sg.ApiError, match="ODD") as caught:
            await backend.create_order(MARKET)
    assert caught.value.verdict is not None
    assert caught.value.verdict.ambiguous


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (
            OrderRequest(BTC, Side.BUY, OrderType.MARKET, quote_quantity=Decimal(100)),
            "quote_quantity",
        ),
        (replace(RESTING, post_only=True), "post_only"),
        (
            replace(RESTING, type=OrderType.STOP_LIMIT, stop_price=Decimal(9000)),
            "type",
        ),
        (replace(RESTING, time_in_force=TimeInForce.DAY), "time_in_force"),
    ],
)
async def test_an_order_that_it_cannot_book_as_asked_is_refused(
    sim: Sim, clock: FakeClock, request_: OrderRequest, field: str
) -> None:
    """Another order than the one that was asked for is none: nothing is sent."""
    async with BackendApi(sim.backend_url, clock=clock) as backend:
        with pytest.raises(FieldError) as caught:
            await backend.create_order(request_)
    assert caught.value.field == field
    assert booked(sim) == []
