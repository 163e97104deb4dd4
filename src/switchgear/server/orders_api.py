"""
Owns the questions about orders under /api/v1/orders, and the two controls; access says who may ask.

Placing and cancelling orders is orders_place's; their routes are added here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path, Request

from switchgear.server import orders_query
from switchgear.server.asking import given
from switchgear.server.model import Error
from switchgear.server.orders_model import (
    Abandon,
    DeskOut,
    InDoubtOut,
    IntentOut,
    OrderLife,
    OrderPage,
    OrdersBoard,
    PlaceOut,
    StrayOut,
    SwitchesOut,
    SwitchOut,
    Turn,
)
from switchgear.server.orders_place import OrdersPlace
from switchgear.server.orders_source import BY_CHARS_MAX, asked_after
from switchgear.server.who import signed, who_of

if TYPE_CHECKING:
    from switchgear.server.source import LogSource

_ID_CHARS_MAX = 64
_IntentId = Annotated[str, Path(max_length=_ID_CHARS_MAX)]
_TEXTS = {
    "exchange": "An exchange's name.",
    "account": "An account's name.",
    "state": "A state, or several with commas between.",
    "symbol": "Base and quote, as BTC/USDT.",
    "client_order_id": "The name under which the exchange knows it.",
    "limit": "How many at most, 1 to 1,000; 100 when not given.",
}


def _error(status: int, words: str) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": Error, "description": words}}


_BAD = _error(400, "A value cannot be.")
_NONE = _error(404, "There is no such order, or no journal here.")
_LATE = _error(409, "It stands otherwise by now.")
_BROKEN = _error(503, "The journal cannot be used now.")
_FILTERED: dict[str, Any] = {
    "parameters": [
        {
            "name": name,
            "in": "query",
            "required": False,
            "schema": {"type": "string"},
            "description": text,
        }
        for name, text in _TEXTS.items()
    ]
}


class OrdersApi:
    """The answers, as a router."""

    def __init__(self, source: LogSource) -> None:
        self._orders = source.orders
        self._now_ms = source.now_ms
        self.router = APIRouter(prefix="/orders")
        get, post = self.router.get, self.router.post
        get("", responses={**_BAD, **_BROKEN}, openapi_extra=_FILTERED)(self.orders)
        get("/board", responses=_BROKEN)(self.board)
        get("/switch", responses=_BROKEN)(self.switch)
        turned = {**_BAD, **_NONE, **_LATE, **_BROKEN}
        post("/switch", responses=turned)(self.turn)
        get("/{intent_id}", responses={**_NONE, **_BROKEN})(self.order)
        post("/{intent_id}/abandon", responses=turned)(self.abandon)
        self.router.routes.extend(OrdersPlace(source).router.routes)

    async def orders(self, request: Request) -> OrderPage:
        """Orders that match, newest first, and those in doubt."""
        query = orders_query.parse(given(request))
        now_ms = self._now_ms()
        found, doubts = await self._orders.together(replace(query, limit=query.limit + 1), now_ms)
        return OrderPage(
            intents=[IntentOut.of(intent) for intent in found[: query.limit]],
            more=len(found) > query.limit,
            in_doubt=[InDoubtOut.of_doubt(*each) for each in doubts],
            journals=len(self._orders.journals),
            now_ms=now_ms,
        )

    async def board(self) -> OrdersBoard:
        """What somebody must look at first: halts, orders in doubt, orders at the exchange that nobody wrote down."""
        orders, now_ms = self._orders, self._now_ms()
        strays = orders.strays()
        return OrdersBoard(
            journals=len(orders.journals),
            switches=[SwitchOut.of(each) for each in await orders.switches()],
            in_doubt=[InDoubtOut.of_doubt(*each) for each in await orders.in_doubt(now_ms)],
            strays=None if strays is None else [StrayOut.of(*each) for each in strays],
            desks=[
                DeskOut(
                    exchange=desk.place[0],
                    account=desk.place[1],
                    asking=len(asked_after(desk)),
                    last_error=desk.reconciler.last_error,
                )
                for desk in orders.desks
            ],
            now_ms=now_ms,
        )

    async def order(self, intent_id: _IntentId) -> OrderLife:
        """One order with every move that it made."""
        now_ms = self._now_ms()
        return OrderLife.of(await self._orders.life(intent_id, now_ms), now_ms)

    async def abandon(self, request: Request, intent_id: _IntentId, body: Abandon) -> OrderLife:
        """Have nobody look after an order any more: a person knows what became of it."""
        now_ms = self._now_ms()
        by = signed(body.by, who_of(request.scope), BY_CHARS_MAX)
        await self._orders.abandon(intent_id, by=by, why=body.why, now_ms=now_ms)
        return await self.order(intent_id)

    async def switch(self) -> SwitchesOut:
        """The kill switches that are on, and what there is to halt."""
        orders = self._orders
        return SwitchesOut(
            switches=[SwitchOut.of(each) for each in await orders.switches()],
            places=[PlaceOut(exchange=name, account=of) for name, of in await orders.places()],
            now_ms=self._now_ms(),
        )

    async def turn(self, request: Request, body: Turn) -> SwitchesOut:
        """Halt new orders, or let them go again; cancels and lookups go on all the while."""
        turned = self._orders.halt if body.on else self._orders.resume
        by = signed(body.by, who_of(request.scope), BY_CHARS_MAX)
        await turned(by=by, why=body.why, exchange=body.exchange, account=body.account)
        return await self.switch()
