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

from tests.core.circuit.draws import RATES, any_rules, one_setting
from tests.core.circuit.journey import Journey
from tests.core.circuit.program import CHANCES, LENGTHS, OVERDUE, STEPS, VERDICTS, run
from tests.core.circuit.walk import MODES, seen
from tests.core.reach import walk_until_reached

if TYPE_CHECKING:
    from tests.core.circuit.model import Mode
    from tests.core.circuit.record import ModelRules, Verdict

SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
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
    "slow probe",
    "crowd let through",
    "request ends neutral",
    "request of an older tenth ends neutral",
    "request that was torn up ends neutral",
    "refused ramp that throttles",
    "window let go",
    "only the slow rate looks at an admission",
    "rate reached exactly",
    "refused late in a ramp",
)


class CircuitWalk(RuleBasedStateMachine):
    """Hypothesis chooses each move; it shrinks a difference to the few moves that show it."""

    def __init__(self) -> None:
        super().__init__()
        self.walk = Journey()
        self.moves = 0

    @initialize(rules=any_rules(), start=st.sampled_from([0, 1, 10**6, 2**40]))
    def begin(self, rules: ModelRules, start: int) -> None:
        """Any settings, at any reading of the clock."""
        self.walk = Journey(rules, start)

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

    @rule(
        pattern=st.binary(min_size=1, max_size=110),
        overdue=st.sampled_from(OVERDUE),
        silent=st.booleans(),
    )
    def crowd(self, pattern: bytes, overdue: int, *, silent: bool) -> None:
        """Many calls at once, perhaps after silence, whose ends come in one by one."""
        self.walk.wait(silent * self.walk.rules.window)
        self.walk.crowd(pattern, overdue)

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

    @rule(rules=any_rules(), which=st.integers(0, 6))
    def set_one(self, rules: ModelRules, which: int) -> None:
        """One line of the settings file changed."""
        self.walk.reconfigure(one_setting(self.walk.rules, rules, which))

    @precondition(lambda self: self.moves % 3 == 0)
    @rule()
    def stop_looking(self) -> None:
        """The rates are taken out of the settings file, and put back."""
        self.walk.stop_looking()

    @precondition(lambda self: self.moves % 3 == 0)
    @rule(overdue=st.sampled_from(OVERDUE))
    def judge_harder(self, overdue: int) -> None:
        """A stricter row of failures comes into force."""
        self.walk.judge_harder(overdue)

    @precondition(lambda self: self.moves % 5 == 0)
    @rule(hundredths=st.sampled_from(RATES))
    def reach_rate(self, hundredths: int) -> None:
        """As many fail as the rate says, to the last one."""
        self.walk.reach_rate(hundredths)

    @precondition(lambda self: self.moves % 5 == 0)
    @rule(size=st.integers(1, 30), halves=st.integers(2, 6))
    def overload(self, size: int, halves: int) -> None:
        """Too much at once."""
        self.walk.overload(size, halves)

    @rule(times=st.integers(1, 40))
    def ask_late_in_ramp(self, times: int) -> None:
        """Many ask when a ramp is nearly over."""
        self.walk.ask_late_in_ramp(times)

    @rule(tenths=st.integers(0, 12))
    def cancel_late(self, tenths: int) -> None:
        """Somebody gives up after a while."""
        self.walk.cancel_late(tenths)

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


@pytest.mark.slow
def test_circuit_equals_an_independent_model_move_by_move() -> None:
    """
    No order of admit, settle, cancel, lose, wait, hold, reset and reconfigure tells the circuit
    from the model.
    """
    walks = settings(
        max_examples=3_000 if SOAK else 30,
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
    walks = settings(max_examples=30_000 if SOAK else 90, deadline=None)
    walk_until_reached(walks(given(program)(run)), MUST_REACH, seen)
