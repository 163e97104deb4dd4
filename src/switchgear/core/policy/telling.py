"""Owns how the end of a call, and a further attempt of it, is told as an event; what it means is left to flow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchgear.core.errors import ApiError
from switchgear.core.event import (
    CallCancelled,
    CallFailed,
    CallIgnored,
    RetryScheduled,
    RetryWithheld,
)
from switchgear.core.redact import error_text

if TYPE_CHECKING:
    from switchgear.core.policy.flow import Course
    from switchgear.core.words import Verdict


def tell_cancelled(course: Course) -> None:
    """The call was cancelled from outside."""
    policy = course.policy
    now_s = policy.clock.monotonic_s()
    lasted_s = now_s - course.started_s
    policy.emit(CallCancelled(now_s, policy.key, course.call_id, lasted_s, course.attempts))


def tell_failed(course: Course, error: BaseException) -> None:
    """The call ended with an error, or with one that the settings call neutral."""
    policy = course.policy
    now_s, text = policy.clock.monotonic_s(), error_text(error)
    common = (now_s, policy.key, course.call_id, now_s - course.started_s, course.attempts)
    if policy.plan.ignores(error):
        policy.emit(CallIgnored(*common, text))
        return
    verdict = course.verdict(error)
    status, code = _marks(error)
    policy.emit(CallFailed(*common, verdict.kind, text, status, code, verdict.ambiguous))


def tell_retry(course: Course, error: BaseException, verdict: Verdict, wait_s: float) -> None:
    """An attempt failed, and another will be made after a wait."""
    policy = course.policy
    now_s = policy.clock.monotonic_s()
    common = (now_s, policy.key, course.call_id, now_s - course.last_s, course.attempts)
    status, code = _marks(error)
    text = error_text(error)
    policy.emit(RetryScheduled(*common, wait_s, verdict.kind, text, status, code))


def tell_withheld(course: Course, verdict: Verdict) -> None:
    """An attempt failed, and the budget has nothing left for another."""
    policy = course.policy
    now_s = policy.clock.monotonic_s()
    policy.emit(RetryWithheld(now_s, policy.key, course.call_id, course.attempts, verdict.kind))


def _marks(error: BaseException) -> tuple[int | None, int | str | None]:
    return (error.status, error.code) if isinstance(error, ApiError) else (None, None)
