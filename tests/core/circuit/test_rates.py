"""Owns the rules over a window: failure rate, slow-call rate, attempts that are overdue; pitfall 20."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from switchgear.core.circuit import (
    Circuit,
    Closed,
    HalfOpen,
    Open,
    Rules,
    Settlement,
    Ticket,
    admit,
    hold,
    peek,
    settle,
)
from switchgear.core.circuit.rules import broken, too_slow
from switchgear.core.circuit.window import Counts
from switchgear.core.words import CircuitState
from tests.core.circuit.steps import counts_of, opened, probing, refusal_of, run, ticket_of

FAIL, GOOD, NEUTRAL = Settlement.FAILURE, Settlement.SUCCESS, Settlement.NEUTRAL
FAILING = Rules(failure_threshold=None, failure_rate=0.5, minimum_calls=4)
SLOW = Rules(failure_threshold=None, slow_call_rate=0.5, slow_call_s=2.0, minimum_calls=4)
OVER = pytest.mark.parametrize("window_calls", [None, 10])


def is_open(circuit: Circuit) -> bool:
    """Whether it is open."""
    return isinstance(circuit.state, Open)


@OVER
def test_half_of_the_calls_failed_and_it_opens(window_calls: int | None) -> None:
    """The rate is reached, not exceeded: two of four with a rate of one half."""
    rules = replace(FAILING, window_calls=window_calls)
    circuit = run(Circuit.new(), rules, 0.0, GOOD, FAIL, GOOD)
    assert isinstance(circuit.state, Closed)
    circuit = run(circuit, rules, 0.0, FAIL)
    assert isinstance(circuit.state, Open)
    assert circuit.state.reason == "2 of 4 attempts failed, last HTTP 503"


@OVER
def test_below_the_rate_it_stays_closed(window_calls: int | None) -> None:
    """Two failures of five are less than one half, in any number of rounds."""
    rules = replace(FAILING, window_calls=window_calls)
    circuit = Circuit.new()
    for _ in range(20):
        circuit = run(circuit, rules, 0.0, GOOD, GOOD, GOOD, FAIL, FAIL)
    assert isinstance(circuit.state, Closed)


@OVER
def test_below_minimum_calls_no_rate_is_judged(window_calls: int | None) -> None:
    """Three failures of three say nothing yet; the fourth attempt decides, even where it succeeds."""
    rules = replace(FAILING, window_calls=window_calls)
    circuit = run(Circuit.new(), rules, 0.0, FAIL, FAIL, FAIL)
    assert isinstance(circuit.state, Closed)
    circuit = run(circuit, rules, 0.0, GOOD)
    assert isinstance(circuit.state, Open)
    assert circuit.state.reason == "3 of 4 attempts failed"


def test_calls_that_left_the_window_do_not_make_up_the_minimum() -> None:
    """Three a minute ago and three now are three."""
    circuit = run(Circuit.new(), FAILING, 0.0, FAIL, FAIL, FAIL)
    assert isinstance(run(circuit, FAILING, 60.0, FAIL, FAIL, FAIL).state, Closed)


def test_what_is_neutral_is_no_call_of_any_rate() -> None:
    """Cancellations neither make up the minimum nor water down the rate."""
    circuit = run(Circuit.new(), FAILING, 0.0, FAIL, FAIL, FAIL, *[NEUTRAL] * 20)
    assert counts_of(circuit, FAILING, 0.0) == Counts(calls=3, failures=3)
    assert is_open(run(circuit, FAILING, 0.0, FAIL))


def test_what_is_neutral_concludes_nothing_after_a_reload() -> None:
    """A cancelled call does not open it, though by the new rules it would be open; the next end does."""
    circuit = run(Circuit.new(), FAILING, 0.0, FAIL, FAIL, FAIL)
    eager = replace(FAILING, minimum_calls=1)
    circuit = run(circuit, eager, 0.0, NEUTRAL)
    assert isinstance(circuit.state, Closed)
    assert is_open(run(circuit, eager, 0.0, GOOD))


def test_a_row_of_failures_opens_below_the_rate() -> None:
    """Rules stand beside each other: whichever is met first opens."""
    both = replace(FAILING, failure_threshold=3)
    circuit = run(Circuit.new(), both, 0.0, *[GOOD] * 50, FAIL, FAIL, FAIL)
    assert isinstance(circuit.state, Open)
    assert circuit.state.reason == "3 failures in a row, last HTTP 503"


def test_a_rate_opens_where_no_row_comes_about() -> None:
    """Every second call fails: never two in a row, and yet half of them."""
    both = replace(FAILING, failure_threshold=2)
    assert is_open(run(Circuit.new(), both, 0.0, FAIL, GOOD, FAIL, GOOD))


def test_without_any_rule_nothing_opens() -> None:
    """No row, no rate: a circuit that a person alone moves."""
    rules = Rules(failure_threshold=None)
    circuit = run(Circuit.new(), rules, 0.0, *[FAIL] * 100)
    assert circuit.state == Closed(failures=100)


REACHED = [(0.55, 55, 100), (0.07, 7, 100), (0.14, 7, 50), (0.28, 7, 25), (0.56, 28, 50)]


@OVER
@pytest.mark.parametrize(("rate", "bad", "calls"), REACHED)
def test_a_rate_that_is_reached_exactly_opens(
    rate: float, bad: int, calls: int, window_calls: int | None
) -> None:
    """No float holds these shares, and their product with the attempts is more than what it stands for."""
    window = None if window_calls is None else calls
    for rules, end, slow in (
        (replace(FAILING, failure_rate=rate, minimum_calls=calls), FAIL, False),
        (replace(SLOW, slow_call_rate=rate, minimum_calls=calls), GOOD, True),
    ):
        measured = replace(rules, window_calls=window)
        circuit = run(Circuit.new(), measured, 0.0, *[end] * bad, slow=slow)
        circuit = run(circuit, measured, 0.0, *[GOOD] * (calls - bad - 1))
        assert isinstance(circuit.state, Closed)
        assert is_open(run(circuit, measured, 0.0, GOOD))
        circuit = run(Circuit.new(), measured, 0.0, *[end] * (bad - 1), slow=slow)
        assert not is_open(run(circuit, measured, 0.0, *[GOOD] * (calls - bad + 1)))


@given(thousandths=st.integers(1, 1_000), bad=st.integers(0, 10_000), good=st.integers(0, 10_000))
@example(thousandths=550, bad=55, good=45)
def test_a_rate_is_judged_as_it_is_written(thousandths: int, bad: int, good: int) -> None:
    """Any share of three digits and any attempts: as whole numbers say, not as floats have it."""
    rules = replace(FAILING, failure_rate=thousandths / 1_000, slow_call_rate=thousandths / 1_000)
    calls = bad + good
    is_reached = calls >= rules.minimum_calls and 1_000 * bad >= thousandths * calls
    assert bool(broken(rules, 0, Counts(calls, bad))) == is_reached
    assert bool(broken(rules, 0, Counts(calls, 0, bad))) == is_reached
    assert bool(too_slow(rules, Counts(good), bad)) == is_reached


@given(thousandths=st.integers(1, 1_000), times=st.integers(1, 60))
def test_a_rate_of_as_many_attempts_opens_at_its_share(thousandths: int, times: int) -> None:
    """Wherever the share comes out whole it opens, and one failure below it does not."""
    rules = replace(FAILING, failure_rate=thousandths / 1_000)
    enough, calls = thousandths * times, 1_000 * times
    assert broken(rules, 0, Counts(calls, enough))
    assert not broken(rules, 0, Counts(calls, enough - 1))


@pytest.mark.parametrize("calls", [8, 16, 80, 800])
@pytest.mark.parametrize("eighths", range(1, 9))
def test_a_rate_is_met_exactly_at_its_share(eighths: int, calls: int) -> None:
    """One failure, or one slow attempt, less than the share is not enough."""
    enough = eighths * calls // 8
    for rules in (
        replace(FAILING, failure_rate=eighths / 8),
        replace(SLOW, slow_call_rate=eighths / 8),
    ):
        assert broken(rules, 0, Counts(calls, enough, enough))
        assert not broken(rules, 0, Counts(calls, enough - 1, enough - 1))


@OVER
def test_pitfall_20_slow_successes_open_it(window_calls: int | None) -> None:
    """20: an exchange that answers well but too late is of no use either."""
    rules = replace(SLOW, window_calls=window_calls)
    circuit = run(Circuit.new(), rules, 0.0, GOOD, GOOD)
    circuit = run(circuit, rules, 0.0, GOOD, slow=True)
    assert isinstance(circuit.state, Closed)
    circuit = run(circuit, rules, 0.0, GOOD, slow=True)
    assert isinstance(circuit.state, Open)
    assert circuit.state.reason == "2 of 4 attempts were slow"


def test_pitfall_20_slow_successes_are_successes_of_the_other_rules() -> None:
    """20: they end a row of failures, and fail no failure rate."""
    rules = replace(FAILING, failure_threshold=2, slow_call_rate=1.0, minimum_calls=10)
    circuit = run(Circuit.new(), rules, 0.0, FAIL)
    circuit = run(circuit, rules, 0.0, *[GOOD] * 3, slow=True)
    circuit = run(circuit, rules, 0.0, FAIL)
    assert isinstance(circuit.state, Closed)
    assert circuit.state.failures == 1
    assert counts_of(circuit, rules, 0.0) == Counts(calls=5, failures=2, slow=3)


@OVER
def test_pitfall_20_a_timeout_is_one_sample_in_both_rates(window_calls: int | None) -> None:
    """20: it failed and it was slow, and it was one attempt: it is not two calls to divide by."""
    rules = replace(FAILING, slow_call_rate=0.5, window_calls=window_calls)
    circuit = run(Circuit.new(), rules, 0.0, FAIL, slow=True)
    assert counts_of(circuit, rules, 0.0) == Counts(calls=1, failures=1, slow=1)


def test_pitfall_20_a_slow_failure_opens_by_either_rate() -> None:
    """20: whichever of the two is looked at."""
    for rules in (FAILING, SLOW):
        circuit = run(Circuit.new(), rules, 0.0, GOOD, GOOD)
        assert is_open(run(circuit, rules, 0.0, FAIL, FAIL, slow=True))


def test_pitfall_20_without_a_slow_rate_nothing_slow_opens() -> None:
    """20: it is counted, for another rule keeps the window, and judged by nobody."""
    circuit = run(Circuit.new(), FAILING, 0.0, *[GOOD] * 20, slow=True)
    assert counts_of(circuit, FAILING, 0.0) == Counts(calls=20, slow=20)
    _, answer = admit(circuit, FAILING, 0.0, overdue=50)
    assert isinstance(answer, Ticket)


def test_pitfall_20_overdue_attempts_open_before_they_return() -> None:
    """20: four attempts hang; the next call is not sent after them, and is told why and until when."""
    circuit = Circuit.new()
    for _ in range(4):
        circuit, _ = ticket_of(circuit, SLOW, 0.0)
    circuit, answer = admit(circuit, SLOW, 3.0, overdue=4)
    assert not isinstance(answer, Ticket)
    assert isinstance(circuit.state, Open)
    assert circuit.state.reason == "4 of 4 attempts were slow, 4 of them still out"
    assert answer.retry_after_s == SLOW.reset_timeout_s
    assert circuit.state.reason in answer.reason


def test_pitfall_20_overdue_attempts_below_the_minimum_say_nothing_yet() -> None:
    """20: they count as attempts too, so three are three."""
    circuit, answer = admit(Circuit.new(), SLOW, 3.0, overdue=3)
    assert isinstance(answer, Ticket)
    assert circuit == Circuit.new()


def test_pitfall_20_beside_what_is_overdue_an_admission_judges_nothing_else() -> None:
    """20: a reload made the failures too many, by their row and by their rate: that is the next end's to say."""
    lenient = replace(SLOW, failure_threshold=5)
    circuit = run(Circuit.new(), lenient, 0.0, *[FAIL] * 4)
    strict = replace(SLOW, failure_threshold=2, failure_rate=0.1, slow_call_rate=0.9)
    same, answer = admit(circuit, strict, 3.0, overdue=4)
    assert isinstance(answer, Ticket)
    assert same == circuit
    assert is_open(settle(same, answer, FAIL, strict, 3.0, overdue=4))
    opened, _ = admit(circuit, replace(strict, slow_call_rate=0.5), 3.0, overdue=4)
    assert isinstance(opened.state, Open)
    assert opened.state.reason == "4 of 8 attempts were slow, 4 of them still out"


def test_pitfall_20_overdue_attempts_are_weighed_against_those_that_ended() -> None:
    """20: five fast ones and four that hang are less than half; the fifth that hangs makes the half."""
    circuit = run(Circuit.new(), SLOW, 0.0, *[GOOD] * 5)
    ticket_of(circuit, SLOW, 0.0)
    _, answer = admit(circuit, SLOW, 3.0, overdue=4)
    assert isinstance(answer, Ticket)
    refusal_of(circuit, SLOW, 3.0, overdue=5)


def test_pitfall_20_an_end_is_judged_together_with_what_is_overdue() -> None:
    """20: three hang while a fourth comes back: three of four are slow, so its fast success opens it."""
    circuit, ticket = ticket_of(Circuit.new(), SLOW, 0.0)
    assert isinstance(settle(circuit, ticket, GOOD, SLOW, 3.0).state, Closed)
    circuit = settle(circuit, ticket, GOOD, SLOW, 3.0, overdue=3)
    assert isinstance(circuit.state, Open)
    assert circuit.state.reason == "3 of 4 attempts were slow, 3 of them still out"


def test_pitfall_20_an_end_that_leaves_a_full_window_as_it_was_is_judged_with_what_is_overdue() -> (
    None
):
    """20: the fifth fast success of a window of four looks like the fourth, and nine hang beside it."""
    rules = replace(SLOW, window_calls=4)
    circuit, ticket = ticket_of(run(Circuit.new(), rules, 0.0, *[GOOD] * 4), rules, 0.0)
    assert is_open(settle(circuit, ticket, GOOD, rules, 3.0, overdue=9))


def test_pitfall_20_overdue_attempts_are_counted_once() -> None:
    """20: what was overdue is a sample when it ends, and overdue no longer: four attempts in all."""
    circuit, tickets = Circuit.new(), list[Ticket]()
    patient = replace(SLOW, minimum_calls=5)
    for _ in range(4):
        circuit, ticket = ticket_of(circuit, patient, 0.0)
        tickets.append(ticket)
    for left, ticket in zip((3, 2, 1, 0), tickets, strict=True):
        circuit = settle(circuit, ticket, GOOD, patient, 9.0, slow=True, overdue=left)
    assert counts_of(circuit, patient, 9.0) == Counts(calls=4, slow=4)


def test_pitfall_20_overdue_attempts_fail_no_failure_rate() -> None:
    """20: whether they fail is not known before they end."""
    both = replace(FAILING, slow_call_rate=1.0)
    circuit = run(Circuit.new(), both, 0.0, GOOD, FAIL)
    _, answer = admit(circuit, both, 3.0, overdue=2)
    assert isinstance(answer, Ticket)


def test_pitfall_20_what_is_neutral_concludes_nothing_from_what_is_overdue() -> None:
    """20: a cancelled call opens nothing, whatever hangs beside it."""
    circuit, ticket = ticket_of(Circuit.new(), SLOW, 0.0)
    assert settle(circuit, ticket, NEUTRAL, SLOW, 9.0, overdue=100) == circuit


def test_pitfall_20_a_late_end_of_what_opened_it_changes_nothing() -> None:
    """20: opened because it hung, it comes back: of an earlier era, so neither success nor failure counts."""
    circuit, hung = ticket_of(Circuit.new(), SLOW, 0.0)
    circuit, _ = admit(circuit, SLOW, 3.0, overdue=4)
    for end in Settlement:
        assert settle(circuit, hung, end, SLOW, 4.0, slow=True) == circuit


def test_pitfall_20_overdue_attempts_move_no_circuit_that_is_not_closed() -> None:
    """20: open it stays as it was, half-open its probes decide, and a person's hold is a person's."""
    circuit, _ = admit(Circuit.new(), SLOW, 0.0, overdue=4)
    again, _ = admit(circuit, SLOW, 1.0, overdue=400)
    assert again == circuit
    probing, answer = admit(circuit, SLOW, 30.0, overdue=400)
    assert isinstance(probing.state, HalfOpen)
    assert isinstance(answer, Ticket)
    held = hold(Circuit.new(), CircuitState.FORCED_CLOSED, 0.0)
    after, _ = admit(held, SLOW, 0.0, overdue=400)
    assert after == held
    assert peek(after, 0.0) is CircuitState.FORCED_CLOSED


def test_pitfall_20_a_slow_success_of_a_probe_is_a_failed_probe() -> None:
    """20: what opened it is not healed by an answer that is as slow: it opens again, for longer."""
    rules = replace(SLOW, failure_threshold=1, reset_timeout_s=10.0, reset_backoff=2.0)
    circuit, (probe,) = probing(rules)
    circuit = settle(circuit, probe, GOOD, rules, 13.0, slow=True)
    assert isinstance(circuit.state, Open)
    assert circuit.state.reason == "a probe failed: it was slow"
    assert (circuit.spell, circuit.state.until_s) == (2, 33.0)


def test_pitfall_20_slow_probes_are_borne_as_failed_ones_are() -> None:
    """20: with two of three needed one slow success is survived, and the second slow one decides."""
    rules = replace(SLOW, failure_threshold=1, probes=3, probes_to_close=2)
    circuit = run(opened(rules), rules, 30.0, GOOD, slow=True)
    assert isinstance(circuit.state, HalfOpen)
    assert (circuit.state.successes, circuit.state.failures) == (0, 1)
    assert run(circuit, rules, 30.0, GOOD, GOOD).state == Closed()
    assert is_open(run(circuit, rules, 30.0, GOOD, slow=True))


def test_pitfall_20_without_a_slow_rate_a_slow_probe_heals() -> None:
    """20: nobody asked how long it took; nor does one that a reload took the rate away from."""
    rules = replace(SLOW, failure_threshold=1, slow_call_rate=None)
    assert run(opened(rules), rules, 30.0, GOOD, slow=True).state == Closed()


def test_pitfall_20_a_slow_probe_that_failed_or_proves_nothing_is_that() -> None:
    """20: a failure keeps its own words, and a cancelled probe gives its place back, slow as it was."""
    rules = replace(SLOW, failure_threshold=1)
    failed = run(opened(rules), rules, 30.0, FAIL, slow=True)
    assert isinstance(failed.state, Open)
    assert failed.state.reason == "a probe failed: HTTP 503"
    cancelled = run(opened(rules), rules, 30.0, NEUTRAL, slow=True)
    assert isinstance(cancelled.state, HalfOpen)
    assert (cancelled.state.leases, cancelled.state.failures) == ((), 0)


def test_pitfall_17_an_opening_by_what_is_overdue_draws_its_jitter_once() -> None:
    """17: the chance that came with the question stretches the spell, and no later one does."""
    rules = replace(SLOW, reset_timeout_s=10.0, reset_jitter=1.0)
    circuit, _ = admit(Circuit.new(), rules, 0.0, chance=0.5, overdue=4)
    assert refusal_of(circuit, rules, 0.0, chance=0.9, overdue=4).retry_after_s == 15.0


def test_pitfall_19_a_new_rate_judges_the_samples_that_are_there() -> None:
    """19: a reload opens nothing by itself; the next end is judged by the new numbers over all samples."""
    circuit = run(Circuit.new(), FAILING, 0.0, *[GOOD] * 7, FAIL)
    strict = replace(FAILING, failure_rate=0.1)
    assert peek(circuit, 0.0) is CircuitState.CLOSED
    ticket_of(circuit, strict, 0.0)
    assert is_open(run(circuit, strict, 0.0, GOOD))


@pytest.mark.parametrize("kept", [Settlement.SUCCESS, Settlement.FAILURE])
def test_pitfall_19_a_new_rate_judges_a_full_window_of_like_ends(kept: Settlement) -> None:
    """19: all four were slow, and one that is slow too leaves the window as it was: the new rate is reached."""
    strict = replace(SLOW, window_calls=4)
    lax = replace(strict, slow_call_rate=None, failure_rate=1.0, minimum_calls=100)
    circuit = run(Circuit.new(), lax, 0.0, *[kept] * 4, slow=True)
    assert not is_open(circuit)
    assert is_open(run(circuit, strict, 0.0, kept, slow=True))
