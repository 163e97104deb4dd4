"""
Owns the fixtures of the history's tests: a clock, a place, a writer on it that is closed, a reader.

What holds for a file and for a server alike is tested on both; a file of tests for one of them says so by a `where` of
its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from switchgear.observe.history import HistoryReader, HistoryWriter
from switchgear.observe.history import writer as writing
from switchgear.observe.store import sqlite_engine
from switchgear.testing import FakeClock
from tests.order.postgres import Postgres

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(scope="session", autouse=True)
def warmed(tmp_path_factory: pytest.TempPathFactory) -> None:
    """One file made beforehand: Alembic's import is slow, and no test measures it."""
    HistoryWriter(tmp_path_factory.mktemp("warm") / "log.db", FakeClock()).close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No waits for a file that cannot be written; as many tries as ever."""
    for name in ("BUSY_TIMEOUT_S", "WRITE_WAIT_S"):
        monkeypatch.setattr(sqlite_engine, name, 0.005)
    monkeypatch.setattr(writing, "RETRY_WAIT_S", 0.0)


@pytest.fixture
def clock() -> FakeClock:
    """A clock that stands still."""
    return FakeClock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the history is to be; nothing is there yet."""
    return tmp_path / "log.db"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A server for all tests of this process, started when the first of them asks."""
    server = Postgres()
    yield server
    server.end()


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest, path: Path) -> Path | str:
    """A file, or a schema of a server with nothing in it."""
    if request.param == "sqlite":
        return path
    server: Postgres = request.getfixturevalue("postgres")
    return server.fresh()


@pytest.fixture
def make(where: Path | str, clock: FakeClock) -> Iterator[Callable[..., HistoryWriter]]:
    """Makes writers on the place, and closes them in the end."""
    made: list[HistoryWriter] = []

    def writer(**settings: object) -> HistoryWriter:
        made.append(HistoryWriter(where, clock, **settings))  # type: ignore[arg-type]  # as the test gives them
        return made[-1]

    yield writer
    for one in made:
        one.close()


@pytest.fixture
def writer(make: Callable[..., HistoryWriter]) -> HistoryWriter:
    """A writer with everything at its default."""
    return make()


@pytest.fixture
def reader(where: Path | str, clock: FakeClock, writer: HistoryWriter) -> HistoryReader:
    """A reader of the place that the writer made ready."""
    return HistoryReader(where, clock)
