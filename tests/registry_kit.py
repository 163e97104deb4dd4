"""Owns what tests of a gear that keeps few keys share: such a gear, and crowds that make it forget."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest

import switchgear as sg
from switchgear.testing import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX = 10
PATIENCE_S = 20.0
KEY = ("kraken", "get_mine")


@pytest.fixture
def clock() -> FakeClock:
    """A clock moved by hand."""
    return FakeClock()


@pytest.fixture
def gear(clock: FakeClock) -> Iterator[sg.Switchgear]:
    """A gear that keeps ten keys, and makes one attempt."""
    with sg.Switchgear(clock=clock, settings={"retries": 0}, keys_max=MAX) as made:
        yield made


def crowd(gear: sg.Switchgear, many: int = 3 * MAX, name: str = "get_other") -> None:
    """Calls of so many keys that are never called again."""
    for number in range(many):
        assert gear.guarded("kraken", f"{name}_{number}").call_sync(int) == 0


def forget_log(gear: sg.Switchgear) -> None:
    """Have the log forget its records, each of which knows its key yet."""
    gear.flush()
    gear.clear_logs()
    gc.collect()
