"""Owns how long the newest successes of one key took, and the time that a share of them did not exceed."""

from __future__ import annotations

from threading import Lock

KEPT = 128
"""Successes remembered."""
LEAST = 20
"""Successes below which nothing is said."""


class Latency:
    """A ring of durations; exact over what it holds."""

    __slots__ = ("_found", "_lock", "_next", "_taken_s")

    def __init__(self) -> None:
        self._taken_s: list[float] = []
        self._next = 0
        self._found: dict[float, float] = {}
        self._lock = Lock()

    def add(self, duration_s: float) -> None:
        """Remember one more; the oldest goes."""
        with self._lock:
            if len(self._taken_s) < KEPT:
                self._taken_s.append(duration_s)
            else:
                self._taken_s[self._next] = duration_s
            self._next = (self._next + 1) % KEPT
            self._found.clear()

    def percentile_s(self, share: float) -> float | None:
        """Seconds that a share of the successes, 0 to 1, did not exceed, by nearest rank; None before LEAST of them."""
        with self._lock:
            if len(self._taken_s) < LEAST:
                return None
            if share not in self._found:
                rank = max(0, -int(-share * len(self._taken_s) // 1) - 1)
                self._found[share] = sorted(self._taken_s)[rank]
            return self._found[share]

    def forked(self) -> None:
        """After a fork, in the child: another thread of the parent may have held the lock."""
        self._lock = Lock()
