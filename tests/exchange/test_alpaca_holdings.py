"""Proves what the Alpaca client makes of recorded answers about assets, holdings and executions."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import localcontext
from typing import TYPE_CHECKING, Any

import pytest

import switchgear as sg
from switchgear.exchange import AlpacaApi, Side
from tests.exchange.alpaca_kit import (
    AAPL,
    ACCOUNT,
    BTC,
    COIN,
    COIN_ASSET,
    FILL,
    HELD,
    LATEST,
    ORDER,
    ORDERS,
    SHARE_ASSET,
    STOCKS,
    D,
    Venue,
    client_of,
)
from tests.exchange.kit import answer_bytes, odd_server, one_attempt

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from switchgear.testing import FakeClock

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
    "body", [b"", b"null", b"[]", b"{}", b"<html>", b"\xff", b'{"id": ', b"[" * 100_000]
)
@pytest.mark.parametrize("method", ["get_account_balance", "get_symbols", "get_market_clock"])
async def test_an_answer_of_another_shape_is_a_failure(
    gear: sg.Switchgear, body: bytes, method: str
) -> None:
    """Nothing, another type, a page of HTML, broken text: no answer is made of it."""
    one_attempt(gear)
    async with (
        odd_server(answer_bytes(body)) as url,
        AlpacaApi(gear, key="a-good-key", secret="a-good-secret", base_url=url) as api,
    ):
        with pytest.raises(sg.ApiError, match="cannot be read"):
            await getattr(api, method)()


async def test_a_ticker_that_is_a_coins_too_is_told_apart(api: AlpacaApi, venue: Venue) -> None:
    """`BTC/USD` is the coin whatever its spelling, and the fund of that ticker is `BTC.US/USD`."""
    fund = {**ORDER, "symbol": "BTC", "asset_class": "us_equity"}
    coin = {**ORDER, "symbol": "BTCUSD"}
    venue.say(ORDERS, [coin, fund])
    assert [order.symbol for order in await api.get_open_orders()] == [BTC, "BTC.US/USD"]
    assert len(await api.get_open_orders("BTC.US/USD")) == 1
    venue.say("/v2/account", ACCOUNT)
    share = {**HELD, "symbol": "BTC", "asset_class": "us_equity", "qty": "7", "qty_available": "7"}
    venue.say("/v2/positions", [HELD, share])
    balances = await api.get_account_balance()
    assert (balances["BTC"].total, balances["BTC.US"].total) == (D("0.5"), D(7))
    assert [each.symbol for each in await api.get_positions()] == ["BTC.US/USD", BTC]
    venue.say("/v2/assets/BTC", {**SHARE_ASSET, "symbol": "BTC"})
    assert (await api.get_symbol("BTC.US/USD")).venue_symbol == "BTC"
    venue.say(STOCKS + "trades/latest", {"trades": {"BTC": {"p": 40}}})
    assert await api.get_market_price("BTC.US/USD") == 40
    venue.say("/v2/account/activities/FILL", [{**FILL, "symbol": "BTC"}, {**FILL, "symbol": BTC}])
    assert len(await api.get_trades(BTC)) == len(await api.get_trades("BTC.US/USD")) == 1


async def test_a_coin_that_was_delisted_stays_a_coin(
    api: AlpacaApi, venue: Venue, clock: FakeClock
) -> None:
    """Its order goes to no share of that ticker, now or when it leaves the list."""
    old = {**COIN_ASSET, "symbol": "SOL/USD", "status": "inactive"}
    twice = {**COIN_ASSET, "status": "inactive", "tradable": False}
    legacy = {**COIN_ASSET, "symbol": "BTCUSD", "status": "inactive"}
    venue.say("/v2/assets", [old, COIN_ASSET, twice, legacy], [COIN_ASSET])
    assert not (await api.get_symbol("SOL/USD")).tradable
    assert (await api.get_symbol(BTC)).tradable
    clock.advance(4000)
    venue.say(COIN + LATEST, {"trades": {"SOL/USD": {"p": 1}}})
    assert await api.get_market_price("SOL/USD") == 1


@pytest.mark.parametrize(
    ("account", "free", "locked"),
    [
        (ACCOUNT, "900.50", "99.50"),
        ({**ACCOUNT, "non_marginable_buying_power": "5000"}, "1000", "0"),
        ({**ACCOUNT, "non_marginable_buying_power": "-5"}, "0", "1000"),
        ({"cash": "1000"}, "1000", "0"),
        ({**ACCOUNT, "cash": "-23140.2"}, "-23140.2", "0"),
    ],
)
async def test_what_of_the_cash_is_free(
    api: AlpacaApi, venue: Venue, account: dict[str, str], free: str, locked: str
) -> None:
    """What can be spent without borrowing; the rest of it is held; a debt is below 0."""
    venue.say("/v2/account", account)
    venue.say("/v2/positions", [])
    balance = (await api.get_account_balance())["USD"]
    assert (balance.free, balance.locked) == (D(free), D(locked))


async def test_holdings_of_every_kind(api: AlpacaApi, venue: Venue) -> None:
    """A coin, a share sold short, an option, and one without a value."""
    short = {**HELD, "symbol": "TSLA", "asset_class": "us_equity", "side": "short", "qty": "-3"}
    short |= {"qty_available": "-3", "market_value": "-900", "avg_entry_price": "310"}
    option = {**HELD, "symbol": "AAPL250620C00100000", "asset_class": "us_option", "qty": "1"}
    option |= {"qty_available": "1", "market_value": "500"}
    dark = {**HELD, "symbol": "OTCX", "asset_class": "us_equity", "market_value": None}
    venue.say("/v2/account", {**ACCOUNT, "cash": "0"})
    venue.say("/v2/positions", [HELD, short, option, dark])
    portfolio = await api.get_portfolio()
    assert portfolio.balances.keys() == {"BTC", "TSLA", "AAPL250620C00100000", "OTCX"}
    assert (portfolio.balances["BTC"].free, portfolio.balances["BTC"].locked) == (
        D("0.25"),
        D("0.25"),
    )
    assert portfolio.balances["TSLA"].free == -3
    assert (portfolio.total, portfolio.unpriced) == (D(14600), ("OTCX",))
    positions = {each.asset: each for each in await api.get_positions()}
    assert (positions["TSLA"].quantity, positions["TSLA"].profit) == (D(-3), D(30))
    assert positions["AAPL250620C00100000"].average_price is None
    assert positions["OTCX"].value is None


async def test_no_digit_is_lost_to_the_programs_own_context(api: AlpacaApi, venue: Venue) -> None:
    """Six digits are enough for it, and a holding has more: what is worked out keeps them all."""
    short = {**HELD, "side": "short", "qty": "-1234.56789", "qty_available": "-1234.56789"}
    short |= {"market_value": "-7654321.01"}
    venue.say("/v2/account", {"cash": "1234567.89", "non_marginable_buying_power": "1000000.01"})
    venue.say("/v2/positions", [short])
    with localcontext(prec=6):
        portfolio = await api.get_portfolio()
        assert str(portfolio.balances["USD"].locked) == "234567.88"
        assert str(portfolio.balances["BTC"].free) == "-1234.56789"
        assert str(portfolio.total) == "-6419753.12"


@pytest.mark.parametrize(
    ("account", "held"),
    [
        ({"cash": "NaN"}, []),
        ({"cash": "1", "currency": "EUR"}, []),
        ({}, []),
        (ACCOUNT, [{**HELD, "qty_available": "0.75"}]),
        (ACCOUNT, [{**HELD, "side": "sideways"}]),
        (ACCOUNT, [{**HELD, "qty": "Infinity"}]),
        (ACCOUNT, [HELD, HELD]),
    ],
)
async def test_holdings_that_cannot_be(
    api: AlpacaApi, venue: Venue, account: dict[str, str], held: list[Any]
) -> None:
    """No amount, another currency, more free than held, twice the same: not believed."""
    venue.say("/v2/account", account)
    venue.say("/v2/positions", held)
    with pytest.raises(sg.ApiError, match="cannot be read"):
        await api.get_portfolio()


async def test_trades_come_in_pages(api: AlpacaApi, venue: Venue) -> None:
    """From an instant on to the limit, those of others and of before left out."""
    page = [{**FILL, "id": f"{n}::a", "symbol": "MSFT"} for n in range(100)]
    early = {**FILL, "id": "early", "transaction_time": "2022-02-02T18:55:09.1Z"}
    path = "/v2/account/activities/FILL"
    venue.say(path, page, [early, FILL, {**FILL, "id": "later"}])
    since = datetime(2022, 2, 2, 18, 55, 9, 981482, tzinfo=UTC)
    trades = await api.get_trades(AAPL, since=since, limit=1)
    assert [(trade.trade_id, trade.side) for trade in trades] == [(FILL["id"], Side.SELL)]
    assert [query.get("page_token") for query in venue.queries(path)] == [None, "99::a"]
    assert venue.queries(path)[0]["after"] == "2022-02-02T18:55:08Z"


async def test_executions_without_end_are_not_followed(api: AlpacaApi, venue: Venue) -> None:
    """After 20 pages of those of others it is an error, and no more of the account's requests."""
    path = "/v2/account/activities/FILL"
    venue.say(path, *[[{**FILL, "id": f"{n}::a", "symbol": "MSFT"}] * 100 for n in range(30)])
    with pytest.raises(sg.ApiError, match="more than 20 pages"):
        await api.get_trades(AAPL)
    assert len(venue.queries(path)) == 20


@pytest.mark.parametrize(
    "change", [{"side": "hold"}, {"qty": "0"}, {"price": "-1"}, {"id": ""}, {"order_id": ""}]
)
async def test_trades_that_cannot_be(api: AlpacaApi, venue: Venue, change: dict[str, str]) -> None:
    """An execution has a side, a price, a quantity and its ids."""
    venue.say("/v2/account/activities/FILL", [{**FILL, **change}])
    with pytest.raises(sg.ApiError, match="cannot be read"):
        await api.get_trades(AAPL)
