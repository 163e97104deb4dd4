"""Owns which pairs the practice Binance lists, which of them trade, and what a new account holds."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from switchgear.practice.sim.ledger import Market
from switchgear.practice.sim.symbols import Symbol

LISTED_MS = 1_502_942_400_000
"""When every pair was listed, in epoch milliseconds: there are no candles and trades before."""


class TradingStatus(StrEnum):
    """Whether orders on a pair are taken; the states that a request may ask for."""

    TRADING = "TRADING"
    HALT = "HALT"
    BREAK = "BREAK"


def _usdt(base: str, start: str, tick: str, step: str, depth: str) -> Symbol:
    parts = (Decimal(start), Decimal(tick), Decimal(step), Decimal(depth))
    return Symbol(f"{base}USDT", base, "USDT", *parts)


_TRADED = {
    symbol.name: symbol
    for symbol in (
        _usdt("BTC", "60000", "0.01000000", "0.00001000", "0.5"),
        _usdt("ETH", "3000", "0.01000000", "0.00010000", "10"),
        _usdt("BNB", "600", "0.01000000", "0.00100000", "50"),
        _usdt("SOL", "150", "0.01000000", "0.00100000", "200"),
        _usdt("XRP", "0.5", "0.00010000", "0.10000000", "5000"),
    )
}
_CLOSED = _usdt("LUNA", "1", "0.00010000", "0.01000000", "1000")
SYMBOLS = {**_TRADED, _CLOSED.name: _CLOSED}
"""All that is listed; one pair of them does not trade any more."""

MARKET = Market(
    symbols=_TRADED,
    balances={
        "USDT": Decimal(100_000),
        "BTC": Decimal(1),
        "ETH": Decimal(10),
        "BNB": Decimal(0),
        "SOL": Decimal(0),
        "XRP": Decimal(0),
    },
)


def status_of(symbol: Symbol) -> TradingStatus:
    """Whether this pair trades."""
    return TradingStatus.TRADING if symbol.name in _TRADED else TradingStatus.BREAK
