"""Proves the practice Alpaca over a real socket: what a client meets, and what a fault leaves behind."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import aiohttp
import pytest
from yarl import URL

from switchgear.practice.sim.server import Sim, SimThread
from switchgear.testing.clock import FakeClock
from tests.practice.alpaca.kit import COIN_LOW, COIN_MARKET

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.anyio


class Shop:
    """A running practice Alpaca on a clock that stands still, and a client with its keys."""

    def __init__(self, sim: Sim, session: aiohttp.ClientSession) -> None:
        self.sim = sim
        self._session = session

    async def call(self, method: str, path: str, **more: Any) -> tuple[int, str]:
        """Status and body of one call."""
        url = URL(self.sim.base_url + path, encoded=True)
        async with self._session.request(method, url, **more) as answer:
            return answer.status, await answer.text()


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    """A shop that nothing has happened in."""
    async with Sim(clock=FakeClock(autojump=False), venue="alpaca") as sim:
        keys = {"APCA-API-KEY-ID": sim.key, "APCA-API-SECRET-KEY": sim.secret}
        async with aiohttp.ClientSession(headers=keys) as session:
            yield Shop(sim, session)


async def test_an_order_lives_over_the_wire(shop: Shop) -> None:
    """Placed, found by either id, canceled with an empty 204, and seen by the control."""
    status, text = await shop.call("POST", "/v2/orders", json={**COIN_LOW, "client_order_id": "a"})
    order = json.loads(text)
    assert (status, order["status"]) == (200, "new")
    by_name = await shop.call("GET", "/v2/orders:by_client_order_id?client_order_id=a")
    assert by_name == await shop.call("GET", f"/v2/orders/{order['id']}") == (200, text)
    assert await shop.call("DELETE", f"/v2/orders/{order['id']}") == (204, "")
    state = shop.sim.state()
    assert (state["venue"], state["orders"][0]["status"]) == ("alpaca", "CANCELED")
    assert state["requests"] == {"order.create": 1, "order.get": 2, "order.cancel": 1}


@pytest.mark.parametrize("path", ["BTC/USD", "BTC%2FUSD"])
async def test_a_slash_in_a_path_may_be_escaped_or_not(shop: Shop, path: str) -> None:
    """Clients do it both ways."""
    status, text = await shop.call("GET", f"/v2/assets/{path}")
    assert (status, json.loads(text)["symbol"]) == (200, "BTC/USD")


async def test_a_lost_answer_is_found_again(shop: Shop) -> None:
    """The order was booked, its name is taken, and the look-up tells it."""
    rule = {"match": "order.create", "action": "reset_after", "count": 1}
    shop.sim.add_faults(rule)
    body = {**COIN_MARKET, "client_order_id": "a"}
    with pytest.raises(aiohttp.ClientError):
        await shop.call("POST", "/v2/orders", json=body)
    assert shop.sim.state()["lost_answers"][0]["client_order_id"] == "a"
    again = await shop.call("POST", "/v2/orders", json=body)
    assert again == (422, '{"code":40010001,"message":"client_order_id must be unique"}')
    _, text = await shop.call("GET", "/v2/orders:by_client_order_id?client_order_id=a")
    assert json.loads(text)["status"] == "filled"


async def test_a_fault_answers_in_the_venues_words(shop: Shop) -> None:
    """With the headers that every answer has."""
    shop.sim.add_faults({"match": "account", "action": "answer", "status": 503})
    assert await shop.call("GET", "/v2/account") == (
        503,
        '{"code":50310000,"message":"service unavailable"}',
    )


def test_a_thread_serves_it_to_sync_programs() -> None:
    """SimThread takes the venue by name, and tells its keys."""
    with SimThread(venue="alpaca") as sim:
        assert (sim.venue, sim.key[:2], len(sim.key)) == ("alpaca", "PK", 20)
        url = f"{sim.base_url}/v1beta3/crypto/us/latest/trades?symbols=BTC%2FUSD"
        with urlopen(url) as answer:
            assert list(json.loads(answer.read())["trades"]) == ["BTC/USD"]
