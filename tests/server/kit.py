"""Owns what tests of the server share: a gear that lived through something, and a server that shows it."""

from __future__ import annotations

import json
import socket
from threading import Thread
from typing import TYPE_CHECKING, Any, Self

import httpx

from switchgear.core.policy.fallback import last_good
from switchgear.gear import Switchgear
from switchgear.observe.history import HistoryReader, HistoryWriter, snapshot_of
from switchgear.server import GearSource, HistorySource, serve
from switchgear.testing import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from switchgear.server import LogSource

RESET = "connection reset by peer"
SOURCES = ("memory", "history", "other")
"""Where a server reads: a gear's memory, a gear's own history, the history of another process."""


class House:
    """A gear on a fake clock, with a server in front of it; a context manager."""

    def __init__(self, where: str, folder: Path) -> None:
        self.clock = FakeClock()
        self.gear = Switchgear(clock=self.clock)
        self._left: dict[tuple[str, str], int] = {}
        # The memory of good values goes by function: each key has one for the whole story.
        self._functions: dict[tuple[str, str], Callable[[], int]] = {}
        self._where = where
        self._path = folder / "log.db"
        if where != "memory":
            self._writer = HistoryWriter(self._path, self.clock)
            self.gear.history = self._writer
            self.gear.hub.attach(self._writer)
        self.server = serve(self._source(), port=0)
        self.http = httpx.Client(base_url=self.server.url, timeout=10)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()
        self.server.close()
        if self._where == "other":
            self.gear.history = None
            self._writer.close()
        self.gear.close()

    def _source(self) -> LogSource:
        if self._where == "memory":
            return GearSource(self.gear)
        if self._where == "history":
            return GearSource(self.gear, HistoryReader(self._path, self.clock))
        return HistorySource(self._path, self.clock)

    def tell(self) -> None:
        """A price served, a balance retried, an order book that breaks, and a price from memory."""
        self.call("binance", "get_market_price")
        self.call("binance", "get_account_balance", fails=1)
        self.trouble()
        self.keep()

    def trouble(self) -> None:
        """An order method that breaks, and a price from memory."""
        self.gear.reset("binance", "create_order", by="a test")
        self.gear.reset("coinbase", "get_market_price", by="a test")
        for _ in range(4):
            self.call("binance", "create_order", fails=1)
        self.call("coinbase", "get_market_price", fallback=last_good(60))
        self.call("coinbase", "get_market_price", fails=9, fallback=last_good(60))

    def keep(self) -> None:
        """Hand everything to where the server reads."""
        self.gear.flush()
        if self._where != "memory":
            now = self.clock.wall()
            views = self.gear.circuits()
            self._writer.snapshot(
                snapshot_of(view, self.gear.metrics(*view.key), now) for view in views
            )
            self._writer.flush()

    def call(self, exchange: str, method: str, *, fails: int = 0, fallback: object = None) -> None:
        """One call of 12 ms whose first attempts fail."""
        self._left[exchange, method] = fails
        function = self._functions.setdefault((exchange, method), self._function(exchange, method))
        guarded = self.gear.guarded(exchange, method, fallback=fallback)
        # In a thread: a browser's test runs inside an event loop, where a call must not wait to retry.
        _in_thread(lambda: guarded.try_call_sync(function))
        self.clock.advance(1.0)

    def _function(self, exchange: str, method: str) -> Callable[[], int]:
        def function() -> int:
            self.clock.advance(0.012)
            self._left[exchange, method] -= 1
            if self._left[exchange, method] >= 0:
                raise ConnectionResetError(RESET)
            return 1

        return function

    def get(self, path: str, status: int = 200, **params: Any) -> Any:
        """The JSON of an answer that has this status."""
        answer = self.http.get(f"/api/v1/{path}", params=params)
        assert answer.status_code == status, answer.text
        return answer.json()

    def logs(self, **params: Any) -> list[dict[str, Any]]:
        """The records that a filter finds."""
        found: list[dict[str, Any]] = self.get("logs", **params)["records"]
        return found

    def post(self, path: str, body: object, **headers: str) -> httpx.Response:
        """The answer to a JSON body."""
        head = {"content-type": "application/json", **headers}
        return self.http.post(f"/api/v1/{path}", content=json.dumps(body), headers=head)

    def raw(self, request: str) -> str:
        """The status line and head of an answer to exactly these lines."""
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=10) as wire:
            wire.sendall(request.replace("\n", "\r\n").encode("latin-1"))
            return wire.recv(65_536).decode("latin-1")


def _in_thread(function: Callable[[], object]) -> None:
    thread = Thread(target=function)
    thread.start()
    thread.join()
