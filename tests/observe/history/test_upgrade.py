"""Tests that a file of the first shape is carried over whole, and what is refused of one that is older or newer."""

from __future__ import annotations

import json
import shlex
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

import switchgear as sg
from switchgear.core.errors import SettingsError
from switchgear.core.words import Level
from switchgear.observe.history import HistoryReader, HistoryWriter, LogQuery
from switchgear.observe.history import writer as writing
from switchgear.observe.overview import overview_of
from switchgear.observe.store import damage, room
from switchgear.testing import FakeClock
from tests.observe.history.kit import KEY, ROOT, ask, record, records

if TYPE_CHECKING:
    from pathlib import Path

    from switchgear.observe.record import LogRecord
    from tests.order.postgres import Postgres

EVERYTHING = LogQuery(limit=10_000)
FIRST = """
create table alembic_version (version_num varchar(32) not null primary key);
insert into alembic_version values ('0001');
create table record (id integer not null primary key autoincrement, run integer not null, at_ms integer not null,
  level integer not null, event text not null, exchange text not null, method text not null, account text not null,
  message text not null, call_id integer not null, attempt integer, duration_ms float, kind text, status integer,
  code text, source text, detail text);
create index record_by_exchange on record (exchange);
create index record_by_method on record (exchange, method);
create index record_by_time on record (at_ms);
create index record_by_call on record (call_id) where call_id > 0;
create table run (id integer not null primary key autoincrement, pid integer not null, started_ms integer not null,
  updated_ms integer not null, ended_ms integer, lost_below_warning integer not null,
  lost_from_warning integer not null);
create table circuit (run integer not null, exchange text not null, method text not null, account text not null,
  state text not null, since_ms integer not null, reason text not null, until_ms integer, held_by text not null,
  failures integer not null, openings integer not null, updated_ms integer not null, metrics text not null,
  primary key (run, exchange, method, account));
insert into run values (1, 7, 0, 0, 0, 2, 1), (2, 7, 0, 0, null, 0, 0);
pragma application_id = 1398228818;
pragma journal_mode = wal;
"""
COLUMNS = (
    "at_ms",
    "level",
    "event",
    "exchange",
    "method",
    "account",
    "message",
    "call_id",
    "attempt",
    "duration_ms",
)
MORE = ("kind", "status", "code", "source")


def first_shape(path: Path, records: list[LogRecord], *, last_id: int) -> None:
    """A file as the first version wrote it; its scopes and orders were only in the detail."""
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.executescript(FIRST)
        raw.execute("begin")
        for one in records:
            values = [getattr(one, name) for name in (*COLUMNS, *MORE)]
            detail = json.dumps(dict(one.detail)) if one.detail else None
            row = (one.id, one.run, *values, detail)
            raw.execute(f"insert into record values ({', '.join('?' * len(row))})", row)
        raw.execute("update sqlite_sequence set seq = ? where name = 'record'", (last_id,))
        raw.execute("commit")


def of_every_kind() -> list[LogRecord]:
    """Records as the first version made them, two thousand of them and some."""
    plain = [
        record(n, event="call_succeeded", message="succeeded in 1.5 ms", duration_ms=1.5, call_id=n)
        for n in range(3, 2_500)
    ]
    gate = {"scope": "account", "for_s": 9.0}
    order = {"client_order_id": "sg-1", "old": "sent"}
    return [
        *(one._replace(run=1) for one in plain),
        record(
            2_500, event="gate_closed", message="gate É closed", scope="account", detail=gate, run=2
        ),
        record(2_501, event="circuit_moved", method="@exchange", scope="exchange", run=2),
        record(2_502, event="circuit_moved", level=Level.ERROR, scope="method", run=2),
        record(2_503, event="intent_moved", order_id="sg-1", detail=order, run=2),
        record(2_504, event="call_failed", kind="timeout", status=503, code="-1", run=2),
        record(2_505, event="note", source="x", detail={"scope": "mine"}, run=2),
    ]


def test_a_file_of_the_first_shape_is_carried_over(path: Path, clock: FakeClock) -> None:
    """Every record is there with its id, its scope and its order; sums and words are made; ids go on."""
    old = of_every_kind()
    first_shape(path, old, last_id=3_000)
    writer = HistoryWriter(path, clock, age_max_s=1e9)
    reader = HistoryReader(path, clock)
    assert reader.query(EVERYTHING) == old[::-1]
    assert reader.check() == []
    for query in (LogQuery(), LogQuery(text="é clos"), LogQuery(scope="exchange"), LogQuery(run=2)):
        expected = [one for one in old if query.run in {None, one.run}][::-1]
        assert reader.overview(query) == overview_of(expected, query)
    assert [one.id for one in reader.attempts(KEY, 9)] == [9]
    assert [one.id for one in reader.query(LogQuery(order_id="sg-1"))] == [2_503]
    writer.write([record(1)])
    assert writer.flush()
    assert reader.newest_id() == 3_001
    assert [one.lost_below_warning for one in reader.runs()] == [0, 0, 2]
    writer.close()


def test_an_old_file_is_not_read_before_it_was_opened_for_writing(path: Path) -> None:
    """Who only reads changes nothing, and says what to do."""
    first_shape(path, [], last_id=0)
    with pytest.raises(SettingsError, match="older version; open it once for writing"):
        HistoryReader(path)


def test_an_empty_file_of_the_first_shape_is_carried_over(path: Path, clock: FakeClock) -> None:
    """Nothing in it is nothing to carry."""
    first_shape(path, [], last_id=0)
    HistoryWriter(path, clock).close()
    assert HistoryReader(path, clock).query(EVERYTHING) == []


def test_a_step_that_fails_leaves_the_old_file(path: Path, clock: FakeClock) -> None:
    """A file that cannot be carried over is as it was, and the next version may try again."""
    first_shape(path, [record(1, run=1), record(2, run=1)], last_id=2)
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute("update record set at_ms = 'noon' where id = 2")
    writer = HistoryWriter(path, clock)
    writer.close()
    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute(
            "select count(*), max(id) from record where exchange = ?", (KEY.exchange,)
        ).fetchone() == (2, 2)
        assert raw.execute("select version_num from alembic_version").fetchall() == [("0001",)]


@pytest.mark.parametrize("odd", ["[1]", "{", '"text"', "NaN", '{"client_order_id": [1]}'])
def test_an_odd_detail_does_not_hold_a_file_back(path: Path, clock: FakeClock, odd: str) -> None:
    """Of a record that somebody changed by hand all else is carried over, and its text is still there."""
    first_shape(path, [record(1, run=1), record(2, run=1, event="intent_moved")], last_id=2)
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute("update record set detail = ? where id = 2", (odd,))
    HistoryWriter(path, clock).close()
    reader = HistoryReader(path, clock)
    newest, first = reader.query(EVERYTHING)
    assert (first.message, newest.message, newest.order_id) == ("message 1", "message 2", None)
    expected = json.loads(odd) if "order" in odd else {"detail": odd}
    assert newest.detail == expected
    assert reader.check() == []


@pytest.mark.parametrize("looked_at", [damage.QUICK_BYTES_MAX, 1])
def test_a_damaged_file_of_the_first_shape_is_moved_aside(
    path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, looked_at: int
) -> None:
    """Found out when it is opened, or by the step itself where it is too large to be read first."""
    monkeypatch.setattr(damage, "QUICK_BYTES_MAX", looked_at)
    first_shape(path, [record(n, run=1) for n in range(1, 3_000)], last_id=3_000)
    with path.open("r+b") as file:
        file.seek(40 * 4096)
        file.write(b"\xa5" * 40 * 4096)
    said: list[str] = []
    writer = HistoryWriter(path, clock, on_aside=said.append)
    writer.write([record(1)])
    assert writer.flush()
    assert [one.message for one in HistoryReader(path).query(EVERYTHING)] == ["message 1"]
    assert len(said) == 1
    assert said[0].startswith("log.db is damaged (")
    assert "SQL" not in said[0]
    assert len(list(path.parent.glob("log.db.damaged-*Z"))) == 1
    writer.close()


def carried_over(path: Path) -> None:
    """A file of the first shape as the version before this one brought it up to date: with its free pages kept."""
    HistoryWriter(path, FakeClock(), age_max_s=1e9).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.executescript("pragma auto_vacuum = none; vacuum")
    assert ask(path, "pragma auto_vacuum") == [(0,)]


def filled(path: Path, *, was_carried: bool = True) -> int:
    """A file with five thousand records that gives no room back; gives how large it is."""
    detail = {"filler": "x" * 200}
    first_shape(path, records(1, 5_000, run=1, detail=detail), last_id=5_000)
    if was_carried:
        carried_over(path)
    return path.stat().st_size


@pytest.mark.parametrize("was_carried", [False, True])
def test_an_old_file_gives_its_room_back(path: Path, clock: FakeClock, was_carried: bool) -> None:
    """Once it was opened for writing the pages of deleted records go to the disk, and what stays is whole."""
    before = filled(path, was_carried=was_carried)
    said: list[str] = []
    writer = HistoryWriter(path, clock, rows_max=50, age_max_s=1e9, on_note=said.append)
    writer.write([record(5_001)])
    assert writer.flush(30.0)
    clock.advance(writing.SWEEP_EVERY_S)
    assert writer.flush(30.0)
    writer.close()
    assert ask(path, "pragma auto_vacuum") == [(2,)]
    assert path.stat().st_size < before / 4
    assert ask(path, "pragma integrity_check") == [("ok",)]
    assert said == []
    reader = HistoryReader(path, clock)
    assert [one.id for one in reader.query(EVERYTHING)] == list(range(5_001, 4_951, -1))
    assert reader.check() == []


def test_an_old_file_that_somebody_has_open_is_left_for_the_next_start(
    path: Path, clock: FakeClock
) -> None:
    """Nobody else is held up: it is used as it is, nothing is said, and the next that is alone with it sees to it."""
    filled(path)
    said: list[str] = []
    with closing(sqlite3.connect(path)) as other:
        other.execute("select count(*) from record").fetchall()
        writer = HistoryWriter(path, clock, age_max_s=1e9, on_note=said.append)
        writer.write([record(1)])
        assert writer.flush()
        writer.close()
    assert ask(path, "pragma auto_vacuum") == [(0,)]
    HistoryWriter(path, clock, on_note=said.append).close()
    assert ask(path, "pragma auto_vacuum") == [(2,)]
    assert said == []


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("WRITTEN_ANEW_BYTES_MAX", 1, "it holds 2 MB, and no more than 1 MB are written anew"),
        ("SPARE_BYTES", 2**62, "writing it anew needs 43980465111"),
    ],
)
def test_an_old_file_that_cannot_be_written_anew_at_a_start_is_said_to_be(
    path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, name: str, value: int, why: str
) -> None:
    """A large one, and one whose disk is full, is used as it is; the log says why, and what to do by hand."""
    filled(path)
    monkeypatch.setattr(room, name, value)
    with sg.Switchgear(history=path, clock=clock) as gear:
        assert gear.call_sync("binance", "get_time", int) == 0
    said = HistoryReader(path).query(LogQuery(level=Level.WARNING))
    assert [(one.event, one.level) for one in said] == [("note", Level.WARNING)]
    assert why in said[0].message
    before, _, command = said[0].message.rpartition(": ")
    assert before.startswith("log.db is of an older version and gives no free room back")
    assert ask(path, "pragma auto_vacuum") == [(0,)]
    program, file, script = shlex.split(command)
    assert program == "sqlite3"
    with closing(sqlite3.connect(file, isolation_level=None)) as raw:
        raw.executescript(script)
    assert ask(path, "pragma auto_vacuum") == [(2,)]
    assert HistoryReader(path).check() == []


ENDED = """
import functools, os, resource, signal, sqlite3, sys
from switchgear.core.clock import SystemClock
from switchgear.observe.history import HistoryWriter
class Ended(sqlite3.Connection):
    def execute(self, sql, *values):
        if sql == "vacuum":
            ENDS
        return super().execute(sql, *values)
sqlite3.connect = functools.partial(sqlite3.connect, factory=Ended)
HistoryWriter(sys.argv[1], SystemClock(), age_max_s=1e9, on_note=print).close()
"""
KILLED = "self.set_progress_handler(lambda: os.kill(os.getpid(), signal.SIGKILL), 20_000)"
FULL = "resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))"


@pytest.mark.slow  # starts processes
@pytest.mark.parametrize(("ends", "code"), [(KILLED, -signal.SIGKILL), (FULL, 0)])
def test_an_old_file_stays_whole_whatever_ends_its_being_written_anew(
    path: Path, clock: FakeClock, ends: str, code: int
) -> None:
    """Killed in the middle, or out of room: it is as it was, and the next start does it."""
    filled(path)
    command = [sys.executable, "-c", ENDED.replace("ENDS", ends), str(path)]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert (ended.returncode, ended.stderr) == (code, "")
    assert ("gives no free room back to the disk: " in ended.stdout) == (code == 0)
    assert ask(path, "pragma auto_vacuum") == [(0,)]
    assert ask(path, "pragma integrity_check") == [("ok",)]
    HistoryWriter(path, clock, age_max_s=1e9).close()
    assert ask(path, "pragma auto_vacuum") == [(2,)]
    reader = HistoryReader(path)
    assert [one.id for one in reader.query(EVERYTHING)] == list(range(5_000, 0, -1))
    assert reader.check() == []


def test_damage_that_writing_anew_meets_moves_the_file_aside(
    path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the first that reads all of a large file, and what it meets is damage as any other."""
    filled(path)
    monkeypatch.setattr(damage, "QUICK_BYTES_MAX", 1)
    page = path.read_bytes().index(b"message 2500") // 4096
    with path.open("r+b") as file:
        file.seek(page * 4096)
        file.write(b"\xa5" * 4096)
    said: list[str] = []
    writer = HistoryWriter(path, clock, on_aside=said.append)
    writer.write(records(1, 1))
    assert writer.flush()
    writer.close()
    assert [one.message for one in HistoryReader(path).query(EVERYTHING)] == ["message 1"]
    assert len(said) == 1
    assert len(list(path.parent.glob("log.db.damaged-*Z"))) == 1


def test_a_newer_version_on_a_server_is_refused(postgres: Postgres, clock: FakeClock) -> None:
    """By the writer and by the reader, with both shapes named, and without the URL's secrets."""
    url = postgres.fresh()
    HistoryWriter(url, clock).close()
    postgres.ask(url, "update history_version set version_num = '9999'")
    for open_ in (lambda: HistoryWriter(url, clock), lambda: HistoryReader(url, clock)):
        with pytest.raises(SettingsError, match="its shape is 9999, known is up to 0003") as caught:
            open_()
        assert "search_path" not in str(caught.value)


def test_another_programs_tables_are_left_alone(postgres: Postgres, clock: FakeClock) -> None:
    """A table of the same name that is not ours is an error where the URL is given; nothing is touched."""
    url = postgres.fresh()
    postgres.ask(url, "create table record (theirs integer)")
    with pytest.raises(SettingsError, match="another program's tables of the same names: record"):
        HistoryWriter(url, clock)
    assert postgres.ask(url, "select * from record") == []


def test_nothing_on_a_server_is_not_read(postgres: Postgres) -> None:
    """The reader makes no tables."""
    with pytest.raises(SettingsError, match="there is none"):
        HistoryReader(postgres.fresh())
