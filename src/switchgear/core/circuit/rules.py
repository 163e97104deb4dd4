"""Owns the numbers that a circuit obeys and how long it stays open; where they come from is left to settings."""

from __future__ import annotations

from dataclasses import dataclass

DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Rules:
    """When a circuit opens, for how long, and what lets it close."""

    failure_threshold: int = 3
    """Failures in a row that open it, from 1."""
    reset_timeout_s: float = 30.0
    """Seconds that the first open spell lasts."""
    reset_timeout_s_max: float | None = None
    """Upper bound of a grown open spell in seconds, before jitter; None is one day."""
    reset_backoff: float = 1.0
    """Factor on the open time for each further opening in a row, from 1."""
    reset_jitter: float = 0.0
    """Share of the open time, 0 to 1, of which a random part is added; drawn once for each spell."""
    probes: int = 1
    """Probes admitted while half-open, in all and at once, from 1."""
    probes_to_close: int = 1
    """Probes that must succeed to close it, from 1 to probes."""
    probe_lease_s: float = 30.0
    """Seconds after which the place of a probe that never settled is given to the next call."""


def open_time_s(rules: Rules, spell: int, chance: float) -> float:
    """
    Seconds that an open spell lasts.

    Args:
        rules: As they stand at the opening.
        spell: Openings in a row, from 1.
        chance: A random number in [0, 1), drawn once for this spell.
    """
    bound_s = DAY_S if rules.reset_timeout_s_max is None else rules.reset_timeout_s_max
    try:
        grown_s = rules.reset_timeout_s * rules.reset_backoff ** (spell - 1)
    except OverflowError:  # a float ends somewhere; the bound is far below that
        grown_s = bound_s
    return min(grown_s, max(bound_s, rules.reset_timeout_s)) * (1.0 + rules.reset_jitter * chance)
