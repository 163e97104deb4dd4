"""Owns how records become what is stored of them, a batch at a time, and a row a record again."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from switchgear.core.words import CircuitState, Key
from switchgear.observe.record import LogRecord
from switchgear.observe.store.clean import DURATION_MS_MAX, INT_MAX, clean_text, plain
from switchgear.observe.store.model import CircuitSnapshot
from switchgear.observe.store.rollups import MINUTE_MS
from switchgear.observe.text import plain_message, words_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from switchgear.observe.store.rollups import Sums
    from switchgear.observe.store.shapes import Names, Shape

COLUMNS = (
    "at_ms",
    "shape",
    "call_id",
    "attempt",
    "duration_us",
    "status",
    "code",
    "message",
    "order_id",
    "detail",
)
"""Of a record's row, after its id and its run, in the order of a batch's values."""
_SHAPE, _CODE, _MESSAGE, _DETAIL = 2, 7, 8, 10
"""Where they stand in a batch's row, which begins with its place."""
WORD_CHARS_MAX = 200
"""As many of a word are kept: a filter's text is no longer."""
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
"""As JSON has it; after one more backslash it is no NUL."""
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


class Word(NamedTuple):
    """The words that a record of a batch says itself."""

    place: int
    shape: int
    at_ms: int
    words: list[str]


class Batch(NamedTuple):
    """Records as they are stored; places count from 0, and an id is the first one's and the place."""

    rows: list[list[Any]]
    """Each its place and then COLUMNS; what is empty at its end may be missing."""
    words: list[Word]
    sums: Sums


Part = tuple["Names", list[Any]]


def parts_of(records: Sequence[LogRecord]) -> list[Part]:
    """
    What is stored of records, each as its names and its row, in which its shape's number is 0.

    Raises:
        ValueError, TypeError, OverflowError, RecursionError: A record holds what no database can; `clean` it.
    """
    parts = [_part(place, record) for place, record in enumerate(records)]
    for _, row in parts:
        numbers = [one for one in row[1:_CODE] if one is not None]
        if max(numbers) > INT_MAX or min(numbers) < -INT_MAX:
            raise OverflowError("a number is larger than any database holds")
    return parts


def _part(place: int, record: LogRecord) -> Part:
    (
        _,
        at_ms,
        level,
        event,
        exchange,
        method,
        account,
        message,
        call_id,
        attempt,
        duration_ms,
        kind,
        status,
        code,
        source,
        scope,
        order_id,
        _,
        detail,
    ) = record  # all at once: by name each takes as long as all of them
    duration_us, is_plain = None, False
    if duration_ms is not None:
        duration_us = round(duration_ms * 1000)
        is_plain = event == "call_succeeded" and message == plain_message(duration_us / 1000)
    names: Names = (exchange, method, account, +level, event, kind, scope, source, is_plain)
    row: list[Any] = [place, at_ms, 0, call_id, attempt, duration_us]
    if is_plain and status is None and code is None and order_id is None and not detail:
        return names, row
    kept = None if is_plain else message
    text = _json(detail) if detail else None
    return names, [*row, status, code, kept, order_id, text]


def batch_of(
    records: Sequence[LogRecord], parts: Sequence[Part], shapes: Mapping[Names, Shape]
) -> Batch:
    """The batch, each record with its shape."""
    rows: list[list[Any]] = []
    words: list[Word] = []
    spans: list[tuple[int, int]] = []
    for names, row in parts:
        found = shapes[names]
        number = row[_SHAPE] = found.id
        at_ms = row[1]
        rows.append(row)
        spans.append((number, at_ms - at_ms % MINUTE_MS))
        if len(row) > _MESSAGE:
            place: int = row[0]
            said = own_words(row[_MESSAGE], records[place], found.words)
            if said:
                words.append(Word(place, number, at_ms, said))
    return Batch(rows, words, _sums(spans))


def _sums(spans: list[tuple[int, int]]) -> Sums:
    """How many of each, and the places of its first and its last."""
    last = dict(zip(spans, range(len(spans)), strict=True))
    first = dict(zip(reversed(spans), range(len(spans) - 1, -1, -1), strict=True))
    return {span: [count, first[span], last[span]] for span, count in Counter(spans).items()}


def own_words(message: str | None, record: LogRecord, of_names: frozenset[str]) -> list[str]:
    """
    The words that a record says, and its names do not, each once.

    Args:
        message: As it is kept: None where it says no more than the duration.
        record: The record.
        of_names: The words of its names.
    """
    status = "" if record.status is None else str(record.status)
    text = " ".join((message or "", record.code or "", status, record.order_id or ""))
    said = set(words_of(text)) - of_names
    return (
        sorted(said)
        if len(text) <= WORD_CHARS_MAX
        else sorted({one[:WORD_CHARS_MAX] for one in said})
    )


def clean(record: LogRecord) -> LogRecord:
    """The record with what a database cannot hold made its text."""
    cleaned = record._replace(detail=plain(record.detail))
    texts = ("message", "code", "source", "order_id", "event", "kind", "scope")
    changed: dict[str, Any] = {name: plain(getattr(record, name)) for name in texts}
    for name in ("at_ms", "call_id", "attempt", "status", "duration_ms"):
        value = plain(getattr(record, name))
        changed[name] = value if isinstance(value, int | float) else None
    changed["at_ms"], changed["call_id"] = changed["at_ms"] or 0, changed["call_id"] or 0
    if (changed["duration_ms"] or 0) > DURATION_MS_MAX:
        changed["duration_ms"] = None
    return cleaned._replace(**changed)


def record_of_row(row: Any, shapes: Mapping[int, Shape]) -> LogRecord:
    """The record that a row holds: id, run, and then COLUMNS."""
    number, run, at_ms, shape, call_id, attempt, duration_us, status, code, message, *rest = row
    order_id, detail = rest
    one = shapes[shape]
    duration_ms = None if duration_us is None else duration_us / 1000
    if message is None:
        message = plain_message(duration_ms or 0.0)
    return LogRecord(
        number,
        at_ms,
        one.level,
        one.event,
        one.exchange,
        one.method,
        one.account,
        message,
        call_id,
        attempt,
        duration_ms,
        one.kind,
        status,
        code,
        one.source,
        one.scope,
        order_id,
        run,
        _decode(detail) if detail else {},
    )


def json_of(values: Iterable[object]) -> str:
    """
    Values as one JSON text, for a statement that takes many at once.

    Raises:
        ValueError: One holds NUL.
    """
    return _json(list(values))


def _json(value: object) -> str:
    text = _encode(value).decode()
    if "\\u0000" in text and _NUL.search(text):
        raise ValueError("a text holds NUL")
    return text


def row_of_circuit(run: int, one: CircuitSnapshot) -> dict[str, object]:
    """The columns of a circuit's row."""
    return {
        "run": run,
        "exchange": one.key.exchange,
        "method": one.key.method,
        "account": one.key.account,
        "state": one.state.value,
        "since_ms": one.since_ms,
        "reason": clean_text(one.reason),
        "until_ms": one.until_ms,
        "held_by": clean_text(one.by),
        "failures": one.failures,
        "openings": one.openings,
        "updated_ms": one.updated_ms,
        "metrics": _encode(plain(dict(one.metrics))).decode(),
    }


def circuit_of_row(row: Any) -> CircuitSnapshot:
    """The circuit that a row holds."""
    return CircuitSnapshot(
        key=Key(row.exchange, row.method, row.account),
        state=CircuitState(row.state),
        since_ms=row.since_ms,
        reason=row.reason,
        until_ms=row.until_ms,
        by=row.held_by,
        failures=row.failures,
        openings=row.openings,
        updated_ms=row.updated_ms,
        metrics=_decode(row.metrics),
        run=row.run,
    )
