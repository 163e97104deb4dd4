"""Owns what is given to a gear beside its settings by key: their file or tree, instants, and how many keys it keeps."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from switchgear.core.errors import SettingsError
from switchgear.settings.book import load_file
from switchgear.settings.checks import whole_from_1
from switchgear.settings.order_limits import LimitTables

if TYPE_CHECKING:
    from pathlib import Path

_TABLES = ("settings", "server", "history", "exchanges", "orders")


class Given(NamedTuple):
    """What a gear takes from its settings."""

    settings: Mapping[str, Any]
    """The table `[settings]`, which SettingsBook judges."""
    limits: LimitTables
    """The tables `[orders…]`, judged."""


def checked_keys_max(keys_max: int) -> int:
    """The number as it is; SettingsError for one that cannot be."""
    return whole_from_1("keys_max", keys_max)


def epoch_ms(name: str, at: datetime | int | None) -> int | None:
    """An instant in epoch milliseconds; SettingsError for a date without a time zone."""
    given: object = at  # callers are not all typed
    if at is None or isinstance(at, int):
        return at
    if not isinstance(given, datetime) or at.tzinfo is None:
        raise SettingsError(name, at, "must have a time zone, or be epoch milliseconds")
    return round(at.timestamp() * 1000)


def given_settings(settings: str | Path | Mapping[str, Any] | None) -> Given:
    """What a gear is given: a mapping is the table `[settings]`; SettingsError for a file with other tables."""
    if settings is None:
        return Given({}, LimitTables())
    if isinstance(settings, Mapping):
        return Given(settings, LimitTables())
    tree = load_file(settings)
    for name in tree:
        if name not in _TABLES:
            raise SettingsError(
                name,
                type(tree[name]).__name__,  # not its content: somebody may have put a key there
                f"is not a table of the settings file; known are {', '.join(_TABLES)}",
            )
    # That `settings` is a table is looked at where it is loaded.
    return Given(tree.get("settings", {}), LimitTables.read(tree.get("orders", {})))
