"""Owns the course of a call: who is asked first, how each ending settles, what the deadline and live settings do."""

from __future__ import annotations

import asyncio

import pytest

import switchgear as sg
from switchgear.core.words import Kind
from tests.core.callkit import Boom, Calls, HttpError, turns

KEY = ("binance", "get_price")
OPEN, CLOSED = sg.CircuitState.OPEN, sg.CircuitState.CLOSED


async def hang() -> None:
    """Wait for ever."""
    await asyncio.Event().wait()


def gated(calls: Calls, asked_s: int = 60) -> None:
    """Close the exchange's gate."""
    calls.error(calls.guard("get_time", retries=0), calls.answers(HttpError(429, str(asked_s))))


def test_a_hold_is_looked_at_before_the_gates(calls: Calls) -> None:
    """Held open while a gate is closed too: the caller hears of the person's decision."""
    guard = calls.guard()
    gated(calls)
    assert isinstance(calls.error(guard, int), sg.GateClosedError)
    calls.gear.hold(*KEY, by="ops", why="incident")
    error = calls.error(guard, int)
    assert isinstance(error, sg.CircuitOpenError)
    assert "held open by ops: incident" in str(error)


def test_a_gate_is_looked_at_before_the_circuit_of_a_call_with_fallbacks(calls: Calls) -> None:
    """Both say no: the gate's longer time is the one that the caller is told."""
    guard = calls.guard(failure_threshold=1, retries=0)
    calls.error(guard, calls.answers(Boom()))
    gated(calls)
    with_fallback = calls.guard(fallback=calls.function(calls.answers(Boom())))
    error = calls.error(with_fallback, int)
    assert isinstance(error, sg.GateClosedError)
    assert 60.1 <= (error.retry_after_s or 0) <= 60.1 * 1.05


def test_a_rejected_probe_gives_its_place_back(calls: Calls) -> None:
    """A closed gate is looked at before a ticket is taken: the half-open circuit loses no probe to it."""
    guard = calls.guard(failure_threshold=1, retries=0, reset_timeout_s=5)
    calls.error(guard, calls.answers(Boom()))
    gated(calls, 10)
    calls.clock.advance(6)
    for _ in range(3):
        assert isinstance(calls.error(guard, int), sg.GateClosedError)
    calls.clock.advance(5)
    assert calls.call(guard, int) == 0
    assert calls.state() is CLOSED


@pytest.mark.parametrize(
    ("error", "failures"),
    [
        (Boom("?"), 2),
        (ConnectionResetError(), 2),
        (HttpError(503), 2),
        (HttpError(429, "1"), 1),
        (HttpError(418, "1"), 1),
        (HttpError(401), 1),
        (HttpError(404), 0),
        (LookupError("neutral"), 1),
        (sg.CircuitOpenError("a", "b", sg.Scope.METHOD, "nested", 1.0), 1),
        (sg.DeadlineExceeded("a", "b", 1.0), 1),
    ],
    ids=lambda value: f"{value!r}"[:40],
)
def test_each_ending_settles_its_ticket(calls: Calls, error: Exception, failures: int) -> None:
    """After one failure: another one makes two, a neutral one leaves one, an answer makes none."""
    guard = calls.guard(retries=0, ignore=LookupError)
    calls.error(guard, calls.answers(Boom()))
    assert calls.error(guard, calls.answers(error)) is error
    assert calls.gear.circuit(*KEY).failures == failures
    metrics = calls.metrics()
    assert metrics.in_flight == 0
    assert metrics.ignored_calls == isinstance(error, LookupError)
    assert metrics.failed_calls == 2 - metrics.ignored_calls


@pytest.mark.parametrize("failed", [True, False])
def test_failed_result_judges_values(calls: Calls, failed: bool) -> None:
    """A value that the predicate calls a failure is tried again, counts, and is raised as an ApiError."""
    guard = calls.guard(failed_result=failed.__eq__, retries=1)
    exchange = calls.answers(True)
    if not failed:
        assert calls.call(guard, exchange) is True
        return
    error = calls.error(guard, exchange)
    assert isinstance(error, sg.ApiError)
    assert len(exchange.at_s) == 2
    assert calls.gear.circuit(*KEY).failures == 2


def test_an_ignored_error_is_raised_and_neutral(calls: Calls) -> None:
    """A base class in `ignore` covers what derives from it: no retry, no fallback, no failure."""
    exchange = calls.answers(KeyError("mine"))
    guard = calls.guard(ignore=(LookupError, OSError), fallback=sg.static(1))
    assert isinstance(calls.error(guard, exchange), KeyError)
    assert len(exchange.at_s) == 1
    assert (calls.metrics().ignored_calls, calls.metrics().failed_calls) == (1, 0)
    assert calls.gear.circuit(*KEY).failures == 0


def test_an_attempt_is_cut_after_timeout_s(async_calls: Calls) -> None:
    """AttemptTimeout: a NetworkError and a TimeoutError; one failure each; a read is tried again."""
    calls = async_calls
    guard = calls.guard(timeout_s=2, retries=1, retry_delay_s=0)

    async def scene() -> float:
        call = asyncio.ensure_future(guard.call(hang))
        for _ in range(2):
            await turns()
            calls.clock.advance(2)
        with pytest.raises(sg.AttemptTimeout, match="no answer within 2 s") as caught:
            await call
        assert isinstance(caught.value, TimeoutError)
        assert isinstance(caught.value, sg.NetworkError)
        return calls.clock.now_s

    calls.run(scene())
    assert calls.gear.circuit(*KEY).failures == 2
    assert calls.metrics().errors_by_kind == {"timeout": 1}


def test_a_setting_that_goes_while_an_attempt_runs_does_not_hurt_its_cut(
    async_calls: Calls,
) -> None:
    """timeout_s and deadline_s are set to none while the call hangs: it ends as it was begun."""
    calls = async_calls

    async def cut(method: str, settings: dict[str, float]) -> BaseException | None:
        guard = calls.guard(method, retries=0, **settings)
        call = asyncio.ensure_future(guard.call(hang))
        await turns()
        calls.guard(method, timeout_s=None, deadline_s=None)
        calls.clock.advance(3)
        await asyncio.wait([call])
        return call.exception()

    timeout = calls.run(cut("get_a", {"timeout_s": 3}))
    deadline = calls.run(cut("get_b", {"deadline_s": 3}))
    assert isinstance(timeout, sg.AttemptTimeout)
    assert isinstance(deadline, sg.DeadlineExceeded)
    assert calls.gear.circuit("binance", "get_b").failures == 0


def test_own_timeout_error_passes_unwrapped(calls: Calls) -> None:
    """A TimeoutError that the function raises itself is the caller's, the very object."""
    own = TimeoutError("own")
    assert calls.error(calls.guard(retries=0), calls.answers(own)) is own


def test_a_cancellation_from_outside_stays_one(async_calls: Calls) -> None:
    """Cancelled in the turn in which the attempt is cut: a cancellation, neutral, counted as cancelled."""
    calls = async_calls
    guard = calls.guard(timeout_s=2, retries=0)

    async def scene() -> None:
        call = asyncio.ensure_future(guard.call(hang))
        await turns()
        calls.clock.advance(2)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

    calls.run(scene())
    assert calls.metrics().cancelled_calls == 1
    assert calls.gear.circuit(*KEY).failures == 0


def test_cancelled_while_waiting_for_a_retry(async_calls: Calls) -> None:
    """The call ends as cancelled, once; its failed attempt stays counted."""
    calls = async_calls
    calls.clock.autojump = False
    guard, exchange = calls.guard(), calls.function(calls.answers(ConnectionResetError()))

    async def scene() -> None:
        call = asyncio.ensure_future(guard.call(exchange))
        await turns()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

    calls.run(scene())
    metrics = calls.metrics()
    assert (metrics.total_calls, metrics.cancelled_calls, metrics.in_flight) == (1, 1, 0)
    assert calls.gear.circuit(*KEY).failures == 1


def test_the_deadline_bounds_attempts_and_waits(calls: Calls) -> None:
    """Attempts of two seconds, a deadline of seven: no wait is begun that would overrun it."""
    began_s = calls.clock.now_s

    def slow() -> None:
        calls.clock.advance(2)
        raise ConnectionResetError

    guard = calls.guard(deadline_s=7, retries=50, failure_threshold=99, retry_delay_s=1)
    assert isinstance(calls.error(guard, slow), ConnectionResetError)
    assert calls.clock.now_s - began_s <= 9  # a plain function is measured, never cut
    exchange = calls.answers(HttpError(503, "8"))
    assert isinstance(calls.error(guard, exchange), HttpError)
    assert len(exchange.at_s) == 1


def test_the_deadline_cuts_what_can_be_cut(async_calls: Calls) -> None:
    """DeadlineExceeded at the instant, neutral for the circuit, over several attempts too."""
    calls = async_calls
    guard = calls.guard(deadline_s=5, timeout_s=3, retries=9, retry_delay_s=0)

    async def scene() -> None:
        call = asyncio.ensure_future(guard.call(hang))
        for step_s in (3, 2):
            await turns()
            calls.clock.advance(step_s)
        with pytest.raises(sg.DeadlineExceeded, match="deadline of 5 s"):
            await call

    calls.run(scene())
    assert calls.gear.circuit(*KEY).failures == 1
    assert calls.metrics().failed_calls == 1


def test_the_deadline_of_a_trade_leaves_its_outcome_unknown(async_calls: Calls) -> None:
    """Once sent, it ends in OrderOutcomeUnknown; nothing is served in its place."""
    calls = async_calls
    stand_in = calls.answers("booked elsewhere")
    guard = calls.guard(
        "create_order", fallback=sg.source(stand_in, same_account=True), deadline_s=2
    )

    async def scene() -> None:
        call = asyncio.ensure_future(guard.call(hang))
        await turns()
        calls.clock.advance(2)
        with pytest.raises(sg.OrderOutcomeUnknown) as caught:
            await call
        assert caught.value.verdict is not None
        assert caught.value.verdict.ambiguous

    calls.run(scene())
    assert stand_in.at_s == []
    assert calls.metrics("create_order").errors_by_kind == {Kind.OUTCOME_UNKNOWN.value: 1}


def test_a_rejected_call_has_its_whole_deadline_for_its_fallbacks(async_calls: Calls) -> None:
    """The time begins with the call, also when it was never admitted: a fallback of two seconds serves."""
    calls = async_calls

    async def backup() -> str:
        await calls.clock.sleep_async(2)
        return "backup"

    guard = calls.guard(fallback=backup, deadline_s=5)
    calls.gear.hold(*KEY, by="ops", why="incident")
    assert calls.call(guard, int) == "backup"
    assert isinstance(calls.error(calls.guard(fallback=backup, deadline_s=1), int), sg.Rejected)


def test_a_rejection_is_cheap_clean_and_fresh(calls: Calls) -> None:
    """Each its own object, no context, no cause, with the reason in words and the time to wait."""
    guard = calls.guard(failure_threshold=1, retries=0)
    calls.error(guard, calls.answers(Boom("HTTP 503")))
    first, second = calls.error(guard, int), calls.error(guard, int)
    assert isinstance(first, sg.CircuitOpenError)
    assert first is not second
    assert (first.__cause__, first.__context__) == (None, None)
    assert (first.retry_after_s, first.exchange, first.method) == (30, *KEY)
    assert "Boom: HTTP 503" in first.reason
    assert calls.metrics().rejected_calls == 2
    assert calls.metrics().total_calls == 1


@pytest.mark.parametrize("way", ["straight", "flow"])
@pytest.mark.parametrize(
    "script",
    [
        ("value",),
        (Boom("a"),),
        (ConnectionResetError("a"), "value"),
        (HttpError(404),),
        (LookupError("neutral"),),
        (HttpError(503), HttpError(503), HttpError(503)),
    ],
    ids=str,
)
def test_the_straight_path_comes_to_what_the_flow_comes_to(
    calls: Calls, script: tuple[object, ...], way: str
) -> None:
    """log_level DEBUG sends every call through the flow: counts and circuit are the same without it."""
    level = "DEBUG" if way == "flow" else "INFO"
    plain, other = calls.guard("get_a", log_level="INFO"), calls.guard("get_b", log_level=level)
    for method, guard in (("get_a", plain), ("get_b", other)):
        calls.gear.configure("binance", method, ignore=LookupError, retry_delay_s=0)
        for _ in range(3):
            calls.do("try_call", guard, calls.answers(*script))
    views = [calls.gear.circuit("binance", method) for method in ("get_a", "get_b")]
    assert views[0].state == views[1].state
    assert views[0].failures == views[1].failures
    counts = [calls.metrics(method) for method in ("get_a", "get_b")]
    for name in ("total_calls", "success_calls", "failed_calls", "ignored_calls"):
        assert getattr(counts[0], name) == getattr(counts[1], name)
    assert counts[0].errors_by_kind == counts[1].errors_by_kind
    assert counts[0].rejected_calls == counts[1].rejected_calls
