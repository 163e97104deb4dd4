"""Owns the unit of the times in Binance's answers: milliseconds, or microseconds when asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from switchgear.practice.sim.binance.refusals import Refusal

if TYPE_CHECKING:
    from switchgear.practice.sim.messages import Request

Told: TypeAlias = "dict[str, Told] | list[Told] | str | int | float | None"
"""What JSON can say."""
_HEADER = "X-MBX-TIME-UNIT"
_UNITS = {"MILLISECOND": 1, "MICROSECOND": 1_000}
_TIMES = {
    "serverTime",
    "transactTime",
    "time",
    "updateTime",
    "workingTime",
    "openTime",
    "closeTime",
    "T",
}
_OPEN, _CLOSE = 0, 6
"""Where the two times stand in a candle's row."""


def units_per_ms(request: Request) -> int:
    """How many of the units that the request asks for make a millisecond; refuses another unit."""
    asked = request.headers.get(_HEADER, "MILLISECOND")
    units = _UNITS.get(asked.upper() if asked.islower() else asked)
    if units is None:
        text = "Invalid value for time unit; expected either MICROSECOND or MILLISECOND."
        raise Refusal(-1194, text)
    return units


def in_unit(payload: Told, units: int, *, rows: bool) -> Told:
    """The payload with its times in this unit; rows says that it is a list of candles."""
    if units == 1:
        return payload
    match payload:
        case dict():
            return {name: _field_in_unit(name, payload[name], units) for name in payload}
        case list() if rows:
            return [_row_in_unit(row, units) for row in payload]
        case list():
            return [in_unit(each, units, rows=False) for each in payload]
        case _:
            return payload


def _field_in_unit(name: str, value: Told, units: int) -> Told:
    if name in _TIMES and isinstance(value, int):
        return value * units if value >= 0 else value  # -1 is no time: it has not come yet
    return in_unit(value, units, rows=False)


def _row_in_unit(row: Any, units: int) -> list[Any]:
    # A candle ends with the last unit before the next one begins.
    closed = (row[_CLOSE] + 1) * units - 1
    return [row[_OPEN] * units, *row[1:_CLOSE], closed, *row[_CLOSE + 1 :]]
