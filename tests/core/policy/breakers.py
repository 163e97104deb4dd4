"""
Owns a breaker on a clock moved by hand, and the steps that bring it into a state; what they prove
is left to tests.
"""

from __future__ import annotations

from switchgear.core.circuit import Refusal, Rules, Settlement
from switchgear.core.event import CircuitMoved
from switchgear.core.policy.breaker import Breaker
from switchgear.core.policy.scopes import Charge, Refused, Scopes, Ticket
from switchgear.core.words import CircuitState, Key
from switchgear.testing import FakeClock, Recorder

KEY = Key.of("binance", "get_market_data")
RULES = Rules(failure_threshold=3, reset_timeout_s=10, probe_lease_s=5)


class Alone(Breaker):
    """A circuit that calls pass by itself."""

    __slots__ = ()

    @property
    def _scopes(self) -> Scopes:
        return Scopes((self,), self._clock)

    def admit(self) -> Ticket | Refusal:
        """A ticket of it, or its refusal."""
        answer = self._scopes.admit()
        return answer.refusal if isinstance(answer, Refused) else answer

    def settle(self, ticket: Ticket, settlement: Settlement, reason: object = "") -> None:
        """Say how the attempt ended."""
        self._scopes.settle(ticket, Charge(settlement, self.scope), reason)


class Bench:
    """A breaker, its clock, and all that it told."""

    def __init__(self, rules: Rules = RULES) -> None:
        self.clock = FakeClock()
        self.told = Recorder()
        self.breaker = Alone(KEY, rules, self.clock, self.told)

    @property
    def state(self) -> CircuitState:
        """What the circuit does now."""
        return self.breaker.view().state

    @property
    def moves(self) -> list[tuple[CircuitState, CircuitState]]:
        """What it told of itself, in order."""
        return [(move.old, move.new) for move in self.told.of(CircuitMoved)]

    def ticket(self) -> Ticket:
        """Admit, and be sure of it."""
        answer = self.breaker.admit()
        assert isinstance(answer, Ticket), f"refused: {answer}"
        return answer

    def refusal(self) -> Refusal:
        """Ask, and be sure of a refusal."""
        answer = self.breaker.admit()
        assert isinstance(answer, Refusal), f"admitted: {answer}"
        return answer

    def call(self, *settlements: Settlement) -> None:
        """Calls one after another, each settled before the next."""
        for settlement in settlements:
            self.breaker.settle(self.ticket(), settlement, "HTTP 503")

    def open(self) -> None:
        """Fail until it opens."""
        self.call(*[Settlement.FAILURE] * (self.breaker.rules.failure_threshold or 0))
        assert self.state is CircuitState.OPEN

    def recover(self) -> None:
        """Wait until its probes may go out."""
        self.clock.advance(self.breaker.rules.reset_timeout_s)
        assert self.state is CircuitState.HALF_OPEN
