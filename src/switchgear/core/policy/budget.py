"""Owns the budget that all retries of one exchange share, so that they never multiply an outage; flow asks it."""

from __future__ import annotations

from dataclasses import dataclass
from threading import RLock
from typing import TYPE_CHECKING

from switchgear.core.words import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

TOKENS_MAX = 500
COST = 14
"""Tokens that a retry costs, given back when it succeeds."""
THROTTLED_COST = 5
"""The same after a refusal for too many requests: the exchange is up, and the wait that it asked for was kept."""
REWARD = 1
"""Tokens that a first attempt gives back when it succeeds."""

THROTTLED = frozenset({Kind.RATE_LIMITED, Kind.ORDER_RATE_LIMITED, Kind.BANNED})


@dataclass(frozen=True, slots=True)
class BudgetView:
    """A budget at one instant, for people."""

    exchange: str
    tokens: int | None
    """What is left, from 0; None when it is unlimited."""
    tokens_max: int | None
    """What it holds when full; 0 allows no retry, None is unlimited."""
    withheld: int
    """Retries and hedges that were refused for want of tokens."""


class Budget:
    """
    The tokens that all retries of one exchange are paid from, with the numbers of botocore's retry quota.

    A retry takes its cost before it is made. When it succeeds that comes back; so does one token for each call
    whose first attempt succeeds. While much fails, no more than the tokens allow is tried again.
    """

    __slots__ = (
        "_lock",
        "_tokens",
        "_tokens_max",
        "_told",
        "_withheld",
        "exchange",
        "full",
        "watchers",
    )

    def __init__(self, exchange: str) -> None:
        self.exchange = exchange
        self.full = True
        """Nothing is missing, so a success need not be told; read without the lock."""
        self.watchers: list[Callable[[], None]] = []
        """Called after `full` changed, not under the lock; two threads may call at once, so each reads `full` anew."""
        self._tokens_max: int | None = TOKENS_MAX
        self._tokens = TOKENS_MAX
        """Means nothing while unlimited."""
        self._withheld = 0
        self._told: bool | None = True
        """What `full` was when the watchers were last called; None when that is not known."""
        self._lock = RLock()

    def take(self, kind: Kind) -> int:
        """
        The tokens taken for a retry after an error of this kind; 0 when there are too few, and none is taken.

        Whoever gets some hands them to `refund` when the retry succeeds, or was not made after all.
        """
        cost = THROTTLED_COST if kind in THROTTLED else COST
        with self._lock:
            if self._tokens_max is None:
                return cost
            if self._tokens < cost:
                self._withheld += 1
                return 0
            changed = self._have_locked(self._tokens - cost)
        self._tell(changed)
        return cost

    def refund(self, tokens: int) -> None:
        """Give back what `take` gave; never fills it above its bound."""
        if self.full or tokens <= 0:
            return
        with self._lock:
            changed = self._have_locked(self._tokens + tokens)
        self._tell(changed)

    def succeeded(self) -> None:
        """A first attempt succeeded: one token comes back."""
        self.refund(REWARD)

    def configure(self, tokens_max: int | None) -> None:
        """
        Set what it holds when full, from 0, which allows no retry; None is unlimited.

        What has been spent stays spent: a raised bound adds the difference, a lowered one cuts off what is above.
        After it was unlimited it is full.
        """
        with self._lock:
            before, self._tokens_max = self._tokens_max, tokens_max
            if tokens_max is None or before is None:
                tokens = tokens_max or 0
            else:
                tokens = self._tokens + max(0, tokens_max - before)
            changed = self._have_locked(tokens)
        self._tell(changed)

    def forked(self) -> None:
        """After a fork, in the child: another thread of the parent may have held the lock, or been about to tell."""
        self._lock = RLock()
        self._told = None
        self.full = self._is_full()

    def view(self) -> BudgetView:
        """The budget at this instant."""
        with self._lock:
            tokens = None if self._tokens_max is None else self._tokens
            return BudgetView(self.exchange, tokens, self._tokens_max, self._withheld)

    def _have_locked(self, tokens: int) -> bool:
        """Hold that many tokens, and no more than the bound; whether the watchers have something to hear."""
        self._tokens = tokens if self._tokens_max is None else min(tokens, self._tokens_max)
        self.full = self._is_full()
        changed = self.full is not self._told
        self._told = self.full
        return changed

    def _is_full(self) -> bool:
        return self._tokens_max is None or self._tokens >= self._tokens_max

    def _tell(self, changed: bool) -> None:
        if changed:
            for watcher in tuple(self.watchers):
                watcher()
