"""Owns asking Alpaca for market data: last prices, candles, order books of coins and best prices of shares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchgear.exchange import alpaca_answers as answers
from switchgear.exchange import alpaca_assets as assets
from switchgear.exchange.alpaca_wire import EARLIEST, PAGES_MAX, next_page, target_of, within
from switchgear.exchange.believed import complete, rfc3339, rising
from switchgear.exchange.market import Interval
from switchgear.exchange.reply import endless

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from switchgear.exchange.alpaca_listing import Listing
    from switchgear.exchange.alpaca_wire import Wire
    from switchgear.exchange.market import Candle, OrderBook

_PAGE_MAX = 10_000
_TIMEFRAMES = {
    Interval.M1: "1Min",
    Interval.M5: "5Min",
    Interval.M15: "15Min",
    Interval.M30: "30Min",
    Interval.H1: "1Hour",
    Interval.H2: "2Hour",
    Interval.H6: "6Hour",
    Interval.D1: "1Day",
}


class Quotes:
    """The market data of coins and shares, each from its own place."""

    def __init__(self, wire: Wire, listing: Listing, feed: str | None) -> None:
        self._wire, self._listing = wire, listing
        self._feed = {} if feed is None else {"feed": feed}

    async def prices(self, method: str, symbols: tuple[str, ...]) -> dict[str, Decimal]:
        """The last price of each symbol, in a request for coins and one for shares."""
        coins = await self._listing.coins(method, *symbols)
        prices: dict[str, Decimal] = {}
        for market in (assets.COINS_MARKET, assets.SHARES_MARKET):
            part = [symbol for symbol in symbols if coins.market(symbol) == market]
            if part:
                names = {symbol: coins.venue_symbol(symbol) for symbol in part}
                prices |= await self._prices(method, market, names)
        for symbol in symbols:
            if symbol not in prices:
                await self._listing.say_missing(method, symbol)
        return complete(prices, symbols)

    async def _prices(
        self, method: str, market: assets.Market, names: dict[str, str]
    ) -> dict[str, Decimal]:
        def prices(answer: answers.LastTradesAnswer) -> dict[str, Decimal]:
            told = answer.trades
            return {symbol: told[name].p for symbol, name in names.items() if name in told}

        params = {"symbols": ",".join(dict.fromkeys(names.values())), **self._feed_of(market)}
        return await self._wire.quote(method, market.prices, params, answers.LAST_TRADES, prices)

    async def candles(
        self,
        method: str,
        symbol: str,
        interval: str,
        since: datetime | None,
        until: datetime | None,
        limit: int,
    ) -> list[Candle]:
        """At most limit candles, oldest first: from since on, or the newest."""
        if until is not None and until < EARLIEST:
            return []
        coins = await self._listing.coins(method, symbol)
        market, name = coins.market(symbol), coins.venue_symbol(symbol)
        params = {"symbols": name, "timeframe": _TIMEFRAMES[Interval(interval)]}
        params |= {"start": rfc3339(max(since or EARLIEST, EARLIEST))}
        params |= {"sort": "asc" if since else "desc"}
        params |= self._feed_of(market) | ({} if until is None else {"end": rfc3339(until)})
        found: list[Candle] = []
        token: str | None = None

        def page(answer: answers.BarsAnswer) -> tuple[list[Candle], str | None]:
            told = [answers.candle_of(each) for each in (answer.bars or {}).get(name, [])]
            whole = found + [each for each in told if within(each.at, since, until)]
            rising(whole if since else whole[::-1])
            return whole, next_page(answer.next_page_token, token)

        for _ in range(PAGES_MAX):
            params["limit"] = str(min(limit - len(found), _PAGE_MAX))
            found, token = await self._wire.quote(method, market.bars, params, answers.BARS, page)
            if token is None or len(found) >= limit:
                break
            params["page_token"] = token
        else:
            raise endless(target_of(method), PAGES_MAX)
        if not found:
            await self._listing.need(method, symbol)
        return found[:limit] if since else found[:limit][::-1]

    async def book(self, method: str, symbol: str, depth: int) -> OrderBook:
        """What others offer: for a share the best price of each side alone."""
        coins = await self._listing.coins(method, symbol)
        market, name = coins.market(symbol), coins.venue_symbol(symbol)

        def of_coin(answer: answers.BooksAnswer) -> OrderBook | None:
            told = answer.orderbooks.get(name)
            return None if told is None else answers.book_of(told, symbol, depth)

        def of_share(answer: answers.QuotesAnswer) -> OrderBook | None:
            told = answer.quotes.get(name)
            return None if told is None else answers.quote_of(told, symbol)

        params = {"symbols": name, **self._feed_of(market)}
        if coins.is_coin(symbol):
            book = await self._wire.quote(method, market.book, params, answers.BOOKS, of_coin)
        else:
            book = await self._wire.quote(method, market.book, params, answers.QUOTES, of_share)
        return book or await self._listing.say_missing(method, symbol)

    def _feed_of(self, market: assets.Market) -> dict[str, str]:
        return self._feed if market == assets.SHARES_MARKET else {}
