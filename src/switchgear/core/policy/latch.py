"""Owns a lock that many hold in common and that a fork can renew for all of them at once."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Latch:
    """The lock of all ledgers of one exchange; renewed after a fork, for every holder of it at once."""

    __slots__ = ("acquire", "release")

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        """In the child of a fork: another thread of the parent may have held the lock."""
        lock = Lock()
        self.acquire: Callable[[], bool] = lock.acquire
        self.release: Callable[[], None] = lock.release

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()
