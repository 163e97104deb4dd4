"""Owns walks of several calls' circuits beside an oracle each, which move only when all of a call agree."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from switchgear.core import circuit as machine
from switchgear.core.circuit import Closed, Refusal
from switchgear.core.policy.breaker import Breaker
from switchgear.core.policy.domain import Domain
from switchgear.core.policy.scopes import Charge, Refused, Scopes, Ticket
from switchgear.core.redact import Words
from switchgear.core.words import CircuitState, Key, Scope
from switchgear.testing import FakeClock, Recorder
from tests.core.circuit.draws import any_rules
from tests.core.circuit.record import TICKS
from tests.core.policy.scopes_oracle import (
    BAD,
    CHARGES,
    ERROR,
    GOOD,
    MUST_REACH,
    SETS,
    SLOWS,
    WHY,
    WIDEST_FIRST,
    Moves,
    Oracle,
    Out,
    as_real,
    charged,
    note,
    note_refusal,
    note_slowness,
    plain,
    seen,
)
from tests.core.reach import walk_until_reached

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchgear.core.circuit import Circuit
    from switchgear.core.policy.scopes import Way
    from tests.core.circuit.record import ModelRules

SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
METHODS, ACCOUNTS = ("get_price", "get_order", "create_order"), ("one", "two")
PATHS = [(method, account) for method in METHODS for account in ACCOUNTS]
REFUSING = {CircuitState.OPEN, CircuitState.HALF_OPEN, CircuitState.FORCED_OPEN}
MODES = (CircuitState.FORCED_OPEN, CircuitState.FORCED_CLOSED, CircuitState.METRICS_ONLY)
STEPS_S = (0, 1 / TICKS, 0.5, 1, 8, 30, 400)


class ScopesWalk(RuleBasedStateMachine):
    """Ten circuits of one exchange, shared by three methods of two accounts, and an oracle for each."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.clock.chance = lambda: self.chance
        self.chance = 0.0
        self.moves = 0
        self.breakers: dict[Key, Breaker] = {}
        self.oracles: dict[Key, Oracle] = {}
        self.paths: dict[tuple[str, str], Scopes] = {}
        self.out: list[tuple[Scopes, Ticket]] = []
        self.ways: list[tuple[Scopes, Way, Moves]] = []
        self.settled: list[tuple[Scopes, Ticket]] = []

    @initialize(drawn=SETS, slow=SLOWS)
    def begin(self, drawn: list[ModelRules], slow: list[int]) -> None:
        """Settings for each scope."""
        domain, told = Domain(), Recorder()
        rules = dict(zip(WIDEST_FIRST, map(as_real, drawn, slow), strict=True))

        def breaker(key: Key, scope: Scope) -> Breaker:
            if key not in self.breakers:
                self.breakers[key] = Breaker(key, rules[scope], self.clock, told, domain, scope)
                self.oracles[key] = Oracle(rules[scope], scope)
            return self.breakers[key]

        for method, account in PATHS:
            keys = [
                (Key.of_scope("binance", Scope.EXCHANGE), Scope.EXCHANGE),
                (Key.of_scope("binance", Scope.ADDRESS), Scope.ADDRESS),
                (Key.of_scope("binance", Scope.ACCOUNT, account), Scope.ACCOUNT),
                (Key.of("binance", method, account), Scope.METHOD),
            ]
            path = tuple(breaker(*each) for each in keys)
            self.paths[method, account] = Scopes(path, self.clock)
        assert len(self.breakers) == 10

    @property
    def now_s(self) -> float:
        """What the clock reads."""
        return self.clock.now_s

    def of(self, scopes: Scopes) -> list[Oracle]:
        """The oracles of one call, widest first."""
        return [self.oracles[one.key] for one in scopes.breakers]

    @rule(
        path=st.sampled_from(PATHS),
        times=st.integers(1, 6),
        chance=st.sampled_from([0.0, 0.5, 0.99]),
    )
    def ask(self, path: tuple[str, str], times: int, chance: float) -> None:
        """Some calls of one key begin."""
        self.chance = chance
        for _ in range(times):
            self.admit(self.paths[path])

    @rule(times=st.integers(1, 3), chance=st.sampled_from([0.0, 0.99]))
    def ask_all(self, times: int, chance: float) -> None:
        """Calls of all keys begin, by turns."""
        self.chance = chance
        for _ in range(times):
            for scopes in self.paths.values():
                self.admit(scopes)

    @rule(path=st.sampled_from(PATHS))
    def hang(self, path: tuple[str, str]) -> None:
        """Calls of one key are out for longer than any of its circuits likes."""
        self.ask(path, 3, 0.99)
        slow = [oracle.rules.slow_call_s or 0.0 for oracle in self.of(self.paths[path])]
        self.wait(max(slow) + 1 / TICKS)
        self.ask(path, 2, 0.99)

    def admit(self, scopes: Scopes) -> None:
        """One call on both sides: all its oracles move, or the one alone that says no."""
        oracles = self.of(scopes)
        if any(oracle.overdue(self.now_s) for oracle in oracles):
            note("an overdue attempt counted")
        asked = [oracle.ask(self.now_s, self.chance) for oracle in oracles]
        refusing = [at for at, (_, answer) in enumerate(asked) if isinstance(answer, Refusal)]
        looked, answer = scopes.look(), scopes.admit()
        for oracle in oracles:
            oracle.become(oracle.now(self.now_s))  # whoever asks finds over what is over
        if refusing:
            first = refusing[0]
            assert isinstance(answer, Refused)
            assert (answer.breaker, answer.refusal) == (scopes.breakers[first], asked[first][1])
            note_refusal(oracles, first, self.now_s)
            oracles[first].become(asked[first][0])
            return
        assert looked is None
        assert isinstance(answer, Ticket)
        assert answer.way == tuple(raw for _, raw in asked)
        for oracle, (circuit, raw) in zip(oracles, asked, strict=True):
            oracle.become(circuit)
            assert isinstance(raw, machine.Ticket)
            if oracle.rules.slow_call_rate is not None:
                oracle.outs[answer] = Out(self.now_s, raw.generation)
        self.out.append((scopes, answer))
        probes = sum(raw.probe > 0 for raw in answer.way)
        assert answer.is_probe == (probes > 0)
        note("admitted as a probe of several" if probes > 1 else "admitted")

    @precondition(lambda self: self.out)
    @rule(
        which=st.integers(-1, 40),
        charge=st.sampled_from(CHARGES),
        chance=st.sampled_from([0.0, 0.5]),
    )
    def settle(self, which: int, charge: Charge, chance: float) -> None:
        """Any call that is out ends."""
        self.chance = chance
        scopes, ticket = self.out.pop(which if which < 0 else which % len(self.out))
        self.settled.append((scopes, ticket))
        self.note_lateness(scopes, ticket.way)
        scopes.settle(ticket, charge, WHY)
        self.settle_oracles(scopes, ticket, ticket.way, charge)

    @precondition(lambda self: self.out)
    @rule(charge=st.sampled_from(CHARGES), chance=st.sampled_from([0.0, 0.5]))
    def settle_all(self, charge: Charge, chance: float) -> None:
        """All that are out end alike, the oldest first."""
        for _ in range(len(self.out)):
            self.settle(0, charge, chance)

    def settle_oracles(self, scopes: Scopes, attempt: object, way: Way, charge: Charge) -> None:
        """The same at each oracle by itself."""
        note_slowness(self.of(scopes), charge)
        for oracle, raw in zip(self.of(scopes), way, strict=True):
            how, slow = charged(charge, oracle.scope), oracle.is_slow(charge)
            oracle.settle(attempt, raw, how, self.now_s, self.chance, slow=slow)

    def note_lateness(self, scopes: Scopes, way: Way) -> None:
        """Whether a ticket is of an older era, and where."""
        now = [oracle.now(self.now_s).generation for oracle in self.of(scopes)]
        late = [raw.generation != era for raw, era in zip(way, now, strict=True)]
        if any(late):
            note("late at all" if all(late) else "late at some, in time at others")

    @precondition(lambda self: self.settled)
    @rule(which=st.integers(0, 40), charge=st.sampled_from(CHARGES))
    def settle_again(self, which: int, charge: Charge) -> None:
        """A call is settled a second time: that changes nothing."""
        scopes, ticket = self.settled[which % len(self.settled)]
        scopes.settle(ticket, charge, "again")

    @rule()
    def go_straight(self) -> None:
        """A call of each key goes by the straight path."""
        for scopes in self.paths.values():
            self.begin_straight(scopes)

    @rule(path=st.sampled_from(PATHS), charges=st.lists(st.sampled_from(CHARGES), min_size=1))
    def go_straight_through(self, path: tuple[str, str], charges: list[Charge]) -> None:
        """Calls of one key go by it, one after the other."""
        for charge in charges:
            before = len(self.ways)
            self.begin_straight(self.paths[path])
            if len(self.ways) > before:
                self.end_straight(before, charge)

    def begin_straight(self, scopes: Scopes) -> None:
        """Begin a call there where there is a way: just where no circuit need be asked."""
        closed = all(
            type(one.circuit.state) is Closed and not one.rules.watches_starts
            for one in self.of(scopes)
        )
        way = scopes.way_locked()
        assert (way is not None) == closed
        if way is not None:
            moved = Moves()
            for breaker in scopes.breakers:
                breaker.watchers.append(moved)
            self.ways.append((scopes, way, moved))

    @precondition(lambda self: self.ways)
    @rule(which=st.integers(0, 40), charge=st.sampled_from(CHARGES))
    def end_straight(self, which: int, charge: Charge) -> None:
        """It ends: a success that nothing has to hear of is not even told, a failure takes its short cut."""
        scopes, way, moved = self.ways.pop(which % len(self.ways))
        self.note_lateness(scopes, way)
        note("went straight")
        own, domain = scopes.own, scopes.domain
        if charge.settlement is GOOD:
            if moved.seen or own.dirty or domain.dirty:
                scopes.settle_straight(way, charge)
        elif charge.settlement is BAD and charge.scope is Scope.METHOD and not domain.dirty:
            charge = charge._replace(took_s=0.0, timed_out=False)
            if not own.failed_short(way[-1]):
                scopes.settle_straight(way, charge, Words(ERROR))
        else:
            scopes.settle_straight(way, charge, Words(ERROR))
        self.settle_oracles(scopes, object(), way, charge)

    @precondition(lambda self: self.out)
    @rule(which=st.integers(0, 40))
    def lose(self, which: int) -> None:
        """Somebody who holds a ticket dies."""
        self.out.pop(which % len(self.out))

    @rule(step_s=st.sampled_from(STEPS_S))
    def wait(self, step_s: float) -> None:
        """Time passes."""
        self.clock.advance(step_s)

    @rule(
        path=st.sampled_from(PATHS),
        broken=st.lists(st.sampled_from(WIDEST_FIRST), min_size=1, max_size=4),
    )
    def break_down(self, path: tuple[str, str], broken: list[Scope]) -> None:
        """Much breaks while calls of one key are under way, and each of them finds out one thing after the other."""
        scopes, before = self.paths[path], len(self.out)
        for _ in range(3 * len(broken)):
            self.admit(scopes)
        for at in range(len(self.out) - before):
            self.settle(-1, Charge(BAD, broken[at % len(broken)]), 0.0)

    @rule(behind_s=st.sampled_from([0.0, 0.0, 1.0]))
    def recover(self, behind_s: float) -> None:
        """Time passes until all that are open may be probed."""
        states = [oracle.circuit.state for oracle in self.oracles.values()]
        until = [state.until_s for state in states if isinstance(state, machine.Open)]
        self.clock.advance(max([0.0, *(at_s - self.now_s for at_s in until)]) + behind_s)

    @precondition(lambda self: self.moves % 4 == 0)
    @rule(which=st.integers(0, 9), mode=st.sampled_from(MODES), for_s=st.none() | st.just(8.0))
    def hold(self, which: int, mode: CircuitState, for_s: float | None) -> None:
        """A person takes one circuit in hand."""
        self.move(which, lambda b: b.hold(mode, by="me", why="a test", for_s=for_s))
        until_s = None if for_s is None else self.now_s + for_s
        self.move_oracle(
            which, lambda c: machine.hold(c, mode, self.now_s, until_s, "me", "a test")
        )

    @rule(which=st.integers(0, 9))
    def release(self, which: int) -> None:
        """A person lets go."""
        self.move(which, lambda breaker: breaker.release(by="me"))
        self.move_oracle(which, lambda circuit: machine.release(circuit, self.now_s))

    @rule()
    def release_all(self) -> None:
        """A person lets go of all."""
        for which in range(10):
            self.release(which)

    @rule(which=st.integers(0, 9))
    def reset(self, which: int) -> None:
        """A person says that all is well with one."""
        self.move(which, lambda breaker: breaker.reset(by="me"))
        self.move_oracle(which, machine.reset)

    @precondition(lambda self: self.moves % 4 == 0)
    @rule(
        which=st.integers(0, 9), drawn=any_rules().map(plain) | any_rules(), slow=st.integers(0, 40)
    )
    def configure(self, which: int, drawn: ModelRules, slow: int) -> None:
        """The settings of one circuit change under way."""
        key = sorted(self.breakers)[which]
        rules = as_real(drawn, slow)
        self.breakers[key].configure(rules)
        self.oracles[key].rules = rules

    def move(self, which: int, how: Callable[[Breaker], object]) -> None:
        """Do something with one breaker."""
        how(self.breakers[sorted(self.breakers)[which]])

    def move_oracle(self, which: int, how: Callable[[Circuit], Circuit]) -> None:
        """Do the same with its oracle."""
        oracle = self.oracles[sorted(self.oracles)[which]]
        oracle.become(how(oracle.circuit))

    @invariant()
    def each_circuit_equals_its_oracle(self) -> None:
        """So all or none of them moved with each call."""
        self.moves += 1
        for key, breaker in self.breakers.items():
            assert breaker.circuit == self.oracles[key].circuit

    @invariant()
    def what_is_told_of_them_fits(self) -> None:
        """Whether a retry may go on, a person holds one, or a wide one is dirty, follows from the oracles."""
        for scopes in self.paths.values():
            oracles = self.of(scopes)
            states = {machine.peek(oracle.circuit, self.now_s) for oracle in oracles}
            assert scopes.refuses() == bool(states & REFUSING)
            assert scopes.held_open() == (CircuitState.FORCED_OPEN in states)
            dirty = any(
                one.circuit.state != machine.CLEAN or one.rules.watches_successes
                for one in oracles[:-1]
            )
            assert scopes.domain.dirty or not dirty


@pytest.mark.slow  # many walks over ten circuits
def test_after_any_moves_each_circuit_equals_its_oracle() -> None:
    """No order of calls of six keys, holds, resets and settings tells their circuits from ten pure machines."""
    walks = settings(
        max_examples=3_000 if SOAK else 120,
        stateful_step_count=100 if SOAK else 50,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    walk_until_reached(
        lambda: run_state_machine_as_test(ScopesWalk, settings=walks), MUST_REACH, seen
    )
