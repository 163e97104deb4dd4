"""
Owns how an attempt is let in: hold and gates asked, circuits looked at, room taken, then tickets of all scopes.

It never waits: where there is no room it says what to wait for. Waiting is left to flow and its drivers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from switchgear.core.errors import BulkheadFullError, CircuitOpenError, GateClosedError, Rejected
from switchgear.core.policy.scopes import NEUTRAL, Refused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from switchgear.core.policy.bulkhead import Bulkhead
    from switchgear.core.policy.plan import Policy
    from switchgear.core.policy.scopes import Charge, Ticket
    from switchgear.core.policy.weight import Toll
    from switchgear.core.words import Scope


class Entry:
    """An attempt that was let in; settle it once, however it ends."""

    __slots__ = ("_bulkheads", "_policy", "_toll", "started_s", "ticket")

    def __init__(
        self,
        policy: Policy,
        ticket: Ticket,
        started_s: float,
        bulkheads: tuple[Bulkhead, ...] = (),
        toll: Toll | None = None,
    ) -> None:
        self.ticket = ticket
        self.started_s = started_s
        self._policy = policy
        self._bulkheads = bulkheads
        self._toll = toll

    def settle(self, charge: Charge, reason: object = "", *, unsent: bool = False) -> None:
        """Settle its tickets and give its place back; a second time changes nothing."""
        if self.ticket.settled:
            return
        self._policy.scopes.settle(self.ticket, charge, reason)
        _leave(self._bulkheads)
        if self._toll is not None:
            self._toll.returned(unsent=unsent, lost=charge.lost)


class Denied(NamedTuple):
    """Not let in, and what to tell the caller."""

    error: type[Rejected]
    scope: Scope
    reason: str
    retry_after_s: float | None


class Full(NamedTuple):
    """No room now: wait for wait_s seconds, or in the bulkhead's line; else what to tell the caller."""

    denied: Denied
    wait_s: float = 0.0
    bulkhead: Bulkhead | None = None


def enter(policy: Policy, now_s: float, held: Bulkhead | None = None) -> Entry | Denied | Full:
    """
    Let an attempt in, deny it, or say what it would have to wait for.

    Args:
        policy: Of the call's key.
        now_s: Monotonic seconds.
        held: The bulkhead in which a place is ours already, from standing in its line; it is given back unless the
            attempt is let in.
    """
    if policy.revive is not None:
        policy.revive(policy)
    gate = None if policy.scopes.held_open() else policy.closed_gate(now_s)  # a person first
    if gate is not None:
        _leave(() if held is None else (held,))
        reason = f"gate closed: {gate.reason}"
        return Denied(GateClosedError, gate.scope, reason, gate.wait_s(now_s))
    if policy.way is None:
        policy.refresh()  # a gate opens by time alone: nobody told the straight path
    if not policy.bulkheads and policy.toll is None and held is None:
        return _ticketed(policy, now_s, (), None)
    if policy.scopes.look() is not None:  # no use in waiting: let it be refused
        found = _ticketed(policy, now_s, (), None)
        if isinstance(found, Denied):
            _leave(() if held is None else (held,))
            return found
        found.settle(NEUTRAL)  # its time came between the two questions: it needs room as well
    return _with_room(policy, now_s, held)


def _with_room(policy: Policy, now_s: float, held: Bulkhead | None) -> Entry | Denied | Full:
    """Take a place in every bulkhead and the weight at every ledger; or nothing, and say what is missing."""
    toll, entered = policy.toll, [] if held is None else [held]
    for scope, bulkhead in policy.bulkheads:
        if bulkhead is held:
            continue
        if not bulkhead.enter():
            _leave(entered)
            reason = f"as many calls in flight as allowed: {bulkhead.most}"
            return Full(Denied(BulkheadFullError, scope, reason, None), bulkhead=bulkhead)
        entered.append(bulkhead)
    if toll is not None and (wait_s := toll.take()):
        _leave(entered)
        return Full(Denied(GateClosedError, toll.scope, toll.why, wait_s), wait_s)
    return _ticketed(policy, now_s, tuple(entered), toll)


def _ticketed(
    policy: Policy, now_s: float, bulkheads: tuple[Bulkhead, ...], toll: Toll | None
) -> Entry | Denied:
    answer = policy.scopes.admit()
    if isinstance(answer, Refused):
        _leave(bulkheads)
        if toll is not None:
            toll.returned(unsent=True)
        refusal, scope = answer.refusal, answer.breaker.scope
        return Denied(CircuitOpenError, scope, refusal.reason, refusal.retry_after_s)
    return Entry(policy, answer, now_s, bulkheads, toll)


def _leave(bulkheads: Iterable[Bulkhead]) -> None:
    for bulkhead in bulkheads:
        bulkhead.leave()
