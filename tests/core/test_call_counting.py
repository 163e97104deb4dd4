"""Owns the identity of the counts: total = success + failed + ignored + cancelled + in flight, exactly."""

from __future__ import annotations

import asyncio
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

import switchgear as sg
from tests.core.callkit import Boom, Calls, HttpError, turns

if TYPE_CHECKING:
    from collections.abc import Iterator

THREADS, EACH = 8, 50
TASKS = 200
ENDINGS = ("value", Boom("b"), HttpError(404), LookupError("i"), ConnectionResetError("r"))


@pytest.fixture
def frequent_switches() -> Iterator[None]:
    """Threads take turns every microsecond, so that a gap between two steps is found."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def ended(metrics: sg.CallMetrics) -> int:
    """Calls that are over."""
    return (
        metrics.success_calls
        + metrics.failed_calls
        + metrics.ignored_calls
        + metrics.cancelled_calls
    )


@pytest.mark.usefixtures("frequent_switches")
def test_eight_threads_are_counted_exactly(sync_calls: Calls) -> None:
    """Each thread knows what it got; the sums agree to the last call, and hold while calls run."""
    sync_calls.gear.configure("*", retry_tokens=None)
    guard = sync_calls.guard(
        ignore=LookupError, retries=1, retry_delay_s=0, failure_threshold=10**6
    )
    over = threading.Event()

    def hammer(number: int) -> dict[str, int]:
        got = {"ok": 0, "ignored": 0, "failed": 0}
        for turn in range(EACH):
            made = guard.try_call_sync(sync_calls.answers(ENDINGS[(number + turn) % len(ENDINGS)]))
            if isinstance(made, sg.Ok):
                got["ok"] += 1
            else:
                got["ignored" if isinstance(made.error, LookupError) else "failed"] += 1
        return got

    def watch() -> bool:
        while not over.is_set():
            metrics = sync_calls.metrics()
            if metrics.total_calls != ended(metrics) + metrics.in_flight:
                return False
        return True

    with ThreadPoolExecutor(THREADS + 1) as pool:
        watching = pool.submit(watch)
        results = list(pool.map(hammer, range(THREADS)))
        over.set()
        assert watching.result()
    metrics = sync_calls.metrics()
    assert metrics.total_calls == THREADS * EACH
    assert metrics.in_flight == 0
    assert metrics.success_calls == sum(got["ok"] for got in results)
    assert metrics.ignored_calls == sum(got["ignored"] for got in results)
    assert metrics.failed_calls == sum(got["failed"] for got in results)
    assert metrics.retried_attempts == THREADS * EACH // len(ENDINGS)
    assert sum(metrics.errors_by_kind.values()) == metrics.failed_calls


def test_two_hundred_tasks_some_cancelled_are_counted_exactly(async_calls: Calls) -> None:
    """A fifth is cancelled under way, a fifth times out, the rest end; while they run they are in flight."""
    calls = async_calls
    guard = calls.guard(ignore=LookupError, retries=0, failure_threshold=10**6, timeout_s=5)

    async def work(number: int, go: asyncio.Event) -> None:
        if number % 5 in {3, 4}:
            await asyncio.Event().wait()
        await go.wait()
        if number % 5:
            raise (Boom("b"), LookupError("i"))[number % 5 - 1]

    async def scene() -> None:
        go = asyncio.Event()
        tasks = [asyncio.ensure_future(guard.call(work, number, go)) for number in range(TASKS)]
        await turns()
        assert (calls.metrics().total_calls, calls.metrics().in_flight) == (TASKS, TASKS)
        for task in tasks[3::5]:
            task.cancel()
        go.set()
        await turns()
        assert calls.metrics().in_flight == TASKS // 5
        calls.clock.advance(5)
        await asyncio.gather(*tasks, return_exceptions=True)

    calls.run(scene())
    metrics, share = calls.metrics(), TASKS // 5
    assert (metrics.total_calls, metrics.in_flight) == (TASKS, 0)
    assert metrics.cancelled_calls == share
    assert (metrics.success_calls, metrics.ignored_calls) == (share, share)
    assert metrics.failed_calls == 2 * share
    assert metrics.errors_by_kind == {"unexpected": share, "timeout": share}


def test_rejections_retries_and_fallbacks_stand_outside(calls: Calls) -> None:
    """A rejected call is no call; a fallback leaves its call failed; a retry adds no call."""
    guard = calls.guard(fallback=sg.static(1), retries=1, retry_delay_s=0, failure_threshold=2)
    calls.call(guard, calls.answers(ConnectionResetError("r")))
    calls.call(guard, int)
    metrics = calls.metrics()
    assert (metrics.total_calls, metrics.failed_calls, metrics.rejected_calls) == (1, 1, 1)
    assert (metrics.retried_attempts, metrics.fallback_calls) == (1, 2)
    assert metrics.success_rate == 0


def test_durations_are_of_whole_calls(calls: Calls) -> None:
    """Average, least and most over successes; the total over all that ended."""
    guard = calls.guard(retries=0)

    def lasting(delay_s: float, error: Exception | None = None) -> object:
        calls.clock.advance(delay_s)
        if error is not None:
            raise error
        return None

    for delay_s in (1, 2, 6):
        calls.call(guard, lasting, delay_s)
    calls.error(guard, lasting, 11, Boom())
    metrics = calls.metrics()
    assert metrics.average_duration_ms == pytest.approx(3000)
    assert (metrics.min_duration_ms, metrics.max_duration_ms) == (1000, 6000)
    assert metrics.total_duration_ms == pytest.approx(20_000)


def pass_time(calls: Calls, delay_s: float) -> None:
    """A call that lasts so long."""
    calls.clock.now_s += delay_s


@pytest.mark.parametrize("least_s", [0.0001, 0.01, 0.5, 0.93, 20.0])
def test_percentiles_are_within_five_percent(sync_calls: Calls, least_s: float) -> None:
    """Against the sorted durations, wherever they lie: around one second, and far from it."""
    guard, chance = sync_calls.guard(), sync_calls.clock.chance
    lasted_s = [least_s * (1 + 0.16 * chance() + (chance() > 0.9) * chance()) for _ in range(500)]
    for delay_s in lasted_s:
        sync_calls.call(guard, pass_time, sync_calls, delay_s)
    metrics, ranked_ms = sync_calls.metrics(), [1000 * delay_s for delay_s in sorted(lasted_s)]
    assert metrics.p50_ms == pytest.approx(ranked_ms[249], rel=0.05)
    assert metrics.p95_ms == pytest.approx(ranked_ms[474], rel=0.05)
    assert metrics.p99_ms == pytest.approx(ranked_ms[494], rel=0.05)
