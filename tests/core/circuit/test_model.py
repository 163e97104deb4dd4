"""
Owns the walks of the real circuit beside an independent model through thousands of orders of
moves.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings, target
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.core.circuit.draws import EIGHT_S, any_rules, rules_from
from tests.core.circuit.record import TICKS, ModelRules, Verdict
from tests.core.circuit.walk import CERTAIN, MODES, Walk, seen

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.core.circuit.model import Mode

SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
STEPS = (0, 1, 3, TICKS, EIGHT_S, 30 * TICKS, 90_000 * TICKS, 10**9 * TICKS)
CHANCES = (0, 2, 4, 7)
OVERDUE = (0, 0, 0, 1, 3, 12)
VERDICTS: tuple[Verdict, ...] = ("success", "failure", "neutral", "failure")
LENGTHS = (None, 1, TICKS, EIGHT_S)
MUST_REACH = (
    "admitted closed",
    "admitted half_open",
    "refused open",
    "refused half_open",
    "refused forced_open",
    "probe success",
    "probe failure",
    "probe neutral",
    "lost probe",
    "Closed to Open",
    "HalfOpen to Open",
    "HalfOpen to Closed",
    "held HalfOpen",
    "reset HalfOpen",
    "reconfigured half_open",
    "stale success in open",
    "stale failure in open",
    "stale success in half_open",
    "stale failure in half_open",
    "stale neutral in half_open",
    "admitted ramp",
    "refused ramp",
    "throttled",
    "HalfOpen to Ramp",
    "Ramp to Open",
    "Ramp to Closed",
    "held Ramp",
    "reset Ramp",
    "reconfigured ramp",
    "healed from ramp",
    "stale success in ramp",
    "stale failure in ramp",
    "opened by overdue",
    "opened by success by rate",
    "opened by failure by rate",
)


class CircuitWalk(RuleBasedStateMachine):
    """Hypothesis chooses each move; it shrinks a difference to the few moves that show it."""

    def __init__(self) -> None:
        super().__init__()
        self.walk = Walk()
        self.moves = 0

    @initialize(rules=any_rules(), start=st.sampled_from([0, 1, 10**6, 2**40]))
    def begin(self, rules: ModelRules, start: int) -> None:
        """Any settings, at any reading of the clock."""
        self.walk = Walk(rules, start)

    @rule(
        times=st.integers(1, 12),
        chance=st.sampled_from(CHANCES),
        overdue=st.sampled_from(OVERDUE),
    )
    def ask(self, times: int, chance: int, overdue: int) -> None:
        """Some calls begin."""
        for _ in range(times):
            self.walk.admit(chance, overdue)

    @rule(pattern=st.binary(min_size=1, max_size=80), overdue=st.sampled_from(OVERDUE))
    def burst(self, pattern: bytes, overdue: int) -> None:
        """Many calls, one after another, enough to fill a window."""
        self.walk.burst(pattern, overdue)

    @precondition(lambda self: self.walk.out)
    @rule(
        which=st.integers(-1, 20),
        verdict=st.sampled_from(VERDICTS),
        chance=st.sampled_from(CHANCES),
        overdue=st.sampled_from(OVERDUE),
        slow=st.booleans(),
    )
    def settle(
        self, which: int, verdict: Verdict, chance: int, overdue: int, *, slow: bool
    ) -> None:
        """Any call that is out ends."""
        self.walk.settle(which, verdict, chance, overdue, slow=slow)

    @precondition(lambda self: self.walk.used_probes)
    @rule(which=st.integers(0, 20), verdict=st.sampled_from(VERDICTS))
    def settle_probe_again(self, which: int, verdict: Verdict) -> None:
        """A probe is settled a second time."""
        self.walk.settle_probe_again(which, verdict)

    @rule(chance=st.sampled_from(CHANCES), probes=st.integers(0, 4))
    def fail_until_open(self, chance: int, probes: int) -> None:
        """The exchange breaks."""
        self.walk.fail_until_open(chance, probes)

    @rule(times=st.integers(0, 12))
    def recover(self, times: int) -> None:
        """The exchange is back."""
        self.walk.recover(times)

    @precondition(lambda self: self.walk.out)
    @rule(which=st.integers(0, 20))
    def lose(self, which: int) -> None:
        """Somebody who holds a ticket dies."""
        self.walk.lose(which)

    @rule(step=st.sampled_from(STEPS))
    def wait(self, step: int) -> None:
        """Time passes."""
        self.walk.wait(step)

    @rule(which=st.integers(0, 8), offset=st.sampled_from([-1, 0, 0, 1]))
    def wait_for_the_edge(self, which: int, offset: int) -> None:
        """Time passes to where it matters."""
        self.walk.wait_for_the_edge(which, offset)

    @precondition(lambda self: self.moves % 3 == 0)
    @rule(mode=st.sampled_from(MODES), length=st.sampled_from(LENGTHS))
    def hold(self, mode: Mode, length: int | None) -> None:
        """A person takes over."""
        self.walk.hold(mode, length)

    @rule()
    def release(self) -> None:
        """A person lets go."""
        self.walk.release()

    @precondition(lambda self: self.moves % 5 == 0)
    @rule()
    def reset(self) -> None:
        """A person says that all is well."""
        self.walk.reset()

    @precondition(lambda self: self.moves % 3 == 0)
    @rule(rules=any_rules())
    def reconfigure(self, rules: ModelRules) -> None:
        """The settings file changed."""
        self.walk.reconfigure(rules)

    @precondition(lambda self: self.moves % 5 == 0)
    @rule()
    def heal(self) -> None:
        """The exchange is well again."""
        self.walk.heal()

    @invariant()
    def same(self) -> None:
        """After each move the two are the same."""
        self.moves += 1
        self.walk.same()

    def teardown(self) -> None:
        """Steer hypothesis towards walks in which much happens."""
        target(float(len(self.walk.model.eras)), label="eras")


def moves_of(walk: Walk) -> tuple[Callable[[int], object], ...]:
    """What a byte can make of a second byte; the frequent moves stand several times."""

    def settle(byte: int) -> None:
        if walk.out:
            chance, overdue = CHANCES[byte // 32 % 4], OVERDUE[byte % 6]
            walk.settle(byte % 8, VERDICTS[byte // 8 % 4], chance, overdue, slow=byte > 127)

    def settle_newest(byte: int) -> None:
        if walk.out:
            walk.settle(-1, VERDICTS[byte % 4], CHANCES[byte // 4 % 4], slow=byte > 127)

    def settle_again(byte: int) -> None:
        if walk.used_probes:
            walk.settle_probe_again(byte // 4, VERDICTS[byte % 4])

    def lose(byte: int) -> None:
        if walk.out:
            walk.lose(byte)

    def wait(byte: int) -> None:
        walk.wait(STEPS[byte % len(STEPS)])

    def wait_for_the_edge(byte: int) -> None:
        walk.wait_for_the_edge(byte // 4, (-1, 0, 0, 1)[byte % 4])

    def interfere(byte: int) -> None:
        if byte % 3 == 0:
            walk.hold(MODES[byte // 3 % 3], LENGTHS[byte // 9 % 4])
        elif byte % 9 == 1:
            walk.reset()
        elif byte % 9 == 2:
            walk.heal()
        else:
            walk.reconfigure(rules_from(byte))

    def admit(byte: int) -> None:
        for _ in range(1 + byte % 3):
            walk.admit(CERTAIN if byte < 128 else CHANCES[byte % 4], OVERDUE[byte // 4 % 6])

    def burst(byte: int) -> None:
        walk.burst(bytes((byte * n) % 251 for n in range(1, 3 + byte % 75)), OVERDUE[byte % 6])

    def recover(byte: int) -> None:
        walk.recover(byte % 12)

    def release(_: int) -> None:
        walk.release()

    def fail_until_open(byte: int) -> None:
        walk.fail_until_open(CHANCES[byte % 4], byte // 4 % 5)

    often = (admit, admit, settle, settle_newest, settle_newest, wait_for_the_edge, recover)
    return (*often, settle_again, lose, wait, interfere, release, fail_until_open, burst)


def run(program: bytes) -> None:
    """Walk as the bytes say: a byte for the settings, then two for each move."""
    walk = Walk(rules_from(program[0]), start=program[1] * TICKS)
    moves = moves_of(walk)
    for move, argument in zip(program[2::2], program[3::2], strict=False):
        moves[move % len(moves)](argument)
        walk.same()


@pytest.mark.slow
def test_circuit_equals_an_independent_model_move_by_move() -> None:
    """
    No order of admit, settle, cancel, lose, wait, hold, reset and reconfigure tells the circuit
    from the model.
    """
    walks = settings(
        max_examples=3_000 if SOAK else 40,
        stateful_step_count=100 if SOAK else 30,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    run_state_machine_as_test(CircuitWalk, settings=walks)


@pytest.mark.slow
def test_circuit_equals_an_independent_model_in_thousands_of_interleavings() -> None:
    """
    The same in long walks, which are cheap enough here to reach every state many
    times, and must.
    """
    program = st.binary(min_size=120, max_size=400)
    walks = settings(max_examples=30_000 if SOAK else 200, deadline=None)
    seen.clear()
    walks(given(program)(run))()
    unreached = [what for what in MUST_REACH if not seen[what]]
    assert not unreached, f"no walk reached {unreached}; reached: {dict(seen)}"
