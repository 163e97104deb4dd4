"""Owns which arguments the methods of every client take; FieldError names the one that cannot be."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, cast

from switchgear.exchange.market import Interval
from switchgear.exchange.model import FieldError, check_request, check_symbol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CANDLES_MAX = 10_000
TRADES_MAX = 1_000
DEPTH_MAX = 100
SYMBOLS_MAX = 100


def as_symbols(symbols: object) -> tuple[str, ...]:
    """The symbols as a tuple; FieldError unless they are 1 to SYMBOLS_MAX different ones."""
    if isinstance(symbols, str) or not isinstance(symbols, Iterable):
        raise FieldError("symbols", symbols, "must be several symbols, such as ['BTC/USDT']")
    found = tuple(check_symbol(each) for each in cast("Iterable[object]", symbols))
    if not 1 <= len(found) <= SYMBOLS_MAX or len(set(found)) < len(found):
        raise FieldError("symbols", found, f"must be 1 to {SYMBOLS_MAX} different symbols")
    return found


def check_whole(field: str, value: object, most: int) -> None:
    """FieldError unless the value is a whole number from 1 to most."""
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise FieldError(field, value, f"must be a whole number from 1 to {most}")


def check_instant(field: str, value: object) -> None:
    """FieldError unless the value is None or a datetime with a time zone."""
    if value is not None and (not isinstance(value, datetime) or value.tzinfo is None):
        raise FieldError(field, value, "must be a datetime with a time zone, such as UTC")


def _check_data(
    symbol: str,
    interval: str = "1m",
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 100,
) -> None:
    check_symbol(symbol)
    if interval not in list(Interval):
        raise FieldError("interval", interval, f"must be one of {', '.join(Interval)}")
    check_instant("since", since)
    check_instant("until", until)
    if since is not None and until is not None and since > until:
        raise FieldError("since", since, f"must not be after until, {until}")
    check_whole("limit", limit, CANDLES_MAX)


def _check_book(symbol: str, depth: int = 20) -> None:
    check_symbol(symbol)
    check_whole("depth", depth, DEPTH_MAX)


def _check_trades(symbol: str, *, since: datetime | None = None, limit: int = 100) -> None:
    check_symbol(symbol)
    check_instant("since", since)
    check_whole("limit", limit, TRADES_MAX)


def _check_optional(symbol: str | None = None) -> None:
    if symbol is not None:
        check_symbol(symbol)


def no_arguments() -> None:
    """What takes no argument has nothing to refuse; TypeError for one that is given."""


CHECKS: Mapping[str, Callable[..., object]] = {
    "get_market_price": check_symbol,
    "get_market_prices": as_symbols,
    "get_market_data": _check_data,
    "get_order_book": _check_book,
    "create_order": check_request,
    "cancel_all": _check_optional,
    "get_open_orders": _check_optional,
    "get_trades": _check_trades,
    "get_symbol": check_symbol,
}
"""By method, what refuses its arguments; get_order and cancel_order are the venue's own, others take none."""
