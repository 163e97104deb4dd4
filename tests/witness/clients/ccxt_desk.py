"""
Owns a desk with a journal at exchanges of ccxt of whose rules nothing is known: `ccxt_desk.py EXCHANGE`.

Prints one JSON object: for each scenario how it ended, the intent's states, and how many orders the server was sent.
"""

from __future__ import annotations

import asyncio
import json
import sys
from decimal import Decimal
from importlib import import_module
from typing import Any

import switchgear as sg
from switchgear.exchange import CcxtApi, OrderRequest, OrderType, Side
from switchgear.order import IntentQuery, Journal, JournalDesk, MemoryStore
from switchgear.order.journal import InlineCommitter
from switchgear.testing import FakeClock
from tests.witness.clients.ccxt_venues import CUT, VENUES, Server
from tests.witness.clients.ccxt_wrapped import Side as Wrapped

# The package is in the witness environment, not in the one that checks types.
load: Any = import_module


class Stand:
    """An exchange that answers by script, and a desk before it."""

    def __init__(self, name: str, runner: asyncio.Runner) -> None:
        self.name, self.server = name, Server()
        self.side = Wrapped(name, "async", self.server, runner)
        self.server.usual = self.usual
        self.orders: list[str] = []
        """Client order ids of what stands at the exchange."""
        self.gear = sg.Switchgear(clock=FakeClock())
        self.api = CcxtApi(self.gear, self.side.exchange)
        self.store = MemoryStore()
        clock, emit = self.gear.clock, self.gear.hub.emit
        journal = Journal(self.store, clock, emit, committer=InlineCommitter(self.store), who="me")
        self.desk = JournalDesk(self.api, journal, deadline_s=20)

    def usual(self, verb: str, path: str) -> Any:
        """Lists have what stands there; all else is well."""
        if "pending" in path or "OpenOrders" in path:
            return 200, self.listed(), {}
        if "orders-history" in path or "ClosedOrders" in path:
            empty: Any = {"code": "0", "data": []}
            return 200, empty if self.name == "okx" else {"error": [], "result": {"closed": {}}}, {}
        status, value, headers = self.side.usual(verb, path)
        if self.name == "okx" and verb == "POST":
            value = {"code": "0", "data": [{"ordId": "5", "clOrdId": self.sent_name, "sCode": "0"}]}
        return status, value, headers

    @property
    def sent_name(self) -> str:
        """The client order id in the newest request."""
        body = json.loads(self.server.seen[-1].rpartition(" ")[2])
        return str(body[0]["clOrdId"])

    def listed(self) -> Any:
        """The open orders, in the exchange's own words."""
        if self.name == "okx":
            return {
                "code": "0",
                "data": [
                    {
                        "instId": "BTC-USDT",
                        "ordId": "5",
                        "clOrdId": name,
                        "side": "buy",
                        "ordType": "limit",
                        "state": "live",
                        "sz": "0.01",
                        "px": "50000",
                        "accFillSz": "0",
                        "cTime": "1",
                    }
                    for name in self.orders
                ],
            }
        described = {"pair": "XXBTZUSD", "type": "buy", "ordertype": "limit", "price": "50000"}
        order = {
            "status": "open",
            "opentm": 1.0,
            "descr": described,
            "vol": "0.01",
            "vol_exec": "0",
        }
        return {
            "error": [],
            "result": {"open": {f"O{name}": {**order, "cl_ord_id": name} for name in self.orders}},
        }

    @property
    def request(self) -> OrderRequest:
        """A limit order."""
        amounts = Decimal("0.01"), Decimal(50_000)
        return OrderRequest(self.side.symbol, Side.BUY, OrderType.LIMIT, *amounts)

    @property
    def sent(self) -> int:
        """Requests that placed an order."""
        places = ("/trade/order", "/trade/batch-orders", "AddOrder")
        return sum(
            any(place in one for place in places) and one.startswith("POST")
            for one in self.server.seen
        )

    @property
    def states(self) -> list[str]:
        """Of the newest intent."""
        (intent, *_) = self.store.query(IntentQuery())
        return [move.new.value for move in self.store.moves(intent.intent_id)]

    async def tried(self, work: Any) -> Any:
        """How it ended."""
        try:
            order = await work
        except sg.SwitchgearError as error:
            return type(error).__name__
        return None if order is None else order.client_order_id != ""


async def well(stand: Stand) -> Any:
    """Nothing happens."""
    return await stand.tried(stand.desk.submit(stand.request))


async def found(stand: Stand) -> Any:
    """The answer is cut, and the order stands in the list."""
    name = stand.desk.name_of("k")
    stand.server.script = [CUT]
    stand.orders = [name]
    named = OrderRequest(
        stand.side.symbol,
        Side.BUY,
        OrderType.LIMIT,
        Decimal("0.01"),
        Decimal(50_000),
        client_order_id=name,
    )
    return await stand.tried(stand.desk.submit(named))


async def unknown_for_long(stand: Stand) -> Any:
    """The answer is cut and the order is nowhere; much later it comes to light."""
    stand.server.script = [CUT]
    ends = [await stand.tried(stand.desk.submit(stand.request))]
    for _ in range(30):
        await stand.gear.clock.sleep_async(await stand.desk.reconciler.round())
    (intent,) = stand.store.query(IntentQuery())
    ends.append(intent.state.value)
    stand.orders = [intent.client_order_id]
    ends.append(await stand.tried(stand.desk.resolve(intent.symbol, intent.client_order_id)))
    return ends


async def refused(stand: Stand) -> Any:
    """A definite no."""
    said: dict[str, Any] = {
        "kraken": {"error": ["EOrder:Insufficient funds"]},
        "okx": {
            "code": "1",
            "data": [{"sCode": "51008", "sMsg": "Insufficient balance", "clOrdId": "x"}],
        },
    }
    stand.server.script = [(200, said[stand.name], {})]
    return await stand.tried(stand.desk.submit(stand.request))


def main(name: str) -> None:
    """Each scenario with everything new."""
    assert name in VENUES
    told: dict[str, Any] = {}
    with asyncio.Runner() as runner:
        for scenario in (well, found, unknown_for_long, refused):
            stand = Stand(name, runner)
            end = runner.run(scenario(stand))
            told[scenario.__name__] = {"end": end, "states": stand.states, "sent": stand.sent}
            stand.side.close()
            stand.gear.close()
    print(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
