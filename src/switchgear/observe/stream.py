"""Owns the live tail: each reader gets the records as they come, bounded, and learns how many it missed."""

from __future__ import annotations

from collections import deque
from contextlib import ExitStack
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from switchgear.observe.record import LogRecord

WAITING_MAX = 2_000


class Reader:
    """One reader of the tail; take what has come with `take`."""

    def __init__(self, wake: Callable[[], object], waiting_max: int) -> None:
        self.missed = 0
        """Records that this reader was too slow for."""
        self._waiting: deque[LogRecord] = deque()
        self._waiting_max = waiting_max
        self._wake = wake
        self._lock = Lock()

    def take(self) -> list[LogRecord]:
        """The records since the last take, in order."""
        with self._lock:
            taken = list(self._waiting)
            self._waiting.clear()
        return taken

    def give(self, batch: Sequence[LogRecord]) -> None:
        """Line records up and wake the reader; the oldest go, counted, when it does not take them."""
        with self._lock:
            self._waiting.extend(batch)
            over = max(0, len(self._waiting) - self._waiting_max)
            self.missed += over
            for _ in range(over):
                self._waiting.popleft()
        self._wake()


class Stream:
    """A sink that passes records on to whoever reads at the moment."""

    name = "stream"

    def __init__(self) -> None:
        self._readers: list[Reader] = []
        self._lock = Lock()

    @property
    def level(self) -> int:
        """Everything while somebody reads, nothing otherwise."""
        return 0 if self._readers else 1_000

    def join(self, wake: Callable[[], object], waiting_max: int = WAITING_MAX) -> Reader:
        """
        Begin to read.

        Args:
            wake: Called, from the drain's thread, when records have come.
            waiting_max: Records that may wait for this reader.
        """
        reader = Reader(wake, waiting_max)
        with self._lock:
            self._readers = [*self._readers, reader]
        return reader

    def leave(self, reader: Reader) -> None:
        """End reading."""
        with self._lock:
            self._readers = [one for one in self._readers if one is not reader]

    def write(self, batch: Sequence[LogRecord]) -> None:
        """Pass records on; a reader that cannot be woken costs no other reader its records."""
        with ExitStack() as stack:
            for reader in reversed(self._readers):
                stack.callback(reader.give, batch)
