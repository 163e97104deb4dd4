"""Owns one portfolio over several accounts: who answered, who is missing since when and why, how old it is."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from switchgear.core.errors import Rejected, SettingsError, SwitchgearError
from switchgear.core.outcome import PRIMARY
from switchgear.core.policy.timeout import Cut
from switchgear.core.redact import error_text
from switchgear.core.verdict import classify
from switchgear.core.words import Effect, Kind
from switchgear.exchange.model import FieldError, check_amount

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from switchgear.core.clock import Clock
    from switchgear.core.outcome import Served
    from switchgear.exchange.holdings import Portfolio

Account: TypeAlias = tuple[str, str]
"""An exchange, and the name of the key there."""

WITHIN_S = 10.0
"""So long all accounts together are waited for, unless it is said otherwise."""


class HasPortfolio(Protocol):
    """What an account must have to be looked at: the clients of this room have it."""

    @property
    def exchange(self) -> str:
        """The exchange's name."""
        ...

    @property
    def account(self) -> str:
        """The name of the key there."""
        ...

    async def served(self, method: str, *args: Any, **kwargs: Any) -> Served[Any]:
        """The value of a method, with where it came from and how old it is."""
        ...

    def remembered(self, method: str, *args: Any, **kwargs: Any) -> Served[Any] | None:
        """What its own memory could serve of a method now; None when it could not."""
        ...


@dataclass(frozen=True, slots=True)
class Part:
    """What one account holds."""

    exchange: str
    account: str
    portfolio: Portfolio
    source: str
    """`primary`, or the fallback that served it, such as `last_good`."""
    age_s: float
    """Seconds since an exchange told it; 0 when it was told now."""
    reason: str
    """Why it is not from the exchange itself; empty when it is."""

    @property
    def is_fallback(self) -> bool:
        """Whether something other than the exchange gave it."""
        return self.source != PRIMARY


@dataclass(frozen=True, slots=True)
class Missing:
    """An account that has no answer, not even an old one."""

    exchange: str
    account: str
    since: datetime
    """When it was first asked in vain after it last answered, in UTC."""
    kind: Kind
    reason: str
    """In words."""
    last_seen: datetime | None
    """When it last answered here, in UTC; None when it never did."""


@dataclass(frozen=True, slots=True)
class PortfolioOverAll:
    """What all accounts hold, as far as they answered; `missing` says who did not."""

    parts: tuple[Part, ...]
    missing: tuple[Missing, ...]
    at: datetime
    """When it was put together, in UTC."""

    @property
    def is_complete(self) -> bool:
        """Whether every account answered, from memory or not."""
        return not self.missing

    @property
    def age_s(self) -> float:
        """Age of the oldest part, in seconds; 0 when all were told now."""
        return max((part.age_s for part in self.parts), default=0.0)

    @property
    def totals(self) -> dict[str, Decimal]:
        """The worth of what answered, by the currency it is told in; USD and USDT are not one."""
        sums: dict[str, Decimal] = {}
        for part in self.parts:
            told = part.portfolio
            sums[told.currency] = sums.get(told.currency, Decimal(0)) + told.total
        return sums

    @property
    def holdings(self) -> dict[str, Decimal]:
        """How much of each asset the accounts that answered hold together."""
        sums: dict[str, Decimal] = {}
        for part in self.parts:
            for asset, balance in part.portfolio.balances.items():
                sums[asset] = sums.get(asset, Decimal(0)) + balance.total
        return sums

    def total(self, currency: str, rates: Mapping[str, Decimal]) -> Decimal:
        """
        The worth of what answered, in one currency.

        Args:
            currency: What to tell it in.
            rates: By the other currencies of `totals`, how much of it one unit is worth.

        Raises:
            FieldError: A rate is missing, or is no amount above 0.
        """
        total = Decimal(0)
        for told, amount in self.totals.items():
            total += amount if told == currency else amount * _rate(told, currency, rates)
        return total


@dataclass(slots=True)
class _Memory:
    """What is remembered of one account between two looks."""

    missing_since: datetime | None = None
    last_seen: datetime | None = None
    cause: Kind | None = None
    """What the exchange itself last failed by; a closed gate or circuit only follows from it."""


class Exchanges:
    """
    Several accounts, looked at together; each through its own guard and its own fallbacks.

    Give the clients a `last_good` fallback for `get_portfolio`, and an account whose exchange is down
    is told from memory, with its age, before it is told as missing.
    """

    def __init__(self, *apis: HasPortfolio, clock: Clock) -> None:
        """
        Remember these accounts; nothing is sent.

        Args:
            apis: The clients, at least one, each of another account.
            clock: Whose time is told and waited by, such as `gear.clock`.

        Raises:
            SettingsError: There is none, or one account is there twice.
        """
        self._apis = {(api.exchange, api.account): api for api in apis}
        if not apis or len(self._apis) < len(apis):
            raise SettingsError(
                "apis", [*map(_name, apis)], "must be clients of different accounts"
            )
        self._clock = clock
        self._memory: dict[Account, _Memory] = {account: _Memory() for account in self._apis}

    async def get_portfolio(self, *, within_s: float = WITHIN_S) -> PortfolioOverAll:
        """
        What all accounts hold; never raises for one that does not answer.

        Args:
            within_s: Who has not answered after so many seconds, above 0, is missing. All are asked
                at once.
        """
        if not within_s > 0:
            raise FieldError("within_s", within_s, "must be above 0")
        found = await asyncio.gather(*(self._part(each, within_s) for each in self._apis))
        parts = tuple(each for each in found if isinstance(each, Part))
        missing = tuple(each for each in found if isinstance(each, Missing))
        return PortfolioOverAll(parts, missing, self._clock.wall())

    async def _part(self, account: Account, within_s: float) -> Part | Missing:
        exchange, name = account
        try:
            async with Cut(self._clock, within_s):
                served = await self._apis[account].served("get_portfolio")
        except TimeoutError as error:
            if isinstance(error, SwitchgearError):
                return self._missing(account, error)
            return self._late(account, f"no answer within {within_s:g} s")
        except SwitchgearError as error:
            return self._missing(account, error)
        memory = self._memory[account]
        if not served.is_fallback:
            memory.missing_since, memory.last_seen = None, self._clock.wall()
            memory.cause = None
        return Part(exchange, name, served.value, served.source, served.age_s, served.reason)

    def _late(self, account: Account, reason: str) -> Part | Missing:
        # The cut came before the client could fall back by itself: look where it would have looked.
        kept = self._apis[account].remembered("get_portfolio")
        if kept is None:
            return self._lost(account, Kind.TIMEOUT, reason)
        return Part(*account, kept.value, kept.source, kept.age_s, reason)

    def _missing(self, account: Account, error: SwitchgearError) -> Missing:
        kind, cause = classify(error, account[0], Effect.READ).kind, self._memory[account].cause
        if isinstance(error, Rejected) and cause is not None:
            kind = cause
        return self._lost(account, kind, error_text(error))

    def _lost(self, account: Account, kind: Kind, reason: str) -> Missing:
        memory = self._memory[account]
        since = memory.missing_since = memory.missing_since or self._clock.wall()
        memory.cause = kind
        return Missing(*account, since, kind, reason, memory.last_seen)


def _name(api: HasPortfolio) -> str:
    return f"{api.exchange}[{api.account}]"


def _rate(told: str, currency: str, rates: Mapping[str, Decimal]) -> Decimal:
    if told not in rates:
        raise FieldError("rates", [*rates], f"must say what 1 {told} is worth in {currency}")
    return check_amount(f"rates[{told!r}]", rates[told])
