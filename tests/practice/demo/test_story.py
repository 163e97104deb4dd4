"""Proves the demo as a whole on a clock that jumps: every act, the sums, and that a seed repeats it."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from switchgear.core.errors import SettingsError
from switchgear.observe.history import HistoryReader, LogQuery
from switchgear.practice.demo.acts import ACTS, LOST_ANSWERS
from switchgear.practice.demo.narrator import Narrator
from switchgear.practice.demo.run import SECONDS_MIN, run
from switchgear.testing import FakeClock
from tests.practice.demo.kit import table_of

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow  # a whole demo is hundreds of requests over real sockets


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], Path]:
    """What one demo of 20 seconds says, and its history."""
    history = tmp_path_factory.mktemp("demo") / "log.db"
    out = StringIO()
    narrator = Narrator(Console(file=out))
    assert run(seconds=20, port=0, history=history, narrator=narrator, clock=FakeClock()) == 0
    return out.getvalue().splitlines(), history


def line_of(lines: list[str], act: str) -> str:
    """The line of an act."""
    return next(line for line in lines if act in line)


def test_the_address_comes_first(told: tuple[list[str], Path]) -> None:
    """The first line says where to look."""
    assert told[0][0].startswith("switchgear demo: http://127.0.0.1:")
    assert "/api-logs" in told[0][0]


def test_every_act_has_one_plain_line(told: tuple[list[str], Path]) -> None:
    """Each act is told in one line of three parts, and nothing holds a control code."""
    lines = told[0]
    for act in ACTS[1:]:
        assert [line.count(" -> ") for line in lines if act.breaks in line] == [2]
    assert all(line.isprintable() for line in lines)


def test_the_sums_add_up(told: tuple[list[str], Path]) -> None:
    """Calls and orders add up, each lost answer was matched, no order is there twice."""
    table = table_of(told[0])
    table.check()
    assert table.numbers("lost answers")[0] == LOST_ANSWERS >= 5
    opened, closed = table.numbers("circuits")
    assert opened == closed >= 3


@pytest.mark.parametrize(
    ("act", "words"),
    [
        ("answers are slow", "noted as slow"),
        ("prices answer 503", "opened get_market_price"),
        ("prices answer 503", "a probe closed"),
        ("prices answer 503", "from last_good"),
        ("prices answer 503", "from backend"),
        ("no funds", "1 refused"),
        ("no funds", "1 without a value"),
        ("before an order is booked", "2 not there"),
        ("after the order is booked", f"{LOST_ANSWERS} lost and found"),
        ("502 in HTML", "retried"),
        ("connections are refused", "not sent"),
        ("429", "closed the gate (rate_limited)"),
        ("418", "closed the gate (banned)"),
        ("418", "from backend"),
    ],
)
def test_an_act_shows_what_it_is_for(told: tuple[list[str], Path], act: str, words: str) -> None:
    """Each act brings about, and tells, what it is there to show."""
    assert words in line_of(told[0], act)


def test_the_records_are_kept(told: tuple[list[str], Path]) -> None:
    """A history that was given stays, and holds the story's turns."""
    reader = HistoryReader(told[1])
    for event in ("circuit_moved", "gate_closed", "retry_scheduled", "fallback_served"):
        assert reader.count(LogQuery(event=event)) > 0
    assert {one.key.method for one in reader.circuits()} >= {"create_order", "get_market_price"}


@pytest.mark.parametrize("seconds", [0, SECONDS_MIN - 0.1, float("nan"), float("inf"), -30])
def test_too_few_seconds_are_refused(seconds: float) -> None:
    """A time that the acts do not fit in is refused before anything starts."""
    with pytest.raises(SettingsError, match=r"seconds=.*from 20"):
        run(seconds=seconds, port=0)
