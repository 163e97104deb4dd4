"""Owns throttling: a growing share of the requests is refused while more are made than accepted; pitfall 21."""

from __future__ import annotations

from dataclasses import replace

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
    settle,
)
from switchgear.core.circuit.rules import THROTTLED_MOST, throttled_share
from switchgear.core.circuit.window import Counts
from tests.core.circuit.steps import counts_of, healed, refusal_of, run, ticket_of

FAIL, GOOD, NEUTRAL = Settlement.FAILURE, Settlement.SUCCESS, Settlement.NEUTRAL
RULES = Rules(failure_threshold=None, throttle_ratio=2.0, window_s=60.0)
PASSES = 0.999  # a chance that throttling never refuses: it refuses nine tenths at most


def seen(calls: int, failed: int, asked: int, passed: int) -> Counts:
    """
    Counts in which no more failed than were made, and no more passed than were asked; more may have ended than were
    asked, and the reverse.
    """
    return Counts(calls, min(calls, failed), 0, asked, min(asked, passed))


NUMBERS = st.integers(0, 10**6)
counts = st.builds(seen, NUMBERS, NUMBERS, NUMBERS, NUMBERS)


def after(good: int, bad: int, now_s: float = 0.0) -> Circuit:
    """A circuit after so many successes and failures, all admitted."""
    return run(Circuit.new(), RULES, now_s, *[GOOD] * good, *[FAIL] * bad, chance=PASSES)


def begun(circuit: Circuit, requests: int, now_s: float) -> tuple[Circuit, list[Ticket]]:
    """So many requests at once, each with the chance that is refused first; the tickets of those that passed."""
    tickets = list[Ticket]()
    for _ in range(requests):
        circuit, answer = admit(circuit, RULES, now_s, chance=0.0)
        if isinstance(answer, Ticket):
            tickets.append(answer)
    return circuit, tickets


def passing(circuit: Circuit, requests: int, now_s: float) -> tuple[Circuit, int]:
    """So many requests with chances spread evenly, each that passes fails; how many passed."""
    passed = 0
    for number in range(requests):
        circuit, answer = admit(circuit, RULES, now_s, number * 37 % 100 / 100)
        if isinstance(answer, Ticket):
            passed += 1
            circuit = settle(circuit, answer, FAIL, RULES, now_s)
    return circuit, passed


def test_pitfall_21_requests_are_counted_at_their_start() -> None:
    """21: a request that nobody has answered yet is a request, for an answer may take as long as a timeout."""
    circuit, _ = ticket_of(Circuit.new(), RULES, 0.0, PASSES)
    circuit, _ = ticket_of(circuit, RULES, 0.0, PASSES)
    assert counts_of(circuit, RULES, 0.0) == Counts(asked=2, passed=2)


def test_pitfall_21_an_answer_is_no_further_request() -> None:
    """21: one call from start to end is one request and one sample."""
    assert counts_of(after(1, 0), RULES, 0.0) == Counts(calls=1, asked=1, passed=1)
    assert counts_of(after(0, 1), RULES, 0.0) == Counts(calls=1, failures=1, asked=1, passed=1)


def test_pitfall_21_what_is_refused_here_is_a_request_too() -> None:
    """21: it wanted to be made; without it the share would fall as soon as it acts."""
    circuit = after(0, 5)
    for asked in range(6, 10):
        circuit, answer = admit(circuit, RULES, 0.0, chance=0.0)
        assert isinstance(answer, Refusal)
        assert counts_of(circuit, RULES, 0.0) == Counts(5, 5, asked=asked, passed=5)


@pytest.mark.parametrize("requests", [1, 2, 100, 1_000])
def test_pitfall_21_calls_that_begin_at_once_on_a_healthy_circuit_all_pass(requests: int) -> None:
    """21: nobody has answered any of them yet, and that is no sign of overload."""
    _, tickets = begun(Circuit.new(), requests, 0.0)
    assert len(tickets) == requests


@pytest.mark.parametrize("silent_s", [0.0, 6.0, 59.0, 60.0, 1e6])
def test_pitfall_21_a_burst_passes_whole_after_any_silence(silent_s: float) -> None:
    """21: whether the successes of before are still counted or gone."""
    _, tickets = begun(after(10, 0), 100, silent_s)
    assert len(tickets) == 100


def test_pitfall_21_what_is_out_counts_as_accepted_until_it_fails() -> None:
    """21: of ten that began at once each failure moves one from the accepted to the others."""
    circuit, tickets = begun(Circuit.new(), 10, 0.0)
    shares = list[float]()
    for ticket in tickets:
        circuit = settle(circuit, ticket, FAIL, RULES, 1.0)
        shares.append(throttled_share(RULES, counts_of(circuit, RULES, 1.0)))
    assert shares == [0, 0, 0, 0, 0, *(pytest.approx(n / 11) for n in (2, 4, 6, 8)), 0.9]


def test_pitfall_21_a_burst_whose_first_answers_fail_throttles_as_they_come_in() -> None:
    """21: half of a hundred have failed and the rest is out: nothing yet; each further failure adds to the share."""
    circuit, tickets = begun(Circuit.new(), 100, 0.0)
    for ticket in tickets[:50]:
        circuit = settle(circuit, ticket, FAIL, RULES, 1.0)
    ticket_of(circuit, RULES, 1.0, chance=0.0)
    for ticket in tickets[50:60]:
        circuit = settle(circuit, ticket, FAIL, RULES, 2.0)
    assert "20%" in refusal_of(circuit, RULES, 2.0, chance=0.0).reason
    for ticket in tickets[60:]:
        circuit = settle(circuit, ticket, FAIL, RULES, 3.0)
    assert "90%" in refusal_of(circuit, RULES, 3.0, chance=0.0).reason


def test_pitfall_21_ends_of_what_began_before_the_window_owe_nothing() -> None:
    """21: more have ended in it than passed in it; what is out is none then, never fewer than none."""
    found = Counts(calls=50, failures=10, asked=20, passed=20)
    assert throttled_share(RULES, found) == 0.0
    assert throttled_share(RULES, found._replace(failures=50)) == pytest.approx(20 / 21, abs=0.06)
    assert throttled_share(RULES, found._replace(failures=45)) == pytest.approx(10 / 21)


@given(counts)
def test_pitfall_21_at_most_nine_tenths_are_refused(found: Counts) -> None:
    """21: whatever was counted, the share is none to nine tenths, so some find out that the exchange is back."""
    assert 0.0 <= throttled_share(RULES, found) <= THROTTLED_MOST == 0.9


def test_pitfall_21_probes_continue_through_a_long_outage() -> None:
    """21: thousands of requests, none accepted: a tenth is still let through, and no more."""
    circuit, _ = passing(Circuit.new(), 1_000, 0.0)
    _, passed = passing(circuit, 1_000, 1.0)
    assert passed == 100


def test_pitfall_21_it_finds_out_that_the_exchange_is_back() -> None:
    """21: a window after the last failure nothing is held back, though nothing was told to it."""
    circuit, _ = passing(Circuit.new(), 1_000, 0.0)
    refusal_of(circuit, RULES, 1.0, chance=0.5)
    ticket_of(circuit, RULES, 60.0, chance=0.0)


@pytest.mark.parametrize(
    ("found", "share"),
    [
        (Counts(calls=0, asked=0), 0.0),
        (Counts(calls=50, failures=0, asked=50), 0.0),
        (Counts(calls=100, failures=50, asked=100), 0.0),
        (Counts(calls=100, failures=75, asked=100), 50 / 101),
        (Counts(calls=20, failures=20, asked=3), 3 / 4),
        (Counts(calls=20, failures=20, asked=1_000), 0.9),
        (Counts(calls=0, failures=0, asked=100, passed=100), 0.0),
        (Counts(calls=60, failures=60, asked=100, passed=100), 20 / 101),
        (Counts(calls=60, failures=60, asked=100, passed=60), 0.9),
        (Counts(calls=60, failures=30, asked=100, passed=50), 40 / 101),
    ],
)
def test_the_share_is_that_of_the_formula(found: Counts, share: float) -> None:
    """Requests above twice the accepted, of all and one more."""
    assert throttled_share(RULES, found) == pytest.approx(share)


@given(counts, st.integers(1, 1_000))
def test_more_requests_raise_the_share_and_more_accepted_lower_it(found: Counts, more: int) -> None:
    """A failure never lowers it, and where nothing is out it does not move it."""
    asked = found._replace(asked=found.asked + more)
    accepted = found._replace(calls=found.calls + more)
    failed = found._replace(calls=found.calls + more, failures=found.failures + more)
    share = throttled_share(RULES, found)
    assert throttled_share(RULES, asked) >= share >= throttled_share(RULES, accepted)
    assert throttled_share(RULES, failed) >= share
    if found.passed <= found.calls:
        assert throttled_share(RULES, failed) == share


def test_up_to_the_ratio_nothing_is_refused() -> None:
    """Half of the calls fail with a ratio of two: every request passes, whatever the chance."""
    circuit = after(10, 10)
    ticket_of(circuit, RULES, 0.0, chance=0.0)
    refusal_of(run(circuit, RULES, 0.0, FAIL, FAIL, chance=PASSES), RULES, 0.0, chance=0.0)


@pytest.mark.parametrize(("chance", "is_admitted"), [(0.0, False), (0.49, False), (0.5, True)])
def test_chance_decides_who_is_refused(chance: float, *, is_admitted: bool) -> None:
    """A chance below the share is refused: one failure, one request, a share of one half."""
    _, answer = admit(after(0, 1), RULES, 0.0, chance)
    assert isinstance(answer, Ticket) == is_admitted


def test_a_refusal_says_the_share_and_when_the_counts_move() -> None:
    """A tenth of the window later something is forgotten."""
    refusal = refusal_of(after(0, 1), RULES, 0.0, chance=0.1)
    assert refusal.retry_after_s == 6.0
    assert "50%" in refusal.reason


def test_a_refusal_of_throttling_opens_nothing() -> None:
    """It is no failure and no move: same generation, tickets stay good, and no spell is counted."""
    circuit, early = ticket_of(after(0, 4), RULES, 0.0, PASSES)
    refused, answer = admit(circuit, RULES, 0.0, chance=0.0)
    assert isinstance(answer, Refusal)
    assert (refused.generation, refused.spell) == (circuit.generation, 0)
    after_it = settle(refused, early, GOOD, RULES, 0.0)
    assert counts_of(after_it, RULES, 0.0) == Counts(calls=5, failures=4, asked=6, passed=5)


def test_pitfall_21_a_neutral_end_gives_its_request_back() -> None:
    """21: a cancelled call is as if it had not been asked for: it is not held against the exchange."""
    circuit = run(after(3, 1), RULES, 1.0, *[NEUTRAL] * 50, chance=PASSES)
    assert counts_of(circuit, RULES, 1.0) == counts_of(after(3, 1), RULES, 1.0)
    assert circuit.state == after(3, 1).state


def test_pitfall_21_a_neutral_end_of_another_era_gives_nothing_back() -> None:
    """21: its request was counted in a window that is gone."""
    rules = replace(RULES, failure_threshold=1, reset_timeout_s=1.0)
    circuit, early = ticket_of(Circuit.new(), rules, 0.0, PASSES)
    circuit = run(circuit, rules, 0.0, FAIL, chance=PASSES)
    circuit, _ = ticket_of(run(circuit, rules, 1.0, GOOD), rules, 1.0, PASSES)
    assert settle(circuit, early, NEUTRAL, rules, 1.0) == circuit
    assert counts_of(circuit, rules, 1.0) == Counts(asked=1, passed=1)


@pytest.mark.parametrize("late_s", [0.0, 5.9, 6.0, 30.0, 59.9])
def test_pitfall_21_a_neutral_end_takes_back_its_own_request_however_late(late_s: float) -> None:
    """21: from the tenth in which it was counted; those of now are others, and stay."""
    circuit, cancelled = ticket_of(Circuit.new(), RULES, 0.0, PASSES)
    circuit = run(circuit, RULES, late_s, GOOD, FAIL, chance=PASSES)
    circuit = settle(circuit, cancelled, NEUTRAL, RULES, late_s)
    assert counts_of(circuit, RULES, late_s) == Counts(2, 1, asked=2, passed=2)


@pytest.mark.parametrize("late_s", [60.0, 61.0, 1e6])
def test_pitfall_21_a_neutral_end_out_of_the_window_takes_nothing_back(late_s: float) -> None:
    """21: its request is forgotten already; those of now are others, and stay."""
    circuit, cancelled = ticket_of(Circuit.new(), RULES, 0.0, PASSES)
    circuit = run(circuit, RULES, late_s, GOOD, FAIL, chance=PASSES)
    assert settle(circuit, cancelled, NEUTRAL, RULES, late_s) == circuit
    assert counts_of(circuit, RULES, late_s) == Counts(2, 1, asked=2, passed=2)


def test_pitfall_21_a_crowd_that_is_cancelled_leaves_nothing() -> None:
    """21: a hundred calls given up, tenths later, are as if they had not been."""
    circuit, tickets = begun(Circuit.new(), 100, 0.0)
    for number, ticket in enumerate(tickets):
        circuit = settle(circuit, ticket, NEUTRAL, RULES, number / 2)
    assert counts_of(circuit, RULES, 50.0) == Counts()


def given_up_after_a_reload(before: Rules, circuit: Circuit, now_s: float) -> tuple[Counts, Counts]:
    """A request by other rules, one by ours, and the first is given up: what counts before that, and after."""
    rules = replace(before, throttle_ratio=2.0, window_calls=None, window_s=60.0)
    circuit, early = ticket_of(circuit, before, now_s)
    circuit, _ = ticket_of(circuit, rules, now_s)
    after = settle(circuit, early, NEUTRAL, rules, now_s)
    return counts_of(circuit, rules, now_s), counts_of(after, rules, now_s)


@pytest.mark.parametrize("now_s", [0.0, 50.0])
@pytest.mark.parametrize(
    "before",
    [
        pytest.param(replace(RULES, window_calls=5), id="over attempts"),
        pytest.param(replace(RULES, window_s=6.0), id="over 6 s"),
        pytest.param(replace(RULES, throttle_ratio=None), id="counted nowhere"),
    ],
)
def test_pitfall_21_a_request_of_another_measure_takes_nothing_back(
    before: Rules, now_s: float
) -> None:
    """21: it was not counted, or in a window that a reload tore up; the one that is counted is another's."""
    one = Counts(asked=1, passed=1)
    assert given_up_after_a_reload(before, Circuit.new(), now_s) == (one, one)


def test_pitfall_21_a_request_of_a_ramp_that_did_not_throttle_takes_nothing_back() -> None:
    """21: late in a ramp, where two of two pass: the first was counted nowhere, the second is."""
    blind = replace(RULES, failure_threshold=1, throttle_ratio=None, ramp_s=90.0)
    one, circuit = Counts(asked=1, passed=1), healed(blind)
    assert isinstance(circuit.state, Ramp)
    assert given_up_after_a_reload(blind, circuit, circuit.state.until_s - 9.0) == (one, one)


@pytest.mark.parametrize("later", [None, 3.0])
def test_pitfall_21_a_request_is_taken_back_by_its_own_measure(later: float | None) -> None:
    """21: whatever is set by then; where the window is looked at again, the request is not in it."""
    circuit, cancelled = ticket_of(after(3, 1), RULES, 0.0, PASSES)
    other = replace(RULES, throttle_ratio=later, failure_rate=1.0)
    circuit = settle(circuit, cancelled, NEUTRAL, other, 0.0)
    assert circuit.state == after(3, 1).state


def test_what_is_neutral_concludes_nothing_though_it_moves_a_count() -> None:
    """It strikes out its request, and is no occasion to judge by rules that a reload made stricter."""
    circuit, cancelled = ticket_of(after(0, 3), RULES, 0.0, PASSES)
    strict = replace(RULES, failure_threshold=2, failure_rate=0.1, minimum_calls=1)
    circuit = settle(circuit, cancelled, NEUTRAL, strict, 0.0)
    assert counts_of(circuit, strict, 0.0) == Counts(calls=3, failures=3, asked=3, passed=3)
    assert isinstance(run(circuit, strict, 0.0, FAIL, chance=PASSES).state, Open)


def test_throttling_stands_beside_the_rules_that_open() -> None:
    """Where both are set, requests are held back first, and a row of failures opens all the same."""
    rules = replace(RULES, failure_threshold=3)
    circuit = run(Circuit.new(), rules, 0.0, FAIL, FAIL, chance=PASSES)
    refusal_of(circuit, rules, 0.0, chance=0.0)
    assert isinstance(run(circuit, rules, 0.0, FAIL, chance=PASSES).state, Open)


def test_without_a_ratio_nothing_is_counted_at_a_start() -> None:
    """A circuit that throttles nothing is the very same object after an admission."""
    for rules in (Rules(), Rules(failure_rate=0.5)):
        circuit = Circuit.new()
        assert ticket_of(circuit, rules, 0.0)[0] is circuit


def test_a_ratio_of_one_refuses_from_the_first_failure() -> None:
    """The strictest: each request beyond those accepted counts."""
    rules = replace(RULES, throttle_ratio=1.0)
    assert throttled_share(rules, Counts(calls=9, failures=1, asked=9)) == pytest.approx(0.1)
    assert throttled_share(rules, Counts(calls=9, failures=0, asked=9)) == 0.0


@given(st.lists(st.integers(0, 99), min_size=1, max_size=30))
def test_a_healthy_exchange_called_in_turn_is_never_throttled(chances: list[int]) -> None:
    """One call after another, all accepted: a ratio above one refuses none, whatever the chance."""
    circuit = Circuit.new()
    for number, chance in enumerate(chances):
        circuit, answer = admit(circuit, RULES, float(number), chance / 100)
        assert isinstance(answer, Ticket)
        circuit = settle(circuit, answer, GOOD, RULES, float(number))
    assert isinstance(circuit.state, Closed)
