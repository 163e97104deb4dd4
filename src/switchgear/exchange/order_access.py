"""Owns what a desk with a journal does at an exchange: send once, find by client order id, list what is open."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from switchgear.core.errors import ApiError
from switchgear.core.words import TRUTH, Kind

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from switchgear.exchange.client import VenueApi
    from switchgear.exchange.model import Order, OrderRequest


class OrderAccess(NamedTuple):
    """Each is guarded, and raises what a guarded call raises."""

    send: Callable[[OrderRequest], Awaitable[Order]]
    """One attempt to place an order, under the circuit of create_order."""
    find: Callable[[str, str], Awaitable[Order | None]]
    """The order of a symbol with this client order id; None where the exchange does not know it."""
    opened: Callable[[], Awaitable[list[Order]]]
    """Every open order."""
    is_same: Callable[[Order, OrderRequest], bool]
    """Whether an order that stands there is the one that was asked for, as far as the exchange tells."""


def is_same(order: Order, request: OrderRequest) -> bool:
    """By its name and all that is told of it; for an amount, whatever quantity that came to."""
    by_amount = request.quantity is None
    return (
        order.symbol == request.symbol
        and order.side is request.side
        and order.client_order_id == request.client_order_id
        and order.price in {request.price, None}
        and (by_amount or order.quantity in {request.quantity, None})
        and order.quote_quantity in {request.quote_quantity, None}
    )


def order_access(api: VenueApi) -> OrderAccess:
    """
    What a desk with a journal works with.

    Finding and listing have permits of their own: an open circuit must not block the truth, only gates may.
    """
    gear, account = api.gear, api.account
    create = api.guard_of("create_order")
    truth = gear.guarded(
        api.exchange, TRUTH, account=account, effect="read", failure_threshold=None, retries=0
    )
    truth.policy.trace()
    find, listed = api.asking("get_order"), api.asking("get_open_orders")

    async def asked(symbol: str, client_order_id: str) -> Order | None:
        try:
            order: Order = await find(symbol, client_order_id=client_order_id)
        except ApiError as error:
            if error.verdict is not None and error.verdict.kind is Kind.ORDER_NOT_FOUND:
                return None  # an answer like any other, and no failed call
            raise
        return order

    async def found(symbol: str, client_order_id: str) -> Order | None:
        return await truth.call(asked, symbol, client_order_id)

    async def opened() -> list[Order]:
        orders: list[Order] = await truth.call(listed)
        return orders

    return OrderAccess(create(api.asking("create_order")), found, opened, is_same)
