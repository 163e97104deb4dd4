"""Owns questions on results that come late: from calls that were begun before the breaker last moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchgear.testing.conformance.desk import CLOSED, HALF_OPEN, NO_CLOSING, OPEN, Boom

if TYPE_CHECKING:
    from switchgear.testing.conformance.desk import Desk


def late_success_open(desk: Desk) -> None:
    """A success that was begun while closed and comes while open does not close it."""
    (early,) = desk.early()
    desk.open()
    desk.end(early)
    desk.expect_state(OPEN, "after a late success")
    desk.expect_refusal("after a late success")


def late_failure_open(desk: Desk) -> None:
    """Failures that were begun while closed and come while open do not prolong the open spell."""
    flights = desk.early(5)
    desk.open()
    desk.pass_time(0.6)
    for flight in flights:
        desk.end(flight, Boom())
    desk.pass_time(0.45)
    desk.expect(desk.good().ran, "refused when its time was over: late failures prolonged it")


def stale_success_half_open(desk: Desk) -> None:
    """A success from before it opened, that comes while a probe is out, does not close it."""
    (early,) = desk.early()
    desk.recover()
    desk.probe()
    desk.end(early)
    desk.expect_state(HALF_OPEN, "after a stale success, the probe still out")


def stale_failure_half_open(desk: Desk) -> None:
    """A failure from before it opened, that comes while a probe is out, does not open it again."""
    (early,) = desk.early()
    desk.recover()
    desk.probe()
    desk.end(early, Boom())
    desk.expect_state(HALF_OPEN, "after a stale failure, the probe still out")


def stale_failure_closed(desk: Desk) -> None:
    """Failures from before it opened, that come after it has closed again, do not count."""
    flights = desk.early(desk.threshold)
    desk.recover()
    desk.good()
    desk.need(desk.state == CLOSED, NO_CLOSING)
    for flight in flights:
        desk.end(flight, Boom())
    desk.expect_state(CLOSED, "after failures of calls from before the last opening")


def stale_place(desk: Desk) -> None:
    """A call from before it opened, cut off while a probe is out, gives back no place: there was none."""
    (early,) = desk.early()
    desk.recover()
    for _ in range(desk.probes):
        desk.probe()
    (beside,) = desk.begin()
    desk.need(beside.over, "probes are not limited, or callers wait: see one_probe, nobody_queues")
    desk.cancel(early)
    (beside,) = desk.begin()
    desk.expect(not beside.ran, "a call ran beside the probe, after an old call was cut off")
