"""Owns showing a gear of this process: its log, and its circuits as they stand at this instant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchgear.core.words import CircuitState, Key, Scope
from switchgear.observe.history import metrics_as_dict
from switchgear.server.control import Control
from switchgear.server.file_records import FileRecords
from switchgear.server.orders_source import Orders
from switchgear.server.reach import Reach
from switchgear.server.ring_records import RingRecords
from switchgear.server.source import Board, CallCounts, Circuit, ClosedGate, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from switchgear.core.event import Note
    from switchgear.core.policy.circuit_view import CircuitView
    from switchgear.gear import Switchgear
    from switchgear.observe.health import Health
    from switchgear.observe.history import HistoryReader
    from switchgear.observe.metrics import CallMetrics
    from switchgear.order.journal import Journal
    from switchgear.server.source import Records


class GearSource:
    """A gear in this process; its history is asked where it has one, else its memory."""

    def __init__(
        self,
        gear: Switchgear,
        history: HistoryReader | None = None,
        journals: Sequence[Journal] = (),
    ) -> None:
        """
        Show a gear.

        Args:
            gear: The gear.
            history: The file that it writes its records to; None shows the newest from its memory.
            journals: Of orders, beside those of the gear's desks.
        """
        self._gear = gear
        self._history = history
        self.records: Records = (
            RingRecords(gear) if history is None else FileRecords(history, before=gear.flush)
        )
        self.orders = Orders(lambda: gear.desks, journals)
        self.control = Control(gear)
        self._reach = None if history is None else Reach(history)

    def now_ms(self) -> int:
        """The gear's date."""
        return round(self._gear.clock.wall().timestamp() * 1000)

    def board(self) -> Board:
        """The circuits at this instant."""
        now_ms = self.now_ms()
        counts = {
            Key(one.exchange, one.method, one.account): one for one in self._gear.all_metrics()
        }
        views = self._gear.circuits()
        tight = _tight(views)
        circuits = tuple(
            _circuit(view, counts.get(view.key), now_ms, self._held_back_by(view, tight))
            for view in views
        )
        gates = tuple(ClosedGate.of(gate) for gate in self._gear.gates() if gate.closed)
        return Board(circuits, gates, tuple(self._gear.limits()), tuple(self._gear.budgets()))

    def _held_back_by(self, view: CircuitView, tight: Sequence[CircuitView]) -> Scope | None:
        """The scope of the widest of these that the calls of a method pass."""
        policy = self._gear.registry.policies.get(view.key) if tight else None
        if policy is None:
            return None
        passed = {breaker.key for breaker in policy.scopes.breakers}
        return next((wide.scope for wide in tight if wide.key in passed), None)

    def health(self) -> Health:
        """How things stand, in words."""
        return self._gear.health()

    def status(self) -> Status:
        """Where the records come from."""
        dropped = self._gear.hub.dropped
        writer = self._gear.history
        return Status(
            source="program",
            name="memory" if self._history is None else "history file",
            writable=True,
            dropped=dropped["below_warning"],
            dropped_warnings=dropped["from_warning"],
            lost=0 if writer is None else sum(writer.lost.values()),
        )

    def metrics(self) -> list[dict[str, object]]:
        """The fields of each key's CallMetrics, by key."""
        return [metrics_as_dict(one) for one in self._gear.all_metrics()]

    def whole_since_ms(self) -> int | None:
        """Epoch ms since when no record is missing; None when there is none."""
        return self._gear.ring.whole_since_ms if self._reach is None else self._reach.since_ms()

    def note(self, note: Note) -> None:
        """Write down what was done here by hand: in the gear's log."""
        self._gear.hub.emit(note)


def _tight(views: Iterable[CircuitView]) -> list[CircuitView]:
    """The circuits wider than a method that do not let all calls through, the widest first."""
    found = [view for view in views if view.key.is_scope and view.passing < 1]
    return sorted(found, key=lambda view: _WIDEST_FIRST.index(view.scope))


_WIDEST_FIRST = (Scope.EXCHANGE, Scope.ADDRESS, Scope.ACCOUNT)
_WAITING = frozenset({CircuitState.OPEN, CircuitState.FORCED_OPEN, CircuitState.HALF_OPEN})


def _circuit(
    view: CircuitView, metrics: CallMetrics | None, now_ms: int, held_back_by: Scope | None
) -> Circuit:
    wait_s = view.retry_after_s if view.state in _WAITING else view.hold_ends_in_s
    return Circuit(
        exchange=view.key.exchange,
        method=view.key.method,
        account=view.key.account,
        state=view.state,
        since_ms=now_ms - round(view.since_s * 1000),
        reason=view.reason,
        by=view.by,
        retry_after_s=view.retry_after_s,
        hold_ends_in_s=view.hold_ends_in_s,
        failures=view.failures,
        failure_threshold=view.rules.failure_threshold,
        reset_timeout_s=view.rules.reset_timeout_s,
        openings=view.openings,
        counts=CallCounts() if metrics is None else _counts(metrics),
        scope=view.scope,
        passing=view.passing,
        window=view.window,
        held_back_by=held_back_by,
        until_ms=None if wait_s is None else now_ms + round(wait_s * 1000),
    )


def _counts(metrics: CallMetrics) -> CallCounts:
    """What the board shows of a key's metrics."""
    at = metrics.last_error_at
    return CallCounts(
        total_calls=metrics.total_calls,
        success_calls=metrics.success_calls,
        failed_calls=metrics.failed_calls,
        in_flight=metrics.in_flight,
        rejected_calls=metrics.rejected_calls,
        retried_attempts=metrics.retried_attempts,
        fallback_calls=metrics.fallback_calls,
        success_rate=metrics.success_rate,
        p50_ms=metrics.p50_ms,
        p95_ms=metrics.p95_ms,
        p99_ms=metrics.p99_ms,
        last_error=metrics.last_error,
        last_error_at_ms=None if at is None else round(at.timestamp() * 1000),
    )
