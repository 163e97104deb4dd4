"""Proves what the Alpaca client makes of recorded market data: pages, digits, and answers that cannot be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

import switchgear as sg
from switchgear.exchange import AlpacaApi
from tests.exchange.alpaca_kit import (
    AAPL,
    BAR,
    BARS,
    BOOKS,
    BTC,
    COIN,
    FILL,
    LATEST,
    ORDER,
    ORDERS,
    SHARE_ASSET,
    STOCKS,
    D,
    Venue,
    client_of,
    serving,
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


async def test_candles_come_in_pages(api: AlpacaApi, venue: Venue) -> None:
    """Each page begins where the last ended, whatever its length, until there are enough."""
    bars = [{**BAR, "t": f"2025-01-02T00:0{n}:00Z"} for n in range(6)]
    pages: list[Any] = [
        {"bars": {"AAPL": bars[:2]}, "next_page_token": "a"},
        {"bars": {}, "next_page_token": "b"},
        {"bars": {"AAPL": bars[2:5]}, "next_page_token": "c"},
        {"bars": {"AAPL": bars[5:]}, "next_page_token": None},
    ]
    path = STOCKS + BARS
    venue.say(path, *pages)
    since = datetime(2025, 1, 2, tzinfo=UTC)
    candles = await api.get_market_data(AAPL, since=since, limit=5)
    assert [candle.at for candle in candles] == [since + timedelta(minutes=n) for n in range(5)]
    assert [(query["limit"], query.get("page_token")) for query in venue.queries(path)] == [
        ("5", None),
        ("3", "a"),
        ("3", "b"),
    ]
    assert {query["feed"] for query in venue.queries(path)} == {"iex"}
    backward: list[Any] = [
        {"bars": {"AAPL": bars[:3:-1]}, "next_page_token": "a"},
        {"bars": {"AAPL": bars[3::-1]}, "next_page_token": ""},
    ]
    venue.say(path, *backward)
    newest = await api.get_market_data(AAPL, limit=10)
    assert len(newest) == 6
    assert newest == sorted(newest, key=lambda candle: candle.at)


@pytest.mark.parametrize(
    "page",
    [
        {"bars": {"BTC/USD": [BAR, BAR]}},
        {"bars": {"BTC/USD": [{**BAR, "h": 1}]}},
        {"bars": {"BTC/USD": [{**BAR, "o": 0}]}},
        {"bars": {"BTC/USD": [{**BAR, "v": -1}]}},
        {"bars": {"BTC/USD": [{**BAR, "t": 17}]}},
        {"bars": [BAR]},
        {"candles": []},
    ],
)
async def test_candles_that_cannot_be(api: AlpacaApi, venue: Venue, page: Any) -> None:
    """Twice the same, prices that contradict each other, no volume: not believed."""
    venue.say(COIN + BARS, page)
    with pytest.raises(sg.ApiError, match="cannot be read"):
        await api.get_market_data(BTC)


async def test_pages_that_do_not_end_are_not_followed(api: AlpacaApi, venue: Venue) -> None:
    """A page that names itself as the next is an answer that cannot be."""
    venue.say(COIN + BARS, {"bars": None, "next_page_token": "a"})
    with pytest.raises(sg.ApiError, match="the pages do not end"):
        await api.get_market_data(BTC)
    venue.say(ORDERS, [ORDER] * 500)
    with pytest.raises(sg.ApiError, match="the pages do not end"):
        await api.get_open_orders()
    venue.say("/v2/account/activities/FILL", [FILL] * 100)
    with pytest.raises(sg.ApiError, match="the pages do not end"):
        await api.get_trades(BTC)


async def test_a_market_without_trades_is_no_failure(api: AlpacaApi, venue: Venue) -> None:
    """A share that was not traded in a span has no candles; one that is not there is refused."""
    venue.say(STOCKS + BARS, {"bars": None, "next_page_token": None})
    venue.say("/v2/assets/AAPL", SHARE_ASSET)
    assert await api.get_market_data(AAPL) == []
    with pytest.raises(sg.ApiError) as caught:
        await api.get_market_data("NOPE/USD")
    assert (caught.value.status, caught.value.code) == (404, 40410000)


async def test_a_price_that_is_missing_is_a_failure(api: AlpacaApi, venue: Venue) -> None:
    """The share is there and its price is not: the answer lacks it."""
    venue.say(STOCKS + "trades/latest", {"trades": {"MSFT": {"p": 1.25}}})
    venue.say("/v2/assets/AAPL", SHARE_ASSET)
    assert await api.get_market_price("MSFT/USD") == D("1.25")
    for symbols in ([AAPL], [AAPL, "MSFT/USD"]):
        with pytest.raises(sg.ApiError, match="there is nothing of AAPL/USD in it"):
            await api.get_market_prices(symbols)


@pytest.mark.parametrize("price", ["0", "-1", '"NaN"', "null", "true"])
async def test_a_price_that_is_none(api: AlpacaApi, venue: Venue, price: str) -> None:
    """A price is a number above 0."""
    venue.say(COIN + LATEST, f'{{"trades": {{"BTC/USD": {{"p": {price}}}}}}}')
    with pytest.raises(sg.ApiError, match="cannot be read"):
        await api.get_market_price(BTC)


async def test_no_digit_of_a_number_is_lost(api: AlpacaApi, venue: Venue) -> None:
    """Numbers are read from their text, never as floats."""
    venue.say(COIN + LATEST, '{"trades": {"BTC/USD": {"p": 27539.494000000000001234567}}}')
    assert await api.get_market_price(BTC) == D("27539.494000000000001234567")


async def test_order_books(api: AlpacaApi, venue: Venue) -> None:
    """Lines in any order, sizes of 0 and sides that nobody offers on."""
    coin = {
        "t": "2022-06-24T08:00:14.137774336Z",
        "b": [{"p": 20350, "s": 0}, {"p": 20000, "s": 1}, {"p": 20846, "s": 0.1902}],
        "a": [{"p": 21444, "s": 2}, {"p": 20902, "s": 0.0097}],
    }
    venue.say(COIN + BOOKS, {"orderbooks": {"BTC/USD": coin}})
    book = await api.get_order_book(BTC, depth=1)
    assert (book.bids, book.asks) == (((D(20846), D("0.1902")),), ((D(20902), D("0.0097")),))
    quote = {"t": "2022-06-24T08:00:14Z", "bp": 0, "bs": 0, "ap": 10.5, "as": 3}
    venue.say(STOCKS + "quotes/latest", {"quotes": {"AAPL": quote}})
    share = await api.get_order_book(AAPL)
    assert (share.bids, share.asks, share.spread) == ((), ((D("10.5"), D(3)),), None)
    venue.say(COIN + BOOKS, {"orderbooks": {"BTC/USD": {**coin, "b": [{"p": -1, "s": 1}]}}})
    with pytest.raises(sg.ApiError, match="cannot be read"):
        await api.get_order_book(BTC)


async def test_market_data_has_an_address_of_its_own(gear: sg.Switchgear, venue: Venue) -> None:
    """Prices are asked there, assets at the address of trading."""
    data = Venue()
    data.say(COIN + LATEST, {"trades": {"BTC/USD": {"p": 2}}})
    async with (
        serving(venue) as url,
        serving(data) as data_url,
        AlpacaApi(
            gear, key="a-good-key", secret="a-good-secret", base_url=url, data_url=data_url
        ) as api,
    ):
        assert await api.get_market_price(BTC) == 2
    assert [path for _, path, _ in venue.asked] == ["/v2/assets"]
    assert [path for _, path, _ in data.asked] == [COIN + LATEST]
