"""
Owns the probes of table 1b at the breaker; those about decorators and tasks stand beside the
call.
"""

from __future__ import annotations

import pytest

from switchgear.core.circuit import Rules, Settlement
from switchgear.core.policy.scopes import Ticket
from switchgear.core.words import CircuitState
from tests.core.policy.breakers import Bench

FAIL, GOOD, NEUTRAL = Settlement.FAILURE, Settlement.SUCCESS, Settlement.NEUTRAL
OPEN, HALF, CLOSED = CircuitState.OPEN, CircuitState.HALF_OPEN, CircuitState.CLOSED


@pytest.mark.parametrize("probes", [1, 3])
def test_probe_02_fifty_calls_at_the_instant_of_recovery_admit_only_the_probes(probes: int) -> None:
    """1b, 2: fifty ask before the first has ended; as many go through as are probes."""
    bench = Bench(Rules(failure_threshold=3, reset_timeout_s=10, probes=probes))
    bench.open()
    bench.recover()
    answers = [bench.breaker.admit() for _ in range(50)]
    assert sum(isinstance(answer, Ticket) for answer in answers) == probes


def test_probe_03_a_cancelled_probe_leaves_it_half_open_and_its_place_free() -> None:
    """1b, 3: it was neither good nor bad; the next call is the probe, at once."""
    bench = Bench()
    bench.open()
    bench.recover()
    bench.call(NEUTRAL)
    assert bench.state is HALF
    bench.call(GOOD)
    assert bench.state is CLOSED


def test_probe_04_after_a_hung_probe_a_later_call_is_admitted() -> None:
    """1b, 4: a probe that never comes back costs one lease, not the circuit."""
    bench = Bench()
    bench.open()
    bench.recover()
    bench.ticket()
    assert bench.refusal().retry_after_s == pytest.approx(5.0)
    bench.clock.advance(5.0)
    bench.call(GOOD)
    assert bench.state is CLOSED


def test_probe_05_a_success_admitted_while_closed_does_not_close_an_open_circuit() -> None:
    """1b, 5: it proves that the exchange was well before, not that it is now."""
    bench = Bench()
    early = bench.ticket()
    bench.open()
    bench.breaker.settle(early, GOOD)
    assert bench.state is OPEN
    bench.refusal()


@pytest.mark.parametrize("late", [GOOD, FAIL], ids=["06_success", "07_failure"])
def test_probe_06_and_07_a_stale_result_does_not_decide_half_open(late: Settlement) -> None:
    """
    1b, 6 and 7: only the probe that is out decides; a late success must not close, a late failure
    not reopen.
    """
    bench = Bench()
    early = bench.ticket()
    bench.open()
    bench.recover()
    probe = bench.ticket()
    bench.breaker.settle(early, late)
    assert bench.state is HALF
    bench.refusal()
    bench.breaker.settle(probe, GOOD)
    assert bench.state is CLOSED


def test_probe_08_late_failures_do_not_extend_an_open_spell() -> None:
    """
    1b, 8: the calls that were out when it opened fail one after another; the probe goes out when
    it was due.
    """
    bench = Bench()
    late = [bench.ticket() for _ in range(9)]
    bench.open()
    for ticket in late:
        bench.clock.advance(1.0)
        bench.breaker.settle(ticket, FAIL)
    assert bench.refusal().retry_after_s == pytest.approx(1.0)
    bench.clock.advance(1.0)
    bench.ticket()


def test_probe_09_a_probe_with_an_excluded_error_does_not_close() -> None:
    """1b, 9: an error that the settings call neutral proves nothing, in any number."""
    bench = Bench()
    bench.open()
    bench.recover()
    bench.call(*[NEUTRAL] * 5)
    assert bench.state is HALF


def test_probe_10_cancellations_do_not_open() -> None:
    """1b, 10: four cancelled calls at a limit of three leave it closed, with nothing counted."""
    bench = Bench()
    bench.call(*[NEUTRAL] * 4)
    assert bench.state is CLOSED
    assert bench.breaker.view().failures == 0
