"""
Owns following a server's live tail over broken connections: of one log nothing is lost, and nothing told twice.

One restriction: a log in memory may tell a smaller id behind a greater one; where the connection breaks just between
the two, the smaller is lost. Whether a log was begun anew, and what of that is not recognised, is Log's.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, Protocol

import typer

from switchgear.cli.remote_errors import RemoteError
from switchgear.observe.history.export import filter_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from http.client import HTTPResponse
    from typing import Any

    from switchgear.cli.remote import Remote
    from switchgear.observe.query import LogQuery
    from switchgear.observe.record import LogRecord

SILENCE_S = 45.0
"""A tail that says nothing for so long is broken: its heart beats every 15 s."""
WAIT_S, WAIT_S_MAX = 1.0, 30.0
"""Between two tries, twice as long each time."""
LINE_BYTES_MAX = 16 * 1024 * 1024
EVENT_BYTES_MAX = 16 * 1024 * 1024
"""Of all lines of one event together."""
_LIVE = "live"


class Place(NamedTuple):
    """How far somebody has read."""

    id: int
    """Of the record that was last."""
    at_ms: int | None
    """Its date; None when nothing is known of it."""
    youngest_ms: int | None
    """The youngest date of all that was read: dates do not come in the order of ids when several processes write."""


class Log(Protocol):
    """What is asked beside the tail."""

    def export(self, query: LogQuery) -> Iterator[LogRecord]:
        """Every record that matches, newest first."""
        ...

    def is_another(self, place: Place, query: LogQuery) -> bool:
        """Whether the log in which this place is was begun anew since; all that matches was read up to there."""
        ...

    def record(self, value: Any, path: str, place: str) -> LogRecord:
        """A record as the server tells it."""
        ...


class Event(NamedTuple):
    """One of the stream; a heartbeat has no name."""

    name: str
    data: str


class Tail:
    """
    What comes on a server, some records at a time; iterating raises RemoteError only where no patience helps.

    Args:
        remote: The server.
        log: Its log.
        query: Which records.
        place: Behind which record it begins.
    """

    def __init__(self, remote: Remote, log: Log, query: LogQuery, place: Place) -> None:
        self._remote = remote
        self._log = log
        self._query = query
        self._place = place
        self._least = query.after_id or 0
        self._filled: Place | None = None
        """Up to here what the server left out was fetched, whatever it tells of it later."""
        self._tries = 0
        """In vain, since a sign of life."""

    def __iter__(self) -> Iterator[Sequence[LogRecord]]:
        """The records, oldest first."""
        while True:
            try:
                if self._tries and self._log.is_another(self._place, self._query):
                    self._place, self._filled = Place(self._least, None, None), None
                yield from self._spell()
                error = RemoteError(f"{self._remote.shown} ended the stream", passes=True)
            except RemoteError as broken:
                if not broken.passes:
                    raise
                error = broken
            self._wait(error)

    def _wait(self, error: RemoteError) -> None:
        if not self._tries:
            span = f"at first after {WAIT_S:g} s, at last every {WAIT_S_MAX:g} s, until Ctrl-C"
            typer.echo(f"switchgear: {error}; tried again {span}", err=True)
        delay_s = min(WAIT_S_MAX, WAIT_S * 2 ** min(self._tries, 10))
        self._tries += 1
        self._remote.clock.sleep(max(delay_s, min(error.wait_s, 2 * WAIT_S_MAX)))

    def _spell(self) -> Iterator[Sequence[LogRecord]]:
        """What comes through one connection."""
        given = filter_of(replace(self._query, after_id=None))
        behind = str(self._place.id)
        missed = False
        with self._remote.opened(_LIVE, given, silence_s=SILENCE_S, Last_Event_ID=behind) as answer:
            if answer.headers.get_content_type() != "text/event-stream":
                raise self._remote.not_ours(_LIVE, "its answer is no stream of events")
            for event in _events(answer):
                match event.name:
                    case "record":
                        record = self._read(event.data)
                        yield from self._come(record, missed=missed)
                        missed, self._tries = False, 0
                    case "missed":
                        missed = True
                    case "":
                        self._tries = 0
                    case _:
                        continue

    def _come(self, record: LogRecord, *, missed: bool) -> Iterator[Sequence[LogRecord]]:
        """A record that came, and before it those that the server left out because they were too many."""
        if missed:
            gap = self._gap(record.id)
            yield gap
            self._place = self._place._replace(youngest_ms=_youngest(self._place.youngest_ms, *gap))
            self._filled = _behind(record, self._place.youngest_ms)
        elif self._filled is not None and _is_before(record, self._filled):
            return
        # A tail of a history looks at no other end than its own.
        if self._least < record.id < self._end_of(record.id + 1):
            yield (record,)
        # Memory may tell a smaller id after a greater one; one that is younger all the same is of a log begun anew.
        if not _is_before(record, self._place):
            self._place = _behind(record, self._place.youngest_ms)

    def _gap(self, up_to: int) -> Sequence[LogRecord]:
        """What lies between the last record and this one, oldest first."""
        behind = self._place.id if up_to > self._place.id else self._least
        span = replace(self._query, after_id=behind, before_id=self._end_of(up_to))
        return list(self._log.export(span))[::-1]

    def _end_of(self, end: int) -> int:
        return end if self._query.before_id is None else min(end, self._query.before_id)

    def _read(self, data: str) -> LogRecord:
        try:
            value: Any = json.loads(data)
        except (ValueError, RecursionError):
            raise self._remote.not_ours(_LIVE, "what must be JSON is none") from None
        return self._log.record(value, _LIVE, "record")


def _behind(record: LogRecord, youngest_ms: int | None) -> Place:
    return Place(record.id, record.at_ms, _youngest(youngest_ms, record))


def _youngest(youngest_ms: int | None, *records: LogRecord) -> int | None:
    dates = [*(one.at_ms for one in records), *([] if youngest_ms is None else [youngest_ms])]
    return max(dates, default=None)


def _is_before(record: LogRecord, place: Place) -> bool:
    return record.id < place.id and (place.youngest_ms is None or record.at_ms <= place.youngest_ms)


def _events(answer: HTTPResponse) -> Iterator[Event]:
    """The events of a stream until it ends."""
    name, data, size = "", list[str](), 0
    while line := answer.readline(LINE_BYTES_MAX + 1):
        if len(line) > LINE_BYTES_MAX:
            raise RemoteError("a line of the stream is too long")
        field, _, value = line.decode("utf-8", "replace").rstrip("\r\n").partition(":")
        value = value.removeprefix(" ")
        if not field and not value and not line.startswith(b":"):
            if name:
                yield Event(name, "\n".join(data))
            name, data, size = "", [], 0
        elif not field:
            yield Event("", value)
        elif field == "event":
            name = value
        elif field == "data":
            size += len(line)
            if size > EVENT_BYTES_MAX:
                raise RemoteError("an event of the stream is too long")
            data.append(value)
