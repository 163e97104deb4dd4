"""
Owns what the keys of one exchange share: circuits wider than a method, gates, the retry budget, places, limits.

The policies that use it are left to table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchgear.core.policy.breaker import Breaker
from switchgear.core.policy.budget import Budget
from switchgear.core.policy.bulkhead import Bulkhead
from switchgear.core.policy.domain import Domain
from switchgear.core.policy.gate import Gate
from switchgear.core.policy.quota import Quotas
from switchgear.core.words import Effect, Key, Scope

if TYPE_CHECKING:
    from switchgear.core.clock import Clock
    from switchgear.core.event import Emit
    from switchgear.settings import SettingsBook

MAIN = "main"


class Common:
    """One exchange, as all its keys have it in common."""

    def __init__(self, exchange: str, clock: Clock, emit: Emit, book: SettingsBook) -> None:
        self.exchange = exchange
        self.domain = Domain()
        self.gates: dict[tuple[Scope, str, str], Gate] = {}
        """By scope, account, and what alone it holds back: orders, public, or nothing in particular."""
        self.circuits: dict[Key, Breaker] = {}
        self.bulkheads: dict[Key, Bulkhead] = {}
        self.quotas = Quotas(exchange, clock)
        self.budget = Budget(exchange)
        self._clock, self._emit, self._book = clock, emit, book
        self.configure()

    def configure(self) -> None:
        """Obey the settings as they stand now; what is counted, open, held or in flight stays."""
        exchange = Key.of_scope(self.exchange, Scope.EXCHANGE)
        self.budget.configure(self._book.of(exchange).retry_tokens)
        for key, breaker in self.circuits.items():
            breaker.configure(self._book.of(key).rules())
        for key, bulkhead in self.bulkheads.items():
            bulkhead.most = self._book.of(key).max_in_flight

    def wide(self, account: str, *, signed: bool) -> tuple[Breaker, ...]:
        """The circuits that a call of this account passes before its method's own, widest first."""
        return tuple(
            self._circuit(scope, whose) for scope, whose in _scopes(account, signed=signed)
        )

    def bulkheads_of(self, key: Key, *, signed: bool) -> tuple[tuple[Scope, Bulkhead], ...]:
        """The bulkheads that hold a limit for calls of a key, widest first; none where nothing is set."""
        keys = [
            (scope, Key.of_scope(self.exchange, scope, whose))
            for scope, whose in _scopes(key.account, signed=signed)
        ]
        found = [(scope, self._bulkhead(one)) for scope, one in (*keys, (Scope.METHOD, key))]
        return tuple((scope, one) for scope, one in found if one is not None)

    def gates_of(self, account: str, effect: Effect, *, signed: bool) -> tuple[Gate, ...]:
        """The gates that hold calls back, the widest first."""
        found = [self._gate(Scope.EXCHANGE), self._gate(Scope.ADDRESS)]
        if not signed:
            found.append(self._gate(Scope.ADDRESS, only="public"))
            return tuple(found)
        found.append(self._gate(Scope.ACCOUNT, account))
        if effect is Effect.TRADE:
            found.append(self._gate(Scope.ACCOUNT, account, only="orders"))
        return tuple(found)

    @property
    def idle(self) -> bool:
        """Whether nothing of it would be missed: every gate open, no circuit has counted anything, no retry is owed."""
        now_s = self._clock.monotonic_s()
        return (
            all(breaker.untouched for breaker in self.circuits.values())
            and all(gate.wait_s(now_s) == 0 for gate in self.gates.values())
            and self.budget.full
            and not any(view.used for view in self.quotas.views())
        )

    def forget_accounts(self, used: set[str]) -> None:
        """Let go what belongs to accounts of which no key is left, where nothing of it would be missed."""
        now_s = self._clock.monotonic_s()
        for key, breaker in list(self.circuits.items()):
            if breaker.scope is not Scope.ACCOUNT or key.account in used or not breaker.untouched:
                continue
            gates = [name for name in self.gates if name[:2] == (Scope.ACCOUNT, key.account)]
            if any(self.gates[name].wait_s(now_s) for name in gates):
                continue
            for name in gates:
                del self.gates[name]
            self.bulkheads.pop(key, None)
            self.quotas.forget(key.account)
            del self.circuits[key]
            breaker.leave()

    def forked(self) -> None:
        """After a fork, in the child: locks anew, for another thread of the parent may have held one."""
        self.domain.forked()
        self.budget.forked()
        self.quotas.forked()
        for gate in self.gates.values():
            gate.forked()
        for bulkhead in self.bulkheads.values():
            bulkhead.forked()

    def _circuit(self, scope: Scope, account: str) -> Breaker:
        key = Key.of_scope(self.exchange, scope, account)
        if key not in self.circuits:
            rules = self._book.of(key).rules()
            self.circuits[key] = Breaker(key, rules, self._clock, self._emit, self.domain, scope)
        return self.circuits[key]

    def _bulkhead(self, key: Key) -> Bulkhead | None:
        most = self._book.of(key).max_in_flight
        if key not in self.bulkheads and most is not None:
            self.bulkheads[key] = Bulkhead(most)
        found = self.bulkheads.get(key)  # one that has lost its limit stays: attempts leave it yet
        if found is not None and found.most != most:
            found.most = most
        return found

    def _gate(self, scope: Scope, account: str = "", *, only: str = "") -> Gate:
        name = (scope, account, only)
        if name not in self.gates:
            self.gates[name] = Gate(
                self.exchange,
                scope,
                account,
                self._clock,
                self._emit,
                orders_only=only == "orders",
                public_only=only == "public",
            )
        return self.gates[name]


def _scopes(account: str, *, signed: bool) -> tuple[tuple[Scope, str], ...]:
    """The scopes wider than a method and whose they are; a call without a key passes no account's."""
    found = ((Scope.EXCHANGE, MAIN), (Scope.ADDRESS, MAIN))
    return (*found, (Scope.ACCOUNT, account)) if signed else found
