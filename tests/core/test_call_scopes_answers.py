"""Owns what an answer, and the want of one, says of each circuit that a whole call passes."""

from __future__ import annotations

import pytest

import switchgear as sg
from switchgear.core.errors import AttemptTimeout
from switchgear.core.verdict import Answer, judge
from switchgear.core.words import Effect
from tests.core.floor import CLOSED, EXCHANGE, METHOD, OPEN, Floor, answer, floor

__all__ = ["floor"]


class ForeignError(Exception):
    """An error of somebody's own client that carries an answer."""

    def __init__(self, status: int) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        self.headers: dict[str, str] = {}


@pytest.mark.parametrize(
    "error",
    [ForeignError(500), ForeignError(404), answer(429), answer(401), answer(418), answer(502)],
    ids=["foreign 500", "foreign 404", "429", "401", "418", "502"],
)
def test_every_answer_heals_the_exchanges_count(floor: Floor, error: Exception) -> None:
    """Whoever carries the status, and whatever it says: somebody is there."""
    floor.unreachable(2)
    floor.fail(error, "get_order")
    assert floor.wide().failures == 0


@pytest.mark.parametrize("error", [answer(429), answer(418), ForeignError(500)], ids=str)
def test_every_answer_closes_the_exchanges_half_open_circuit(
    floor: Floor, error: Exception
) -> None:
    """Its question was whether anybody is there; what the answer closes instead is another matter."""
    floor.unreachable()
    floor.clock.advance(10)
    floor.fail(error, "get_order")
    assert floor.wide().state is CLOSED


def test_an_exchange_that_is_busy_closes_no_methods_half_open_circuit(floor: Floor) -> None:
    """Binance's -1008 counts at the exchange; the method's own probe has not succeeded by it."""
    floor.fail(answer(500, exchange="binance"), "binance.get_price", times=3)
    floor.clock.advance(10)
    verdict = judge(Answer(503, -1008, "Server is currently overloaded"), "binance", Effect.READ)
    assert verdict.scope is EXCHANGE
    busy = sg.ApiError("busy", status=503, code=-1008, verdict=verdict)
    floor.fail(busy, "binance.get_price")
    assert floor.gear.circuit("binance", "get_price").state is sg.CircuitState.HALF_OPEN
    assert floor.gear.circuit("binance", "@exchange").failures == 1


def test_timeouts_of_methods_are_no_slow_answers_of_the_exchange(floor: Floor) -> None:
    """Overdue there while they are out; cut, each proves something of its own method alone."""
    floor.gear.configure(
        "kraken", "@exchange", slow_call_rate=0.5, slow_call_s=2, minimum_calls=4, window_calls=4
    )

    def cut() -> None:
        floor.clock.advance(5)
        raise AttemptTimeout("no answer")

    for name in ("get_a", "get_b", "get_c", "get_d", "get_e"):
        with pytest.raises(AttemptTimeout):
            floor.colour.call(floor.guard(name), cut)
    floor.good("get_f")
    assert floor.wide().state is CLOSED
    assert floor.gear.circuit("kraken", "get_a").failures == 1


def test_timeouts_of_a_method_are_slow_answers_of_its_own(floor: Floor) -> None:
    """One sample each, in both rates: half of four were slow."""
    floor.gear.configure(
        "kraken", "get_a", slow_call_rate=0.5, slow_call_s=60, minimum_calls=4, window_calls=4
    )
    floor.gear.configure("kraken", "get_a", failure_threshold=None)
    floor.good("get_a", "get_a")
    floor.fail(AttemptTimeout("no answer"), "get_a", times=2)
    assert floor.rejection("get_a").scope is METHOD
    assert floor.gear.circuit("kraken", "get_a").state is OPEN
