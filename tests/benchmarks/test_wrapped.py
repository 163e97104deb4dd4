"""Owns the proof that the benchmark of wrapped clients measures every one; what the figures are is never asserted."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.slow  # a process that starts a server, and one of ccxt
def test_every_client_is_measured() -> None:
    """Each row has two times, a ratio and how far the rounds spread."""
    subprocess.run([ROOT / "scripts" / "witness-venv"], check=True, capture_output=True)
    command = [sys.executable, "benchmarks/wrapped.py", "--quick"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    row = r"\| ([a-z, ]+) \| \d+ µs \| \d+ µs \| \d+\.\d\d x \| \d+\.\d\d and \d+\.\d\d x \|"
    found = re.findall(row, done.stdout)
    forms = ("", " with its throttle", ", bare twice")
    witnessed = [f"ccxt, {colour}{form}" for form in forms for colour in ("sync", "async")]
    assert found == ["requests", "httpx", "httpx, async", "aiohttp", *witnessed]
