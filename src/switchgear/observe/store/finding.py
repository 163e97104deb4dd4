"""
Owns finding the newest records that match a filter: by an index of each shape, of words, of a call or of an order.

Counting without looking at each is left to counting.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from sqlalchemy import func, select, text

from switchgear.observe.query import matches
from switchgear.observe.store.abreast import STEP, Hit, side_by_side
from switchgear.observe.store.bounds import ID_MAX, Bounds
from switchgear.observe.store.rollups import EVER, MINUTE_MS, OF_LEVELS, Span, cut
from switchgear.observe.store.rows import record_of_row
from switchgear.observe.store.schema import record, rollup, run
from switchgear.observe.store.shapes import Saying, choose

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import ColumnElement, Connection

    from switchgear.observe.query import LogQuery
    from switchgear.observe.record import LogRecord
    from switchgear.observe.store.place import Sql
    from switchgear.observe.store.shapes import Choice, ShapeBook

_FEW_SHAPES = 8


class Finder:
    """One filter in one transaction."""

    def __init__(self, sql: Sql, connection: Connection, book: ShapeBook, query: LogQuery) -> None:
        self.sql, self.connection, self.book, self.query = sql, connection, book, query
        self.choice: Choice = choose(book.by_id.values(), query)
        self.bounds = self._bounds()

    @property
    def is_listed(self) -> bool:
        """The records of one call, or of one order: few, and looked at one by one."""
        return self.query.call_id is not None or self.query.order_id is not None

    # -------------------------------------------------------------------------------------- bounds

    def _bounds(self) -> Bounds:
        found = Bounds.of(self.query)
        if found.run is not None:
            ends = self.connection.execute(
                select(run.c.id_min, run.c.id_max).where(run.c.id == found.run)
            ).one_or_none()
            low, high = (None, None) if ends is None else ends
            found = found.within(low or 0, (high or -1) + 1)
        if (found.since_ms, found.until_ms) != (None, None):
            found = found.within(*self._ids_of_time(found.since_ms, found.until_ms))
        return found

    def _ids_of_time(self, since_ms: int | None, until_ms: int | None) -> tuple[int, int]:
        """Ids outside of these are of another time; of several writers', some within are too."""
        ends = ends_of(self.connection)
        if ends is None:
            return 0, 0
        first, last = ends
        start = first if since_ms is None else max(first, since_ms)
        end = last if until_ms is None else min(last, until_ms + 1)
        if start >= end:
            return 0, 0
        around = (start - start % MINUTE_MS, -(-end // MINUTE_MS) * MINUTE_MS)
        low, high = ID_MAX, -1
        for span in cut(*around).spans:
            found = self.connection.execute(
                select(func.min(rollup.c.id_min), func.max(rollup.c.id_max)).where(
                    self.sql.among(rollup.c.shape, OF_LEVELS), *in_span(span)
                )
            ).one()
            if found[0] is not None:
                low, high = min(low, found[0]), max(high, found[1])
        return low, high + 1

    # ------------------------------------------------------------------------------------- finding

    def newest(self, most: int, *, oldest_id: int = 0) -> list[Hit]:
        """The newest records that match, newest first; none below an id."""
        bounds = self.bounds.within(oldest_id, ID_MAX)
        if bounds.empty:
            return []
        if self.is_listed:
            found = islice(self._listed(bounds), most)
            return [(one.id, shape, one.at_ms) for one, shape in found]
        if not self.choice.rest:
            return self._whole(bounds, most)
        return side_by_side([self._whole, self._saying], bounds, most)

    def of_names(self, most: int) -> list[Hit]:
        """Of those whose names say every word, the newest."""
        return [] if self.bounds.empty else self._whole(self.bounds, most)

    def saying(self, most: int) -> list[Hit]:
        """Of those whose names do not say every word, the newest that say the rest themselves."""
        return self._saying(self.bounds, most) if self.choice.rest else []

    def records(self, most: int) -> list[LogRecord]:
        """The newest records that match, newest first."""
        if self.is_listed:
            return [one for one, _ in islice(self._listed(self.bounds), most)]
        return self.read([hit[0] for hit in self.newest(most)])

    def read(self, ids: Sequence[int]) -> list[LogRecord]:
        """The records of these ids that are still there, newest first."""
        if not ids:
            return []
        asked = select(*ROW).where(self.sql.among(record.c.id, ids)).order_by(record.c.id.desc())
        return [record_of_row(row, self.book.by_id) for row in self.connection.execute(asked)]

    def _listed(self, bounds: Bounds) -> Iterator[tuple[LogRecord, int]]:
        """Every record of the filter's call or order that matches, newest first."""
        of_run = () if self.query.run is None else (record.c.run == self.query.run,)
        query = replace(self.query, before_id=None, after_id=None)
        while not bounds.empty:
            asked = (
                select(*ROW)
                .where(*self._of_list(), *of_run, record.c.id < bounds.high)
                .where(record.c.id >= bounds.low)
                .order_by(record.c.id.desc())
                .limit(STEP)
            )
            rows = self.connection.execute(asked).all()
            found = ((record_of_row(row, self.book.by_id), row.shape) for row in rows)
            yield from ((one, shape) for one, shape in found if matches(query, one))
            bounds = bounds.within(0, rows[-1][0] if len(rows) == STEP else 0)

    def _of_list(self) -> list[ColumnElement[bool]]:
        said: list[ColumnElement[bool]] = []
        if self.query.call_id is not None:
            said += [record.c.call_id == self.query.call_id, record.c.call_id > text("0")]
        if self.query.order_id is not None:
            said += [record.c.order_id == self.query.order_id, record.c.order_id.is_not(None)]
        return said

    def _whole(self, bounds: Bounds, most: int) -> list[Hit]:
        """Of the shapes all of whose records match."""
        if self.choice.whole and len(self.choice.whole) == len(self.book.by_id):
            return self._scan(bounds, None, most)
        there = self._there(bounds)
        if not there:
            return []
        low, high = min(one[2] for one in there), max(one[3] for one in there) + 1
        bounds = bounds.within(low, high)
        shapes, total = [one[0] for one in there], sum(one[1] for one in there)
        found = list[Hit]()
        # What is between the ends of the ids is an upper bound of what there is to look at.
        looks = most * max(1, (high - low) // total)
        if len(shapes) > _FEW_SHAPES and looks <= most * self.sql.sparse:
            near = bounds.within(
                min(bounds.high, self.book.newest_id + 1) - 2 * looks - STEP, ID_MAX
            )
            found = self._scan(near, shapes, most)
            bounds = bounds.within(0, near.low)
        if len(found) < most and not bounds.empty:
            found += self.sql.newest(self.connection, bounds, shapes, most - len(found))
        return found

    def _there(self, bounds: Bounds) -> list[tuple[int, int, int, int]]:
        """The shapes that have records within the ids: how many ever, and between which ids."""
        asked = select(rollup.c.shape, rollup.c.count, rollup.c.id_min, rollup.c.id_max).where(
            rollup.c.width == EVER,
            self.sql.among(rollup.c.shape, self.choice.whole),
            rollup.c.id_max >= bounds.low,
            rollup.c.id_min < bounds.high,
        )
        return [(one[0], one[1], one[2], one[3]) for one in self.connection.execute(asked)]

    def _scan(self, bounds: Bounds, shapes: Sequence[int] | None, most: int) -> list[Hit]:
        return [] if bounds.empty else self.sql.scan(self.connection, bounds, shapes, most)

    def _saying(self, bounds: Bounds, most: int) -> list[Hit]:
        every = len(self.book.by_id)
        groups = [
            Saying(tokens, None if len(shapes) == every else sorted(shapes))
            for tokens, shapes in self.choice.rest.items()
        ]
        return [] if bounds.empty else self.sql.saying(self.connection, bounds, groups, most)


ROW = (
    record.c.id,
    record.c.run,
    record.c.at_ms,
    record.c.shape,
    record.c.call_id,
    record.c.attempt,
    record.c.duration_us,
    record.c.status,
    record.c.code,
    record.c.message,
    record.c.order_id,
    record.c.detail,
)
"""The columns of which a record is made."""


_ENDS = select(
    *(
        select(end(rollup.c.start))
        .where(rollup.c.width == MINUTE_MS, rollup.c.shape == shape)
        .scalar_subquery()
        for shape in OF_LEVELS
        for end in (func.min, func.max)
    )
)
"""One look at the index for each; of several shapes at once SQLite would read them all."""


def ends_of(connection: Connection) -> tuple[int, int] | None:
    """The first millisecond of the first minute that has records, and the first after that of the last."""
    found = [one for one in connection.execute(_ENDS).one() if one is not None]
    return (min(found), max(found) + MINUTE_MS) if found else None


def in_span(span: Span) -> tuple[ColumnElement[bool], ...]:
    """The sums of a part of a range, of whatever shape."""
    return rollup.c.width == span.width, rollup.c.start >= span.start, rollup.c.start < span.end
