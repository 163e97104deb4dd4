"""
Owns a real PostgreSQL server for tests: one of its own in a folder of its own, reached by a Unix socket alone.

What is kept in it is left to the tests. Its data is not synced: it ends with the tests.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

if TYPE_CHECKING:
    from collections.abc import Generator

    from sqlalchemy import Connection, Row
    from sqlalchemy.engine.interfaces import IsolationLevel

VERSIONS = Path("/usr/lib/postgresql")
"""Where Debian and Ubuntu keep the server's programs, which are not on the path."""
SETTINGS = "-c listen_addresses= -c fsync=off -c deadlock_timeout=50ms"
# A language's order, not that of code points: what must not depend on it is seen to.
INITDB = "--encoding=UTF8 --locale=C.UTF-8 --locale-provider=icu --icu-locale=en-US --auth=trust"


class Postgres:
    """A server of the newest version that is installed, 15 at least; it does not run as root, so it is `postgres`."""

    def __init__(self) -> None:
        self._programs = _programs()
        self._folder = Path(tempfile.mkdtemp(prefix="pg"))
        self._user = "postgres" if os.geteuid() == 0 else None
        if self._user is not None:
            shutil.chown(self._folder, self._user)
        self._numbers = count(1)
        self._run("initdb", *INITDB.split(), "--no-sync", "--username=postgres")
        self.start()

    def start(self) -> None:
        """Start it; it takes connections when this returns."""
        options = f"-k {self._folder} {SETTINGS}"
        log = str(self._folder / "log")
        self._run("pg_ctl", "start", "--wait", "--silent", f"--log={log}", f"--options={options}")

    def stop(self) -> None:
        """Stop it; whoever is connected is thrown out, in the middle of anything."""
        self._run("pg_ctl", "stop", "--wait", "--silent", "--mode=fast")

    def end(self) -> None:
        """Stop it for ever, and leave nothing behind."""
        self._run("pg_ctl", "stop", "--wait", "--silent", "--mode=immediate")
        shutil.rmtree(self._folder)

    def fresh(self) -> str:
        """The URL of a schema with nothing in it."""
        name = f"test_{next(self._numbers)}"
        self.ask(self.url(), f"create schema {name}")
        return f"{self.url()}&options={quote(f'-c search_path={name}')}"

    def url(self) -> str:
        """The database that everybody uses."""
        return f"postgresql://postgres@/postgres?host={self._folder}"

    def ask(self, url: str, sql: str) -> list[Row[tuple[object, ...]]]:
        """What the server answers to one statement, each on a connection of its own."""
        with self._connect(url, "AUTOCOMMIT") as connection:
            found = connection.exec_driver_sql(sql)
            return list(found.all()) if found.returns_rows else []

    @contextmanager
    def halfway(self, url: str, sql: str) -> Generator[None]:
        """A transaction in which one statement was said, and which is undone in the end."""
        with self._connect(url, "READ COMMITTED") as connection:
            connection.exec_driver_sql(sql)
            yield
            connection.rollback()

    def _connect(self, url: str, isolation: IsolationLevel) -> Connection:
        driver = url.replace("postgresql:", "postgresql+psycopg:", 1)
        return create_engine(driver, poolclass=NullPool, isolation_level=isolation).connect()

    def _run(self, program: str, *arguments: str) -> None:
        # Into a file, not a pipe: the server that is started would hold a pipe open for ever.
        with tempfile.TemporaryFile() as said:
            done = subprocess.run(
                [str(self._programs / program), "-D", str(self._folder / "data"), *arguments],
                check=False,
                cwd=self._folder,
                user=self._user,
                group=self._user,
                extra_groups=[] if self._user else None,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                timeout=60,
            )
            said.seek(0)
            assert done.returncode == 0, f"{program}: {said.read().decode()}"


def _programs() -> Path:
    found = sorted(VERSIONS.glob("*/bin"), key=lambda each: int(each.parent.name))
    assert found, "the tests of orders need a PostgreSQL server: apt-get install postgresql"
    return found[-1]
