"""Owns what Binance tells of a pair's prices, book and trades: numbers and JSON shapes, no requests."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from switchgear.practice.sim.binance.market import LISTED_MS, TradingStatus, status_of
from switchgear.practice.sim.binance.shapes import amount
from switchgear.practice.sim.symbols import Symbol, levels_at, price_at

if TYPE_CHECKING:
    from switchgear.practice.sim.ledger import Ledger

Json = dict[str, Any]
AVERAGE_MINUTES = 5
_AVERAGE_STEP_S = 30
_DAY_S = 86_400
_DAY_SAMPLES = 24
_TRADE_SHARE = Decimal("0.1")
"""Of a second's depth, the share that the one trade told of that second takes."""
_MINI = (
    "symbol",
    "openPrice",
    "highPrice",
    "lowPrice",
    "lastPrice",
    "volume",
    "quoteVolume",
    "openTime",
    "closeTime",
    "firstId",
    "lastId",
    "count",
)


def is_trading(symbol: Symbol) -> bool:
    """Whether there is a market in this pair, so that its price moves."""
    return status_of(symbol) is TradingStatus.TRADING


def last_price(ledger: Ledger, symbol: Symbol) -> Decimal:
    """The price of the last trade; that of a closed market stands still."""
    return ledger.price(symbol) if is_trading(symbol) else symbol.start


def average_price(ledger: Ledger, symbol: Symbol) -> Decimal:
    """The average price of the last five minutes."""
    if not is_trading(symbol):
        return symbol.start
    seconds = range(ledger.second - AVERAGE_MINUTES * 60, ledger.second + 1, _AVERAGE_STEP_S)
    path = [price_at(ledger.seed, symbol, second) for second in seconds]
    return sum(path, Decimal(0)) / len(path)


def price(ledger: Ledger, symbol: Symbol) -> Json:
    """The last price of a symbol."""
    return {"symbol": symbol.name, "price": amount(last_price(ledger, symbol))}


def average(ledger: Ledger, symbol: Symbol) -> Json:
    """The average price, and how long a time it is of."""
    told = amount(average_price(ledger, symbol))
    return {"mins": AVERAGE_MINUTES, "price": told, "closeTime": ledger.now_ms}


def book(ledger: Ledger, symbol: Symbol) -> Json:
    """The best bid and ask; zeros where nobody trades."""
    bids, asks = _levels(ledger, symbol, 1)
    nothing = (Decimal(0), Decimal(0))
    (bid, bid_depth), (ask, ask_depth) = (bids or [nothing])[0], (asks or [nothing])[0]
    return {
        "symbol": symbol.name,
        "bidPrice": amount(bid),
        "bidQty": amount(bid_depth),
        "askPrice": amount(ask),
        "askQty": amount(ask_depth),
    }


def depth(ledger: Ledger, symbol: Symbol, count: int) -> Json:
    """The order book, so many levels of each side, best first."""
    bids, asks = _levels(ledger, symbol, count)
    return {
        "lastUpdateId": _trade_id(ledger.now_ms // 1000),
        "bids": [[amount(level), amount(quantity)] for level, quantity in bids],
        "asks": [[amount(level), amount(quantity)] for level, quantity in asks],
    }


def _levels(
    ledger: Ledger, symbol: Symbol, count: int
) -> tuple[list[tuple[Decimal, Decimal]], list[tuple[Decimal, Decimal]]]:
    return levels_at(ledger.price(symbol), symbol, count) if is_trading(symbol) else ([], [])


def day(ledger: Ledger, symbol: Symbol) -> Json:
    """The last 24 hours of a symbol, sampled once an hour; the volume is nominal."""
    hour_s, trading = _DAY_S // _DAY_SAMPLES, is_trading(symbol)
    seconds = range(ledger.second - _DAY_S, ledger.second + 1, hour_s)
    path = [price_at(ledger.seed, symbol, second) for second in seconds]
    if not trading:
        path = [symbol.start]
    mean, change = sum(path, Decimal(0)) / len(path), path[-1] - path[0]
    volume = symbol.depth * _DAY_S * trading
    last_id = _trade_id(ledger.now_ms // 1000) if trading else -1
    best = book(ledger, symbol)
    return {
        "symbol": symbol.name,
        "priceChange": amount(change),
        "priceChangePercent": f"{change / path[0] * 100:.3f}",
        "weightedAvgPrice": amount(mean),
        "prevClosePrice": amount(path[0]),
        "lastPrice": amount(path[-1]),
        "lastQty": amount(_traded(symbol) * trading),
        **best,
        "openPrice": amount(path[0]),
        "highPrice": amount(max(path)),
        "lowPrice": amount(min(path)),
        "volume": amount(volume),
        "quoteVolume": amount(volume * mean),
        "openTime": ledger.now_ms - _DAY_S * 1000,
        "closeTime": ledger.now_ms,
        "firstId": last_id - _DAY_S + 1 if trading else -1,
        "lastId": last_id,
        "count": _DAY_S * trading,
    }


def mini_day(ledger: Ledger, symbol: Symbol) -> Json:
    """The last 24 hours in fewer words."""
    whole = day(ledger, symbol)
    return {name: whole[name] for name in _MINI}


def _trade_id(second: int) -> int:
    """The id of the one trade told of a second since 1970."""
    return second - LISTED_MS // 1000


def _traded(symbol: Symbol) -> Decimal:
    return symbol.whole_steps(symbol.depth * _TRADE_SHARE)


def trades(ledger: Ledger, symbol: Symbol, first: int | None, limit: int) -> list[Json]:
    """So many trades from this id on, or the last ones; nominal, one a second."""
    last = _trade_id(ledger.now_ms // 1000)
    start = max(0, last - limit + 1 if first is None else first)
    ids = range(start, min(last, start + limit - 1) + 1) if is_trading(symbol) else ()
    return [_trade(ledger, symbol, trade_id) for trade_id in ids]


def _trade(ledger: Ledger, symbol: Symbol, trade_id: int) -> Json:
    at_ms, quantity = LISTED_MS + trade_id * 1000, _traded(symbol)
    traded_at = price_at(ledger.seed, symbol, ledger.second_of(at_ms))
    return {
        "id": trade_id,
        "price": amount(traded_at),
        "qty": amount(quantity),
        "quoteQty": amount(traded_at * quantity),
        "time": at_ms,
        "isBuyerMaker": trade_id % 2 == 0,
        "isBestMatch": True,
    }


def aggregated(trade: Json) -> Json:
    """A trade as the aggregate of itself alone."""
    return {
        "a": trade["id"],
        "p": trade["price"],
        "q": trade["qty"],
        "f": trade["id"],
        "l": trade["id"],
        "T": trade["time"],
        "m": trade["isBuyerMaker"],
        "M": trade["isBestMatch"],
    }


def first_id(start_ms: int) -> int:
    """The id of the first trade at or after an instant."""
    return max(0, -((LISTED_MS - start_ms) // 1000))
