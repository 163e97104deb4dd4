"""Owns what a setting, a level and a pattern may be: each value is parsed and judged once, where it is set."""

from __future__ import annotations

import re
import sys
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, cast

from switchgear.core.errors import SettingsError
from switchgear.core.redact import NAME_CHARS_MAX as REDACTED_CHARS_MAX
from switchgear.core.verdict.usage import NUMBER_MAX
from switchgear.core.words import HUMPS, NAME_CHARS_MAX, Effect, KeyNameError, Level, fold

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_SECRET_WORDS = ("secret", "key", "token", "pass", "auth")
_SECRET_NAME = re.compile(rf"(?=.*[A-Za-z0-9])[A-Za-z0-9_-]{{2,{REDACTED_CHARS_MAX}}}", re.ASCII)
_PATTERN = re.compile(rf"[@a-z0-9_.:*?\-]{{1,{NAME_CHARS_MAX}}}", re.ASCII)


def checked(values: Mapping[str, Any]) -> dict[str, Any]:
    """
    Settings by name, each parsed and within its bounds.

    Raises:
        SettingsError: A name is unknown, or a value is not allowed.
    """
    return {name: _check(name, value) for name, value in values.items()}


def _check(name: str, value: Any) -> Any:
    check = _CHECKS.get(name)
    if check is None:
        near = get_close_matches(name, _CHECKS, n=1)
        hint = f"; did you mean {near[0]}?" if near else f"; known are {', '.join(sorted(_CHECKS))}"
        # A key that was put in the wrong place must not come back in the text of the error.
        secret = any(word in str(name).lower() for word in _SECRET_WORDS)
        raise SettingsError(name, "***" if secret else value, f"is not a setting{hint}")
    return check(name, value)


def is_wild(part: str) -> bool:
    """Whether a part is a pattern and no name."""
    return "*" in part or "?" in part


def pattern(field: str, text: str) -> str:
    """A name folded, or a pattern of name characters and `*`, `?`."""
    if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]  callers are not all typed
        raise SettingsError(field, text, "must be a name or a pattern")
    if not is_wild(text):
        try:
            return fold(field, text)
        except KeyNameError as error:
            raise SettingsError(field, text, str(error).rpartition(": ")[2]) from None
    folded = HUMPS.sub("_", text).lower()
    if len(text) > NAME_CHARS_MAX or not _PATTERN.fullmatch(folded):
        allowed = f"1 to {NAME_CHARS_MAX} letters, digits or _ - . : @ * ?"
        raise SettingsError(field, text, f"must be a name, or a pattern of {allowed}")
    return folded


def _whole(least: int, most: int | None = None) -> Callable[[str, Any], int]:
    upper = "" if most is None else f" to {most}"

    def check(name: str, value: Any) -> int:
        fits = isinstance(value, int) and not isinstance(value, bool) and value >= least
        if not fits or (most is not None and value > most):
            raise SettingsError(name, value, f"must be a whole number from {least}{upper}")
        return int(value)

    return check


def _number(
    least: float, *, above: bool = False, most: float | None = None
) -> Callable[[str, Any], float]:
    bound = f"above {least:g}" if above else f"from {least:g}"
    upper = "" if most is None else f" to {most:g}"

    def check(name: str, value: Any) -> float:
        fits = isinstance(value, (int, float)) and not isinstance(value, bool)
        fits = fits and abs(value) <= sys.float_info.max  # neither infinite, nor NaN, nor too long
        if (
            not fits
            or value < least
            or (above and value == least)
            or (most is not None and value > most)
        ):
            raise SettingsError(name, value, f"must be a number {bound}{upper}")
        return float(value)

    return check


above_zero = _number(0, above=True)
"""Checks that a value is a number above 0; takes the field's name and the value."""


whole_from_1 = _whole(1)
"""Checks that a value is a whole number from 1; takes the field's name and the value."""
_share = _number(0, above=True, most=1)
"""Checks that a value is a share above 0, 1 at most."""


def _or_none(check: Callable[[str, Any], Any]) -> Callable[[str, Any], Any]:
    return lambda name, value: None if value is None or value == "none" else check(name, value)


def _effect(name: str, value: Any) -> Effect:
    try:
        return value if isinstance(value, Effect) else Effect(value)
    except ValueError:
        raise SettingsError(name, value, "must be read, idempotent or trade") from None


def parse_level(name: str, value: object) -> Level:
    """
    A level by its name in any case, its number, or itself.

    Raises:
        SettingsError: It is none of the five.
    """
    try:
        return Level[value.upper()] if isinstance(value, str) else Level(value)  # type: ignore[arg-type]  # Level refuses what is no number
    except (KeyError, ValueError, TypeError):
        raise SettingsError(name, value, f"must be one of {', '.join(Level.__members__)}") from None


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise SettingsError(name, value, "must be true or false")
    return value


def _names(name: str, value: Any) -> tuple[str, ...]:
    several = isinstance(value, (tuple, list))
    found: tuple[Any, ...] = tuple(cast("list[Any]", value)) if several else (value,)
    for each in found:
        if not isinstance(each, str) or not _SECRET_NAME.fullmatch(each):
            allowed = f"must be names of 2 to {REDACTED_CHARS_MAX} letters, digits, - or _"
            raise SettingsError(name, each, allowed)
    return found


def _types(name: str, value: Any) -> tuple[type[BaseException], ...]:
    several = isinstance(value, (tuple, list))
    found: tuple[Any, ...] = tuple(cast("list[Any]", value)) if several else (value,)
    if not all(map(_tells_errors, found)):
        allowed = "must be exception types or functions of the error, and set in code"
        raise SettingsError(name, value, allowed)
    return found


def _tells_errors(one: object) -> bool:
    return issubclass(one, BaseException) if isinstance(one, type) else callable(one)


def _predicate(name: str, value: Any) -> Callable[[Any], bool]:
    if not callable(value):
        raise SettingsError(name, value, "must be a function of the result, and set in code")
    return value  # type: ignore[no-any-return]  # whether it gives a bool shows when it is called


_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "failure_threshold": _or_none(_whole(1)),
    "failure_rate": _or_none(_share),
    "slow_call_rate": _or_none(_share),
    "window_calls": _or_none(_whole(1, 10_000)),
    "window_s": _number(0.001, most=86_400),
    "minimum_calls": _whole(1),
    "throttle_ratio": _or_none(_number(1)),
    "reset_timeout_s": _number(0, above=True),
    "reset_timeout_s_max": _or_none(_number(0, above=True)),
    "reset_backoff": _number(1),
    "reset_jitter": _number(0, most=1),
    "probes": _whole(1),
    "probes_to_close": _whole(1),
    "reset_decay_s": _number(0.001),
    "probe_lease_s": _number(0, above=True),
    "probe_timeout_s": _or_none(_number(0, above=True)),
    "ramp_s": _number(0, most=86_400),
    "retry_tokens": _or_none(_whole(0)),
    "hedge": _or_none(_share),
    "coalesce": _flag,
    "max_in_flight": _or_none(_whole(1)),
    "wait_s_max": _number(0),
    "weight": _or_none(_number(0, most=NUMBER_MAX)),
    "stale_s_max": _or_none(_number(0, above=True)),
    "retries": _or_none(_whole(0)),
    "retry_delay_s": _number(0),
    "retry_backoff": _number(1),
    "retry_delay_s_max": _number(0),
    "timeout_s": _or_none(_number(0, above=True)),
    "deadline_s": _or_none(_number(0, above=True)),
    "slow_call_s": _or_none(_number(0, above=True)),
    "effect": _or_none(_effect),
    "signed": _flag,
    "ignore": _types,
    "failed_result": _or_none(_predicate),
    "log_level": parse_level,
    "wire": _flag,
    "redact": _names,
}
