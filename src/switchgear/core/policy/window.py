"""
Owns when the window of a limit ends, as far as it is known here; what is used in it is left to `weight`.

Windows end at fixed instants, a period apart. Where one ends is known to lie between two, the
edges: what ends between them counts in both windows. At first the edges lie a little before and
after the end by our own date; answers that say otherwise move them. Everything is measured by the
monotonic clock, so a later step of the date changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from switchgear.core.clock import Clock
    from switchgear.core.policy.limit import Limit

EDGE_S_MAX = 0.1
"""So far before and after its end by our date a window may really end; a fiftieth of it when that is less."""


class Window:
    """The window of a limit now, and what our own calls have used of it; whoever uses it holds a lock."""

    __slots__ = (
        "_edge_own",
        "_hi_s",
        "_is_told_end",
        "_lo_s",
        "_start_s",
        "limit",
        "own",
        "period_s",
        "turn_s",
    )

    def __init__(self, limit: Limit, clock: Clock, since_s: float | None) -> None:
        """
        It ends by our date, or after a period where it is not aligned.

        Args:
            limit: Whose.
            clock: Its date is asked once.
            since_s: What was sent from then on counts in it; from now on when not given.
        """
        self.limit = limit
        self.period_s: float = limit.period_s
        self.own = self._edge_own = 0.0
        self._is_told_end = False
        now_s = clock.monotonic_s()
        into_s = clock.wall().timestamp() % self.period_s if limit.aligned else 0.0
        end_s, edge_s = now_s + self.period_s - into_s, self._edge_s
        self._lo_s: float = end_s - edge_s
        self._hi_s: float = end_s + edge_s
        if since_s is None:
            since_s = now_s
        elif limit.aligned:
            since_s = max(since_s, self._hi_s - self.period_s)
        self._start_s: float = since_s
        self.turn_s: float = self._lo_s
        """From then on the window is at its end: see `turn_locked`."""

    def turn_locked(self, now_s: float) -> None:
        """Begin a new window where the old one has surely ended; note what counts in both where it may have."""
        if now_s >= self._hi_s:
            self._roll_locked(now_s)
        self._aim_locked(now_s, self.own)

    def dated_locked(self, date_s: float, sent_s: float, now_s: float) -> None:
        """The exchange's clock read date_s, in whole seconds, at some instant from sent_s to now_s."""
        lo_s = sent_s + self.period_s - date_s % self.period_s - 1
        hi_s = lo_s + 1 + now_s - sent_s
        if self._is_told_end or not self.limit.aligned or hi_s - lo_s > self.period_s / 2:
            return
        off_s = (self._lo_s + self._hi_s - lo_s - hi_s) / 2
        shift_s = round(off_s / self.period_s) * self.period_s
        lo_s, hi_s = lo_s + shift_s, hi_s + shift_s
        if lo_s <= self._hi_s and hi_s >= self._lo_s:
            return  # as we thought
        soon_s = self.period_s * ((hi_s - now_s) // self.period_s)
        self._between_locked(lo_s - soon_s, hi_s - soon_s, now_s)

    # ------------------------------------------------------------------------ for what is used in it

    @property
    def _is_at_edge(self) -> bool:
        return self.turn_s == self._hi_s

    def _begun_locked(self, now_s: float, gone: float) -> None:
        """A new window has begun, after so many in which nothing happened; own is what counts in it already."""
        raise AssertionError((now_s, gone))

    def _between_locked(self, lo_s: float, hi_s: float, now_s: float) -> None:
        """This window ends between these two; where hi_s has come, it has ended."""
        was_at_edge = self._is_at_edge
        if lo_s <= self._hi_s and hi_s >= self._lo_s:
            lo_s, hi_s, edge_own = max(lo_s, self._lo_s), min(hi_s, self._hi_s), self.own
        else:
            edge_own = 0.0  # what ended since lo_s is not known apart: all of it counts in both
        edge_s = self._edge_s
        if hi_s - lo_s < 2 * edge_s:
            middle_s = (lo_s + hi_s) / 2
            lo_s, hi_s = middle_s - edge_s, middle_s + edge_s
        self._lo_s, self._hi_s = lo_s, hi_s
        self.turn_s = hi_s if was_at_edge else lo_s
        if now_s >= hi_s:
            self.turn_locked(now_s)
        else:
            self._aim_locked(now_s, edge_own)

    def _began_after_locked(self, lo_s: float, now_s: float) -> None:
        """The exchange began a new window between lo_s and now."""
        if now_s >= self._lo_s:
            self._between_locked(max(lo_s, self._lo_s), now_s, now_s)
        elif now_s - lo_s <= self.period_s / 2:
            self._start_s = now_s
            self._between_locked(lo_s + self.period_s, now_s + self.period_s, now_s)

    def _told_end_locked(self, reset_s: float, slack_s: float, sent_s: float, now_s: float) -> None:
        """The exchange said that its window ends reset_s after it answered, or up to slack_s earlier."""
        if not self.limit.aligned:
            self.period_s = max(self.period_s, reset_s)
        hi_s = now_s + min(reset_s, self.period_s)
        lo_s = min(sent_s + reset_s - slack_s, hi_s)
        if hi_s <= now_s or hi_s - lo_s > self.period_s / 2:
            return
        self._is_told_end = True
        if self._is_at_edge and lo_s > self._hi_s:
            # That is the end of the next window already, so this one is over.
            self._hi_s = self.turn_s = now_s
            self.turn_locked(now_s)
        self._between_locked(lo_s, hi_s, now_s)

    # ------------------------------------------------------------------------------------- its ends

    @property
    def _edge_s(self) -> float:
        return min(EDGE_S_MAX, self.period_s / 50)

    def _roll_locked(self, now_s: float) -> None:
        gone = (now_s - self._hi_s) // self.period_s
        # What ended at the edge may be counted in the new window too.
        self.own = self.own - self._edge_own if self._is_at_edge and not gone else 0.0
        shift_s = (gone + 1) * self.period_s
        self._start_s = self._hi_s + shift_s - self.period_s
        self._lo_s, self._hi_s = self._lo_s + shift_s, self._hi_s + shift_s
        self.turn_s = self._lo_s
        self._begun_locked(now_s, gone)

    def _aim_locked(self, now_s: float, edge_own: float) -> None:
        """Set when to look again; edge_own is what ended before the edge, where that begins now."""
        if now_s < self._lo_s:
            self.turn_s = self._lo_s
        else:
            if not self._is_at_edge:
                self._edge_own = edge_own
            self.turn_s = self._hi_s
