"""Tests that a program that is told to end keeps what it knew, and ends as it would have without us."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from switchgear.observe.history import HistoryReader, LogQuery

if TYPE_CHECKING:
    from pathlib import Path

CALLS = 500
PROGRAM = f"""
import signal, sys, threading
import switchgear as sg
{{before}}
gear = sg.Switchgear(history=sys.argv[1])
for n in range({CALLS}):
    gear.call_sync("binance", "get_market_price", lambda: n)
print("called", flush=True)
threading.Event().wait()
"""
IN_A_LOOP = f"""
import asyncio, sys
import switchgear as sg

async def price():
    return 1

async def main():
    gear = sg.Switchgear(history=sys.argv[1])
    for n in range({CALLS}):
        await gear.call("binance", "get_market_price", price)
    print("called", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


def told_to_end(program: str, path: Path) -> int:
    """The exit code of a program that gets SIGTERM as soon as it has made its calls."""
    command = [sys.executable, "-c", program, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "called\n"
        process.send_signal(signal.SIGTERM)
        return process.wait(30)


@pytest.mark.parametrize("program", [PROGRAM.format(before=""), IN_A_LOOP], ids=["sync", "async"])
def test_nothing_is_lost(program: str, tmp_path: Path) -> None:
    """Every call is in the file, its run has ended in order, and the signal is what ended the process."""
    path = tmp_path / "log.db"
    assert told_to_end(program, path) == -signal.SIGTERM
    reader = HistoryReader(path)
    assert reader.count(LogQuery(event="call_succeeded")) == CALLS
    assert [run.ended_ms is None for run in reader.runs()] == [False]


def test_a_handler_of_the_program_stays(tmp_path: Path) -> None:
    """It is the program's own end, and at its exit everything is kept as well."""
    own = "signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))"
    path = tmp_path / "log.db"
    assert told_to_end(PROGRAM.format(before=own), path) == 7
    assert HistoryReader(path).count(LogQuery(event="call_succeeded")) == CALLS
