"""Tests what is a file's alone: its one statement, its room, what lies beside it, and that it can be moved away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Engine, event

from switchgear.core.errors import SettingsError
from switchgear.observe.history import HistoryReader, HistoryWriter, LogQuery
from switchgear.observe.history import writer as writing
from tests.observe.history.kit import START_MS, ask, record, records

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from switchgear.observe.record import LogRecord
    from switchgear.testing import FakeClock

EVERYTHING = LogQuery(limit=10_000)


@pytest.fixture
def where(path: Path) -> Path:
    """A file: what is tested here no server has."""
    return path


def messages(found: list[LogRecord]) -> list[str]:
    """What the records say, oldest first."""
    return [one.message for one in reversed(found)]


def test_a_batch_is_one_statement(
    make: Callable[..., HistoryWriter], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three batches take three inserts: one for each row would take the GIL each time."""
    monkeypatch.setattr(writing, "BATCH_MAX", 1_000)
    statements: list[str] = []

    def ran(_1: object, _2: object, statement: str, *_: object) -> None:
        statements.append(statement)

    writer = make()
    event.listen(Engine, "before_cursor_execute", ran)
    try:
        writer.write(records(1, 2_000))
        writer.write(records(2_001, 2_333))
        assert writer.flush(30.0)
    finally:
        event.remove(Engine, "before_cursor_execute", ran)
    assert sum(one.startswith("INSERT INTO record") for one in statements) == 3


def test_closing_keeps_what_waits_and_ends_the_run(
    make: Callable[..., HistoryWriter], path: Path
) -> None:
    """After close everything is in the one file, the run has an end, and no log of SQLite's own is left."""
    writer = make()
    writer.write(records(1, 1500))
    writer.close()
    writer.close()
    assert [one.name for one in path.parent.iterdir()] == ["log.db"]
    assert HistoryReader(path).count(EVERYTHING) == 1500
    assert HistoryReader(path).runs()[0].ended_ms == START_MS


def test_a_file_that_was_moved_away_is_made_anew(
    writer: HistoryWriter, reader: HistoryReader, path: Path
) -> None:
    """After the file was renamed, as a log rotation does, records go to a new one at the same place."""
    writer.write([record(1)])
    writer.flush()
    path.rename(path.with_name("old.db"))
    for suffix in ("-wal", "-shm"):
        path.with_name(f"log.db{suffix}").rename(path.with_name(f"old.db{suffix}"))
    writer.write([record(2)])
    assert writer.flush()
    assert messages(reader.query(EVERYTHING)) == ["message 2"]
    assert messages(HistoryReader(path.with_name("old.db")).query(EVERYTHING)) == ["message 1"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("rows_max", 0),
        ("age_max_s", 0),
        ("age_max_s", float("nan")),
        ("age_max_s", float("inf")),
        ("age_max_s", "1d"),
        ("rows_max", 1.5),
        ("rows_max", True),
        ("queue_max", -1),
        ("bytes_max", 0),
    ],
)
def test_a_bound_that_cannot_be_is_refused(
    make: Callable[..., HistoryWriter], field: str, value: Any
) -> None:
    """The error names the bound and its value, where it was set."""
    with pytest.raises(SettingsError, match=field):
        make(**{field: value})


def test_a_reader_cannot_change_the_file(writer: HistoryWriter, reader: HistoryReader) -> None:
    """What is not clear goes through a connection that SQLite itself holds to reading."""
    with reader._view._engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        with pytest.raises(Exception, match="readonly"):
            raw.execute("delete from record")


def test_the_oldest_go_when_bytes_are_too_many(
    make: Callable[..., HistoryWriter], path: Path, clock: FakeClock
) -> None:
    """After a sweep records and all that belongs to them fit, the newest stay, and the file gives back its room."""
    make(bytes_max=2_000_000).close()
    writer = make(bytes_max=2_000_000)
    batch = [
        record(n, message=f"message {n} zebra{n}", detail={"filler": "x" * 200})
        for n in range(12_000)
    ]
    writer.write(batch)
    assert writer.flush(30.0)
    clock.advance(writing.SWEEP_EVERY_S)
    assert writer.flush(30.0)
    reader = HistoryReader(path)
    kept = reader.count(EVERYTHING)
    assert 2_000 < kept < 8_000
    assert [one.message for one in reader.query(LogQuery(limit=1))] == [batch[-1].message]
    assert reader.check() == []
    used = (
        "select (page_count - freelist_count) * page_size, page_count * page_size"
        " from pragma_page_count, pragma_freelist_count, pragma_page_size"
    )
    writer.close()
    ((holds, whole),) = ask(path, used)
    assert holds <= 2_000_000
    assert whole == path.stat().st_size
    assert whole - holds < 1_000_000


def test_bytes_that_even_an_empty_file_takes_are_refused(
    make: Callable[..., HistoryWriter],
) -> None:
    """Less than a megabyte would keep nothing at all."""
    with pytest.raises(SettingsError, match="from 1000000"):
        make(bytes_max=999_999)
