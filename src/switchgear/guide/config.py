"""Owns the guide's configuration: its names, camelCase and milliseconds, as settings of ours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from switchgear.core.errors import SettingsError
from switchgear.core.words import fold
from switchgear.guide.desk import default_gear
from switchgear.settings import checked

if TYPE_CHECKING:
    from switchgear.core.words import Key

DEFAULT_FAILURE_THRESHOLD = 3
"""Failures in a row that open a circuit."""
DEFAULT_RESET_TIMEOUT_MS = 30_000
"""Milliseconds that a circuit stays open before a probe."""

_MS = re.compile(r"_ms(?=_|$)")
_ONE_ATTEMPT = (
    "must be 0: the guide's functions make one attempt; "
    "retry_with_backoff and gear.guarded make more"
)


def set_circuit_breaker_config(
    exchange: str, method: str, config: Mapping[str, Any], *, account: str = "*"
) -> None:
    """
    Set settings of a method, or of all that a pattern matches; they hold at once and for keys that
    come later.

    Args:
        exchange: Name, or a pattern with `*` and `?`.
        method: As above.
        config: Settings by name, as `gear.configure` takes them; a time may end in `_ms`, and a
            name may be camelCase: `failure_threshold`, `reset_timeout_ms`, `failureThreshold`,
            `resetTimeoutMs`.
        account: Name or pattern; every account when not given.

    Raises:
        SettingsError: A name is unknown or a value not allowed; nothing is changed.
    """
    default_gear().configure(exchange, method, account=account, **settings_of(config))


def configure_key(key: Key, config: Mapping[str, Any] | None) -> None:
    """Set the settings of one key, where they are not what is set already."""
    if config is None:
        return
    gear, values = default_gear(), settings_of(config)
    now = gear.book.of(key)
    # configure looks through every key in use, and a call can come with the same config each time.
    if any(getattr(now, name) != value for name, value in values.items()):
        gear.configure(key.exchange, key.method, account=key.account, **values)


def settings_of(config: Mapping[str, Any]) -> dict[str, Any]:
    """
    The guide's configuration as settings of ours, in seconds, each checked.

    Raises:
        SettingsError: Names the field and the value as they were given.
    """
    if not isinstance(config, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]  untyped callers
        raise SettingsError("config", config, "must be a mapping of settings by name")
    found: dict[str, Any] = {}
    for given, value in config.items():
        try:
            found |= checked(dict([_in_seconds(given, value)]))
        except SettingsError as error:
            raise SettingsError(given, value, error.allowed) from None
    if found.get("retries"):
        raise SettingsError("retries", found["retries"], _ONE_ATTEMPT)
    return found


def _in_seconds(given: str, value: Any) -> tuple[str, Any]:
    name = fold("config", given)
    ours = _MS.sub("_s", name)
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return ours, value / 1000 if ours != name and number else value
