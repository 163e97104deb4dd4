"""
Every unified method of five exchanges of ccxt, bare and guarded: the same requests, the same values, the same errors.

The exchanges run in the witness environment (clients/ccxt_same.py), which can run ccxt's own fixtures too where a
checkout of its repository is at hand.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.witness.kit import PYTHON, ROOT, paths

pytestmark = pytest.mark.slow  # each is a process that imports ccxt

PROGRAM = ROOT / "tests" / "witness" / "clients" / "ccxt_same.py"
VENUES = ("alpaca", "binance", "coinbase", "kraken", "okx")
FIXTURE = {
    "exchange": "binance",
    "skipKeys": ["timestamp", "signature", "newClientOrderId"],
    "outputType": "urlencoded",
    "methods": {
        "fetchTicker": [
            {
                "description": "one market",
                "method": "fetchTicker",
                "url": "https://api.binance.com/api/v3/ticker/24hr?symbol=BTCUSDT",
                "input": ["BTC/USDT"],
            },
            {
                "description": "another path than there is",
                "method": "fetchTicker",
                "url": "https://api.binance.com/api/v3/elsewhere?symbol=BTCUSDT",
                "input": ["BTC/USDT"],
            },
        ]
    },
}
"""In the form of ccxt's own; the second is wrong on purpose."""


def run(venue: str, colour: str, *more: str, older: bool = False) -> dict[str, Any]:
    """What the program found."""
    done = subprocess.run(
        [PYTHON, PROGRAM, venue, colour, *more],
        env={**os.environ, "PYTHONPATH": ":".join(map(str, paths(older=older)))},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize("colour", ["sync", "async"])
@pytest.mark.parametrize("older", [False, True], ids=["newest", "4.4"])
def test_a_guard_changes_nothing_that_is_sent_or_given_back(
    venue: str, colour: str, older: bool
) -> None:
    """Method by method; only an order that had no client order id has one."""
    found = run(venue, colour, older=older)
    assert found["differ"] == []
    assert found["same"] == found["cases"] >= 180
    assert found["sent"] >= 40


def test_fixtures_of_ccxts_form_are_run(tmp_path: Any) -> None:
    """Bare and guarded agree on both, and with the one that is right."""
    folder = tmp_path / "ts" / "src" / "test" / "static" / "request"
    folder.mkdir(parents=True)
    (folder / "binance.json").write_text(json.dumps(FIXTURE))
    found = run("binance", "sync", str(tmp_path))
    assert (found["cases"], found["same"]) == (2, 2)
    assert (found["bare as the fixture"], found["guarded as the fixture"]) == (1, 1)


@pytest.mark.parametrize("release", ["ccxt", "ccxt<4.5"])
def test_we_resolve_together_with_ccxt(release: str) -> None:
    """Whoever has ccxt can install all of us beside it: what both need has versions that fit."""
    asked = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"]
    done = subprocess.run(
        [*asked, f"{ROOT}[all]", release], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
