"""Owns whether another attempt is allowed and how long to wait before it; waiting is left to the driver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from switchgear.core.words import Effect

if TYPE_CHECKING:
    from switchgear.core.words import Verdict


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


def delay_s(attempt: int, backoff: Backoff, chance: float) -> float:
    """
    Seconds to wait before the next attempt: full jitter, in [0, backoff.delay_s_max).

    Args:
        attempt: Attempts made so far, from 1.
        backoff: The rules.
        chance: A random number in [0, 1).
    """
    try:
        grown_s = backoff.delay_s * backoff.factor ** (attempt - 1)
    except OverflowError:  # a float ends somewhere; the bound is far below that
        grown_s = backoff.delay_s_max
    return min(grown_s, backoff.delay_s_max) * chance
