"""Owns what the server asks of whoever has records and circuits: a gear here, or a file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from switchgear.core.words import Scope
from switchgear.observe.overview import BARS_MAX

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from switchgear.core.circuit import Counts
    from switchgear.core.event import Note
    from switchgear.core.policy.budget import BudgetView
    from switchgear.core.policy.gate import GateView
    from switchgear.core.policy.weight import LedgerView
    from switchgear.core.words import CircuitState
    from switchgear.observe.health import Health
    from switchgear.observe.overview import Latency, Overview
    from switchgear.observe.query import LogQuery
    from switchgear.observe.record import LogRecord
    from switchgear.server.control import Control
    from switchgear.server.orders_source import Orders


@dataclass(frozen=True, slots=True)
class Names:
    """What the records name, for the filters."""

    exchanges: tuple[str, ...]
    methods: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CallCounts:
    """What happened to the calls of one circuit; the words are those of CallMetrics."""

    total_calls: int = 0
    success_calls: int = 0
    failed_calls: int = 0
    in_flight: int = 0
    rejected_calls: int = 0
    retried_attempts: int = 0
    fallback_calls: int = 0
    success_rate: float = 1.0
    p50_ms: float = 0.0
    p95_ms: float = 0.0
    p99_ms: float = 0.0
    last_error: str | None = None
    last_error_at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Circuit:
    """One circuit as it is shown."""

    exchange: str
    method: str
    """`@exchange`, `@address` or `@account` for one that several methods share."""
    account: str
    state: CircuitState
    since_ms: int
    """Epoch ms at which it went into this state."""
    reason: str = ""
    by: str = ""
    """Who holds it; empty when nobody does."""
    retry_after_s: float | None = None
    """Seconds until the next call or probe can be admitted; None when only a person can tell."""
    failures: int = 0
    failure_threshold: int | None = None
    reset_timeout_s: float | None = None
    openings: int = 0
    counts: CallCounts = field(default_factory=CallCounts)
    seen_ms: int | None = None
    """Epoch ms at which this was true, when it was read from a file; None when it is true now."""
    scope: Scope = Scope.METHOD
    """What it stands for: the method alone, or what is wider and several methods share."""
    passing: float | None = None
    """Share of the calls that it lets through, 0 to 1; None when nobody knows it here."""
    window: Counts | None = None
    """What its window holds; None while no rule needs one, and when nobody knows it here."""
    hold_ends_in_s: float | None = None
    """Seconds until a person's hold ends by itself; None where nobody holds it, and until it is released."""
    held_back_by: Scope | None = None
    """The scope of the widest circuit that does not let all calls of this method through."""
    until_ms: int | None = None
    """Epoch ms of the next probe or of a hold's end; None while calls go through, and when only a person can tell."""
    run: int = 0
    """Whose it is, by the number in a history; 0 for the process that answers."""


@dataclass(frozen=True, slots=True)
class ClosedGate:
    """A gate that rejects calls at the moment."""

    exchange: str
    scope: Scope
    account: str
    retry_after_s: float
    reason: str
    orders_only: bool = False
    """It holds back new orders alone."""
    public_only: bool = False
    """It holds back calls without a key alone."""

    @classmethod
    def of(cls, gate: GateView) -> ClosedGate:
        """A gate as it stands."""
        return cls(
            gate.exchange,
            gate.scope,
            gate.account,
            gate.retry_after_s,
            gate.reason,
            gate.orders_only,
            gate.public_only,
        )


@dataclass(frozen=True, slots=True)
class Board:
    """Every circuit, the gates that are closed, and what is used of limits and retry budgets."""

    circuits: tuple[Circuit, ...]
    gates: tuple[ClosedGate, ...] = ()
    limits: tuple[LedgerView, ...] = ()
    """Empty when nobody knows them here, as for a file."""
    budgets: tuple[BudgetView, ...] = ()
    """Empty in the same case."""


@dataclass(frozen=True, slots=True)
class Status:
    """Where the records come from, and how many never arrived."""

    source: str
    """`program` when the records are of this process, `history` when they are of another's file."""
    name: str
    """What a person calls it: `memory`, or the file's name."""
    writable: bool
    """Records can be cleared."""
    dropped: int = 0
    """Records below WARNING that were dropped because they came too fast."""
    dropped_warnings: int = 0
    """Records from WARNING on that were dropped for the same reason."""
    lost: int = 0
    """Records that could not be written to the history."""


class Tail(Protocol):
    """Records as they come, for one reader."""

    def take(self) -> tuple[Sequence[LogRecord], int]:
        """The records since the last take, oldest first, and how many were too many to keep."""
        ...

    def close(self) -> None:
        """End reading."""
        ...


class Records(Protocol):
    """The log; every method may block a little, and is called from threads of the server."""

    def logs(self, query: LogQuery) -> Sequence[LogRecord]:
        """The records that match, newest first, at most the query's limit."""
        ...

    def count(self, query: LogQuery, most: int | None = None) -> int:
        """How many records match, whatever the query's limit; counting ends at most, if given."""
        ...

    def newest_id(self) -> int:
        """The id of the newest record; 0 when there is none."""
        ...

    def export(self, query: LogQuery) -> Iterator[LogRecord]:
        """Every record that matches, newest first, whatever the query's limit."""
        ...

    def overview(self, query: LogQuery, bars: int = BARS_MAX) -> Overview:
        """What the query finds, counted by each facet and over time."""
        ...

    def latency(self, query: LogQuery, points: int = BARS_MAX) -> Sequence[Latency]:
        """How long the successes among what the query finds took, over time."""
        ...

    def around(self, record_id: int, each_side: int) -> Sequence[LogRecord]:
        """A record with its neighbours, whatever they are of, newest first; empty when it is gone."""
        ...

    def clear(self, query: LogQuery, expected_count: int) -> int:
        """
        Remove every record that matches; gives how many.

        Raises:
            CountChanged: Another number than expected_count matches; nothing was removed.
        """
        ...

    def names(self) -> Names:
        """What the filters offer."""
        ...

    def tail(self, query: LogQuery, after_id: int) -> Tail:
        """The records that match and are newer than after_id, and then those that come."""
        ...


class LogSource(Protocol):
    """What the server shows; every method may block a little and is called from its threads."""

    @property
    def records(self) -> Records:
        """The log."""
        ...

    @property
    def orders(self) -> Orders:
        """The orders that were written down; without a journal there are none."""
        ...

    def now_ms(self) -> int:
        """The date by which everything here is dated."""
        ...

    def board(self) -> Board:
        """The circuits now, or as they were last written down."""
        ...

    def health(self) -> Health:
        """How things stand, in words."""
        ...

    def status(self) -> Status:
        """Where the records come from."""
        ...

    @property
    def control(self) -> Control | None:
        """Who turns the circuits by hand; None where they are of another process."""
        ...

    def metrics(self) -> Sequence[Mapping[str, object]]:
        """The fields of each key's CallMetrics, JSON values only, by key; from a file, those last written down."""
        ...

    def whole_since_ms(self) -> int | None:
        """Epoch ms since when no record is missing but what was cleared; None when there is none."""
        ...

    def note(self, note: Note) -> None:
        """Write down what was done here by hand."""
        ...
