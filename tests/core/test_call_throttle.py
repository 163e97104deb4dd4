"""Owns throttling as whole calls meet it: which share is held back while others fail, and that all pass again."""

from __future__ import annotations

import pytest

import switchgear as sg
from tests.core.callkit import Boom, Calls
from tests.core.engine_kit import is_straight, owed, passed

KEY = ("binance", "get_price")
CLOSED = sg.CircuitState.CLOSED


def throttled(calls: Calls, ratio: float = 2) -> sg.Guarded:
    """A read of which a share is held back when too many fail."""
    return calls.guard(throttle_ratio=ratio, window_s=60, failure_threshold=None, retries=0)


def attempts(calls: Calls, guard: sg.Guarded, count: int, *script: object) -> int:
    """How many of so many calls reached the exchange, spread over a minute."""
    exchange = calls.answers(*script)
    for _ in range(count):
        calls.do("try_call", guard, exchange)
        calls.clock.advance(60 / count)
    return len(exchange.at_s)


def test_nothing_is_held_back_while_all_goes_well(calls: Calls) -> None:
    """Nor while half of it fails, where two requests for each accepted one are allowed."""
    guard = throttled(calls)
    assert not is_straight(calls)
    assert attempts(calls, guard, 200, "value") == 200
    assert calls.gear.circuit(*KEY).passing == 1
    script = [Boom("?") if number % 2 else "value" for number in range(200)]
    assert attempts(calls, guard, 200, *script, "value") >= 195


def test_throttling_refuses_a_share_and_recovers(calls: Calls) -> None:
    """While all fail, most are held back but at least one in ten finds out; when they succeed again, all pass."""
    guard = throttled(calls)
    attempts(calls, guard, 100, "value")
    attempts(calls, guard, 200, Boom("down"))
    sent = attempts(calls, guard, 400, Boom("down"))
    assert 20 <= sent <= 80
    view = calls.gear.circuit(*KEY)
    assert view.state is CLOSED
    assert view.passing == pytest.approx(0.1, abs=0.01)
    first = attempts(calls, guard, 400, "value")
    second = attempts(calls, guard, 400, "value")
    third = attempts(calls, guard, 400, "value")
    assert 40 < first < second <= third == 400
    assert calls.gear.circuit(*KEY).passing == 1


def test_a_throttled_call_is_told_why(calls: Calls) -> None:
    """CircuitOpenError of the method while its circuit is closed, with the share in words; counted as rejected."""
    guard = throttled(calls, 1)
    for _ in range(50):
        calls.do("try_call", guard, calls.answers(Boom()))
    made = [calls.do("try_call", guard, calls.answers(Boom())) for _ in range(50)]
    error = next(one.error for one in made if isinstance(one.error, sg.CircuitOpenError))
    assert error.scope is sg.Scope.METHOD
    assert "throttled: 90% of the requests are held back" in error.reason
    assert 0 < (error.retry_after_s or 0) <= 60
    rejected = calls.metrics().rejected_calls
    assert rejected == 100 - calls.metrics().total_calls > 40
    assert owed(calls) == {}


def test_a_share_is_forgotten_with_its_window(calls: Calls) -> None:
    """A minute without calls: the next one passes, whatever failed before."""
    guard = throttled(calls, 1)
    attempts(calls, guard, 200, Boom())
    calls.clock.advance(61)
    assert calls.gear.circuit(*KEY).passing == 1
    assert calls.call(guard, int) == 0


def test_another_method_is_not_throttled(calls: Calls) -> None:
    """The share is the key's own."""
    guard, other = throttled(calls, 1), calls.guard("get_time")
    attempts(calls, guard, 100, Boom())
    assert passed(calls, other, 50) == 50
