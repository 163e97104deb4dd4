"""Owns the cut of one asynchronous attempt by its time; how long that is, is left to flow."""

from __future__ import annotations

from asyncio import CancelledError, current_task
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from asyncio import Task
    from types import TracebackType
    from typing import Any

    from switchgear.core.clock import Clock, Timer


class Cut:
    """
    `async with Cut(clock, delay_s)`: the body is cancelled after delay_s seconds and raises TimeoutError.

    It tells its own cancellation from one that comes from outside as asyncio.timeout does, by the task's count
    of cancel requests, but takes its timer from the Clock. `fired` says whether it was this cut.
    """

    __slots__ = ("_asked", "_clock", "_delay_s", "_task", "_timer", "fired")

    _task: Task[Any]
    _timer: Timer

    def __init__(self, clock: Clock, delay_s: float) -> None:
        self._clock = clock
        self._delay_s = delay_s
        self.fired = False

    def begin(self) -> Self:
        """Start the time of the running task; every begin is followed by one end."""
        task = current_task()
        if task is None:
            raise RuntimeError("an attempt with a timeout must run inside an asyncio task")
        self._task = task
        self._asked = task.cancelling()
        self._timer = self._clock.timer(self._delay_s, self._fire)
        return self

    def end(self, error: BaseException | None) -> bool:
        """Stop the time; whether the body ended so because of it: cancelled, or in what it made of that."""
        self._timer.cancel()
        if not self.fired:
            return False
        cancelled = self._task.uncancel() <= self._asked and type(error) is CancelledError
        return cancelled or isinstance(error, TimeoutError)

    async def __aenter__(self) -> Self:
        return self.begin()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.end(error) and kind is CancelledError:
            raise TimeoutError from error

    def _fire(self) -> None:
        loop = self._task.get_loop()
        if current_task(loop) is self._task:
            # A clock moved by hand, by the very body that is timed: as on a loop, it is cut where it next waits.
            self._timer = loop.call_soon(self._fire)
            return
        self.fired = True
        self._task.cancel()
