"""Owns what one seed of the proof comes to: what callers were told, what was met, and what must not be."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple


class Told(NamedTuple):
    """What the caller of one order was told."""

    client_order_id: str
    end: str
    """booked, refused, not sent, unknown or killed."""
    took_s: float


@dataclass
class Found:
    """What a seed came to."""

    seed: int
    venue: str
    faults: list[str] = field(default_factory=list[str])
    """What must not be, in words; empty where all is well."""
    cells: Counter[tuple[str, str, str]] = field(default_factory=Counter[tuple[str, str, str]])
    """How often each fault was met: venue, step, fault."""
    ends: Counter[str] = field(default_factory=Counter[str])
    unknown_s: list[float] = field(default_factory=list[float])
    """How long orders stayed open whose caller was told that the outcome is unknown."""
    orders: int = 0
    ambiguous: int = 0
    """Orders that met a fault after which nobody can know."""
