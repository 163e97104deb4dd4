"""
Proves how the guide puts the circuit round a program's calls: wrappers, the pattern by hand,
fallbacks.
"""

from __future__ import annotations

import asyncio
import contextvars
from typing import TYPE_CHECKING, Any

import pytest
import requests

from switchgear import (
    CallRejected,
    CircuitOpenError,
    CircuitState,
    FallbackServed,
    GateClosedError,
    SettingsError,
    Switchgear,
    guide,
    last_good,
)
from switchgear.practice.sim.server import SimThread
from switchgear.testing import FakeClock
from tests.guide.kit import DOWN, KEY, Bench, Boom, Venue, boom

if TYPE_CHECKING:
    from collections.abc import Callable

ORDER = ("binance", "create_order")


@pytest.mark.guide("2. API Call Wrappers")
@pytest.mark.parametrize("exchange", ["alpaca", "binance", "coinbase"])
def test_each_exchange_has_its_wrapper(bench: Bench, exchange: str) -> None:
    """
    The wrapper calls under its exchange's name, takes config and fallback, and opens its own
    circuit.
    """
    assert bench.named(exchange, "getPortfolio", lambda: {"cash": 1}) == {"cash": 1}
    config = {"failureThreshold": 1, "resetTimeoutMs": 5000}
    with pytest.raises(Boom):
        bench.named(exchange, "getPortfolio", boom, config)
    assert bench.named(exchange, "getPortfolio", boom, config, lambda: "saved") == "saved"
    view = bench.gear.circuit(exchange, "get_portfolio")
    assert (view.state, view.retry_after_s) == (CircuitState.OPEN, 5.0)
    metrics = guide.get_api_call_metrics(exchange, "getPortfolio")
    assert (metrics.total_calls, metrics.rejected_calls, metrics.fallback_calls) == (2, 1, 1)


@pytest.mark.guide("2. API Call Wrappers")
def test_a_wrapper_makes_one_attempt(bench: Bench) -> None:
    """
    An error that another attempt could mend is raised after the first; a guard of the gear still
    retries.
    """
    tried: list[int] = []
    bench.gear.configure(*KEY, failure_threshold=20)

    def flaky() -> None:
        tried.append(1)
        raise TimeoutError("no answer")

    for made in (1, 6):  # twice, for neither way may remember what the other found
        with pytest.raises(TimeoutError):
            bench.execute(*KEY, flaky)
        assert len(tried) == made
        with pytest.raises(TimeoutError):
            bench.gear.call_sync(*KEY, flaky)
        assert len(tried) == made + 4


@pytest.mark.guide("2. API Call Wrappers")
def test_a_function_guarded_already_is_not_guarded_twice(bench: Bench) -> None:
    """A wrapper round a function that the gear guards under the same key counts one call."""
    guarded = bench.gear.guarded(*KEY)(lambda: 1)
    assert guide.execute_binance_call_sync("getMarketData", guarded) == 1
    assert guide.get_api_call_metrics(*KEY).total_calls == 1


@pytest.mark.guide("2. API Call Wrappers")
def test_more_attempts_cannot_be_configured_here(bench: Bench) -> None:
    """`retries` in a config is refused rather than ignored, and the error says what does retry."""
    with pytest.raises(SettingsError, match=r"retries=3.*retry_with_backoff"):
        bench.execute(*KEY, lambda: 1, config={"retries": 3})


@pytest.mark.guide("API Integration")
def test_a_plain_value_and_an_awaitable_are_both_served(bench: Bench) -> None:
    """The async wrapper takes a function that gives a value, and a lambda that gives a coroutine."""

    async def price() -> int:
        return 7

    async def both() -> tuple[int, int]:
        plain = await guide.execute_circuit_breaker(
            exchange="a", method="get_b", api_call=lambda: 5
        )
        return plain, await guide.execute_binance_call("getPrice", lambda: price())  # noqa: PLW0108

    assert asyncio.run(both()) == (5, 7)


@pytest.mark.guide("API Integration")
def test_the_same_config_in_every_call_costs_nothing(bench: Bench) -> None:
    """A config that says what is set already changes nothing, so a loop may hand it in each time."""
    config = {"failure_threshold": 5, "effect": "read"}
    bench.execute(*KEY, lambda: 1, config=config)
    layers = bench.gear.book._code
    bench.execute(*KEY, lambda: 1, config=config)
    assert bench.gear.book._code is layers
    bench.execute(*KEY, lambda: 1, config={"failure_threshold": 6})
    assert bench.gear.book._code is not layers


# --------------------------------------------------------------------------------- the way by hand


def by_hand(
    method: str, api_call: Callable[[], Any], fallback: Callable[[], Any] | None = None
) -> Any:
    """The guide's basic pattern, line by line."""
    if not guide.can_make_api_call("Alpaca", method):
        if fallback is not None:
            return fallback()
        raise RuntimeError(f"Circuit open for Alpaca {method}")
    guide.record_api_call("Alpaca", method, "attempt")
    try:
        result = api_call()
    except Boom as error:
        guide.record_api_call("Alpaca", method, "failure", 0, error)
        guide.record_circuit_breaker_result("Alpaca", method, success=False)
        if fallback is not None:
            return fallback()
        raise
    guide.record_api_call("Alpaca", method, "success", 12.5)
    guide.record_circuit_breaker_result("Alpaca", method, success=True)
    return result


@pytest.mark.guide("Basic Usage Pattern")
def test_the_basic_pattern_opens_and_recovers(bench: Bench) -> None:
    """Written by hand, the pattern counts, opens after three failures, and closes by one good probe."""
    assert by_hand("getPortfolio", lambda: "up") == "up"
    for _ in range(3):
        assert by_hand("getPortfolio", boom, lambda: "fallback") == "fallback"
    with pytest.raises(RuntimeError, match="Circuit open for Alpaca getPortfolio"):
        by_hand("getPortfolio", lambda: "not run")
    view = bench.gear.circuit("alpaca", "get_portfolio")
    assert (view.state, "Boom: no answer" in view.reason) == (CircuitState.OPEN, True)
    bench.clock.advance(30)
    assert by_hand("getPortfolio", lambda: "back") == "back"
    assert bench.gear.circuit("alpaca", "get_portfolio").state is CircuitState.CLOSED
    metrics = guide.get_api_call_metrics("Alpaca", "getPortfolio")
    assert (metrics.total_calls, metrics.success_calls, metrics.failed_calls) == (5, 2, 3)
    assert (metrics.in_flight, metrics.rejected_calls) == (0, 1)
    assert metrics.total_duration_ms == pytest.approx(25.0)


@pytest.mark.guide("Basic Usage Pattern")
def test_a_permission_is_a_ticket(bench: Bench) -> None:
    """While half-open one permission is given, and the next one only after its lease, or its result."""
    for _ in range(3):
        guide.record_circuit_breaker_result(*KEY, success=False)
    bench.clock.advance(30)
    assert [guide.can_make_api_call(*KEY) for _ in range(3)] == [True, False, False]
    bench.clock.advance(30)
    assert guide.can_make_api_call(*KEY) is True
    guide.record_circuit_breaker_result(*KEY, success=True)
    assert bench.state() is CircuitState.CLOSED


@pytest.mark.guide("Basic Usage Pattern")
def test_a_late_result_changes_nothing(bench: Bench) -> None:
    """A success whose permission is older than the opening does not close the circuit."""
    slow = contextvars.copy_context()
    assert slow.run(guide.can_make_api_call, *KEY) is True
    bench.fail()
    bench.clock.advance(30)
    slow.run(guide.record_circuit_breaker_result, *KEY, success=True)
    assert bench.state() is CircuitState.HALF_OPEN


@pytest.mark.guide("Basic Usage Pattern")
def test_tasks_keep_their_own_permissions(bench: Bench) -> None:
    """Two tasks of one thread settle each its own ticket, in whatever order they end."""
    bench.gear.configure(*KEY, probes=2, probes_to_close=2)
    bench.fail()
    bench.clock.advance(30)

    async def task(mine: asyncio.Event, other: asyncio.Event) -> bool:
        admitted = guide.can_make_api_call(*KEY)
        mine.set()
        await other.wait()
        guide.record_circuit_breaker_result(*KEY, success=True)
        return admitted

    async def both() -> tuple[bool, bool]:
        one, two = asyncio.Event(), asyncio.Event()
        first, second = await asyncio.gather(task(one, two), task(two, one))
        return first, second

    assert asyncio.run(both()) == (True, True)
    assert bench.state() is CircuitState.CLOSED


@pytest.mark.guide("Basic Usage Pattern")
def test_a_result_without_a_permission_counts_now(bench: Bench) -> None:
    """Without can_make_api_call, results count in a closed circuit; while half-open they move nothing."""
    guide.record_circuit_breaker_result(*KEY, success=False)
    guide.record_circuit_breaker_result(*KEY, success=False)
    guide.record_circuit_breaker_result(*KEY, success=True)
    guide.record_circuit_breaker_result(*KEY, success=False)
    assert bench.gear.circuit(*KEY).failures == 1
    bench.fail(2)
    bench.clock.advance(30)
    guide.record_circuit_breaker_result(*KEY, success=True)
    assert bench.state() is CircuitState.HALF_OPEN


@pytest.mark.guide("Basic Usage Pattern")
def test_a_permission_of_another_gear_settles_nothing(bench: Bench) -> None:
    """After use_gear, a ticket of the gear before does not touch the circuit of the new one."""
    assert guide.can_make_api_call(*KEY)
    with Switchgear(clock=FakeClock()) as other:
        assert guide.use_gear(other) is bench.gear
        guide.record_circuit_breaker_result(*KEY, success=False)
        assert other.circuit(*KEY).failures == 1
        guide.use_gear(bench.gear)
    assert bench.gear.circuit(*KEY).failures == 0


@pytest.mark.guide("Basic Usage Pattern")
@pytest.mark.parametrize(
    ("event", "duration_ms", "field"),
    [
        ("sucess", 0, "event"),
        ("success", -1, "duration_ms"),
        ("failure", float("nan"), "duration_ms"),
    ],
)
def test_what_cannot_be_recorded_is_said(
    bench: Bench, event: Any, duration_ms: float, field: str
) -> None:
    """An unknown event and an impossible duration name the field, the value and what is allowed."""
    with pytest.raises(SettingsError, match=f"^{field}=.*must be"):
        guide.record_api_call(*KEY, event, duration_ms)


@pytest.mark.guide("Basic Usage Pattern")
def test_a_closed_gate_gives_no_permission(bench: Bench, sim: SimThread) -> None:
    """
    When the exchange said 429 with Retry-After, nobody is admitted until then, and the circuit
    stays closed.
    """
    limit = {"action": "answer", "status": 429, "retry_after_s": 7}
    sim.add_faults({"match": "ticker.price", "count": 1, **limit})
    with pytest.raises(requests.HTTPError):
        bench.execute(*KEY, Venue(sim).price)
    assert guide.can_make_api_call(*KEY) is False
    with pytest.raises(GateClosedError):
        bench.execute(*KEY, Venue(sim).price)
    bench.clock.advance(7.5)
    assert guide.can_make_api_call(*KEY) is True
    assert bench.gear.circuit(*KEY).openings == 0


# -------------------------------------------------------------------------------------- fallbacks


@pytest.mark.guide("Integration in API Methods")
def test_a_portfolio_comes_from_the_backend_meanwhile(bench: Bench, sim: SimThread) -> None:
    """
    While the account endpoint fails the backend answers, from the first failure on, and that is
    counted.
    """
    venue = Venue(sim)
    sim.add_faults({"match": "account", **DOWN})

    def get_portfolio() -> Any:
        return bench.named("binance", "getPortfolio", venue.account, None, venue.backend_portfolio)

    for _ in range(5):
        assert get_portfolio()["currency"] == "USDT"
    metrics = guide.get_api_call_metrics("binance", "getPortfolio")
    assert (metrics.failed_calls, metrics.rejected_calls, metrics.fallback_calls) == (3, 2, 5)
    sim.clear_faults()
    bench.clock.advance(30)
    assert "balances" in get_portfolio()


@pytest.mark.guide("Integration in API Methods")
def test_a_refusal_is_not_papered_over(bench: Bench, sim: SimThread) -> None:
    """An unknown symbol is the caller's mistake: no fallback runs for it, and no circuit opens."""
    for _ in range(5):
        with pytest.raises(requests.HTTPError, match="400"):
            bench.execute(*KEY, lambda: Venue(sim).price("NOSUCH"), lambda: "1.00")
    assert bench.state() is CircuitState.CLOSED


@pytest.mark.guide("Integration in API Methods")
def test_an_order_falls_back_when_it_was_not_made(bench: Bench) -> None:
    """A rejected order goes to the fallback; one that failed on its way may be booked, so it does not."""
    with pytest.raises(Boom):
        bench.execute(*ORDER, boom, lambda: "backend", config={"failure_threshold": 1})
    assert bench.execute(*ORDER, boom, lambda: "backend") == "backend"
    kinds = [record.event for record in guide.get_logs(method="createOrder", level="warning")]
    assert kinds.count("fallback_served") == 1


@pytest.mark.guide("Integration in API Methods")
def test_an_order_is_never_answered_from_memory(bench: Bench) -> None:
    """last_good as the fallback of a trade is refused when it is given, not when it is needed."""
    with pytest.raises(SettingsError, match="same_account"):
        bench.execute(*ORDER, lambda: "booked", [last_good(max_age_s=60)])


@pytest.mark.guide("Integration in API Methods")
def test_nothing_is_hidden(bench: Bench) -> None:
    """A rejection and a fallback's answer are both told as events."""
    told: list[object] = []
    bench.gear.on(CallRejected, told.append)
    bench.gear.on(FallbackServed, told.append)
    bench.fail()
    bench.execute(*KEY, boom, lambda: "cached")
    with pytest.raises(CircuitOpenError):
        bench.execute(*KEY, boom)
    bench.gear.flush()
    assert [type(event) for event in told] == [CallRejected, FallbackServed, CallRejected]
