"""
Owns handing numbered facts to sinks and listeners: in order, isolated from one another, with no lock held.

Whoever has something to hand over puts it into the outbox and tries to become the one who empties it; while one
thread does, the others go on. The outbox is bounded: when a sink hangs, its oldest records go and are counted.
"""

from __future__ import annotations

import threading
from collections import deque
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Protocol

from switchgear.core.event import CallSucceeded
from switchgear.core.redact import error_text
from switchgear.core.words import Level
from switchgear.observe.fact import Fact, event_of, fact_type, is_success
from switchgear.observe.record import LogRecord, record_of, success_record

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from switchgear.core.event import Event

Entry = tuple[int, int, Fact]
"""A numbered fact: its number, its date in epoch ms, and the fact as it was queued."""

Batch = tuple[list[Entry], list[Entry]]
"""What one drain found: below WARNING, and from WARNING on, each in order."""

OUTBOX_MAX = 65_536
_NONE = Level.CRITICAL + 1
_WAIT_S = 5.0


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


class Delivery:
    """Sinks and listeners, and what is on its way to them."""

    def __init__(self, say: Callable[[str, str], None]) -> None:
        """
        Begin with nobody to hand anything to.

        Args:
            say: Told, once until it works again, which sink or listener failed and how.
        """
        self.own: tuple[Sink, ...] = ()
        """Sinks of ours, which run nothing foreign: they get their records while the drain's lock is held."""
        self.foreign: tuple[Sink, ...] = ()
        self.listeners: tuple[tuple[type[Any], Callable[[Any], object]], ...] = ()
        self.lost = 0
        """Facts that left a full outbox."""
        self._say = say
        self._broken: set[tuple[str, int]] = set()
        self.forked()

    def forked(self) -> None:
        """After a fork, in the child: nothing of the parent's is on its way, and nobody is handing it over."""
        self._outbox: deque[Batch] = deque()
        self._held = 0
        self._flag = threading.Lock()  # no call waits for it: who holds it empties the outbox
        self._owner = 0

    def write_own(self, batch: Batch) -> None:
        """Give our own sinks their records, now."""
        self._write(self.own, batch)

    def put(self, batch: Batch) -> None:
        """Line up what foreign sinks and listeners want of a batch."""
        if all(self._level(sink) > Level.CRITICAL for sink in self.foreign):
            batch = self._heard(batch[0]), self._heard(batch[1])
        if not _size(batch):
            return
        self._outbox.append(batch)
        self._held += _size(batch)
        while self._held > OUTBOX_MAX and len(self._outbox) > 1:
            gone = _size(self._outbox.popleft())
            self._held -= gone
            self.lost += gone

    def hand_over(self) -> None:
        """Empty the outbox, unless another thread is at it."""
        while self._outbox and self._flag.acquire(blocking=False):
            self._owner = threading.get_ident()
            try:
                self._empty()
            finally:
                self._owner = 0
                self._flag.release()

    def wait(self) -> None:
        """Wait until another thread has emptied the outbox, for some seconds at most; not from a listener."""
        if self._owner in {0, threading.get_ident()}:
            return
        # Bounded, because a listener there may be waiting for this thread.
        if self._flag.acquire(timeout=_WAIT_S):
            self._flag.release()

    def attempt(self, name: str, function: Callable[[], object], whose: object = None) -> None:
        """
        Run something that may fail: it is said once, and the others go on.

        Args:
            name: What it is called when that is said.
            function: What to run.
            whose: Tells it from others of the same name.
        """
        mark = (name, id(whose))
        try:
            function()
        except Exception as error:
            if mark not in self._broken:
                self._broken.add(mark)
                self._say(name, error_text(error))
        else:
            self._broken.discard(mark)

    def _empty(self) -> None:
        while self._outbox:
            batch = self._outbox.popleft()
            self._held -= _size(batch)
            self._write(self.foreign, batch)
            heard = self._heard(batch[0]), self._heard(batch[1])
            for _, _, fact in _in_order(heard):
                self._call_back(event_of(fact))

    def _heard(self, entries: list[Entry]) -> list[Entry]:
        """Those that some listener wants; most want few, and an event is made for each of these."""
        if not self.listeners:
            return []
        kinds = tuple(kind for kind, _ in self.listeners)
        if not issubclass(
            CallSucceeded, kinds
        ):  # most facts are successes, and few listen for them
            entries = [entry for entry in entries if not is_success(entry[2])]
        wants: dict[type[object], bool] = {}
        heard: list[Entry] = []
        for entry in entries:
            cls = fact_type(entry[2])
            if cls not in wants:
                wants[cls] = issubclass(cls, kinds)
            if wants[cls]:
                heard.append(entry)
        return heard

    def _write(self, sinks: tuple[Sink, ...], batch: Batch) -> None:
        """Make the records that any of the sinks wants, once, and give each its own."""
        levels = [self._level(sink) for sink in sinks]
        lowest = min(levels, default=_NONE)
        if lowest > Level.CRITICAL:
            return
        wanted = _in_order(batch) if lowest < Level.WARNING else batch[1]
        records = [_record(entry) for entry in wanted]
        for sink, level in zip(sinks, levels, strict=True):
            mine = [record for record in records if record.level >= level]
            if mine:
                self.attempt(_name(sink), lambda sink=sink, mine=mine: sink.write(mine))  # type: ignore[misc]  # a lambda with its own values

    def _level(self, sink: Sink) -> int:
        """What a sink wants; everything when it does not say, nothing when asking fails."""
        found = [_NONE]
        self.attempt(
            f"{_name(sink)} (its level)", lambda: found.append(int(getattr(sink, "level", 0)))
        )
        return found[-1]

    def _call_back(self, event: Event) -> None:
        for kind, callback in self.listeners:
            if isinstance(event, kind):
                # Never its repr: that of a partial shows its arguments.
                name = getattr(callback, "__qualname__", type(callback).__qualname__)
                self.attempt(name, lambda callback=callback: callback(event), callback)  # type: ignore[misc]  # as above


def _record(entry: Entry) -> LogRecord:
    number, at_ms, fact = entry
    if not is_success(fact):
        return record_of(event_of(fact), number, at_ms)
    tap, call_id, started_s, ended_s = fact
    lasted_s, slow_s = ended_s - started_s, tap.counts.slow_s
    return success_record(number, at_ms, tap.key, call_id, lasted_s, slow_s)


def _name(sink: object) -> str:
    return str(getattr(sink, "name", type(sink).__name__))


def _size(batch: Batch) -> int:
    return len(batch[0]) + len(batch[1])


def _in_order(batch: Batch) -> list[Entry]:
    low, high = batch
    return sorted([*low, *high], key=_number) if low and high else low or high


_number = itemgetter(0)
