"""Proves the demo as people start it: a process with a page, ended by its time or by Ctrl-C."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import pytest

from tests.practice.demo.kit import table_of

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow  # a process, and the time that it was told to take
DEMO = (sys.executable, "-m", "switchgear.cli", "demo", "--port", "0")


def started(*options: str) -> subprocess.Popen[str]:
    """A demo, with its output in one pipe."""
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen([*DEMO, *options], **pipes)


def lines_of(demo: subprocess.Popen[str]) -> Iterator[str]:
    """The demo's lines as they come."""
    assert demo.stdout is not None
    yield from demo.stdout


def asked(address: str, path: str) -> Any:
    """What the API answers."""
    with urlopen(f"{address}/api/v1/{path}", timeout=10) as answer:
        return json.load(answer)


def test_the_demo_runs_for_its_time_and_adds_up() -> None:
    """With 20 seconds it ends by itself with 0, and its page shows the circuits while they break."""
    with started("--seconds", "20") as demo:
        lines = lines_of(demo)
        address = next(lines).split()[2].removesuffix("/api-logs")
        told = [next(lines) for _ in range(4)]
        assert "503" in told[-1]
        circuits = asked(address, "circuits")["circuits"]
        moved = asked(address, "logs?event=circuit_moved")
        told += list(lines)
        assert demo.wait(10) == 0
    opened = {each["method"]: each["openings"] for each in circuits}
    assert opened["get_market_price"] >= 1
    assert moved["count"] >= 3
    table = table_of(told)
    table.check()
    assert table.numbers("lost answers")[0] >= 5


def test_ctrl_c_ends_with_the_sums() -> None:
    """Without a time it goes on until SIGINT, then still tells its sums and ends with 0."""
    with started() as demo:
        lines = lines_of(demo)
        told = [next(lines) for _ in range(3)]
        demo.send_signal(signal.SIGINT)
        told += list(lines)
        assert demo.wait(10) == 0
    table = table_of(told)
    assert table.numbers("duplicates") == [0]
    assert not [line for line in told if "WRONG" in line or "Traceback" in line]
