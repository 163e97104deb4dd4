"""
Proves what the guide says a circuit is for, what it is made of, and what each of its three states
does.
"""

from __future__ import annotations

import pytest
import requests

from switchgear import CircuitMoved, CircuitOpenError, CircuitState, guide
from switchgear.practice.sim.server import SimThread
from tests.guide.kit import DOWN, KEY, Bench, Boom, Venue, boom

OPEN, HALF, CLOSED = CircuitState.OPEN, CircuitState.HALF_OPEN, CircuitState.CLOSED


@pytest.mark.guide("Overview", "Introduction")
def test_an_exchange_that_fails_is_left_alone(bench: Bench, sim: SimThread) -> None:
    """After three failures on the wire the exchange is not asked again, however often a program calls."""
    venue = Venue(sim)
    sim.add_faults({"match": "ticker.price", **DOWN})
    for _ in range(3):
        with pytest.raises(requests.HTTPError):
            bench.execute(*KEY, venue.price)
    asked = venue.asked()
    for _ in range(20):
        with pytest.raises(CircuitOpenError):
            bench.execute(*KEY, venue.price)
    assert venue.asked() == asked


@pytest.mark.guide("Introduction")
def test_an_outage_stays_where_it_is(bench: Bench) -> None:
    """One exchange's open circuit holds back neither another exchange nor another method."""
    bench.fail()
    assert bench.named("alpaca", "getMarketData", lambda: 1) == 1
    assert bench.named("coinbase", "getMarketData", lambda: 2) == 2
    assert bench.named("binance", "getPortfolio", lambda: 3) == 3
    with pytest.raises(CircuitOpenError):
        bench.named("binance", "getMarketData", lambda: 4)


@pytest.mark.guide("Introduction")
def test_an_exchange_gets_time_to_recover(bench: Bench, sim: SimThread) -> None:
    """The exchange is asked again only when its time is over, and then serves as before."""
    venue = Venue(sim)
    sim.add_faults({"match": "ticker.price", "count": 3, **DOWN})
    for _ in range(3):
        with pytest.raises(requests.HTTPError):
            bench.execute(*KEY, venue.price)
    bench.clock.advance(29.9)
    with pytest.raises(CircuitOpenError):
        bench.execute(*KEY, venue.price)
    bench.clock.advance(0.1)
    assert float(bench.execute(*KEY, venue.price)) > 0
    assert bench.state() is CLOSED


@pytest.mark.guide("Key Components", "1. Circuit Breaker Core")
def test_the_core_counts_times_and_moves(bench: Bench) -> None:
    """State, failures, time and every transition can be read from outside."""
    moves: list[tuple[CircuitState, CircuitState]] = []
    bench.gear.on(CircuitMoved, lambda event: moves.append((event.old, event.new)))
    bench.fail(2)
    assert (bench.gear.circuit(*KEY).state, bench.gear.circuit(*KEY).failures) == (CLOSED, 2)
    bench.fail(1)
    view = bench.gear.circuit(*KEY)
    assert (view.state, view.retry_after_s, view.openings) == (OPEN, 30.0, 1)
    bench.clock.advance(30)
    assert bench.state() is HALF
    assert bench.execute(*KEY, lambda: "back") == "back"
    bench.gear.flush()
    assert moves == [(CLOSED, OPEN), (OPEN, HALF), (HALF, CLOSED)]


@pytest.mark.guide("Circuit Breaker States", "1. Closed (Normal Operation)")
def test_closed_lets_calls_through_and_counts_failures(bench: Bench) -> None:
    """While closed all calls are made, and the failure that reaches the threshold opens the circuit."""
    made: list[int] = []
    for number in range(5):
        bench.execute(*KEY, lambda: made.append(1))
        assert len(made) == number + 1
    bench.fail(2)
    assert bench.state() is CLOSED
    bench.fail(1)
    assert bench.state() is OPEN


@pytest.mark.guide("1. Closed (Normal Operation)")
def test_a_success_between_forgets_the_failures(bench: Bench) -> None:
    """Only failures in a row open the circuit."""
    for _ in range(4):
        bench.fail(2)
        assert bench.execute(*KEY, lambda: "up") == "up"
    assert bench.state() is CLOSED


@pytest.mark.guide("2. Open (Blocking Calls)")
def test_open_blocks_calls_and_uses_fallbacks(bench: Bench) -> None:
    """
    While open the function does not run; a fallback answers, and without one the error names the
    method.
    """
    bench.fail()
    ran: list[int] = []
    assert bench.execute(*KEY, lambda: ran.append(1), lambda: "cached") == "cached"
    with pytest.raises(CircuitOpenError, match=r"binance\.get_market_data .*circuit open"):
        bench.execute(*KEY, lambda: ran.append(1))
    assert ran == []


@pytest.mark.guide("2. Open (Blocking Calls)")
def test_open_becomes_half_open_after_its_time(bench: Bench) -> None:
    """When the timeout is over the circuit lets a call try."""
    bench.fail()
    bench.clock.advance(29.999)
    assert bench.state() is OPEN
    bench.clock.advance(0.001)
    assert bench.state() is HALF


@pytest.mark.guide("3. Half-Open (Testing Recovery)")
def test_half_open_admits_a_limited_number(bench: Bench) -> None:
    """While the one probe is out, a second call is rejected."""
    bench.fail()
    bench.clock.advance(30)

    def probe() -> str:
        assert guide.can_make_api_call(*KEY) is False
        return "probe"

    assert bench.execute(*KEY, probe) == "probe"


@pytest.mark.guide("3. Half-Open (Testing Recovery)")
def test_a_good_probe_closes_and_a_bad_one_opens(bench: Bench) -> None:
    """Failure of a probe opens the circuit for its whole time again; success closes it."""
    bench.fail()
    bench.clock.advance(30)
    with pytest.raises(Boom):
        bench.execute(*KEY, boom)
    assert (bench.state(), bench.gear.circuit(*KEY).retry_after_s) == (OPEN, 30.0)
    bench.clock.advance(30)
    assert bench.execute(*KEY, lambda: "back") == "back"
    assert bench.state() is CLOSED
