"""Owns making calls through a breaker, on threads and on a loop, so that one that never comes back stops nobody."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from inspect import isawaitable
from threading import Condition, Event, Thread
from typing import TYPE_CHECKING, Any, Protocol

from switchgear.testing.conformance.adapter import optional

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from switchgear.testing.conformance.adapter import AnyBreaker

TURNS_QUICK = 200
"""Turns of the loop that a call gets to run or come back, each as short as it can be."""
TURNS_LONG = 50
"""And then so many of a millisecond, for a breaker that asks a thread or a timer."""
TURN_S = 0.001


class Colour(StrEnum):
    """What kind of functions are guarded."""

    SYNC = "sync"
    ASYNC = "async"


class Flight:
    """One call: its function does its work at once or, where it has none, waits to be told how to end."""

    def __init__(self, work: Callable[[], object] | None = None, *, forgets: bool = False) -> None:
        self.work = work
        self.forgets = forgets
        """Its error is not kept, so that nothing of the suite holds the frames behind it."""
        self.ran = False
        """The breaker let the function begin."""
        self.over = False
        """The caller has value or error."""
        self.value: object = None
        self.error: BaseException | None = None
        self.told = (
            asyncio.Event()
        )  # a plain flag for threads: it belongs to no loop until one waits for it
        self.order: BaseException | None = None

    @property
    def waits(self) -> bool:
        """Neither begun nor refused."""
        return not self.ran and not self.over

    def obey(self) -> str:
        """End as it was told."""
        if self.order is not None:
            raise self.order
        return "value"


class Calls(Protocol):
    """A colour's way to make calls."""

    colour: Colour

    def start(self, breaker: AnyBreaker, flights: Sequence[Flight]) -> None:
        """Begin calls, all at one instant."""
        ...

    def until(self, condition: Callable[[], bool]) -> bool:
        """Let things happen until it holds; False when it does not within the bound."""
        ...

    def tell(self, flight: Flight, error: BaseException | None) -> None:
        """Let a waiting function return, or raise."""
        ...

    def cancel(self, flight: Flight) -> None:
        """Cut a call off, as its colour is: cancelled from outside, or by Ctrl-C within."""
        ...

    def nest(self, breaker: AnyBreaker, work: Callable[[], object]) -> object:
        """From within a function of this colour: another call."""
        ...

    def close(self) -> None:
        """Give back what is held."""
        ...


class Threads:
    """Calls of functions, each in a thread of its own."""

    colour = Colour.SYNC

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._changed = Condition()

    def start(self, breaker: AnyBreaker, flights: Sequence[Flight]) -> None:
        """Begin calls, each in its thread, all let loose together."""
        go = Event()
        for flight in flights:
            # Daemons: one that hangs in somebody's lock must not keep the interpreter from its end.
            Thread(target=self._fly, args=(breaker, flight, go), daemon=True).start()
        go.set()

    def _fly(self, breaker: Any, flight: Flight, go: Event) -> None:
        def function() -> object:
            with self._changed:
                flight.ran = True
                self._changed.notify_all()
            if flight.work is not None:
                return flight.work()
            with self._changed:
                self._changed.wait_for(flight.told.is_set)
            return flight.obey()

        go.wait()
        try:
            flight.value = breaker.call(function)
        except BaseException as error:  # noqa: BLE001  # whatever the caller gets is what is looked at
            flight.error = None if flight.forgets else error
        with self._changed:
            flight.over = True
            self._changed.notify_all()

    def until(self, condition: Callable[[], bool]) -> bool:
        """Wait until a flight changes so that it holds, for patience_s at most."""
        with self._changed:
            return self._changed.wait_for(condition, self._patience_s)

    def tell(self, flight: Flight, error: BaseException | None) -> None:
        """Let a waiting function go on."""
        with self._changed:
            flight.order = error
            flight.told.set()
            self._changed.notify_all()

    def cancel(self, flight: Flight) -> None:
        """Raise Ctrl-C within the function: a thread cannot be cancelled from outside."""
        self.tell(flight, KeyboardInterrupt())

    def nest(self, breaker: Any, work: Callable[[], object]) -> object:
        """Another call, in this thread."""

        def function() -> object:
            return work()

        return breaker.call(function)

    def close(self) -> None:
        """Nothing is held: a thread ends with its call."""


class Tasks:
    """Calls of coroutine functions, each in a task, on a loop that turns only while something is asked of it."""

    colour = Colour.ASYNC

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._tasks: dict[Flight, asyncio.Task[None]] = {}

    def start(self, breaker: AnyBreaker, flights: Sequence[Flight]) -> None:
        """Begin calls, each in its task; they move when the loop turns."""
        for flight in flights:
            self._tasks[flight] = self._loop.create_task(self._fly(breaker, flight))

    async def _fly(self, breaker: Any, flight: Flight) -> None:
        async def function() -> object:
            flight.ran = True
            if flight.work is None:
                await flight.told.wait()
                return flight.obey()
            value = flight.work()
            return await value if isawaitable(value) else value

        try:
            flight.value = await breaker.call_async(function)
        except BaseException as error:  # noqa: BLE001  # as above; the task is ours to cancel, nobody awaits it
            flight.error = None if flight.forgets else error
        flight.over = True
        self._tasks.pop(flight, None)

    def until(self, condition: Callable[[], bool]) -> bool:
        """Turn the loop until it holds, so many times at most."""
        for turn in range(TURNS_QUICK + TURNS_LONG):
            if condition():
                return True
            self._turn(0.0 if turn < TURNS_QUICK else TURN_S)
        return condition()

    def _turn(self, for_s: float) -> None:
        if for_s:
            self._loop.call_later(for_s, self._loop.stop)
        else:
            self._loop.call_soon(self._loop.stop)
        self._loop.run_forever()

    def tell(self, flight: Flight, error: BaseException | None) -> None:
        """Let a waiting function go on."""
        flight.order = error
        flight.told.set()

    def cancel(self, flight: Flight) -> None:
        """Cancel the call's task."""
        self._tasks[flight].cancel()

    def nest(self, breaker: Any, work: Callable[[], object]) -> Awaitable[object]:
        """Another call, to be awaited in this task."""

        async def function() -> object:
            return work()

        inner: Awaitable[object] = breaker.call_async(function)
        return inner

    def close(self) -> None:
        """Cancel what is left, and close the loop."""
        for task in list(self._tasks.values()):
            task.cancel()
        self.until(lambda: not self._tasks)
        self._loop.close()


def calls_of(breaker: AnyBreaker, colour: Colour, patience_s: float) -> Calls | None:
    """The way to call a breaker in a colour; None where it has no such call."""
    if colour is Colour.SYNC:
        return Threads(patience_s) if optional(breaker, "call") else None
    return Tasks() if optional(breaker, "call_async") else None
