"""Owns the edges of being let in: a place from any line, a denial's words, forgotten keys, what a lost one costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import switchgear as sg
from switchgear.core.circuit import Settlement
from switchgear.core.policy.bulkhead import Bulkhead
from switchgear.core.policy.entry import Denied, Entry, Full, enter
from switchgear.core.policy.scopes import SUCCESS, Charge
from switchgear.core.words import Key, Kind, Scope, Verdict
from switchgear.testing import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from switchgear.core.policy.plan import Policy

LOST = Charge(Settlement.FAILURE)
ANSWERED = Charge(Settlement.FAILURE, answered=True)


class Bench:
    """A gear of few keys on a clock moved by hand, and attempts that ask to be let in."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.clock.chance = lambda: 0.0
        self.gear = sg.Switchgear(clock=self.clock, keys_max=3)

    def policy(self, exchange: str = "kraken", **settings: Any) -> Policy:
        """What stands between callers and a method, so set."""
        self.gear.configure(exchange, "get_order", **settings)
        return self.gear.policy(Key.of(exchange, "get_order"))

    def enter(self, policy: Policy, held: Bulkhead | None = None) -> Entry | Denied | Full:
        """Ask to be let in now."""
        return enter(policy, self.clock.now_s, held)

    def entry(self, policy: Policy, held: Bulkhead | None = None) -> Entry:
        """Be let in, and be sure of it."""
        found = self.enter(policy, held)
        assert isinstance(found, Entry), found
        return found


@pytest.fixture
def bench() -> Iterator[Bench]:
    """A bench that is cleared away."""
    made = Bench()
    yield made
    made.gear.close()


# ------------------------------------------------------------------------ a place from standing in line


def in_flight(policy: Policy) -> dict[Scope, int]:
    """Places that are taken, by scope."""
    return {scope: bulkhead.in_flight for scope, bulkhead in policy.bulkheads}


def test_a_place_from_the_line_of_a_wider_bulkhead_leaves_the_narrower_to_be_taken(
    bench: Bench,
) -> None:
    """Having stood in the exchange's line is no place at the method: it is taken too, or there is none."""
    bench.gear.configure("kraken", "@exchange", max_in_flight=2)
    policy = bench.policy(max_in_flight=1)
    exchange = dict(policy.bulkheads)[Scope.EXCHANGE]
    assert exchange.enter()
    entry = bench.entry(policy, exchange)
    assert in_flight(policy) == {Scope.EXCHANGE: 1, Scope.METHOD: 1}
    assert exchange.enter()
    found = bench.enter(policy, exchange)
    assert isinstance(found, Full)
    assert found.denied.scope is Scope.METHOD
    assert in_flight(policy) == {Scope.EXCHANGE: 1, Scope.METHOD: 1}
    entry.settle(SUCCESS)
    assert in_flight(policy) == {Scope.EXCHANGE: 0, Scope.METHOD: 0}


def test_a_place_outlives_the_bulkhead_that_gave_it(bench: Bench) -> None:
    """The key came back without any limit while one stood in line: the place that came is given back all the same."""
    policy, bulkhead = bench.policy(), Bulkhead(1)
    assert policy.bulkheads == ()
    assert bulkhead.enter()
    entry = bench.entry(policy, bulkhead)
    assert bulkhead.in_flight == 1
    entry.settle(SUCCESS)
    assert bulkhead.in_flight == 0


# ------------------------------------------------------------------------------ denied, or let in again


def test_a_denial_by_a_gate_says_why_it_was_closed(bench: Bench) -> None:
    """The caller reads what the exchange said when it closed."""
    policy = bench.policy()
    verdict = Verdict(Kind.BANNED, Scope.ADDRESS, retry_after_s=600.0)
    gate = policy.gate_of(verdict)
    assert gate is not None
    gate.close_for(verdict, "too many requests today")
    found = bench.enter(policy)
    assert isinstance(found, Denied)
    assert found.reason == "gate closed: too many requests today"


def is_forgotten(policy: Policy) -> bool:
    """Whether its key had to make room for others."""
    return policy.revive is not None


def test_an_attempt_under_a_forgotten_key_brings_the_key_back(bench: Bench) -> None:
    """Whoever kept the handle asks to be let in: the same policy is in use again, and is known under its key."""
    policy = bench.policy()
    for number in range(4):
        bench.gear.policy(Key.of("kraken", f"get_{number}"))
    assert is_forgotten(policy)
    bench.entry(policy).settle(SUCCESS)
    assert not is_forgotten(policy)
    assert bench.gear.policy(policy.key) is policy


# -------------------------------------------------------------------------------- what a lost one costs


@pytest.mark.parametrize(
    ("charge", "unsent", "used"),
    [
        (SUCCESS, False, 3_000),
        (ANSWERED, False, 3_000),
        (LOST, False, 4_000),
        (LOST, True, 3_000),
    ],
)
def test_the_weight_of_an_attempt_without_an_answer_comes_on_top_of_what_was_told(
    bench: Bench, charge: Charge, used: float, *, unsent: bool
) -> None:
    """Nobody knows whether the exchange counted it; what was answered is in its number, what never left is nowhere."""
    policy = bench.policy("binance", weight=1_000)
    entry = bench.entry(policy)
    bench.gear.heard("binance", {"X-MBX-USED-WEIGHT-1M": "3000"}, sent_s=bench.clock.now_s)
    entry.settle(charge, "why", unsent=unsent)
    [weight] = [one.used for one in bench.gear.limits() if one.limit == "request_weight"]
    assert weight == used
