"""
Owns the contestants: each makes a course of a call, a generator of the core's own steps; carrying them out is left
to simulation.

The circuit breaker here is the textbook's: what `circuitbreaker` 2.1.3 does, read from its source and written anew.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, NamedTuple

from switchgear import Switchgear
from switchgear.core.policy.flow import Course
from switchgear.core.policy.quick import refusal
from switchgear.core.policy.scopes import SUCCESS
from switchgear.core.policy.step import Failure, Run, Step, Wait
from switchgear.core.words import Key

if TYPE_CHECKING:
    from switchgear.core.clock import Clock

Calls = Generator[Step, Any, Any]
Begin = Callable[[], Calls]
"""Begins one call."""

KEY = Key.of("venue", "get_market_price")
TIMEOUT_S = 10.0
"""Everybody cuts an attempt then: it is switchgear's default."""
RETRIES = 3
DELAY_S = 0.3
"""Upper bound of the first wait; it doubles, and each wait is drawn below its bound: switchgear's defaults too."""
FAILURES = 5
OPEN_S = 30.0
"""Both are circuitbreaker's defaults."""

# Numbers that one would take without knowing the venue; how they fare with others is in docs/why/outage.md.
ALL_ON: dict[str, Any] = {
    "probes": 5,
    "probes_to_close": 3,
    "probe_timeout_s": 2.0,
    "ramp_s": 20.0,
    "reset_timeout_s": 5.0,
    "reset_timeout_s_max": 20.0,
    "reset_backoff": 2.0,
    "reset_jitter": 0.2,
}


class Contestant(NamedTuple):
    """A way to make calls; made anew for each run, with its clock."""

    name: str
    title: str
    start: Callable[[Clock], Begin]


class BreakerOpen(Exception):
    """The plain breaker refused; nothing was sent."""


class PlainBreaker:
    """
    Opens after so many failures with no success between; when its time is over all calls pass.

    As in the library, any success closes it and any failure beyond the threshold opens it for a whole spell anew,
    however late the answer comes.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures = 0
        self._until_s: float | None = None

    def call(self) -> Calls:
        """One attempt through it."""
        if self._until_s is not None and self._clock.monotonic_s() < self._until_s:
            raise BreakerOpen
        try:
            value = yield Run(TIMEOUT_S)
        except Exception:
            self._failures += 1
            if self._failures >= FAILURES:
                self._until_s = self._clock.monotonic_s() + OPEN_S
            raise
        self._failures, self._until_s = 0, None
        return value


def unprotected(_: Clock) -> Begin:
    """Calls as they come."""

    def call() -> Calls:
        return (yield Run(TIMEOUT_S))

    return call


def retrying(clock: Clock) -> Begin:
    """Each call with its retries."""
    return lambda: _retried(unprotected(clock), clock)


def breaking(clock: Clock) -> Begin:
    """The same retries round one plain breaker for all."""
    breaker = PlainBreaker(clock)
    return lambda: _retried(breaker.call, clock)


def switched(**settings: Any) -> Callable[[Clock], Begin]:
    """One gear for all, with these settings."""
    return lambda clock: of_gear(gear_with(clock, settings))


def gear_with(clock: Clock, settings: dict[str, Any]) -> Switchgear:
    """A gear that keeps no records: closed, it still guards and counts, and its thread is no part of virtual time."""
    gear = Switchgear(clock=clock)
    gear.close()
    gear.configure(KEY.exchange, **settings)
    return gear


def of_gear(gear: Switchgear) -> Begin:
    """Calls through a gear's own policy: as switchgear.core.path makes them, with the core's own course."""
    policy = gear.policy(KEY)
    breaker, clock = policy.breaker, policy.clock

    def call() -> Calls:
        way = policy.way
        if way is None or policy.toll is not None:
            refused = refusal(policy)
            if refused is not None:
                raise refused
            return (yield from Course(policy, (), None).flow())
        call_id, started_s = policy.tap.began(), clock.monotonic_s()
        try:
            value = yield Run(policy.plan.timeout_s)
        except Exception as error:  # noqa: BLE001  the course judges every one of them
            first = Failure(error, way, started_s, call_id)
        else:
            if policy.way is not way or breaker.dirty or breaker.domain.dirty:
                policy.scopes.settle_straight(way, SUCCESS)
            policy.tap.succeeded(call_id, started_s, clock.monotonic_s())
            return value
        return (yield from Course(policy, (), None).flow(first))

    return call


def _retried(begin: Begin, clock: Clock) -> Calls:
    bound_s = DELAY_S
    for _ in range(RETRIES):
        try:
            return (yield from begin())
        except BreakerOpen:
            raise  # who knows breakers does not retry against one
        except Exception:  # noqa: BLE001  tenacity's default retries on every one
            wait_s = bound_s * clock.chance()
        yield Wait(wait_s)
        bound_s *= 2
    return (yield from begin())


CONTESTANTS = (
    Contestant("none", "no protection", unprotected),
    Contestant("retry", "retry alone", retrying),
    Contestant("breaker", "plain breaker, retry", breaking),
    Contestant("defaults", "switchgear, defaults", switched()),
    Contestant("all_on", "switchgear, all on", switched(**ALL_ON)),
)

RAMPS = tuple(
    Contestant(
        f"ramp_{ramp_s}", f"all on, ramp_s={ramp_s}", switched(**(ALL_ON | {"ramp_s": ramp_s}))
    )
    for ramp_s in (0, 10, 20, 30, 60)
)
"""The last of them with other ramps: how much hangs on that number."""

BY_NAME = {one.name: one for one in (*CONTESTANTS, *RAMPS)}
