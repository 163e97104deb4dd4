"""Owns which practice venues there are, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchgear.practice.sim import backend
from switchgear.practice.sim.alpaca.venue import AlpacaVenue
from switchgear.practice.sim.binance.venue import BinanceVenue
from switchgear.practice.sim.coinbase.venue import CoinbaseVenue

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from switchgear.practice.sim.venue import Venue

VENUES: Mapping[str, type[AlpacaVenue | BinanceVenue | CoinbaseVenue]] = {
    "alpaca": AlpacaVenue,
    "binance": BinanceVenue,
    "coinbase": CoinbaseVenue,
}
"""By name, what opens a venue with a seed."""
UNKNOWN = "unknown"
"""The name that faults and counts use for what is no endpoint."""


def open_venue(name: str, seed: int) -> Venue:
    """The venue of this name, newly opened; ValueError when there is none."""
    if name not in VENUES:
        raise ValueError(f"venue is {name!r}; allowed: {', '.join(VENUES)}")
    return VENUES[name](seed)


def endpoint_names(name: str) -> Collection[str]:
    """What a call of this venue may be named in rules and counts, its backend's endpoints included."""
    return {*VENUES[name].endpoint_names(), *backend.ENDPOINT_NAMES, UNKNOWN}
