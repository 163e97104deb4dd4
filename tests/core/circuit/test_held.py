"""
Owns the holds: what a person's hand on the circuit does, and what goes on when it
is taken away.
"""

from __future__ import annotations

import pytest

from switchgear.core.circuit import (
    Circuit,
    Closed,
    HalfOpen,
    Held,
    Open,
    Rules,
    Settlement,
    hold,
    peek,
    release,
    reset,
    settle,
)
from switchgear.core.words import CircuitState
from tests.core.circuit.steps import opened, probing, refusal_of, run, ticket_of

FAIL, GOOD = Settlement.FAILURE, Settlement.SUCCESS
RULES = Rules(failure_threshold=3, reset_timeout_s=10, probe_lease_s=5)
OPEN, CLOSED, METRICS = (
    CircuitState.FORCED_OPEN,
    CircuitState.FORCED_CLOSED,
    CircuitState.METRICS_ONLY,
)
MODES = pytest.mark.parametrize("mode", [OPEN, CLOSED, METRICS])
PASSING = pytest.mark.parametrize("mode", [CLOSED, METRICS])


@MODES
def test_a_hold_reads_as_its_mode_and_is_a_new_generation(mode: CircuitState) -> None:
    """Beginning and ending each void the tickets that are out."""
    held = hold(Circuit.new(), mode, 0.0, by="ops", why="incident")
    assert peek(held, 1e9) is mode
    assert isinstance(held.state, Held)
    assert (held.state.by, held.state.why) == ("ops", "incident")
    assert Circuit.new().generation < held.generation < release(held, 1.0).generation


def test_forced_open_refuses_without_a_time_when_nobody_named_one() -> None:
    """Only a person can tell when it ends, so no time is promised."""
    refusal = refusal_of(hold(Circuit.new(), OPEN, 0.0, by="ops", why="incident"), RULES, 99.0)
    assert refusal.retry_after_s is None
    assert "incident" in refusal.reason


def test_forced_open_refuses_until_its_instant() -> None:
    """A hold with an end says how long it still takes, and ends by itself at that instant."""
    held = hold(Circuit.new(), OPEN, 0.0, until_s=60.0)
    assert refusal_of(held, RULES, 45.0).retry_after_s == pytest.approx(15.0)
    assert peek(held, 60.0) is CircuitState.CLOSED
    ticket_of(held, RULES, 60.0)


def test_forced_open_is_not_ended_by_the_time_of_the_open_spell_beneath() -> None:
    """
    12: time that runs out beneath a hold moves nothing: no probe goes out while a
    person says no.
    """
    held = hold(opened(RULES), OPEN, 1.0)
    assert peek(held, 1e6) is OPEN
    refusal_of(held, RULES, 1e6)


@PASSING
def test_a_passing_hold_admits_all_and_counts_nothing(mode: CircuitState) -> None:
    """Forced closed and metrics only let every call through, failures in any number too."""
    held = run(hold(opened(RULES), mode, 0.0), RULES, 1.0, *[FAIL] * 50)
    assert peek(held, 1.0) is mode
    assert release(held, 2.0).state == opened(RULES).state


@PASSING
def test_a_result_of_a_hold_counts_neither_during_nor_after(mode: CircuitState) -> None:
    """A ticket given during a hold is void when the hold is over."""
    held, ticket = ticket_of(hold(Circuit.new(), mode, 0.0), RULES, 0.0)
    assert settle(held, ticket, FAIL, RULES, 0.0) == held
    after = release(held, 1.0)
    rules = Rules(failure_threshold=1)
    assert settle(after, ticket, FAIL, rules, 1.0) == after


@MODES
def test_a_result_from_before_a_hold_counts_neither_during_nor_after(mode: CircuitState) -> None:
    """A call that was out when the person came in is nobody's evidence any more."""
    rules = Rules(failure_threshold=1)
    circuit, early = ticket_of(Circuit.new(), rules, 0.0)
    held = hold(circuit, mode, 0.0)
    assert settle(held, early, FAIL, rules, 0.0) == held
    after = release(held, 1.0)
    assert settle(after, early, FAIL, rules, 1.0) == after


@MODES
def test_closed_beneath_a_hold_keeps_its_failures(mode: CircuitState) -> None:
    """Two failures before, one after: three in a row."""
    circuit = release(hold(run(Circuit.new(), RULES, 0.0, FAIL, FAIL), mode, 0.0), 5.0)
    assert circuit.state == Closed(failures=2)
    assert isinstance(run(circuit, RULES, 5.0, FAIL).state, Open)


@MODES
def test_open_beneath_a_hold_keeps_its_instant(mode: CircuitState) -> None:
    """The spell is neither stopped nor begun again by a hold."""
    circuit = release(hold(opened(RULES), mode, 1.0), 4.0)
    assert refusal_of(circuit, RULES, 4.0).retry_after_s == pytest.approx(6.0)
    ticket_of(circuit, RULES, 10.0)


@MODES
def test_half_open_beneath_a_hold_starts_again(mode: CircuitState) -> None:
    """Its probes are void, so their places are free, and what they had brought is forgotten."""
    rules = Rules(failure_threshold=1, reset_timeout_s=10, probes=2, probes_to_close=2)
    circuit = run(opened(rules), rules, 10.0, GOOD)
    circuit, probe = ticket_of(circuit, rules, 10.0)
    circuit = release(hold(circuit, mode, 11.0), 11.0)
    assert peek(circuit, 11.0) is CircuitState.HALF_OPEN
    assert settle(circuit, probe, GOOD, rules, 11.0) == circuit
    assert isinstance(run(circuit, rules, 11.0, GOOD).state, HalfOpen)
    assert run(circuit, rules, 11.0, GOOD, GOOD).state == Closed()


@MODES
def test_a_second_hold_replaces_the_first_and_keeps_what_is_beneath(mode: CircuitState) -> None:
    """Holds do not stack: one release is enough."""
    circuit = hold(hold(opened(RULES), OPEN, 0.0), mode, 1.0, until_s=3.0)
    assert peek(circuit, 2.0) is mode
    assert peek(circuit, 3.0) is CircuitState.OPEN
    assert release(circuit, 2.0).state == opened(RULES).state


def test_release_without_a_hold_changes_nothing() -> None:
    """Letting go of what nobody holds moves no generation, so no ticket is lost by it."""
    for circuit in (Circuit.new(), opened(RULES), probing(RULES)[0]):
        assert release(circuit, 50.0) == circuit


@MODES
def test_reset_closes_whatever_was_there(mode: CircuitState) -> None:
    """Closed, nothing counted, first spell to come; a hold is ended and every ticket is void."""
    failing = run(Circuit.new(), RULES, 0.0, FAIL, FAIL)
    for before in (failing, opened(RULES), probing(RULES)[0], hold(opened(RULES), mode, 0.0)):
        after = reset(before)
        assert (after.state, after.spell) == (Closed(), 0)
        assert after.generation > before.generation
