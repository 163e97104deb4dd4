"""Tests that a disk which fails for a moment is not taken for a damaged file, and how often all of one is read."""

from __future__ import annotations

import functools
import os
import re
import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from switchgear.observe.history import HistoryReader, HistoryWriter, LogQuery
from switchgear.observe.store import damage
from switchgear.observe.store.damage import Finding, finding_of
from tests.observe.history.kit import ask, record, records
from tests.observe.history.test_damage import look_of
from tests.observe.history.test_upgrade import filled

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchgear.testing import FakeClock

HEAD = "*** in database main ***\n"
NO_PAGE = "Page 1007: unable to get the page. error code=8458"
NO_PAGE_NOW = "Tree 11 page 399: unable to get the page. error code=266"
WRONG_PAGE = "Page 7: unable to get the page. error code=267"
NO_MEMORY = "unable to validate the inverted index for FTS5 table main.word: out of memory"
MISSED = "Page 24 is never used"
DEPTH = "On page 12 at right child: Child page depth differs"
MAP = "Failed to read ptrmap key=15"
NO_INDEX = "wrong # of entries in index record_by_shape"
FREE = "Main freelist: failed to get page 77"
ORDER = "On tree page 5 cell 0: Rowid 2 out of order"
INIT = "Tree 5 page 6: btreeInitPage() returns error code 11"
MALFORMED = "malformed inverted index for FTS5 table main.word"


def met(name: str) -> sqlite3.Error:
    """As SQLite raises it."""
    error = sqlite3.DatabaseError(f"of {name}")
    error.sqlite_errorname = name
    return error


@pytest.mark.parametrize(
    ("said", "raised", "finding"),
    [
        (["ok"], None, Finding()),
        ([HEAD + ORDER], None, Finding(ORDER)),
        ([HEAD + INIT], None, Finding(INIT)),
        ([HEAD + f"{MISSED}\n{DEPTH}"], None, Finding(MISSED)),
        ([MALFORMED], None, Finding(MALFORMED)),
        ([HEAD + MAP], None, Finding(MAP)),
        ([HEAD + NO_PAGE, WRONG_PAGE], None, Finding(WRONG_PAGE)),
        ([], "SQLITE_CORRUPT_VTAB", Finding("of SQLITE_CORRUPT_VTAB")),
        ([HEAD + NO_PAGE], None, Finding(is_told=False)),
        ([HEAD + NO_PAGE_NOW, NO_INDEX], None, Finding(is_told=False)),
        ([HEAD + FREE], None, Finding(is_told=False)),
        ([NO_MEMORY], None, Finding(is_told=False)),
        ([NO_MEMORY, MALFORMED], None, Finding(is_told=False)),
        ([HEAD + f"{NO_PAGE}\n{MISSED}\n{DEPTH}\n{MAP}"], None, Finding(is_told=False)),
        ([HEAD + MISSED + "\n" + NO_PAGE], None, Finding(is_told=False)),
        ([HEAD + NO_PAGE], "SQLITE_CORRUPT", Finding(is_told=False)),
        ([HEAD + MISSED], "SQLITE_IOERR_READ", Finding(is_told=False)),
        ([], "SQLITE_BUSY", Finding(is_told=False)),
        ([HEAD + f"{NO_PAGE}\n{ORDER}"], None, Finding(ORDER)),
        ([HEAD + NO_PAGE, INIT], "SQLITE_CORRUPT", Finding(INIT)),
    ],
)  # fmt: skip
def test_an_error_among_what_sqlite_says_is_no_damage(
    said: list[str], raised: str | None, finding: Finding
) -> None:
    """Nor is what follows from it; damage beside it is still seen, and damage alone always."""
    assert finding_of(said, None if raised is None else met(raised)) == finding


class Trouble:
    """What every connection of this process reads in a file's place until it is over."""

    def __init__(self, path: Path, instead: Path, mode: int) -> None:
        self._kept: list[tuple[int, int]] = []
        of, strange = path.stat(), os.open(instead, mode)
        for number in range(3, 1024):
            with suppress(OSError):
                if os.path.samestat(os.fstat(number), of):
                    self._kept.append((number, os.dup(number)))
                    os.dup2(strange, number, inheritable=False)
        os.close(strange)

    def end(self) -> None:
        """The file is in its place again."""
        while self._kept:
            number, own = self._kept.pop()
            os.dup2(own, number, inheritable=False)
            os.close(own)


class Troubled(sqlite3.Connection):
    """A connection to a file with which there is trouble while a statement runs, until SQLite's first word on it."""

    at: ClassVar[str] = "quick_check"
    path: ClassVar[Path]
    turns: ClassVar[list[tuple[Path, int]]]
    _trouble: Trouble | None = None

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        """Make the next trouble where this is the statement for it."""
        if not re.search(self.at, sql) or not self.turns:
            return super().execute(sql, *values)
        super().execute("select count(*) from sqlite_master").fetchall()  # it has the file open now
        self._trouble = Trouble(self.path, *self.turns.pop(0))
        try:
            return super().execute(sql, *values)
        finally:
            self._trouble.end()

    def create_function(
        self, name: str, narg: int, func: Callable[..., Any] | None, *, deterministic: bool = False
    ) -> None:
        """Once SQLite calls a function with what it found, the trouble is over: it reads on in the file itself."""

        def told(*values: Any) -> Any:
            if self._trouble is not None:
                self._trouble.end()
            return None if func is None else func(*values)

        super().create_function(name, narg, told, deterministic=deterministic)


GIVES_NONE = "gives none"
GIVES_OTHERS = "gives others"


@pytest.fixture
def trouble(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[list[str]], None]:
    """Makes trouble with the file that is there: at the first check of it, the second, and so on."""

    def make(turns: list[str]) -> None:
        spoilt = tmp_path / "spoilt"
        shutil.copy(path, spoilt)
        with spoilt.open("r+b") as file:
            file.seek(8 * 4096)
            file.write(os.urandom(path.stat().st_size - 8 * 4096))
        known = {GIVES_NONE: (spoilt, os.O_WRONLY), GIVES_OTHERS: (spoilt, os.O_RDONLY)}
        monkeypatch.setattr(Troubled, "path", path, raising=False)
        monkeypatch.setattr(Troubled, "turns", [known[turn] for turn in turns], raising=False)
        monkeypatch.setattr(
            sqlite3, "connect", functools.partial(sqlite3.connect, factory=Troubled)
        )

    return make


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "turns", [[GIVES_NONE], [GIVES_NONE] * 3, [GIVES_OTHERS], [GIVES_OTHERS, GIVES_NONE]]
)
def test_a_disk_that_fails_for_a_moment_costs_no_file(
    path: Path, clock: FakeClock, trouble: Callable[[list[str]], None], turns: list[str]
) -> None:
    """A start that cannot read a page, or reads once what is not there, goes on with the file as it is."""
    writer = HistoryWriter(path, clock)
    writer.write(records(1, 2_000))
    writer.close()
    trouble(turns)
    said: list[str] = []
    writer = HistoryWriter(path, clock, on_aside=said.append)
    writer.write([record(2_001)])
    assert writer.flush()
    writer.close()
    assert (said, sum(writer.lost.values())) == ([], 0)
    assert list(path.parent.glob("log.db.damaged*")) == []
    assert HistoryReader(path).count(LogQuery()) == 2_001


@pytest.mark.parametrize(
    ("turns", "is_damaged", "is_done"),
    [
        ([GIVES_NONE], False, False),
        ([GIVES_OTHERS], False, True),
        ([GIVES_OTHERS, GIVES_NONE], False, False),
        ([GIVES_OTHERS, GIVES_OTHERS], True, True),
    ],
)
def test_a_look_finds_what_it_finds_twice(
    path: Path,
    clock: FakeClock,
    trouble: Callable[[list[str]], None],
    turns: list[str],
    is_damaged: bool,
    is_done: bool,
) -> None:
    """A page that cannot be read tells nothing of the file, and damage is what a new connection meets again."""
    writer = HistoryWriter(path, clock)
    writer.write(records(1, 2_000))
    writer.close()
    trouble(turns)
    look = damage.Look(lambda: sqlite3.connect(path, check_same_thread=False), None)
    assert look.wait(30.0)
    assert (look.fault is not None, look.is_done) == (is_damaged, is_done)
    assert Troubled.turns == []


def test_a_disk_that_fails_while_a_file_is_written_anew_costs_no_file(
    path: Path,
    clock: FakeClock,
    trouble: Callable[[list[str]], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What the first reading of all of an old file meets once is no damage; the second does what was to be done."""
    filled(path)
    trouble([GIVES_OTHERS])
    monkeypatch.setattr(Troubled, "at", "^vacuum")
    monkeypatch.setattr(damage, "QUICK_BYTES_MAX", 1)
    said: list[str] = []
    HistoryWriter(path, clock, age_max_s=1e9, on_aside=said.append).close()
    assert (said, Troubled.turns) == ([], [])
    assert ask(path, "pragma auto_vacuum") == [(2,)]
    with closing(HistoryReader(path)) as reader:
        assert reader.count(LogQuery()) == 5_000


def test_a_look_that_was_broken_off_is_not_begun_again_at_once(
    path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that lets go of the file often does not read it for ever: once in ten minutes, however it ends."""
    HistoryWriter(path, clock).close()
    monkeypatch.setattr(damage, "QUICK_BYTES_MAX", 1)
    writer = HistoryWriter(path, clock)

    def opened_again() -> damage.Look | None:
        writer._store.close()
        writer.write([record(1)])
        assert writer.flush()
        return look_of(writer)

    for _ in range(2):
        look = look_of(writer)
        assert look is not None
        assert look.wait(30.0)
        look.is_done = False  # as if it had been broken off
        assert opened_again() is None
        clock.advance(599.0)
        assert opened_again() is None
        clock.advance(1.0)
        assert opened_again() is not None
    writer.close()
