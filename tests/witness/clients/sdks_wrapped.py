"""
Owns the exchanges' own SDKs with a guard round the session that each of them has: `sdks_wrapped.py`.

Prints one JSON object: what a read came to that was answered 503 once, an order that was answered 503, and a read while
the circuit is open; with the requests that the server saw. The line that guards each client is the recipe of the docs.
"""

from __future__ import annotations

import asyncio
import json
from importlib import import_module
from typing import TYPE_CHECKING, Any

import switchgear as sg
from switchgear.testing import FakeClock
from tests.witness.clients.ccxt_venues import Server

if TYPE_CHECKING:
    from collections.abc import Callable

# The packages are in the witness environment, not in the one that checks types.
load: Any = import_module
KEY, SECRET = "k" * 64, "s" * 64


def alpaca_py(gear: sg.Switchgear, url: str) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """requests; its own retries, which send orders again, are off."""
    client = load("alpaca.trading.client").TradingClient(KEY, SECRET, url_override=url)
    gear.wrap(client._session, "alpaca")
    client._retry = 0
    request = load("alpaca.trading.requests").MarketOrderRequest(
        symbol="BTC/USD", qty=1, side="buy", time_in_force="gtc"
    )
    return client.get_clock, lambda: client.submit_order(request)


def python_binance(gear: sg.Switchgear, url: str) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """The synchronous client, on requests; it retries nothing by itself."""
    module = load("binance")
    module.Client.API_URL = url + "/api"
    client = module.Client(KEY, SECRET, ping=False)
    gear.wrap(client.session, "binance")
    return client.get_server_time, lambda: client.order_market_buy(symbol="BTCUSDT", quantity=1)


def python_binance_async(
    gear: sg.Switchgear, url: str
) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """The asynchronous client, on aiohttp."""
    module = load("binance")
    module.AsyncClient.API_URL = url + "/api"

    def asked(call: Callable[[Any], Any]) -> Callable[[], Any]:
        async def ask() -> Any:
            client = module.AsyncClient(KEY, SECRET)
            gear.wrap(client.session, "binance")
            try:
                return await call(client)
            finally:
                await client.close_connection()

        return ask

    return asked(lambda client: client.get_server_time()), asked(
        lambda client: client.order_market_buy(symbol="BTCUSDT", quantity=1)
    )


def coinbase_advanced(gear: sg.Switchgear, url: str) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """On requests; it retries nothing by itself. Its https is turned into http here, for the server."""
    requests = load("requests")
    key = load("benchmarks.client_peers").pem()
    host = url.removeprefix("http://")
    client = load("coinbase.rest").RESTClient(
        api_key="organizations/a/apiKeys/b", api_secret=key, base_url=host
    )

    adapter = requests.adapters.HTTPAdapter()
    send = adapter.send

    def plain(request: Any, **more: Any) -> Any:
        request.url = request.url.replace("https://", "http://", 1)
        return send(request, **more)

    adapter.send = plain
    client.session.mount("https://", adapter)
    gear.wrap(client.session, "coinbase")
    return client.get_unix_time, lambda: client.market_order_buy("id-1", "BTC-USD", quote_size="1")


def tried(call: Callable[[], Any], server: Server) -> dict[str, Any]:
    """How a call ended, and what the server saw of it."""
    before = len(server.seen)
    try:
        value = call()
        if hasattr(value, "__await__"):
            value = asyncio.run(value)
    except Exception as error:  # noqa: BLE001  the test looks at every one
        told: dict[str, Any] = {"error": [cls.__name__ for cls in type(error).__mro__]}
    else:
        told = {"ok": True}
    return {**told, "requests": len(server.seen) - before}


def told(make: Callable[..., Any]) -> dict[str, Any]:
    """What each scenario came to."""
    server = Server()
    clock = {"timestamp": "2026-01-02T10:00:00Z", "is_open": True} | dict.fromkeys(
        ("next_open", "next_close"), "2026-01-02T10:00:00Z"
    )
    server.usual = lambda _verb, _path: (
        200,
        {**clock, "serverTime": 1, "iso": "", "epochSeconds": "1"},
        {},
    )
    with sg.Switchgear(clock=FakeClock()) as gear:
        read, order = make(gear, server.url)
        server.script = [(503, "{}", {})]
        found = {"a read fails once": tried(read, server)}
        server.script = [(503, "{}", {})]
        found["an order meets 503"] = tried(order, server)
        server.usual = lambda _verb, _path: (503, "{}", {})
        tried(read, server)
        found["an open circuit"] = tried(read, server)
    return found


if __name__ == "__main__":
    print(
        json.dumps(
            {
                make.__name__: told(make)
                for make in (alpaca_py, python_binance, python_binance_async, coinbase_advanced)
            }
        )
    )
