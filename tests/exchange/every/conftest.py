"""Owns the fixtures of the suite that every client must pass: venue after venue, with its practice exchange."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

import switchgear as sg
from switchgear.practice.sim.server import Sim
from switchgear.testing import FakeClock
from tests.exchange.venues import CASES, Case


@pytest.fixture(params=CASES, ids=str)
def case(request: pytest.FixtureRequest) -> Case:
    """One venue after the other."""
    found: Case = request.param
    return found


@pytest.fixture
async def sim(case: Case, clock: FakeClock) -> AsyncIterator[Sim]:
    """The practice exchange of the venue, over real sockets."""
    async with Sim(clock=clock, venue=case.name) as running:
        yield running


@pytest.fixture
async def api(case: Case, gear: sg.Switchgear, sim: Sim) -> AsyncIterator[Any]:
    """A client of it."""
    async with case.client(gear, sim) as made:
        yield made
