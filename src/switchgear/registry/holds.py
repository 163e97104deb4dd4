"""Owns the holds that people put on patterns of keys, and which keys a pattern speaks of."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

from switchgear.core.words import CircuitState
from switchgear.settings import pattern

if TYPE_CHECKING:
    from switchgear.core.words import Key

HOLDS = {
    "open": CircuitState.FORCED_OPEN,
    "closed": CircuitState.FORCED_CLOSED,
    "metrics_only": CircuitState.METRICS_ONLY,
}


class Hold(NamedTuple):
    """A hold on a pattern, which binds keys that come later too."""

    exchange: str
    method: str
    mode: CircuitState
    by: str
    why: str
    until_s: float | None
    account: str = "*"

    def binds(self, key: Key, now_s: float) -> bool:
        """Whether a key is held by it now."""
        lasts = self.until_s is None or now_s < self.until_s
        return lasts and matches(key, self.exchange, self.method, self.account)

    @property
    def of(self) -> tuple[str, str, str]:
        """Its patterns."""
        return self.exchange, self.method, self.account

    def within(self, exchange: str, method: str, account: str) -> bool:
        """Whether it holds nothing but what these patterns speak of."""
        return (
            fnmatchcase(self.exchange, exchange)
            and fnmatchcase(self.method, method)
            and fnmatchcase(self.account, account)
        )


def matches(key: Key, exchange: str, method: str, account: str = "*") -> bool:
    """Whether these patterns speak of a key."""
    return (
        fnmatchcase(key.exchange, exchange)
        and fnmatchcase(key.method, method)
        and fnmatchcase(key.account, account)
    )


class Holds:
    """The holds that are on, the oldest first; whoever changes them holds the registry's lock."""

    def __init__(self) -> None:
        self._on: list[Hold] = []

    def add(self, hold: Hold, now_s: float) -> None:
        """Put one on, in the place of one on the same patterns; what is over goes."""
        self._on = [
            one
            for one in self._on
            if one.of != hold.of and (one.until_s is None or now_s < one.until_s)
        ]
        self._on.append(hold)

    def forget(self, exchange: str, method: str, account: str) -> None:
        """Take off those that hold nothing but what these patterns speak of."""
        self._on = [one for one in self._on if not one.within(exchange, method, account)]

    def lasting(self, now_s: float) -> list[Hold]:
        """Those whose time is not over."""
        return [one for one in list(self._on) if one.until_s is None or now_s < one.until_s]

    def on(self, key: Key, now_s: float) -> list[Hold]:
        """Those that bind a key now."""
        return [one for one in self._on if one.binds(key, now_s)]


def patterns(exchange: str, method: str, account: str) -> tuple[str, str, str]:
    """Three names or patterns, folded and checked; raises SettingsError for one that cannot be."""
    return pattern("exchange", exchange), pattern("method", method), pattern("account", account)
