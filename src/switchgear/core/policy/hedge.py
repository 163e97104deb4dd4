"""
Owns whether a read gets a second attempt beside one that takes longer than its like, and how both are settled.

Running the two against each other is left to race.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchgear.core.event import HedgeStarted
from switchgear.core.policy.entry import Entry, enter
from switchgear.core.policy.scopes import NEUTRAL
from switchgear.core.policy.settlement import charge_of
from switchgear.core.redact import Words
from switchgear.core.words import Effect, Kind

if TYPE_CHECKING:
    from switchgear.core.policy.flow import Course
    from switchgear.core.policy.scopes import Charge


class Hedge:
    """The second attempt of one that is out; made only when its time has come, and only where there is room for it."""

    __slots__ = ("_by_second", "_course", "_entry", "_errors", "_first", "_tokens", "after_s")

    def __init__(self, course: Course, first: Entry, after_s: float) -> None:
        self.after_s = after_s
        """Seconds after which the first attempt has taken longer than its like."""
        self._first = first
        self._course = course
        self._entry: Entry | None = None
        self._tokens = 0
        self._by_second = False
        self._errors: list[BaseException | None] = [None, None]
        """What the first and the second ended with."""

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

    def limit_s(self) -> float | None:
        """Seconds that the second attempt may take: its own time, or what the deadline leaves."""
        limit_s, left_s = self._course.policy.plan.timeout_s, self._course.left_s()
        if limit_s is None or left_s is None:
            return left_s if limit_s is None else limit_s
        return min(limit_s, left_s)

    def failed(self, error: BaseException) -> None:
        """The second attempt ended with an error."""
        self._errors[1] = error

    def won(self, *, by_second: bool, loser_error: BaseException | None) -> None:
        """One of the two has a value."""
        self._by_second = by_second
        if by_second:
            self._errors[0] = loser_error

    def settle(self, winners: Charge) -> bool:
        """Settle both, the winner as told, the other by its error or as cut off; False where no second was made."""
        if self._entry is None:
            return False
        winner, loser = self._first, self._entry
        if self._by_second:
            winner, loser = loser, winner
            self._refund()
        winner.settle(winners)
        self._settle_loser(loser, self._errors[0 if self._by_second else 1])
        return True

    def lost(self) -> None:
        """No value that is good: the first is settled by the call's error, the second by its own."""
        if self._entry is not None:
            self._settle_loser(self._entry, self._errors[1])

    def _settle_loser(self, loser: Entry, error: BaseException | None) -> None:
        course = self._course
        if not isinstance(error, Exception) or course.policy.plan.ignores(error):
            loser.settle(NEUTRAL)
            return
        found = course.named(error)
        verdict = course.classified(found)
        loser.settle(charge_of(verdict, found), Words(found), unsent=verdict.unsent)
        course.heed(found, verdict)

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
