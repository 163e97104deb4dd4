"""Owns the settings by exchange, method and account: what is allowed, where they come from, and which one wins."""

from switchgear.settings.book import Settings, SettingsBook, asdict_shallow, load_file
from switchgear.settings.checks import above_zero, checked, parse_level, pattern

__all__ = [
    "Settings",
    "SettingsBook",
    "above_zero",
    "asdict_shallow",
    "checked",
    "load_file",
    "parse_level",
    "pattern",
]
