"""Tests that who reads a history never mixes two: by threads, exports and tails, whatever happens to it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from switchgear.observe.history import HistoryReader, HistoryWriter, LogQuery, StoreError
from switchgear.observe.history import reader as reading
from switchgear.observe.store.shapes import ShapeBook
from switchgear.server.file_records import FileRecords
from tests.observe.history.kit import KEY, record, records

if TYPE_CHECKING:
    from pathlib import Path

    from switchgear.testing import FakeClock


def begin_anew(path: Path) -> None:
    """Move a history away, with all that belongs to it."""
    for suffix in ("-wal", "-shm", ""):
        there = path.with_name(path.name + suffix)
        if there.exists():
            there.rename(there.with_name(f"old.db{suffix}"))


def test_one_threads_names_are_not_anothers(
    writer: HistoryWriter, reader: HistoryReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread that sees less, and is slower, takes no name away from one that sees more."""
    writer.write([record(1)])
    assert writer.flush()
    refreshed, among = ShapeBook.refreshed, type(reader._view.place.sql).among
    has_looked, may_go_on = threading.Event(), threading.Event()
    slow = threading.Thread(target=lambda: reader.count(LogQuery()))

    def slowly(book: ShapeBook, connection: Any) -> ShapeBook:
        found = refreshed(book, connection)
        if threading.current_thread() is slow:
            has_looked.set()
            may_go_on.wait(10)
        return found

    def in_the_middle(*given: Any) -> Any:
        if threading.current_thread() is not slow:
            may_go_on.set()
            slow.join(10)
        return among(*given)

    monkeypatch.setattr(ShapeBook, "refreshed", slowly)
    monkeypatch.setattr(type(reader._view.place.sql), "among", in_the_middle)
    slow.start()
    assert has_looked.wait(10)
    writer.write([record(2, event="call_failed", call_id=7)])
    assert writer.flush()
    assert [one.message for one in reader.attempts(KEY, 7)] == ["message 2"]
    assert reader.count(LogQuery(event="call_failed")) == 1


def test_an_export_never_holds_two_histories(
    tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Begun in one and met by another, even an empty one, it breaks off."""
    monkeypatch.setattr(reading, "EXPORT_PAGE", 10)
    path = tmp_path / "log.db"
    writer = HistoryWriter(path, clock)
    writer.write(records(1, 20))
    writer.close()
    export = HistoryReader(path).export(LogQuery())
    assert next(export).message == "message 20"
    begin_anew(path)
    HistoryWriter(path, clock).close()
    with pytest.raises(StoreError, match="another one than a moment ago"):
        list(export)


@pytest.mark.parametrize("count", [2, 9])
def test_a_tail_goes_on_in_the_history_that_was_begun_anew(
    tmp_path: Path, clock: FakeClock, count: int
) -> None:
    """From its first record, whether or not it already has as many as the one before."""
    path = tmp_path / "log.db"
    writer = HistoryWriter(path, clock)
    writer.write(records(1, 5))
    writer.close()
    tail = FileRecords(HistoryReader(path)).tail(LogQuery(), 3)
    assert [one.id for one in tail.take()[0]] == [4, 5]
    begin_anew(path)
    writer = HistoryWriter(path, clock)
    writer.write(records(101, 100 + count))
    writer.close()
    told = [one.message for one in tail.take()[0]]
    assert told == [f"message {number}" for number in range(101, 101 + count)]
    assert tail.take() == ((), 0)


def test_a_tail_tells_nothing_again_when_the_newest_are_cleared(
    writer: HistoryWriter, reader: HistoryReader
) -> None:
    """An id that is gone is not a history that was begun anew."""
    writer.write([*records(1, 4), record(5, event="call_failed")])
    assert writer.flush()
    tail = FileRecords(reader).tail(LogQuery(), 0)
    assert len(tail.take()[0]) == 5
    assert reader.clear(LogQuery(event="call_failed"), 1) == 1
    assert tail.take() == ((), 0)
    writer.write([record(6)])
    assert writer.flush()
    assert [one.message for one in tail.take()[0]] == ["message 6"]
