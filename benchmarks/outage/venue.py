"""
Owns the venue: a queue before a capacity, which fails for a while and comes back cold.

It is a fluid: the backlog drains at the capacity of the moment, and a request waits for what stands before it. What
comes while the queue is full is answered 503. Carrying answers to callers is left to simulation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from benchmarks.outage.scenario import Failing
from switchgear import ApiError, Effect, classify

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.outage.scenario import Scenario

LATENCY_S = 0.05
"""Of an answer that found no queue, on average; drawn from half to one and a half of it."""
REFUSAL_S = 0.001
TURNED_AWAY_S = 0.02
"""Until the 503 of a full queue."""
SLOW_503_S = 3.0
SILENCE_S = 60.0
"""Until a request that is not answered at all is given up by the network."""
QUEUE_S = 0.5
"""The queue holds what the full capacity serves in so many seconds."""
RELIEVED = 0.5
"""An overload is over when the queue is down to this share."""

_UNAVAILABLE = classify(
    ApiError("Service Unavailable", status=503), exchange="venue", effect=Effect.READ
)


class Answer(NamedTuple):
    """What comes of a request, and when."""

    delay_s: float
    error: Exception | None


class Venue:
    """One venue through one outage; `capacity` is what it serves when all is well, in requests per second."""

    def __init__(self, scenario: Scenario, capacity: float, chance: Callable[[], float]) -> None:
        self.scenario = scenario
        self.capacity = capacity
        self._chance = chance
        self._at_s = 0.0
        self._room = capacity * QUEUE_S
        self._backlog = 0.0
        self._overloaded = False
        self._share = 1.0

    def share(self, now_s: float) -> float:
        """Share of its capacity that it has now; 0 during the outage."""
        if self.scenario.begins_s <= now_s < self.scenario.ends_s:
            self._at_s, self._backlog, self._share = now_s, 0.0, 0.0
            return 0.0
        if not self._share:
            self._share, self._overloaded = self.scenario.cold_share, False
        before, lasted_s = self._share, now_s - self._at_s
        if before < 1.0 and not (self._overloaded and self.scenario.fragile):
            warmed = (1.0 - self.scenario.cold_share) / self.scenario.warm_s * lasted_s
            self._share = min(1.0, before + warmed)
        served = (before + self._share) / 2 * self.capacity * lasted_s
        self._backlog = max(0.0, self._backlog - served)
        if self._overloaded and self._backlog < self._room * RELIEVED:
            self._overloaded = False
        self._at_s = now_s
        return self._share

    def ask(self, now_s: float) -> Answer:
        """What comes of a request that arrives now."""
        share = self.share(now_s)
        if not share:
            return self._fail()
        if self._backlog >= self._room:
            self._overloaded = True
            return Answer(TURNED_AWAY_S, unavailable())
        waits_s = self._backlog / (self.capacity * share)
        self._backlog += 1.0
        return Answer(LATENCY_S * (0.5 + self._chance()) + waits_s, None)

    def _fail(self) -> Answer:
        if self.scenario.failing is Failing.REFUSED:
            return Answer(REFUSAL_S, ConnectionRefusedError(111, "Connection refused"))
        if self._chance() < 0.5:
            return Answer(SLOW_503_S, unavailable())
        return Answer(SILENCE_S, ConnectionResetError(104, "Connection reset by peer"))


def unavailable() -> ApiError:
    """A 503 as a client raises it, with what it means."""
    return ApiError("Service Unavailable", status=503, exchange="venue", verdict=_UNAVAILABLE)
