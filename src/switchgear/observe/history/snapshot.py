"""Owns how a circuit that lives here becomes a snapshot with dates, for another process to show."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING

from switchgear.core.words import CircuitState
from switchgear.observe.store import CircuitSnapshot

if TYPE_CHECKING:
    from switchgear.core.policy.circuit_view import CircuitView
    from switchgear.observe.metrics import CallMetrics

_WAITING = frozenset({CircuitState.OPEN, CircuitState.FORCED_OPEN, CircuitState.HALF_OPEN})


def snapshot_of(view: CircuitView, metrics: CallMetrics, now: datetime) -> CircuitSnapshot:
    """The circuit and its counts as they stand; now is the clock's date when the view was taken."""
    now_ms = round(now.timestamp() * 1000)
    wait_s = view.retry_after_s if view.state in _WAITING else view.hold_ends_in_s
    return CircuitSnapshot(
        key=view.key,
        state=view.state,
        since_ms=now_ms - round(view.since_s * 1000),
        reason=view.reason,
        until_ms=None if wait_s is None else now_ms + round(wait_s * 1000),
        by=view.by,
        failures=view.failures,
        openings=view.openings,
        updated_ms=now_ms,
        metrics=metrics_as_dict(metrics),
    )


def metrics_as_dict(metrics: CallMetrics) -> dict[str, object]:
    """The fields of the metrics as JSON has them: a date is ISO 8601, a state its value."""
    return {field.name: _plain(getattr(metrics, field.name)) for field in fields(metrics)}


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return value.value if isinstance(value, Enum) else value
