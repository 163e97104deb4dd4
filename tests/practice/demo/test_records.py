"""Proves that the demo keeps its records or says so: at the start, when it happens, and below the table."""

from __future__ import annotations

import signal
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

import switchgear as sg
from switchgear.core.errors import SettingsError
from switchgear.practice.demo.narrator import Narrator
from switchgear.practice.demo.records import check_kept, lost_of
from switchgear.practice.demo.run import run
from tests.practice.demo.kit import table_of

if TYPE_CHECKING:
    from collections.abc import Sequence

SMALL = ("bash", "-c", 'ulimit -f "$0"; exec "$@"')
"""What follows may write files of so many KiB and no bigger ones, as on a disk that is full."""
DEMO = (sys.executable, "-m", "switchgear.cli", "demo", "--port", "0", "--history")


def test_a_history_that_cannot_be_is_refused() -> None:
    """A place that takes no files ends the demo before it begins."""
    out = StringIO()
    with pytest.raises(SettingsError, match=r"history='/proc/nope.db': cannot be written: is the"):
        run(port=0, history="/proc/nope.db", narrator=Narrator(Console(file=out)))
    assert out.getvalue() == ""


def test_a_history_that_can_be_is_begun(tmp_path: Path) -> None:
    """The check makes the file, and nothing is lost of what comes after it."""
    path = tmp_path / "log.db"
    with sg.Switchgear(history=path) as gear:
        check_kept(gear, path)
        assert path.is_file()
        gear.call_sync("binance", "get_x", lambda: 1)
    assert lost_of(gear) == 0


def test_losses_have_lines_of_their_own() -> None:
    """One when it begins, one when it is over, one at the end; none when nothing was lost."""
    out = StringIO()
    narrator = Narrator(Console(file=out))
    narrator.losing(1.0, "log.db: database or disk is full")
    narrator.keeping(2.5, 7)
    narrator.lost(0)
    narrator.lost(7)
    assert out.getvalue().splitlines() == [
        "   1.0 s  all       history    records are being lost: log.db: database or disk is full",
        "   2.5 s  all       history    records are kept again, 7 were lost",
        "LOST 7 records: they are not in the history",
    ]


def small_demo(size_kib: int, path: Path) -> Sequence[str]:
    """A demo for whose history there is so much room."""
    return (*SMALL, str(size_kib), *DEMO, str(path))


@pytest.mark.slow  # a process
def test_a_full_disk_is_told_at_the_start(tmp_path: Path) -> None:
    """One line on stderr, exit code 2, and nothing was started."""
    command = small_demo(4, tmp_path / "log.db")
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("switchgear: history='")
    assert done.stderr.count("\n") == 1


@pytest.mark.slow  # a process, and the time until there is no room left
def test_a_disk_that_fills_up_is_told_as_it_happens(tmp_path: Path) -> None:
    """A line when the first record is lost, and how many at the end; the sums are right all the same."""
    told = list[str]()
    with subprocess.Popen(
        small_demo(300, tmp_path / "log.db"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as demo:
        assert demo.stdout is not None
        for line in demo.stdout:
            told.append(line)
            if "records are being lost" in line:
                demo.send_signal(signal.SIGINT)
        assert demo.wait(10) == 0
    table_of(told).check()
    assert sum("records are being lost: log.db: " in line for line in told) == 1
    assert told[-1].startswith("LOST ")
    assert int(told[-1].split()[1]) > 0
