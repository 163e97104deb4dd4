"""Tests that a damaged file is moved aside and a new one begun, and that what is kept is whole whatever happens."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

import switchgear as sg
from switchgear.core.words import Level
from switchgear.observe.history import HistoryReader, HistoryWriter, LogQuery
from switchgear.observe.store import damage
from tests.observe.history.kit import START_MS, program, record, records

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
