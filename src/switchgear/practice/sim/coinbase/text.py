"""Owns how Coinbase writes amounts and instants."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal


def amount(value: Decimal) -> str:
    """A number without exponent or closing zeros."""
    return f"{value.normalize():f}"


def instant(at_ms: int) -> str:
    """An instant in epoch milliseconds as RFC 3339 text, in UTC and with microseconds."""
    at = datetime.fromtimestamp(at_ms // 1000, UTC).replace(microsecond=at_ms % 1000 * 1000)
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def to_ms(at: datetime) -> int:
    """An aware instant in whole epoch milliseconds."""
    since = at - datetime.fromtimestamp(0, UTC)
    return (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000
