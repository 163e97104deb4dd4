"""Owns the block form of a call: one ticket round a block, whatever way it is left."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import switchgear as sg
from tests.core.callkit import Boom, Calls, HttpError, turns

KEY = ("binance", "get_price")


class Block:
    """The block form in either colour."""

    def __init__(self, calls: Calls) -> None:
        self.calls = calls

    def run(self, guard: sg.Guarded, body: Any) -> Any:
        """Body inside a block."""

        async def later() -> Any:
            async with guard.attempt():
                return body()

        if self.calls.is_async:
            return self.calls.run(later())
        with guard.attempt():
            return body()


def test_a_block_is_one_ticket(calls: Calls) -> None:
    """A value is a success, an error a failure and not tried again, a refusal breaks the row."""
    block, guard = Block(calls), calls.guard()
    assert block.run(guard, lambda: 5) == 5
    for number in (1, 2):
        exchange = calls.answers(ConnectionResetError("own"))
        with pytest.raises(ConnectionResetError, match="own") as caught:
            block.run(guard, exchange)
        assert len(exchange.at_s) == 1
        assert calls.gear.circuit(*KEY).failures == number
        assert caught.value.__context__ is None
    with pytest.raises(HttpError):
        block.run(guard, calls.answers(HttpError(404)))
    metrics = calls.metrics()
    assert calls.gear.circuit(*KEY).failures == 0
    assert (metrics.total_calls, metrics.success_calls, metrics.failed_calls) == (4, 1, 3)


def test_a_block_is_refused_before_it_runs(calls: Calls) -> None:
    """Open circuit: the body is not entered, and no fallback runs in its place."""
    guard, ran = calls.guard(fallback=sg.static(1)), calls.answers("value")
    calls.gear.hold(*KEY, by="ops", why="incident")
    with pytest.raises(sg.CircuitOpenError):
        Block(calls).run(guard, ran)
    assert ran.at_s == []
    assert calls.metrics().in_flight == 0


@pytest.mark.parametrize("stop", [StopIteration("own"), GeneratorExit(), KeyboardInterrupt()])
def test_a_block_is_left_by_what_is_no_failure(sync_calls: Calls, stop: BaseException) -> None:
    """The very object passes, and the ticket is settled."""
    with pytest.raises(type(stop)) as caught, sync_calls.guard().attempt():
        raise stop
    assert caught.value is stop
    assert sync_calls.metrics().in_flight == 0


def never(value: object) -> bool:
    """A predicate that must not be asked."""
    raise AssertionError(value)


def test_a_block_has_no_result_to_judge(calls: Calls) -> None:
    """failed_result is about values of functions: it is not asked about a block."""
    guard = calls.guard(failed_result=never)
    assert Block(calls).run(guard, lambda: 5) == 5
    assert calls.metrics().success_calls == 1


def test_an_ignored_error_of_a_block_is_neutral(calls: Calls) -> None:
    """As of a call: raised, counted as ignored."""
    with pytest.raises(LookupError):
        Block(calls).run(calls.guard(ignore=LookupError), calls.answers(LookupError()))
    assert calls.metrics().ignored_calls == 1


def test_a_block_is_cut_by_its_timeout_and_by_a_cancellation(async_calls: Calls) -> None:
    """AttemptTimeout counts once; a cancellation from outside is neutral and stays one."""
    calls = async_calls
    guard = calls.guard(timeout_s=2)

    async def block() -> None:
        async with guard.attempt():
            await asyncio.Event().wait()

    async def scene() -> tuple[BaseException | None, bool]:
        cut, cancelled = asyncio.ensure_future(block()), asyncio.ensure_future(block())
        await turns()
        cancelled.cancel()
        await turns()
        calls.clock.advance(2)
        await asyncio.wait([cut, cancelled])
        return cut.exception(), cancelled.cancelled()

    error, was_cancelled = calls.run(scene())
    assert isinstance(error, sg.AttemptTimeout)
    assert was_cancelled
    assert calls.gear.circuit(*KEY).failures == 1
    assert calls.metrics().cancelled_calls == 1


def test_an_attempt_serves_one_block(sync_calls: Calls) -> None:
    """Entered twice it says what to do instead."""
    attempt = sync_calls.guard().attempt()
    with attempt:
        assert sync_calls.metrics().in_flight == 1
    with pytest.raises(RuntimeError, match="make another with attempt"), attempt:
        pass


def test_an_attempt_that_is_never_left_gives_its_place_back(sync_calls: Calls) -> None:
    """A block entered by hand and forgotten: its probe is free again when it is collected."""
    guard = sync_calls.guard(failure_threshold=1, reset_timeout_s=5)
    sync_calls.error(guard, sync_calls.answers(Boom()))
    sync_calls.clock.advance(5)
    forgotten = guard.attempt()
    forgotten.__enter__()
    assert isinstance(sync_calls.error(guard, int), sg.CircuitOpenError)
    del forgotten
    assert sync_calls.call(guard, int) == 0
