"""
Owns what a journal adds to an order: `create_order` on loopback without one, with one in a file, and on PostgreSQL.

`python benchmarks/orders.py` asks a server in a process of its own. One write and fsync of 4 KiB in the same
folder goes by turns with the orders, so that it is seen how much of the difference is the disk's. `--quick` takes few
rounds; `--postgresql` has a server started, as the tests do.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from decimal import Decimal
from functools import partial
from itertools import count
from pathlib import Path
from random import Random
from statistics import quantiles
from time import perf_counter, time
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl

from aiohttp import web

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from benchmarks.measure import calls
from switchgear import Switchgear
from switchgear.exchange import BinanceApi, OrderRequest, OrderType, Side
from switchgear.order import JournalDesk, open_journal
from tests.order.postgres import Postgres

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

SEED = 7
AT_ONCE = 10
PAGE = bytes(4096)


class Loop(NamedTuple):
    """Makes so many orders, or syncs, and gives the seconds they took."""

    name: str
    run: Callable[[int], float]


class Found(NamedTuple):
    """What one of them took, in microseconds."""

    name: str
    best_us: float
    """Of all rounds."""
    low_us: float
    """A quarter of the rounds are below it."""
    middle_us: float
    high_us: float


def main(arguments: list[str]) -> int:
    """Measure and print; with `serve` as argument be the exchange."""
    if arguments[:1] == ["serve"]:
        return serve()
    rounds, number = (3, 10) if "--quick" in arguments else (41, 50)
    with ExitStack() as stack:
        found = measured(loops(stack, with_server="--postgresql" in arguments), rounds, number)
    print("| one of | best | half of the rounds between | middle |")
    print("|---|---|---|---|")
    for one in found:
        spread = f"{one.low_us:.0f} and {one.high_us:.0f} µs"
        print(f"| {one.name} | {one.best_us:.0f} µs | {spread} | {one.middle_us:.0f} µs |")
    print(f"\n{added(found)}")
    return 0


def added(found: list[Found]) -> str:
    """What the journal in a file adds to an order, as so many of that write and fsync."""
    by_name = {one.name: one for one in found}
    sync, bare = by_name["write and fsync of 4 KiB"], by_name["create_order, no journal"]
    kept = by_name["create_order, SQLite"]
    best = (kept.best_us - bare.best_us) / sync.best_us
    middle = (kept.middle_us - bare.middle_us) / sync.middle_us
    return f"a journal in SQLite adds {best:.1f} x one such write by the best rounds, {middle:.1f} x by the middle"


def serve() -> int:
    """Be an exchange that books whatever it is asked to, until killed; the port is the first line of output."""
    asyncio.run(serving())
    return 0


async def serving() -> None:
    """Answer as Binance does, without looking at anything but the order: what this costs is in every figure alike."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        body = dict(parse_qsl((await request.read()).decode()))
        told: dict[str, object] = {"serverTime": int(time() * 1000)}
        if request.method == "POST":
            told = {
                "symbol": body["symbol"],
                "orderId": next(numbers),
                "clientOrderId": body["newClientOrderId"],
                "transactTime": int(time() * 1000),
                "price": "0.00000000",
                "origQty": body["quantity"],
                "executedQty": body["quantity"],
                "cummulativeQuoteQty": "60.00000000",
                "status": "FILLED",
                "type": body["type"],
                "side": body["side"],
            }
        return web.Response(text=json.dumps(told), content_type="application/json")

    numbers = count(1)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(web.Server(answer, access_log=None), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def measured(found: Sequence[Loop], rounds: int, number: int) -> list[Found]:
    """Every loop once in each round, in an order drawn anew."""
    took: dict[str, list[float]] = {loop.name: [] for loop in found}
    rng, shuffled = Random(SEED), list(found)
    for loop in found:
        loop.run(AT_ONCE)
    for _ in range(rounds):
        rng.shuffle(shuffled)
        for loop in shuffled:
            took[loop.name].append(loop.run(number) / number * 1e6)
    return [Found(name, min(us), *quantiles(us)) for name, us in took.items()]


def loops(stack: ExitStack, *, with_server: bool) -> list[Loop]:
    """One order at a time and ten at once, on each kind of journal and on none; and the disk alone."""
    url, runner = served(stack), stack.enter_context(asyncio.Runner())
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIR"))))
    found = [
        Loop("write and fsync of 4 KiB", synced(stack, folder / "page")),
        *ordering(stack, runner, url, "no journal", None),
        *ordering(stack, runner, url, "SQLite", str(folder / "orders.db")),
    ]
    if with_server:
        server = Postgres()
        stack.callback(server.end)
        found += ordering(stack, runner, url, "PostgreSQL without fsync", server.fresh())
    return found


def served(stack: ExitStack) -> str:
    """The address of an exchange in a process of its own."""
    command = [sys.executable, str(Path(__file__).resolve()), "serve"]
    process = stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
    stack.callback(process.kill)
    assert process.stdout is not None
    return f"http://127.0.0.1:{int(process.stdout.readline())}"


def synced(stack: ExitStack, path: Path) -> Callable[[int], float]:
    """A page at the end of a file, on disk: the least that anything durable costs here."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    stack.callback(os.close, file)

    def once() -> None:
        os.write(file, PAGE)
        os.fsync(file)

    return calls(once)


def ordering(
    stack: ExitStack, runner: asyncio.Runner, url: str, name: str, where: str | None
) -> list[Loop]:
    """`create_order`, one after the other and ten at once."""
    gear = stack.enter_context(Switchgear())
    for limit in ("request_weight", "orders_10s", "orders_1d"):
        gear.limit("binance", limit, 1e9)
    api = BinanceApi(gear, key="k" * 64, secret="s" * 64, base_url=url, check_rules=False)
    stack.callback(lambda: runner.run(api.close()))
    if where is not None:
        journal = open_journal(gear, where)
        stack.callback(journal.close)
        JournalDesk(api, journal)

    async def order(number: int) -> None:
        side = (Side.BUY, Side.SELL)[number % 2]  # by turns, so that nothing runs out
        await api.create_order(OrderRequest("BTC/USDT", side, OrderType.MARKET, Decimal("0.001")))

    async def one_by_one(times: int) -> float:
        begun_s = perf_counter()
        for number in range(times):
            await order(number)
        return perf_counter() - begun_s

    async def at_once(times: int) -> float:
        begun_s = perf_counter()
        for first in range(0, times, AT_ONCE):
            await asyncio.gather(*(order(first + more) for more in range(AT_ONCE)))
        return perf_counter() - begun_s

    def run(work: Callable[[int], Coroutine[Any, Any, float]], times: int) -> float:
        return runner.run(work(times))

    return [
        Loop(f"create_order, {name}", partial(run, one_by_one)),
        Loop(f"create_order, {name}, ten at once", partial(run, at_once)),
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
