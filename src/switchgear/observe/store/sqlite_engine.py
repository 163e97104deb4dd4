"""
Owns a history in an SQLite file: how it is opened, whether it is one, and what is done with one that is damaged.

What is in it is left to writing and reading. SQLite's own words for a failure end here: above, a file that cannot be
a history is a SettingsError, one that cannot be used now a StoreError.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool, StaticPool

from switchgear.core.errors import SettingsError
from switchgear.observe.store import damage
from switchgear.observe.store.errors import StoreBroken, StoreError
from switchgear.observe.store.room import see_to_room
from switchgear.observe.store.sqlite_sql import SqliteSql
from switchgear.observe.store.versions import HEAD, checked_revision, upgrade

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from sqlalchemy import Connection, Engine

APPLICATION_ID = 0x53574752
"""SWGR, in the file's header: tells our file from any other database."""
BUSY_TIMEOUT_S = 0.25
"""How long a question waits for another process's lock."""
WRITE_WAIT_S = 2.0
"""How long a writer waits for it, in a thread of its own: another's large batch may take as long."""
MIGRATION_WAIT_S = 10.0
"""How long one waits while another process makes the file, or brings it up to date."""
PAGES_MAX = 2**32 - 2
"""As many pages as SQLite allows; a test of a full disk allows fewer."""
GIVEN_BACK_PAGES = 2_000
"""Of one step, 8 MB."""
_TURNS_MAX = 50


class SqliteFile:
    """A history in a file."""

    def __init__(self, path: Path, noted: Callable[[str], object] | None = None) -> None:
        self.path = path
        self.shown = path.name
        self.sql = SqliteSql()
        self._noted = noted
        self._has_room_seen_to = False
        self._look: damage.Look | None = None
        self._looked: tuple[object, int] | None = None
        self._whole: object | None = None

    # ------------------------------------------------------------------------------------- opening

    def writing_engine(self, now_ms: int, said: Callable[[str], object]) -> Engine:
        """One connection, kept, whose transactions take the write lock at once."""
        self._check_place()
        self._end_look(now_ms, said)
        with self.failures():
            found = self._opened(now_ms, said)
        before = self.identity()
        if found is not None:
            with suppress(StoreBroken):  # a disk that fails for a moment looks like damage, once
                return self._made(found, now_ms)
        try:
            return self._made(found, now_ms)
        except StoreBroken as error:
            if found is None:
                raise
            # Of a large file the step to a new shape is the first that reads all of it, or writing it anew.
            self._begin_anew(before, str(error).partition(": ")[2], now_ms, said)
        return self._made(None, now_ms)

    def _made(self, found: str | None, now_ms: int) -> Engine:
        engine = self._engine("rwc", "begin immediate")
        try:
            if found != HEAD:
                self._upgrade(engine)
            if found is not None:
                engine.dispose()  # it opens the file again when it is next used
                self._see_to_room()
                self._begin_look(engine, now_ms)
        except BaseException:
            engine.dispose()
            raise
        return engine

    def reading_engine(self, *, clears: bool = False) -> Engine:
        """A connection for each use; the file is looked at now, and opened anew at each."""
        self.check_readable()
        return self._engine("rw", "begin immediate") if clears else self._engine("ro", "begin")

    def check_readable(self) -> None:
        """
        Nothing, when the file is a history of this version.

        Raises:
            SettingsError: It is missing, is no database, is somebody else's, or has another version's shape.
            StoreError: It cannot be read now.
        """
        if not self.path.is_file():
            raise self._refused("must be a history file; there is none")
        with self.failures(), closing(self._connect("ro")) as raw:
            found = self._revision(raw)
        if found is None:
            raise self._refused("must be a history file; it is empty")
        if found != HEAD:
            raise self._refused(
                "has the shape of an older version; open it once for writing, Switchgear(history=…)"
            )

    def identity(self) -> object | None:
        """The file's own number on its disk."""
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    @contextmanager
    def failures(self) -> Generator[None]:
        """Turn what SQLite and SQLAlchemy raise into the two errors that callers know, and a fault that was found."""
        if self._look is not None and self._look.fault is not None:
            raise StoreBroken(f"{self.shown}: {self._look.fault}")
        try:
            yield
        except (sqlite3.Error, DBAPIError) as error:
            cause = error.orig if isinstance(error, DBAPIError) else error
            name = getattr(cause, "sqlite_errorname", "") or ""
            if name == "SQLITE_NOTADB":
                raise self._refused("must be a history file; it is no database") from error
            kind = StoreBroken if name.startswith("SQLITE_CORRUPT") else StoreError
            raise kind(f"{self.shown}: {cause}") from error

    def _check_place(self) -> None:
        if self.path.is_dir():
            raise self._refused("must be a file; it is a folder")
        if not self.path.parent.is_dir():
            raise self._refused("must be in a folder that exists")

    def _refused(self, allowed: str) -> SettingsError:
        return SettingsError("history", str(self.path), allowed)

    def _opened(self, now_ms: int, said: Callable[[str], object]) -> str | None:
        """The shape of the file; None when there is nothing in it, or when it was damaged and is not there any more."""
        before = self.identity()
        found, fault = self._found()
        if fault is not None:  # a disk that fails for a moment looks like damage, once
            found, fault = self._found()
        if fault is None:
            return found
        self._begin_anew(before, fault, now_ms, said)
        return None

    def _found(self) -> tuple[str | None, str | None]:
        """The shape of the file, and what is wrong with it, on a connection of its own."""
        with closing(self._connect("rwc")) as raw:
            try:
                found = self._revision(raw)
                if found is None:
                    return None, None
                return found, damage.fault_of(raw, self.path, is_old=found != HEAD)
            except sqlite3.DatabaseError as error:
                if not damage.is_corrupt(error):
                    raise
                return None, str(error)

    def _begin_anew(
        self, before: object | None, fault: str, now_ms: int, said: Callable[[str], object]
    ) -> None:
        if before is not None and before == self.identity():  # nobody else was faster
            aside = damage.move_aside(self.path, now_ms)
            said(f"{self.shown} is damaged ({fault}); it was moved to {aside}, and a new one begun")

    def _revision(self, raw: sqlite3.Connection) -> str | None:
        """The shape of the file; None when there is nothing in it."""
        # In this order: another process may finish making the file between the two.
        tables = raw.execute("select count(*) from sqlite_master").fetchone()[0]
        application_id = raw.execute("pragma application_id").fetchone()[0]
        if application_id != APPLICATION_ID:
            if tables:
                raise self._refused("must be a history file; it is another program's database")
            return None
        found = str(raw.execute("select version_num from alembic_version").fetchone()[0])
        return checked_revision(found, str(self.path))

    def _upgrade(self, engine: Engine) -> None:
        with self.failures(), engine.connect() as connection:
            _raw(connection).execute(f"pragma busy_timeout = {MIGRATION_WAIT_S * 1000:.0f}")
            # Under the write lock: of two processes that start at once, the second finds the work done.
            if self._revision(_raw(connection)) != HEAD:
                with connection.begin():
                    if self._revision(_raw(connection)) != HEAD:
                        upgrade(connection)
                        connection.exec_driver_sql(f"pragma application_id = {APPLICATION_ID}")
            _raw(connection).execute(f"pragma busy_timeout = {WRITE_WAIT_S * 1000:.0f}")

    # ----------------------------------------------------------------------- a look while it is used

    def _begin_look(self, engine: Engine, now_ms: int) -> None:
        """Of a large file only the ends were read: the rest is, while the engine has it open."""
        of = self.identity()
        if of == self._whole or self.path.stat().st_size <= damage.QUICK_BYTES_MAX:
            return
        if self._looked is not None:
            last, at_ms = self._looked
            if of == last and 0 <= now_ms - at_ms < damage.LOOK_AGAIN_MS:
                return
        with self.failures():
            look = self._look = damage.Look(lambda: self._connect("rw"), of)
        self._looked = of, now_ms

        def ended(_: Engine) -> None:
            look.end()

        event.listen(engine, "engine_disposed", ended)

    def _end_look(self, now_ms: int, said: Callable[[str], object]) -> None:
        """Act on what the last look found; what it read to the end is not read again by this process."""
        look = self._look
        if look is None:
            return
        look.end()
        if look.fault is not None:
            self._begin_anew(look.of, look.fault, now_ms, said)
        elif look.is_done:
            self._whole = look.of
        self._look = None

    # ---------------------------------------------------------------------------------- its room

    def _see_to_room(self) -> None:
        if self._has_room_seen_to:
            return
        with self.failures():
            left = see_to_room(self.path, lambda: self._connect("rw"))
        self._has_room_seen_to = True
        if left is not None and self._noted is not None:
            self._noted(left)

    def bytes_used(self, connection: Connection) -> int | None:
        """The pages of the file that hold something."""
        pages, free, size = (
            connection.exec_driver_sql(f"pragma {name}").scalar_one()
            for name in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * size)

    def give_back(self, engine: Engine) -> None:
        """Some free pages to the disk, at its next checkpoint; one that `room` had to leave keeps them for itself."""
        with self.failures(), engine.connect() as connection:
            # As a script: of a single statement the driver takes the first step, which is one page.
            _raw(connection).executescript(f"pragma incremental_vacuum({GIVEN_BACK_PAGES})")

    # --------------------------------------------------------------------------------- connections

    def _engine(self, mode: str, begin: str) -> Engine:
        def connect() -> sqlite3.Connection:
            raw = self._connect(mode)
            try:
                if mode == "rwc":
                    _prepare(raw)
                    raw.execute(f"pragma busy_timeout = {WRITE_WAIT_S * 1000:.0f}")
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

    def _connect(self, mode: str) -> sqlite3.Connection:
        # isolation_level None: a transaction begins where we say, not where the driver guesses. Threads take turns
        # under locks of our own.
        return sqlite3.connect(
            f"{self.path.absolute().as_uri()}?mode={mode}",
            uri=True,
            timeout=BUSY_TIMEOUT_S,
            isolation_level=None,
            check_same_thread=False,
        )


def _raw(connection: Connection) -> sqlite3.Connection:
    raw = connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)
    return raw


def _prepare(raw: sqlite3.Connection) -> None:
    raw.execute(
        "pragma auto_vacuum = incremental"
    )  # heard while the file is empty, and never after
    write_ahead(raw)
    # A crash of the machine can cost the last batches, never the file.
    raw.execute("pragma synchronous = normal")
    raw.execute(f"pragma max_page_count = {PAGES_MAX}")
    raw.execute("pragma cache_size = -16384")  # 16 MB: the ends of all indexes


def write_ahead(raw: sqlite3.Connection) -> None:
    """Readers never wait for the writer. Of several that turn it on at once SQLite lets none wait: so do we."""
    for turn in range(_TURNS_MAX):
        try:
            raw.execute("pragma journal_mode = wal")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_BUSY" or turn == _TURNS_MAX - 1:
                raise
            raw.execute("begin exclusive")  # waits until the others are done
            raw.execute("rollback")
        else:
            return
