"""
Owns what is written to a store, each delivery in one transaction.

When to write, and what if not, is history's.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from switchgear.observe.store.errors import StoreBroken
from switchgear.observe.store.place import place_of
from switchgear.observe.store.removing import older, oldest, remove, total
from switchgear.observe.store.rollups import spread
from switchgear.observe.store.rows import batch_of, clean, names_of, row_of_circuit
from switchgear.observe.store.schema import circuit, record, run, state
from switchgear.observe.store.shapes import ShapeBook, add_shapes

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from sqlalchemy import Connection, Engine

    from switchgear.observe.record import LogRecord
    from switchgear.observe.store.model import CircuitSnapshot
    from switchgear.observe.store.rows import Batch
    from switchgear.observe.store.shapes import Names

RUNS_KEPT = 50
"""Circuits of older runs are forgotten when a run begins."""
_NOT_TAKEN = (ValueError, TypeError, OverflowError, RecursionError)
"""What is raised of a value that a database cannot hold, by us or by the driver."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What may stay of a store when it is swept."""

    rows_max: int
    oldest_ms: int
    """Epoch milliseconds; records of before go, however few there are."""
    bytes_max: int | None = None
    """What records and all that belongs to them may take; None where only the disk says."""


class Store:
    """A store, for one writer at a time; opens itself, and again when its file was moved away."""

    def __init__(
        self,
        where: str | os.PathLike[str],
        said: Callable[[str], object] | None = None,
        noted: Callable[[str], object] | None = None,
    ) -> None:
        self._place = place_of(where, noted)
        self._said: Callable[[str], object] = said or _nobody
        self._engine: Engine | None = None
        self._opened: object | None = None
        self._born: str | None = None
        self._book = ShapeBook()
        self._unsure: tuple[Sequence[LogRecord], int] | None = None

    def open(self, now_ms: int) -> None:
        """
        Make the store ready; costs one look at it when it is.

        Raises:
            SettingsError: It cannot be a history.
            StoreError: It cannot be used now.
        """
        if self._engine is None or self._opened != self._place.identity():
            self.close()
            self._engine = self._place.writing_engine(now_ms, self._said)
            self._opened = self._place.identity()
        if self._born is None:
            with self._transaction() as connection:
                self._born = connection.execute(select(state.c.born)).scalar_one()

    def close(self) -> None:
        """Let go of the store; the next use opens it again."""
        if self._engine is not None:
            self._engine.dispose()
        self._engine, self._book, self._born = None, ShapeBook(), None

    @property
    def opened(self) -> object:
        """What tells the store that is open from every other one: a run is only in the one that it was begun in."""
        return self._opened, self._born

    def same_store(self) -> bool:
        """Whether what was opened last is still what is at its place."""
        return self._opened is not None and self._opened == self._place.identity()

    def begin_run(self, now_ms: int) -> int:
        """The number of a new run of this process."""
        with self._writing(now_ms) as connection:
            values = {
                "pid": os.getpid(),
                "started_ms": now_ms,
                "updated_ms": now_ms,
                "lost_below_warning": 0,
                "lost_from_warning": 0,
            }
            made = connection.execute(insert(run).values(values).returning(run.c.id))
            number = int(made.scalar_one())
            connection.execute(delete(circuit).where(circuit.c.run <= number - RUNS_KEPT))
            return number

    def deliver(
        self,
        number: int,
        records: Sequence[LogRecord],
        circuits: Sequence[CircuitSnapshot],
        lost: tuple[int, int],
        now_ms: int,
    ) -> None:
        """
        Keep the records and circuits of a run, and that it lives, all or nothing.

        Args:
            number: The run.
            records: In the order in which they get their ids.
            circuits: Each takes the place of the same circuit of the same run.
            lost: Records lost by this run so far, below WARNING and from WARNING on.
            now_ms: Epoch milliseconds.
        """
        rest = (circuits, lost, now_ms)
        try:
            self._deliver(number, records, records, *rest)
        except _NOT_TAKEN:
            self._deliver(number, records, [clean(one) for one in records], *rest)

    def _deliver(
        self,
        number: int,
        given: Sequence[LogRecord],
        records: Sequence[LogRecord],
        circuits: Sequence[CircuitSnapshot],
        lost: tuple[int, int],
        now_ms: int,
    ) -> None:
        self.open(now_ms)
        batch = self._batch(records, now_ms)
        with self._writing(now_ms) as connection:
            if self._was_kept(connection, number, given):
                return
            ends = self._put(connection, number, batch) if batch.rows else None
            if circuits:
                _put_circuits(connection, [row_of_circuit(number, one) for one in circuits])
            beat: dict[str, Any] = {
                "updated_ms": now_ms,
                "lost_below_warning": lost[0],
                "lost_from_warning": lost[1],
            }
            if ends is not None:
                first = func.coalesce(run.c.id_min, ends[0])
                beat |= {"id_min": first, "id_max": ends[1]}
            connection.execute(update(run).where(run.c.id == number).values(beat))
            self._unsure = None if ends is None else (given, ends[0])
        self._unsure = None

    def _batch(self, records: Sequence[LogRecord], now_ms: int) -> Batch:
        pack = self._place.sql.pack
        try:
            return batch_of(records, self._book.by_names, pack)
        except KeyError:  # a shape that is not in the book yet
            self._learn(names_of(records), now_ms)
        return batch_of(records, self._book.by_names, pack)

    def _learn(self, names: set[Names], now_ms: int) -> None:
        if any("\0" in one for name in names for one in name[4:8] if one):  # what `clean` sees to
            raise ValueError("a name holds NUL")
        # Before the batch: if that fails, a shape without records does no harm.
        with self._writing(now_ms) as connection:
            self._book = self._book.refreshed(connection)
            if missing := names - self._book.by_names.keys():
                add_shapes(connection, sorted(missing, key=repr))
        with self._writing(now_ms) as connection:
            self._book = self._book.refreshed(connection)

    def _put(self, connection: Connection, number: int, batch: Batch) -> tuple[int, int]:
        """The batch's rows, words and sums; gives the ids of its first record and its last."""
        sql, size = self._place.sql, len(batch.rows)
        counted = update(state).values(newest=state.c.newest + size).returning(state.c.newest)
        ours = counted.where(state.c.born == self._book.born)  # and not one put in its place
        last = connection.execute(ours).scalar()
        if last is None:
            raise StoreBroken("the history is another one than a moment ago")
        first = last - size + 1
        sql.put_rows(connection, number, first, batch.rows)
        sql.put_sums(connection, spread(batch.sums, self._book.by_id, first))
        if batch.words:
            sql.put_words(connection, number, first, batch.words)
        return first, last

    def _was_kept(self, connection: Connection, number: int, given: Sequence[LogRecord]) -> bool:
        """Whether the batch of a delivery that broke while it was being committed is there after all."""
        unsure, self._unsure = self._unsure, None
        if unsure is None or unsure[0] is not given:
            return False
        kept = select(record.c.run).where(record.c.id == unsure[1])
        return connection.execute(kept).scalar() == number

    def end_run(self, number: int, now_ms: int) -> None:
        """Say that the run ended in order."""
        with self._writing(now_ms) as connection:
            values = {"updated_ms": now_ms, "ended_ms": now_ms}
            connection.execute(update(run).where(run.c.id == number).values(values))

    def sweep(self, limits: Limits, now_ms: int, most: int) -> bool:
        """
        Delete the oldest records, at most `most` of them; True when there may be more to delete.

        Args:
            limits: What may stay.
            now_ms: Epoch milliseconds.
            most: Bounds the work of one call.
        """
        with self._writing(now_ms) as connection:
            self._book = self._book.refreshed(connection)
            over = min(most, self._over(connection, limits))
            ids = oldest(connection, over) if over > 0 else []
            gone = remove(self._place.sql, connection, self._book, ids)
            ids = older(connection, limits.oldest_ms, most - gone) if gone < most else []
            gone += remove(self._place.sql, connection, self._book, ids)
        if gone:
            assert self._engine is not None
            self._place.give_back(self._engine)
        return gone >= most

    def _over(self, connection: Connection, limits: Limits) -> int:
        """How many records are too many."""
        there = total(connection)
        used = None if limits.bytes_max is None else self._place.bytes_used(connection)
        of_bytes = 0
        if used is not None and limits.bytes_max is not None and used > limits.bytes_max:
            of_bytes = -(-there * (used - limits.bytes_max) // used)  # as if all were of one size
        return max(there - limits.rows_max, of_bytes)

    @contextmanager
    def _writing(self, now_ms: int) -> Generator[Connection]:
        self.open(now_ms)
        with self._transaction() as connection:
            self._place.sql.begin(connection)
            yield connection

    @contextmanager
    def _transaction(self) -> Generator[Connection]:
        assert self._engine is not None
        try:
            with self._place.failures(), self._engine.begin() as connection:
                yield connection
        except StoreBroken:
            self.close()
            raise


def _put_circuits(connection: Connection, rows: list[dict[str, object]]) -> None:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(circuit)
    changing = {name: statement.excluded[name] for name in rows[0] if name not in _CIRCUIT_KEY}
    connection.execute(
        statement.on_conflict_do_update(index_elements=_CIRCUIT_KEY, set_=changing), rows
    )


_CIRCUIT_KEY = ("run", "exchange", "method", "account")


def _nobody(_: str) -> None:
    return None
