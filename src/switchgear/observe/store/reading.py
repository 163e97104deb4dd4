"""
Owns what is asked of a store, each question in a transaction of its own.

What the answers mean is history's.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple
from weakref import finalize

from sqlalchemy import func, select, text

from switchgear.observe.overview import BARS_MAX
from switchgear.observe.query import LogQuery
from switchgear.observe.store.checking import faults_of
from switchgear.observe.store.counting import Counting
from switchgear.observe.store.finding import ROW, Finder
from switchgear.observe.store.model import Run
from switchgear.observe.store.place import place_of
from switchgear.observe.store.removing import remove
from switchgear.observe.store.rollups import EVER
from switchgear.observe.store.rows import circuit_of_row, record_of_row
from switchgear.observe.store.schema import circuit, record, rollup, run
from switchgear.observe.store.shapes import ShapeBook

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from sqlalchemy import Connection

    from switchgear.core.words import Key
    from switchgear.observe.overview import Latency, Overview
    from switchgear.observe.record import LogRecord
    from switchgear.observe.store.model import CircuitSnapshot


class Signed(NamedTuple):
    """A page, and what tells whether another one is of the same log."""

    of: object
    """Which store it is of, and which file where it is one."""
    last_given: int
    """The id that the store gave last; only an older copy of the same store has a smaller one."""
    records: list[LogRecord]

    def is_followed_by(self, other: Signed) -> bool:
        """Whether a page that was read later is of the same log."""
        return other.of == self.of and other.last_given >= self.last_given


class StoreView:
    """
    A store, for readers in any thread.

    Raises:
        SettingsError: When made: there is no history that this version knows.
        StoreError: From every method: it cannot be read now.
    """

    def __init__(self, where: str | os.PathLike[str]) -> None:
        self.place = place_of(where)
        self._engine = self.place.reading_engine()
        self._pid = os.getpid()
        self._known: tuple[object | None, ShapeBook] = (None, ShapeBook())
        finalize(self, self._engine.dispose)

    def close(self) -> None:
        """Let go of the connections that are kept for the next question, which opens new ones."""
        self._engine.dispose()

    def page(self, query: LogQuery) -> list[LogRecord]:
        """The newest records that match, newest first, at most query.limit."""
        return self.signed_page(query).records

    def signed_page(self, query: LogQuery) -> Signed:
        """The same, with what tells the store from another one, or from an older copy put in its place."""
        before = self.place.identity()
        with self._asking() as (connection, book):
            records = self._finder(connection, book, query).records(query.limit)
            born, last_given = book.born, book.newest_id
        # One that was exchanged while it was read: nobody can tell which of the two it was.
        after = self.place.identity()
        return Signed((born, before, after), last_given, records)

    def count(self, query: LogQuery, most: int | None = None) -> int:
        """How many records match; when most is given, counting ends there."""
        with self._asking() as (connection, book):
            return self._counting(connection, book, query).count(most)

    def overview(self, query: LogQuery, bars: int = BARS_MAX) -> Overview:
        """What the query finds, counted by each facet and over time."""
        with self._asking() as (connection, book):
            return self._counting(connection, book, query).overview(bars)

    def latency(self, query: LogQuery, points: int = BARS_MAX) -> list[Latency]:
        """How long the newest successes among what the query finds took, over time."""
        with self._asking() as (connection, book):
            return self._counting(connection, book, query).latency(points)

    def around(self, record_id: int, each_side: int) -> list[LogRecord]:
        """A record with its neighbours, newest first; empty when it is gone."""
        with self._asking() as (connection, book):
            finder = self._finder(connection, book, LogQuery())
            upwards = select(record.c.id).where(record.c.id >= record_id).order_by(record.c.id)
            newer = list(connection.execute(upwards.limit(each_side + 1)).scalars())
            if newer[:1] != [record_id]:
                return []
            downwards = select(record.c.id).where(record.c.id < record_id)
            older = downwards.order_by(record.c.id.desc()).limit(each_side)
            return finder.read([*newer, *connection.execute(older).scalars()])

    def newest_id(self) -> int:
        """The id of the newest record; 0 when there is none."""
        with self._asking() as (connection, _):
            return connection.execute(select(func.max(record.c.id))).scalar_one() or 0

    def mark(self) -> tuple[str, int]:
        """The name of the store, which no other has, and the id that it gave last, which clearing leaves alone."""
        with self._asking() as (_, book):
            return book.born, book.newest_id

    def clear(self, query: LogQuery, most: int) -> int:
        """Delete the newest records that match, at most so many, in one transaction; gives how many."""
        clearing = self.place.reading_engine(clears=True)
        try:
            with self.place.failures(), clearing.begin() as connection:
                self.place.sql.begin(connection)
                book = ShapeBook().refreshed(connection)
                ids = [hit[0] for hit in self._finder(connection, book, query).newest(most)]
                return remove(self.place.sql, connection, book, ids)
        finally:
            clearing.dispose()

    def call(self, key: Key, call_id: int, number: int | None) -> list[LogRecord]:
        """The records of one call, oldest first.

        Of the newest run that has it, unless a run is named.
        """
        if call_id <= 0:
            return []
        with self._asking() as (connection, book):
            shapes = [
                one.id
                for one in book.by_id.values()
                if (one.exchange, one.method, one.account) == key
            ]
            asked = select(*ROW).where(
                record.c.call_id == call_id,
                record.c.call_id > text("0"),
                self.place.sql.among(record.c.shape + 0, shapes),
            )
            if number is not None:
                asked = asked.where(record.c.run == number)
            rows = connection.execute(asked.order_by(record.c.id)).all()
            last = max((row.run for row in rows), default=0)
            return [record_of_row(row, book.by_id) for row in rows if row.run == last]

    def run_of(self, record_id: int) -> int | None:
        """Which run wrote the record; None when there is no such record."""
        wanted = select(record.c.run).where(record.c.id == record_id)
        with self._asking() as (connection, _):
            return connection.execute(wanted).scalar_one_or_none()

    def names(self) -> set[tuple[str, str]]:
        """Every exchange and method that records name."""
        there = select(rollup.c.shape).where(rollup.c.width == EVER, rollup.c.shape > 0)
        with self._asking() as (connection, book):
            shapes = [book.by_id[one] for one in connection.execute(there).scalars()]
        return {(one.exchange, one.method) for one in shapes}

    def runs(self) -> list[Run]:
        """Every run, newest first."""
        columns = [run.c[name] for name in Run.__dataclass_fields__]
        with self._asking() as (connection, _):
            rows = connection.execute(select(*columns).order_by(run.c.id.desc()))
            return [Run(**row) for row in rows.mappings()]

    def circuits(self, numbers: Iterable[int]) -> list[CircuitSnapshot]:
        """The circuits of these runs, by key and run."""
        wanted = select(circuit).where(circuit.c.run.in_(list(numbers)))
        with self._asking() as (connection, _):
            found = [circuit_of_row(row) for row in connection.execute(wanted)]
        return sorted(found, key=lambda one: (one.key, one.run))

    def faults(self) -> list[str]:
        """What of sums and words is not as a recount of every record has it; for tests and doctors."""
        with self._asking() as (connection, book):
            return faults_of(self.place.sql, connection, book)

    @contextmanager
    def _asking(self) -> Generator[tuple[Connection, ShapeBook]]:
        """A transaction, and the shapes as it sees them: another thread's may see more, or fewer."""
        if self._pid != os.getpid():  # after a fork the connections are the parent's
            self._engine.dispose(close=False)
            self._pid = os.getpid()
        of = self.place.identity()  # before it is opened: at worst it is not known for what it is
        with self.place.failures(), self._engine.connect() as connection:
            # Kept before the transaction sees anything: what it holds beyond that is another store's.
            known = self._known
            kept = known[1] if known[0] == of else ShapeBook()
            book = kept.refreshed(connection)
            if book.newest_id < kept.newest_id:  # an older copy: its numbers may name other shapes
                book = ShapeBook().refreshed(connection)
            if self._known is known:  # else another thread kept one meanwhile, that may be newer
                self._known = (of, book)
            yield connection, book

    def _finder(self, connection: Connection, book: ShapeBook, query: LogQuery) -> Finder:
        return Finder(self.place.sql, connection, book, query)

    def _counting(self, connection: Connection, book: ShapeBook, query: LogQuery) -> Counting:
        return Counting(self.place.sql, connection, book, query)
