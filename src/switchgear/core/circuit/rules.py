"""Owns the numbers that a circuit obeys, when they say open, and for how long; their origin is left to settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from switchgear.core.circuit.window import Counts

DAY_S = 86_400.0
RAMP_SHARE = 0.1
"""Share of the calls that is let through when a ramp begins."""
THROTTLED_MOST = 0.9
"""Share of the requests that throttling refuses at most: the others find out whether the exchange is back."""


@dataclass(frozen=True, slots=True)
class Rules:
    """When a circuit opens, for how long, and what lets it close."""

    failure_threshold: int | None = 3
    """Failures in a row that open it, from 1; None leaves it to the rates."""
    failure_rate: float | None = None
    """Share of failures in the window that opens it, above 0 to 1; None does not look."""
    slow_call_rate: float | None = None
    """Share of slow attempts in the window that opens it, above 0 to 1; None does not look."""
    slow_call_s: float | None = None
    """An attempt that takes longer is slow, one that is still out too; None calls none slow."""
    window_calls: int | None = None
    """The window is so many attempts, from 1; None leaves it to window_s."""
    window_s: float = 60.0
    """The window is so many seconds, above 0."""
    minimum_calls: int = 10
    """Attempts in the window below which no rate is judged, from 1."""
    throttle_ratio: float | None = None
    """Requests for each one accepted, from 1, above which a growing share is refused; None refuses none so."""
    reset_timeout_s: float = 30.0
    """Seconds that the first open spell lasts."""
    reset_timeout_s_max: float | None = None
    """Upper bound of a grown open spell in seconds, before jitter; None is one day."""
    reset_backoff: float = 1.0
    """Factor on the open time for each further opening in a row, from 1."""
    reset_jitter: float = 0.0
    """Share of the open time, 0 to 1, of which a random part is added; drawn once for each spell."""
    reset_decay_s: float = 60.0
    """Closed for so many seconds, it forgets one opening of those that made the open time grow; above 0."""
    probes: int = 1
    """Probes admitted while half-open, in all and at once, from 1."""
    probes_to_close: int = 1
    """Probes that must succeed to close it, from 1 to probes."""
    probe_lease_s: float = 30.0
    """Seconds after which the place of a probe that never settled is given to the next call."""
    ramp_s: float = 0.0
    """Seconds from the probes' success in which the share let through grows from 10 % to all; 0 lets all through."""

    @property
    def watches_starts(self) -> bool:
        """Whether an attempt must be seen when it begins, and not only when it ends."""
        return self.slow_call_rate is not None or self.throttle_ratio is not None

    @property
    def watches_successes(self) -> bool:
        """Whether a success must be counted even where there is nothing that it heals."""
        return self.failure_rate is not None or self.watches_starts


def broken(rules: Rules, failures_in_a_row: int, counts: Counts, overdue: int = 0) -> str:
    """
    Why the circuit must open, in words; empty while it need not.

    Args:
        rules: As they stand now.
        failures_in_a_row: Up to now.
        counts: What the window holds.
        overdue: Attempts that are out for longer than slow_call_s: slow already, whatever becomes of them.
    """
    threshold = rules.failure_threshold
    if threshold is not None and failures_in_a_row >= threshold:
        return f"{failures_in_a_row} failures in a row"
    if _reached(rules.failure_rate, rules, counts.failures, counts.calls):
        return f"{counts.failures} of {counts.calls} attempts failed"
    return too_slow(rules, counts, overdue)


def too_slow(rules: Rules, counts: Counts, overdue: int) -> str:
    """The same by the slow-call rate alone: what is still out can break no other rule."""
    calls, slow = counts.calls + overdue, counts.slow + overdue
    if not _reached(rules.slow_call_rate, rules, slow, calls):
        return ""
    out = f", {overdue} of them still out" if overdue else ""
    return f"{slow} of {calls} attempts were slow{out}"


def _reached(rate: float | None, rules: Rules, bad: int, calls: int) -> bool:
    # Divided, not multiplied: 55 of 100 is 0.55 to the last bit, and 0.55 * 100 is more than 55.
    return rate is not None and calls >= rules.minimum_calls and bad / calls >= rate


def throttled_share(rules: Rules, counts: Counts) -> float:
    """
    Share of the requests to refuse, in [0, THROTTLED_MOST]; 0 while throttle_ratio is None.

    max(0, (requests - ratio * accepts) / (requests + 1)): Site Reliability Engineering, "Handling Overload",
    client-side throttling. What was refused here counts as a request, so the share settles where it must. What is
    still out counts as accepted until it fails: calls that begin together are no sign of overload.
    """
    if rules.throttle_ratio is None:
        return 0.0
    out = max(0, counts.passed - counts.calls)
    accepts = counts.calls - counts.failures + out
    share = (counts.asked - rules.throttle_ratio * accepts) / (counts.asked + 1)
    return min(max(0.0, share), THROTTLED_MOST)


def ramp_share(since_s: float, until_s: float, now_s: float) -> float:
    """Share of the calls that a ramp lets through, from RAMP_SHARE when it begins to 1 at its end."""
    done = (now_s - since_s) / (until_s - since_s) if until_s > since_s else 1.0
    return min(1.0, RAMP_SHARE + (1.0 - RAMP_SHARE) * max(0.0, done))


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


def spell_after(rules: Rules, spell: int, healthy_s: float) -> int:
    """Openings in a row that still count after the circuit was closed for so many seconds."""
    return spell - int(max(0.0, min(healthy_s / rules.reset_decay_s, spell)))
