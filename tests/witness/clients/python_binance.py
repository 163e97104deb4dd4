"""Trades on the practice Binance venue with python-binance, unmodified, and tells what became of each step."""

from __future__ import annotations

import asyncio
import importlib
from typing import TYPE_CHECKING, Any

from tests.witness.clients.diary import Diary

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.witness.clients.diary import Book, Candle

binance: Any = importlib.import_module("binance")
PAIR = "BTCUSDT"
LOW, HIGH = "10000.00", "99999999"


def told(error: Exception) -> Mapping[str, object]:
    """What its exceptions show: the venue's code, the HTTP status and the message."""
    names = ("code", "status_code", "message")
    return {name: getattr(error, name, None) for name in names} | {"text": error}


def connect(base_url: str, key: str, secret: str) -> Any:
    """Its sync client, pointed at this venue."""
    client = binance.Client(key, secret, ping=False)
    client.API_URL = f"{base_url}/api"
    return client


def shown(order: Any) -> dict[str, object]:
    """An order as this client hands it out."""
    return {
        "id": order["orderId"],
        "client_id": order["clientOrderId"],
        "status": order["status"],
        "filled": order["executedQty"],
    }


def book(client: Any) -> Book:
    """The best bid and ask."""
    levels = client.get_order_book(symbol=PAIR, limit=5)
    return levels["bids"][0][0], levels["asks"][0][0]


def candles(client: Any) -> list[Candle]:
    """The newest candles of a minute."""
    rows = client.get_klines(symbol=PAIR, interval="1m", limit=3)
    return [(row[1], row[2], row[3], row[4]) for row in rows]


def trade(diary: Diary, client: Any) -> None:
    """Everything that goes well."""
    diary.step("markets", lambda: {"base": client.get_symbol_info(PAIR)["baseAsset"]})
    diary.price(PAIR, lambda: client.get_symbol_ticker(symbol=PAIR)["price"])
    diary.market(lambda: book(client), lambda: candles(client))
    diary.step("balance", lambda: client.get_asset_balance("USDT"))
    limit = {"symbol": PAIR, "quantity": "0.01", "price": LOW, "newClientOrderId": "w-1"}
    booked = diary.step("limit", lambda: shown(client.order_limit_buy(**limit)))
    diary.step("by_id", lambda: shown(client.get_order(symbol=PAIR, orderId=booked["id"])))
    diary.step(
        "by_client_id", lambda: shown(client.get_order(symbol=PAIR, origClientOrderId="w-1"))
    )
    diary.step("open", lambda: shown(*client.get_open_orders(symbol=PAIR)))
    diary.step("duplicate", lambda: shown(client.order_limit_buy(**limit)))
    diary.step("cancel", lambda: shown(client.cancel_order(symbol=PAIR, orderId=booked["id"])))
    diary.step("cancelled", lambda: shown(client.get_order(symbol=PAIR, orderId=booked["id"])))
    diary.step("market", lambda: shown(client.order_market_buy(symbol=PAIR, quantity="0.01")))
    diary.step("fills", lambda: {"quantity": client.get_my_trades(symbol=PAIR)[-1]["qty"]})


def refused(diary: Diary, client: Any) -> None:
    """What the venue says no to."""
    market, limit = client.order_market_buy, client.order_limit_buy
    diary.step("no_funds", lambda: shown(market(symbol=PAIR, quantity="99")))
    diary.step("bad_symbol", lambda: shown(market(symbol="NOPE", quantity="1")))
    diary.step("bad_step", lambda: shown(limit(symbol=PAIR, quantity="0.0100001", price=LOW)))
    diary.step("too_precise", lambda: shown(limit(symbol=PAIR, quantity="0.010000001", price=LOW)))
    diary.step("too_small", lambda: shown(limit(symbol=PAIR, quantity="0.00001", price=LOW)))
    diary.step("unknown_order", lambda: shown(client.get_order(symbol=PAIR, orderId=HIGH)))
    diary.step("unknown_cancel", lambda: shown(client.cancel_order(symbol=PAIR, orderId=HIGH)))
    key, secret = diary.task["key"], diary.task["secret"]
    stranger = connect(diary.task["base_url"], "someone", secret)
    diary.step("bad_key", lambda: {"trades": stranger.get_account()["canTrade"]})
    forger = connect(diary.task["base_url"], key, "wrong")
    diary.step("bad_signature", lambda: {"trades": forger.get_account()["canTrade"]})


def late(diary: Diary) -> None:
    """A venue whose clock is ahead: refused, and well again once the client asked for its time."""
    key, secret, url = diary.task["key"], diary.task["secret"], diary.task["shifted_url"]
    skewed = connect(url, key, secret)
    diary.step("skewed", lambda: {"trades": skewed.get_account()["canTrade"]})

    async def synced() -> Mapping[str, object]:
        binance.AsyncClient.API_URL = f"{url}/api"
        client = await binance.AsyncClient.create(key, secret)
        try:
            return {"trades": (await client.get_account())["canTrade"]}
        finally:
            await client.close_connection()

    diary.step("synced", lambda: asyncio.run(synced()))


def failing(diary: Diary, client: Any) -> None:
    """The venue in trouble: every call fails, with the answer that the rule gives."""

    def order() -> Mapping[str, object]:
        return shown(client.order_market_buy(symbol=PAIR, quantity="0.01"))

    for status in (418, 429, 503, 504):
        diary.faulted(str(status), {"action": "answer", "status": status}, order)
    diary.faulted("html", {"action": "html", "status": 502}, order)
    diary.faulted("reset", {"action": "reset_before"}, order)
    diary.rows({"order.create": order})


def main() -> None:
    """All of it, in order."""
    diary = Diary(told)
    client = connect(diary.task["base_url"], diary.task["key"], diary.task["secret"])
    trade(diary, client)
    refused(diary, client)
    late(diary)
    failing(diary, client)


if __name__ == "__main__":
    main()
