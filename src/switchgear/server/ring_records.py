"""Owns the log of a gear that keeps none on disk: the newest records, in memory."""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import TYPE_CHECKING

from switchgear.observe.history import CountChanged
from switchgear.observe.overview import BARS_MAX, latency_of, overview_of
from switchgear.observe.query import matches
from switchgear.server.source import Names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from switchgear.gear import Switchgear
    from switchgear.observe.overview import Latency, Overview
    from switchgear.observe.query import LogQuery
    from switchgear.observe.record import LogRecord
    from switchgear.observe.stream import Stream


class RingRecords:
    """The log of a gear, from memory."""

    def __init__(self, gear: Switchgear) -> None:
        self._gear = gear
        self._made: dict[int, LogRecord] = {}
        """By id: a page is asked for again and again, and making twenty thousand records takes a while each time."""

    def logs(self, query: LogQuery) -> Sequence[LogRecord]:
        """The records that match, newest first, at most the query's limit."""
        return list(islice(self.export(query), query.limit))

    def count(self, query: LogQuery, most: int | None = None) -> int:
        """How many records match, whatever the query's limit; counting ends at most."""
        return sum(1 for _ in islice(self.export(query), most))

    def newest_id(self) -> int:
        """The id of the newest record; 0 when there is none."""
        newest_first = self._all()
        return newest_first[0].id if newest_first else 0

    def export(self, query: LogQuery) -> Iterator[LogRecord]:
        """Every record that matches, newest first, whatever the query's limit."""
        return (record for record in self._all() if matches(query, record))

    def _all(self) -> list[LogRecord]:
        self._gear.hub.flush()
        # By id, which pages are cut by; two facts of the same millisecond have no other order.
        found = sorted(self._gear.ring.records(self._made), key=_id, reverse=True)
        self._made = {record.id: record for record in found}
        return found

    def overview(self, query: LogQuery, bars: int = BARS_MAX) -> Overview:
        """What the query finds, counted by each facet and over time."""
        return overview_of(self._all(), query, bars)

    def latency(self, query: LogQuery, points: int = BARS_MAX) -> Sequence[Latency]:
        """How long the successes among what the query finds took, over time."""
        return latency_of(self._all(), query, points)

    def around(self, record_id: int, each_side: int) -> Sequence[LogRecord]:
        """A record with its neighbours, newest first; empty when it is gone."""
        ordered = self._all()
        place = next((at for at, one in enumerate(ordered) if one.id == record_id), None)
        return [] if place is None else ordered[max(0, place - each_side) : place + each_side + 1]

    def clear(self, query: LogQuery, expected_count: int) -> int:
        """Remove every record that matches, when they are as many as expected."""
        found = self.count(query)
        if found != expected_count:
            raise CountChanged(expected_count, found)
        return self._gear.ring.clear(lambda record: matches(query, record))

    def names(self) -> Names:
        """What the filters offer: every name that was called, and those that records hold."""
        views = self._gear.circuits()
        records = self._all()
        exchanges = {view.key.exchange for view in views} | {record.exchange for record in records}
        methods = {view.key.method for view in views} | {record.method for record in records}
        return Names(tuple(sorted(exchanges - {""})), tuple(sorted(methods - {""})))

    def tail(self, query: LogQuery, after_id: int) -> RingTail:
        """The records that match and are newer than after_id, and then those that come."""
        return RingTail(self._gear.stream, self._all, query, after_id)


class RingTail:
    """A reader of the gear's stream that begins with what memory still holds."""

    def __init__(
        self,
        stream: Stream,
        records: Callable[[], list[LogRecord]],
        query: LogQuery,
        after_id: int,
    ) -> None:
        """
        Begin.

        Args:
            stream: What comes.
            records: What memory holds at the moment.
            query: What is read.
            after_id: Behind which record.
        """
        self._query = query
        self._stream = stream
        self._missed = 0
        # Joined before memory is read: what comes between is seen twice, but never lost.
        self._reader = self._stream.join(_nothing)
        self._ids = _Seen()
        held = [one for one in records() if one.id > after_id and matches(query, one)]
        self._held = sorted(held, key=_id)

    def take(self) -> tuple[Sequence[LogRecord], int]:
        """The records since the last take, oldest first, and how many were too many to keep."""
        come = [record for record in self._reader.take() if matches(self._query, record)]
        fresh = [record for record in [*self._held, *come] if self._ids.new(record.id)]
        self._held = []
        missed, self._missed = self._reader.missed - self._missed, self._reader.missed
        return fresh, missed

    def close(self) -> None:
        """End reading."""
        self._stream.leave(self._reader)


class _Seen:
    """The ids that were handed on lately."""

    def __init__(self) -> None:
        self._order: deque[int] = deque()
        self._ids: set[int] = set()

    def new(self, number: int) -> bool:
        """Whether this id was not handed on yet; it counts as handed on from now."""
        if number in self._ids:
            return False
        self._ids.add(number)
        self._order.append(number)
        if len(self._order) > _SEEN_MAX:
            self._ids.discard(self._order.popleft())
        return True


_SEEN_MAX = 50_000


def _id(record: LogRecord) -> int:
    return record.id


def _nothing() -> None:
    return None
