"""Owns the fixtures of the exchange clients' tests: a practice exchange, a gear and a client on one clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import switchgear as sg
from switchgear.exchange import BinanceApi
from switchgear.practice.sim.server import Sim
from switchgear.testing import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


@pytest.fixture
def clock() -> FakeClock:
    """The time of everybody in the test; a wait moves it."""
    return FakeClock()


@pytest.fixture
def gear(clock: FakeClock) -> Iterator[sg.Switchgear]:
    """A gear that keeps its records in memory."""
    with sg.Switchgear(clock=clock) as made:
        yield made


@pytest.fixture
async def sim(clock: FakeClock) -> AsyncIterator[Sim]:
    """The practice exchange, over real sockets."""
    async with Sim(clock=clock) as running:
        yield running


@pytest.fixture
async def api(gear: sg.Switchgear, sim: Sim) -> AsyncIterator[BinanceApi]:
    """A client of the practice exchange."""
    async with BinanceApi(gear, key=sim.key, secret=sim.secret, base_url=sim.base_url) as made:
        yield made


@pytest.fixture
async def loose(gear: sg.Switchgear, sim: Sim) -> AsyncIterator[BinanceApi]:
    """A client that leaves the rules of a pair to the exchange."""
    async with BinanceApi(
        gear, key=sim.key, secret=sim.secret, base_url=sim.base_url, check_rules=False
    ) as made:
        yield made
