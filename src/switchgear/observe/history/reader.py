"""Owns what people ask of a history: pages, counts, exports, one call, circuits.

It writes only to clear.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from switchgear.core.clock import SystemClock
from switchgear.core.errors import SettingsError
from switchgear.observe.overview import BARS_MAX
from switchgear.observe.store import StoreError, StoreView

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    from switchgear.core.clock import Clock
    from switchgear.core.words import Key
    from switchgear.observe.overview import Latency, Overview
    from switchgear.observe.query import LogQuery
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
    A history, in a file or on a server, for any number of threads, while any number of processes write to it.

    Every method raises StoreError when it cannot be read now.

    Raises:
        SettingsError: It is missing, is no history, or has the shape of another version.
    """

    def __init__(self, path: str | os.PathLike[str], clock: Clock | None = None) -> None:
        self._view = StoreView(path)
        self.name = self._view.place.shown
        """What a person calls it: the file's name, or the server's URL without a password."""
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

    def mark(self) -> tuple[str, int]:
        """
        Which history it is, in a word that no other has, and the id that it gave last, 0 when it gave none.

        Who follows it begins anew when the word is another, or the id smaller than before.
        """
        return self._view.mark()

    def export(self, query: LogQuery) -> Iterator[LogRecord]:
        """
        Every record that matches, newest first, page by page; query.limit is not looked at.

        What is written after the first one was taken is not in it.

        Raises:
            StoreError: Also where another history, or an older copy of this one, was put in its
                place in the middle.
        """
        page = replace(query, limit=EXPORT_PAGE)
        last = self._view.signed_page(page)
        while last.records:
            yield from last.records
            page = replace(page, before_id=last.records[-1].id)
            found = self._view.signed_page(page)
            if not last.is_followed_by(found):
                raise StoreError("the history is another one than a moment ago")
            last = found

    def overview(self, query: LogQuery, bars: int = BARS_MAX) -> Overview:
        """What the query finds, counted by each facet and over time."""
        return self._view.overview(query, bars)

    def latency(self, query: LogQuery, points: int = BARS_MAX) -> list[Latency]:
        """How long the successes among what the query finds took, over time."""
        return self._view.latency(query, points)

    def around(self, record_id: int, each_side: int) -> list[LogRecord]:
        """A record with its neighbours, newest first; empty when it is gone."""
        return self._view.around(record_id, each_side)

    def clear(self, query: LogQuery, expected_count: int) -> int:
        """
        Delete every record that matches, and none that is written meanwhile; gives how many.

        Set before_id from newest_id when counting, or what is written between count and clear
        changes the count.

        Raises:
            CountChanged: The number is not the expected one; nothing was deleted.
        """
        still = replace(query, before_id=self._still(query))
        found = self._view.count(still)
        if found != expected_count:
            raise CountChanged(expected_count, found)
        gone = 0
        while step := self._view.clear(still, CLEAR_STEP):
            gone += step
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
        return sorted({exchange for exchange, _ in self._view.names()} - {""})

    def methods(self, exchange: str | None = None) -> list[str]:
        """The methods that records name, of one exchange or of all."""
        found = {name for of, name in self._view.names() if exchange is None or of == exchange}
        return sorted(found - {""})

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

    def check(self) -> list[str]:
        """What of sums and words is not as the records have it; reads every record, and is empty when all is well."""
        return self._view.faults()

    def close(self) -> None:
        """Let go of a server's connections; the next question opens new ones. A file is not held open anyhow."""
        self._view.close()
