"""Owns when an attempt is followed by another: the bounds of waits, and what is paid and told for it."""

from __future__ import annotations

import pytest

import switchgear as sg
from switchgear.core.policy.gate import MARGIN_S
from switchgear.core.policy.retry import SLOWER, Backoff, delay_s
from switchgear.core.words import Kind
from tests.core.callkit import Calls, HttpError


@pytest.mark.parametrize("kind", list(Kind))
def test_waits_are_longer_after_an_answer_that_says_too_much(kind: Kind) -> None:
    """By SLOWER for overload, limits and maintenance; as they are for all else."""
    backoff = Backoff(delay_s=0.3, factor=2.0, delay_s_max=30.0)
    too_much = {"overloaded", "rate_limited", "order_rate_limited", "maintenance"}
    factor = SLOWER if kind.value in too_much else 1.0
    assert delay_s(1, backoff, 0.5, kind) == pytest.approx(0.15 * factor)
    assert delay_s(2, backoff, 0.5, kind) == pytest.approx(0.3 * factor)


def test_without_a_kind_the_waits_are_the_plain_ones() -> None:
    """Who has no verdict waits as after any error."""
    assert delay_s(1, Backoff(delay_s=1.0), 0.5) == 0.5


def test_the_margin_is_added_to_what_an_answer_asked_for(calls: Calls) -> None:
    """A 503 with Retry-After closes no gate; the next attempt comes a margin later at least."""
    calls.clock.chance = lambda: 0.0
    exchange = calls.answers(HttpError(503, "5"), "value")
    assert calls.call(calls.guard(), exchange) == "value"
    assert exchange.waits_s == [pytest.approx(5 + MARGIN_S)]


def test_a_wait_that_is_as_long_as_allowed_is_made(calls: Calls) -> None:
    """The bound itself is still allowed; a margin above it is not."""
    calls.clock.chance = lambda: 0.0
    guard = calls.guard(retry_delay_s_max=5 + MARGIN_S)
    assert calls.call(guard, calls.answers(HttpError(503, "5"), "value")) == "value"
    guard = calls.guard(retry_delay_s_max=5)
    assert isinstance(calls.error(guard, calls.answers(HttpError(503, "5"))), HttpError)


def test_a_wait_up_to_the_deadline_is_not_made(calls: Calls) -> None:
    """Where the margin reaches beyond it there is no time for an attempt: the call ends at once, with its own error."""
    calls.clock.chance = lambda: 0.0
    guard = calls.guard(deadline_s=5 + MARGIN_S / 2)
    assert isinstance(calls.error(guard, calls.answers(HttpError(503, "5"))), HttpError)
    assert calls.clock.slept_s == []


def test_a_retry_is_told_with_its_error_and_its_kind(calls: Calls) -> None:
    """The event says what failed, and how long the wait is."""
    calls.call(calls.guard(), calls.answers(HttpError(503), "value"))
    (told,) = calls.told(sg.RetryScheduled)
    assert (told.kind, told.attempt) == (Kind.UNAVAILABLE, 1)
    assert "503" in told.error
