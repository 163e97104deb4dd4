"""Owns what stands between a caller and one key: plan, circuit and gates; the course of a call is in flow."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from switchgear.core.circuit import Open
from switchgear.core.errors import DeadlineExceeded, Rejected
from switchgear.core.policy.retry import Backoff, allowed
from switchgear.core.policy.step import CutShort
from switchgear.core.verdict import class_verdict, classify
from switchgear.core.words import GATED, Effect, Key, Kind, Scope, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchgear.core.circuit import Circuit
    from switchgear.core.clock import Clock
    from switchgear.core.event import Emit, Tap
    from switchgear.core.policy.breaker import Breaker
    from switchgear.core.policy.fallback import Memory
    from switchgear.core.policy.gate import Gate


@dataclass(frozen=True, slots=True)
class Plan:
    """What the settings say of a call, beside its circuit's rules."""

    effect: Effect = Effect.READ
    backoff: Backoff = field(default_factory=Backoff)
    timeout_s: float | None = 10.0
    deadline_s: float | None = None
    slow_call_s: float | None = None
    ignore: tuple[type[BaseException], ...] = ()
    failed_result: Callable[[Any], bool] | None = None
    debug: bool = False
    """Tell each attempt's start as well."""


_CLASSES_MAX = 256

NOT_OURS_TO_END = (Rejected, DeadlineExceeded, CutShort)
"""Errors that are no failure of the exchange, or not yet named: the flow settles them."""


class Policy:
    """Everything that stands between a caller and one key: plan, circuit, gates, memory, and whom to tell."""

    __slots__ = (
        "_clear",
        "breaker",
        "clock",
        "emit",
        "finals",
        "gates",
        "key",
        "memory",
        "plan",
        "shut",
        "tap",
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
    ) -> None:
        self.key = key
        self.breaker = breaker
        self.gates = gates
        self.tap = tap
        self.emit = emit
        self.clock = clock
        self.memory = memory
        self.plan = plan
        self.unhashable: set[str] = set()
        """Functions of which it was said that last_good cannot remember them."""
        self.way: Circuit | None = None
        """The closed circuit through which the straight path may go now; None sends a call through the flow."""
        self.shut: tuple[float, str, str, str] | None = None
        """Until when, for which exchange and method, and why calls are refused unasked; None asks the circuit."""
        self._clear = False
        self.finals: dict[type[BaseException], Verdict] = {}
        """What `final` has found so far."""
        breaker.changed = self._moved
        for gate in gates:
            gate.watchers.append(self.refresh)
        self.refresh()

    def configure(self, plan: Plan) -> None:
        """Obey another plan from the next call on."""
        self.plan = plan
        self.finals = {}
        self.refresh()

    def refresh(self) -> None:
        """Look again whether the straight path is open; for a gate opens by time alone, and tells nobody."""
        self.breaker.look(self._refresh_locked)

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
        The gate that an error closes.

        None for an account's, when the call carries no key of it, and for what concerns one method alone.
        """
        if verdict.scope is Scope.METHOD:
            return None
        if verdict.scope is not Scope.ACCOUNT:
            return self.gates[0]
        of_account = [gate for gate in self.gates if gate.scope is Scope.ACCOUNT]
        of_orders = [gate for gate in of_account if gate.orders_only]
        if verdict.kind is Kind.ORDER_RATE_LIMITED and of_orders:
            return of_orders[0]
        return of_account[0] if of_account else None

    def final(self, error: BaseException) -> Verdict | None:
        """
        What an error means when it ends a call at once: a failure of the circuit, with no further attempt.

        None when it is no failure, closes a gate, is ignored, or another attempt may follow. What its class alone
        decides is kept in `finals`.
        """
        cls, plan = type(error), self.plan
        if not isinstance(error, Exception) or isinstance(error, (NOT_OURS_TO_END, plan.ignore)):
            return None
        by_class = class_verdict(cls, plan.effect)
        verdict = by_class or classify(error, self.key.exchange, plan.effect, self.clock.wall)
        again = plan.backoff.retries > 0 and allowed(plan.effect, verdict)
        if again or not verdict.counts or verdict.kind in GATED:
            return None
        if by_class is not None:
            self._keep_final(cls, verdict, plan)
        return verdict

    def _keep_final(self, cls: type[BaseException], verdict: Verdict, plan: Plan) -> None:
        finals = self.finals
        if len(finals) >= _CLASSES_MAX:
            finals.clear()  # a program that makes classes without end must not keep them here
        if self.plan is plan:  # or it was found for settings of before
            finals[cls] = verdict

    def _refresh_locked(self) -> None:
        plan = self.plan
        simple = plan.deadline_s is None and plan.failed_result is None and not plan.debug
        self._clear = simple and self.closed_gate(self.clock.monotonic_s()) is None
        self._moved()

    def _moved(self) -> None:
        """The circuit is another one: see where calls go now. Called under its lock."""
        way = self.breaker.way
        self.way = way if self._clear else None
        self.shut = None
        if (
            way is None and self._clear
        ):  # a closed gate may say a later instant: then the flow answers
            state = self.breaker.circuit.state
            if isinstance(state, Open):
                reason = f"circuit open: {state.reason}"
                self.shut = (state.until_s, self.key.exchange, self.key.method, reason)
