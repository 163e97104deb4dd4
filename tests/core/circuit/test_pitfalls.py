"""
Owns one test for each known way to get a circuit wrong, as far as the pure machine decides;
numbered as the list is.
"""

from __future__ import annotations

import pytest

from switchgear.core.circuit import (
    Circuit,
    Closed,
    HalfOpen,
    Open,
    Refusal,
    Rules,
    Settlement,
    Ticket,
    admit,
    peek,
    settle,
)
from switchgear.core.words import CircuitState
from tests.core.circuit.steps import opened, probing, refusal_of, run, ticket_of

FAIL, GOOD, NEUTRAL = Settlement.FAILURE, Settlement.SUCCESS, Settlement.NEUTRAL
ALL = pytest.mark.parametrize("late", list(Settlement))
ONE = Rules(failure_threshold=1, reset_timeout_s=10, probe_lease_s=5)
THREE = Rules(failure_threshold=1, reset_timeout_s=10, probe_lease_s=5, probes=3, probes_to_close=2)


@ALL
def test_pitfall_01_result_of_a_closed_era_changes_nothing_while_open(late: Settlement) -> None:
    """
    1: a call admitted while closed that ends after the opening neither closes, prolongs nor marks
    it.
    """
    circuit, early = ticket_of(Circuit.new(), ONE, 0.0)
    circuit = run(circuit, ONE, 1.0, FAIL)
    assert isinstance(circuit.state, Open)
    assert settle(circuit, early, late, ONE, 2.0) == circuit


@ALL
def test_pitfall_01_result_of_a_closed_era_changes_nothing_while_half_open(
    late: Settlement,
) -> None:
    """
    1: the same while a probe is out: a stale success must not close, a stale
    failure not reopen.
    """
    circuit, early = ticket_of(Circuit.new(), ONE, 0.0)
    circuit, _ = ticket_of(run(circuit, ONE, 1.0, FAIL), ONE, 11.0)
    assert isinstance(circuit.state, HalfOpen)
    assert settle(circuit, early, late, ONE, 12.0) == circuit


@ALL
def test_pitfall_01_result_of_a_closed_era_changes_nothing_in_the_next_closed_era(
    late: Settlement,
) -> None:
    """
    1: admissions of a closed circuit are fenced too: one of an earlier closed era counts for
    nothing.
    """
    rules = Rules(failure_threshold=2, reset_timeout_s=10)
    circuit, early = ticket_of(Circuit.new(), rules, 0.0)
    circuit = run(run(circuit, rules, 1.0, FAIL, FAIL), rules, 11.0, GOOD, FAIL)
    assert circuit.state == Closed(failures=1)
    assert settle(circuit, early, late, rules, 12.0) == circuit


@ALL
def test_pitfall_01_result_of_a_probe_of_an_earlier_spell_changes_nothing(late: Settlement) -> None:
    """
    1: a slow probe of one half-open era does not decide the next one, though its number may be
    the same.
    """
    circuit, (slow, failed) = probing(THREE, probes=2)
    circuit = settle(circuit, failed, FAIL, THREE, 10.0)
    circuit = run(circuit, THREE, 10.0, FAIL)
    assert isinstance(circuit.state, Open)
    circuit, _ = ticket_of(circuit, THREE, 20.0)
    circuit, _ = ticket_of(circuit, THREE, 20.0)
    assert settle(circuit, slow, late, THREE, 20.0) == circuit


def test_pitfall_03_a_neutral_result_of_an_older_era_gives_no_place_back() -> None:
    """
    3: the place of a probe is given back by that probe alone, so the cap holds against late
    cancellations.
    """
    circuit, early = ticket_of(Circuit.new(), ONE, 0.0)
    circuit, _ = ticket_of(run(circuit, ONE, 1.0, FAIL), ONE, 11.0)
    circuit = settle(circuit, early, NEUTRAL, ONE, 11.0)
    refusal_of(circuit, ONE, 11.0)


@pytest.mark.parametrize(("now_s", "is_admitted"), [(14.999, False), (15.0, True)])
def test_pitfall_04_the_place_of_a_hung_probe_is_given_on_when_its_lease_ends(
    now_s: float, *, is_admitted: bool
) -> None:
    """
    4: a probe that never settles wedges nothing: at the end of its lease the next call takes its
    place.
    """
    circuit, _ = probing(ONE)
    _, answer = admit(circuit, ONE, now_s)
    assert isinstance(answer, Ticket) == is_admitted


@ALL
def test_pitfall_04_the_late_verdict_of_a_reclaimed_probe_is_ignored(late: Settlement) -> None:
    """
    4: once its place was given on, the hung probe decides nothing any more, and
    frees nothing.
    """
    circuit, (hung,) = probing(ONE)
    circuit, second = ticket_of(circuit, ONE, 15.0)
    assert second.probe != hung.probe
    after = settle(circuit, hung, late, ONE, 15.5)
    assert after == circuit
    refusal_of(after, ONE, 15.5)
    assert settle(after, second, GOOD, ONE, 16.0).state == Closed()


def test_pitfall_04_a_late_verdict_before_anybody_asked_still_counts() -> None:
    """
    4: reclaiming is lazy: as long as nobody has the place, what the probe found out is worth
    knowing.
    """
    circuit, (slow,) = probing(ONE)
    assert settle(circuit, slow, GOOD, ONE, 500.0).state == Closed()


def test_pitfall_04_a_refusal_while_probing_says_when_a_place_comes_free() -> None:
    """4: the time to wait is that of the earliest lease, not of the newest."""
    rules = Rules(failure_threshold=1, reset_timeout_s=10, probe_lease_s=5, probes=2)
    circuit, _ = probing(rules)
    circuit, _ = ticket_of(circuit, rules, 12.0)
    assert refusal_of(circuit, rules, 13.0).retry_after_s == pytest.approx(2.0)


def test_pitfall_05_neutral_is_not_success_while_closed() -> None:
    """5: a cancellation between failures does not break their row, and does not count in it."""
    rules = Rules(failure_threshold=3)
    circuit = run(Circuit.new(), rules, 0.0, FAIL, NEUTRAL, FAIL, NEUTRAL, NEUTRAL, NEUTRAL)
    assert circuit.state == Closed(failures=2)
    assert isinstance(run(circuit, rules, 0.0, FAIL).state, Open)


def test_pitfall_05_a_success_between_failures_breaks_their_row() -> None:
    """5: only failures in a row open it: one success, and the count begins anew."""
    rules = Rules(failure_threshold=3)
    circuit = run(Circuit.new(), rules, 0.0, FAIL, FAIL, GOOD, FAIL, FAIL)
    assert circuit.state == Closed(failures=2)


def test_pitfall_05_a_cancelled_probe_neither_closes_nor_opens() -> None:
    """5: it gives its place back at once, and the next call is the probe."""
    circuit, (cancelled,) = probing(ONE)
    circuit = settle(circuit, cancelled, NEUTRAL, ONE, 11.0)
    assert isinstance(circuit.state, HalfOpen)
    assert circuit.spell == 1
    ticket_of(circuit, ONE, 11.0)


def test_pitfall_06_an_excluded_error_of_a_probe_leaves_it_half_open_any_number_of_times() -> None:
    """6: neutral probes prove nothing however many they are; nothing wedges and nothing closes."""
    circuit = opened(ONE)
    for _ in range(50):
        circuit = run(circuit, ONE, 10.0, NEUTRAL)
        assert peek(circuit, 10.0) is CircuitState.HALF_OPEN
    assert run(circuit, ONE, 10.0, GOOD).state == Closed()


def test_pitfall_08_half_open_admits_at_most_its_probes_at_once() -> None:
    """
    8: of a hundred calls at the instant of recovery exactly `probes` go through, the first one
    counted.
    """
    circuit, tickets = opened(THREE), list[Ticket]()
    for _ in range(100):
        circuit, answer = admit(circuit, THREE, 10.0)
        if isinstance(answer, Ticket):
            tickets.append(answer)
    assert len(tickets) == THREE.probes
    assert len({ticket.probe for ticket in tickets}) == THREE.probes


def test_pitfall_08_half_open_admits_at_most_its_probes_in_all() -> None:
    """
    8: a settled probe keeps its place until the spell is decided, so one after another is no way
    round.
    """
    rules = Rules(failure_threshold=1, reset_timeout_s=10, probes=3, probes_to_close=3)
    circuit = run(opened(rules), rules, 10.0, GOOD, GOOD)
    circuit, last = ticket_of(circuit, rules, 10.0)
    refusal_of(circuit, rules, 10.0)
    assert settle(circuit, last, GOOD, rules, 10.0).state == Closed()


def test_pitfall_09_it_reopens_as_soon_as_it_cannot_pass_any_more() -> None:
    """9: with two of three needed the second failure decides; the third probe is not waited for."""
    circuit = run(opened(THREE), THREE, 10.0, FAIL)
    assert isinstance(circuit.state, HalfOpen)
    circuit = run(circuit, THREE, 10.0, FAIL)
    assert isinstance(circuit.state, Open)
    assert circuit.spell == 2


def test_pitfall_09_it_closes_as_soon_as_enough_have_passed() -> None:
    """9: with two of three needed a failure is survived, and the second success closes."""
    circuit = run(opened(THREE), THREE, 10.0, FAIL, GOOD)
    assert isinstance(circuit.state, HalfOpen)
    circuit = run(circuit, THREE, 10.0, GOOD)
    assert circuit.state == Closed()
    assert circuit.spell == 1, "it is forgotten by and by, not at a close"


def test_pitfall_09_the_threshold_of_the_closed_state_does_not_gate_half_open() -> None:
    """9: one failed probe reopens, however many failures in a row the closed circuit bears."""
    rules = Rules(failure_threshold=50, reset_timeout_s=10)
    assert isinstance(run(opened(rules), rules, 10.0, FAIL).state, Open)


def test_pitfall_10_late_failures_do_not_extend_an_open_spell() -> None:
    """10: ten calls in flight that fail one by one after the opening leave its end where it was."""
    circuit, tickets = Circuit.new(), list[Ticket]()
    for _ in range(10):
        circuit, ticket = ticket_of(circuit, ONE, 0.0)
        tickets.append(ticket)
    circuit = settle(circuit, tickets[0], FAIL, ONE, 1.0)
    before = circuit
    for number, ticket in enumerate(tickets[1:]):
        circuit = settle(circuit, ticket, FAIL, ONE, 2.0 + number)
    assert circuit == before
    ticket_of(circuit, ONE, 11.0)


@pytest.mark.parametrize(
    ("now_s", "state"), [(9.999, CircuitState.OPEN), (10.0, CircuitState.HALF_OPEN)]
)
def test_pitfall_12_the_state_read_is_the_effective_one(now_s: float, state: CircuitState) -> None:
    """
    12: an open spell that is over reads half-open at once, although nobody has asked; reading
    moves nothing.
    """
    circuit = opened(ONE)
    assert peek(circuit, now_s) is state
    assert isinstance(circuit.state, Open)


@pytest.mark.parametrize(("now_s", "wait_s"), [(0.0, 10.0), (4.0, 6.0), (9.5, 0.5)])
def test_pitfall_12_an_open_circuit_says_how_long(now_s: float, wait_s: float) -> None:
    """12: what is left is computed when somebody asks, not when it opened."""
    assert refusal_of(opened(ONE), ONE, now_s).retry_after_s == pytest.approx(wait_s)


def test_pitfall_13_closing_forgets_what_was_counted() -> None:
    """
    13: after a recovery the row of failures begins at none, or the first failure would open it
    again.
    """
    rules = Rules(failure_threshold=2, reset_timeout_s=10)
    circuit = run(opened(rules), rules, 10.0, GOOD)
    assert run(circuit, rules, 11.0, FAIL).state == Closed(failures=1)


def test_pitfall_19_new_rules_keep_tickets_and_counts() -> None:
    """
    19: a reload between admission and settlement loses neither; the new threshold acts at that
    settlement.
    """
    rules = Rules(failure_threshold=5)
    circuit = run(Circuit.new(), rules, 0.0, FAIL, FAIL, FAIL)
    circuit, ticket = ticket_of(circuit, rules, 0.0)
    lower = Rules(failure_threshold=2)
    assert peek(circuit, 0.0) is CircuitState.CLOSED
    assert isinstance(settle(circuit, ticket, FAIL, lower, 0.0).state, Open)
    assert settle(circuit, ticket, GOOD, lower, 0.0).state == Closed()


def test_pitfall_19_new_rules_keep_the_instant_of_an_open_spell() -> None:
    """19: a shorter or longer open time is for the next spell."""
    circuit = opened(ONE)
    for timeout_s in (0.001, 5_000.0):
        rules = Rules(failure_threshold=1, reset_timeout_s=timeout_s)
        refusal_of(circuit, rules, 9.999)
        ticket_of(circuit, rules, 10.0)


def test_pitfall_19_fewer_probes_than_have_run_wedge_nothing() -> None:
    """
    19: if a reload leaves no place and no probe is out to decide, the next call probes all the
    same.
    """
    many = Rules(failure_threshold=1, reset_timeout_s=10, probes=3, probes_to_close=2)
    few = Rules(failure_threshold=1, reset_timeout_s=10, probes=1, probes_to_close=1)
    circuit = run(opened(many), many, 10.0, FAIL)
    assert run(circuit, few, 11.0, GOOD).state == Closed()


def test_pitfall_19_a_bar_raised_while_probing_opens_it_in_words_of_the_bar() -> None:
    """19: with more successes asked for than are left, even a success opens it, and is not called a failure."""
    lax = Rules(failure_threshold=1, probes=3, probes_to_close=1)
    circuit, (failing, passing) = probing(lax, probes=2)
    circuit = settle(circuit, failing, FAIL, lax, 30.0)
    circuit = settle(circuit, passing, GOOD, Rules(probes=4, probes_to_close=4), 30.0)
    assert isinstance(circuit.state, Open)
    assert circuit.state.reason == "1 of 4 probes failed"


def test_pitfall_01_a_probe_settled_twice_counts_once() -> None:
    """1: the second settlement of one ticket changes nothing, so one probe cannot stand for two."""
    circuit, (first, _) = probing(THREE, probes=2)
    circuit = settle(circuit, first, GOOD, THREE, 10.0)
    assert settle(circuit, first, GOOD, THREE, 10.0) == circuit
    assert isinstance(circuit.state, HalfOpen)


def test_a_refusal_says_why_it_opened() -> None:
    """18: the cause is in words, from the last failure."""
    refusal = refusal_of(opened(ONE), ONE, 1.0)
    assert isinstance(refusal, Refusal)
    assert "HTTP 503" in refusal.reason
