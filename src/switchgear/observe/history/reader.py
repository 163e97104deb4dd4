"""Owns what people ask of a history: pages, counts, exports, one call, circuits.

It writes only to clear.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from switchgear.core.clock import SystemClock
from switchgear.core.errors import SettingsError
from switchgear.observe.overview import BARS_MAX, latency_of, overview_of
from switchgear.observe.query import LIMIT_MAX, LogQuery
from switchgear.observe.store import StoreView

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    from switchgear.core.clock import Clock
    from switchgear.core.words import Key
    from switchgear.observe.overview import Latency, Overview
    from switchgear.observe.record import LogRecord
    from switchgear.observe.store import CircuitSnapshot, Run

LIVE_MS = 15_000
"""A run that was silent for longer is dead; a live one writes every five seconds."""
EXPORT_PAGE = 1_000
CLEAR_STEP = 1_000
"""Records of one transaction, so that the writer never waits long."""


class CountChanged(SettingsError):
    """What was to be cleared is not what was confirmed; nothing was deleted."""

    def __init__(self, expected: int, found: int) -> None:
        super().__init__(
            "confirm_count", expected, f"the filter now matches {found} records; confirm that"
        )
        self.found = found


class HistoryReader:
    """
    A history file, for any number of threads, while any number of processes write to it.

    Every method raises StoreError when the file cannot be read now.

    Raises:
        SettingsError: The file is missing, is no history, or has the shape of another version.
    """

    def __init__(self, path: str | os.PathLike[str], clock: Clock | None = None) -> None:
        self._view = StoreView(Path(path))
        self._clock = clock or SystemClock()

    def query(self, query: LogQuery) -> list[LogRecord]:
        """The newest records that match, newest first.

        The next page is before_id = the last one's id.
        """
        return self._view.page(query)

    def count(self, query: LogQuery, most: int | None = None) -> int:
        """How many records match; counting ends at most, when that is given."""
        return self._view.count(query, most)

    def newest_id(self) -> int:
        """The id of the newest record, 0 when there is none.

        Before_id = this + 1 holds a filter still.
        """
        return self._view.newest_id()

    def export(self, query: LogQuery) -> Iterator[LogRecord]:
        """
        Every record that matches, newest first, page by page; query.limit is not looked at.

        What is written after the first one was taken is not in it.
        """
        page = replace(query, limit=EXPORT_PAGE)
        while found := self._view.page(page):
            yield from found
            page = replace(page, before_id=found[-1].id)

    def overview(self, query: LogQuery, bars: int = BARS_MAX) -> Overview:
        """What the query finds, counted by each facet and over time."""
        return overview_of(list(self.export(query)), query, bars)

    def latency(self, query: LogQuery, points: int = BARS_MAX) -> list[Latency]:
        """How long the successes among what the query finds took, over time."""
        return latency_of(list(self.export(query)), query, points)

    def around(self, record_id: int, each_side: int) -> list[LogRecord]:
        """A record with its neighbours, newest first; empty when it is gone."""
        newer = self.query(LogQuery(after_id=record_id, limit=LIMIT_MAX))[-each_side:]
        return newer + self.query(LogQuery(before_id=record_id + 1, limit=each_side + 1))

    def clear(self, query: LogQuery, expected_count: int) -> int:
        """
        Delete every record that matches, and none that is written meanwhile; gives how many.

        Set before_id from newest_id when counting, or what is written between count and clear
        changes the count.

        Raises:
            CountChanged: The number is not the expected one; nothing was deleted.
        """
        still = replace(query, before_id=self._still(query), limit=LIMIT_MAX)
        found = self._view.count(still)
        if found != expected_count:
            raise CountChanged(expected_count, found)
        gone = 0
        while ids := self._view.oldest_ids(still, CLEAR_STEP):
            gone += self._view.delete(ids)
        return gone

    def _still(self, query: LogQuery) -> int:
        end = self._view.newest_id() + 1
        return end if query.before_id is None else min(end, query.before_id)

    def attempts(self, key: Key, call_id: int, run: int | None = None) -> list[LogRecord]:
        """Every record of one call in order; without a run, of the newest that has it."""
        return self._view.call(key, call_id, run)

    def run_of(self, record_id: int) -> int | None:
        """The run that wrote a record; None when the record is gone."""
        return self._view.run_of(record_id)

    def exchanges(self) -> list[str]:
        """The exchanges that records name.

        That of records about switchgear itself, which is empty, is left out.
        """
        return self._view.exchanges()

    def methods(self, exchange: str | None = None) -> list[str]:
        """The methods that records name, of one exchange or of all."""
        exchanges = self._view.exchanges() if exchange is None else [exchange]
        return sorted({method for name in exchanges for method in self._view.methods(name)})

    def runs(self) -> list[Run]:
        """Every run, newest first."""
        return self._view.runs()

    def current_runs(self) -> list[Run]:
        """The runs that live; when none does, the last one."""
        runs = self._view.runs()
        now_ms = round(self._clock.wall().timestamp() * 1000)
        live = [run for run in runs if run.ended_ms is None and now_ms - run.updated_ms <= LIVE_MS]
        return live or runs[:1]

    def circuits(self) -> list[CircuitSnapshot]:
        """The circuits of the current runs, by key.

        A key that two live processes use is there twice.
        """
        return self._view.circuits(run.id for run in self.current_runs())

    def lost(self) -> dict[str, int]:
        """Records that the current runs could not keep, below WARNING and from WARNING on."""
        runs = self.current_runs()
        return {
            "below_warning": sum(run.lost_below_warning for run in runs),
            "from_warning": sum(run.lost_from_warning for run in runs),
        }
