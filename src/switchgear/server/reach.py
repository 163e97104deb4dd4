"""Owns how far back a history file reaches: the oldest record that it still has, found without reading the file."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from switchgear.observe.query import LogQuery

if TYPE_CHECKING:
    from switchgear.observe.history import HistoryReader
    from switchgear.observe.record import LogRecord


class Reach:
    """The oldest record of a file; may be asked from any thread."""

    def __init__(self, reader: HistoryReader) -> None:
        self._reader = reader
        self._oldest: LogRecord | None = None
        self._lock = Lock()

    def since_ms(self) -> int | None:
        """Epoch ms of the oldest record; None when there is none."""
        with self._lock:
            if self._oldest is None or not self._is_oldest(self._oldest):
                self._oldest = self._found()
            return None if self._oldest is None else self._oldest.at_ms

    def _is_oldest(self, record: LogRecord) -> bool:
        """Whether it is still there, and nothing before it."""
        last = self._before(record.id + 1)
        return last is not None and last.id == record.id and self._before(record.id) is None

    def _found(self) -> LogRecord | None:
        """Ids grow with time and by an index: a handful of questions, however long the file."""
        low, oldest = 0, self._before(self._reader.newest_id() + 1)
        while oldest is not None and oldest.id - low > 1:
            middle = (low + oldest.id) // 2
            found = self._before(middle + 1)
            if found is None:
                low = middle  # nothing is as old
            else:
                oldest = found
        return oldest

    def _before(self, number: int) -> LogRecord | None:
        found = self._reader.query(LogQuery(before_id=number, limit=1))
        return found[0] if found else None
