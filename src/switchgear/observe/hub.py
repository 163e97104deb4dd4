"""
Owns the way of facts from the calls to the sinks: a bounded step in memory on the call path, everything else behind it.

A call appends its fact to one queue and goes on. Counting (fold) happens every few hundred facts or when somebody
reads; handing the facts to the sinks (drain) happens in a thread of its own. Records wait for the drain in two
queues, below WARNING and from WARNING on, each bounded: when one is full its oldest goes, and is counted.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from datetime import datetime, timedelta
from itertools import count, repeat
from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakSet

from switchgear.core.event import (
    CallFailed,
    CallRejected,
    CallSucceeded,
    Event,
    SinkFailed,
    level_of,
)
from switchgear.core.redact import error_text, safe_words
from switchgear.core.words import Level
from switchgear.observe.record import LogRecord, record_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from switchgear.core.clock import Clock
    from switchgear.core.words import Key, Kind, Scope, Verdict

Fact = Event | tuple[Any, ...]
"""An event, or the bare numbers of a frequent one as Tap queues them."""

Marked = tuple[int, Fact]
"""A fact with its place among the facts of one instant; 0 for a success, which is no part of a sequence."""

Entry = tuple[int, int, Fact]
"""A numbered fact: its number, its date in epoch ms, and the fact as it was queued."""

QUEUE_MAX = 65_536
"""Records below WARNING that wait for the drain; from WARNING on a quarter of it."""
_LOOK_MASK = 1023
_REFUSED_BIT = 2**49
"""Set in the ids of calls that were not made, clear in all others; both stay below 2**53, which JSON readers keep."""
_POLL_S = 0.1
_CLOSE_S = 5.0


class Counts(Protocol):
    """What the hub asks of a key's counts."""

    key: Key
    rejected: int

    @property
    def ended(self) -> int:
        """Calls that are over."""
        ...

    def succeeded(self, durations_s: list[float]) -> None:
        """Count successes, at least one."""
        ...

    def failed_with(self, kind: Kind, words: str, at_s: float, duration_s: float) -> None:
        """Count one failure; words are not yet redacted."""
        ...

    def fold(self, event: Event) -> None:
        """Count one fact."""
        ...


class Sink(Protocol):
    """Something that keeps or shows records; called from one thread at a time, never from a call."""

    name: str

    @property
    def level(self) -> int:
        """Records below it are not made for this sink; asked before every batch."""
        ...

    def write(self, batch: Sequence[LogRecord]) -> None:
        """Take the records; what it raises is said once and costs these records in this sink alone."""
        ...


class Keeper(Protocol):
    """What remembers the newest facts in memory, raw: number, epoch ms, fact."""

    def keep(self, low: Sequence[Entry], high: Sequence[Entry]) -> None:
        """Remember them; below WARNING apart from the others."""
        ...


class Tap:
    """What calls of one key tell; see switchgear.core.event.Tap."""

    def __init__(
        self, hub: Hub, counts: Counts, first_id: int, slow_s: Callable[[], float | None]
    ) -> None:
        self.key = counts.key
        self.counts = counts
        self.slow_s = slow_s
        self.began: Callable[[], int] = count(first_id).__next__
        self.refused: Callable[[], int] = count(first_id | _REFUSED_BIT).__next__
        self._first_id = first_id
        self._withdrawn = 0
        self._hub = hub
        self._append = hub.successes.append
        self._append_other = hub.pending.append

    def succeeded(self, call_id: int, started_s: float, ended_s: float) -> None:
        """A success at the first attempt."""
        self._append((self, call_id, started_s, ended_s))
        if not call_id & _LOOK_MASK:
            self._hub.bound()

    def failed(
        self, call_id: int, started_s: float, ended_s: float, verdict: Verdict, words: str
    ) -> None:
        """A failure at the first attempt, which was the last."""
        self._append_other((self, call_id, started_s, ended_s, verdict, words))
        if not call_id & _LOOK_MASK:
            self._hub.bound()

    def rejected(
        self, call_id: int, at_s: float, scope: Scope, reason: str, retry_after_s: float | None
    ) -> None:
        """A call that was not made."""
        self._append_other((self, call_id, at_s, scope, reason, retry_after_s, None))
        if len(self._hub.pending) > QUEUE_MAX:
            self._hub.bound()

    def withdrawn(self, call_id: int) -> None:  # noqa: ARG002  the protocol has it
        """A call that was begun too early; it does not count."""
        with self._hub.lock:
            self._withdrawn += 1

    def begun(self) -> int:
        """Calls admitted so far, those in flight included."""
        # The counter cannot be read without drawing from it but by its repr, which is what makes drawing atomic.
        drawn = int(repr(self.began.__self__)[6:-1]) - self._first_id  # type: ignore[attr-defined]  # count(n)
        return drawn - self._withdrawn


class Hub:
    """Takes every fact, counts it, and hands it to the sinks and listeners behind the calls' backs."""

    def __init__(self, clock: Clock, ring: Keeper) -> None:
        self.successes: deque[tuple[Tap, int, float, float]] = deque()
        """Successes at the first attempt that are not yet counted, as bare numbers."""
        self.pending: deque[Fact] = deque()
        """All other facts that are not yet counted, in order: events, or the bare numbers of frequent ones."""
        self.lock = threading.Lock()
        """Held while counting and while reading counts; nothing foreign runs under it."""
        self.dropped = {"below_warning": 0, "from_warning": 0}
        """Records that left a full queue before a sink saw them."""
        self._low: deque[Marked] = deque()
        self._high: deque[Marked] = deque()
        self.ticks: list[Callable[[], object]] = []
        """Called by the drain's thread a few times each second."""
        self._taps: dict[Key, Tap] = {}
        self._sinks: list[Sink] = []
        self._own_sinks: list[Sink] = []
        self._outbox: deque[tuple[list[Entry], list[Entry]]] = deque()
        self._handing = (
            threading.Lock()
        )  # a flag, never waited for by a call: who holds it hands the outbox over
        self._handing_thread = 0
        self._broken: set[str] = set()
        self._listeners: list[tuple[type[Any], Callable[[Any], object]]] = []
        self._emits = count(1)
        self._number = 1
        self._order = count(1)
        self._clock = clock
        self._ring = ring
        self._drain_lock = threading.RLock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._closed = False
        _HUBS.add(self)

    def emit(self, event: Event) -> None:
        """Take a fact: one append."""
        self.pending.append(event)
        if not next(self._emits) & _LOOK_MASK:
            self.bound()

    def bound(self) -> None:
        """Count here and now what the drain has not come for, so that what is pending stays bounded."""
        if len(self.successes) + len(self.pending) > QUEUE_MAX:
            self.fold()

    def tap(self, counts: Counts, slow_s: Callable[[], float | None]) -> Tap:
        """The tap of a key, with the counts that its facts are folded into."""
        first_id = int(self._clock.chance() * 2**48)
        made = Tap(self, counts, first_id, slow_s)
        with self.lock:
            self._taps[counts.key] = made
        self.start()
        return made

    def attach(self, sink: Sink, *, own: bool = False) -> None:
        """
        Hand every further record to a sink too.

        Args:
            sink: What takes them.
            own: It runs nothing foreign, so it may be given its records at once, under the drain's lock.
        """
        with self._drain_lock:
            sinks = self._own_sinks if own else self._sinks
            sinks.append(sink)
        self.start()

    def detach(self, sink: Sink) -> None:
        """Hand it none any more."""
        with self._drain_lock:
            self._sinks = [one for one in self._sinks if one is not sink]
            self._own_sinks = [one for one in self._own_sinks if one is not sink]

    def on(self, kind: type[Any], callback: Callable[[Any], object]) -> Callable[[], None]:
        """Call back for each event of a type, from the drain's thread and in order; the result ends it."""
        entry = (kind, callback)
        with self._drain_lock:
            self._listeners.append(entry)
        self.start()

        def off() -> None:
            with self._drain_lock:
                self._listeners = [one for one in self._listeners if one is not entry]

        return off

    def fold(self) -> None:
        """Count what is pending and line it up for the drain."""
        with self.lock:
            self._fold_locked()

    def collect(self) -> None:
        """Count, and hand what waits to the ring and to our own sinks; listeners and foreign sinks come later."""
        with self._drain_lock:
            self._drain_locked()

    def flush(self) -> None:
        """Hand everything that waits to every sink and listener; from a listener, the rest follows after it."""
        self.collect()
        self._hand_over()
        if self._outbox and self._handing_thread != threading.get_ident():
            # Another thread is at it. The wait is bounded: a listener there may be waiting for this thread.
            if self._handing.acquire(timeout=_CLOSE_S):
                self._handing.release()
            self._hand_over()

    def date(self, at_s: float) -> datetime:
        """The date of a monotonic instant, by the wall clock as it stands now."""
        return self._clock.wall() + timedelta(seconds=at_s - self._clock.monotonic_s())

    def start(self) -> None:
        """Begin draining in the background; a second start changes nothing."""
        with self.lock:
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(
                    target=self._run, name="switchgear-drain", daemon=True
                )
                self._thread.start()

    def close(self) -> None:
        """Hand over what waits and end the thread; facts that come later are counted and go no further."""
        self._closed = True
        self._wake.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(_CLOSE_S)
        self.flush()

    def forked(self) -> None:
        """After a fork, in the child: locks anew, nothing of the parent's queue, the thread again if there was one."""
        self.lock, self._drain_lock, self._wake = (
            threading.Lock(),
            threading.RLock(),
            threading.Event(),
        )
        self.successes.clear()
        self.pending.clear()
        self._low.clear()
        self._high.clear()
        ran, self._thread = self._thread is not None, None
        if ran:
            self.start()

    def _run(self) -> None:
        while not self._closed:
            self._wake.wait(_POLL_S)
            self._wake.clear()
            self.flush()
            for tick in self.ticks:
                self._try(getattr(tick, "__qualname__", "tick"), _without_argument(tick), None)

    def _fold_locked(self) -> None:
        pop = self.successes.popleft
        successes = [pop() for _ in range(len(self.successes))]
        if successes:
            self._fold_successes_locked(successes)
        pop_other = self.pending.popleft
        for fact in [pop_other() for _ in range(len(self.pending))]:
            self._fold_other_locked(fact)
            (self._low if _level(fact) < Level.WARNING else self._high).append(
                (next(self._order), fact)
            )
        self._trim_locked()

    def _fold_successes_locked(self, successes: list[tuple[Tap, int, float, float]]) -> None:
        durations: dict[Tap, list[float]] = {}
        for tap, _, started_s, ended_s in successes:
            if tap in durations:
                durations[tap].append(ended_s - started_s)
            else:
                durations[tap] = [ended_s - started_s]
        slow = False
        for tap, lasted_s in durations.items():
            tap.counts.succeeded(lasted_s)
            slow_s = tap.slow_s()
            slow = slow or (slow_s is not None and max(lasted_s) > slow_s)
        if slow:
            self._high.extend((0, fact) for fact in successes if _is_slow(fact))
            successes = [fact for fact in successes if not _is_slow(fact)]
        self._low.extend(zip(repeat(0), successes))

    def _fold_other_locked(self, fact: Fact) -> None:
        if not isinstance(fact, tuple):
            key: Key | None = getattr(fact, "key", None)
            tap = None if key is None else self._taps.get(key)
            if tap is not None:
                tap.counts.fold(fact)
        elif len(fact) == _FAILURE_FIELDS:
            tap, _, started_s, ended_s, verdict, words = fact
            tap.counts.failed_with(verdict.kind, words, ended_s, ended_s - started_s)
        else:
            fact[0].counts.rejected += 1

    def _trim_locked(self) -> None:
        for name, queue, most in (
            ("below_warning", self._low, QUEUE_MAX),
            ("from_warning", self._high, QUEUE_MAX // 4),
        ):
            over = len(queue) - most
            if over > 0:
                self.dropped[name] += over
                for _ in range(over):
                    queue.popleft()

    def _drain_locked(self) -> None:
        with self.lock:
            self._fold_locked()
            low, high = list(self._low), list(self._high)
            self._low.clear()
            self._high.clear()
        if not low and not high:
            return
        low_entries, high_entries = self._numbered(low, high)
        self._ring.keep(low_entries, high_entries)
        self._write(self._own_sinks, low_entries, high_entries)
        if self._listeners or any(sink.level <= Level.CRITICAL for sink in self._sinks):
            self._outbox.append((low_entries, high_entries))

    def _hand_over(self) -> None:
        """Give listeners and foreign sinks what waits for them, in order, holding no lock that a call could want."""
        while self._outbox and self._handing.acquire(blocking=False):
            self._handing_thread = threading.get_ident()
            try:
                while self._outbox:
                    low, high = self._outbox.popleft()
                    self._write(self._sinks, low, high)
                    for _, _, fact in sorted([*low, *high], key=_number) if self._listeners else ():
                        self._call_back(event_of(fact))
            finally:
                self._handing_thread = 0
                self._handing.release()

    def _numbered(self, low: list[Marked], high: list[Marked]) -> tuple[list[Entry], list[Entry]]:
        """Both queues as numbered in the order of what happened, each still by itself."""
        offset_ms = self._clock.wall().timestamp() * 1000 - self._clock.monotonic_s() * 1000
        marked = [(_at_s(fact), order, fact, True) for order, fact in high]
        marked += [(_at_s(fact), order, fact, False) for order, fact in low]
        marked.sort(key=_first_two)
        split: tuple[list[Entry], list[Entry]] = ([], [])
        for number, (at_s, _, fact, is_high) in enumerate(marked, self._number):
            split[is_high].append((number, round(at_s * 1000 + offset_ms), fact))
        self._number += len(marked)
        return split

    def _write(self, sinks: list[Sink], low: list[Entry], high: list[Entry]) -> None:
        """Make the records that any of the sinks wants, once, and give each its own."""
        lowest = min((sink.level for sink in sinks), default=Level.CRITICAL + 1)
        if lowest > Level.CRITICAL:
            return
        wanted = sorted([*low, *high], key=_number) if lowest < Level.WARNING else high
        records = [record_of(event_of(fact), number, at_ms) for number, at_ms, fact in wanted]
        for sink in sinks:
            batch = [record for record in records if record.level >= sink.level]
            if batch:
                self._try(sink.name, sink.write, batch)

    def _call_back(self, event: Event) -> None:
        for kind, callback in self._listeners:
            if isinstance(event, kind):
                self._try(getattr(callback, "__qualname__", repr(callback)), callback, event)

    def _try(self, name: str, function: Callable[[Any], object], argument: object) -> None:
        try:
            function(argument)
        except Exception as error:  # a sink may fail: it is said once, and the others go on
            if name not in self._broken:
                self._broken.add(name)
                self.pending.append(SinkFailed(self._clock.monotonic_s(), name, error_text(error)))
        else:
            self._broken.discard(name)


_SUCCESS_FIELDS, _FAILURE_FIELDS = (
    4,
    6,
)  # a rejection has one more than a failure: its length tells a raw fact


def event_of(fact: Fact) -> Event:
    """The event that a raw fact stands for."""
    if not isinstance(fact, tuple):
        return fact
    tap = fact[0]
    if len(fact) == _SUCCESS_FIELDS:
        _, call_id, started_s, ended_s = fact
        return CallSucceeded(ended_s, tap.key, call_id, ended_s - started_s, 1, _is_slow(fact))
    if len(fact) == _FAILURE_FIELDS:
        _, call_id, started_s, ended_s, verdict, words = fact
        text, lasted_s = safe_words(words), ended_s - started_s
        return CallFailed(
            ended_s, tap.key, call_id, lasted_s, 1, verdict.kind, text, ambiguous=verdict.ambiguous
        )
    _, call_id, at_s, scope, reason, retry_after_s, _ = fact
    return CallRejected(at_s, tap.key, call_id, scope, reason, retry_after_s)


def _level(fact: Fact) -> Level:
    if not isinstance(fact, tuple):
        return level_of(fact)
    if len(fact) == _SUCCESS_FIELDS:
        return Level.WARNING if _is_slow(fact) else Level.INFO
    return Level.ERROR if len(fact) == _FAILURE_FIELDS else Level.WARNING


def _is_slow(fact: tuple[Any, ...]) -> bool:
    slow_s = fact[0].slow_s()
    return slow_s is not None and fact[3] - fact[2] > slow_s


def _without_argument(function: Callable[[], object]) -> Callable[[object], object]:
    return lambda _: function()


def _number(entry: Entry) -> int:
    return entry[0]


def _first_two(marked: tuple[float, int, Fact, bool]) -> tuple[float, int]:
    return marked[:2]


def _at_s(fact: Fact) -> float:
    if not isinstance(fact, tuple):
        return fact.at_s
    return fact[3] if len(fact) <= _FAILURE_FIELDS else fact[2]  # type: ignore[no-any-return]  # as Tap appends them


_HUBS: WeakSet[Hub] = WeakSet()


def _forked() -> None:
    for hub in list(_HUBS):
        hub.forked()


os.register_at_fork(after_in_child=_forked)
