"""
Owns whether a history file is whole, by a look at the start and one while it is used, and where one goes that is not.

Nothing is deleted: a damaged file is moved aside with all that belongs to it, for a person to look at.
"""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing, suppress
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

QUICK_BYTES_MAX = 64 * 1024 * 1024
"""A file up to this size is read as a whole when it is opened; of a larger one its ends, and all of it while in use."""
_ASK_AGAIN_S = 0.05
_ENDS = (
    "select count(*) from sqlite_master",
    "select count(*) from (select * from shape)",
    "select * from state",
    "select * from record order by id limit 100",
    "select * from record order by id desc limit 1000",
    "select * from rollup where width = 0",
    "select max(id) from run",
)


def fault_of(raw: sqlite3.Connection, path: Path, *, is_old: bool = False) -> str | None:
    """
    What is wrong with the file; None when nothing was found. Damage may also raise sqlite3.DatabaseError.

    Args:
        raw: The file, open.
        path: The file.
        is_old: It has an older version's shape, which is not looked into.
    """
    if path.stat().st_size <= QUICK_BYTES_MAX:
        fault = _fault_anywhere(raw)
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

    It holds nobody up: it reads the file as it was when it began, as any reader does. A gigabyte takes a second or so,
    or what its disk needs for it.
    """

    def __init__(self, connect: Callable[[], sqlite3.Connection], of: object) -> None:
        self.of = of
        """The identity of the file that is looked at."""
        self.fault: str | None = None
        """What is wrong with it, once that was found."""
        self.is_done = False
        """Whether all of it was read."""
        self._ends = threading.Event()
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
        with closing(self._raw):
            try:
                fault, is_done = _fault_anywhere(self._raw), True
            except sqlite3.Error as error:
                is_done = is_corrupt(error)  # else it cannot be told now
                fault = str(error) if is_done else None
        if not self._ends.is_set():  # broken off, SQLite finds fault with the pages it did not see
            self.fault, self.is_done = fault, is_done


def is_corrupt(error: sqlite3.Error) -> bool:
    """Whether it is damage that SQLite met."""
    return (getattr(error, "sqlite_errorname", "") or "").startswith("SQLITE_CORRUPT")


def _fault_anywhere(raw: sqlite3.Connection) -> str | None:
    said = str(raw.execute("pragma quick_check(1)").fetchone()[0])
    if said == "ok":
        return None
    return said.replace("*** in database main ***", "").strip().splitlines()[0]


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
