"""Owns what a check can find: four verdicts, and how a question says three of them while it is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Passed:
    """The breaker does what was asked."""

    ok: bool = True


@dataclass(frozen=True, slots=True)
class Failed:
    """It does something else."""

    seen: str
    """What it did."""
    ok: bool = False


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """It could not be asked: a feature is missing, or another check failed that this one builds on."""

    why: str
    ok: bool = True


@dataclass(frozen=True, slots=True)
class Wedged:
    """A call neither ran nor came back within the bound of the suite."""

    where: str
    ok: bool = False


Verdict: TypeAlias = Passed | Failed | NotApplicable | Wedged


class Fault(Exception):
    """Raised by a question: the breaker did something else; says what."""


class Unasked(Exception):
    """Raised by a question: this breaker cannot be asked; says why."""


class Stuck(Exception):
    """Raised by the desk: a call did not come back; says which."""
