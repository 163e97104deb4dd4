"""Owns the fixtures of the stores' tests: a PostgreSQL server, and a store or a place of each kind, empty."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from switchgear.order import sql_store
from switchgear.order.store import MemoryStore
from tests.order.postgres import Postgres
from tests.order.stores import Place

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from switchgear.order.store import IntentStore


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A server for all tests of this process, started when the first of them asks."""
    server = Postgres()
    yield server
    server.end()


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """A file, or a schema of the server."""
    yield from _place(request, tmp_path)


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[IntentStore]:
    """One store of each kind."""
    if request.param == "memory":
        yield MemoryStore()
        return
    for found in _place(request, tmp_path):
        yield found.open()


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Place]:
    """Where a SQLite file is to be; nothing is there yet."""
    with Place(tmp_path / "orders.db") as made:
        yield made


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long for a lock."""
    monkeypatch.setattr(sql_store, "LOCK_WAIT_S", 0.01)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is in another's way waits as long as a busy machine takes."""
    monkeypatch.setattr(sql_store, "LOCK_WAIT_S", 30.0)


@pytest.fixture
def schema(postgres: Postgres) -> Iterator[Place]:
    """A schema of the server."""
    with Place(postgres.fresh(), postgres) as made:
        yield made


def _place(request: pytest.FixtureRequest, folder: Path) -> Iterator[Place]:
    if request.param == "sqlite":
        with Place(folder / "orders.db") as made:
            yield made
        return
    server: Postgres = request.getfixturevalue("postgres")
    with Place(server.fresh(), server) as made:
        yield made
