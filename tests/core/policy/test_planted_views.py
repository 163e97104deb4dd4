"""Owns how each state of a circuit reads for people, and which attempts are out for too long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from switchgear.core.circuit import (
    Circuit,
    Closed,
    HalfOpen,
    Held,
    Open,
    Ramp,
    Refusal,
    Rules,
    Settlement,
    Ticket,
)
from switchgear.core.circuit.window import Counts, asked, sampled
from switchgear.core.policy.breaker import Breaker
from switchgear.core.policy.circuit_view import CircuitView, name_of, reason_of, view_of, why_moved
from switchgear.core.policy.domain import Domain
from switchgear.core.policy.outstanding import Outstanding
from switchgear.core.words import CircuitState, Key, Scope
from switchgear.testing import FakeClock
from tests.core.policy.breakers import KEY, Alone
from tests.core.policy.crowd import PATIENCE_S, in_thread

if TYPE_CHECKING:
    from switchgear.core.circuit import State
    from switchgear.core.circuit.window import Window

CLOSED, OPEN, HALF_OPEN = CircuitState.CLOSED, CircuitState.OPEN, CircuitState.HALF_OPEN
FORCED_OPEN, FORCED_CLOSED = CircuitState.FORCED_OPEN, CircuitState.FORCED_CLOSED
NOW_S = 1_000.0
RULES = Rules(failure_rate=0.5, throttle_ratio=1.0, window_s=60.0)
RAMPED = "its probes succeeded; the share of calls that pass grows from 10 % to all"


@dataclass(slots=True)
class Breaking:
    """Whose circuit is looked at."""

    key: Key = KEY
    scope: Scope = Scope.EXCHANGE
    rules: Rules = RULES
    openings: int = 7


def window_of(failures: int) -> Window | None:
    """A window of as many requests, all of which failed."""
    window: Window | None = None
    for _ in range(failures):
        window = asked(window, RULES, NOW_S, passed=True)
        window = sampled(window, RULES, NOW_S, bad=True, slow=False)
    return window


def held(mode: CircuitState) -> Held:
    """In the hand of somebody."""
    return Held(mode, NOW_S - 1, None, "ops", "incident", Closed(4))


WINDOW = window_of(4)
COUNTS = Counts(4, 4, 0, 4, 4)
PLAIN, FAILED, FAILING = Closed(), Closed(2), Closed(2, WINDOW)
OPENED = Open(NOW_S - 1, NOW_S + 9, "HTTP 503")
PROBING = HalfOpen(NOW_S - 1, failures=3, reason="HTTP 503")
RAMPING = Ramp(NOW_S - 5, NOW_S + 5, 0.0, FAILING, "HTTP 503")


@pytest.mark.parametrize(
    ("state", "name", "reason", "failures", "passing", "window"),
    [
        (PLAIN, CLOSED, "", 0, 1.0, None),
        (FAILED, CLOSED, "", 2, 1.0, None),
        (FAILING, CLOSED, "", 2, 0.2, COUNTS),
        (OPENED, OPEN, "HTTP 503", 0, 0.0, None),
        (PROBING, HALF_OPEN, "HTTP 503", 3, 0.0, None),
        (RAMPING, HALF_OPEN, RAMPED, 2, 0.55, COUNTS),
        (held(FORCED_OPEN), FORCED_OPEN, "incident", 0, 0.0, None),
        (held(FORCED_CLOSED), FORCED_CLOSED, "incident", 0, 1.0, None),
    ],
)
def test_each_state_reads_as_what_it_is(
    state: State,
    name: CircuitState,
    reason: str,
    failures: int,
    passing: float,
    window: Counts | None,
) -> None:
    """Its name, why, what it counted, and which share of the calls passes."""
    view = view_of(Breaking(), Circuit(state, generation=5), Refusal(8.0, "no"), 3.0, NOW_S)
    assert view == CircuitView(
        key=KEY,
        state=name,
        since_s=3.0,
        reason=reason,
        retry_after_s=8.0,
        failures=failures,
        openings=7,
        generation=5,
        rules=RULES,
        by="ops" if isinstance(state, Held) else "",
        scope=Scope.EXCHANGE,
        passing=view.passing,
        window=window,
    )
    assert view.passing == pytest.approx(passing)
    assert (name_of(state), reason_of(state)) == (name, reason)


def test_what_would_let_a_call_in_asks_for_no_wait() -> None:
    """A ticket is there now; a refusal tells when, unless only a person can."""
    circuit = Circuit(PLAIN)
    waits = [
        view_of(Breaking(), circuit, answer, 3.0, NOW_S).retry_after_s
        for answer in (Ticket(1), Refusal(None, "held"))
    ]
    assert waits == [0.0, None]


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (HALF_OPEN, CLOSED, "its probes succeeded"),
        (FORCED_OPEN, CLOSED, "the hold ended"),
        (OPEN, HALF_OPEN, "its time came"),
        (FORCED_CLOSED, HALF_OPEN, "the hold ended"),
        (FORCED_CLOSED, OPEN, "the hold ended"),
    ],
)
def test_a_move_that_has_no_reason_of_its_own_has_words(
    old: CircuitState, new: CircuitState, why: str
) -> None:
    """By where it came from and where it went."""
    assert why_moved(old, new) == why


# ---------------------------------------------------------------------------------- out for too long

SLOW = Rules(slow_call_rate=0.5, slow_call_s=2.0, window_s=10.0)


def out_since(*began_s: float) -> Outstanding:
    """Attempts that began at these instants."""
    out = Outstanding()
    for number, at_s in enumerate(began_s):
        out.begin(number, at_s)
    return out


@pytest.mark.parametrize(
    ("age_s", "overdue", "left"),
    [(1.0, 0, 1), (2.0, 0, 1), (2.5, 1, 1), (12.0, 1, 1), (12.5, 0, 0)],
)
def test_an_attempt_is_overdue_from_slow_call_s_on_until_a_window_has_passed(
    age_s: float, overdue: int, left: int
) -> None:
    """Not at 2 s itself, and no more when 10 s have gone over it as well: then it is let go."""
    out = out_since(NOW_S - age_s)
    assert (out.overdue(SLOW, NOW_S), len(out)) == (overdue, left)


def test_of_many_those_are_overdue_that_are_neither_new_nor_lost() -> None:
    """Two of five; the lost one is let go, and the others may still come back."""
    out = out_since(NOW_S - 13, NOW_S - 12, NOW_S - 3, NOW_S - 2, NOW_S - 1)
    assert (out.overdue(SLOW, NOW_S), len(out)) == (2, 4)
    out.end(1)
    out.end("never watched")
    assert (out.overdue(SLOW, NOW_S), len(out)) == (1, 3)
    out.clear()
    assert (out.overdue(SLOW, NOW_S), len(out)) == (0, 0)


def test_where_nothing_is_slow_nothing_is_overdue() -> None:
    """Without slow_call_s an attempt may be out for ever."""
    out = out_since(0.0)
    assert (out.overdue(Rules(), NOW_S), len(out)) == (0, 1)


# ------------------------------------------------------------------------------------ what is shared


def wide(domain: Domain, rules: Rules) -> Alone:
    """A circuit that several methods share."""
    return Alone(KEY, rules, FakeClock(), lambda _: None, domain, Scope.EXCHANGE)


def test_a_domain_is_dirty_while_any_wide_circuit_is() -> None:
    """Two circuits, one of which counts a failure and forgets it."""
    domain = Domain()
    assert domain.dirty is False
    circuits: list[Breaker] = [wide(domain, Rules()), wide(domain, Rules())]
    assert domain.wide == circuits
    assert domain.dirty is False
    second = circuits[1]
    assert isinstance(second, Alone)
    for settlement in (Settlement.FAILURE, Settlement.SUCCESS):
        ticket = second.admit()
        assert not isinstance(ticket, Refusal)
        second.settle(ticket, settlement)
        assert domain.dirty is (settlement is Settlement.FAILURE)


def is_free(domain: Domain) -> bool:
    """Whether another thread could have the lock."""

    def look() -> bool:
        if not domain.lock.acquire(blocking=False):
            return False
        domain.release()
        return True

    return in_thread(look).result(PATIENCE_S)


def test_a_child_of_a_fork_has_a_domains_lock_anew() -> None:
    """Held when the parent forked, it is free; one thread may take it twice, and both ways are one lock."""
    domain = Domain()
    domain.acquire()
    assert not is_free(domain)
    domain.forked()
    assert is_free(domain)
    domain.acquire()
    with domain.lock:
        assert not is_free(domain)
    assert not is_free(domain)
    domain.release()
    assert is_free(domain)
