"""Proves the practice Coinbase over real sockets: host, limits, faults and lost answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from switchgear.practice.sim.server import Sim, SimThread
from switchgear.testing.clock import FakeClock
from tests.practice.coinbase.kit import ORDERS, RESTING, V3, token, token_parts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

BODY = {"client_order_id": "a", "product_id": "BTC-USD", "side": "BUY"}
ORDER = {**BODY, "order_configuration": RESTING}


class Station:
    """A Sim on a clock that stands still, and a client that signs for the host it calls."""

    def __init__(self, sim: Sim, clock: FakeClock, session: aiohttp.ClientSession) -> None:
        self.sim = sim
        self.clock = clock
        self.session = session

    async def call(self, method: str, path: str, body: Any = None) -> tuple[int, str, Any]:
        """Status, body and headers of a signed call."""
        now_s = int(self.clock.wall().timestamp())
        head, claims = token_parts(self.sim.key, method, path, now_s)
        claims["uri"] = f"{method} {urlsplit(self.sim.base_url).netloc}{path}"
        headers = {"Authorization": f"Bearer {token(self.sim.secret, head, claims)}"}
        url = self.sim.base_url + path
        async with self.session.request(method, url, json=body, headers=headers) as answer:
            return answer.status, await answer.text(), answer.headers


@pytest.fixture
async def station() -> AsyncIterator[Station]:
    """A practice server, and a client of it."""
    clock = FakeClock(autojump=False)
    async with Sim(1, clock, venue="coinbase") as sim, aiohttp.ClientSession() as session:
        yield Station(sim, clock, session)


@pytest.mark.anyio
async def test_an_order_over_a_socket(station: Station) -> None:
    """Placed, found and cancelled by a token that names the host of the door; limits are told."""
    status, text, headers = await station.call("POST", ORDERS, ORDER)
    assert (status, headers["X-RateLimit-Remaining"]) == (200, "29")
    order_id = json.loads(text)["success_response"]["order_id"]
    _, text, _ = await station.call("GET", f"{ORDERS}/historical/{order_id}", {})
    assert json.loads(text)["order"]["status"] == "OPEN"
    await station.call("POST", f"{ORDERS}/batch_cancel", {"order_ids": [order_id]})
    assert station.sim.state()["orders"][0]["status"] == "CANCELED"


@pytest.mark.anyio
async def test_nobody_is_told_in_plain_text(station: Station) -> None:
    """A call without a token is answered with one word, and no JSON."""
    async with station.session.get(f"{station.sim.base_url}{V3}/accounts") as answer:
        assert (answer.status, answer.content_type) == (401, "text/plain")
        assert await answer.text() == "Unauthorized"


@pytest.mark.anyio
async def test_an_order_whose_answer_is_lost_is_found_by_asking_again(station: Station) -> None:
    """The connection breaks after the booking; the same id answers with the order that exists."""
    rule = {"match": "order.create", "action": "reset_after", "count": 1}
    station.sim.add_faults(rule)
    with pytest.raises(aiohttp.ClientError):
        await station.call("POST", ORDERS, ORDER)
    status, text, _ = await station.call("POST", ORDERS, ORDER)
    state = station.sim.state()
    assert (status, json.loads(text)["success"]) == (200, True)
    assert [each["client_order_id"] for each in state["orders"]] == ["a"]
    assert [each["client_order_id"] for each in state["lost_answers"]] == ["a"]


@pytest.mark.anyio
async def test_a_fault_answers_in_the_venues_words(station: Station) -> None:
    """An outage after the booking reads like one, and the order exists."""
    rule = {"match": "POST */orders", "action": "answer", "status": 503, "booked": True}
    station.sim.add_faults(rule)
    status, text, _ = await station.call("POST", ORDERS, ORDER)
    assert (status, json.loads(text)["error"]) == (503, "UNAVAILABLE")
    assert len(station.sim.state()["orders"]) == 1


def test_a_thread_gives_the_key_and_its_secret() -> None:
    """What both clients of others take: a key's name, and a key pair as PEM text."""
    with SimThread(venue="coinbase") as sim:
        assert (sim.venue, sim.key[:14]) == ("coinbase", "organizations/")
        assert sim.secret.startswith("-----BEGIN EC PRIVATE KEY-----\n")
