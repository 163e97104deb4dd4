"""Proves that a recorder hears everything of a gear, in order, and nothing before it is on or after it is off."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

import switchgear as sg
import switchgear.testing
from switchgear.testing import FakeClock, Faults, Recorder

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = ("binance", "get_x")


@pytest.fixture
def gear() -> Iterator[sg.Switchgear]:
    """A gear that tries twice, and opens at the second failure."""
    settings = {"retries": 1, "failure_threshold": 2}
    with sg.Switchgear(clock=FakeClock(), settings=settings) as made:
        yield made


def test_everything_is_heard_in_order(gear: sg.Switchgear) -> None:
    """Successes, failures, moves and refusals, of plain and of coroutine functions, without a flush by the test."""
    gear.call_sync(*KEY, int)
    recorder = Recorder.on(gear)
    gear.call_sync(*KEY, int)
    with Faults(gear, "*", error=ConnectionResetError), pytest.raises(ConnectionResetError):
        gear.call_sync(*KEY, int)
    with pytest.raises(sg.CircuitOpenError):
        asyncio.run(gear.call(*KEY, int))
    assert recorder.names() == [
        "call_succeeded",
        "retry_scheduled",
        "circuit_moved",
        "call_failed",
        "call_rejected",
    ]
    (moved,) = recorder.of(sg.CircuitMoved)
    assert moved.new is sg.CircuitState.OPEN
    assert len(recorder.of(object)) == len(recorder.events) == 5


def test_clear_forgets_what_was_heard(gear: sg.Switchgear) -> None:
    """What was on its way is forgotten too; what comes later is heard."""
    recorder = Recorder.on(gear)
    gear.call_sync(*KEY, int)
    recorder.clear()
    assert recorder.events == []
    gear.call_sync(*KEY, int)
    assert recorder.names() == ["call_succeeded"]


def test_off_ends_it(gear: sg.Switchgear) -> None:
    """What happened until then stays, nothing is added, and a second off is no error."""
    recorder = Recorder.on(gear)
    gear.call_sync(*KEY, int)
    recorder.off()
    gear.call_sync(*KEY, int)
    gear.flush()
    recorder.off()
    assert recorder.names() == ["call_succeeded"]


def test_it_is_a_listener_of_one_kind_too(gear: sg.Switchgear) -> None:
    """Handed to gear.on it hears what it is handed, once the gear is flushed."""
    recorder = Recorder()
    gear.on(sg.CircuitMoved, recorder)
    gear.call_sync(*KEY, int)
    gear.hold("*", by="ops", why="incident")
    gear.flush()
    assert set(recorder.names()) == {"circuit_moved"}
    assert recorder.of(sg.CircuitMoved)[0].by == "ops"


def test_two_recorders_hear_the_same(gear: sg.Switchgear) -> None:
    """One does not take anything from the other."""
    one, two = Recorder.on(gear), Recorder.on(gear)
    gear.call_sync(*KEY, int)
    assert one.events == two.events
    assert one.names() == ["call_succeeded"]


PUBLIC = (
    "FakeClock FaultCall Faults NoWaiting Recorder Refusal assert_circuit assert_closed assert_gate "
    "assert_half_open assert_open assert_rejected no_waiting"
)


@pytest.mark.parametrize("name", PUBLIC.split())
def test_each_name_for_tests_is_there(name: str) -> None:
    """A public name is found where its page says, and listed."""
    assert getattr(switchgear.testing, name).__name__ == name
    assert name in dir(switchgear.testing)


def test_a_name_that_is_none_is_an_attribute_error() -> None:
    """A typo says what it was."""
    with pytest.raises(AttributeError, match=r"'switchgear\.testing' has no attribute 'Fault'"):
        getattr(switchgear.testing, "Fault")  # noqa: B009  a type checker would refuse it
