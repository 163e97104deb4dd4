"""Owns what is written to the file, each delivery in one transaction.

When to write, and what if not, is history's.
"""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects import sqlite

from switchgear.observe.store.engine import failures, writing_engine
from switchgear.observe.store.rows import COLUMNS, clean_values_of, row_of_circuit, values_of
from switchgear.observe.store.schema import circuit, record, run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sqlalchemy import Connection, Engine

    from switchgear.observe.record import LogRecord
    from switchgear.observe.store.model import CircuitSnapshot

RUNS_KEPT = 50
"""Circuits of older runs are forgotten when a run begins."""


class Store:
    """The file, for one writer at a time; opens itself, and again when the file was moved away."""

    def __init__(self, path: Path, *, bytes_max: int | None = None) -> None:
        self.path = path
        self._bytes_max = bytes_max
        self._engine: Engine | None = None
        self._opened: tuple[int, int] | None = None

    def open(self) -> None:
        """
        Make the file ready; costs one look at it when it is.

        Raises:
            SettingsError: It cannot be a history.
            StoreError: It cannot be used now.
        """
        if self._engine is not None and self._opened == self._identity():
            return
        self.close()
        self._engine = writing_engine(self.path, self._bytes_max)
        self._opened = self._identity()

    def close(self) -> None:
        """Let go of the file; the next use opens it again."""
        if self._engine is not None:
            self._engine.dispose()
        self._engine = None

    def same_file(self) -> bool:
        """Whether the file that was opened last is still the one at its path."""
        return self._opened is not None and self._opened == self._identity()

    def begin_run(self, now_ms: int) -> int:
        """The number of a new run of this process."""
        with failures(self.path), self._ready().begin() as connection:
            values = {
                "pid": os.getpid(),
                "started_ms": now_ms,
                "updated_ms": now_ms,
                "lost_below_warning": 0,
                "lost_from_warning": 0,
            }
            made = connection.execute(insert(run).values(values))
            number = int(made.lastrowid)
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
            self._deliver(number, values_of(number, records), *rest)
        except _NOT_TAKEN:
            self._deliver(number, clean_values_of(number, records), *rest)

    def _deliver(
        self,
        number: int,
        values: Sequence[object],
        circuits: Sequence[CircuitSnapshot],
        lost: tuple[int, int],
        now_ms: int,
    ) -> None:
        with failures(self.path), self._ready().begin() as connection:
            _insert(connection, values)
            if circuits:
                _put(connection, [row_of_circuit(number, one) for one in circuits])
            beat = {
                "updated_ms": now_ms,
                "lost_below_warning": lost[0],
                "lost_from_warning": lost[1],
            }
            connection.execute(update(run).where(run.c.id == number).values(beat))

    def end_run(self, number: int, now_ms: int) -> None:
        """Say that the run ended in order."""
        with failures(self.path), self._ready().begin() as connection:
            values = {"updated_ms": now_ms, "ended_ms": now_ms}
            connection.execute(update(run).where(run.c.id == number).values(values))

    def sweep(self, rows_max: int, oldest_ms: int, most: int) -> bool:
        """
        Delete the oldest records, at most `most` of them; True when there may be more to delete.

        Args:
            rows_max: As many may stay.
            oldest_ms: Older ones go, however few there are.
            most: Bounds the work of one call.
        """
        with failures(self.path), self._ready().begin() as connection:
            total = connection.execute(select(func.count()).select_from(record)).scalar_one()
            over = min(most, total - rows_max)
            gone = _delete_oldest(connection, over) if over > 0 else 0
            gone += _delete_older(connection, oldest_ms, most - gone)
            return gone >= most

    def _ready(self) -> Engine:
        self.open()
        assert self._engine is not None
        return self._engine

    def _identity(self) -> tuple[int, int] | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino


_CHUNKS = (1_000, 256, 64, 16, 4, 1)
"""Rows of one statement: few sizes, so that the driver keeps each of them ready."""


_NOT_TAKEN = (ValueError, TypeError, OverflowError, RecursionError)
"""What is raised of a value that a file cannot hold, by us or by the driver."""


def _insert(connection: Connection, values: Sequence[object]) -> None:
    # As many rows as can be in one statement: a statement for each row takes the GIL again for each row.
    width, done = 1 + len(COLUMNS), 0
    for rows in _CHUNKS:
        while len(values) - done >= rows * width:
            chunk = values[done : done + rows * width]
            connection.exec_driver_sql(_statement(rows), tuple(chunk))
            done += rows * width


@cache
def _statement(rows: int) -> str:
    one = insert(record).values(dict.fromkeys(("run", *COLUMNS)))
    head, values, group = str(one.compile(dialect=sqlite.dialect())).partition(" VALUES ")
    return head + values + ", ".join([group] * rows)


_CIRCUIT_KEY = ("run", "exchange", "method", "account")


def _put(connection: Connection, rows: list[dict[str, object]]) -> None:
    statement = sqlite.insert(circuit)
    changing = {name: statement.excluded[name] for name in rows[0] if name not in _CIRCUIT_KEY}
    connection.execute(
        statement.on_conflict_do_update(index_elements=_CIRCUIT_KEY, set_=changing), rows
    )


def _delete_oldest(connection: Connection, most: int) -> int:
    oldest = select(record.c.id).order_by(record.c.id).limit(most)
    return connection.execute(delete(record).where(record.c.id.in_(oldest))).rowcount


def _delete_older(connection: Connection, oldest_ms: int, most: int) -> int:
    # Only the head is looked at: ids follow time but for what several processes write at once.
    head = select(record.c.id, record.c.at_ms).order_by(record.c.id).limit(most).subquery()
    older = select(head.c.id).where(head.c.at_ms < oldest_ms)
    return connection.execute(delete(record).where(record.c.id.in_(older))).rowcount
