"""
Owns the file: how it is opened, and whether it is a history that this version knows.

What is in it is left to writing and reading. SQLite's own words for a failure end here: above, a
file that cannot be a history is a SettingsError, one that cannot be used now a StoreError.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool, StaticPool

from switchgear.core.errors import SettingsError
from switchgear.observe.store.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Generator

    from sqlalchemy import Connection, Engine

APPLICATION_ID = 0x53574752
"""SWGR, in the file's header: tells our file from any other database."""
REVISIONS = ("0001",)
"""Every shape that this version can read or bring up to date, oldest first."""
HEAD = REVISIONS[-1]
BUSY_TIMEOUT_S = 0.25
"""How long one statement waits for another process's lock."""
_PAGE_BYTES = 4096


@contextmanager
def failures(path: Path) -> Generator[None]:
    """Turn what SQLite and SQLAlchemy raise into the two errors that callers know."""
    try:
        yield
    except (sqlite3.Error, DBAPIError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        if getattr(cause, "sqlite_errorname", "") == "SQLITE_NOTADB":
            raise SettingsError(
                "history", str(path), "must be a history file; it is no database"
            ) from error
        raise StoreError(f"{path.name}: {cause}") from error


def writing_engine(path: Path, bytes_max: int | None) -> Engine:
    """One connection, kept, whose transactions take the write lock at once.

    Brings the file up to date.
    """
    _check_place(path)
    with failures(path), closing(_connect(path, "rwc")) as raw:
        found = _revision(raw, path)
    engine = _engine(path, "rwc", "begin immediate", bytes_max)
    try:
        if found != HEAD:
            _migrate(engine, path)
    except BaseException:
        engine.dispose()
        raise
    return engine


def reading_engine(path: Path, *, clears: bool = False) -> Engine:
    """A connection for each use, from any thread; it can change nothing unless it clears."""
    check_readable(path)
    return _engine(path, "rw", "begin immediate") if clears else _engine(path, "ro", "begin")


def check_readable(path: Path) -> None:
    """
    Nothing, when the file is a history of this version.

    Raises:
        SettingsError: It is missing, is no database, is somebody else's, or has another version's
            shape.
        StoreError: It cannot be read now.
    """
    if not path.is_file():
        raise SettingsError("history", str(path), "must be a history file; there is none")
    with failures(path), closing(_connect(path, "ro")) as raw:
        found = _revision(raw, path)
    if found is None:
        raise SettingsError("history", str(path), "must be a history file; it is empty")
    if found != HEAD:
        allowed = (
            "has the shape of an older version; open it once for writing, Switchgear(history=…)"
        )
        raise SettingsError("history", str(path), allowed)


def _check_place(path: Path) -> None:
    if path.is_dir():
        raise SettingsError("history", str(path), "must be a file; it is a folder")
    if not path.parent.is_dir():
        raise SettingsError("history", str(path), "must be in a folder that exists")


def _revision(raw: sqlite3.Connection, path: Path) -> str | None:
    """The shape of the file; None when there is nothing in it."""
    # In this order: another process may finish making the file between the two.
    tables = raw.execute("select count(*) from sqlite_master").fetchone()[0]
    application_id = raw.execute("pragma application_id").fetchone()[0]
    if application_id != APPLICATION_ID:
        if tables:
            allowed = "must be a history file; it is another program's database"
            raise SettingsError("history", str(path), allowed)
        return None
    found = str(raw.execute("select version_num from alembic_version").fetchone()[0])
    if found not in REVISIONS:
        allowed = (
            f"is from a newer version of switchgear: its shape is {found}, known is up to {HEAD}"
        )
        raise SettingsError("history", str(path), allowed)
    return found


def _migrate(engine: Engine, path: Path) -> None:
    from alembic import (
        command,
    )  # here: it is slow to import, and a file that is up to date needs none of it
    from alembic.config import Config

    config = Config()
    config.set_main_option(
        "script_location", str(Path(__file__).parent / "migrations").replace("%", "%%")
    )
    config.set_main_option("path_separator", "os")
    with failures(path), engine.begin() as connection:
        # Under the write lock: of two processes that start at once, the second finds the work done.
        if _revision(_raw(connection), path) != HEAD:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.exec_driver_sql(f"pragma application_id = {APPLICATION_ID}")


def _raw(connection: Connection) -> sqlite3.Connection:
    raw = connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)
    return raw


def _engine(path: Path, mode: str, begin: str, bytes_max: int | None = None) -> Engine:
    def connect() -> sqlite3.Connection:
        raw = _connect(path, mode)
        try:
            if mode == "rwc":
                _prepare(raw, bytes_max)
        except BaseException:
            raw.close()
            raise
        return raw

    pool = StaticPool if mode == "rwc" else NullPool
    engine = create_engine("sqlite://", creator=connect, poolclass=pool)

    def began(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "begin", began)
    return engine


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    # isolation_level None: a transaction begins where we say, not where the driver guesses.
    # Threads take turns
    # under locks of our own.
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=BUSY_TIMEOUT_S,
        isolation_level=None,
        check_same_thread=False,
    )


def _prepare(raw: sqlite3.Connection, bytes_max: int | None) -> None:
    raw.execute("pragma journal_mode = wal")  # readers never wait for the writer, nor it for them
    raw.execute(
        "pragma synchronous = normal"
    )  # a crash of the machine can cost the last batches, never the file
    if bytes_max is not None:
        raw.execute(f"pragma max_page_count = {max(1, bytes_max // _PAGE_BYTES)}")
