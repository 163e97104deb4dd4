"""Owns how Coinbase reads the query of a request, and how it cuts an answer into pages."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Generic, TypeVar
from urllib.parse import parse_qs

from switchgear.practice.sim.coinbase.refusals import invalid
from switchgear.practice.sim.coinbase.text import to_ms

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

_T = TypeVar("_T")
_CURSOR = re.compile(r"after:([0-9]{1,18})", re.ASCII)


class Query:
    """The parameters of one request; a name may stand several times."""

    def __init__(self, text: str) -> None:
        self._sent = parse_qs(text, keep_blank_values=True)

    def text(self, name: str) -> str | None:
        """The value, None when it was not sent or is empty."""
        return next((each for each in self._sent.get(name, ()) if each), None)

    def needed(self, name: str) -> str:
        """The value of a parameter that must be sent."""
        value = self.text(name)
        if value is None:
            raise invalid(f"{name} is required")
        return value

    def all(self, *names: str) -> list[str]:
        """Every value that was sent under one of these names."""
        return [each for name in names for each in self._sent.get(name, ()) if each]

    def words(self, name: str, allowed: Collection[str]) -> list[str]:
        """Every value of a parameter that knows only these words."""
        sent = self.all(name)
        for each in sent:
            if each not in allowed:
                raise invalid(f"{each!r} is not a valid value for {name}")
        return sent

    def word(self, name: str, allowed: Collection[str]) -> str | None:
        """The value of a parameter that knows only these words, None when it was not sent."""
        return next(iter(self.words(name, allowed)), None)

    def whole(self, name: str) -> int | None:
        """A whole number that is not negative, None when it was not sent."""
        value = self.text(name)
        if value is None:
            return None
        if re.fullmatch(r"[0-9]{1,18}", value, re.ASCII) is None:
            raise invalid(f"{value!r} is not a valid value for {name}")
        return int(value)

    def limit(self, default: int, most: int) -> int:
        """How many to tell at most: the default when it was not sent or is 0, and never above most."""
        return min(self.whole("limit") or default, most)

    def instant_ms(self, name: str) -> int | None:
        """An RFC 3339 instant in epoch milliseconds, None when it was not sent."""
        value = self.text(name)
        if value is None:
            return None
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            raise invalid(f"{value!r} is not a valid value for {name}") from None
        if at.tzinfo is None:
            raise invalid(f"{name} must name its offset from UTC, or Z")
        return to_ms(at)

    def position(self) -> int | None:
        """The number behind which the page that the cursor means begins; None for the first page."""
        cursor = self.text("cursor")
        if cursor is None:
            return None
        try:
            told = base64.urlsafe_b64decode(cursor.encode()).decode()
        except (binascii.Error, UnicodeError):
            told = ""
        match = _CURSOR.fullmatch(told)
        if match is None:
            raise invalid("cursor is invalid")
        return int(match[1])


@dataclass(frozen=True, slots=True)
class Page(Generic[_T]):
    """A part of a list; the cursor asks for the next part, and is empty on the last."""

    items: Sequence[_T]
    cursor: str

    @property
    def has_next(self) -> bool:
        """Whether more comes behind it."""
        return bool(self.cursor)


def page_of(
    items: Sequence[_T], number: Callable[[_T], int], query: Query, default: int, most: int
) -> Page[_T]:
    """
    The page that the query means, of items whose numbers fall.

    A cursor holds the last number told, so what is booked between two pages shifts neither.
    """
    after, limit = query.position(), query.limit(default, most)
    rest = [each for each in items if after is None or number(each) < after]
    told = rest[:limit]
    return Page(told, _cursor(number(told[-1])) if len(rest) > limit else "")


def _cursor(number: int) -> str:
    return base64.urlsafe_b64encode(f"after:{number}".encode()).decode()
