"""
Owns records as files for other programs: JSON lines, CSV and Parquet; which records is the reader's.

Reading such a file back is importing's. A file ends by saying whether it is whole, so that one that broke off, on disk
or on its way, is not taken for all there was.
"""

from __future__ import annotations

import io
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import msgspec

from switchgear.core.errors import SettingsError, SwitchgearError
from switchgear.core.redact import error_text
from switchgear.core.words import Level
from switchgear.observe.record import LogRecord
from switchgear.observe.store.clean import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from switchgear.observe.query import LogQuery

FIELDS = ("id", "at", *LogRecord._fields[1:])
"""Of a JSON line, and the columns of a CSV file and of a Parquet file, in this order."""
WHOLE = "# whole: "
"""Begins the last row of a CSV file that holds all that matched."""
NOT_WHOLE = "# not whole: "
"""And of one that broke off."""
FORMS = {
    "jsonl": "application/x-ndjson",
    "csv": "text/csv; charset=utf-8; header=present",
    "parquet": "application/vnd.apache.parquet",
}
"""In which forms an export comes, by the ending of its name, and what each is called on the web."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_encode = msgspec.json.Encoder(enc_hook=str).encode


class End(NamedTuple):
    """What the last line of an export says."""

    records: int
    filter: Mapping[str, str]
    error: str = ""
    """Why it is not whole; empty when it is."""

    @property
    def whole(self) -> bool:
        """Whether it holds all that matched."""
        return not self.error

    def as_dict(self) -> dict[str, object]:
        """The last line, by name."""
        told: dict[str, object] = {"end": True, "whole": self.whole, "records": self.records}
        return {
            **told,
            "filter": dict(self.filter),
            **({"error": self.error} if self.error else {}),
        }


def forms_here() -> dict[str, str]:
    """Those of FORMS that can be made here: Parquet needs DuckDB."""
    from importlib.util import find_spec  # here: most programs export nothing

    has_duckdb = find_spec("duckdb") is not None
    return {form: kind for form, kind in FORMS.items() if has_duckdb or form != "parquet"}


def exported(
    form: str,
    records: Iterable[LogRecord],
    query: LogQuery | None = None,
    on_end: Callable[[End], object] | None = None,
) -> Iterator[bytes]:
    """
    An export from its first byte to its last line, piece by piece.

    Where the records break off, it ends with a line that says so: nothing is raised once it has begun.

    Args:
        form: One of FORMS.
        records: What is exported.
        query: What they were chosen by, which the last line repeats.
        on_end: Told what the last line says.

    Raises:
        SettingsError: The form is none, or needs an extra that is not there.
    """
    if form not in FORMS:
        raise SettingsError("format", form, f"must be one of {', '.join(FORMS)}")
    watched = _Watched(records, {} if query is None else filter_of(query))
    if form == "parquet":
        from switchgear.observe.history.parquet import to_parquet  # here: it is an extra

        pieces = to_parquet(watched, watched.end)
    else:
        lines = to_csv(watched) if form == "csv" else to_jsonl(watched)
        pieces = _ended(lines, watched, _csv_end if form == "csv" else _json_end)
    return pieces if on_end is None else _telling(pieces, watched, on_end)


def filter_of(query: LogQuery) -> dict[str, str]:
    """A query as the parameters that give it again; its limit is left out."""
    found: dict[str, str] = {}
    for field in fields(query):
        value = getattr(query, field.name)
        if value is not None and field.name != "limit":
            name = field.name.removesuffix("_ms")
            found[name] = value.name.lower() if isinstance(value, Level) else str(value)
    return found


def as_dict(record: LogRecord) -> dict[str, object]:
    """
    The record by FIELDS.

    `at` is ISO 8601 in UTC, `level` a name, `call_id` None where there is no call.
    """
    values = {name: getattr(record, name) for name in FIELDS if name != "at"}
    changed = {
        "at": date_of(record.at_ms),
        "level": record.level.name,
        "call_id": record.call_id or None,
        "detail": dict(record.detail),
    }
    return {name: changed[name] if name in changed else values[name] for name in FIELDS}


def date_of(at_ms: int) -> str:
    """An instant as ISO 8601 in UTC, to the millisecond."""
    at = (_EPOCH + timedelta(milliseconds=at_ms)).isoformat(timespec="milliseconds")
    return at.replace("+00:00", "Z")


def to_jsonl(records: Iterable[LogRecord]) -> Iterator[bytes]:
    """One JSON object a line, UTF-8."""
    for record in records:
        yield encoded(as_dict(record)) + b"\n"


def to_csv(records: Iterable[LogRecord]) -> Iterator[bytes]:
    """
    RFC 4180 in UTF-8: a line of names, then a line for each record.

    Texts are in quotes, numbers bare; where there is no value there is nothing, and where there is an empty text there
    are two quotes.

    Texts are kept to the letter: one that begins with = + - @ is a formula to a spreadsheet
    program, so open the file there as text.
    """
    yield _row(FIELDS)
    for record in records:
        yield _row(as_dict(record).values())


def encoded(value: object) -> bytes:
    """The value as JSON; what JSON or UTF-8 cannot hold becomes its text."""
    try:
        return _encode(value)
    except (ValueError, TypeError, OverflowError, RecursionError, msgspec.MsgspecError):
        return _encode(plain(value))


def _row(values: Iterable[object]) -> bytes:
    line = io.StringIO()
    line.write(",".join(map(_cell, values)))
    line.write("\r\n")
    return line.getvalue().encode(errors="replace")


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case int() | float():
            return repr(value)
        case dict():
            text = encoded(cast("dict[str, Any]", value)).decode()
        case _:
            text = str(value)
    quoted = text.replace('"', '""')
    return f'"{quoted}"'


class _Watched:
    """The records on their way, counted; that they break off is kept and not raised."""

    def __init__(self, records: Iterable[LogRecord], chosen_by: Mapping[str, str]) -> None:
        self._records = records
        self._filter = chosen_by
        self._count = 0
        self._error = ""

    def __iter__(self) -> Iterator[LogRecord]:
        try:
            for record in self._records:
                yield record
                self._count += 1
        except SwitchgearError as error:
            self._error = str(error)
        except Exception as error:  # noqa: BLE001  a reader of a broken file may raise anything
            self._error = error_text(error)

    def end(self) -> End:
        """What the last line says, once all have passed."""
        return End(self._count, self._filter, self._error)


def _ended(
    lines: Iterator[bytes], watched: _Watched, last: Callable[[End], bytes]
) -> Iterator[bytes]:
    yield from lines
    yield last(watched.end())


def _telling(
    pieces: Iterator[bytes], watched: _Watched, on_end: Callable[[End], object]
) -> Iterator[bytes]:
    yield from pieces
    on_end(watched.end())


def _json_end(end: End) -> bytes:
    return encoded(end.as_dict()) + b"\n"


def _csv_end(end: End) -> bytes:
    """A row whose first cell is no number; as wide as all others, or a strict reader would refuse it."""
    count = f"{end.records} records"
    words = f"{WHOLE}{count}" if end.whole else f"{NOT_WHOLE}{count}, then {end.error}"
    chosen_by = encoded(dict(end.filter)).decode()
    return _row([f"{words}; filter {chosen_by}", *[None] * (len(FIELDS) - 1)])
