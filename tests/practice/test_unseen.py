"""Proves the lag between booking and looking up: an order is there, and nobody finds it yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from switchgear.practice.sim.messages import Request
from switchgear.practice.sim.practice import STRAIGHT, Bent
from tests.practice.alpaca.kit import COIN_LOW, KEYS
from tests.practice.alpaca.kit import Desk as AlpacaDesk
from tests.practice.coinbase.kit import ORDERS, RESTING
from tests.practice.coinbase.kit import Desk as CoinbaseDesk
from tests.practice.kit import RESTING as BINANCE_RESTING
from tests.practice.kit import Desk, signed_query
from tests.practice.station import Station

if TYPE_CHECKING:
    from switchgear.practice.sim.messages import Answer

pytestmark = pytest.mark.anyio
RULE = {"match": "order*", "action": "unseen", "for_s": 3}
LAG = Bent(unseen_s=3)


async def test_binance_finds_an_order_only_when_it_is_old_enough(station: Station) -> None:
    """Look-up and cancel say unknown, the list is empty; the ledger has it, and a second one is refused."""
    station.sim.add_faults(RULE)
    assert (await station.order("a", BINANCE_RESTING)).status == 200
    assert (await station.order("a", BINANCE_RESTING)).error[1] == -2010
    assert (await looked_up(station, "GET")).error[1] == -2013
    assert (await looked_up(station, "DELETE")).error[1] == -2011
    assert (await looked_up(station, "GET", "/api/v3/openOrders", name="")).json == []
    assert (await looked_up(station, "GET", "/api/v3/allOrders", name="")).json == []
    assert await station.booked() == ["a"]
    station.clock.advance(3)
    assert (await looked_up(station, "GET")).json["status"] == "NEW"
    assert len((await looked_up(station, "GET", "/api/v3/openOrders", name="")).json) == 1
    assert (await looked_up(station, "DELETE")).json["status"] == "CANCELED"
    assert station.sim.state()["faults"] == {"unseen": 9}


async def looked_up(
    station: Station, method: str, path: str = "/api/v3/order", name: str = "a"
) -> Any:
    """A signed call that names an order, or none."""
    now_ms = int(station.clock.wall().timestamp() * 1000)
    named = {"origClientOrderId": name} if name else {}
    query = signed_query(now_ms, symbol="BTCUSDT", **named)
    keyed = {"X-MBX-APIKEY": station.sim.key}
    return await station.call(method, f"{path}?{query}", headers=keyed)


def test_what_holds_money_lags_not(desk: Desk) -> None:
    """The account tells what an unseen order keeps back, and the rule is over with its request."""
    desk.order(BINANCE_RESTING)
    query = signed_query(desk.now_ms)
    keyed = {"X-MBX-APIKEY": desk.practice.venue.credentials["key"]}
    seen = [
        desk.practice.handle(Request("GET", path, query, b"", keyed), bent).body
        for path in ("/api/v3/account", "/api/v3/openOrders")
        for bent in (LAG, STRAIGHT)
    ]
    assert seen[0] == seen[1]
    assert (seen[2], seen[3] == b"[]") == (b"[]", False)


def test_alpaca_and_coinbase_lag_alike() -> None:
    """By id, by name, in the list and at a cancel an order is not there, and then it is."""
    alpaca, coinbase = AlpacaDesk(), CoinbaseDesk()
    order_id = alpaca.order(COIN_LOW, client_order_id="a").json["id"]

    def at_alpaca(method: str, path: str, query: str = "") -> Answer:
        return alpaca.practice.handle(Request(method, path, query, b"", KEYS), LAG)

    theirs = coinbase.order(RESTING).json["success_response"]["order_id"]
    path = f"{ORDERS}/historical/{theirs}"

    def at_coinbase() -> int:
        keyed = {"Host": "127.0.0.1:9100", "Authorization": coinbase.bearer("GET", path)}
        return coinbase.practice.handle(Request("GET", path, "", b"", keyed), LAG).status

    named = ("GET", "/v2/orders:by_client_order_id", "client_order_id=a")
    one, every = f"/v2/orders/{order_id}", ("GET", "/v2/orders")
    assert [at_alpaca("GET", one).status, at_alpaca(*named).status] == [404, 404]
    assert (at_alpaca("DELETE", one).status, at_alpaca(*every).body) == (404, b"[]")
    assert at_coinbase() == 404
    alpaca.clock.advance(3)
    coinbase.clock.advance(3)
    assert [at_alpaca("GET", one).status, at_alpaca(*named).status] == [200, 200]
    assert at_alpaca(*every).body != b"[]"
    assert (at_alpaca("DELETE", one).status, at_coinbase()) == (204, 200)
