"""
Owns how other libraries guard the same functions, each at the settings that come nearest to ours.

Circuits that must stay closed open after 1e9 failures; those that must be open open after one, for an hour.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import circuitbreaker
import interlock
import pybreaker
import pyresilience
import stamina
import tenacity
from purgatory import AsyncCircuitBreakerFactory, SyncCircuitBreakerFactory

if TYPE_CHECKING:
    from collections.abc import Callable

NEVER = 10**9
OPEN_S = 3600

Function = Any
"""A function of no arguments, of either colour; what wraps it keeps the colour."""


class Peer(NamedTuple):
    """A library: how it guards a function, and what it can do."""

    name: str
    guard: Callable[[Function, bool, bool], Function]
    """(function, whether one failure opens, whether the function is asynchronous)"""
    breaks: bool = True
    """Whether it is a breaker at all."""
    awaits: bool = True
    """Whether it guards coroutine functions."""


def _circuitbreaker(function: Function, opens: bool, _: bool) -> Function:
    threshold = 1 if opens else NEVER
    return circuitbreaker.CircuitBreaker(threshold, OPEN_S)(function)


def _pybreaker(function: Function, opens: bool, _: bool) -> Function:
    threshold = 1 if opens else NEVER
    return pybreaker.CircuitBreaker(fail_max=threshold, reset_timeout=OPEN_S)(function)


def _purgatory(function: Function, opens: bool, is_async: bool) -> Function:
    factory = AsyncCircuitBreakerFactory if is_async else SyncCircuitBreakerFactory
    return factory(default_threshold=1 if opens else NEVER, default_ttl=OPEN_S)("bench")(function)


def _interlock(function: Function, opens: bool, _: bool) -> Function:
    config = interlock.Config(
        minimum_number_of_calls=1 if opens else NEVER, wait_duration_in_open=OPEN_S
    )
    return interlock.CircuitBreaker(name="bench", config=config)(function)


def _pyresilience(function: Function, opens: bool, _: bool) -> Function:
    config = pyresilience.CircuitBreakerConfig(
        failure_threshold=1 if opens else NEVER, recovery_timeout=OPEN_S
    )
    return pyresilience.resilient(circuit_breaker=config)(function)


def _tenacity(function: Function, _: bool, __: bool) -> Function:
    wait = tenacity.wait_random_exponential(multiplier=0.3)
    stop = tenacity.stop_after_attempt(4)
    return tenacity.retry(stop=stop, wait=wait, reraise=True)(function)


def _stamina(function: Function, _: bool, __: bool) -> Function:
    return stamina.retry(on=Exception, attempts=4)(function)


PEERS = (
    Peer("circuitbreaker", _circuitbreaker),
    Peer("pybreaker", _pybreaker, awaits=False),
    Peer("purgatory", _purgatory),
    Peer("pyresilience", _pyresilience),
    Peer("interlock-cb", _interlock),
    Peer("tenacity", _tenacity, breaks=False),
    Peer("stamina", _stamina, breaks=False),
)

DISTRIBUTIONS = (
    *(peer.name for peer in PEERS),
    "prometheus-client",
    "structlog",
    "msgspec",
)
