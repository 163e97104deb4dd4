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
        yield self.page(replace(query, before_id=end_of(query, newest_id)))[::-1]
        place = Place(max(newest_id, query.after_id or 0), None)
        if newest is not None and newest.id == place.id:  # and none that came meanwhile
            place = Place(newest.id, newest.at_ms)
        yield from Tail(self._remote, self, query, place)

    def is_another(self, place: Place) -> bool:
        """Whether this is no longer the log in which somebody stood at this place: ids began anew."""
        if place.at_ms is None:
            return False
        there, _ = self._newest(place.id)
        if there is None:
            return False
        # Where the very record is gone, as after a clear, an older one of the same log is no younger.
        return there.at_ms != place.at_ms if there.id == place.id else there.at_ms > place.at_ms

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
