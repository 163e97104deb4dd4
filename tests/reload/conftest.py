"""Owns the fixtures of tests of settings files read anew: a file, a gear on it with a clock by hand, and its calls."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import switchgear as sg
from switchgear.testing import FakeClock
from tests.reload.kit import FIRST, Calls


@pytest.fixture
def clock() -> FakeClock:
    """A clock moved by hand."""
    return FakeClock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A settings file that is there already."""
    found = tmp_path / "switchgear.toml"
    found.write_text(FIRST, encoding="utf-8")
    return found


@pytest.fixture
def gear(clock: FakeClock, path: Path) -> Iterator[sg.Switchgear]:
    """A gear on it."""
    with sg.Switchgear(clock=clock, settings=path) as made:
        yield made


@pytest.fixture
def calls(gear: sg.Switchgear) -> Iterator[Calls]:
    """Calls of KEY."""
    made = Calls(gear)
    yield made
    made.close()
