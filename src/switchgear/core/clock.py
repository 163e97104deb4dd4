"""Owns time, waiting and chance: the only module that imports them; everything else is handed a Clock."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime
from threading import TIMEOUT_MAX
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Event


class Timer(Protocol):
    """A callback that is due later, and can be called off before."""

    def cancel(self) -> None:
        """Call it off; nothing happens when it already ran."""
        ...


class Clock(Protocol):
    """Everything that waits, measures or draws lots asks this, so a test can play it."""

    monotonic_s: Callable[[], float]
    """Seconds on a clock that never steps back; only differences mean anything."""

    def wall(self) -> datetime:
        """The date and time in UTC, aware; for records, never for spans."""
        ...

    def chance(self) -> float:
        """A random number in [0, 1)."""
        ...

    def sleep(self, delay_s: float) -> None:
        """Block this thread for delay_s seconds; at 0 or less it returns at once."""
        ...

    async def sleep_async(self, delay_s: float) -> None:
        """Give the event loop away for delay_s seconds; at 0 or less it returns at once."""
        ...

    def wait(self, event: Event, limit_s: float) -> bool:
        """Block this thread until event is set or limit_s seconds are over; whether it is set."""
        ...

    def timer(self, delay_s: float, callback: Callable[[], object]) -> Timer:
        """Run callback on the running event loop after delay_s seconds."""
        ...


class SystemClock:
    """The machine's own clock and the process's own chance."""

    def __init__(self) -> None:
        # Bound as a plain attribute: the call path reads it twice for every call.
        self.monotonic_s: Callable[[], float] = time.monotonic
        self.chance: Callable[[], float] = random.random

    def wall(self) -> datetime:
        """The date and time in UTC, aware."""
        return datetime.now(UTC)

    def sleep(self, delay_s: float) -> None:
        """Block this thread for delay_s seconds; at 0 or less it returns at once."""
        if delay_s > 0:
            time.sleep(delay_s)

    async def sleep_async(self, delay_s: float) -> None:
        """Give the event loop away for delay_s seconds; at 0 or less it returns at once."""
        if delay_s > 0:
            import asyncio  # here, so that a program without an event loop never loads it

            await asyncio.sleep(delay_s)

    def wait(self, event: Event, limit_s: float) -> bool:
        """Block this thread until event is set or limit_s seconds are over, infinity is for ever; whether it is set."""
        return event.wait(min(limit_s, TIMEOUT_MAX))

    def timer(self, delay_s: float, callback: Callable[[], object]) -> Timer:
        """Run callback on the running event loop after delay_s seconds."""
        import asyncio  # here, as above

        return asyncio.get_running_loop().call_later(delay_s, callback)
