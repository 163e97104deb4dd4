"""
Proves which errors the guide's functions try again, after exactly which waits, and what they do to
an order.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import requests

from switchgear import (
    CircuitOpenError,
    CircuitState,
    Effect,
    Kind,
    SettingsError,
    WouldBlockLoop,
    classify,
    guide,
)
from switchgear.guide import ApiError, NetworkError
from switchgear.practice.sim.server import SimThread
from tests.guide.kit import DOWN, KEY, Bench, Boom, Venue, boom


def answers(*errors: BaseException) -> Any:
    """A function that fails with these errors, one a call, and then gives "up"."""
    left = list(errors)

    def body() -> str:
        if left:
            raise left.pop(0)
        return "up"

    return body


@pytest.mark.guide("3. Error Handling Utilities")
def test_an_api_error_carries_the_answer() -> None:
    """ApiError keeps status and code, a NetworkError is one too, and its text says both."""
    marks: dict[str, Any] = {"status": 429, "code": -1003, "exchange": "binance"}
    error = ApiError("Too many requests", **marks, method="get_x")
    assert str(error) == "binance.get_x: Too many requests (HTTP 429, code -1003)"
    assert issubclass(NetworkError, ApiError)
    assert classify(error, "binance").kind is Kind.RATE_LIMITED
    assert classify(NetworkError("reset")).kind is Kind.NETWORK


@pytest.mark.guide("3. Error Handling Utilities", "Error Classification")
@pytest.mark.parametrize(
    ("error", "retryable"),
    [
        (TimeoutError("no answer"), True),
        (ConnectionResetError("reset"), True),
        (ApiError("slow down", status=429, exchange="binance"), True),
        (ApiError("overloaded", status=503, exchange="binance"), True),
        (ApiError("bad key", status=401, code=-2015, exchange="binance"), False),
        (ApiError("illegal characters", status=400, code=-1100, exchange="binance"), False),
        (ApiError("insufficient balance", status=400, code=-2010, exchange="binance"), False),
        (ApiError("not permitted", status=403, code=-1002, exchange="binance"), False),
        (Boom("nobody knows"), False),
        (CircuitOpenError("binance", "get_x", None, "open", 1.0), False),  # type: ignore[arg-type]
        # its scope plays no part
    ],
)
def test_errors_are_classified(error: BaseException, retryable: bool) -> None:
    """Timeouts, rate limits and outages can pass; keys, parameters, funds and rights do not."""
    assert guide.is_retryable_error(error, "binance") is retryable


@pytest.mark.guide("Error Handling", "Error Classification")
@pytest.mark.parametrize(
    ("fault", "retryable"),
    [
        ({"action": "answer", "status": 429}, True),
        ({"action": "answer", "status": 503}, True),
        ({"action": "html", "status": 502}, True),
        ({"action": "reset_before"}, True),
        ({"action": "cut"}, True),
        ({"action": "answer", "status": 401}, False),
        ({"action": "answer", "status": 400}, False),
    ],
)
def test_what_the_wire_brings_is_classified(
    sim: SimThread, fault: dict[str, Any], retryable: bool
) -> None:
    """The errors that a plain client raises for real answers are told apart as well."""
    sim.add_faults({"match": "ticker.price", **fault})
    with pytest.raises(requests.RequestException) as caught:
        Venue(sim).price()
    assert guide.is_retryable_error(caught.value, "binance") is retryable


@pytest.mark.guide("Error Handling")
def test_an_answer_is_no_failure_and_an_outage_is(bench: Bench, sim: SimThread) -> None:
    """Refused parameters leave the circuit closed, however often; three answers 503 open it."""
    venue = Venue(sim)
    for _ in range(4):
        with pytest.raises(requests.HTTPError):
            bench.execute(*KEY, lambda: venue.price("NOSUCH"))
    assert bench.state() is CircuitState.CLOSED
    sim.add_faults({"match": "ticker.price", **DOWN})
    for _ in range(3):
        with pytest.raises(requests.HTTPError):
            bench.execute(*KEY, venue.price)
    assert bench.state() is CircuitState.OPEN


@pytest.mark.guide("Retry Strategy")
def test_the_waits_are_exact(bench: Bench) -> None:
    """By default there are three further attempts, after 300, 600 and 1200 ms, without jitter."""
    lost = [ConnectionResetError("reset") for _ in range(3)]
    assert bench.retry(answers(*lost)) == "up"
    assert bench.clock.slept_s == [0.3, 0.6, 1.2]


@pytest.mark.guide("Retry Strategy")
def test_the_last_error_is_raised(bench: Bench) -> None:
    """When no attempt is left, the error of the last one comes through as it is."""
    lost = [ConnectionResetError(f"attempt {number}") for number in (1, 2, 3, 4)]
    with pytest.raises(ConnectionResetError, match="attempt 4"):
        bench.retry(answers(*lost))
    assert len(bench.clock.slept_s) == 3


@pytest.mark.guide("Retry Strategy")
def test_waits_and_attempts_can_be_chosen(bench: Bench) -> None:
    """Delay, factor and number of retries are the caller's; no retries is one attempt."""
    lost = [ConnectionResetError("reset") for _ in range(2)]
    assert bench.retry(answers(*lost), 2, 500, 3) == "up"
    assert bench.clock.slept_s == [0.5, 1.5]
    with pytest.raises(ConnectionResetError):
        bench.retry(answers(ConnectionResetError("reset")), 0)
    assert len(bench.clock.slept_s) == 2


@pytest.mark.guide("Retry Strategy")
def test_what_cannot_pass_is_raised_at_once(bench: Bench) -> None:
    """A refusal is not tried again, nor an error that nobody knows."""
    for error in (ApiError("bad key", status=401, code=-2015, exchange="binance"), Boom("bug")):
        with pytest.raises(type(error)):
            bench.retry(answers(error))
    assert bench.clock.slept_s == []


@pytest.mark.guide("Retry Strategy")
def test_an_exchange_is_not_asked_before_its_time(bench: Bench, sim: SimThread) -> None:
    """A 429 that names 5 s is not answered after 300 ms: the error is raised instead."""
    limited = {"match": "ticker.price", "action": "answer", "status": 429, "retry_after_s": 5}
    sim.add_faults(limited)
    with pytest.raises(requests.HTTPError):
        bench.retry(Venue(sim).price)
    assert bench.clock.slept_s == []


@pytest.mark.guide("Retry Strategy")
def test_an_order_is_not_sent_again_blindly(bench: Bench) -> None:
    """What a trade may have done is not done twice, inside of a wrapper or where the caller says so."""
    sent: list[int] = []

    def send() -> None:
        sent.append(1)
        raise ConnectionResetError("reset")

    with pytest.raises(ConnectionResetError):
        bench.retried_order("createOrder", send)
    with pytest.raises(ConnectionResetError):
        bench.retry(send, effect=Effect.TRADE)
    assert (len(sent), bench.clock.slept_s) == (2, [])


@pytest.mark.guide("Retry Strategy")
@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ((-1,), "retries"),
        ((True,), "retries"),
        ((101,), "retries"),
        ((3, -1), "delay_ms"),
        ((3, float("nan")), "delay_ms"),
        ((3, 300, 0), "backoff"),
    ],
)
def test_impossible_waits_are_refused(bench: Bench, arguments: tuple[Any, ...], field: str) -> None:
    """
    An argument that cannot be names itself, its value and what is allowed, before the first
    attempt.
    """
    with pytest.raises(SettingsError, match=f"^{field}=.*must be"):
        bench.retry(boom, *arguments)


@pytest.mark.guide("Retry Strategy")
def test_a_running_loop_is_not_blocked(bench: Bench) -> None:
    """The sync retry inside a running event loop makes its first attempt, and raises rather than wait."""

    async def inside() -> None:
        guide.retry_with_backoff_sync(answers(ConnectionResetError("reset")))

    with pytest.raises(WouldBlockLoop) as caught:
        asyncio.run(inside())
    assert isinstance(caught.value.__cause__, ConnectionResetError)
    assert bench.clock.slept_s == []
