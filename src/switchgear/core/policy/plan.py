"""Owns what stands between a caller and one key: plan, circuits, gates, room; the course of a call is in flow."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from switchgear.core.errors import DeadlineExceeded, Rejected
from switchgear.core.policy.retry import Backoff, allowed
from switchgear.core.policy.scopes import Scopes
from switchgear.core.policy.step import CutShort
from switchgear.core.verdict import class_verdict, classify
from switchgear.core.words import GATED, Effect, Key, Kind, Scope, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchgear.core.clock import Clock
    from switchgear.core.event import Emit, Tap
    from switchgear.core.policy.breaker import Breaker
    from switchgear.core.policy.budget import Budget
    from switchgear.core.policy.bulkhead import Bulkhead
    from switchgear.core.policy.circuit_view import CircuitView
    from switchgear.core.policy.gate import Gate
    from switchgear.core.policy.latency import Latency
    from switchgear.core.policy.memory import Memory
    from switchgear.core.policy.scopes import Way
    from switchgear.core.policy.weight import Toll


@dataclass(frozen=True, slots=True)
class Plan:
    """What the settings say of a call, beside its circuit's rules."""

    effect: Effect = Effect.READ
    backoff: Backoff = field(default_factory=Backoff)
    timeout_s: float | None = 10.0
    deadline_s: float | None = None
    slow_call_s: float | None = None
    ignore: tuple[type[BaseException], ...] = ()
    ignored: tuple[Callable[[BaseException], bool], ...] = ()
    """Say of an error whether it is neutral; one that raises says no."""
    failed_result: Callable[[Any], bool] | None = None
    debug: bool = False
    """Tell each attempt's start as well."""
    probe_timeout_s: float | None = None
    """Of an attempt that is a probe, where it is shorter than timeout_s."""
    wait_s_max: float = 5.0
    """A call waits no longer for room (weights, places in flight) before an attempt."""
    stale_s_max: float | None = None
    """No fallback's value may be older."""
    hedge: float | None = None
    """A read that takes longer than this share of its like, 0 to 1, gets a second attempt beside it."""
    coalesce: bool = False
    """Equal reads in flight share one call."""
    wire: bool = False
    """Tell each request of the call and its answer, without secrets."""
    finals: dict[type[BaseException], Verdict] = field(
        default_factory=dict[type[BaseException], Verdict], compare=False, repr=False
    )
    """What `Policy.final` has found so far: the same for every key of this plan."""

    def ignores(self, error: BaseException) -> bool:
        """Whether the settings call an error neutral."""
        if not isinstance(error, Exception):
            return False
        return isinstance(error, self.ignore) or any(_says(one, error) for one in self.ignored)


def _says(predicate: Callable[[BaseException], bool], error: BaseException) -> bool:
    try:
        return bool(predicate(error))
    except Exception:  # foreign code; an attempt must be settled whatever it does
        return False


T = TypeVar("T")

_CLASSES_MAX = 256
_NOTHING: frozenset[str] = frozenset()
"""One for all: an empty set takes as much room as a small one."""

NOT_OURS_TO_END = (Rejected, DeadlineExceeded, CutShort)
"""Errors that are no failure of the exchange, or not yet named: the flow settles them."""


class Policy:
    """Everything that stands between a caller and one key: plan, circuits, gates, memory, and whom to tell."""

    __slots__ = (
        "__weakref__",
        "_clear",
        "breaker",
        "budget",
        "bulkheads",
        "clock",
        "emit",
        "faults",
        "flights",
        "gates",
        "key",
        "latency",
        "memory",
        "plan",
        "revive",
        "scopes",
        "shut",
        "tap",
        "toll",
        "traced",
        "unhashable",
        "way",
    )

    def __init__(
        self,
        key: Key,
        plan: Plan,
        breaker: Breaker,
        gates: tuple[Gate, ...],
        tap: Tap,
        emit: Emit,
        clock: Clock,
        memory: Memory[Any],
        *,
        wide: tuple[Breaker, ...] = (),
        budget: Budget | None = None,
    ) -> None:
        self.key = key
        self.breaker = breaker
        """The method's own circuit."""
        self.scopes = Scopes((*wide, breaker), clock)
        """All circuits that a call passes."""
        self.gates = gates
        self.tap = tap
        self.emit = emit
        self.clock = clock
        self.memory = memory
        self.budget = budget
        """What retries and hedges of the whole exchange are paid from; None is without limit."""
        self.bulkheads: tuple[tuple[Scope, Bulkhead], ...] = ()
        """Places in flight, of each scope that has a limit of them."""
        self.toll: Toll | None = None
        """What an attempt costs at the exchange's limits; None where none is known."""
        self.latency: Latency | None = None
        """How long successes take, while calls are hedged."""
        self.flights: Any = None
        """Calls in flight that equal ones can join, while they are coalesced."""
        self.faults: Callable[[Callable[..., Any], bool], Callable[..., Any]] | None = None
        """What a test puts round the function, told whether its value is awaited whatever it is; None in earnest."""
        self.revive: Callable[[Policy], None] | None = None
        """Set while the key is forgotten: call it before an attempt."""
        self.traced = False
        """Its attempts are known while they run, as those of calls about orders: see wiretap."""
        self.plan = plan
        self.unhashable = _NOTHING
        """Functions of which it was said that last_good cannot remember them."""
        self.way: Way | None = None
        """Tickets with which the straight path may go now; None sends a call through the flow."""
        self.shut: tuple[float, str, str, Scope, str] | None = None
        """Until when calls are refused unasked, then exchange, method, scope and why; None asks the circuits."""
        self._clear = False
        self.attach()

    def attach(self) -> None:
        """Hear from circuits, gates and budget when they change."""
        self.revive = None
        refresh = self.refresh  # one object, wherever it is kept
        for breaker in self.scopes.breakers:
            breaker.watchers.append(self)
        for gate in self.gates:
            gate.watchers.append(refresh)
        if self.budget is not None:
            self.budget.watchers.append(refresh)
        self.refresh()

    def detach(self, revive: Callable[[Policy], None]) -> None:
        """Hear from them no more, so that nothing shared keeps this policy alive; the next call revives it first."""
        with self.scopes.domain.lock:
            for breaker in self.scopes.breakers:
                _forget(breaker.watchers, self)
        for gate in self.gates:
            _forget(gate.watchers, self.refresh)
        if self.budget is not None:
            _forget(self.budget.watchers, self.refresh)
        with self.scopes.domain.lock:
            self.revive = revive
            self.way = self.shut = None
            self._clear = False

    def regate(self, gates: tuple[Gate, ...]) -> None:
        """Be held back by these gates from the next call on."""
        if gates == self.gates:
            return
        for gate in self.gates:
            _forget(gate.watchers, self.refresh)
        for gate in gates:
            gate.watchers.append(self.refresh)
        self.gates = gates

    def configure(self, plan: Plan) -> None:
        """Obey another plan from the next call on."""
        self.plan = plan
        self.refresh()

    def trace(self) -> None:
        """Have each attempt known while it runs, from now on; such calls take the longer way, by some microseconds."""
        if not self.traced:
            self.traced = True
            self.refresh()

    def refresh(self) -> None:
        """Look again whether the straight path is open; for a gate opens by time alone, and tells nobody."""
        with self.scopes.domain.lock:
            is_open = self.closed_gate(self.clock.monotonic_s()) is None
            self._clear = is_open and self.revive is None
            self.moved_locked()

    def view(self) -> CircuitView:
        """The circuit that decides about calls now: the widest that refuses, else the method's own."""
        return self.scopes.view()

    def closed_gate(self, now_s: float) -> Gate | None:
        """The gate that is closed for longest; None when all are open."""
        is_order = self.plan.effect is Effect.TRADE
        closed = [
            gate
            for gate in self.gates
            if gate.wait_s(now_s) > 0 and (is_order or not gate.orders_only)
        ]
        return max(closed, key=lambda gate: gate.until_s) if closed else None

    def gate_of(self, verdict: Verdict) -> Gate | None:
        """
        The gate that an error closes; None for what concerns one method alone, and for an unnamed maintenance.

        A limit of an account that the call carries no key of is one of our address, and holds back what carries
        none either.
        """
        kind, scope = verdict.kind, verdict.scope
        if scope is Scope.METHOD or (kind is Kind.MAINTENANCE and verdict.retry_after_s is None):
            return None
        mine = [gate for gate in self.gates if gate.scope is scope and not gate.public_only]
        if scope is Scope.ACCOUNT:
            if not mine:
                public = [gate for gate in self.gates if gate.public_only]
                return public[0] if public and kind is Kind.RATE_LIMITED else None
            orders = [gate for gate in mine if gate.orders_only]
            if kind is Kind.ORDER_RATE_LIMITED and orders:
                return orders[0]
        found = [gate for gate in mine if not gate.orders_only] or list(self.gates[:1])
        return found[0] if found else None

    def final(self, error: BaseException) -> Verdict | None:
        """
        What an error means when it ends a call at once: a failure of the circuit, with no further attempt.

        None when it is no failure, closes a gate, is ignored, or another attempt may follow. What its class alone
        decides, of the method alone, is kept in the plan.
        """
        cls, plan = type(error), self.plan
        if (
            not isinstance(error, Exception)
            or isinstance(error, NOT_OURS_TO_END)
            or plan.ignores(error)
        ):
            return None
        by_class = class_verdict(cls, plan.effect)
        verdict = by_class or classify(error, self.key.exchange, plan.effect, self.clock.wall)
        again = plan.backoff.retries > 0 and allowed(plan.effect, verdict)
        if again or not verdict.counts or verdict.kind in GATED:
            return None
        if by_class is not None and verdict.scope is Scope.METHOD:
            _keep_final(plan.finals, cls, verdict)
        return verdict

    @property
    def _plain(self) -> bool:
        """Whether nothing but tickets and a toll stands before an attempt, and nothing but its end behind it."""
        plan, budget = self.plan, self.budget
        return (
            plan.deadline_s is None
            and plan.failed_result is None
            and plan.hedge is None
            and not (plan.debug or plan.wire or plan.coalesce or self.bulkheads)
            and not self.traced
            and self.faults is None
            and (budget is None or budget.full)
        )

    def moved_locked(self) -> None:
        """A circuit is in another state: see where calls go now. Called under the lock of the exchange's circuits."""
        self.way = self.scopes.way_locked() if self._clear and self._plain else None
        self.shut = None
        # A closed gate may say a later instant: then the flow answers.
        found = self.scopes.shut_locked() if self._clear else None
        if found is not None:
            breaker, state = found
            reason = f"circuit open: {state.reason}"
            exchange, method, _ = self.key
            self.shut = (state.until_s, exchange, method, breaker.scope, reason)


def _keep_final(
    finals: dict[type[BaseException], Verdict], cls: type[BaseException], verdict: Verdict
) -> None:
    if len(finals) >= _CLASSES_MAX:
        finals.clear()  # a program that makes classes without end must not keep them here
    finals[cls] = verdict


def _forget(listeners: list[T], mine: T) -> None:
    if mine in listeners:
        listeners.remove(mine)
