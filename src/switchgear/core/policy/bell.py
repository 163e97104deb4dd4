"""Owns how one waiter, a thread or a task of any event loop, is woken; who is woken and why is left to its users."""

from __future__ import annotations

from functools import partial
from math import inf
from threading import Event, RLock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future
    from collections.abc import Callable

    from switchgear.core.clock import Clock


class Bell:
    """
    Rung once by anybody, heard by one: in a thread by `wait`, in a task by `wait_async`.

    Who comes to wait after it was rung does not wait.
    """

    __slots__ = ("_lock", "_wake", "rung")

    def __init__(self) -> None:
        self.rung = False
        self._wake: Callable[[], object] | None = None
        # One that the same thread may take again: a coroutine that is collected rings others, wherever it is.
        self._lock = RLock()

    def ring(self) -> bool:
        """Wake who waits, or will; False when that was a task of a loop that is closed."""
        with self._lock:
            self.rung = True
            wake = self._wake
        return wake is None or wake() is not False

    def wait(self, clock: Clock, limit_s: float | None) -> bool:
        """Block this thread until it is rung or limit_s seconds are over, None is for ever; whether it was rung."""
        if not self._spent(limit_s):
            event = Event()
            if not self._heard(event.set):
                clock.wait(event, inf if limit_s is None else limit_s)
        return self.rung

    async def wait_async(self, clock: Clock, limit_s: float | None) -> bool:
        """Wait on the running loop until it is rung or limit_s seconds are over; whether it was rung."""
        if not self._spent(limit_s):
            from asyncio import get_running_loop  # here: a program without a loop never loads it

            loop = get_running_loop()
            woken = loop.create_future()
            # The time too may be over in a thread that is not the loop's: where a test moves its clock.
            wake = partial(_wake_task, loop, woken)
            if not self._heard(wake):
                timer = None if limit_s is None or limit_s == inf else clock.timer(limit_s, wake)
                try:
                    await woken
                finally:
                    if timer is not None:
                        timer.cancel()
        return self.rung

    def _spent(self, limit_s: float | None) -> bool:
        return self.rung or (limit_s is not None and limit_s <= 0)

    def _heard(self, wake: Callable[[], object]) -> bool:
        """Have wake called from now on; whether it was rung before."""
        with self._lock:
            self._wake = wake
            return self.rung


def _wake_task(loop: AbstractEventLoop, woken: Future[None]) -> bool:
    try:
        loop.call_soon_threadsafe(_end, woken)
    except RuntimeError:  # the loop is closed: nobody waits any more
        return False
    return True


def _end(woken: Future[None]) -> None:
    if not woken.done():
        woken.set_result(None)
