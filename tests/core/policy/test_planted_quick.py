"""Owns the end that needs no course: what is told and settled of a call whose one failure is final, time after time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

import switchgear as sg
from switchgear.core import path
from switchgear.core.event import CallFailed, CallRejected, CircuitMoved
from switchgear.core.words import CircuitState, Kind, Scope
from switchgear.testing import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BOTH = pytest.mark.parametrize("colour", ["sync", "async"])


class Bench:
    """A trade of one exchange that fails as it is told, and every failure that is told of it."""

    def __init__(self, exchange: str, colour: str, **settings: Any) -> None:
        self.clock = FakeClock()
        self.gear = sg.Switchgear(clock=self.clock)
        self.told: list[CallFailed] = []
        self.moves: list[CircuitMoved] = []
        self.gear.on(CallFailed, self.told.append)
        self.gear.on(CircuitMoved, self.moves.append)
        self.exchange = exchange
        self.colour = colour
        self.guard = self.gear.guarded(exchange, "create_order", timeout_s=None, **settings)

    def fail(self, error: BaseException, after_s: float = 0.0) -> None:
        """One call, which fails after a while, and raises that very error."""

        def trade() -> None:
            self.clock.advance(after_s)
            raise error

        with pytest.raises(type(error)) as caught:
            self.run(trade)
        assert caught.value is error
        self.gear.flush()

    def run(self, trade: Callable[[], object]) -> object:
        """One call, in this colour."""

        async def trade_async() -> object:
            return trade()

        if self.colour == "sync":
            return self.guard(trade)()
        return asyncio.run(self.guard(trade_async)())

    def failures(self, method: str = "create_order") -> int:
        """How many in a row a circuit has counted."""
        return self.gear.circuit(self.exchange, method).failures

    def used(self, limit: str) -> float:
        """What is used of a limit."""
        return next(view.used for view in self.gear.limits() if view.limit == limit)


@pytest.fixture
def benches() -> Iterator[list[Bench]]:
    """Those that a test has made; closed after it."""
    made: list[Bench] = []
    yield made
    for bench in made:
        bench.gear.close()


def bench(made: list[Bench], exchange: str, colour: str, **settings: Any) -> Bench:
    """A bench that is closed in the end."""
    made.append(Bench(exchange, colour, **settings))
    return made[-1]


@BOTH
def test_each_failure_of_a_class_is_told_whole(benches: list[Bench], colour: str) -> None:
    """The first, which is looked at, and those after it, of which the class is known: nothing is left out of any."""
    one = bench(benches, "kraken", colour, failure_threshold=9)
    ends: list[float] = []
    for number in range(1, 5):
        one.fail(ConnectionResetError(f"number {number}"), after_s=number / 4)
        ends.append(one.clock.monotonic_s())
    assert [event.error for event in one.told] == [
        f"ConnectionResetError: number {number}" for number in range(1, 5)
    ]
    assert [event.duration_s for event in one.told] == [0.25, 0.5, 0.75, 1.0]
    assert [event.at_s for event in one.told] == ends
    assert {(event.kind, event.ambiguous, event.attempts) for event in one.told} == {
        (Kind.NETWORK, True, 1)
    }
    assert len({event.call_id for event in one.told}) == 4
    found = one.gear.metrics("kraken", "create_order")
    assert (found.failed_calls, found.total_calls, found.in_flight) == (4, 4, 0)
    assert found.errors_by_kind == {"network": 4}
    assert found.last_error == "ConnectionResetError: number 4"
    assert (one.failures(), one.failures("@exchange"), one.failures("@account")) == (4, 0, 0)


@BOTH
def test_classes_do_not_stand_for_each_other(benches: list[Bench], colour: str) -> None:
    """A timeout after resets is a timeout, and a refused connection the whole exchange's."""
    one = bench(benches, "kraken", colour, failure_threshold=9)
    for error in (ConnectionResetError("a"), TimeoutError("b"), ConnectionResetError("c")):
        one.fail(error)
    one.fail(ConnectionRefusedError("d"))
    assert [event.kind for event in one.told] == [
        *(Kind.NETWORK, Kind.TIMEOUT, Kind.NETWORK),
        Kind.NETWORK,
    ]
    assert [event.ambiguous for event in one.told] == [True, True, True, False]
    assert (one.failures(), one.failures("@exchange")) == (3, 1)


@BOTH
def test_the_failure_that_opens_is_told_as_any_other(benches: list[Bench], colour: str) -> None:
    """And the circuit opens for it, in its words."""
    one = bench(benches, "kraken", colour, failure_threshold=3)
    for number in range(3):
        one.fail(ConnectionResetError(f"number {number}"), after_s=0.5)
    assert [event.duration_s for event in one.told] == [0.5, 0.5, 0.5]
    assert [move.reason for move in one.moves] == [
        "3 failures in a row, last ConnectionResetError: number 2"
    ]
    assert one.gear.circuit("kraken", "create_order").state is CircuitState.OPEN


@BOTH
def test_a_failure_beside_a_wider_that_counts_is_neutral_there(
    benches: list[Bench], colour: str
) -> None:
    """A reset says nothing of the exchange, which has failed before and is not healed by it."""
    one = bench(benches, "kraken", colour, failure_threshold=9)
    one.fail(ConnectionRefusedError("nobody there"))
    one.fail(ConnectionResetError("a"))
    one.fail(ConnectionResetError("b"))
    assert (one.failures("@exchange"), one.failures()) == (1, 2)


@BOTH
def test_an_answer_is_told_with_its_marks(benches: list[Bench], colour: str) -> None:
    """Status and code; it proves that what is wider is up."""
    one = bench(benches, "kraken", colour, failure_threshold=9)
    one.fail(ConnectionRefusedError("nobody there"))
    one.fail(sg.ApiError("down", status=503, code="E7"))
    end = one.told[-1]
    assert (end.status, end.code, end.kind) == (503, "E7", Kind.OVERLOADED)
    assert end.error == "ApiError: down (HTTP 503, code E7)"
    assert (one.failures("@exchange"), one.failures()) == (0, 1)


@BOTH
@pytest.mark.parametrize(
    ("error", "used"),
    [
        (ConnectionResetError("lost"), 6),  # it may have been counted, and nobody told
        (sg.ApiError("down", status=503), 5),  # the answer came: what was told before holds
        (ConnectionRefusedError("never sent"), 5),
    ],
)
def test_what_a_failed_order_costs_at_a_limit(
    benches: list[Bench], colour: str, error: Exception, used: float
) -> None:
    """Five were used, by the exchange's own word; twice over, for the second time the class is known."""
    one = bench(benches, "binance", colour, failure_threshold=9)
    for _ in range(2):
        sent_s = one.clock.monotonic_s()
        one.clock.advance(0.001)
        one.gear.heard(
            "binance", {"X-MBX-ORDER-COUNT-1D": "5"}, method="create_order", sent_s=sent_s
        )
        one.clock.advance(0.001)
        one.fail(error)
        assert one.used("orders_1d") == used
        one.clock.advance(0.001)
        sent_s = one.clock.monotonic_s()
        one.clock.advance(0.001)
        one.gear.heard(
            "binance", {"X-MBX-ORDER-COUNT-1D": "5"}, method="create_order", sent_s=sent_s
        )
        assert (
            one.used("orders_1d") == 5
        )  # asked later, so it knows of all; and nothing is under way
        one.clock.advance(2 * 86_400)


@BOTH
def test_a_refusal_unasked_is_told_whole(benches: list[Bench], colour: str) -> None:
    """Why, by which scope and for how long; nothing else is told of such a call, so it has no id."""
    one = bench(benches, "kraken", colour, failure_threshold=1)
    one.fail(ConnectionResetError("gone"))
    told: list[CallRejected] = []
    one.gear.on(CallRejected, told.append)
    one.clock.advance(10)
    with pytest.raises(sg.CircuitOpenError) as caught:
        one.run(int)
    one.gear.flush()
    why = "circuit open: 1 failures in a row, last ConnectionResetError: gone"
    [event] = told
    assert (event.call_id, event.at_s) == (0, one.clock.monotonic_s())
    assert (event.scope, event.reason, event.retry_after_s) == (Scope.METHOD, why, 20.0)
    refused = caught.value
    assert (refused.scope, refused.reason, refused.retry_after_s) == (Scope.METHOD, why, 20.0)


@BOTH
@pytest.mark.parametrize("threshold", [1, 9])
@pytest.mark.parametrize("exchange", ["kraken", "binance"])
@pytest.mark.parametrize(
    "error",
    [ConnectionResetError("a"), ValueError("b"), sg.ApiError("c", status=503)],
    ids=["class", "unknown", "status"],
)
def test_nothing_of_it_goes_through_the_flow(
    benches: list[Bench],
    monkeypatch: pytest.MonkeyPatch,
    colour: str,
    threshold: int,
    exchange: str,
    error: Exception,
) -> None:
    """Whatever is to be looked at, opened or paid: the course, which costs several times as much, is not made."""
    one = bench(benches, exchange, colour, failure_threshold=threshold)
    for driver in ("drive", "adrive"):
        monkeypatch.setattr(path, driver, None)
    for _ in range(min(threshold, 3)):
        one.fail(error)


class Untouched:
    """A lock that nobody may take."""

    def __enter__(self) -> None:
        raise AssertionError("the lock was taken")

    def __exit__(self, *_: object) -> None:
        """Never come to."""


@BOTH
@pytest.mark.parametrize(
    "error", [ConnectionResetError("a"), ValueError("b")], ids=["class", "unknown"]
)
def test_a_failure_that_moves_nothing_takes_no_lock(
    benches: list[Bench], colour: str, error: Exception
) -> None:
    """Below the threshold it is one append, whether its class is known or it was looked at."""
    one = bench(benches, "kraken", colour, failure_threshold=9)
    one.fail(error)
    domain = one.guard.policy.breaker.domain
    lock, domain.lock = domain.lock, Untouched()  # type: ignore[assignment]
    one.fail(error)
    domain.lock = lock
    assert one.failures() == 2


@BOTH
def test_an_open_circuit_answers_unasked_until_its_time(benches: list[Bench], colour: str) -> None:
    """Who says no, until when and why stands ready, and nothing does while a gate may have a later instant."""
    one = bench(benches, "kraken", colour, failure_threshold=1)
    policy = one.guard.policy
    assert (policy.shut, policy.way is None) == (None, False)
    one.fail(ConnectionResetError("gone"))
    why = "circuit open: 1 failures in a row, last ConnectionResetError: gone"
    until_s = one.clock.monotonic_s() + 30
    assert policy.shut == (until_s, "kraken", "create_order", Scope.METHOD, why)
    assert policy.way is None
    gate = policy.gates[0]
    gate.close_for(sg.Verdict(Kind.RATE_LIMITED, gate.scope, retry_after_s=60.0), "said so")
    assert [policy.shut] == [None]
    assert policy.closed_gate(gate.until_s - 0.5) is gate
    assert policy.closed_gate(gate.until_s) is None
