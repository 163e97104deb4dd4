"""Proves the practice venue against a client that others wrote: python-binance, unmodified."""

from __future__ import annotations

import asyncio
import importlib
import warnings
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from switchgear.practice.sim.server import Sim, SimThread

if TYPE_CHECKING:
    from collections.abc import Iterator

with warnings.catch_warnings():
    # It still imports names that its websockets dependency has deprecated.
    warnings.simplefilter("ignore", DeprecationWarning)
    binance: Any = importlib.import_module("binance")
    errors: Any = importlib.import_module("binance.exceptions")

PAIR = "BTCUSDT"


@pytest.fixture
def sync_client() -> Iterator[tuple[SimThread, Any]]:
    """A practice server, and the sync client pointed at it."""
    # It takes the thread's event loop, or makes one, and never closes it.
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    with SimThread() as sim:
        client = binance.Client(sim.key, sim.secret, ping=False)
        client.API_URL = f"{sim.base_url}/api"
        client.MARGIN_API_URL = f"{sim.base_url}/sapi"
        yield sim, client
        client.close_connection()
    asyncio.set_event_loop(None)
    loop.close()


def test_the_sync_client_trades(sync_client: tuple[SimThread, Any]) -> None:
    """Price, account, limit and market orders, lookup by client id, cancel: all as it expects."""
    sim, client = sync_client
    assert client.ping() == {}
    assert client.get_symbol_info(PAIR)["baseAsset"] == "BTC"
    price = Decimal(client.get_symbol_ticker(symbol=PAIR)["price"])
    assert client.get_asset_balance("USDT") == {
        "asset": "USDT",
        "free": "100000.00000000",
        "locked": "0.00000000",
    }
    low = f"{price * Decimal('0.9'):.2f}"
    limit = client.order_limit_buy(symbol=PAIR, quantity="0.01", price=low, newClientOrderId="a")
    assert (limit["status"], limit["clientOrderId"]) == ("NEW", "a")
    assert client.get_order(symbol=PAIR, origClientOrderId="a")["orderId"] == limit["orderId"]
    assert [order["clientOrderId"] for order in client.get_open_orders(symbol=PAIR)] == ["a"]
    assert client.cancel_order(symbol=PAIR, origClientOrderId="a")["status"] == "CANCELED"
    market = client.order_market_buy(symbol=PAIR, quantity="0.01")
    assert (market["status"], len(market["fills"])) == ("FILLED", 1)
    assert [trade["qty"] for trade in client.get_my_trades(symbol=PAIR)] == ["0.01000000"]
    statuses = [order["status"] for order in sim.state()["orders"]]
    assert statuses == ["CANCELED", "FILLED"]


def test_the_sync_client_reads_the_market(sync_client: tuple[SimThread, Any]) -> None:
    """Candles, book, trades, averages and tickers are what it takes them for."""
    _, client = sync_client
    candles = client.get_klines(symbol=PAIR, interval="1m", limit=3)
    assert [len(row) for row in candles] == [12, 12, 12]
    history = client.get_historical_klines(PAIR, "1h", "3 hours ago UTC")
    assert 3 <= len(history) <= 4
    book = client.get_order_book(symbol=PAIR, limit=5)
    assert (len(book["bids"]), len(book["asks"])) == (5, 5)
    assert client.get_orderbook_ticker(symbol=PAIR)["bidPrice"] < book["asks"][0][0]
    assert len(client.get_recent_trades(symbol=PAIR, limit=2)) == 2
    assert len(client.get_aggregate_trades(symbol=PAIR, limit=2)) == 2
    assert client.get_avg_price(symbol=PAIR)["mins"] == 5
    assert client.get_ticker(symbol=PAIR)["symbol"] == PAIR
    assert client.get_system_status()["msg"] == "normal"


def test_the_sync_client_stops_replaces_and_clears(sync_client: tuple[SimThread, Any]) -> None:
    """A stop order, a test order, cancel-and-replace, the list of all, and cancel-all."""
    _, client = sync_client
    price = Decimal(client.get_symbol_ticker(symbol=PAIR)["price"])
    low, lower = (f"{price * Decimal(share):.2f}" for share in ("0.9", "0.8"))
    ask = {"symbol": PAIR, "timeInForce": "GTC", "quantity": "0.01", "price": low}
    stop = client.create_order(
        **ask, side="SELL", type="STOP_LOSS_LIMIT", stopPrice=low, newOrderRespType="RESULT"
    )
    assert (stop["type"], stop["status"], stop["workingTime"]) == ("STOP_LOSS_LIMIT", "NEW", -1)
    assert client.create_test_order(**ask, side="BUY", type="LIMIT") == {}
    replaced = client.cancel_replace_order(
        **{**ask, "price": lower},
        side="BUY",
        type="LIMIT",
        cancelReplaceMode="STOP_ON_FAILURE",
        cancelOrderId=stop["orderId"],
    )
    assert replaced["newOrderResponse"]["status"] == "NEW"
    statuses = [order["status"] for order in client.get_all_orders(symbol=PAIR)]
    assert statuses == ["CANCELED", "NEW"]
    assert len(client.cancel_all_open_orders(symbol=PAIR)) == 1


def test_the_sync_client_signs_with_ed25519(sync_client: tuple[SimThread, Any]) -> None:
    """Its own way with a PEM text is what the venue checks."""
    sim, _ = sync_client
    known = sim.credentials
    client = binance.Client(known["ed25519_key"], private_key=known["ed25519_secret"], ping=False)
    client.API_URL = f"{sim.base_url}/api"
    try:
        assert client.order_market_buy(symbol=PAIR, quantity="0.01")["status"] == "FILLED"
    finally:
        client.close_connection()


def test_the_sync_client_knows_the_errors(sync_client: tuple[SimThread, Any]) -> None:
    """A refusal and an injected limit arrive as its own exception, with code and status."""
    sim, client = sync_client
    with pytest.raises(errors.BinanceAPIException) as refused:
        client.order_market_buy(symbol=PAIR, quantity="99")
    assert (refused.value.status_code, refused.value.code) == (400, -2010)
    sim.add_faults({"action": "answer", "status": 429, "retry_after_s": 3})
    with pytest.raises(errors.BinanceAPIException) as limited:
        client.get_server_time()
    assert (limited.value.status_code, limited.value.code) == (429, -1003)
    assert limited.value.response.headers["Retry-After"] == "3"


@pytest.mark.anyio
async def test_the_async_client_trades(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same on its async side, from its own start-up calls on."""
    async with Sim() as sim:
        monkeypatch.setattr(binance.AsyncClient, "API_URL", f"{sim.base_url}/api")
        client = await binance.AsyncClient.create(sim.key, sim.secret)
        try:
            price = Decimal((await client.get_symbol_ticker(symbol=PAIR))["price"])
            assert (await client.get_account())["canTrade"] is True
            low = f"{price * Decimal('0.9'):.2f}"
            ask = {"symbol": PAIR, "newClientOrderId": "a", "quantity": "0.01"}
            limit = await client.order_limit_buy(**ask, price=low)
            assert limit["status"] == "NEW"
            with pytest.raises(errors.BinanceAPIException, match="Duplicate order sent"):
                await client.order_limit_buy(**ask, price=low)
            found = await client.get_order(symbol=PAIR, origClientOrderId="a")
            assert found["orderId"] == limit["orderId"]
            cancel = await client.cancel_order(symbol=PAIR, orderId=limit["orderId"])
            assert cancel["status"] == "CANCELED"
            market = await client.order_market_sell(symbol=PAIR, quantity="0.01")
            assert market["status"] == "FILLED"
        finally:
            await client.close_connection()
