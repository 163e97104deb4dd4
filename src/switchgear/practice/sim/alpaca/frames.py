"""Owns the spans that bars are made of: what a timeframe is called, and where its spans begin."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from switchgear.practice.sim.alpaca import hours
from switchgear.practice.sim.alpaca.refusals import bad_request

if TYPE_CHECKING:
    from datetime import tzinfo

_MINUTE_MS, _HOUR_MS = 60_000, 3_600_000
_NAME = re.compile(r"([1-9][0-9]?)(min|t|hour|h|day|d|week|w|month|m)", re.IGNORECASE | re.ASCII)


class Unit(StrEnum):
    """What a timeframe counts."""

    MINUTE = "min"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


_UNITS = {word: unit for unit in Unit for word in (unit.value, unit.value[0])} | {
    "t": Unit.MINUTE,
    "m": Unit.MONTH,
}
_COUNTS = {
    Unit.MINUTE: range(1, 60),
    Unit.HOUR: range(1, 24),
    Unit.DAY: (1,),
    Unit.WEEK: (1,),
    Unit.MONTH: (1, 2, 3, 4, 6, 12),
}


@dataclass(frozen=True, slots=True)
class Frame:
    """A timeframe; days and longer begin at midnight in New York for equities, in UTC for crypto."""

    unit: Unit
    count: int
    is_crypto: bool

    @property
    def is_short(self) -> bool:
        """Whether its spans lie within a day."""
        return self.unit in {Unit.MINUTE, Unit.HOUR}

    def begin_ms(self, at_ms: int) -> int:
        """Where the span that holds an instant begins, in epoch milliseconds."""
        if self.is_short:
            return at_ms // self._length_ms * self._length_ms
        return self._midnight_ms(self._first_day(datetime.fromtimestamp(at_ms // 1000, self._zone)))

    def step_ms(self, begin_ms: int, *, back: bool = False) -> int:
        """Where the next span begins, or the one before."""
        if self.is_short:
            return begin_ms + (-self._length_ms if back else self._length_ms)
        if back:
            return self.begin_ms(begin_ms - 1)
        # Any instant of the next span will do: a month has less than 32 days, a day less than 26 hours.
        spans = {Unit.DAY: timedelta(hours=26), Unit.WEEK: timedelta(days=7, hours=2)}
        length = spans.get(self.unit, timedelta(days=31 * self.count + 1))
        return self.begin_ms(begin_ms + int(length.total_seconds()) * 1000)

    @property
    def _length_ms(self) -> int:
        return self.count * (_MINUTE_MS if self.unit is Unit.MINUTE else _HOUR_MS)

    @property
    def _zone(self) -> tzinfo:
        return UTC if self.is_crypto else hours.new_york()

    def _first_day(self, at: datetime) -> date:
        day = at.date()
        if self.unit is Unit.WEEK:
            return day - timedelta(days=day.weekday())
        if self.unit is Unit.MONTH:
            return day.replace(day=1, month=(day.month - 1) // self.count * self.count + 1)
        return day

    def _midnight_ms(self, day: date) -> int:
        return int(datetime.combine(day, time(), self._zone).timestamp()) * 1000


def read_frame(text: str, *, is_crypto: bool) -> Frame:
    """The timeframe of this name, such as 5Min, 1Hour, 1H or 1Day; raises Refusal."""
    if not text:
        raise bad_request("timeframe is required")
    found = _NAME.fullmatch(text)
    if found is None:
        raise bad_request(f"invalid timeframe: {text}")
    count, unit = int(found[1]), _UNITS[found[2].lower()]
    if count not in _COUNTS[unit]:
        raise bad_request(f"invalid timeframe: {text}")
    return Frame(unit, count, is_crypto)
