"""
Owns turning waiting off on the machine's clock: a sleep is over at once, and time has moved by what was slept.

A test that plays the clock itself takes `FakeClock`; this is for gears that were made without one.
"""

from __future__ import annotations

import sys
from asyncio import AbstractEventLoop, Future, get_running_loop
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import partial
from threading import Lock, RLock
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from switchgear.core.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from datetime import datetime
    from threading import Event

    from switchgear.core.words import Key
    from switchgear.registry import Registry

_TIME = "monotonic_s"
_TURNS = 10
"""An event loop goes round so often before a sleep is skipped: who was woken last, even by way of other tasks, may
sleep again, for less long than the next."""
_LOOK_S = 0.02
"""A thread that waits for an event looks so often whether its limit was slept away by others."""


@contextmanager
def no_waiting() -> Generator[NoWaiting]:
    """
    Turn waiting off for every gear on the machine's clock, in all threads, while the block runs.

    A sleep returns at once, having moved the time of all these clocks, and their dates; a task that sleeps gives
    the others a turn. What comes due on the way, as a timeout does, comes before it. Waiting for something to happen
    (an answer, a place in flight) stays waiting. Inside another such block it joins that one.

    A gear that was called meanwhile goes on in moved time afterwards, for time must not step back.
    """
    with _LOCK:
        if not _joined:
            NoWaiting().begin()
        waits = NoWaiting.now
        assert waits is not None
        _joined.append(waits)
    try:
        yield waits
    finally:
        with _LOCK:
            _joined.pop()
            if not _joined:
                waits.end()


class NoWaiting:
    """A time without waiting; `no_waiting` makes it."""

    now: NoWaiting | None = None
    """The one that holds, if any."""

    def __init__(self) -> None:
        self.slept_s: list[float] = []
        """Every sleep that was asked for, in order."""
        self.moved_s = 0.0
        """How far time was moved."""
        self._real_s = SystemClock().monotonic_s
        self._clocks: list[tuple[SystemClock, _Time]] = []
        self._timers: dict[_Timer, None] = {}
        self._sleepers: set[_Timer] = set()
        self._turns: dict[AbstractEventLoop, int] = {}
        """Of each loop on which somebody sleeps: how often it goes round yet before the next timer comes."""
        self._real: dict[str, Any] = {}
        self._detours: list[tuple[Registry, Callable[[], None]]] = []
        self._lock = (
            RLock()
        )  # a coroutine that is collected calls its timer off, wherever the collector runs

    def begin(self) -> None:
        """Stand in for what waits."""
        NoWaiting.now = self
        methods: dict[str, Callable[..., Any]] = {
            "sleep": self._sleep,
            "sleep_async": self._sleep_async,
            "wait": self._wait,
            "timer": self._timer,
            "wall": self._wall,
        }
        for name, method in methods.items():
            self._real[name] = vars(SystemClock)[name]
            setattr(SystemClock, name, _bindable(method))
        setattr(SystemClock, _TIME, _Times(self))
        for registry in _registries():
            # Decorated functions have kept the clock's own function for their straight path: none may take it.
            if registry not in _DETOURED:
                end = registry.inject("*", "*", _unchanged)
                self._detours.append((registry, end))

    def end(self) -> None:
        """Have everybody wait again."""
        delattr(SystemClock, _TIME)
        for name, real in self._real.items():
            setattr(SystemClock, name, real)
        for clock, time in self._clocks:
            if not time.skipped_s:
                setattr(clock, _TIME, time.real_s)
        for registry, end in self._detours:
            if self.moved_s:
                _DETOURED.add(registry)
            else:
                end()
        NoWaiting.now = None

    def time_of(self, clock: SystemClock) -> _Time:
        """What a clock gives as its time from now on."""
        own = vars(clock)[_TIME]
        if isinstance(own, _Time) and own.waits is self:
            return own
        with self._lock:
            own = vars(clock)[_TIME]
            time = own if isinstance(own, _Time) else _Time(own)
            if time.waits is not self:
                time.waits = self
                time.skipped_s += self.moved_s
                self._clocks.append((clock, time))
                vars(clock)[_TIME] = time
            return time

    def forget(self, timer: _Timer) -> None:
        """It is over, or was called off."""
        with self._lock:
            self._timers.pop(timer, None)

    # ------------------------------------------------------------- what a clock does meanwhile

    def _sleep(self, _: SystemClock, delay_s: float) -> None:
        if delay_s > 0:
            self.slept_s.append(delay_s)
            until_s = self._now_s() + delay_s
            while self._skip_to_next(until_s):
                pass
            with self._lock:
                self._skip_locked(until_s)

    async def _sleep_async(self, clock: SystemClock, delay_s: float) -> None:
        if delay_s <= 0:
            return
        self.slept_s.append(delay_s)
        loop = get_running_loop()
        woken = loop.create_future()
        timer = self._timer(clock, delay_s, partial(_wake, woken))
        self._sleepers.add(timer)
        if loop not in self._turns:
            loop.call_soon(self._jump, loop)
        self._turns[loop] = _TURNS
        try:
            await woken
        finally:
            self._sleepers.discard(timer)
            timer.cancel()

    def _wait(self, clock: SystemClock, event: Event, limit_s: float) -> bool:
        until_s = self._now_s() + limit_s
        while not event.is_set() and (left_s := until_s - self._now_s()) > 0:
            self._real["wait"](clock, event, min(left_s, _LOOK_S))
        return event.is_set()

    def _timer(self, _: SystemClock, delay_s: float, callback: Callable[[], object]) -> _Timer:
        with self._lock:
            timer = _Timer(self, self._now_s() + delay_s, delay_s, callback)
            self._timers[timer] = None
        return timer

    def _wall(self, clock: SystemClock) -> datetime:
        date: datetime = self._real["wall"](clock)
        return date + timedelta(seconds=self.moved_s)

    # ---------------------------------------------------------------------------- moving time

    def _now_s(self) -> float:
        return self._real_s() + self.moved_s

    def _jump(self, loop: AbstractEventLoop) -> None:
        """Go round with a loop while somebody sleeps on it."""
        if NoWaiting.now is not self:
            return  # waiting is on again: who still sleeps wakes in real time
        self._turns[loop] -= 1
        if self._turns[loop] <= 0:
            self._turns[loop] = _TURNS
            due_s = min(
                (one.due_s for one in tuple(self._sleepers) if one.loop is loop), default=None
            )
            if due_s is None:
                del self._turns[loop]
                return
            self._skip_to_next(due_s)
        loop.call_soon(self._jump, loop)

    def _skip_to_next(self, until_s: float) -> bool:
        """Have the next timer that is due by then come now; False when there is none."""
        with self._lock:
            timer = min(tuple(self._timers), key=_due_s, default=None)
            if timer is None or timer.due_s > until_s:
                return False
            del self._timers[timer]
            self._skip_locked(timer.due_s)
        timer.come()
        return True

    def _skip_locked(self, until_s: float) -> None:
        delay_s = until_s - self._now_s()
        if delay_s > 0:
            self.moved_s += delay_s
            for _, time in self._clocks:
                time.skipped_s += delay_s


class _Time:
    """The time of one clock, moved by what was slept without waiting; it stays the clock's own for good."""

    __slots__ = ("real_s", "skipped_s", "waits")

    def __init__(self, real_s: Callable[[], float]) -> None:
        self.real_s = real_s
        self.skipped_s = 0.0
        self.waits: NoWaiting | None = None

    def __call__(self) -> float:
        return self.real_s() + self.skipped_s


class _Times:
    """Stands in the class for the time of each clock, those that were made before included."""

    def __init__(self, waits: NoWaiting) -> None:
        self._waits = waits

    def __get__(self, clock: SystemClock | None, _: type[SystemClock]) -> object:
        return self if clock is None else self._waits.time_of(clock)

    def __set__(self, clock: SystemClock, time: Callable[[], float]) -> None:
        vars(clock)[_TIME] = time


class _Timer:
    """A callback on an event loop that is due in real time, or sooner when its time is skipped."""

    def __init__(
        self, waits: NoWaiting, due_s: float, delay_s: float, callback: Callable[[], object]
    ) -> None:
        self.due_s = due_s
        self._waits = waits
        self._callback: Callable[[], object] | None = callback
        self.loop = get_running_loop()
        self._handle = self.loop.call_later(delay_s, self._fire)

    def cancel(self) -> None:
        """Call it off."""
        self._callback = None
        self._handle.cancel()
        self._waits.forget(self)

    def come(self) -> None:
        """Its time was skipped: have it fire on its own loop."""
        with suppress(RuntimeError):  # the loop is closed: nobody is there any more
            self.loop.call_soon_threadsafe(self._fire)

    def _fire(self) -> None:
        callback = self._callback
        self.cancel()
        if callback is not None:
            callback()


_LOCK = Lock()
_joined: list[NoWaiting] = []
_DETOURED: WeakSet[Registry] = WeakSet()
"""Registries of gears that lived through a time without waiting: they stay off the straight path."""


def _registries() -> list[Registry]:
    """Of the gears that are on the machine's clock."""
    table: Any = sys.modules.get("switchgear.registry.table")  # without it there is no gear
    found: list[Registry] = [] if table is None else list(table._REGISTRIES)  # noqa: SLF001  the one place that knows all of them
    return [one for one in found if isinstance(one._clock, SystemClock)]  # noqa: SLF001  as above


def _unchanged(_: Key, function: Callable[..., Any], __: bool) -> Callable[..., Any]:
    return function


def _due_s(timer: _Timer) -> float:
    return timer.due_s


def _bindable(method: Callable[..., Any]) -> Callable[..., Any]:
    """The same as a function, which a class makes a method of."""

    def bindable(*args: Any) -> Any:
        return method(*args)

    return bindable


def _wake(woken: Future[None]) -> None:
    if not woken.done():
        woken.set_result(None)
