"""Owns the proof that the benchmark runs and measures every row; what the figures are is never asserted."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent

ROWS = {
    *("closed_sync", "closed_async", "closed_async_timeout", "closed_async_timeout_bare"),
    *("closed_sync_drained", "closed_sync_handle"),
    *("failing_known", "failing_unknown", "failing_status", "failing_async"),
    *("rejected_sync", "rejected_async", "try_fail", "try_open"),
    *("threads_counts", "threads_sleeping", "threads_busy", "memory"),
    *("stack_by_hand_path", "stack_pyresilience_path"),
    *("stack_by_hand_disk", "stack_pyresilience_disk"),
    *("import_time", "import_modules", "import_first_gear"),
}
PEERS = {
    *("circuitbreaker", "pybreaker", "purgatory", "pyresilience", "interlock-cb"),
    *("tenacity", "stamina"),
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Any]]:
    """What the short form prints, and what it writes."""
    file = tmp_path_factory.mktemp("bench") / "figures.json"
    command = [
        sys.executable,
        "benchmarks/overhead.py",
        "--quick",
        "--markdown",
        "--json",
        str(file),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout, json.loads(file.read_text(encoding="utf-8"))


@pytest.mark.slow  # a process that measures every row once, and starts nine others
def test_every_row_is_measured(run: tuple[str, dict[str, Any]]) -> None:
    """Each row is there, printed and written, with finite figures above zero and a word on its bound."""
    printed, written = run
    assert {row["id"] for row in written["rows"]} == ROWS
    for row in written["rows"]:
        figures = [row[name] for name in ("value", "beside", "ratio") if row[name] is not None]
        assert all(math.isfinite(figure) and figure > 0 for figure in figures), row
        assert row["what"] in printed
        assert row["verdict"] in {"met", "no bound"} or row["verdict"].startswith("missed")


@pytest.mark.slow  # shares the run above
def test_counts_are_exact(run: tuple[str, dict[str, Any]]) -> None:
    """No call of four threads is lost or counted twice, and the import brings nothing that is to come later."""
    rows = {row["id"]: row for row in run[1]["rows"]}
    assert rows["threads_counts"]["value"] == rows["threads_counts"]["beside"]
    assert rows["threads_counts"]["verdict"] == "met"
    assert rows["import_modules"]["verdict"] == "met"


@pytest.mark.slow  # shares the run above
def test_every_peer_is_measured(run: tuple[str, dict[str, Any]]) -> None:
    """Each peer has a finite time above zero in each kind of call that it can guard."""
    found = run[1]["calls_us"]
    assert {call["name"] for call in found} >= PEERS
    assert all(math.isfinite(call["us"]) and call["us"] > 0 for call in found)


@pytest.mark.slow  # shares the run above
def test_the_report_says_where_and_how(run: tuple[str, dict[str, Any]]) -> None:
    """Date, interpreter, machine, method with its seed, versions and what is switched on stand above the figures."""
    printed, written = run
    assert {"date", "interpreter", "machine", "peers", "method", "switched on"} <= set(
        written["about"]
    )
    assert "circuitbreaker 2.1.3" in printed
    assert "seed 1" in printed
    assert "not built yet" in printed
