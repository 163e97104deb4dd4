"""Owns which attempts of one circuit are out, and how many of them for too long; what that means is left to circuit."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from switchgear.core.circuit import Rules


class Outstanding:
    """Attempts by their tickets, with the instant at which each began; used under the circuit's lock."""

    __slots__ = ("_began_s",)

    def __init__(self) -> None:
        self._began_s: dict[object, float] = {}

    def __len__(self) -> int:
        return len(self._began_s)

    def begin(self, ticket: object, now_s: float) -> None:
        """One is out."""
        self._began_s[ticket] = now_s

    def end(self, ticket: object) -> None:
        """It came back, or was never watched."""
        self._began_s.pop(ticket, None)

    def clear(self) -> None:
        """What began in another era says nothing in this one."""
        self._began_s.clear()

    def overdue(self, rules: Rules, now_s: float) -> int:
        """How many are out for longer than slow_call_s; those that a whole window has gone over as well are let go."""
        slow_s = rules.slow_call_s
        if slow_s is None or not self._began_s:
            return 0
        lost_s, overdue = now_s - slow_s - rules.window_s, 0
        for ticket, began_s in list(self._began_s.items()):  # oldest first
            if began_s >= now_s - slow_s:
                break
            if began_s < lost_s:
                self.end(ticket)
            else:
                overdue += 1
        return overdue
