"""
Owns a history on a PostgreSQL server: how it is reached, and whether what is there is one.

What is in it is left to writing and reading. A password stands in no message, and no name.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, create_engine, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from switchgear.core.errors import SettingsError
from switchgear.observe.store.errors import StoreBroken, ValueRefused
from switchgear.observe.store.postgres_sql import PostgresSql
from switchgear.observe.store.schema import metadata
from switchgear.observe.store.versions import HEAD, checked_revision, upgrade, version_table

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from sqlalchemy import Connection, Engine
    from sqlalchemy.engine.interfaces import IsolationLevel

LOCK_WAIT_S = 2.0
"""How long one statement waits for another process's lock."""
_VERSION = version_table("postgresql")
_SERVER: dict[str, str] = {
    "connect_timeout": "5",
    # A server that fell silent is given up; the system's own patience is a quarter of an hour.
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "tcp_user_timeout": "10000",
}
_SESSION = f"-c lock_timeout={int(LOCK_WAIT_S * 1000)} -c jit=off -c work_mem=16MB"
"""
Of each connection, where the URL's own options do not say otherwise.

A page is read sooner than compiled, and a hundred thousand finds are sorted in memory.
"""


class PostgresServer:
    """A history in a database of a server, in the first schema of its search path."""

    def __init__(self, where: str) -> None:
        try:
            url = make_url(where)
        except (ArgumentError, ValueError):
            # Its own text stays out of the message: there may be a password in it.
            allowed = "must be of the form postgresql://user:password@host:5432/database"
            raise SettingsError("history", f"{where.partition('://')[0]}://…", allowed) from None
        bare = URL.create("postgresql", url.username, None, url.host, url.port, url.database)
        self.shown = bare.render_as_string()
        self.sql = PostgresSql()
        self._url = url.set(drivername="postgresql+psycopg")
        self._secrets = [str(url.password)] if url.password else []

    def writing_engine(self, now_ms: int, said: Callable[[str], object]) -> Engine:
        """One connection, kept until it breaks. A server sees to damage by itself."""
        del now_ms, said
        engine = self._engine("READ COMMITTED", pool_size=1)
        try:
            with self.failures(), engine.begin() as connection:
                if self._revision(connection) != HEAD:
                    self.sql.begin(connection)
                    if self._revision(connection) != HEAD:  # who was faster has made it
                        upgrade(connection)
        except BaseException:
            engine.dispose()
            raise
        return engine

    def reading_engine(self, *, clears: bool = False) -> Engine:
        """Some connections, kept; what is there is looked at now."""
        engine = self._engine(
            "READ COMMITTED" if clears else "REPEATABLE READ", pool_size=2, pool_pre_ping=True
        )
        try:
            with self.failures(), engine.connect() as connection:
                self._check(self._revision(connection))
        except BaseException:
            engine.dispose()
            raise
        return engine

    def identity(self) -> object | None:
        """Its name: a server takes care that it is the same."""
        return self.shown

    def bytes_used(self, connection: Connection) -> int | None:
        """Nobody can tell: what was deleted stays in the files until the server uses it again."""
        del connection
        return None

    def give_back(self, engine: Engine) -> None:
        """Nothing: the server does that by itself."""
        del engine

    @contextmanager
    def failures(self) -> Generator[None]:
        """Turn what the server and SQLAlchemy raise into the two errors that callers know."""
        try:
            yield
        except Exception as error:
            # A COPY is the driver's own, whose errors nobody wraps.
            ours = isinstance(error, SQLAlchemyError) or type(error).__module__.startswith(
                "psycopg"
            )
            if not ours:
                raise
            cause = error.orig if isinstance(error, DBAPIError) else error
            said = (str(cause).splitlines() or [type(cause).__name__])[0]
            for secret in self._secrets:
                said = said.replace(secret, "***")
            kind = ValueRefused if _is_of_a_value(cause) else StoreBroken
            raise kind(f"{self.shown}: {said}") from None

    def _check(self, found: str | None) -> None:
        if found is None:
            raise self._refused("must be a history; there is none")
        if found != HEAD:
            raise self._refused(
                "has the shape of an older version; open it once for writing, Switchgear(history=…)"
            )

    def _refused(self, allowed: str) -> SettingsError:
        return SettingsError("history", self.shown, allowed)

    def _revision(self, connection: Connection) -> str | None:
        """The shape of the tables; None when there are none."""
        there = set(inspect(connection).get_table_names())
        if _VERSION in there:
            found = connection.execute(text(f"select version_num from {_VERSION}")).scalar()  # noqa: S608  names and numbers of ours alone
            if found is not None:
                return checked_revision(str(found), self.shown)
        if taken := sorted(there & {*metadata.tables, "word"}):
            allowed = f"must be a history; it has another program's tables of the same names: {', '.join(taken)}"
            raise self._refused(allowed)
        return None

    def _engine(self, isolation: IsolationLevel, **pool: Any) -> Engine:
        given = self._url.query
        settings = {name: value for name, value in _SERVER.items() if name not in given}
        options = f"{_SESSION} {given.get('options', '')}"
        try:
            return create_engine(
                self._url,
                isolation_level=isolation,
                poolclass=QueuePool,
                max_overflow=-1,
                connect_args={**settings, "options": options},
                **pool,
            )
        except ModuleNotFoundError as error:
            allowed = "needs the extra postgres: pip install switchgear[history,postgres]"
            raise SettingsError("history", self.shown, allowed) from error


def _is_of_a_value(cause: object) -> bool:
    """Whether it is the driver's DataError; by name, as the driver is an extra."""
    return any(
        kind.__name__ == "DataError" and kind.__module__.startswith("psycopg")
        for kind in type(cause).__mro__
    )
