"""
Owns the sums over time: of which spans they are kept, how records are added to them, and what they say of a range.

Each record is in four sums of its shape (its minute, half hour, quarter of a day, and all time) and in four of its
level, which stand under a number below 0. A range of time is cut into as few spans as there can be; the records of
the incomplete minutes at its two ends are counted one by one, so that what comes out is exact.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from switchgear.core.words import Level

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from switchgear.observe.store.shapes import Shape

MINUTE_MS = 60_000
WIDTHS = (6 * 60 * MINUTE_MS, 30 * MINUTE_MS, MINUTE_MS)
"""The widest first; each is a multiple of the next."""
EVER = 0
"""The width of the sum of all time, which starts at 0."""
OF_LEVELS = tuple(-level for level in Level)
"""What the sums of all shapes of a level stand under, in the place of a shape."""

Sums = dict[tuple[int, int], list[int]]
"""By shape and minute: how many, and the least and the greatest id, or place in a batch."""


class Sum(NamedTuple):
    """A row of the table; of records that go, their number is negative."""

    width: int
    shape: int
    start: int
    records: int
    id_min: int
    id_max: int


class Span(NamedTuple):
    """A part of a range, for which sums of one width are kept."""

    width: int
    start: int
    end: int
    """The first millisecond after it."""


class Cut(NamedTuple):
    """A range of time as the sums know it."""

    spans: tuple[Span, ...]
    parts: tuple[tuple[int, int], ...]
    """Parts of a minute, each its first millisecond and the first after it."""


def spread(sums: Sums, shapes: Mapping[int, Shape], first: int = 0, sign: int = 1) -> list[Sum]:
    """The rows that a batch's sums are added to; ids are places and `first`."""
    of_levels: Sums = {}
    for (shape, minute), one in sums.items():
        _add(of_levels, (-shapes[shape].level, minute), one)
    wider: dict[tuple[int, int, int], list[int]] = {}
    for found in (sums, of_levels):
        for (shape, minute), one in found.items():
            for width in WIDTHS:
                _add(wider, (width, shape, minute - minute % width), one)
            _add(wider, (EVER, shape, 0), one)
    return [
        Sum(*key, sign * count, low + first, high + first)
        for key, (count, low, high) in sorted(wider.items())
    ]


_K = TypeVar("_K")


def _add(found: dict[_K, list[int]], key: _K, one: list[int]) -> None:
    if (there := found.get(key)) is None:
        found[key] = one.copy()
        return
    there[0] += one[0]
    there[1] = min(there[1], one[1])
    there[2] = max(there[2], one[2])


def cut(start: int, end: int, widest: int = WIDTHS[0]) -> Cut:
    """
    A range of time, from its first millisecond to the first after it.

    Args:
        start: In epoch milliseconds.
        end: The same; more than start.
        widest: Spans no wider than this, where bars are to be cut from them.
    """
    first, last = -(-start // MINUTE_MS) * MINUTE_MS, end - end % MINUTE_MS
    if first > last:  # within one minute
        return Cut((), ((start, end),))
    parts = ((start, first), (last, end))
    widths = [width for width in WIDTHS if width <= widest]
    spans = tuple(_spans(first, last, widths))
    return Cut(spans, tuple((low, high) for low, high in parts if low < high))


def _spans(start: int, end: int, widths: list[int]) -> Iterator[Span]:
    if start >= end:
        return
    width, *finer = widths
    first, last = -(-start // width) * width, end - end % width
    if first >= last:
        yield from _spans(start, end, finer)
        return
    yield from _spans(start, first, finer)
    yield Span(width, first, last)
    yield from _spans(last, end, finer)


def width_for(bar_ms: int) -> int:
    """The widest sums of which a bar is a multiple."""
    return next(width for width in WIDTHS if bar_ms % width == 0)


def minutes_of(times: Iterable[tuple[int, int, int]]) -> Sums:
    """The sums of records, each its id, its date and its shape."""
    sums: Sums = {}
    for number, at_ms, shape in times:
        key = shape, at_ms - at_ms % MINUTE_MS
        found = sums.setdefault(key, [0, number, number])
        found[0] += 1
        found[1], found[2] = min(found[1], number), max(found[2], number)
    return sums
