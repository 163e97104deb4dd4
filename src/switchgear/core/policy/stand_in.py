"""Owns who stands in when a call has no value of its own: which fallbacks may, in what order, and what is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from switchgear.core.errors import OrderOutcomeUnknown, Rejected
from switchgear.core.event import FallbackExhausted, FallbackFailed, FallbackServed
from switchgear.core.outcome import Served
from switchgear.core.policy.fallback import LastGood, Source
from switchgear.core.policy.step import Ask, CutShort
from switchgear.core.redact import error_text
from switchgear.core.verdict import classify
from switchgear.core.words import REFUSALS, Effect, Kind, Verdict

if TYPE_CHECKING:
    from collections.abc import Generator

    from switchgear.core.policy.fallback import Fallback
    from switchgear.core.policy.flow import Course
    from switchgear.core.policy.step import Flow, Step


_NOTES_MAX = 8


def may_stand_in(course: Course, error: BaseException) -> bool:
    """Whether a fallback may answer: not for a plain refusal, and for a trade only when nothing was sent."""
    plan = course.policy.plan
    if isinstance(error, Rejected) and not course.attempts:
        return True
    if plan.ignore and isinstance(error, plan.ignore):
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
            value, age_s = _remembered(course, fallback)
        else:
            value, age_s = (yield Ask(fallback, _limit_s(course))), 0.0
    except Exception as failed:
        text = "took too long" if isinstance(failed, CutShort) else error_text(failed)
        _note(error, f"fallback {fallback.name} failed too: {text}")
        now_s = policy.clock.monotonic_s()
        policy.emit(FallbackFailed(now_s, policy.key, course.call_id, fallback.name, text))
        if policy.plan.effect is Effect.TRADE and not isinstance(failed, _NoTimeLeftError):
            _check_astray(course, fallback, failed, reason)
        return None
    now_s = policy.clock.monotonic_s()
    policy.emit(FallbackServed(now_s, policy.key, course.call_id, fallback.name, age_s, reason))
    return Served(value, fallback.name, age_s, reason)


def _limit_s(course: Course) -> float | None:
    limit_s = course.next_limit_s()
    if course.by_deadline and not limit_s:
        raise _NoTimeLeftError("the deadline of the call has passed")
    return limit_s


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


def _remembered(course: Course, fallback: LastGood) -> tuple[Any, float]:
    policy = course.policy
    key = course.memory_key() if course.memory_key is not None else None
    found = None if key is None else policy.memory.find(key)
    if found is None:
        raise LookupError("no good value of this call is remembered")
    value, stored_s = found
    age_s, allowed_s = policy.clock.monotonic_s() - stored_s, fallback.max_age_s
    if age_s > allowed_s:
        raise LookupError(f"the last good value is {age_s:.1f} s old, allowed are {allowed_s:g} s")
    return value, age_s
