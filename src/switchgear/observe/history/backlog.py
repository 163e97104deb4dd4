"""Owns the records that wait for the writer: bounded, in order, exact about what it let go."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from switchgear.core.words import Level

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from switchgear.observe.record import LogRecord


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
    """At most records_max records.

    When there are more, the oldest below WARNING go first. For one lock's holder.
    """

    def __init__(self, records_max: int) -> None:
        self._records_max = records_max
        self._low: deque[tuple[int, LogRecord]] = deque()
        self._high: deque[tuple[int, LogRecord]] = deque()
        self.given = 0
        """Records put in so far."""

    def __len__(self) -> int:
        return len(self._low) + len(self._high)

    def put(self, batch: Sequence[LogRecord]) -> list[LogRecord]:
        """Line the records up; gives those that had to go for it."""
        for record in batch:
            self.given += 1
            (self._low if record.level < Level.WARNING else self._high).append((self.given, record))
        over = len(self) - self._records_max
        return [(self._low or self._high).popleft()[1] for _ in range(over)]

    def take(self, most: int) -> list[LogRecord]:
        """The oldest records, at most so many, in the order in which they came."""
        return [self._next().popleft()[1] for _ in range(min(most, len(self)))]

    def settled(self) -> int:
        """How many of the first records given are no longer here: taken, or let go."""
        return (
            min([queue[0][0] for queue in (self._low, self._high) if queue], default=self.given + 1)
            - 1
        )

    def _next(self) -> deque[tuple[int, LogRecord]]:
        if not self._low or not self._high:
            return self._low or self._high
        return self._low if self._low[0][0] < self._high[0][0] else self._high
