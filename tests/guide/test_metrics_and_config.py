"""Proves what the guide counts and how it is read, and what can be configured by its names."""

from __future__ import annotations

from typing import Any

import pytest

from switchgear import CircuitState, SettingsError, Switchgear, guide
from tests.guide.kit import KEY, Bench, Boom, boom


def takes(bench: Bench, duration_s: float) -> None:
    """One good call that takes so long."""
    bench.execute(*KEY, lambda: bench.clock.advance(duration_s))


@pytest.mark.guide("Monitoring", "4. Monitoring and Metrics", "Metrics Collection")
def test_everything_the_guide_lists_is_collected(bench: Bench) -> None:
    """Calls, successes, failures, rate, durations, last error and circuit state are exact."""
    for duration_s in (0.010, 0.020, 0.060):
        takes(bench, duration_s)
    bench.fail(1)
    metrics = guide.get_api_call_metrics(*KEY)
    assert (metrics.total_calls, metrics.success_calls, metrics.failed_calls) == (4, 3, 1)
    assert metrics.success_rate == 0.75
    assert metrics.average_duration_ms == pytest.approx(30)
    assert metrics.min_duration_ms == pytest.approx(10)
    assert metrics.max_duration_ms == pytest.approx(60)
    assert metrics.last_error == "Boom: no answer"
    assert metrics.circuit_state is CircuitState.CLOSED


@pytest.mark.guide("4. Monitoring and Metrics")
def test_errors_are_counted_by_kind_and_moves_by_number(bench: Bench) -> None:
    """Error types and circuit changes are counted, and rejections stand outside of the calls."""
    bench.fail(2)
    with pytest.raises(TimeoutError):
        bench.execute(*KEY, lambda: (_ for _ in ()).throw(TimeoutError("late")))
    bench.execute(*KEY, boom, lambda: "cached")
    metrics = guide.get_api_call_metrics(*KEY)
    assert metrics.errors_by_kind == {"unexpected": 2, "timeout": 1}
    assert (metrics.total_calls, metrics.rejected_calls, metrics.fallback_calls) == (3, 1, 1)
    assert (metrics.circuit_state, metrics.circuit_openings) == (CircuitState.OPEN, 1)


@pytest.mark.guide("Accessing Metrics")
def test_metrics_are_read_by_either_spelling(bench: Bench) -> None:
    """'Binance', 'getMarketData' and 'binance', 'get_market_data' are one key; a new key is all zero."""
    takes(bench, 0.040)
    takes(bench, 0.060)
    metrics = guide.get_api_call_metrics("Binance", "getMarketData")
    assert metrics == guide.get_api_call_metrics(*KEY)
    assert metrics.success_calls / metrics.total_calls * 100 == 100
    assert metrics.total_duration_ms / metrics.total_calls == pytest.approx(50)
    assert guide.get_api_call_metrics("coinbase", "getMarketData").total_calls == 0


@pytest.mark.guide("Configuration", "Default Configuration")
def test_the_defaults_are_the_guides(bench: Bench) -> None:
    """Without a word, a circuit opens after 3 failures, for 30 seconds: as the constants say."""
    rules = Switchgear().circuit(*KEY).rules
    assert (guide.DEFAULT_FAILURE_THRESHOLD, guide.DEFAULT_RESET_TIMEOUT_MS) == (3, 30_000)
    assert rules.failure_threshold == guide.DEFAULT_FAILURE_THRESHOLD
    assert rules.reset_timeout_s * 1000 == guide.DEFAULT_RESET_TIMEOUT_MS


@pytest.mark.guide("Configuration", "Custom Configuration")
@pytest.mark.parametrize(
    "config",
    [
        {"failureThreshold": 5, "resetTimeoutMs": 60000},
        {"failure_threshold": 5, "reset_timeout_ms": 60_000},
        {"failure_threshold": 5, "reset_timeout_s": 60},
    ],
)
def test_a_method_gets_its_own_numbers(bench: Bench, config: dict[str, Any]) -> None:
    """Threshold and timeout hold for that method alone, by the guide's names and by ours."""
    guide.set_circuit_breaker_config("Binance", "getMarketData", config)
    bench.fail(4)
    assert bench.state() is CircuitState.CLOSED
    bench.fail(1)
    assert (bench.state(), bench.gear.circuit(*KEY).retry_after_s) == (CircuitState.OPEN, 60.0)
    assert bench.gear.circuit("binance", "get_portfolio").rules.failure_threshold == 3


@pytest.mark.guide("Custom Configuration")
def test_an_exchange_is_configured_whole(bench: Bench) -> None:
    """A pattern sets all methods of an exchange, those that come later too."""
    guide.set_circuit_breaker_config("Binance", "*", {"failureThreshold": 1})
    bench.fail(1)
    assert bench.state() is CircuitState.OPEN
    assert bench.gear.circuit("coinbase", "get_x").rules.failure_threshold == 3


@pytest.mark.guide("Custom Configuration")
def test_config_of_a_call_holds_for_its_key(bench: Bench) -> None:
    """The wrapper's config is set before the call, and stays set for that key."""
    with pytest.raises(Boom):
        bench.execute(*KEY, boom, config={"failureThreshold": 1, "resetTimeoutMs": 1500})
    view = bench.gear.circuit(*KEY)
    assert (view.state, view.retry_after_s) == (CircuitState.OPEN, 1.5)


@pytest.mark.guide("Custom Configuration")
@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"failureTreshold": 5}, "failureTreshold=5: is not a setting; did you mean failure_thr"),
        ({"failureThreshold": 0}, "failureThreshold=0: must be a whole number from 1"),
        ({"resetTimeoutMs": -1}, "resetTimeoutMs=-1: must be a number above 0"),
        ({"reset_timeout_ms": float("nan")}, "reset_timeout_ms=nan: must be a number above 0"),
        ({"reset_timeout_ms": True}, "reset_timeout_ms=True: must be a number above 0"),
        ({"reset_timeout_ms": "60"}, "reset_timeout_ms='60': must be a number above 0"),
        ("fast", "config='fast': must be a mapping of settings by name"),
    ],
)
def test_a_config_that_cannot_be_is_refused(bench: Bench, config: Any, message: str) -> None:
    """The error names the field and the value as they were given, and nothing is changed."""
    with pytest.raises(SettingsError) as caught:
        guide.set_circuit_breaker_config(*KEY, config)
    assert str(caught.value).startswith(message)
    assert bench.gear.circuit(*KEY).rules.failure_threshold == 3
