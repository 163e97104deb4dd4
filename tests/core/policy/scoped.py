"""Owns a bench for tests of the circuits of one call: all four of them on a clock moved by hand, at hand by scope."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from switchgear.core.circuit import HalfOpen, Settlement
from switchgear.core.policy.breaker import Breaker
from switchgear.core.policy.scopes import Charge, Refused, Scopes, Ticket
from switchgear.core.words import CircuitState, Key, Scope
from switchgear.registry.common import Common
from switchgear.settings import SettingsBook
from switchgear.testing import FakeClock, Recorder

if TYPE_CHECKING:
    from switchgear.core.circuit import Circuit

WIDEST_FIRST = (Scope.EXCHANGE, Scope.ADDRESS, Scope.ACCOUNT, Scope.METHOD)
PAIRS = [
    (wide, narrow) for at, wide in enumerate(WIDEST_FIRST) for narrow in WIDEST_FIRST[at + 1 :]
]
FAIL = Settlement.FAILURE
FORCED = CircuitState.FORCED_OPEN


def no_chance() -> float:
    """What a clock draws in a test in which nobody may draw."""
    raise AssertionError("a chance was drawn")


class Bench:
    """The circuits of one exchange on a clock moved by hand; those of one call are at hand by scope."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.told = Recorder()
        self.book = SettingsBook()
        self.configure("*", failure_threshold=3, reset_timeout_s=10, probe_lease_s=5)
        self.common = Common("binance", self.clock, self.told, self.book)
        self.scopes = self.of("get_price")

    def configure(self, method: str, **values: Any) -> None:
        """Set it for circuits that come later."""
        self.book.add("binance", method, "*", values)

    def of(self, method: str, account: str = "main", *, signed: bool = True) -> Scopes:
        """What a call passes."""
        key = Key.of("binance", method, account)
        own = Breaker(
            key, self.book.of(key).rules(), self.clock, self.told, domain=self.common.domain
        )
        return Scopes((*self.common.wide(account, signed=signed), own), self.clock)

    def breaker(self, scope: Scope, scopes: Scopes | None = None) -> Breaker:
        """The circuit of this scope that a call passes."""
        found = (scopes or self.scopes).breakers
        return next(one for one in found if one.scope is scope)

    @property
    def circuits(self) -> tuple[Circuit, ...]:
        """All four, widest first."""
        return tuple(one.circuit for one in self.scopes.breakers)

    @property
    def failures(self) -> list[int]:
        """What each has counted, widest first."""
        return [one.view().failures for one in self.scopes.breakers]

    def fail(self, scope: Scope, times: int = 3) -> None:
        """Failures of this circuit alone, one call after another."""
        alone = Scopes((self.breaker(scope),), self.clock)
        for _ in range(times):
            answer = alone.admit()
            assert isinstance(answer, Ticket)
            alone.settle(answer, Charge(FAIL, scope), "HTTP 503")

    def halve(self, *scopes: Scope) -> None:
        """Have these circuits half-open, with all places free."""
        for scope in scopes:
            self.fail(scope)
        self.clock.advance(10)
        for scope in scopes:
            assert self.breaker(scope).view().state is CircuitState.HALF_OPEN

    def ticket(self, scopes: Scopes | None = None) -> Ticket:
        """Admit, and be sure of it."""
        answer = (scopes or self.scopes).admit()
        assert isinstance(answer, Ticket), f"refused: {answer}"
        return answer

    def refused(self, scopes: Scopes | None = None) -> Refused:
        """Ask, and be sure of a refusal."""
        answer = (scopes or self.scopes).admit()
        assert isinstance(answer, Refused), "admitted"
        return answer

    def leases(self) -> list[int]:
        """How many probes each circuit has out, widest first; 0 for one that is not half-open."""
        states = [one.state for one in self.circuits]
        return [len(one.leases) if isinstance(one, HalfOpen) else 0 for one in states]
