"""Owns a clock and an event loop for many tasks in played time: it goes on when none has anything to do."""

from __future__ import annotations

import asyncio
import selectors
from math import inf
from typing import Any

from switchgear.testing import FakeClock


class PlayedClock(FakeClock):
    """Stands still while any task has something to do, and then goes to the next timer: for many tasks at once."""

    def __init__(self, *, seed: int) -> None:
        super().__init__(seed=seed, autojump=False)

    def go_on(self) -> None:
        """To the next timer that was not called off; an error when there is none: nothing would ever happen again."""
        while self._queue:
            is_off = self._queue[0][2].is_off
            self._fire_next(inf)
            if not is_off:
                return
        raise AssertionError("every task waits, and nothing is due")

    def loop(self) -> asyncio.AbstractEventLoop:
        """An event loop that runs on this clock."""
        return asyncio.SelectorEventLoop(_Idle(self))


class _Idle(selectors.SelectSelector):
    """Where a loop would sleep because no task has anything to do, the clock goes on instead."""

    def __init__(self, clock: PlayedClock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[Any]:
        """What is ready now; nothing of the outside is waited for."""
        if timeout is None or timeout > 0:
            self._clock.go_on()
        return super().select(0)
