"""
Owns the rows on exchange clients: ours and the bare session in one process, the clients of others in theirs.

All run in every round. `--server lean` leaves nearly nothing but the client in a figure; the default is a usual HTTP
server.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
from contextlib import ExitStack
from itertools import count, repeat
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import aiohttp
import msgspec

from benchmarks.client_peers import CLIENTS, KEY, SECRET, pem
from benchmarks.measure import Candidate, Effort, async_calls, measure
from benchmarks.table import HEAD, Row, cells, markdown, plain
from switchgear import Switchgear
from switchgear.exchange import (
    AlpacaApi,
    BinanceApi,
    CoinbaseApi,
    alpaca_answers,
    binance_answers,
    coinbase_answers,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.measure import Results

ROOT = Path(__file__).resolve().parent.parent
NUMBER = 100
"""Calls of one sample."""
WITNESS = ROOT / ".venv-witness/bin/python"
SIGNED = "&recvWindow=5000&signature=" + "a" * 64 + "&timestamp=17641"
TOKEN = {"Authorization": "Bearer " + "t" * 500}
KEYS = {"APCA-API-KEY-ID": KEY, "APCA-API-SECRET-KEY": SECRET}
BARE = {
    "price": ("/api/v3/ticker/price?symbol=BTCUSDT", {}, binance_answers.TickerAnswer),
    "binance": (
        f"/api/v3/account?omitZeroBalances=true{SIGNED}",
        {"X-MBX-APIKEY": KEY},
        binance_answers.AccountAnswer,
    ),
    "coinbase": ("/api/v3/brokerage/accounts?limit=250", TOKEN, coinbase_answers.AccountsAnswer),
    "alpaca": ("/v2/clock", KEYS, alpaca_answers.ClockAnswer),
}
"""By row: what the bare session asks for, with which headers, and what it decodes. The bytes are those of ours."""
LIMITS = {
    "binance": ("request_weight", "orders_10s", "orders_1d"),
    "alpaca": ("trading_requests", "data_requests"),
    "coinbase": ("private_requests", "public_requests"),
}
BOUNDS = {"binance": 1.15, "coinbase": 1.3}
WHAT = {
    "price": "binance get_market_price, nothing signed",
    "binance": "binance get_account_balance, HMAC",
    "coinbase": "coinbase get_account_balance, ES256 token",
    "alpaca": "alpaca get_market_clock, a key in the headers",
}
PEERS = {
    "python-binance": "binance",
    "binance-sdk-spot": "binance",
    "ccxt binance": "binance",
    "coinbase-advanced-py": "coinbase",
    "ccxt coinbase": "coinbase",
    "alpaca-py": "alpaca",
    "ccxt alpaca": "alpaca",
}


class Stranger:
    """A client of others in a process of its own."""

    def __init__(self, name: str, url: str) -> None:
        command = [str(WITNESS), str(ROOT / "benchmarks/client_peers.py"), name, url]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)

    def run(self, number: int) -> float:
        """Seconds of so many calls."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{number}\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 0 whatever the bounds say."""
    options = _options(arguments)
    effort = Effort(
        rounds=3 if options.quick else options.rounds,
        sample_s=0.01,
        quick=options.quick,
        rng=Random(options.seed),
    )
    with ExitStack() as stack:
        results = measure(
            _candidates(stack, options.server, strangers=not options.no_peers), effort
        )
    rows = [*_own(results), *_peers(results)]
    shape = markdown if options.markdown else plain
    print(
        f"server: {options.server}, in a process of its own; minimum of {effort.rounds} rounds of {NUMBER} calls\n"
    )
    print(shape([HEAD, *(cells(row) for row in rows)]))
    if options.json is not None:
        # `make bench` gives one name to both reports.
        path = options.json.with_stem(f"{options.json.stem}-clients")
        text = json.dumps([row.as_json() for row in rows], indent=1)
        path.write_text(text + "\n", encoding="utf-8")
    return 0


def _candidates(stack: ExitStack, server: str, *, strangers: bool) -> list[Candidate]:
    command = [sys.executable, str(ROOT / "benchmarks/client_server.py"), server]
    process = stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
    stack.callback(process.kill)
    assert process.stdout is not None
    url = f"http://127.0.0.1:{int(process.stdout.readline())}"
    gear = stack.enter_context(Switchgear())
    for exchange, names in LIMITS.items():
        for name in names:
            gear.limit(
                exchange, name, 1e9
            )  # no venue would take so many calls: none may be held back
    runner = stack.enter_context(asyncio.Runner())
    found = [
        Candidate(name, kind, async_calls(runner, call), number=NUMBER)
        for (name, kind), call in _calls(stack, runner, gear, url).items()
    ]
    if strangers:
        for name in CLIENTS:
            stranger = Stranger(name, url)
            stack.callback(stranger.close)
            found.append(Candidate(name, "peer", stranger.run, number=NUMBER))
    for candidate in found:
        candidate.run(5)
    return found


def _calls(
    stack: ExitStack, runner: asyncio.Runner, gear: Switchgear, url: str
) -> dict[tuple[str, str], Callable[[], Any]]:
    async def begin() -> aiohttp.ClientSession:
        return aiohttp.ClientSession()

    session = runner.run(begin())
    binance = BinanceApi(gear, key=KEY, secret=SECRET, base_url=url)
    coinbase = CoinbaseApi(gear, key="organizations/a/apiKeys/b", secret=pem(), base_url=url)
    alpaca = AlpacaApi(gear, key=KEY, secret=SECRET, base_url=url)
    for each in (session, binance, coinbase, alpaca):
        stack.callback(_close, runner, each)
    return {
        ("price", "ours"): lambda: binance.get_market_price("BTC/USDT"),
        ("binance", "ours"): binance.get_account_balance,
        ("coinbase", "ours"): coinbase.get_account_balance,
        ("alpaca", "ours"): alpaca.get_market_clock,
        **{(name, "bare"): _bare(session, url, name) for name in BARE},
    }


def _close(runner: asyncio.Runner, thing: Any) -> None:
    runner.run(thing.close())


def _bare(session: aiohttp.ClientSession, url: str, name: str) -> Callable[[], Any]:
    path, headers, kind = BARE[name]
    decoder = msgspec.json.Decoder(kind)

    # A signed request is another one each time: so it is here, where the path ends in the beginning of an instant.
    ends = map(str, count(37_880_000)) if name == "binance" else repeat("")

    async def call() -> Any:
        async with session.get(f"{url}{path}{next(ends)}", headers=headers) as answer:
            return decoder.decode(await answer.read())

    return call


def _own(results: Results) -> list[Row]:
    return [
        Row(
            id=name,
            what=what,
            value=results[name, "ours"],
            unit="µs",
            beside=results[name, "bare"],
            beside_what="µs bare aiohttp",
            bound=BOUNDS.get(name),
        )
        for name, what in WHAT.items()
    ]


def _peers(results: Results) -> list[Row]:
    return [
        Row(
            id=name,
            what=f"ours beside {name}",
            value=results[like, "ours"],
            unit="µs",
            beside=results[name, "peer"],
            beside_what=f"µs {name}",
        )
        for name, like in PEERS.items()
        if (name, "peer") in results
    ]


def _options(arguments: Sequence[str] | None) -> Any:
    parser = argparse.ArgumentParser(description="What a call of an exchange client costs.")
    parser.add_argument("--rounds", type=int, default=41, help="rounds, of which the best counts")
    parser.add_argument("--seed", type=int, default=1, help="of the order in each round")
    parser.add_argument("--server", choices=("aiohttp", "lean"), default="aiohttp")
    parser.add_argument("--no-peers", action="store_true", help="without the clients of others")
    parser.add_argument("--quick", action="store_true", help="a few rounds: shows that it works")
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="write every figure to FILE-clients too"
    )
    parser.add_argument("--markdown", action="store_true", help="print the table for the docs")
    return parser.parse_args(arguments)
