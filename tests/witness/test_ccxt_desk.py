"""A desk with a journal at exchanges of ccxt whose rules nobody knows: sent once, and only looked for after that."""

from __future__ import annotations

import json
import os
import subprocess
from functools import cache
from typing import Any

import pytest

from tests.witness.kit import PYTHON, ROOT, paths

pytestmark = pytest.mark.slow  # a process that imports ccxt
EACH = pytest.mark.parametrize("venue", ["kraken", "okx"])
PROGRAM = ROOT / "tests" / "witness" / "clients" / "ccxt_desk.py"


@cache
def run(venue: str) -> dict[str, Any]:
    """What came of each scenario."""
    done = subprocess.run(
        [PYTHON, PROGRAM, venue],
        env={**os.environ, "PYTHONPATH": ":".join(map(str, paths()))},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@EACH
def test_an_order_is_sent_once_whatever_happens(venue: str) -> None:
    """In every scenario."""
    assert {name: told["sent"] for name, told in run(venue).items()} == dict.fromkeys(run(venue), 1)


@EACH
def test_an_order_that_goes_well_and_one_that_is_refused(venue: str) -> None:
    """As with a client of ours."""
    assert run(venue)["well"]["states"] == ["new", "sent", "acked"]
    refused = run(venue)["refused"]
    assert (refused["end"], refused["states"]) == ("OrderRefused", ["new", "sent", "rejected"])


@EACH
def test_an_order_whose_answer_was_lost_is_found_in_a_list(venue: str) -> None:
    """By its client order id, and by nothing else."""
    found = run(venue)["found"]
    assert (found["end"], found["states"]) == (True, ["new", "sent", "unknown", "found"])


@EACH
def test_what_is_nowhere_stays_unknown_until_it_comes_to_light(venue: str) -> None:
    """Not to be found proves nothing where nobody knows how long a copy may be on its way."""
    assert run(venue)["unknown_for_long"]["end"] == ["OrderOutcomeUnknown", "unknown", True]
