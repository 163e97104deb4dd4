"""Owns who stands in when a call has no value of its own: which fallbacks may, in what order, and what is told."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple, TypeGuard, cast

from switchgear.core.errors import OrderOutcomeUnknown, Rejected
from switchgear.core.event import FallbackExhausted, FallbackFailed, FallbackServed, Note
from switchgear.core.outcome import Served
from switchgear.core.policy.fallback import LastGood, Source
from switchgear.core.policy.freshness import freshness_s
from switchgear.core.policy.step import Ask, CutShort
from switchgear.core.policy.together import asked_together
from switchgear.core.redact import error_text, safe_words
from switchgear.core.verdict import classify
from switchgear.core.words import REFUSALS, Effect, Kind, Level, Verdict

if TYPE_CHECKING:
    from collections.abc import Generator, Hashable

    from switchgear.core.policy.fallback import Fallback
    from switchgear.core.policy.flow import Course
    from switchgear.core.policy.plan import Policy
    from switchgear.core.policy.step import Flow, Step


_NOTES_MAX = 8
_NAME_CHARS_MAX = 128


class Found(NamedTuple):
    """What a fallback has."""

    value: Any
    name: str
    age_s: float
    """Seconds since it was got from an exchange; 0 when nobody said so."""


def may_stand_in(course: Course, error: BaseException) -> bool:
    """Whether a fallback may answer: not for a plain refusal, and for a trade only when nothing was sent."""
    plan = course.policy.plan
    if isinstance(error, Rejected) and not course.attempts:
        return True
    if plan.ignores(error):
        return False
    verdict = course.verdict(error)
    return verdict.unsent if plan.effect is Effect.TRADE else verdict.kind not in REFUSALS


def stand_in(course: Course, error: BaseException, reason: str) -> Flow:
    """The first fallback's value; raises the call's own error, with theirs as notes, when none has one."""
    for fallback in _suiting(course):
        served = yield from _ask(course, fallback, reason, error)
        if served is not None:
            return served
    _tell_exhausted(course, reason)
    raise error


def _suiting(course: Course) -> tuple[Fallback, ...]:
    """The fallbacks that may serve; a call may have become a trade after they were registered."""
    if course.policy.plan.effect is not Effect.TRADE:
        return course.fallbacks
    return tuple(one for one in course.fallbacks if isinstance(one, Source) and one.same_account)


def _ask(
    course: Course, fallback: Fallback, reason: str, error: BaseException
) -> Generator[Step, Any, Served[Any] | None]:
    policy = course.policy
    try:
        if isinstance(fallback, LastGood):
            key = None if course.memory_key is None else course.memory_key()
            value, name, age_s = remembered(policy, fallback, key)
        else:
            value, name, age_s = yield from _asked(course, fallback)
    except Exception as failed:
        text = "took too long" if isinstance(failed, CutShort) else error_text(failed)
        _note(error, f"fallback {fallback.name} failed too: {text}")
        now_s = policy.clock.monotonic_s()
        policy.emit(FallbackFailed(now_s, policy.key, course.call_id, fallback.name, text))
        if policy.plan.effect is Effect.TRADE and not isinstance(failed, _NoTimeLeftError):
            _check_astray(course, fallback, failed, reason)
        return None
    now_s = policy.clock.monotonic_s()
    policy.emit(FallbackServed(now_s, policy.key, course.call_id, name, age_s, reason))
    return Served(value, name, age_s, reason)


def remembered(policy: Policy, layer: LastGood, key: Hashable | None) -> Found:
    """
    The last good value that a layer may serve of a call.

    Raises:
        LookupError: There is none, or it is too old.
    """
    now_s = policy.clock.monotonic_s()
    found = None if key is None else policy.memory.find(key, now_s)
    if found is None:
        raise LookupError("no good value of this call is remembered")
    value, stored_s = found
    # A call whose own value is a Served keeps it, for that is what its caller expects; but not its youth.
    age_s = now_s - stored_s + (_age_s(value) if _is_served(value) else 0.0)
    _check_age(policy, layer, "last good value", age_s)
    return Found(value, layer.name, age_s)


def _asked(course: Course, layer: Source) -> Generator[Step, Any, Found]:
    policy = course.policy
    limit_s = _limit_s(course, layer)
    begun_s = policy.clock.monotonic_s()
    value = yield Ask(asked_together(policy, layer, limit_s), limit_s)
    _tell_slow(course, layer, begun_s, limit_s)
    name, age_s = layer.name, 0.0
    while _is_served(value):
        name, age_s, value = f"{name}/{value.source}", age_s + _age_s(value), value.value
    if policy.plan.effect is not Effect.TRADE:  # what is booked is booked, however old the news
        _check_age(policy, layer, "value", age_s)
    return Found(value, name if name is layer.name else safe_words(name, _NAME_CHARS_MAX), age_s)


def _limit_s(course: Course, layer: Source) -> float | None:
    """Seconds that a layer may take: its own, else an attempt's, and never more than the deadline leaves."""
    if layer.fixed:
        return None
    plan = course.policy.plan
    own_s = plan.timeout_s if layer.timeout_s is None else layer.timeout_s
    if plan.deadline_s is None:
        return own_s
    left_s = course.asked_s + plan.deadline_s - course.policy.clock.monotonic_s()
    if left_s <= 0:
        raise _NoTimeLeftError("the deadline of the call has passed")
    return left_s if own_s is None else min(own_s, left_s)


def _tell_slow(course: Course, layer: Source, begun_s: float, limit_s: float | None) -> None:
    """A synchronous function cannot be cut: its value came late, and is used."""
    policy = course.policy
    now_s = policy.clock.monotonic_s()
    if limit_s is None or now_s - begun_s <= limit_s:
        return
    text = f"fallback {layer.name} took {now_s - begun_s:.6g} s, allowed are {limit_s:.10g} s"
    policy.emit(Note(now_s, policy.key, Level.WARNING, f"{text}; its value is used"))


def _is_served(value: object) -> TypeGuard[Served[Any]]:
    return isinstance(value, Served)


def _age_s(served: Served[Any]) -> float:
    """How old it says it is; for ever when it says what no age is, for callers are not all typed."""
    given = cast("object", served.age_s)
    if not isinstance(given, (int, float)):
        return inf
    return given if given >= 0 else 0.0 if given < 0 else inf  # a NaN is neither


def _check_age(policy: Policy, layer: Fallback, what: str, age_s: float) -> None:
    bound_s = freshness_s(policy.key.method) if layer.max_age_s is None else layer.max_age_s
    if policy.plan.stale_s_max is not None:
        bound_s = min(bound_s, policy.plan.stale_s_max)
    if age_s > bound_s:
        raise LookupError(f"the {what} is {age_s:.6g} s old, allowed are {bound_s:.10g} s")


class _NoTimeLeftError(Exception):
    """A fallback was not begun."""


def _note(error: BaseException, text: str) -> None:
    """Add a note once: some clients raise one error object for ever, and it must not grow."""
    notes: list[str] = getattr(error, "__notes__", [])
    if text not in notes and len(notes) < _NOTES_MAX:
        error.add_note(text)


def _check_astray(course: Course, fallback: Fallback, failed: Exception, reason: str) -> None:
    """An order that a fallback may have booked is not unsent any more, nor handed to the next."""
    if not (isinstance(failed, CutShort) or classify(failed, "", Effect.TRADE).ambiguous):
        return
    _tell_exhausted(course, reason)
    verdict = Verdict(Kind.OUTCOME_UNKNOWN, ambiguous=True)
    text = f"fallback {fallback.name} may have booked the order: its answer was lost"
    raise course.api_error(OrderOutcomeUnknown, text, verdict) from failed


def _tell_exhausted(course: Course, reason: str) -> None:
    policy = course.policy
    now_s, effect = policy.clock.monotonic_s(), policy.plan.effect
    policy.emit(FallbackExhausted(now_s, policy.key, course.call_id, effect, reason))
