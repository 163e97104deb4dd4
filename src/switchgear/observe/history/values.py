"""Owns what each field of an exported record may be, and makes a record of such fields; errors name line and field."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

from switchgear.core.errors import SettingsError
from switchgear.core.words import KeyNameError, Level, Scope, fold
from switchgear.observe.history.export import FIELDS, date_of
from switchgear.observe.query import TIME_MS_MAX
from switchgear.observe.record import LogRecord
from switchgear.observe.store.clean import DURATION_MS_MAX

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TEXT_CHARS_MAX = 100_000
"""Of a message, a code, a source; ours are shorter by far."""
_INT_MAX = 2**63 - 1
_WORD = re.compile(r"[a-z][a-z0-9_]{0,59}", re.ASCII)
_SHOWN_CHARS = 60
_SCOPES = tuple(scope.value for scope in Scope)


def record_from(values: Mapping[str, Any], place: str) -> LogRecord:
    """
    The record of a row.

    Raises:
        SettingsError: A field is missing, unknown, or cannot be; it names the place, the field, the value and what is
            allowed.
    """
    if values.keys() ^ _FIELDS:
        _refuse_names(values, place)
    found = {name: check(f"{place}, {name}", values[name]) for name, check in _CHECKS.items()}
    if values["at"] != date_of(found["at_ms"]):
        allowed = f"must be the same as at_ms: {date_of(found['at_ms'])}"
        raise SettingsError(f"{place}, at", _shown(values["at"]), allowed)
    return LogRecord(**found)


def _refuse_names(values: Mapping[str, Any], place: str) -> None:
    for name in values:
        if name not in _FIELDS:
            allowed = f"is no field of a record; known are {', '.join(FIELDS)}"
            raise SettingsError(place, _shown(name), allowed)
    missing = [name for name in FIELDS if name not in values]
    raise SettingsError(f"{place}, {missing[0]}", None, "is missing")


def _whole(low: int, *, none: bool = False, absent: int | None = None, high: int = _INT_MAX) -> Any:
    def check(field: str, value: object) -> int | None:
        if value is None and none:
            return absent
        if type(value) is not int or not low <= value <= high:
            raise SettingsError(
                field, _shown(value), f"must be a whole number from {low} to {high}"
            )
        return value

    return check


def _duration(field: str, value: object) -> float | None:
    if value is None:
        return None
    if type(value) not in {int, float} or not 0 <= cast("float", value) <= DURATION_MS_MAX:
        allowed = f"must be milliseconds, from 0 to {DURATION_MS_MAX:.0f}"
        raise SettingsError(field, _shown(value), allowed)
    return float(cast("float", value))


def _level(field: str, value: object) -> Level:
    found = Level.__members__.get(value) if isinstance(value, str) else None
    if found is None:
        allowed = f"must be one of {', '.join(Level.__members__)}"
        raise SettingsError(field, _shown(value), allowed)
    return found


def _text(field: str, value: object) -> str:
    if not isinstance(value, str) or len(value) > TEXT_CHARS_MAX:
        raise SettingsError(
            field, _shown(value), f"must be text of at most {TEXT_CHARS_MAX} characters"
        )
    return value


def _text_or_none(field: str, value: object) -> str | None:
    return None if value is None else _text(field, value)


def _word(field: str, value: object) -> str:
    if not isinstance(value, str) or not _WORD.fullmatch(value):
        raise SettingsError(field, _shown(value), "must be a name in snake_case")
    return value


def _word_or_none(field: str, value: object) -> str | None:
    return None if value is None else _word(field, value)


def _scope(field: str, value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or value not in _SCOPES:
        raise SettingsError(field, _shown(value), f"must be one of {', '.join(_SCOPES)}")
    return value


def _name(part: str) -> Callable[[str, object], str]:
    def check(field: str, value: object) -> str:
        if value == "":
            return ""
        try:
            fits = isinstance(value, str) and fold(part, value) == value
        except KeyNameError:
            fits = False
        if not fits:
            raise SettingsError(field, _shown(value), "must be a name as keys have it, or nothing")
        return cast("str", value)

    return check


def _detail(field: str, value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise SettingsError(field, _shown(value), "must be an object")
    return cast("dict[str, object]", value)


_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "id": _whole(0),
    "at_ms": _whole(0, high=TIME_MS_MAX),
    "level": _level,
    "event": _word,
    "exchange": _name("exchange"),
    "method": _name("method"),
    "account": _name("account"),
    "message": _text,
    "call_id": _whole(0, none=True, absent=0),
    "attempt": _whole(0, none=True),
    "duration_ms": _duration,
    "kind": _word_or_none,
    "status": _whole(-_INT_MAX, none=True),
    "code": _text_or_none,
    "source": _text_or_none,
    "scope": _scope,
    "order_id": _text_or_none,
    "run": _whole(0),
    "detail": _detail,
}
_FIELDS: frozenset[str] = frozenset(FIELDS)
assert {*_CHECKS, "at"} == _FIELDS  # a field that is new must be judged too


def _shown(value: object) -> object:
    text = str(value)
    return value if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}…"
