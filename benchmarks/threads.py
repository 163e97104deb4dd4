"""Owns the third row: counts under threads are exact, sleeping callers overlap, busy ones are not held up."""

from __future__ import annotations

import sys
import time
from threading import Barrier, Thread
from time import perf_counter
from typing import TYPE_CHECKING

from benchmarks.functions import answers
from benchmarks.peers import NEVER, PEERS
from benchmarks.table import Row
from switchgear import Switchgear

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.measure import Effort

THREADS = 4
SLEEP_S = 0.005
SWITCH_S = 1e-6
"""Between threads, where counts are to be lost if they can be."""


def rows(effort: Effort) -> Iterator[Row]:
    """The three lines."""
    yield _counts(2_000 if effort.quick else 50_000)
    with Switchgear() as gear:
        yield _sleeping(gear, effort)
        yield _busy(gear, effort)


def _together(work: Callable[[], object], threads: int) -> float:
    """Seconds that so many threads take for a piece of work each, from a common start."""
    barrier = Barrier(threads + 1)

    def run() -> None:
        barrier.wait()
        work()

    workers = [Thread(target=run) for _ in range(threads)]
    for worker in workers:
        worker.start()
    barrier.wait()
    begun_s = perf_counter()
    for worker in workers:
        worker.join()
    return perf_counter() - begun_s


def _counts(each: int) -> Row:
    """Every third call fails; the metrics must know each of them."""
    usual_s = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_S)
    try:
        with Switchgear() as gear:
            guarded = gear.guarded("bench", "create_count", failure_threshold=NEVER)(_third_fails)
            _together(lambda: _count_up(guarded, each), THREADS)
            found = gear.metrics("bench", "create_count")
    finally:
        sys.setswitchinterval(usual_s)
    made, failed = THREADS * each, THREADS * len(range(0, each, 3))
    exact = (
        found.total_calls == made
        and found.failed_calls == failed
        and found.success_calls == made - failed
        and found.in_flight == 0
    )
    note = (
        "" if exact else f"{found.failed_calls} of {failed} failures, {found.in_flight} in flight"
    )
    what = "4 threads, a third of the calls fail: calls counted"
    return Row(
        "threads_counts",
        what,
        found.total_calls,
        "calls",
        made,
        "made",
        1.0,
        holds=exact,
        note=note,
    )


def _third_fails(number: int) -> int:
    if number % 3 == 0:
        raise ConnectionResetError("connection reset by peer")
    return number


def _count_up(guarded: Callable[[int], int], each: int) -> None:
    for number in range(each):
        try:
            guarded(number)
        except ConnectionResetError:
            continue


def _sleeping(gear: Switchgear, effort: Effort) -> Row:
    """What one thread needs for four times the calls, over what four threads need."""
    each, rounds = (4, 2) if effort.quick else (40, 5)

    def nap() -> None:
        time.sleep(SLEEP_S)

    def overlap(function: Callable[[], object]) -> float:
        def work() -> None:
            for _ in range(each):
                function()

        alone = min(_together(work, 1) for _ in range(rounds))
        return THREADS * alone / min(_together(work, THREADS) for _ in range(rounds))

    ours = overlap(gear.guarded("bench", "get_nap")(nap))
    others = {
        peer.name: overlap(peer.guard(nap, False, False)) for peer in PEERS[:2]
    }  # pybreaker holds its lock while the function runs
    note = ", ".join(f"{name} {value:.2f}" for name, value in others.items())
    what = f"4 threads whose calls sleep {SLEEP_S * 1000:.0f} ms: overlap, of 4"
    return Row("threads_sleeping", what, ours, "", bound=3.9, at_least=True, note=note)


def _busy(gear: Switchgear, effort: Effort) -> Row:
    """Calls per second of four threads over those of one, the best of each."""
    each, rounds = (500, 2) if effort.quick else (20_000, 7)

    def share(function: Callable[[], object]) -> float:
        def work(number: int) -> None:
            for _ in range(number):
                function()

        alone, four = [], []
        for _ in range(rounds):
            alone.append(_together(lambda: work(THREADS * each), 1))
            gear.flush()
            four.append(_together(lambda: work(each), THREADS))
            gear.flush()
        return min(alone) / min(four)

    ours = share(gear.guarded("bench", "get_busy")(answers))
    theirs = share(PEERS[0].guard(answers, False, False))
    what = "4 busy threads: throughput, as a share of one thread's"
    return Row(
        "threads_busy",
        what,
        ours,
        "",
        bound=0.6,
        at_least=True,
        note=f"circuitbreaker {theirs:.2f}",
    )
