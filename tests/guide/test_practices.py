"""Proves the guide's best practices, its two examples, and that its advice on trouble helps."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import requests

from switchgear import CircuitState, Switchgear, guide, last_good
from switchgear.observe.alerts import Alert, OpeningsAlert
from switchgear.practice.sim.server import SimThread
from tests.guide.kit import DOWN, KEY, Bench, Boom, Venue, boom

if TYPE_CHECKING:
    from collections.abc import Callable


class Feed:
    """A source that can break."""

    is_up = True

    def price(self) -> int:
        """What it gives while it is up."""
        if not self.is_up:
            boom()
        return 41


@pytest.mark.guide("Best Practices")
def test_a_former_answer_is_served_during_an_outage(bench: Bench) -> None:
    """The last good value answers while it is young enough, and not when it is older."""
    feed = Feed()
    assert bench.execute(*KEY, feed.price, last_good(max_age_s=60)) == 41
    feed.is_up = False
    bench.clock.advance(59)
    assert bench.execute(*KEY, feed.price, last_good(max_age_s=60)) == 41
    bench.clock.advance(2)
    with pytest.raises(Boom) as caught:
        bench.execute(*KEY, feed.price, last_good(max_age_s=60))
    assert any("last_good failed too" in note for note in caught.value.__notes__)


@pytest.mark.guide("Best Practices")
def test_a_circuit_that_opens_again_and_again_alerts(bench: Bench) -> None:
    """Three openings within five minutes raise one alert, which names the circuit and the reason."""
    alerts: list[Alert] = []
    gear = Switchgear(clock=bench.clock, alert=OpeningsAlert(tell=alerts.append))
    guide.use_gear(gear)
    bench.fail()
    for _ in range(3):
        bench.clock.advance(30)
        bench.fail(1)
    gear.close()
    assert [str(alert) for alert in alerts] == [
        "binance.get_market_data opened 3 times within 300 s; last: a probe failed: Boom: no answer"
    ]


@pytest.mark.guide("Best Practices")
def test_thresholds_are_tuned_while_a_program_runs(bench: Bench) -> None:
    """A lower threshold acts at the next failure, and touches no other method."""
    bench.fail(1)
    guide.set_circuit_breaker_config(*KEY, {"failure_threshold": 2})
    bench.fail(1)
    assert bench.state() is CircuitState.OPEN


@pytest.mark.guide("Best Practices")
def test_what_is_degraded_is_said_in_words(bench: Bench) -> None:
    """A page can tell its users which exchange is limited, and what is served from elsewhere."""
    bench.fail()
    bench.execute(*KEY, boom, lambda: "cached")
    bench.execute("coinbase", "getPrice", lambda: 1)
    health = bench.gear.health()
    assert health.status == "degraded"
    assert re.search(r"binance: get_market_data .*open", health.summary)
    assert [one.exchange for one in health.degraded] == ["binance"]


@pytest.mark.guide("Best Practices")
def test_failures_are_simulated(bench: Bench, sim: SimThread) -> None:
    """
    The practice exchange fails as it is told, so that a program's own tests can see its circuits
    open.
    """
    sim.add_faults({"match": "ticker.price", "action": "reset_before", "count": 3})
    for _ in range(3):
        with pytest.raises(requests.ConnectionError):
            bench.execute(*KEY, Venue(sim).price)
    assert bench.state() is CircuitState.OPEN


@pytest.mark.guide("Examples", "Basic Example: Market Price Retrieval")
def test_a_price_comes_from_cache_or_the_alternative(bench: Bench, sim: SimThread) -> None:
    """First the exchange, then the cached price, then the other source: each is asked in turn."""
    venue, cached = Venue(sim), dict[str, str]()

    def from_cache() -> str:
        return cached["BTCUSDT"]

    def price() -> Any:
        layers = [from_cache, venue.backend_price]
        return bench.execute("binance", "getMarketPrice", venue.price, layers)

    assert float(price()) > 0
    sim.add_faults({"match": "ticker.price", **DOWN})
    assert price() == venue.backend_price()
    cached["BTCUSDT"] = "64000.00"
    assert price() == "64000.00"
    sources = [record.source for record in guide.get_logs() if record.event == "fallback_served"]
    assert sorted(filter(None, sources)) == sorted(
        ["run", "run"] if bench.is_async else ["backend_price", "from_cache"]
    )


def ways(venue: Venue, name: str) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """The two ways to make the same order: the exchange, and the backend."""
    return (lambda: venue.order(name)), (lambda: venue.backend_order(name))


@pytest.mark.guide("Examples", "Advanced Example: Order Creation with Retry")
def test_a_lost_answer_never_books_twice(bench: Bench, sim: SimThread) -> None:
    """An order whose answer was lost is neither sent again nor given to the backend."""
    venue = Venue(sim)
    name = f"lost-{bench.is_async}"
    sim.add_faults({"match": "order.create", "action": "reset_after"})
    with pytest.raises(requests.ConnectionError):
        bench.retried_order("createOrder", *ways(venue, name))
    assert venue.booked(name) == 1
    assert bench.clock.slept_s == []


@pytest.mark.guide("Advanced Example: Order Creation with Retry")
def test_an_order_that_never_left_goes_to_the_backend(bench: Bench, sim: SimThread) -> None:
    """
    Refused connections prove that nothing was sent: it is tried again, then the backend books it,
    once.
    """
    venue = Venue(sim)
    name = f"refused-{bench.is_async}"
    sim.add_faults({"action": "refuse", "duration_s": 60})
    order = bench.retried_order("createOrder", *ways(venue, name))
    sim.clear_faults()
    assert order["client_order_id"] == name
    assert venue.booked(name) == 1
    assert bench.clock.slept_s == [0.5, 1.0, 2.0]


@pytest.mark.guide("Troubleshooting", "Common Issues")
def test_frequent_opening_shows_its_pattern(bench: Bench) -> None:
    """Openings, errors by kind and the reason of the newest one are there to examine."""
    bench.fail()
    bench.clock.advance(30)
    with pytest.raises(TimeoutError):
        bench.execute(*KEY, lambda: (_ for _ in ()).throw(TimeoutError("late")))
    metrics = guide.get_api_call_metrics(*KEY)
    assert metrics.circuit_openings == 2
    assert metrics.errors_by_kind == {"unexpected": 3, "timeout": 1}
    assert bench.gear.circuit(*KEY).reason == "a probe failed: TimeoutError: late"


@pytest.mark.guide("Common Issues")
def test_recovery_is_tuned(bench: Bench) -> None:
    """A shorter timeout asks sooner; a growing one leaves an exchange in peace that stays broken."""
    guide.set_circuit_breaker_config(
        *KEY, {"resetTimeoutMs": 5000, "reset_backoff": 2, "reset_timeout_ms_max": 15_000}
    )
    bench.fail()
    open_s = [bench.gear.circuit(*KEY).retry_after_s]
    for _ in range(3):
        bench.clock.advance(open_s[-1] or 0)
        bench.fail(1)
        open_s.append(bench.gear.circuit(*KEY).retry_after_s)
    assert open_s == [5.0, 10.0, 15.0, 15.0]


@pytest.mark.guide("Common Issues")
def test_fallbacks_that_fail_are_told(bench: Bench) -> None:
    """
    Each layer is asked in turn; when all fail the caller gets the first error, with theirs as
    notes.
    """
    assert bench.execute(*KEY, boom, [boom, lambda: "second layer"]) == "second layer"
    with pytest.raises(Boom) as caught:
        bench.execute(*KEY, boom, [boom, lambda: 1 // 0])
    assert [note.partition(": ")[2] for note in caught.value.__notes__] == [
        "Boom: no answer",
        "ZeroDivisionError: integer division or modulo by zero",
    ]
    told = [record.event for record in guide.get_logs() if record.event.startswith("fallback")]
    assert sorted(told) == ["fallback_exhausted", *["fallback_failed"] * 3, "fallback_served"]


@pytest.mark.guide("Debugging")
def test_debug_logging_prints_every_move(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    """While it is on, each move of a circuit is one line on standard output; off, there is none."""
    guide.enable_debug_logging()
    bench.fail()
    bench.clock.advance(30)
    bench.execute(*KEY, lambda: "back")
    bench.gear.flush()
    assert capfd.readouterr().out.splitlines() == [
        "[Circuit Breaker] binance.get_market_data: closed -> open",
        "[Circuit Breaker] binance.get_market_data: open -> half_open",
        "[Circuit Breaker] binance.get_market_data: half_open -> closed",
    ]
    guide.enable_debug_logging(on=False)
    bench.fail()
    bench.gear.flush()
    guide.debug_circuit_breaker("binance", "createOrder", "closed", "open")
    assert capfd.readouterr().out == ""


@pytest.mark.guide("Debugging")
def test_debug_logging_follows_the_gear(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    """After use_gear the moves of the new gear are printed, and a move can be printed by hand."""
    guide.enable_debug_logging()
    with Switchgear(clock=bench.clock) as other:
        guide.use_gear(other)
        bench.fail()
        other.flush()
    guide.use_gear(bench.gear)
    guide.debug_circuit_breaker("Binance", "createOrder", "closed", CircuitState.OPEN)
    assert capfd.readouterr().out.splitlines() == [
        "[Circuit Breaker] binance.get_market_data: closed -> open",
        "[Circuit Breaker] binance.create_order: closed -> open",
    ]


@pytest.mark.guide("Debugging")
def test_the_default_gear_is_made_once() -> None:
    """The first use makes it; use_gear puts another in its place and gives it back."""
    before = guide.use_gear(None)
    made = guide.default_gear()
    assert guide.default_gear() is made
    assert guide.use_gear(before) is made
    made.close()
