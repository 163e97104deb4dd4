"""Owns the alert on a circuit that opens again and again; it goes to the standard logging module."""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

from switchgear.core.errors import SettingsError
from switchgear.core.words import CircuitState

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchgear.core.event import CircuitMoved
    from switchgear.core.words import Key

LOGGER = logging.getLogger("switchgear.alerts")
_KEYS_MAX = 4096
_HELD = frozenset({CircuitState.FORCED_OPEN, CircuitState.FORCED_CLOSED, CircuitState.METRICS_ONLY})


@dataclass(frozen=True, slots=True)
class Alert:
    """A circuit opened too often."""

    key: Key
    openings: int
    within_s: float
    reason: str
    """Why it opened the last time."""

    def __str__(self) -> str:
        return f"{self.key} opened {self.openings} times within {self.within_s:g} s; last: {self.reason}"


def to_logging(alert: Alert) -> None:
    """Tell an alert at ERROR, on the logger `switchgear.alerts`."""
    LOGGER.error("%s", alert, extra={"switchgear": alert})


class OpeningsAlert:
    """
    Raises one alert when one circuit opens `openings` times within `within_s` seconds, then is quiet for as long.

    Raises:
        SettingsError: openings is below 1, or within_s not a finite number above 0.
    """

    def __init__(
        self, openings: int = 3, within_s: float = 300.0, tell: Callable[[Alert], None] = to_logging
    ) -> None:
        if not openings >= 1:
            raise SettingsError("openings", openings, "must be a whole number from 1")
        if not 0 < within_s < inf:
            raise SettingsError("within_s", within_s, "must be a number of seconds above 0")
        self._openings = openings
        self._within_s = within_s
        self._tell = tell
        self._opened_s: dict[Key, deque[float]] = {}
        self._quiet_until_s: dict[Key, float] = {}

    def moved(self, event: CircuitMoved) -> None:
        """Look at one move of a circuit; for `hub.on(CircuitMoved, …)`."""
        if event.new is not CircuitState.OPEN or event.old in _HELD:
            return  # a circuit that a person lets go goes on being open: that is no opening
        opened_s = self._opened_s.setdefault(event.key, deque(maxlen=self._openings))
        opened_s.append(event.at_s)
        many = len(opened_s) == self._openings and event.at_s - opened_s[0] <= self._within_s
        if many and event.at_s >= self._quiet_until_s.get(event.key, event.at_s):
            self._quiet_until_s[event.key] = event.at_s + self._within_s
            self._tell(Alert(event.key, self._openings, self._within_s, event.reason))
        if len(self._opened_s) > _KEYS_MAX:
            self._opened_s.pop(next(iter(self._opened_s)))
