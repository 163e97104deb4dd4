"""Trades on the practice Alpaca venue with alpaca-py, unmodified, and tells what became of each step."""

from __future__ import annotations

import importlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tests.witness.clients.diary import Diary

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tests.witness.clients.diary import Book, Candle

trading: Any = importlib.import_module("alpaca.trading.client")
asks: Any = importlib.import_module("alpaca.trading.requests")
history: Any = importlib.import_module("alpaca.data.historical")
data: Any = importlib.import_module("alpaca.data.requests")
frames: Any = importlib.import_module("alpaca.data.timeframe")
PAIR, STOCK = "BTC/USD", "AAPL"
LOW = 10_000
UNKNOWN = "00000000-0000-4000-8000-000000000000"
_POLLS = 99


def told(error: Exception) -> Mapping[str, object]:
    """What its exceptions show: HTTP status, and the code and message of a body that has them."""
    return {
        "status": getattr(error, "status_code", None),
        "code": _of_body(error, "code"),
        "message": _of_body(error, "message"),
        "text": error,
    }


def _of_body(error: Exception, name: str) -> object:
    try:
        return getattr(error, name, None)
    except (KeyError, ValueError):  # its property reads a body that has no code, or is no JSON
        return "none"


def connect(base_url: str, key: str, secret: str) -> Any:
    """Its trading client, pointed at this venue; its own retries would only wait here."""
    client = trading.TradingClient(key, secret, url_override=base_url)
    client._retry = 0
    return client


def shown(order: Any) -> dict[str, object]:
    """An order as this client hands it out."""
    return {
        "id": order.id,
        "client_id": order.client_order_id,
        "status": order.status.value,
        "filled": order.filled_qty,
    }


class Desk:
    """The trading client, and orders in short."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def market(self, symbol: str, quantity: float) -> dict[str, object]:
        """Buy at once."""
        asked = {"symbol": symbol, "qty": quantity, "side": "buy", "time_in_force": "gtc"}
        return shown(self.client.submit_order(asks.MarketOrderRequest(**asked)))

    def limit(
        self, symbol: str, quantity: float, price: float, name: str | None = None
    ) -> dict[str, object]:
        """Buy at this price or better."""
        force = "gtc" if "/" in symbol else "day"
        asked = {"symbol": symbol, "qty": quantity, "side": "buy", "time_in_force": force}
        more = {"limit_price": price, "client_order_id": name}
        return shown(self.client.submit_order(asks.LimitOrderRequest(**asked, **more)))

    def found(self, number: str) -> dict[str, object]:
        """An order by its id."""
        return shown(self.client.get_order_by_id(number))

    def filled(self, number: str) -> dict[str, object]:
        """An order by its id, asked for until it is done."""
        for _ in range(_POLLS):
            order = self.found(number)
            if order["status"] == "filled":
                return order
        raise TimeoutError(f"order {number} is not filled after {_POLLS} looks at it")

    def cancelled(self, number: str) -> dict[str, object]:
        """Nothing: a cancel is accepted, no more."""
        return {"answer": self.client.cancel_order_by_id(number)}

    def balance(self) -> dict[str, object]:
        """The cash of the account."""
        account = self.client.get_account()
        return {"free": account.cash, "currency": account.currency}


def book(crypto: Any) -> Book:
    """The best bid and ask."""
    asked = data.CryptoLatestOrderbookRequest(symbol_or_symbols=PAIR)
    levels = crypto.get_crypto_latest_orderbook(asked)[PAIR]
    return levels.bids[0].price, levels.asks[0].price


def candles(crypto: Any, now: datetime) -> list[Candle]:
    """The candles of this minute and the two before it."""
    start = now.replace(second=0, microsecond=0) - timedelta(minutes=2)
    asked = {"symbol_or_symbols": PAIR, "timeframe": frames.TimeFrame.Minute, "start": start}
    bars = crypto.get_crypto_bars(data.CryptoBarsRequest(**asked, limit=3))[PAIR]
    return [(bar.open, bar.high, bar.low, bar.close) for bar in bars]


def quote(diary: Diary, desk: Desk) -> None:
    """What the market data clients are told; crypto asks for no key."""
    task = diary.task
    crypto = history.CryptoHistoricalDataClient(url_override=task["base_url"])
    asked = data.CryptoLatestTradeRequest(symbol_or_symbols=PAIR)
    diary.price(PAIR, lambda: crypto.get_crypto_latest_trade(asked)[PAIR].price)
    diary.market(lambda: book(crypto), lambda: candles(crypto, desk.client.get_clock().timestamp))
    keys = (task["key"], task["secret"])
    stocks = history.StockHistoricalDataClient(*keys, url_override=task["base_url"])
    wanted = data.StockLatestTradeRequest(symbol_or_symbols=STOCK)
    diary.step("stock_price", lambda: {"told": stocks.get_stock_latest_trade(wanted)[STOCK].price})


def trade(diary: Diary, desk: Desk) -> None:
    """Everything that goes well."""
    client = desk.client
    diary.step("markets", lambda: {"base": client.get_asset(PAIR).symbol.partition("/")[0]})
    diary.step("stock", lambda: {"exchange": client.get_asset(STOCK).exchange.value})
    quote(diary, desk)
    diary.step("balance", desk.balance)
    booked = diary.step("limit", lambda: desk.limit(PAIR, 0.01, LOW, "w-1"))
    diary.step("by_id", lambda: desk.found(booked["id"]))
    diary.step("by_client_id", lambda: shown(client.get_order_by_client_id("w-1")))
    diary.step("open", lambda: shown(*client.get_orders()))
    diary.step("duplicate", lambda: desk.limit(PAIR, 0.01, LOW, "w-1"))
    diary.step("cancel", lambda: desk.cancelled(booked["id"]))
    diary.step("cancelled", lambda: desk.found(booked["id"]))
    diary.step("duplicate_later", lambda: desk.limit(PAIR, 0.01, LOW, "w-1"))
    done = diary.step("market", lambda: desk.market(PAIR, 0.01))
    diary.step("filled", lambda: desk.filled(done["id"]))
    diary.step("unfilled_cancel", lambda: desk.cancelled(done["id"]))
    diary.step("position", lambda: {"quantity": client.get_open_position("BTCUSD").qty})
    diary.step("fills", lambda: {"quantity": client.get("/account/activities/FILL")[0]["qty"]})
    share = diary.step("stock_limit", lambda: desk.limit(STOCK, 1, 1.0))
    diary.step("stock_cancel", lambda: desk.cancelled(share["id"]))


def refused(diary: Diary, desk: Desk) -> None:
    """What the venue says no to."""
    diary.step("no_funds", lambda: desk.market(PAIR, 2))
    diary.step("bad_symbol", lambda: desk.market("NOPE", 1))
    diary.step("too_precise", lambda: desk.limit(STOCK, 1, 10.123))
    diary.step("off_tick", lambda: desk.limit(PAIR, 0.01, 10_000.123))
    diary.step("too_small", lambda: desk.limit(PAIR, 0.0001, LOW))
    diary.step("unknown_order", lambda: desk.found(UNKNOWN))
    diary.step("unknown_cancel", lambda: desk.cancelled(UNKNOWN))
    diary.step("unknown_position", lambda: {"answer": desk.client.get_open_position("ETHUSD")})
    key, secret, url = diary.task["key"], diary.task["secret"], diary.task["base_url"]
    diary.step("bad_key", Desk(connect(url, "someone", secret)).balance)
    diary.step("bad_secret", Desk(connect(url, key, "wrong")).balance)


def failing(diary: Diary, desk: Desk) -> None:
    """The venue in trouble: every call fails, with the answer that the rule gives."""

    def order() -> Mapping[str, object]:
        return desk.market(PAIR, 0.01)

    for status in (429, 500, 503, 504):
        diary.faulted(str(status), {"action": "answer", "status": status}, order)
    diary.faulted("html", {"action": "html", "status": 502}, order)
    diary.faulted("reset", {"action": "reset_before"}, order)
    diary.rows({"order.create": order})


def main() -> None:
    """All of it, in order."""
    diary = Diary(told)
    desk = Desk(connect(diary.task["base_url"], diary.task["key"], diary.task["secret"]))
    trade(diary, desk)
    refused(diary, desk)
    failing(diary, desk)


if __name__ == "__main__":
    main()
