"""Owns what a circuit among several writes down of its own: throttled requests, a ramp's credit, what is in flight."""

from __future__ import annotations

from dataclasses import replace

import pytest

from switchgear.core.circuit import Closed, Ramp, counted
from switchgear.core.policy.breaker import Breaker
from switchgear.core.policy.scopes import NEUTRAL, SUCCESS, Charge, Ticket
from switchgear.core.words import CircuitState, Scope
from tests.core.policy.scoped import FAIL, FORCED, PAIRS, WIDEST_FIRST, Bench, no_chance

# ------------------------------------------------------------------------- book-keeping of its own


def throttled(scope: Scope) -> Bench:
    """A bench on which this circuit holds back nearly all, and no other looks at rates."""
    bench = Bench()
    name = {
        Scope.EXCHANGE: "@exchange",
        Scope.ADDRESS: "@address",
        Scope.ACCOUNT: "@account",
    }.get(scope, "get_price")
    bench.configure(name, throttle_ratio=1.0, failure_threshold=None, reset_timeout_s=10)
    bench.common.circuits.clear()
    bench.common.domain.wide.clear()
    bench.scopes = bench.of("get_price")
    bench.clock.chance = lambda: 0.99
    for _ in range(20):
        bench.scopes.settle(bench.ticket(), Charge(FAIL, scope), "overloaded")
    return bench


def requests(breaker: Breaker) -> int:
    """Requests that a circuit has written down."""
    state = breaker.circuit.state
    assert isinstance(state, Closed)
    return counted(state.window, breaker.rules, breaker._clock.monotonic_s()).asked


@pytest.mark.parametrize("scope", WIDEST_FIRST)
def test_a_throttled_request_is_written_down_where_it_was_refused(scope: Scope) -> None:
    """Each refusal is a request the more at the circuit that throttles; the others are as if nobody had asked."""
    bench = throttled(scope)
    throttling = bench.breaker(scope)
    bench.clock.chance = lambda: 0.0
    before, asked = bench.circuits, requests(throttling)
    for _ in range(3):
        assert bench.refused().breaker is throttling
    assert requests(throttling) == asked + 3
    others = [at for at, one in enumerate(bench.scopes.breakers) if one is not throttling]
    assert [bench.circuits[at] for at in others] == [before[at] for at in others]


@pytest.mark.parametrize(("wide", "narrow"), PAIRS)
def test_a_wider_throttle_does_not_count_what_a_narrower_refuses(
    wide: Scope, narrow: Scope
) -> None:
    """What was let through here and held back there was no request."""
    bench = throttled(wide)
    bench.breaker(narrow).hold(FORCED, by="me", why="a test")
    asked = requests(bench.breaker(wide))
    assert bench.refused().breaker.scope is narrow
    assert requests(bench.breaker(wide)) == asked


def test_looking_draws_no_lot() -> None:
    """Whether a throttled call is let through is decided when it is made, and not before."""
    bench = throttled(Scope.METHOD)
    bench.clock.chance = no_chance
    before = bench.circuits
    assert bench.scopes.look() is None
    assert bench.circuits == before


def ramping(scope: Scope) -> Bench:
    """A bench on which this circuit lets a growing share through."""
    bench = Bench()
    breaker = bench.breaker(scope)
    breaker.configure(replace(breaker.rules, ramp_s=100.0))
    bench.halve(scope)
    bench.scopes.settle(bench.ticket(), SUCCESS)
    assert isinstance(breaker.circuit.state, Ramp)
    return bench


def credit(breaker: Breaker) -> float:
    """What a ramp has saved up."""
    state = breaker.circuit.state
    assert isinstance(state, Ramp)
    return state.credit


@pytest.mark.parametrize("scope", WIDEST_FIRST)
def test_a_ramp_keeps_its_credit_over_its_refusals(scope: Scope) -> None:
    """At a tenth one call of ten passes, whatever stands beside: refusals add up at the ramp alone."""
    bench = ramping(scope)
    passed = [isinstance(bench.scopes.admit(), Ticket) for _ in range(25)]
    assert passed.count(True) == 3
    assert bench.leases() == [0, 0, 0, 0]


@pytest.mark.parametrize(("wide", "narrow"), PAIRS)
def test_a_wider_ramp_spends_nothing_on_what_a_narrower_refuses(wide: Scope, narrow: Scope) -> None:
    """The call that the ramp would have let through is still to come after ten that another refused."""
    bench = ramping(wide)
    bench.breaker(narrow).hold(FORCED, by="me", why="a test")
    saved = credit(bench.breaker(wide))
    for _ in range(10):
        assert bench.refused().breaker.scope is narrow
    assert credit(bench.breaker(wide)) == saved
    bench.breaker(narrow).release(by="me")
    bench.ticket()


# --------------------------------------------------------------------------------- still in flight


def slow_rule(scope: Scope) -> Bench:
    """A bench on which this circuit opens when half of four attempts take longer than 2 s."""
    bench = Bench()
    breaker = bench.breaker(scope)
    slow = replace(breaker.rules, slow_call_rate=0.5, slow_call_s=2.0, minimum_calls=4)
    breaker.configure(slow)
    return bench


@pytest.mark.parametrize("scope", WIDEST_FIRST)
def test_attempts_that_are_out_too_long_count_before_they_return(scope: Scope) -> None:
    """Four are out for longer than 2 s: the fifth is refused by that circuit, and the late answers change nothing."""
    bench = slow_rule(scope)
    out = [bench.ticket() for _ in range(4)]
    bench.clock.advance(2)
    bench.scopes.settle(bench.ticket(), NEUTRAL)  # not yet longer
    bench.clock.advance(0.5)
    assert bench.refused().breaker.scope is scope
    view = bench.breaker(scope).view()
    assert (view.state, view.reason) == (
        CircuitState.OPEN,
        "4 of 4 attempts were slow, 4 of them still out",
    )
    before = bench.circuits
    for ticket in out:
        bench.scopes.settle(ticket, SUCCESS)
    assert bench.circuits == before


def test_a_wide_slow_rule_sees_the_attempts_of_all_methods() -> None:
    """Two methods and two accounts have one overdue attempt each: together they open the exchange's circuit."""
    bench = slow_rule(Scope.EXCHANGE)
    ways = [bench.of(method, account) for method in ("a", "b") for account in ("one", "two")]
    for way in ways:
        bench.ticket(way)
    bench.clock.advance(3)
    assert bench.refused(ways[0]).breaker.scope is Scope.EXCHANGE


@pytest.mark.parametrize("scope", WIDEST_FIRST)
def test_a_lost_attempt_does_not_count_for_ever(scope: Scope) -> None:
    """Three never come back: they count for a window after they were overdue, and are forgotten then."""
    bench = slow_rule(scope)
    for _ in range(3):
        bench.ticket()
    bench.clock.advance(62)
    ticket = bench.ticket()  # the fourth
    bench.clock.advance(0.5)
    bench.scopes.settle(ticket, SUCCESS)
    for _ in range(8):
        bench.scopes.settle(bench.ticket(), SUCCESS)
    assert not bench.breaker(scope)._out
    assert bench.breaker(scope).view().state is CircuitState.CLOSED


@pytest.mark.parametrize("scope", WIDEST_FIRST)
def test_what_is_settled_is_out_no_more(scope: Scope) -> None:
    """However an attempt ends, it is not counted as overdue afterwards."""
    bench = slow_rule(scope)
    for charge in (SUCCESS, NEUTRAL, Charge(FAIL, answered=True), Charge(FAIL, Scope.EXCHANGE)):
        bench.scopes.settle(bench.ticket(), charge, "why")
    bench.clock.advance(10)
    assert not bench.breaker(scope)._out
    bench.ticket()


@pytest.mark.parametrize("scope", WIDEST_FIRST)
def test_what_began_in_another_era_is_overdue_in_none(scope: Scope) -> None:
    """After a reset the attempts of before say nothing, however long they are out."""
    bench = slow_rule(scope)
    for _ in range(4):
        bench.ticket()
    bench.breaker(scope).reset(by="me")
    bench.clock.advance(2.5)
    bench.ticket()
    assert bench.breaker(scope).view().state is CircuitState.CLOSED


@pytest.mark.parametrize("scope", WIDEST_FIRST)
def test_what_began_under_a_hold_that_time_ended_is_overdue_in_no_era(scope: Scope) -> None:
    """Held closed for a second: what began then says nothing once the hold is over, though nobody released it."""
    bench = slow_rule(scope)
    bench.breaker(scope).hold(CircuitState.FORCED_CLOSED, by="me", why="a test", for_s=1)
    for _ in range(4):
        bench.ticket()
    bench.clock.advance(2.5)
    bench.ticket()
    assert bench.breaker(scope).view().state is CircuitState.CLOSED


# ------------------------------------------------------------------------------------ what is slow


def slow_after(seconds: dict[Scope, float]) -> Bench:
    """A bench on which each circuit has its own word for slow, and opens when four of four attempts were."""
    bench = Bench()
    for scope, slow_s in seconds.items():
        breaker = bench.breaker(scope)
        rules = replace(
            breaker.rules, slow_call_rate=1.0, slow_call_s=slow_s, minimum_calls=4, window_calls=4
        )
        breaker.configure(rules)
    return bench


@pytest.mark.parametrize("scope", WIDEST_FIRST)
def test_each_circuit_calls_slow_what_is_slow_by_its_own_rule(scope: Scope) -> None:
    """Four answers of 3 s open the one that allows 2 s, and leave those that allow 3 s and more."""
    bench = slow_after(dict(zip(WIDEST_FIRST, (3.0, 4.0, 5.0, 6.0), strict=True)) | {scope: 2.0})
    for _ in range(4):
        bench.scopes.settle(bench.ticket(), SUCCESS._replace(took_s=3.0))
    states = [one.view().state is CircuitState.OPEN for one in bench.scopes.breakers]
    assert states == [one is scope for one in WIDEST_FIRST]


def test_what_was_cut_by_its_timeout_is_slow_by_any_word() -> None:
    """However early: it would have taken longer, nobody knows how long."""
    bench = slow_after({Scope.METHOD: 60.0})
    method = bench.breaker(Scope.METHOD)
    method.configure(replace(method.rules, failure_threshold=None))
    for _ in range(4):
        bench.scopes.settle(bench.ticket(), Charge(FAIL, took_s=1.0, timed_out=True), "no answer")
    assert method.view().reason.startswith("4 of 4 attempts were slow")


@pytest.mark.parametrize("wide", WIDEST_FIRST[:-1])
def test_a_timeout_is_no_slow_sample_of_a_wider_circuit(wide: Scope) -> None:
    """It proves nothing of the wider: it is overdue there while it is out, and is forgotten when it is cut."""
    bench = slow_after({wide: 2.0})
    for _ in range(8):
        ticket = bench.ticket()
        bench.clock.advance(5)
        bench.scopes.settle(ticket, Charge(FAIL, took_s=5.0, timed_out=True), "no answer")
        bench.breaker(Scope.METHOD).reset(by="me")
    assert bench.breaker(wide).view().state is CircuitState.CLOSED
    out = [bench.ticket() for _ in range(4)]
    bench.clock.advance(5)
    assert bench.refused().breaker.scope is wide
    assert len(out) == 4
