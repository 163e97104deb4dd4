"""Owns what is asked of the file, each question in statements of its own.

What the answers mean is history's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, select

from switchgear.observe.store.engine import failures, reading_engine
from switchgear.observe.store.model import Run
from switchgear.observe.store.rows import circuit_of_row, record_of_row
from switchgear.observe.store.schema import circuit, record, run

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from sqlalchemy import Column, ColumnElement

    from switchgear.core.words import Key
    from switchgear.observe.query import LogQuery
    from switchgear.observe.record import LogRecord
    from switchgear.observe.store.model import CircuitSnapshot

_ID_MAX = 2**63 - 1


class StoreView:
    """
    The file, for readers in any thread.

    Each question opens it anew, so nothing is held between two.

    Raises:
        SettingsError: When made: the file is no history that this version knows.
        StoreError: From every method: the file cannot be read now.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._engine = reading_engine(path)

    def page(self, query: LogQuery) -> list[LogRecord]:
        """The newest records that match, newest first, at most query.limit."""
        wanted = (
            select(record)
            .where(*_conditions(query))
            .order_by(record.c.id.desc())
            .limit(query.limit)
        )
        with failures(self.path), self._engine.connect() as connection:
            return [record_of_row(row) for row in connection.execute(wanted)]

    def count(self, query: LogQuery, most: int | None = None) -> int:
        """How many records match; when most is given, counting ends there."""
        found = select(record.c.id).where(*_conditions(query)).limit(most).subquery()
        with failures(self.path), self._engine.connect() as connection:
            return connection.execute(select(func.count()).select_from(found)).scalar_one()

    def newest_id(self) -> int:
        """The id of the newest record; 0 when there is none."""
        with failures(self.path), self._engine.connect() as connection:
            return connection.execute(select(func.max(record.c.id))).scalar_one() or 0

    def oldest_ids(self, query: LogQuery, most: int) -> list[int]:
        """The ids of the oldest records that match, at most so many."""
        wanted = select(record.c.id).where(*_conditions(query)).order_by(record.c.id).limit(most)
        with failures(self.path), self._engine.connect() as connection:
            return list(connection.execute(wanted).scalars())

    def delete(self, ids: list[int]) -> int:
        """Delete these records; gives how many there were."""
        clearing = reading_engine(self.path, clears=True)
        with failures(self.path), clearing.begin() as connection:
            return connection.execute(delete(record).where(record.c.id.in_(ids))).rowcount

    def call(self, key: Key, call_id: int, number: int | None) -> list[LogRecord]:
        """The records of one call, oldest first.

        Of the newest run that has it, unless a run is named.
        """
        of_call = [
            record.c.exchange == key.exchange,
            record.c.method == key.method,
            record.c.account == key.account,
            record.c.call_id == call_id,
            record.c.call_id > 0,
        ]
        newest = select(func.max(record.c.run)).where(*of_call).scalar_subquery()
        of_run = record.c.run == (newest if number is None else number)
        wanted = select(record).where(*of_call, of_run).order_by(record.c.id)
        with failures(self.path), self._engine.connect() as connection:
            return [record_of_row(row) for row in connection.execute(wanted)]

    def run_of(self, record_id: int) -> int | None:
        """Which run wrote the record; None when there is no such record."""
        wanted = select(record.c.run).where(record.c.id == record_id)
        with failures(self.path), self._engine.connect() as connection:
            return connection.execute(wanted).scalar_one_or_none()

    def exchanges(self) -> list[str]:
        """Every exchange that a record names, in order."""
        return list(self._steps(record.c.exchange))

    def methods(self, exchange: str) -> list[str]:
        """Every method of an exchange that a record names, in order."""
        return list(self._steps(record.c.method, record.c.exchange == exchange))

    def runs(self) -> list[Run]:
        """Every run, newest first."""
        with failures(self.path), self._engine.connect() as connection:
            rows = connection.execute(select(run).order_by(run.c.id.desc()))
            return [Run(**row) for row in rows.mappings()]

    def circuits(self, numbers: Iterable[int]) -> list[CircuitSnapshot]:
        """The circuits of these runs, by key and run."""
        order = (circuit.c.exchange, circuit.c.method, circuit.c.account, circuit.c.run)
        wanted = select(circuit).where(circuit.c.run.in_(list(numbers))).order_by(*order)
        with failures(self.path), self._engine.connect() as connection:
            return [circuit_of_row(row) for row in connection.execute(wanted)]

    def _steps(self, name: ColumnElement[str], *where: ColumnElement[bool]) -> Iterator[str]:
        # From one name to the next through the index: a distinct would read all of it.
        with failures(self.path), self._engine.connect() as connection:
            last: str | None = ""
            while last is not None:
                step = select(func.min(name)).where(*where, name > last)
                last = connection.execute(step).scalar()
                if last is not None:
                    yield last


def _conditions(query: LogQuery) -> list[ColumnElement[bool]]:
    has = record.c
    equal: tuple[tuple[Column[Any], object], ...] = (
        (has.exchange, query.exchange),
        (has.method, query.method),
        (has.account, query.account),
        (has.event, query.event),
        (has.kind, query.kind),
        (has.call_id, query.call_id),
        (has.run, query.run),
    )
    at_least = (
        (has.level, query.level),
        (has.at_ms, query.since_ms),
        (has.id, _after(query.after_id)),
    )
    at_most = ((has.at_ms, query.until_ms), (has.id, _before(query.before_id)))
    return [
        *(name == value for name, value in equal if value is not None),
        *(name >= int(value) for name, value in at_least if value is not None),
        *(name <= value for name, value in at_most if value is not None),
        *_says(query.text),
    ]


def _after(record_id: int | None) -> int | None:
    return None if record_id is None else min(record_id, _ID_MAX - 1) + 1


def _before(record_id: int | None) -> int | None:
    return None if record_id is None else record_id - 1


def _says(text: str | None) -> list[ColumnElement[bool]]:
    # SQLite's lower knows A to Z alone, as observe.query does.
    return [] if text is None else [func.instr(func.lower(record.c.message), func.lower(text)) > 0]
