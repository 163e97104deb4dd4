"""
Owns two ways to make the same guarded call, on threads and on an event loop, so that one scenario
tests both.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from threading import Event
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    import switchgear as sg

PATIENCE_S = 20.0  # a bound for a test that hangs; no test waits for it


class Boom(Exception):
    """The exchange failed in a way that no table knows: it counts."""


class Flight(Protocol):
    """One call that was begun."""

    def is_out(self) -> bool:
        """Whether the function is still running."""
        ...

    def end(self, error: BaseException | None = None) -> BaseException | None:
        """Let the function return, or raise; what the caller got instead of a value."""
        ...

    def cancel(self) -> None:
        """Cut it off from outside."""
        ...

    def rejection(self) -> BaseException | None:
        """The error of a call that is over; None when it has a value."""
        ...


class Colour(Protocol):
    """A way to make calls."""

    def begin(self, guard: sg.Guarded) -> Flight:
        """Begin a call; when this returns its function runs, or the call is over."""
        ...

    def begin_many(self, guard: sg.Guarded, count: int) -> list[Flight]:
        """Begin many at the same instant."""
        ...

    def call(self, guard: sg.Guarded, body: Callable[[], object]) -> object:
        """A whole call of a function of this colour that runs body."""
        ...

    def close(self) -> None:
        """Give back threads or loop."""
        ...


class ThreadFlight:
    """A call in a thread."""

    def __init__(self) -> None:
        self.at_work = Event()
        self.orders: SimpleQueue[BaseException | None] = SimpleQueue()
        self.future: Future[object] = Future()

    def work(self) -> str:
        """What is guarded: it does as it is told."""
        self.at_work.set()
        order = self.orders.get(timeout=PATIENCE_S)
        if order is not None:
            raise order
        return "value"

    def is_out(self) -> bool:
        return not self.future.done()

    def end(self, error: BaseException | None = None) -> BaseException | None:
        self.orders.put(error)
        return self.rejection()

    def cancel(self) -> None:
        # A thread is not cancelled from outside; what leaves a call so is Ctrl-C.
        assert isinstance(self.end(KeyboardInterrupt()), KeyboardInterrupt)

    def rejection(self) -> BaseException | None:
        return self.future.exception(timeout=PATIENCE_S)


class SyncColour:
    """Calls of plain functions, each in its thread."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(64)

    def begin(self, guard: sg.Guarded) -> Flight:
        return self.begin_many(guard, 1)[0]

    def begin_many(self, guard: sg.Guarded, count: int) -> list[Flight]:
        flights = [ThreadFlight() for _ in range(count)]
        for flight in flights:
            flight.future = self._pool.submit(guard(flight.work))
            flight.future.add_done_callback(lambda _, f=flight: f.at_work.set())  # type: ignore[misc]
        for flight in flights:
            assert flight.at_work.wait(PATIENCE_S)
        return list(flights)

    def call(self, guard: sg.Guarded, body: Callable[[], object]) -> object:
        def work() -> object:
            return body()

        return guard(work)()

    def close(self) -> None:
        self._pool.shutdown()


class TaskFlight:
    """A call in a task."""

    def __init__(self, runner: asyncio.Runner) -> None:
        self._runner = runner
        self._loop = runner.get_loop()
        self.at_work = asyncio.Event()
        self._order: asyncio.Future[None] = self._loop.create_future()
        self.task: asyncio.Task[object] | None = None

    async def work(self) -> str:
        """What is guarded: it does as it is told."""
        self.at_work.set()
        await self._order
        return "value"

    async def begin(self, guarded: Callable[[], object]) -> None:
        """Start the task."""

        async def run() -> object:
            try:
                return await guarded()  # type: ignore[misc]  # the guard keeps the colour
            finally:
                self.at_work.set()

        self.task = asyncio.ensure_future(run())

    def is_out(self) -> bool:
        return self.task is not None and not self.task.done()

    def end(self, error: BaseException | None = None) -> BaseException | None:
        if error is None:
            self._order.set_result(None)
        else:
            self._order.set_exception(error)
        return self.rejection()

    def cancel(self) -> None:
        assert self.task is not None
        self.task.cancel()
        assert isinstance(self.rejection(), asyncio.CancelledError)

    def rejection(self) -> BaseException | None:
        async def over() -> BaseException | None:
            assert self.task is not None
            (result,) = await asyncio.gather(self.task, return_exceptions=True)
            return result if isinstance(result, BaseException) else None

        return self._runner.run(over())


class AsyncColour:
    """
    Calls of coroutine functions, each in its task, on one loop that runs while something is asked
    of it.
    """

    def __init__(self) -> None:
        self._runner = asyncio.Runner()

    def begin(self, guard: sg.Guarded) -> Flight:
        return self.begin_many(guard, 1)[0]

    def begin_many(self, guard: sg.Guarded, count: int) -> list[Flight]:
        flights = [TaskFlight(self._runner) for _ in range(count)]

        async def begin() -> None:
            for flight in flights:
                await flight.begin(guard(flight.work))
            for flight in flights:
                await flight.at_work.wait()

        self._runner.run(begin())
        return list(flights)

    def call(self, guard: sg.Guarded, body: Callable[[], object]) -> object:
        async def work() -> object:
            return body()

        async def run() -> object:
            return await guard(work)()

        return self._runner.run(run())

    def close(self) -> None:
        self._runner.close()
