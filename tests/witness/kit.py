"""
Owns what tests with foreign clients share: the environment they live in, and what one said of each step.

The clients run as programs of their own (tests/witness/clients), because their packages clash with ours.
"""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from switchgear.core.clock import SystemClock
from switchgear.practice.sim.answers import recorded
from switchgear.practice.sim.server import SimThread

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from switchgear.practice.sim.answers import Recorded

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv-witness" / "bin" / "python"
OLDER = ROOT / ".venv-witness" / "older"
"""An older release of ccxt, for those who put it before the others."""
_LIMIT_S = 300
_NO_FAILURE = {204, 207}
_OF_CANCELS, _OF_EDITS = '"results"', '"edit_failure_reason"'
"""What only the answers to these hold."""


class ShiftedClock(SystemClock):
    """A clock that runs as the machine's does, and tells a date one hour ahead."""

    def wall(self) -> datetime:
        """The date and time in UTC, one hour ahead."""
        return super().wall() + timedelta(hours=1)


def paths(*, older: bool = False) -> tuple[Path, ...]:
    """Where a client's program finds us, our tests, and an older ccxt if it is to."""
    return (*[OLDER][: int(older)], ROOT / "src", ROOT)


@dataclass(frozen=True, slots=True)
class Step:
    """How one step ended: the class of the client's error, None when there was none; and what it told."""

    error: str | None
    value: dict[str, str]


@dataclass(frozen=True, slots=True)
class Heard:
    """What one client said of each step, by the step's name; and the venue's own truth afterwards."""

    steps: dict[str, Step]
    state: dict[str, Any]

    def __getitem__(self, name: str) -> dict[str, str]:
        """What a step told that went well."""
        step = self.steps[name]
        assert step.error is None, (name, step)
        return step.value

    def error(self, name: str) -> tuple[str | None, dict[str, str]]:
        """The class of a step's error, and what it showed."""
        step = self.steps[name]
        return step.error, step.value


def recordings(venue: str) -> dict[str, Recorded]:
    """Every recorded answer of a venue to a failed order or cancel, by the step that asks for it."""
    return {
        f"{name} {variant}": row
        for name, variants in recorded(venue).items()
        for variant, row in enumerate(variants, 1)
        if row.status not in _NO_FAILURE and _OF_EDITS not in row.body
    }


def by_step(venue: str, classes: Mapping[str, str]) -> dict[str, str]:
    """What is told by an answer's name, one word for each of that name or one for all, told by its step."""
    steps = recordings(venue)
    assert {step.split()[0] for step in steps} == set(classes), "each answer has its words"
    expected: dict[str, str] = {}
    for step in steps:
        name, variant = step.split()
        words = classes[name].split()
        expected[step] = words[int(variant) - 1] if len(words) > 1 else words[0]
    return expected


def of_body(row: Recorded, field: str, otherwise: object) -> str:
    """A field of an answer's JSON as text; otherwise where it has none, or is no JSON."""
    try:
        return str(json.loads(row.body).get(field, otherwise))
    except ValueError:
        return str(otherwise)


def hear(client: str, venue: str) -> Heard:
    """What tests/witness/clients/<client>.py says of a practice venue of its own; it runs once."""
    ended, state = _run(client, venue)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    return Heard({line["step"]: Step(line["error"], line["value"]) for line in lines}, state)


@cache  # of a run that failed too, so that each test says so and none runs it again
def _run(client: str, venue: str) -> tuple[subprocess.CompletedProcess[str], dict[str, Any]]:
    made = _call([ROOT / "scripts" / "witness-venv"], dict(os.environ))
    if made.returncode:
        return made, {}
    with ExitStack() as opened:
        sim = opened.enter_context(SimThread(venue=venue))
        shifted = opened.enter_context(SimThread(venue=venue, clock=ShiftedClock()))
        task = {
            "base_url": sim.base_url,
            "control_url": sim.control_url,
            "shifted_url": shifted.base_url,
            "key": sim.key,
            "secret": sim.secret,
            "rows": [(step, _endpoint(row)) for step, row in recordings(venue).items()],
        }
        command: list[str | Path] = [
            PYTHON,
            "-m",
            f"tests.witness.clients.{client}",
            json.dumps(task),
        ]
        # With no proxy and no key of whoever runs the tests.
        return _call(command, {"PATH": os.environ.get("PATH", "")}), sim.state()


def _endpoint(row: Recorded) -> str:
    return "order.cancel" if _OF_CANCELS in row.body else "order.create"


def _call(
    command: Sequence[str | Path], environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=_LIMIT_S,
        check=False,
    )


def check_market(heard: Heard) -> None:
    """Holds when the best bid is below the best ask, and the newest of three candles within bounds."""
    book, candle = heard["book"], heard["candles"]
    assert 0 < Decimal(book["bid"]) < Decimal(book["ask"])
    assert candle["count"] == "3"
    least, most = Decimal(candle["low"]), Decimal(candle["high"])
    assert all(0 < least <= Decimal(candle[name]) <= most for name in ("open", "close"))
