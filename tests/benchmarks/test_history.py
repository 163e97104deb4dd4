"""Owns the proof that the benchmark of histories asks what is there; how long it takes is never asserted."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmarks.history import fill
from benchmarks.history_mix import filters, made
from switchgear.observe.history import HistoryReader
from switchgear.observe.overview import overview_of
from switchgear.observe.query import matches

if TYPE_CHECKING:
    from switchgear.observe.record import LogRecord

ROOT = Path(__file__).resolve().parent.parent.parent
RECORDS = 20_000


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[HistoryReader, list[LogRecord]]:
    """A file of the benchmark, and the same records in a list, newest first."""
    place = str(tmp_path_factory.mktemp("bench") / "log.db")
    records = list(made(RECORDS, 7.0))
    fill(place, iter(records), RECORDS)
    numbered = [one._replace(id=number, run=1) for number, one in enumerate(records, 1)]
    return HistoryReader(place), numbered[::-1]


@pytest.mark.slow  # twenty thousand records, forty times
def test_all_forty_filters_are_answered_exactly(
    kept: tuple[HistoryReader, list[LogRecord]],
) -> None:
    """Page, count and overview of each are what a list of the same records says."""
    reader, records = kept
    asked = filters(RECORDS)
    assert len(asked) == 40
    for name, query in asked.items():
        expected = [one for one in records if matches(query, one)]
        assert reader.query(query) == expected[: query.limit], name
        assert reader.count(query) == len(expected), name
        assert reader.overview(query) == overview_of(records, query), name
    assert reader.check() == []


@pytest.mark.slow  # a process that starts a server
def test_every_row_is_printed() -> None:
    """Both places have their rates, and a row for each filter."""
    command = [sys.executable, "benchmarks/history.py", "--records", "2000", "--ingest", "2000"]
    done = subprocess.run(
        [*command, "--rounds", "1", "--postgresql"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert re.findall(r"## (.+)", done.stdout) == ["SQLite", "PostgreSQL without fsync"]
    assert len(re.findall(r"(?m)^\| .+ \| \d+ \| .+ ms \| .+ ms \|$", done.stdout)) == 80
    assert done.stdout.count("of the loop lost for each") == 4  # beside two kinds of loop
