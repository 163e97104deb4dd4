"""Owns what a value becomes that no database can hold: its text, and no error."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Iterable

REPLACEMENT = "\ufffd"
"""Stands for what a text in a database cannot hold: NUL, and half a character."""
DURATION_MS_MAX = 9e15
"""In microseconds, as a duration is kept, this is still a whole number of a database."""
_DEPTH_MAX = 20
INT_MAX = 2**63 - 1
"""The largest whole number of a database, and below 0 the smallest that is kept."""


def plain(value: object, depth: int = 0) -> Any:
    """The value in what JSON and a database can hold; what cannot be becomes its text."""
    if depth > _DEPTH_MAX:
        return "…"
    match value:
        case bool() | None:
            return value
        case int():
            return int(value) if -INT_MAX <= value <= INT_MAX else str(value)
        case float():
            return value if math.isfinite(value) else None
        case str():
            return clean_text(value)
        case Mapping():
            items = cast("Mapping[object, object]", value)  # a pattern does not say of what
            return {clean_text(_text(key)): plain(item, depth + 1) for key, item in items.items()}
        case list() | tuple() | set() | frozenset():
            members = cast("Iterable[object]", value)  # as above
            return [plain(item, depth + 1) for item in members]
        case _:
            return clean_text(_text(value))


def clean_text(text: str) -> str:
    """The text with what cannot be held replaced."""
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\0", REPLACEMENT)


def _text(value: object) -> str:
    try:
        return str(value)
    except Exception:  # noqa: BLE001  a foreign __str__ may do anything
        return f"<{type(value).__name__}>"
