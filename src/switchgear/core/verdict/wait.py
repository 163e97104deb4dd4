"""Owns how long an exchange asks us to stay away; whether we do is left to the gates."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

WAIT_S_MAX = 7 * 86_400.0
"""
The longest wait believed. The longest ban known is 3 days; more than a week is a mistake of
theirs.
"""

EPOCH_S_MIN = 1_000_000_000.0
"""From here on a number of seconds is an instant (since 1970), not a wait."""

_HEADER_CHARS_MAX = 64
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]*)?")
_BANNED_UNTIL = re.compile(r"banned until ([0-9]{10,16})(?![0-9])", re.IGNORECASE)


def retry_after_s(value: str | None, wall: Callable[[], datetime] | None = None) -> float | None:
    """
    Seconds that a Retry-After header asks for, in [0, WAIT_S_MAX]; None for nothing readable.

    Args:
        value: The header: seconds, whole or decimal, or an HTTP date.
        wall: The time in UTC, asked only for a date; without it a date says nothing.
    """
    if not value or len(value) > _HEADER_CHARS_MAX:
        return None
    text = value.strip()
    if _NUMBER.fullmatch(text):
        return _bounded(float(text))
    return _until_date_s(text, wall) if wall else None


def reset_s(value: str | None, wall: Callable[[], datetime] | None = None) -> float | None:
    """
    Seconds until the instant in an X-RateLimit-Reset header, in [0, WAIT_S_MAX]; None for nothing readable.

    Args:
        value: The header: an instant in seconds since 1970, or, when it is at most WAIT_S_MAX, seconds from
            now. What lies between the two is neither.
        wall: The time in UTC, asked only for an instant; without it an instant says nothing.
    """
    if not value or len(value) > _HEADER_CHARS_MAX:
        return None
    text = value.strip()  # of more than float() would strip itself
    if not _NUMBER.fullmatch(text):
        return None
    said_s = float(text)
    if said_s <= WAIT_S_MAX:
        return _bounded(said_s)
    if said_s < EPOCH_S_MIN or not wall:
        return None
    return _bounded(said_s - wall().timestamp())


def banned_s(message: str, wall: Callable[[], datetime] | None = None) -> float | None:
    """
    Seconds left of a ban that names its end, `banned until <epoch ms>`, in [0, WAIT_S_MAX].

    None when it names no end, or nobody can tell the time.
    """
    found = _BANNED_UNTIL.search(message)
    if not found or not wall:
        return None
    return _bounded(int(found[1]) / 1000 - wall().timestamp())


def _until_date_s(text: str, wall: Callable[[], datetime]) -> float | None:
    from datetime import UTC  # here, like the next: most programs never meet a date
    from email.utils import parsedate_to_datetime

    try:
        due = parsedate_to_datetime(text)
        aware = due if due.tzinfo else due.replace(tzinfo=UTC)
        return _bounded((aware - wall()).total_seconds())
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _bounded(delay_s: float) -> float:
    return min(max(delay_s, 0.0), WAIT_S_MAX)
