"""Owns the tests of the alert on a circuit that opens again and again."""

from __future__ import annotations

import logging
import math
from typing import Any

import pytest

import switchgear as sg
from switchgear.core.words import CircuitState, Key
from switchgear.observe.alerts import Alert, OpeningsAlert
from switchgear.testing import FakeClock
from tests.observe.facts import CLOSED, FORCED_OPEN, HALF, KEY, OPEN, move


def told(*at_s: float, openings: int = 3, within_s: float = 100.0) -> list[float]:
    """At which of these openings the alert was raised."""
    found: list[float] = []
    now_s = [0.0]
    alert = OpeningsAlert(openings, within_s, lambda _: found.append(now_s[0]))
    for instant_s in at_s:
        now_s[0] = instant_s
        alert.moved(move(HALF, OPEN, instant_s))
    return found


@pytest.mark.parametrize(
    ("at_s", "raised_s"),
    [
        ([0, 10], []),
        ([0, 10, 20], [20]),
        ([0, 50, 100], [100]),  # the window holds both its ends
        ([0, 50, 100.1], []),
        ([0, 90, 110, 180], [180]),  # the first is forgotten
        ([0, 1, 2, 3, 50, 101], [2]),  # quiet for as long as the window
        ([0, 1, 2, 60, 80, 102], [2, 102]),
        ([0, 1, 2, 103, 104, 105], [2, 105]),
    ],
)
def test_it_is_raised_at_n_openings_in_a_window_then_quiet(
    at_s: list[float], raised_s: list[float]
) -> None:
    """Three within 100 s raise it; further ones do only when 100 s have passed."""
    assert told(*at_s) == raised_s


def test_one_opening_can_be_enough() -> None:
    """With openings=1 each opening raises it, but for the quiet time."""
    assert told(0, 50, 100, openings=1) == [0, 100]


def test_circuits_are_counted_apart_and_other_moves_not_at_all() -> None:
    """Openings of three circuits are not three openings of one; nor are probes, holds and releases."""
    found: list[Alert] = []
    alert = OpeningsAlert(2, 100.0, found.append)
    for number in range(3):
        alert.moved(move(CLOSED, OPEN, key=Key("binance", f"get_{number}", "main")))
    for new in CircuitState:
        if new is not OPEN:
            alert.moved(move(OPEN, new))
    alert.moved(move(FORCED_OPEN, OPEN))
    alert.moved(move(FORCED_OPEN, OPEN))
    assert found == []
    alert.moved(move(CLOSED, OPEN))
    alert.moved(move(HALF, OPEN))
    assert [str(one) for one in found] == [
        "binance.get_x opened 2 times within 100 s; last: 3 failures in a row"
    ]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"openings": 0}, "openings"),
        ({"openings": -1}, "openings"),
        ({"within_s": 0}, "within_s"),
        ({"within_s": math.nan}, "within_s"),
        ({"within_s": math.inf}, "within_s"),
    ],
)
def test_what_cannot_be_is_refused(given: dict[str, Any], field: str) -> None:
    """A window of nothing is an error where it is set, not at the first opening."""
    with pytest.raises(sg.SettingsError) as caught:
        OpeningsAlert(**given)
    assert caught.value.field == field


def test_a_gear_alerts_to_logging(caplog: pytest.LogCaptureFixture) -> None:
    """A circuit that opens three times within five minutes is told at ERROR on switchgear.alerts, once."""
    settings = {"retries": 0, "failure_threshold": 1, "reset_timeout_s": 10}
    caplog.set_level(logging.ERROR, "switchgear.alerts")
    clock = FakeClock()
    with sg.Switchgear(clock=clock, settings=settings) as gear:

        def fail() -> None:
            raise ConnectionResetError("gone")

        for _ in range(5):
            gear.guarded("binance", "get_x").try_call_sync(fail)
            clock.advance(10)
    alerts = [record for record in caplog.records if record.name == "switchgear.alerts"]
    assert [record.levelname for record in alerts] == ["ERROR"]
    alert = vars(alerts[0])["switchgear"]
    assert (alert.key, alert.openings, alert.within_s) == (KEY, 3, 300.0)
    assert "gone" in alert.reason
