"""Trades on the practice Binance venue with binance-sdk-spot, unmodified, and tells what became of each step."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from tests.witness.clients.diary import Diary

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.witness.clients.diary import Book, Candle

configuration: Any = importlib.import_module("binance_common.configuration")
spot: Any = importlib.import_module("binance_sdk_spot.spot")
PAIR = "BTCUSDT"
LOW = 10_000.0
UNKNOWN = 99_999_999


def told(error: Exception) -> Mapping[str, object]:
    """What its exceptions show: status_code is the venue's code, and the HTTP status on a 5xx."""
    shown = {"code": getattr(error, "status_code", None)}
    shown["retry_after"] = getattr(error, "retry_after", None)
    return {**shown, "message": getattr(error, "error_message", None), "text": error}


def connect(base_url: str, key: str, secret: str) -> Any:
    """Its REST client, pointed at this venue; its own retries would only wait here."""
    asked = configuration.ConfigurationRestAPI(
        api_key=key, api_secret=secret, base_path=base_url, timeout=9_000, retries=0
    )
    return spot.Spot(asked).rest_api


def shown(answer: Any) -> dict[str, object]:
    """An order as this client hands it out."""
    return plain(answer.data())


def plain(order: Any) -> dict[str, object]:
    """Its fields that the tests ask for."""
    return {
        "id": order.order_id,
        "client_id": order.client_order_id,
        "status": order.status,
        "filled": order.executed_qty,
    }


def balance(client: Any) -> Mapping[str, object]:
    """The cash of the account."""
    held = {each.asset: each for each in client.get_account().data().balances}["USDT"]
    return {"free": held.free, "locked": held.locked}


def book(client: Any) -> Book:
    """The best bid and ask."""
    levels = client.depth(PAIR, limit=5).data()
    return levels.bids[0][0], levels.asks[0][0]


def candles(client: Any) -> list[Candle]:
    """The newest candles of a minute."""
    rows = client.klines(PAIR, "1m", limit=3).data()
    return [(row[1], row[2], row[3], row[4]) for row in rows]


def trade(diary: Diary, client: Any) -> None:
    """Everything that goes well."""
    diary.step(
        "markets",
        lambda: {"base": client.exchange_info(symbol=PAIR).data().symbols[0].base_asset},
    )
    diary.price(PAIR, lambda: client.ticker_price(symbol=PAIR).data().actual_instance.price)
    diary.market(lambda: book(client), lambda: candles(client))
    diary.step("balance", lambda: balance(client))
    limit: dict[str, object] = {"symbol": PAIR, "side": "BUY", "type": "LIMIT", "quantity": 0.01}
    limit |= {"price": LOW, "time_in_force": "GTC", "new_client_order_id": "w-1"}
    booked = diary.step("limit", lambda: shown(client.new_order(**limit)))
    number = int(booked["id"])
    diary.step("by_id", lambda: shown(client.get_order(PAIR, order_id=number)))
    diary.step("by_client_id", lambda: shown(client.get_order(PAIR, orig_client_order_id="w-1")))
    diary.step("open", lambda: plain(*client.get_open_orders(symbol=PAIR).data()))
    diary.step("duplicate", lambda: shown(client.new_order(**limit)))
    diary.step("cancel", lambda: shown(client.delete_order(PAIR, order_id=number)))
    diary.step("cancelled", lambda: shown(client.get_order(PAIR, order_id=number)))
    diary.step("market", lambda: shown(client.new_order(PAIR, "BUY", "MARKET", quantity=0.01)))
    diary.step("fills", lambda: {"quantity": client.my_trades(PAIR).data()[-1].qty})
    diary.step("weight", lambda: {"used": client.ping().rate_limits[0].count})


def refused(diary: Diary, client: Any) -> None:
    """What the venue says no to."""

    def limit(quantity: float) -> Mapping[str, object]:
        more = {"time_in_force": "GTC", "quantity": quantity, "price": LOW}
        return shown(client.new_order(PAIR, "BUY", "LIMIT", **more))

    def market(pair: str, quantity: float) -> Mapping[str, object]:
        return shown(client.new_order(pair, "BUY", "MARKET", quantity=quantity))

    diary.step("no_funds", lambda: market(PAIR, 99))
    diary.step("bad_symbol", lambda: market("NOPE", 1))
    diary.step("bad_step", lambda: limit(0.0100001))
    diary.step("too_precise", lambda: limit(0.010000001))
    diary.step("too_small", lambda: limit(0.0001))
    diary.step("unknown_order", lambda: shown(client.get_order(PAIR, order_id=UNKNOWN)))
    diary.step("unknown_cancel", lambda: shown(client.delete_order(PAIR, order_id=UNKNOWN)))
    key, secret, url = diary.task["key"], diary.task["secret"], diary.task["base_url"]
    diary.step("bad_key", lambda: balance(connect(url, "someone", secret)))
    diary.step("bad_signature", lambda: balance(connect(url, key, "wrong")))
    diary.step("skewed", lambda: balance(connect(diary.task["shifted_url"], key, secret)))


def failing(diary: Diary, client: Any) -> None:
    """The venue in trouble: every call fails, with the answer that the rule gives."""

    def order() -> Mapping[str, object]:
        return shown(client.new_order(PAIR, "BUY", "MARKET", quantity=0.01))

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
    failing(diary, client)


if __name__ == "__main__":
    main()
