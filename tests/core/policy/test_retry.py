"""Owns which attempts are made again and when, from the bare rule to whole calls of both colours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import switchgear as sg
from switchgear.core.policy.retry import Backoff, allowed, delay_s
from switchgear.core.words import Effect, Kind, Verdict
from tests.core.callkit import Boom, Calls, HttpError

RESET = ConnectionResetError("reset")


@given(
    attempt=st.integers(1, 5000),
    base_s=st.floats(0, 1e6),
    factor=st.floats(1, 1e6),
    bound_s=st.floats(0, 1e6),
    chance=st.floats(0, 1, exclude_max=True),
)
def test_a_wait_lies_between_zero_and_both_bounds(
    attempt: int, base_s: float, factor: float, bound_s: float, chance: float
) -> None:
    """Full jitter: never negative, never above the grown bound, never above delay_s_max, never inf."""
    wait_s = delay_s(attempt, Backoff(3, base_s, factor, bound_s), chance)
    assert 0 <= wait_s <= bound_s
    if attempt == 1:
        assert wait_s <= base_s


def test_the_bound_doubles_from_wait_to_wait() -> None:
    """0.3, 0.6, 1.2 s are the bounds of the defaults; the jitter takes a share of each."""
    assert [delay_s(n, Backoff(), 1.0) for n in (1, 2, 3)] == pytest.approx([0.3, 0.6, 1.2])
    assert [delay_s(n, Backoff(), 0.5) for n in (1, 2, 3)] == pytest.approx([0.15, 0.3, 0.6])
    assert delay_s(3, Backoff(), 0.0) == 0


@pytest.mark.parametrize("effect", list(Effect))
@pytest.mark.parametrize("unsent", [True, False])
def test_a_trade_is_tried_again_only_if_nothing_was_sent(effect: Effect, unsent: bool) -> None:
    """What is not retryable never is; a trade needs the proof as well."""
    assert not allowed(effect, Verdict(Kind.NETWORK, retryable=False, unsent=unsent))
    again = allowed(effect, Verdict(Kind.NETWORK, retryable=True, unsent=unsent))
    assert again == (unsent or effect is not Effect.TRADE)


@pytest.mark.parametrize(
    ("method", "attempts"), [("get_price", 4), ("cancel_order", 4), ("create_order", 1)]
)
def test_the_default_is_three_retries_of_what_may_be_done_again(
    calls: Calls, method: str, attempts: int
) -> None:
    """A read and a cancel are tried four times in all, an order once; the error is the last real one."""
    errors = [ConnectionResetError(str(number)) for number in range(6)]
    exchange = calls.answers(*errors)
    guard = calls.guard(method, failure_threshold=99)
    assert calls.error(guard, exchange) is errors[attempts - 1]
    assert len(exchange.at_s) == attempts
    assert calls.metrics(method).retried_attempts == attempts - 1
    for wait_s, bound_s in zip(exchange.waits_s, (0.3, 0.6, 1.2), strict=False):
        assert 0 <= wait_s < bound_s


@pytest.mark.parametrize(
    ("error", "attempts"),
    [(ConnectionRefusedError("refused"), 3), (RESET, 1), (HttpError(503), 1), (HttpError(429), 1)],
)
def test_a_trade_with_retries_is_sent_again_only_when_it_was_not_sent(
    calls: Calls, error: Exception, attempts: int
) -> None:
    """Even with retries set: refused connections are tried again, all that may have arrived is not."""
    exchange = calls.answers(error)
    guard = calls.guard("create_order", retries=2, failure_threshold=99)
    assert calls.error(guard, exchange) is error
    assert len(exchange.at_s) == attempts


def test_an_error_that_no_table_knows_is_not_tried_again(calls: Calls) -> None:
    """It counts, for the method, and the call ends."""
    exchange = calls.answers(Boom("?"))
    assert isinstance(calls.error(calls.guard(), exchange), Boom)
    assert len(exchange.at_s) == 1
    assert calls.gear.circuit("binance", "get_price").failures == 1


def test_a_second_attempt_that_succeeds_is_one_call(calls: Calls) -> None:
    """One call, one success, one retried attempt; the duration has the wait in it."""
    exchange = calls.answers(RESET, "value")
    assert calls.call(calls.guard(), exchange) == "value"
    metrics = calls.metrics()
    assert (metrics.total_calls, metrics.success_calls, metrics.failed_calls) == (1, 1, 0)
    assert metrics.retried_attempts == 1
    assert metrics.max_duration_ms == pytest.approx(exchange.waits_s[0] * 1000)
    (event,) = calls.told(sg.RetryScheduled)
    assert (event.attempt, event.kind) == (1, Kind.NETWORK)
    assert event.delay_s == pytest.approx(exchange.waits_s[0])


def test_no_wait_sleeps_not_at_all(calls: Calls) -> None:
    """retry_delay_s of 0: three more attempts at once, and the clock is not asked to sleep."""
    exchange = calls.answers(RESET)
    calls.error(calls.guard(retry_delay_s=0, failure_threshold=99), exchange)
    assert len(exchange.at_s) == 4
    assert calls.clock.slept_s == []


def test_three_failed_attempts_of_one_call_open_its_circuit(calls: Calls) -> None:
    """Retry is outside the breaker; the call that opens it ends at once, with its last real error."""
    errors = [ConnectionResetError(str(number)) for number in range(9)]
    exchange = calls.answers(*errors)
    assert calls.error(calls.guard(retries=8), exchange) is errors[2]
    assert len(exchange.at_s) == 3
    assert calls.state() is sg.CircuitState.OPEN
    assert calls.metrics().rejected_calls == 0


@pytest.mark.parametrize("status", [429, 418, 503, 502])
@pytest.mark.parametrize("asked_s", [1, 7, 29])
def test_retry_after_is_never_undercut(calls: Calls, status: int, asked_s: int) -> None:
    """A gate's answer or a 5xx: the next attempt comes a margin after what was asked, jitter on top."""
    exchange = calls.answers(HttpError(status, str(asked_s)), "value")
    assert calls.call(calls.guard(), exchange) == "value"
    (wait_s,) = exchange.waits_s
    slower = 10 / 3 if status in (429, 503) else 1
    assert asked_s + 0.1 <= wait_s < (asked_s + 0.1) * 1.05 + 0.3 * slower


@pytest.mark.parametrize("status", [429, 503])
def test_a_wait_longer_than_allowed_ends_the_call(calls: Calls, status: int) -> None:
    """retry_delay_s_max bounds what a call waits for: asked for more, it ends with the real error."""
    error = HttpError(status, "31")
    exchange = calls.answers(error)
    assert calls.error(calls.guard(), exchange) is error
    assert (len(exchange.at_s), calls.clock.slept_s) == (1, [])


def test_a_date_as_retry_after_is_read_by_the_wall_clock(calls: Calls) -> None:
    """An HTTP date ten seconds from now is ten seconds."""
    exchange = calls.answers(HttpError(429, "Thu, 01 Jan 2026 00:00:10 GMT"), "value")
    assert calls.call(calls.guard(), exchange) == "value"
    assert 10.1 <= exchange.waits_s[0] < 10.1 * 1.05 + 1


def test_no_retry_goes_through_a_circuit_that_a_person_holds_open(calls: Calls) -> None:
    """Held open while the call waits: it ends with its own error, whose context is nothing of ours."""
    errors = [ConnectionResetError("first"), ConnectionResetError("second")]
    exchange = calls.answers(*errors)
    guard = calls.guard()
    calls.clock.timer(0, lambda: calls.gear.hold("binance", by="ops", why="incident"))
    error = calls.error(guard, exchange)
    assert error is errors[0]
    assert (error.__context__, error.__cause__) == (None, None)
    assert len(exchange.at_s) == 1
    assert calls.metrics().rejected_calls == 0


def test_a_probe_that_fails_is_not_tried_again(calls: Calls) -> None:
    """Half-open with two probes allowed: a call has one of them, not both."""
    exchange = calls.answers(RESET)
    guard = calls.guard(failure_threshold=1, reset_timeout_s=5, probes=2)
    calls.error(guard, exchange)
    calls.clock.advance(5)
    calls.error(guard, exchange)
    assert len(exchange.at_s) == 2
