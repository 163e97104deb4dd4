"""
Owns how orders move balances on one venue: booking, filling, ending, along a seeded price path.

Wire formats, keys, limits and the words of a refusal are left to the venue.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from switchgear.practice.sim.accounts import (
    Account,
    Balance,
    Execution,
    NewOrder,
    Order,
    OrderType,
    Side,
    Status,
    TimeInForce,
)
from switchgear.practice.sim.symbols import price_at

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from switchgear.practice.sim.symbols import Symbol

_UNIT = Decimal("0.00000001")
_RESERVE = Decimal("1.05")
"""A market order that must wait keeps back so much more than the price of now."""


class Reason(StrEnum):
    """Why the ledger does not book, or does not cancel; how a venue says so is the venue's."""

    PRICE = "the price is outside its bounds or off its tick"
    LOT = "the quantity is outside its bounds or off its step"
    NOTIONAL = "price times quantity is outside its bounds"
    DUPLICATE = "the client order id is taken"
    FUNDS = "the balance is too small"
    POST_ONLY = "a post-only order would take"
    STOP = "the stop price is reached already"
    NOT_OPEN = "the order is not open"


class Refused(Exception):
    """The ledger says no; nothing was booked or changed."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class Unique(StrEnum):
    """Among which orders of an account a client order id may stand once."""

    OPEN = "open"
    EVER = "ever"


def _always(_asked: NewOrder, _at_ms: int) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Market:
    """What one venue trades, and by which rules its ledger books."""

    symbols: Mapping[str, Symbol]
    """By the venue's own name for the pair."""
    balances: Mapping[str, Decimal]
    """What a new account holds."""
    unique: Unique = Unique.OPEN
    stop_at_once: bool = False
    """A stop order whose stop is reached when it is placed wakes at once, and is not refused."""
    fee_in_quote: bool = False
    """The commission is always taken in the quote asset, and not from what a trade brings in."""
    is_open: Callable[[NewOrder, int], bool] = _always
    """Whether an order can trade at an instant in epoch milliseconds; a market may have hours."""


class Ledger:
    """All accounts on one market whose prices follow the seed and the seconds since the start."""

    def __init__(self, seed: int, market: Market) -> None:
        self.seed = seed
        self.market = market
        self.second = 0
        self.now_ms = 0
        self._elapsed_ms = 0.0
        self.accounts: list[Account] = []
        self._last_order_id = 0
        self._last_trade_id = 0

    def open_account(self, balances: Mapping[str, Decimal] | None = None) -> Account:
        """A new account with these balances, or with those of the market."""
        account = Account(dict(self.market.balances if balances is None else balances))
        self.accounts.append(account)
        return account

    def price(self, symbol: Symbol) -> Decimal:
        """The price now."""
        return price_at(self.seed, symbol, self.second)

    def second_of(self, at_ms: int) -> int:
        """The second of the price path at an instant in epoch milliseconds; negative before the start."""
        # The part of a second that has passed counts, or a past instant would move within each second.
        return int((self._elapsed_ms + at_ms - self.now_ms) // 1000)

    def advance(self, elapsed_s: float, now_ms: int) -> None:
        """Go on to this time, second by second, and move the resting orders that the path meets."""
        until = max(int(elapsed_s), self.second)
        for symbol in self.market.symbols.values():
            self._meet(symbol, until, now_ms)
        self.second, self.now_ms = until, now_ms
        self._elapsed_ms = max(elapsed_s * 1000, self._elapsed_ms)

    def _meet(self, symbol: Symbol, until: int, now_ms: int) -> None:
        resting = [(a, order) for a in self.accounts for order in a.open_orders(symbol)]
        for second in range(self.second + 1, until + 1):
            if not resting:
                return
            price, at_ms = price_at(self.seed, symbol, second), now_ms - (until - second) * 1000
            for account, order in resting:
                self._live(account, order, price, at_ms)
            resting = [(a, order) for a, order in resting if order.is_open]

    def _live(self, account: Account, order: Order, price: Decimal, at_ms: int) -> None:
        """One second in the life of a resting order."""
        asked = order.asked
        if asked.not_after_ms is not None and at_ms >= asked.not_after_ms:
            self.end(account, order, Status.EXPIRED, at_ms)
            return
        if at_ms < asked.not_before_ms or not self.market.is_open(asked, at_ms):
            return
        if order.asleep and _wakes(asked, price):
            order.asleep, order.woken_ms = False, at_ms
        if order.asleep:
            return
        part = min(order.quantity - order.executed, asked.symbol.depth)
        if asked.type is OrderType.MARKET:
            self._fill(account, order, order.quantity - order.executed, price, at_ms, maker=False)
        elif crosses(asked, price):
            # Woken beyond its limit it takes what is there; one that rested gets its own price.
            takes = order.woken_ms == at_ms
            each = price if takes else asked.price
            self._fill(account, order, part, each, at_ms, maker=not takes)
        elif order.woken_ms is not None and asked.time_in_force is not TimeInForce.GTC:
            self.end(account, order, Status.EXPIRED, at_ms)

    def place(self, account: Account, asked: NewOrder) -> Order:
        """
        Book the order, and fill it at once and in full when it meets the price.

        Raises:
            Refused: A filter, the duplicate rule, the balance, post-only or the stop forbids it.
        """
        price = self.price(asked.symbol)
        quantity = asked.quantity or asked.symbol.whole_steps(asked.quote_quantity / price)
        _check_filters(asked, quantity, price)
        self._check_duplicate(account, asked)
        asleep = self._sleeps(asked, price)
        closed = asked.not_before_ms > self.now_ms or not self.market.is_open(asked, self.now_ms)
        waits = asleep or closed
        meets = not waits and (asked.type is OrderType.MARKET or crosses(asked, price))
        if meets and asked.type is OrderType.LIMIT_MAKER:
            raise Refused(Reason.POST_ONLY)
        order = Order(
            asked,
            self._last_order_id + 1,
            quantity,
            self._lock_price(asked, price, meets=meets),
            self.now_ms,
            self.now_ms,
            asleep=asleep,
        )
        _lock(account, order)
        self._last_order_id += 1
        account.book(order)
        if meets:
            self._fill(account, order, quantity, price, self.now_ms, maker=False)
        elif asked.time_in_force is not TimeInForce.GTC and not waits:
            self.end(account, order, Status.EXPIRED, self.now_ms)
        return order

    def cancel(self, account: Account, order: Order) -> None:
        """End an open order and free what it kept back; raises Refused when it is not open."""
        if not order.is_open:
            raise Refused(Reason.NOT_OPEN)
        self.end(account, order, Status.CANCELED, self.now_ms)

    def end(self, account: Account, order: Order, status: Status, at_ms: int) -> None:
        """End an open order with this status and free what it kept back."""
        asset, amount = order.kept_back(order.quantity - order.executed)
        account.balances[asset].locked -= amount
        account.balances[asset].free += amount
        order.status, order.updated_ms = status, at_ms
        account.settle(order)

    def _sleeps(self, asked: NewOrder, price: Decimal) -> bool:
        if asked.type is not OrderType.STOP_LIMIT:
            return False
        if not _wakes(asked, price):
            return True
        if not self.market.stop_at_once:
            raise Refused(Reason.STOP)
        return False

    def _lock_price(self, asked: NewOrder, price: Decimal, *, meets: bool) -> Decimal:
        each = price if meets else asked.price or price * _RESERVE
        return each * (1 + asked.symbol.commission_rate) if self.market.fee_in_quote else each

    def _check_duplicate(self, account: Account, asked: NewOrder) -> None:
        older = account.named(asked.client_order_id)
        # Where only open orders hold their id, the same id is a second order after a fill or a cancel.
        if older is not None and (self.market.unique is Unique.EVER or older.is_open):
            raise Refused(Reason.DUPLICATE)

    def _fill(
        self,
        account: Account,
        order: Order,
        quantity: Decimal,
        price: Decimal,
        at_ms: int,
        *,
        maker: bool,
    ) -> None:
        symbol, buying = order.asked.symbol, order.asked.side is Side.BUY
        income, earned = (symbol.base, quantity) if buying else (symbol.quote, quantity * price)
        paid_in = symbol.quote if self.market.fee_in_quote else income
        base = quantity * price if paid_in == symbol.quote else quantity
        commission = (base * symbol.commission_rate).quantize(_UNIT, ROUND_DOWN)
        asset, amount = order.kept_back(quantity)
        account.balances[asset].locked -= amount
        if buying:  # what was kept back beyond the price comes back
            account.balances[asset].free += amount - quantity * price
        account.balances.setdefault(income, Balance()).free += earned
        account.balances[paid_in].free -= commission
        self._last_trade_id += 1
        trade_id = self._last_trade_id
        order.executions.append(
            Execution(trade_id, price, quantity, commission, paid_in, at_ms, maker)
        )
        done = order.executed == order.quantity
        order.status = Status.FILLED if done else Status.PARTIALLY_FILLED
        order.updated_ms = at_ms
        account.settle(order)


def crosses(asked: NewOrder, price: Decimal) -> bool:
    """Whether a limit order would trade at this price."""
    return price <= asked.price if asked.side is Side.BUY else price >= asked.price


def _wakes(asked: NewOrder, price: Decimal) -> bool:
    return price >= asked.stop_price if asked.stop_above else price <= asked.stop_price


def _check_filters(asked: NewOrder, quantity: Decimal, price: Decimal) -> None:
    symbol, is_market = asked.symbol, asked.type is OrderType.MARKET
    prices = () if is_market else (asked.price, asked.stop_price or asked.price)
    if not all(symbol.fits_price(each) for each in prices):
        raise Refused(Reason.PRICE)
    if not symbol.fits_lot(quantity):
        raise Refused(Reason.LOT)
    if not symbol.fits_notional(quantity * (price if is_market else asked.price)):
        raise Refused(Reason.NOTIONAL)


def _lock(account: Account, order: Order) -> None:
    asset, amount = order.kept_back(order.quantity)
    balance = account.balances.setdefault(asset, Balance())
    if balance.free < amount:
        raise Refused(Reason.FUNDS)
    balance.free -= amount
    balance.locked += amount
