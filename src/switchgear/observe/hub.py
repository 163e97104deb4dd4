"""
Owns the way of facts from the calls to counts, ring and sinks: a bounded step in memory on the call path.

A call appends its fact to a queue and goes on. Counting (fold) happens a few times each second, when somebody
reads, and when too much is pending; handing the facts on (drain) happens in a thread of its own. Facts wait for the
drain in two queues, below WARNING and from WARNING on, each bounded: when one is full its oldest goes, and is
counted.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from datetime import datetime, timedelta
from itertools import count, repeat
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakSet, WeakValueDictionary

from switchgear.core.event import SinkFailed
from switchgear.core.words import Level
from switchgear.observe.delivery import Delivery
from switchgear.observe.fact import (
    LOOK_MASK,
    PENDING_MAX,
    REFUSED_BIT,
    Fact,
    Success,
    Tap,
    count_in,
    fact_at_s,
    fact_level,
    is_slow,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from switchgear.core.clock import Clock
    from switchgear.core.event import Event
    from switchgear.core.words import Key
    from switchgear.observe.delivery import Batch, Entry, Sink
    from switchgear.observe.fact import Counts

Marked = tuple[int, Fact]
"""A fact with its place among the facts of one instant; 0 for a success, which is no part of a sequence."""

QUEUE_MAX = PENDING_MAX
"""Facts below WARNING that wait for the drain; from WARNING on a quarter of it."""
_POLL_S = 0.1
_CLOSE_S = 5.0


class Keeper(Protocol):
    """What remembers the newest facts in memory."""

    def keep(self, low: Sequence[Entry], high: Sequence[Entry]) -> None:
        """Remember them; below WARNING apart from the others."""
        ...

    def forked(self) -> None:
        """After a fork, in the child."""
        ...


class Hub:
    """Takes every fact, counts it, and hands it on behind the calls' backs."""

    def __init__(self, clock: Clock, ring: Keeper) -> None:
        self.successes: deque[Success] = deque()
        """Successes at the first attempt that are not yet counted, as bare numbers."""
        self.pending: deque[Fact] = deque()
        """All other facts that are not yet counted, in order."""
        self.add_success, self.add = self.successes.append, self.pending.append
        self._refused = count(int(clock.chance() * 2**48) | REFUSED_BIT).__next__
        self.lock = threading.Lock()
        """Held while counting and while reading counts; nothing foreign runs under it."""
        self.ticks: list[Callable[[], object]] = []
        """Called by the drain's thread a few times each second."""
        self._dropped = {"below_warning": 0, "from_warning": 0}
        self._low: deque[Marked] = deque()
        self._high: deque[Marked] = deque()
        self._taps: dict[Key, Tap] = {}
        self._late: WeakValueDictionary[Key, Tap] = WeakValueDictionary()
        """Of keys that were forgotten while somebody still has a handle: what their calls tell is counted yet."""
        self._delivery = Delivery(self._say_failed)
        self._emits = count(1)
        self._order = count(1)
        self._number = 1
        self._clock = clock
        self._ring = ring
        self._drain_lock = threading.RLock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._closed = False
        _HUBS.add(self)

    @property
    def dropped(self) -> dict[str, int]:
        """Records that no sink saw: from full queues by level, and what a hanging sink kept waiting too long."""
        return {**self._dropped, "undelivered": self._delivery.lost}

    def emit(self, event: Event) -> None:
        """Take a fact: one append; the drain comes for it within a tenth of a second."""
        self.pending.append(event)
        if not next(self._emits) & LOOK_MASK:
            self.bound()

    def bound(self) -> None:
        """Count here and now what the drain has not come for, so that what is pending stays bounded."""
        if len(self.successes) + len(self.pending) > QUEUE_MAX:
            self.fold()

    def tap(self, counts: Counts) -> Tap:
        """The tap of a key, with the counts that its facts are folded into."""
        made = Tap(self, counts, int(self._clock.chance() * 2**48), self._refused)
        with self.lock:
            self._taps[counts.key] = made
        self.start()
        return made

    def adopt(self, tap: Tap) -> None:
        """Count for this tap again, after its key was forgotten."""
        with self.lock:
            self._taps[tap.key] = tap

    def forget(self, key: Key) -> None:
        """Let a key's counts go, unless somebody still has a handle of it."""
        with self.lock:
            tap = self._taps.pop(key, None)
            if tap is not None:
                self._late[key] = tap

    def attach(self, sink: Sink, *, own: bool = False) -> None:
        """
        Hand every further record to a sink too.

        Args:
            sink: What takes them.
            own: It runs nothing foreign, so it may be given its records at once, under the drain's lock.
        """
        self.flush()  # what happened before is not for it
        with self._drain_lock:
            if own:
                self._delivery.own = (*self._delivery.own, sink)
            else:
                self._delivery.foreign = (*self._delivery.foreign, sink)
        self.start()

    def detach(self, sink: Sink) -> None:
        """Hand it none any more."""
        delivery = self._delivery
        with self._drain_lock:
            delivery.own = tuple(one for one in delivery.own if one is not sink)
            delivery.foreign = tuple(one for one in delivery.foreign if one is not sink)

    def on(self, kind: type[Any], callback: Callable[[Any], object]) -> Callable[[], None]:
        """Call back for each event of a type from now on, from the drain's thread and in order; the result ends it."""
        entry = (kind, callback)
        self.flush()  # what happened before is not for it
        delivery = self._delivery
        with self._drain_lock:
            delivery.listeners = (*delivery.listeners, entry)
        self.start()

        def off() -> None:
            with self._drain_lock:
                delivery.listeners = tuple(one for one in delivery.listeners if one is not entry)

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
        self._delivery.hand_over()
        self._delivery.wait()

    def date(self, at_s: float) -> datetime:
        """The date of a monotonic instant, by the wall clock as it stands now."""
        return self._clock.wall() + timedelta(seconds=at_s - self._clock.monotonic_s())

    def start(self) -> None:
        """Begin draining in the background; a second start changes nothing."""
        with self.lock:
            if self._thread is None and not self._closed:
                thread = threading.Thread(target=self._run, name="switchgear-drain", daemon=True)
                self._thread = thread
                thread.start()

    def close(self) -> None:
        """Hand over what waits and end the thread; facts that come later are counted and go no further."""
        self._closed = True
        self._wake.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(_CLOSE_S)
        self.flush()

    def forked(self) -> None:
        """After a fork, in the child: locks anew, nothing of the parent's queues, the thread again if there was one."""
        self.lock, self._drain_lock = threading.Lock(), threading.RLock()
        self._wake = threading.Event()
        self.fold()
        for tap in self._taps.values():
            tap.forked()
        self._low.clear()
        self._high.clear()
        self._delivery.forked()
        self._ring.forked()
        ran, self._thread = self._thread is not None, None
        if ran:
            self.start()

    def _run(self) -> None:
        while not self._closed:
            self._wake.wait(_POLL_S)
            self._delivery.attempt("drain", self.flush)
            for tick in self.ticks:
                self._delivery.attempt(getattr(tick, "__qualname__", "tick"), tick)

    def _say_failed(self, name: str, error: str) -> None:
        self.pending.append(SinkFailed(self._clock.monotonic_s(), name, error))

    def _fold_locked(self) -> None:
        pop = self.successes.popleft
        successes = [pop() for _ in range(len(self.successes))]
        if successes:
            self._fold_successes_locked(successes)
        pop_other = self.pending.popleft
        for fact in [pop_other() for _ in range(len(self.pending))]:
            self._count_locked(fact)
            queue = self._low if fact_level(fact) < Level.WARNING else self._high
            queue.append((next(self._order), fact))
        self._trim_locked("below_warning", self._low, QUEUE_MAX)
        self._trim_locked("from_warning", self._high, QUEUE_MAX // 4)

    def _fold_successes_locked(self, successes: list[Success]) -> None:
        durations: dict[Tap, list[float]] = {}
        for tap, _, started_s, ended_s in successes:
            if tap in durations:
                durations[tap].append(ended_s - started_s)
            else:
                durations[tap] = [ended_s - started_s]
        slow = False
        for tap, lasted_s in durations.items():
            tap.counts.succeeded(lasted_s)
            slow_s = tap.counts.slow_s
            slow = slow or (slow_s is not None and max(lasted_s) > slow_s)
        if slow:
            self._high.extend((0, fact) for fact in successes if is_slow(fact))
            successes = [fact for fact in successes if not is_slow(fact)]
        self._low.extend(zip(repeat(0), successes))

    def _count_locked(self, fact: Fact) -> None:
        if isinstance(fact, tuple):
            count_in(fact)
            return
        key: Key | None = getattr(fact, "key", None)
        tap = None if key is None else self._taps.get(key) or self._late.get(key)
        if tap is not None:
            tap.counts.fold(fact)

    def _trim_locked(self, name: str, queue: deque[Marked], most: int) -> None:
        over = len(queue) - most
        if over > 0:
            self._dropped[name] += over
            for _ in range(over):
                queue.popleft()

    def _drain_locked(self) -> None:
        with self.lock:
            self._fold_locked()
            low, high = list(self._low), list(self._high)
            self._low.clear()
            self._high.clear()
        if low or high:
            batch = self._numbered(low, high)
            self._ring.keep(*batch)
            self._delivery.write_own(batch)
            self._delivery.put(batch)

    def _numbered(self, low: list[Marked], high: list[Marked]) -> Batch:
        """Both queues as numbered in the order of what happened, each still by itself."""
        offset_ms = self._clock.wall().timestamp() * 1000 - self._clock.monotonic_s() * 1000
        marked = [(fact_at_s(fact), order, fact, True) for order, fact in high]
        # A success has no place of its own, and its end stands last in it: most facts are one.
        marked += [
            (fact_at_s(fact) if order else fact[3], order, fact, False)  # type: ignore[index]
            for order, fact in low
        ]
        marked.sort(key=_first_two)
        split: Batch = ([], [])
        for number, (at_s, _, fact, is_high) in enumerate(marked, self._number):
            split[is_high].append((number, round(at_s * 1000 + offset_ms), fact))
        self._number += len(marked)
        return split


_first_two = itemgetter(0, 1)


_HUBS: WeakSet[Hub] = WeakSet()


def _forked() -> None:
    for hub in list(_HUBS):
        hub.forked()


os.register_at_fork(after_in_child=_forked)
