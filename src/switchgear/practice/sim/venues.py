"""Owns which practice venues there are, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchgear.practice.sim.alpaca.venue import AlpacaVenue
from switchgear.practice.sim.binance.venue import BinanceVenue
from switchgear.practice.sim.coinbase.venue import CoinbaseVenue

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from switchgear.practice.sim.venue import Venue

VENUES: Mapping[str, Callable[[int], Venue]] = {
    "alpaca": AlpacaVenue,
    "binance": BinanceVenue,
    "coinbase": CoinbaseVenue,
}
"""By name, what opens a venue with a seed."""


def open_venue(name: str, seed: int) -> Venue:
    """The venue of this name, newly opened; ValueError when there is none."""
    if name not in VENUES:
        raise ValueError(f"venue is {name!r}; allowed: {', '.join(VENUES)}")
    return VENUES[name](seed)
