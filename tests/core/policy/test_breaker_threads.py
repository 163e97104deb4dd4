"""
Owns the hammering of one breaker from many threads that are switched as often as the interpreter
can.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from threading import Barrier, Event
from typing import TYPE_CHECKING, TypeVar

import pytest

from switchgear.core.circuit import Rules, Settlement
from switchgear.core.event import CircuitMoved
from switchgear.core.policy.scopes import Ticket
from switchgear.core.words import CircuitState
from tests.core.policy.breakers import Bench

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FAIL, GOOD, NEUTRAL = Settlement.FAILURE, Settlement.SUCCESS, Settlement.NEUTRAL
THREADS = 8
T = TypeVar("T")


@pytest.fixture(autouse=True)
def frequent_switches() -> Iterator[None]:
    """
    Threads take turns every microsecond, so that a gap in the locking is found and not passed
    over.
    """
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def hammer(work: Callable[[int], T]) -> list[T]:
    """
    The results of the same work in all threads, begun at the same instant; an error in one is
    raised here.
    """
    together = Barrier(THREADS)

    def begin(number: int) -> T:
        together.wait(timeout=30)
        return work(number)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(begin, range(THREADS)))


def test_threads_lose_no_failure() -> None:
    """Eight threads add their failures to one count; it is exact, as a lost update would show."""
    bench, each = Bench(Rules(failure_threshold=10**9)), 250

    hammer(lambda _: bench.call(*[FAIL] * each))

    assert bench.breaker.view().failures == THREADS * each
    assert bench.told.events == []


def test_threads_open_it_exactly_once_and_at_the_threshold() -> None:
    """
    All fail until refused: one opening, one event, and no more admissions than were out when it
    opened.
    """
    threshold = 500
    bench = Bench(Rules(failure_threshold=threshold))

    def fail_until_refused(_: int) -> int:
        for admitted in range(threshold + 1):
            answer = bench.breaker.admit()
            if not isinstance(answer, Ticket):
                return admitted
            bench.breaker.settle(answer, FAIL)
        return threshold + 1

    admitted = sum(hammer(fail_until_refused))
    assert threshold <= admitted < threshold + THREADS
    assert bench.moves == [(CircuitState.CLOSED, CircuitState.OPEN)]
    assert bench.breaker.view().openings == 1


@pytest.mark.parametrize("probes", [1, 3])
def test_pitfall_08_threads_get_no_more_than_the_probes(probes: int) -> None:
    """
    8: at the instant of recovery eight threads ask at once, again and again; exactly `probes` go
    through.
    """
    for _ in range(20):
        bench = Bench(Rules(reset_timeout_s=10, probes=probes, probes_to_close=probes))
        bench.open()
        bench.recover()
        asked = hammer(lambda _, b=bench: [b.breaker.admit() for _ in range(5)])  # type: ignore[misc]
        tickets = [answer for some in asked for answer in some if isinstance(answer, Ticket)]
        assert len(tickets) == probes
        assert len({ticket.way[0] for ticket in tickets}) == probes
        hammer(lambda n, b=bench, t=tickets: [b.breaker.settle(t[n % probes], GOOD)])  # type: ignore[misc]
        assert bench.state is CircuitState.CLOSED


def test_pitfall_02_threads_that_settle_one_ticket_settle_it_once() -> None:
    """2: the same ticket settled by all threads at once is one failure."""
    bench = Bench(Rules(failure_threshold=10**9))
    for _ in range(20):
        ticket = bench.ticket()
        hammer(lambda _, t=ticket: bench.breaker.settle(t, FAIL))  # type: ignore[misc]
    assert bench.breaker.view().failures == 20


@pytest.mark.slow  # many spells, each with all threads in it
def test_threads_through_opening_half_open_and_closing_lose_nothing() -> None:
    """Through many spells each probe is one of at most two, and the events are one unbroken chain."""
    bench = Bench(Rules(2, reset_timeout_s=1, probes=2, probes_to_close=2, probe_lease_s=1e9))
    over = Event()

    def use(number: int) -> tuple[Counter[Settlement], list[Ticket]]:
        settled, tickets = Counter[Settlement](), list[Ticket]()
        # The one that moves the clock goes on until enough has happened, however the threads are scheduled.
        for turn in range(20_000 if number == 0 else 5_000):
            answer = bench.breaker.admit()
            if isinstance(answer, Ticket):
                # A pattern of its own for each thread, so that spells end in every way.
                settlement = FAIL if (turn * 7 + number * 3) % 5 < 2 else GOOD
                bench.breaker.settle(answer, settlement)
                settled[settlement] += 1
                tickets.append(answer)
            elif number == 0:
                bench.clock.advance(0.5)  # by one thread alone: it is made for one hand
                os.sched_yield()  # or the one that holds the probe might not get its turn
            if number == 0 and len(bench.told.events) > 360:
                over.set()
            if over.is_set():
                break
        return settled, tickets

    results = hammer(use)
    while not over.is_set() and len(results) < 8 * 100:  # a busy machine may starve a whole round
        results += hammer(use)
    moves = bench.told.of(CircuitMoved)
    assert len(moves) > 300, "too few spells to prove anything"
    for before, after in pairwise(moves):
        assert after.old is before.new
        assert after.generation == before.generation + 1
        assert after.at_s >= before.at_s
    tickets = [ticket for _, some in results for ticket in some]
    assert len(tickets) == sum(settled.total() for settled, _ in results)
    probes = Counter(ticket.way[0].generation for ticket in tickets if ticket.way[0].probe)
    assert max(probes.values()) == 2
    assert len({ticket.way[0] for ticket in tickets if ticket.way[0].probe}) == probes.total()
    half_open = {move.generation for move in moves if move.new is CircuitState.HALF_OPEN}
    assert set(probes) == half_open
    openings = sum(move.new is CircuitState.OPEN for move in moves)
    assert bench.breaker.view().openings == openings


def test_threads_note_failures_without_the_lock_and_lose_none() -> None:
    """One short of the threshold it is closed, with all of them counted; one more opens it."""
    each = 400
    bench = Bench(Rules(failure_threshold=THREADS * each + 1, reset_timeout_s=5))
    with bench.breaker.domain.lock:
        way = bench.breaker.way_locked()
    assert way is not None

    def fail(number: int) -> None:
        for turn in range(each):
            if not bench.breaker.failed_short(way):
                with bench.breaker.domain.lock:
                    bench.breaker.settle_locked(None, way, FAIL, "down", 0.0)
            if turn % 7 == number:
                bench.breaker.view()

    hammer(fail)
    seen = bench.breaker.view()
    assert (seen.state, seen.failures) == (CircuitState.CLOSED, THREADS * each)
    fail_once = bench.ticket()
    bench.breaker.settle(fail_once, FAIL, "down")
    assert [new for _, new in bench.moves] == [CircuitState.OPEN]
