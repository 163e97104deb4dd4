"""
Owns the policies by key: made from the settings when a key is first used, with what their exchange shares and the
holds that bind keys which come later. What users ask of them is left to gear.
"""

from __future__ import annotations

import os
from functools import partial
from threading import RLock
from typing import TYPE_CHECKING, Any
from weakref import WeakSet, WeakValueDictionary

from switchgear.core.errors import SettingsError
from switchgear.core.policy.breaker import Breaker
from switchgear.core.policy.flights import Flights
from switchgear.core.policy.latency import Latency
from switchgear.core.policy.memory import Memory
from switchgear.core.policy.plan import Policy
from switchgear.core.redact import safe_words
from switchgear.core.words import TRUTH, CircuitState, Key
from switchgear.observe.metrics import Tally, tally_of
from switchgear.registry.common import Common
from switchgear.registry.holds import HOLDS, Hold, Holds, matches, patterns
from switchgear.registry.idle import idle_keys
from switchgear.registry.injected import Injected
from switchgear.settings import SettingsBook, above_zero, pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from switchgear.core.clock import Clock
    from switchgear.core.policy.circuit_view import CircuitView
    from switchgear.core.policy.gate import Gate
    from switchgear.core.policy.weight import Toll
    from switchgear.observe.fact import Tap
    from switchgear.observe.hub import Hub
    from switchgear.observe.metrics import CallMetrics
    from switchgear.registry.injected import Wrap
    from switchgear.settings.book import Settings

KEYS_MAX = 10_000


class Registry:
    """Every key in use, with what stands between its callers and it."""

    def __init__(
        self, clock: Clock, hub: Hub, book: SettingsBook, keys_max: int = KEYS_MAX
    ) -> None:
        self.book = book
        self.policies: dict[Key, Policy] = {}
        self.commons: dict[str, Common] = {}
        self.taps: dict[Key, Tap] = {}
        self.keys_max = keys_max
        self._parted: WeakValueDictionary[Key, Policy] = WeakValueDictionary()
        """Forgotten keys to which somebody still has a handle: when it is used they come back as they were."""
        self._seen: dict[Key, int] = {}
        self._clock = clock
        self._hub = hub
        self._emit = hub.emit  # one object for all who keep it
        self._memory: Memory[Any] = Memory()
        self.holds = Holds()
        self._injected = Injected(self._equip_matching)
        self._lock = RLock()
        _REGISTRIES.add(self)

    def policy(self, key: Key) -> Policy:
        """
        What stands between callers and a key; made when it is first asked for.

        Raises:
            SettingsError: The key names a scope, which nobody calls; or there are keys_max keys, and none is idle.
        """
        policy = self.policies.get(key)
        if policy is not None:
            return policy
        if key.is_scope:
            raise SettingsError("method", key.method, "must be a method: a scope is not called")
        with self._lock:
            return self.policies.get(key) or self._make(key)

    def common(self, exchange: str) -> Common:
        """What the keys of an exchange share; made when it is first asked for."""
        with self._lock:
            if exchange not in self.commons:
                made = Common(exchange, self._clock, self._emit, self.book)
                made.quotas.watchers.append(partial(self._tolled, exchange))
                self.commons[exchange] = made
            return self.commons[exchange]

    def view(self, key: Key) -> CircuitView:
        """The circuit that decides about a key's calls; closed and untouched for one that was never used."""
        policy = self.policies.get(key)
        if policy is not None:
            return policy.view()
        common = self.commons.get(key.exchange)
        wide = None if common is None else common.circuits.get(key)
        if wide is not None:
            return wide.view()
        rules = self.book.of(key).rules()
        return Breaker(key, rules, self._clock, self._emit, scope=key.scope).view()

    def views(self) -> Iterator[CircuitView]:
        """Every circuit by itself, by key; those wider than a method once they have counted something."""
        for common in list(self.commons.values()):
            for breaker in list(common.circuits.values()):
                if not breaker.untouched:
                    yield breaker.view()
        for policy in list(self.policies.values()):
            yield policy.breaker.view()

    @property
    def gates(self) -> list[Gate]:
        """Every gate."""
        return [gate for common in list(self.commons.values()) for gate in common.gates.values()]

    def metrics(self, key: Key) -> CallMetrics:
        """What happened to a key's calls; all zero for one that was never used."""
        self._hub.fold()
        tap = self.taps.get(key)
        tally = Tally(key) if tap is None else tally_of(tap)
        policy = self.policies.get(key)
        state = CircuitState.CLOSED if policy is None else policy.scopes.binding().peek()
        with self._hub.lock:
            return tally.read(0 if tap is None else tap.begun(), state, self._hub.date)

    def served_since(self, since_s: float) -> dict[Key, str]:
        """The newest fallback's name for each key that one has served since an instant."""
        self._hub.fold()
        tallies = [(key, tally_of(tap)) for key, tap in list(self.taps.items())]
        lately = [(key, one) for key, one in tallies if one.fallbacks]
        return {key: one.last_source for key, one in lately if one.last_source_s >= since_s}

    def configure(
        self, exchange: str, method: str, account: str, settings: Mapping[str, Any]
    ) -> None:
        """Set settings for the keys that patterns match, in use and to come."""
        with self._lock:
            keys = [*self.policies, *self._scope_keys()]
            concerned = self.book.add(exchange, method, account, settings, keys)
            shared = {key.exchange for key in concerned if key.is_scope}
            for name in shared:
                self.commons[name].configure()
            for key, policy in self.policies.items():
                if key.exchange in shared or key in concerned:
                    self._equip(policy)

    def suggest(self, key: Key, settings: Mapping[str, Any]) -> None:
        """Set what stands for a key until somebody sets it otherwise."""
        self.book.suggest(key, settings)
        self._equip_matching(key.exchange, key.method)

    def reload(self, tree: Mapping[str, Any]) -> None:
        """Take another settings file; what is counted, open, held or in flight stays."""
        with self._lock:
            self.book.load(tree, [*self.policies, *self._scope_keys()])
            for common in self.commons.values():
                common.configure()
            for policy in self.policies.values():
                self._equip(policy)

    def inject(self, exchange: str, method: str, wrap: Wrap) -> Callable[[], None]:
        """Put something round the function of every call that patterns match, for tests; the result ends it."""
        return self._injected.add(pattern("exchange", exchange), pattern("method", method), wrap)

    def _equip_matching(self, exchange: str, method: str) -> None:
        with self._lock:
            for policy in self.matching(exchange, method):
                self._equip(policy)

    def hold(
        self,
        exchange: str,
        method: str,
        account: str = "*",
        *,
        state: str,
        by: str,
        why: str,
        for_s: float | None,
    ) -> None:
        """Hold circuits; raises SettingsError when the state is none, or for_s not above 0."""
        if state not in HOLDS:
            raise SettingsError("state", state, f"must be one of {', '.join(HOLDS)}")
        if for_s is not None:
            for_s = above_zero("for_s", for_s)
        until_s = None if for_s is None else self._clock.monotonic_s() + for_s
        parts = patterns(exchange, method, account)
        by, why = safe_words(by), safe_words(why)  # they are shown for as long as it holds
        hold = Hold(*parts[:2], HOLDS[state], by, why, until_s, parts[2])
        with self._lock:
            self.holds.add(hold, self._clock.monotonic_s())
            for breaker in self.breakers(*parts):
                breaker.hold(hold.mode, by=by, why=why, for_s=for_s)

    def release(self, exchange: str, method: str, account: str = "*", *, by: str, why: str) -> None:
        """End the holds that patterns match."""
        parts = patterns(exchange, method, account)
        with self._lock:
            self.holds.forget(*parts)
            for breaker in self.breakers(*parts):
                breaker.release(by=by, why=why)

    def reset(self, exchange: str, method: str, account: str = "*", *, by: str, why: str) -> None:
        """Close circuits and open their gates, forgetting what they have seen."""
        parts = patterns(exchange, method, account)
        with self._lock:
            self.holds.forget(*parts)
            for breaker in self.breakers(*parts):
                breaker.reset(by=by, why=why)
            for common in self.commons.values():
                for gate in common.gates.values():
                    whose = Key.of_scope(common.exchange, gate.scope, gate.account or "main")
                    if matches(whose, *parts):
                        gate.open()
            for policy in self.policies.values():
                policy.refresh()

    def matching(self, exchange: str, method: str, account: str = "*") -> list[Policy]:
        """The policies of the keys in use that patterns match."""
        held = list(self.policies.items())
        return [policy for key, policy in held if matches(key, exchange, method, account)]

    def breakers(self, exchange: str, method: str, account: str = "*") -> list[Breaker]:
        """The circuits in use that patterns match, those of scopes too."""
        own = [policy.breaker for policy in self.matching(exchange, method, account)]
        wide = [
            one for common in list(self.commons.values()) for one in list(common.circuits.values())
        ]
        return [*(one for one in wide if matches(one.key, exchange, method, account)), *own]

    def _scope_keys(self) -> list[Key]:
        return [key for common in self.commons.values() for key in common.circuits]

    def forked(self) -> None:
        """After a fork, in the child: locks anew, for another thread of the parent may have held one."""
        self._lock = RLock()
        self._memory.forked()
        for common in self.commons.values():
            common.forked()
        for policy in (*self.policies.values(), *self._parted.values()):
            if policy.latency is not None:
                policy.latency.forked()
            if policy.flights is not None:
                policy.flights.forked()

    def _make(self, key: Key) -> Policy:
        parted = self._parted.get(key)
        if parted is not None:
            self._revive(parted)
            return parted
        self._make_room()
        found, common = self.book.of(key), self.common(key.exchange)
        breaker = Breaker(key, self.book.one(found.rules()), self._clock, self._emit, common.domain)
        tap = self._hub.tap(Tally(key))  # records keep the tap, never the policy
        plan = self.book.one(found.plan(key))
        before = frozenset(common.circuits)
        wide = () if key.method == TRUTH else common.wide(key.account, signed=found.signed)
        policy = Policy(
            key,
            plan,
            breaker,
            common.gates_of(key.account, plan.effect, signed=found.signed),
            tap,  # pyright: ignore[reportArgumentType]  it takes a slot that holds a function for a method
            self._emit,
            self._clock,
            self._memory,
            wide=wide,
            budget=common.budget,
        )
        self._equip(policy)
        for each in (*wide, breaker):
            if each.key not in before:  # a hold that was released of one in use stays so
                self._hold_late(each)
        self.taps[key] = tap
        self.policies[key] = policy
        return policy

    def _equip(self, policy: Policy) -> None:
        """Give a policy what its settings say as they stand now."""
        key = policy.key
        found, common = self.book.of(key), self.common(key.exchange)
        plan = self.book.one(found.plan(key))
        policy.regate(common.gates_of(key.account, plan.effect, signed=found.signed))
        policy.breaker.configure(self.book.one(found.rules()))
        policy.bulkheads = common.bulkheads_of(key, signed=found.signed)
        policy.latency = (policy.latency or Latency()) if plan.hedge is not None else None
        policy.flights = (policy.flights or Flights()) if plan.coalesce else None
        policy.toll = self._toll(common, key, found)
        policy.faults = self._injected.round(key)
        tap: Any = policy.tap
        tap.counts.slow_s = plan.slow_call_s
        policy.configure(plan)

    def _toll(self, common: Common, key: Key, found: Settings) -> Toll | None:
        effect = found.plan(key).effect
        return common.quotas.toll(key.method, key.account, found.signed, effect, found.weight)

    def _tolled(self, exchange: str) -> None:
        """The limits of an exchange are others: every key of it pays its toll there from now on."""
        with self._lock:
            for key, policy in list(self.policies.items()):
                if key.exchange == exchange:
                    policy.toll = self._toll(self.commons[exchange], key, self.book.of(key))

    def _hold_late(self, breaker: Breaker) -> None:
        now_s = self._clock.monotonic_s()
        for hold in self.holds.on(breaker.key, now_s):
            for_s = None if hold.until_s is None else hold.until_s - now_s
            breaker.hold(hold.mode, by=hold.by, why=hold.why, for_s=for_s)

    def _make_room(self) -> None:
        """Forget idle keys when there are too many; their metrics go with them."""
        if len(self.policies) < self.keys_max:
            return
        self._hub.fold()
        spare = max(1, self.keys_max // 10)
        parted = idle_keys(self.policies, self.taps, self._seen, spare)
        for key in parted:
            self._part(key)
        self._forget_exchanges({key.exchange for key in parted})
        if len(self.policies) >= self.keys_max:
            allowed = "are as many as there may be, and none is idle: raise keys_max, or use fewer"
            raise SettingsError("keys", len(self.policies), allowed)

    def _part(self, key: Key) -> None:
        policy = self.policies.pop(key)
        self.taps.pop(key, None)
        self._seen.pop(key, None)
        policy.detach(self._revive)
        self._parted[key] = policy
        self._hub.forget(key)
        self.commons[key.exchange].bulkheads.pop(key, None)  # nothing of it is in flight

    def _forget_exchanges(self, names: set[str]) -> None:
        """What the keys of an exchange shared goes with the last of them, where nothing of it would be missed."""
        used = {key.exchange for key in self._all_keys()}
        for name in names:
            if name in used:
                accounts = {key.account for key in self._all_keys() if key.exchange == name}
                self.commons[name].forget_accounts(accounts)
            elif self.commons[name].idle:
                del self.commons[name]

    def _all_keys(self) -> list[Key]:
        """The keys in use, and those forgotten to which somebody has a handle."""
        return [*self.policies, *list(self._parted)]

    def _revive(self, policy: Policy) -> None:
        """A forgotten key is used again by somebody who had kept its handle: it goes on where it was."""
        with self._lock:
            if policy.key in self.policies:
                return
            self._make_room()
            tap: Any = policy.tap
            self._hub.adopt(tap)
            self.taps[policy.key] = tap
            self.policies[policy.key] = policy
            self._parted.pop(policy.key, None)
            policy.attach()
            self._equip(policy)
            self._hold_late(policy.breaker)


_REGISTRIES: WeakSet[Registry] = WeakSet()


def _forked() -> None:
    for registry in list(_REGISTRIES):
        registry.forked()


os.register_at_fork(after_in_child=_forked)
