"""Owns the race of a late asynchronous attempt with a second one; whether a second is allowed is left to flow."""

from __future__ import annotations

from asyncio import FIRST_COMPLETED, CancelledError, create_task, get_running_loop, wait
from dataclasses import dataclass
from functools import partial
from types import NoneType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from asyncio import Future, Task
    from collections.abc import Awaitable, Callable

    from switchgear.core.clock import Clock

T = TypeVar("T")

_ASTRAY: set[Task[Any]] = set()
"""Losers that did not end when they were cancelled: a loop alone would let the collector take them."""


_FAILURES = (Exception, CancelledError, NoneType)
"""How an attempt can fail, or not."""


@dataclass(frozen=True, slots=True)
class Raced(Generic[T]):
    """The value of the attempt that won."""

    value: T
    by_second: bool
    loser_error: BaseException | None
    """What the other failed with before this one won; None when it was cut off, or there was no other."""


@dataclass(frozen=True, slots=True)
class _Won(Generic[T]):
    value: T


@dataclass(frozen=True, slots=True)
class _Failed:
    error: BaseException


_End = _Won[T] | _Failed | None
"""How an attempt ended; None when the second was not allowed."""


async def race(
    clock: Clock,
    after_s: float,
    first: Callable[[], Awaitable[T]],
    second: Callable[[], Awaitable[T] | None],
) -> Raced[T]:
    """
    The value of the first attempt, or of a second that is begun when the first takes longer than after_s seconds.

    The first success wins; the other is cancelled, and given one turn of the loop to end. When one fails the other
    decides; when both fail the error of the first is raised. Each runs in a task of its own with the context of
    the caller. A cancellation from outside cancels both and is raised when they have ended.

    Args:
        clock: Where the time comes from.
        after_s: Seconds that the first has for itself; at 0 or less, one turn of the loop.
        first: Begins the first attempt.
        second: Begins the second, or gives None where none is allowed; called once at most.
    """
    tasks = [create_task(_attempt(first))]
    try:
        if not await _ends_within(clock, after_s, tasks[0]):
            tasks.append(create_task(_attempt(partial(_unless_done, tasks[0], second))))
            await _decided(tasks)
        return await _outcome(tasks)
    except CancelledError:
        await _stopped(tasks)
        raise
    finally:
        while tasks:  # the error that is raised leads to this frame, which must not lead back to it
            _leave(tasks.pop())


async def _attempt(begin: Callable[[], Awaitable[T] | None]) -> _End[T]:
    """How it ended; kept as a value, so that no error is lost in a task, and none ends the loop from there."""
    try:
        begun = begin()
        return None if begun is None else _Won(await begun)
    except BaseException as error:  # noqa: BLE001  raised again by race, in the task of the caller
        return _Failed(error)


def _unless_done(
    one: Task[_End[T]], second: Callable[[], Awaitable[T] | None]
) -> Awaitable[T] | None:
    return None if one.done() else second()


async def _ends_within(clock: Clock, after_s: float, task: Task[_End[T]]) -> bool:
    loop = get_running_loop()
    over: Future[None] = loop.create_future()
    ring = partial(_ring, over)
    timer = loop.call_soon(ring) if after_s <= 0 else clock.timer(after_s, ring)
    try:
        await wait((task, over), return_when=FIRST_COMPLETED)
    finally:
        timer.cancel()
    return task.done()


def _ring(over: Future[None]) -> None:
    if not over.done():
        over.set_result(None)


async def _turn() -> None:
    loop = get_running_loop()
    turned: Future[None] = loop.create_future()
    loop.call_soon(_ring, turned)
    await turned


async def _decided(tasks: list[Task[_End[T]]]) -> None:
    """Return when one has won, both have ended, or one ended in a way that passes at once."""
    pending = set(tasks)
    while pending and not any(isinstance(_end(task), _Won) for task in tasks) and not _fatal(tasks):
        _, pending = await wait(pending, return_when=FIRST_COMPLETED)


async def _outcome(tasks: list[Task[_End[T]]]) -> Raced[T]:
    _raise_fatal(tasks)
    number = next((n for n, task in enumerate(tasks) if isinstance(_end(task), _Won)), None)
    if number is None:
        raise _error(tasks[0]) or CancelledError()  # without a name, as at the end of race
    others = tasks[:number] + tasks[number + 1 :]
    loser_error = next(map(_error, others), None)
    if any(_cut(other) for other in others):
        await _turn()
        _raise_fatal(others)
    return Raced(_value(tasks[number]), number > 0, loser_error)


def _value(task: Task[_End[T]]) -> T:
    end = _end(task)
    assert isinstance(end, _Won)
    return end.value


async def _stopped(tasks: list[Task[_End[T]]]) -> None:
    """Cancel what runs and return when it has ended, however often this task is cancelled meanwhile."""
    pending = {task for task in tasks if _cut(task)}
    while pending:
        try:
            _, pending = await wait(pending)
        except CancelledError:
            for task in pending:
                task.cancel()
    _raise_fatal(tasks)


def _cut(task: Task[_End[T]]) -> bool:
    """Cancel it, unless it has ended or was cancelled before; whether it was cancelled now."""
    return not task.done() and not task.cancelling() and task.cancel()


def _leave(task: Task[_End[T]]) -> None:
    """Let one that has not ended go its way."""
    if not task.done():
        try:
            _cut(task)
        except RuntimeError:  # the loop is closed: the collector has the race, and gets this too
            return
        _ASTRAY.add(task)
        task.add_done_callback(_came_home)


def _came_home(task: Task[_End[Any]]) -> None:
    _ASTRAY.discard(task)
    _raise_fatal([task])  # the loop passes on what ends a program


def _end(task: Task[_End[T]]) -> _End[T]:
    if not task.done():
        return None
    # One that was cancelled before its first step has no result.
    return _Failed(CancelledError()) if task.cancelled() else task.result()


def _error(task: Task[_End[T]]) -> BaseException | None:
    end = _end(task)
    return end.error if isinstance(end, _Failed) else None


def _fatal(tasks: list[Task[_End[T]]]) -> BaseException | None:
    """What is not the failure of an attempt but the end of a program."""
    errors = (_error(task) for task in tasks)
    return next((error for error in errors if not isinstance(error, _FAILURES)), None)


def _raise_fatal(tasks: list[Task[_End[T]]]) -> None:
    fatal = _fatal(tasks)
    if fatal is not None:
        raise fatal
