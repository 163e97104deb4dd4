"""Owns what the store keeps beside records, as data: runs, and circuits as they stood.

Records are observe.record's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switchgear.core.words import CircuitState, Key


@dataclass(frozen=True, slots=True)
class Run:
    """One process's spell of writing to the file."""

    id: int
    pid: int
    started_ms: int
    updated_ms: int
    """When it last wrote; a live run writes every few seconds even when nothing happens."""
    ended_ms: int | None
    """None while it lives, and when it died without a word."""
    lost_below_warning: int
    """Records that it could not keep."""
    lost_from_warning: int


@dataclass(frozen=True, slots=True)
class CircuitSnapshot:
    """A circuit as it stood in a run, for the page of another process."""

    key: Key
    state: CircuitState
    since_ms: int
    reason: str
    until_ms: int | None
    """When the next probe can be admitted, or when a person's hold ends by itself.

    None while calls go through and nobody holds it, and when only a person can tell.
    """
    by: str
    """Who holds it; empty when nobody does."""
    failures: int
    openings: int
    updated_ms: int
    metrics: Mapping[str, object] = field(default_factory=dict[str, object])
    """The fields of CallMetrics, JSON values only."""
    run: int = 0
    """Whose circuit it is; given by the store."""
