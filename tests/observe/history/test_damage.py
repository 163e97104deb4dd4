"""Tests that a damaged file is moved aside and a new one begun, and that what is kept is whole whatever happens."""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

import switchgear as sg
from switchgear.core.words import Level
from switchgear.observe.history import HistoryReader, HistoryWriter, LogQuery
from switchgear.observe.store import damage
from switchgear.observe.store.sqlite_engine import SqliteFile
from tests.observe.history.kit import START_MS, ask, program, record, records

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from switchgear.testing import FakeClock

EVERYTHING = LogQuery(limit=10_000)
ASIDE = "log.db.damaged-20260101T000000Z"


@pytest.fixture
def where(path: Path) -> Path:
    """A file: what is tested here no server has."""
    return path


def damaged(path: Path, clock: FakeClock, first: int = 2) -> None:
    """A file most of whose pages hold nonsense, from this one on."""
    writer = HistoryWriter(path, clock)
    writer.write(records(1, 2_000))
    writer.flush()
    writer.close()
    with path.open("r+b") as file:
        file.seek(first * 4096)
        file.write(os.urandom(path.stat().st_size - first * 4096))


@pytest.mark.parametrize("first", [1, 2, 20])
def test_a_damaged_file_is_moved_aside(path: Path, clock: FakeClock, first: int) -> None:
    """It is there under another name, as it was; a new one is begun; and both is said once."""
    damaged(path, clock, first)
    before = path.read_bytes()
    said: list[str] = []
    writer = HistoryWriter(path, clock, on_aside=said.append)
    writer.write([record(1)])
    assert writer.flush()
    assert [one.message for one in HistoryReader(path).query(EVERYTHING)] == ["message 1"]
    assert path.with_name(ASIDE).read_bytes() == before
    assert len(said) == 1
    assert said[0].startswith("log.db is damaged (")
    assert said[0].endswith(f"it was moved to {ASIDE}, and a new one begun")
    writer.close()


def test_a_second_damaged_file_takes_no_others_name(path: Path, clock: FakeClock) -> None:
    """Within one second too: nothing that was moved aside is ever written over."""
    for _ in range(2):
        damaged(path, clock)
        HistoryWriter(path, clock).close()
    names = sorted(one.name for one in path.parent.iterdir())
    assert names == ["log.db", ASIDE, f"{ASIDE}-2"]


def test_a_large_file_is_looked_at_by_its_ends(
    path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that would take long to read as a whole is still found out when its ends are damaged."""
    damaged(path, clock)
    monkeypatch.setattr(damage, "QUICK_BYTES_MAX", 1)
    HistoryWriter(path, clock).close()
    assert path.with_name(ASIDE).exists()


def test_a_whole_large_file_stays(
    path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The look at the ends finds nothing where there is nothing."""
    monkeypatch.setattr(damage, "QUICK_BYTES_MAX", 1)
    for _ in range(2):
        writer = HistoryWriter(path, clock)
        writer.write([record(1)])
        writer.close()
    assert HistoryReader(path).count(EVERYTHING) == 2


def damaged_in_the_middle(path: Path, clock: FakeClock) -> None:
    """A file in which two records in the middle have changed places, which nobody who reads it is told of."""
    writer = HistoryWriter(path, clock)
    writer.write(records(1, 10_000))
    writer.write(records(10_001, 20_000))
    writer.close()
    page = path.read_bytes().index(b"message 10000") // 4096 * 4096
    with path.open("r+b") as file:
        file.seek(page + 8)  # after the page's head: where its first cells lie
        first, second = file.read(2), file.read(2)
        file.seek(page + 8)
        file.write(second + first)


def look_of(writer: HistoryWriter) -> damage.Look | None:
    """The look at all of its file that the writer began."""
    place = writer._store._place
    assert isinstance(place, SqliteFile)
    return place._look


@pytest.mark.usefixtures("impatient")
def test_damage_in_a_large_file_is_found_while_it_is_used(
    path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The start finds nothing at the ends and does not wait; soon after it is moved aside, and nothing new is lost."""
    damaged_in_the_middle(path, clock)
    monkeypatch.setattr(damage, "QUICK_BYTES_MAX", 1)
    said: list[str] = []
    writer = HistoryWriter(path, clock, on_aside=said.append)
    look = look_of(writer)
    assert look is not None
    assert said == []
    assert look.wait(30.0)
    writer.write([record(1)])
    assert writer.flush()
    assert (len(said), sum(writer.lost.values())) == (1, 0)
    assert said[0].startswith("log.db is damaged (")
    assert said[0].endswith(f"it was moved to {ASIDE}, and a new one begun")
    assert [one.message for one in HistoryReader(path).query(EVERYTHING)] == ["message 1"]
    assert ask(path.with_name(ASIDE), "select count(*) from record") == [(20_000,)]
    writer.close()
    assert sorted(one.name for one in path.parent.iterdir()) == ["log.db", ASIDE]


def test_a_large_file_that_is_whole_is_read_once(
    path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is said of it, it stays, and the same process does not read it again when it opens it again."""
    writer = HistoryWriter(path, clock)
    writer.write(records(1, 5_000))
    writer.close()
    monkeypatch.setattr(damage, "QUICK_BYTES_MAX", 1)
    said: list[str] = []
    writer = HistoryWriter(path, clock, on_aside=said.append)
    look = look_of(writer)
    assert look is not None
    assert look.wait(30.0)
    assert (look.is_done, look.fault) == (True, None)
    writer._store.close()
    writer.write([record(1)])
    assert writer.flush()
    assert look_of(writer) is None
    writer.close()
    assert [one.name for one in path.parent.iterdir()] == ["log.db"]
    assert (said, HistoryReader(path).count(EVERYTHING)) == ([], 5_001)


@pytest.mark.parametrize("turn", [1, 2])
def test_a_look_that_is_broken_off_finds_no_fault(path: Path, clock: FakeClock, turn: int) -> None:
    """SQLite takes pages that it did not come to for lost ones: a program that ends early moves no file aside."""
    damaged_in_the_middle(path, clock)
    connected: list[sqlite3.Connection] = []
    in_the_middle, may_go_on = threading.Event(), threading.Event()

    def hold() -> int:
        in_the_middle.set()
        may_go_on.wait(30.0)
        return 0

    def connect() -> sqlite3.Connection:
        raw = sqlite3.connect(path, check_same_thread=False)
        connected.append(raw)
        if len(connected) == turn:
            raw.set_progress_handler(hold, 1)
        return raw

    look = damage.Look(connect, None)
    assert in_the_middle.wait(30.0)
    ending = threading.Thread(target=look.end)
    ending.start()
    assert look._ends.wait(30.0)
    may_go_on.set()
    ending.join(30.0)
    assert not ending.is_alive()
    assert look.wait(0.0)
    assert (look.fault, look.is_done, len(connected)) == (None, False, turn)


def test_a_look_at_a_file_that_cannot_be_read_now_finds_no_fault(
    path: Path, clock: FakeClock
) -> None:
    """A file that another program keeps to itself is not damaged."""
    HistoryWriter(path, clock).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("pragma locking_mode = exclusive")
        other.execute("begin exclusive")
        look = damage.Look(
            lambda: sqlite3.connect(path, timeout=0.01, check_same_thread=False), None
        )
        assert look.wait(30.0)
    assert (look.fault, look.is_done) == (None, False)


def test_closing_ends_the_look(
    path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its thread is gone and the file is let go of, however far it had come."""
    writer = HistoryWriter(path, clock)
    writer.write(records(1, 5_000))
    writer.close()
    monkeypatch.setattr(damage, "QUICK_BYTES_MAX", 1)
    writer = HistoryWriter(path, clock)
    look = look_of(writer)
    assert look is not None
    writer.close()
    assert look.wait(0.0)
    assert [one.name for one in path.parent.iterdir()] == ["log.db"]


@pytest.mark.usefixtures("impatient")
def test_a_file_that_is_damaged_while_it_is_written_is_moved_aside(
    path: Path, clock: FakeClock
) -> None:
    """The writer meets the damage, opens the file anew, and loses nothing of what comes."""
    said: list[str] = []
    writer = HistoryWriter(path, clock, on_aside=said.append)
    writer.write(records(1, 2_000))
    assert writer.flush()
    writer._store.close()
    with path.open("r+b") as file:
        file.seek(2 * 4096)
        file.write(os.urandom(path.stat().st_size - 2 * 4096))
    writer.write([record(2_001)])
    assert writer.flush()
    assert (len(said), sum(writer.lost.values())) == (1, 0)
    reader = HistoryReader(path)
    assert [one.message for one in reader.query(LogQuery(run=writer.run))] == ["message 2001"]
    assert [run.id for run in reader.runs()] == [writer.run]
    assert reader.check() == []
    writer.close()


def test_a_gear_says_so_in_its_log(path: Path, clock: FakeClock) -> None:
    """A program whose history is damaged starts, trades, and says CRITICAL in the new one what became of the old."""
    damaged(path, clock)
    with sg.Switchgear(history=path, clock=clock) as gear:
        assert gear.call_sync("binance", "get_time", int) == 0
    said = HistoryReader(path).query(LogQuery(level=Level.CRITICAL))
    assert [(one.event, ASIDE in one.message) for one in said] == [("note", True)]


def test_a_file_that_is_replaced_while_it_is_written(
    path: Path, clock: FakeClock, tmp_path: Path
) -> None:
    """A backup put in the file's place is written to from then on, by its own names and ids."""
    other = tmp_path / "other.db"
    writer = HistoryWriter(other, clock)
    writer.write([record(n, method=f"get_{n}") for n in range(1, 30)])
    writer.close()
    writer = HistoryWriter(path, clock)
    writer.write([record(1)])
    assert writer.flush()
    reader = HistoryReader(path)
    assert reader.count(EVERYTHING) == 1
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink()
    shutil.move(other, path)
    writer.write([record(2, method="get_7"), record(3, method="get_new")])
    assert writer.flush()
    assert reader.count(EVERYTHING) == 31
    assert reader.methods() == sorted([*(f"get_{n}" for n in range(1, 30)), "get_new"])
    assert reader.check() == []
    writer.close()


def test_a_file_that_is_deleted_while_it_is_written_is_made_anew(
    path: Path, clock: FakeClock
) -> None:
    """What was in it is gone, as somebody wanted; what comes is kept."""
    writer = HistoryWriter(path, clock)
    writer.write([record(1)])
    assert writer.flush()
    for suffix in ("-wal", "-shm", ""):
        path.with_name(path.name + suffix).unlink()
    writer.write([record(2)])
    assert writer.flush()
    reader = HistoryReader(path)
    assert ([one.message for one in reader.query(EVERYTHING)], reader.check()) == (
        ["message 2"],
        [],
    )
    writer.close()


FORKS = """
import warnings; warnings.simplefilter("ignore")
from switchgear.observe.store import damage
damage.QUICK_BYTES_MAX = 1
writer._store.close()
writer.write(records(1, 1)); writer.flush()
assert writer._store._place._look is not None
child = os.fork()
writer.write(records(2, 2)); writer.close()
if child: os.waitpid(child, 0)
else: os._exit(0)
"""


@pytest.mark.slow  # starts processes
def test_a_fork_goes_around_the_look(path: Path, clock: FakeClock) -> None:
    """Its connection crosses no fork: parent and child keep what is theirs, and the file is whole."""
    writer = HistoryWriter(path, clock)
    writer.write(records(1, 20_000))
    assert writer.flush(30.0)
    writer.close()
    with program(path, FORKS) as parent:
        assert parent.wait() == 0
    assert ask(path, "pragma integrity_check") == [("ok",)]
    reader = HistoryReader(path)
    assert (reader.count(LogQuery()), reader.check()) == (20_003, [])


STARTS = """
for n in range(3): writer.write(records(n, n))
print(writer.flush(), sum(writer.lost.values()), flush=True)
"""


@pytest.mark.slow  # starts processes
@pytest.mark.parametrize("turn", range(3))
def test_processes_that_start_at_once_on_no_file_all_come_up(path: Path, turn: int) -> None:
    """One makes the file, all of them keep everything, and what they kept is whole."""
    children = [program(path, STARTS) for _ in range(4)]
    said = [child.communicate()[0] for child in children]
    assert said == ["True 0\n"] * 4
    reader = HistoryReader(path)
    assert (reader.count(LogQuery()), len(reader.runs()), reader.check()) == (12, 4, [])


def test_a_clock_that_goes_back_loses_no_record(
    make: Callable[..., HistoryWriter], path: Path
) -> None:
    """Pages go by id, a range of time finds both sides of the step, and sums count each record where it is dated."""
    writer = make(age_max_s=1e9)
    hour_ms = 3_600_000
    writer.write(records(1, 10))
    writer.write([record(n, at_ms=START_MS - hour_ms + n) for n in range(11, 21)])
    writer.write([record(n, at_ms=START_MS + 5) for n in range(21, 31)])
    assert writer.flush()
    reader = HistoryReader(path)
    assert [one.id for one in reader.query(LogQuery(limit=25))] == list(range(30, 5, -1))
    before = LogQuery(until_ms=START_MS - 1)
    assert [one.id for one in reader.query(before)] == list(range(20, 10, -1))
    at = LogQuery(since_ms=START_MS + 5, until_ms=START_MS + 5)
    assert [one.id for one in reader.query(at)] == [*range(30, 20, -1), 5]
    assert [sum(bar.counts) for bar in reader.overview(LogQuery()).bars if any(bar.counts)] == [
        10,
        20,
    ]
    assert reader.check() == []
