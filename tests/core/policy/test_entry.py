"""Owns how an attempt is let in: who is asked first, what it takes, and that what is refused has taken nothing."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

import switchgear as sg
from switchgear.core.circuit import HalfOpen, Settlement
from switchgear.core.policy.entry import Denied, Entry, Full, enter
from switchgear.core.policy.scopes import NEUTRAL, SUCCESS, Charge
from switchgear.core.words import Key, Kind, Scope, Verdict
from switchgear.testing import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from switchgear.core.policy.bulkhead import Bulkhead
    from switchgear.core.policy.plan import Policy

WIDEST_FIRST = (Scope.EXCHANGE, Scope.ADDRESS, Scope.ACCOUNT, Scope.METHOD)
NAMES = ("@exchange", "@address", "@account", "get_order")
FAIL = Charge(Settlement.FAILURE)
BANNED = Verdict(Kind.BANNED, Scope.ADDRESS, retry_after_s=600.0)
LIMITED = Verdict(Kind.RATE_LIMITED, Scope.ADDRESS, retry_after_s=20.0)
DOWN = Verdict(Kind.MAINTENANCE, Scope.EXCHANGE, retry_after_s=60.0)
BAD_KEY = Verdict(Kind.AUTHENTICATION, Scope.ACCOUNT)
ORDERS = Verdict(Kind.ORDER_RATE_LIMITED, Scope.ACCOUNT, retry_after_s=10.0)


class Bench:
    """A gear on a clock moved by hand, and a policy to enter."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.clock.chance = lambda: 0.0
        self.gear = sg.Switchgear(clock=self.clock)
        self.gear.configure("*", failure_threshold=3, reset_timeout_s=10, probe_lease_s=5)

    def policy(self, method: str = "get_order", exchange: str = "kraken") -> Policy:
        """What stands between callers and a method."""
        return self.gear.policy(Key.of(exchange, method))

    def enter(self, policy: Policy, held: Bulkhead | None = None) -> Entry | Denied | Full:
        """Ask to be let in now."""
        return enter(policy, self.clock.now_s, held)

    def entry(self, policy: Policy, held: Bulkhead | None = None) -> Entry:
        """Be let in, and be sure of it."""
        found = self.enter(policy, held)
        assert isinstance(found, Entry), found
        return found

    def denied(self, policy: Policy, held: Bulkhead | None = None) -> Denied:
        """Be denied, and be sure of it."""
        found = self.enter(policy, held)
        assert isinstance(found, Denied), found
        return found

    def full(self, policy: Policy) -> Full:
        """Find no room, and be sure of it."""
        found = self.enter(policy)
        assert isinstance(found, Full), found
        return found

    def open(self, policy: Policy) -> None:
        """Fail until the method's circuit opens."""
        for _ in range(3):
            self.entry(policy).settle(FAIL, "HTTP 503")

    def close(self, policy: Policy, verdict: Verdict) -> None:
        """Close the gate that an error closes."""
        gate = policy.gate_of(verdict)
        assert gate is not None
        gate.close_for(verdict, "why")


@pytest.fixture
def bench() -> Iterator[Bench]:
    """A bench that is cleared away."""
    made = Bench()
    yield made
    made.gear.close()


def limited(bench: Bench, **most: int) -> Policy:
    """A policy with so many places in flight at each name."""
    policy = bench.policy()
    for name, places in most.items():
        method = name if name == "get_order" else f"@{name}"
        bench.gear.configure("kraken", method, max_in_flight=places)
    return policy


def in_flight(policy: Policy) -> dict[Scope, int]:
    """Places that are taken, by scope."""
    return {scope: bulkhead.in_flight for scope, bulkhead in policy.bulkheads}


def used(bench: Bench) -> float:
    """What is used of all of Binance's limits, what is on its way included."""
    return sum(view.used for view in bench.gear.limits())


# ------------------------------------------------------------------------------------- who is asked


@pytest.mark.parametrize(
    ("verdict", "wait_s"), [(BANNED, 600.1), (LIMITED, 20.1), (DOWN, 60.1), (BAD_KEY, 30.1)]
)
def test_a_closed_gate_denies_and_asks_no_circuit(
    bench: Bench, verdict: Verdict, wait_s: float
) -> None:
    """The denial names the gate's scope and its time; a half-open circuit keeps its place for who may go."""
    policy = bench.policy()
    bench.open(policy)
    bench.clock.advance(10)
    before = policy.breaker.circuit
    bench.close(policy, verdict)
    found = bench.denied(policy)
    assert (found.error, found.scope) == (sg.GateClosedError, verdict.scope)
    assert found.retry_after_s == pytest.approx(wait_s)
    assert policy.breaker.circuit is before
    bench.clock.advance(wait_s)
    assert bench.entry(policy).ticket.is_probe


def test_of_several_gates_the_one_that_is_closed_for_longest_answers(bench: Bench) -> None:
    """Whichever comes first: what is told is when a call can be made."""
    policy = bench.policy()
    for verdict, longest in ((LIMITED, LIMITED), (DOWN, DOWN), (BAD_KEY, DOWN), (BANNED, BANNED)):
        bench.close(policy, verdict)
        assert bench.denied(policy).scope is longest.scope
    assert bench.denied(policy).retry_after_s == pytest.approx(600.1)


@pytest.mark.parametrize("name", NAMES)
def test_a_persons_hold_comes_before_a_closed_gate(bench: Bench, name: str) -> None:
    """What is held open by hand says so, with its scope and without the gate's time."""
    policy = bench.policy()
    bench.close(policy, BANNED)
    bench.gear.hold("kraken", name, by="me", why="a test")
    found = bench.denied(policy)
    assert (found.error, found.scope) == (sg.CircuitOpenError, WIDEST_FIRST[NAMES.index(name)])
    assert found.reason == "circuit held open by me: a test"
    assert found.retry_after_s is None
    bench.gear.release("kraken", name, by="me")
    assert bench.denied(policy).error is sg.GateClosedError


@pytest.mark.parametrize("name", NAMES)
def test_a_hold_that_lets_pass_opens_no_gate(bench: Bench, name: str) -> None:
    """Held closed by hand, a banned address stays silent all the same."""
    policy = bench.policy()
    bench.close(policy, BANNED)
    bench.gear.hold("kraken", name, state="closed", by="me", why="a test")
    assert bench.denied(policy).error is sg.GateClosedError


def test_an_orders_limit_denies_orders_alone(bench: Bench) -> None:
    """A cancel and a lookup of the same account go on."""
    orders = bench.policy("create_order")
    bench.close(orders, ORDERS)
    found = bench.denied(orders)
    assert found.scope is Scope.ACCOUNT
    assert found.retry_after_s == pytest.approx(10.1)
    for method in ("cancel_order", "get_order"):
        bench.entry(bench.policy(method))


def test_a_gate_that_opened_by_time_alone_opens_the_straight_path_too(bench: Bench) -> None:
    """Nobody tells it: the first attempt afterwards finds out."""
    policy = bench.policy()
    bench.close(policy, LIMITED)
    assert policy.way is None
    bench.clock.advance(20.2)
    assert policy.way is None
    bench.entry(policy)
    assert policy.way is not None


def test_a_circuit_denies_with_its_scope_and_time(bench: Bench) -> None:
    """The wider one's word is the word."""
    policy, other = bench.policy(), bench.policy("get_trades")
    bench.open(policy)
    bench.clock.advance(4)
    assert bench.denied(policy)[:2] == (sg.CircuitOpenError, Scope.METHOD)
    for _ in range(3):
        bench.entry(other).settle(FAIL._replace(scope=Scope.EXCHANGE), "refused")
    found = bench.denied(policy)
    assert (found.scope, found.retry_after_s) == (Scope.EXCHANGE, 10)
    assert found.reason == "circuit open: 3 failures in a row, last refused"


# --------------------------------------------------------------------------------- what is taken


def test_an_entry_takes_a_place_in_every_bulkhead_and_gives_it_back_once(bench: Bench) -> None:
    """However it ends, and however often that is said."""
    policy = limited(bench, exchange=3, account=3, get_order=3)
    taken = dict.fromkeys((Scope.EXCHANGE, Scope.ACCOUNT, Scope.METHOD), 1)
    for charge in (SUCCESS, NEUTRAL, FAIL):
        kept, entry = bench.entry(policy), bench.entry(policy)
        for _ in range(3):
            entry.settle(charge, "why")
            assert in_flight(policy) == taken
        kept.settle(charge, "why")
    assert set(in_flight(policy).values()) == {0}


@pytest.mark.parametrize(
    ("name", "scope"), [("exchange", Scope.EXCHANGE), ("get_order", Scope.METHOD)]
)
def test_a_full_bulkhead_has_taken_nothing_elsewhere(bench: Bench, name: str, scope: Scope) -> None:
    """What had room gets its place back at once, and the one that had none is named, to wait for."""
    policy = limited(bench, **{"exchange": 5, "account": 5, "get_order": 5, name: 1})
    first = bench.entry(policy)
    before = in_flight(policy)
    found = bench.full(policy)
    assert in_flight(policy) == before
    assert found.bulkhead is dict(policy.bulkheads)[scope]
    assert found.denied[:2] == (sg.BulkheadFullError, scope)
    first.settle(SUCCESS)
    bench.entry(policy)


def test_no_room_uses_up_no_probes_place(bench: Bench) -> None:
    """Half-open with a place, but no place in flight: the circuit is not asked."""
    policy, other = limited(bench, exchange=1), bench.policy("get_trades")
    bench.open(policy)
    bench.clock.advance(10)
    busy = bench.entry(other)
    before = policy.breaker.circuit
    bench.full(policy)
    assert policy.breaker.circuit is before
    busy.settle(SUCCESS)
    assert bench.entry(policy).ticket.is_probe


def entering(looks: int) -> tuple[type, list[int], dict[Scope, int]]:
    """How one fares whose method's open time ends at a look at the clock, with no place free; and what is taken."""
    bench, read = Bench(), count()
    policy, other = limited(bench, exchange=1), bench.policy("get_trades")
    bench.open(policy)
    bench.entry(other)
    bench.clock.advance(9.9)

    def reading() -> float:
        bench.clock.now_s += 0.2 * (next(read) == looks)
        return bench.clock.now_s

    bench.clock.monotonic_s = reading
    found = type(bench.enter(policy)), leases(policy), in_flight(policy)
    bench.gear.close()
    return found


def test_nobody_is_let_in_without_a_place_whenever_the_open_time_ends() -> None:
    """Between looking and asking, too: the probe finds no place in flight, or is denied as before."""
    ways = [entering(looks) for looks in range(8)]
    assert {found for found, _, _ in ways} == {Denied, Full}
    assert {sum(probes) for _, probes, _ in ways} == {0}
    assert {taken[Scope.EXCHANGE] for _, _, taken in ways} == {1}


def test_what_a_circuit_refuses_has_taken_no_place(bench: Bench) -> None:
    """Open: denied at once, even where no place is free, for waiting would be in vain."""
    policy, other = limited(bench, exchange=1), bench.policy("get_trades")
    bench.open(policy)
    assert in_flight(policy) == {Scope.EXCHANGE: 0}
    assert bench.denied(policy).error is sg.CircuitOpenError
    assert in_flight(policy) == {Scope.EXCHANGE: 0}
    bench.entry(other)
    assert bench.denied(policy).error is sg.CircuitOpenError


def test_what_is_throttled_gives_back_what_it_took(bench: Bench) -> None:
    """The lot is drawn last: who loses had a place and weight, and has them no more."""
    bench.gear.configure("binance", "get_order", throttle_ratio=1, failure_threshold=None)
    bench.gear.configure("binance", "@exchange", max_in_flight=50)
    policy = bench.policy(exchange="binance")
    bench.clock.chance = lambda: 0.99
    for _ in range(20):
        bench.entry(policy).settle(FAIL, "overloaded", unsent=True)
    bench.clock.chance = lambda: 0.0
    found = bench.denied(policy)
    assert (found.error, found.scope) == (sg.CircuitOpenError, Scope.METHOD)
    assert found.reason.startswith("throttled")
    assert (in_flight(policy), used(bench)) == ({Scope.EXCHANGE: 0}, 0)


def test_weight_is_taken_with_all_the_rest_or_not_at_all(bench: Bench) -> None:
    """Too heavy for what is left: the places go back, and it is said when to ask again."""
    bench.gear.configure("binance", "@exchange", max_in_flight=5)
    bench.gear.configure("binance", "get_order", weight=4_000)
    policy = bench.policy(exchange="binance")
    first = bench.entry(policy)
    weighed = used(bench)
    found = bench.full(policy)
    assert found.denied[:2] == (sg.GateClosedError, Scope.ADDRESS)
    assert 0 < found.wait_s <= 60.2
    assert found.bulkhead is None
    assert (in_flight(policy), used(bench)) == ({Scope.EXCHANGE: 1}, weighed)
    first.settle(SUCCESS)
    bench.clock.advance(found.wait_s)
    bench.entry(policy)


@pytest.mark.parametrize(("unsent", "left"), [(True, 0), (False, 4_000)])
def test_weight_comes_back_for_what_was_never_sent(
    bench: Bench, left: float, *, unsent: bool
) -> None:
    """What is proved never to have left cost nothing there."""
    bench.gear.configure("binance", "get_order", weight=4_000)
    policy = bench.policy(exchange="binance")
    bench.entry(policy).settle(FAIL, "why", unsent=unsent)
    assert bench.gear.limits()[0].used == left


# ------------------------------------------------------------- with a place from standing in line


@pytest.mark.parametrize("why", ["gate", "circuit", "hold"])
def test_a_place_from_the_line_goes_back_when_the_attempt_is_denied(bench: Bench, why: str) -> None:
    """Whoever stood in line and is denied afterwards leaves the place to the next."""
    policy = limited(bench, get_order=1)
    bulkhead = dict(policy.bulkheads)[Scope.METHOD]
    stops: dict[str, Any] = {
        "gate": lambda: bench.close(policy, LIMITED),
        "circuit": lambda: bench.open(policy),
        "hold": lambda: bench.gear.hold("kraken", "*", by="me", why="a test"),
    }
    stops[why]()
    assert bulkhead.enter()
    bench.denied(policy, bulkhead)
    assert bulkhead.in_flight == 0


def test_a_place_from_the_line_is_not_taken_twice(bench: Bench) -> None:
    """The entry has that very place, and the others it needs."""
    policy = limited(bench, exchange=1, get_order=1)
    bulkhead = dict(policy.bulkheads)[Scope.METHOD]
    assert bulkhead.enter()
    entry = bench.entry(policy, bulkhead)
    assert in_flight(policy) == {Scope.EXCHANGE: 1, Scope.METHOD: 1}
    entry.settle(SUCCESS)
    assert in_flight(policy) == {Scope.EXCHANGE: 0, Scope.METHOD: 0}


def test_a_place_from_the_line_goes_back_when_another_has_none(bench: Bench) -> None:
    """Nobody holds one bulkhead's place while standing in another's line."""
    policy, other = limited(bench, exchange=1, get_order=1), bench.policy("get_trades")
    bulkhead = dict(policy.bulkheads)[Scope.METHOD]
    bench.entry(other)
    assert bulkhead.enter()
    found = bench.enter(policy, bulkhead)
    assert isinstance(found, Full)
    assert found.denied.scope is Scope.EXCHANGE
    assert bulkhead.in_flight == 0


def test_a_place_outlives_the_limit_it_stood_in_line_for(bench: Bench) -> None:
    """The limit is taken away meanwhile: the attempt is let in, and leaves when it ends."""
    policy = limited(bench, get_order=1)
    bulkhead = dict(policy.bulkheads)[Scope.METHOD]
    assert bulkhead.enter()
    bench.gear.configure("kraken", "get_order", max_in_flight=None)
    entry = bench.entry(policy, bulkhead)
    assert bulkhead.in_flight == 1
    entry.settle(SUCCESS)
    assert bulkhead.in_flight == 0


def leases(policy: Policy) -> list[int]:
    """Probes that are out, at each circuit that is half-open."""
    states = [one.circuit.state for one in policy.scopes.breakers]
    return [len(state.leases) for state in states if isinstance(state, HalfOpen)]


def test_the_places_of_probes_are_given_back_with_the_places_in_flight(bench: Bench) -> None:
    """A cancelled probe of two circuits frees both, and its place in flight."""
    policy, other = limited(bench, exchange=1), bench.policy("get_trades")
    bench.open(policy)
    for _ in range(3):
        bench.entry(other).settle(FAIL._replace(scope=Scope.EXCHANGE), "refused")
    bench.clock.advance(10)
    entry = bench.entry(policy)
    assert (leases(policy), in_flight(policy)) == ([1, 1], {Scope.EXCHANGE: 1})
    entry.settle(NEUTRAL)
    assert (leases(policy), in_flight(policy)) == ([0, 0], {Scope.EXCHANGE: 0})
