"""
Owns what tests of limits share: a ledger and an exchange's quotas with a clock at hand, and an exchange's windows.

The windows are an independent model of what an exchange does: it refuses what is too much.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from switchgear.core.policy.limit import Limit
from switchgear.core.policy.quota import Quotas
from switchgear.core.policy.weight import Ledger, Priority, Toll
from switchgear.core.verdict.usage import Family, Usage
from switchgear.core.words import Scope, effect_of
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


class Desk:
    """A ledger of 10 a minute, its toll, and a clock that stands 20 s after the minute began."""

    def __init__(self, **more: object) -> None:
        self.clock = FakeClock()
        self.clock.advance(20)
        given = {"name": "requests", "scope": Scope.ADDRESS, "period_s": 60.0, "capacity": 10.0}
        self.ledger = Ledger(Limit(**(given | more)), self.clock)  # type: ignore[arg-type]  # a test names what it changes

    def toll(self, weight: float = 1.0, priority: Priority = Priority.HIGH) -> Toll:
        """What a call of this weight pays."""
        return Toll([(self.ledger, weight)], priority, self.clock)

    def pay(self, weight: float = 1.0, *, lost: bool = False) -> None:
        """A call that goes through, whose answer tells nothing."""
        toll = self.toll(weight)
        assert toll.take() == 0
        toll.returned(lost=lost)

    def hear(self, used: float | None = None, sent_s: float | None = None, **more: object) -> None:
        """An answer to what was sent then."""
        usage = Usage(Family.REQUESTS, used=used, **more)  # type: ignore[arg-type]  # as above
        with self.ledger.latch:
            self.ledger.hear_locked(usage, sent_s, self.clock.now_s)

    def answer(self, used: float, trip_s: float = 0.5) -> None:
        """A request of its own that is answered trip_s later."""
        sent_s = self.clock.now_s
        self.clock.advance(trip_s)
        self.hear(used, sent_s)

    @property
    def used(self) -> float:
        """As people see it."""
        return self.ledger.view().used


class Counter:
    """The quotas of one exchange, 20 s after a minute began."""

    def __init__(self, exchange: str, limits: tuple[Limit, ...] | None = None) -> None:
        self.clock = FakeClock()
        self.clock.advance(20)
        self.quotas = Quotas(exchange, self.clock, limits)

    def toll(
        self,
        method: str,
        account: str = "main",
        *,
        signed: bool = True,
        weight: float | None = None,
    ) -> Toll | None:
        """What a method pays."""
        return self.quotas.toll(method, account, signed, effect_of(method), weight)

    def take(self, method: str, account: str = "main", *, signed: bool = True) -> float:
        """Take it once; 0 when there was room."""
        toll = self.toll(method, account, signed=signed)
        assert toll is not None
        return toll.take()

    def hear(
        self,
        headers: dict[str, str],
        account: str = "main",
        *,
        signed: bool = True,
        method: str = "",
    ) -> None:
        """An answer that took half a second."""
        sent_s = self.clock.now_s
        self.clock.advance(0.5)
        self.quotas.heard(headers, account, signed, method, sent_s)

    @property
    def used(self) -> dict[tuple[str, str], float]:
        """What is used, by limit and account."""
        return {(view.limit, view.account): view.used for view in self.quotas.views()}


def left(limit: object, remaining: object, reset: object | None = None) -> dict[str, str]:
    """The usual headers."""
    headers = {"X-RateLimit-Limit": str(limit), "X-RateLimit-Remaining": str(remaining)}
    return headers | ({} if reset is None else {"X-RateLimit-Reset": str(reset)})
