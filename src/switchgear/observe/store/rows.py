"""Owns how a record becomes a row and a row a record."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import msgspec

from switchgear.core.words import CircuitState, Key, Level
from switchgear.observe.record import LogRecord
from switchgear.observe.store.model import CircuitSnapshot

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

COLUMNS = tuple(name for name in LogRecord._fields[1:] if name not in {"scope", "order_id", "run"})
"""What is kept of a record, in the order of its values; its id is the file's."""
REPLACEMENT = "\ufffd"
"""Stands for what a text in the file cannot hold: NUL, and half a character."""
_DEPTH_MAX = 20
_INT_MAX = 2**63 - 1
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


def values_of(run: int, records: Sequence[LogRecord]) -> list[object]:
    """
    The values of a run's records one after the other, each its run and then COLUMNS.

    Raises:
        ValueError, TypeError, OverflowError, RecursionError: A record holds what a file cannot; take
            `clean_values_of`. The driver raises the same of some.
    """
    values: list[object] = []
    for record in records:
        values += _row(run, record)
    # Names hold no NUL, by Key; SQLite would take one, and stop at it when it searches.
    texts = "".join([f"{one.message}{one.code}{one.source}" for one in records])
    details = filter(None, values[len(COLUMNS) :: 1 + len(COLUMNS)])
    if "\0" in texts or any("\\u0000" in str(detail) for detail in details):
        raise ValueError("a text holds NUL")
    return values


def clean_values_of(run: int, records: Sequence[LogRecord]) -> list[object]:
    """The same, with what SQLite cannot hold made its text: for a batch that it did not take."""
    rows = (_row(run, record._replace(detail=plain(record.detail))) for record in records)
    return [plain(value) for row in rows for value in row]


def _row(run: int, record: LogRecord) -> tuple[Any, ...]:
    # As a tuple a record is its id, the columns in their order, and its detail: a text here, so that it comes back
    # to the letter.
    detail = _encode(record.detail).decode() if record.detail else None
    # The driver looks for an adapter of every value that is not just a number or a text: a level is made one here.
    return (run, record[1], int(record[2]), *record[3:15], detail)


def plain(value: object, depth: int = 0) -> Any:
    """The value in what JSON and SQLite can hold; what cannot be becomes its text."""
    if depth > _DEPTH_MAX:
        return "…"
    match value:
        case bool() | None:
            return value
        case int():
            return int(value) if -_INT_MAX <= value <= _INT_MAX else str(value)
        case float():
            return value if math.isfinite(value) else None
        case str():
            return _clean(value)
        case Mapping():
            items = cast("Mapping[object, object]", value)  # a pattern does not say of what
            return {_clean(_text(key)): plain(item, depth + 1) for key, item in items.items()}
        case list() | tuple() | set() | frozenset():
            members = cast("Iterable[object]", value)  # as above
            return [plain(item, depth + 1) for item in members]
        case _:
            return _clean(_text(value))


def _clean(text: str) -> str:
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\0", REPLACEMENT)


def _text(value: object) -> str:
    try:
        return str(value)
    except Exception:  # noqa: BLE001  a foreign __str__ may do anything
        return f"<{type(value).__name__}>"


def record_of_row(row: Any) -> LogRecord:
    """The record that a row holds; its id is the file's."""
    return LogRecord(
        id=row.id,
        at_ms=row.at_ms,
        level=Level(row.level),
        event=row.event,
        exchange=row.exchange,
        method=row.method,
        account=row.account,
        message=row.message,
        call_id=row.call_id,
        attempt=row.attempt,
        duration_ms=row.duration_ms,
        kind=row.kind,
        status=row.status,
        code=row.code,
        source=row.source,
        detail=_decode(row.detail) if row.detail else {},
    )


def row_of_circuit(run: int, one: CircuitSnapshot) -> dict[str, object]:
    """The columns of a circuit's row."""
    return {
        "run": run,
        "exchange": one.key.exchange,
        "method": one.key.method,
        "account": one.key.account,
        "state": one.state.value,
        "since_ms": one.since_ms,
        "reason": _clean(one.reason),
        "until_ms": one.until_ms,
        "held_by": _clean(one.by),
        "failures": one.failures,
        "openings": one.openings,
        "updated_ms": one.updated_ms,
        "metrics": _metrics_json(one.metrics),
    }


def _metrics_json(metrics: Mapping[str, object]) -> str:
    return _encode(plain(dict(metrics))).decode()


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
