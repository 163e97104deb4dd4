"""Owns the log of a running server as the commands ask for it; following what comes is remote_tail's."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from switchgear.cli.kept import end_of
from switchgear.cli.remote_errors import RemoteError
from switchgear.cli.remote_tail import Place, Tail
from switchgear.core.errors import SettingsError
from switchgear.core.redact import visible
from switchgear.observe.history.export import FIELDS, filter_of
from switchgear.observe.history.lines import TORN, TORN_WHY, json_rows
from switchgear.observe.history.values import record_from

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping, Sequence
    from http.client import HTTPResponse

    from switchgear.cli.remote import Remote
    from switchgear.observe.query import LogQuery
    from switchgear.observe.record import LogRecord

PAGE = 1_000
"""Records of one question."""
_DATED = 100
"""So many of the newest records are looked at for their dates, also where fewer are printed."""
_LOGS, _EXPORT = "logs", "logs/export"


class RemoteLogs:
    """
    The log of a server.

    Args:
        remote: The server.

    Every method raises RemoteError where it refuses, fails or does not answer.
    """

    def __init__(self, remote: Remote) -> None:
        self._remote = remote

    def page(self, query: LogQuery) -> Sequence[LogRecord]:
        """The newest records that match, newest first, at most the query's limit."""
        found: list[LogRecord] = []
        while len(found) < query.limit:
            step = min(PAGE, query.limit - len(found))
            records, _ = self._records(query, step)
            found += records
            if len(records) < step:
                break
            query = replace(query, before_id=records[-1].id)
        return found

    def export(self, query: LogQuery) -> Iterator[LogRecord]:
        """
        Every record that matches, newest first.

        A server that refuses does so at once; what breaks off in the midst raises RemoteError there.
        """
        given = {**filter_of(query), "format": "jsonl"}
        with ExitStack() as stack:
            answer = stack.enter_context(self._remote.opened(_EXPORT, given))
            return self._exported(answer, stack.pop_all())

    def followed(self, query: LogQuery) -> Generator[Sequence[LogRecord]]:
        """The page, the newest last, and then what comes, over broken connections too, without an end."""
        newest, newest_id = self._newest(None)
        # More than is wanted, to know a date that is younger than all that came before.
        wide = replace(query, before_id=end_of(query, newest_id), limit=max(query.limit, _DATED))
        found = self.page(wide)
        yield found[: query.limit][::-1]
        youngest_ms = max((one.at_ms for one in found), default=None)
        place = Place(max(newest_id, query.after_id or 0), None, youngest_ms)
        if newest is not None and newest.id == place.id:  # and none that came meanwhile
            place = Place(newest.id, newest.at_ms, max(newest.at_ms, youngest_ms or newest.at_ms))
        yield from Tail(self._remote, self, query, place)

    def is_another(self, place: Place, query: LogQuery) -> bool:
        """
        Whether this is no longer the log in which somebody stood at this place: ids began anew.

        No log gives an id twice. So it is another where the record at the place has another date, and the same where
        that record is merely gone and newer ones are there. Where all from the place on are gone, as after a clear, it
        is another when what matches the query before the place is younger than all that was read.

        What is not recognised: a log begun anew that has outgrown the place and no longer, or never, had a record of
        that id; it is followed from behind the place.
        """
        if place.at_ms is None:
            return False
        there, newest_id = self._newest(place.id)
        if there is not None and there.id == place.id:
            return there.at_ms != place.at_ms
        if there is None or newest_id >= place.id or place.youngest_ms is None:
            return False
        # The newest id that a server tells is of what is there: a clear lowers it too, and alone it says nothing. Dates
        # of several processes do not come in the order of ids, so that one record's date says nothing either.
        found, _ = self._records(replace(query, before_id=end_of(query, place.id)), 1)
        return bool(found) and found[0].at_ms > place.youngest_ms

    def record(self, value: Any, path: str, place: str) -> LogRecord:
        """A record as the server tells it; what it says beyond the fields that are known is left out."""
        values = self._remote.named(path, value)
        known = {name: values[name] for name in FIELDS if name in values}
        try:
            return record_from(known, place)
        except SettingsError as error:
            raise self._remote.not_ours(path, error) from None

    def _newest(self, up_to: int | None) -> tuple[LogRecord | None, int]:
        """The newest record, whatever it is of, up to this one if one is given; and the newest id there is."""
        before = {} if up_to is None else {"before_id": str(up_to + 1)}
        answer = self._remote.asked(_LOGS, {**before, "limit": "1", "count": "no"})
        records, newest_id = self._read(answer)
        return (records[0] if records else None), newest_id

    def _records(self, query: LogQuery, limit: int) -> tuple[list[LogRecord], int]:
        given = {**filter_of(query), "limit": str(limit), "count": "no"}
        return self._read(self._remote.asked(_LOGS, given))

    def _read(self, answer: Mapping[str, Any]) -> tuple[list[LogRecord], int]:
        newest_id = answer.get("newest_id")
        if not isinstance(answer.get("records"), list) or type(newest_id) is not int:
            raise self._remote.not_ours(_LOGS, "its answer has no records")
        rows: list[Any] = answer["records"]
        found = [self.record(one, _LOGS, f"record {number}") for number, one in enumerate(rows, 1)]
        return found, newest_id

    def _exported(self, answer: HTTPResponse, until_read: ExitStack) -> Iterator[LogRecord]:
        with until_read:
            for count, (place, values) in enumerate(self._rows(answer)):
                if values is TORN:
                    raise self._broken(TORN_WHY)
                if values.get("end") is True:
                    self._check_end(values, count)
                    return
                yield self.record(values, _EXPORT, place)
            raise self._broken("it has no last line")

    def _check_end(self, end: Mapping[str, Any], count: int) -> None:
        if end.get("whole") is not True or end.get("records") != count:
            counted = f"by its own word it holds {end.get('records')}"
            raise self._broken(visible(str(end.get("error") or counted)))

    def _broken(self, why: str) -> RemoteError:
        return RemoteError(f"the export of {self._remote.shown} is not whole: {why}", passes=True)

    def _rows(self, answer: HTTPResponse) -> Iterator[tuple[str, Mapping[str, Any]]]:
        try:
            yield from json_rows(answer)
        except SettingsError as error:
            raise self._remote.not_ours(_EXPORT, error) from None
