"""Proves the Alpaca client's orders, cancels and executions over real sockets against the practice venue."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

import switchgear as sg
from switchgear.exchange import (
    AlpacaApi,
    OrderRequest,
    OrderStatus,
    OrderType,
    Side,
    TimeInForce,
)
from switchgear.practice.sim.server import Sim
from tests.exchange.alpaca_kit import AAPL, BTC, MARKET, OPENS, RESTING, SHARES, START, open_market
from tests.exchange.kit import asked, booked, one_attempt

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from switchgear.testing import FakeClock

pytestmark = pytest.mark.anyio


@pytest.fixture
async def sim(clock: FakeClock) -> AsyncIterator[Sim]:
    """The practice venue, over real sockets."""
    async with Sim(clock=clock, venue="alpaca") as running:
        yield running


@pytest.fixture
async def api(gear: sg.Switchgear, sim: Sim) -> AsyncIterator[AlpacaApi]:
    """A client of the practice venue."""
    async with AlpacaApi(gear, key=sim.key, secret=sim.secret, base_url=sim.base_url) as made:
        yield made


async def test_a_market_order_is_filled(api: AlpacaApi, sim: Sim) -> None:
    """It is told under an id of ours, and found as executed under either id."""
    order = await api.create_order(MARKET)
    truth = sim.state()["orders"][0]
    found = await api.get_order(BTC, order_id=order.order_id)
    assert (found.status, found.filled, found.remaining) == (
        OrderStatus.FILLED,
        MARKET.quantity,
        Decimal(0),
    )
    assert found.average_price == Decimal(truth["executions"][0]["price"])
    assert (found.side, found.type, found.price) == (Side.BUY, OrderType.MARKET, None)
    assert order.client_order_id == truth["client_order_id"]
    assert order.client_order_id.startswith("sg-")
    assert order.created_at == START


async def test_a_market_order_can_name_what_it_spends(api: AlpacaApi) -> None:
    """The order keeps the amount, and its quantity is not told."""
    request = OrderRequest(BTC, Side.BUY, OrderType.MARKET, quote_quantity=Decimal("50.25"))
    order = await api.create_order(request)
    found = await api.get_order(BTC, client_order_id=order.client_order_id)
    assert (found.quantity, found.quote_quantity) == (None, Decimal("50.25"))
    assert found.filled > 0


async def test_an_order_rests_is_found_and_cancelled(api: AlpacaApi) -> None:
    """It is open, both ids find the same order, and a cancel by its name ends it."""
    order = await api.create_order(replace(RESTING, client_order_id="mine-1"))
    assert (order.status, order.price, order.average_price) == (
        OrderStatus.OPEN,
        Decimal(10000),
        None,
    )
    assert await api.get_order(BTC, order_id=order.order_id.upper()) == order
    assert await api.get_order(BTC, client_order_id="mine-1") == order
    cancelled = await api.cancel_order(BTC, client_order_id="mine-1")
    assert cancelled == replace(order, status=OrderStatus.CANCELED)
    again = await api.cancel_order(BTC, order_id=order.order_id)
    assert again.status is OrderStatus.CANCELED


async def test_a_stop_limit_order_keeps_its_prices(api: AlpacaApi) -> None:
    """What wakes it and what it may cost are told as they were sent."""
    price, wakes_at = Decimal(90000), Decimal(80000)
    request = replace(RESTING, type=OrderType.STOP_LIMIT, price=price, stop_price=wakes_at)
    order = await api.create_order(request)
    assert (order.type, order.stop_price, order.price) == (
        OrderType.STOP_LIMIT,
        Decimal(80000),
        Decimal(90000),
    )


async def test_a_cancel_too_late_says_what_became_of_the_order(api: AlpacaApi) -> None:
    """A filled order cannot be cancelled: the error stays, and says that it is filled."""
    order = await api.create_order(MARKET)
    with pytest.raises(sg.ApiError) as caught:
        await api.cancel_order(BTC, order_id=order.order_id)
    assert caught.value.__notes__ == ["the order is filled"]


async def test_a_lost_cancel_is_tried_again(api: AlpacaApi, sim: Sim) -> None:
    """A reset after the cancel was carried out ends in the cancelled order, not in an error."""
    order = await api.create_order(RESTING)
    sim.add_faults({"match": "order.cancel", "count": 1, "action": "reset_after"})
    cancelled = await api.cancel_order(BTC, order_id=order.order_id)
    assert cancelled.status is OrderStatus.CANCELED
    assert asked(sim, "order.cancel") == 2


async def test_an_order_of_another_symbol_is_not_believed(
    api: AlpacaApi, gear: sg.Switchgear
) -> None:
    """The id is right and the symbol is not: the order is not told under the wrong name."""
    one_attempt(gear)
    order = await api.create_order(RESTING)
    for symbol in ("ETH/USD", AAPL):
        with pytest.raises(sg.ApiError, match=f"is of BTC/USD, not of {symbol}"):
            await api.get_order(symbol, order_id=order.order_id)


@pytest.mark.parametrize("symbol", ["ETH/USD", AAPL])
async def test_a_cancel_with_another_symbol_cancels_nothing(
    api: AlpacaApi, gear: sg.Switchgear, sim: Sim, symbol: str
) -> None:
    """Whoever made the order, and by either id, the error says of which symbol it is."""
    order = await api.create_order(RESTING)
    words = f"is of BTC/USD, not of {symbol}"
    async with AlpacaApi(gear, key=sim.key, secret=sim.secret, base_url=sim.base_url) as another:
        for each in (api, another):
            with pytest.raises(sg.ApiError, match=words) as caught:
                await each.cancel_order(symbol, order_id=order.order_id)
            assert caught.value.verdict is not None
            assert caught.value.verdict.kind is sg.Kind.ORDER_NOT_FOUND
            with pytest.raises(sg.ApiError, match=words):
                await each.cancel_order(symbol, client_order_id=order.client_order_id)
    assert asked(sim, "order.cancel") == 0
    assert await api.get_open_orders() == [order]


async def test_an_order_of_ones_own_is_cancelled_without_a_look_before(
    api: AlpacaApi, gear: sg.Switchgear, sim: Sim
) -> None:
    """Of which symbol it is was told when it was made; another client looks it up first."""
    first, second = [await api.create_order(RESTING) for _ in range(2)]
    await api.cancel_order(BTC, order_id=first.order_id)
    assert (asked(sim, "order.cancel"), asked(sim, "order.get")) == (1, 1)
    async with AlpacaApi(gear, key=sim.key, secret=sim.secret, base_url=sim.base_url) as another:
        await another.cancel_order(BTC, order_id=second.order_id)
    assert (asked(sim, "order.cancel"), asked(sim, "order.get")) == (2, 3)


async def test_shares_wait_for_the_opening(api: AlpacaApi, clock: FakeClock) -> None:
    """A market order before it is taken, and filled once the market is open."""
    clock.advance((OPENS - START).total_seconds() - 600)
    order = await api.create_order(SHARES)
    assert (order.status, order.symbol) == (OrderStatus.OPEN, AAPL)
    clock.advance(1200)
    found = await api.get_order(AAPL, order_id=order.order_id)
    assert (found.status, found.filled) == (OrderStatus.FILLED, Decimal(3))


async def test_what_must_trade_at_once_waits_for_nothing(
    api: AlpacaApi, sim: Sim, clock: FakeClock
) -> None:
    """On a holiday it is refused here with the next opening, asked for once; later it is sent."""
    request = OrderRequest(
        AAPL,
        Side.BUY,
        OrderType.LIMIT,
        Decimal(1),
        price=Decimal(500),
        time_in_force=TimeInForce.IOC,
    )
    for force in (TimeInForce.IOC, TimeInForce.FOK):
        with pytest.raises(sg.SettingsError, match=r"it opens at 2026-01-02 14:30:00\+00:00"):
            await api.create_order(replace(request, time_in_force=force))
    assert (asked(sim, "clock"), asked(sim, "order.create")) == (1, 0)
    open_market(clock)
    order = await api.create_order(request)
    assert order.symbol == AAPL
    assert (asked(sim, "clock"), asked(sim, "order.create")) == (2, 1)


async def test_hours_that_cannot_be_had_stop_no_order(api: AlpacaApi, sim: Sim) -> None:
    """The exchange judges the order itself then."""
    sim.add_faults({"match": "clock", "action": "answer", "status": 503})
    request = replace(
        RESTING, symbol=AAPL, quantity=Decimal(1), price=Decimal(500), time_in_force=TimeInForce.IOC
    )
    order = await api.create_order(request)
    assert order.symbol == AAPL
    assert asked(sim, "order.create") == 1


async def test_open_orders_of_all_and_of_one_symbol(api: AlpacaApi) -> None:
    """Oldest first; those of one symbol are told apart here."""
    first = await api.create_order(RESTING)
    share = await api.create_order(
        replace(RESTING, symbol=AAPL, price=Decimal(10), quantity=Decimal(2))
    )
    second = await api.create_order(replace(RESTING, price=Decimal(10001)))
    assert await api.get_open_orders() == [first, share, second]
    assert await api.get_open_orders(BTC) == [first, second]
    assert await api.get_open_orders(AAPL) == [share]
    assert await api.get_open_orders("ETH/USD") == []


async def test_cancel_all_of_one_symbol_and_of_all(api: AlpacaApi) -> None:
    """Each cancelled order is named, and no open order is no error."""
    coin = await api.create_order(RESTING)
    share = await api.create_order(
        replace(RESTING, symbol=AAPL, price=Decimal(10), quantity=Decimal(2))
    )
    report = await api.cancel_all(BTC)
    assert (report.accepted, report.failed) == ((coin.order_id,), {})
    assert (await api.cancel_all()).accepted == (share.order_id,)
    assert (await api.cancel_all()).accepted == ()
    assert (await api.cancel_all(BTC)).accepted == ()
    assert await api.get_open_orders() == []


async def test_trades_of_one_symbol(api: AlpacaApi, clock: FakeClock) -> None:
    """Oldest first, without those of others, from an instant on, or the newest."""
    for number in range(3):
        await api.create_order(replace(MARKET, client_order_id=f"m-{number}"))
        clock.advance(60)
    await api.create_order(replace(MARKET, symbol="ETH/USD", quantity=Decimal(1)))
    trades = await api.get_trades(BTC)
    assert len(trades) == 3
    assert [trade.at for trade in trades] == sorted(trade.at for trade in trades)
    assert {(trade.symbol, trade.quantity, trade.side, trade.fee) for trade in trades} == {
        (BTC, MARKET.quantity, Side.BUY, None)
    }
    assert await api.get_trades(BTC, limit=1) == trades[-1:]
    assert await api.get_trades(BTC, since=datetime.min.replace(tzinfo=UTC)) == trades
    assert await api.get_trades(BTC, since=trades[1].at) == trades[1:]
    assert await api.get_trades(BTC, since=trades[1].at, limit=1) == trades[1:2]
    assert await api.get_trades("SOL/USD") == []


async def test_an_id_is_used_once(api: AlpacaApi, sim: Sim) -> None:
    """The second order of one id is not booked, even when the first is over; look it up."""
    named = replace(RESTING, client_order_id="mine-1")
    order = await api.create_order(named)
    await api.cancel_order(BTC, order_id=order.order_id)
    with pytest.raises(sg.OrderOutcomeUnknown) as caught:
        await api.create_order(named)
    assert caught.value.verdict is not None
    assert caught.value.verdict.kind is sg.Kind.DUPLICATE_ORDER
    assert booked(sim) == ["mine-1"]


async def test_an_order_whose_answer_was_lost_is_found(api: AlpacaApi, sim: Sim) -> None:
    """It is sent once, its outcome is unknown, and its name finds it."""
    sim.add_faults({"match": "order.create", "count": 1, "action": "reset_after"})
    with pytest.raises(sg.OrderOutcomeUnknown) as caught:
        await api.create_order(replace(RESTING, client_order_id="mine-1"))
    assert caught.value.client_order_id == "mine-1"
    found = await api.desk.resolve(BTC, "mine-1")
    assert found is not None
    assert found.status is OrderStatus.OPEN
    assert await api.desk.resolve(BTC, "mine-2") is None
    assert asked(sim, "order.create") == 1


async def test_too_little_money_is_the_exchanges_refusal(api: AlpacaApi) -> None:
    """It says so, and nothing is booked."""
    with pytest.raises(sg.OrderRefused) as caught:
        await api.create_order(replace(RESTING, quantity=Decimal(15)))
    assert caught.value.verdict is not None
    assert caught.value.verdict.kind is sg.Kind.INSUFFICIENT_FUNDS
