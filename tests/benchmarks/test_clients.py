"""Owns the proof that the benchmark of the clients measures every row; what the figures are is never asserted."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
ROWS = {
    *("price", "binance", "coinbase", "alpaca"),
    *("python-binance", "binance-sdk-spot", "ccxt binance"),
    *("coinbase-advanced-py", "ccxt coinbase", "alpaca-py", "ccxt alpaca"),
}


@pytest.mark.slow  # a process that starts a server and seven clients
def test_every_row_is_measured(tmp_path: Path) -> None:
    """Each row is printed and written, with finite figures above zero and a word on its bound."""
    subprocess.run([ROOT / "scripts" / "witness-venv"], check=True, capture_output=True)
    file = tmp_path / "figures.json"
    command = [
        sys.executable,
        "benchmarks/clients.py",
        "--quick",
        "--markdown",
        "--json",
        str(file),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    rows = json.loads((tmp_path / "figures-clients.json").read_text(encoding="utf-8"))
    assert {row["id"] for row in rows} == ROWS
    for row in rows:
        assert all(math.isfinite(row[name]) and row[name] > 0 for name in ("value", "beside"))
        assert row["what"] in done.stdout
        assert row["verdict"] in {"met", "no bound"} or row["verdict"].startswith("missed")
