"""Owns a traded pair, its filters and its seeded price path; which pairs there are is the venue's."""

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
_SAMPLES = 12
"""How many seconds of a candle are looked at."""


@dataclass(frozen=True, slots=True)
class Symbol:
    """A pair, with the rules an order on it must keep. All amounts are in base or quote units."""

    name: str
    """The venue's own name: BTCUSDT, BTC/USD, BTC-USD, AAPL."""
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
    min_quantity: Decimal | None = None
    """One step where it is None."""
    max_quantity: Decimal = Decimal("9000.00000000")
    min_notional: Decimal = Decimal("5.00000000")
    max_notional: Decimal = Decimal("9000000.00000000")
    commission_rate: Decimal = Decimal("0.001")
    """Share of a trade that the venue keeps, for maker and taker alike."""
    path: str = ""
    """Pairs with one path move alike, on all venues; the name where it is empty."""

    def fits_price(self, price: Decimal) -> bool:
        """Whether a price is within the bounds and on the tick."""
        return self.min_price <= price <= self.max_price and price % self.tick == 0

    def fits_lot(self, quantity: Decimal) -> bool:
        """Whether a quantity is within the bounds and on the step."""
        least = self.step if self.min_quantity is None else self.min_quantity
        return least <= quantity <= self.max_quantity and quantity % self.step == 0

    def fits_notional(self, value: Decimal) -> bool:
        """Whether an order's value, in quote units, is within the bounds."""
        return self.min_notional <= value <= self.max_notional

    def whole_steps(self, quantity: Decimal) -> Decimal:
        """The quantity, cut down to whole steps."""
        return (quantity / self.step).to_integral_value(ROUND_DOWN) * self.step


def price_at(seed: int, symbol: Symbol, second: int) -> Decimal:
    """
    The price at a whole second since the start, on the symbol's tick; a pure function.

    The shape of the path is a float; what is quoted and traded is the Decimal made from it here.
    """
    path = symbol.path or symbol.name
    swing = _NOISE * (2 * fraction(seed, path, "noise", second) - 1)
    for phase, (height, period_s) in zip(_phases(seed, path), _WAVES, strict=True):
        swing += height * math.sin(2 * math.pi * (second / period_s + phase))
    ticks = round(float(symbol.start / symbol.tick) * math.exp(swing))
    return symbol.tick * max(ticks, 1)


@cache
def _phases(seed: int, path: str) -> tuple[float, ...]:
    return tuple(fraction(seed, path, "phase", index) for index in range(len(_WAVES)))


@dataclass(frozen=True, slots=True)
class Candle:
    """What a price did in a span; the volume, of the base asset, is nominal."""

    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal


def candle_at(seed: int, symbol: Symbol, first: int, last: int) -> Candle:
    """The candle of the seconds first to last, both included; a pure function."""
    step = max(1, (last - first) // _SAMPLES)
    path = [price_at(seed, symbol, second) for second in (*range(first, last, step), last)]
    volume = symbol.depth * (last - first + 1)
    return Candle(path[0], max(path), min(path), path[-1], volume)


def levels_at(price: Decimal, symbol: Symbol, count: int) -> tuple[list[_Level], list[_Level]]:
    """Bids and asks, best first: one tick apart round the price, each as deep as the symbol."""
    ticks = range(1, count + 1)
    bids = [(price - n * symbol.tick, symbol.depth) for n in ticks if price > n * symbol.tick]
    return bids, [(price + n * symbol.tick, symbol.depth) for n in ticks]


_Level = tuple[Decimal, Decimal]
"""A price, and what there is for it of the base asset."""
