"""Owns a small client of the practice backend, a second way to the account; it guards nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Self

import msgspec

from switchgear.core.words import Effect
from switchgear.exchange.api import with_client_order_id
from switchgear.exchange.believed import ratio, times, total
from switchgear.exchange.holdings import Balance, Portfolio
from switchgear.exchange.model import (
    FieldError,
    Order,
    OrderRequest,
    OrderStatus,
    OrderType,
    Side,
    TimeInForce,
    check_symbol,
    plain,
)
from switchgear.exchange.reply import Shape, Target, unreadable
from switchgear.exchange.transport import Transport

if TYPE_CHECKING:
    from types import TracebackType

    from switchgear.core.clock import Clock

VENUE = "backend"
_ZERO = Decimal(0)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class _Price(msgspec.Struct, frozen=True):
    price: Decimal


class _Position(msgspec.Struct, frozen=True):
    asset: str
    quantity: Decimal
    value: Decimal


class _Holdings(msgspec.Struct, frozen=True):
    currency: str
    cash: Decimal
    total_value: Decimal
    positions: list[_Position]


class _PortfolioAnswer(msgspec.Struct, frozen=True):
    portfolio: _Holdings


class _Execution(msgspec.Struct, frozen=True):
    price: Decimal
    quantity: Decimal


class _Booked(msgspec.Struct, frozen=True):
    order_id: int
    client_order_id: str
    side: str
    type: str
    status: str
    quantity: Decimal
    price: Decimal
    executed_quantity: Decimal
    at_ms: int
    executions: list[_Execution]


class _OrderAnswer(msgspec.Struct, frozen=True):
    order: _Booked


_PRICE, _PORTFOLIO, _ORDER = Shape(_Price), Shape(_PortfolioAnswer), Shape(_OrderAnswer)
_STATUSES = {"NEW": OrderStatus.OPEN, **{each.value.upper(): each for each in OrderStatus}}


class BackendApi:
    """
    The practice backend, an async context manager; its methods fit as fallbacks of an exchange's.

    It acts on the same account with the same client order id, so
    `sg.source(backend.create_order, same_account=True)` may stand in for an order that provably
    never left.

    Args:
        base_url: Where it is.
        clock: For waits that are told as dates.

    Raises:
        SettingsError: base_url cannot be.
    """

    def __init__(self, base_url: str, *, clock: Clock) -> None:
        self._clock = clock
        self._transport = Transport(base_url)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections of the running event loop."""
        await self._transport.close()

    async def get_market_price(self, symbol: str) -> Decimal:
        """The last price of one base asset in the quote asset; symbol is `BTC/USDT`."""
        path = f"/prices/{check_symbol(symbol).replace('/', '')}"
        target = Target(VENUE, "get_market_price", Effect.READ)
        reply = await self._transport.request("GET", path, target)
        price = _PRICE.read(reply, target, self._clock).price
        if not (price.is_finite() and price > 0):
            raise unreadable(reply.status, f"price is {price}", target)
        return price

    async def get_portfolio(self) -> Portfolio:
        """What the account holds, valued by the backend."""
        target = Target(VENUE, "get_portfolio", Effect.READ)
        reply = await self._transport.request("GET", "/portfolio", target)
        return _portfolio(_PORTFOLIO.read(reply, target, self._clock).portfolio)

    async def create_order(self, request: OrderRequest) -> Order:
        """
        The order as the backend booked it, sent once, and never again.

        Raises:
            FieldError: The backend has no such order: it takes market and limit orders by quantity.
        """
        named = with_client_order_id(request)
        _check(named)
        target = Target(VENUE, "create_order", Effect.TRADE)
        reply = await self._transport.request(
            "POST", "/orders", target, body=msgspec.json.encode(_sent(named))
        )
        booked = _ORDER.read(reply, target, self._clock).order
        if booked.status not in _STATUSES:
            raise unreadable(reply.status, f"status is {booked.status!r}", target)
        return _order(booked, named.symbol)


def _check(request: OrderRequest) -> None:
    """Refuse what the backend cannot book as it was asked for; another order than that is none."""
    if request.type not in {OrderType.MARKET, OrderType.LIMIT}:
        raise FieldError("type", str(request.type), "the backend takes market and limit")
    if request.quote_quantity is not None:
        raise FieldError("quote_quantity", request.quote_quantity, "the backend takes a quantity")
    if request.post_only:
        raise FieldError("post_only", request.post_only, "the backend has no post-only orders")
    if request.time_in_force is TimeInForce.DAY:
        raise FieldError("time_in_force", "DAY", "the backend takes GTC, IOC, FOK")


def _sent(request: OrderRequest) -> dict[str, str | None]:
    return {
        "symbol": request.symbol,
        "side": request.side.upper(),
        "type": request.type.upper(),
        "quantity": None if request.quantity is None else plain(request.quantity),
        "price": None if request.price is None else plain(request.price),
        "time_in_force": request.time_in_force.value,
        "client_order_id": request.client_order_id,
    }


def _portfolio(held: _Holdings) -> Portfolio:
    amounts = {position.asset: position.quantity for position in held.positions}
    values = {position.asset: position.value for position in held.positions}
    if held.cash:
        amounts[held.currency] = values[held.currency] = held.cash
    balances = {asset: Balance(asset, amount, _ZERO) for asset, amount in amounts.items()}
    return Portfolio(VENUE, held.currency, balances, values, held.total_value)


def _order(booked: _Booked, symbol: str) -> Order:
    kind = OrderType(booked.type.lower())
    paid = total(times(each.price, each.quantity) for each in booked.executions)
    filled = booked.executed_quantity
    return Order(
        exchange=VENUE,
        symbol=symbol,
        order_id=str(booked.order_id),
        client_order_id=booked.client_order_id,
        side=Side(booked.side.lower()),
        type=kind,
        status=_STATUSES[booked.status],
        quantity=booked.quantity,
        filled=filled,
        price=booked.price if kind is OrderType.LIMIT else None,
        average_price=ratio(paid, filled) if filled else None,
        created_at=_EPOCH + timedelta(milliseconds=booked.at_ms),
    )
