"""Owns the desk that tests of whole calls work at: a gear on a clock moved by hand, in either colour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import switchgear as sg
from switchgear.testing import FakeClock
from tests.core.colours import AsyncColour, Boom, Colour, SyncColour

if TYPE_CHECKING:
    from collections.abc import Iterator

OPEN, HALF, CLOSED = (
    sg.CircuitState.OPEN,
    sg.CircuitState.HALF_OPEN,
    sg.CircuitState.CLOSED,
)
KEY = ("binance", "get_market_data")


class Ignored(Exception):
    """An error that the settings call neutral."""


@pytest.fixture(params=["sync", "async"])
def colour(request: pytest.FixtureRequest) -> Iterator[Colour]:
    """Each scenario on threads and on an event loop."""
    made: Colour = SyncColour() if request.param == "sync" else AsyncColour()
    yield made
    made.close()


class Desk:
    """A gear on a clock moved by hand, with one guarded key and a way to call it."""

    def __init__(self, colour: Colour) -> None:
        self.clock = FakeClock()
        self.gear = sg.Switchgear(clock=self.clock)
        self.configure(failure_threshold=3, reset_timeout_s=10, probe_lease_s=5, retries=0)
        self.configure(timeout_s=None, ignore=(Ignored,))
        self.guard = self.gear.guarded(*KEY)
        self.colour = colour

    def configure(self, **settings: Any) -> None:
        """Set it live."""
        self.gear.configure(*KEY, **settings)

    @property
    def state(self) -> sg.CircuitState:
        """What the circuit does now."""
        return self.gear.circuit(*KEY).state

    def good(self) -> object:
        """A call that has a value."""
        return self.colour.call(self.guard, lambda: "value")

    def fail(self, error: type[BaseException] = Boom, times: int = 1) -> None:
        """Calls that fail."""

        def body() -> None:
            raise error("HTTP 503")

        for _ in range(times):
            with pytest.raises(error):
                self.colour.call(self.guard, body)

    def rejection(self) -> sg.CircuitOpenError:
        """A call that is not made."""
        with pytest.raises(sg.CircuitOpenError) as caught:
            self.good()
        return caught.value

    def recover(self) -> None:
        """Wait until probes may go out."""
        self.clock.advance(10)
        assert self.state is HALF


@pytest.fixture
def desk(colour: Colour) -> Iterator[Desk]:
    """A desk for each colour."""
    made = Desk(colour)
    yield made
    made.gear.close()
