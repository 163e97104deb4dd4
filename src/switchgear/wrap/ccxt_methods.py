"""
Owns which methods of an exchange of ccxt ask the exchange, and what is known of each; guarding them is ccxt_exchange's.

What ccxt itself writes down of an endpoint is used: whether it is signed, and what it costs.
"""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from switchgear.core.words import NAME_CHARS_MAX, Effect

if TYPE_CHECKING:
    from collections.abc import Iterator

async_support: Any = import_module("ccxt.async_support")

_INNER = frozenset(
    {
        "fetch",
        "fetch2",
        "request",
        "throttle",
        "sleep",
        "close",
        "safe_deterministic_call",
        "load_order_book",
    }
)
"""Methods below those that users call, and those that ask nobody."""
_ELSEWHERE = (
    "watch",
    "un_watch",
    "unWatch",
    "close_",
    "close",
    "load_markets_helper",
    "load_dydx",
    "load_lighter",
)
_ASKING = ("close_position", "close_all_positions", "closePosition", "closeAllPositions")
_UNSIGNED = frozenset(
    {
        "load_markets",
        "fetch_markets",
        "fetch_ticker",
        "fetch_tickers",
        "fetch_mark_price",
        "fetch_mark_prices",
        "fetch_last_prices",
        "fetch_bids_asks",
        "fetch_order_book",
        "fetch_order_books",
        "fetch_l2_order_book",
        "fetch_trades",
        "fetch_ohlcv",
        "fetch_mark_ohlcv",
        "fetch_index_ohlcv",
        "fetch_premium_index_ohlcv",
        "fetch_funding_rate",
        "fetch_funding_rates",
        "fetch_funding_rate_history",
        "fetch_open_interest",
        "fetch_open_interest_history",
        "fetch_time",
        "fetch_status",
    }
)
"""Unified methods that ccxt asks without the account's key: what the account may not, they may."""
_WEIGHT_OF_COST = {"binance": 5.0}
"""ccxt counts Binance's weight in units of its own: a request that weighs 1 costs 0.2, with 50 ms for a whole unit."""
_SPOT = frozenset({"public", "private", "v1"})
"""Binance's groups of endpoints that pay at the limit of the spot market; the others have limits of their own."""


class Method(NamedTuple):
    """What is known of a method."""

    name: str
    """What it is filed under."""
    effect: Effect | None = None
    """Of an endpoint, for its name does not tell."""
    signed: bool = True
    weight: float | None = None
    """Of an endpoint, at the limit of its exchange that we count, where ccxt knows it."""


def methods_of(base: type[Any]) -> Iterator[tuple[str, Method]]:
    """Every method of a class that asks the exchange, by its name in the class; a_name and aName are one Method."""
    sample = base if inspect.iscoroutinefunction(base.fetch) else _async_twin(base)
    known: dict[object, Method] = {}
    # a_name before aName, which is filed under it
    for name in sorted(dir(base), key=lambda name: "_" not in name):
        if name.startswith("_") or name in _INNER:
            continue
        entry = inspect.getattr_static(base, name, None)
        if hasattr(entry, "unbound_method") and hasattr(entry, "api"):
            what: object = (str(entry.api), entry.method, entry.path)
            found = _endpoint(name, entry, base)
        elif inspect.iscoroutinefunction(getattr(sample, name, None)) and _asks(name):
            what, found = getattr(base, name), Method(_filed(name), signed=name not in _UNSIGNED)
        else:
            continue
        yield name, known.setdefault(what, found)


def _filed(name: str) -> str:
    return name[:NAME_CHARS_MAX].rstrip("_")


def _asks(name: str) -> bool:
    return not name.startswith(_ELSEWHERE) or name.startswith(_ASKING)


def _endpoint(name: str, entry: Any, base: type[Any]) -> Method:
    effect = Effect.READ if entry.method == "GET" else Effect.TRADE
    api: Any = entry.api  # a name, or a few: such as "public", or ["v3", "private"]
    groups = [api] if isinstance(api, str) else [str(each) for each in api]
    is_public = any("public" in group.lower() for group in groups)
    return Method(_filed(name), effect, not is_public, _weight(entry, groups[0], base))


def _weight(entry: Any, group: str, base: type[Any]) -> float | None:
    """What a request of an endpoint weighs in its usual form; for a dearer one the answer says so."""
    ids = {cls.__name__ for cls in base.__mro__ if cls.__module__.startswith("ccxt.")}
    unit = next((each for name, each in _WEIGHT_OF_COST.items() if ids & {name}), None)
    if unit is None:
        return None
    if group not in _SPOT:
        return 0.0
    config: dict[str, Any] = getattr(entry, "config", None) or {}
    by_limit: Any = config.get("byLimit") or [(None, None)]
    cost: Any = config.get("cost", by_limit[0][1])
    return round(cost * unit, 3) if isinstance(cost, (int, float)) else None


def _async_twin(base: type[Any]) -> type[Any]:
    """The asynchronous class of the same exchange: there, what asks is a coroutine."""
    for cls in base.__mro__:
        twin = getattr(async_support, cls.__name__, None)
        if cls.__module__.startswith("ccxt.") and isinstance(twin, type):
            return twin
    found: type[Any] = async_support.Exchange
    return found
