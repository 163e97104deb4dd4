"""Proves that every program in examples/ runs as it stands, and shows what it is there to show."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from switchgear.practice.sim.server import SimThread
from tests.witness.kit import PYTHON, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
PATIENCE_S = 60  # a bound for one that hangs; none takes 2 s on a machine that has time
SHOWS = {
    "basic_usage": ["call 5: binance.get_server_time was not called", "the exchange is back"],
    "create_order": ["by backend", "resolved: it is filled", "has 3 orders, 0 duplicates"],
    "custom_configuration": ["get_market_data: opens after 5, for 60 s", "did you mean"],
    "debugging": ["[Circuit Breaker] binance.get_orders: closed -> open", "DEBUG    attempt 1"],
    "getting_logs": ["ERROR circuit closed -> open", '"coinbase","get_accounts"', "cleared 9"],
    "manual_logging": ["not called: the circuit is open", "confirmation delayed"],
    "market_price": ["served from from_cache", "served from from_backend"],
    "metrics": ["calls: 30, of which 2 failed", "success rate: 93.3%", "circuit: closed"],
    "portfolio": ["USDT from primary", "USDT from backend (circuit open"],
    "three_exchanges": ["binance is from last_good", "alpaca is missing since"],
}
"""What each prints, among other things."""
WITH_CCXT = {
    "ccxt_bot": {
        "of them unknown to the bot": [2, 0],
        "requests past the limit": [10, 1],
    }
}
"""Those that need ccxt, which clashes with our pins; and what they count, bare and guarded."""


def run(name: str) -> subprocess.CompletedProcess[str]:
    """The example, run to its end by itself."""
    command = [sys.executable, "-W", "error", str(EXAMPLES / f"{name}.py")]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=PATIENCE_S, check=False, cwd=EXAMPLES
    )


@pytest.fixture(scope="module")
def ran() -> Iterator[dict[str, Future[subprocess.CompletedProcess[str]]]]:
    """All examples, two at a time."""
    with ThreadPoolExecutor(2) as pool:
        yield {name: pool.submit(run, name) for name in SHOWS}


def test_every_example_is_listed() -> None:
    """No program in examples/ goes untested, and none is missing."""
    assert sorted(path.stem for path in EXAMPLES.glob("*.py")) == sorted([*SHOWS, *WITH_CCXT])


@pytest.mark.slow  # a Python of its own for each, with an exchange in it
@pytest.mark.parametrize("name", SHOWS)
def test_the_example_runs(
    name: str, ran: dict[str, Future[subprocess.CompletedProcess[str]]]
) -> None:
    """It ends with 0, without a warning, and prints what it shows."""
    done = ran[name].result()
    assert (done.returncode, done.stderr) == (0, "")
    assert [text for text in SHOWS[name] if text not in done.stdout] == []


@pytest.mark.slow  # as above
def test_a_bot_on_ccxt_loses_less_with_one_line() -> None:
    """The same bot through the same faults: what it loses without the line, and with it."""
    subprocess.run([ROOT / "scripts" / "witness-venv"], check=True, capture_output=True)
    with SimThread(venue="binance") as sim:
        where = {"BINANCE_URL": sim.base_url, "BINANCE_KEY": sim.key, "BINANCE_SECRET": sim.secret}
        done = subprocess.run(
            [PYTHON, EXAMPLES / "ccxt_bot.py"],
            env={**os.environ, **where, "PYTHONPATH": str(ROOT / "src")},
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    rows = [line.rsplit(maxsplit=2) for line in done.stdout.splitlines()[1:]]
    told = {name: [int(bare), int(guarded)] for name, bare, guarded in rows}
    assert {name: told[name] for name in WITH_CCXT["ccxt_bot"]} == WITH_CCXT["ccxt_bot"]
    assert told["prices seen"][1] > told["prices seen"][0]
    assert told["requests in the outage"][1] < told["requests in the outage"][0] == 12
