"""Owns an exchange's fixed windows as an independent model, for tests of the ledgers; it refuses what is too much."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from switchgear.testing import FakeClock


@dataclass
class Windows:
    """One limit at the exchange, whose clock may differ from ours by off_s."""

    clock: FakeClock
    period_s: float
    capacity: float
    off_s: float = 0.0
    counts: dict[int, float] = field(default_factory=dict[int, float])

    @property
    def now_s(self) -> float:
        """The exchange's own clock, whatever ours says."""
        return self.clock.wall().timestamp() - self.clock.wall_offset_s + self.off_s

    @property
    def used(self) -> float:
        """What is used of the window now."""
        return self.counts.get(int(self.now_s // self.period_s), 0.0)

    @property
    def left_s(self) -> float:
        """Seconds until it ends."""
        return self.period_s - self.now_s % self.period_s

    def takes(self, cost: float) -> bool:
        """Count a request that arrives; False when that is too much, and nothing is counted."""
        if self.used + cost > self.capacity:
            return False
        self.counts[int(self.now_s // self.period_s)] = self.used + cost
        return True
