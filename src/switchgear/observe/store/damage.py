"""
Owns whether a history file is whole, by a look at the start and one while it is used, and where one goes that is not.

Nothing is deleted: a damaged file is moved aside with all that belongs to it, for a person to look at.
"""

from __future__ import annotations

import re
import sqlite3
import threading
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

QUICK_BYTES_MAX = 64 * 1024 * 1024
"""A file up to this size is read as a whole when it is opened; of a larger one its ends, and all of it while in use."""
LOOK_AGAIN_MS = 10 * 60 * 1000
"""Sooner than that no look at the same file is begun again: a program that forks often breaks off one after another."""
_ASK_AGAIN_S = 0.05
# Of each line the disk or the memory was to blame, and not what is in the file: it says nothing of the file.
_ERROR = re.compile(r"unable to get|failed to get page|error code\b|unable to validate")
_CODE = re.compile(r"error code[ =](\d+)")
_CORRUPT, _NOT_A_DATABASE = 11, 26
# Damage, unless there was an error too: a page that could not be read is missed, and so is what hangs on it.
_FOLLOWS = re.compile(
    r"never used|Child page depth differs|Failed to read ptrmap|but should be|wrong # of entries"
    r"|malformed inverted index"
)
_ENDS = (
    "select count(*) from sqlite_master",
    "select count(*) from (select * from shape)",
    "select * from state",
    "select * from record order by id limit 100",
    "select * from record order by id desc limit 1000",
    "select * from rollup where width = 0",
    "select max(id) from run",
)


@dataclass(frozen=True, slots=True)
class Finding:
    """What reading all of a file tells of it."""

    fault: str | None = None
    """What is wrong with it; None when nothing was found."""
    is_told: bool = True
    """Whether it can be told now; False when something could not be read, and the rest is whole."""


def fault_of(raw: sqlite3.Connection, path: Path, *, is_old: bool = False) -> str | None:
    """
    What is wrong with the file; None when nothing was found. Damage may also raise sqlite3.DatabaseError.

    A disk that fails for a moment can look like damage: who acts on it has it found again on a new connection.

    Args:
        raw: The file, open.
        path: The file.
        is_old: It has an older version's shape, which is not looked into.
    """
    if path.stat().st_size <= QUICK_BYTES_MAX:
        fault = _read_whole(raw).fault
        if fault is not None:
            return fault
    if is_old:
        return None
    for asked in _ENDS:
        raw.execute(asked).fetchall()
    return (
        None
        if raw.execute("select count(*) from state").fetchone()[0] == 1
        else "its state is missing"
    )


class Look:
    """
    A look at all of a file while it is used, by a thread of its own.

    No reader and no writer waits for it: it reads the file as it was when it began, as any reader does. Until it is
    over, what SQLite keeps in the -wal beside the file cannot be given back, and that grows with all that is written.
    A gigabyte takes a second or so, or what its disk needs for it. Damage is read a second time on a new connection,
    and is none when it is not found again.

    Args:
        connect: Opens the file; the second time in the look's own thread.
        of: The identity of the file.
    """

    def __init__(self, connect: Callable[[], sqlite3.Connection], of: object) -> None:
        self.of = of
        """The identity of the file that is looked at."""
        self.fault: str | None = None
        """What is wrong with it, once that was found."""
        self.is_done = False
        """Whether all of it was read."""
        self._ends = threading.Event()
        self._connect = connect
        self._raw = connect()
        name = "switchgear-history-look"
        self._thread = threading.Thread(target=self._read, name=name, daemon=True)
        self._thread.start()

    def wait(self, timeout_s: float) -> bool:
        """Until it is over; False when that took longer."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def end(self) -> None:
        """Break it off where it is not over; its connection is closed when this returns."""
        self._ends.set()
        while self._thread.is_alive():  # an interrupt before the question is asked is not heard
            with suppress(sqlite3.ProgrammingError):  # the thread was faster, and has closed it
                self._raw.interrupt()
            self._thread.join(_ASK_AGAIN_S)

    def _read(self) -> None:
        finding = Finding(is_told=False)
        with suppress(sqlite3.Error):  # it cannot be told now
            with closing(self._raw):
                first = _read_whole(self._raw)
            finding = first if first.fault is None else self._read_again()
        if not self._ends.is_set():  # broken off, SQLite finds fault with the pages it did not see
            self.fault, self.is_done = finding.fault, finding.is_told

    def _read_again(self) -> Finding:
        if self._ends.is_set():
            return Finding(is_told=False)
        self._raw = self._connect()  # from here on `end` breaks this one off
        with closing(self._raw):
            return _read_whole(self._raw)


def is_corrupt(error: sqlite3.Error) -> bool:
    """Whether it is damage that SQLite met."""
    return (getattr(error, "sqlite_errorname", "") or "").startswith("SQLITE_CORRUPT")


def finding_of(said: Iterable[str], met: sqlite3.Error | None = None) -> Finding:
    """
    What SQLite's quick_check tells of a file, which reports errors of the disk and of memory among the damage.

    Args:
        said: Its rows; one has a line for each thing found.
        met: What it raised after them.
    """
    lines = [line.strip() for row in said for line in row.splitlines()]
    lines = [line for line in lines if line not in {"", "ok"} and not line.startswith("***")]
    rest = [line for line in lines if not _is_error(line)]
    is_told = len(rest) == len(lines) and (met is None or is_corrupt(met))
    # SQLite says SQLITE_CORRUPT of a page that the disk does not give, too.
    faults = rest if is_told else [line for line in rest if not _FOLLOWS.search(line)]
    if is_told and met is not None:
        faults.append(str(met))
    return Finding(faults[0]) if faults else Finding(is_told=is_told)


def _is_error(line: str) -> bool:
    code = _CODE.search(line)
    if code is not None and int(code[1]) & 0xFF in {_CORRUPT, _NOT_A_DATABASE}:
        return False
    return _ERROR.search(line) is not None


def _read_whole(raw: sqlite3.Connection) -> Finding:
    said: list[str] = []
    met = None
    # By a function of our own: of rows before an error the driver gives the last one to nobody. A hundred rows, as
    # SQLite has it unasked; newer versions take a number here for the name of a table.
    raw.create_function("switchgear_said", 1, said.append)
    try:
        raw.execute("select switchgear_said(quick_check) from pragma_quick_check").fetchall()
    except sqlite3.Error as error:
        met = error
    finding = finding_of(said, met)
    if met is not None and finding.fault is None and not is_corrupt(met):
        raise met
    return finding


def move_aside(path: Path, now_ms: int) -> str:
    """Rename the file and what SQLite keeps beside it; gives its new name, in the same folder."""
    date = datetime.fromtimestamp(now_ms // 1000, UTC).strftime("%Y%m%dT%H%M%SZ")
    name = f"{path.name}.damaged-{date}"
    names = (name if number == 1 else f"{name}-{number}" for number in count(1))
    free = next(one for one in names if not path.with_name(one).exists())
    # The file last: if this ends halfway, no new one is begun beside the log of the old.
    for suffix in ("-wal", "-shm", ""):
        there = path.with_name(path.name + suffix)
        if there.exists():
            there.rename(path.with_name(free + suffix))
    return free
