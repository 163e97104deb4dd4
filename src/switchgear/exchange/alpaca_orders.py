"""Owns asking Alpaca for and about orders and executions; how an order is written is `alpaca_rules`."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec

from switchgear.core.errors import ApiError
from switchgear.core.redact import safe_words
from switchgear.core.words import Kind, Verdict
from switchgear.exchange import alpaca_answers as answers
from switchgear.exchange.alpaca_assets import VENUE
from switchgear.exchange.alpaca_rules import order_body
from switchgear.exchange.alpaca_wire import EARLIEST, next_page, target_of, within
from switchgear.exchange.believed import rfc3339, same
from switchgear.exchange.holdings import CancelReport
from switchgear.exchange.reply import endless, refusal

if TYPE_CHECKING:
    from datetime import datetime

    from switchgear.exchange.alpaca_answers import OrderAnswer
    from switchgear.exchange.alpaca_listing import Listing
    from switchgear.exchange.alpaca_wire import Wire
    from switchgear.exchange.holdings import Trade
    from switchgear.exchange.model import Order, OrderRequest

_ORDERS, _BY_CLIENT_ID = "/v2/orders", "/v2/orders:by_client_order_id"
_FILLS = "/v2/account/activities/FILL"
_ORDERS_PAGE, _FILLS_PAGE = 500, 100
_PAGES_MAX = 20
"""So many pages of a list are read at most: 10,000 open orders, 2,000 executions of the account.
Alpaca takes 200 requests a minute; a list that is longer must not use them up."""
_SEEN_MAX = 10_000
_DONE = frozenset({Kind.ORDER_NOT_FOUND, Kind.INVALID_ORDER, Kind.INVALID_REQUEST})
"""Why a cancel is refused when the order is over."""


class Orders:
    """The orders and executions of an account."""

    def __init__(self, wire: Wire, listing: Listing) -> None:
        self._wire, self._listing = wire, listing
        self._seen: dict[str, tuple[str, str]] = {}
        # By id, what an order is of, in Alpaca's words: it never changes, and saves a look before a cancel.

    async def create(self, method: str, request: OrderRequest) -> Order:
        """The order as booked, sent once."""
        coins = await self._listing.coins(method, request.symbol)
        name, is_coin = coins.venue_symbol(request.symbol), coins.is_coin(request.symbol)
        body = msgspec.json.encode(order_body(request, name, is_coin=is_coin))
        reply = await self._wire.send("POST", method, _ORDERS, body)

        def order(answer: OrderAnswer) -> Order:
            told = self._order(answer, request.symbol, None, request.client_order_id)
            return same("side", told.side, request.side, told)

        return answers.ORDER.tell(reply, target_of(method), self._wire.clock, order)

    async def find(
        self, method: str, symbol: str, order_id: str | None, client_order_id: str | None
    ) -> Order:
        """The order with this id; one of the two is given."""
        return (await self._told(method, symbol, order_id, client_order_id))[1]

    async def cancel(
        self, method: str, symbol: str, order_id: str | None, client_order_id: str | None
    ) -> Order:
        """The order as it stands after its cancel was accepted; that may still be open."""
        if order_id is None or not self._is_of(order_id, symbol):
            # Before, for Alpaca cancels by the id alone, whatever the order is of.
            order_id = (await self.find(method, symbol, order_id, client_order_id)).order_id
        try:
            await self._cancel(method, order_id)
        except ApiError as error:
            if _kind(error) is not Kind.INVALID_ORDER:
                raise
            word, order = await self._told(method, symbol, order_id, client_order_id)
            if word != answers.PENDING_CANCEL:  # else the answer of an earlier attempt was lost
                raise
            return order
        return await self.find(method, symbol, order_id, client_order_id)

    async def cancel_all(self, method: str) -> CancelReport:
        """Cancel every open order, in one request."""
        reply = await self._wire.send("DELETE", method, _ORDERS)
        return answers.CANCELS.tell(reply, target_of(method), self._wire.clock, answers.report_of)

    async def cancel_all_of(self, method: str, symbol: str) -> CancelReport:
        """Cancel every open order of one symbol, one by one."""
        accepted: list[str] = []
        failed: dict[str, str] = {}
        for order in await self.open(method, symbol):
            try:
                await self._cancel(method, order.order_id)
            except ApiError as error:
                if _kind(error) not in _DONE:
                    raise
                failed[order.order_id] = error.message
            else:
                accepted.append(order.order_id)
        return CancelReport(tuple(accepted), failed)

    async def open(self, method: str, symbol: str | None) -> list[Order]:
        """Every open order, oldest first, those of several option legs left out."""
        coins = await self._listing.coins(method, *(() if symbol is None else (symbol,)))
        params = {"status": "open", "direction": "asc", "limit": str(_ORDERS_PAGE)}
        found: list[Order] = []
        token: str | None = None

        def page(told: list[OrderAnswer]) -> tuple[list[Order], str | None]:
            single = [each for each in told if not each.is_multi_leg]
            last = told[-1].id if len(told) >= _ORDERS_PAGE else None
            return [self._order(each) for each in single], next_page(last, token)

        for _ in range(_PAGES_MAX):
            more, token = await self._wire.ask(method, _ORDERS, params, answers.ORDERS, page)
            found += more
            if token is None:
                break
            params["after_order_id"] = token
        else:
            raise endless(target_of(method), _PAGES_MAX)
        # Sorted out here: Alpaca does not say how a coin must be spelt in its filter.
        wanted = None if symbol is None else coins.canonical(symbol)
        return [each for each in found if wanted in {None, each.symbol}]

    async def trades(
        self, method: str, symbol: str, since: datetime | None, limit: int
    ) -> list[Trade]:
        """At most limit executions, oldest first: from since on, or the newest."""
        coins = await self._listing.coins(method, symbol)
        params = {"page_size": str(_FILLS_PAGE), "direction": "asc" if since else "desc"}
        if since is not None:  # told in whole seconds, and exclusive; the rest is left out here
            whole = max(since, EARLIEST).replace(microsecond=0)
            params["after"] = rfc3339(whole - timedelta(seconds=1))
        found: list[Trade] = []
        token: str | None = None

        def page(told: list[answers.FillAnswer]) -> tuple[list[Trade], str | None]:
            own = [each for each in told if coins.is_named(symbol, each.symbol)]
            trades = [answers.trade_of(each, symbol) for each in own]
            last = told[-1].id if len(told) >= _FILLS_PAGE else None
            return [each for each in trades if within(each.at, since, None)], next_page(last, token)

        for _ in range(_PAGES_MAX):
            more, token = await self._wire.ask(method, _FILLS, params, answers.FILLS, page)
            found += more
            if token is None or len(found) >= limit:
                break
            params["page_token"] = token
        else:
            raise endless(target_of(method), _PAGES_MAX)
        return found[:limit] if since else found[:limit][::-1]

    async def _cancel(self, method: str, order_id: str) -> None:
        reply = await self._wire.send("DELETE", method, f"{_ORDERS}/{order_id}")
        if not 200 <= reply.status < 300:
            raise refusal(reply, target_of(method), self._wire.clock)

    async def _told(
        self, method: str, symbol: str, order_id: str | None, client_order_id: str | None
    ) -> tuple[str, Order]:
        """Alpaca's own word for its state, and the order."""

        def order(answer: OrderAnswer) -> tuple[str, Order]:
            told = self._order(answer, None, order_id, client_order_id)
            seen = answer.symbol or "", answer.asset_class or ""
            if not self._listing.known.is_same(symbol, *seen):
                raise _of_another(told, symbol, method, by_name=order_id is None)
            return answer.status, replace(told, symbol=symbol)

        if self._listing.known.is_wanted:
            with suppress(ApiError):  # it only sharpens the check of the symbol: go on without it
                await self._listing.coins(method)
        self._listing.known.refuse(symbol)
        if order_id is not None:
            return await self._wire.ask(method, f"{_ORDERS}/{order_id}", {}, answers.ORDER, order)
        params = {"client_order_id": client_order_id or ""}
        return await self._wire.ask(method, _BY_CLIENT_ID, params, answers.ORDER, order)

    def _order(
        self,
        answer: OrderAnswer,
        symbol: str | None = None,
        order_id: str | None = None,
        client_order_id: str | None = None,
    ) -> Order:
        told = answers.order_of(answer, symbol, self._listing.known)
        other_id = order_id is not None and order_id.lower() != told.order_id.lower()
        if other_id or client_order_id not in {None, told.client_order_id}:
            raise ValueError("the answer is of another order")
        if len(self._seen) >= _SEEN_MAX:
            self._seen.clear()
        self._seen[told.order_id.lower()] = (answer.symbol or "", answer.asset_class or "")
        return told

    def _is_of(self, order_id: str, symbol: str) -> bool:
        """Whether an order is known to be of this symbol."""
        seen = self._seen.get(order_id.lower())
        return seen is not None and self._listing.known.is_same(symbol, *seen)


def _of_another(told: Order, symbol: str, method: str, *, by_name: bool) -> ApiError:
    # By its name it is no ORDER_NOT_FOUND: that would be told as an order that was never booked.
    return ApiError(
        safe_words(f"the order {told.order_id} is of {told.symbol:.40}, not of {symbol}"),
        exchange=VENUE,
        method=method,
        verdict=Verdict(Kind.INVALID_REQUEST if by_name else Kind.ORDER_NOT_FOUND),
    )


def _kind(error: ApiError) -> Kind | None:
    return None if error.verdict is None else error.verdict.kind
