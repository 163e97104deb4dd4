"""Owns the proof that flights hold with crowds: threads that ask at once, and tasks that end in every way."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from switchgear.core.clock import SystemClock
from switchgear.core.policy.flights import Flights
from switchgear.testing import FakeClock
from tests.core.callkit import turns
from tests.core.policy.crowd import PATIENCE_S, THREADS, hammer, in_thread


def test_threads_share_what_they_ask_at_once() -> None:
    """Eight threads, three keys: the reads of one key never overlap, and every caller has a value of its own key."""
    flights, clock = Flights(), SystemClock()
    out, overlaps = Counter[int](), list[int]()

    def use(number: int) -> int:
        led = 0
        for turn in range(200):
            key = (turn + number) % 3

            def read(key: int = key) -> int:
                out[key] += 1
                if out[key] > 1:
                    overlaps.append(key)
                in_thread(int).result(PATIENCE_S)  # others get a turn meanwhile
                out[key] -= 1
                return key

            joined = flights.join(key, read, clock)
            assert joined.value == key
            led += joined.led
        return led

    led = sum(hammer(use))
    assert overlaps == []
    assert led < THREADS * 200, "nobody shared anything: it proves nothing"
    assert len(flights) == 0


@pytest.mark.parametrize("seed", range(4))
def test_a_crowd_of_tasks_that_fail_and_are_cancelled_loses_nobody(seed: int) -> None:
    """At random reads fail, leaders and followers are cancelled or run out of time; all others have their answer."""
    print(f"seed={seed}")
    flights, clock, ends = Flights(), FakeClock(autojump=False), Counter[str]()
    chance = FakeClock(seed=seed).chance

    async def read() -> str:
        drawn = chance()
        await turns(int(drawn * 10))
        if drawn < 0.2:
            raise ValueError("no")
        if drawn < 0.3:
            raise asyncio.CancelledError
        return "value"

    async def main() -> None:
        for _ in range(40):
            limits = [None if chance() < 0.6 else chance() for _ in range(10)]
            joins = [
                flights.join_async(n % 2, read, clock, limit) for n, limit in enumerate(limits)
            ]
            tasks = [asyncio.create_task(join) for join in joins]
            for task in tasks:
                await turns(int(chance() * 2))
                clock.advance(chance() / 4)
                if chance() < 0.2:
                    task.cancel()
            async with asyncio.timeout(PATIENCE_S):
                done = await asyncio.gather(*tasks, return_exceptions=True)
            ends.update(type(one).__name__ for one in done)
            assert len(flights) == 0

    asyncio.run(main())
    assert set(ends) == {"Joined", "ValueError", "CancelledError", "TookTooLong"}
