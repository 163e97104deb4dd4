"""
Owns the fixtures that pytest gives to tests of users; nothing heavy is imported before a test asks.

`practice_exchange` is one server for the whole session, `practice_exchanges` are three: what breaks
is mended after each test, the ledgers go on, so a test looks for its own client order ids.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from switchgear.gear import Switchgear
    from switchgear.practice.sim.fleet import FleetThread
    from switchgear.practice.sim.server import SimThread
    from switchgear.testing.clock import FakeClock
    from switchgear.testing.waiting import NoWaiting


@pytest.fixture(scope="session")
def _switchgear_sim() -> Iterator[SimThread]:
    from switchgear.practice.sim.server import SimThread

    with SimThread() as sim:
        yield sim


@pytest.fixture
def practice_exchange(_switchgear_sim: SimThread) -> Iterator[SimThread]:
    """The practice exchange, on a thread: base_url, backend_url, key, secret, add_faults, state."""
    yield _switchgear_sim
    _switchgear_sim.mend()


@pytest.fixture(scope="session")
def _switchgear_fleet() -> Iterator[FleetThread]:
    from switchgear.practice.sim.fleet import FleetThread

    with FleetThread() as fleet:
        yield fleet


@pytest.fixture
def practice_exchanges(_switchgear_fleet: FleetThread) -> Iterator[FleetThread]:
    """The practice exchanges by name: binance, alpaca and coinbase, each as `practice_exchange` is."""
    yield _switchgear_fleet
    _switchgear_fleet.mend()


@pytest.fixture
def switchgear_clock() -> FakeClock:
    """A clock that stands still until the test moves it, or somebody waits."""
    from switchgear.testing.clock import FakeClock

    return FakeClock()


@pytest.fixture
def switchgear_gear(switchgear_clock: FakeClock) -> Iterator[Switchgear]:
    """A gear on `switchgear_clock` that keeps its records in memory; closed after the test."""
    from switchgear.gear import Switchgear

    with Switchgear(clock=switchgear_clock) as gear:
        yield gear


@pytest.fixture
def switchgear_no_waiting() -> Iterator[NoWaiting]:
    """Waiting is off for every gear on the machine's clock: sleeps return at once, and time moves by them."""
    from switchgear.testing.waiting import no_waiting

    with no_waiting() as waits:
        yield waits
