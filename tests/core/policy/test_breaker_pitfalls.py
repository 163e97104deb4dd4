"""
Owns the pitfalls that the lock, the tickets, the clock and the events of a breaker can fall into;
numbered.
"""

from __future__ import annotations

import gc

import pytest

from switchgear.core.circuit import Rules, Settlement
from switchgear.core.event import CircuitMoved
from switchgear.core.words import CircuitState
from switchgear.testing import FakeClock, Recorder
from tests.core.policy.breakers import KEY, Alone, Bench

FAIL, GOOD, NEUTRAL = Settlement.FAILURE, Settlement.SUCCESS, Settlement.NEUTRAL
OPEN, HALF, CLOSED = CircuitState.OPEN, CircuitState.HALF_OPEN, CircuitState.CLOSED
FORCED = CircuitState.FORCED_OPEN


@pytest.mark.parametrize("first", list(Settlement))
@pytest.mark.parametrize("second", list(Settlement))
def test_pitfall_02_a_ticket_settles_exactly_once(first: Settlement, second: Settlement) -> None:
    """2: whatever is said of a ticket a second time, in a `finally` say, changes nothing."""
    bench = Bench()
    bench.call(FAIL)
    ticket = bench.ticket()
    bench.breaker.settle(ticket, first)
    before = bench.breaker.circuit
    bench.breaker.settle(ticket, second)
    assert bench.breaker.circuit == before


def test_pitfall_02_one_probe_cannot_stand_for_two() -> None:
    """2: with two successes needed the same probe settled twice does not close it."""
    bench = Bench(Rules(reset_timeout_s=10, probes=2, probes_to_close=2))
    bench.open()
    bench.recover()
    probe = bench.ticket()
    bench.breaker.settle(probe, GOOD)
    bench.breaker.settle(probe, GOOD)
    assert bench.state is HALF


def test_pitfall_11_a_step_of_the_wall_clock_does_nothing() -> None:
    """11: a date that jumps by a year, forward or back, neither opens, closes nor prolongs."""
    bench = Bench()
    bench.open()
    for step_s in (31_536_000.0, -31_536_000.0):
        bench.clock.wall_offset_s = step_s
        assert bench.state is OPEN
        assert bench.refusal().retry_after_s == pytest.approx(10.0)
    bench.recover()
    bench.ticket()


def test_pitfall_12_reading_the_state_moves_nothing() -> None:
    """12: a page that looks every second sees half-open, and sends no probe and tells no event."""
    bench = Bench()
    bench.open()
    bench.recover()
    told, circuit = len(bench.told.events), bench.breaker.circuit
    for _ in range(3):
        view = bench.breaker.view()
        assert (view.state, view.retry_after_s) == (HALF, 0.0)
    assert bench.breaker.circuit == circuit
    assert len(bench.told.events) == told


def test_pitfall_14_moves_are_told_in_order_each_once() -> None:
    """
    14: open, half-open, open, half-open, closed, held, released: each event goes on where the one
    before ended.
    """
    bench = Bench()
    bench.open()
    bench.recover()
    bench.call(FAIL)
    bench.recover()
    bench.call(GOOD)
    bench.breaker.hold(FORCED, by="ops", why="incident")
    bench.breaker.release(by="ops")
    assert bench.moves == [
        (CLOSED, OPEN),
        (OPEN, HALF),
        (HALF, OPEN),
        (OPEN, HALF),
        (HALF, CLOSED),
        (CLOSED, FORCED),
        (FORCED, CLOSED),
    ]
    generations = [move.generation for move in bench.told.of(CircuitMoved)]
    assert generations == sorted(set(generations))


def test_pitfall_14_a_move_says_who_why_and_until_when() -> None:
    """
    14: a listener needs nothing but the event: cause, person, and the instant at which it ends by
    itself.
    """
    bench = Bench()
    bench.open()
    opened_s = bench.clock.monotonic_s()
    bench.breaker.hold(FORCED, by="ops", why="incident", for_s=60)
    opening, holding = bench.told.of(CircuitMoved)
    assert "HTTP 503" in opening.reason
    assert (opening.at_s, opening.until_s, opening.by) == (opened_s, opened_s + 10, "")
    assert (holding.reason, holding.until_s, holding.by) == ("incident", opened_s + 60, "ops")


def test_pitfall_15_a_call_within_a_call_neither_blocks_nor_disturbs() -> None:
    """
    15: no lock is held between admission and settlement, so the same circuit may be
    used inside.
    """
    bench = Bench()
    outer = bench.ticket()
    bench.call(FAIL, FAIL)
    bench.breaker.settle(outer, GOOD)
    assert bench.breaker.view().failures == 0


def test_pitfall_15_a_probe_that_needs_the_same_circuit_is_refused_inside() -> None:
    """15: it does not recurse: the inner call gets a refusal, and the outer probe still decides."""
    bench = Bench()
    bench.open()
    bench.recover()
    outer = bench.ticket()
    bench.refusal()
    bench.breaker.settle(outer, GOOD)
    assert bench.state is CLOSED


def test_pitfall_17_jitter_is_drawn_once_for_a_spell() -> None:
    """
    17: a thousand questions, late failures and views do not move the instant, and two spells
    differ.
    """
    bench = Bench(Rules(failure_threshold=1, reset_timeout_s=10, reset_jitter=1.0))
    late = [bench.ticket() for _ in range(20)]
    spells = list[float]()
    for _ in range(2):
        bench.call(FAIL)
        instants = set[float]()
        for ticket in late:
            bench.breaker.settle(ticket, FAIL)
            wait_s = bench.refusal().retry_after_s
            assert wait_s is not None
            instants.add(wait_s)
        assert len(instants) == 1
        spells += instants
        bench.clock.advance(spells[-1])
    assert spells[0] != spells[1]
    assert all(10 <= wait_s < 20 for wait_s in spells)


def test_pitfall_18_a_refusal_is_fresh_and_holds_no_error() -> None:
    """
    18: each refusal says when and why in plain data; nothing of the failed call can be reached
    from it.
    """
    bench = Bench()
    bench.open()
    first, second = bench.refusal(), bench.refusal()
    assert first is not second
    assert "HTTP 503" in first.reason
    for kept in (first, second, bench.breaker.circuit, bench.breaker.view()):
        plain = [thing for thing in gc.get_referents(kept) if isinstance(thing, BaseException)]
        assert plain == []


def test_pitfall_19_a_reload_keeps_the_state_and_the_tickets() -> None:
    """
    19: the rules of a live breaker are replaced while a call is out: its failure counts, by the
    new threshold.
    """
    bench = Bench()
    bench.call(FAIL)
    ticket = bench.ticket()
    bench.breaker.configure(Rules(failure_threshold=2, reset_timeout_s=7))
    assert bench.breaker.view().failures == 1
    bench.breaker.settle(ticket, FAIL)
    assert bench.state is OPEN
    assert bench.refusal().retry_after_s == pytest.approx(7.0)


def test_pitfall_19_a_reload_while_open_keeps_the_instant() -> None:
    """19: a new open time is for the next spell."""
    bench = Bench()
    bench.open()
    bench.breaker.rules = Rules(reset_timeout_s=500)
    assert bench.refusal().retry_after_s == pytest.approx(10.0)
    bench.clock.advance(10.0)
    bench.call(FAIL)
    assert bench.refusal().retry_after_s == pytest.approx(500.0)


def test_a_hold_ends_by_itself_and_says_so() -> None:
    """The next admission after its end finds what was beneath, and the event is told once."""
    bench = Bench()
    bench.breaker.hold(FORCED, by="ops", why="incident", for_s=60)
    assert bench.refusal().retry_after_s == pytest.approx(60.0)
    bench.clock.advance(60.0)
    bench.call(GOOD)
    bench.call(GOOD)
    assert bench.moves == [(CLOSED, FORCED), (FORCED, CLOSED)]


def test_openings_count_spells_and_not_what_a_release_uncovers() -> None:
    """An open circuit that was held and let go has opened once."""
    bench = Bench()
    bench.open()
    bench.breaker.hold(FORCED, by="ops", why="incident")
    bench.breaker.release(by="ops")
    assert bench.breaker.view().openings == 1


def test_reset_closes_and_names_the_person() -> None:
    """Who closed it is in the event; the next call is admitted."""
    bench = Bench()
    bench.open()
    bench.breaker.reset(by="ops", why="they called back")
    assert bench.state is CLOSED
    last = bench.told.of(CircuitMoved)[-1]
    assert (last.new, last.by, last.reason) == (CLOSED, "ops", "they called back")
    bench.call(GOOD)


def test_two_breakers_share_nothing() -> None:
    """One that is open leaves another alone, with the same rules, clock and sink."""
    clock, told, rules = FakeClock(), Recorder(), Rules(failure_threshold=1)
    one, other = Alone(KEY, rules, clock, told), Alone(KEY, rules, clock, told)
    ticket = one.admit()
    assert not isinstance(ticket, tuple)
    one.settle(ticket, FAIL)
    assert (one.view().state, other.view().state) == (OPEN, CLOSED)
