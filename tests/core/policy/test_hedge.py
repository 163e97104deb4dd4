"""Owns the hedge by itself: whether there is one, what it takes when it begins, and how it settles both attempts."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

import switchgear as sg
from switchgear.core.circuit import Settlement
from switchgear.core.event import HedgeStarted
from switchgear.core.policy.entry import Entry, enter
from switchgear.core.policy.flow import Course
from switchgear.core.policy.hedge import Hedge, hedge_of
from switchgear.core.policy.latency import LEAST
from switchgear.core.policy.scopes import NEUTRAL, SUCCESS, Charge
from tests.core.callkit import Boom, Calls, HttpError
from tests.core.engine_kit import COST, RESET, TOKENS, owed, policy, tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

    from switchgear.core.policy.plan import Policy

AFTER_S = 2.0


class Bench:
    """A call of one key whose first attempt is out."""

    def __init__(self, method: str = "get_price", **settings: Any) -> None:
        self.calls = Calls("async")
        settings = {"hedge": 0.95, "failure_rate": 1, "minimum_calls": 1000} | settings
        self.calls.guard(method, **settings)
        self.method = method
        self.course = Course(self.policy, (), None)
        self.first = self.entry()

    @property
    def policy(self) -> Policy:
        """Of its key."""
        return policy(self.calls, self.method)

    def entry(self) -> Entry:
        """An attempt that is let in."""
        found = enter(self.policy, self.calls.clock.now_s)
        assert isinstance(found, Entry)
        return found

    def learn(self, times: int = LEAST) -> None:
        """So many reads took as long."""
        assert self.policy.latency is not None
        for _ in range(times):
            self.policy.latency.add(AFTER_S)

    def hedge(self) -> Hedge:
        """The hedge of the first attempt."""
        self.learn()
        found = hedge_of(self.course, self.first)
        assert found is not None
        return found

    @property
    def counts(self) -> tuple[int, int]:
        """Attempts that were judged, and failures among them."""
        window = self.calls.gear.circuit("binance", self.method).window
        return (0, 0) if window is None else (window.calls, window.failures)

    @property
    def owed(self) -> dict[str, float]:
        """What has not come back."""
        return owed(self.calls, self.method)


@pytest.fixture
def bench() -> Iterator[Bench]:
    """A read on a bench."""
    made = Bench()
    yield made
    made.calls.close()


def test_there_is_one_from_twenty_on(bench: Bench) -> None:
    """Until then nothing is known; its time is the percentile of the newest."""
    bench.learn(LEAST - 1)
    assert hedge_of(bench.course, bench.first) is None
    bench.learn(1)
    found = hedge_of(bench.course, bench.first)
    assert found is not None
    assert found.after_s == AFTER_S


@pytest.mark.parametrize("method", ["create_order", "cancel_order"])
def test_there_is_none_for_what_is_no_read(method: str) -> None:
    """Whatever is known of its like."""
    bench = Bench(method)
    bench.learn()
    assert hedge_of(bench.course, bench.first) is None
    bench.calls.close()


def test_there_is_none_for_a_block_nor_without_the_setting(bench: Bench) -> None:
    """A block of code cannot run twice; a plan without a share asks for none."""
    bench.learn()
    bench.course.block = True
    assert hedge_of(bench.course, bench.first) is None
    bench.course.block = False
    assert hedge_of(bench.course, bench.first) is not None
    bench.calls.guard(hedge=None)
    assert hedge_of(bench.course, bench.first) is None


def test_beginning_takes_tokens_tickets_and_weight(bench: Bench) -> None:
    """And tells it, with how long the first had been out."""
    hedge = bench.hedge()
    assert bench.owed == {"weight": 1}
    assert hedge.begin()
    assert tokens(bench.calls) == TOKENS - COST
    assert bench.owed == {"weight": 2}
    (event,) = bench.calls.told(HedgeStarted)
    assert event.after_s == AFTER_S


@pytest.mark.parametrize("why", ["held", "gate", "weight", "place", "tokens"])
def test_what_may_not_begin_takes_nothing(bench: Bench, why: str) -> None:
    """No ticket, no token, no weight and no place is kept, and nothing is told."""
    calls, hedge = bench.calls, bench.hedge()
    match why:
        case "held":
            calls.gear.hold("binance", "@exchange", by="ops", why="incident")
        case "gate":
            limited = calls.answers(HttpError(429, "9"))
            calls.gear.guarded("binance", "get_time", retries=0).try_call_sync(limited)
        case "weight":
            calls.gear.heard("binance", {"x-mbx-used-weight-1m": "6000"})
        case "place":
            calls.gear.configure("binance", "get_price", max_in_flight=1)
            bench.entry()
        case _:
            calls.gear.configure("binance", retry_tokens=COST - 1)
    before = tokens(calls), bench.owed, calls.metrics().rejected_calls
    assert not hedge.begin()
    assert (tokens(calls), bench.owed, calls.metrics().rejected_calls) == before
    assert calls.told(HedgeStarted) == []


@pytest.mark.parametrize("by_second", [False, True])
def test_a_win_settles_both(bench: Bench, by_second: bool) -> None:
    """The winner as a success, the other as cut off; the tokens come back if they were well spent."""
    hedge = bench.hedge()
    assert hedge.begin()
    hedge.won(by_second=by_second, loser_error=None)
    assert hedge.settle(SUCCESS)
    assert bench.counts == (1, 0)
    assert bench.owed == {}
    assert tokens(bench.calls) == (TOKENS if by_second else TOKENS - COST)


@pytest.mark.parametrize("by_second", [False, True])
def test_the_winner_is_charged_as_told(bench: Bench, by_second: bool) -> None:
    """Whoever judges its value says what it was: a failure, or slow."""
    hedge = bench.hedge()
    assert hedge.begin()
    hedge.won(by_second=by_second, loser_error=None)
    assert hedge.settle(Charge(Settlement.FAILURE))
    assert bench.counts == (1, 1)
    assert bench.owed == {}


@pytest.mark.parametrize("by_second", [False, True])
@pytest.mark.parametrize(
    ("error", "counts"),
    [
        (RESET, (2, 1)),
        (Boom("?"), (2, 1)),
        (HttpError(404), (2, 0)),
        (LookupError("ignored"), (1, 0)),
        (asyncio.CancelledError(), (1, 0)),
    ],
)
def test_a_loser_that_failed_is_charged(
    by_second: bool, error: BaseException, counts: tuple[int, int]
) -> None:
    """By its own error, as it would have been alone; what is ignored, or was cut off, proves nothing."""
    bench = Bench(ignore=LookupError)
    hedge = bench.hedge()
    assert hedge.begin()
    if not by_second:
        hedge.failed(error)
    hedge.won(by_second=by_second, loser_error=error)
    assert hedge.settle(SUCCESS)
    assert bench.counts == counts
    assert bench.owed == {}
    bench.calls.close()


@pytest.mark.parametrize("by_second", [False, True])
def test_a_gate_that_the_loser_was_told_of_is_closed(bench: Bench, by_second: bool) -> None:
    """A ban is one, whoever of the two has the value."""
    hedge, error = bench.hedge(), HttpError(418, "300")
    assert hedge.begin()
    if not by_second:
        hedge.failed(error)
    hedge.won(by_second=by_second, loser_error=error)
    assert hedge.settle(SUCCESS)
    assert [gate.scope for gate in bench.calls.gear.gates() if gate.closed] == [sg.Scope.ADDRESS]


def test_a_win_of_a_first_that_was_alone_is_left_to_the_flow(bench: Bench) -> None:
    """No second was made: nothing is settled here."""
    hedge = bench.hedge()
    hedge.won(by_second=False, loser_error=None)
    assert not hedge.settle(SUCCESS)
    assert bench.owed == {"weight": 1}


@pytest.mark.parametrize(("error", "counts"), [(None, (0, 0)), (RESET, (1, 1))])
def test_a_race_that_is_lost_gives_the_second_back(
    bench: Bench, error: Exception | None, counts: tuple[int, int]
) -> None:
    """The second is charged with its own error, and with nothing where it was cut; the first is the flow's."""
    hedge = bench.hedge()
    assert hedge.begin()
    if error is not None:
        hedge.failed(error)
    hedge.lost()
    assert bench.counts == counts
    assert bench.owed == {"weight": 1}
    assert tokens(bench.calls) == TOKENS - COST
    bench.first.settle(NEUTRAL)
    assert bench.owed == {}


def test_settling_twice_changes_nothing(bench: Bench) -> None:
    """After a win nothing more is counted or given back, whatever follows."""
    hedge = bench.hedge()
    assert hedge.begin()
    hedge.won(by_second=True, loser_error=RESET)
    assert hedge.settle(SUCCESS)
    before = bench.counts, bench.owed, tokens(bench.calls)
    assert hedge.settle(SUCCESS)
    hedge.lost()
    bench.first.settle(NEUTRAL)
    assert (bench.counts, bench.owed, tokens(bench.calls)) == before


def test_a_race_without_a_second_is_lost_without_trace(bench: Bench) -> None:
    """The first failed before its time."""
    bench.hedge().lost()
    assert bench.owed == {"weight": 1}
    assert bench.calls.gear.circuit("binance", "get_price").state is sg.CircuitState.CLOSED


@pytest.mark.parametrize(
    ("timeout_s", "deadline_s", "limit_s"),
    [(None, None, None), (3, None, 3), (None, 5, 3), (2, 5, 2), (4, 5, 3), (4, 1, 0)],
)
def test_the_second_has_its_own_time_and_no_more_than_the_call(
    timeout_s: float | None, deadline_s: float | None, limit_s: float | None
) -> None:
    """Two seconds after the call was asked for: timeout_s anew, or what the deadline leaves of it."""
    bench = Bench(timeout_s=timeout_s, deadline_s=deadline_s)
    hedge = bench.hedge()
    bench.course.asked_s = bench.calls.clock.now_s
    bench.calls.clock.advance(AFTER_S)
    assert hedge.limit_s() == limit_s
    bench.calls.close()
