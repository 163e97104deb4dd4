"""Owns the traded symbols, their filters and seeded price paths; leaves orders to the ledger."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from functools import cache

from switchgear.practice.sim.seeded import fraction

_WAVES = ((0.02, 3_600.0), (0.008, 600.0), (0.003, 90.0), (0.001, 17.0))
"""Height (as a share of the price) and period in seconds of each wave a path is made of."""
_NOISE = 0.0004
"""Height of the second-by-second noise, as a share of the price."""


@dataclass(frozen=True, slots=True)
class Symbol:
    """A pair, with the rules an order on it must keep. All amounts are in base or quote units."""

    name: str
    base: str
    quote: str
    start: Decimal
    """The price that the path swings round."""
    tick: Decimal
    """Prices are multiples of it."""
    step: Decimal
    """Quantities are multiples of it."""
    depth: Decimal
    """Base quantity that resting orders can get in one second; more fills part by part."""
    min_price: Decimal = Decimal("0.00010000")
    max_price: Decimal = Decimal("1000000.00000000")
    max_quantity: Decimal = Decimal("9000.00000000")
    min_notional: Decimal = Decimal("5.00000000")
    max_notional: Decimal = Decimal("9000000.00000000")

    def price_failure(self, price: Decimal) -> str | None:
        """PRICE_FILTER when the price breaks it, else None."""
        inside = self.min_price <= price <= self.max_price
        return None if inside and price % self.tick == 0 else "PRICE_FILTER"

    def size_failure(self, quantity: Decimal) -> str | None:
        """LOT_SIZE when the quantity breaks it, else None; the least quantity is one step."""
        inside = self.step <= quantity <= self.max_quantity
        return None if inside and quantity % self.step == 0 else "LOT_SIZE"

    def value_failure(self, quantity: Decimal, price: Decimal) -> str | None:
        """NOTIONAL when price times quantity breaks it, else None."""
        inside = self.min_notional <= quantity * price <= self.max_notional
        return None if inside else "NOTIONAL"

    def whole_steps(self, quantity: Decimal) -> Decimal:
        """The quantity, cut down to whole steps."""
        return (quantity / self.step).to_integral_value(ROUND_DOWN) * self.step


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


def find_symbol(text: str) -> Symbol | None:
    """The symbol meant by BTCUSDT, BTC-USDT or BTC/USDT; None when it is not traded here."""
    return SYMBOLS.get(text.replace("-", "").replace("/", ""))


def price_at(seed: int, symbol: Symbol, second: int) -> Decimal:
    """
    The price at a whole second since the start, on the symbol's tick; a pure function.

    The shape of the path is a float; what is quoted and traded is the Decimal made from it here.
    """
    swing = _NOISE * (2 * fraction(seed, symbol.name, "noise", second) - 1)
    for phase, (height, period_s) in zip(_phases(seed, symbol.name), _WAVES, strict=True):
        swing += height * math.sin(2 * math.pi * (second / period_s + phase))
    ticks = round(float(symbol.start / symbol.tick) * math.exp(swing))
    return symbol.tick * max(ticks, 1)


@cache
def _phases(seed: int, name: str) -> tuple[float, ...]:
    return tuple(fraction(seed, name, "phase", index) for index in range(len(_WAVES)))
