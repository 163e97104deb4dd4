"""Proves how the exchange's time is kept: asked once, counted on by the monotonic clock, mended."""

from __future__ import annotations

import asyncio

import pytest

import switchgear as sg
from switchgear.core.words import Kind, Verdict
from switchgear.exchange.server_time import AGAIN_S, FRESH_S, ServerTime
from switchgear.testing import FakeClock

pytestmark = pytest.mark.anyio
NOW_MS = 1_767_225_600_000
"""The fake clock's first instant."""


class Exchange:
    """Answers what time it is there, or fails, and counts how often it was asked."""

    def __init__(self, clock: FakeClock, ahead_ms: int = 0, way_s: float = 0.0) -> None:
        self.clock = clock
        self.ahead_ms = ahead_ms
        self.way_s = way_s
        self.asked = 0
        self.error: sg.ApiError | None = None

    async def ask(self) -> int:
        self.asked += 1
        await self.clock.sleep_async(self.way_s / 2)
        if self.error is not None:
            raise self.error
        now_ms = int(self.clock.wall().timestamp() * 1000) + self.ahead_ms
        await self.clock.sleep_async(self.way_s / 2)
        return now_ms


async def test_it_is_ours_until_it_is_asked(clock: FakeClock) -> None:
    """Before the first answer it is the machine's own date."""
    assert ServerTime(clock).now_ms() == NOW_MS


async def test_it_follows_the_exchange(clock: FakeClock) -> None:
    """An exchange 7 s ahead is followed, the way there and back halved."""
    theirs, time = Exchange(clock, ahead_ms=7000, way_s=0.4), ServerTime(clock)
    await time.refresh(theirs.ask)
    assert time.now_ms() == NOW_MS + 400 + 7000
    clock.advance(2.5)
    assert time.now_ms() == NOW_MS + 2900 + 7000


async def test_a_step_of_the_date_changes_nothing(clock: FakeClock) -> None:
    """The machine's date jumps an hour; the exchange's time goes on."""
    time = ServerTime(clock)
    await time.refresh(Exchange(clock).ask)
    clock.wall_offset_s = 3600.0
    assert time.now_ms() == NOW_MS


async def test_it_is_asked_now_and_then(clock: FakeClock) -> None:
    """Once while it is fresh, again after FRESH_S, and at once when it is in doubt."""
    theirs, time = Exchange(clock), ServerTime(clock)
    for advance_s, asked in ((0, 1), (FRESH_S - 1, 1), (1, 2), (0, 2)):
        clock.advance(advance_s)
        await time.refresh(theirs.ask)
        assert theirs.asked == asked
    time.doubt()
    await time.refresh(theirs.ask)
    assert theirs.asked == 3


async def test_many_who_wait_ask_once(clock: FakeClock) -> None:
    """Fifty calls that begin together cost one question."""
    theirs, time = Exchange(clock, way_s=0.2), ServerTime(clock)
    await asyncio.gather(*(time.refresh(theirs.ask) for _ in range(50)))
    assert theirs.asked == 1


async def test_a_failure_keeps_what_is_known(clock: FakeClock) -> None:
    """A server error is no reason not to try the call itself; it is asked again after a while."""
    theirs, time = Exchange(clock, ahead_ms=7000), ServerTime(clock)
    await time.refresh(theirs.ask)
    time.doubt()
    theirs.error = sg.ApiError("a", verdict=Verdict(Kind.UNAVAILABLE, counts=True))
    for advance_s, asked in ((0, 2), (AGAIN_S - 1, 2), (1, 3)):
        clock.advance(advance_s)
        await time.refresh(theirs.ask)
        assert theirs.asked == asked
    assert time.now_ms() == NOW_MS + 10_000 + 7000


@pytest.mark.parametrize(
    "verdict",
    [Verdict(Kind.NETWORK, unsent=True), Verdict(Kind.RATE_LIMITED), Verdict(Kind.BANNED)],
)
async def test_what_would_stop_the_call_too_is_raised(clock: FakeClock, verdict: Verdict) -> None:
    """No way there, or a limit: the call behind it must not go out."""
    theirs, time = Exchange(clock), ServerTime(clock)
    theirs.error = sg.ApiError("a", verdict=verdict)
    with pytest.raises(sg.ApiError):
        await time.refresh(theirs.ask)
    theirs.error = None
    await time.refresh(theirs.ask)
    assert theirs.asked == 2


def test_several_event_loops_may_use_it(clock: FakeClock) -> None:
    """A lock of one loop is not asked for by another."""
    theirs, time = Exchange(clock, way_s=0.2), ServerTime(clock)

    async def together() -> None:
        await asyncio.gather(*(time.refresh(theirs.ask) for _ in range(3)))

    for _ in range(2):
        time.doubt()
        asyncio.run(together())
    assert theirs.asked == 2
