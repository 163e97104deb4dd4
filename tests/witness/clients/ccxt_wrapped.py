"""
Owns one exchange of ccxt, bare and guarded, before a server that answers by script: `ccxt_wrapped.py EXCHANGE COLOUR`.

Prints one JSON object: for each scenario what the bare exchange and the guarded one made of it, and how many requests
the server saw. What must come of it is said by the test that runs this.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import TYPE_CHECKING, Any

import switchgear as sg
from switchgear.testing import FakeClock
from tests.witness.clients.ccxt_venues import CUT, KEYS, VENUES, Reply, Server

if TYPE_CHECKING:
    from collections.abc import Callable

# The package is in the witness environment, not in the one that checks types.
ccxt: Any = import_module("ccxt")
MODULES = {"sync": "ccxt", "async": "ccxt.async_support", "pro": "ccxt.pro"}

IN_FLIGHT = 50


class Side:
    """One exchange object, bare or guarded, in one colour."""

    def __init__(self, name: str, colour: str, server: Server, runner: asyncio.Runner) -> None:
        self.name, self.colour, self.server, self.runner = name, colour, server, runner
        self.venue = VENUES[name]
        self.symbol, self.market_id = self.venue["market"]
        self.is_async = colour != "sync"
        self.module: Any = import_module(MODULES[colour])
        self.exchange = runner.run(self._made()) if self.is_async else self.make()
        self.gear: sg.Switchgear | None = None
        self.clock = FakeClock()
        server.usual = self.usual

    async def _made(self) -> Any:
        return self.make()

    def make(self) -> Any:
        """An exchange as its users make it, with its addresses here and one market."""
        url = self.server.url + self.venue["path"]
        made = getattr(self.module, self.name)(
            {
                **KEYS,
                "enableRateLimit": False,
                "urls": {"api": dict.fromkeys(self.venue["api"], url)},
            }
        )
        base, quote = self.symbol.split("/")
        market = {
            "id": self.market_id,
            "symbol": self.symbol,
            "base": base,
            "quote": quote,
            "baseId": base,
            "quoteId": quote,
            "type": "spot",
            "spot": True,
            "active": True,
            "precision": {"amount": 1e-8, "price": 1e-8},
            "info": {"altname": self.market_id, "orderTypes": ["LIMIT", "MARKET"]},
        }
        made.set_markets([made.safe_market_structure(market)])
        return made

    def guard(self) -> Side:
        """Put a guard round it."""
        self.gear = sg.Switchgear(clock=self.clock)
        kind = getattr(self.module, self.name)
        assert self.gear.wrap(self.exchange) is self.exchange
        assert isinstance(self.exchange, kind)
        return self

    def usual(self, verb: str, path: str) -> Reply:
        """All is well."""
        return 200, self.venue["order" if verb == "POST" and self._is_order(path) else "ticker"], {}

    def _is_order(self, path: str) -> bool:
        return "rder" in path

    def do(self, method: str, *args: Any) -> Any:
        """One call."""
        value = getattr(self.exchange, method)(*args)
        return self.runner.run(_awaited(value)) if inspect.isawaitable(value) else value

    def tried(self, method: str, *args: Any) -> dict[str, Any]:
        """How it ended: the value's id or price, or the names of the error's classes and what it tells."""
        return self.told(lambda: self.do(method, *args))

    def told(self, call: Callable[[], Any]) -> dict[str, Any]:
        """The same of any call."""
        before = len(self.server.seen)
        try:
            value = call()
        except Exception as error:  # noqa: BLE001  the test looks at every one
            found: dict[str, Any] = {"error": [cls.__name__ for cls in type(error).__mro__]}
            for name in ("client_order_id", "client_order_ids", "retry_after_s", "status"):
                if getattr(error, name, None) is not None:
                    found[name] = getattr(error, name)
        else:
            found = {"ok": _said(value, "id") or _said(value, "last")}
        return {**found, "requests": len(self.server.seen) - before}

    def order(self, *params: Any) -> dict[str, Any]:
        """One order."""
        return self.tried("create_order", self.symbol, "limit", "buy", 0.01, 50000, *params)

    def ticker(self) -> dict[str, Any]:
        """One read."""
        return self.tried("fetch_ticker", self.symbol)

    def close(self) -> None:
        """Let go."""
        if self.is_async and self.exchange.session is not None:
            # ccxt's own close waits for a quarter of a second.
            self.runner.run(self.exchange.session.close())
            self.exchange.session = None
        if self.gear is not None:
            self.gear.close()


def _said(value: Any, name: str) -> Any:
    """What a value says under a name; None of what is no dictionary."""
    return value.get(name) if hasattr(value, "get") else None


async def _awaited(value: Any) -> Any:
    return await value


# ---------------------------------------------------------------------------------- scenarios


def reads(side: Side) -> Any:
    """A read that goes well."""
    return side.ticker()


def a_read_fails_once(side: Side) -> Any:
    """503, then well."""
    side.server.script = [(503, "down", {})]
    return side.ticker()


def orders(side: Side) -> Any:
    """An order that goes well, with an id of the user's."""
    mine = (
        "6e0fd4a0-5b22-4cf4-9b12-0d3c6c1b7a11"
        if side.name in {"coinbase", "kraken"}
        else "mine0001"
    )
    told = side.order({"clientOrderId": mine})
    return {**told, "id sent": any(mine in one for one in side.server.seen)}


def an_order_without_an_id_of_the_users(side: Side) -> Any:
    """The body tells whether the exchange can be asked for it later."""
    return side.order()


def an_order_meets_524(side: Side) -> Any:
    """A status that ccxt knows nothing of."""
    side.server.script = [(524, "{}", {"Content-Type": "text/html"})]
    return side.order()


def an_order_meets_503(side: Side) -> Any:
    """It may have been booked."""
    side.server.script = [(503, "down", {})]
    return side.order()


def an_orders_answer_is_cut(side: Side) -> Any:
    """It may have been booked."""
    side.server.script = [CUT]
    return side.order()


def an_orders_answer_has_no_id(side: Side) -> Any:
    """A success by its status."""
    empty: dict[str, Any] = {
        "kraken": {"error": [], "result": {}},
        "okx": {"code": "0", "data": [{}]},
    }
    side.server.script = [(200, empty.get(side.name, {}), {})]
    return side.order()


def an_order_waits_too_long_for_its_turn(side: Side) -> Any:
    """Its deadline ends before anything is sent; bare it waits for nobody."""
    if side.gear is None:
        return side.order()
    gear = side.gear
    gear.configure(side.name, "create_order", max_in_flight=1, wait_s_max=60)
    one_before = gear.guarded(side.name, "create_order").attempt()
    if not side.is_async:
        with one_before:
            gear.configure(side.name, "create_order", deadline_s=5)
            return side.order()

    async def behind() -> Any:
        async with one_before:
            gear.configure(side.name, "create_order", deadline_s=5)
            order = asyncio.ensure_future(
                side.exchange.create_order(side.symbol, "limit", "buy", 0.01, 50000)
            )
            await asyncio.wait([order], timeout=0)  # until it stands in the queue
            side.clock.advance(6)
            return await order

    return side.told(lambda: side.runner.run(behind()))


def an_order_is_edited(side: Side) -> Any:
    """What becomes of an edit whose answer is lost, and which id it has."""
    side.server.script = [CUT]
    return side.tried("edit_order", "5", side.symbol, "limit", "buy", 0.01, 50000)


def orders_in_one_request(side: Side) -> Any:
    """Two, and the answer is lost: the error has the ids of both."""
    one = {"symbol": side.symbol, "type": "limit", "side": "buy", "amount": 0.01, "price": 50000}
    side.server.script = [CUT]
    return side.tried("create_orders", [one, one])


def a_preview(side: Side) -> Any:
    """Nothing is ordered; on Coinbase such a request may carry no id."""
    return side.order({"preview": True})


def nobody_listens(side: Side) -> Any:
    """Nothing of the order left."""
    side.server.http.shutdown()
    side.server.http.server_close()
    return side.order()


def a_limit_is_met(side: Side) -> Any:
    """429 with 30 seconds to wait, and a call right after it."""
    said = {"code": 42910000, "message": "rate limit exceeded"} if side.name == "alpaca" else {}
    side.server.script = [(429, said, {"Retry-After": "30"})]
    return [side.ticker(), side.ticker()]


def an_outage(side: Side) -> Any:
    """Ten reads, all 503."""
    side.server.usual = lambda _verb, _path: (503, "down", {})
    return [side.ticker() for _ in range(10)]


def many_in_flight(side: Side) -> Any:
    """Fifty at once, each with an answer of its own: whose error carries whose status."""
    statuses = [(400, 404, 503)[number % 3] for number in range(IN_FLIGHT)]
    if side.gear is not None:
        side.gear.configure("*", failure_threshold=1_000, retries=0)
        if side.name == "coinbase":  # it takes ten a second: here none may be held back
            side.gear.limit(side.name, "public_requests", 1e6)
    side.server.usual = lambda _verb, path: (int(path.rpartition("status=")[2][:3]), "{}", {})

    def status_of(error: BaseException) -> Any:
        return getattr(getattr(error, "response", None), "status", None)

    async def one(status: int) -> Any:
        try:
            await getattr(side.exchange, side.venue["endpoint"])({"status": status})
        except Exception as error:  # noqa: BLE001  as above
            return status_of(error)

    async def all_of_them() -> Any:
        return await asyncio.gather(*map(one, statuses))

    def sync(status: int) -> Any:
        try:
            getattr(side.exchange, side.venue["endpoint"])({"status": status})
        except Exception as error:  # noqa: BLE001  as above
            return status_of(error)

    if side.is_async:
        found = side.runner.run(all_of_them())
    else:
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(sync, statuses))
    return {"own status": sum(map(lambda a, b: a == b, found, statuses))}


def an_endpoint(side: Side) -> Any:
    """An implicit method, under its own name."""
    told = side.tried(side.venue["endpoint"])
    if side.gear is not None:
        name = side.venue["endpoint"]
        told["calls"] = side.gear.metrics(side.name, name).total_calls
    return told


def attributes(side: Side) -> Any:
    """What a program reads and sets."""
    side.exchange.own = "value"
    kinds = [cls.__name__ for cls in type(side.exchange).__mro__][-4:]
    return {
        "own": side.exchange.own,
        "markets": list(side.exchange.markets),
        "kind": type(side.exchange).__name__,
        "camel": side.exchange.fetchTicker.__name__,
        "mro": kinds,
    }


SCENARIOS = [
    reads,
    a_read_fails_once,
    orders,
    an_order_without_an_id_of_the_users,
    an_order_meets_524,
    an_order_meets_503,
    an_orders_answer_is_cut,
    an_orders_answer_has_no_id,
    an_order_waits_too_long_for_its_turn,
    an_order_is_edited,
    orders_in_one_request,
    a_preview,
    nobody_listens,
    a_limit_is_met,
    an_outage,
    many_in_flight,
    an_endpoint,
    attributes,
]


def main(name: str, colour: str) -> None:
    """Run every scenario twice, each time with everything new."""
    found: dict[str, dict[str, Any]] = {}
    with asyncio.Runner() as runner:
        for scenario in SCENARIOS:
            sides = found[scenario.__name__] = {}
            for kind in ("bare", "guarded"):
                side = Side(name, colour, Server(), runner)
                if kind == "guarded":
                    side.guard()
                sides[kind] = scenario(side)
                side.close()
    print(json.dumps({"ccxt": ccxt.__version__, "scenarios": found}))


if __name__ == "__main__":
    main(*sys.argv[1:])
