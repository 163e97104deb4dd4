"""Owns the counts of one key: exact totals and bounded percentiles, from its events."""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import dataclass, field
from math import exp, floor, log
from typing import TYPE_CHECKING

from switchgear.core.event import (
    CallCancelled,
    CallFailed,
    CallIgnored,
    CallJoined,
    CallSucceeded,
    CircuitMoved,
    FallbackServed,
    HedgeStarted,
    RetryScheduled,
    RetryWithheld,
)
from switchgear.core.redact import safe_words
from switchgear.core.words import CircuitState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from switchgear.core.event import Event
    from switchgear.core.words import Key, Kind
    from switchgear.observe.fact import Tap

_STEP = log(1.08)
"""Width of a bucket of durations on a logarithmic scale: a value is known within 4 %, and from 0.1 µs to a day
there are 358 buckets."""
_PER_E = 1 / _STEP
_SECONDS_MIN = 1e-7
_WIDTHS = ("H", "I", "Q")
"""Of a count in an array, narrowest first: 2, 4 and 8 bytes."""
_LEAST = floor(log(_SECONDS_MIN) * _PER_E)


@dataclass(frozen=True, slots=True)
class CallMetrics:
    """What happened to the calls of one key since it exists."""

    exchange: str
    method: str
    account: str
    total_calls: int = 0
    """Calls admitted at least once: success + failed + ignored + cancelled + in flight."""
    success_calls: int = 0
    failed_calls: int = 0
    ignored_calls: int = 0
    cancelled_calls: int = 0
    in_flight: int = 0
    rejected_calls: int = 0
    """Calls that were not made; outside total_calls."""
    retried_attempts: int = 0
    fallback_calls: int = 0
    success_rate: float = 1.0
    """Successes among successes and failures, 0 to 1; 1 while there were none."""
    total_duration_ms: float = 0.0
    """Over all calls that ended."""
    average_duration_ms: float = 0.0
    """This and the following over successes; 0 while there were none."""
    min_duration_ms: float = 0.0
    max_duration_ms: float = 0.0
    p50_ms: float = 0.0
    """Percentiles are within 5 %."""
    p95_ms: float = 0.0
    p99_ms: float = 0.0
    errors_by_kind: dict[str, int] = field(default_factory=dict[str, int])
    last_error: str | None = None
    last_error_at: datetime | None = None
    circuit_state: CircuitState = CircuitState.CLOSED
    circuit_openings: int = 0
    circuit_changes: int = 0
    last_change_at: datetime | None = None
    withheld_retries: int = 0
    """Retries that the exchange's budget had nothing left for."""
    hedged_attempts: int = 0
    """Second attempts beside one that took long."""
    joined_calls: int = 0
    """Calls that an equal one in flight answered; outside total_calls."""


class Durations:
    """How many durations fell into which bucket, kept as one array: a few hundred bytes for most keys."""

    __slots__ = ("_counts", "_first")

    def __init__(self) -> None:
        self._first = 0
        self._counts = array(_WIDTHS[0])

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """Each bucket and how many it holds, shortest first."""
        return enumerate(self._counts, self._first)

    def add(self, durations_s: list[float]) -> None:
        """Count durations, at least one."""
        self.count(
            Counter([floor(log(s) * _PER_E) if s > _SECONDS_MIN else _LEAST for s in durations_s])
        )

    def count(self, found: Mapping[int, int]) -> None:
        """Count so many in each of these buckets, at least one of them."""
        self._reach(min(found), max(found))
        for bucket, number in found.items():
            place = bucket - self._first
            try:
                self._counts[place] += number
            except OverflowError:
                total = self._counts[place] + number
                wide = next(code for code in _WIDTHS if total < 256 ** array(code).itemsize)
                self._counts = array(wide, self._counts)
                self._counts[place] = total

    def _reach(self, low: int, high: int) -> None:
        if not self._counts:
            self._first = low
        if low < self._first:
            self._counts[:0] = array(self._counts.typecode, [0]) * (self._first - low)
            self._first = low
        missing = high - self._first - len(self._counts) + 1
        if missing > 0:
            self._counts.extend(array(self._counts.typecode, [0]) * missing)


class Tally:
    """The counts of one key as they grow; whoever folds and reads holds the hub's lock."""

    __slots__ = (
        "cancelled",
        "changes",
        "durations",
        "errors",
        "failed",
        "fallbacks",
        "hedged",
        "ignored",
        "joined",
        "key",
        "last_change_s",
        "last_error",
        "last_error_s",
        "last_source",
        "last_source_s",
        "max_s",
        "min_s",
        "ok_s",
        "openings",
        "rejected",
        "retried",
        "slow_s",
        "success",
        "total_s",
        "withheld",
    )

    def __init__(self, key: Key) -> None:
        self.key = key
        self.slow_s: float | None = None
        """What takes longer is told as slow."""
        self.success = self.failed = self.ignored = self.cancelled = 0
        self.withheld = self.hedged = self.joined = 0
        self.rejected = self.retried = self.fallbacks = self.openings = self.changes = 0
        self.total_s = self.ok_s = self.max_s = 0.0
        self.min_s = float("inf")
        self.durations = Durations()
        self.errors: tuple[tuple[Kind, int], ...] = ()
        """How many of which kind; mostly of one or two, for which a dict would take twice the room."""
        self.last_error: str | None = None
        self.last_error_s = self.last_change_s = self.last_source_s = 0.0
        self.last_source = ""

    @property
    def ended(self) -> int:
        """Calls that were admitted and are over."""
        return self.success + self.failed + self.ignored + self.cancelled

    def succeeded(self, durations_s: list[float]) -> None:
        """Count successes, at least one."""
        self.success += len(durations_s)
        lasted_s = sum(durations_s)
        self.total_s += lasted_s
        self.ok_s += lasted_s
        shortest_s, longest_s = min(durations_s), max(durations_s)
        self.min_s = min(self.min_s, shortest_s)
        self.max_s = max(self.max_s, longest_s)
        self.durations.add(durations_s)

    def failed_with(self, kind: Kind, words: str, at_s: float, duration_s: float) -> None:
        """Count one failure; words are not yet redacted."""
        self.failed += 1
        self.total_s += duration_s
        counted = dict(self.errors)
        counted[kind] = counted.get(kind, 0) + 1
        self.errors = tuple(counted.items())
        self.last_error, self.last_error_s = words, at_s

    def fold(self, event: Event) -> None:
        """Count one fact of this key; facts that are no count are passed over."""
        match event:
            case CallSucceeded():
                self.succeeded([event.duration_s])
            case CallFailed():
                self.failed_with(event.kind, event.error, event.at_s, event.duration_s)
            case CallIgnored():
                self.ignored += 1
                self.total_s += event.duration_s
            case CallCancelled():
                self.cancelled += 1
                self.total_s += event.duration_s
            case RetryScheduled():
                self.retried += 1
                self.last_error, self.last_error_s = event.error, event.at_s
            case RetryWithheld():
                self.withheld += 1
            case HedgeStarted():
                self.hedged += 1
            case CallJoined():
                self.joined += 1
            case FallbackServed():
                self.fallbacks += 1
                self.last_source, self.last_source_s = event.source, event.at_s
            case CircuitMoved():
                self.changes += 1
                self.openings += event.new is CircuitState.OPEN and event.old not in _HELD
                self.last_change_s = event.at_s
            case _:
                pass

    def read(
        self, begun: int, state: CircuitState, date: Callable[[float], datetime]
    ) -> CallMetrics:
        """
        The counts now.

        Args:
            begun: Calls admitted so far.
            state: What the circuit does now.
            date: Turns a monotonic instant into a date.
        """
        judged = self.success + self.failed
        average_s = self.ok_s / self.success if self.success else 0.0
        p50_s, p95_s, p99_s = (self._percentile_s(share) for share in (0.50, 0.95, 0.99))
        return CallMetrics(
            exchange=self.key.exchange,
            method=self.key.method,
            account=self.key.account,
            total_calls=begun,
            success_calls=self.success,
            failed_calls=self.failed,
            ignored_calls=self.ignored,
            cancelled_calls=self.cancelled,
            in_flight=begun - self.ended,
            rejected_calls=self.rejected,
            retried_attempts=self.retried,
            withheld_retries=self.withheld,
            hedged_attempts=self.hedged,
            joined_calls=self.joined,
            fallback_calls=self.fallbacks,
            success_rate=self.success / judged if judged else 1.0,
            total_duration_ms=self.total_s * 1000,
            average_duration_ms=average_s * 1000,
            min_duration_ms=self.min_s * 1000 if self.success else 0.0,
            max_duration_ms=self.max_s * 1000,
            p50_ms=p50_s * 1000,
            p95_ms=p95_s * 1000,
            p99_ms=p99_s * 1000,
            errors_by_kind={kind.value: number for kind, number in self.errors},
            last_error=None if self.last_error is None else safe_words(self.last_error),
            last_error_at=date(self.last_error_s) if self.last_error is not None else None,
            circuit_state=state,
            circuit_openings=self.openings,
            circuit_changes=self.changes,
            last_change_at=date(self.last_change_s) if self.changes else None,
        )

    def _percentile_s(self, share: float) -> float:
        """The duration that a share of the successes does not exceed, by nearest rank."""
        if not self.success:
            return 0.0
        rank, seen = max(1, -int(-share * self.success // 1)), 0
        for bucket, number in self.durations:
            seen += number
            if seen >= rank:
                middle_s = exp((bucket + 0.5) * _STEP)
                return min(max(middle_s, self.min_s), self.max_s)
        return self.max_s


_HELD = frozenset({CircuitState.FORCED_OPEN, CircuitState.FORCED_CLOSED, CircuitState.METRICS_ONLY})


def tally_of(tap: Tap) -> Tally:
    """The counts behind a tap."""
    assert isinstance(tap.counts, Tally)  # there are no others
    return tap.counts
