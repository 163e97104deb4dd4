"""Owns what of an answer is believed: amounts, times, completeness; ValueError says what is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import (
    ROUND_HALF_EVEN,
    Clamped,
    Context,
    Decimal,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
    Subnormal,
)
from functools import reduce
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from switchgear.exchange.market import Candle

T = TypeVar("T")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_AMOUNTS = Context(
    prec=60,
    Emin=-40,
    Emax=40,
    clamp=0,
    traps=[Clamped, Inexact, InvalidOperation, Overflow, Subnormal],
)
"""No amount of money has more digits, before the point or behind it; one that has is garbage."""

_SUMS = Context(
    prec=60,
    rounding=ROUND_HALF_EVEN,
    Emin=-999_999,
    Emax=999_999,
    capitals=1,
    clamp=0,
    flags=[],
    traps=[DivisionByZero, InvalidOperation, Overflow],
)
"""For reckoning: the program's own context may round to six digits, or raise where 10/3 is rounded."""


def times(a: Decimal, b: Decimal) -> Decimal:
    """The product, to 60 digits whatever the decimal context of the program is."""
    return _SUMS.multiply(a, b)


def ratio(a: Decimal, b: Decimal) -> Decimal:
    """What a is by b, to 60 digits whatever the decimal context of the program is; b is not 0."""
    return _SUMS.divide(a, b)


def less(a: Decimal, b: Decimal) -> Decimal:
    """What a is without b, to 60 digits whatever the decimal context of the program is."""
    return _SUMS.subtract(a, b)


def total(amounts: Iterable[Decimal]) -> Decimal:
    """The sum, 0 of none, to 60 digits whatever the decimal context of the program is."""
    return reduce(_SUMS.add, amounts, Decimal(0))


_plus = _AMOUNTS.plus


def finite(**values: Decimal | None) -> None:
    """ValueError unless each value is None or a number that money can be."""
    for name, value in values.items():
        if value is not None and not _is_amount(value):
            raise ValueError(f"{name} is no amount")


def amounts(*, above: bool = False, **values: Decimal | None) -> None:
    """ValueError unless each value is None or an amount of at least 0; with above, more than 0."""
    for (
        name,
        value,
    ) in (
        values.items()
    ):  # every answer comes through here: finite by itself would be a second round
        if value is None:
            continue
        if not _is_amount(value):
            raise ValueError(f"{name} is no amount")
        if value <= 0 and (above or value):
            raise ValueError(f"{name} must be {'above' if above else 'at least'} 0")


def _is_amount(value: Decimal) -> bool:
    try:
        return _plus(value).is_finite()
    except ArithmeticError:
        return False


def at_ms(instant_ms: int) -> datetime:
    """An instant in epoch milliseconds, in UTC; ValueError for one that no date can hold."""
    try:
        return _EPOCH + timedelta(milliseconds=instant_ms)
    except OverflowError:
        raise ValueError(f"{instant_ms} ms is no time") from None


def ms_of(instant: datetime) -> int:
    """An instant with a time zone in whole epoch milliseconds, cut down."""
    return (instant - _EPOCH) // timedelta(milliseconds=1)


def rfc3339(instant: datetime) -> str:
    """An instant with a time zone, in UTC, as 2026-01-02T03:04:05Z; with microseconds where it has some."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def as_it_is(found: T) -> T:
    """What needs no other words."""
    return found


def same(what: str, told: object, asked: object, value: T) -> T:
    """The value; ValueError when the answer is of something else than was asked for."""
    if told != asked:
        raise ValueError(f"the answer is of another {what}: {told!r}")
    return value


def complete(prices: Mapping[str, Decimal], symbols: Iterable[str]) -> dict[str, Decimal]:
    """The price of each of the symbols; ValueError names one that has none."""
    for symbol in symbols:
        if symbol not in prices:
            raise ValueError(f"there is no price of {symbol} in it")
    return {symbol: prices[symbol] for symbol in symbols}


def rising(candles: list[Candle]) -> list[Candle]:
    """The candles; ValueError unless each opens later than the one before."""
    for before, after in pairwise(candles):
        if after.at <= before.at:
            raise ValueError("the candles are not in order")
    return candles
