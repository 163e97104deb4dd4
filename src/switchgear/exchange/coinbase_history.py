"""Owns finding orders at Coinbase: by id, by the name we gave them, those that are open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchgear.core.errors import ApiError
from switchgear.core.words import Kind, Verdict
from switchgear.exchange import coinbase_order as orders
from switchgear.exchange.believed import same
from switchgear.exchange.coinbase_answers import product_of
from switchgear.exchange.transport import TOTAL_S_MAX, endless, unreadable

if TYPE_CHECKING:
    from switchgear.exchange.coinbase_wire import CoinbaseWire
    from switchgear.exchange.model import Order
    from switchgear.exchange.transport import Target

HISTORY = "/orders/historical"
PAGE = 250
PAGES_MAX = 40
"""So many pages are read at most: 10,000 orders. A longer list is an error, for a part would look whole."""


class OrderHistory:
    """The orders of one account."""

    def __init__(self, wire: CoinbaseWire) -> None:
        self._wire = wire

    async def find(
        self, target: Target, symbol: str, order_id: str | None, client_order_id: str | None
    ) -> Order:
        """The order of this pair with this id, or else with this name; ApiError when there is none."""
        if order_id is None:
            return await self._named(target, symbol, client_order_id or "")
        order = await self.numbered(target, order_id)
        if client_order_id not in {None, order.client_order_id}:
            raise unreadable(200, "the answer is of another order", target)
        if order.symbol == symbol:
            return order
        raise _not_found(target, f"the order {order_id} is one of {order.symbol}")

    async def numbered(
        self, target: Target, order_id: str, *, total_s: float = TOTAL_S_MAX
    ) -> Order:
        """The order with this id, whatever its pair."""

        def order(answer: orders.FoundAnswer) -> Order:
            return same("order", answer.order.order_id, order_id, orders.order_of(answer.order))

        path = f"{HISTORY}/{order_id}"
        return await self._wire.get(target, path, {}, orders.FOUND, order, total_s=total_s)

    async def open(self, target: Target, symbol: str | None) -> list[Order]:
        """Every open order, oldest first; of one pair or of all."""
        found: list[Order] = []
        cursor = ""
        for _ in range(PAGES_MAX):
            page, cursor = await self._page(target, symbol, cursor, order_status="OPEN")
            found += page
            if not cursor:
                return found[::-1]
        raise endless(target, PAGES_MAX)

    async def _named(self, target: Target, symbol: str, client_order_id: str) -> Order:
        """There is no way to ask for it: the pair's orders are read, the newest first."""
        cursor = ""
        for _ in range(PAGES_MAX):
            page, cursor = await self._page(target, symbol, cursor)
            for order in page:
                if order.client_order_id == client_order_id:
                    return order
            if not cursor:
                raise _not_found(target, f"no order of {symbol} has the name {client_order_id}")
        raise endless(target, PAGES_MAX)  # it may well be among those that were not read

    async def _page(
        self, target: Target, symbol: str | None, cursor: str, **more: str
    ) -> tuple[list[Order], str]:
        """One page, the newest first, and where the next one begins; empty when it is the last."""
        params = {**more, "limit": str(PAGE)}
        if symbol is not None:
            params["product_ids"] = product_of(symbol)
        if cursor:
            params["cursor"] = cursor
        path = f"{HISTORY}/batch"
        found, after = await self._wire.get(target, path, params, orders.ORDERS, _orders_of)
        if symbol is not None and any(order.symbol != symbol for order in found):
            raise unreadable(200, f"it is not of {symbol} alone", target)
        return found, after


def _orders_of(page: orders.OrdersAnswer) -> tuple[list[Order], str]:
    found = [orders.order_of(each) for each in page.orders]
    return found, page.cursor if page.has_next else ""


def _not_found(target: Target, message: str) -> ApiError:
    verdict = Verdict(Kind.ORDER_NOT_FOUND)
    return ApiError(message, exchange=target.exchange, method=target.method, verdict=verdict)
