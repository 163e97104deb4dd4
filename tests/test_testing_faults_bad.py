"""Proves which errors can be raised as faults, and that what cannot be is refused where it is given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import switchgear as sg
from switchgear.testing import FakeClock, Faults, no_waiting
from tests.faults_kit import BROKEN, KEY

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def clock() -> FakeClock:
    """A clock moved by hand, and by who waits."""
    return FakeClock()


@pytest.fixture
def gear(clock: FakeClock) -> Iterator[sg.Switchgear]:
    """A gear that makes one attempt, and never opens a circuit."""
    settings = {"retries": 0, "failure_threshold": "none", "slow_call_s": "none"}
    with sg.Switchgear(clock=clock, settings=settings) as made:
        yield made


class Stiff(Exception):
    """An error that copy cannot make anew."""

    def __init__(self, left: str, right: str) -> None:
        super().__init__(left + right)


class Rich(Exception):
    """An error with something in its attributes alone."""

    def __init__(self, text: str, *, code: int) -> None:
        super().__init__(text)
        self.code = code

    def __reduce__(self) -> tuple[Any, ...]:
        return _rich, (str(self), self.code)


def _rich(text: str, code: int) -> Rich:
    return Rich(text, code=code)


def test_a_copy_is_like_its_pattern(gear: sg.Switchgear) -> None:
    """Status, code, cause and notes are there; what is added to one copy is not on the next."""
    for pattern in (sg.ApiError("down", status=503, code=-1), Rich("rich", code=5)):
        pattern.__cause__ = OSError("the wire")
        pattern.add_note("made by a test")
        with Faults(gear, "*", error=pattern):
            for _ in range(2):
                with pytest.raises(type(pattern)) as caught:
                    gear.call_sync(*KEY, int)
                error = caught.value
                assert error is not pattern
                assert (str(error), vars(error).get("code")) == (str(pattern), pattern.code)
                assert error.__cause__ is pattern.__cause__
                assert error.__notes__ == ["made by a test"]
                error.add_note("seen")


NAN = float("nan")
BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"rate": 1.01}, "rate", "a number from 0 to 1"),
    ({"rate": -0.1}, "rate", "a number from 0 to 1"),
    ({"rate": NAN}, "rate", "a number from 0 to 1"),
    ({"rate": True}, "rate", "a number from 0 to 1"),
    ({"rate": "0.5"}, "rate", "a number from 0 to 1"),
    ({"latency_s": -1}, "latency_s", "a number from 0"),
    ({"latency_s": float("inf")}, "latency_s", "a number from 0"),
    ({"count": 0}, "count", "a whole number from 1"),
    ({"count": 1.5}, "count", "a whole number from 1"),
    ({"seed": "x"}, "seed", "a whole number"),
    ({"after": 1}, "after", "True or False"),
    ({"error": "boom"}, "error", "an exception"),
    ({"error": int}, "error", "an exception"),
    ({"error": Stiff}, "error", "give a function that makes it"),
    ({"error": Stiff("a", "b")}, "error", "give a function that makes it"),
    ({"error": None}, "error", "a latency_s above 0"),
    ({"error": None, "latency_s": 1, "after": True}, "error", "where the answer is to be lost"),
    ({"exchange": "a b"}, "exchange", "letters"),
    ({"method": 5}, "method", "a name or a pattern"),
]


@pytest.mark.parametrize(("bad", "field", "allowed"), BAD)
def test_what_cannot_be_is_refused_at_once(
    gear: sg.Switchgear, bad: dict[str, Any], field: str, allowed: str
) -> None:
    """The error names the field, its value and what is allowed."""
    given: dict[str, Any] = {"exchange": "binance", "error": BROKEN, **bad}
    with pytest.raises(sg.SettingsError) as caught:
        Faults(gear, **given)
    assert caught.value.field == field
    assert caught.value.value is given[field]
    assert allowed in caught.value.allowed


def test_faults_and_no_waiting_go_together() -> None:
    """On the machine's clock the latency is slept away, whichever of the two came first."""
    with sg.Switchgear(settings={"retries": 0}) as gear:
        faults = Faults(gear, "*", error=BROKEN, latency_s=5.0)
        for _ in range(2):
            with faults, no_waiting() as waits, pytest.raises(TimeoutError):
                gear.call_sync(*KEY, int)
            assert waits.slept_s == [5.0]
            with no_waiting() as waits, faults, pytest.raises(TimeoutError):
                gear.call_sync("binance", "get_y", int)
            assert waits.slept_s == [5.0]
    assert faults.hits == 4
