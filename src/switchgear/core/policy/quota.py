"""Owns the ledgers of one exchange: who pays at which of them, and which an answer tells of; counting is `weight`'s."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from switchgear.core.errors import SettingsError
from switchgear.core.policy.latch import Latch
from switchgear.core.policy.limit import Calls, Cost, Limit
from switchgear.core.policy.quota_tables import LIMITS
from switchgear.core.policy.weight import TRIP_S, Ledger, Priority, Toll
from switchgear.core.verdict.usage import NUMBER_MAX, Family, told
from switchgear.core.words import Effect, Scope

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from switchgear.core.clock import Clock
    from switchgear.core.policy.weight import LedgerView
    from switchgear.core.verdict.usage import Usage

LEARNT_MAX = 100
"""So many ledgers are made of headers alone; whoever answers cannot make us keep more."""

_PERIOD_S_MIN = 1.0

_MARKET = re.compile(
    r"(?:^|_)(?:markets?|prices?|tickers?|books?|bbo|candles?|klines?|ohlcv|bars?|quotes?|symbols?|products?|"
    r"instruments?|assets?|currency|currencies|time|clock|ping)(?:_|$)"
)
"""A word in the name of a read that says it is market data."""

_ORDER = re.compile(r"(?:^|_)orders?(?!_books?(?:_|$))(?:_|$)")
"""A word that says it looks up orders, those of an order book left out."""


def priority_of(method: str, effect: Effect, *, signed: bool = True) -> Priority:
    """How much of a limit a method may fill, by its folded name: lookups of orders and cancels all of it."""
    if effect is Effect.TRADE:
        return Priority.NORMAL
    if effect is Effect.IDEMPOTENT or (signed and _ORDER.search(method)):
        return Priority.HIGH
    return Priority.LOW if not signed or _MARKET.search(method) else Priority.NORMAL


class Quotas:
    """
    The ledgers of one exchange; used by many threads and tasks at once.

    Those of its table are made when a key that pays there asks for its toll. An exchange without a
    table gets one when an answer first tells a limit, what is left and when it ends.
    """

    def __init__(self, exchange: str, clock: Clock, limits: Sequence[Limit] | None = None) -> None:
        """
        Nothing is counted yet.

        Args:
            exchange: Its name, folded.
            clock: What measures.
            limits: Its limits; those of the table for this name when not given.
        """
        self.exchange = exchange
        self.watchers: list[Callable[[], None]] = []
        """Called when there are new ledgers, so that a toll made before may be one short; not under the lock."""
        self.version = 0
        """Grows by one whenever the watchers are called."""
        self._limits = tuple(LIMITS.get(exchange, ()) if limits is None else limits)
        self._has_weights = any(limit.cost is Cost.WEIGHT for limit in self._limits)
        self._learns = not self._limits
        self._clock = clock
        self._latch = Latch()
        self._ledgers: dict[tuple[str, str], Ledger] = {}
        self._date_s: float | None = None
        self._meant: dict[tuple[Family, float | None, bool, str], Limit | None] = {}
        """Which limit a usage without an end was of: every answer of a method tells of the same."""

    def toll(
        self,
        method: str,
        account: str,
        signed: bool,
        effect: Effect,
        weight: float | None = None,
        priority: Priority | None = None,
    ) -> Toll | None:
        """
        What calls of a key pay; None where no limit is known that concerns them.

        Args:
            method: Folded.
            account: Folded.
            signed: Whether the account is used.
            effect: What the method does; each TRADE is an order.
            weight: What one call weighs, in [0, NUMBER_MAX], where the table is wrong or says nothing:
                the requests it makes where the exchange has no weights. Orders are counted all the same.
            priority: How much of a limit the calls may fill; by name and effect when not given.

        Raises:
            SettingsError: The weight cannot be.
        """
        if weight is not None and not 0 <= weight <= NUMBER_MAX:
            raise SettingsError("weight", weight, f"must be a number in [0, {NUMBER_MAX:g}]")
        rows: list[tuple[Ledger, float]] = []
        with self._latch:
            for limit in self._known_limits_locked(account):
                cost = self._cost(limit, method, signed, effect, weight)
                if cost > 0:
                    rows.append((self._ledger_locked(limit, account), cost))
        if priority is None:
            priority = priority_of(method, effect, signed=signed)
        return Toll(rows, priority, self._clock) if rows else None

    def heard(
        self,
        headers: Mapping[str, str],
        account: str = "main",
        signed: bool = True,
        method: str = "",
        sent_s: float | None = None,
    ) -> None:
        """
        Correct the ledgers by what an answer's headers tell; whatever they are, it never raises.

        Args:
            headers: As received, in any case.
            account: Folded.
            signed: Whether this very request used the account.
            method: For which it was made, folded; where limits of several addresses have the same
                headers, it says which one is meant.
            sent_s: When the request was sent, by the clock's monotonic time. It tells an old answer
                that came late from a window that began anew; without it less can be believed.
        """
        found = told(headers, self._clock.wall)
        if not found.usages and found.date_s is None:
            return
        with self._latch:
            now_s = self._clock.monotonic_s()
            if sent_s is not None:
                self._hear_date_locked(found.date_s, sent_s, now_s)
            is_new = False
            for usage in found.usages:
                limit = self._told_of_locked(usage, account, signed, method, found.usages)
                if limit is not None:
                    before = len(self._ledgers)
                    asked_s = now_s - TRIP_S if sent_s is None else sent_s
                    ledger = self._ledger_locked(limit, account, asked_s)
                    ledger.hear_locked(usage, sent_s, now_s)
                    is_new |= self._learns and len(self._ledgers) > before
            self.version += is_new
        if is_new:
            for watcher in tuple(self.watchers):
                watcher()

    def limit(
        self,
        name: str,
        capacity: float,
        period_s: float | None = None,
        scope: Scope | None = None,
        cost: Cost | None = None,
    ) -> None:
        """
        Set how large a limit is, or make one that was not known; what is used of it stays.

        Args:
            name: Of the limit, as in `views`.
            capacity: In [1, NUMBER_MAX].
            period_s: Of a new limit: how long its window is, in (0, DAY_S].
            scope: Of a new limit: ADDRESS, unless ACCOUNT is given.
            cost: Of a new limit: each REQUEST, unless another is given.

        Raises:
            SettingsError: A number cannot be, or a new limit has no period.
        """
        with self._latch:
            known = next((each for each in self._limits if each.name == name), None)
            if known is not None and known.capacity == capacity:
                return
            made = (
                replace(known, capacity=capacity)
                if known is not None
                else _new_limit(name, capacity, period_s, scope, cost)
            )
            others = tuple(each for each in self._limits if each.name != name)
            self._limits = (*others, made)
            self._meant.clear()
            for ledger in self._ledgers.values():
                if ledger.limit.name == name:
                    ledger.resize_locked(capacity)
            self.version += 1
        for watcher in tuple(self.watchers):
            watcher()

    def forget(self, account: str) -> None:
        """Let go the ledgers of an account of which nothing is used."""
        unused = {view.limit for view in self.views() if view.account == account and not view.used}
        with self._latch:
            for name in unused:
                self._ledgers.pop((name, account), None)

    def views(self) -> tuple[LedgerView, ...]:
        """Every ledger at this instant."""
        with self._latch:
            ledgers = tuple(self._ledgers.values())
        return tuple(ledger.view() for ledger in ledgers)

    def forked(self) -> None:
        """After a fork, in the child: the lock anew; what was on its way is the parent's."""
        self._latch.renew()
        for ledger in self._ledgers.values():
            ledger.forked_locked()

    # -------------------------------------------------------------------------------- who pays

    def _known_limits_locked(self, account: str) -> list[Limit]:
        found = list(self._limits)
        if self._learns:
            own, names = {"", account}, {each.name for each in found}
            learnt = [each for each in self._ledgers.values() if each.account in own]
            found += [each.limit for each in learnt if each.limit.name not in names]
        return found

    def _cost(
        self, limit: Limit, method: str, signed: bool, effect: Effect, weight: float | None
    ) -> float:
        cost = limit.costs.get(method)
        if cost is None:
            cost = limit.other if _concerns(limit, signed, effect) else 0.0
        if weight is None or not cost or limit.cost is Cost.ORDER:
            return cost
        return weight if limit.cost is Cost.WEIGHT or not self._has_weights else cost

    def _ledger_locked(self, limit: Limit, account: str, asked_s: float | None = None) -> Ledger:
        whose = account if limit.scope is Scope.ACCOUNT else ""
        ledger = self._ledgers.get((limit.name, whose))
        if ledger is None:
            ledger = Ledger(
                limit,
                self._clock,
                exchange=self.exchange,
                account=whose,
                latch=self._latch,
                since_s=asked_s,
            )
            self._ledgers[limit.name, whose] = ledger
        return ledger

    # -------------------------------------------------------------------- what an answer tells of

    def _hear_date_locked(self, date_s: float | None, sent_s: float, now_s: float) -> None:
        if date_s is None or date_s == self._date_s:
            return  # nothing new: it changes once a second
        self._date_s = date_s
        for ledger in self._ledgers.values():
            ledger.dated_locked(date_s, sent_s, now_s)

    def _told_of_locked(
        self,
        usage: Usage,
        account: str,
        signed: bool,
        method: str,
        usages: tuple[Usage, ...],
    ) -> Limit | None:
        """The limit that a usage is of; None where it may be of several, or of one that is not held."""
        if self._learns:
            return self._learnt_locked(usage, account, signed)
        # Several policies in one answer are told apart by their periods alone.
        is_one = usage.period_s is not None or sum(one.family is usage.family for one in usages) < 2
        if not is_one:
            return None
        key = (usage.family, usage.period_s, signed, method)
        if usage.reset_s is not None:
            return self._only(usage, signed, method)
        if key not in self._meant:
            if len(self._meant) >= _MEANT_MAX:
                self._meant.clear()
            self._meant[key] = self._only(usage, signed, method)
        return self._meant[key]

    def _only(self, usage: Usage, signed: bool, method: str) -> Limit | None:
        fitting = [each for each in self._limits if self._fits(each, usage, signed, method)]
        return fitting[0] if len(fitting) == 1 else None

    def _fits(self, limit: Limit, usage: Usage, signed: bool, method: str) -> bool:
        if limit.family is not usage.family or usage.period_s not in {None, limit.period_s}:
            return False
        if limit.calls is (Calls.UNSIGNED if signed else Calls.SIGNED):
            return False
        if method and limit.cost is not Cost.ORDER and not limit.costs.get(method, limit.other):
            return False
        # An end that is further off is that of a longer limit, whose numbers are none of this one.
        ends_s = 0.0 if usage.reset_s is None or usage.by_wall else usage.reset_s - usage.slack_s
        return not limit.aligned or ends_s <= limit.period_s

    def _learnt_locked(self, usage: Usage, account: str, signed: bool) -> Limit | None:
        if usage.family is not Family.REQUESTS:
            return None
        whose = account if signed else ""
        name = "requests" if usage.period_s is None else f"requests_{usage.period_s:g}s"
        ledger = self._ledgers.get((name, whose))
        if ledger is not None:
            return ledger.limit
        if usage.capacity is None or usage.remaining is None or usage.reset_s is None:
            return None
        if len(self._ledgers) >= LEARNT_MAX:
            return None
        return replace(
            _LEARNT,
            name=name,
            scope=Scope.ACCOUNT if signed else Scope.ADDRESS,
            period_s=usage.period_s or max(usage.reset_s, _PERIOD_S_MIN),
            capacity=usage.capacity,
            calls=Calls.SIGNED if signed else Calls.UNSIGNED,
        )


def _new_limit(
    name: str,
    capacity: float,
    period_s: float | None,
    scope: Scope | None,
    cost: Cost | None,
) -> Limit:
    if period_s is None:
        raise SettingsError("period_s", period_s, f"must be given for a limit that is new: {name}")
    whose = Scope.ADDRESS if scope is None else scope
    if whose not in {Scope.ADDRESS, Scope.ACCOUNT}:
        raise SettingsError("scope", whose.value, "must be address or account")
    return Limit(name, whose, period_s, capacity, cost or Cost.REQUEST, aligned=False)


_MEANT_MAX = 1_024
_LEARNT = Limit("requests", Scope.ADDRESS, _PERIOD_S_MIN, 1, aligned=False)


def _concerns(limit: Limit, signed: bool, effect: Effect) -> bool:
    match limit.calls:
        case Calls.ALL:
            return True
        case Calls.ORDERS:
            return effect is Effect.TRADE
        case Calls.SIGNED:
            return signed
        case Calls.UNSIGNED:
            return not signed
