"""Owns what the three ccxt witnesses share: how ccxt shows orders and errors, and one event loop for all steps."""

from __future__ import annotations

import asyncio
import importlib
from typing import TYPE_CHECKING, Any

from tests.witness.clients.diary import Diary

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from tests.witness.clients.diary import Book, Candle

ccxt: Any = importlib.import_module("ccxt.async_support")
UNHURRIED = {"enableRateLimit": False}
"""Its own throttle would only wait here."""
_POLLS = 99


def told(error: Exception) -> Mapping[str, object]:
    """What its exceptions show: a text, and nothing else."""
    return {"text": error}


def shown(order: Any) -> dict[str, object]:
    """An order in ccxt's own words."""
    return {
        "id": order["id"],
        "client_id": order["clientOrderId"],
        "status": order["status"],
        "filled": order["filled"],
    }


class Witness:
    """The steps of one exchange, asked in order on one event loop."""

    def __init__(self, connect: Callable[[str, str, str], Any]) -> None:
        """Connect makes an exchange from an address, a key and a secret."""
        self.diary = Diary(told)
        self._runner = asyncio.Runner()
        self._connect = connect
        self._opened: list[Any] = []
        task = self.diary.task
        self.venue = self.connect(task["base_url"], task["key"], task["secret"])

    def connect(self, base_url: str, key: str, secret: str) -> Any:
        """One more exchange, closed in the end; what the first has learned of the markets it need not ask."""
        opened = self._connect(base_url, key, secret)
        if self._opened:
            opened.set_markets(self.venue.markets, self.venue.currencies)
        self._opened.append(opened)
        return opened

    def run(self, asked: Awaitable[Any]) -> Any:
        """What this comes to."""

        async def wait() -> Any:
            return await asked

        return self._runner.run(wait())

    def order(self, name: str, asked: Callable[[], Awaitable[Any]]) -> dict[str, str]:
        """A step that ends with an order."""
        return self.diary.step(name, lambda: shown(self.run(asked())))

    def market(self, pair: str) -> None:
        """Steps "book" and "candles"."""

        def book() -> Book:
            levels = self.run(self.venue.fetch_order_book(pair, 5))
            return levels["bids"][0][0], levels["asks"][0][0]

        def candles() -> list[Candle]:
            minute = self.venue.milliseconds() // 60_000
            since_ms = (minute - 2) * 60_000  # without it Alpaca begins at midnight
            rows = self.run(self.venue.fetch_ohlcv(pair, "1m", since_ms, 3))
            return [(row[1], row[2], row[3], row[4]) for row in rows]

        self.diary.market(book, candles)

    def closed(self, name: str, asked: Callable[[], Awaitable[Any]]) -> None:
        """A step that asks for an order until it is closed."""

        def polled() -> Mapping[str, object]:
            for _ in range(_POLLS):
                order = shown(self.run(asked()))
                if order["status"] == "closed":
                    return order
            raise TimeoutError(f"the order is not closed after {_POLLS} looks at it")

        self.diary.step(name, polled)

    def balance(self, name: str, asset: str, venue: Any = None) -> None:
        """A step that reads one asset of the account, of this exchange or of another."""

        def asked() -> Mapping[str, object]:
            held = self.run((venue or self.venue).fetch_balance())[asset]
            return {"free": held["free"], "locked": held["used"]}

        self.diary.step(name, asked)

    def failing(
        self,
        statuses: tuple[int, ...],
        place: Callable[[], Awaitable[Any]],
        cancel: Callable[[], Awaitable[Any]],
    ) -> None:
        """The venue in trouble: each order fails, with the answer that a rule gives."""

        def order() -> Mapping[str, object]:
            return shown(self.run(place()))

        for status in statuses:
            self.diary.faulted(str(status), {"action": "answer", "status": status}, order)
        self.diary.faulted("html", {"action": "html", "status": 502}, order)
        self.diary.faulted("reset", {"action": "reset_before"}, order)
        asks = {"order.create": order, "order.cancel": lambda: shown(self.run(cancel()))}
        self.diary.rows(asks)

    def close(self) -> None:
        """Give every exchange's connections back."""
        for venue in self._opened:
            self.run(venue.close())
        self._runner.close()
