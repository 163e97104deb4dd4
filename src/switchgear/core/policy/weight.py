"""
Owns the ledger of one limit: what is used of it, what is on its way, and whether there is room.

When a window ends is `window`'s, what a limit is `limit`'s; which ones an exchange has, and which
answers tell of which, is left to `quota`.

How it counts. A ledger keeps apart what it knows in two ways, and goes by the larger one: `known`
is the highest number that the exchange told in this window, others' requests among it; `own` is
what requests of ours cost that ended in this window. On top comes `pending`, what is on its way:
the exchange may count it, or may have, in this window. A number that is lower than the one before
is believed only when its request was sent after the higher one had come: then the window has
ended, or orders were filled. Any other is an old answer that came late.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from switchgear.core.policy.latch import Latch
from switchgear.core.policy.window import Window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from switchgear.core.clock import Clock
    from switchgear.core.policy.limit import Limit
    from switchgear.core.verdict.usage import Usage
    from switchgear.core.words import Scope

WAIT_S_MIN = 0.001
"""The shortest wait that is asked for: less would not move every clock."""

TRIP_S = 5.0
"""An answer whose request nobody knows the time of was asked for at most so long ago, or so it is taken."""

_SHARES = (80, 90, 100)
"""How much of a limit each priority may fill, in percent."""


class Priority(IntEnum):
    """Who may fill how much of a limit: what can wait leaves room for what cannot."""

    LOW = 0
    """Market data: up to 80 %."""
    NORMAL = 1
    """Orders, and what the account holds: up to 90 %."""
    HIGH = 2
    """Cancels, and lookups of orders: all of it."""


@dataclass(frozen=True, slots=True)
class LedgerView:
    """A ledger at one instant, for people."""

    exchange: str
    limit: str
    scope: Scope
    account: str
    """Empty unless the scope is ACCOUNT."""
    used: float
    """What is on its way included."""
    capacity: float
    period_s: float
    resets_in_s: float


class Ledger(Window):
    """What is used of one limit by one address or account, as far as it is known here."""

    __slots__ = (
        "_before",
        "_calm_s",
        "_clock",
        "_known",
        "_known_s",
        "_known_sent_s",
        "_lost",
        "_lost_s",
        "_mark_own",
        "_mark_s",
        "account",
        "capacity",
        "ceilings",
        "ended_s",
        "exchange",
        "latch",
        "pending",
        "used",
    )

    def __init__(
        self,
        limit: Limit,
        clock: Clock,
        *,
        exchange: str = "",
        account: str = "",
        latch: Latch | None = None,
        since_s: float | None = None,
    ) -> None:
        """
        Nothing is used yet.

        Args:
            limit: What is counted.
            clock: What measures; its date is asked once, for where the window ends.
            exchange: For its view.
            account: Empty unless the limit's scope is ACCOUNT.
            latch: The lock it shares with others.
            since_s: Answers to what was sent from then on tell of its first window; from now on when not given.
        """
        super().__init__(limit, clock, since_s)
        self.exchange = exchange
        self.account = account
        self.latch = latch or Latch()
        self._clock = clock
        self.used = 0.0
        """The larger one of what was told and what our own calls cost, in this window."""
        self.pending = 0.0
        self.resize_locked(limit.capacity)
        self._known = self._before = self._lost = 0.0
        self._mark_own: float = 0.0
        now_s = clock.monotonic_s()
        self.ended_s = self._calm_s = self._mark_s = self._known_s = self._lost_s = now_s
        self._known_sent_s = self._start_s

    # -------------------------------------------------------------------------------------- room

    def room_s(self, weight: float, priority: Priority, now_s: float) -> float:
        """
        Seconds until there can be room for a call; 0.0 when there is now.

        A call that costs more than its priority may ever fill passes alone: when nothing of the
        window is used, and nothing is on its way.
        """
        with self.latch:
            if now_s >= self.turn_s:
                self.turn_locked(now_s)
            return self.wait_locked(weight, priority, now_s)

    def wait_locked(self, weight: float, priority: int, now_s: float) -> float:
        """The same, for a holder of the lock who has looked at turn_s."""
        filled = self.used + self.pending
        if filled + weight <= self.ceilings[priority] or filled <= 0:
            return 0.0
        return max(self._hi_s - now_s, WAIT_S_MIN)

    def view(self) -> LedgerView:
        """The ledger at this instant."""
        with self.latch:
            now_s = self._clock.monotonic_s()
            if now_s >= self.turn_s:
                self.turn_locked(now_s)
            return LedgerView(
                self.exchange,
                self.limit.name,
                self.limit.scope,
                self.account,
                self.used + self.pending,
                self.capacity,
                self.period_s,
                self._hi_s - now_s,
            )

    def ended_locked(self, weight: float, now_s: float, *, unsent: bool, lost: bool) -> None:
        """A call of this weight, which was added to pending, is over."""
        if now_s >= self.turn_s:
            self.turn_locked(now_s)
        left = self.pending - weight
        if left <= 1e-9:  # what sums of fractions leave behind is nothing
            left, self._calm_s = 0.0, now_s
        self.pending = left
        if unsent:
            return
        self.ended_s = now_s
        self.own += weight
        if lost:
            # No answer told whether it was counted, and numbers told before do not contain it.
            self._lost, self._lost_s = self._lost + weight, now_s
        self.used = max(self.own, self._known + self._lost)

    def forked_locked(self) -> None:
        """In the child of a fork: what was on its way is the parent's, and never ends here."""
        self.own += self.pending
        self.pending = 0.0
        self.used = max(self.own, self._known + self._lost)

    def _begun_locked(self, now_s: float, gone: float) -> None:
        # What was on its way stays pending, for the new window may count it.
        self.used = self._mark_own = self.own
        self._before = 0.0 if gone else self._known
        self._known, self._lost, self._mark_s = 0.0, 0.0, now_s

    # ------------------------------------------------------------------------ what answers tell

    def hear_locked(self, usage: Usage, sent_s: float | None, now_s: float) -> None:
        """
        Believe what an answer tells of this limit, as far as it can be true.

        Args:
            usage: What it tells.
            sent_s: When its request was sent, by the monotonic clock; None when nobody knows.
            now_s: By the same clock.
        """
        if now_s >= self.turn_s:
            self.turn_locked(now_s)
        if usage.capacity is not None:
            self.resize_locked(usage.capacity)
        if sent_s is None:
            # It is of a request that is on its way now, so at least of one since nothing was.
            sent_s = max(self._calm_s, now_s - TRIP_S) if self.pending else now_s - TRIP_S
        if sent_s < self._start_s:
            return  # it may have been counted in the window before
        if usage.reset_s is not None:
            self._told_end_locked(usage.reset_s, usage.slack_s, sent_s, now_s)
        used = usage.used_of(self.capacity)
        if used is not None and used >= self.capacity and usage.retry_s is not None:
            # All is used, and the exchange said when it wants to hear from us again: the window ends then.
            self._told_end_locked(usage.retry_s, min(1.0, usage.retry_s), sent_s, now_s)
        if used is not None:
            self._hear_used_locked(used, sent_s, now_s)

    def resize_locked(self, capacity: float) -> None:
        """It holds so much from now on."""
        self.capacity = capacity
        low, normal, high = (capacity * share / 100 for share in _SHARES)
        self.ceilings = (low, normal, high)

    def _hear_used_locked(self, used: float, sent_s: float, now_s: float) -> None:
        if self._is_of_before_locked(used, now_s):
            self._between_locked(sent_s + self.period_s, now_s + self.period_s, now_s)
        if used >= self._known:
            self._known, self._known_s = used, now_s
            self._known_sent_s = max(self._known_sent_s, sent_s)
        elif sent_s > self._known_s:
            # Asked after the higher number had come, so it is the newer one.
            if not self.limit.falls and used * 2 <= self._known:
                self._began_after_locked(self._known_sent_s, now_s)
                self._before = 0.0
            if not self._is_at_edge:
                self._known, self._known_s, self._known_sent_s = used, now_s, sent_s
        if used < self.own and sent_s > self._mark_s and not self._is_at_edge:
            # It contains what had ended before it was asked for; of the rest only what was marked is known apart.
            since = self.own - self._mark_own if self.ended_s >= sent_s else 0.0
            self.own = self._mark_own = min(self.own, used + since)
            self._mark_s = now_s
        if sent_s > self._lost_s:
            self._lost = 0.0  # asked later, so it knows of them
        self.used = max(self.own, self._known + self._lost)

    def _is_of_before_locked(self, used: float, now_s: float) -> bool:
        """
        Whether the exchange seems to count on where we began a window just now: our clock is ahead of its.

        More than before, and more than we can have used since. It is believed for where the next window
        ends, not for this one: were it others who used so much, a new start would have us refused.
        """
        if not self._before or self.limit.falls or self._is_told_end:
            return False
        is_early = now_s - self._start_s < self.period_s / 4
        return is_early and used >= self._before and used > self.own + self.pending


class Toll:
    """What the calls of one key cost at all the ledgers that they concern; used by many threads and tasks at once."""

    __slots__ = ("_full", "_latch", "_monotonic_s", "_priority", "_rows")

    def __init__(
        self, rows: Sequence[tuple[Ledger, float]], priority: Priority, clock: Clock
    ) -> None:
        """
        Nothing is taken yet.

        Args:
            rows: At least one ledger, with what a call costs there, above 0; they share one lock.
            priority: How much of each the calls may fill.
            clock: What measures spans.
        """
        self._rows = tuple(rows)
        self._priority = int(priority)
        self._latch = rows[0][0].latch
        self._monotonic_s = clock.monotonic_s
        self._full = rows[0][0]

    def take(self) -> float:
        """
        Take the cost of one call at all its ledgers, or at none.

        Gives 0.0 when it was taken; then `returned` must follow when the call is over. Otherwise the
        seconds until it can be worth asking again, at least WAIT_S_MIN.
        """
        latch, priority = self._latch, self._priority
        latch.acquire()
        try:
            now_s = self._monotonic_s()
            for ledger, weight in self._rows:
                if now_s >= ledger.turn_s:
                    ledger.turn_locked(now_s)
                if ledger.used + ledger.pending + weight > ledger.ceilings[priority]:
                    wait_s = self._wait_locked(now_s)
                    if wait_s:
                        return wait_s
                    break  # this one passes alone, and nothing else says no
            for ledger, weight in self._rows:
                ledger.pending += weight
            return 0.0
        finally:
            latch.release()

    def returned(self, unsent: bool = False, lost: bool = False) -> None:
        """
        The call that took is over.

        Args:
            unsent: It is proved that nothing was sent: its cost is given back.
            lost: It was sent, and no answer came.
        """
        latch = self._latch
        latch.acquire()
        try:
            now_s = self._monotonic_s()
            for ledger, weight in self._rows:
                ledger.ended_locked(weight, now_s, unsent=unsent, lost=lost)
        finally:
            latch.release()

    @property
    def why(self) -> str:
        """In words, what had no room when a call last had to wait."""
        full = self._full
        used = f"{full.used + full.pending:g} of {full.capacity:g}"
        return f"the limit {full.limit.name} has no room: {used} used in {full.period_s:g} s"

    @property
    def scope(self) -> Scope:
        """Whose limit that is: the ADDRESS or the ACCOUNT."""
        return self._full.limit.scope

    @property
    def ledgers(self) -> tuple[Ledger, ...]:
        """The ledgers it pays at."""
        return tuple(ledger for ledger, _ in self._rows)

    def _wait_locked(self, now_s: float) -> float:
        """The longest wait of them all, for a call needs room everywhere at once."""
        longest_s = 0.0
        for ledger, weight in self._rows:
            if now_s >= ledger.turn_s:
                ledger.turn_locked(now_s)
            wait_s = ledger.wait_locked(weight, self._priority, now_s)
            if wait_s > longest_s:
                longest_s, self._full = wait_s, ledger
        return longest_s
