"""Owns what a bell tells whoever rings it, and that a clock moved from outside of a loop cuts what waits there."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from switchgear.core.policy.bell import Bell
from switchgear.core.policy.timeout import Cut
from switchgear.testing import FakeClock
from tests.core.callkit import turns
from tests.core.policy.crowd import PATIENCE_S, WatchedClock, in_thread

if TYPE_CHECKING:
    from threading import Event


class Unasked(FakeClock):
    """A clock on which nobody may wait."""

    def wait(self, event: Event, limit_s: float) -> bool:
        """It is a mistake to come here."""
        raise AssertionError((event, limit_s))


@pytest.mark.parametrize("limit_s", [0.0, -1.0])
def test_a_thread_without_time_asks_no_clock(limit_s: float) -> None:
    """There is nothing to wait for."""
    assert Bell().wait(Unasked(), limit_s) is False


def test_half_a_second_is_a_wait() -> None:
    """A thread that may wait so long hears what is rung meanwhile."""
    bell, clock = Bell(), WatchedClock()
    heard = in_thread(lambda: bell.wait(clock, 0.5))
    clock.asked()
    assert not heard.done()
    assert bell.ring()
    assert heard.result(PATIENCE_S) is True


@pytest.mark.anyio
async def test_whoever_rings_for_a_task_knows_that_it_was_heard() -> None:
    """Its loop runs, so nobody else needs to be woken in its stead."""
    bell = Bell()
    task = asyncio.create_task(bell.wait_async(FakeClock(), None))
    await turns()
    assert bell.ring() is True
    assert await task is True


def test_a_clock_that_is_moved_while_no_loop_runs_cuts_an_attempt() -> None:
    """The loop stands still while a test moves its clock: the attempt is cut when it goes on."""
    clock, loop = FakeClock(autojump=False), asyncio.new_event_loop()

    async def attempt() -> None:
        async with Cut(clock, 1):
            await asyncio.Event().wait()

    task = loop.create_task(attempt())
    loop.run_until_complete(turns())
    clock.advance(1)
    with pytest.raises(TimeoutError):
        loop.run_until_complete(task)
    loop.close()
