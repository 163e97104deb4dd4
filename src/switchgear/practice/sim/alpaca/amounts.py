"""Owns how Alpaca writes numbers: trading as text, market data as JSON numbers, both exactly."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import msgspec

_PLACES = Decimal("0.000000001")
_encoder = msgspec.json.Encoder(decimal_format="number")


def amount(value: Decimal) -> str:
    """A number as text, without exponent or closing zeros."""
    return f"{value.normalize():f}"


def rounded(value: Decimal) -> Decimal:
    """A number that came out of a division, to nine decimal places."""
    return value.quantize(_PLACES, ROUND_HALF_EVEN)


def as_numbers(payload: Any) -> bytes:
    """JSON in which each Decimal is a number, digit by digit."""
    return _encoder.encode(payload)
