"""Proves that what a settings file says holds at once when it is read anew, for calls on their way too."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

import switchgear as sg
from switchgear.testing import (
    FakeClock,
    Recorder,
    assert_closed,
    assert_half_open,
    assert_open,
    assert_rejected,
)
from tests.reload.kit import (
    FIRST,
    KEY,
    PATIENCE_S,
    Calls,
    fail,
    read,
    reset,
)


def retries(gear: sg.Switchgear, *key: str) -> int:
    """How many retries calls of a key have now."""
    return gear.guarded(*(key or KEY)).policy.plan.backoff.retries


def test_code_stays_above_the_file(gear: sg.Switchgear, path: Path) -> None:
    """What code set for the same names wins over the file before and after it is read; the file wins elsewhere."""
    gear.configure(*KEY, retries=4)
    text = "[settings]\nretries = 1\n[settings.kraken]\nretries = 2\n[settings.kraken.get_x]\nretries = 3\n"
    for _ in range(2):
        read(gear, path, text)
        assert (retries(gear), retries(gear, "kraken", "get_y")) == (4, 2)
        assert retries(gear, "alpaca", "get_x") == 1
    gear.configure("*", retries=9)
    assert (retries(gear), retries(gear, "alpaca", "get_x")) == (4, 9)
    assert retries(gear, "kraken", "get_y") == 2  # of equals the later wins; this one is narrower


def test_a_removed_line_falls_back(gear: sg.Switchgear, path: Path) -> None:
    """To the wider table, then to what the file does not say at all; a removed table is gone."""
    fail(gear, 1)
    read(gear, path, FIRST + "[settings.kraken]\nfailure_threshold = 7\nretries = 2\n")
    assert (gear.circuit(*KEY).rules.failure_threshold, retries(gear)) == (7, 2)
    read(gear, path, FIRST + "[settings.kraken]\nretries = 2\n")
    assert (gear.circuit(*KEY).rules.failure_threshold, retries(gear)) == (3, 2)
    read(gear, path, "[settings]\nfailure_threshold = 2\n")
    assert gear.circuit(*KEY).rules.failure_threshold == 2
    assert (
        retries(gear)
        == gear.book.of(sg.Key.of("alpaca", "get_x"))
        .plan(sg.Key.of("alpaca", "get_x"))
        .backoff.retries
    )
    read(gear, path, "")
    assert gear.circuit(*KEY).rules.failure_threshold == sg.DEFAULT_FAILURE_THRESHOLD
    assert_closed(gear, *KEY, failures=1)


def test_trip_rules_change_live(gear: sg.Switchgear, path: Path) -> None:
    """A lower threshold opens at the next failure; a rate that is new has its window from now on."""
    fail(gear, 1)
    read(gear, path, "[settings]\nretries = 0\nfailure_threshold = 2\n")
    fail(gear, 1)
    assert_open(gear, *KEY)
    gear.reset("*", by="ops")
    rate = "failure_threshold = 'none'\nfailure_rate = 0.5\nminimum_calls = 4\n"
    read(gear, path, "[settings]\nretries = 0\n" + rate)
    guard = gear.guarded(*KEY)
    guard.call_sync(int)
    guard.call_sync(int)
    fail(gear, 1)
    assert_closed(gear, *KEY)
    fail(gear, 1)
    assert_open(gear, *KEY)


def test_a_ramp_changes_live(gear: sg.Switchgear, path: Path, clock: FakeClock) -> None:
    """A circuit that heals after the reload lets a growing share pass; without it, all at once."""
    fail(gear, 3)
    read(gear, path, FIRST + "ramp_s = 100\n")
    clock.advance(30)
    gear.call_sync(*KEY, int)
    assert assert_half_open(gear, *KEY).passing == pytest.approx(0.1)
    clock.advance(50)
    assert 0.4 < gear.circuit(*KEY).passing < 0.7
    clock.advance(51)
    gear.reset("*", by="ops")
    fail(gear, 3)
    read(gear, path, FIRST)
    clock.advance(30)
    gear.call_sync(*KEY, int)
    assert_closed(gear, *KEY)


def test_places_in_flight_change_live(
    gear: sg.Switchgear, path: Path, clock: FakeClock, calls: Calls
) -> None:
    """A limit counts from the reload on; a wider one lets waiters in; a lower one stops nobody; gone it is none."""
    clock.autojump = False  # who waits for a place waits
    read(gear, path, FIRST + "[settings.kraken.get_x]\nmax_in_flight = 1\nwait_s_max = 3600\n")
    calls.begin()
    calls.begin(runs=False)
    limited = gear.registry.common("kraken").bulkheads[sg.Key.of(*KEY)]
    while not limited.waiting:  # it is on its way into the line
        assert not calls.out[1].done()
    read(gear, path, FIRST + "[settings.kraken.get_x]\nmax_in_flight = 2\nwait_s_max = 3600\n")
    calls.wait_for_one()
    assert (limited.in_flight, limited.waiting) == (2, 0)
    read(gear, path, FIRST + "[settings.kraken.get_x]\nmax_in_flight = 1\nwait_s_max = 0\n")
    with assert_rejected(kind=sg.BulkheadFullError):
        gear.call_sync(*KEY, int)
    read(gear, path, FIRST)
    assert gear.call_sync(*KEY, int) == 0
    calls.end()
    calls.end()
    assert [call.result(PATIENCE_S) for call in calls.out] == [1, 1]
    assert limited.in_flight == 0


def test_the_retry_budget_changes_live(gear: sg.Switchgear, path: Path) -> None:
    """A budget of an exchange that is set, made smaller, or taken away."""

    def retried() -> int:
        gear.reset("*", by="ops")
        before = gear.metrics(*KEY).retried_attempts
        gear.guarded(*KEY).try_call_sync(reset)
        return gear.metrics(*KEY).retried_attempts - before

    text = "[settings]\nretries = 1\nretry_delay_s = 0\nfailure_threshold = 'none'\n"
    read(gear, path, text)
    assert retried() == 1
    read(gear, path, text + "[settings.kraken]\nretry_tokens = 0\n")
    assert retried() == 0
    assert gear.metrics(*KEY).withheld_retries == 1
    read(gear, path, text + "[settings.kraken]\nretry_tokens = 'none'\n")
    assert retried() == 1


def test_weights_change_live(gear: sg.Switchgear, path: Path) -> None:
    """What a call costs at the exchange's limits is what the file says now, for keys in use and to come."""
    guard = gear.guarded("binance", "get_order_book")

    def cost(of: sg.Guarded) -> float:
        before = {view.limit: view.used for view in gear.limits()}["request_weight"]
        of.call_sync(int)
        return {view.limit: view.used for view in gear.limits()}["request_weight"] - before

    usual = cost(guard)
    read(gear, path, FIRST + "[settings.binance]\nweight = 40\n")
    assert cost(guard) == 40
    assert cost(gear.guarded("binance", "get_new")) == 40
    read(gear, path, FIRST)
    assert cost(guard) == usual


def test_coalescing_changes_live(gear: sg.Switchgear, path: Path) -> None:
    """Equal reads share one call from the reload on, and no more after the next."""

    async def work() -> int:
        await gear.clock.sleep_async(1)
        return 1

    async def run() -> int:
        before, guard = gear.metrics(*KEY).joined_calls, gear.guarded(*KEY)
        assert await asyncio.gather(*(guard.call(work) for _ in range(3))) == [1, 1, 1]
        return gear.metrics(*KEY).joined_calls - before

    assert asyncio.run(run()) == 0
    read(gear, path, FIRST + "coalesce = true\n")
    assert asyncio.run(run()) == 2
    read(gear, path, FIRST)
    assert asyncio.run(run()) == 0


def test_hedging_changes_live(gear: sg.Switchgear, path: Path, clock: FakeClock) -> None:
    """A read that takes long gets a second attempt from the reload on, once its like is known, and no more after."""

    async def quick() -> int:
        await clock.sleep_async(1)
        return 1

    async def run() -> int:
        before = gear.metrics(*KEY).hedged_attempts
        for _ in range(100):
            await gear.call(*KEY, quick)
        begun, end = asyncio.Event(), asyncio.Event()

        async def slow() -> int:
            begun.set()
            await end.wait()
            return 1

        call = asyncio.ensure_future(gear.call(*KEY, slow))
        await begun.wait()
        clock.advance(5)
        asyncio.get_running_loop().call_later(0.001, end.set)
        assert await call == 1
        return gear.metrics(*KEY).hedged_attempts - before

    assert asyncio.run(run()) == 0
    read(gear, path, FIRST + "hedge = 0.9\n")
    assert asyncio.run(run()) == 1
    read(gear, path, FIRST)
    assert asyncio.run(run()) == 0


def test_timeouts_and_levels_change_live(gear: sg.Switchgear, path: Path) -> None:
    """The next attempt has the new time; DEBUG tells each attempt's start from then on."""

    async def work() -> int:
        await gear.clock.sleep_async(5)
        return 1

    assert asyncio.run(gear.call(*KEY, work)) == 1
    read(gear, path, FIRST + "timeout_s = 2\nlog_level = 'debug'\n")
    recorder = Recorder.on(gear)
    with pytest.raises(sg.AttemptTimeout):
        asyncio.run(gear.call(*KEY, work))
    assert len(recorder.of(sg.AttemptStarted)) == 1


def test_a_gear_without_a_file_has_nothing_to_read() -> None:
    """The error says what would be needed."""
    with sg.Switchgear(settings={"retries": 1}) as gear, pytest.raises(sg.SettingsError) as caught:
        gear.reload()
    assert caught.value.field == "settings"


@pytest.mark.slow  # a second of calls in four threads
def test_threads_call_while_the_file_is_read_over_and_over(gear: sg.Switchgear, path: Path) -> None:
    """Four threads call while two files take turns: every call has its value, and every one is counted."""
    texts = [
        FIRST + "max_in_flight = 8\n[settings.kraken]\nfailure_rate = 0.5\nwait_s_max = 60\n",
        "[settings]\nretries = 2\nretry_tokens = 5\nslow_call_rate = 0.9\nramp_s = 5\n",
    ]
    stop = Event()

    def work() -> int:
        guard, made = gear.guarded(*KEY), 0
        while not stop.is_set():
            assert guard.call_sync(int) == 0
            made += 1
        return made

    with ThreadPoolExecutor(4) as pool:
        found = [pool.submit(work) for _ in range(4)]
        try:
            for number in range(10):
                read(gear, path, texts[number % 2])
        finally:
            stop.set()
        made = sum(one.result(PATIENCE_S) for one in found)
    seen = gear.metrics(*KEY)
    assert (seen.success_calls, seen.total_calls, seen.in_flight) == (made, made, 0)
