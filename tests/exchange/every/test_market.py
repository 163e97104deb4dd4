"""Proves what TradingApi promises of market and account, over every client and its practice exchange."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from switchgear.exchange import Side
from switchgear.exchange.client import VenueApi
from switchgear.exchange.market import Interval
from switchgear.practice.sim.server import Sim
from switchgear.testing import FakeClock
from tests.exchange.venues import Case

pytestmark = pytest.mark.anyio


async def test_a_price_is_the_exchanges_own(api: VenueApi, case: Case, sim: Sim) -> None:
    """The price is the ledger's, as a Decimal, alone and among several."""
    prices = {
        name.replace("-", "").replace("/", ""): p for name, p in sim.state()["prices"].items()
    }
    first, second = (prices[each.replace("/", "")] for each in (case.symbol, case.other))
    assert await api.get_market_price(case.symbol) == Decimal(first)
    assert await api.get_market_prices([case.symbol, case.other]) == {
        case.symbol: Decimal(first),
        case.other: Decimal(second),
    }


@pytest.mark.parametrize("interval", list(Interval))
async def test_candles_are_whole_and_in_order(
    api: VenueApi, case: Case, interval: Interval, clock: FakeClock
) -> None:
    """The newest candles come oldest first, one an interval, on its grid, up to now."""
    candles = await api.get_market_data(case.symbol, interval, limit=5)
    step = timedelta(seconds=interval.length_s)
    assert [after.at - before.at for before, after in pairwise(candles)] == [step] * 4
    assert candles[-1].at <= clock.wall() < candles[-1].at + step
    assert all(isinstance(each.close, Decimal) for each in candles)


async def test_more_candles_than_a_page_are_several_requests(
    api: VenueApi, case: Case, clock: FakeClock
) -> None:
    """1,200 candles back from now and forward from an instant are whole, and the same."""
    newest = await api.get_market_data(case.symbol, "1m", limit=1200)
    assert len(newest) == 1200
    since = newest[0].at
    forward = await api.get_market_data(case.symbol, "1m", since=since, limit=1100)
    assert [each.at for each in forward] == [each.at for each in newest[:1100]]
    part = await api.get_market_data(
        case.symbol, "1m", since=since, until=since + timedelta(minutes=9)
    )
    assert [each.at for each in part] == [each.at for each in newest[:10]]


async def test_an_order_book_has_both_sides(api: VenueApi, case: Case) -> None:
    """Best first, as deep as asked, around the price."""
    book, price = await api.get_order_book(case.symbol, 5), await api.get_market_price(case.symbol)
    assert (len(book.bids), len(book.asks)) == (5, 5)
    assert book.bids[0].price < price < book.asks[0].price
    assert book.bids[0].price > book.bids[4].price
    assert book.spread is not None
    assert book.spread > 0


async def test_symbols_have_their_rules(api: VenueApi, case: Case) -> None:
    """Each pair has its tick and lot; one asked alone is the same."""
    infos = await api.get_symbols()
    info = infos[case.symbol]
    assert case.other in infos
    assert info == await api.get_symbol(case.symbol)
    assert (info.base, info.quote) == tuple(case.symbol.split("/"))
    assert info.price_tick is not None
    assert case.tick % info.price_tick == 0
    assert info.quantity_step is not None
    assert info.tradable


async def test_what_is_held_is_the_ledgers(api: VenueApi, case: Case, sim: Sim) -> None:
    """Balances, portfolio and positions tell of the same amounts, and values add up."""
    await api.create_order(case.market())
    base, quote = case.symbol.split("/")
    held = sim.state()["balances"][base]
    balances, portfolio = await api.get_account_balance(), await api.get_portfolio()
    assert balances[base].total == Decimal(held["free"]) + Decimal(held["locked"])
    assert portfolio.balances[base].total == balances[base].total
    assert portfolio.currency == quote
    assert portfolio.total == sum(portfolio.values.values())
    [position] = [each for each in await api.get_positions() if each.asset == base]
    assert (position.quantity, position.symbol) == (balances[base].total, case.symbol)


async def test_trades_are_the_executions(api: VenueApi, case: Case, sim: Sim) -> None:
    """Oldest first, each with its order; from an instant on, only those since then."""
    first = await api.create_order(case.market())
    second = await api.create_order(case.market(Side.SELL, quantity=Decimal("0.005")))
    trades = await api.get_trades(case.symbol)
    assert [trade.order_id for trade in trades] == [first.order_id, second.order_id]
    assert [trade.side for trade in trades] == [Side.BUY, Side.SELL]
    executions = [execution for order in sim.state()["orders"] for execution in order["executions"]]
    assert [trade.price for trade in trades] == [Decimal(each["price"]) for each in executions]
    since = trades[0].at - timedelta(seconds=1)
    assert await api.get_trades(case.symbol, since=since) == trades
    assert await api.get_trades(case.symbol, limit=1) == trades[1:]
    assert await api.get_trades(case.symbol, since=trades[1].at + timedelta(hours=1)) == []
