"""Owns the ramp: after the probes' success a growing share passes, counted, ended by its instant, or by failures."""

from __future__ import annotations

from dataclasses import replace
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchgear.core.circuit import (
    Circuit,
    Closed,
    Open,
    Ramp,
    Refusal,
    Rules,
    Settlement,
    Ticket,
    admit,
    hold,
    peek,
    release,
    reset,
    settle,
)
from switchgear.core.circuit.rules import ramp_share
from switchgear.core.circuit.window import Counts
from switchgear.core.words import CircuitState
from tests.core.circuit.steps import counts_of, healed, probing, refusal_of, run, ticket_of

FAIL, GOOD, NEUTRAL = Settlement.FAILURE, Settlement.SUCCESS, Settlement.NEUTRAL
ALL = pytest.mark.parametrize("late", list(Settlement))
RULES = Rules(failure_threshold=2, reset_timeout_s=10.0, reset_backoff=2.0, ramp_s=90.0)
BEGUN_S, ENDS_S = 10.0, 100.0
"""When the ramp of `healed(RULES)` begins and ends; each second the share grows by one hundredth."""


def ask(circuit: Circuit, rules: Rules, *instants_s: float) -> tuple[Circuit, list[Ticket]]:
    """One call at each instant, none settled; the tickets of those that passed."""
    tickets = list[Ticket]()
    for now_s in instants_s:
        circuit, answer = admit(circuit, rules, now_s)
        if isinstance(answer, Ticket):
            tickets.append(answer)
    return circuit, tickets


def test_the_probes_success_begins_a_ramp() -> None:
    """It reads half-open, for not all pass yet, and keeps why it had opened."""
    circuit = healed(RULES)
    assert isinstance(circuit.state, Ramp)
    assert (circuit.state.since_s, circuit.state.until_s) == (BEGUN_S, ENDS_S)
    assert circuit.state.counted == Closed()
    assert "HTTP 503" in circuit.state.reason
    assert peek(circuit, 50.0) is CircuitState.HALF_OPEN


def test_without_a_ramp_all_pass_at_once() -> None:
    """Zero seconds: closed, as a plain circuit is."""
    rules = replace(RULES, ramp_s=0.0)
    circuit = healed(rules)
    assert circuit.state == Closed()
    assert len(ask(circuit, rules, *[10.0] * 50)[1]) == 50


@given(
    ramp_s=st.floats(1e-6, 1e6),
    since_s=st.floats(0, 1e6),
    instants=st.lists(st.floats(-1, 2), min_size=2, max_size=20),
)
def test_the_share_grows_from_a_tenth_to_all_and_never_back(
    ramp_s: float, since_s: float, instants: list[float]
) -> None:
    """Later is never less, and no instant, early or late, gives less than a tenth or more than all."""
    until_s = since_s + ramp_s
    shares = [ramp_share(since_s, until_s, since_s + done * ramp_s) for done in sorted(instants)]
    assert shares == sorted(shares)
    assert all(0.1 <= share <= 1.0 for share in shares)
    assert ramp_share(since_s, until_s, until_s) == 1.0
    assert ramp_share(since_s, until_s, until_s + 1e9) == 1.0


@pytest.mark.parametrize(("now_s", "share"), [(10.0, 0.1), (20.0, 0.2), (55.0, 0.55), (100.0, 1.0)])
def test_the_share_is_a_straight_line(now_s: float, share: float) -> None:
    """From 10 % at its beginning to all at its end."""
    assert ramp_share(BEGUN_S, ENDS_S, now_s) == pytest.approx(share)


def test_a_ramp_too_short_for_the_clock_is_over() -> None:
    """Where no float lies between its beginning and its end, nothing is divided by nothing."""
    assert ramp_share(1e17, 1e17, 1e17) == 1.0
    circuit = healed(replace(RULES, ramp_s=1e-9), now_s=1e17)
    assert peek(circuit, 1e17 + 10) is CircuitState.CLOSED


@pytest.mark.parametrize("now_s", [10.0, 10.001, 40.0, 99.999])
def test_the_first_call_of_a_ramp_passes(now_s: float) -> None:
    """Whenever it comes: somebody who calls once a minute is not refused for nothing."""
    ticket_of(healed(RULES), RULES, now_s)


@pytest.mark.parametrize("calls", [1, 2, 9, 10, 11, 100, 1_000])
@pytest.mark.parametrize("now_s", [10.0, 15.0, 33.3, 55.0, 82.0, 99.9])
def test_as_many_pass_as_the_share_says(now_s: float, calls: int) -> None:
    """Of calls at one instant, their share, exact within one; no chance is in it."""
    _, tickets = ask(healed(RULES), RULES, *[now_s] * calls)
    expected = calls * ramp_share(BEGUN_S, ENDS_S, now_s)
    assert abs(len(tickets) - expected) <= 1 + 1e-9
    assert len(tickets) <= calls


@given(steps=st.lists(st.floats(0, 9), min_size=1, max_size=30))
def test_as_many_pass_as_the_shares_add_up_to(steps: list[float]) -> None:
    """Calls at any instants: after each, what has passed is the sum of the shares, exact within one."""
    circuit, now_s, passed, expected = healed(RULES), BEGUN_S, 0, 0.0
    for step_s in steps:
        now_s += step_s
        if now_s >= ENDS_S:
            return
        circuit, answer = admit(circuit, RULES, now_s)
        passed += isinstance(answer, Ticket)
        expected += ramp_share(BEGUN_S, ENDS_S, now_s)
        assert abs(passed - expected) <= 1 + 1e-9


def test_those_that_pass_are_spread_evenly() -> None:
    """At half, every second: no run of refusals saves up for a burst."""
    circuit, answers = healed(RULES), list[bool]()
    for _ in range(40):
        circuit, answer = admit(circuit, RULES, 50.0)
        answers.append(isinstance(answer, Ticket))
    assert answers == [True, False] * 20


@pytest.mark.parametrize("idle_s", [0.0, 30.0, 60.0])
def test_idle_time_saves_nothing_up(idle_s: float) -> None:
    """Credit comes from calls that ask, so a burst after silence gets its share and no more."""
    now_s = BEGUN_S + idle_s
    _, tickets = ask(healed(RULES), RULES, *[now_s] * 20)
    assert len(tickets) <= ceil(20 * ramp_share(BEGUN_S, ENDS_S, now_s)) + 1


def test_no_more_than_all_pass() -> None:
    """Just before the end nearly every call passes, and each gets one ticket."""
    circuit, tickets = ask(healed(RULES), RULES, *[99.9999] * 200)
    assert 199 <= len(tickets) <= 200
    assert isinstance(circuit.state, Ramp)
    assert circuit.state.credit < 1.0


def test_a_refusal_of_the_ramp_says_why() -> None:
    """With the share of now and the cause of then."""
    circuit, _ = ask(healed(RULES), RULES, 30.0)
    refusal = refusal_of(circuit, RULES, 30.0)
    assert "30% of the calls pass" in refusal.reason
    assert "HTTP 503" in refusal.reason


@pytest.mark.parametrize(
    ("now_s", "wait_s"), [(10.0, 9.0), (30.0, 9.0), (91.0, 9.0), (91.5, 8.5), (99.5, 0.5)]
)
def test_a_refusal_of_the_ramp_says_a_tenth_of_it(now_s: float, wait_s: float) -> None:
    """
    Those who were refused do not all come back at its end; near its end no later than that. The call after next may
    pass, so a tenth is soon enough.
    """
    circuit, answer = healed(RULES), None
    while not isinstance(answer, Refusal):
        circuit, answer = admit(circuit, RULES, now_s)
    assert answer.retry_after_s == pytest.approx(wait_s)


def test_requests_are_counted_in_a_ramp_too() -> None:
    """Those that the share held back as well, so throttling knows at the ramp's end what was wanted in it."""
    rules = replace(RULES, throttle_ratio=2.0, window_s=600.0)
    circuit, tickets = ask(healed(RULES), rules, *[55.0] * 20)
    assert counts_of(circuit, rules, 55.0) == Counts(asked=20, passed=len(tickets))
    assert 10 <= len(tickets) <= 12
    circuit, _ = ask(circuit, rules, ENDS_S)
    assert isinstance(circuit.state, Closed)
    assert counts_of(circuit, rules, ENDS_S) == Counts(asked=21, passed=len(tickets) + 1)


def test_a_ramp_throttles_nobody_itself() -> None:
    """Its share holds back enough: no chance decides in it, and what it counted decides after it."""
    rules = replace(RULES, failure_threshold=None, throttle_ratio=1.0, window_s=600.0)
    circuit = run(healed(RULES), rules, 99.99, *[FAIL] * 5)
    assert isinstance(ask(circuit, rules, 99.99)[0].state, Ramp)
    refusal_of(circuit, rules, ENDS_S, chance=0.0)


def test_what_is_neutral_in_the_ramp_takes_its_request_back() -> None:
    """As in a closed circuit; its credit stays spent, for the call was made."""
    rules = replace(RULES, throttle_ratio=2.0, window_s=600.0)
    circuit, ticket = ticket_of(healed(RULES), rules, 20.0)
    before = circuit.state
    circuit = settle(circuit, ticket, NEUTRAL, rules, 90.0)
    assert counts_of(circuit, rules, 90.0) == Counts()
    assert isinstance(before, Ramp)
    assert isinstance(circuit.state, Ramp)
    assert circuit.state.credit == before.credit


def test_without_a_ratio_the_ramp_counts_no_request() -> None:
    """A ramp alone needs no window."""
    circuit, _ = ask(healed(RULES), RULES, *[20.0] * 9)
    assert isinstance(circuit.state, Ramp)
    assert circuit.state.counted == Closed()


@pytest.mark.parametrize("calls", [0, 1, 500])
def test_a_ramp_ends_at_its_instant_whatever_is_asked(calls: int) -> None:
    """No call is needed to end it, and none puts it off."""
    circuit, _ = ask(healed(RULES), RULES, *[40.0] * calls)
    assert peek(circuit, 99.999) is CircuitState.HALF_OPEN
    assert peek(circuit, ENDS_S) is CircuitState.CLOSED
    after, tickets = ask(circuit, RULES, *[ENDS_S] * 50)
    assert len(tickets) == 50
    assert after.state == Closed()
    assert after.generation == circuit.generation + 1


@pytest.mark.parametrize("ramp_s", [0.0, 5.0, 5_000.0])
def test_pitfall_19_new_rules_keep_the_instant_of_a_ramp(ramp_s: float) -> None:
    """19: a shorter or longer ramp is for the next recovery."""
    rules = replace(RULES, ramp_s=ramp_s)
    circuit, _ = ask(healed(RULES), rules, 99.0)
    assert isinstance(circuit.state, Ramp)
    assert ask(circuit, rules, ENDS_S)[0].state == Closed()


def test_failures_in_the_ramp_are_counted_as_in_a_closed_circuit() -> None:
    """Two in a row are needed, as the rules say; one is borne, and a success ends the row."""
    circuit = run(healed(RULES), RULES, 99.9, FAIL, GOOD, FAIL)
    assert isinstance(circuit.state, Ramp)
    circuit = run(circuit, RULES, 99.9, FAIL)
    assert isinstance(circuit.state, Open)
    assert circuit.state.reason == "2 failures in a row, last HTTP 503"


@pytest.mark.parametrize(("now_s", "spell"), [(11.0, 2), (69.0, 2), (70.0, 1), (99.0, 1)])
def test_a_relapse_in_the_ramp_opens_for_longer(now_s: float, spell: int) -> None:
    """The row of openings goes on, unless the ramp is so long that a minute of it forgave the first."""
    rules = replace(RULES, failure_threshold=1)
    circuit = run(healed(rules), rules, now_s, FAIL)
    assert isinstance(circuit.state, Open)
    assert circuit.spell == spell
    assert circuit.state.until_s == now_s + 10.0 * 2 ** (spell - 1)


def test_a_rate_in_the_ramp_opens_it_again() -> None:
    """The window of the ramp begins empty and is judged as a closed circuit's."""
    rules = replace(RULES, failure_rate=0.5, minimum_calls=4)
    circuit = healed(rules)
    assert counts_of(circuit, rules, 10.0) == Counts()
    circuit = run(circuit, rules, 99.9, GOOD, FAIL, GOOD)
    assert counts_of(circuit, rules, 99.9) == Counts(calls=3, failures=1)
    circuit = run(circuit, rules, 99.9, FAIL)
    assert isinstance(circuit.state, Open)
    assert circuit.state.reason == "2 of 4 attempts failed, last HTTP 503"


def test_pitfall_20_overdue_attempts_of_the_ramp_open_it_again() -> None:
    """20: the exchange answered its probes and hangs under load."""
    rules = replace(RULES, slow_call_rate=0.5, slow_call_s=1.0, minimum_calls=4)
    circuit, answer = admit(healed(rules), rules, 20.0, overdue=4)
    assert not isinstance(answer, Ticket)
    assert isinstance(circuit.state, Open)
    assert circuit.spell == 2


def test_overdue_attempts_of_the_ramp_open_it_by_the_slow_rate_alone() -> None:
    """What a reload made one failure too many is the next end's to say, whatever hangs meanwhile."""
    rules = replace(RULES, slow_call_rate=0.5, slow_call_s=1.0, minimum_calls=4)
    circuit = run(healed(rules), rules, 60.0, FAIL)
    strict = replace(rules, failure_threshold=1, failure_rate=0.01, minimum_calls=1)
    after, answer = admit(circuit, strict, 99.9, overdue=1)
    assert isinstance(answer, Refusal)
    assert isinstance(after.state, Open)
    assert after.state.reason == "1 of 2 attempts were slow, 1 of them still out"
    after, answer = admit(circuit, replace(strict, slow_call_rate=0.9), 99.9, overdue=1)
    assert isinstance(answer, Ticket)
    assert isinstance(after.state, Ramp)


def test_what_the_ramp_counted_goes_on_when_it_ends() -> None:
    """One failure before the end and one after are two in a row; its window goes on too."""
    rules = replace(RULES, failure_rate=1.0, minimum_calls=50)
    circuit = run(healed(rules), rules, 99.0, GOOD, FAIL)
    circuit, _ = ticket_of(circuit, rules, ENDS_S)
    assert isinstance(circuit.state, Closed)
    assert circuit.state.failures == 1
    assert counts_of(circuit, rules, ENDS_S) == Counts(calls=2, failures=1)
    assert isinstance(run(circuit, rules, ENDS_S, FAIL).state, Open)


@ALL
def test_pitfall_01_a_probe_that_ends_in_the_ramp_changes_nothing(late: Settlement) -> None:
    """1: two of three probes decided; the third is of the half-open era, and so is what it brings."""
    rules = replace(RULES, probes=3, probes_to_close=2)
    circuit, (one, two, three) = probing(rules, probes=3)
    circuit = settle(settle(circuit, one, GOOD, rules, 10.0), two, GOOD, rules, 10.0)
    assert isinstance(circuit.state, Ramp)
    assert settle(circuit, three, late, rules, 11.0, slow=True) == circuit
    assert settle(circuit, one, late, rules, 11.0) == circuit


@ALL
def test_pitfall_01_a_result_of_a_closed_era_changes_nothing_in_the_ramp(late: Settlement) -> None:
    """1: what was admitted before the opening is no evidence of how it is now."""
    circuit, early = ticket_of(Circuit.new(), RULES, 0.0)
    circuit = run(run(circuit, RULES, 0.0, FAIL, FAIL), RULES, 10.0, GOOD)
    assert isinstance(circuit.state, Ramp)
    assert settle(circuit, early, late, RULES, 12.0) == circuit


@ALL
def test_pitfall_01_a_result_of_the_ramp_changes_nothing_while_open(late: Settlement) -> None:
    """1: of the calls that the ramp let through, those still out when it opens again are void."""
    circuit, early = ticket_of(healed(RULES), RULES, 90.0)
    circuit = run(circuit, RULES, 99.0, FAIL, FAIL)
    assert isinstance(circuit.state, Open)
    assert settle(circuit, early, late, RULES, 99.5) == circuit


@ALL
def test_pitfall_01_a_result_of_the_ramp_after_its_end_changes_nothing(late: Settlement) -> None:
    """1: the end of a ramp is a move like any other; what the ramp had counted by then stays as it was."""
    circuit, early = ticket_of(run(healed(RULES), RULES, 99.0, FAIL), RULES, 99.9)
    circuit = settle(circuit, early, late, RULES, ENDS_S)
    assert circuit.state == Closed(failures=1)


def test_pitfall_05_what_is_neutral_in_the_ramp_counts_nowhere() -> None:
    """5: neither in the row nor against it; its credit is spent, for the call was made."""
    circuit = run(healed(RULES), RULES, 99.0, FAIL, NEUTRAL)
    assert isinstance(circuit.state, Ramp)
    assert circuit.state.counted == Closed(failures=1)
    assert isinstance(run(circuit, RULES, 99.9, FAIL).state, Open)


def test_pitfall_08_a_ramp_lets_no_herd_through() -> None:
    """8: of a thousand callers that waited for the probe, a tenth goes first."""
    _, tickets = ask(healed(RULES), RULES, *[BEGUN_S] * 1_000)
    assert 99 <= len(tickets) <= 101


def test_a_hold_over_a_ramp_stops_neither_its_time_nor_its_counts() -> None:
    """Let go before its end it goes on, the calls that were out void; after its end it is closed."""
    circuit, early = ticket_of(run(healed(RULES), RULES, 90.0, FAIL), RULES, 92.0)
    held = hold(circuit, CircuitState.FORCED_OPEN, 93.0, until_s=95.0)
    refusal_of(held, RULES, 94.0)
    assert peek(held, 95.0) is CircuitState.HALF_OPEN
    back = release(held, 94.0)
    assert back.state == circuit.state
    assert settle(back, early, FAIL, RULES, 94.0) == back
    long = hold(circuit, CircuitState.FORCED_OPEN, 93.0, until_s=500.0)
    assert peek(long, 499.0) is CircuitState.FORCED_OPEN
    assert peek(long, 500.0) is CircuitState.CLOSED
    assert ask(long, RULES, 500.0)[0].state == Closed(failures=1)


def test_a_reset_ends_a_ramp() -> None:
    """All is well, says a person: all pass, and nothing is remembered of the opening."""
    circuit = reset(healed(RULES))
    assert (circuit.state, circuit.spell) == (Closed(), 0)


def test_every_recovery_has_its_own_ramp() -> None:
    """The second ramp begins at a tenth again, at its own instant."""
    circuit = run(healed(RULES), RULES, 99.0, FAIL, FAIL)
    assert isinstance(circuit.state, Open)
    again_s = circuit.state.until_s
    circuit = run(circuit, RULES, again_s, GOOD)
    assert isinstance(circuit.state, Ramp)
    assert circuit.state.since_s == again_s
    assert len(ask(circuit, RULES, *[again_s] * 100)[1]) in {10, 11}
