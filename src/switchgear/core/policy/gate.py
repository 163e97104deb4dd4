"""Owns gates: a scope closed until an instant that the exchange named, or a growing time after a bad key."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

from switchgear.core.event import GateClosed
from switchgear.core.words import Kind, Scope

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchgear.core.clock import Clock
    from switchgear.core.event import Emit
    from switchgear.core.words import Verdict

MARGIN_S = 0.1
"""Added to an instant that the exchange named: timers of others have been seen to fire 11 ms early, and a ban
grows when it is asked too soon."""

JITTER_SHARE, JITTER_S_MAX = 0.05, 5.0
"""Of the wait, at most so much is added by chance, so that many programs do not come back at one instant."""

_UNNAMED_S = {
    Kind.RATE_LIMITED: 1.0,
    Kind.ORDER_RATE_LIMITED: 10.0,
    Kind.BANNED: 120.0,  # the shortest ban that Binance documents
    Kind.AUTHENTICATION: 30.0,
}
"""Seconds that a gate closes for a kind that came without a time."""

_GROWTH = 2.0
_GROWN_S_MAX = 3600.0
_STRIKES_MAX = 16


@dataclass(frozen=True, slots=True)
class GateView:
    """A gate at one instant, for people."""

    exchange: str
    scope: Scope
    account: str
    """Empty unless the scope is ACCOUNT."""
    closed: bool
    retry_after_s: float
    """Seconds until it is open; 0 when it is."""
    reason: str
    """Why it was last closed; empty when it never was."""
    orders_only: bool = False
    """It holds back new orders alone: cancels and lookups go on."""
    public_only: bool = False
    """It holds back calls without a key alone: those of the account go on."""


class Gate:
    """One scope of one exchange, and the instant until which it is closed."""

    def __init__(
        self,
        exchange: str,
        scope: Scope,
        account: str,
        clock: Clock,
        emit: Emit,
        *,
        orders_only: bool = False,
        public_only: bool = False,
    ) -> None:
        self.exchange = exchange
        self.scope = scope
        self.account = account
        self.orders_only = orders_only
        """A limit of new orders: an account that may not place one may still cancel and ask."""
        self.public_only = public_only
        """A limit of calls that carry no key, counted by our address."""
        self.until_s = 0.0
        """Monotonic; the gate is open from then on."""
        self.named_s = 0.0
        """Monotonic; the same without the jitter: what the exchange asked for, and the margin."""
        self.reason = ""
        self.watchers: list[Callable[[], None]] = []
        """Called under the lock when it closes: steps in memory of our own."""
        self._strikes = 0
        self._clock = clock
        self._emit = emit
        self._lock = Lock()

    def wait_s(self, now_s: float) -> float:
        """Seconds until it is open; 0 when it is."""
        return max(0.0, self.until_s - now_s)

    def close_for(self, verdict: Verdict, reason: str) -> None:
        """Close it for what an error means; an instant further off than the verdict's stays."""
        with self._lock:
            now_s = self._clock.monotonic_s()
            wait_s = self._closed_s_locked(verdict, now_s) + MARGIN_S
            if now_s + wait_s <= self.until_s:
                return
            jitter_s = min(JITTER_SHARE * wait_s, JITTER_S_MAX) * self._clock.chance()
            self.named_s = now_s + wait_s
            until_s = self.named_s + jitter_s
            self.until_s, self.reason = until_s, reason
            for watcher in tuple(self.watchers):  # a key may be forgotten meanwhile
                watcher()
            self._emit(
                GateClosed(
                    now_s,
                    self.exchange,
                    self.scope,
                    self.account,
                    until_s,
                    verdict.kind,
                    reason,
                    self.public_only,
                )
            )

    def open(self) -> None:
        """Open it at once, by a person's decision."""
        with self._lock:
            self.until_s, self.named_s, self._strikes = 0.0, 0.0, 0

    def forked(self) -> None:
        """After a fork, in the child: another thread of the parent may have held the lock."""
        self._lock = Lock()

    def view(self) -> GateView:
        """The gate at this instant."""
        wait_s = self.wait_s(self._clock.monotonic_s())
        return GateView(
            self.exchange,
            self.scope,
            self.account,
            wait_s > 0,
            wait_s,
            self.reason,
            self.orders_only,
            self.public_only,
        )

    def _closed_s_locked(self, verdict: Verdict, now_s: float) -> float:
        if verdict.retry_after_s is not None:
            return verdict.retry_after_s
        first_s = _UNNAMED_S.get(verdict.kind, 1.0)
        if verdict.kind is not Kind.AUTHENTICATION:
            return first_s
        if now_s - self.until_s > _GROWN_S_MAX:
            self._strikes = 0  # a key that worked since then is not the one that was refused
        if (
            now_s >= self.until_s
        ):  # a refusal while closed is of an attempt that was under way: no new strike
            self._strikes = min(self._strikes + 1, _STRIKES_MAX)
        grown_s = first_s * _GROWTH ** max(0, self._strikes - 1)
        return min(grown_s, _GROWN_S_MAX)
