"""Owns which circuit of several has the word: what is shown, what is answered unasked, and what looking promises."""

from __future__ import annotations

from dataclasses import replace

import pytest

from switchgear.core.policy.scopes import SUCCESS, Charge
from switchgear.core.words import CircuitState, Scope
from tests.core.policy.crowd import PATIENCE_S, in_thread
from tests.core.policy.scoped import FAIL, FORCED, PAIRS, WIDEST_FIRST, Bench

# ------------------------------------------------------------------------------- which one is shown


@pytest.mark.parametrize(("wide", "narrow"), PAIRS)
def test_a_circuit_that_refuses_is_shown_before_a_wider_one_that_would_let_pass(
    wide: Scope, narrow: Scope
) -> None:
    """The wider is half-open with a free place, the narrower open: why no call is made is the narrower's word."""
    bench = Bench()
    bench.halve(wide)
    bench.fail(narrow)
    assert bench.scopes.binding().scope is narrow
    assert bench.scopes.view().state is CircuitState.OPEN
    bench.breaker(narrow).reset(by="me")
    assert bench.scopes.binding().scope is wide


def shut(bench: Bench) -> Scope | None:
    """Whose open circuit answers calls unasked; it is told with its open state."""
    with bench.common.domain.lock:
        found = bench.scopes.shut_locked()
    if found is None:
        return None
    breaker, state = found
    assert state is breaker.circuit.state
    return breaker.scope


@pytest.mark.parametrize("scope", WIDEST_FIRST)
def test_an_open_circuit_behind_closed_ones_answers_unasked(scope: Scope) -> None:
    """Nobody who is wider would say anything else; while all are closed there is none."""
    bench = Bench()
    assert shut(bench) is None
    bench.fail(scope)
    assert shut(bench) is scope


@pytest.mark.parametrize(("wide", "narrow"), PAIRS)
def test_an_open_circuit_answers_only_where_no_wider_one_has_its_word(
    wide: Scope, narrow: Scope
) -> None:
    """Of two that are open the wider is told; behind one whose probe is out, or that is held, calls must ask."""
    bench = Bench()
    bench.fail(wide)
    bench.fail(narrow)
    assert shut(bench) is wide
    bench.breaker(narrow).reset(by="me")
    bench.clock.advance(10)
    bench.ticket()
    bench.fail(narrow)
    assert shut(bench) is None
    bench.breaker(wide).hold(FORCED, by="me", why="a test")
    assert shut(bench) is None


# ------------------------------------------------------------------------------- what is promised


def test_looking_names_the_longest_time_that_jitter_allows() -> None:
    """The attempts that are out too long would open it: no lot is drawn yet, so the time told is the outer bound."""
    bench = Bench()
    method = bench.breaker(Scope.METHOD)
    slow = replace(
        method.rules, slow_call_rate=0.5, slow_call_s=2.0, minimum_calls=4, reset_jitter=0.5
    )
    method.configure(slow)
    out = [bench.ticket() for _ in range(4)]
    bench.clock.advance(2.5)
    looked = bench.scopes.look()
    assert looked is not None
    assert (looked.breaker, looked.refusal.retry_after_s) == (method, 15.0)
    refused = bench.refused()
    assert refused.refusal.retry_after_s is not None
    assert 10.0 <= refused.refusal.retry_after_s <= 15.0
    for ticket in out:
        bench.scopes.settle(ticket, SUCCESS)


# ------------------------------------------------------------------------------- how it is settled


class Asking:
    """A reason in foreign words: while they are made it looks whether another thread can use the circuits."""

    def __init__(self, bench: Bench) -> None:
        self._lock = bench.common.domain.lock
        self.free: list[bool] = []
        """What it found, each time that its words were asked for."""

    def _try(self) -> bool:
        free = self._lock.acquire(blocking=False)
        if free:
            self._lock.release()
        return free

    def __str__(self) -> str:
        self.free.append(in_thread(self._try).result(PATIENCE_S))
        return "busy"


@pytest.mark.parametrize("straight", [True, False])
def test_the_words_of_a_failure_are_made_while_others_can_use_the_circuits(straight: bool) -> None:
    """An error's own words are foreign code, which may be slow: no call of another thread waits for it."""
    bench = Bench()
    why = Asking(bench)
    for _ in range(3):
        if straight:
            bench.scopes.settle_straight(bench.scopes.present(), Charge(FAIL), why)
        else:
            bench.scopes.settle(bench.ticket(), Charge(FAIL), why)
    assert bench.breaker(Scope.METHOD).view().reason == "3 failures in a row, last busy"
    assert set(why.free) == {True}


def test_tickets_of_other_circuits_are_not_taken() -> None:
    """A call without a key passes three circuits: its tickets, settled where there are four, would charge others."""
    bench = Bench()
    public = bench.of("get_price", signed=False)
    with pytest.raises(ValueError, match="shorter"):
        bench.scopes.settle_straight(public.present(), Charge(FAIL), "why")
    with pytest.raises(ValueError, match="longer"):
        public.settle_straight(bench.scopes.present(), Charge(FAIL), "why")
