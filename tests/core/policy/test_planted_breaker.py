"""Owns what a circuit tells of its moves, how a failure is noted the short way, and what a class alone decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import switchgear as sg
from switchgear.core.circuit import Rules, Settlement
from switchgear.core.event import CircuitMoved
from switchgear.core.words import CircuitState, Key, Kind, Scope
from switchgear.testing import FakeClock
from tests.core.policy.breakers import Bench

if TYPE_CHECKING:
    from switchgear.core.policy.plan import Policy

OPEN, CLOSED, HALF = CircuitState.OPEN, CircuitState.CLOSED, CircuitState.HALF_OPEN
FORCED_OPEN, FORCED_CLOSED = CircuitState.FORCED_OPEN, CircuitState.FORCED_CLOSED

# ------------------------------------------------------------------------------- what is told of a move


def told(bench: Bench) -> tuple[CircuitState, CircuitState, str, str]:
    """The newest move: from where, to where, why, and by whom."""
    move = bench.told.of(CircuitMoved)[-1]
    return move.old, move.new, move.reason, move.by


def test_a_hold_and_its_end_say_who_and_why() -> None:
    """With a person's own words; a release without any says what it is."""
    bench = Bench()
    bench.breaker.hold(FORCED_OPEN, by="ops", why="incident")
    assert told(bench) == (CLOSED, FORCED_OPEN, "incident", "ops")
    bench.breaker.release(by="ops")
    assert told(bench) == (FORCED_OPEN, CLOSED, "released", "ops")
    bench.breaker.hold(FORCED_CLOSED, by="ops", why="test")
    bench.breaker.release(by="dev", why="it is over")
    assert told(bench) == (FORCED_CLOSED, CLOSED, "it is over", "dev")


def test_a_reset_says_who_and_why() -> None:
    """And what it is, where nobody said more."""
    bench = Bench()
    bench.open()
    bench.breaker.reset(by="ops")
    assert told(bench) == (OPEN, CLOSED, "reset", "ops")
    bench.open()
    bench.breaker.reset(by="dev", why="they are back")
    assert told(bench) == (OPEN, CLOSED, "they are back", "dev")


def test_a_move_of_its_own_says_why_and_names_nobody() -> None:
    """It opened for what happened, was probed when its time came, and closed because its probes succeeded."""
    bench = Bench()
    bench.open()
    assert told(bench) == (CLOSED, OPEN, "3 failures in a row, last HTTP 503", "")
    bench.recover()
    bench.call(Settlement.SUCCESS)
    moves = [(one.old, one.new, one.reason, one.by) for one in bench.told.of(CircuitMoved)][-2:]
    assert moves == [
        (OPEN, HALF, "3 failures in a row, last HTTP 503", ""),
        (HALF, CLOSED, "its probes succeeded", ""),
    ]


def test_a_hold_whose_time_is_over_says_so() -> None:
    """Nobody released it."""
    bench = Bench()
    bench.breaker.hold(FORCED_OPEN, by="ops", why="incident", for_s=5)
    move = bench.told.of(CircuitMoved)[-1]
    assert move.until_s == bench.clock.monotonic_s() + 5
    bench.clock.advance(5)
    bench.ticket()
    assert told(bench) == (FORCED_OPEN, CLOSED, "the hold ended", "")


def test_a_reset_of_what_is_closed_is_told_to_nobody() -> None:
    """There was nothing to close, though what was counted is forgotten."""
    bench = Bench()
    bench.call(Settlement.FAILURE)
    bench.breaker.reset(by="ops")
    assert (bench.told.of(CircuitMoved), bench.breaker.view().failures) == ([], 0)


def test_only_openings_of_its_own_are_counted() -> None:
    """Not one that a person ends up in by letting go of what was open before."""
    bench = Bench()
    bench.open()
    assert bench.breaker.openings == 1
    bench.breaker.hold(FORCED_CLOSED, by="ops", why="test")
    bench.breaker.release(by="ops")
    assert (bench.state, bench.breaker.openings) == (OPEN, 1)


# ------------------------------------------------------------------------------- what is shown


def test_a_circuit_shows_how_long_it_has_been_as_it_is() -> None:
    """From its making, and from each move on."""
    bench = Bench()
    bench.clock.advance(7)
    assert bench.breaker.view().since_s == 7
    bench.open()
    bench.clock.advance(2)
    assert (bench.breaker.view().since_s, bench.breaker.view().retry_after_s) == (2, 8)


def test_attempts_that_are_overdue_show_that_the_next_call_is_refused() -> None:
    """Two of two are out for too long: whoever asks now opens it, and looking does not; one of two would be borne."""
    rules = Rules(
        failure_threshold=None,
        slow_call_rate=1.0,
        slow_call_s=1.0,
        minimum_calls=2,
        reset_timeout_s=10,
    )
    bench = Bench(rules)
    bench.ticket()
    bench.clock.advance(2)
    assert bench.breaker.view().retry_after_s == 0
    bench.ticket()
    bench.clock.advance(2)
    for _ in range(2):
        seen = bench.breaker.view()
        assert (seen.state, seen.retry_after_s, seen.generation) == (CLOSED, 10, 1)
    assert bench.refusal().retry_after_s == 10
    assert (bench.state, bench.breaker.view().retry_after_s) == (OPEN, 10)


def test_what_is_throttled_is_shown_as_who_comes_next_and_is_unlucky_finds_it() -> None:
    """The share that passes says how likely that is; looking draws no chance."""
    bench = Bench(Rules(failure_threshold=None, throttle_ratio=1.5, minimum_calls=1))
    bench.clock.chance = lambda: 0.99
    for _ in range(20):
        bench.breaker.settle(bench.ticket(), Settlement.FAILURE, "HTTP 503")
    seen = bench.breaker.view()
    assert 0 < seen.passing < 1
    assert seen.retry_after_s == 0


# ------------------------------------------------------------------------------- the short way


def test_failures_are_noted_the_short_way_up_to_the_last_that_is_borne() -> None:
    """With a threshold of three two are noted; the third is settled in full, and opens it."""
    bench = Bench()
    with bench.breaker.domain.lock:
        way = bench.breaker.way_locked()
    assert way is not None
    assert [bench.breaker.failed_short(way) for _ in range(3)] == [True, True, False]
    assert (bench.breaker.dirty, bench.breaker.view().failures) == (True, 2)


def test_a_late_failure_and_one_under_a_wider_that_is_dirty_are_settled_in_full() -> None:
    """Neither may be counted by a number alone."""
    bench = Bench()
    with bench.breaker.domain.lock:
        old = bench.breaker.way_locked()
    assert old is not None
    bench.breaker.reset(by="ops")
    assert not bench.breaker.failed_short(old)
    with bench.breaker.domain.lock:
        way = bench.breaker.way_locked()
    assert way is not None
    bench.breaker.domain.dirty = True
    assert not bench.breaker.failed_short(way)
    assert bench.breaker.view().failures == 0


def test_a_failure_that_found_no_room_is_settled_once() -> None:
    """It is owed no more when it goes to be settled; one that was counted meanwhile goes nowhere."""
    bench = Bench(Rules(failure_threshold=1, reset_timeout_s=10))
    with bench.breaker.domain.lock:
        way = bench.breaker.way_locked()
    assert way is not None
    assert not bench.breaker.failed_short(way)  # noted, and taken back
    assert bench.breaker._is_counted(way)


# ------------------------------------------------------------------------------- what a class alone decides


def policy_of(effect: str = "trade") -> Policy:
    """A key without retries."""
    gear = sg.Switchgear(clock=FakeClock())
    gear.configure("*", retries=0, effect=effect)
    return gear.policy(Key.of("kraken", "do_something"))


def test_what_a_class_alone_decides_of_a_method_is_kept() -> None:
    """For every key of the same plan; the second error is not looked at again."""
    policy = policy_of()
    first = policy.final(ConnectionResetError("one"))
    assert first is not None
    assert (first.kind, first.scope, first.ambiguous) == (Kind.NETWORK, Scope.METHOD, True)
    assert policy.plan.finals == {ConnectionResetError: first}
    reading = policy_of("read").final(ConnectionResetError("one"))
    assert reading is not None
    assert not reading.ambiguous


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError("the exchange's"),
        sg.ApiError("by its status", status=503),
        ValueError("x"),
    ],
)
def test_what_must_be_looked_at_is_not_kept(error: Exception) -> None:
    """A failure of the whole exchange, an answer, a class that no table knows: final, and judged each time."""
    policy = policy_of()
    assert policy.final(error) is not None
    assert policy.plan.finals == {}


@pytest.mark.parametrize(
    "error",
    [
        KeyboardInterrupt(),
        sg.CircuitOpenError("a", "b", Scope.METHOD, "c", 1.0),
        sg.DeadlineExceeded("a", "b", 1.0),
        sg.ApiError("limit", status=429),
        sg.ApiError("refused", status=400),
    ],
)
def test_what_is_no_failure_of_the_method_ends_nothing_at_once(error: BaseException) -> None:
    """An exit, a rejection, a time limit, a gate's business, a refusal: the flow decides."""
    assert policy_of().final(error) is None


def test_classes_without_end_are_not_kept_without_end() -> None:
    """256 at most, and then from the beginning."""
    policy, sizes = policy_of(), list[int]()
    for number in range(300):
        made = type(f"Reset{number}", (ConnectionResetError,), {})
        assert policy.final(made("x")) is not None
        sizes.append(len(policy.plan.finals))
    assert (max(sizes), sizes[255], sizes[256]) == (256, 256, 1)


def test_what_the_settings_call_neutral_ends_nothing_at_once() -> None:
    """By class or by a function's word; one that raises, or says no, has said nothing."""

    def says(error: BaseException) -> bool:
        if "broken" in str(error):
            raise ValueError("the function's own fault")
        return "neutral" in str(error)

    gear = sg.Switchgear(clock=FakeClock())
    gear.configure("*", retries=0, effect="trade", ignore=(KeyError, says))
    policy = gear.policy(Key.of("kraken", "do_something"))
    assert policy.final(KeyError("any")) is None
    assert not policy.plan.ignores(KeyboardInterrupt())
    assert policy.final(ConnectionResetError("neutral")) is None
    assert policy.final(ConnectionResetError("plain")) is not None
    assert policy.final(ConnectionResetError("broken")) is not None


def test_an_unknown_class_is_judged_by_what_the_call_does() -> None:
    """Of a trade it leaves the outcome open, of a read it does not."""
    trade, read = (
        policy_of("trade").final(ValueError("x")),
        policy_of("read").final(ValueError("x")),
    )
    assert trade is not None
    assert read is not None
    assert (trade.ambiguous, read.ambiguous) == (True, False)


def test_retries_that_a_trade_may_not_have_leave_its_failure_final() -> None:
    """They are for what is proved unsent, which the flow sends again."""
    gear = sg.Switchgear(clock=FakeClock())
    gear.configure("*", retries=3, effect="trade")
    policy = gear.policy(Key.of("kraken", "do_something"))
    assert policy.final(ConnectionResetError("it may be booked")) is not None
    assert policy.final(ConnectionRefusedError("it never left")) is None


# ------------------------------------------------------------------------------- which gate an error closes


@pytest.mark.parametrize(
    ("kind", "scope", "wait_s", "closed"),
    [
        (Kind.RATE_LIMITED, Scope.ADDRESS, 5.0, Scope.ADDRESS),
        (Kind.RATE_LIMITED, Scope.METHOD, 5.0, None),
        (Kind.BANNED, Scope.ADDRESS, None, Scope.ADDRESS),
        (Kind.AUTHENTICATION, Scope.ACCOUNT, None, Scope.ACCOUNT),
        (Kind.MAINTENANCE, Scope.EXCHANGE, 60.0, Scope.EXCHANGE),
        (Kind.MAINTENANCE, Scope.EXCHANGE, None, None),
    ],
)
def test_an_error_closes_the_gate_of_its_scope(
    kind: Kind, scope: Scope, wait_s: float | None, closed: Scope | None
) -> None:
    """None for a method's own business, and for a maintenance of which nobody said how long."""
    policy = policy_of("read")
    gate = policy.gate_of(sg.Verdict(kind, scope, retryable=True, retry_after_s=wait_s))
    assert (None if gate is None else gate.scope) is closed


def test_orders_have_a_gate_of_their_own() -> None:
    """A limit of new orders closes it for the calls that place some, and a limit of the account the other."""
    policy = policy_of("trade")
    orders = policy.gate_of(sg.Verdict(Kind.ORDER_RATE_LIMITED, Scope.ACCOUNT, retry_after_s=5.0))
    account = policy.gate_of(sg.Verdict(Kind.RATE_LIMITED, Scope.ACCOUNT, retry_after_s=5.0))
    assert orders is not None
    assert account is not None
    assert (orders.orders_only, account.orders_only) == (True, False)
    assert (orders.scope, account.scope) == (Scope.ACCOUNT, Scope.ACCOUNT)
