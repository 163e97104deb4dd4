"""Owns what a circuit can be, each state with only its own data; moving between them is left to machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from switchgear.core.circuit.window import Window
    from switchgear.core.words import CircuitState


class Closed(NamedTuple):
    """Calls pass; failures in a row are counted. A tuple, for one is made at every failing attempt."""

    failures: int = 0
    window: Window | None = None
    """None while no rule looks at more than failures in a row, or nothing happened."""


CLEAN = Closed()
"""Closed with nothing counted: always this very object, so that identity tells it."""


@dataclass(frozen=True, slots=True)
class Open:
    """Calls are refused until an instant."""

    since_s: float
    until_s: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class HalfOpen:
    """A few probes find out whether the exchange is back."""

    since_s: float
    leases: tuple[tuple[int, float], ...] = ()
    """Probes that are out: number and the instant at which the place is taken back."""
    successes: int = 0
    failures: int = 0
    last_probe: int = 0
    """Number of the newest probe, so that no number is given twice in this spell."""
    reason: str = ""
    """Why the circuit had opened."""


class Ramp(NamedTuple):
    """The probes succeeded: a growing share passes, and failures are counted as in a closed circuit."""

    since_s: float
    until_s: float
    credit: float
    """Grows by the share with each call that asks; a call passes for 1 of it. So no chance is needed."""
    counted: Closed
    """What a closed circuit would have counted."""
    reason: str = ""
    """Why the circuit had opened."""


@dataclass(frozen=True, slots=True)
class Held:
    """A person decides, until a time or until released; what was before lies beneath."""

    mode: CircuitState
    since_s: float
    until_s: float | None
    by: str
    why: str
    beneath: Closed | Open | HalfOpen | Ramp


State = Closed | Open | HalfOpen | Ramp | Held
