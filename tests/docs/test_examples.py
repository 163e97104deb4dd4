"""Proves that every program in examples/ runs as it stands, and shows what it is there to show."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

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
    assert sorted(path.stem for path in EXAMPLES.glob("*.py")) == sorted(SHOWS)


@pytest.mark.slow  # a Python of its own for each, with an exchange in it
@pytest.mark.parametrize("name", SHOWS)
def test_the_example_runs(
    name: str, ran: dict[str, Future[subprocess.CompletedProcess[str]]]
) -> None:
    """It ends with 0, without a warning, and prints what it shows."""
    done = ran[name].result()
    assert (done.returncode, done.stderr) == (0, "")
    assert [text for text in SHOWS[name] if text not in done.stdout] == []
