"""Owns the log in a history file as the server asks for it; the file itself is left to observe."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from switchgear.observe.overview import BARS_MAX
from switchgear.server.source import Names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from switchgear.observe.history import HistoryReader
    from switchgear.observe.overview import Latency, Overview
    from switchgear.observe.query import LogQuery
    from switchgear.observe.record import LogRecord

TAKEN_MAX = 500
"""Records of one step of a tail; when more came, the newest are taken and the others counted."""


class FileRecords:
    """The log in a history file."""

    def __init__(self, reader: HistoryReader, before: Callable[[], object] = lambda: None) -> None:
        """
        The log of a file.

        Args:
            reader: The file.
            before: Called before each question: a gear here hands over what waits.
        """
        self._reader = reader
        self._before = before

    def logs(self, query: LogQuery) -> Sequence[LogRecord]:
        """The records that match, newest first, at most the query's limit."""
        self._before()
        return self._reader.query(query)

    def count(self, query: LogQuery, most: int | None = None) -> int:
        """How many records match, whatever the query's limit; counting ends at most."""
        self._before()
        return self._reader.count(query, most)

    def newest_id(self) -> int:
        """The id of the newest record; 0 when there is none."""
        self._before()
        return self._reader.newest_id()

    def export(self, query: LogQuery) -> Iterator[LogRecord]:
        """Every record that matches, newest first, whatever the query's limit."""
        self._before()
        return self._reader.export(query)

    def overview(self, query: LogQuery, bars: int = BARS_MAX) -> Overview:
        """What the query finds, counted by each facet and over time."""
        self._before()
        return self._reader.overview(query, bars)

    def latency(self, query: LogQuery, points: int = BARS_MAX) -> Sequence[Latency]:
        """How long the successes among what the query finds took, over time."""
        self._before()
        return self._reader.latency(query, points)

    def around(self, record_id: int, each_side: int) -> Sequence[LogRecord]:
        """A record with its neighbours, newest first; empty when it is gone."""
        self._before()
        return self._reader.around(record_id, each_side)

    def clear(self, query: LogQuery, expected_count: int) -> int:
        """Remove every record that matches, when they are as many as expected."""
        return self._reader.clear(query, expected_count)

    def names(self) -> Names:
        """What the filters offer."""
        self._before()
        return Names(tuple(self._reader.exchanges()), tuple(self._reader.methods()))

    def tail(self, query: LogQuery, after_id: int) -> FileTail:
        """The records that match and are newer than after_id, and then those that come."""
        return FileTail(self._reader, query, after_id)


class FileTail:
    """A reader of the file's end."""

    def __init__(self, reader: HistoryReader, query: LogQuery, after_id: int) -> None:
        self._reader = reader
        self._query = query
        self._after_id = after_id
        self._history: str | None = None

    def take(self) -> tuple[Sequence[LogRecord], int]:
        """The records since the last take, oldest first, and how many were too many to keep."""
        # The end is read first: what is written while the rest is read belongs to the next step.
        history, end = self._reader.mark()
        if self._history not in {None, history} or end < self._after_id:
            self._after_id = 0  # it was begun anew, and ids with it
        self._history = history
        if end == self._after_id:
            return (), 0
        step = replace(self._query, after_id=self._after_id, before_id=end + 1, limit=TAKEN_MAX)
        found = self._reader.query(step)
        missed = self._reader.count(step) - TAKEN_MAX if len(found) == TAKEN_MAX else 0
        self._after_id = end
        return found[::-1], missed

    def close(self) -> None:
        """End reading; there is nothing to give back."""
