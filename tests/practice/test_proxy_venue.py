"""Proves on the practice venue what a broken wire means for an order: booked, or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from switchgear.practice.sim.proxy import Proxy
from tests.practice.kit import MARKET, ORDER, signed_query

if TYPE_CHECKING:
    from tests.practice.station import Station

pytestmark = pytest.mark.anyio
HIT = {"match": f"POST {ORDER}"}


@pytest.mark.parametrize(
    ("rule", "booked"),
    [
        ({"action": "reset", "side": "request"}, []),
        ({"action": "reset", "side": "request", "at_byte": 1_000_000}, []),
        ({"action": "reset", "side": "answer"}, ["a"]),
        ({"action": "cut", "at_byte": 40}, ["a"]),
        ({"action": "refuse", "duration_s": 1}, []),
        (None, ["a"]),
    ],
    ids=lambda part: str(part)[:40],
)
async def test_an_order_over_a_broken_wire(
    station: Station, rule: dict[str, Any] | None, booked: list[str]
) -> None:
    """The ledger holds the order exactly when its answer was the thing that broke."""
    port = int(station.sim.base_url.rpartition(":")[2])
    async with Proxy("127.0.0.1", port, clock=station.clock, seed=1) as proxy:
        proxy.add([] if rule is None else {**HIT, **rule})
        ping = await station.call("GET", f"{proxy.url}/api/v3/ping")
        now_ms = int(station.clock.wall().timestamp() * 1000)
        query = signed_query(now_ms, **MARKET, newClientOrderId="a")
        headers = {"X-MBX-APIKEY": station.sim.key}
        try:
            order = await station.call("POST", f"{proxy.url}{ORDER}?{query}", headers=headers)
        except aiohttp.ClientError:
            assert rule is not None
        else:
            assert (rule, order.status) == (None, 200)
        assert (ping.status, await station.booked()) == (200, booked)
        assert proxy.state()["connections"] == 1
