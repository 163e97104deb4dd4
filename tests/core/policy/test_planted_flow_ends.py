"""Owns what a call's own errors say, and what each ending of an attempt leaves at circuits, gates and limits."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

import switchgear as sg
from switchgear.core.event import CallRejected
from switchgear.core.words import Kind, Verdict
from tests.core.callkit import Boom, Calls, HttpError, turns
from tests.core.engine_kit import (
    COST,
    REFUSED,
    RESET,
    TOKENS,
    Hedging,
    begin,
    bulkhead,
    move,
    owed,
    standing,
    tokens,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

LEVELS = pytest.mark.parametrize("level", ["INFO", "DEBUG"])
"""Straight until it fails, or through the flow from its beginning."""
RETRIES = pytest.mark.parametrize("retries", [0, 1])
"""Over with its first failure, or not."""
PERIOD_S = 3.125
"""Its edge is a sixteenth of a second, so that all sums here are exact."""
FULL_S = PERIOD_S + 0.0625


@pytest.fixture
def still() -> Iterator[Calls]:
    """Coroutine functions on a clock that stands until it is moved."""
    calls = standing()
    yield calls
    calls.close()


@pytest.fixture
def plain() -> Iterator[Calls]:
    """Plain functions."""
    calls = Calls("sync")
    yield calls
    calls.close()


async def hang() -> None:
    """Wait for ever."""
    await asyncio.Event().wait()


def cut(calls: Calls, guard: sg.Guarded, after_s: float) -> BaseException:
    """What a call that hangs comes to, when the clock is moved so far at once."""

    async def scene() -> BaseException | None:
        call = asyncio.ensure_future(guard.call(hang))
        await turns()
        calls.clock.advance(after_s)
        await asyncio.wait([call])
        return call.exception()

    error = calls.run(scene())
    assert error is not None
    return error


# ---------------------------------------------------------------------------------- errors of our own


@pytest.mark.parametrize(("method", "ambiguous"), [("get_price", False), ("create_order", True)])
def test_a_result_that_is_judged_a_failure_says_so(
    calls: Calls, method: str, ambiguous: bool
) -> None:
    """Whose call it was, and what it means: of an order there was an answer, so it may stand."""
    guard = calls.guard(method, failed_result=(0).__eq__, retries=0)
    error = calls.error(guard, int)
    assert isinstance(error, sg.ApiError)
    assert str(error) == f"binance.{method}: the result was judged a failure by failed_result"
    verdict = Verdict(Kind.UNEXPECTED, retryable=True, counts=True, ambiguous=ambiguous)
    assert (error.exchange, error.method, error.verdict) == ("binance", method, verdict)


@pytest.mark.parametrize(("method", "ambiguous"), [("get_price", False), ("create_order", True)])
def test_an_attempt_that_is_cut_says_so(still: Calls, method: str, ambiguous: bool) -> None:
    """After how long, and what it means: an order may have been booked."""
    error = cut(still, still.guard(method, timeout_s=3, retries=0), 3)
    assert isinstance(error, sg.AttemptTimeout)
    assert str(error) == f"binance.{method}: no answer within 3 s"
    assert error.verdict == Verdict(Kind.TIMEOUT, retryable=True, counts=True, ambiguous=ambiguous)


def test_a_cut_whose_setting_is_gone_says_that_there_was_no_answer(still: Calls) -> None:
    """How long the attempt had is not known any more."""
    guard = still.guard(timeout_s=3, retries=0)

    async def scene() -> BaseException | None:
        (call,) = await begin(guard.call(hang))
        still.guard(timeout_s=None)
        await move(still, 3)
        return call.exception()

    error = still.run(scene())
    assert str(error) == "binance.get_price: no answer in time"


@pytest.mark.parametrize("goes", [False, True])
def test_a_call_whose_deadline_passed_says_how_long_it_had(still: Calls, goes: bool) -> None:
    """Though the loop came late; where the setting is gone by then, how long it took."""
    guard = still.guard(deadline_s=3, timeout_s=3, retries=0)

    async def scene() -> BaseException | None:
        (call,) = await begin(guard.call(hang))
        if goes:
            still.guard(deadline_s=None)
        await move(still, 5)
        return call.exception()

    error = still.run(scene())
    assert isinstance(error, sg.DeadlineExceeded)
    assert (error.exchange, error.method) == ("binance", "get_price")
    assert error.deadline_s == (5 if goes else 3)


def test_an_order_whose_deadline_passed_says_what_is_unknown(still: Calls) -> None:
    """In words, with the verdict that somebody has to look it up."""
    error = cut(still, still.guard("create_order", deadline_s=3), 3)
    assert isinstance(error, sg.OrderOutcomeUnknown)
    text = "the deadline passed while the order was under way"
    assert str(error) == f"binance.create_order: {text}"
    assert error.verdict == Verdict(Kind.OUTCOME_UNKNOWN, ambiguous=True)


def test_a_rejection_after_its_fallbacks_says_whose_it_is(calls: Calls) -> None:
    """Exchange, method and the time to wait, in the error as in what is told."""
    guard = calls.guard(failure_threshold=1, retries=0, reset_timeout_s=30)
    calls.error(guard, calls.answers(Boom()))
    broken = calls.function(calls.answers(Boom("empty")))
    error = calls.error(calls.guard(fallback=broken), int)
    assert isinstance(error, sg.CircuitOpenError)
    assert (error.exchange, error.method, error.retry_after_s) == ("binance", "get_price", 30)
    (rejected,) = calls.told(CallRejected)
    assert rejected.retry_after_s == 30


def test_the_newest_error_is_the_one_that_is_told(calls: Calls) -> None:
    """A 503 and then a reset: the call failed for want of a network."""
    guard = calls.guard(retries=1, retry_delay_s=0)
    calls.error(guard, calls.answers(HttpError(503), RESET))
    (failed,) = calls.told(sg.CallFailed)
    assert failed.kind is Kind.NETWORK


# ------------------------------------------------------------------------------- what an ending leaves


@LEVELS
@RETRIES
def test_a_circuit_that_opens_says_why(calls: Calls, level: str, retries: int) -> None:
    """In the words of the error that opened it."""
    guard = calls.guard(failure_threshold=1, retries=retries, log_level=level)
    calls.error(guard, calls.answers(RESET))
    assert "ConnectionResetError: reset" in calls.gear.circuit("binance", "get_price").reason


@LEVELS
def test_a_gate_that_closes_says_why_and_until_when(calls: Calls, level: str) -> None:
    """By an instant too, on the gear's own clock."""
    guard = calls.guard(retries=0, log_level=level)
    calls.error(guard, calls.answers(HttpError(429, "Thu, 01 Jan 2026 00:00:09 GMT")))
    (gate,) = [gate for gate in calls.gear.gates() if gate.closed]
    assert "HTTP 429" in gate.reason
    error = calls.error(guard, int)
    assert isinstance(error, sg.GateClosedError)
    assert 9 <= (error.retry_after_s or 0) <= 10


@LEVELS
@pytest.mark.parametrize(("error", "failures"), [(HttpError(500), 0), (RESET, 1)])
def test_an_answer_of_any_kind_heals_the_exchanges_circuit(
    calls: Calls, level: str, error: Exception, failures: int
) -> None:
    """It failed, and so the exchange is there; a reset proves nothing of it."""
    calls.error(calls.guard("get_time", retries=0), calls.answers(REFUSED))
    calls.error(calls.guard(retries=0, log_level=level), calls.answers(error))
    assert calls.gear.circuit("binance", "@exchange").failures == failures


@LEVELS
@pytest.mark.parametrize("fails", [False, True])
def test_attempts_that_took_too_long_are_counted_as_slow(
    calls: Calls, level: str, fails: bool
) -> None:
    """Each by its own time, whether it failed or not."""
    guard = calls.guard(
        slow_call_rate=1, slow_call_s=0.4, failure_rate=1, minimum_calls=99, retries=0,
        failure_threshold=99, log_level=level,
    )  # fmt: skip
    for took_s in (0.5, 0.25, 0.5):

        def attempt(took_s: float = took_s) -> int:
            calls.clock.now_s += took_s
            if fails:
                raise Boom
            return 0

        calls.do("try_call", guard, attempt)
    window = calls.gear.circuit("binance", "get_price").window
    assert window is not None
    assert (window.calls, window.failures, window.slow) == (3, 3 * fails, 2)


@LEVELS
@RETRIES
@pytest.mark.parametrize(
    ("error", "lost"), [(REFUSED, 0), (RESET, 1), (HttpError(500), 0)], ids=str
)
def test_what_was_lost_comes_on_top_of_what_the_exchange_told(
    calls: Calls, level: str, retries: int, error: Exception, lost: float
) -> None:
    """Of 100 each request without an answer makes one more; what was never sent, and what was answered, does not."""
    guard = calls.guard(retries=retries, log_level=level)
    calls.clock.advance(1)
    told = {"x-mbx-used-weight-1m": "100"}
    calls.gear.heard("binance", told, sent_s=calls.clock.now_s)
    calls.error(guard, calls.answers(error))
    (used,) = [view.used for view in calls.gear.limits() if view.limit == "request_weight"]
    assert used == 100 + lost * (1 + retries)


@pytest.mark.parametrize("late", [False, True])
def test_a_read_whose_hedge_was_not_needed_gives_all_back(late: bool) -> None:
    """In time, or late while no second may begin: nothing is owed when it has its value."""
    calls = standing()
    hedging = Hedging(calls)
    hedging.learn()
    if late:
        calls.gear.configure("binance", retry_tokens=0)

    async def scene() -> None:
        call = await hedging.late(2.0 if late else 0.5)
        hedging.both_out(1)
        hedging.remote.gives(0)
        assert await call == "value"

    calls.run(scene())
    assert owed(calls) == {}
    calls.close()


# ---------------------------------------------------------------------------------------------- waits


def full(calls: Calls, **settings: Any) -> sg.Guarded:
    """A read of an exchange whose one place in a window is taken; there is room in FULL_S."""
    calls.gear.limit("kraken", "mine", 1, period_s=PERIOD_S)
    guard = calls.gear.guarded("kraken", "get_price", retries=0, **settings)
    assert calls.call(guard, int) == 0
    return guard


def test_a_wait_that_is_as_long_as_allowed_is_made(calls: Calls) -> None:
    """To the very instant at which there is room."""
    assert calls.call(full(calls, wait_s_max=FULL_S), int) == 0
    assert calls.clock.slept_s == [FULL_S]


def test_a_wait_that_is_longer_than_allowed_is_not_begun(calls: Calls) -> None:
    """The call ends at once."""
    guard = full(calls, wait_s_max=FULL_S - 1.01)
    calls.clock.advance(1)
    assert isinstance(calls.error(guard, int), sg.GateClosedError)
    assert calls.clock.slept_s == []
    assert [event.at_s for event in calls.told(CallRejected)] == [calls.clock.now_s]


def test_room_that_comes_with_the_deadline_is_too_late(calls: Calls) -> None:
    """Nothing is begun that has no time."""
    guard, answers = full(calls, wait_s_max=10, deadline_s=FULL_S), calls.answers("never")
    assert isinstance(calls.error(guard, answers), sg.GateClosedError)
    assert answers.at_s == []


def test_a_place_that_comes_with_the_deadline_is_too_late(still: Calls) -> None:
    """It is given back, and the next call has it."""
    guard = still.guard(max_in_flight=1, wait_s_max=10, deadline_s=3, retries=0)
    answers = still.answers("made")
    held = bulkhead(still)
    assert held.enter()

    async def scene() -> BaseException | None:
        still.clock.timer(3, held.leave)
        (call,) = await begin(guard.call(still.function(answers)))
        await move(still, 3)
        return call.exception()

    assert isinstance(still.run(scene()), sg.BulkheadFullError)
    assert answers.at_s == []
    assert owed(still) == {}
    assert still.call(guard, answers) == "made"


def test_where_the_line_is_full_nobody_waits(calls: Calls) -> None:
    """Though there would be time."""
    guard = calls.guard(max_in_flight=1, wait_s_max=10, retries=0)
    held = bulkhead(calls)
    held.lines_max = 0
    assert held.enter()
    assert isinstance(calls.error(guard, int), sg.BulkheadFullError)
    assert calls.clock.slept_s == []


@pytest.mark.anyio
async def test_a_retry_without_a_wait_blocks_no_loop(plain: Calls) -> None:
    """A plain call on a running loop is tried again at once."""
    guard = plain.guard(retries=1, retry_delay_s=0)
    assert guard.call_sync(plain.answers(RESET, "value")) == "value"


@pytest.mark.anyio
@pytest.mark.parametrize("attempts", [1, 2])
async def test_a_wait_that_would_block_a_loop_ends_the_call_with_its_own_error(
    plain: Calls, attempts: int
) -> None:
    """It was made and failed, which is told; its error is the cause, and the retry that is not made costs nothing."""
    answers = plain.answers(RESET)
    plain.clock.chance = lambda: 0.5 if len(answers.at_s) == attempts else 0.0
    guard = plain.guard(retries=2, retry_delay_s=2)
    with pytest.raises(sg.WouldBlockLoop) as caught:
        guard.call_sync(answers)
    assert caught.value.__cause__ is RESET
    (failed,) = plain.told(sg.CallFailed)
    assert (failed.kind, failed.attempts) == (Kind.NETWORK, attempts)
    assert tokens(plain) == TOKENS - COST * (attempts - 1)


@pytest.mark.anyio
async def test_room_that_a_retry_would_wait_for_blocks_no_loop_either(plain: Calls) -> None:
    """The first attempt took what there was."""
    plain.gear.limit("kraken", "mine", 1, period_s=PERIOD_S)
    guard = plain.gear.guarded("kraken", "get_price", retries=1, retry_delay_s=0, wait_s_max=10)
    with pytest.raises(sg.WouldBlockLoop) as caught:
        guard.call_sync(plain.answers(RESET))
    assert caught.value.__cause__ is RESET
    (failed,) = plain.told(sg.CallFailed)
    assert failed.kind is Kind.NETWORK


@pytest.mark.anyio
async def test_a_place_that_a_retry_would_wait_for_blocks_no_loop_either(plain: Calls) -> None:
    """Somebody stands in line behind the first attempt, and has its place."""
    guard = plain.guard(max_in_flight=1, retries=1, retry_delay_s=0, wait_s_max=10)
    held = bulkhead(plain)

    def attempt() -> None:
        assert held.line() is not None
        raise RESET

    with pytest.raises(sg.WouldBlockLoop) as caught:
        guard.call_sync(attempt)
    assert caught.value.__cause__ is RESET


def test_a_wait_that_lasts_beyond_the_deadline_ends_the_call(still: Calls) -> None:
    """The loop came late: no attempt is made, and the call's own error is raised."""
    still.clock.chance = lambda: 0.5
    guard, answers = still.guard(retries=1, retry_delay_s=2, deadline_s=3), still.answers(RESET)

    async def scene() -> BaseException | None:
        (call,) = await begin(guard.call(still.function(answers)))
        still.clock.now_s += 5
        await move(still, 0)
        return call.exception()

    assert still.run(scene()) is RESET
    assert len(answers.at_s) == 1


@LEVELS
@RETRIES
@pytest.mark.parametrize(("error", "sent"), [(REFUSED, 0), (RESET, 1)], ids=str)
def test_what_was_never_sent_costs_no_weight(
    calls: Calls, level: str, retries: int, error: Exception, sent: float
) -> None:
    """Each attempt that may have been sent costs its weight."""
    guard = calls.guard(retries=retries, retry_delay_s=0, log_level=level)
    calls.error(guard, calls.answers(error))
    (used,) = [view.used for view in calls.gear.limits() if view.limit == "request_weight"]
    assert used == sent * (1 + retries)
