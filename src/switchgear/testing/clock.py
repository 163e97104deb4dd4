"""Owns a clock that a test moves by hand: no test that uses it waits, and each is the same every time."""

from __future__ import annotations

import asyncio
import heapq
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from math import inf
from random import Random
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Condition, Event

START_S = 1_000.0
START_WALL = datetime(2026, 1, 1, tzinfo=UTC)


def _wake(woken: asyncio.Future[None]) -> None:
    if not woken.done():
        woken.set_result(None)


class FakeTimer:
    """A callback in the fake clock's queue."""

    def __init__(self, callback: Callable[[], object]) -> None:
        self._callback: Callable[[], object] | None = callback

    @property
    def is_off(self) -> bool:
        """Whether it was called off."""
        return self._callback is None

    def cancel(self) -> None:
        """Call it off."""
        self._callback = None

    def fire(self) -> None:
        """Run it, unless it was called off; for the clock."""
        if self._callback is not None:
            self._callback()


class FakeClock:
    """
    A Clock that stands still until it is moved.

    `advance` moves it and fires the timers that come due, in order. With autojump, which is the default, a
    sleep moves it too, so code that waits goes on at once; without, a sleeping task waits for `advance`. Threads
    may wait on it; it is moved by one hand at a time, or fires each timer in whichever thread moved it there.
    """

    def __init__(self, *, seed: int = 0, autojump: bool = True) -> None:
        self.now_s = START_S
        self.wall_offset_s = 0.0
        """Added to the wall clock alone: a step of the machine's date, which no span may notice."""
        self.slept_s: list[float] = []
        """Every wait that was asked for, in order."""
        self.autojump = autojump
        self.seed = seed
        self.monotonic_s: Callable[[], float] = lambda: self.now_s
        self.chance: Callable[[], float] = Random(seed).random
        self._queue: list[tuple[float, int, FakeTimer]] = []
        self._order = count()
        self._lock = Lock()

    def __repr__(self) -> str:
        return f"FakeClock(seed={self.seed}, now_s={self.now_s})"

    def wall(self) -> datetime:
        """The fake date, which moves with the clock and by wall_offset_s."""
        return START_WALL + timedelta(seconds=self.now_s - START_S + self.wall_offset_s)

    def advance(self, delay_s: float) -> None:
        """Move the clock by delay_s seconds, firing what comes due on the way."""
        until_s = self.now_s + delay_s
        while self._fire_next(until_s):
            pass
        self.now_s = max(self.now_s, until_s)

    def sleep(self, delay_s: float) -> None:
        """Move the clock instead of waiting."""
        if delay_s > 0:
            self.slept_s.append(delay_s)
            self.advance(delay_s)

    async def sleep_async(self, delay_s: float) -> None:
        """Wait for `advance`, or move the clock instead; other tasks get a turn either way."""
        if delay_s <= 0:
            return
        self.slept_s.append(delay_s)
        loop = asyncio.get_running_loop()
        woken = loop.create_future()
        self.timer(delay_s, partial(_wake, woken))
        if self.autojump:
            # From the loop, not from the sleeper: a timeout that comes due on the way must find its task waiting.
            loop.call_soon(self._jump, woken)
        await woken

    def wait(self, event: Event, limit_s: float) -> bool:
        """
        Whether event is set within limit_s seconds of this clock; infinity is for ever.

        With autojump it moves the clock by at most limit_s, and no further than to the timer that sets the event;
        without, this thread waits until the event is set or another one has advanced the clock.
        """
        if event.is_set() or limit_s <= 0:
            return event.is_set()
        if not self.autojump:
            return self._stand(event, limit_s)
        until_s = self.now_s + limit_s
        while not event.is_set() and self._fire_next(until_s):
            pass
        if event.is_set():
            return True
        if limit_s == inf:
            return event.wait()  # nothing is due any more: another thread will set it, or nobody
        self.now_s = max(self.now_s, until_s)
        return event.is_set()

    def _stand(self, event: Event, limit_s: float) -> bool:
        over: list[bool] = []
        # Nothing in public waits for two things; to set the event would be a lie to all others who wait on it.
        inside: Any = event
        changed: Condition = inside._cond  # noqa: SLF001  as said above

        def end() -> None:
            with changed:
                over.append(True)
                changed.notify_all()

        timer = None if limit_s == inf else self.timer(limit_s, end)
        with changed:
            changed.wait_for(lambda: over or event.is_set())
        if timer is not None:
            timer.cancel()
        return event.is_set()

    def _jump(self, woken: asyncio.Future[None]) -> None:
        while not woken.done() and self._fire_next(inf):
            pass

    def _fire_next(self, until_s: float) -> bool:
        """Fire the next timer that is due by then; False when there is none."""
        with self._lock:
            if not self._queue or self._queue[0][0] > until_s:
                return False
            due_s, _, timer = heapq.heappop(self._queue)
            self.now_s = max(self.now_s, due_s)
        timer.fire()
        return True

    def timer(self, delay_s: float, callback: Callable[[], object]) -> FakeTimer:
        """Run callback when the clock has moved delay_s seconds."""
        timer = FakeTimer(callback)
        with self._lock:
            heapq.heappush(self._queue, (self.now_s + delay_s, next(self._order), timer))
        return timer
