"""Owns counting what switchgear told while the demo ran, by exchange; what the agents saw is theirs."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from switchgear.core.event import (
    CallCancelled,
    CallFailed,
    CallIgnored,
    CallRejected,
    CallSucceeded,
    CircuitMoved,
    FallbackServed,
    GateClosed,
    RetryScheduled,
)
from switchgear.core.words import CircuitState
from switchgear.observe.history.wide import the_wide

if TYPE_CHECKING:
    from switchgear.gear import Switchgear

OPENED, REOPENED, CLOSED = "opened ", "reopened ", "closed "
GATE, FALLBACK = "gate ", "fallback "
"""Beginnings of names in the counts, none of them that of another; the rest is a method, a kind, or a source.

What is wider than a method goes by its words, as `the whole exchange`."""


class Facts:
    """Counts of events by exchange and name since the gear was made."""

    def __init__(self, gear: Switchgear) -> None:
        self._counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._hub = gear.hub
        gear.on(CallSucceeded, self._ended)
        gear.on(CallFailed, self._ended)
        gear.on(CallIgnored, self._ended)
        gear.on(CallCancelled, self._ended)
        gear.on(CircuitMoved, self._moved)
        gear.on(GateClosed, lambda event: self._count(event.exchange, f"{GATE}{event.kind.value}"))
        gear.on(
            FallbackServed, lambda event: self._count(event.key.exchange, FALLBACK + event.source)
        )
        gear.on(RetryScheduled, lambda event: self._count(event.key.exchange, "retries"))
        gear.on(CallRejected, lambda event: self._count(event.key.exchange, "rejected"))

    def of(self, exchange: str) -> Counter[str]:
        """A copy of an exchange's counts, with all that has happened in them."""
        self._hub.flush()
        return self._counts[exchange].copy()

    def _count(self, exchange: str, name: str, number: int = 1) -> None:
        self._counts[exchange][name] += number

    def _ended(self, event: CallSucceeded | CallFailed | CallIgnored | CallCancelled) -> None:
        self._count(event.key.exchange, "attempts", event.attempts)
        if isinstance(event, CallSucceeded) and event.slow:
            self._count(event.key.exchange, "slow")

    def _moved(self, event: CircuitMoved) -> None:
        key = event.key
        name = the_wide(key.scope, key.account) or key.method
        match event.old, event.new:
            case CircuitState.HALF_OPEN, CircuitState.OPEN:
                self._count(key.exchange, REOPENED + name)
            case _, CircuitState.OPEN:
                self._count(key.exchange, OPENED + name)
            case ((CircuitState.OPEN | CircuitState.HALF_OPEN), CircuitState.CLOSED):
                self._count(key.exchange, CLOSED + name)
            case _:
                return  # half-open, or closed by hand while it was closed


def named(counts: Counter[str], beginning: str) -> dict[str, int]:
    """The counts whose names begin so, by the rest of the name."""
    return {
        name.removeprefix(beginning): number
        for name, number in sorted(counts.items())
        if name.startswith(beginning)
    }
