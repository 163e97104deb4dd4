"""Owns the proof that the benchmark of journals measures every kind; what the figures are is never asserted."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.slow  # a process that starts a venue, and one of PostgreSQL
def test_every_kind_is_measured() -> None:
    """Each row has its best round, how far the rounds spread, and the one in the middle."""
    command = [sys.executable, "benchmarks/orders.py", "--quick", "--postgresql"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    row = r"\| ([A-Za-z0-9_, ]+) \| \d+ µs \| \d+ and \d+ µs \| \d+ µs \|"
    kinds = ("no journal", "SQLite", "PostgreSQL without fsync")
    orders = [f"create_order, {kind}{more}" for kind in kinds for more in ("", ", ten at once")]
    assert re.findall(row, done.stdout) == ["write and fsync of 4 KiB", *orders]
    assert re.search(
        r"adds \d+\.\d x one such write by the best rounds, -?\d+\.\d x by", done.stdout
    )
