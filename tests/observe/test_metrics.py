"""Owns the tests of the counts of one key: exact totals, durations within 5 %, and what each fact adds."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import switchgear as sg
from switchgear.core.event import (
    CallCancelled,
    CallIgnored,
    CallRejected,
    CallSucceeded,
    Event,
    FallbackServed,
    RetryScheduled,
)
from switchgear.core.words import CircuitState, Kind, Scope
from switchgear.observe.metrics import CallMetrics, Durations, Tally
from switchgear.testing import FakeClock
from tests.observe.facts import CLOSED, FORCED_OPEN, HALF, KEY, OPEN, failed, move

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


def read(*events: Event, begun: int = 0) -> CallMetrics:
    """The counts after some facts."""
    tally = Tally(KEY)
    for event in events:
        tally.fold(event)
    return tally.read(begun, CLOSED, lambda at_s: EPOCH + timedelta(seconds=at_s))


def test_untouched_counts_are_all_zero() -> None:
    """Before the first call nothing is missing and nothing is wrong."""
    assert read() == CallMetrics("binance", "get_x", "main")


def test_the_fields_are_the_ones_that_are_promised() -> None:
    """The public names, in their order."""
    assert [field.name for field in fields(CallMetrics)] == [
        *("exchange", "method", "account", "total_calls", "success_calls", "failed_calls"),
        *("ignored_calls", "cancelled_calls", "in_flight", "rejected_calls", "retried_attempts"),
        *("fallback_calls", "success_rate", "total_duration_ms", "average_duration_ms"),
        *("min_duration_ms", "max_duration_ms", "p50_ms", "p95_ms", "p99_ms", "errors_by_kind"),
        *("last_error", "last_error_at", "circuit_state", "circuit_openings", "circuit_changes"),
        "last_change_at",
        "withheld_retries",
        "hedged_attempts",
        "joined_calls",
    ]


def test_each_ending_counts_once_and_durations_are_of_successes() -> None:
    """Average, least and most look at successes, the total at all that ended; what is left is in flight."""
    found = read(
        CallSucceeded(1.0, KEY, 1, 0.1),
        CallSucceeded(2.0, KEY, 2, 0.3, 2),
        failed(3.0, 4.0),
        CallIgnored(4.0, KEY, 4, 0.5, 1, "E"),
        CallCancelled(5.0, KEY, 5, 0.5, 1),
        begun=7,
    )
    ended = (found.success_calls, found.failed_calls, found.ignored_calls, found.cancelled_calls)
    assert (found.total_calls, ended, found.in_flight) == (7, (2, 1, 1, 1), 2)
    assert found.success_rate == pytest.approx(2 / 3)
    assert found.total_duration_ms == pytest.approx(5400)
    assert found.average_duration_ms == pytest.approx(200)
    assert (found.min_duration_ms, found.max_duration_ms) == (100.0, 300.0)


def test_retries_fallbacks_and_errors() -> None:
    """A retry and a fallback stand beside the ending; an error is dated by the wall clock."""
    found = read(
        RetryScheduled(1.0, KEY, 1, 0.1, 1, 0.2, Kind.NETWORK, "E: first"),
        failed(2.0),
        failed(3.0),
        failed(4.0, kind=Kind.NETWORK),
        FallbackServed(4.0, KEY, 1, "backend", 0.0, "x"),
        CallRejected(5.0, KEY, 0, Scope.METHOD, "open", None),
    )
    assert (found.retried_attempts, found.fallback_calls, found.failed_calls) == (1, 1, 3)
    assert found.errors_by_kind == {"timeout": 2, "network": 1}
    assert found.last_error == "TimeoutError: late"
    assert found.last_error_at == EPOCH + timedelta(seconds=4)


def test_openings_are_those_that_the_circuit_made_itself() -> None:
    """A hold and its release are changes; going back to open after a hold is no further opening."""
    found = read(
        move(CLOSED, OPEN, 1.0),
        move(OPEN, HALF, 2.0),
        move(HALF, OPEN, 3.0),
        move(OPEN, FORCED_OPEN, 4.0),
        move(FORCED_OPEN, OPEN, 5.0),
    )
    assert (found.circuit_openings, found.circuit_changes) == (2, 5)
    assert found.last_change_at == EPOCH + timedelta(seconds=5)


def test_the_last_error_is_shown_without_secrets() -> None:
    """Words that were kept raw on the call path are masked before anybody reads them."""
    sg.register_secret("metrics-canary-77")
    tally = Tally(KEY)
    tally.failed_with(Kind.NETWORK, "E: metrics-canary-77\nx", 1.0, 0.1)
    found = tally.read(1, CircuitState.OPEN, lambda _: EPOCH)
    assert found.last_error == r"E: ***\nx"
    assert found.circuit_state is CircuitState.OPEN


@pytest.mark.parametrize(
    "duration_s", [1e-7, 1e-5, 0.926, 0.93, 0.99, 1.0, 1.01, 1.07, 1.09, 60, 9e4]
)
def test_a_percentile_is_near_whatever_the_size(duration_s: float) -> None:
    """A duration in the middle of others is known within 5 %, around one second too."""
    durations_s = [duration_s / 10, *[duration_s] * 100, duration_s * 10]
    tally = Tally(KEY)
    tally.succeeded(durations_s)
    found = tally.read(102, CLOSED, lambda _: EPOCH)
    assert found.p50_ms == pytest.approx(duration_s * 1000, rel=0.05)


@given(st.lists(st.floats(1e-6, 1e4), min_size=1, max_size=200))
def test_percentiles_are_within_five_percent(durations_s: list[float]) -> None:
    """Against the nearest rank in the sorted list, for any durations."""
    tally = Tally(KEY)
    tally.succeeded(durations_s)
    found = tally.read(len(durations_s), CLOSED, lambda _: EPOCH)
    ranked = sorted(durations_s)
    for share, shown_ms in ((50, found.p50_ms), (95, found.p95_ms), (99, found.p99_ms)):
        true_s = ranked[-(-share * len(ranked) // 100) - 1]
        assert shown_ms == pytest.approx(true_s * 1000, rel=0.05)
    assert found.min_duration_ms == pytest.approx(ranked[0] * 1000)
    assert found.max_duration_ms == pytest.approx(ranked[-1] * 1000)


def test_many_durations_take_little_room() -> None:
    """What is kept is a count for each width of time, not each duration."""
    tally = Tally(KEY)
    tally.succeeded([1e-6 * 1.001**number for number in range(25_000)])
    assert len(list(tally.durations)) < 400


def call(gear: sg.Switchgear, fail: Any = None) -> None:
    """One call of one method."""

    def work() -> int:
        if fail is not None:
            raise fail
        return 1

    gear.guarded("binance", "get_x").try_call_sync(work)


@pytest.mark.parametrize("many", [65_535, 65_536, 2**32 - 1, 2**32, 2**40])
def test_a_bucket_holds_any_number_of_durations(many: int) -> None:
    """The places grow wider when a count no longer fits; what the other buckets hold stays."""
    durations = Durations()
    durations.add([0.1, 5.0])
    (first, _), *_, (last, _) = durations
    durations.count({first: many - 1, last: 1})
    found = dict(durations)
    assert (found[first], found[last], sum(found.values())) == (many, 2, many + 2)
    durations.add([0.1, 60.0])
    assert dict(durations)[first] == many + 1


def test_the_gear_counts_every_kind_of_end() -> None:
    """Success, failure, retry, rejection and fallback of real calls come out as they went in."""
    with sg.Switchgear(clock=FakeClock(), settings={"retries": 1, "failure_threshold": 4}) as gear:
        call(gear)
        call(gear, ConnectionResetError())
        call(gear, ConnectionResetError())
        call(gear)
        gear.guarded("binance", "get_x", fallback=sg.static(5)).call_sync(lambda: 1)
        found = gear.metrics("Binance", "getX")
    assert found.total_calls == found.success_calls + found.failed_calls
    assert (found.failed_calls, found.retried_attempts, found.circuit_openings) == (2, 2, 1)
    assert (found.success_calls, found.rejected_calls, found.fallback_calls) == (1, 2, 1)
    assert found.circuit_state is OPEN


def test_an_unknown_key_is_all_zero_and_makes_no_circuit() -> None:
    """Asking does not leave a trace."""
    with sg.Switchgear(clock=FakeClock()) as gear:
        assert gear.metrics("kraken", "get_x") == CallMetrics("kraken", "get_x", "main")
        assert gear.all_metrics() == []
