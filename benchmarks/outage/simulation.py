"""
Owns virtual time and the driver: callers who each want one read a second, and the steps of their calls carried out.

What a call does is decided by its course, what comes of a request by the venue.
"""

from __future__ import annotations

import heapq
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from typing import TYPE_CHECKING, NoReturn

from benchmarks.outage.contestants import BreakerOpen
from benchmarks.outage.scenario import USE
from benchmarks.outage.venue import Venue
from switchgear import Rejected
from switchgear.core.policy.step import CutShort, Run, Wait

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Event

    from benchmarks.outage.contestants import Begin, Calls, Contestant
    from benchmarks.outage.scenario import Scenario

_START = datetime(2026, 1, 1, tzinfo=UTC)
_END_S = float("inf")


class NotSimulated(Exception):
    """The core asked for something that this simulation has no way to do."""


class VirtualClock:
    """A Clock that stands wherever the simulation puts it."""

    def __init__(self, seed: int) -> None:
        self.now_s = 0.0
        self.monotonic_s: Callable[[], float] = lambda: self.now_s
        self.chance: Callable[[], float] = Random(seed).random

    def wall(self) -> datetime:
        """The date, which moves with the clock."""
        return _START + timedelta(seconds=self.now_s)

    def sleep(self, delay_s: float) -> NoReturn:
        """Refused: nobody may hold the whole world up."""
        raise NotSimulated(f"sleep({delay_s:g}): a course waits by the step Wait")

    async def sleep_async(self, delay_s: float) -> NoReturn:
        """Refused, as above."""
        raise NotSimulated(f"sleep_async({delay_s:g}): a course waits by the step Wait")

    def wait(self, event: Event, limit_s: float) -> NoReturn:
        """Refused, as above."""
        raise NotSimulated(f"wait({event!r}, {limit_s:g}): a course waits by a step")

    def timer(self, delay_s: float, callback: Callable[[], object]) -> NoReturn:
        """Refused, as above."""
        raise NotSimulated(f"timer({delay_s:g}, {callback!r}): no event loop runs here")


class Tally:
    """What happened, by the second in which a call was wanted or a request was sent."""

    def __init__(self, run_s: int) -> None:
        self.wanted = [0] * run_s
        self.served = [0] * run_s
        self.failed = 0
        self.rejected = 0
        """Calls that ended by a refusal of their own protection."""
        self.sent = [0] * run_s
        """Requests that reached the venue."""
        self.wasted = [0] * run_s
        """Those of them that failed, or were answered too late."""
        self.share: list[float] = []
        """Of the venue's capacity, at the beginning of each second and at the end of the last."""


class Simulation:
    """One run of one contestant through one outage."""

    def __init__(self, scenario: Scenario, callers: int, contestant: Contestant, seed: int) -> None:
        draw = Random(seed)
        self.scenario = scenario
        self.tally = Tally(scenario.run_s)
        self.clock = VirtualClock(seed)
        self.venue = Venue(scenario, callers / USE, Random(seed).random)
        self._phases = sorted(draw.random() for _ in range(callers))
        self._begin: Begin = contestant.start(self.clock)
        self._due: list[tuple[float, int, Calls, int, Exception | None]] = []
        self._order = count()

    def run(self) -> Tally:
        """Let it happen; every call that was wanted has ended afterwards."""
        tally = self.tally
        for second in range(self.scenario.run_s):
            self._pass(second)
            tally.share.append(self.venue.share(second))
            for phase in self._phases:
                self._pass(second + phase)
                tally.wanted[second] += 1
                self._resume(self._begin(), second, None)
        self._pass(self.scenario.run_s)
        tally.share.append(self.venue.share(self.scenario.run_s))
        self._pass(_END_S)
        return tally

    def _pass(self, until_s: float) -> None:
        """Let all happen that is due by then."""
        due = self._due
        while due and due[0][0] <= until_s:
            self.clock.now_s, _, calls, wanted_s, error = heapq.heappop(due)
            self._resume(calls, wanted_s, error)
        if until_s < _END_S:
            self.clock.now_s = until_s

    def _resume(self, calls: Calls, wanted_s: int, error: Exception | None) -> None:
        """Give a call what it waited for, and see what it wants next."""
        tally = self.tally
        try:
            step = calls.send(None) if error is None else calls.throw(error)
        except StopIteration:
            tally.served[wanted_s] += 1
        except (Rejected, BreakerOpen):
            tally.rejected += 1
        except NotSimulated:
            raise
        except Exception:  # noqa: BLE001  however a call fails, it has failed
            tally.failed += 1
            error = None  # else it holds this frame, and the frame it: work for the collector
        else:
            if type(step) is Run and step.hedge is None:
                self._send(calls, wanted_s, step.timeout_s)
            elif type(step) is Wait:
                self._later(step.delay_s, calls, wanted_s, None)
            else:
                raise NotSimulated(f"the step {step!r}")

    def _send(self, calls: Calls, wanted_s: int, timeout_s: float | None) -> None:
        now_s, tally = self.clock.now_s, self.tally
        delay_s, error = self.venue.ask(now_s)
        if timeout_s is not None and delay_s > timeout_s:
            delay_s, error = timeout_s, CutShort()
        if now_s < self.scenario.run_s:
            tally.sent[int(now_s)] += 1
            tally.wasted[int(now_s)] += error is not None
        self._later(delay_s, calls, wanted_s, error)

    def _later(self, delay_s: float, calls: Calls, wanted_s: int, error: Exception | None) -> None:
        entry = (self.clock.now_s + delay_s, next(self._order), calls, wanted_s, error)
        heapq.heappush(self._due, entry)
