"""Owns calls that nobody awaits any more: what the collector ends gives its places back, wherever it runs."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest

import switchgear as sg
from switchgear.core.circuit import HalfOpen
from switchgear.core.policy.scopes import Ticket
from switchgear.testing import FakeClock

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator


class Never:
    """What is awaited without end."""

    def __await__(self) -> Generator[None]:
        """Wait once, for somebody who never comes back."""
        yield


async def hang() -> None:
    """Never return."""
    await Never()


def refuse() -> None:
    """Never reach the exchange."""
    raise ConnectionRefusedError


@pytest.fixture
def collecting_by_hand() -> Iterator[None]:
    """The collector runs where the test says, and nowhere else."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
def clock() -> FakeClock:
    """A clock moved by hand."""
    return FakeClock()


@pytest.fixture
def guard(clock: FakeClock) -> Iterator[sg.Guarded]:
    """A guard whose exchange's circuit is half-open with two places, and whose own draws a lot when it is asked."""
    with sg.Switchgear(clock=clock) as gear:
        gear.configure("*", timeout_s=None, failure_threshold=1, reset_timeout_s=10, retries=0)
        gear.configure("*", probe_lease_s=1_000)
        gear.configure("kraken", "get_price", slow_call_rate=0.5)
        gear.configure("kraken", "@exchange", probes=2)
        made = gear.guarded("kraken", "get_price")
        with pytest.raises(ConnectionRefusedError):
            made.call_sync(refuse)
        clock.advance(10)
        yield made


def forsake(guard: sg.Guarded) -> None:
    """Begin a call, and keep it in a ring that the collector alone finds."""
    call = guard.call(hang)
    call.send(None)
    ring: list[object] = [call]
    ring.append(ring)


def leases(guard: sg.Guarded) -> int:
    """Probes that are out at the exchange's circuit."""
    state = guard.policy.scopes.breakers[0].circuit.state
    assert isinstance(state, HalfOpen)
    return len(state.leases)


@pytest.mark.usefixtures("collecting_by_hand")
def test_a_forsaken_probe_gives_its_place_back_when_it_is_collected(guard: sg.Guarded) -> None:
    """Nobody awaits it any more: its place is taken until then, and free afterwards."""
    forsake(guard)
    assert leases(guard) == 1
    gc.collect()
    assert leases(guard) == 0


@pytest.mark.slow  # it collects garbage at each step
@pytest.mark.usefixtures("collecting_by_hand")
def test_a_probe_that_is_collected_while_another_call_asks_gives_its_place_back(
    guard: sg.Guarded, clock: FakeClock
) -> None:
    """The collector may run at any allocation: between asking the circuits and keeping their answers, too."""
    forsake(guard)
    draw, drawn = clock.chance, list[int]()

    def collecting() -> float:
        drawn.append(gc.collect())
        return draw()

    clock.chance = collecting
    ticket = guard.policy.scopes.admit()
    assert isinstance(ticket, Ticket)
    assert drawn, "the second probe was asked for, and drew a lot"
    assert leases(guard) == 1, "the collected one has its place no more"
