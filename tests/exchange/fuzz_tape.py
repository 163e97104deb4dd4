"""Owns good answers: every call of every client, recorded against the practice exchange, and played again."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import switchgear as sg
from switchgear.practice.sim.server import Sim
from switchgear.testing import FakeClock
from tests.exchange.fuzz_server import Feeder
from tests.exchange.venues import CASES, Case

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from switchgear.exchange import OrderRequest

HANG_S = 30.0
"""In real seconds: no call takes so long unless it hangs."""

_PAUSE_S = 0.5
"""Between two calls, or the practice exchange limits us."""


@dataclass(frozen=True)
class Call:
    """A method of a client, and what it is asked."""

    method: str
    args: tuple[Any, ...] = ()
    more: dict[str, Any] = field(default_factory=dict[str, Any])
    check_rules: bool = False

    def __str__(self) -> str:
        return f"{self.method}({', '.join(self.more)})"

    @property
    def order(self) -> OrderRequest | None:
        """The order that it sends."""
        return self.args[0] if self.method == "create_order" else None


@dataclass(frozen=True)
class Take:
    """A call that went well: what was answered to its requests, and what it gave."""

    case: Case
    key: str
    secret: str
    call: Call
    answers: tuple[bytes, ...]
    value: Any

    def __str__(self) -> str:
        return f"{self.case}-{self.call}"


@dataclass(frozen=True)
class Ending:
    """What became of a call: a value, or an error; and what was fed to it."""

    value: Any
    error: BaseException | None
    fed: tuple[tuple[bytes, bytes], ...]
    kept: str
    """What the gear kept of it."""


async def played(take: Take, answers: tuple[bytes, ...], feeder: Feeder) -> Ending:
    """What a new client makes of these answers, one for each request; the last one is given again."""
    left = list(answers)

    async def answer(_request: bytes) -> bytes:
        return left.pop(0) if len(left) > 1 else left[0]

    feeder.answer = answer
    return await ending(take, feeder)


async def ending(take: Take, feeder: Feeder, clock: FakeClock | None = None) -> Ending:
    """What becomes of the call of a new client that asks this feeder; TimeoutError for one that hangs."""
    feeder.fed.clear()
    value: Any = None
    error: BaseException | None = None
    with sg.Switchgear(clock=clock or FakeClock()) as gear:
        gear.configure("*", retries=0)
        given = {"key": take.key, "secret": take.secret, "base_url": feeder.url}
        async with take.case.api(gear, **given, check_rules=take.call.check_rules) as api:
            try:
                async with asyncio.timeout(HANG_S):
                    value = await getattr(api, take.call.method)(*take.call.args, **take.call.more)
            except Exception as raised:  # noqa: BLE001  whatever it is, the truth is asked of it
                error = raised
        return Ending(value, error, tuple(feeder.fed), repr(gear.logs()))


async def recorded(case: Case) -> list[Take]:
    """Every call to the practice exchange of this venue, each with a client of its own."""
    return [take async for take in _takes(case)]


async def everything() -> list[Take]:
    """The same of all venues."""
    return [take for case in CASES for take in await recorded(case)]


async def _takes(case: Case) -> AsyncIterator[Take]:
    clock = FakeClock()
    async with Sim(clock=clock, venue=case.name) as sim, Feeder() as feeder:

        async def forward(request: bytes) -> bytes:
            return await forwarded(sim.base_url, request)

        async def take(call: Call) -> Take:
            asked = Take(case, sim.key, sim.secret, call, (), None)
            feeder.answer = forward
            clock.advance(_PAUSE_S)
            found = await ending(asked, feeder, clock)
            assert found.error is None, f"{asked}: {found.error!r}"
            answers = tuple(answer for _, answer in found.fed)
            return Take(case, sim.key, sim.secret, call, answers, found.value)

        await take(Call("create_order", (case.market(),)))
        names = ("fuzz-1", "fuzz-2", "fuzz-3", "fuzz-4")
        orders = {name: case.resting(client_order_id=name) for name in names}
        for request in orders.values():
            yield await take(
                Call("create_order", (request,), check_rules=request is orders[names[0]])
            )
        ids = {name: await _id_of(take, case, name) for name in names}
        for call in _reads(case, ids["fuzz-1"]):
            yield await take(call)
        yield await take(Call("cancel_order", (case.symbol,), {"order_id": ids["fuzz-1"]}))
        yield await take(Call("cancel_order", (case.symbol,), {"client_order_id": "fuzz-2"}))
        yield await take(Call("cancel_all", (case.symbol,)))
        await take(Call("create_order", (case.resting(client_order_id="fuzz-5"),)))
        yield await take(Call("cancel_all"))


async def _id_of(take: Any, case: Case, name: str) -> str:
    found = await take(Call("get_order", (case.symbol,), {"client_order_id": name}))
    return str(found.value.order_id)


def _reads(case: Case, order_id: str) -> list[Call]:
    symbol = case.symbol
    calls = [
        Call("get_market_price", (symbol,)),
        Call("get_market_prices", ((symbol, case.other),)),
        Call("get_market_data", (symbol,), {"limit": 5}),
        Call("get_order_book", (symbol, 5)),
        Call("get_account_balance"),
        Call("get_portfolio"),
        Call("get_positions"),
        Call("get_order", (symbol,), {"order_id": order_id}),
        Call("get_order", (symbol,), {"client_order_id": "fuzz-1"}),
        Call("get_open_orders", (symbol,)),
        Call("get_open_orders"),
        Call("get_trades", (symbol,)),
        Call("get_symbol", (symbol,)),
        Call("get_symbols"),
    ]
    more = set(case.api.methods) - {call.method for call in calls}
    unknown = more - {"create_order", "cancel_order", "cancel_all", "get_market_clock"}
    assert not unknown, f"say here how these are called: {unknown}"
    return [*calls, *([Call("get_market_clock")] if "get_market_clock" in more else [])]


async def forwarded(url: str, request: bytes) -> bytes:
    """What the practice exchange at this address answers to a request, as it comes."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    head, _, body = request.partition(b"\r\n\r\n")
    head = re.sub(
        rb"\r\naccept-encoding:[^\r]*", b"", head, flags=re.IGNORECASE
    )  # plain, to be spoilt
    writer.write(head + b"\r\nConnection: close\r\n\r\n" + body)
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer
