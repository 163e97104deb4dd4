"""Owns Binance's candles: the intervals, where each candle begins, and the rows told of a pair."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from switchgear.practice.sim.binance.market import LISTED_MS
from switchgear.practice.sim.binance.quotes import is_trading
from switchgear.practice.sim.binance.refusals import Refusal
from switchgear.practice.sim.binance.shapes import amount
from switchgear.practice.sim.symbols import candle_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from switchgear.practice.sim.ledger import Ledger
    from switchgear.practice.sim.symbols import Symbol

_MINUTE_MS = 60_000
_HOUR_MS = 3_600_000
_DAY_MS = 86_400_000
_WEEK_MS = 7 * _DAY_MS
_MONDAY_MS = 4 * _DAY_MS
"""The first Monday since 1970, where weeks are counted from."""
_LENGTHS_MS = {
    "1s": 1_000,
    "1m": _MINUTE_MS,
    "3m": 3 * _MINUTE_MS,
    "5m": 5 * _MINUTE_MS,
    "15m": 15 * _MINUTE_MS,
    "30m": 30 * _MINUTE_MS,
    "1h": _HOUR_MS,
    "2h": 2 * _HOUR_MS,
    "4h": 4 * _HOUR_MS,
    "6h": 6 * _HOUR_MS,
    "8h": 8 * _HOUR_MS,
    "12h": 12 * _HOUR_MS,
    "1d": _DAY_MS,
    "3d": 3 * _DAY_MS,
    "1w": _WEEK_MS,
}
_MONTH = "1M"
INTERVALS = (*_LENGTHS_MS, _MONTH)
_ZONE = r"([+-]?)(\d{1,2})(?::(\d{2}))?"
_ZONE_MS_MIN, _ZONE_MS_MAX = -12 * _HOUR_MS, 14 * _HOUR_MS


def read_zone(text: str) -> int:
    """How far a time zone such as 8, -1:00 or 05:45 is ahead of UTC, in milliseconds."""
    found = re.fullmatch(_ZONE, text, re.ASCII)
    if found is not None:
        sign, hours, minutes = found.groups()
        ahead_ms = int(hours) * _HOUR_MS + int(minutes or 0) * _MINUTE_MS
        ahead_ms = -ahead_ms if sign == "-" else ahead_ms
        if int(minutes or 0) < 60 and _ZONE_MS_MIN <= ahead_ms <= _ZONE_MS_MAX:
            return ahead_ms
    raise Refusal(-1130, "Data sent for parameter 'timeZone' is not valid.")


def open_at(interval: str, at_ms: int, zone_ms: int = 0) -> int:
    """When the candle began that this instant belongs to; all in epoch milliseconds."""
    local_ms = at_ms + zone_ms
    if interval == _MONTH:
        return _month_ms(local_ms, 0) - zone_ms
    since_ms = _MONDAY_MS if interval == "1w" else 0
    return at_ms - (local_ms - since_ms) % _LENGTHS_MS[interval]


def next_open(interval: str, open_ms: int, zone_ms: int = 0) -> int:
    """When the candle after the one that begins here begins."""
    if interval == _MONTH:
        return _month_ms(open_ms + zone_ms, 1) - zone_ms
    return open_ms + _LENGTHS_MS[interval]


def _month_ms(local_ms: int, months_on: int) -> int:
    day = datetime.fromtimestamp(local_ms // 1000, UTC)
    months = day.year * 12 + day.month - 1 + months_on
    first = datetime(months // 12, months % 12 + 1, 1, tzinfo=UTC)
    return int(first.timestamp()) * 1000


def rows(
    ledger: Ledger,
    symbol: Symbol,
    interval: str,
    zone_ms: int,
    start_ms: int | None,
    end_ms: int | None,
    limit: int,
) -> list[list[Any]]:
    """The candles that begin in the span, oldest first; the one that still runs is the last."""
    if not is_trading(symbol):
        return []
    until_ms = ledger.now_ms if end_ms is None else min(end_ms, ledger.now_ms)
    if start_ms is not None:
        opens = list(islice(_onward(interval, start_ms, until_ms, zone_ms), limit))
    else:
        opens = list(islice(_backward(interval, until_ms, zone_ms), limit))[::-1]
    return [_row(ledger, symbol, each, next_open(interval, each, zone_ms)) for each in opens]


def _onward(interval: str, start_ms: int, until_ms: int, zone_ms: int) -> Iterator[int]:
    """The beginnings of candles from an instant on."""
    since_ms = max(start_ms, open_at(interval, LISTED_MS, zone_ms))
    begin_ms = open_at(interval, since_ms, zone_ms)
    if begin_ms < since_ms:
        begin_ms = next_open(interval, begin_ms, zone_ms)
    while begin_ms <= until_ms:
        yield begin_ms
        begin_ms = next_open(interval, begin_ms, zone_ms)


def _backward(interval: str, until_ms: int, zone_ms: int) -> Iterator[int]:
    """The beginnings of candles up to an instant, newest first."""
    while until_ms >= LISTED_MS:
        begin_ms = open_at(interval, until_ms, zone_ms)
        yield begin_ms
        until_ms = begin_ms - 1


def _row(ledger: Ledger, symbol: Symbol, open_ms: int, following_ms: int) -> list[Any]:
    first = ledger.second_of(open_ms)
    last = max(first, min(ledger.second_of(following_ms) - 1, ledger.second))
    candle = candle_at(ledger.seed, symbol, first, last)
    quote = candle.volume * (candle.open + candle.high + candle.low + candle.close) / 4
    return [
        open_ms,
        amount(candle.open),
        amount(candle.high),
        amount(candle.low),
        amount(candle.close),
        amount(candle.volume),
        following_ms - 1,
        amount(quote),
        last - first + 1,
        amount(candle.volume / 2),
        amount(quote / 2),
        "0",
    ]
