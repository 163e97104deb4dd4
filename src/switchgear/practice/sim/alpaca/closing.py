"""Owns how a position is closed: the fields of the market order that sells it."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from switchgear.practice.sim.alpaca.refusals import invalid
from switchgear.practice.sim.alpaca.words import Force, Type

if TYPE_CHECKING:
    from switchgear.practice.sim.alpaca.books import Lot
    from switchgear.practice.sim.alpaca.listing import Query


def closing(lot: Lot, query: Query) -> dict[str, Any]:
    """
    The fields of an order that sells a lot, or as much of it as qty or percentage say.

    Raises:
        Refusal: Both are there, or one of them is no such number.
    """
    quantity, percentage = _number(query, "qty"), _number(query, "percentage")
    if quantity is not None and percentage is not None:
        raise invalid("only one of qty or percentage is accepted")
    if percentage is not None:
        if not 0 < percentage <= 100:
            raise invalid("percentage must be between 0 and 100")
        quantity = (lot.quantity * percentage / 100).quantize(Decimal("1e-9"), ROUND_DOWN)
        if lot.quantity % 1 == 0:  # whole shares stay whole
            quantity = quantity.to_integral_value(ROUND_DOWN)
    return {
        "symbol": lot.asset.name,
        "qty": lot.quantity if quantity is None else quantity,
        "side": "sell",
        "type": Type.MARKET,
        "time_in_force": Force.GTC if lot.asset.is_crypto else Force.DAY,
    }


def _number(query: Query, name: str) -> Decimal | None:
    sent = query.text(name)
    if not sent:
        return None
    try:
        number = Decimal(sent)
    except InvalidOperation:
        raise invalid(f"invalid {name}") from None
    if not number.is_finite():
        raise invalid(f"invalid {name}")
    return number
