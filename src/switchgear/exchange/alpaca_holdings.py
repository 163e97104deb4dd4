"""Owns the shapes of Alpaca's account and positions, and what they say of cash, shares and coins held."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from switchgear.exchange.alpaca_assets import CURRENCY, VENUE
from switchgear.exchange.believed import amounts, finite, less, same, total
from switchgear.exchange.holdings import Balance, Portfolio, Position
from switchgear.exchange.reply import Shape

if TYPE_CHECKING:
    from collections.abc import Iterable

    from switchgear.exchange.alpaca_assets import Coins

_ZERO = Decimal(0)


class AccountAnswer(msgspec.Struct, frozen=True, gc=False):
    """What GET /v2/account answers, as far as it is read."""

    cash: Decimal
    currency: str = CURRENCY
    non_marginable_buying_power: Decimal | None = None

    def __post_init__(self) -> None:
        """Refuse what is no amount, and what is not in USD."""
        same("currency", self.currency, CURRENCY, None)
        finite(cash=self.cash, free=self.non_marginable_buying_power)


class PositionAnswer(msgspec.Struct, frozen=True, gc=False):
    """One line of GET /v2/positions, as far as it is read."""

    symbol: str
    asset_class: str
    side: str
    qty: Decimal
    qty_available: Decimal | None = None
    avg_entry_price: Decimal | None = None
    market_value: Decimal | None = None

    def __post_init__(self) -> None:
        """Refuse what is no holding."""
        if self.side not in {"long", "short"}:
            raise ValueError(f"side {self.side!r} is not known")
        finite(qty=self.qty, qty_available=self.qty_available, market_value=self.market_value)
        amounts(avg_entry_price=self.avg_entry_price)


ACCOUNT = Shape(AccountAnswer)
POSITIONS = Shape(list[PositionAnswer])


def balances_of(
    account: AccountAnswer, positions: Iterable[PositionAnswer], coins: Coins
) -> dict[str, Balance]:
    """What is held, by asset: USD, and the base of each position; what there is nothing of is left out."""
    found = [_cash_of(account)]
    for each in positions:
        quantity, asset = _quantity(each), _asset(each, coins)
        free = quantity if each.qty_available is None or quantity < 0 else each.qty_available
        if free.copy_abs() > quantity.copy_abs():
            raise ValueError(f"more of {asset} is available than is held")
        found.append(Balance(asset, free, less(quantity, free)))
    balances = {each.asset: each for each in found if each.total}
    if len(balances) < sum(1 for each in found if each.total):
        raise ValueError("an asset is held twice")
    return balances


def _cash_of(account: AccountAnswer) -> Balance:
    # Alpaca's cash goes down when an order is filled, not when it is placed; what is left to spend
    # without borrowing is the other number. Borrowed money is a negative balance, none of it held.
    cash, spendable = account.cash, account.non_marginable_buying_power
    if cash <= 0 or spendable is None:
        return Balance(CURRENCY, cash, _ZERO)
    free = min(cash, max(spendable, _ZERO))
    return Balance(CURRENCY, free, less(cash, free))


def positions_of(found: Iterable[PositionAnswer], coins: Coins) -> list[Position]:
    """Every position, by symbol; what an option cost is not told, its price is of one share of many."""
    positions = [
        Position(
            exchange=VENUE,
            symbol=coins.symbol_of(each.symbol, each.asset_class),
            asset=_asset(each, coins),
            quantity=_quantity(each),
            value=_value(each),
            average_price=None if each.asset_class == "us_option" else each.avg_entry_price,
        )
        for each in found
    ]
    return sorted(positions, key=lambda position: position.symbol)


def portfolio_of(
    account: AccountAnswer, positions: Iterable[PositionAnswer], coins: Coins
) -> Portfolio:
    """What is held, at the values that Alpaca gives it."""
    found = list(positions)
    balances = balances_of(account, found, coins)
    told = {_asset(each, coins): _value(each) for each in found}
    values = {
        asset: value for asset, value in told.items() if value is not None and asset in balances
    }
    if CURRENCY in balances:
        values[CURRENCY] = balances[CURRENCY].total
    unpriced = tuple(sorted(balances.keys() - values.keys()))
    return Portfolio(VENUE, CURRENCY, balances, values, total(values.values()), unpriced)


def _quantity(position: PositionAnswer) -> Decimal:
    return _signed(position.qty, position)


def _value(position: PositionAnswer) -> Decimal | None:
    value = position.market_value
    return None if value is None else _signed(value, position)


def _signed(amount: Decimal, position: PositionAnswer) -> Decimal:
    # By copies: minus and abs would round to the decimal context of the program.
    return amount.copy_abs().copy_negate() if position.side == "short" else amount


def _asset(position: PositionAnswer, coins: Coins) -> str:
    return coins.symbol_of(position.symbol, position.asset_class).partition("/")[0]
