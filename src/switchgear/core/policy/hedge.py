"""
Owns whether a read gets a second attempt beside one that takes longer than its like, and how both are settled.

Running the two against each other is left to race.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchgear.core.event import HedgeStarted
from switchgear.core.policy.entry import Entry, enter
from switchgear.core.policy.scopes import NEUTRAL, SUCCESS
from switchgear.core.policy.settlement import charge_of
from switchgear.core.words import Effect, Kind

if TYPE_CHECKING:
    from switchgear.core.policy.flow import Course


class Hedge:
    """The second attempt of one that is out; made only when its time has come, and only where there is room for it."""

    __slots__ = ("_course", "_entry", "_first", "_tokens", "after_s", "settled")

    def __init__(self, course: Course, first: Entry, after_s: float) -> None:
        self.after_s = after_s
        """Seconds after which the first attempt has taken longer than its like."""
        self._first = first
        self.settled = False
        """The driver said who won, and both are settled."""
        self._course = course
        self._entry: Entry | None = None
        self._tokens = 0

    def begin(self) -> bool:
        """Whether the second attempt may be made now; it is paid for like a retry, and never waits for room."""
        policy = self._course.policy
        now_s, budget = policy.clock.monotonic_s(), policy.budget
        self._tokens = 0 if budget is None else budget.take(Kind.TIMEOUT)
        if budget is not None and not self._tokens:
            return False
        found = enter(policy, now_s)
        if not isinstance(found, Entry):
            self._refund()
            return False
        self._entry = found
        policy.emit(HedgeStarted(now_s, policy.key, self._course.call_id, self.after_s))
        return True

    def won(self, *, by_second: bool, loser_error: BaseException | None) -> None:
        """One of the two has the value: settle both, the other by its error, or as cut off."""
        first, second = self._first, self._entry
        if second is None:
            return  # it was never made
        self.settled = True
        winner, loser = (second, first) if by_second else (first, second)
        winner.settle(SUCCESS)
        if by_second:
            self._refund()
        self._settle_loser(loser, loser_error)

    def lost(self) -> None:
        """Neither has a value, or the call was stopped: the first is settled by its error, this proves nothing more."""
        if self._entry is not None:
            self._entry.settle(NEUTRAL)

    def _settle_loser(self, loser: Entry, error: BaseException | None) -> None:
        if error is None:
            loser.settle(NEUTRAL)
            return
        verdict = self._course.classified(error)
        loser.settle(charge_of(verdict, error), error, unsent=verdict.unsent)

    def _refund(self) -> None:
        budget = self._course.policy.budget
        if budget is not None and self._tokens:
            budget.refund(self._tokens)
            self._tokens = 0


def hedge_of(course: Course, entry: Entry) -> Hedge | None:
    """The hedge of the next attempt; None for what is no read, and while too little is known of its like."""
    policy = course.policy
    share, latency = policy.plan.hedge, policy.latency
    if share is None or latency is None or course.block or policy.plan.effect is not Effect.READ:
        return None
    after_s = latency.percentile_s(share)
    return None if after_s is None else Hedge(course, entry, after_s)
