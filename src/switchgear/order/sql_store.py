"""
Owns intents in SQL, a SQLite file or PostgreSQL: opening it, its transactions, and what is raised when they fail.

What a step is in SQL is sql_rows'; the tables are sql_schema's.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.pool import QueuePool, StaticPool

from switchgear.core.errors import SettingsError
from switchgear.observe.store.errors import StoreError
from switchgear.observe.store.sqlite_engine import write_ahead
from switchgear.order.sql_rows import (
    MOVES,
    ONE,
    SWITCHES,
    carry_out,
    intent_of,
    move_of,
    selecting,
    switch_of,
)
from switchgear.order.sql_schema import APPLICATION_ID, HintedCompiler, make_tables
from switchgear.order.store import Switch, Write

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from sqlalchemy import Connection, Engine, Executable, RowMapping
    from sqlalchemy.engine.interfaces import IsolationLevel

    from switchgear.order.intent import Intent, Move
    from switchgear.order.store import IntentQuery, Outcome, Step

LOCK_WAIT_S = 2.0
"""How long one statement waits for another process's lock: an order is waiting too."""
_PAGE_BYTES = 4096
_BYTES_MIN = 100 * _PAGE_BYTES
_SCHEMES = ("postgresql", "postgresql+psycopg", "postgres")
_TURN = APPLICATION_ID + 1
"""PostgreSQL's lock by which transactions go beside each other, or one alone."""
_TRY_AGAIN = frozenset({"40001", "40P01"})
"""PostgreSQL's own words for: you and another process were in each other's way, and you gave in."""
_SERVER: dict[str, str] = {
    "connect_timeout": "5",
    # A server that fell silent is given up; the system's own patience is a quarter of an hour.
    "keepalives_idle": "10",
    "tcp_user_timeout": "10000",
}


class SqlStore:
    """
    An IntentStore in SQL; several processes may use the same one at once.

    Args:
        where: The path of a SQLite file, made when missing, or `postgresql://…`.
        bytes_max: What the SQLite file may grow to; None for as much as the disk holds.

    Raises:
        SettingsError: It cannot be a journal, or is one of a newer version.
        StoreError: It cannot be used now.
    """

    def __init__(self, where: str | Path, *, bytes_max: int | None = None) -> None:
        self._place = _place(where, bytes_max)
        self._one_at_a_time = Lock()
        self._writing = self._place.writing_engine()
        self._reading = self._place.reading_engine()
        try:
            with _failures(self._place.shown), self._writing.begin() as connection:
                make_tables(connection, self._place.shown)
        except BaseException:
            self.close()
            raise

    def apply(self, steps: Sequence[Step], *, durable: bool) -> list[Outcome]:
        """
        Carry out steps in order as one transaction, and keep them on disk before this returns where durable.

        A step whose names hold what no database can, NUL or half a character, is refused as SettingsError.

        Raises:
            StoreError: None of them was kept; of a PostgreSQL server that went away while it committed, this
                cannot be known, and the message says so.
        """
        with self._one_at_a_time, _failures(self._place.shown):
            self._place.check()
            try:
                return self._transaction(steps, durable, alone=_is_for_one_alone(steps))
            except DBAPIError as error:
                self._place.failed(self._writing)
                if not _is_worth_another_try(error):
                    raise
            return self._transaction(steps, durable, alone=True)

    def _transaction(self, steps: Sequence[Step], durable: bool, *, alone: bool) -> list[Outcome]:
        with self._writing.connect() as connection:
            self._place.begin(connection, durable=durable, alone=alone)
            outcomes = carry_out(connection, steps)
            try:
                connection.commit()
            except DBAPIError as error:
                # Never tried again: it may have been kept.
                unknown = ": whether it was kept is unknown" if error.connection_invalidated else ""
                raise StoreError(f"{self._place.shown}: {_said(error)}{unknown}") from error
            return outcomes

    def get(self, intent_id: str) -> Intent | None:
        """One intent."""
        found = self._read(ONE, {"at_id": intent_id})
        return intent_of(found[0]) if found else None

    def query(self, query: IntentQuery) -> list[Intent]:
        """Intents, newest first."""
        return [intent_of(row) for row in self._read(selecting(query))]

    def moves(self, intent_id: str) -> list[Move]:
        """The life of an intent, oldest first."""
        return [move_of(row) for row in self._read(MOVES, {"at_id": intent_id})]

    def switches(self) -> list[Switch]:
        """Every kill switch that is on, the longest first."""
        return [switch_of(row) for row in self._read(SWITCHES)]

    def _read(
        self, asked: Executable, values: dict[str, str] | None = None
    ) -> Sequence[RowMapping]:
        with _failures(self._place.shown):
            self._place.check()
            with self._reading.connect() as connection:
                return connection.execute(asked, values).mappings().all()

    def close(self) -> None:
        """Let go of what is open; the next use opens it again."""
        with self._one_at_a_time:
            self._writing.dispose()
            self._reading.dispose()


class _File:
    """A SQLite file: one connection, kept, that writes; others that only read."""

    def __init__(self, path: Path, bytes_max: int | None) -> None:
        if path.is_dir():
            raise SettingsError("journal", str(path), "must be a file; it is a folder")
        if not path.parent.is_dir():
            raise SettingsError("journal", str(path), "must be in a folder that exists")
        self.shown = path.name
        self._path = path
        self._bytes_max = bytes_max
        self._opened: tuple[int, int] | None = None

    def writing_engine(self) -> Engine:
        engine = create_engine("sqlite://", creator=self._connect_writing, poolclass=StaticPool)
        event.listen(engine, "begin", _take_write_lock)
        return engine

    def reading_engine(self) -> Engine:
        def connect() -> sqlite3.Connection:
            return self._connect("ro")

        engine = create_engine("sqlite://", creator=connect, poolclass=QueuePool, max_overflow=-1)
        engine.dialect.statement_compiler = HintedCompiler
        return engine

    def check(self) -> None:
        """StoreError when the file is not the one that was opened: what is written there is lost."""
        if self._opened is not None and self._opened != self._identity():
            raise StoreError(f"{self.shown}: the file was moved away while it was in use")

    def begin(self, connection: Connection, *, durable: bool, alone: bool) -> None:
        """Begin a transaction, alone whatever was asked: there is one lock for all that write."""
        del alone
        # Written ahead, a full one syncs with each commit; a normal one leaves that to a later full one.
        wanted = "full" if durable else "normal"
        if connection.info.get("synchronous") != wanted:
            _raw(connection).execute(f"pragma synchronous = {wanted}")
            connection.info["synchronous"] = wanted
        connection.begin()

    def failed(self, engine: Engine) -> None:
        """Nothing: the connection is as good as before."""

    def _connect_writing(self) -> sqlite3.Connection:
        raw = self._connect("rwc")
        try:
            self._check_header(raw)
            write_ahead(raw)
            if self._bytes_max is not None:
                raw.execute(f"pragma max_page_count = {max(1, self._bytes_max // _PAGE_BYTES)}")
        except BaseException:
            raw.close()
            raise
        self._opened = self._opened or self._identity()
        return raw

    def _check_header(self, raw: sqlite3.Connection) -> None:
        # In this order: both come to be at once, so whoever sees tables of ours sees the mark too.
        tables = raw.execute("select count(*) from sqlite_master").fetchone()[0]
        if tables and raw.execute("pragma application_id").fetchone()[0] != APPLICATION_ID:
            allowed = "must be a journal; it is another program's database"
            raise SettingsError("journal", str(self._path), allowed)

    def _connect(self, mode: str) -> sqlite3.Connection:
        # isolation_level None: a transaction begins where we say, not where the driver guesses.
        return sqlite3.connect(
            f"{self._path.absolute().as_uri()}?mode={mode}",
            uri=True,
            timeout=LOCK_WAIT_S,
            isolation_level=None,
            check_same_thread=False,
        )

    def _identity(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino


class _Server:
    """A PostgreSQL database: one connection that writes; others, each a statement at a time, that read."""

    def __init__(self, url: URL) -> None:
        # Without its settings and its password: it stands in messages.
        bare = URL.create("postgresql", url.username, None, url.host, url.port, url.database)
        self.shown = bare.render_as_string()
        self._url = url.set(drivername="postgresql+psycopg")

    def writing_engine(self) -> Engine:
        return self._engine("READ COMMITTED", pool_size=1)

    def reading_engine(self) -> Engine:
        return self._engine("AUTOCOMMIT", pool_pre_ping=True)

    def check(self) -> None:
        """Nothing: the server says by itself what is wrong."""

    def begin(self, connection: Connection, *, durable: bool, alone: bool) -> None:
        """Begin a transaction beside others, or when all others have ended."""
        commit, lock = "on" if durable else "off", "" if alone else "_shared"
        connection.exec_driver_sql(
            f"select set_config('synchronous_commit', '{commit}', true),"
            f" pg_advisory_xact_lock{lock}({_TURN})"
        )

    def failed(self, engine: Engine) -> None:
        """Connect anew next time: the server may be another one by then."""
        engine.dispose()

    def _engine(self, isolation: IsolationLevel, **pool: Any) -> Engine:
        given = self._url.query
        settings = {name: value for name, value in _SERVER.items() if name not in given}
        options = f"-c lock_timeout={int(LOCK_WAIT_S * 1000)} {given.get('options', '')}"
        try:
            return create_engine(
                self._url,
                isolation_level=isolation,
                max_overflow=-1,
                connect_args={**settings, "options": options},
                **pool,
            )
        except ModuleNotFoundError as error:
            allowed = "needs psycopg, version 3, which is not installed"
            raise SettingsError("journal", self.shown, allowed) from error


def _place(where: str | Path, bytes_max: int | None) -> _File | _Server:
    if bytes_max is not None and bytes_max < _BYTES_MIN:
        raise SettingsError("bytes_max", bytes_max, f"must be {_BYTES_MIN} or more")
    name, mark, _ = str(where).partition("://")
    if isinstance(where, Path) or not mark:
        return _File(Path(where), bytes_max)
    if name not in _SCHEMES:
        raise SettingsError("journal", f"{name}://…", "must be a path or postgresql://…")
    if bytes_max is not None:
        raise SettingsError("bytes_max", bytes_max, "only a SQLite file has one")
    try:
        return _Server(make_url(where))
    except (ArgumentError, ValueError):
        # Its own text stays out of the message: there may be a password in it.
        allowed = "must be of the form postgresql://user:password@host:5432/database"
        raise SettingsError("journal", f"{name}://…", allowed) from None


def _take_write_lock(connection: Connection) -> None:
    connection.exec_driver_sql("begin immediate")


def _is_for_one_alone(steps: Sequence[Step]) -> bool:
    # No new intent may be kept by a transaction that began before a switch was on, and ends after; nor by one that
    # another, which adds up the day, cannot see yet.
    return any(
        isinstance(step, Switch) or (isinstance(step, Write) and step.day is not None)
        for step in steps
    )


def _raw(connection: Connection) -> sqlite3.Connection:
    raw = connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)
    return raw


def _is_worth_another_try(error: DBAPIError) -> bool:
    # A connection that broke before the commit took everything with it, so nothing can be kept twice. And whoever
    # was in another's way goes alone the next time.
    return error.connection_invalidated or getattr(error.orig, "sqlstate", None) in _TRY_AGAIN


@contextmanager
def _failures(shown: str) -> Generator[None]:
    """Turn what the databases and SQLAlchemy raise into the two errors that callers know."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, UnicodeError, OverflowError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        if getattr(cause, "sqlite_errorname", "") == "SQLITE_NOTADB":
            raise SettingsError("journal", shown, "must be a journal; it is no database") from error
        raise StoreError(f"{shown}: {_said(error)}") from error


def _said(error: Exception) -> str:
    cause = error.orig if isinstance(error, DBAPIError) else error
    return (str(cause).splitlines() or [type(cause).__name__])[0]
