"""Owns the window: what of the past counts at an instant, over attempts and over seconds; pitfall 13."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchgear.core.circuit import CLEAN, Circuit, Closed, Open, Rules, Settlement, reset
from switchgear.core.circuit.window import (
    BUCKETS,
    Counts,
    LastCalls,
    LastSeconds,
    Part,
    Window,
    asked,
    counted,
    kept,
    part_of,
    sampled,
    unasked,
)
from tests.core.circuit.record import ModelRules, Record, Request
from tests.core.circuit.steps import counts_of, healed, run
from tests.core.circuit.walk import real_rules, seconds

FAIL, GOOD = Settlement.FAILURE, Settlement.SUCCESS
MINUTE = Rules(failure_threshold=None, failure_rate=0.5, window_s=60.0)
TEN_CALLS = Rules(failure_threshold=None, failure_rate=0.5, window_calls=10)
LAST_60_S, LAST_10 = pytest.param(MINUTE, id="60 s"), pytest.param(TEN_CALLS, id="10 calls")
NOTHING = Counts()

Kind = Literal["asks", "ends", "comes to nothing"]
KINDS: tuple[Kind, ...] = ("asks", "ends", "comes to nothing")
Events = list[tuple[int, Kind, bool, bool]]
"""Ticks since the event before; what happens; passed, failed, or the oldest of those that passed; slow."""
some_events: st.SearchStrategy[Events] = st.lists(
    st.tuples(
        st.sampled_from([0, 0, 1, 2, 7, 30, 10**6]),
        st.sampled_from(KINDS),
        st.booleans(),
        st.booleans(),
    ),
    max_size=60,
)


def failing(rules: Rules, *ends_s: float) -> Window | None:
    """A window with one fast failure at each of these instants."""
    window: Window | None = None
    for now_s in ends_s:
        window = sampled(window, rules, now_s, bad=True, slow=False)
    return window


def wanted(rules: Rules, *begun_s: float) -> Window | None:
    """A window with one request let through at each of these instants."""
    window: Window | None = None
    for now_s in begun_s:
        window = asked(window, rules, now_s, passed=True)
    return window


def part(rules: Rules, now_s: float) -> Part:
    """Where a request of this instant is counted, by a window over seconds."""
    found = part_of(rules, now_s)
    assert found is not None
    return found


@pytest.mark.parametrize("rules", [LAST_60_S, LAST_10])
def test_a_window_that_saw_nothing_counts_nothing(rules: Rules) -> None:
    """No window, no counts, and so nothing to divide by."""
    assert counted(None, rules, 5.0) == NOTHING


@pytest.mark.parametrize("rules", [LAST_60_S, LAST_10])
def test_each_kind_of_end_is_counted_once_where_it_belongs(rules: Rules) -> None:
    """One attempt is one call; failed and slow are two questions, and one attempt may be both."""
    window: Window | None = None
    for bad, slow in [(False, False), (True, False), (False, True), (True, True)]:
        window = sampled(window, rules, 1.0, bad=bad, slow=slow)
    assert counted(window, rules, 1.0) == Counts(calls=4, failures=2, slow=2)


def test_pitfall_13_a_time_window_expires_when_it_is_read() -> None:
    """13: ten failures are gone a while later although nothing was written since."""
    window = failing(MINUTE, *[1.0] * 10)
    assert counted(window, MINUTE, 59.0) == Counts(calls=10, failures=10)
    assert counted(window, MINUTE, 1_000.0) == NOTHING


def test_pitfall_13_old_failures_do_not_open_after_an_idle_gap() -> None:
    """13: nine failures, silence, and a tenth: one of one, and far below the minimum."""
    circuit = run(Circuit.new(), MINUTE, 0.0, *[FAIL] * 9)
    later = run(circuit, MINUTE, 1_000.0, FAIL)
    assert counts_of(later, MINUTE, 1_000.0) == Counts(calls=1, failures=1)
    assert isinstance(run(circuit, MINUTE, 59.0, FAIL).state, Open), "in time it would have opened"


def test_pitfall_13_writing_after_an_idle_gap_drops_what_is_old() -> None:
    """13: the parts are dated, so a gap of any length leaves none behind, and never more than ten are kept."""
    window = failing(MINUTE, *(float(second) for second in range(60)), 10_000.0)
    assert isinstance(window, LastSeconds)
    assert len(window.buckets) == 1
    full = failing(MINUTE, *(float(second) for second in range(1_000)))
    assert isinstance(full, LastSeconds)
    assert len(full.buckets) == BUCKETS


@pytest.mark.parametrize(("now_s", "calls"), [(59.999, 1), (60.0, 0), (61.0, 0), (65.999, 0)])
def test_pitfall_13_a_sample_counts_while_its_tenth_is_among_the_newest_ten(
    now_s: float, calls: int
) -> None:
    """13: it is forgotten up to a tenth of the window early, never late: here it ended at 5.9 s."""
    assert counted(failing(MINUTE, 5.9), MINUTE, now_s).calls == calls


@pytest.mark.parametrize(("ended_s", "lasts_s"), [(6.0, 60.0), (9.0, 57.0), (11.999, 54.001)])
def test_a_sample_lasts_from_nine_to_ten_tenths(ended_s: float, lasts_s: float) -> None:
    """How long depends on where in its tenth it ended, and on nothing else."""
    window = failing(MINUTE, ended_s)
    gone_s = ended_s + lasts_s
    assert gone_s == pytest.approx(66.0)
    assert counted(window, MINUTE, 65.999) == Counts(calls=1, failures=1)
    assert counted(window, MINUTE, 66.0) == NOTHING


def test_pitfall_13_a_call_that_outlives_the_window_is_one_sample_at_its_end() -> None:
    """
    13: a call of ten minutes counts when it has ended, for one window's length; its start is long
    forgotten then, and no count goes below none.
    """
    rules = Rules(throttle_ratio=2.0, window_s=60.0)
    window = sampled(asked(None, rules, 0.0, passed=True), rules, 600.0, bad=False, slow=True)
    assert counted(window, rules, 600.0) == Counts(calls=1, slow=1)
    assert counted(window, rules, 660.0) == NOTHING


@pytest.mark.parametrize("rules", [LAST_60_S, LAST_10])
def test_pitfall_13_a_recovery_clears_the_window(rules: Rules) -> None:
    """13: what opened it is not held against it after its probes succeeded."""
    both = replace(rules, failure_threshold=9, reset_timeout_s=1.0)
    circuit = healed(both)
    assert circuit.state == Closed()
    assert counts_of(circuit, both, 1.0) == NOTHING
    assert counts_of(run(circuit, both, 1.0, FAIL), both, 1.0) == Counts(calls=1, failures=1)


@pytest.mark.parametrize("rules", [LAST_60_S, LAST_10])
def test_pitfall_13_a_reset_clears_the_window(rules: Rules) -> None:
    """13: a person's word is as good as a probe's."""
    circuit = reset(run(Circuit.new(), rules, 0.0, *[FAIL] * 9))
    assert counts_of(circuit, rules, 0.0) == NOTHING


@pytest.mark.parametrize("rules", [LAST_60_S, LAST_10])
def test_pitfall_13_counts_are_whole_numbers_that_come_back_to_none(rules: Rules) -> None:
    """13: thousands of samples in and out leave nothing over, as sums of floats would."""
    window = failing(rules, *(0.1 * number for number in range(3_000)))
    counts = counted(window, rules, 300.0)
    assert all(type(number) is int for number in counts)
    for number in range(10):
        window = sampled(window, rules, 400.0 + number / 100, bad=False, slow=False)
    assert counted(window, rules, 401.0) == Counts(calls=10)


def test_a_window_over_calls_holds_the_newest_however_old() -> None:
    """No time runs out: the newest ten count after a year as they did at once."""
    window = failing(TEN_CALLS, *[0.0] * 12)
    for _ in range(3):
        window = sampled(window, TEN_CALLS, 1.0, bad=False, slow=True)
    assert counted(window, TEN_CALLS, 3e7) == Counts(calls=10, failures=7, slow=3)


def test_a_window_of_one_call_is_the_last_call() -> None:
    """The smallest one."""
    rules = Rules(failure_rate=1.0, window_calls=1)
    window = failing(rules, 0.0, 0.0)
    assert counted(window, rules, 0.0) == Counts(calls=1, failures=1)
    window = sampled(window, rules, 0.0, bad=False, slow=False)
    assert counted(window, rules, 0.0) == Counts(calls=1)


def test_a_window_of_ten_thousand_calls_stays_as_small_as_its_mask() -> None:
    """One bit a call and no more: what falls out of the window is not kept in front of it."""
    rules = Rules(slow_call_rate=0.5, window_calls=10_000)
    window: Window | None = None
    for number in range(10_300):
        window = sampled(window, rules, 0.0, bad=number % 2 == 0, slow=True)
    assert isinstance(window, LastCalls)
    assert max(window.failures.bit_length(), window.slow.bit_length()) <= 10_000
    assert counted(window, rules, 0.0) == Counts(calls=10_000, failures=5_000, slow=10_000)


@pytest.mark.parametrize(
    ("rules", "is_kept"),
    [
        (Rules(), False),
        (Rules(window_calls=10), False),
        (Rules(slow_call_s=1.0), False),
        (Rules(failure_rate=0.5), True),
        (Rules(slow_call_rate=0.5), True),
        (Rules(throttle_ratio=2.0), True),
    ],
)
def test_a_window_is_kept_only_where_a_rule_looks_at_it(rules: Rules, *, is_kept: bool) -> None:
    """Failures in a row need none, so a circuit with nothing else pays for none."""
    assert kept(rules) == is_kept
    circuit = run(Circuit.new(), rules, 0.0, FAIL)
    assert isinstance(circuit.state, Closed)
    assert (circuit.state.window is not None) == is_kept


def test_without_a_window_a_success_leaves_the_clean_circuit_itself() -> None:
    """Nothing is counted any more, and identity tells it: a further success costs nothing."""
    assert run(Circuit.new(), Rules(), 0.0, FAIL, FAIL, GOOD).state is CLEAN


@pytest.mark.parametrize("end", [FAIL, GOOD])
@pytest.mark.parametrize("before", [LAST_60_S, LAST_10])
def test_a_window_that_no_rule_looks_at_is_let_go_at_the_next_end(
    before: Rules, end: Settlement
) -> None:
    """It would hold back no memory for nothing; when a rule looks again, it begins with what comes then."""
    blind = replace(before, failure_rate=None)
    circuit = run(run(Circuit.new(), before, 0.0, *[FAIL] * 5), blind, 1.0, end)
    assert circuit.state == (Closed(failures=6) if end is FAIL else CLEAN)
    assert counts_of(circuit, before, 1.0) == NOTHING
    assert counts_of(run(circuit, before, 1.0, GOOD), before, 1.0) == Counts(calls=1)


def test_a_window_that_no_rule_looks_at_outlives_what_is_neutral() -> None:
    """A cancelled call settles nothing, so a reload and its undoing lose nothing by it."""
    circuit = run(Circuit.new(), MINUTE, 0.0, *[FAIL] * 5)
    after = run(circuit, replace(MINUTE, failure_rate=None), 1.0, Settlement.NEUTRAL)
    assert after.state == circuit.state


def test_pitfall_19_a_smaller_window_reads_the_newest_at_once() -> None:
    """19: no sample is lost or invented by a reload: of the newest three, one is slow."""
    window = failing(TEN_CALLS, *[0.0] * 9)
    window = sampled(window, TEN_CALLS, 0.0, bad=False, slow=True)
    three = replace(TEN_CALLS, window_calls=3)
    assert counted(window, three, 0.0) == Counts(calls=3, failures=2, slow=1)


def test_pitfall_19_a_larger_window_keeps_what_is_there() -> None:
    """19: and grows from it."""
    window = failing(TEN_CALLS, *[0.0] * 15)
    more = replace(TEN_CALLS, window_calls=100)
    assert counted(window, more, 0.0) == Counts(calls=10, failures=10)
    window = sampled(window, more, 0.0, bad=True, slow=False)
    assert counted(window, more, 0.0) == Counts(calls=11, failures=11)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (MINUTE, TEN_CALLS),
        (TEN_CALLS, MINUTE),
        (MINUTE, replace(MINUTE, window_s=30.0)),
        (MINUTE, replace(MINUTE, window_s=600.0)),
    ],
)
def test_pitfall_19_a_window_of_another_measure_begins_anew(before: Rules, after: Rules) -> None:
    """19: attempts cannot be told in seconds, nor tenths of one window in those of another."""
    window = failing(before, *[50.0] * 9)
    assert counted(window, after, 50.0) == NOTHING
    window = sampled(window, after, 50.0, bad=True, slow=True)
    assert counted(window, after, 50.0) == Counts(calls=1, failures=1, slow=1)


def test_requests_are_counted_over_seconds_only() -> None:
    """A window over attempts knows ends and no beginnings."""
    window = wanted(MINUTE, 0.0, 0.0, 0.0)
    assert counted(asked(window, MINUTE, 0.0, passed=False), MINUTE, 0.0) == Counts(
        asked=4, passed=3
    )
    calls = failing(TEN_CALLS, 0.0)
    assert asked(calls, TEN_CALLS, 0.0, passed=True) is calls
    assert asked(None, TEN_CALLS, 0.0, passed=True) is None


def test_a_request_is_taken_back_from_the_tenth_in_which_it_was_counted() -> None:
    """Whichever is the newest by then: that of now keeps its own."""
    window = wanted(MINUTE, 1.0, 2.0, 30.0)
    after = unasked(window, part(MINUTE, 1.0))
    assert counted(after, MINUTE, 30.0) == Counts(asked=2, passed=2)
    assert counted(after, MINUTE, 60.0) == Counts(asked=1, passed=1), "the one of 30 s is left"


def test_a_request_out_of_the_window_takes_nothing_back() -> None:
    """Its tenth is forgotten, with all that was in it."""
    window = wanted(MINUTE, 1.0, 60.0)
    assert unasked(window, part(MINUTE, 1.0)) == window
    for nothing in (None, failing(TEN_CALLS, 0.0)):
        assert unasked(nothing, part(MINUTE, 1.0)) is nothing


@pytest.mark.parametrize("window_s", [30.0, 600.0])
def test_a_request_of_a_window_of_another_length_takes_nothing_back(window_s: float) -> None:
    """Both are of tenth 0, and it is another tenth."""
    window = wanted(MINUTE, 1.0)
    assert unasked(window, part(replace(MINUTE, window_s=window_s), 1.0)) is window


def test_a_request_is_counted_in_a_tenth_or_nowhere() -> None:
    """Tenths are counted from the clock's zero; a window over attempts has none."""
    assert [part_of(MINUTE, now_s) for now_s in (0.0, 5.999, 6.0, 61.0)] == [
        Part(6.0, number) for number in (0, 0, 1, 10)
    ]
    assert part_of(TEN_CALLS, 1.0) is None


def test_a_request_taken_back_leaves_no_count_below_none() -> None:
    """In a tenth in which none passed there is nothing to strike out, refused or failed as many may have."""
    window = asked(failing(MINUTE, 1.0), MINUTE, 1.0, passed=False)
    assert unasked(window, part(MINUTE, 1.0)) == window
    once = unasked(wanted(MINUTE, 1.0), part(MINUTE, 1.0))
    assert counted(once, MINUTE, 1.0) == NOTHING
    assert unasked(once, part(MINUTE, 1.0)) == once


@given(events=some_events, tenth=st.integers(1, 9), start=st.integers(0, 10**9))
def test_a_time_window_counts_what_a_list_of_dates_says(
    events: Events, tenth: int, start: int
) -> None:
    """For any events the parts say what one finds by looking through all dates, at each instant."""
    compare(ModelRules(throttle_halves=4, window=tenth * 10), events, start)


@given(events=some_events, window_calls=st.integers(1, 70))
def test_a_window_over_calls_counts_what_a_list_says(events: Events, window_calls: int) -> None:
    """For any attempts the bits say what one finds by looking through the newest."""
    compare(ModelRules(throttle_halves=4, window_calls=window_calls), events, 0)


def compare(rules: ModelRules, events: Events, start: int) -> None:
    """The same events in a window and in a record, equal after each."""
    real, record, now = real_rules(rules), Record(), start
    window: Window | None = None
    passed = list[Request]()
    for step, kind, one, other in events:
        now += step
        match kind:
            case "asks":
                window = asked(window, real, seconds(now), passed=one)
                request = record.asked(rules, now, passed=one)
                passed += [request] if request and one else []
            case "ends":
                window = sampled(window, real, seconds(now), bad=one, slow=other)
                record.ended(rules, now, "failure" if one else "success", slow=other)
            case "comes to nothing" if passed:
                request = passed.pop(0 if one else -1)
                window = unasked(window, part(real, seconds(request.at)))
                record.struck_out(request)
            case _:
                pass
        assert counted(window, real, seconds(now)) == Counts(*record.seen(rules, now))
    for wait in range(0, 12 * rules.part, max(1, rules.part // 2)):
        at = now + wait
        assert counted(window, real, seconds(at)) == Counts(*record.seen(rules, at))
