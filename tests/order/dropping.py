"""
Owns a disk that loses power: what SQLite has written under a folder and not synced is gone, or there in pieces.

A VFS of our own stands before SQLite's own one, in the very library that `sqlite3` uses, so a store is opened on it as
it is, and notices nothing. All goes through to real files; beside them a Disk keeps what each sync made durable. What a
power cut leaves is written down as an image, any number of times in one run.
"""

from __future__ import annotations

import ctypes
import os
import sqlite3
from contextlib import contextmanager
from ctypes import CFUNCTYPE, POINTER, Structure, byref, c_char_p, c_int, c_int64, c_void_p
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from random import Random  # noqa: TID251  seeded, and handed in

SECTOR_BYTES = 512
"""What a disk writes whole or not at all."""
Image = dict[str, bytes]
"""By name, what is in the folder when power is back."""


class _Change(NamedTuple):
    """Bytes written at an offset; or, where there are none, the file cut to it."""

    offset: int
    data: bytes | None


class _File:
    def __init__(self) -> None:
        self.synced = b""
        self.pending: list[_Change] = []


class Disk:
    """
    What is durable of the files of one folder, and what is not.

    Args:
        folder: Whose files are meant.
        at: Called with a file's name before each write and each sync: an instant at which power may go.
    """

    def __init__(self, folder: Path, at: Callable[[str], object]) -> None:
        self._folder, self._at = folder, at
        self._files: dict[str, _File] = {}

    def image(self, dice: Random | None) -> Image:
        """
        What a power cut leaves now.

        Args:
            dice: Draws which sectors that were not synced are there all the same; None for none of them.
        """
        return {
            name: _after(each.synced, _drawn(each.pending, dice) if dice else [])
            for name, each in self._files.items()
        }

    def knows(self, path: str) -> bool:
        """Whether a path is in the folder."""
        return bool(path) and Path(path).parent == self._folder

    def change(self, path: str, offset: int, data: bytes | None) -> None:
        """A write, or a cut where data is None; not durable yet."""
        self._at(Path(path).name)
        self._of(path).pending.append(_Change(offset, data))

    def sync(self, path: str) -> None:
        """All that was written to a file before is durable."""
        self._at(Path(path).name)
        file = self._of(path)
        file.synced = _after(file.synced, file.pending)
        file.pending.clear()

    def delete(self, path: str) -> None:
        """It is gone, for good at once."""
        self._files.pop(Path(path).name, None)

    def _of(self, path: str) -> _File:
        return self._files.setdefault(Path(path).name, _File())


def restore(image: Image, folder: Path) -> None:
    """Put what was left into an empty folder."""
    for name, content in image.items():
        (folder / name).write_bytes(content)


def _after(before: bytes, changes: list[_Change]) -> bytes:
    content = bytearray(before)
    for offset, data in changes:
        content.extend(bytes(max(0, offset - len(content))))
        if data is None:
            del content[offset:]
        else:
            content[offset : offset + len(data)] = data
    return bytes(content)


def _drawn(changes: list[_Change], dice: Random) -> list[_Change]:
    kept: list[_Change] = []
    for change in changes:
        pieces = [change] if change.data is None else list(_sectors(change.offset, change.data))
        kept += [each for each in pieces if dice.random() < 0.5]
    return kept


def _sectors(offset: int, data: bytes) -> Generator[_Change]:
    begin = 0
    while begin < len(data):
        end = min(len(data), begin + SECTOR_BYTES - (offset + begin) % SECTOR_BYTES)
        yield _Change(offset + begin, data[begin:end])
        begin = end


# ------------------------------------------------------------------------------- SQLite's side

_CLOSE = CFUNCTYPE(c_int, c_void_p)
_WRITE = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, c_int64)
_TRUNCATE = CFUNCTYPE(c_int, c_void_p, c_int64)
_SYNC = CFUNCTYPE(c_int, c_void_p, c_int)
# The path as an address: a file without a name, and what stands behind a name, must go on as they came.
_OPEN = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, c_int, c_void_p)
_DELETE = CFUNCTYPE(c_int, c_void_p, c_char_p, c_int)


class _Methods(Structure):
    """sqlite3_io_methods, version 3."""

    _fields_ = (
        ("iVersion", c_int),
        ("xClose", _CLOSE),
        ("xRead", c_void_p),
        ("xWrite", _WRITE),
        ("xTruncate", _TRUNCATE),
        ("xSync", _SYNC),
        ("more", c_void_p * 13),
    )


class _OpenFile(Structure):
    """sqlite3_file; behind it stands what is the system's."""

    _fields_ = (("pMethods", POINTER(_Methods)),)


class _Vfs(Structure):
    """sqlite3_vfs, version 3."""

    _fields_ = (
        ("iVersion", c_int),
        ("szOsFile", c_int),
        ("mxPathname", c_int),
        ("pNext", c_void_p),
        ("zName", c_char_p),
        ("pAppData", c_void_p),
        ("xOpen", _OPEN),
        ("xDelete", _DELETE),
        ("more", c_void_p * 14),
    )


class _Dropping:
    """A VFS that tells a disk what the system's own one is asked to do; the default one while it is registered."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._paths: dict[int, str] = {}
        self._real: dict[int, Any] = {}
        """By file: the system's own methods, an address of them and ours."""
        self._library: Any = ctypes.CDLL("libsqlite3.so.0")
        self._library.sqlite3_libversion.restype = c_char_p
        ours = self._library.sqlite3_libversion().decode()
        assert ours == sqlite3.sqlite_version, (
            "needs a Python that is linked to the system's SQLite"
        )
        self._library.sqlite3_vfs_find.restype = POINTER(_Vfs)
        self._system: Any = self._library.sqlite3_vfs_find(None).contents
        self.vfs = _Vfs()
        ctypes.memmove(byref(self.vfs), byref(self._system), ctypes.sizeof(_Vfs))
        self.vfs.pNext, self.vfs.zName = None, b"dropping"
        self.vfs.xOpen, self.vfs.xDelete = _OPEN(self._open), _DELETE(self._delete)
        ends, cuts = _CLOSE(self._close), _TRUNCATE(self._truncate)
        self._own = (ends, _WRITE(self._write), cuts, _SYNC(self._sync))

    def register(self) -> None:
        assert self._library.sqlite3_vfs_register(byref(self.vfs), 1) == 0

    def unregister(self) -> None:
        assert self._library.sqlite3_vfs_unregister(byref(self.vfs)) == 0
        assert self._library.sqlite3_vfs_register(byref(self._system), 1) == 0

    def _open(self, vfs: int, name: int | None, file: int, flags: int, out: int | None) -> int:
        code: int = self._system.xOpen(vfs, name, file, flags, out)
        path = os.fsdecode(ctypes.string_at(name)) if name else ""
        if code == 0 and self._disk.knows(path):
            opened: Any = _OpenFile.from_address(file)
            real = opened.pMethods.contents
            ours: Any = _Methods()
            ctypes.memmove(byref(ours), byref(real), ctypes.sizeof(_Methods))
            ours.xClose, ours.xWrite, ours.xTruncate, ours.xSync = self._own
            self._paths[file], self._real[file] = path, (real, ours)
            opened.pMethods = ctypes.pointer(ours)
        return code

    def _delete(self, vfs: int, name: bytes, is_synced: int) -> int:
        code: int = self._system.xDelete(vfs, name, is_synced)
        if code == 0 and self._disk.knows(os.fsdecode(name)):
            self._disk.delete(os.fsdecode(name))
        return code

    def _close(self, file: int) -> int:
        real, _ = self._real.pop(file)
        del self._paths[file]
        return int(real.xClose(file))

    def _write(self, file: int, data: int, size: int, offset: int) -> int:
        self._disk.change(self._paths[file], offset, ctypes.string_at(data, size))
        return int(self._real[file][0].xWrite(file, data, size, offset))

    def _truncate(self, file: int, size: int) -> int:
        self._disk.change(self._paths[file], size, None)
        return int(self._real[file][0].xTruncate(file, size))

    def _sync(self, file: int, flags: int) -> int:
        self._disk.sync(self._paths[file])
        return int(self._real[file][0].xSync(file, flags))


_for_ever: list[_Dropping] = []
"""SQLite may go on to call what it was once given, by whoever still has a file open."""


@contextmanager
def losing(disk: Disk) -> Generator[None]:
    """Whatever this process opens with `sqlite3` in the disk's folder meanwhile is told to the disk."""
    dropping = _Dropping(disk)
    _for_ever.append(dropping)
    dropping.register()
    try:
        yield
    finally:
        dropping.unregister()
