"""
Owns one exchange of ccxt asked for the same things bare and guarded: `ccxt_same.py EXCHANGE COLOUR [CHECKOUT]`.

Every unified method is called; with a checkout of ccxt's repository, its own request and response fixtures are run
instead, which no package of ccxt has. Below the guard stands a `fetch` that keeps what it is to send. Prints one JSON
object: what differs, for each case that does, and how many cases agree with each other and with the fixture.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, cast
from urllib.parse import parse_qsl, urlsplit

import switchgear as sg
from switchgear.core.policy.quota_tables import LIMITS
from switchgear.testing import FakeClock
from tests.witness.clients.ccxt_venues import KEYS, VENUES

# The package is in the witness environment, not in the one that checks types.
ccxt: Any = import_module("ccxt")
async_support: Any = import_module("ccxt.async_support")
methods: Any = import_module("switchgear.wrap.ccxt_methods")

NOW_MS = 1_700_000_000_000
DRAWN = {"uuid": 32, "uuid16": 16, "uuid22": 22}
"""Methods of ccxt that draw a text of so many letters; here it is always the same."""
GIVEN: dict[str, Any] = {
    "id": "123",
    "ids": ["123"],
    "type": "limit",
    "side": "buy",
    "amount": 1,
    "price": 100,
    "cost": 10,
    "timeframe": "1h",
    "code": "BTC",
    "fromCode": "BTC",
    "toCode": "USDT",
    "fromAccount": "spot",
    "toAccount": "funding",
    "address": "an-address-of-forty-two-characters-0123456",
    "leverage": 2,
    "marginMode": "cross",
    "hedged": False,
    "triggerPrice": 90,
    "stopLossPrice": 90,
    "takeProfitPrice": 110,
    "trailingPercent": 1,
    "trailingAmount": 1,
    "clientOrderId": "mine0001",
    "paymentId": "1",
    "since": None,
    "timeout": 1000,
}
"""Arguments by the names that ccxt gives them."""
ORDER_IDS = frozenset(
    {"clientOrderId", "client_order_id", "cl_ord_id", "clOrdId", "newClientOrderId", "clientAlgoId"}
    | {"tag"}  # okx: ccxt's own mark, which goes with an id of its own
)
"""Ours where the user gave none, instead of one that ccxt draws; the signature is of them."""
SIGNED = frozenset({"signature", "timestamp", "recvWindow", "nonce"})


class Case(NamedTuple):
    """A call, what is answered to it, and what a fixture says of it."""

    method: str
    args: list[Any]
    answer: Any = None
    options: dict[str, Any] | None = None
    skipped: frozenset[str] = frozenset()
    """Names that the fixture does not compare."""
    request: tuple[str, Any] | None = None
    """The address and body that the fixture has."""
    parsed: Any = None
    """The value that the fixture has."""


class Came(NamedTuple):
    """What came of a call."""

    sent: list[Any]
    value: Any
    errors: list[str]


def made(name: str, colour: str, symbols: list[str]) -> Any:
    """An exchange that sends nothing."""
    base = getattr(async_support if colour == "async" else ccxt, name)

    def still(value: Any) -> Any:
        def said(_self: Any, _length: int = 0) -> Any:
            return value

        return said

    body = {name: still("0" * length) for name, length in DRAWN.items()}
    body |= {"milliseconds": still(NOW_MS), "__module__": base.__module__}

    def kept(
        self: Any, url: str, method: str = "GET", headers: Any = None, body: Any = None
    ) -> Any:
        self.sent.append((method, url, body, sorted(headers or ())))
        if self.answer is not None:
            return self.answer
        return VENUES[name]["order"] if method == "POST" and "rder" in url else {}

    async def kept_async(self: Any, *args: Any, **kwargs: Any) -> Any:
        return kept(self, *args, **kwargs)

    body["fetch"] = kept_async if colour == "async" else kept
    exchange = type(name, (base,), body)({**KEYS, "enableRateLimit": False, "verbose": False})
    exchange.sent, exchange.answer = list[Any](), None
    exchange.set_markets([market(exchange, VENUES[name]["market"], each) for each in symbols])
    exchange.options["accountId"] = "1"
    return exchange


def market(exchange: Any, known: tuple[str, str], symbol: str) -> Any:
    """A market as `load_markets` would have made it."""
    base, quote = symbol.partition(":")[0].split("/")
    joint = known[1].replace(known[0].split("/")[0], "", 1)[: -len(known[0].split("/")[1])]
    its_id = known[1] if symbol == known[0] else f"{base}{joint}{quote}"
    return exchange.safe_market_structure(
        {
            "id": its_id,
            "symbol": symbol,
            "base": base,
            "quote": quote,
            "baseId": base,
            "quoteId": quote,
            "type": "spot",
            "spot": True,
            "active": True,
            "precision": {"amount": 1e-8, "price": 1e-8, "cost": 1e-8},
            "info": {"altname": its_id, "orderTypes": ["LIMIT", "MARKET"]},
        }
    )


def every_method(name: str, colour: str) -> list[Case]:
    """One call of each unified method, with what it cannot do without."""
    symbol = VENUES[name]["market"][0]
    given = {**GIVEN, "symbol": symbol, "symbols": [symbol]}
    order = {"symbol": symbol, "type": "limit", "side": "buy", "amount": 1, "price": 100}
    given["orders"] = [order, order]
    exchange = made(name, colour, [symbol])
    found: list[Case] = []
    for each, method in methods.methods_of(type(exchange)):
        if method.effect is None and each == method.name and not each.startswith("load_"):
            wanted = inspect.signature(getattr(exchange, each)).parameters.values()
            needed = [one.name for one in wanted if one.default is inspect.Parameter.empty]
            if set(needed) <= set(given):
                found.append(Case(each, [given[one] for one in needed]))
    return found


def fixtures(name: str, checkout: Path) -> list[Case]:
    """Those of ccxt's own repository."""
    found: list[Case] = []
    for kind in ("request", "response"):
        path = checkout / "ts" / "src" / "test" / "static" / kind / f"{name}.json"
        content: Any = json.loads(path.read_text() if path.exists() else '{"methods": {}}')
        skipped: frozenset[str] = frozenset(content.get("skipKeys") or ())
        for method, cases in content["methods"].items():
            for case in cases:
                if case.get("disabled"):
                    continue
                is_request = kind == "request"
                found.append(
                    Case(
                        method,
                        case["input"],
                        case.get("httpResponse"),
                        {**content.get("options", {}), **case.get("options", {})},
                        skipped,
                        (case["url"], case.get("output")) if is_request else None,
                        case.get("parsedResponse"),
                    )
                )
    return found


def came(runner: asyncio.Runner, exchange: Any, case: Case) -> Came:
    """What one exchange makes of a case."""
    exchange.sent, exchange.answer = list[Any](), case.answer
    exchange.options.update(case.options or {})
    try:
        value = getattr(exchange, case.method)(*case.args)
        value = runner.run(_awaited(value)) if inspect.isawaitable(value) else value
    except Exception as error:  # noqa: BLE001  whatever it is, it is compared
        return Came(exchange.sent, None, [cls.__name__ for cls in type(error).__mro__])
    return Came(exchange.sent, value, [])


async def _awaited(value: Any) -> Any:
    return await value


def plain(url: str, body: Any, skipped: frozenset[str] = frozenset()) -> tuple[str, Any]:
    """A request without what differs from one time to the next."""
    parts = urlsplit(url)
    said: dict[str, Any] = dict(parse_qsl(parts.query))
    if isinstance(body, str) and body:
        read: Any = json.loads(body) if body[0] in "[{" else dict(parse_qsl(body))
        said |= read if isinstance(read, dict) else {"body": read}
    return parts.path, without(said, skipped | SIGNED | ORDER_IDS)


def without(value: Any, names: frozenset[str]) -> Any:
    """A value without the entries of these names, however deep, and without those that say nothing."""
    if isinstance(value, dict):
        entries = cast("dict[str, Any]", value).items()
        kept = {name: without(each, names) for name, each in entries if name not in names}
        return {name: each for name, each in kept.items() if each is not None}
    if isinstance(value, list):
        return [without(each, names) for each in value]  # pyright: ignore[reportUnknownVariableType]  it may hold anything
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def agrees(case: Case, one: Came) -> bool | None:
    """Whether what came is what the fixture has; None where there is none."""
    if case.request is not None:
        url, body = case.request
        sent = [plain(each[1], each[2], case.skipped) for each in one.sent[-1:]]
        return sent == [plain(url, body, case.skipped)]
    if case.parsed is None:
        return None
    value = json.loads(json.dumps(one.value, default=str))
    return not one.errors and without(value, case.skipped) == without(case.parsed, case.skipped)


def same(bare: Came, guarded: Came) -> bool:
    """Whether a guard changed nothing: requests, value, error; an order's id is ours where the user gave none."""
    if bare.errors and not guarded.errors:
        return False
    requests = [
        [(verb, *plain(url, body), names) for verb, url, body, names in one.sent]
        for one in (bare, guarded)
    ]
    return (
        requests[0] == requests[1]
        and repr(bare.value) == repr(guarded.value)
        and set(bare.errors) <= set(guarded.errors)
    )


def main(name: str, colour: str, checkout: str = "") -> None:
    """Run every case on both."""
    told: dict[str, Any] = {"cases": 0, "same": 0, "sent": 0, "differ": []}
    cases = fixtures(name, Path(checkout)) if checkout else every_method(name, colour)
    named = {each for case in cases for each in case.args if isinstance(each, str) and "/" in each}
    symbols = sorted({VENUES[name]["market"][0], *(each for each in named if ":" not in each)})
    with asyncio.Runner() as runner, sg.Switchgear(clock=FakeClock()) as gear:
        gear.configure("*", failure_threshold=1_000_000, retries=0)
        for limit in LIMITS.get(name, ()):
            gear.limit(name, limit.name, 1e9)
        sides = list[Any]()
        for case in cases:
            if not sides or case.options is not None:  # options stay with an exchange
                sides = [runner.run(_made(name, colour, symbols)) for _ in range(2)]
                gear.wrap(sides[1])
            bare, guarded = (came(runner, side, case) for side in sides)
            told["cases"] += 1
            told["sent"] += bool(bare.sent)
            told["same"] += same(bare, guarded)
            for side, one in (("bare", bare), ("guarded", guarded)):
                if (fits := agrees(case, one)) is not None:
                    told[f"{side} as the fixture"] = told.get(f"{side} as the fixture", 0) + fits
            if not same(bare, guarded):
                told["differ"].append([case.method, repr(bare)[:600], repr(guarded)[:600]])
    print(json.dumps(told))


async def _made(name: str, colour: str, symbols: list[str]) -> Any:
    return made(name, colour, symbols)


if __name__ == "__main__":
    main(*sys.argv[1:])
