"""Owns what Coinbase tells of its products: prices, books, candles and trades; no key is needed."""

from __future__ import annotations

from bisect import bisect_left
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from switchgear.practice.sim.coinbase.products import NAMES, PRODUCTS, Product
from switchgear.practice.sim.coinbase.refusals import invalid, not_found
from switchgear.practice.sim.coinbase.text import amount, instant
from switchgear.practice.sim.symbols import candle_at, levels_at, price_at

if TYPE_CHECKING:
    from switchgear.practice.sim.coinbase.queries import Query
    from switchgear.practice.sim.ledger import Ledger
    from switchgear.practice.sim.symbols import Symbol

Json = dict[str, Any]
GRANULARITIES = {
    "ONE_MINUTE": 60,
    "FIVE_MINUTE": 300,
    "FIFTEEN_MINUTE": 900,
    "THIRTY_MINUTE": 1_800,
    "ONE_HOUR": 3_600,
    "TWO_HOUR": 7_200,
    "FOUR_HOUR": 14_400,
    "SIX_HOUR": 21_600,
    "ONE_DAY": 86_400,
}
"""Seconds of a candle, by its word."""
PRODUCT_TYPES = ("SPOT", "FUTURE", "UNKNOWN_PRODUCT_TYPE")
CANDLES_MAX = 350
_TRADES, _TRADES_MAX = 100, 1_000
_LEVELS, _LEVELS_MAX = 50, 500
_DAY_S = 86_400
_BASIS_POINTS = 10_000
_FIRST_TRADE = 10_000_000_000
"""The id of the trade at the start of the venue; there were others before."""


def known(name: str) -> Product:
    """The product of this exact name, or the refusal of a look-up."""
    if name not in PRODUCTS:
        raise not_found("valid product_id is required")
    return PRODUCTS[name]


def listed(ledger: Ledger, query: Query) -> Json:
    """The products that the query means, in the order of the list."""
    names, kind = query.all("product_ids"), query.word("product_type", PRODUCT_TYPES)
    chosen = [known(name) for name in names] or list(PRODUCTS.values())
    if kind == "FUTURE":
        chosen = []
    first = query.whole("offset") or 0
    part = chosen[first : first + query.limit(len(chosen), len(chosen))]
    return {"products": [product(ledger, each) for each in part], "num_products": len(part)}


def product(ledger: Ledger, each: Product) -> Json:
    """A product with the increments and bounds of its orders, and its day; volumes are nominal."""
    symbol, price = each.symbol, ledger.price(each.symbol)
    before = price_at(ledger.seed, symbol, ledger.second - _DAY_S)
    volume = symbol.depth * _DAY_S
    return {
        "product_id": symbol.name,
        "price": amount(price),
        "price_percentage_change_24h": f"{(price - before) / before * 100:.8f}",
        "volume_24h": amount(volume),
        "volume_percentage_change_24h": "0",
        "base_increment": amount(symbol.step),
        "quote_increment": amount(each.quote_increment),
        "price_increment": amount(symbol.tick),
        "quote_min_size": amount(each.quote_min),
        "quote_max_size": amount(each.quote_max),
        "base_min_size": amount(each.base_min),
        "base_max_size": amount(symbol.max_quantity),
        "base_name": NAMES[symbol.base],
        "quote_name": NAMES[symbol.quote],
        "base_currency_id": symbol.base,
        "quote_currency_id": symbol.quote,
        "base_display_symbol": symbol.base,
        "quote_display_symbol": symbol.quote,
        "display_name": symbol.name,
        "mid_market_price": amount(price),
        "approximate_quote_24h_volume": amount((volume * price).quantize(Decimal("0.01"))),
        "product_venue": "CBE",
        "product_type": "SPOT",
        "status": "online",
        "alias": "",
        "alias_to": list[str](),
    } | _state(each)


def _state(each: Product) -> Json:
    return {
        "trading_disabled": each.trading_disabled,
        "view_only": each.view_only,
        "watched": False,
        "is_disabled": False,
        "new": False,
        "cancel_only": False,
        "limit_only": False,
        "post_only": False,
        "auction_mode": False,
    }


def book(ledger: Ledger, query: Query) -> Json:
    """The book of one product, with its middle and its spread."""
    symbol = known(query.needed("product_id")).symbol
    bids, asks = levels_at(ledger.price(symbol), symbol, 1)
    bid, ask = bids[0][0], asks[0][0]
    middle = (bid + ask) / 2
    return {
        "pricebook": _pricebook(ledger, symbol, query.limit(_LEVELS, _LEVELS_MAX)),
        "last": amount(ledger.price(symbol)),
        "mid_market": amount(middle),
        "spread_bps": f"{(ask - bid) / middle * _BASIS_POINTS:.8f}",
        "spread_absolute": amount(ask - bid),
    }


def best(ledger: Ledger, query: Query) -> Json:
    """The best bid and ask of the products named, or of all."""
    chosen = [known(name) for name in query.all("product_ids")] or list(PRODUCTS.values())
    return {"pricebooks": [_pricebook(ledger, each.symbol, 1) for each in chosen]}


def best_of(ledger: Ledger, symbol: Symbol) -> Json:
    """The best bid and ask of a product, as plain prices."""
    bids, asks = levels_at(ledger.price(symbol), symbol, 1)
    return {"best_bid": amount(bids[0][0]), "best_ask": amount(asks[0][0])}


def _pricebook(ledger: Ledger, symbol: Symbol, count: int) -> Json:
    bids, asks = levels_at(ledger.price(symbol), symbol, count)
    return {
        "product_id": symbol.name,
        "bids": [{"price": amount(price), "size": amount(size)} for price, size in bids],
        "asks": [{"price": amount(price), "size": amount(size)} for price, size in asks],
        "time": instant(ledger.now_ms),
    }


def candles(ledger: Ledger, name: str, query: Query) -> Json:
    """The candles that begin in a span of epoch seconds, newest first; the last may be unfinished."""
    symbol, length_s = known(name).symbol, _length_s(query)
    start_s, end_s = query.whole("start"), query.whole("end")
    if start_s is None or end_s is None:
        raise invalid("start and end are required")
    first, last = -(-start_s // length_s), end_s // length_s
    if first > last or last - first + 1 > CANDLES_MAX:
        told = "start must be before end"
        if first <= last:
            told = f"number of candles requested should be less than {CANDLES_MAX}"
        raise invalid(f"start and end argument is invalid - {told}")
    last = min(last, ledger.now_ms // 1000 // length_s)
    wanted = range(last, first - 1, -1)[: query.limit(CANDLES_MAX, CANDLES_MAX)]
    return {"candles": [_candle(ledger, symbol, number * length_s, length_s) for number in wanted]}


def _length_s(query: Query) -> int:
    query.needed("granularity")
    return GRANULARITIES[query.word("granularity", GRANULARITIES) or ""]


def _candle(ledger: Ledger, symbol: Symbol, start_s: int, length_s: int) -> Json:
    first = ledger.second_of(start_s * 1000)
    last = min(first + length_s - 1, ledger.second)
    found = candle_at(ledger.seed, symbol, min(first, last), last)
    return {
        "start": str(start_s),
        "low": amount(found.low),
        "high": amount(found.high),
        "open": amount(found.open),
        "close": amount(found.close),
        "volume": amount(found.volume),
    }


def ticker(ledger: Ledger, name: str, query: Query) -> Json:
    """The newest trades of a product, newest first, one in each second; and its best prices."""
    symbol, began_ms = known(name).symbol, _began_ms(ledger)
    start_s, end_s = query.whole("start") or 0, query.whole("end")
    skipped = 0 if end_s is None else max(-(-(began_ms - end_s * 1000) // 1000), 0)
    there_are = (began_ms - start_s * 1000) // 1000 + 1
    wanted = range(skipped, max(there_are, skipped))[: query.limit(_TRADES, _TRADES_MAX)]
    told = [_trade(ledger, symbol, ago, began_ms - ago * 1000) for ago in wanted]
    return {"trades": told} | best_of(ledger, symbol)


def _began_ms(ledger: Ledger) -> int:
    """When the second of the price of now began, so that the newest trade is at that price."""
    is_earlier = bisect_left(
        range(1000), 1, key=lambda ago: ledger.second_of(ledger.now_ms - ago) < ledger.second
    )
    return ledger.now_ms - is_earlier + 1


def _trade(ledger: Ledger, symbol: Symbol, ago: int, at_ms: int) -> Json:
    second = ledger.second - ago
    return {
        "trade_id": str(_FIRST_TRADE + second),
        "product_id": symbol.name,
        "price": amount(price_at(ledger.seed, symbol, second)),
        "size": amount(symbol.depth / 10),
        "time": instant(at_ms),
        "side": "BUY" if second % 2 else "SELL",
        "exchange": "coinbase",
    }


def time(ledger: Ledger) -> Json:
    """The venue's time."""
    return {
        "iso": instant(ledger.now_ms),
        "epochSeconds": str(ledger.now_ms // 1000),
        "epochMillis": str(ledger.now_ms),
    }


def old_time(ledger: Ledger) -> Json:
    """The venue's time, as its older part tells it."""
    return {"data": {"iso": instant(ledger.now_ms), "epoch": ledger.now_ms // 1000}}
