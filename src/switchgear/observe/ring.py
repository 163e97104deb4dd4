"""Owns the newest facts in memory, kept raw until somebody reads them; what outlives the process is left to history."""

from __future__ import annotations

from collections import deque
from heapq import merge
from threading import Lock
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from switchgear.core.event import Wire
from switchgear.observe.record import LogRecord, record_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from switchgear.core.event import Event

Entry = tuple[int, int, Any]

ENTRIES_MAX = 10_000
_NONE: Mapping[int, LogRecord] = MappingProxyType({})
WIRES_MAX = 500
"""Requests with their answers; each may have some ten thousand characters."""


class Ring:
    """
    Bounded queues, below WARNING and from WARNING on, so that a flood of successes pushes no failure out; and what
    went over the wire in one of its own.
    """

    def __init__(self, event_of: Callable[[Any], Event], entries_max: int = ENTRIES_MAX) -> None:
        self._low: deque[Entry] = deque(maxlen=entries_max)
        self._high: deque[Entry] = deque(maxlen=entries_max)
        self._wires: deque[Entry] = deque(maxlen=min(entries_max, WIRES_MAX))
        self._queues = (self._low, self._high, self._wires)
        self._event_of = event_of
        self._lock = Lock()

    def __len__(self) -> int:
        return sum(map(len, self._queues))

    @property
    def whole_since_ms(self) -> int | None:
        """Epoch ms since when everything is here: the oldest record, or the first after what was pushed out."""
        with self._lock:
            begin = [(queue[0][1], len(queue) == queue.maxlen) for queue in self._queues if queue]
        cut = [at_ms for at_ms, full in begin if full]
        return max(cut) if cut else min((at_ms for at_ms, _ in begin), default=None)

    def keep(self, low: Sequence[Entry], high: Sequence[Entry]) -> None:
        """Remember facts; the oldest go when a queue is full."""
        with self._lock:
            wires = [entry for entry in low if entry[2].__class__ is Wire]
            if wires:
                self._wires.extend(wires)
                low = [entry for entry in low if entry[2].__class__ is not Wire]
            self._low.extend(low)
            self._high.extend(high)

    def forked(self) -> None:
        """After a fork, in the child: the lock may have been another thread's."""
        self._lock = Lock()

    def records(self, made: Mapping[int, LogRecord] = _NONE) -> list[LogRecord]:
        """Every record in memory, newest first; those that the caller has `made` already, by id, are not made anew."""
        with self._lock:
            queues = [list(queue) for queue in self._queues]
        newest_first = merge(*map(reversed, queues), key=_newer_first)
        return [
            made.get(number) or record_of(self._event_of(fact), number, at_ms)
            for number, at_ms, fact in newest_first
        ]

    def clear(self, matches: Callable[[LogRecord], bool]) -> int:
        """Forget the records that match; gives how many."""
        with self._lock:
            before = len(self)
            for queue in self._queues:
                kept = [entry for entry in queue if not matches(self._record(entry))]
                queue.clear()
                queue.extend(kept)
            return before - len(self)

    def _record(self, entry: Entry) -> LogRecord:
        number, at_ms, fact = entry
        return record_of(self._event_of(fact), number, at_ms)


def _newer_first(entry: Entry) -> int:
    return -entry[0]
