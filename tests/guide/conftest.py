"""
Owns what the guide's tests share: the mark with a heading, both colours, and a venue that can
break.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from switchgear import Switchgear
from switchgear.guide import enable_debug_logging, use_gear
from switchgear.practice.sim.server import SimThread
from switchgear.testing import FakeClock
from tests.guide.kit import Bench

if TYPE_CHECKING:
    from collections.abc import Iterator


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known, since unknown ones are errors."""
    text = "guide(*headings): the headings of the guide whose behaviour the test shows"
    config.addinivalue_line("markers", text)


@pytest.fixture(params=["sync", "async"])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    """The guide's functions, in either colour, on a gear of the test's own with a clock to move."""
    clock = FakeClock()
    gear = Switchgear(clock=clock)
    before = use_gear(gear)
    yield Bench(gear, clock, is_async=request.param == "async")
    enable_debug_logging(on=False)
    use_gear(before)
    gear.close()


@pytest.fixture(scope="session")
def running_sim() -> Iterator[SimThread]:
    """One practice exchange for all of these tests."""
    with SimThread() as sim:
        yield sim


@pytest.fixture
def sim(running_sim: SimThread) -> SimThread:
    """The practice exchange, with nothing going wrong."""
    running_sim.clear_faults()
    return running_sim
