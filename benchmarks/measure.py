"""
Owns the stopwatch: loops round a call, and the fairest minimum of many rounds; what is called is left to others.

A machine that others use runs the same code at once or twice its cost for seconds at a time. So all candidates run in
one process, in every round once, in an order drawn anew, and each keeps the best of its rounds.
"""

from __future__ import annotations

import gc
from itertools import repeat
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable, Sequence
    from random import Random

NUMBER_MAX = 100_000
"""Calls of one sample."""

Results = dict[tuple[str, str], float]
"""(name, kind) -> microseconds of one call."""


class Candidate(NamedTuple):
    """Something to measure: run makes so many calls and gives the seconds they took; after is not timed."""

    name: str
    kind: str
    run: Callable[[int], float]
    after: Callable[[], object] | None = None
    number: int | None = None
    """Calls of a sample; None as many as fit into the time of one."""


class Effort(NamedTuple):
    """How much time the measurements may take."""

    rounds: int
    sample_s: float
    quick: bool
    rng: Random


def calls(function: Callable[[], object]) -> Callable[[int], float]:
    """A loop round a function that returns."""

    def run(number: int) -> float:
        begun_s = perf_counter()
        for _ in repeat(None, number):
            function()
        return perf_counter() - begun_s

    return run


def raises(function: Callable[[], object], error: type[Exception]) -> Callable[[int], float]:
    """A loop round a function that raises; the raise and the catch are part of it."""

    def run(number: int) -> float:
        begun_s = perf_counter()
        for _ in repeat(None, number):
            try:
                function()
            except error:
                continue
        return perf_counter() - begun_s

    return run


def async_calls(
    runner: asyncio.Runner, function: Callable[[], Awaitable[Any]]
) -> Callable[[int], float]:
    """The same for a coroutine function that returns; the loop runs inside one task."""

    async def loop(number: int) -> float:
        begun_s = perf_counter()
        for _ in repeat(None, number):
            await function()
        return perf_counter() - begun_s

    return lambda number: runner.run(loop(number))


def async_raises(
    runner: asyncio.Runner, function: Callable[[], Awaitable[Any]], error: type[Exception]
) -> Callable[[int], float]:
    """The same for a coroutine function that raises."""

    async def loop(number: int) -> float:
        begun_s = perf_counter()
        for _ in repeat(None, number):
            try:
                await function()
            except error:
                continue
        return perf_counter() - begun_s

    return lambda number: runner.run(loop(number))


def then(run: Callable[[int], float], last: Callable[[], object]) -> Callable[[int], float]:
    """A loop whose sample ends with one more step, inside the clock."""

    def whole(number: int) -> float:
        seconds = run(number)
        begun_s = perf_counter()
        last()
        return seconds + perf_counter() - begun_s

    return whole


def measure(candidates: Sequence[Candidate], effort: Effort) -> Results:
    """The best of all rounds for each candidate."""
    numbers = [_calibrate(candidate, effort.sample_s) for candidate in candidates]
    best = [float("inf")] * len(candidates)
    order = list(range(len(candidates)))
    gc.collect()
    gc.freeze()  # what exists by now is not looked through again after each sample
    for _ in range(effort.rounds):
        effort.rng.shuffle(order)
        for index in order:
            best[index] = min(best[index], _sample(candidates[index], numbers[index]))
    return {
        (candidate.name, candidate.kind): seconds * 1e6
        for candidate, seconds in zip(candidates, best, strict=True)
    }


def _calibrate(candidate: Candidate, sample_s: float) -> int:
    """So many calls that a sample of each candidate takes the same time: a short one is luckier than a long one."""
    if candidate.number is not None:
        return candidate.number
    number = 8
    while number < NUMBER_MAX:
        each_s = min(_sample(candidate, number) for _ in range(3))
        if each_s * number > sample_s / 4:
            return min(NUMBER_MAX, max(8, int(sample_s / each_s)))
        number *= 4
    return NUMBER_MAX


def _sample(candidate: Candidate, number: int) -> float:
    """Seconds of one call, over so many calls without the garbage collector, as timeit does it."""
    gc.disable()
    try:
        seconds = candidate.run(number)
    finally:
        gc.enable()
    if candidate.after is not None:
        candidate.after()
    return seconds / number
