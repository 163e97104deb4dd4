"""Owns what a limit of an exchange is, as data: how much of what, how long, for which calls; counting is `weight`'s."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from switchgear.core.errors import SettingsError
from switchgear.core.verdict.usage import DAY_S, NUMBER_MAX, Family

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switchgear.core.words import Scope


class Cost(StrEnum):
    """What is counted of a call."""

    WEIGHT = "weight"
    """The weight of its requests."""
    ORDER = "order"
    """Each order."""
    REQUEST = "request"
    """Each request."""


class Calls(StrEnum):
    """Which calls a limit concerns."""

    ALL = "all"
    ORDERS = "orders"
    SIGNED = "signed"
    UNSIGNED = "unsigned"


@dataclass(frozen=True, slots=True)
class Limit:
    """
    One limit of an exchange.

    Raises:
        SettingsError: It cannot be.
    """

    name: str
    scope: Scope
    """ADDRESS or ACCOUNT."""
    period_s: float
    """How long its window is, in (0, DAY_S]; the windows of an aligned limit begin at multiples of it since 1970."""
    capacity: float
    """In [1, NUMBER_MAX]; an answer that tells another one wins."""
    cost: Cost = Cost.REQUEST
    calls: Calls = Calls.ALL
    costs: Mapping[str, float] = field(default_factory=dict[str, float], hash=False)
    """By method, what a call costs here, whatever `calls` says; 0 for one that is not concerned."""
    other: float = 1.0
    """What every other method that is concerned costs."""
    family: Family = Family.REQUESTS
    """Which headers tell of it."""
    falls: bool = False
    """What is used goes down within a window too, as orders that are filled do not count."""
    aligned: bool = True

    def __post_init__(self) -> None:
        if not 0 < self.period_s <= DAY_S:
            raise SettingsError("period_s", self.period_s, f"must be in (0, {DAY_S:g}]")
        if not 1 <= self.capacity <= NUMBER_MAX:
            raise SettingsError("capacity", self.capacity, f"must be in [1, {NUMBER_MAX:g}]")
