"""Owns counting what switchgear told while the demo ran; what the agent saw is the agent's."""

from __future__ import annotations

from collections import Counter
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

if TYPE_CHECKING:
    from switchgear.gear import Switchgear

OPENED, CLOSED, GATE, FALLBACK = "opened ", "closed ", "gate ", "fallback "
"""Beginnings of names in the counts; the rest is a method, a kind, or a source."""


class Facts:
    """Counts of events by name since the gear was made."""

    def __init__(self, gear: Switchgear) -> None:
        self._counts: Counter[str] = Counter()
        self._hub = gear.hub
        gear.on(CallSucceeded, self._ended)
        gear.on(CallFailed, self._ended)
        gear.on(CallIgnored, self._ended)
        gear.on(CallCancelled, self._ended)
        gear.on(CircuitMoved, self._moved)
        gear.on(GateClosed, lambda event: self._count(f"{GATE}{event.kind.value}"))
        gear.on(FallbackServed, lambda event: self._count(f"{FALLBACK}{event.source}"))
        gear.on(RetryScheduled, lambda _: self._count("retries"))
        gear.on(CallRejected, lambda _: self._count("rejected"))

    def now(self) -> Counter[str]:
        """A copy of the counts, with all that has happened in them."""
        self._hub.flush()
        return self._counts.copy()

    def _count(self, name: str, number: int = 1) -> None:
        self._counts[name] += number

    def _ended(self, event: CallSucceeded | CallFailed | CallIgnored | CallCancelled) -> None:
        self._count("attempts", event.attempts)
        if isinstance(event, CallSucceeded) and event.slow:
            self._count("slow")

    def _moved(self, event: CircuitMoved) -> None:
        if event.new is CircuitState.OPEN:
            self._count(f"{OPENED}{event.key.method}")
        elif event.new is CircuitState.CLOSED:
            self._count(f"{CLOSED}{event.key.method}")


def named(counts: Counter[str], beginning: str) -> dict[str, int]:
    """The counts whose names begin so, by the rest of the name."""
    return {
        name.removeprefix(beginning): number
        for name, number in sorted(counts.items())
        if name.startswith(beginning)
    }
