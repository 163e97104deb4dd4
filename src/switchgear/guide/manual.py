"""
Owns the guide's way by hand: ask, record the call, record its result; the wrappers in calls do all
of it themselves.
"""

from __future__ import annotations

from contextvars import ContextVar
from math import isfinite
from typing import TYPE_CHECKING, Literal, NamedTuple

from switchgear.core.circuit import Settlement
from switchgear.core.errors import ApiError, SettingsError
from switchgear.core.event import AttemptStarted, CallFailed, CallSucceeded
from switchgear.core.policy.entry import Denied, Entry, Full, enter
from switchgear.core.policy.scopes import Charge
from switchgear.core.redact import error_text
from switchgear.core.verdict import classify
from switchgear.core.words import Key
from switchgear.guide.desk import default_gear

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switchgear.core.policy.plan import Policy
    from switchgear.observe.metrics import CallMetrics

_NO_REASON = "a failure was recorded"


class ByHand(NamedTuple):
    """What this context has begun by hand for one key and not yet ended."""

    policy: Policy
    """Of the gear that let it in: after use_gear it is another one."""
    entry: Entry | None = None
    call_id: int = 0
    """The attempt that was recorded and has no result yet; 0 for none."""
    reason: str = _NO_REASON
    """The error that was recorded last."""


# A context and not a thread: tasks of one thread must not settle one another's tickets.
_by_hand: ContextVar[Mapping[Key, ByHand] | None] = ContextVar("switchgear_by_hand", default=None)


def can_make_api_call(exchange: str, method: str, *, account: str = "main") -> bool:
    """
    Whether the call may be made now; yes is an admission, which `record_circuit_breaker_result`
    settles.

    The admission is kept in the context of this thread or task. In a half-open circuit it is a
    probe, of which there are few: one that is never settled is given to the next after its lease
    (`probe_lease_s`). A no is counted as a rejected call. To look without asking, use
    `default_gear().circuit(exchange, method)`.
    """
    policy = _policy(exchange, method, account)
    now_s = policy.clock.monotonic_s()
    found = enter(policy, now_s)
    match found:
        case Entry():
            _keep(policy, _found(policy)._replace(entry=found))
            return True
        case Denied() | Full(denied=Denied()):
            denied = found.denied if isinstance(found, Full) else found
            policy.tap.rejected(0, now_s, denied.scope, denied.reason, denied.retry_after_s)
            return False


def record_api_call(
    exchange: str,
    method: str,
    event: Literal["attempt", "success", "failure"],
    duration_ms: float = 0,
    error: BaseException | str | None = None,
    *,
    account: str = "main",
) -> None:
    """
    Count and log a call that was made by hand; the circuit is told by
    `record_circuit_breaker_result`.

    Args:
        exchange: Any name; so is method.
        method: As above.
        event: `attempt` begins a call; `success` and `failure` end the one that this context began,
            or count a whole one.
        duration_ms: How long it took, from 0.
        error: Of a failure.
        account: Which key of the exchange it acted for.

    Raises:
        SettingsError: The event is none of the three, or the duration is not a number from 0.
    """
    if not isfinite(duration_ms) or duration_ms < 0:
        raise SettingsError("duration_ms", duration_ms, "must be a number of milliseconds from 0")
    policy = _policy(exchange, method, account)
    match event:
        case "attempt":
            _begin(policy)
        case "success":
            _succeed(policy, duration_ms / 1000)
        case "failure":
            _fail(policy, duration_ms / 1000, error)
        case _:
            raise SettingsError("event", event, "must be attempt, success or failure")


def record_circuit_breaker_result(
    exchange: str, method: str, success: bool, *, account: str = "main"
) -> None:
    """
    Tell the circuit how a call made by hand ended.

    It settles the admission that `can_make_api_call` left in this context. Without one it counts as
    a call that the circuit of this moment admitted: in a closed circuit as any other, while open or
    half-open not at all.
    """
    policy = _policy(exchange, method, account)
    mine = _found(policy)
    settlement = Settlement.SUCCESS if success else Settlement.FAILURE
    charge = Charge(settlement)
    if mine.entry is not None and not mine.entry.ticket.settled:
        mine.entry.settle(charge, mine.reason)
    else:
        policy.scopes.settle_straight(policy.scopes.present(), charge, mine.reason)
    _keep(policy, mine._replace(entry=None, reason=_NO_REASON))


def get_api_call_metrics(exchange: str, method: str, *, account: str = "main") -> CallMetrics:
    """What happened to a key's calls; all zero for a key that was never called."""
    return default_gear().metrics(exchange, method, account)


def _begin(policy: Policy) -> None:
    call_id = policy.tap.began()
    _keep(policy, _found(policy)._replace(call_id=call_id))
    if policy.plan.debug:
        policy.emit(AttemptStarted(policy.clock.monotonic_s(), policy.key, call_id, 1))


def _succeed(policy: Policy, duration_s: float) -> None:
    slow_s = policy.plan.slow_call_s
    slow = slow_s is not None and duration_s > slow_s
    call_id = _end(policy, _NO_REASON)
    now_s = policy.clock.monotonic_s()
    policy.emit(CallSucceeded(now_s, policy.key, call_id, duration_s, 1, slow))


def _fail(policy: Policy, duration_s: float, error: BaseException | str | None) -> None:
    if not isinstance(error, BaseException):
        error = ApiError(error or _NO_REASON)
    verdict = classify(error, policy.key.exchange, policy.plan.effect)
    text = error_text(error)
    status, code = (error.status, error.code) if isinstance(error, ApiError) else (None, None)
    call_id = _end(policy, text)
    now_s = policy.clock.monotonic_s()
    policy.emit(
        CallFailed(
            *(now_s, policy.key, call_id, duration_s, 1),
            *(verdict.kind, text, status, code, verdict.ambiguous),
        )
    )


def _end(policy: Policy, reason: str) -> int:
    """The id of the call that ends here, begun now when this context began none."""
    mine = _found(policy)
    _keep(policy, mine._replace(call_id=0, reason=reason))
    return mine.call_id or policy.tap.began()


def _policy(exchange: str, method: str, account: str) -> Policy:
    return default_gear().policy(Key.of(exchange, method, account))


def _found(policy: Policy) -> ByHand:
    mine = (_by_hand.get() or {}).get(policy.key)
    return mine if mine is not None and mine.policy is policy else ByHand(policy)


def _keep(policy: Policy, mine: ByHand) -> None:
    # A new mapping each time: a task's context is a copy, and must not see what its siblings do.
    others = {key: one for key, one in (_by_hand.get() or {}).items() if key != policy.key}
    ended = mine.entry is None and not mine.call_id and mine.reason == _NO_REASON
    _by_hand.set(others if ended else {**others, policy.key: mine})
