"""Owns the holds that people put on patterns of keys, and which keys a pattern speaks of."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

from switchgear.core.words import CircuitState

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

    def binds(self, key: Key, now_s: float) -> bool:
        """Whether a key is held by it now."""
        lasts = self.until_s is None or now_s < self.until_s
        return lasts and matches(key, self.exchange, self.method)


def matches(key: Key, exchange: str, method: str) -> bool:
    """Whether two patterns speak of a key."""
    return fnmatchcase(key.exchange, exchange) and fnmatchcase(key.method, method)
