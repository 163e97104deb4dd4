"""Owns that a place in flight comes back however a call ends, and that no synchronous call blocks an event loop."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any

import pytest

import switchgear as sg
from tests.core.callkit import Boom, Calls, HttpError, turns
from tests.core.engine_kit import REFUSED, RESET, Remote, begin, bulkhead, ends, move, owed, still
from tests.core.fallback_kit import PATIENCE_S, Desk, Waits
from tests.core.policy.crowd import hammer, in_thread

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["still"]

ENDINGS = [
    RESET,
    REFUSED,
    Boom("?"),
    HttpError(404),
    HttpError(429, "1"),
    LookupError("ignored"),
    sg.CircuitOpenError("a", "b", sg.Scope.METHOD, "nested", 1.0),
    sg.DeadlineExceeded("a", "b", 1.0),
    asyncio.CancelledError(),
    KeyboardInterrupt(),
    SystemExit(),
    GeneratorExit(),
]


def narrow(calls: Calls, **settings: Any) -> sg.Guarded:
    """A read with one place in its own scope and one in every wider one."""
    for method in ("@exchange", "@address", "@account"):
        calls.gear.configure("binance", method, max_in_flight=1)
    usual: dict[str, Any] = {
        "retries": 0,
        "timeout_s": None,
        "wait_s_max": 0,
        "ignore": LookupError,
    }
    usual |= {"max_in_flight": 1, "failure_threshold": None}
    return calls.guard(**(usual | settings))


def assert_free(calls: Calls, guard: sg.Guarded) -> None:
    """Every place is free, and the next call has them at once."""
    assert owed(calls) == {}
    calls.clock.advance(10)  # over a gate that the ending closed
    assert (
        calls.call(guard, lambda: sum(owed(calls).values())) == 6
    )  # four places, a weight, a call
    assert owed(calls) == {}


# ------------------------------------------------------------------------------------- however a call ends


@pytest.mark.parametrize("error", ENDINGS, ids=lambda error: type(error).__name__)
def test_every_ending_gives_the_places_back(sync_calls: Calls, error: BaseException) -> None:
    """Failures, refusals, what is neutral, Ctrl-C and exit, raised by the function."""
    guard = narrow(sync_calls)
    assert sync_calls.error(guard, sync_calls.answers(error)) is error
    assert_free(sync_calls, guard)


@pytest.mark.parametrize("error", ENDINGS[:8], ids=lambda error: type(error).__name__)
def test_every_ending_of_a_task_gives_the_places_back(
    async_calls: Calls, error: BaseException
) -> None:
    """The same for coroutine functions."""
    guard = narrow(async_calls)
    assert async_calls.error(guard, async_calls.answers(error)) is error
    assert_free(async_calls, guard)


@pytest.mark.parametrize("error", [None, *ENDINGS], ids=lambda error: type(error).__name__)
def test_every_ending_of_a_block_gives_the_places_back(
    sync_calls: Calls, error: BaseException | None
) -> None:
    """Whatever way it is left; entering it twice over is refused."""
    guard = narrow(sync_calls)
    if error is None:
        with guard.attempt(), pytest.raises(sg.BulkheadFullError), guard.attempt():
            pytest.fail("there was no place")
    else:
        with pytest.raises(type(error)), guard.attempt():
            raise error
    assert_free(sync_calls, guard)


def no_predicate(value: object) -> bool:
    """One with a mistake in it."""
    raise TypeError(value)


def test_a_result_that_is_a_failure_gives_them_back(calls: Calls) -> None:
    """Judged so by failed_result, or by a failed_result with a mistake in it."""
    for predicate in (bool, no_predicate):
        guard = narrow(calls, failed_result=predicate)
        calls.error(guard, calls.answers(1))
        assert owed(calls) == {}
    assert_free(calls, narrow(calls, failed_result=None))


def test_a_timeout_and_a_deadline_give_them_back(still: Calls) -> None:
    """Cut by either."""
    remote = Remote()
    cuts: tuple[dict[str, Any], ...] = ({"timeout_s": 1}, {"deadline_s": 1})
    for settings in cuts:
        guard = narrow(still, **settings)

        async def scene(guard: sg.Guarded = guard) -> object:
            (call,) = await begin(guard.call(remote.read))
            await move(still, 1)
            return (await ends(call))[0]

        assert isinstance(still.run(scene()), TimeoutError)
        assert owed(still) == {}
    assert_free(still, narrow(still, deadline_s=None))


def test_a_cancelled_attempt_gives_them_back(still: Calls) -> None:
    """From outside, while it runs; those in line are served after it."""
    guard, remote = narrow(still, wait_s_max=5), Remote()

    async def scene() -> object:
        first, second = await begin(guard.call(remote.read), guard.call(remote.read))
        first.cancel()
        await turns(10)
        assert len(remote.out) == 2
        remote.gives(1)
        return (await ends(first, second))[1]

    assert still.run(scene()) == "value"
    assert_free(still, guard)


def test_a_place_that_comes_at_the_instant_of_a_cancellation_goes_on(still: Calls) -> None:
    """The first ends and the second is cancelled in the same turn, in either order: the third is served."""
    for cancelled_first in (True, False):
        guard, remote = narrow(still, wait_s_max=5), Remote()

        async def scene(
            guard: sg.Guarded = guard, remote: Remote = remote, early: bool = cancelled_first
        ) -> object:
            first, second, third = await begin(*(guard.call(remote.read) for _ in range(3)))
            steps: list[Callable[[], object]] = [partial(remote.gives, 0), second.cancel]
            if not early:
                await turns(1)
            for step in reversed(steps) if early else steps:
                step()
            await turns(20)
            for future in remote.out[1:]:
                if not future.done():
                    future.set_result("value")
                    await turns(20)
            return (await ends(first, second, third))[2]

        assert still.run(scene()) == "value"
        assert owed(still) == {}


def test_a_task_that_is_left_to_the_collector_gives_its_place_back(still: Calls) -> None:
    """A call that is begun by hand and dropped: its coroutine is closed, and with it what it held."""
    guard, remote = narrow(still), Remote()

    async def scene() -> None:
        call = guard.call(remote.read)
        call.send(None)
        assert bulkhead(still).in_flight == 1
        call.close()

    still.run(scene())
    assert owed(still) == {}


def test_a_rejected_ticket_gives_them_back(calls: Calls) -> None:
    """Room was there, but the ramp lets one in ten through: what was taken for the others is back."""
    guard = narrow(calls, reset_timeout_s=5, ramp_s=100, failure_threshold=1)
    calls.error(guard, calls.answers(Boom()))
    calls.clock.advance(5)
    calls.call(guard, int)
    made = [calls.do("try_call", guard, int) for _ in range(20)]
    assert sum(isinstance(one, sg.Ok) for one in made) == 2
    assert owed(calls) == {}


def test_a_throttled_ticket_gives_them_back(calls: Calls) -> None:
    """The same where a share is held back by lot: the look before was favourable, the lot was not."""
    guard = narrow(calls, throttle_ratio=1, window_s=60)
    for _ in range(20):
        calls.do("try_call", guard, calls.answers(Boom()))
    rejected = calls.metrics().rejected_calls
    assert rejected > 0
    assert owed(calls) == {}


def test_ctrl_c_while_a_thread_waits_in_line_leaves_the_line(sync_calls: Calls) -> None:
    """Raised inside the wait: no place in line is left that would take a slot from others."""
    calls = sync_calls
    guard = narrow(calls, wait_s_max=5)

    def body() -> None:
        calls.clock.timer(1, interrupt)
        with pytest.raises(KeyboardInterrupt):
            guard.call_sync(int)
        assert all("line" not in name for name in owed(calls))

    calls.call(guard, body)
    assert_free(calls, guard)


def interrupt() -> None:
    """What a person at the keyboard does."""
    raise KeyboardInterrupt


def test_a_retry_loop_gives_back_and_takes_again(calls: Calls) -> None:
    """Four attempts: one place each, and none kept between them."""
    seen = list[int]()

    def read() -> None:
        seen.append(bulkhead(calls).in_flight)
        raise RESET

    guard = narrow(calls, retries=3)
    calls.error(guard, read)
    assert seen == [1] * 4
    assert_free(calls, guard)


def test_eight_threads_never_overfill_and_nobody_is_forgotten(sync_calls: Calls) -> None:
    """Three places, some calls fail, some are interrupted: never more than three at once, and all end."""
    calls, lock, inside, most = sync_calls, Lock(), list[int](), list[int]()
    calls.clock.autojump = False
    guard = calls.guard(max_in_flight=3, failure_threshold=None, retries=0, wait_s_max=1000)

    def work(number: int) -> int:
        with lock:
            inside.append(number)
            most.append(len(inside))
        with lock:
            inside.remove(number)
        if number % 5 == 0:
            raise (Boom("?"), KeyboardInterrupt())[number % 2]
        return number

    def hammering(thread: int) -> int:
        ended = 0
        for turn in range(25):
            with suppress(Boom, KeyboardInterrupt):
                guard.call_sync(work, thread * 25 + turn)
            ended += 1
        return ended

    assert hammer(hammering) == [25] * 8
    assert max(most) <= 3
    assert owed(calls) == {}


# --------------------------------------------------------------------------- in the thread of an event loop


def test_a_synchronous_call_in_a_loop_does_not_wait_for_a_place(still: Calls) -> None:
    """WouldBlockLoop that says how long it might have taken; it stands in no line and is no call."""
    guard, remote = narrow(still, wait_s_max=5), Remote()

    async def scene() -> None:
        (call,) = await begin(guard.call(remote.read))
        with pytest.raises(sg.WouldBlockLoop) as caught:
            guard.call_sync(int)
        assert (caught.value.delay_s, caught.value.__cause__) == (5, None)
        assert all("line" not in name for name in owed(still))
        remote.gives(0)
        await call
        assert guard.call_sync(int) == 0

    still.run(scene())
    assert still.metrics().total_calls == 2
    assert_free(still, guard)


def test_a_synchronous_call_in_a_loop_is_refused_where_it_may_not_wait(still: Calls) -> None:
    """wait_s_max of 0: there is nothing to block for, so it is BulkheadFullError as ever."""
    guard, remote = narrow(still), Remote()

    async def scene() -> None:
        (call,) = await begin(guard.call(remote.read))
        with pytest.raises(sg.BulkheadFullError):
            guard.call_sync(int)
        remote.gives(0)
        await call

    still.run(scene())
    assert_free(still, guard)


def test_a_retry_in_a_loop_would_block_it_and_keeps_no_place(still: Calls) -> None:
    """The call failed once: WouldBlockLoop, whose cause is that error; the place is back."""
    guard = narrow(still, retries=3)

    async def scene() -> None:
        with pytest.raises(sg.WouldBlockLoop) as caught:
            guard.call_sync(still.answers(RESET))
        assert caught.value.__cause__ is RESET

    still.run(scene())
    assert still.metrics().failed_calls == 1
    assert_free(still, guard)


def test_a_thread_beside_a_loop_may_wait(still: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    """A task has the place, a thread waits for it in the same line, and is served when the task ends."""
    waits, desk, guard = Waits(still.clock, monkeypatch), Desk(), narrow(still, wait_s_max=5)
    remote = Remote()

    async def scene() -> object:
        (call,) = await begin(guard.call(remote.read))
        thread = in_thread(partial(guard.call_sync, desk.price))
        waits.until(1)
        assert bulkhead(still, sg.Scope.EXCHANGE).waiting == 1
        remote.gives(0)
        await call
        desk.wait()
        desk.answer("price")
        return thread.result(PATIENCE_S)

    assert still.run(scene()) == "price"
    assert_free(still, guard)
