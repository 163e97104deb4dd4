"""
Owns the gear that the guide's functions work on: one for the process, made at first use, or one
that was given.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from switchgear.gear import Switchgear

if TYPE_CHECKING:
    from collections.abc import Callable


class Desk:
    """The gear in use, and who wants to know when another takes its place."""

    def __init__(self) -> None:
        self._gear: Switchgear | None = None
        self._lock = Lock()
        self.changed: list[Callable[[Switchgear], object]] = []
        """Called with each gear that comes into use."""

    def gear(self) -> Switchgear:
        """The gear in use; made now when there is none."""
        found = self._gear
        if found is not None:
            return found
        with self._lock:
            if self._gear is not None:
                return self._gear
            made = self._gear = Switchgear()
        self._tell(made)
        return made

    def replace(self, gear: Switchgear | None) -> Switchgear | None:
        """Work on another gear; gives the one before."""
        with self._lock:
            before, self._gear = self._gear, gear
        if gear is not None:
            self._tell(gear)
        return before

    def _tell(self, gear: Switchgear) -> None:
        for tell in self.changed:
            tell(gear)


DESK = Desk()


def default_gear() -> Switchgear:
    """
    The gear that the guide's functions work on; made, with default settings, when it is first asked
    for.
    """
    return DESK.gear()


def use_gear(gear: Switchgear | None) -> Switchgear | None:
    """
    Let the guide's functions work on this gear from now on, in the whole process.

    Args:
        gear: A gear of yours, which stays yours to close; None for a new one, made at the next use.

    Returns:
        The gear that they worked on before, so that it can be put back or closed; None when there
        was none.
    """
    return DESK.replace(gear)
