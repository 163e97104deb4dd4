"""Owns the records and the circuits of a history, as the commands ask for them; reading it is the history's own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from switchgear.cli.sources import Board
from switchgear.observe.history import HistoryReader
from switchgear.observe.history.gates import closed_gates
from switchgear.observe.history.wide import held_back_by, refusing

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from switchgear.core.clock import Clock
    from switchgear.observe.query import LogQuery
    from switchgear.observe.record import LogRecord

FOLLOW_S = 0.5
"""So often a history is asked for what has come."""


class KeptLogs:
    """
    The log of a history.

    Args:
        where: Its file, or `postgresql://…`.
        clock: Waits while it is followed.

    Raises:
        SettingsError: There is no such history.
    """

    def __init__(self, where: str, clock: Clock) -> None:
        self._reader = HistoryReader(where, clock)
        self._clock = clock

    def page(self, query: LogQuery) -> Sequence[LogRecord]:
        """The newest records that match, newest first, at most the query's limit."""
        return self._reader.query(query)

    def export(self, query: LogQuery) -> Iterator[LogRecord]:
        """Every record that matches, newest first, whatever the query's limit."""
        return self._reader.export(query)

    def followed(self, query: LogQuery) -> Generator[Sequence[LogRecord]]:
        """The page, the newest last, and then what comes, some at a time, without an end."""
        least = query.after_id or 0
        history, newest = self._reader.mark()
        # Up to what was the newest before: what comes meanwhile has its turn next time.
        yield self.page(replace(query, before_id=end_of(query, newest)))[::-1]
        seen = max(newest, least)
        while True:
            self._clock.sleep(FOLLOW_S)
            now, newest = self._reader.mark()
            if now != history or newest < seen:
                history, seen = now, least  # it was begun anew, and ids with it
            if newest > seen:
                span = replace(query, after_id=seen, before_id=end_of(query, newest))
                yield list(self.export(span))[::-1]
                seen = newest


def end_of(query: LogQuery, newest: int) -> int:
    """The id before which a query ends that is to find nothing newer than this one."""
    return newest + 1 if query.before_id is None else min(query.before_id, newest + 1)


def kept_board(where: str, clock: Clock) -> Board:
    """The circuits of a history as they were last written down; raises SettingsError where there is none."""
    reader, now_ms = HistoryReader(where, clock), round(clock.wall().timestamp() * 1000)
    circuits = reader.circuits()
    wide = refusing(circuits)
    holders = [held_back_by(one, wide) for one in circuits]
    return Board(circuits, holders, closed_gates(reader, now_ms), now_ms)
