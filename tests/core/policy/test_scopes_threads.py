"""Owns the hammering of one exchange's circuits from eight threads on several keys, switched as often as can be."""

from __future__ import annotations

import os
import sys
from collections import Counter
from itertools import pairwise
from threading import Barrier, Event, Lock
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

import switchgear as sg
from switchgear.core.circuit import HalfOpen, Settlement
from switchgear.core.event import CircuitMoved
from switchgear.core.policy.scopes import NEUTRAL, SUCCESS, Charge, Scopes, Ticket
from switchgear.core.words import CircuitState, Key, Kind, Scope, Verdict
from switchgear.testing import FakeClock, Recorder
from tests.core.policy.crowd import PATIENCE_S, in_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from switchgear.core.policy.breaker import Breaker

T = TypeVar("T")
THREADS = 8
METHODS, ACCOUNTS = ("get_a", "get_b", "get_c", "create_d"), ("one", "two")
KEYS = [Key.of("kraken", method, account) for method in METHODS for account in ACCOUNTS]
FAIL = Settlement.FAILURE
LOST = Charge(FAIL, Scope.EXCHANGE)
LIMITED = Verdict(Kind.RATE_LIMITED, Scope.ADDRESS, retryable=True, retry_after_s=0.0)


@pytest.fixture(autouse=True)
def frequent_switches() -> Iterator[None]:
    """Threads take turns every microsecond, so that a gap in the locking is found and not passed over."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def hammer(work: Callable[[int], T]) -> list[T]:
    """What the same work gives in all threads, begun at one instant; an error, or a lock for ever, is raised here."""
    together = Barrier(THREADS)

    def begin(number: int) -> T:
        together.wait(PATIENCE_S)
        return work(number)

    def of(number: int) -> Callable[[], T]:
        return lambda: begin(number)

    running = [in_thread(of(number)) for number in range(THREADS)]
    return [future.result(PATIENCE_S) for future in running]


class Bench:
    """A gear on a clock moved by hand, and what calls of eight keys of one exchange pass."""

    def __init__(self, **exchange: Any) -> None:
        self.clock = FakeClock()
        self.told = Recorder()
        self.gear = sg.Switchgear(clock=self.clock)
        self.gear.on(CircuitMoved, self.told)
        self.gear.configure(
            "*", reset_timeout_s=10, probe_lease_s=1e6, retries=0, retry_tokens=None
        )
        self.gear.configure("kraken", "@exchange", **exchange)
        self.scopes = [self.gear.policy(key).scopes for key in KEYS]
        self.exchange: Breaker = self.scopes[0].breakers[0]
        assert {id(one.breakers[0]) for one in self.scopes} == {id(self.exchange)}

    def half_open(self) -> None:
        """Have the exchange's circuit await its probes."""
        while self.exchange.view().state is CircuitState.CLOSED:
            self.settle(self.scopes[0], Charge(FAIL, Scope.EXCHANGE))
        self.clock.advance(10)
        assert self.exchange.view().state is CircuitState.HALF_OPEN

    def settle(self, scopes: Scopes, charge: Charge) -> None:
        """A whole call."""
        ticket = scopes.admit()
        assert isinstance(ticket, Ticket)
        scopes.settle(ticket, charge, "why")


@pytest.fixture
def bench() -> Iterator[Bench]:
    """A bench whose exchange's circuit has its usual numbers."""
    made = Bench()
    yield made
    made.gear.close()


@pytest.mark.parametrize("probes", [1, 3])
def test_threads_of_many_keys_get_no_more_than_the_exchanges_probes(probes: int) -> None:
    """Eight keys ask at once, again and again: exactly `probes` go through, whoever they are, and close it for all."""
    bench = Bench(probes=probes, probes_to_close=probes)
    for _ in range(15):
        bench.half_open()
        asked = hammer(lambda at, b=bench: [(b.scopes[at], b.scopes[at].admit()) for _ in range(5)])  # type: ignore[misc]
        pairs = [(who, one) for some in asked for who, one in some if isinstance(one, Ticket)]
        assert len(pairs) == probes
        assert len({ticket.way[0] for _, ticket in pairs}) == probes
        hammer(lambda at, p=pairs: p[at % probes][0].settle(p[at % probes][1], SUCCESS))  # type: ignore[misc]
        assert bench.exchange.view().state is CircuitState.CLOSED
    bench.gear.close()


def test_threads_of_many_keys_lose_no_failure_of_the_exchange(bench: Bench) -> None:
    """All add to one count, and each to its own method's: both are exact."""
    each = 200
    bench.gear.configure("*", failure_threshold=10**9)

    def fail(at: int) -> None:
        for turn in range(each):
            scope = Scope.EXCHANGE if turn % 2 else Scope.METHOD
            bench.settle(bench.scopes[at], Charge(FAIL, scope))

    hammer(fail)
    assert bench.exchange.view().failures == THREADS * each // 2
    assert [one.own.view().failures for one in bench.scopes] == [each // 2] * THREADS


def test_calls_by_the_straight_path_lose_no_failure_either(bench: Bench) -> None:
    """Guarded calls of eight keys, half of which never reach the exchange, add up exactly in every scope."""
    each = 100
    bench.gear.configure("*", failure_threshold=10**9)

    def refused() -> None:
        raise ConnectionRefusedError

    def odd() -> None:
        raise ZeroDivisionError

    def fail(at: int) -> None:
        key = KEYS[at]
        guard = bench.gear.guarded(key.exchange, key.method, account=key.account)
        for turn in range(each):
            with pytest.raises((ConnectionRefusedError, ZeroDivisionError)):
                guard.call_sync(refused if turn % 2 else odd)

    hammer(fail)
    assert bench.exchange.view().failures == THREADS * each // 2
    assert [one.own.view().failures for one in bench.scopes] == [each // 2] * THREADS


def test_threads_open_the_exchange_exactly_once(bench: Bench) -> None:
    """All keys fail until they are refused: one opening, and no more calls than were out when it opened."""
    bench.gear.configure("kraken", "@exchange", failure_threshold=300)

    def fail_until_refused(at: int) -> int:
        admitted = 0
        while isinstance(ticket := bench.scopes[at].admit(), Ticket):
            bench.scopes[at].settle(ticket, Charge(FAIL, Scope.EXCHANGE), "why")
            admitted += 1
        return admitted

    admitted = sum(hammer(fail_until_refused))
    assert 300 <= admitted < 300 + THREADS
    assert bench.exchange.view().openings == 1
    assert {one.own.view().failures for one in bench.scopes} == {0}


def test_a_ticket_settled_by_all_threads_counts_once_in_every_scope(bench: Bench) -> None:
    """The same failure told by eight threads at once is one failure."""
    bench.gear.configure("*", failure_threshold=10**9)
    for _ in range(20):
        ticket = bench.scopes[0].admit()
        assert isinstance(ticket, Ticket)
        hammer(lambda _, t=ticket: bench.scopes[0].settle(t, LOST, "why"))  # type: ignore[misc]
    assert bench.exchange.view().failures == 20


class Spells:
    """Who is out as a probe of the exchange's circuit, spell by spell, and the most there were at once."""

    def __init__(self) -> None:
        self.over = Event()
        self.out = Counter[int]()
        self.most = Counter[int]()
        self._lock = Lock()

    def noted(self, ticket: Ticket, change: int) -> None:
        """One more, or one less."""
        with self._lock:
            spell = ticket.way[0].generation
            self.out[spell] += change
            self.most[spell] = max(self.most[spell], self.out[spell])

    def use(self, bench: Bench, at: int) -> int:
        """Call one key, until there were spells enough; how many calls were let in."""
        cut = Charge(FAIL)
        charges = (LOST, LOST, cut, NEUTRAL, SUCCESS, LOST, cut._replace(answered=True))
        scopes, settled = bench.scopes[at], 0
        for turn in range(20_000 if at == 0 else 6_000):
            answer = scopes.admit()
            if isinstance(answer, Ticket):
                if answer.way[0].probe:
                    self.noted(answer, 1)
                    os.sched_yield()  # while it is out, others ask
                    self.noted(answer, -1)  # before it is settled: never more than what is out
                scopes.settle(answer, charges[(turn * 5 + at * 3) % len(charges)], "why")
                settled += 1
            elif at == 0:
                bench.clock.advance(0.5)  # by one thread alone: it is made for one hand
                os.sched_yield()  # or the one that holds the probe might not get its turn
            if len(self.most) > 150:
                self.over.set()
            if self.over.is_set():
                break
        return settled


@pytest.mark.slow  # many spells, each with all threads in it
def test_through_many_spells_never_more_probes_are_out_than_places() -> None:
    """Eight keys ask, fail, succeed and give up: at any time two probes of the exchange at most are out."""
    bench, spells = Bench(failure_threshold=2, probes=2, probes_to_close=2), Spells()
    bench.gear.configure("kraken", "get_a", failure_threshold=2, reset_timeout_s=1)
    for _ in range(20):  # a busy machine may starve a whole round
        assert sum(hammer(lambda at: spells.use(bench, at))) > 0
        if spells.over.is_set():
            break
    assert len(spells.most) > 100, "too few spells to prove anything"
    assert max(spells.most.values()) <= 2
    assert set(spells.out.values()) == {0}
    bench.gear.flush()
    moves = [one for one in bench.told.of(CircuitMoved) if one.key.method == "@exchange"]
    for before, after in pairwise(moves):
        assert after.old is before.new
        assert after.generation == before.generation + 1
    state = bench.exchange.circuit.state
    assert not isinstance(state, HalfOpen) or not state.leases
    bench.gear.close()


def test_gates_settings_and_holds_at_the_same_time_lock_nobody_out(bench: Bench) -> None:
    """Calls, closing gates, settings, holds, resets, new keys and views from eight threads: all come to an end."""
    gear, turns = bench.gear, 60

    def limited() -> None:
        raise sg.ApiError("limited", status=429, verdict=LIMITED)

    def refused() -> None:
        raise ConnectionRefusedError

    def call(at: int, turn: int) -> None:
        key, body = KEYS[at], (limited, refused, lambda: "value")[turn % 3]
        guard = gear.guarded(key.exchange, key.method, account=key.account)
        guard.try_call_sync(body)

    def manage(at: int, turn: int) -> None:
        match at:
            case 4:
                gear.configure("kraken", failure_threshold=2 + turn % 3, ramp_s=turn % 2)
            case 5:
                gear.hold("kraken", ("@exchange", "*", "get_a")[turn % 3], by="me", why="a test")
                gear.release("kraken", by="me")
            case 6:
                gear.reset("kraken", ("*", "@exchange")[turn % 2], by="me")
                gear.guarded("kraken", f"get_new_{turn % 7}").try_call_sync(refused)
            case _:
                bench.clock.advance(0.3)
                gear.circuits()
                gear.health()

    def work(at: int) -> None:
        for turn in range(turns):
            (call if at < 4 else manage)(at, turn)

    hammer(work)
    gear.release("kraken", by="me")
    gear.reset("kraken", by="me")
    for key in KEYS:
        guard = gear.guarded(key.exchange, key.method, account=key.account)
        assert guard.call_sync(lambda: "value") == "value"
        assert gear.policy(key).way is not None
    assert {view.state for view in gear.circuits()} == {CircuitState.CLOSED}
