"""Owns what exchangeInfo tells: the limits of the venue, and each pair with its rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from switchgear.practice.sim.binance.filters import shown
from switchgear.practice.sim.binance.limits import RATE_LIMITS
from switchgear.practice.sim.binance.market import status_of
from switchgear.practice.sim.binance.orders import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from switchgear.practice.sim.symbols import Symbol

_PRECISION = 8


def exchange_info(symbols: Iterable[Symbol], now_ms: int, *, show_permissions: bool) -> Any:
    """The trading rules of these symbols, and the limits."""
    return {
        "timezone": "UTC",
        "serverTime": now_ms,
        "rateLimits": RATE_LIMITS,
        "exchangeFilters": [],
        "symbols": [_symbol(symbol, show_permissions=show_permissions) for symbol in symbols],
    }


def _symbol(symbol: Symbol, *, show_permissions: bool) -> dict[str, Any]:
    return {
        "symbol": symbol.name,
        "status": status_of(symbol),
        "baseAsset": symbol.base,
        "baseAssetPrecision": _PRECISION,
        "quoteAsset": symbol.quote,
        "quotePrecision": _PRECISION,
        "quoteAssetPrecision": _PRECISION,
        "baseCommissionPrecision": _PRECISION,
        "quoteCommissionPrecision": _PRECISION,
        "orderTypes": list(Kind),
        "icebergAllowed": False,
        "ocoAllowed": False,
        "otoAllowed": False,
        "opoAllowed": False,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": False,
        "cancelReplaceAllowed": True,
        "amendAllowed": False,
        "pegInstructionsAllowed": False,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": shown(symbol),
        "permissions": [],
        "permissionSets": [["SPOT"]] if show_permissions else [],
        "defaultSelfTradePreventionMode": "NONE",
        "allowedSelfTradePreventionModes": ["NONE"],
    }
