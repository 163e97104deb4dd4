"""Owns the floor for tests of calls through four scopes: a gear, any key of any exchange, in either colour."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING, Any

import pytest

import switchgear as sg
from switchgear.core.verdict import Answer, judge
from switchgear.core.words import Effect
from switchgear.testing import FakeClock, Recorder
from tests.core.colours import AsyncColour, Colour, SyncColour

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.core.colours import Flight

EXCHANGE, ADDRESS, ACCOUNT, METHOD = (
    sg.Scope.EXCHANGE,
    sg.Scope.ADDRESS,
    sg.Scope.ACCOUNT,
    sg.Scope.METHOD,
)
OPEN, HALF, CLOSED = sg.CircuitState.OPEN, sg.CircuitState.HALF_OPEN, sg.CircuitState.CLOSED
UNREACHED: dict[str, Callable[[], BaseException]] = {
    "refused": lambda: ConnectionRefusedError(111, "Connection refused"),
    "no such name": lambda: socket.gaierror(-2, "Name or service not known"),
    "not trusted": lambda: ssl.SSLCertVerificationError("certificate verify failed"),
}


def answer(status: int, text: str = "no", exchange: str = "kraken", **headers: str) -> sg.ApiError:
    """An exchange's answer as the clients tell it."""
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    verdict = judge(Answer(status, None, text, told), exchange, Effect.READ)
    return sg.ApiError(text, status=status, verdict=verdict)


class Floor:
    """A gear on a clock moved by hand, and a way to call any key of any exchange."""

    def __init__(self, colour: Colour) -> None:
        self.colour = colour
        self.clock = FakeClock()
        self.told = Recorder()
        self.gear = sg.Switchgear(clock=self.clock)
        self.gear.on(sg.CircuitMoved, self.told)
        self.gear.configure("*", failure_threshold=3, reset_timeout_s=10, probe_lease_s=5)
        self.gear.configure("*", retries=0, timeout_s=None)

    def guard(self, name: str = "get_price", **given: Any) -> sg.Guarded:
        """The guard of `method` or `exchange.method`."""
        exchange, _, method = name.rpartition(".")
        return self.gear.guarded(exchange or "kraken", method, **given)

    def good(self, *names: str, **given: Any) -> None:
        """Calls that have a value."""
        for name in names:
            assert self.colour.call(self.guard(name, **given), lambda: "value") == "value"

    def fail(
        self, error: BaseException, name: str = "get_price", times: int = 1, **given: Any
    ) -> None:
        """Calls that are made, and fail."""

        def body() -> None:
            raise error

        for _ in range(times):
            with pytest.raises(type(error)) as caught:
                self.colour.call(self.guard(name, **given), body)
            assert caught.value is error

    def rejection(self, name: str = "get_price", **given: Any) -> sg.Rejected:
        """A call that is not made."""
        ran = list[int]()
        with pytest.raises(sg.Rejected) as caught:
            self.colour.call(self.guard(name, **given), lambda: ran.append(1))
        assert ran == []
        return caught.value

    def begin(self, name: str = "get_price", **given: Any) -> Flight:
        """A call that is out."""
        flight = self.colour.begin(self.guard(name, **given))
        assert flight.is_out()
        return flight

    def unreachable(self, times: int = 3) -> None:
        """Have the exchange's circuit count so many."""
        self.fail(UNREACHED["refused"](), "get_assets", times)

    def wide(self, name: str = "@exchange", account: str = "main") -> sg.CircuitView:
        """The circuit of a scope, by itself."""
        return self.gear.circuit("kraken", name, account)


@pytest.fixture(params=["sync", "async"])
def floor(request: pytest.FixtureRequest) -> Iterator[Floor]:
    """Each scenario on threads and on an event loop."""
    colour: Colour = SyncColour() if request.param == "sync" else AsyncColour()
    made = Floor(colour)
    yield made
    colour.close()
    made.gear.close()
