"""Tests what a file costs that cannot be written: records, counted and said once; never a wait, never an error."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import switchgear as sg
from switchgear.core.errors import SettingsError
from switchgear.core.words import Level
from switchgear.observe.history import HistoryReader, HistoryWriter, LogQuery, StoreError
from switchgear.observe.store import sqlite_engine
from switchgear.testing import FakeClock
from tests.observe.history.kit import ask, program, record, records

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

EVERYTHING = LogQuery(limit=10_000)
NOBODY = 65_534


@pytest.fixture
def where(path: Path) -> Path:
    """A file: what is tested here no server has."""
    return path


class Said:
    """What the writer said, in order: why it lost, how much when it was back."""

    def __init__(self) -> None:
        self.all: list[str | int] = []

    def callbacks(self) -> dict[str, Any]:
        """For the writer."""
        return {"on_lost": self.all.append, "on_back": self.all.append}


@pytest.fixture
def said() -> Said:
    """Nothing was said yet."""
    return Said()


@contextmanager
def locked(path: Path) -> Generator[None]:
    """Another program writes to the file and does not end."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("begin exclusive")
        yield
        other.execute("rollback")


@pytest.mark.usefixtures("impatient")
def test_a_locked_file_costs_records_and_is_said_once(
    make: Callable[..., HistoryWriter], path: Path, clock: FakeClock, said: Said
) -> None:
    """What is handed over while the file is locked is lost, counted by class, and shown when it is back."""
    writer = make(**said.callbacks())
    writer.write([record(1)])
    writer.flush()
    with locked(path):
        writer.write([record(2), record(3, level=Level.ERROR)])
        assert writer.flush()
        writer.write([record(4)])
        assert writer.flush()
        assert said.all == ["log.db: database is locked"]
    writer.write([record(5)])
    assert writer.flush()
    assert said.all == ["log.db: database is locked", 3]
    assert writer.lost == {"below_warning": 2, "from_warning": 1}
    reader = HistoryReader(path, clock)
    assert [one.message for one in reader.query(EVERYTHING)] == ["message 5", "message 1"]
    assert reader.lost() == writer.lost


@pytest.mark.usefixtures("impatient")
def test_a_short_lock_costs_nothing(
    make: Callable[..., HistoryWriter], path: Path, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch is tried again: a lock that ends meanwhile loses no record and is not worth a word."""
    monkeypatch.setattr(sqlite_engine, "WRITE_WAIT_S", 0.1)
    writer = make(**said.callbacks())
    writer.write([record(1)])
    writer.flush()
    with locked(path):
        writer.write([record(2)])
        assert not writer.flush(0.02)
    assert writer.flush()
    assert HistoryReader(path).count(EVERYTHING) == 2
    assert (said.all, writer.lost["below_warning"]) == ([], 0)


@pytest.mark.usefixtures("impatient")
def test_a_file_that_is_locked_from_the_start_is_no_error(
    make: Callable[..., HistoryWriter], path: Path, said: Said
) -> None:
    """The program starts all the same, and its history begins when the lock is gone."""
    make().close()
    with locked(path):
        writer = make(**said.callbacks())
        writer.write([record(1)])
        assert writer.flush()
    writer.write([record(2)])
    assert writer.flush()
    assert said.all == ["log.db: database is locked", 1]
    assert HistoryReader(path).count(EVERYTHING) == 1


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk on which a file of less than half a megabyte has room."""
    monkeypatch.setattr(sqlite_engine, "PAGES_MAX", 110)


@pytest.mark.usefixtures("impatient", "full_disk")
def test_a_full_disk_costs_records_never_the_file(
    make: Callable[..., HistoryWriter], path: Path, clock: FakeClock, said: Said
) -> None:
    """When no page is left records are lost and counted; what was kept before is whole, and the loss is shown."""
    writer = make(**said.callbacks())
    for first in range(1, 4000, 500):
        writer.write(records(first, first + 499, detail={"filler": "x" * 100}))
        assert writer.flush()
    assert writer.flush()  # a sign of life, which carries the count
    assert said.all == ["log.db: database or disk is full"]
    reader = HistoryReader(path, clock)
    assert 0 < writer.written == reader.count(EVERYTHING) < 4000
    assert writer.written + writer.lost["below_warning"] == 4000
    assert reader.lost() == writer.lost
    assert path.stat().st_size <= 110 * 4096
    assert (ask(path, "pragma integrity_check"), reader.check()) == ([("ok",)], [])


@pytest.mark.usefixtures("impatient", "full_disk")
def test_a_full_disk_that_has_room_again_is_used_again(
    make: Callable[..., HistoryWriter], path: Path, said: Said
) -> None:
    """After records were cleared the next ones are kept, and what was lost is said."""
    writer = make(**said.callbacks())
    while not said.all:
        writer.write(records(1, 500, detail={"filler": "x" * 100}))
        writer.flush()
    reader = HistoryReader(path)
    reader.clear(LogQuery(), writer.written)
    writer.write([record(1)])
    assert writer.flush()
    assert said.all == ["log.db: database or disk is full", 500]
    assert reader.count(EVERYTHING) == 1


@contextmanager
def somebody_else() -> Generator[None]:
    """Whom file modes bind: root is not, so for a while the process is nobody."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def public() -> Generator[Path]:
    """A file in a folder that everybody can look into."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder) / "log.db"


@pytest.mark.usefixtures("impatient")
def test_a_read_only_file_costs_records(public: Path, clock: FakeClock, said: Said) -> None:
    """A file that may not be written loses what comes, says so, and is used when it may be."""
    HistoryWriter(public, clock).close()
    public.chmod(0o444)
    public.parent.chmod(0o555)
    with somebody_else():
        writer = HistoryWriter(public, clock, **said.callbacks())
        writer.write(records(1, 3))
        assert writer.flush()
    assert len(said.all) == 1
    assert writer.lost["below_warning"] == 3
    public.parent.chmod(0o755)
    public.chmod(0o644)
    writer.write([record(4)])
    assert writer.flush()
    writer.close()
    assert said.all[1:] == [3]
    assert HistoryReader(public).count(EVERYTHING) == 1


@pytest.mark.usefixtures("impatient")
def test_closing_does_not_wait_for_a_file_that_is_lost(
    make: Callable[..., HistoryWriter], path: Path
) -> None:
    """When the program ends everything that waits for a locked file is lost at once, and counted."""
    writer = make()
    writer.write([record(1)])
    writer.flush()
    with locked(path):
        writer.write(records(2, 2_501))
        writer.close()
        assert writer.lost["below_warning"] == 2_500


def test_a_folder_that_is_not_there_is_refused(path: Path, clock: FakeClock) -> None:
    """A path that can never be a history is an error where it is set."""
    with pytest.raises(SettingsError, match="folder that exists"):
        HistoryWriter(path.parent / "missing" / "log.db", clock)
    with pytest.raises(SettingsError, match="it is a folder"):
        HistoryWriter(path.parent, clock)


def not_there(path: Path) -> None:
    """No file."""


def empty(path: Path) -> None:
    """A file with nothing in it."""
    path.touch()


def no_database(path: Path) -> None:
    """Something else with this name."""
    path.write_text("[settings]\n" * 1000)


def foreign(path: Path) -> None:
    """Another program's database."""
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("create table record (id integer)")


def newer(path: Path) -> None:
    """A history that a later version changed."""
    HistoryWriter(path, FakeClock()).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute("update alembic_version set version_num = '9999'")


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        (not_there, "there is none"),
        (empty, "it is empty"),
        (no_database, "it is no database"),
        (foreign, "another program's database"),
        (newer, "newer version of switchgear: its shape is 9999"),
    ],
)
def test_what_is_no_history_is_not_read(
    path: Path, prepare: Callable[[Path], None], said: str
) -> None:
    """The reader says what is wrong with the file when it is made."""
    prepare(path)
    with pytest.raises(SettingsError, match=said) as caught:
        HistoryReader(path)
    assert (caught.value.field, caught.value.value) == ("history", str(path))


@pytest.mark.parametrize("prepare", [no_database, foreign, newer])
def test_what_is_somebody_elses_is_not_written(
    path: Path, clock: FakeClock, prepare: Callable[[Path], None]
) -> None:
    """The writer refuses such a file when it is made, and leaves it as it was."""
    prepare(path)
    before = path.read_bytes()
    with pytest.raises(SettingsError, match="history"):
        HistoryWriter(path, clock)
    assert path.read_bytes() == before


def test_an_empty_file_becomes_a_history(path: Path, make: Callable[..., HistoryWriter]) -> None:
    """A file that was made beforehand, as for its owner and mode, is taken."""
    empty(path)
    writer = make()
    writer.write([record(1)])
    assert writer.flush()
    assert HistoryReader(path).count(EVERYTHING) == 1


def test_a_file_that_goes_away_is_a_store_error(
    writer: HistoryWriter, reader: HistoryReader, path: Path
) -> None:
    """A reader whose file vanishes says so at the next question."""
    writer.close()
    path.unlink()
    with pytest.raises(StoreError, match=r"log\.db"):
        reader.query(EVERYTHING)


@pytest.mark.slow  # starts a process
def test_a_killed_program_leaves_a_whole_file(path: Path) -> None:
    """After kill -9 in the middle of writing the file is sound, and lacks at most the newest records."""
    body = (
        "import itertools\n"
        "writer.write(records(1, 1000)); writer.flush(); print('kept', flush=True)\n"
        "for n in itertools.count(1001): writer.write(records(n, n)); n % 500 or writer.flush()\n"
    )
    with program(path, body) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "kept\n"
        reader = HistoryReader(path)
        while reader.newest_id() < 2000:
            assert child.poll() is None
        child.kill()
    found = list(reader.export(EVERYTHING))
    assert len(found) >= 2000
    assert [one.message for one in reversed(found)] == [
        f"message {n}" for n in range(1, len(found) + 1)
    ]
    assert (ask(path, "pragma integrity_check"), reader.check()) == ([("ok",)], [])
    assert reader.runs()[0].ended_ms is None


@pytest.mark.slow  # it waits for a medium to refuse
def test_a_gear_starts_on_a_medium_that_cannot_be_written(tmp_path: Path) -> None:
    """A history that cannot be made costs records, never a call, and not the start of the program."""
    path = tmp_path / "locked.db"
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("begin exclusive")
    with sg.Switchgear(history=path) as gear:
        assert gear.call_sync("binance", "get_time", int) == 0
        assert gear.logs(method="get_time")
        holder.close()
