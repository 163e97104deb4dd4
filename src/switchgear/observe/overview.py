"""
Owns the view of many records at once, as data and as memory makes it: counts by field, bars over time, durations.

A history makes the same of its tables; both are held to one contract.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from switchgear.core.words import Level
from switchgear.observe.query import OUTCOMES, matches

if TYPE_CHECKING:
    from collections.abc import Sequence

    from switchgear.observe.query import LogQuery
    from switchgear.observe.record import LogRecord

FACETS = ("exchange", "method", "account", "level", "outcome", "kind", "scope", "event")
"""What records are counted by."""
VALUES_MAX = 50
"""Values of one facet, the most frequent first."""
BARS_MAX = 60
BAR_WIDTHS_MS = tuple(
    minutes * 60_000
    for minutes in (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 10080, 43200)
)
"""How wide a bar can be; beyond the last, its multiples."""
FINE_WIDTHS_MS = (1_000, 2_000, 5_000, 10_000, 15_000, 30_000)
"""Of so few records that each is looked at."""
FINE_MAX = 20_000
"""Up to so many are few."""
LEVELS = tuple(Level)
OUTCOME_OF = {event: outcome for outcome, event in OUTCOMES.items()}


class Facet(NamedTuple):
    """The values of one field, with how many records have them when that field alone is not filtered by."""

    field: str
    values: tuple[tuple[str, int], ...]


class Bar(NamedTuple):
    """The records of one span of time."""

    start_ms: int
    counts: tuple[int, ...]
    """By level, as LEVELS."""


class Overview(NamedTuple):
    """What a filter finds, counted."""

    total: int
    facets: tuple[Facet, ...]
    bars: tuple[Bar, ...]
    """Without gaps, the oldest first; empty when nothing was found."""
    bar_ms: int
    looked_at: int | None = None
    """So many of the newest that match were counted; None when all were."""


class Latency(NamedTuple):
    """How long the successes of one span of time took."""

    start_ms: int
    calls: int
    p50_ms: float
    p95_ms: float
    p99_ms: float


def value_of(record: LogRecord, field: str) -> str | None:
    """What a record has of a facet; None when it has none."""
    if field == "level":
        return record.level.name.lower()
    if field == "outcome":
        return OUTCOME_OF.get(record.event)
    value: str | None = getattr(record, field)
    return value or None


def overview_of(records: Sequence[LogRecord], query: LogQuery, bars: int = BARS_MAX) -> Overview:
    """The view of records in memory; before_id, after_id and limit of the query are looked at as matches does."""
    found = [record for record in records if matches(query, record)]
    times = [record.at_ms for record in found]
    bar_ms, starts = spans(_ends(times), query, bars, fine=len(times) <= FINE_MAX)
    counts: Counter[tuple[int, Level]] = Counter(
        (at - at % bar_ms, one.level) for at, one in zip(times, found, strict=True)
    )
    return Overview(
        len(found),
        tuple(_facet(records, found, query, field) for field in FACETS),
        tuple(Bar(start, tuple(counts[start, level] for level in LEVELS)) for start in starts),
        bar_ms,
    )


def spans(
    found: tuple[int, int] | None, query: LogQuery, bars: int, *, fine: bool
) -> tuple[int, range]:
    """
    How wide a bar is, and where each starts: whole widths since 1970 UTC, at most `bars` of them.

    They reach from the query's since to its until, and where it names none, from the first record found to the last.
    A bar of less than a minute is for those who have looked at each record: `fine`.
    """
    if found is None:
        return BAR_WIDTHS_MS[0], range(0)
    first_ms = found[0] if query.since_ms is None else query.since_ms
    last_ms = found[1] if query.until_ms is None else query.until_ms
    finer = FINE_WIDTHS_MS if fine else ()
    for width in (*finer, *BAR_WIDTHS_MS, *(BAR_WIDTHS_MS[-1] * n for n in range(2, 10_000))):
        starts = range(first_ms - first_ms % width, last_ms + 1, width)
        if len(starts) <= bars:
            return width, starts
    raise AssertionError("no bar is wide enough for the years that a date can be of")


def latency_of(
    records: Sequence[LogRecord], query: LogQuery, points: int = BARS_MAX
) -> list[Latency]:
    """Of the successes among records in memory that match, in spans as the bars are; those without any are left out."""
    only = replace(query, event="call_succeeded")
    took = [
        (one.at_ms, one.duration_ms)
        for one in records
        if one.duration_ms is not None and matches(only, one)
    ]
    times = [at for at, _ in took]
    width, _ = spans(_ends(times), query, points, fine=len(times) <= FINE_MAX)
    by_start: dict[int, list[float]] = {}
    for at, duration_ms in took:
        by_start.setdefault(at - at % width, []).append(duration_ms)
    return [latency(start, by_start[start]) for start in sorted(by_start)]


def latency(start_ms: int, durations_ms: list[float]) -> Latency:
    """The percentiles of some durations, at least one: each is the smallest that so many in a hundred do not exceed."""
    ordered = sorted(durations_ms)
    p50, p95, p99 = (ordered[-(-len(ordered) * share // 100) - 1] for share in (50, 95, 99))
    return Latency(start_ms, len(ordered), p50, p95, p99)


def _ends(times: list[int]) -> tuple[int, int] | None:
    return (min(times), max(times)) if times else None


def _facet(
    records: Sequence[LogRecord], found: Sequence[LogRecord], query: LogQuery, field: str
) -> Facet:
    """Of those found; only a field that is filtered by needs another look at all records, without its filter."""
    if getattr(query, field) is not None:
        changed: dict[str, Any] = {field: None}
        without = replace(query, **changed)
        found = [record for record in records if matches(without, record)]
    counts = Counter(value_of(record, field) for record in found)
    del counts[None]
    by_count = sorted(counts.items(), key=lambda one: (-one[1], one[0] or ""))
    return Facet(field, tuple((value, count) for value, count in by_count[:VALUES_MAX] if value))
