"""Owns what tests of the bulkhead share: one that is full, and places in its line."""

from __future__ import annotations

import asyncio

from switchgear.core.policy.bulkhead import Bulkhead, Place
from switchgear.testing import FakeClock
from tests.core.callkit import turns


def full(most: int = 1, lines_max: int = 10_000) -> Bulkhead:
    """A bulkhead whose slots are all taken."""
    bulkhead = Bulkhead(most, lines_max)
    assert all(bulkhead.enter() for _ in range(most))
    assert not bulkhead.enter()
    return bulkhead


def queued(bulkhead: Bulkhead) -> Place:
    """A place at the end of its line."""
    place = bulkhead.line()
    assert place is not None
    return place


def has_slot(place: Place) -> bool:
    """Whether there is a slot for it at this instant; without one it leaves the line."""
    return place.wait(FakeClock(), 0)


async def started(
    bulkhead: Bulkhead, clock: FakeClock, limit_s: float | None = None
) -> asyncio.Task[bool]:
    """A task that waits at the end of the line."""
    task = asyncio.create_task(queued(bulkhead).wait_async(clock, limit_s))
    await turns(1)
    return task
