"""Owns records as files for other programs: JSON lines and CSV; which records is the reader's."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from switchgear.observe.record import LogRecord

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

FIELDS = ("id", "at", *LogRecord._fields[1:])
"""Of a JSON line, and the columns of a CSV file, in this order."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_encode = msgspec.json.Encoder(enc_hook=str).encode


def as_dict(record: LogRecord) -> dict[str, object]:
    """
    The record by FIELDS.

    `at` is ISO 8601 in UTC, `level` a name, `call_id` None where there is no call.
    """
    values = {name: getattr(record, name) for name in FIELDS if name != "at"}
    at = (_EPOCH + timedelta(milliseconds=record.at_ms)).isoformat(timespec="milliseconds")
    changed = {
        "at": at.replace("+00:00", "Z"),
        "level": record.level.name,
        "call_id": record.call_id or None,
        "detail": dict(record.detail),
    }
    return {name: changed[name] if name in changed else values[name] for name in FIELDS}


def to_jsonl(records: Iterable[LogRecord]) -> Iterator[bytes]:
    """One JSON object a line, UTF-8."""
    for record in records:
        yield _encode(as_dict(record)) + b"\n"


def to_csv(records: Iterable[LogRecord]) -> Iterator[bytes]:
    """
    RFC 4180 in UTF-8: a line of names, then a line for each record.

    Texts are in quotes, numbers bare; where there is no value there is nothing.

    Texts are kept to the letter: one that begins with = + - @ is a formula to a spreadsheet
    program, so open the file there as text.
    """
    line = io.StringIO()
    writer = csv.writer(line, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    writer.writerow(FIELDS)
    for record in records:
        yield _taken(line)
        row = as_dict(record)
        writer.writerow([_cell(value) for value in row.values()])
    yield _taken(line)


def _cell(value: object) -> object:
    return _encode(value).decode() if isinstance(value, dict) else value


def _taken(line: io.StringIO) -> bytes:
    text = line.getvalue()
    line.seek(0)
    line.truncate()
    return text.encode()
