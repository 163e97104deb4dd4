"""
Owns whether a history file is whole, as far as a look at the start can tell, and where one goes that is not.

Nothing is deleted: a damaged file is moved aside with all that belongs to it, for a person to look at.
"""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

QUICK_BYTES_MAX = 64 * 1024 * 1024
"""A file up to this size is read as a whole when it is opened; of a larger one its ends are looked at."""
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
        said = str(raw.execute("pragma quick_check(1)").fetchone()[0])
        if said != "ok":
            return said.replace("*** in database main ***", "").strip().splitlines()[0]
    if is_old:
        return None
    for asked in _ENDS:
        raw.execute(asked).fetchall()
    return (
        None
        if raw.execute("select count(*) from state").fetchone()[0] == 1
        else "its state is missing"
    )


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
