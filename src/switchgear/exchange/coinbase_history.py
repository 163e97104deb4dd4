"""Owns finding orders at Coinbase: by id, by the name we gave them, those that are open."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from switchgear.core.errors import ApiError
from switchgear.core.redact import safe_words
from switchgear.core.words import Kind, Verdict
from switchgear.exchange import coinbase_order as orders
from switchgear.exchange.believed import rfc3339, same
from switchgear.exchange.coinbase_answers import product_of
from switchgear.exchange.reply import endless, unreadable

if TYPE_CHECKING:
    from switchgear.exchange.coinbase_products import Products
    from switchgear.exchange.coinbase_wire import CoinbaseWire
    from switchgear.exchange.model import Order
    from switchgear.exchange.reply import Target

T = TypeVar("T")

HISTORY = "/orders/historical"
PAGE = 250
PAGES_MAX = 20
"""
So many pages are read at most: 5,000 orders, with 20 of the 30 requests that a second lets through.

A longer list is an error, for a part would look whole.
"""

OPEN_MAX = 1_000
"""More open orders Coinbase does not tell of, and does not say that there are more."""

_NOT_YET = ("PENDING", "QUEUED")
_LEAVING = "CANCEL_QUEUED"
_SENT_MAX = 1_000
_AROUND = timedelta(hours=1)
"""An order is looked for from so long before it was sent: clocks differ."""

_LAST = datetime.max.replace(tzinfo=UTC)


class OrderHistory:
    """The orders of one account; it remembers when names were sent, and what was booked under them."""

    def __init__(self, wire: CoinbaseWire, products: Products) -> None:
        self._wire = wire
        self._products = products
        self._sent: OrderedDict[str, datetime] = OrderedDict()
        self._booked: OrderedDict[str, str] = OrderedDict()

    def note_sent(self, name: str, at: datetime) -> None:
        """An order of this name goes out now, and none did before: it is in no older page."""
        _note(self._sent, name, at)

    def note_booked(self, name: str, order_id: str) -> None:
        """Coinbase says that this order stands under this name."""
        _note(self._booked, name, order_id)

    async def find(
        self, target: Target, symbol: str, order_id: str | None, client_order_id: str | None
    ) -> Order:
        """The order of this pair with this id, or else with this name; ApiError when there is none."""
        if order_id is None:
            return await self._named(target, symbol, client_order_id or "")
        order = await self.numbered(target, symbol, order_id)
        if client_order_id not in {None, order.client_order_id}:
            raise unreadable(200, "the answer is of another order", target)
        if order.symbol == symbol:
            return order
        raise _not_found(target, safe_words(f"the order {order_id} is one of {order.symbol:.40}"))

    async def numbered(self, target: Target, symbol: str, order_id: str) -> Order:
        """The order with this id, whatever its pair; as one of symbol where it may be told so."""

        def order(answer: orders.FoundAnswer) -> Order:
            return same("order", answer.order.order_id, order_id, orders.order_of(answer.order))

        found = await self._wire.get(target, f"{HISTORY}/{order_id}", {}, orders.FOUND, order)
        is_of_it = await self._products.is_told_as(target, symbol, found.symbol)
        return replace(found, symbol=symbol) if is_of_it else found

    async def open(
        self, target: Target, symbol: str | None, *, to_cancel: bool = False
    ) -> list[Order]:
        """
        The orders that can still trade, oldest first; of one pair or of all.

        OPEN cannot be asked for with another status. It comes last: an order that opens meanwhile
        is found twice, and not missed.

        Args:
            target: For whom.
            symbol: The pair; None for all.
            to_cancel: Leave out those whose cancel is on its way, and take the first OPEN_MAX for now.

        Raises:
            ApiError: There are OPEN_MAX or more, so perhaps some that Coinbase does not tell.
        """
        others = _NOT_YET if to_cancel else (*_NOT_YET, _LEAVING)
        waiting = await self._all(target, symbol, list(others))
        resting = await self._all(target, symbol, ["OPEN"])
        if len(resting) >= OPEN_MAX and not to_cancel:
            raise unreadable(200, f"coinbase tells at most {OPEN_MAX} open orders", target)
        found = {order.order_id: order for order in (*waiting, *resting)}
        return sorted(found.values(), key=lambda order: order.created_at or _LAST)

    async def _all(self, target: Target, symbol: str | None, statuses: list[str]) -> list[Order]:
        found: list[Order] = []
        cursor = ""
        for _ in range(PAGES_MAX):
            page, cursor = await self._page(target, symbol, cursor, {"order_status": statuses})
            found += page
            if not cursor:
                return found[::-1]
        raise endless(target, PAGES_MAX)

    async def _named(self, target: Target, symbol: str, name: str) -> Order:
        """There is no way to ask for it: the pair's orders are read, the newest first."""
        booked = await self._booked_as(target, symbol, name)
        if booked is not None and booked.symbol == symbol:
            return booked
        sent_at = self._sent.get(name)
        more: dict[str, str | list[str]] = {}
        if sent_at is not None:
            more["start_date"] = rfc3339(sent_at - _AROUND)
        cursor = ""
        for _ in range(PAGES_MAX):
            page, cursor = await self._page(target, symbol, cursor, more)
            for order in page:
                if order.client_order_id == name:
                    return order
            if not cursor:
                raise _not_found(target, f"no order of {symbol} has the name {name}")
        raise endless(target, PAGES_MAX)  # it may well be among those that were not read

    async def _booked_as(self, target: Target, symbol: str, name: str) -> Order | None:
        """The order that Coinbase said it booked under this name; None where it does not find it so."""
        order_id = self._booked.get(name)
        if order_id is None:
            return None
        try:
            order = await self.numbered(target, symbol, order_id)
        except ApiError as error:
            if error.verdict is None or error.verdict.kind is not Kind.ORDER_NOT_FOUND:
                raise
            return None
        return order if order.client_order_id == name else None

    async def _page(
        self, target: Target, symbol: str | None, cursor: str, more: dict[str, str | list[str]]
    ) -> tuple[list[Order], str]:
        """One page, the newest first, and where the next one begins; empty when it is the last."""
        params = {**more, "limit": str(PAGE)}
        if symbol is not None:
            params["product_ids"] = product_of(symbol)
        if cursor:
            params["cursor"] = cursor
        path = f"{HISTORY}/batch"
        found, after = await self._wire.get(target, path, params, orders.ORDERS, _orders_of)
        return (found if symbol is None else await self._of(target, symbol, found)), after

    async def _of(self, target: Target, symbol: str, found: list[Order]) -> list[Order]:
        """Those of the pair; others that trade in its book are left out, and what else is there is garbage."""
        kept: list[Order] = []
        for order in found:
            if await self._products.is_told_as(target, symbol, order.symbol):
                kept.append(order if order.symbol == symbol else replace(order, symbol=symbol))
            elif not await self._products.is_told_as(target, order.symbol, symbol):
                raise unreadable(200, f"it is not of {symbol} alone", target)
        return kept


def _note(notes: OrderedDict[str, T], name: str, value: T) -> None:
    notes[name] = value
    if len(notes) > _SENT_MAX:
        notes.popitem(last=False)


def _orders_of(page: orders.OrdersAnswer) -> tuple[list[Order], str]:
    found = [orders.order_of(each) for each in page.orders]
    return found, page.cursor if page.has_next else ""


def _not_found(target: Target, message: str) -> ApiError:
    verdict = Verdict(Kind.ORDER_NOT_FOUND)
    return ApiError(message, exchange=target.exchange, method=target.method, verdict=verdict)
