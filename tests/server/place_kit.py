"""Owns what tests of placing orders share: a program with pages, and with a desk in an event loop of its own."""

from __future__ import annotations

import asyncio
from collections import Counter
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, Self

import httpx

import switchgear as sg
from switchgear.exchange import BinanceApi
from switchgear.order import JournalDesk, open_journal

if TYPE_CHECKING:
    from pathlib import Path

    from switchgear.practice.sim.server import SimThread

LIMIT: dict[str, Any] = {
    "exchange": "binance",
    "symbol": "BTC/USDT",
    "side": "buy",
    "type": "limit",
    "quantity": "0.001",
    "price": "30000.00",
}
"""An order that rests: nobody sells so cheaply."""
SAID = {"by": "anna", "why": "incident 12"}
_START_S = 20.0


class Program:
    """
    What a user runs: a gear with pages, and a desk that works in an event loop of another thread; a context manager.

    Args:
        sim: The exchange.
        folder: Where the journal is; another program on the same folder goes on with it.
        desk: What the desk takes.
        gear: What the gear takes.
    """

    def __init__(
        self,
        sim: SimThread,
        folder: Path,
        *,
        desk: dict[str, Any] | None = None,
        gear: dict[str, Any] | None = None,
    ) -> None:
        self._sim, self._desk = sim, desk or {}
        self.gear = sg.Switchgear(**(gear or {}))
        self.journal = open_journal(self.gear, folder / "orders.db")
        self.server = self.gear.serve(port=0)
        self.http = httpx.Client(base_url=f"{self.server.url}/api/v1/", timeout=60)
        self._started = Event()
        self._thread = Thread(target=lambda: asyncio.run(self._live()), daemon=True)

    async def _live(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        key, secret, url = self._sim.key, self._sim.secret, self._sim.base_url
        async with (
            BinanceApi(self.gear, key=key, secret=secret, base_url=url) as api,
            JournalDesk(api, self.journal, **self._desk) as desk,
        ):
            self.desk = desk
            self._started.set()
            await self._over.wait()

    def stop_desk(self) -> None:
        """End the desk and its event loop; the pages stay."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._over.set)
            self._thread.join()

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._started.wait(_START_S)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop_desk()
        self.http.close()
        self.gear.close()
        self.journal.close()

    def until_written(self) -> None:
        """Wait until an order is written down."""
        for _ in range(10_000):
            if self.http.get("orders").json()["intents"]:
                return
        raise AssertionError("nothing was written down")

    def post(self, body: dict[str, Any], key: str | None = "k1") -> httpx.Response:
        """The answer to an order."""
        named = {} if key is None else {b"Idempotency-Key": key.encode("latin-1")}
        return self.http.post("orders", json=body, headers=named)

    def place(self, key: str = "k1", **fields: Any) -> httpx.Response:
        """The answer to an order that is like LIMIT but for these fields; None leaves one away."""
        body = {name: value for name, value in {**LIMIT, **fields}.items() if value is not None}
        return self.post(body, key)

    def error(self, answer: httpx.Response, status: int) -> dict[str, Any]:
        """What an answer says is wrong."""
        assert answer.status_code == status, answer.text
        found: dict[str, Any] = answer.json()["error"]
        return found


def booked(sim: SimThread) -> Counter[str]:
    """The venue's truth: how many orders by client order id."""
    return Counter(order["client_order_id"] for order in sim.state()["orders"])
