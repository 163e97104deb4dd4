"""Owns the tests of the machine's own clock; the fake one is tested where tests of users are."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, timedelta

import pytest

from switchgear.core.clock import SystemClock


def test_the_monotonic_clock_never_steps_back() -> None:
    """A thousand readings are in order."""
    read = SystemClock().monotonic_s
    readings = [read() for _ in range(1000)]
    assert readings == sorted(readings)


def test_the_date_is_aware_and_utc() -> None:
    """A record's date cannot be taken for local time."""
    clock = SystemClock()
    first, second = clock.wall(), clock.wall()
    assert first.tzinfo is UTC
    assert timedelta(0) <= second - first < timedelta(minutes=1)


def test_chance_is_a_share() -> None:
    """Draws lie in [0, 1) and differ."""
    draws = [SystemClock().chance() for _ in range(200)]
    assert all(0 <= draw < 1 for draw in draws)
    assert len(set(draws)) > 100


@pytest.mark.parametrize("delay_s", [0, -1, -1e9])
@pytest.mark.anyio
async def test_no_wait_is_no_wait(delay_s: float) -> None:
    """At 0 and below both sleeps return at once, and the loop is not given away."""
    clock = SystemClock()
    turns: list[int] = []
    asyncio.get_running_loop().call_soon(turns.append, 1)
    clock.sleep(delay_s)
    await clock.sleep_async(delay_s)
    assert turns == []


@pytest.mark.anyio
async def test_waits_last_at_least_as_long_as_asked() -> None:
    """A short sleep of either colour takes its time."""
    clock = SystemClock()
    began_s = clock.monotonic_s()
    clock.sleep(0.002)
    await clock.sleep_async(0.002)
    assert clock.monotonic_s() - began_s >= 0.004


@pytest.mark.anyio
async def test_a_timer_runs_on_the_loop_unless_called_off() -> None:
    """The callback runs on the loop's thread; one that was cancelled does not run."""
    clock, ran = SystemClock(), asyncio.Event()
    seen: list[object] = []
    clock.timer(0.001, lambda: seen.append("cancelled")).cancel()

    def due() -> None:
        seen.append(threading.get_ident())
        ran.set()

    clock.timer(0.002, due)
    await asyncio.wait_for(ran.wait(), 20)
    assert seen == [threading.get_ident()]
