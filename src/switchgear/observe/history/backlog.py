"""Owns the records that wait for the writer: bounded, in order, exact about what it let go."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from switchgear.core.words import Level

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from switchgear.observe.record import LogRecord

_Queue = deque[tuple[int, "LogRecord"]]
_WARNING = Level.WARNING  # looked up once, and not for each record
WIRE_CHARS_MAX = 64_000_000
"""Of what went over the wire, while it waits: one such record may be as large as a thousand others."""


class Lost:
    """Records that could not be kept, by how much they matter."""

    __slots__ = ("below_warning", "from_warning")

    def __init__(self) -> None:
        self.below_warning = self.from_warning = 0

    def add(self, records: Iterable[LogRecord]) -> None:
        """Count them."""
        for record in records:
            if record.level < Level.WARNING:
                self.below_warning += 1
            else:
                self.from_warning += 1

    @property
    def total(self) -> int:
        """Both together."""
        return self.below_warning + self.from_warning


class Backlog:
    """At most records_max records, and what went over the wire at most to WIRE_CHARS_MAX characters.

    When there are more, the oldest below WARNING go first, or the oldest of the wire. For one lock's holder.
    """

    def __init__(self, records_max: int) -> None:
        self._records_max = records_max
        # Each record with its number, by which they are in order again.
        self._low: _Queue = deque()
        self._high: _Queue = deque()
        self._wire: _Queue = deque()
        self._wire_chars: deque[int] = deque()
        self._chars = 0
        self.given = 0
        """Records put in so far."""

    def __len__(self) -> int:
        return len(self._low) + len(self._high) + len(self._wire)

    def put(self, batch: Sequence[LogRecord]) -> list[LogRecord]:
        """Line the records up; gives those that had to go for it."""
        low, high = self._low.append, self._high.append
        for item in enumerate(batch, self.given + 1):
            record = item[1]
            if record.event == "wire":
                self._wire.append(item)
                self._wire_chars.append(_chars(record.detail))
                self._chars += self._wire_chars[-1]
            elif record.level < _WARNING:
                low(item)
            else:
                high(item)
        self.given += len(batch)
        over = len(self) - self._records_max
        gone = [self._pop(self._oldest(self._low, self._wire) or self._high) for _ in range(over)]
        while self._chars > WIRE_CHARS_MAX:
            gone.append(self._pop(self._wire))
        return gone

    def take(self, most: int) -> list[LogRecord]:
        """The oldest records, at most so many, in the order in which they came."""
        if self._wire:
            return [self._pop(self._oldest(*self._queues)) for _ in range(min(most, len(self)))]
        # Of both ends at once, and what is too much goes back: for each record by itself it costs ten times as much.
        ends = [each.popleft() for each in self._queues for _ in range(min(most, len(each)))]
        ends.sort()
        for item in reversed(ends[most:]):
            (self._low if item[1].level < _WARNING else self._high).appendleft(item)
        return [record for _, record in ends[:most]]

    def settled(self) -> int:
        """How many of the first records given are no longer here: taken, or let go."""
        oldest = self._oldest(*self._queues)
        return oldest[0][0] - 1 if oldest else self.given

    @property
    def _queues(self) -> tuple[_Queue, _Queue, _Queue]:
        return self._low, self._high, self._wire

    def _pop(self, queue: _Queue) -> LogRecord:
        if queue is self._wire:
            self._chars -= self._wire_chars.popleft()
        return queue.popleft()[1]

    @staticmethod
    def _oldest(*queues: _Queue) -> _Queue:
        """The queue whose first came before those of the others; an empty one when all are."""
        return min(queues, key=lambda queue: queue[0][0] if queue else math.inf)


def _chars(value: object) -> int:
    """Of all texts in it."""
    match value:
        case str():
            return len(value)
        case Mapping():
            members = cast("Mapping[object, object]", value)  # a pattern does not say of what
            return sum(_chars(name) + _chars(member) for name, member in members.items())
        case _:
            return 0
