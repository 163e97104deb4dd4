"""Owns balances, orders and their executions; leaves wire formats, keys and limits to the venue."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal
from enum import StrEnum

from switchgear.practice.sim.symbols import SYMBOLS, Symbol, price_at

COMMISSION_RATE = Decimal("0.001")
"""Share of what an execution brings in that the venue keeps, for maker and taker alike."""
START_BALANCES = {
    "USDT": Decimal(100_000),
    "BTC": Decimal(1),
    "ETH": Decimal(10),
    "BNB": Decimal(0),
    "SOL": Decimal(0),
    "XRP": Decimal(0),
}
_UNIT = Decimal("0.00000001")
_ZERO = Decimal(0)


class Side(StrEnum):
    """Which way an order trades the base asset."""

    BUY = "BUY"
    SELL = "SELL"


class OrderType(StrEnum):
    """The order types that the practice venue takes."""

    LIMIT = "LIMIT"
    LIMIT_MAKER = "LIMIT_MAKER"
    MARKET = "MARKET"


class TimeInForce(StrEnum):
    """How long an order may rest; IOC and FOK end at once, as EXPIRED when they cannot fill."""

    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"


class Status(StrEnum):
    """The life of an order; a REJECTED one was never booked and stands among the refusals."""

    NEW = "NEW"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"


class Refusal(Exception):
    """What the venue says no with: its number and its words."""

    def __init__(self, code: int, msg: str) -> None:
        super().__init__(f"{code}: {msg}")
        self.code = code
        self.msg = msg


@dataclass(frozen=True, slots=True)
class NewOrder:
    """What somebody asks for; price is 0 for MARKET, quantity is 0 when quote_quantity speaks."""

    symbol: Symbol
    side: Side
    type: OrderType
    client_order_id: str
    quantity: Decimal = _ZERO
    price: Decimal = _ZERO
    quote_quantity: Decimal = _ZERO
    time_in_force: TimeInForce = TimeInForce.GTC
    via: str = "binance"


@dataclass(frozen=True, slots=True)
class Execution:
    """One trade of an order; at_ms is in epoch milliseconds."""

    trade_id: int
    price: Decimal
    quantity: Decimal
    commission: Decimal
    commission_asset: str
    at_ms: int
    maker: bool


@dataclass(slots=True)
class Order:
    """A booked order and what became of it."""

    asked: NewOrder
    order_id: int
    quantity: Decimal
    lock_price: Decimal
    """Quote units kept back for each unit still to be bought."""
    at_ms: int
    updated_ms: int
    status: Status = Status.NEW
    executions: list[Execution] = field(default_factory=list[Execution])

    @property
    def executed(self) -> Decimal:
        """Base units traded so far."""
        return sum((trade.quantity for trade in self.executions), _ZERO)

    @property
    def quote_executed(self) -> Decimal:
        """Quote units traded so far."""
        return sum((trade.quantity * trade.price for trade in self.executions), _ZERO)

    @property
    def is_open(self) -> bool:
        """Whether it can still trade."""
        return self.status in {Status.NEW, Status.PARTIALLY_FILLED}

    def kept_back(self, quantity: Decimal) -> tuple[str, Decimal]:
        """The asset and the amount locked for this much of the order."""
        if self.asked.side is Side.BUY:
            return self.asked.symbol.quote, quantity * self.lock_price
        return self.asked.symbol.base, quantity


@dataclass(slots=True)
class Balance:
    """One asset of an account."""

    free: Decimal = _ZERO
    locked: Decimal = _ZERO


class Account:
    """The balances and orders that one API key sees. Looking up is cheap however many there are."""

    def __init__(self, balances: dict[str, Decimal]) -> None:
        self.balances = {asset: Balance(free=amount) for asset, amount in balances.items()}
        self.orders: list[Order] = []
        self._open: dict[int, Order] = {}
        self._by_id: dict[int, Order] = {}
        self._by_name: dict[tuple[str, str], Order] = {}

    def book(self, order: Order) -> None:
        """Take an order in; a later order with the same client order id hides an earlier one."""
        self.orders.append(order)
        self._open[order.order_id] = self._by_id[order.order_id] = order
        self._by_name[order.asked.symbol.name, order.asked.client_order_id] = order

    def settle(self, order: Order) -> None:
        """Take an order out of the open ones when it is done."""
        if not order.is_open:
            self._open.pop(order.order_id, None)

    def find(
        self, symbol: Symbol, order_id: int | None, client_order_id: str | None
    ) -> Order | None:
        """The order with this id, or else the newest with this client order id; else None."""
        if order_id is None:
            return self._by_name.get((symbol.name, client_order_id or ""))
        order = self._by_id.get(order_id)
        return order if order is not None and order.asked.symbol is symbol else None

    def open_orders(self, symbol: Symbol | None = None) -> list[Order]:
        """Orders that can still trade, oldest first; of one symbol, or of all."""
        return [order for order in self._open.values() if symbol in {None, order.asked.symbol}]


class Ledger:
    """All accounts on one market whose prices follow the seed and the seconds since the start."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.second = 0
        self.now_ms = 0
        self.accounts: list[Account] = []
        self._last_order_id = 0
        self._last_trade_id = 0

    def open_account(self, balances: dict[str, Decimal] | None = None) -> Account:
        """A new account with these balances, or with START_BALANCES."""
        account = Account(START_BALANCES if balances is None else balances)
        self.accounts.append(account)
        return account

    def price(self, symbol: Symbol) -> Decimal:
        """The price now."""
        return price_at(self.seed, symbol, self.second)

    def advance(self, elapsed_s: float, now_ms: int) -> None:
        """Go on to this time, second by second, and fill the resting orders that the path meets."""
        until = max(int(elapsed_s), self.second)
        for symbol in SYMBOLS.values():
            self._meet(symbol, until, now_ms)
        self.second, self.now_ms = until, now_ms

    def _meet(self, symbol: Symbol, until: int, now_ms: int) -> None:
        resting = [(a, order) for a in self.accounts for order in a.open_orders(symbol)]
        for second in range(self.second + 1, until + 1):
            if not resting:
                return
            price = price_at(self.seed, symbol, second)
            for account, order in resting:
                if crosses(order.asked, price):
                    part = min(order.quantity - order.executed, symbol.depth)
                    at_ms = now_ms - (until - second) * 1000
                    self._fill(account, order, part, order.asked.price, at_ms, maker=True)
            resting = [(a, order) for a, order in resting if order.is_open]

    def place(self, account: Account, asked: NewOrder) -> Order:
        """
        Book the order, and fill it at once and in full when it meets the price.

        Raises:
            Refusal: a filter, the duplicate rule, the balance or post-only forbids it.
        """
        price = self.price(asked.symbol)
        quantity = asked.quantity or asked.symbol.whole_steps(asked.quote_quantity / price)
        _check_filters(asked, quantity, price)
        _check_duplicate(account, asked)
        meets = asked.type is OrderType.MARKET or crosses(asked, price)
        if meets and asked.type is OrderType.LIMIT_MAKER:
            raise Refusal(-2010, "Order would immediately match and take.")
        self._last_order_id += 1
        lock_price = price if meets else asked.price
        order = Order(asked, self._last_order_id, quantity, lock_price, self.now_ms, self.now_ms)
        _lock(account, order)
        account.book(order)
        if meets:
            self._fill(account, order, quantity, price, self.now_ms, maker=False)
        elif asked.time_in_force is not TimeInForce.GTC:
            self._end(account, order, Status.EXPIRED)
        return order

    def cancel(self, account: Account, order: Order) -> None:
        """End an open order and free what it kept back; raises Refusal when it is not open."""
        if not order.is_open:
            raise Refusal(-2011, "Unknown order sent.")
        self._end(account, order, Status.CANCELED)

    def _end(self, account: Account, order: Order, status: Status) -> None:
        asset, amount = order.kept_back(order.quantity - order.executed)
        account.balances[asset].locked -= amount
        account.balances[asset].free += amount
        order.status, order.updated_ms = status, self.now_ms
        account.settle(order)

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
        asset, amount = order.kept_back(quantity)
        account.balances[asset].locked -= amount
        income, earned = (symbol.base, quantity) if buying else (symbol.quote, quantity * price)
        commission = (earned * COMMISSION_RATE).quantize(_UNIT, ROUND_DOWN)
        account.balances.setdefault(income, Balance()).free += earned - commission
        self._last_trade_id += 1
        order.executions.append(
            Execution(
                trade_id=self._last_trade_id,
                price=price,
                quantity=quantity,
                commission=commission,
                commission_asset=income,
                at_ms=at_ms,
                maker=maker,
            )
        )
        done = order.executed == order.quantity
        order.status = Status.FILLED if done else Status.PARTIALLY_FILLED
        order.updated_ms = at_ms
        account.settle(order)


def crosses(asked: NewOrder, price: Decimal) -> bool:
    """Whether a limit order would trade at this price."""
    return price <= asked.price if asked.side is Side.BUY else price >= asked.price


def _check_filters(asked: NewOrder, quantity: Decimal, price: Decimal) -> None:
    symbol, is_market = asked.symbol, asked.type is OrderType.MARKET
    failure = (
        (None if is_market else symbol.price_failure(asked.price))
        or symbol.size_failure(quantity)
        or symbol.value_failure(quantity, price if is_market else asked.price)
    )
    if failure is not None:
        raise Refusal(-1013, f"Filter failure: {failure}")


def _check_duplicate(account: Account, asked: NewOrder) -> None:
    # Only open orders hold their id: after a fill or a cancel the same id is a second order.
    taken = {order.asked.client_order_id for order in account.open_orders()}
    if asked.client_order_id in taken:
        raise Refusal(-2010, "Duplicate order sent.")


def _lock(account: Account, order: Order) -> None:
    asset, amount = order.kept_back(order.quantity)
    balance = account.balances.setdefault(asset, Balance())
    if balance.free < amount:
        raise Refusal(-2010, "Account has insufficient balance for requested action.")
    balance.free -= amount
    balance.locked += amount
