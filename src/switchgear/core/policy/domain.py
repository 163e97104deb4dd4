"""Owns what the circuits of one exchange share: their lock, and whether one wider than a method counts anything."""

from __future__ import annotations

from threading import RLock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchgear.core.policy.breaker import Breaker


class Domain:
    """What the circuits of one exchange share: a lock, and whether a success has something to heal in a wide one."""

    __slots__ = ("acquire", "dirty", "lock", "release", "wide")

    def __init__(self) -> None:
        self.forked()
        self.dirty = False
        """Some circuit wider than a method counts failures, or counts every success; read without the lock."""
        self.wide: list[Breaker] = []
        """The circuits that more than one method may share."""

    def forked(self) -> None:
        """After a fork, in the child: another thread of the parent may have held the lock."""
        # One that the same thread may take again: a call that is collected settles wherever the collector runs.
        self.lock = RLock()
        # For who counts in tenths of a microsecond: `with` looks both up each time.
        self.acquire: Callable[[], bool] = self.lock.acquire
        self.release: Callable[[], None] = self.lock.release

    def look_locked(self) -> None:
        """See anew whether any wide circuit is dirty."""
        self.dirty = any(breaker.dirty for breaker in self.wide)
