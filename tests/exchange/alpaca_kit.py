"""Owns recorded answers of Alpaca, and a server that gives them, for the tests of its client."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from aiohttp import web

from switchgear.exchange import AlpacaApi, OrderRequest, OrderType, Side
from tests.exchange.kit import one_attempt

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    import switchgear as sg
    from switchgear.testing import FakeClock

D = Decimal
BTC, AAPL = "BTC/USD", "AAPL/USD"
ORDERS = "/v2/orders"
ID = "61e69015-8549-4bfd-b9c3-01e75843f47d"
LATEST, BARS, BOOKS = "latest/trades", "bars", "latest/orderbooks"
COIN, STOCKS = "/v1beta3/crypto/us/", "/v2/stocks/"
COIN_ASSET: dict[str, Any] = {
    "id": "276e2673-764b-4ab6-a611-caf665ca6340",
    "class": "crypto",
    "exchange": "CRYPTO",
    "symbol": "BTC/USD",
    "status": "active",
    "tradable": True,
    "fractionable": True,
    "min_order_size": "0.0001",
    "min_trade_increment": "0.000000001",
    "price_increment": 0.01,
}
SHARE_ASSET: dict[str, Any] = {
    "class": "us_equity",
    "symbol": "AAPL",
    "status": "active",
    "tradable": True,
    "fractionable": True,
}
ORDER: dict[str, Any] = {
    "id": ID,
    "client_order_id": "mine-1",
    "created_at": "2021-03-16T18:38:01.942282913Z",
    "symbol": "BTC/USD",
    "asset_class": "crypto",
    "notional": None,
    "qty": "2",
    "filled_qty": "0",
    "filled_avg_price": None,
    "order_class": "",
    "type": "limit",
    "side": "buy",
    "time_in_force": "gtc",
    "limit_price": "150.5",
    "stop_price": None,
    "status": "new",
}
FILL: dict[str, Any] = {
    "id": "20220202135509981::2d7be4ff-d1f3-43e9-856a-0f5cf5c5088e",
    "activity_type": "FILL",
    "transaction_time": "2022-02-02T18:55:09.981482Z",
    "price": "174.78",
    "qty": "2",
    "side": "sell_short",
    "symbol": "AAPL",
    "order_id": ID,
}
ACCOUNT: dict[str, Any] = {
    "currency": "USD",
    "cash": "1000",
    "non_marginable_buying_power": "900.50",
}
HELD: dict[str, Any] = {
    "symbol": "BTCUSD",
    "asset_class": "crypto",
    "side": "long",
    "qty": "0.5",
    "qty_available": "0.25",
    "avg_entry_price": "20000",
    "market_value": "15000",
}
BAR: dict[str, Any] = {
    "t": "2025-01-02T00:00:00Z",
    "o": 2,
    "h": 3,
    "l": 1,
    "c": 2.5,
    "v": 0.1,
    "n": 1,
    "vw": 2,
}
REQUEST = OrderRequest(
    BTC, Side.BUY, OrderType.LIMIT, D(2), price=D("150.5"), client_order_id="mine-1"
)

MARKET = OrderRequest(BTC, Side.BUY, OrderType.MARKET, D("0.01"))
RESTING = OrderRequest(BTC, Side.BUY, OrderType.LIMIT, D("0.01"), price=D(10000))
SHARES = OrderRequest(AAPL, Side.BUY, OrderType.MARKET, D(3))
START = datetime(2026, 1, 1, tzinfo=UTC)
"""Where the fake clock begins: a holiday, the market is closed."""
OPENS = datetime(2026, 1, 2, 14, 30, tzinfo=UTC)


def open_market(clock: FakeClock) -> None:
    """Have it be an hour after the opening."""
    clock.advance((OPENS - START).total_seconds() + 3600)


class Venue:
    """Answers by path, each list one after the other and its last for ever; keeps what was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Any]] = {"/v2/assets": [[COIN_ASSET]]}
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.bodies: list[Any] = []
        self.open = asyncio.Event()
        """Lists of assets are answered while it is set."""
        self.open.set()
        self.held = asyncio.Event()
        """Set when one of them waits for it."""

    def say(self, path: str, *found: Any) -> None:
        """Answer a path so; a pair is a status and a body."""
        self.answers[path] = list(found)

    async def serve(self, request: web.Request) -> web.Response:
        """Answer one request."""
        assert request.headers["APCA-API-KEY-ID"] == "a-good-key"
        assert request.headers["APCA-API-SECRET-KEY"] == "a-good-secret"
        self.asked.append((request.method, request.path, dict(request.query)))
        if request.path == "/v2/assets" and not self.open.is_set():
            self.held.set()
            await self.open.wait()
        if request.method == "POST":
            self.bodies.append(await request.json())
        found = self.answers.get(f"{request.method} {request.path}") or self.answers.get(
            request.path, [(404, {"code": 40410000, "message": "asset not found"})]
        )
        told = found.pop(0) if len(found) > 1 else found[0]
        status, body = cast("tuple[int, Any]", told) if isinstance(told, tuple) else (200, told)
        text = body if isinstance(body, str) else json.dumps(body)
        return web.Response(status=status, text=text, content_type="application/json")

    def queries(self, path: str) -> list[dict[str, str]]:
        """What was asked of a path."""
        return [query for _, found, query in self.asked if found == path]


@asynccontextmanager
async def serving(venue: Venue) -> AsyncGenerator[str]:
    """The address of a venue while it runs."""
    app = web.Application()
    app.router.add_route("*", "/{any:.*}", venue.serve)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port, *_ = runner.addresses[0]
    try:
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def client_of(gear: sg.Switchgear, venue: Venue) -> AsyncGenerator[AlpacaApi]:
    """A client of a venue while it runs: it makes one attempt, and leaves the rules to the venue."""
    one_attempt(gear)
    async with (
        serving(venue) as url,
        AlpacaApi(
            gear,
            key="a-good-key",
            secret="a-good-secret",
            base_url=url,
            feed="iex",
            check_rules=False,
        ) as made,
    ):
        yield made
