"""Owns the numbers of an outage: when it is, how it fails, how the venue comes back; acting on them is for venue."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

USE = 0.6
"""Share of the capacity that the callers' normal load takes."""
WATCHED_S = 30
"""Seconds after the outage in which the load on the venue is looked at."""


class Failing(StrEnum):
    """How the venue fails during the outage."""

    REFUSED = "refused"
    """The connection is refused at once."""
    SLOW = "slow"
    """Half of the requests get a 503 after some seconds, the other half no answer at all."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One outage."""

    failing: Failing
    begins_s: int = 60
    ends_s: int = 120
    run_s: int = 300
    """Nothing new is wanted from then on; what is under way ends."""
    warm_s: float = 30.0
    """Seconds from the outage's end until the full capacity is back, if nothing disturbs it."""
    cold_share: float = 0.3
    """Share of the capacity at the outage's end."""
    fragile: bool = True
    """It gets no warmer while it is overloaded; otherwise it does by the clock, whatever comes."""
