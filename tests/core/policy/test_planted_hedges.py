"""Owns what a hedge leaves behind when one of its two attempts failed: weight, circuits, gates and tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from switchgear.core.policy.hedge import hedge_of
from switchgear.core.policy.scopes import SUCCESS
from switchgear.core.words import Kind
from tests.core.callkit import HttpError
from tests.core.engine_kit import COST, REFUSED, RESET, TOKENS, tokens
from tests.core.policy.test_hedge import Bench

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def bench() -> Iterator[Bench]:
    """A read on a bench."""
    made = Bench()
    yield made
    made.calls.close()


def weight(bench: Bench) -> float:
    """What is used of the exchange's limit."""
    (used,) = [view.used for view in bench.calls.gear.limits() if view.limit == "request_weight"]
    return used


@pytest.mark.parametrize(("error", "used"), [(REFUSED, 1), (RESET, 2)])
@pytest.mark.parametrize("by_second", [False, True])
def test_a_loser_that_was_never_sent_costs_no_weight(
    bench: Bench, by_second: bool, error: Exception, used: float
) -> None:
    """Nobody answered its connection: only the winner has been counted; what may have been sent is counted too."""
    hedge = bench.hedge()
    assert hedge.begin()
    if not by_second:
        hedge.failed(error)
    hedge.won(by_second=by_second, loser_error=error)
    assert hedge.settle(SUCCESS)
    assert weight(bench) == used


def test_the_gate_that_a_loser_closes_says_why(bench: Bench) -> None:
    """In the words of its own error."""
    hedge, error = bench.hedge(), HttpError(418, "300")
    assert hedge.begin()
    hedge.failed(error)
    hedge.won(by_second=False, loser_error=error)
    assert hedge.settle(SUCCESS)
    (gate,) = [gate for gate in bench.calls.gear.gates() if gate.closed]
    assert "HTTP 418" in gate.reason


@pytest.mark.parametrize(("error", "failures"), [(HttpError(500), 0), (RESET, 1)])
def test_a_second_that_was_answered_heals_what_is_wider(
    bench: Bench, error: Exception, failures: int
) -> None:
    """Both are lost, and the second's 500 proves that the exchange is there; a reset proves nothing."""
    refused = bench.calls.answers(REFUSED)
    bench.calls.gear.guarded("binance", "get_time", retries=0).try_call_sync(refused)
    hedge = bench.hedge()
    assert hedge.begin()
    hedge.failed(error)
    hedge.lost()
    assert bench.calls.gear.circuit("binance", "@exchange").failures == failures


def test_tokens_that_a_winner_gave_back_are_not_given_back_again(bench: Bench) -> None:
    """Others have spent some meanwhile: a second settlement gives them none."""
    hedge = bench.hedge()
    assert hedge.begin()
    assert bench.policy.budget is not None
    assert bench.policy.budget.take(Kind.TIMEOUT) == COST
    hedge.won(by_second=True, loser_error=None)
    for _ in range(2):
        assert hedge.settle(SUCCESS)
        assert tokens(bench.calls) == TOKENS - COST


def test_there_is_none_while_a_reload_takes_away_what_is_known(bench: Bench) -> None:
    """The plan still asks for a hedge, and how long its like takes is forgotten."""
    bench.learn()
    bench.policy.latency = None
    assert hedge_of(bench.course, bench.first) is None
