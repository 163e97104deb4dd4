"""Owns an order at Coinbase: how it is written, and how one is read; market and account are `coinbase_answers`."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from switchgear.exchange.coinbase_answers import (
    VENUE,
    Instant,
    amount_in,
    product_of,
    symbol_of,
    utc,
)
from switchgear.exchange.model import (
    Order,
    OrderRequest,
    OrderStatus,
    OrderType,
    Side,
    TimeInForce,
    check_amount,
    plain,
)
from switchgear.exchange.reply import Shape

if TYPE_CHECKING:
    from collections.abc import Callable

_ZERO = Decimal(0)
ORDER_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
"""What an order id looks like; one that does not could not be asked for."""

_PRODUCT = re.compile(r"[^\s/]{1,64}")
_STATUSES = {
    "PENDING": OrderStatus.OPEN,
    "OPEN": OrderStatus.OPEN,
    "QUEUED": OrderStatus.OPEN,
    "CANCEL_QUEUED": OrderStatus.OPEN,
    "EDIT_QUEUED": OrderStatus.OPEN,
    "FILLED": OrderStatus.FILLED,
    "CANCELLED": OrderStatus.CANCELED,
    "EXPIRED": OrderStatus.EXPIRED,
    "FAILED": OrderStatus.REJECTED,
}
_TYPES = {
    "market_market": OrderType.MARKET,
    "limit_limit": OrderType.LIMIT,
    "sor_limit": OrderType.LIMIT,
    "stop_limit_stop_limit": OrderType.STOP_LIMIT,
}
"""What the name of a configuration begins with; its end says how long the order may rest."""


class TermsAnswer(msgspec.Struct, frozen=True, gc=False):
    """What an order's configuration says."""

    base_size: str = ""
    quote_size: str = ""
    limit_price: str = ""
    stop_price: str = ""


class OrderAnswer(msgspec.Struct, frozen=True):
    """An order."""

    order_id: str
    product_id: str
    client_order_id: str
    side: str
    status: str
    order_configuration: dict[str, TermsAnswer]
    filled_size: str = ""
    average_filled_price: str = ""
    created_time: Instant | None = None

    def __post_init__(self) -> None:
        """Refuse words that mean nothing to us."""
        if self.status not in _STATUSES or self.side not in {"BUY", "SELL"}:
            raise ValueError(f"status {self.status!r} or side {self.side!r} is not known")
        if not ORDER_ID.fullmatch(self.order_id) or len(self.order_configuration) != 1:
            raise ValueError("the order has no id, or not one configuration")
        if not _PRODUCT.fullmatch(self.product_id):
            raise ValueError("the order has no product")
        order_of(self)  # so that whoever reads it later meets no amount that is none


class FoundAnswer(msgspec.Struct, frozen=True):
    """What GET /orders/historical/{id} answers."""

    order: OrderAnswer


class OrdersAnswer(msgspec.Struct, frozen=True):
    """A page of GET /orders/historical/batch, the newest first."""

    orders: list[OrderAnswer]
    has_next: bool = False
    cursor: str = ""


class BookedAnswer(msgspec.Struct, frozen=True):
    """What a success says of the order."""

    order_id: str
    product_id: str = ""
    side: str = ""
    client_order_id: str = ""


class CreatedAnswer(msgspec.Struct, frozen=True):
    """What POST /orders answers when it took the order."""

    success: bool
    success_response: BookedAnswer

    def __post_init__(self) -> None:
        """Refuse a success without an order."""
        if not self.success or not ORDER_ID.fullmatch(self.success_response.order_id):
            raise ValueError("the answer holds no order")


class CancelAnswer(msgspec.Struct, frozen=True):
    """What became of one cancel."""

    success: bool
    order_id: str
    failure_reason: str = ""


class CancelsAnswer(msgspec.Struct, frozen=True):
    """What POST /orders/batch_cancel answers."""

    results: list[CancelAnswer]


FOUND = Shape(FoundAnswer)
ORDERS = Shape(OrdersAnswer)
CREATED = Shape(CreatedAnswer)
CANCELS = Shape(CancelsAnswer)


def order_of(answer: OrderAnswer) -> Order:
    """The order in our words; ValueError when its amounts are none."""
    [(name, terms)] = answer.order_configuration.items()
    kind = next((each for words, each in _TYPES.items() if name.startswith(words)), OrderType.OTHER)
    filled = amount_in(answer.filled_size) or _ZERO
    status = _STATUSES[answer.status]
    if status is OrderStatus.OPEN and filled:
        status = OrderStatus.PARTIALLY_FILLED
    return Order(
        exchange=VENUE,
        symbol=symbol_of(answer.product_id),
        order_id=answer.order_id,
        client_order_id=answer.client_order_id,
        side=Side(answer.side.lower()),
        type=kind,
        status=status,
        quantity=amount_in(terms.base_size),
        filled=filled,
        price=amount_in(terms.limit_price),
        average_price=(amount_in(answer.average_filled_price) or None) if filled else None,
        created_at=utc(answer.created_time),
        quote_quantity=amount_in(terms.quote_size),
        stop_price=amount_in(terms.stop_price),
    )


def booked_of(answer: CreatedAnswer, request: OrderRequest) -> Order:
    """
    What is known of an order when it was taken: its ids, what was asked for, and the pair it is told as.

    Raises:
        ValueError: The answer is of another order.
    """
    booked = answer.success_response
    told = (booked.product_id.partition("-")[0], booked.side, booked.client_order_id)
    asked = (request.symbol.partition("/")[0], request.side.upper(), request.client_order_id)
    for was, wanted in zip(told, asked, strict=True):
        if was not in {"", wanted}:
            raise ValueError("the answer is of another order")
    return Order(
        exchange=VENUE,
        symbol=symbol_of(booked.product_id) or request.symbol,
        order_id=booked.order_id,
        client_order_id=request.client_order_id or booked.client_order_id,
        side=request.side,
        type=request.type,
        status=OrderStatus.OPEN,
        quantity=request.quantity,
        filled=_ZERO,
        price=request.price,
        average_price=None,
        created_at=None,
        quote_quantity=request.quote_quantity,
        stop_price=request.stop_price,
    )


def results_of(names: list[str]) -> Callable[[CancelsAnswer], list[CancelAnswer]]:
    """Believes an answer that says of each of these orders, and of no other, what its cancel came to."""

    def results(answer: CancelsAnswer) -> list[CancelAnswer]:
        if sorted(each.order_id for each in answer.results) != sorted(names):
            raise ValueError("the answer is not of the orders that were to be cancelled")
        return answer.results

    return results


def is_of(order: Order, request: OrderRequest) -> bool:
    """Whether an order that stands at Coinbase is the one that was asked for."""
    return (
        order.symbol == request.symbol
        and order.side is request.side
        and order.type is request.type
        and order.price == request.price
        and order.stop_price == request.stop_price
        and order.quantity == request.quantity
        and order.quote_quantity == request.quote_quantity
    )


def body(request: OrderRequest) -> dict[str, object]:
    """What a new order is sent as."""
    return {
        "client_order_id": request.client_order_id,
        "product_id": product_of(request.symbol),
        "side": request.side.upper(),
        "order_configuration": configuration(request),
    }


def configuration(request: OrderRequest) -> dict[str, object]:
    """An order's `order_configuration`."""
    if request.type is OrderType.MARKET:
        size = {"base_size": request.quantity, "quote_size": request.quote_quantity}
        return {"market_market_ioc": {name: plain(v) for name, v in size.items() if v is not None}}
    terms: dict[str, object] = {
        "base_size": plain(check_amount("quantity", request.quantity)),
        "limit_price": plain(check_amount("price", request.price)),
    }
    if request.type is OrderType.STOP_LIMIT:
        terms["stop_price"] = plain(check_amount("stop_price", request.stop_price))
        way = "UP" if request.side is Side.BUY else "DOWN"
        terms["stop_direction"] = f"STOP_DIRECTION_STOP_{way}"
        return {"stop_limit_stop_limit_gtc": terms}
    match request.time_in_force:
        case TimeInForce.IOC:
            return {"sor_limit_ioc": terms}
        case TimeInForce.FOK:
            return {"limit_limit_fok": terms}
        case _:
            return {"limit_limit_gtc": {**terms, "post_only": request.post_only}}
