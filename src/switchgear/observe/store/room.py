"""
Owns how a file that an older version made comes to give free pages back to the disk: SQLite has to write it anew once.

When that is tried is sqlite_engine's. Whatever happens in the middle, the file is as it was or as it is to be: SQLite
writes it anew in one transaction.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

WRITTEN_ANEW_BYTES_MAX = 256 * 1024 * 1024
"""What a file may hold for this to be done at a start: some seconds, in which nobody else can write."""
SPARE_BYTES = 64 * 1024 * 1024
"""Stays free on the disk beside what it takes."""
_LATER = ("SQLITE_BUSY", "SQLITE_LOCKED")


def see_to_room(path: Path, connect: Callable[[], sqlite3.Connection]) -> str | None:
    """
    Have the file give its free pages back from now on, where it does not yet and it is safe.

    Gives None when that is so now, or is left to the next start because somebody else has the file open; else words
    for a person: why it is left as it is, and what to do.

    Args:
        path: The file; nobody in this process has it open.
        connect: Opens it for writing.

    Raises:
        sqlite3.Error: It cannot be read, or is damaged.
    """
    with closing(connect()) as raw:
        if _number(raw, "auto_vacuum") != 0:
            return None
        used_pages = _number(raw, "page_count") - _number(raw, "freelist_count")
        holds = used_pages * _number(raw, "page_size")
    why = _why_not(path, holds)
    if why is None and _is_alone(connect):
        why = _write_anew(connect)
    if why is None:
        return None
    command = f'sqlite3 {shlex.quote(str(path))} "pragma auto_vacuum = incremental; vacuum"'
    return (
        f"{path.name} is of an older version and gives no free room back to the disk: {why};"
        f" once, while no program has it open: {command}"
    )


def _number(raw: sqlite3.Connection, name: str) -> int:
    return int(raw.execute(f"pragma {name}").fetchone()[0])


def _why_not(path: Path, holds: int) -> str | None:
    if holds > WRITTEN_ANEW_BYTES_MAX:
        most = _mb(WRITTEN_ANEW_BYTES_MAX)
        return f"it holds {_mb(holds)} MB, and no more than {most} MB are written anew at a start"
    # Once into SQLite's log beside the file, and before that once into its temporary file.
    places = ((path.absolute().parent, 2 * holds), (_temporary_folder(), holds))
    for folder, takes in places:
        try:
            free = shutil.disk_usage(folder).free
        except OSError as error:
            return f"how much is free in {folder} cannot be told ({error.strerror})"
        if free < takes + SPARE_BYTES:
            needed = _mb(takes + SPARE_BYTES)
            return f"writing it anew needs {needed} MB in {folder}, where {free // 1024**2} MB are free"
    return None


def _mb(count: int) -> int:
    """Of so many bytes, the last one begun."""
    return -(-count // 1024**2)


def _temporary_folder() -> Path:
    """Where SQLite puts what is too large for memory, as its own manual has it."""
    named = (os.environ.get("SQLITE_TMPDIR"), os.environ.get("TMPDIR"))
    for one in (*named, "/var/tmp", "/usr/tmp", "/tmp"):  # noqa: S108  looked at, and not written to
        if one and Path(one).is_dir() and os.access(one, os.W_OK | os.X_OK):
            return Path(one)
    return Path()


def _is_alone(connect: Callable[[], sqlite3.Connection]) -> bool:
    """Whether nobody else has the file open, in this process or another; one who only waits has it open too."""
    with closing(connect()) as raw:
        try:
            # Before the first look at a file: SQLite then keeps it to itself from that look on, or says that it cannot.
            raw.execute("pragma locking_mode = exclusive")
            raw.execute("begin exclusive")
            raw.execute("rollback")
        except sqlite3.OperationalError as error:
            if not _is(error, _LATER):
                raise
            return False
    return True


def _write_anew(connect: Callable[[], sqlite3.Connection]) -> str | None:
    """None when it is done or left for later, else why it cannot be; who reads meanwhile is not held up."""
    with closing(connect()) as raw:
        try:
            raw.execute("pragma auto_vacuum = incremental")
            raw.execute("vacuum")
        except sqlite3.OperationalError as error:
            return None if _is(error, _LATER) else str(error)
    return None


def _is(error: sqlite3.Error, names: tuple[str, ...]) -> bool:
    return (error.sqlite_errorname or "").startswith(names)
