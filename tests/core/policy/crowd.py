"""Owns what tests with many waiters share: threads that begin together, and a clock that tells when one waits on it."""

from __future__ import annotations

import sys
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Barrier, Semaphore, Thread
from typing import TYPE_CHECKING, TypeVar

from switchgear.testing import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Event

    from switchgear.testing.clock import FakeTimer

T = TypeVar("T")
PATIENCE_S = 30.0  # a bound for a test that hangs; no test waits for it
THREADS = 8


def hammer(work: Callable[[int], T], threads: int = THREADS) -> list[T]:
    """What the same work gives in all threads, begun at one instant and switched as often as can be."""
    together = Barrier(threads)

    def begin(number: int) -> T:
        together.wait(PATIENCE_S)
        return work(number)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(begin, range(threads)))
    finally:
        sys.setswitchinterval(before)


def in_thread(work: Callable[[], T]) -> Future[T]:
    """What work gives, in a thread of its own that is begun now."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001  the test looks at it
            future.set_exception(error)

    Thread(target=run, daemon=True).start()
    return future


class WatchedClock(FakeClock):
    """A clock that stands still, and tells how many began to wait on it."""

    def __init__(self) -> None:
        super().__init__(autojump=False)
        self._asked = Semaphore(0)
        self._timed = Semaphore(0)

    def wait(self, event: Event, limit_s: float) -> bool:
        """Note that a thread waits."""
        self._asked.release()
        return super().wait(event, limit_s)

    def timer(self, delay_s: float, callback: Callable[[], object]) -> FakeTimer:
        """Note that a time is running."""
        timer = super().timer(delay_s, callback)
        self._timed.release()
        return timer

    def asked(self, times: int = 1) -> None:
        """Return when that many threads more have come to wait."""
        for _ in range(times):
            assert self._asked.acquire(timeout=PATIENCE_S)

    def timed(self, times: int = 1) -> None:
        """Return when that many times more are running."""
        for _ in range(times):
            assert self._timed.acquire(timeout=PATIENCE_S)
