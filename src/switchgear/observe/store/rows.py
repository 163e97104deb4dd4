"""Owns how records become what is stored of them, a batch at a time, and a row a record again."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from switchgear.core.words import CircuitState, Key
from switchgear.observe.record import LogRecord
from switchgear.observe.store.clean import DURATION_MS_MAX, INT_MAX, clean_text, plain
from switchgear.observe.store.model import CircuitSnapshot
from switchgear.observe.store.rollups import MINUTE_MS
from switchgear.observe.text import plain_message, words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

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
_SHAPE, _MESSAGE = 2, 8
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

    rows: list[Any]
    """Each its place and then COLUMNS, without what is empty at the end; packed as its database asks."""
    words: list[Word]
    sums: Sums


def names_of(records: Iterable[LogRecord]) -> set[Names]:
    """What some records have in common with others; raises as `batch_of`."""
    return {_part(0, record)[0] for record in records}


def _part(place: int, record: LogRecord) -> tuple[Names, list[Any]]:
    """Its names, and its row, in which its shape's number is 0."""
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
    # A level is a number of its own kind, and as good as one to compare and to look up.
    names: Names = (exchange, method, account, level, event, kind, scope, source, is_plain)
    # Any one that is below 0 or too large shows in all of them together.
    if not 0 <= at_ms | call_id | (attempt or 0) | (duration_us or 0) | (status or 0) <= INT_MAX:
        _check(at_ms, call_id, attempt, duration_us, status)
    row: list[Any] = [place, at_ms, 0, call_id, attempt, duration_us]
    if is_plain and status is None and code is None and order_id is None and not detail:
        return names, row
    kept = None if is_plain else message
    text = _json(detail) if detail else None
    return names, [*row, status, code, kept, order_id, text]


def _check(*numbers: int | None) -> None:
    there = [one for one in numbers if one is not None]
    if max(there) > INT_MAX or min(there) < -INT_MAX:
        raise OverflowError("a number is larger than any database holds")


def batch_of(
    records: Iterable[LogRecord], shapes: Mapping[Names, Shape], pack: Callable[[list[Any]], Any]
) -> Batch:
    """
    The batch, each record with its shape.

    Each record is packed before the next is looked at: of many lists alive at once the garbage collector would look at
    every one, again and again, which takes longer than all the rest.

    Raises:
        KeyError: A record is of no shape that is known; learn them by `names_of`.
        ValueError, TypeError, OverflowError, RecursionError: It holds what no database can; `clean` it.
    """
    rows: list[Any] = []
    words: list[Word] = []
    places: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    for place, record in enumerate(records):
        names, row = _part(place, record)
        found = shapes[names]
        row[_SHAPE] = number = found.id
        at_ms: int = row[1]
        places[number, at_ms // MINUTE_MS].append(place)
        if len(row) > _MESSAGE:
            said = own_words(row[_MESSAGE], record, found.words)
            if said:
                words.append(Word(place, number, at_ms, said))
        rows.append(pack(row))
    sums = {
        (number, minute * MINUTE_MS): [len(these), these[0], these[-1]]
        for (number, minute), these in places.items()
    }
    return Batch(rows, words, sums)


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
        if isinstance(value, float) and name != "duration_ms":
            value = int(value)
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


def joined(packed: Iterable[bytes]) -> str:
    """
    Values that are JSON already as one JSON text of all.

    Raises:
        ValueError: One holds NUL.
    """
    return _checked(f"[{b','.join(packed).decode()}]")


def _json(value: object) -> str:
    return _checked(_encode(value).decode())


def _checked(text: str) -> str:
    if "\\u0000" in text and _NUL.search(text):
        raise ValueError("a text holds NUL")
    return text


def packed(row: list[Any]) -> bytes:
    """As JSON."""
    return _encode(row)


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
