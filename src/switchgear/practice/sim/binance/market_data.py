"""Owns Binance's endpoints that anybody may ask: time, rules, prices, book, trades and candles."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from switchgear.practice.sim.binance import candles, quotes
from switchgear.practice.sim.binance.endpoint import (
    Call,
    Route,
    Routes,
    Security,
    by_number,
    chosen_symbols,
    fixed,
    if_sent,
    read_status,
    symbol_in,
)
from switchgear.practice.sim.binance.info import exchange_info
from switchgear.practice.sim.binance.orders import read_symbol
from switchgear.practice.sim.binance.params import Params, bad_combination
from switchgear.practice.sim.binance.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchgear.practice.sim.ledger import Ledger
    from switchgear.practice.sim.symbols import Symbol

_PERMISSIONS = r'^([A-Z0-9_]{1,20}|\["[A-Z0-9_]{1,20}"(,"[A-Z0-9_]{1,20}"){0,}\])$'
_ROWS, _ROWS_MAX = 500, 1_000
_LEVELS, _LEVELS_MAX = 100, 5_000
_TYPES = {"FULL": quotes.day, "MINI": quotes.mini_day}
_ALL_SYMBOLS = 1_000
"""Counts as more symbols than any list names."""


def _ping(call: Call) -> Any:
    call.params.finish()
    return {}


def _time(call: Call) -> Any:
    call.params.finish()
    return {"serverTime": call.ledger.now_ms}


def _system_status(call: Call) -> Any:
    call.params.finish()
    return {"status": 0, "msg": "normal"}


def _exchange_info(call: Call) -> Any:
    params = call.params
    named = "symbol" in params or "symbols" in params
    if named and ("permissions" in params or "symbolStatus" in params):
        raise bad_combination()
    wanted = params.text("permissions", _PERMISSIONS) or "SPOT"
    show = params.flag("showPermissionSets") or "showPermissionSets" not in params
    symbols, _ = chosen_symbols(params)
    params.finish()
    permissions = json.loads(wanted) if wanted.startswith("[") else [wanted]
    shown = symbols if "SPOT" in permissions else []
    return exchange_info(shown, call.ledger.now_ms, show_permissions=show)


def _prices(call: Call) -> Any:
    return _tickers(call, quotes.price)


def _books(call: Call) -> Any:
    return _tickers(call, quotes.book)


def _days(call: Call) -> Any:
    kind = call.params.text("type") or "FULL"
    if kind not in _TYPES:
        raise Refusal(-1139, "Invalid ticker type.")
    return _tickers(call, _TYPES[kind])


def _tickers(call: Call, shape: Callable[[Ledger, Symbol], quotes.Json]) -> Any:
    symbols, is_single = chosen_symbols(call.params)
    call.params.finish()
    tickers = [shape(call.ledger, symbol) for symbol in symbols]
    return tickers[0] if is_single else tickers


def _average(call: Call) -> Any:
    symbol = read_symbol(call.params)
    call.params.finish()
    return quotes.average(call.ledger, symbol)


def _depth(call: Call) -> Any:
    symbol = symbol_in(call.params, read_status(call.params))
    limit = call.params.limit(_LEVELS, _LEVELS_MAX, cut=True)
    call.params.finish()
    return quotes.depth(call.ledger, symbol, limit)


def _recent_trades(call: Call) -> Any:
    symbol, limit = read_symbol(call.params), call.params.limit(_ROWS, _ROWS_MAX)
    call.params.finish()
    return quotes.trades(call.ledger, symbol, None, limit)


def _older_trades(call: Call) -> Any:
    symbol, limit = read_symbol(call.params), call.params.limit(_ROWS, _ROWS_MAX)
    from_id = call.params.integer("fromId")
    call.params.finish()
    return quotes.trades(call.ledger, symbol, from_id, limit)


def _aggregate_trades(call: Call) -> Any:
    params, symbol = call.params, read_symbol(call.params)
    limit, from_id = params.limit(_ROWS, _ROWS_MAX), params.integer("fromId")
    since_ms, until_ms = params.instant("startTime"), params.instant("endTime")
    params.finish()
    if from_id is not None and not (since_ms is None and until_ms is None):
        raise bad_combination()
    if since_ms is not None:
        from_id = quotes.first_id(since_ms)
    elif until_ms is not None:
        from_id = max(0, quotes.first_id(until_ms + 1) - limit)
    found = quotes.trades(call.ledger, symbol, from_id, limit)
    return [
        quotes.aggregated(each) for each in found if until_ms is None or each["time"] <= until_ms
    ]


def _klines(call: Call) -> Any:
    params, symbol = call.params, read_symbol(call.params)
    interval = params.needed("interval")
    if interval not in candles.INTERVALS:
        raise Refusal(-1120, "Invalid interval.")
    zone_ms = candles.read_zone(params.text("timeZone") or "0")
    since_ms, until_ms = params.instant("startTime"), params.instant("endTime")
    limit = params.limit(_ROWS, _ROWS_MAX, cut=True)
    params.finish()
    return candles.rows(call.ledger, symbol, interval, zone_ms, since_ms, until_ms, limit)


def _levels_asked(params: Params) -> int:
    sent = params.peek("limit") or ""
    return int(sent) if sent.isascii() and sent.isdecimal() else 0


def _symbols_asked(params: Params) -> int:
    if "symbol" in params:
        return 1
    listed = params.peek("symbols")
    return _ALL_SYMBOLS if listed is None else listed.count(",") + 1


def _open(name: str, weight: Callable[[Params], int], run: Callable[[Call], Any]) -> Route:
    return Route(name, weight, Security.NONE, run)


ROUTES: Routes = {
    ("GET", "/api/v3/ping"): _open("ping", fixed(1), _ping),
    ("GET", "/api/v3/time"): _open("time", fixed(1), _time),
    ("GET", "/sapi/v1/system/status"): _open("system.status", fixed(1), _system_status),
    ("GET", "/api/v3/exchangeInfo"): _open("exchange_info", fixed(20), _exchange_info),
    ("GET", "/api/v3/ticker/price"): _open("ticker.price", if_sent("symbol", 2, 4), _prices),
    ("GET", "/api/v3/ticker/bookTicker"): _open("ticker.book", if_sent("symbol", 2, 4), _books),
    ("GET", "/api/v3/ticker/24hr"): _open(
        "ticker.24hr", by_number(_symbols_asked, {20: 2, 100: 40}, 80), _days
    ),
    ("GET", "/api/v3/avgPrice"): _open("price.average", fixed(2), _average),
    ("GET", "/api/v3/depth"): _open(
        "depth", by_number(_levels_asked, {100: 5, 500: 25, 1_000: 50}, 250), _depth
    ),
    ("GET", "/api/v3/trades"): _open("trades.recent", fixed(25), _recent_trades),
    ("GET", "/api/v3/historicalTrades"): _open("trades.older", fixed(25), _older_trades),
    ("GET", "/api/v3/aggTrades"): _open("trades.aggregate", fixed(4), _aggregate_trades),
    ("GET", "/api/v3/klines"): _open("klines", fixed(2), _klines),
    ("GET", "/api/v3/uiKlines"): _open("klines.ui", fixed(2), _klines),
}
