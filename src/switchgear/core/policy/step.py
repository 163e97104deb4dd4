"""Owns the steps that a flow asks its driver to carry out, and what the driver hands it; deciding is left to flow."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any, NamedTuple

from switchgear.core.outcome import Served

if TYPE_CHECKING:
    from switchgear.core.policy.bulkhead import Place
    from switchgear.core.policy.fallback import Source
    from switchgear.core.policy.hedge import Hedge
    from switchgear.core.policy.scopes import Way
    from switchgear.core.policy.weight import Toll


class Run(NamedTuple):
    """Run the function once, cut after timeout_s seconds where it can be cut."""

    timeout_s: float | None
    hedge: Hedge | None = None
    """Decides whether a second attempt runs beside this one; only an asynchronous driver can."""


class Wait(NamedTuple):
    """Let delay_s seconds pass."""

    delay_s: float


class Queue(NamedTuple):
    """Stand in line for a place in flight; the driver sends back whether one came free in time."""

    place: Place
    limit_s: float


class Ask(NamedTuple):
    """Ask a fallback's function."""

    source: Source
    timeout_s: float | None


Step = Run | Wait | Queue | Ask
Flow = Generator[Step, Any, Served[Any]]


class Failure(NamedTuple):
    """A first attempt that failed on the straight path, handed over to the flow."""

    error: BaseException
    way: Way
    started_s: float
    call_id: int
    toll: Toll | None = None
    """What it took its weight from."""


class CutShort(Exception):
    """The driver cut a step because its time was over."""
