"""Owns showing what another process writes: its log, and its circuits as written down last."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from switchgear.core.circuit import Rules
from switchgear.core.clock import SystemClock
from switchgear.core.policy.circuit_view import CircuitView
from switchgear.core.redact import redact_text
from switchgear.core.words import CircuitState, Key
from switchgear.observe.health import health_of
from switchgear.observe.history import HistoryReader
from switchgear.observe.history.gates import closed_gates
from switchgear.observe.history.wide import held_back_by, refusing
from switchgear.observe.logging import LOGGER
from switchgear.observe.query import LogQuery
from switchgear.server.file_records import FileRecords
from switchgear.server.orders_source import Orders
from switchgear.server.reach import Reach
from switchgear.server.source import Board, CallCounts, Circuit, ClosedGate, Status

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence

    from switchgear.core.clock import Clock
    from switchgear.core.event import Note
    from switchgear.core.words import Scope
    from switchgear.observe.health import Health
    from switchgear.observe.history import CircuitSnapshot
    from switchgear.order.journal import Journal
    from switchgear.server.control import Control

_SERVED_LATELY_MS = 60_000
_HELD = frozenset({CircuitState.FORCED_OPEN, CircuitState.FORCED_CLOSED, CircuitState.METRICS_ONLY})
_LOOKED_AT_MAX = 500


class HistorySource:
    """A history that another process writes, in a file or on a server."""

    def __init__(
        self,
        path: str | os.PathLike[str],
        clock: Clock | None = None,
        journals: Sequence[Journal] = (),
        note: Callable[[Note], object] | None = None,
    ) -> None:
        """
        Show a file, and the orders of journals beside it.

        Args:
            path: The file, or `postgresql://…`.
            clock: This machine's date and time unless a test plays them.
            journals: Of the orders that are shown.
            note: Takes what was done here by hand, for the file is another's; the logger `switchgear` unless given.

        Raises:
            SettingsError: The file is missing, is no history, or has the shape of another version.
        """
        self._clock = SystemClock() if clock is None else clock
        self._reader = HistoryReader(path, self._clock)
        self._name = self._reader.name
        self.records = FileRecords(self._reader)
        self.orders = Orders(journals=journals)
        self.control: Control | None = None
        self._reach = Reach(self._reader)
        self._note = _log if note is None else note

    def now_ms(self) -> int:
        """This machine's date."""
        return round(self._clock.wall().timestamp() * 1000)

    def board(self) -> Board:
        """The circuits as they were last written down; a file tells nothing of limits and budgets."""
        now_ms = self.now_ms()
        snapshots = self._reader.circuits()
        wide = refusing(snapshots)
        circuits = tuple(_circuit(one, now_ms, held_back_by(one, wide)) for one in snapshots)
        return Board(
            circuits, tuple(ClosedGate.of(gate) for gate in closed_gates(self._reader, now_ms))
        )

    def health(self) -> Health:
        """How things stand, in words, as far as the file tells."""
        now_ms = self.now_ms()
        views = [_view(one, now_ms) for one in self._reader.circuits()]
        return health_of(views, closed_gates(self._reader, now_ms), self._served(now_ms))

    def status(self) -> Status:
        """Where the records come from."""
        lost = self._reader.lost()
        return Status(source="history", name=self._name, writable=False, lost=sum(lost.values()))

    def metrics(self) -> list[Mapping[str, object]]:
        """The fields of each key's CallMetrics as they were last written down, by key."""
        return [one.metrics for one in self._reader.circuits() if not one.key.is_scope]

    def whole_since_ms(self) -> int | None:
        """Epoch ms of the oldest record; None when there is none."""
        return self._reach.since_ms()

    def note(self, note: Note) -> None:
        """Write down what was done here by hand, where the source was told to."""
        self._note(note)

    def _served(self, now_ms: int) -> dict[Key, str]:
        """For keys that were lately answered by a fallback, its name; the newest one of each."""
        served: dict[Key, str] = {}
        since_ms = max(0, now_ms - _SERVED_LATELY_MS)
        query = LogQuery(event="fallback_served", since_ms=since_ms, limit=_LOOKED_AT_MAX)
        for record in self._reader.query(query):
            served.setdefault(
                Key(record.exchange, record.method, record.account), record.source or ""
            )
        return served


def _log(note: Note) -> None:
    LOGGER.log(note.level, "%s", redact_text(note.message))


def _wait_s(snapshot: CircuitSnapshot, now_ms: int) -> float | None:
    return None if snapshot.until_ms is None else max(0.0, (snapshot.until_ms - now_ms) / 1000)


def _view(snapshot: CircuitSnapshot, now_ms: int) -> CircuitView:
    return CircuitView(
        key=snapshot.key,
        state=snapshot.state,
        since_s=max(0.0, (now_ms - snapshot.since_ms) / 1000),
        reason=snapshot.reason,
        retry_after_s=_wait_s(snapshot, now_ms),
        failures=snapshot.failures,
        openings=snapshot.openings,
        generation=0,
        rules=Rules(),  # a snapshot does not hold the rules; the words do not speak of them
        by=snapshot.by,
        scope=snapshot.key.scope,
    )


def _circuit(snapshot: CircuitSnapshot, now_ms: int, held_by: Scope | None) -> Circuit:
    return Circuit(
        exchange=snapshot.key.exchange,
        method=snapshot.key.method,
        account=snapshot.key.account,
        state=snapshot.state,
        since_ms=snapshot.since_ms,
        reason=snapshot.reason,
        by=snapshot.by,
        retry_after_s=_wait_s(snapshot, now_ms),
        hold_ends_in_s=_wait_s(snapshot, now_ms) if snapshot.state in _HELD else None,
        failures=snapshot.failures,
        openings=snapshot.openings,
        counts=_counts(snapshot.metrics),
        seen_ms=snapshot.updated_ms,
        scope=snapshot.key.scope,
        held_back_by=held_by,
        until_ms=snapshot.until_ms,
        run=snapshot.run,
    )


_COUNTED = tuple(name for name in CallCounts.__dataclass_fields__ if name != "last_error_at_ms")


def _counts(metrics: Mapping[str, Any]) -> CallCounts:
    at = metrics.get("last_error_at")
    at_ms = round(datetime.fromisoformat(at).timestamp() * 1000) if isinstance(at, str) else None
    given = {name: metrics[name] for name in _COUNTED if name in metrics}
    return CallCounts(**given, last_error_at_ms=at_ms)
