"""Tests that who reads a history never mixes two: by threads, exports and tails, whatever happens to it."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from switchgear.observe.history import HistoryReader, HistoryWriter, LogQuery, StoreError
from switchgear.observe.history import reader as reading
from switchgear.observe.history.export import exported
from switchgear.observe.store.shapes import ShapeBook
from switchgear.server.file_records import FileRecords
from tests.observe.history.kit import KEY, record, records

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchgear.testing import FakeClock
    from tests.order.postgres import Postgres

OLDER = """
delete from record where id > 20; delete from word where id > 20;
delete from rollup where id_min > 20; update state set newest = 20; delete from shape where id > 1
"""
"""Makes a server's history one that was restored from a copy of twenty records, as far as a reader can see."""


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


def older_copy(
    make: Callable[..., HistoryWriter], where: Path | str, request: pytest.FixtureRequest
) -> Callable[[], object]:
    """Make a history of forty records; gives what puts a copy of when it had twenty in its place."""
    writer = make()
    writer.write(records(1, 20))
    writer.close()
    copy = shutil.copy(where, f"{where}.copy") if isinstance(where, Path) else None
    writer = make()
    writer.write(records(21, 40, method="get_forty"))
    writer.close()
    if isinstance(where, Path) and copy is not None:
        return lambda: shutil.copyfile(copy, where)  # the same file on the disk, as `cp` leaves it
    server: Postgres = request.getfixturevalue("postgres")
    return lambda: [server.ask(str(where), one) for one in OLDER.split(";")]


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_an_export_that_meets_an_older_copy_says_that_it_is_not_whole(
    make: Callable[..., HistoryWriter],
    where: Path | str,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    form: str,
) -> None:
    """It breaks off with what it had, and its last line says so, of a file and of a server."""
    monkeypatch.setattr(reading, "EXPORT_PAGE", 10)
    put_back = older_copy(make, where, request)
    pieces = exported(form, HistoryReader(where).export(LogQuery()))
    begun = [next(pieces), next(pieces)]
    put_back()
    last = [*begun, *pieces][-1].decode()
    assert "the history is another one than a moment ago" in last
    if form == "csv":
        assert last.startswith('"# not whole: 10 records, then ')
    else:
        told = msgspec.json.decode(last)
        assert (told["whole"], told["records"]) == (False, 10)


def test_an_export_meets_an_older_copy_after_its_last_record(
    make: Callable[..., HistoryWriter],
    where: Path | str,
    request: pytest.FixtureRequest,
) -> None:
    """Also where all records were read: nobody knows then whether they were of one history."""
    put_back = older_copy(make, where, request)
    export = HistoryReader(where).export(LogQuery())
    assert next(export).message == "message 40"
    put_back()
    with pytest.raises(StoreError, match="another one than a moment ago"):
        list(export)


def test_an_export_meets_an_older_copy_that_has_grown_since(
    path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More was written to the copy than the file ever had: it is another file on the disk all the same."""
    monkeypatch.setattr(reading, "EXPORT_PAGE", 10)
    copy = path.with_name("copy.db")
    for last in (20, 40):
        writer = HistoryWriter(path, clock)
        writer.write(records(last - 19, last))
        writer.close()
        if last == 20:
            shutil.copy(path, copy)
    writer = HistoryWriter(copy, clock)
    writer.write(records(101, 200))
    writer.close()
    export = HistoryReader(path).export(LogQuery())
    assert next(export).message == "message 40"
    copy.rename(path)
    with pytest.raises(StoreError, match="another one than a moment ago"):
        list(export)


def test_an_export_is_whole_while_the_history_is_written_and_cleared(
    make: Callable[..., HistoryWriter], where: Path | str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a history does by itself is no other history: new records, and the newest deleted."""
    monkeypatch.setattr(reading, "EXPORT_PAGE", 10)
    writer = make()
    writer.write([*records(1, 29), record(30, event="call_failed")])
    assert writer.flush()
    reader = HistoryReader(where)
    export = reader.export(LogQuery())
    assert next(export).id == 30
    assert reader.clear(LogQuery(event="call_failed"), 1) == 1
    writer.write([record(31)])
    assert writer.flush()
    assert [one.id for one in export] == list(range(29, 0, -1))


def test_an_older_copy_is_read_by_its_own_names(
    make: Callable[..., HistoryWriter],
    where: Path | str,
    request: pytest.FixtureRequest,
) -> None:
    """What it gives a number for after it was put back is not taken for what had that number before."""
    put_back = older_copy(make, where, request)
    reader = HistoryReader(where)
    assert reader.methods() == [KEY.method, "get_forty"]
    put_back()
    writer = make()
    writer.write([record(1, method="get_other")])
    assert writer.flush()
    assert reader.methods() == [KEY.method, "get_other"]


def test_an_older_copy_that_went_another_way_is_read_by_its_own_names(
    path: Path, clock: FakeClock
) -> None:
    """Also where it has as many records and names as the file had: it is another file on the disk."""

    def keep(where: Path, name: str) -> None:
        writer = HistoryWriter(where, clock)
        writer.write([record(1, method=name)])
        writer.close()

    copy = path.with_name("copy.db")
    keep(path, "get_first")
    shutil.copy(path, copy)
    keep(path, "get_second")
    keep(copy, "get_third")
    reader = HistoryReader(path)
    assert reader.methods() == ["get_first", "get_second"]
    copy.rename(path)
    assert reader.methods() == ["get_first", "get_third"]


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
