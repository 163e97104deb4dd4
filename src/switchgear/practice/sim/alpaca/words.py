"""Owns Alpaca's words for an order, and how a booked order keeps them; what they mean is elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from switchgear.practice.sim.accounts import OrderType, TimeInForce

if TYPE_CHECKING:
    from switchgear.practice.sim.accounts import NewOrder

_EXTENDED = "extended"
_REGULAR = "regular"


class Type(StrEnum):
    """The order types."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"
    TRAILING_STOP = "trailing_stop"


class Force(StrEnum):
    """How long an order may rest."""

    DAY = "day"
    GTC = "gtc"
    OPG = "opg"
    CLS = "cls"
    IOC = "ioc"
    FOK = "fok"


@dataclass(frozen=True, slots=True)
class Words:
    """What an order was called when it was placed."""

    type: Type
    force: Force
    extended: bool = False
    notional: Decimal = Decimal(0)
    """Dollars asked for; 0 where the quantity was given."""

    def label(self) -> str:
        """These words as the ledger keeps them beside the order."""
        session = _EXTENDED if self.extended else _REGULAR
        return f"{self.type} {self.force} {session} {self.notional}"


def words_of(asked: NewOrder) -> Words:
    """The words of a booked order; those nearest to it when the backend placed it."""
    if not asked.label:
        return Words(_TYPES[asked.type], _FORCES[asked.time_in_force])
    kind, force, session, notional = asked.label.split(" ")
    return Words(Type(kind), Force(force), session == _EXTENDED, Decimal(notional))


def is_extended(asked: NewOrder) -> bool:
    """Whether an order may trade before and after the regular session."""
    return _EXTENDED in asked.label


_TYPES = {
    OrderType.MARKET: Type.MARKET,
    OrderType.LIMIT: Type.LIMIT,
    OrderType.LIMIT_MAKER: Type.LIMIT,
    OrderType.STOP_LIMIT: Type.STOP_LIMIT,
}
_FORCES = {
    TimeInForce.GTC: Force.GTC,
    TimeInForce.IOC: Force.IOC,
    TimeInForce.FOK: Force.FOK,
}
