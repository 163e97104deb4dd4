"""
Owns the two endings that need no course: a first attempt whose failure is final, and a call refused by an open circuit.

Both are what the flow would decide, in a fraction of its time; where anything is open to choice they leave it to flow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchgear.core.circuit import Settlement
from switchgear.core.errors import ApiError, CircuitOpenError
from switchgear.core.policy.scopes import Charge
from switchgear.core.policy.settlement import has_answer
from switchgear.core.redact import Words
from switchgear.core.words import Scope

if TYPE_CHECKING:
    from switchgear.core.policy.plan import Policy
    from switchgear.core.policy.scopes import Way
    from switchgear.core.policy.weight import Toll

# Looking a member up in its enum costs as much as a clock.
_FAILURE, _METHOD = Settlement.FAILURE, Scope.METHOD


def ended_at_once(
    policy: Policy,
    error: BaseException,
    way: Way,
    toll: Toll | None,
    call_id: int,
    started_s: float,
    ended_s: float,
) -> bool:
    """Settle and tell a failure that no retry can follow; False leaves it to the flow."""
    verdict = policy.plan.finals.get(type(error))
    if verdict is None or toll is not None or not policy.breaker.failed_short(way[-1]):
        return _ended_in_full(policy, error, way, toll, call_id, started_s, ended_s)
    policy.tap.failed(call_id, started_s, ended_s, verdict, error)
    return True


def _ended_in_full(
    policy: Policy,
    error: BaseException,
    way: Way,
    toll: Toll | None,
    call_id: int,
    started_s: float,
    ended_s: float,
) -> bool:
    verdict = policy.plan.finals.get(type(error)) or policy.final(error)
    if verdict is None:
        return False
    if verdict.scope is not _METHOD or not policy.breaker.failed_short(way[-1]):
        charge = Charge(_FAILURE, verdict.scope, has_answer(error))
        policy.scopes.settle_straight(way, charge, Words(error))
    if toll is not None:
        toll.returned(verdict.unsent, lost=not (verdict.unsent or has_answer(error)))
    if isinstance(error, ApiError):
        policy.tap.failed(call_id, started_s, ended_s, verdict, error, error.status, error.code)
    else:
        policy.tap.failed(call_id, started_s, ended_s, verdict, error)
    return True


def refusal(policy: Policy) -> CircuitOpenError | None:
    """The error to raise while an open circuit has its time before it, where nothing else could serve."""
    if policy.shut is None:
        return None
    until_s, exchange, method, scope, reason = policy.shut
    now_s = policy.clock.monotonic_s()
    if now_s >= until_s:
        return None
    wait_s = until_s - now_s
    policy.tap.rejected(0, now_s, scope, reason, wait_s)
    return CircuitOpenError(exchange, method, scope, reason, wait_s)
