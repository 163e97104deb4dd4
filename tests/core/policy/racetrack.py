"""Owns attempts that do as they are told, and a race of two of them; what is proved with them is left to the tests."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from switchgear.core.policy.race import Raced, race
from switchgear.testing import FakeClock
from tests.core.callkit import turns

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

AFTER_S = 2.0


class Boom(Exception):
    """An attempt failed."""


class Attempt:
    """An attempt that ends when it is told to, and notes what happens to it."""

    def __init__(self) -> None:
        self.begun = 0
        self.cancelled = 0
        self.task: asyncio.Task[Any] | None = None
        self.at_cancel: Callable[[], object] = int
        self._end: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def __call__(self) -> str:
        self.begun += 1
        self.task = asyncio.current_task()
        try:
            return await self._end
        except asyncio.CancelledError:
            self.cancelled += 1
            raise

    def wins(self, value: str = "value") -> None:
        """It succeeds."""
        self._end.set_result(value)

    def fails(self, error: BaseException) -> None:
        """It fails."""
        self._end.set_exception(error)


class Stubborn(Attempt):
    """An attempt that takes no notice of being cancelled."""

    async def __call__(self) -> str:
        self.begun += 1
        self.task = asyncio.current_task()
        while not self._end.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait({self._end})
            if not self._end.done():
                self.cancelled += 1
                self.at_cancel()
        return self._end.result()


class Track:
    """A race on a clock that stands still until it is moved."""

    def __init__(self, first: Attempt | None = None, second: Attempt | None = None) -> None:
        self.clock = FakeClock(autojump=False)
        self.first = first or Attempt()
        self.second = second or Attempt()
        self.asked = 0
        self.allowed = True

    def ask(self) -> Awaitable[str] | None:
        """The second attempt, where it is allowed."""
        self.asked += 1
        return self.second() if self.allowed else None

    async def start(self, after_s: float = AFTER_S) -> asyncio.Task[Raced[str]]:
        """The race, under way."""
        running = asyncio.create_task(race(self.clock, after_s, self.first, self.ask))
        await turns()
        return running

    async def start_both(self) -> asyncio.Task[Raced[str]]:
        """The race with both attempts under way."""
        running = await self.start()
        self.clock.advance(AFTER_S)
        await turns()
        assert (self.first.begun, self.second.begun, self.asked) == (1, 1, 1)
        return running
