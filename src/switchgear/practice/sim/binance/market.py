"""Owns which pairs the practice Binance trades, and what a new account holds."""

from __future__ import annotations

from decimal import Decimal

from switchgear.practice.sim.ledger import Market
from switchgear.practice.sim.symbols import Symbol


def _usdt(base: str, start: str, tick: str, step: str, depth: str) -> Symbol:
    parts = (Decimal(start), Decimal(tick), Decimal(step), Decimal(depth))
    return Symbol(f"{base}USDT", base, "USDT", *parts)


SYMBOLS = {
    symbol.name: symbol
    for symbol in (
        _usdt("BTC", "60000", "0.01000000", "0.00001000", "0.5"),
        _usdt("ETH", "3000", "0.01000000", "0.00010000", "10"),
        _usdt("BNB", "600", "0.01000000", "0.00100000", "50"),
        _usdt("SOL", "150", "0.01000000", "0.00100000", "200"),
        _usdt("XRP", "0.5", "0.00010000", "0.10000000", "5000"),
    )
}

MARKET = Market(
    symbols=SYMBOLS,
    balances={
        "USDT": Decimal(100_000),
        "BTC": Decimal(1),
        "ETH": Decimal(10),
        "BNB": Decimal(0),
        "SOL": Decimal(0),
        "XRP": Decimal(0),
    },
)
