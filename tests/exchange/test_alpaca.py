"""Proves the Alpaca client's calls over real sockets against the practice venue, each through the guard."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

import switchgear as sg
from switchgear.exchange import (
    AlpacaApi,
    Side,
    TimeInForce,
    TradingApi,
)
from switchgear.practice.sim.server import Sim
from tests.exchange.alpaca_kit import AAPL, BTC, MARKET, OPENS, RESTING, SHARES, START, open_market
from tests.exchange.kit import asked, one_attempt

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


async def test_prices_are_the_exchanges_own(api: AlpacaApi, sim: Sim) -> None:
    """Of a coin and of a share, each from its own place, as Decimals; the coins are listed once."""
    truth = sim.state()["prices"]
    assert await api.get_market_price(BTC) == Decimal(truth["BTC/USD"])
    assert await api.get_market_price("BRK.A/USD") == Decimal(truth["BRK.A"])
    assert asked(sim, "assets.list") == 1


async def test_many_prices_are_two_requests(api: AlpacaApi, sim: Sim) -> None:
    """One for the coins and one for the shares, in the order that was asked for."""
    prices = await api.get_market_prices([AAPL, BTC, "ETH/USD", "MSFT/USD"])
    truth = sim.state()["prices"]
    assert list(prices) == [AAPL, BTC, "ETH/USD", "MSFT/USD"]
    assert prices[AAPL] == Decimal(truth["AAPL"])
    assert prices["ETH/USD"] == Decimal(truth["ETH/USD"])
    assert asked(sim, "market.latest") == 2
    twice = await api.get_market_prices([AAPL, "AAPL.US/USD"])
    assert twice == dict.fromkeys([AAPL, "AAPL.US/USD"], prices[AAPL])


@pytest.mark.parametrize("symbol", ["NOPE/USD", "BTC/EUR"])
@pytest.mark.parametrize("method", ["get_market_price", "get_order_book", "get_symbol"])
async def test_an_unknown_symbol_is_refused_by_the_exchange(
    api: AlpacaApi, gear: sg.Switchgear, symbol: str, method: str
) -> None:
    """It is the exchange's own refusal, no failure: nothing is tried again, no circuit counts it."""
    with pytest.raises(sg.ApiError) as caught:
        await getattr(api, method)(symbol)
    assert caught.value.verdict is not None
    assert caught.value.verdict.kind is sg.Kind.INVALID_REQUEST
    assert gear.metrics("alpaca", method).retried_attempts == 0


@pytest.mark.parametrize(("symbol", "interval"), [(BTC, "1m"), (BTC, "6h"), (AAPL, "1h")])
async def test_the_newest_candles(api: AlpacaApi, symbol: str, interval: str) -> None:
    """Without a beginning it is the newest ones, oldest first, of this length."""
    candles = await api.get_market_data(symbol, interval, limit=5)
    assert len(candles) == 5
    assert candles == sorted(candles, key=lambda candle: candle.at)
    assert START - timedelta(days=4) < candles[-1].at <= START
    assert all(candle.at.tzinfo is UTC and candle.high >= candle.low for candle in candles)


async def test_candles_of_a_span(api: AlpacaApi) -> None:
    """Both ends belong to it, and the limit counts from its beginning."""
    dawn = datetime.min.replace(tzinfo=UTC)
    assert await api.get_market_data(BTC, "1h", until=dawn) == []
    assert len(await api.get_market_data(BTC, "1d", since=dawn, limit=2)) == 2
    since, until = START - timedelta(hours=5), START - timedelta(hours=2)
    hours = await api.get_market_data(BTC, "1h", since=since, until=until)
    assert [candle.at for candle in hours] == [since + timedelta(hours=n) for n in range(4)]
    first = await api.get_market_data(BTC, "1h", since=since, limit=2)
    assert first == hours[:2]
    last = await api.get_market_data(BTC, "1h", until=until, limit=2)
    assert last == hours[2:]
    between = await api.get_market_data(BTC, "1h", since=since + timedelta(minutes=1), limit=1)
    assert between == hours[1:2]


async def test_an_order_book_of_a_coin_has_depth(api: AlpacaApi) -> None:
    """Best first, cut to what was asked for, with its time."""
    book = await api.get_order_book(BTC, depth=3)
    assert (len(book.bids), len(book.asks), book.at) == (3, 3, START)
    assert book.bids[0].price > book.bids[2].price
    assert book.spread is not None
    assert book.spread > 0


async def test_an_order_book_of_a_share_is_its_best_prices(api: AlpacaApi) -> None:
    """Alpaca sells no more than one line a side."""
    book = await api.get_order_book(AAPL)
    assert (len(book.bids), len(book.asks)) == (1, 1)
    assert book.bids[0].price < book.asks[0].price


async def test_the_market_clock(api: AlpacaApi, clock: FakeClock, gear: sg.Switchgear) -> None:
    """Closed on the holiday, open the day after, in UTC, under a key of its own."""
    closed = await api.get_market_clock()
    assert (closed.is_open, closed.at, closed.next_open) == (False, START, OPENS)
    assert closed.next_open.tzinfo is UTC
    open_market(clock)
    assert (await api.get_market_clock()).is_open
    assert gear.metrics("alpaca", "get_market_clock").success_calls == 2


async def test_the_rules_of_a_coin(api: AlpacaApi) -> None:
    """Its tick, step and minimum as listed, and how long orders may rest."""
    info = await api.get_symbol(BTC)
    assert (info.base, info.quote, info.venue_symbol) == ("BTC", "USD", BTC)
    assert (info.asset_class, info.tradable, info.whole_only) == ("crypto", True, False)
    assert info.price_tick == Decimal("0.01")
    assert info.quantity_min is not None
    assert info.forces == frozenset({TimeInForce.GTC, TimeInForce.IOC})


async def test_the_rules_of_a_share(api: AlpacaApi, sim: Sim) -> None:
    """Its tick below and above a dollar; one request once the coins are known."""
    await api.get_symbol(BTC)
    info = await api.get_symbol(AAPL)
    assert (info.base, info.quote, info.venue_symbol) == ("AAPL", "USD", "AAPL")
    assert (info.asset_class, info.whole_only) == ("us_equity", False)
    assert info.tick_at(Decimal(2)) == Decimal("0.01")
    assert info.tick_at(Decimal("0.5")) == Decimal("0.0001")
    assert (asked(sim, "assets.list"), asked(sim, "asset.get")) == (1, 1)
    assert (await api.get_symbol("BRK.A/USD")).venue_symbol == "BRK.A"


async def test_all_symbols(api: AlpacaApi) -> None:
    """Coins and shares together, each under its own symbol."""
    infos = await api.get_symbols()
    assert {BTC, AAPL, "BRK.A/USD"} <= infos.keys()
    assert all(symbol == info.symbol for symbol, info in infos.items())
    assert infos[BTC] == await api.get_symbol(BTC)
    assert infos[AAPL] == await api.get_symbol(AAPL)


async def test_balances_are_by_asset(api: AlpacaApi, sim: Sim) -> None:
    """What an open order holds is locked; an asset without any is left out."""
    await api.create_order(MARKET)
    await api.create_order(RESTING)
    resting = replace(RESTING, side=Side.SELL, price=Decimal(900000), quantity=Decimal("0.002"))
    await api.create_order(resting)
    balances = await api.get_account_balance()
    truth = sim.state()["balances"]
    assert balances.keys() == {"USD", "BTC"}
    for asset, balance in balances.items():
        assert balance.free == Decimal(truth[asset]["free"])
    assert balances["BTC"].locked == Decimal("0.002")


async def test_a_portfolio_and_its_positions(
    api: AlpacaApi, sim: Sim, clock: FakeClock, gear: sg.Switchgear
) -> None:
    """Coins and shares at the exchange's values; the cash is in the sum and no position."""
    open_market(clock)
    await api.create_order(MARKET)
    await api.create_order(SHARES)
    portfolio = await api.get_portfolio()
    positions = {each.symbol: each for each in await api.get_positions()}
    assert positions.keys() == {BTC, AAPL}
    assert portfolio.balances.keys() == {"USD", "BTC", "AAPL"}
    assert positions[AAPL].quantity == 3
    assert positions[AAPL].average_price is not None
    assert positions[AAPL].value == portfolio.values["AAPL"]
    assert portfolio.total == sum(portfolio.values.values())
    assert (portfolio.currency, portfolio.unpriced) == ("USD", ())
    assert gear.metrics("alpaca", "get_portfolio").success_calls == 1


async def test_a_wrong_key_closes_the_account(gear: sg.Switchgear, sim: Sim) -> None:
    """The refusal is one of the key, and its words do not hold it."""
    key = "PKWRONGWRONGWRONG001"
    async with AlpacaApi(gear, key=key, secret="x" * 40, base_url=sim.base_url) as api:
        with pytest.raises(sg.ApiError) as caught:
            await api.get_account_balance()
    assert caught.value.verdict is not None
    assert caught.value.verdict.kind is sg.Kind.AUTHENTICATION
    assert key not in str(caught.value)


async def test_served_says_where_the_value_came_from(
    gear: sg.Switchgear, sim: Sim, clock: FakeClock
) -> None:
    """A fallback of the method is asked when the call fails."""
    one_attempt(gear)
    fallbacks: dict[str, Any] = {"get_market_price": sg.last_good(30)}
    async with AlpacaApi(
        gear, key=sim.key, secret=sim.secret, base_url=sim.base_url, fallbacks=fallbacks
    ) as api:
        first = await api.served("get_market_price", AAPL)
        sim.add_faults({"match": "market.latest", "action": "answer", "status": 503})
        clock.advance(5)
        second = await api.served("get_market_price", AAPL)
    assert (first.source, second.source, second.age_s) == ("primary", "last_good", 5.0)
    assert second.value == first.value


async def test_an_older_list_of_coins_serves_in_need(
    api: AlpacaApi, sim: Sim, clock: FakeClock
) -> None:
    """A list that cannot be had again does not stop what could go on without it."""
    await api.get_market_price(BTC)
    clock.advance(4000)
    sim.add_faults({"match": "assets.list", "action": "answer", "status": 503})
    assert await api.get_market_price(BTC) > 0
    assert await api.get_market_price(BTC) > 0
    assert asked(sim, "assets.list") == 2


async def test_a_client_trades_for_the_protocol(api: AlpacaApi) -> None:
    """AlpacaApi is a TradingApi, as the type checkers read this line."""
    trading: TradingApi = api
    assert await trading.get_market_price(BTC) > 0
