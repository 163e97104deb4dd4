"""Owns the tests of how one waiter is woken, in either colour; what the bulkhead and flights make of it is theirs."""

from __future__ import annotations

import asyncio
from math import inf
from typing import TYPE_CHECKING

import pytest

from switchgear.core.policy.bell import Bell
from switchgear.testing import FakeClock
from tests.core.callkit import turns
from tests.core.policy.crowd import PATIENCE_S, WatchedClock, hammer, in_thread

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchgear.core.clock import Clock

    Wait = Callable[[Bell, Clock, float | None], bool]


def in_loop(bell: Bell, clock: Clock, limit_s: float | None) -> bool:
    """A whole wait on a loop of its own."""
    return asyncio.run(bell.wait_async(clock, limit_s))


@pytest.fixture(params=[Bell.wait, in_loop], ids=["thread", "task"])
def wait(request: pytest.FixtureRequest) -> Wait:
    """A wait of either colour, from the outside."""
    made: Wait = request.param
    return made


@pytest.mark.parametrize("limit_s", [None, inf, 3.0, 0.0, -1.0])
def test_what_was_rung_before_is_heard_at_once(wait: Wait, limit_s: float | None) -> None:
    """Who comes late does not wait, however long it might."""
    bell, clock = Bell(), FakeClock()
    assert bell.ring()
    assert wait(bell, clock, limit_s) is True
    assert clock.now_s == FakeClock().now_s
    assert bell.ring()


@pytest.mark.parametrize("limit_s", [0.0, -1.0])
def test_no_time_is_no_wait(wait: Wait, limit_s: float) -> None:
    """With no time left the answer is there at once."""
    assert wait(Bell(), WatchedClock(), limit_s) is False


class LateBell(Bell):
    """A bell that is rung between the first look and the wait."""

    def _spent(self, limit_s: float | None) -> bool:
        spent = super()._spent(limit_s)
        assert self.ring()
        return spent


def test_what_is_rung_between_the_look_and_the_wait_is_heard(wait: Wait) -> None:
    """There is no gap in which a ring is lost."""
    assert wait(LateBell(), WatchedClock(), None) is True


@pytest.mark.parametrize("limit_s", [None, inf, 3.0])
def test_it_is_heard_from_another_thread(wait: Wait, limit_s: float | None) -> None:
    """Rung while somebody waits."""
    bell, clock = Bell(), WatchedClock()
    heard = in_thread(lambda: wait(bell, clock, limit_s))
    assert bell.ring()
    assert heard.result(PATIENCE_S) is True


def test_the_time_is_over_at_its_limit(wait: Wait) -> None:
    """Not rung within three seconds: it was not heard, and a ring after that does no harm."""
    bell, clock = Bell(), WatchedClock()
    heard = in_thread(lambda: wait(bell, clock, 3))
    clock.timed()
    clock.advance(3)
    assert heard.result(PATIENCE_S) is False
    bell.ring()
    assert bell.rung


def test_many_may_ring_it(wait: Wait) -> None:
    """Eight threads ring at once, some when who waited is gone already; it is heard, and nothing breaks."""
    for _ in range(20):
        bell, clock = Bell(), WatchedClock()
        heard = in_thread(lambda b=bell, c=clock: wait(b, c, None))  # type: ignore[misc]
        hammer(lambda _, b=bell: b.ring())  # type: ignore[misc]
        assert heard.result(PATIENCE_S) is True


@pytest.mark.parametrize("end", ["rung", "cancelled"])
@pytest.mark.anyio
async def test_a_task_leaves_no_timer_behind(end: str) -> None:
    """However its wait ended before its time, the timer is called off; without a limit there is none."""
    bell, clock = Bell(), FakeClock(autojump=False)
    task = asyncio.create_task(bell.wait_async(clock, 3))
    await turns()
    [(_, _, timer)] = clock._queue
    if end == "rung":
        bell.ring()
        assert await task is True
    else:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert timer._callback is None


@pytest.mark.parametrize("limit_s", [None, inf])
@pytest.mark.anyio
async def test_a_task_that_waits_for_ever_sets_no_timer(limit_s: float | None) -> None:
    """A timer that is never due would only be in the way."""
    bell, clock = Bell(), FakeClock(autojump=False)
    task = asyncio.create_task(bell.wait_async(clock, limit_s))
    await turns()
    assert clock._queue == []
    bell.ring()
    assert await task is True


def test_a_ring_that_nobody_can_hear_says_so() -> None:
    """The loop of the task that waited is closed: whoever rang can turn to another."""
    bell, loop = Bell(), asyncio.new_event_loop()
    waits = bell.wait_async(FakeClock(), None)

    async def begin() -> None:
        waits.send(None)

    loop.run_until_complete(begin())
    loop.close()
    assert bell.ring() is False
    waits.close()
