"""
The proof for real in its short form: processes that order are killed with SIGKILL while their wire breaks.

`scripts/kill_orders.py` is the long form.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from switchgear.order.intent import Intent, State
from switchgear.order.store import Change, MemoryStore, Write
from tests.order.killing import Killing, Plan
from tests.order.stores import BY, intent
from tests.order.trader import SYMBOLS, QuickClock

if TYPE_CHECKING:
    from tests.order.stores import Place

ORDERS = 60
KILLS_MIN = 5


@pytest.mark.slow  # a dozen processes, one after the other, two at a time
@pytest.mark.parametrize("venue", SYMBOLS)
def test_no_order_is_booked_twice_or_lost(venue: str, place: Place) -> None:
    """Two processes at a time on one journal, killed and replaced: venue, journal and callers agree in the end."""
    report = Killing(Plan(venue, str(place.where), ORDERS, seed=1, kills=KILLS_MIN)).run()
    assert report.faults == []
    assert (report.twice, report.lost) == (0, 0)
    assert report.orders >= ORDERS
    assert report.kills >= KILLS_MIN
    assert report.booked >= ORDERS / 4
    assert report.broken
    assert report.ends["killed"], "no caller was waiting when its process was killed"


@pytest.mark.slow  # as above
def test_what_is_sent_again_too_early_is_seen(file: Place) -> None:
    """Planted on purpose: traders that take an order for absent at the first look, where an id may be used again."""
    report = Killing(Plan("binance", str(file.where), 40, seed=1, careless=True)).run()
    assert report.twice
    assert any("was booked 2 times" in fault for fault in report.faults)


# ---------------------------------------------------------------------------- the checks themselves


NAME = "c1"


def moved(*states: State) -> MemoryStore:
    """A journal with one intent that went this way."""
    store, kept = MemoryStore(), intent()
    assert isinstance(store.apply([Write(kept, BY)], durable=True)[0], Intent)
    for state in states:
        old, kept = kept.state, kept.moved(state, kept.created_ms + 5_000, "so it is")
        assert isinstance(store.apply([Change(kept, old, BY)], durable=True)[0], Intent)
    return store


def checked(store: MemoryStore, *, booked: int = 0, told: str = "", about: int = 1) -> Killing:
    """What the checks make of one order."""
    killing = Killing(Plan("binance", "", 1, 1))
    lines: list[dict[str, Any]] = [{"line": "about", "name": NAME, "number": 0}] * about
    killing.take(lines + ([{"line": "told", "name": NAME, "end": told}] if told else []))
    killing.check([{"client_order_id": NAME}] * booked, store)
    return killing


ACKED = (State.SENT, State.ACKED)
FOUND = (State.SENT, State.UNKNOWN, State.FOUND)
ABSENT = (State.SENT, State.UNKNOWN, State.ABSENT)


@pytest.mark.parametrize(
    ("states", "booked", "told"),
    [
        (ACKED, 1, "booked"),
        (FOUND, 1, "booked"),
        (FOUND, 1, "unknown"),
        (ABSENT, 0, "refused"),
        (ABSENT, 0, "unknown"),
        (ABSENT, 0, "not kept"),
        (ABSENT, 0, ""),
    ],
)
def test_what_agrees_is_no_fault(states: tuple[State, ...], booked: int, told: str) -> None:
    """Venue, journal and caller say the same, or the caller was told nothing that is untrue."""
    assert checked(moved(*states), booked=booked, told=told).report.faults == []


@pytest.mark.parametrize(
    ("states", "booked", "told", "wrong"),
    [
        (ACKED, 2, "booked", "booked 2 times"),
        (ACKED, 0, "", "is acked"),
        (FOUND, 0, "", "is found"),
        (ABSENT, 1, "", "is absent"),
        ((State.REJECTED,), 1, "", "is rejected"),
        ((State.SENT,), 1, "booked", "is still sent"),
        ((), 0, "unknown", "is still new"),
        (ABSENT, 0, "booked", "told booked"),
        (FOUND, 1, "refused", "told refused"),
        (FOUND, 1, "not sent", "told not sent"),
        (FOUND, 1, "not kept", "told not kept"),
        (FOUND, 1, "another", "told another"),
    ],
)
def test_what_does_not_agree_is_one(
    states: tuple[State, ...], booked: int, told: str, wrong: str
) -> None:
    """Each untruth that the proof is there to find is found, or finding none would mean nothing."""
    faults = checked(moved(*states), booked=booked, told=told).report.faults
    assert any(wrong in fault for fault in faults), faults


@pytest.mark.parametrize(("booked", "told"), [(1, "booked"), (0, "unknown")])
def test_an_order_in_no_journal_is_one(booked: int, told: str) -> None:
    """It was lost: booked and not known, or forgotten while its caller was told that it is looked after."""
    faults = checked(MemoryStore(), booked=booked, told=told).report.faults
    assert any("in no journal" in fault for fault in faults)


def test_an_order_of_nobody_is_one() -> None:
    """No trader said that it was about to make it."""
    assert "c1 is nobody's" in checked(moved(*ACKED), booked=1, about=0).report.faults


def test_it_is_measured_how_long_an_order_was_unknown() -> None:
    """From when it was written down until it was settled."""
    assert checked(moved(*FOUND), booked=1).report.open_s == [5.0]


def test_a_quick_clock_is_the_same_elsewhere() -> None:
    """As another process makes it of its text; and it does not jump when its speed changes."""
    clock = QuickClock(1_000)
    clock.go(50)
    other = QuickClock.of(clock.text())
    before_s, there_s, after_s = clock.monotonic_s(), other.monotonic_s(), clock.monotonic_s()
    assert before_s <= there_s <= after_s
    clock.go(1)
    assert 0 <= clock.monotonic_s() - after_s < 60 * 50
