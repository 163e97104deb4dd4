"""Owns the steps that a flow asks its driver to carry out, and what the driver hands it; deciding is left to flow."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any, NamedTuple

from switchgear.core.outcome import Served

if TYPE_CHECKING:
    from switchgear.core.circuit import Circuit
    from switchgear.core.policy.fallback import Source


class Run(NamedTuple):
    """Run the function once, cut after timeout_s seconds where it can be cut."""

    timeout_s: float | None


class Wait(NamedTuple):
    """Let delay_s seconds pass."""

    delay_s: float


class Ask(NamedTuple):
    """Ask a fallback's function."""

    source: Source
    timeout_s: float | None


Step = Run | Wait | Ask
Flow = Generator[Step, Any, Served[Any]]


class Failure(NamedTuple):
    """A first attempt that failed on the straight path, handed over to the flow."""

    error: BaseException
    circuit: Circuit
    started_s: float
    call_id: int


class CutShort(Exception):
    """The driver cut a step because its time was over."""
