"""Tests what a server costs that goes away: records, counted and said; and that no password is ever shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import switchgear as sg
from switchgear.core.errors import SettingsError
from switchgear.observe.history import HistoryReader, HistoryWriter, LogQuery, StoreError
from switchgear.observe.store import postgres_engine
from switchgear.server.history_source import HistorySource
from tests.observe.history.kit import program, record, records
from tests.order.postgres import Postgres

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from switchgear.testing import FakeClock

EVERYTHING = LogQuery(limit=10_000)


@pytest.fixture
def where(postgres: Postgres) -> str:
    """A server: what is tested here no file has."""
    return postgres.fresh()


@pytest.fixture
def own() -> Iterator[Postgres]:
    """A server that a test may stop."""
    server = Postgres()
    yield server
    server.end()


@pytest.mark.usefixtures("impatient")
def test_a_server_that_goes_away_costs_records(own: Postgres, clock: FakeClock) -> None:
    """What comes while it is gone is lost, counted and said once; when it is back records are kept again."""
    said: list[Any] = []
    url = own.fresh()
    writer = HistoryWriter(url, clock, on_lost=said.append, on_back=said.append)
    reader = HistoryReader(url, clock)
    writer.write([record(1)])
    assert writer.flush()
    own.stop()
    writer.write(records(2, 4))
    assert writer.flush(30.0)
    with pytest.raises(StoreError, match="postgresql://"):
        reader.query(EVERYTHING)
    own.start()
    writer.write([record(5)])
    assert writer.flush(30.0)
    assert [one.message for one in reader.query(EVERYTHING)] == ["message 5", "message 1"]
    assert (said[1:], writer.lost["below_warning"]) == ([3], 3)
    assert reader.check() == []
    writer.close()
    reader.close()


@pytest.mark.usefixtures("impatient")
def test_a_gear_calls_on_without_its_server(clock: FakeClock) -> None:
    """A server that is not there at all costs records, never a call, and not the start of the program."""
    url = "postgresql://trader:s3cret@127.0.0.1:9/nowhere?connect_timeout=1"
    with sg.Switchgear(history=url) as gear:
        assert gear.call_sync("binance", "get_time", int) == 0
        gear.flush()
        gear.flush()  # what the writer said of the first
        assert gear.history is not None
        assert sum(gear.history.lost.values()) > 0
        said = [one.message for one in gear.ring.records() if one.event == "store_lost"]
        assert len(said) == 1
        assert "s3cret" not in said[0]
        assert "trader@127.0.0.1:9" in said[0]


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("postgresql://user:s3cret@host:port/db", "of the form postgresql://"),
        ("mysql://user:s3cret@host/db", "must be a path or postgresql://"),
        ("sqlite:///s3cret.db", "must be a path or postgresql://"),
    ],
)
def test_a_url_that_cannot_be_is_refused_without_its_secrets(
    clock: FakeClock, url: str, allowed: str
) -> None:
    """The error names the scheme and what is allowed."""
    with pytest.raises(SettingsError, match=allowed) as caught:
        HistoryWriter(url, clock)
    assert "s3cret" not in str(caught.value)


def test_the_page_names_a_server_without_its_secrets(writer: HistoryWriter, where: str) -> None:
    """Neither the password nor the settings of the URL stand in the name that the page shows."""
    user, _, host = where.partition("@")
    source = HistorySource(f"{user}:s3cret@{host}")
    assert source.status().name == "postgresql://postgres@/postgres"
    assert source.status().source == "history"


def test_a_server_has_no_bound_of_bytes(clock: FakeClock, where: str) -> None:
    """What was deleted there is the server's to use again, so nobody can promise it."""
    with pytest.raises(SettingsError, match="only a SQLite file has one"):
        HistoryWriter(where, clock, bytes_max=10**9)


def test_ids_come_to_be_seen_in_order(
    make: Callable[..., HistoryWriter],
    where: str,
    postgres: Postgres,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While one writer is in the middle of a transaction no other gets ids: a tail that looks on skips nothing."""
    monkeypatch.setattr(postgres_engine, "LOCK_WAIT_S", 30.0)
    writer = make()
    writer.write([record(1)])
    assert writer.flush()
    with postgres.halfway(where, f"select pg_advisory_xact_lock({0x53574752})"):
        writer.write([record(2)])
        assert not writer.flush(0.05)
    assert writer.flush()
    reader = HistoryReader(where)
    assert [one.id for one in reader.query(EVERYTHING)] == [2, 1]


@pytest.mark.slow  # starts a process
def test_a_killed_program_leaves_whole_tables(
    where: str, make: Callable[..., HistoryWriter]
) -> None:
    """After kill -9 in the middle of writing there are whole batches, and sums and words are theirs."""
    make()
    body = (
        "import itertools\n"
        "for n in itertools.count(1): writer.write(records(n, n)); n % 500 or writer.flush()\n"
    )
    reader = HistoryReader(where)
    with program(where, body) as child:
        while reader.newest_id() < 2000:
            assert child.poll() is None
        child.kill()
    found = [one.message for one in reader.export(EVERYTHING)]
    assert found == [f"message {n}" for n in range(len(found), 0, -1)]
    assert reader.check() == []


def test_a_server_that_fell_silent_is_asked_often(reader: HistoryReader) -> None:
    """The system's own patience between two signs of life is more than a minute."""
    with reader._view._engine.connect() as connection:
        raw: Any = connection.connection.driver_connection
        told = raw.info.get_parameters()
    assert (told["keepalives_idle"], told["keepalives_interval"]) == ("10", "5")
