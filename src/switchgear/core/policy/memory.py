"""Owns what the calls of one gear share of values: the last good ones, bounded, and the flights in which they ask."""

from __future__ import annotations

from collections import OrderedDict
from contextlib import suppress
from threading import RLock
from typing import TYPE_CHECKING, Generic, TypeVar

from switchgear.core.policy.flights import Flights

if TYPE_CHECKING:
    from collections.abc import Hashable

T = TypeVar("T")

ENTRIES_MAX = 1024
AGE_S_MAX = 86_400.0


class Memory(Generic[T]):
    """
    Last good values with the instant they were got at; the one that was stored longest ago goes first.

    Args:
        entries_max: How many there are at most.
        age_s_max: How old one grows at most, in seconds: an older one goes when anything is stored or found.
    """

    def __init__(self, entries_max: int = ENTRIES_MAX, age_s_max: float = AGE_S_MAX) -> None:
        self._entries: OrderedDict[Hashable, tuple[T, float]] = OrderedDict()
        self._entries_max = entries_max
        self._age_s_max = age_s_max
        self._lock = RLock()
        self.flights = Flights()
        """Askings of fallbacks that are under way."""

    def __len__(self) -> int:
        return len(self._entries)

    def forked(self) -> None:
        """After a fork, in the child: another thread of the parent may have held the lock, or be asking."""
        self._lock = RLock()
        self.flights.forked()

    def store(self, key: Hashable, value: T, now_s: float) -> None:
        """Remember a value."""
        with suppress(Exception), self._lock:  # comparing keys is foreign code
            self._entries[key] = (value, now_s)
            self._entries.move_to_end(key)
            if len(self._entries) > self._entries_max:
                self._entries.popitem(last=False)
            self._forget_old_locked(now_s)

    def find(self, key: Hashable, now_s: float | None = None) -> tuple[T, float] | None:
        """A value and the monotonic instant it was stored at; None when there is none, or it is too old by now_s."""
        with suppress(Exception), self._lock:  # as above
            if now_s is not None:
                self._forget_old_locked(now_s)
            return self._entries.get(key)
        return None

    def _forget_old_locked(self, now_s: float) -> None:
        oldest_s = now_s - self._age_s_max
        # Asked anew each time: what goes may run a destructor, and that may store something.
        while self._entries and next(iter(self._entries.values()))[1] < oldest_s:
            self._entries.popitem(last=False)
