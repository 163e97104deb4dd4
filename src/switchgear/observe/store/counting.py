"""
Owns how many records match, by names and over time, from the sums; and how long calls took, from the newest of them.

What no sum knows (a word of the message, an order, a call, a run, ids) is counted over the newest that match all of
it but the names; when there are more, the answer says so.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import func, select, text

from switchgear.observe.overview import (
    FACETS,
    FINE_MAX,
    FINE_WIDTHS_MS,
    LEVELS,
    VALUES_MAX,
    Bar,
    Facet,
    Latency,
    Overview,
    latency,
    spans,
)
from switchgear.observe.store.finding import Finder, ends_of, in_span
from switchgear.observe.store.rollups import EVER, MINUTE_MS, OF_LEVELS, Cut, cut, width_for
from switchgear.observe.store.schema import record, rollup, shape
from switchgear.observe.store.shapes import Wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from sqlalchemy import Connection

    from switchgear.observe.query import LogQuery
    from switchgear.observe.store.abreast import Hit
    from switchgear.observe.store.place import Sql
    from switchgear.observe.store.shapes import ShapeBook

LOOKED_AT_MAX = 100_000
"""So many of the newest that match are counted where no sum knows them."""


class Tally(NamedTuple):
    """Records counted by shape, and where they lie in time."""

    by_shape: Counter[int]
    parts: tuple[Hit, ...] = ()
    """Those that were looked at one by one, of incomplete minutes."""


class Counting:
    """One filter in one transaction, counted."""

    def __init__(self, sql: Sql, connection: Connection, book: ShapeBook, query: LogQuery) -> None:
        self._sql, self._connection, self._book, self._query = sql, connection, book, query
        self._finder = Finder(sql, connection, book, query)

    @property
    def is_summed(self) -> bool:
        """Whether sums know all that the filter asks beside words."""
        query = self._query
        cut_off = query.before_id is not None and query.before_id <= self._book.newest_id
        return not (self._finder.is_listed or query.run or query.after_id or cut_off)

    # -------------------------------------------------------------------------------------- counts

    def count(self, most: int | None) -> int:
        """How many match; counting ends at most."""
        if most is not None and not self.is_summed:
            return len(self._finder.newest(most))
        if self.is_summed:
            found = self._tally(self._finder.choice.whole).by_shape.total()
            found += self._each(self._finder.saying, None if most is None else max(0, most - found))
            return found if most is None else min(found, most)
        older = self._older()
        return self._each(self._finder.newest, None) if older is None else older

    def _each(self, find: Callable[[int], list[Hit]], most: int | None) -> int:
        """How many are found, in steps, so that they need not all be held."""
        found = 0
        while most is None or found < most:
            step = LOOKED_AT_MAX if most is None else min(LOOKED_AT_MAX, most - found)
            hits = find(step)
            found += len(hits)
            if len(hits) < step:
                break
            self._finder.bounds = self._finder.bounds.within(0, hits[-1][0])
        return found

    def _older(self) -> int | None:
        """All that match but those from an id on; None where that is not the quicker way."""
        before_id, query = self._query.before_id, self._query
        if not before_id or self._book.newest_id - before_id > LOOKED_AT_MAX:
            return None
        every = Counting(self._sql, self._connection, self._book, replace(query, before_id=None))
        if not every.is_summed:
            return None
        newer = replace(query, before_id=None, after_id=before_id - 1)
        return every.count(None) - len(self._newest(newer, LOOKED_AT_MAX + 1))

    def _newest(self, query: LogQuery, most: int) -> list[Hit]:
        return Finder(self._sql, self._connection, self._book, query).newest(most)

    # ------------------------------------------------------------------------------------ overview

    def overview(self, bars: int) -> Overview:
        """What the filter finds, counted by each facet and over time."""
        nothing: dict[str, Any] = dict.fromkeys(FACETS)
        free = replace(self._query, **nothing)  # what a facet counts is not filtered by it
        finder = Finder(self._sql, self._connection, self._book, free)
        hits = None
        if self.is_summed:
            hits = finder.saying(LOOKED_AT_MAX + 1)
            if len(hits) <= LOOKED_AT_MAX:
                tally, whole = self._tally(finder.choice.whole), self._finder.choice.whole
                counts = tally.by_shape + Counter(hit[1] for hit in hits)
                return self._made(bars, self._facets(counts), whole, tally, self._own(hits))
        if hits is None or finder.choice.whole:
            hits = finder.newest(LOOKED_AT_MAX + 1)
        newest = hits[:LOOKED_AT_MAX]
        facets = self._facets(Counter(hit[1] for hit in newest))
        made = self._made(bars, facets, frozenset(), Tally(Counter()), self._own(newest))
        return made._replace(looked_at=LOOKED_AT_MAX if len(hits) > LOOKED_AT_MAX else None)

    def _own(self, hits: list[Hit]) -> list[Hit]:
        """Those of the shapes that the filter lets through."""
        own = self._finder.choice.all
        return hits if len(own) == len(self._book.by_id) else [hit for hit in hits if hit[1] in own]

    def _made(
        self,
        bars: int,
        facets: tuple[Facet, ...],
        whole: frozenset[int],
        tally: Tally,
        hits: Collection[Hit],
    ) -> Overview:
        total = len(hits) + sum(tally.by_shape[shape] for shape in whole)
        if total == 0:
            return Overview(0, facets, (), spans(None, self._query, bars, fine=False)[0])
        of_parts = [hit for hit in tally.parts if hit[1] in whole]
        if whole and total <= FINE_MAX and self._is_short(whole, [*hits, *of_parts], bars):
            hits, whole = [*hits, *self._finder.of_names(FINE_MAX)], frozenset()
        else:
            hits = [*hits, *of_parts]
        ends = self._ends(whole, hits)
        bar_ms, starts = spans(ends, self._query, bars, fine=not whole and total <= FINE_MAX)
        counts = self._bars(whole, bar_ms)
        level_of = {one.id: one.level for one in self._book.by_id.values()}
        # By the number of the bar first, which is quick to count; what that is comes after.
        for (bar, of), count in Counter([(at // bar_ms, of) for _, of, at in hits]).items():
            counts[bar * bar_ms, level_of[of]] += count
        made = (Bar(start, tuple(counts[start, level] for level in LEVELS)) for start in starts)
        return Overview(total, facets, tuple(made), bar_ms)

    def _is_short(self, whole: frozenset[int], hits: Collection[Hit], bars: int) -> bool:
        """Whether bars may be finer than a minute; the ends are known to the minute alone."""
        first, last = self._ends(whole, hits)
        return last - first <= bars * FINE_WIDTHS_MS[-1] + MINUTE_MS

    # ------------------------------------------------------------------------------- from the sums

    def _range(self, widest: int | None = None) -> Cut | None:
        """The filter's time as far as there are records; None when there are none in it."""
        query, ends = self._query, ends_of(self._connection)
        if ends is None:
            return None
        start = ends[0] if query.since_ms is None else max(ends[0], query.since_ms)
        end = ends[1] if query.until_ms is None else min(ends[1], query.until_ms + 1)
        if start >= end:
            return None
        if widest is None:
            return cut(start, end)
        # Where nothing bounds it there is nothing beyond its ends: as few and wide spans as there can be.
        start = (
            start - start % widest if query.since_ms is None or query.since_ms <= ends[0] else start
        )
        open_end = query.until_ms is None or query.until_ms + 1 >= ends[1]
        return cut(start, -(-end // widest) * widest if open_end else end, widest)

    def _tally(self, shapes: Collection[int]) -> Tally:
        """How many records of each shape there are in the filter's time."""
        if not shapes:
            return Tally(Counter())
        if (self._query.since_ms, self._query.until_ms) == (None, None):
            return Tally(self._sum(shapes, rollup.c.width == EVER))
        found = self._range()
        if found is None:
            return Tally(Counter())
        counts = Counter[int]()
        for span in found.spans:
            counts += self._sum(shapes, *in_span(span))
        parts = tuple(self._parts(found, shapes))
        return Tally(counts + Counter(hit[1] for hit in parts), parts)

    def _sum(self, shapes: Collection[int], *where: object) -> Counter[int]:
        asked = select(rollup.c.shape, func.sum(rollup.c.count)).where(
            *where,  # type: ignore[arg-type]  # conditions, each of them
            self._sql.among(rollup.c.shape, shapes),
        )
        rows = self._connection.execute(asked.group_by(rollup.c.shape))
        return Counter({shape: int(count) for shape, count in rows})

    def _parts(self, found: Cut, shapes: Collection[int]) -> Iterable[Hit]:
        """The records of incomplete minutes."""
        for start, end in found.parts:
            minute = start - start % MINUTE_MS
            ends = self._connection.execute(
                select(func.min(rollup.c.id_min), func.max(rollup.c.id_max)).where(
                    rollup.c.width == MINUTE_MS,
                    self._sql.among(rollup.c.shape, OF_LEVELS),
                    rollup.c.start == minute,
                )
            ).one()
            if ends[0] is None:
                continue
            asked = select(record.c.id, record.c.shape, record.c.at_ms).where(
                record.c.id >= ends[0],
                record.c.id <= ends[1],
                record.c.at_ms >= start,
                record.c.at_ms < end,
                self._sql.among(record.c.shape + 0, shapes),
            )
            yield from ((row[0], row[1], row[2]) for row in self._connection.execute(asked))

    def _ends(self, whole: frozenset[int], hits: Iterable[Hit]) -> tuple[int, int]:
        """The first and the last minute that something was found in, as far as the filter does not say."""
        query = self._query
        if query.since_ms is not None and query.until_ms is not None:
            return query.since_ms, query.until_ms
        times = [at_ms for _, _, at_ms in hits]
        found = self._range()
        if whole and found is not None and found.spans:
            start, end = found.spans[0].start, found.spans[-1].end
            of_shape = (
                rollup.c.width == MINUTE_MS,
                rollup.c.shape == shape.c.id,
                rollup.c.start >= start,
                rollup.c.start < end,
            )
            # One look at the index for each shape; of several at once a database would read them all.
            first, last = (
                select(found_at(rollup.c.start)).where(*of_shape).correlate(shape).scalar_subquery()
                for found_at in (func.min, func.max)
            )
            ends = self._connection.execute(
                select(func.min(first), func.max(last)).where(self._sql.among(shape.c.id, whole))
            ).one()
            times += [one for one in ends if one is not None]
        return min(times), max(times)

    def _bars(self, whole: frozenset[int], bar_ms: int) -> Counter[tuple[int, int]]:
        """By the start of a bar and the level; without the incomplete minutes."""
        counts: Counter[tuple[int, int]] = Counter()
        found = self._range(width_for(bar_ms)) if whole else None
        if found is None:
            return counts
        start = rollup.c.start - rollup.c.start % text(str(bar_ms))
        for level in LEVELS:
            these = {one.id for one in self._book.by_id.values() if one.level == level}
            shapes = [-level] if these <= whole else sorted(these & whole)
            for span in found.spans if shapes and these else ():
                asked = select(start, func.sum(rollup.c.count)).where(
                    *in_span(span), self._sql.among(rollup.c.shape, shapes)
                )
                for at, count in self._connection.execute(asked.group_by(start)):
                    counts[at, level] += int(count)
        return counts

    def _facets(self, counts: Counter[int]) -> tuple[Facet, ...]:
        """By each facet, those that the filter lets through when that facet alone is not looked at."""
        wanted = Wanted.of(self._query)
        values: dict[str, Counter[str]] = {name: Counter() for name in FACETS}
        for number, count in counts.items():
            one = self._book.by_id[number]
            missed = wanted.misses(one)
            for name, value in zip(FACETS, one.facets, strict=True):
                if value is not None and (not missed or missed == [name]):
                    values[name][value] += count
        return tuple(_facet(name, values[name]) for name in FACETS)

    # ------------------------------------------------------------------------------------- latency

    def latency(self, points: int) -> list[Latency]:
        """How long the newest successes that match took, over time."""
        query = replace(self._query, event="call_succeeded")
        hits = self._newest(query, LOOKED_AT_MAX)
        asked = select(record.c.at_ms, record.c.duration_us).where(
            self._sql.among(record.c.id, [hit[0] for hit in hits]),
            record.c.duration_us.is_not(None),
        )
        took = [(at_ms, lasted_us / 1000) for at_ms, lasted_us in self._connection.execute(asked)]
        if not took:
            return []
        times = [at_ms for at_ms, _ in took]
        fine = len(times) <= FINE_MAX
        width, _ = spans((min(times), max(times)), query, points, fine=fine)
        by_start: dict[int, list[float]] = {}
        for at_ms, lasted_ms in took:
            by_start.setdefault(at_ms - at_ms % width, []).append(lasted_ms)
        return [latency(start, by_start[start]) for start in sorted(by_start)]


def _facet(name: str, counts: Counter[str]) -> Facet:
    found = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    return Facet(name, tuple(found[:VALUES_MAX]))
