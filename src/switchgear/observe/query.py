"""Owns the one filter of log records and what it matches.

Where the records lie (ring, history) is left to others.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any, get_args

from switchgear.core.errors import SettingsError
from switchgear.core.event import Event
from switchgear.core.words import KeyNameError, Kind, Level, Scope, fold
from switchgear.observe.record import event_name
from switchgear.observe.text import says

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from switchgear.observe.record import LogRecord

LIMIT_DEFAULT = 1_000
LIMIT_MAX = 10_000
TEXT_CHARS_MAX = 200
TIME_MS_MAX = 253_402_300_799_999
"""The last millisecond of the year 9999."""
_ID_MAX = 2**63 - 1

EVENTS: tuple[str, ...] = tuple(sorted(event_name(kind) for kind in get_args(Event)))
"""Every name that a record's event can have."""
OUTCOMES: dict[str, str] = {
    "success": "call_succeeded",
    "failed": "call_failed",
    "rejected": "call_rejected",
    "fallback": "fallback_served",
    "joined": "call_joined",
    "ignored": "call_ignored",
    "cancelled": "call_cancelled",
}
"""How a call can end, and the event that says so."""
_KINDS = tuple(kind.value for kind in Kind)
_SCOPES = tuple(scope.value for scope in Scope)
_NUMBERS = {
    "call_id": (1, _ID_MAX),
    "run": (1, _ID_MAX),
    "since_ms": (0, TIME_MS_MAX),
    "until_ms": (0, TIME_MS_MAX),
    "before_id": (0, _ID_MAX),
    "after_id": (0, _ID_MAX),
    "limit": (1, LIMIT_MAX),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LogQuery:
    """
    Which records are wanted; None lets everything through, and every field that is set must hold.

    Raises:
        SettingsError: A field cannot be; it names the field, its value and what is allowed.
    """

    exchange: str | None = None
    """Folded as a key is: Binance is binance."""
    method: str | None = None
    account: str | None = None
    level: Level | None = None
    """At least."""
    event: str | None = None
    outcome: str | None = None
    """How a call ended: one of OUTCOMES."""
    kind: str | None = None
    scope: str | None = None
    order_id: str | None = None
    """The client order id, to the letter."""
    call_id: int | None = None
    run: int | None = None
    """A process's spell in a history.

    Memory holds one run alone, so there it is not looked at.
    """
    since_ms: int | None = None
    """Epoch milliseconds, this one included."""
    until_ms: int | None = None
    """Epoch milliseconds, this one included."""
    text: str | None = None
    """Each word of it begins a word of the record, in either case: of message, names, code, status or order id."""
    before_id: int | None = None
    """Records older than this one, which is left out."""
    after_id: int | None = None
    """Records newer than this one, which is left out."""
    limit: int = LIMIT_DEFAULT
    """At most so many records of a page, 1 to 10,000.

    A count, an export and a clear do not look at it.
    """

    def __post_init__(self) -> None:
        for name in ("exchange", "method", "account"):
            self._set(name, _folded(name, getattr(self, name)))
        for name, (low, high) in _NUMBERS.items():
            _check_number(name, getattr(self, name), low, high)
        _check_word("event", self.event, EVENTS)
        _check_word("kind", self.kind, _KINDS)
        _check_word("outcome", self.outcome, tuple(OUTCOMES))
        _check_word("scope", self.scope, _SCOPES)
        _check_order_id(self.order_id)
        self._set("level", _level(self.level))
        _check_text(self.text)
        if (
            self.since_ms is not None
            and self.until_ms is not None
            and self.since_ms > self.until_ms
        ):
            raise SettingsError("since", self.since_ms, f"at most until, which is {self.until_ms}")

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)  # frozen: only while it is being made

    @classmethod
    def parse(cls, parameters: Mapping[str, str], now_ms: int) -> LogQuery:
        """
        The query that an address's parameters say; an empty value is no filter.

        Args:
            parameters: By the names of the fields, except that since and until stand for since_ms
                and until_ms. A time is epoch milliseconds, ISO 8601 with its zone, or a span
                before now: -15m, -24h.
            now_ms: What a span counts from, in epoch milliseconds.

        Raises:
            SettingsError: A name is unknown, or a value does not parse.
        """
        found: dict[str, Any] = {}
        for name, value in parameters.items():
            if name not in _PARSERS:
                raise SettingsError(name, value, f"is no filter; known are {', '.join(_PARSERS)}")
            if value:
                field = f"{name}_ms" if name in _TIMES else name
                found[field] = _PARSERS[name](name, value, now_ms)
        return cls(**found)


def matches(query: LogQuery, record: LogRecord) -> bool:
    """Whether the query lets the record through; its limit and its run are not looked at."""
    return _in_range(query, record) and _is_named(query, record) and says(query.text, record)


def _in_range(query: LogQuery, record: LogRecord) -> bool:
    return (
        (query.level is None or record.level >= query.level)
        and (query.since_ms is None or record.at_ms >= query.since_ms)
        and (query.until_ms is None or record.at_ms <= query.until_ms)
        and (query.before_id is None or record.id < query.before_id)
        and (query.after_id is None or record.id > query.after_id)
    )


def _is_named(query: LogQuery, record: LogRecord) -> bool:
    return all(
        wanted is None or wanted == has
        for wanted, has in (
            (query.exchange, record.exchange),
            (query.method, record.method),
            (query.account, record.account),
            (query.event, record.event),
            (query.outcome and OUTCOMES[query.outcome], record.event),
            (query.kind, record.kind),
            (query.scope, record.scope),
            (query.order_id, record.order_id),
            (query.call_id, record.call_id),
        )
    )


# ------------------------------------------------------------------------------------------- checks


def _folded(name: str, value: str | None) -> str | None:
    if value is None:
        return None
    try:
        return fold(name, value)
    except KeyNameError as error:
        allowed = str(error).partition(": ")[2]
        raise SettingsError(name, value, allowed) from None


def _check_number(name: str, value: object, low: int, high: int) -> None:
    if value is None and name != "limit":
        return
    if type(value) is not int or not low <= value <= high:
        raise SettingsError(name, value, f"must be a whole number from {low} to {high}")


def _check_word(name: str, value: str | None, allowed: tuple[str, ...]) -> None:
    if value is not None and value not in allowed:
        raise SettingsError(name, value, f"must be one of {', '.join(allowed)}")


def _level(value: object) -> Level | None:
    if value is None:
        return None
    try:
        return Level(value)  # type: ignore[arg-type]  # whatever it is, Level says whether it is one
    except ValueError:
        raise SettingsError(
            "level", value, f"must be one of {', '.join(Level.__members__)}"
        ) from None


def _check_text(text: object) -> None:
    if text is None:
        return
    if not isinstance(text, str) or not 1 <= len(text) <= TEXT_CHARS_MAX or not _is_storable(text):
        allowed = f"must be 1 to {TEXT_CHARS_MAX} characters, none of them NUL or half a character"
        raise SettingsError("text", text, allowed)


def _check_order_id(value: object) -> None:
    if value is None:
        return
    if (
        not isinstance(value, str)
        or not 1 <= len(value) <= TEXT_CHARS_MAX
        or not _is_storable(value)
    ):
        raise SettingsError("order_id", value, f"must be 1 to {TEXT_CHARS_MAX} characters")


def _is_storable(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= char <= "\udfff" for char in text)


# ------------------------------------------------------------------------------------------ parsing

_SPAN = re.compile(r"-([0-9]{1,9})(ms|s|m|h|d)", re.ASCII)
_SPAN_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DIGITS = re.compile(r"[0-9]{1,19}", re.ASCII)
_TIME_ALLOWED = (
    "must be epoch milliseconds, ISO 8601 with a zone (2026-01-31T09:30:00Z), or a span as -15m"
)


def _parse_text(_name: str, value: str, _now_ms: int) -> str:
    return value


def _parse_number(name: str, value: str, _now_ms: int) -> int:
    if not _DIGITS.fullmatch(value):
        low, high = _NUMBERS[name]
        raise SettingsError(name, value, f"must be a whole number from {low} to {high}")
    return int(value)


def _parse_level(name: str, value: str, _now_ms: int) -> Level:
    level = Level.__members__.get(value.upper())
    if level is None:
        raise SettingsError(name, value, f"must be one of {', '.join(Level.__members__)}")
    return level


def _parse_time(name: str, value: str, now_ms: int) -> int:
    if _DIGITS.fullmatch(value):
        time_ms = int(value)
    elif span := _SPAN.fullmatch(value):
        time_ms = max(0, now_ms - int(span[1]) * _SPAN_MS[span[2]])
    else:
        time_ms = _parse_date(name, value)
    if not 0 <= time_ms <= TIME_MS_MAX:
        raise SettingsError(name, value, f"{_TIME_ALLOWED}, from 1970 to 9999")
    return time_ms


def _parse_date(name: str, value: str) -> int:
    try:
        date = datetime.fromisoformat(value)
    except ValueError:
        raise SettingsError(name, value, _TIME_ALLOWED) from None
    if date.tzinfo is None:
        raise SettingsError(name, value, _TIME_ALLOWED)
    return round(date.timestamp() * 1000)


_TIMES = ("since", "until")
_PARSERS: dict[str, Callable[[str, str, int], object]] = {
    **{field.name.removesuffix("_ms"): _parse_text for field in fields(LogQuery)},
    **{name.removesuffix("_ms"): _parse_number for name in _NUMBERS},
    **dict.fromkeys(_TIMES, _parse_time),
    "level": _parse_level,
}
