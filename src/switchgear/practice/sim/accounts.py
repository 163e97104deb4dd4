"""Owns what is asked for, booked and held on a practice venue, as data; moving it is the ledger's."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

    from switchgear.practice.sim.symbols import Symbol

_ZERO = Decimal(0)


class Side(StrEnum):
    """Which way an order trades the base asset."""

    BUY = "BUY"
    SELL = "SELL"


class OrderType(StrEnum):
    """The order types that a practice venue books; each venue has words of its own for them."""

    LIMIT = "LIMIT"
    LIMIT_MAKER = "LIMIT_MAKER"
    """A limit order that must rest: post-only."""
    MARKET = "MARKET"
    STOP_LIMIT = "STOP_LIMIT"
    """A limit order that waits until the price has reached its stop price."""


class TimeInForce(StrEnum):
    """How long an order may rest; IOC and FOK end at once, as EXPIRED when they cannot fill."""

    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"


class Status(StrEnum):
    """The life of an order; one that was REJECTED before it was booked stands among the refusals."""

    NEW = "NEW"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"


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
    """Quote units to spend or to get; a MARKET order's other way to say how much."""
    time_in_force: TimeInForce = TimeInForce.GTC
    via: str = "venue"
    """Which way it came: the venue itself, or its backend."""
    stop_price: Decimal = _ZERO
    """For STOP_LIMIT: the price that wakes it."""
    stop_above: bool = True
    """It wakes at or above the stop price (True), or at or below it."""
    not_before_ms: int = 0
    """Epoch milliseconds before which it cannot trade, as while an equity market is closed."""
    not_after_ms: int | None = None
    """Epoch milliseconds at which it expires; None for never."""
    label: str = ""
    """What the venue needs to tell the order again in its own words, such as its own type."""


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
    asleep: bool = False
    """A stop order whose stop price was not reached yet."""
    woken_ms: int | None = None
    """When its stop price was reached, in epoch milliseconds; None for an order that never slept."""

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
        self._orders: list[Order] = []
        self._horizon_ms: int | None = None
        self._open: dict[int, Order] = {}
        self._by_id: dict[int, Order] = {}
        self._by_name: dict[str, Order] = {}
        self._by_pair: dict[tuple[str, str], Order] = {}

    @property
    def orders(self) -> list[Order]:
        """All orders, oldest first."""
        if self._horizon_ms is None:
            return self._orders
        return [order for order in self._orders if self._shown(order)]

    @contextmanager
    def knowing(self, until_ms: int | None) -> Generator[None]:
        """Within, orders booked after this instant are not found; None for none that is hidden."""
        self._horizon_ms = until_ms
        try:
            yield
        finally:
            self._horizon_ms = None

    def _shown(self, order: Order | None) -> Order | None:
        if order is None or self._horizon_ms is None or order.at_ms <= self._horizon_ms:
            return order
        return None

    def book(self, order: Order) -> None:
        """Take an order in; a later order with the same client order id hides an earlier one."""
        self._orders.append(order)
        name = order.asked.client_order_id
        self._open[order.order_id] = self._by_id[order.order_id] = order
        self._by_name[name] = self._by_pair[order.asked.symbol.name, name] = order

    def settle(self, order: Order) -> None:
        """Take an order out of the open ones when it is done."""
        if not order.is_open:
            self._open.pop(order.order_id, None)

    def find(
        self, symbol: Symbol, order_id: int | None, client_order_id: str | None
    ) -> Order | None:
        """The order of this symbol with this id, or else the newest with this name; else None."""
        if order_id is None:
            return self._shown(self._by_pair.get((symbol.name, client_order_id or "")))
        order = self.numbered(order_id)
        return order if order is not None and order.asked.symbol is symbol else None

    def numbered(self, order_id: int) -> Order | None:
        """The order with this id, whatever its symbol; None when there is none."""
        return self._shown(self._by_id.get(order_id))

    def named(self, client_order_id: str) -> Order | None:
        """The newest order with this client order id, whatever its symbol and status."""
        return self._shown(self._by_name.get(client_order_id))

    def open_orders(self, symbol: Symbol | None = None) -> list[Order]:
        """Orders that can still trade, oldest first; of one symbol, or of all."""
        shown = [order for order in self._open.values() if self._shown(order)]
        return [order for order in shown if symbol in {None, order.asked.symbol}]

    def held(self, asset: str) -> Balance:
        """What is held of an asset; an empty balance when it never held any."""
        return self.balances.get(asset) or Balance()
