"""Owns a server that answers as a test says in Coinbase's shapes, for the tests of its client."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec
from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from switchgear.testing import FakeClock

ROOT = "/api/v3/brokerage"
ORDERS, CANCEL = "/orders", "/orders/batch_cancel"
LIST, FOUND = "/orders/historical/batch", "/orders/historical/"
ORDER_ID = "11111111-1111-4111-8111-111111111111"
Answer = dict[str, Any] | int


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    verb: str
    path: str
    """Behind the root of the interface."""
    query: dict[str, list[str]]
    body: Any


@dataclass
class House:
    """What a test lets Coinbase answer, and what was asked of it."""

    answer: Callable[[Asked], Answer | Awaitable[Answer]]
    """A body, or a status without one."""
    url: str = ""
    asked: list[Asked] = field(default_factory=list[Asked])

    def paths(self) -> list[str]:
        """Which paths were asked for."""
        return [each.path for each in self.asked]


@asynccontextmanager
async def house(
    clock: FakeClock, answer: Callable[[Asked], Answer | Awaitable[Answer]]
) -> AsyncGenerator[House]:
    """A Coinbase that knows the time, and else what the test says."""
    made = House(answer)

    async def serve(request: web.Request) -> web.Response:
        path = request.path.removeprefix(ROOT)
        if path == "/time":
            return web.json_response({"epochMillis": str(int(clock.wall().timestamp() * 1000))})
        body = await request.read()
        query = {name: request.query.getall(name) for name in request.query}
        asked = Asked(request.method, path, query, msgspec.json.decode(body) if body else None)
        made.asked.append(asked)
        told = made.answer(asked)
        told = told if isinstance(told, (dict, int)) else await told
        return web.Response(status=told) if isinstance(told, int) else web.json_response(told)

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", serve)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port, *_ = runner.addresses[0]
    made.url = f"http://{host}:{port}"
    try:
        yield made
    finally:
        await runner.cleanup()


def order(name: str = "mine-1", **more: Any) -> dict[str, Any]:
    """An order as Coinbase tells it."""
    terms = {"base_size": "0.01", "limit_price": "30000", "post_only": False}
    return {
        "order_id": ORDER_ID,
        "product_id": "BTC-USD",
        "client_order_id": name,
        "side": "BUY",
        "status": "OPEN",
        "order_configuration": {"limit_limit_gtc": terms},
        **more,
    }


def created(asked: Asked, **more: Any) -> dict[str, Any]:
    """The answer to a new order that was taken."""
    told = {name: asked.body[name] for name in ("client_order_id", "product_id", "side")}
    return {"success": True, "success_response": {"order_id": ORDER_ID, **told, **more}}


def page(*orders: dict[str, Any]) -> dict[str, Any]:
    """The one page of a list of orders, the newest first."""
    return {"orders": list(orders), "has_next": False, "cursor": ""}
