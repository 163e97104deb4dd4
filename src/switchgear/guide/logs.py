"""
Owns the guide's log: write to it by hand, read, export and clear it; keeping records is left to the
gear.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

from switchgear.core.errors import SettingsError
from switchgear.core.event import Note
from switchgear.core.redact import error_text, redact_text, visible
from switchgear.core.words import Key
from switchgear.core.words import Level as LogLevel
from switchgear.guide.desk import default_gear
from switchgear.observe.query import LIMIT_DEFAULT, LIMIT_MAX, LogQuery
from switchgear.settings import parse_level

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switchgear.observe.record import LogRecord

MESSAGE_CHARS_MAX = 2_000
_GUIDES_NAMES = {"since_ms": "start_time", "since": "start_time", "until_ms": "end_time"}


def log(
    *,
    level: LogLevel | str,
    exchange: str,
    method: str,
    message: str,
    metadata: Mapping[str, object] | None = None,
    account: str = "main",
) -> None:
    """
    Put a record of your own into the log; secrets in it are masked.

    Args:
        level: One of the five, or its name in any case.
        exchange: Any name; so is method.
        method: As above.
        message: In words; cut at 2,000 characters.
        metadata: What else belongs to it; what JSON does not know is kept as text.
        account: Which key of the exchange it is about.

    Raises:
        SettingsError: The level is none of the five.
    """
    gear, key = default_gear(), Key.of(exchange, method, account)
    found = parse_level("level", level)
    text = visible(redact_text(str(message), MESSAGE_CHARS_MAX))
    gear.hub.emit(Note(gear.clock.monotonic_s(), key, found, text, _harmless(metadata or {})))


def log_api_call_attempt(
    exchange: str, method: str, metadata: Mapping[str, object] | None = None
) -> None:
    """Log at DEBUG that a call begins; it is not counted, for that is `record_api_call`."""
    log(
        level=LogLevel.DEBUG,
        exchange=exchange,
        method=method,
        message="API call attempt",
        metadata=metadata,
    )


def log_api_call_success(
    exchange: str,
    method: str,
    duration_ms: float | None = None,
    metadata: Mapping[str, object] | None = None,
) -> None:
    """Log at INFO that a call succeeded, and how long it took."""
    log(
        level=LogLevel.INFO,
        exchange=exchange,
        method=method,
        message=f"API call succeeded{_took(duration_ms)}",
        metadata=_with(metadata, duration_ms=duration_ms),
    )


def log_api_call_failure(
    exchange: str,
    method: str,
    error: BaseException | str,
    duration_ms: float | None = None,
    metadata: Mapping[str, object] | None = None,
) -> None:
    """Log at ERROR that a call failed, how, and after how long."""
    text = error_text(error) if isinstance(error, BaseException) else error
    log(
        level=LogLevel.ERROR,
        exchange=exchange,
        method=method,
        message=f"API call failed{_took(duration_ms)}: {text}",
        metadata=_with(metadata, duration_ms=duration_ms, error=text),
    )


def get_logs(
    *,
    exchange: str | None = None,
    method: str | None = None,
    level: LogLevel | str | None = None,
    start_time: float | None = None,
    end_time: float | None = None,
    text: str | None = None,
    limit: int = LIMIT_DEFAULT,
) -> list[LogRecord]:
    """
    Records, newest first.

    Args:
        exchange: Only of this exchange.
        method: Only of this method.
        level: At least this level.
        start_time: From this instant on, in milliseconds since 1970 UTC.
        end_time: Up to this instant, likewise.
        text: Only records whose message contains it.
        limit: At most so many, 1 to 10,000.

    Raises:
        SettingsError: A filter is not allowed; names the field, its value and what is.
    """
    return default_gear().query(_query(exchange, method, level, start_time, end_time, text, limit))


def clear_logs(
    *,
    exchange: str | None = None,
    method: str | None = None,
    level: LogLevel | str | None = None,
    start_time: float | None = None,
    end_time: float | None = None,
    text: str | None = None,
) -> int:
    """
    Forget the records that `get_logs` finds with these filters, all without; gives how many they
    were.
    """
    return default_gear().clear_logs(_query(exchange, method, level, start_time, end_time, text))


def export_logs(
    format: Literal["jsonl", "csv"] = "jsonl",  # noqa: A002  the word that a caller looks for
    *,
    exchange: str | None = None,
    method: str | None = None,
    level: LogLevel | str | None = None,
    start_time: float | None = None,
    end_time: float | None = None,
    text: str | None = None,
    limit: int = LIMIT_MAX,
) -> str:
    """
    The records that `get_logs` finds with these filters as text: a JSON object a line, or CSV with
    a header.

    Raises:
        SettingsError: The format is neither jsonl nor csv, or a filter is not allowed.
    """
    from switchgear.observe.history.export import to_csv, to_jsonl  # here: it needs an extra

    writers = {"jsonl": to_jsonl, "csv": to_csv}
    if format not in writers:
        raise SettingsError("format", format, f"must be one of {', '.join(writers)}")
    query = _query(exchange, method, level, start_time, end_time, text, limit)
    return b"".join(writers[format](default_gear().query(query))).decode()


def _query(
    exchange: str | None,
    method: str | None,
    level: LogLevel | str | None,
    start_time: float | None,
    end_time: float | None,
    text: str | None,
    limit: int = LIMIT_DEFAULT,
) -> LogQuery:
    try:
        return LogQuery(
            exchange=exchange,
            method=method,
            level=None if level is None else parse_level("level", level),
            since_ms=_whole_ms("start_time", start_time),
            until_ms=_whole_ms("end_time", end_time),
            text=text,
            limit=limit,
        )
    except SettingsError as error:
        raise SettingsError(
            _GUIDES_NAMES.get(error.field, error.field), error.value, error.allowed
        ) from None


def _whole_ms(name: str, value: float | None) -> int | None:
    """A clock in seconds times 1000 is seldom whole, and nobody means the fraction."""
    try:
        return None if value is None else int(value)
    except (TypeError, ValueError, OverflowError):
        raise SettingsError(name, value, "must be milliseconds since 1970 UTC") from None


def _with(metadata: Mapping[str, object] | None, **more: object) -> dict[str, object]:
    return {
        **(metadata or {}),
        **{name: value for name, value in more.items() if value is not None},
    }


def _took(duration_ms: float | None) -> str:
    return "" if duration_ms is None else f" in {duration_ms:.1f} ms"


def _harmless(metadata: Mapping[str, object]) -> dict[str, Any]:
    """
    The metadata as JSON values, secrets masked by form and by name; as one text where that cannot
    be done.
    """
    try:
        text = redact_text(json.dumps(dict(metadata), default=str))
        found: dict[str, Any] = json.loads(text, parse_constant=str)
    except (TypeError, ValueError, RecursionError):
        return {"metadata": visible(redact_text(repr(metadata), MESSAGE_CHARS_MAX))}
    return found
