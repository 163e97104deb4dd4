"""Owns what an account holds, what it is worth and what it traded, in Decimal; orders are `model`'s."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from switchgear.exchange.believed import less, times, total

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from switchgear.exchange.model import Side

_ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Balance:
    """What an account holds of one asset."""

    asset: str
    free: Decimal
    """What can be traded."""
    locked: Decimal
    """What open orders hold, from 0."""

    @property
    def total(self) -> Decimal:
        """Free and locked together."""
        return total((self.free, self.locked))


@dataclass(frozen=True, slots=True)
class Portfolio:
    """What an account holds, and what it is worth."""

    exchange: str
    currency: str
    """What values are told in."""
    balances: Mapping[str, Balance]
    """By asset; what the account holds nothing of is left out."""
    values: Mapping[str, Decimal]
    """The worth of each asset that has a price; the others are in `unpriced`."""
    total: Decimal
    """The sum of values: a lower bound when something is unpriced."""
    unpriced: tuple[str, ...] = ()
    """Assets held that have no price in currency."""


@dataclass(frozen=True, slots=True)
class Position:
    """One asset that an account is in, cash left out."""

    exchange: str
    symbol: str
    """Against the currency that values are told in: `BTC/USDT`."""
    asset: str
    quantity: Decimal
    """Below 0 for a short position."""
    value: Decimal | None
    """The worth of quantity now, in the quote asset; None without a price."""
    average_price: Decimal | None = None
    """What one unit cost; None where the exchange does not say, as spot exchanges."""

    @property
    def profit(self) -> Decimal | None:
        """What it gained since it was bought, in the quote asset; None where that is not known."""
        if self.value is None or self.average_price is None:
            return None
        return less(self.value, times(self.average_price, self.quantity))


@dataclass(frozen=True, slots=True)
class Trade:
    """One execution of an order of the account."""

    exchange: str
    symbol: str
    trade_id: str
    order_id: str
    side: Side
    price: Decimal
    quantity: Decimal
    """Of the base asset."""
    fee: Decimal | None
    """Of fee_asset, below 0 for a rebate; None where it is not told."""
    fee_asset: str | None
    at: datetime
    """In UTC."""


@dataclass(frozen=True, slots=True)
class CancelReport:
    """What became of a request to cancel all orders."""

    accepted: tuple[str, ...]
    """The exchange's ids of the orders whose cancel was accepted; one of them may still have filled."""
    failed: Mapping[str, str] = field(default_factory=dict[str, str])
    """By the exchange's id, why an order was not cancelled."""


def valued(
    exchange: str,
    currency: str,
    balances: Mapping[str, Balance],
    price_of: Callable[[str], Decimal | None],
) -> Portfolio:
    """
    What is held, with its worth.

    Args:
        exchange: Whose account it is.
        currency: What price_of tells prices in; an amount of it is worth itself.
        balances: What is held, by asset.
        price_of: The price of one unit of an asset; None when it has none.
    """
    values: dict[str, Decimal] = {}
    for asset, balance in balances.items():
        price = _ONE if asset == currency else price_of(asset)
        if price is not None:
            values[asset] = times(balance.total, price)
    unpriced = tuple(sorted(balances.keys() - values.keys()))
    return Portfolio(exchange, currency, balances, values, total(values.values()), unpriced)


def positions_of(portfolio: Portfolio) -> list[Position]:
    """Every asset of a spot account but its currency, as a position; what it cost is not known."""
    return [
        Position(
            portfolio.exchange,
            f"{asset}/{portfolio.currency}",
            asset,
            balance.total,
            portfolio.values.get(asset),
        )
        for asset, balance in sorted(portfolio.balances.items())
        if asset != portfolio.currency
    ]
