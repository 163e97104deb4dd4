"""Owns what an account holds and what it cost, worked out from its executions alone."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from switchgear.practice.sim.accounts import Side
from switchgear.practice.sim.alpaca import hours
from switchgear.practice.sim.alpaca.market import BY_NAME, CASH, OPENING_CASH
from switchgear.practice.sim.symbols import price_at

if TYPE_CHECKING:
    from switchgear.practice.sim.accounts import Account, Execution, Order
    from switchgear.practice.sim.alpaca.market import Asset
    from switchgear.practice.sim.ledger import Ledger

_ZERO = Decimal(0)
_DAY_MS = 86_400_000


@dataclass(slots=True)
class Lot:
    """What is held of one asset, and the mean price that it was bought at."""

    asset: Asset
    quantity: Decimal = _ZERO
    average: Decimal = _ZERO
    since_ms: int = 0
    """When the position was opened."""

    def buy(self, trade: Execution) -> None:
        """Take a purchase in; a fee in the asset makes the holding smaller, and not dearer."""
        if not self.quantity:
            self.since_ms = trade.at_ms
        cost = self.quantity * self.average + trade.quantity * trade.price
        self.average = cost / (self.quantity + trade.quantity)
        fee = trade.commission if trade.commission_asset == self.asset.symbol.base else _ZERO
        self.quantity += trade.quantity - fee

    def sell(self, trade: Execution) -> None:
        """Take a sale in; what is left keeps its mean price."""
        self.quantity -= trade.quantity


@dataclass(frozen=True, slots=True)
class Books:
    """Cash and lots at one instant; a lot of nothing is left out."""

    cash: Decimal
    lots: list[Lot]


def trades_of(account: Account) -> list[tuple[Order, Execution]]:
    """All executions of an account with their orders, oldest first."""
    found = [(order, trade) for order in account.orders for trade in order.executions]
    return sorted(found, key=lambda pair: pair[1].trade_id)


def books_of(account: Account, until_ms: int | None = None) -> Books:
    """What the executions up to an instant, or all of them, have led to."""
    cash, lots = OPENING_CASH, dict[str, Lot]()
    for order, trade in trades_of(account):
        if until_ms is not None and trade.at_ms > until_ms:
            continue
        name = order.asked.symbol.name
        lot = lots.setdefault(name, Lot(BY_NAME[name]))
        value = trade.quantity * trade.price
        if order.asked.side is Side.BUY:
            lot.buy(trade)
            cash -= value
        else:
            lot.sell(trade)
            cash += value
        cash -= trade.commission if trade.commission_asset == CASH else _ZERO
    return Books(cash, [lot for lot in lots.values() if lot.quantity])


class Prices:
    """What an asset is quoted at: crypto always, equities while a session is on."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def quoted_ms(self, asset: Asset) -> int:
        """The instant of the newest price, in epoch milliseconds."""
        now_ms = self._ledger.now_ms
        return now_ms if asset.is_crypto else hours.last_traded(now_ms)

    def now(self, asset: Asset) -> Decimal:
        """The newest price."""
        return self.at(asset, self.quoted_ms(asset))

    def at(self, asset: Asset, at_ms: int) -> Decimal:
        """The price at an instant in epoch milliseconds, on the path of the seed."""
        second = min(self._ledger.second_of(at_ms), self._ledger.second)
        return price_at(self._ledger.seed, asset.symbol, second)

    def day_start_ms(self, asset: Asset) -> int:
        """Where the day before ends: midnight UTC, and for an equity the last close."""
        now_ms = self._ledger.now_ms
        return now_ms // _DAY_MS * _DAY_MS if asset.is_crypto else hours.last_close(now_ms)

    def worth(self, lots: list[Lot], at_ms: int | None = None) -> Decimal:
        """What lots are worth now, or at an instant."""
        return sum(
            (
                lot.quantity * (self.now(lot.asset) if at_ms is None else self.at(lot.asset, at_ms))
                for lot in lots
            ),
            _ZERO,
        )
