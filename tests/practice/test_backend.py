"""Proves the practice backend: the same ledger as the venue's, behind the guide's paths."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from yarl import URL

from tests.practice.kit import MARKET
from tests.practice.station import Station

pytestmark = pytest.mark.anyio
BUY = {"symbol": "BTC/USDT", "side": "buy", "type": "market", "quantity": "0.5"}


@pytest.mark.parametrize("name", ["BTCUSDT", "BTC-USDT", "BTC%2FUSDT", "btc-usdt"])
async def test_a_price_by_any_spelling(station: Station, name: str) -> None:
    """The price is the venue's, as decimal text."""
    url = URL(f"{station.sim.base_url}/prices/{name}", encoded=True)
    async with station.session.get(url) as answer:
        price = (await answer.json())["price"]
    venue = await station.call("GET", "/api/v3/ticker/price?symbol=BTCUSDT")
    assert Decimal(price) == Decimal(venue.json["price"])


async def test_a_price_of_nothing_is_404(station: Station) -> None:
    """A symbol that is not traded is named."""
    reply = await station.call("GET", "/prices/DOGE-USDT")
    assert (reply.status, reply.json) == (
        404,
        {"error": {"message": "symbol 'DOGE-USDT' is not traded"}},
    )


async def test_the_portfolio_is_the_accounts(station: Station) -> None:
    """What the account holds is told, and valued at the prices now."""
    portfolio = (await station.call("GET", "/portfolio")).json["portfolio"]
    values = [Decimal(held["value"]) for held in portfolio["positions"]]
    assert [held["asset"] for held in portfolio["positions"]] == ["BTC", "ETH"]
    assert portfolio["cash"] == "100000"
    assert Decimal(portfolio["total_value"]) == 100_000 + sum(values)
    await station.order("a", {**MARKET, "quantity": "0.5"})
    after = (await station.call("GET", "/portfolio")).json["portfolio"]
    assert after["positions"][0]["quantity"] == "1.4995"


@pytest.mark.parametrize("name", ["client_order_id", "clientOrderId"])
async def test_an_order_is_booked_on_the_venues_ledger(station: Station, name: str) -> None:
    """The client order id is kept, and the state tells which way the order came."""
    reply = await station.call("POST", "/orders", json={**BUY, name: "a"})
    assert (reply.json["order"]["client_order_id"], reply.json["order"]["status"]) == (
        "a",
        "FILLED",
    )
    order = station.sim.state()["orders"][0]
    assert (order, order["via"]) == (reply.json["order"], "backend")


async def test_an_id_in_use_is_refused_whichever_way_it_came(station: Station) -> None:
    """One duplicate rule holds for venue and backend."""
    limit = {**BUY, "type": "LIMIT", "price": "10000", "client_order_id": "a"}
    assert (await station.call("POST", "/orders", json=limit)).json["order"]["status"] == "NEW"
    assert (await station.order("a")).error == (400, -2010, "Duplicate order sent.")
    reply = await station.call("POST", "/orders", json=limit)
    assert (reply.status, reply.json["error"]["code"]) == (400, -2010)
    assert [each["via"] for each in station.sim.state()["refused"]] == ["binance", "backend"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"symbol": "DOGE"}, "Invalid symbol."),
        ({"side": "hold"}, "side is 'hold', it must be one of BUY, SELL"),
        ({"side": None}, "side is None, it must be one of BUY, SELL"),
        ({"type": "stop"}, "type is 'stop', it must be one of LIMIT, LIMIT_MAKER, MARKET"),
        ({"quantity": None}, "quantity is None, it must be a number above 0"),
        ({"quantity": "NaN"}, "quantity is 'NaN', it must be a number above 0"),
        ({"quantity": -1}, "quantity is -1, it must be a number above 0"),
        ({"quantity": "many"}, "quantity is 'many', it must be a number above 0"),
        ({"type": "limit"}, "price is None, it must be a number above 0"),
        ({"client_order_id": "a b"}, "client_order_id is 'a b', it must match"),
        ({"quantity": "0.000001"}, "Filter failure: LOT_SIZE"),
        ({"quantity": "90"}, "Account has insufficient balance"),
    ],
)
async def test_a_wrong_order_says_what_is_wrong(
    station: Station, change: dict[str, Any], words: str
) -> None:
    """Field, value and what is allowed; nothing is booked."""
    reply = await station.call("POST", "/orders", json={**BUY, **change})
    assert reply.status == 400
    assert reply.json["error"]["message"].startswith(words)
    assert station.sim.state()["orders"] == []


async def test_a_body_that_is_no_object_is_refused(station: Station) -> None:
    """The backend reads a JSON object."""
    for body in (b"", b"[]", b"{"):
        reply = await station.call("POST", "/orders", data=body)
        assert reply.json["error"]["message"].startswith("the body must be a JSON object")


async def test_the_backends_port_is_faulted_by_its_own_name(station: Station) -> None:
    """Faults of backend endpoints hold on the backend's port, which serves nothing of the venue."""
    station.sim.add_faults({"match": "backend.*", "action": "html", "status": 502, "count": 1})
    url = f"{station.sim.backend_url}/portfolio"
    assert [(await station.call("GET", url)).status for _ in range(2)] == [502, 200]
    assert (await station.call("GET", f"{station.sim.backend_url}/api/v3/ping")).status == 404


async def test_an_injected_answer_has_the_backends_form(station: Station) -> None:
    """A fault on the backend speaks as the backend does, without the venue's headers."""
    station.sim.add_faults(
        {"match": "backend.*", "action": "answer", "status": 503, "msg": "Down."}
    )
    reply = await station.call("GET", "/portfolio")
    assert (reply.status, reply.json) == (503, {"error": {"code": -1008, "message": "Down."}})
    assert not any(name.startswith("X-MBX") for name in reply.headers)
