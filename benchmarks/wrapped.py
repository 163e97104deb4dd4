"""
Owns what a guard adds to a call of a client that somebody already has: ccxt, requests, httpx and aiohttp, on loopback.

`python benchmarks/wrapped.py` asks a server in a process of its own, bare and guarded by turns in one process, and
prints the ratio of the best rounds and how far the rounds' own ratios spread. ccxt runs in the witness environment,
because what it pins clashes with what we pin.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from random import Random
from statistics import quantiles
from typing import TYPE_CHECKING, Any, NamedTuple

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from benchmarks.measure import async_calls, calls
from switchgear import Switchgear

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parent.parent
WITNESS = ROOT / ".venv-witness" / "bin" / "python"
SEED = 7
PATH = "/api/v3/account"


class Pair(NamedTuple):
    """One client twice: loops that make so many calls and give the seconds they took."""

    name: str
    bare: Callable[[int], float]
    guarded: Callable[[int], float]


class Found(NamedTuple):
    """What the guard of one client costs."""

    name: str
    bare_us: float
    guarded_us: float
    ratio: float
    """Of the best rounds."""
    low: float
    """A quarter of the rounds' own ratios are below it."""
    high: float
    """And a quarter above it."""


def main(arguments: list[str]) -> int:
    """Measure and print; with `ccxt URL` as arguments that client alone, as JSON."""
    quick = "--quick" in arguments
    rounds, number = (3, 10) if quick else (41, 100)
    if arguments[:1] == ["ccxt"]:
        with ExitStack() as stack:
            found = measured(ccxt_pairs(stack, arguments[1]), rounds, number)
        print(json.dumps(found))
        return 0
    with ExitStack() as stack:
        url = served(stack)
        found = measured(session_pairs(stack, url), rounds, number)
        found += [Found(*row) for row in witnessed(url, quick=quick)]
    print("| a call on loopback | bare | guarded | ratio | half of the rounds between |")
    print("|---|---|---|---|---|")
    for one in found:
        spread = f"{one.low:.2f} and {one.high:.2f} x"
        print(
            f"| {one.name} | {one.bare_us:.0f} µs | {one.guarded_us:.0f} µs | {one.ratio:.2f} x | {spread} |"
        )
    return 0


def served(stack: ExitStack) -> str:
    """The address of a server in a process of its own."""
    command = [sys.executable, str(ROOT / "benchmarks/client_server.py"), "aiohttp"]
    process = stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
    stack.callback(process.kill)
    assert process.stdout is not None
    return f"http://127.0.0.1:{int(process.stdout.readline())}"


def witnessed(url: str, *, quick: bool) -> list[list[Any]]:
    """The same of ccxt, in its own environment."""
    command = [str(WITNESS), str(Path(__file__).resolve()), "ccxt", url, *["--quick"][: int(quick)]]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    rows: list[list[Any]] = json.loads(done.stdout)
    return rows


def measured(pairs: list[Pair], rounds: int, number: int) -> list[Found]:
    """Every loop once in each round, in an order drawn anew."""
    loops = [
        (pair.name, kind, getattr(pair, kind)) for pair in pairs for kind in ("bare", "guarded")
    ]
    took: dict[tuple[str, str], list[float]] = {(name, kind): [] for name, kind, _ in loops}
    rng = Random(SEED)
    for _, _, run in loops:
        run(5)
    for _ in range(rounds):
        rng.shuffle(loops)
        for name, kind, run in loops:
            took[name, kind].append(run(number) / number * 1e6)
    return [
        found_of(pair.name, took[pair.name, "bare"], took[pair.name, "guarded"]) for pair in pairs
    ]


def found_of(name: str, bare: list[float], guarded: list[float]) -> Found:
    """What the rounds come to."""
    low, _, high = quantiles([mine / theirs for mine, theirs in zip(guarded, bare, strict=True)])
    return Found(name, min(bare), min(guarded), min(guarded) / min(bare), low, high)


def gear_of(stack: ExitStack) -> Switchgear:
    """A gear whose exchange holds nobody back."""
    gear = stack.enter_context(Switchgear())
    for limit in ("request_weight", "orders_10s", "orders_1d"):
        gear.limit("binance", limit, 1e9)
    return gear


def ccxt_pairs(stack: ExitStack, url: str) -> list[Pair]:
    """
    ccxt's own call of an endpoint, signed: without its throttle, with it, and twice bare, which shows the noise.

    The guard puts its ledgers of weights in place of the throttle. That waits for nothing here: its pace is set so.
    """
    gear = gear_of(stack)
    runner = stack.enter_context(asyncio.Runner())
    addresses = dict.fromkeys(("public", "private"), f"{url}/api/v3")
    given = {
        "apiKey": "k" * 64,
        "secret": "s" * 64,
        "enableRateLimit": False,
        "urls": {"api": addresses},
    }

    throttled = {"enableRateLimit": True, "rateLimit": 1e-9}

    def made(module: str, more: dict[str, Any] | None = None) -> Any:
        return import_module(module).binance({**given, **(more or {})})

    async def made_async(more: dict[str, Any] | None = None) -> Any:
        return made("ccxt.async_support", more)

    def sync(exchange: Any) -> Callable[[int], float]:
        return calls(exchange.private_get_account)

    def awaited(exchange: Any) -> Callable[[int], float]:
        stack.callback(lambda: runner.run(exchange.close()))
        return async_calls(runner, exchange.private_get_account)

    def pair(name: str, more: dict[str, Any], *, is_bare: bool = False) -> list[Pair]:
        keep: Callable[[Any], Any] = (lambda one: one) if is_bare else gear.wrap
        both = made("ccxt", more), keep(made("ccxt"))
        both_async = runner.run(made_async(more)), keep(runner.run(made_async()))
        return [
            Pair(f"ccxt, sync{name}", *map(sync, both)),
            Pair(f"ccxt, async{name}", *map(awaited, both_async)),
        ]

    return [
        *pair("", {}),
        *pair(" with its throttle", throttled),
        *pair(", bare twice", {}, is_bare=True),
    ]


def session_pairs(stack: ExitStack, url: str) -> list[Pair]:
    """One GET of each kind of session, its body read."""
    gear = gear_of(stack)
    runner = stack.enter_context(asyncio.Runner())
    aiohttp, httpx, requests = map(import_module, ("aiohttp", "httpx", "requests"))
    address = url + PATH

    def reading(client: Any) -> Callable[[int], float]:
        stack.callback(client.close)
        return calls(lambda: client.get(address).content)

    def awaiting(client: Any) -> Callable[[int], float]:
        stack.callback(lambda: runner.run(client.aclose()))

        async def get() -> bytes:
            return (await client.get(address)).content  # type: ignore[no-any-return]

        return async_calls(runner, get)

    async def session() -> Any:
        return aiohttp.ClientSession()

    def streaming(client: Any) -> Callable[[int], float]:
        stack.callback(lambda: runner.run(client.close()))

        async def get() -> bytes:
            async with client.get(address) as answer:
                return await answer.read()  # type: ignore[no-any-return]

        return async_calls(runner, get)

    def wrapped(client: Any) -> Any:
        return gear.wrap(client, "binance")

    return [
        Pair("requests", reading(requests.Session()), reading(wrapped(requests.Session()))),
        Pair("httpx", reading(httpx.Client()), reading(wrapped(httpx.Client()))),
        Pair("httpx, async", awaiting(httpx.AsyncClient()), awaiting(wrapped(httpx.AsyncClient()))),
        Pair(
            "aiohttp", streaming(runner.run(session())), streaming(wrapped(runner.run(session())))
        ),
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
