"""Owns a running practice server for tests, with a client that signs and keeps its connections."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Self

import aiohttp

from switchgear.practice.sim.server import Sim
from switchgear.testing.clock import FakeClock
from tests.practice.kit import MARKET, ORDER, Reply, signed_query

if TYPE_CHECKING:
    from collections.abc import Mapping


class Station:
    """A Sim on a clock that stands still, reached over real sockets."""

    def __init__(self, seed: int = 1, venue: str = "binance") -> None:
        self.clock = FakeClock(autojump=False)
        self.sim = Sim(seed, self.clock, venue=venue)

    async def __aenter__(self) -> Self:
        await self.sim.start()
        self.session = aiohttp.ClientSession()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.session.close()
        await self.sim.stop()

    async def call(self, method: str, url: str, **more: Any) -> Reply:
        """A plain call of a path of the main port, or of a whole address."""
        whole = url if url.startswith("http") else self.sim.base_url + url
        async with self.session.request(method, whole, **more) as answer:
            body = await answer.read()
            is_json = bool(body) and answer.content_type == "application/json"
            value = json.loads(body) if is_json else body.decode()
            return Reply(answer.status, value, answer.headers)

    async def order(self, name: str, shape: Mapping[str, str] = MARKET) -> Reply:
        """A new order with this client order id."""
        now_ms = int(self.clock.wall().timestamp() * 1000)
        query = signed_query(now_ms, **shape, newClientOrderId=name)
        return await self.call("POST", f"{ORDER}?{query}", headers={"X-MBX-APIKEY": self.sim.key})

    async def booked(self) -> list[str]:
        """The client order ids in the ledger, by the control port."""
        state = await self.call("GET", f"{self.sim.control_url}/_sim/state")
        return [order["client_order_id"] for order in state.json["orders"]]
