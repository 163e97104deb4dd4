"""Proves that the conformance command runs, that ours passes, and that two peers are seen as what they are."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import circuitbreaker
import interlock._clock
import pytest

from benchmarks.conformance_peers import PEERS
from switchgear.testing.conformance import Failed, run

ROOT = Path(__file__).resolve().parent.parent.parent
ADAPTERS = {adapter.name: adapter for adapter in PEERS}


@pytest.fixture(scope="module")
def shown() -> str:
    """What the command prints of switchgear and two peers, as a table."""
    command = [sys.executable, "benchmarks/conformance.py", "--markdown"]
    command += ["--only", "switchgear", "circuitbreaker", "interlock-cb"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow  # three breakers, every check
def test_the_table_has_a_line_for_each_check(shown: str) -> None:
    """Ours passes every line; a peer's mark is its own, and its versions stand above."""
    assert "| check | switchgear 0.1.0 | circuitbreaker 2.1.3 | interlock-cb " in shown
    rows = [line.split(" | ") for line in shown.splitlines() if line.startswith("| `")]
    assert len(rows) == 32
    assert {row[1] for row in rows} == {"yes"}
    assert "| `one_probe` | yes | **no** | yes | probe 2, pitfall 8 |" in shown
    assert "| **passed, sync** | 32 of 32 | " in shown


@pytest.mark.slow  # shares the run above
def test_the_table_says_what_was_seen(shown: str) -> None:
    """A fault that both colours share stands once, with what the breaker did."""
    assert shown.count("- `one_probe`: no: 50 of 50 calls ran") == 1
    assert "- `hung_probe`: no: refused for 20 spells behind a probe that hangs" in shown
    assert "switchgear, what was seen" not in shown


@pytest.mark.parametrize(
    ("name", "module", "clock"),
    [("circuitbreaker", circuitbreaker, "monotonic"), ("interlock-cb", interlock._clock, "time")],
)
def test_a_peer_gets_its_clock_back(name: str, module: ModuleType, clock: str) -> None:
    """Its module reads the real clock again when the checks are over, whatever they found."""
    before = vars(module)[clock]
    report = run(ADAPTERS[name])
    assert isinstance(report.failed["no_frames_kept-sync"], Failed)
    assert vars(module)[clock] is before
