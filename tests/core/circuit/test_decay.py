"""Owns how a row of openings is forgotten: one for each period closed, none while open or probing."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchgear.core.circuit import (
    Circuit,
    HalfOpen,
    Open,
    Rules,
    Settlement,
    hold,
    release,
    reset,
    settle,
)
from switchgear.core.circuit.rules import spell_after
from switchgear.core.words import CircuitState
from tests.core.circuit.steps import healed, opened, probing, run

FAIL, GOOD = Settlement.FAILURE, Settlement.SUCCESS
RULES = Rules(failure_threshold=1, reset_timeout_s=10.0, reset_backoff=2.0, reset_decay_s=60.0)


def closed_after(openings: int, rules: Rules = RULES) -> tuple[Circuit, float]:
    """A circuit that closed after so many openings in a row, and when it did."""
    circuit = opened(rules)
    for _ in range(openings - 1):
        assert isinstance(circuit.state, Open)
        circuit = run(circuit, rules, circuit.state.until_s, FAIL)
    assert isinstance(circuit.state, Open)
    until_s = circuit.state.until_s
    return run(circuit, rules, until_s, GOOD), until_s


def opens_for(circuit: Circuit, rules: Rules, now_s: float) -> tuple[int, float]:
    """After a failure at that instant: the opening's number in its row, and how long it lasts."""
    circuit = run(circuit, rules, now_s, FAIL)
    assert isinstance(circuit.state, Open)
    return circuit.spell, circuit.state.until_s - circuit.state.since_s


@pytest.mark.parametrize(
    ("periods", "spell", "lasts_s"),
    [(0.0, 5, 160.0), (0.99, 5, 160.0), (1.0, 4, 80.0), (2.5, 3, 40.0), (3.0, 2, 20.0)],
)
def test_each_whole_period_closed_forgets_one_opening(
    periods: float, spell: int, lasts_s: float
) -> None:
    """Four openings in a row; the next is the fifth, less one for each period."""
    circuit, closed_s = closed_after(4)
    assert circuit.spell == 4
    now_s = closed_s + periods * 60.0
    assert opens_for(circuit, RULES, now_s)[0] == spell
    assert opens_for(circuit, RULES, now_s)[1] == pytest.approx(lasts_s)


@pytest.mark.parametrize("periods", [4, 5, 1_000, 10**9])
def test_after_enough_periods_the_next_opening_is_a_first_one(periods: int) -> None:
    """It does not go below none: long health saves nothing up for later."""
    circuit, closed_s = closed_after(4)
    spell, lasts_s = opens_for(circuit, RULES, closed_s + periods * 60.0)
    assert spell == 1
    assert lasts_s == pytest.approx(10.0, abs=1e-3)


@given(openings=st.integers(1, 8), periods=st.integers(0, 12), rest=st.integers(0, 59))
def test_opening_n_after_k_periods(openings: int, periods: int, rest: int) -> None:
    """For any row and any whole number of periods, and whatever is left of the next one."""
    circuit, closed_s = closed_after(openings)
    spell, _ = opens_for(circuit, RULES, closed_s + periods * 60.0 + rest)
    assert spell == max(0, openings - periods) + 1


def test_time_open_or_probing_forgets_nothing() -> None:
    """An exchange that is down for an hour has not been well for an hour."""
    circuit = run(opened(RULES), RULES, 3_600.0, FAIL)
    assert circuit.spell == 2
    circuit = run(circuit, RULES, 7_200.0, FAIL)
    assert circuit.spell == 3


def test_health_of_an_earlier_recovery_is_counted_once() -> None:
    """Two periods forgave two of three; what follows at once counts on from there."""
    circuit, closed_s = closed_after(3)
    circuit = run(circuit, RULES, closed_s + 120.0, FAIL)
    assert circuit.spell == 2
    assert isinstance(circuit.state, Open)
    circuit = run(circuit, RULES, circuit.state.until_s, FAIL)
    assert circuit.spell == 3
    assert isinstance(circuit.state, Open)
    healed_s = circuit.state.until_s
    circuit = run(circuit, RULES, healed_s, GOOD, FAIL)
    assert circuit.spell == 4
    assert circuit.healed_s == healed_s


def test_health_begins_where_the_probe_came_back() -> None:
    """A probe that was out for a minute has not been health for a minute."""
    circuit, (probe,) = probing(RULES)
    circuit = settle(circuit, probe, GOOD, RULES, 70.0)
    assert opens_for(circuit, RULES, 129.0)[0] == 2
    assert opens_for(circuit, RULES, 130.0)[0] == 1


def test_a_ramp_is_health_too() -> None:
    """The periods are counted from the probes' success, for from then on calls pass."""
    rules = replace(RULES, ramp_s=300.0)
    circuit = healed(rules)
    assert circuit.healed_s == 10.0
    assert opens_for(circuit, rules, 69.0)[0] == 2
    assert opens_for(circuit, rules, 70.0)[0] == 1
    assert opens_for(circuit, rules, 1_000.0)[0] == 1


def test_while_closed_the_row_is_read_as_it_was() -> None:
    """Forgetting is worked out at the next opening, so no timer and no write is needed."""
    circuit, closed_s = closed_after(3)
    assert run(circuit, RULES, closed_s + 1e6, GOOD).spell == 3


def test_a_hold_stops_no_forgetting() -> None:
    """The exchange was closed beneath it, so its time counts."""
    circuit, closed_s = closed_after(3)
    held = hold(circuit, CircuitState.METRICS_ONLY, closed_s)
    circuit = release(held, closed_s + 120.0)
    assert opens_for(circuit, RULES, closed_s + 120.0)[0] == 2


def test_a_hold_over_an_open_circuit_forgets_nothing() -> None:
    """A day of calls by force proves no health: nothing was counted."""
    circuit = run(opened(RULES), RULES, 10.0, FAIL)
    circuit = release(hold(circuit, CircuitState.FORCED_CLOSED, 11.0), 86_400.0)
    circuit = run(circuit, RULES, 86_400.0, FAIL)
    assert circuit.spell == 3


def test_a_reset_forgets_all() -> None:
    """A person's word, and the row begins anew, at any reading of the clock."""
    circuit, closed_s = closed_after(5)
    assert opens_for(reset(circuit), RULES, closed_s) == (1, 10.0)


def test_pitfall_19_the_period_is_that_of_the_rules_at_the_opening() -> None:
    """19: a shorter one forgets more of the time that has passed already."""
    circuit, closed_s = closed_after(4)
    quick = replace(RULES, reset_decay_s=10.0)
    assert opens_for(circuit, RULES, closed_s + 30.0)[0] == 5
    assert opens_for(circuit, quick, closed_s + 30.0)[0] == 2


def test_a_first_opening_is_a_first_one_at_any_reading_of_the_clock() -> None:
    """Nothing healed yet, so there is nothing to forget."""
    for now_s in (0.0, 1e9):
        assert opens_for(Circuit.new(), RULES, now_s)[0] == 1


@given(spell=st.integers(0, 100), healthy_s=st.floats(0, 1e12), decay_s=st.floats(1e-3, 1e12))
def test_what_still_counts_is_never_below_none_nor_above_what_was(
    spell: int, healthy_s: float, decay_s: float
) -> None:
    """And never less for a shorter time of health."""
    rules = replace(RULES, reset_decay_s=decay_s)
    left = spell_after(rules, spell, healthy_s)
    assert 0 <= left <= spell
    assert spell_after(rules, spell, healthy_s / 2) >= left


@pytest.mark.parametrize("decay_s", [5e-324, 1e-300, 0.001, 1e300, math.inf])
@pytest.mark.parametrize("healthy_s", [-1.0, 0.0, 5e-324, 1.0, 1e9, 1e308])
def test_no_period_and_no_health_is_too_small_or_too_large(
    decay_s: float, healthy_s: float
) -> None:
    """A quotient beyond all floats forgets the whole row, and raises nothing in the middle of a call."""
    left = spell_after(replace(RULES, reset_decay_s=decay_s), 7, healthy_s)
    assert left == (0 if healthy_s >= 7 * decay_s else 7 if healthy_s < decay_s else left)
    assert 0 <= left <= 7


def test_the_smallest_period_forgets_the_row_at_once() -> None:
    """Any time closed is enough of it then; none at all is not."""
    rules = replace(RULES, reset_decay_s=5e-324)
    circuit, closed_s = closed_after(4)
    assert opens_for(circuit, rules, closed_s) == (5, 160.0)
    assert opens_for(circuit, rules, closed_s + 0.001)[0] == 1


def test_a_flapping_exchange_is_asked_less_and_less() -> None:
    """It heals and fails at once, again and again: each spell is longer, up to the bound."""
    rules = replace(RULES, reset_timeout_s_max=60.0)
    circuit, lengths = opened(rules), list[float]()
    for _ in range(5):
        assert isinstance(circuit.state, Open)
        lengths.append(circuit.state.until_s - circuit.state.since_s)
        circuit = run(circuit, rules, circuit.state.until_s, GOOD, FAIL)
    assert lengths == [10.0, 20.0, 40.0, 60.0, 60.0]
    assert not isinstance(circuit.state, HalfOpen)
