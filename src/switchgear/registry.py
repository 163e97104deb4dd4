"""
Owns the policies by key: made from the settings when a key is first used, with the gates they share and the holds
that bind keys which come later. What users ask of them is left to gear.
"""

from __future__ import annotations

import os
from fnmatch import fnmatchcase
from threading import RLock
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakSet

from switchgear.core.errors import SettingsError
from switchgear.core.policy.breaker import Breaker, CircuitView
from switchgear.core.policy.fallback import Memory
from switchgear.core.policy.gate import Gate
from switchgear.core.policy.plan import Policy
from switchgear.core.words import CircuitState, Effect, Key, Scope
from switchgear.observe.metrics import Tally
from switchgear.settings import SettingsBook, above_zero, pattern

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switchgear.core.clock import Clock
    from switchgear.observe.fact import Tap
    from switchgear.observe.hub import Hub
    from switchgear.observe.metrics import CallMetrics

_HOLDS = {
    "open": CircuitState.FORCED_OPEN,
    "closed": CircuitState.FORCED_CLOSED,
    "metrics_only": CircuitState.METRICS_ONLY,
}


class Hold(NamedTuple):
    """A hold on a pattern, which binds keys that come later too."""

    exchange: str
    method: str
    mode: CircuitState
    by: str
    why: str
    until_s: float | None

    def binds(self, key: Key, now_s: float) -> bool:
        """Whether a key is held by it now."""
        lasts = self.until_s is None or now_s < self.until_s
        return lasts and _matches(key, self.exchange, self.method)


class Registry:
    """Every key in use, with what stands between its callers and it."""

    def __init__(self, clock: Clock, hub: Hub, book: SettingsBook) -> None:
        self.book = book
        self.policies: dict[Key, Policy] = {}
        self.gates: dict[tuple[str, Scope, str, bool], Gate] = {}
        self.tallies: dict[Key, tuple[Tally, Tap]] = {}
        self._clock = clock
        self._hub = hub
        self._memory: Memory[Any] = Memory()
        self._holds: list[Hold] = []
        self._lock = RLock()
        _REGISTRIES.add(self)

    def policy(self, key: Key) -> Policy:
        """What stands between callers and a key; made when it is first asked for."""
        policy = self.policies.get(key)
        if policy is not None:
            return policy
        with self._lock:
            return self.policies.get(key) or self._make(key)

    def view(self, key: Key) -> CircuitView:
        """The circuit of a key; closed and untouched for one that was never used."""
        policy = self.policies.get(key)
        if policy is not None:
            return policy.breaker.view()
        return Breaker(key, self.book.of(key).rules(), self._clock, self._hub.emit).view()

    def metrics(self, key: Key) -> CallMetrics:
        """What happened to a key's calls; all zero for one that was never used."""
        self._hub.fold()
        tally, tap = self.tallies.get(key, (Tally(key), None))
        policy = self.policies.get(key)
        state = CircuitState.CLOSED if policy is None else policy.breaker.peek()
        with self._hub.lock:
            return tally.read(0 if tap is None else tap.begun(), state, self._hub.date)

    def served_since(self, since_s: float) -> dict[Key, str]:
        """The newest fallback's name for each key that one has served since an instant."""
        self._hub.fold()
        return {
            key: tally.last_source
            for key, (tally, _) in list(self.tallies.items())
            if tally.fallbacks and tally.last_source_s >= since_s
        }

    def configure(
        self, exchange: str, method: str, account: str, settings: Mapping[str, Any]
    ) -> None:
        """Set settings for the keys that patterns match, in use and to come."""
        with self._lock:
            for key in self.book.add(exchange, method, account, settings, self.policies):
                found, policy = self.book.of(key), self.policies[key]
                policy.breaker.rules = found.rules()
                policy.configure(found.plan(key))

    def hold(
        self, exchange: str, method: str, *, state: str, by: str, why: str, for_s: float | None
    ) -> None:
        """Hold circuits; raises SettingsError when the state is none, or for_s not above 0."""
        if state not in _HOLDS:
            raise SettingsError("state", state, f"must be one of {', '.join(_HOLDS)}")
        if for_s is not None:
            for_s = above_zero("for_s", for_s)
        until_s = None if for_s is None else self._clock.monotonic_s() + for_s
        parts = pattern("exchange", exchange), pattern("method", method)
        hold = Hold(*parts, _HOLDS[state], by, why, until_s)
        with self._lock:
            now_s = self._clock.monotonic_s()
            self._holds = [
                one
                for one in self._holds
                if (one.exchange, one.method) != parts
                and (one.until_s is None or now_s < one.until_s)
            ]
            self._holds.append(hold)
            for policy in self.matching(*parts):
                policy.breaker.hold(hold.mode, by=by, why=why, for_s=for_s)

    def release(self, exchange: str, method: str, *, by: str, why: str) -> None:
        """End the holds that patterns match."""
        exchange, method = pattern("exchange", exchange), pattern("method", method)
        with self._lock:
            self._forget_holds(exchange, method)
            for policy in self.matching(exchange, method):
                policy.breaker.release(by=by, why=why)

    def reset(self, exchange: str, method: str, *, by: str, why: str) -> None:
        """Close circuits and open their gates, forgetting what they have seen."""
        exchange, method = pattern("exchange", exchange), pattern("method", method)
        with self._lock:
            self._forget_holds(exchange, method)
            for policy in self.matching(exchange, method):
                for gate in policy.gates:
                    gate.open()
                policy.breaker.reset(by=by, why=why)
                policy.refresh()

    def _forget_holds(self, exchange: str, method: str) -> None:
        self._holds = [
            hold
            for hold in self._holds
            if not (fnmatchcase(hold.exchange, exchange) and fnmatchcase(hold.method, method))
        ]

    def matching(self, exchange: str, method: str) -> list[Policy]:
        """The policies of the keys in use that patterns match."""
        return [
            policy for key, policy in list(self.policies.items()) if _matches(key, exchange, method)
        ]

    def forked(self) -> None:
        """After a fork, in the child: locks anew, for another thread of the parent may have held one."""
        self._lock = RLock()
        self._memory.forked()
        for policy in self.policies.values():
            policy.breaker.forked()
        for gate in self.gates.values():
            gate.forked()

    def _make(self, key: Key) -> Policy:
        found = self.book.of(key)
        breaker = Breaker(key, found.rules(), self._clock, self._hub.emit)
        tally = Tally(key)
        tap = self._hub.tap(tally, lambda: policy.plan.slow_call_s)
        plan = found.plan(key)
        gates = self._gates_of(key, plan.effect, signed=found.signed)
        policy = Policy(
            key,
            plan,
            breaker,
            gates,
            tap,  # pyright: ignore[reportArgumentType]  it takes a slot that holds a function for a method
            self._hub.emit,
            self._clock,
            self._memory,
        )
        now_s = self._clock.monotonic_s()
        for hold in self._holds:
            if hold.binds(key, now_s):
                for_s = None if hold.until_s is None else hold.until_s - now_s
                breaker.hold(hold.mode, by=hold.by, why=hold.why, for_s=for_s)
        self.tallies[key] = (tally, tap)
        self.policies[key] = policy
        return policy

    def _gates_of(self, key: Key, effect: Effect, *, signed: bool) -> tuple[Gate, ...]:
        found = [self._gate(key.exchange, Scope.EXCHANGE, "")]
        if signed:
            found.append(self._gate(key.exchange, Scope.ACCOUNT, key.account))
        if signed and effect is Effect.TRADE:
            found.append(self._gate(key.exchange, Scope.ACCOUNT, key.account, orders_only=True))
        return tuple(found)

    def _gate(
        self, exchange: str, scope: Scope, account: str, *, orders_only: bool = False
    ) -> Gate:
        name = (exchange, scope, account, orders_only)
        if name not in self.gates:
            self.gates[name] = Gate(
                exchange, scope, account, self._clock, self._hub.emit, orders_only=orders_only
            )
        return self.gates[name]


def _matches(key: Key, exchange: str, method: str) -> bool:
    return fnmatchcase(key.exchange, exchange) and fnmatchcase(key.method, method)


_REGISTRIES: WeakSet[Registry] = WeakSet()


def _forked() -> None:
    for registry in list(_REGISTRIES):
        registry.forked()


os.register_at_fork(after_in_child=_forked)
