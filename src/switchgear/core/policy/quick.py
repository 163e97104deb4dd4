"""
Owns the two endings that need no course: a first attempt whose failure is final, and a call refused by an open circuit.

Both are what the flow would decide, in a fraction of its time; where anything is open to choice they leave it to flow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchgear.core.errors import ApiError, CircuitOpenError
from switchgear.core.redact import error_words
from switchgear.core.words import Scope

if TYPE_CHECKING:
    from switchgear.core.circuit import Circuit
    from switchgear.core.policy.fallback import Manner
    from switchgear.core.policy.plan import Policy

_METHOD = Scope.METHOD  # looking a member up in its enum costs as much as a clock


def ended_at_once(
    policy: Policy,
    error: BaseException,
    way: Circuit,
    call_id: int,
    started_s: float,
    manner: Manner,
) -> bool:
    """Settle and tell a failure that no retry and no fallback can follow; False leaves it to the flow."""
    if manner.fallbacks or manner.once:
        return False
    verdict = policy.finals.get(type(error)) or policy.final(error)
    if verdict is None:
        return False
    policy.breaker.fail_straight(way, error)
    ended_s, words = policy.clock.monotonic_s(), error_words(error)
    if isinstance(error, ApiError):
        policy.tap.failed(call_id, started_s, ended_s, verdict, words, error.status, error.code)
    else:
        policy.tap.failed(call_id, started_s, ended_s, verdict, words)
    return True


def refusal(policy: Policy, manner: Manner) -> CircuitOpenError | None:
    """The error to raise while an open circuit has its time before it and nothing else could serve."""
    shut = policy.shut
    if shut is None or manner.fallbacks:
        return None
    until_s, exchange, method, reason = shut
    now_s = policy.clock.monotonic_s()
    if now_s >= until_s:
        return None
    policy.tap.rejected(0, now_s, _METHOD, reason, until_s - now_s)
    return CircuitOpenError(exchange, method, _METHOD, reason, until_s - now_s)
