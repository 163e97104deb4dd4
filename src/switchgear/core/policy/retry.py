"""Owns whether another attempt is allowed and how long to wait before it; waiting is left to the driver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from switchgear.core.words import Effect, Kind

if TYPE_CHECKING:
    from switchgear.core.words import Verdict


SLOWER = 10 / 3
"""Factor on the waits after an answer that says "too much": whoever is overloaded is not helped by haste.
With the first wait of 0.3 s it gives the 1 s of botocore's waits after throttling."""
_TOO_MUCH = frozenset(
    {Kind.OVERLOADED, Kind.RATE_LIMITED, Kind.ORDER_RATE_LIMITED, Kind.MAINTENANCE}
)


@dataclass(frozen=True, slots=True)
class Backoff:
    """How many further attempts, and the waits between them."""

    retries: int = 3
    """Attempts after the first, from 0."""
    delay_s: float = 0.3
    """Upper bound of the first wait in seconds."""
    factor: float = 2.0
    """Growth of that bound from wait to wait, from 1."""
    delay_s_max: float = 30.0
    """No wait is longer; an exchange that asks for a longer one gets no further attempt of this call."""


def allowed(effect: Effect, verdict: Verdict) -> bool:
    """Whether another attempt can help and cannot hurt; an order only when it is proved that nothing was sent."""
    return verdict.retryable and (effect is not Effect.TRADE or verdict.unsent)


def delay_s(attempt: int, backoff: Backoff, chance: float, kind: Kind = Kind.UNEXPECTED) -> float:
    """
    Seconds to wait before the next attempt: full jitter, in [0, backoff.delay_s_max).

    Args:
        attempt: Attempts made so far, from 1.
        backoff: The rules.
        chance: A random number in [0, 1).
        kind: Of the error; after one that says "too much" the waits are longer by SLOWER.
    """
    first_s = backoff.delay_s * (SLOWER if kind in _TOO_MUCH else 1.0)
    try:
        grown_s = first_s * backoff.factor ** (attempt - 1)
    except OverflowError:  # a float ends somewhere; the bound is far below that
        grown_s = backoff.delay_s_max
    return min(grown_s, backoff.delay_s_max) * chance
