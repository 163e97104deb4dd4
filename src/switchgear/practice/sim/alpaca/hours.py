"""Owns when US equities trade, in New York's terms; what an order may do then is the order's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

_OPEN, _CLOSE, _EARLY_CLOSE = time(9, 30), time(16), time(13)
_PRE, _POST, _EARLY_POST = time(4), time(20), time(17)
_DAY = timedelta(days=1)


def _days(*texts: str) -> frozenset[date]:
    return frozenset(date.fromisoformat(text) for text in texts)


_HOLIDAYS = _days(
    *("2026-01-01", "2026-01-19", "2026-02-16", "2026-04-03", "2026-05-25", "2026-06-19"),
    *("2026-07-03", "2026-09-07", "2026-11-26", "2026-12-25"),
    *("2027-01-01", "2027-01-18", "2027-02-15", "2027-03-26", "2027-05-31", "2027-06-18"),
    *("2027-07-05", "2027-09-06", "2027-11-25", "2027-12-24"),
)
"""Days of the week on which the exchanges stay shut; other years than these have none here."""
_EARLY = _days("2026-11-27", "2026-12-24", "2027-11-26")
"""Days that end at 13:00."""


@dataclass(frozen=True, slots=True)
class Session:
    """One trading day; instants are in epoch milliseconds."""

    day: date
    pre_ms: int
    """When extended hours begin."""
    open_ms: int
    close_ms: int
    post_ms: int
    """When extended hours end."""


@cache
def new_york() -> ZoneInfo:
    """The time zone that the exchanges keep."""
    return ZoneInfo("America/New_York")


def at_new_york(at_ms: int) -> datetime:
    """An instant on New York's clocks, to the millisecond."""
    whole = datetime.fromtimestamp(at_ms // 1000, UTC)
    return (whole + timedelta(milliseconds=at_ms % 1000)).astimezone(new_york())


def instant_ms(day: date, clock: time) -> int:
    """The epoch milliseconds of a time on New York's clocks."""
    return int(datetime.combine(day, clock, new_york()).timestamp()) * 1000


@lru_cache(maxsize=4096)
def session(day: date) -> Session | None:
    """The trading day of this date, None when there is none."""
    if day.weekday() >= 5 or day in _HOLIDAYS:
        return None
    close, post = (_EARLY_CLOSE, _EARLY_POST) if day in _EARLY else (_CLOSE, _POST)
    return Session(day, *(instant_ms(day, clock) for clock in (_PRE, _OPEN, close, post)))


def session_at(at_ms: int) -> Session | None:
    """The trading day of the date that New York has at an instant."""
    return session(at_new_york(at_ms).date())


def is_open(at_ms: int) -> bool:
    """Whether the regular session is on."""
    found = session_at(at_ms)
    return found is not None and found.open_ms <= at_ms < found.close_ms


def is_extended(at_ms: int) -> bool:
    """Whether any session is on: before, during or after the regular one."""
    found = session_at(at_ms)
    return found is not None and found.pre_ms <= at_ms < found.post_ms


def coming(at_ms: int, *, extended: bool = False) -> Session:
    """The session that is on, or else the next one; extended counts from 4:00 to 20:00."""
    day = at_new_york(at_ms).date()
    while True:
        found = session(day)
        if found is not None and at_ms < (found.post_ms if extended else found.close_ms):
            return found
        day += _DAY


def next_open(at_ms: int) -> int:
    """The first opening after an instant."""
    found = coming(at_ms)
    return found.open_ms if found.open_ms > at_ms else coming(found.close_ms).open_ms


def last_close(at_ms: int) -> int:
    """The last closing of a regular session at or before an instant."""
    return _last(at_ms).close_ms


def last_traded(at_ms: int) -> int:
    """The instant itself while a session is on, extended ones too, else the end of the last one."""
    if is_extended(at_ms):
        return at_ms
    day = at_new_york(at_ms).date()
    while True:
        found = session(day)
        if found is not None and found.post_ms <= at_ms:
            return found.post_ms - 1000
        day -= _DAY


def _last(at_ms: int) -> Session:
    day = at_new_york(at_ms).date()
    while True:
        found = session(day)
        if found is not None and found.close_ms <= at_ms:
            return found
        day -= _DAY
