"""Owns questions on the half-open breaker: how many probes, and what becomes of one that has no result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchgear.testing.conformance.desk import (
    CLOSED,
    NO_CLOSING,
    NO_PROBE,
    SPELLS,
    Boom,
    Excluded,
)
from switchgear.testing.conformance.verdict import Stuck

if TYPE_CHECKING:
    from switchgear.testing.conformance.desk import Desk

CROWD = 50


def one_probe(desk: Desk) -> None:
    """Of fifty calls at the instant when its time is over, one is let through."""
    desk.recover()
    ran = sum(flight.ran for flight in desk.begin(CROWD))
    desk.expect(1 <= ran <= desk.probes, f"{ran} of {CROWD} calls ran")


def nobody_queues(desk: Desk) -> None:
    """Who is not let through while a probe is out is refused at once, and does not wait for it."""
    desk.recover()
    waiting = sum(flight.waits for flight in desk.begin(CROWD))
    desk.expect(waiting == 0, f"{waiting} of {CROWD} callers wait for the probe to end")


def cancelled_probe(desk: Desk) -> None:
    """A probe that is cut off, by cancellation or Ctrl-C, does not close it: it proves nothing."""
    desk.recover()
    desk.cancel(desk.probe())
    desk.expect(desk.state != CLOSED, "closed after a probe was cut off")


def cancelled_probe_place(desk: Desk) -> None:
    """A probe that is cut off gives its place to the next call, at once."""
    desk.recover()
    desk.cancel(desk.probe())
    state = desk.state
    desk.need(state != CLOSED, "a probe that is cut off closes it: see cancelled_probe")
    desk.expect(desk.good().ran, f"{state} after a probe was cut off, and the next call refused")


def hung_probe(desk: Desk) -> None:
    """A probe that never ends does not refuse all others for ever: some time later another is let through."""
    desk.recover()
    desk.probe()
    desk.expect(_admits_beside(desk), f"refused for {SPELLS} spells behind a probe that hangs")


def hung_probe_verdict(desk: Desk) -> None:
    """What a probe says after another took its place and closed the breaker changes nothing."""
    desk.recover()
    hung = desk.probe()
    try:
        admits = _admits_beside(desk)
    except Stuck:
        admits = False
    desk.need(admits, "nobody takes the place of a probe that hangs: see hung_probe")
    desk.need(desk.state == CLOSED, NO_CLOSING)
    desk.end(hung, Boom())
    desk.expect_state(CLOSED, "after the failure of a probe whose place was taken")


def _admits_beside(desk: Desk) -> bool:
    desk.pass_time(1)
    return desk.admits_in_time()


def excluded_probe(desk: Desk) -> None:
    """A probe that raises an excluded error does not close it: it proves nothing."""
    _raise_excluded(desk)
    desk.expect(desk.state != CLOSED, "closed after a probe that raised an excluded error")


def excluded_probe_place(desk: Desk) -> None:
    """A probe that raises an excluded error gives its place back, at once or some spells later."""
    _raise_excluded(desk)
    desk.need(desk.state != CLOSED, "an excluded error closes it: see excluded_probe")
    desk.expect(desk.admits_in_time(), "refused for ever after a probe raised an excluded error")


def _raise_excluded(desk: Desk) -> None:
    desk.recover()
    desk.need(desk.fail(error=Excluded).ran, NO_PROBE)
