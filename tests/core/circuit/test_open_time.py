"""Owns the length of an open spell: growth, bound, jitter; pitfalls 16 and 17."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchgear.core.circuit import Circuit, Open, Rules, Settlement, settle
from tests.core.circuit.steps import opened, refusal_of, run, ticket_of

FAIL, GOOD = Settlement.FAILURE, Settlement.SUCCESS
DAY_S = 86_400.0


def spells(rules: Rules, count: int, chance: float = 0.0) -> list[float]:
    """The lengths of open spells in a row, each ended by a probe that fails."""
    circuit, lengths = opened(rules, 0.0, chance), list[float]()
    for _ in range(count):
        assert isinstance(circuit.state, Open)
        lengths.append(circuit.state.until_s - circuit.state.since_s)
        circuit = run(circuit, rules, circuit.state.until_s, FAIL, chance=chance)
    return lengths


def test_by_default_each_spell_is_thirty_seconds() -> None:
    """Without growth the third spell in a row is as long as the first."""
    assert spells(Rules(), 3) == [30.0, 30.0, 30.0]


def test_spells_in_a_row_grow_to_the_bound() -> None:
    """Each opening without a close between multiplies the time, up to the bound."""
    rules = Rules(reset_timeout_s=10, reset_backoff=2, reset_timeout_s_max=60)
    assert spells(rules, 5) == [10.0, 20.0, 40.0, 60.0, 60.0]


def test_a_close_does_not_end_the_row_at_once() -> None:
    """
    Three relapses, each right after a recovery, are a row: an exchange that flaps is asked less and
    less. How the row is forgotten is test_decay's.
    """
    rules = Rules(failure_threshold=1, reset_timeout_s=10, reset_backoff=3)
    circuit = run(opened(rules), rules, 10.0, GOOD, FAIL)
    circuit = run(circuit, rules, 40.0, GOOD, FAIL)
    assert circuit.spell == 3
    assert isinstance(circuit.state, Open)
    assert circuit.state.until_s == 40.0 + 90.0


def test_pitfall_16_growth_without_a_bound_ends_at_one_day() -> None:
    """
    16: the exponent is guarded: thousands of openings in a row overflow nothing and stay a day
    long.
    """
    rules = Rules(failure_threshold=1, reset_timeout_s=30, reset_backoff=2)
    lengths = spells(rules, 1_500)
    assert lengths[-1] == DAY_S
    assert lengths == sorted(lengths)


@pytest.mark.parametrize("backoff", [10.0, 1e6, 1e300])
def test_pitfall_16_any_factor_is_guarded(backoff: float) -> None:
    """
    16: a factor that nobody would choose still gives a number, not an OverflowError in the middle
    of a call.
    """
    rules = Rules(failure_threshold=1, reset_timeout_s=30, reset_backoff=backoff)
    assert spells(rules, 100)[-1] == DAY_S


@given(
    timeout_s=st.floats(0.001, 3_600),
    backoff=st.floats(1, 100),
    jitter=st.floats(0, 1),
    chance=st.floats(0, 1, exclude_max=True),
    count=st.integers(1, 12),
)
def test_pitfall_16_a_spell_is_finite_and_within_its_bound(
    timeout_s: float, backoff: float, jitter: float, chance: float, count: int
) -> None:
    """
    16: whatever the numbers, a spell is positive, finite and at most the bound with its share of
    jitter.
    """
    rules = Rules(
        reset_timeout_s=timeout_s,
        reset_timeout_s_max=3_600,
        reset_backoff=backoff,
        reset_jitter=jitter,
    )
    for length_s in spells(rules, count, chance):
        assert math.isfinite(length_s)
        assert 0 < length_s <= 3_600 * (1 + jitter) * (1 + 1e-9)


@pytest.mark.parametrize(("chance", "length_s"), [(0.0, 20.0), (0.5, 25.0), (0.998, 29.98)])
def test_jitter_adds_a_share_of_the_time(chance: float, length_s: float) -> None:
    """A jitter of one half makes the spell longer by up to one half, as chance has it."""
    rules = Rules(reset_timeout_s=20, reset_jitter=0.5)
    assert spells(rules, 1, chance) == [pytest.approx(length_s)]


def test_jitter_may_exceed_the_bound_by_its_share() -> None:
    """
    The bound holds before jitter, or every circuit at its bound would come back at the same
    instant.
    """
    rules = Rules(reset_timeout_s=10, reset_timeout_s_max=10, reset_jitter=1.0)
    assert spells(rules, 1, 0.5) == [pytest.approx(15.0)]


def test_pitfall_17_jitter_is_drawn_once_for_a_spell() -> None:
    """
    17: the instant is fixed at the opening: neither questions nor late results with other chances
    move it.
    """
    rules = Rules(failure_threshold=1, reset_timeout_s=10, reset_jitter=1.0)
    circuit, late = ticket_of(Circuit.new(), rules, 0.0)
    circuit, ticket = ticket_of(circuit, rules, 0.0)
    circuit = settle(circuit, ticket, FAIL, rules, 0.0, chance=0.5)
    circuit = settle(circuit, late, FAIL, rules, 1.0, chance=0.0)
    waits = [refusal_of(circuit, rules, 14.0).retry_after_s for _ in range(100)]
    assert waits == [1.0] * 100
    ticket_of(circuit, rules, 15.0)
