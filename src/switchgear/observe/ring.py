"""Owns the newest facts in memory, kept raw until somebody reads them; what outlives the process is left to history."""

from __future__ import annotations

from collections import deque
from heapq import merge
from threading import Lock
from typing import TYPE_CHECKING, Any

from switchgear.observe.record import LogRecord, record_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from switchgear.core.event import Event

Entry = tuple[int, int, Any]

ENTRIES_MAX = 10_000


class Ring:
    """Two bounded queues, below WARNING and from WARNING on, so that a flood of successes pushes no failure out."""

    def __init__(self, event_of: Callable[[Any], Event], entries_max: int = ENTRIES_MAX) -> None:
        self._low: deque[Entry] = deque(maxlen=entries_max)
        self._high: deque[Entry] = deque(maxlen=entries_max)
        self._event_of = event_of
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._low) + len(self._high)

    def keep(self, low: Sequence[Entry], high: Sequence[Entry]) -> None:
        """Remember facts; the oldest go when a queue is full."""
        with self._lock:
            self._low.extend(low)
            self._high.extend(high)

    def forked(self) -> None:
        """After a fork, in the child: the lock may have been another thread's."""
        self._lock = Lock()

    def records(self) -> list[LogRecord]:
        """Every record in memory, newest first."""
        with self._lock:
            low, high = list(self._low), list(self._high)
        newest_first = merge(reversed(low), reversed(high), key=_newer_first)
        return [
            record_of(self._event_of(fact), number, at_ms) for number, at_ms, fact in newest_first
        ]

    def clear(self, matches: Callable[[LogRecord], bool]) -> int:
        """Forget the records that match; gives how many."""
        with self._lock:
            before = len(self)
            for queue in (self._low, self._high):
                kept = [entry for entry in queue if not matches(self._record(entry))]
                queue.clear()
                queue.extend(kept)
            return before - len(self)

    def _record(self, entry: Entry) -> LogRecord:
        number, at_ms, fact = entry
        return record_of(self._event_of(fact), number, at_ms)


def _newer_first(entry: Entry) -> int:
    return -entry[0]
