"""Owns whether a failed attempt is followed by another, and after what wait; waiting is left to flow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchgear.core.errors import DeadlineExceeded, Rejected
from switchgear.core.policy.gate import MARGIN_S
from switchgear.core.policy.retry import allowed, delay_s
from switchgear.core.policy.telling import tell_retry, tell_withheld

if TYPE_CHECKING:
    from switchgear.core.policy.flow import Course
    from switchgear.core.words import Verdict


def next_wait_s(course: Course, error: Exception, verdict: Verdict) -> float | None:
    """Seconds to wait before the next attempt, which is paid for and told; None when there is to be none."""
    if not _may_follow(course, error, verdict):
        return None
    wait_s = _fitting_wait_s(course, verdict)
    if wait_s is None:
        return None
    budget = course.policy.budget
    if budget is not None:
        course.tokens = budget.take(verdict.kind)
        if not course.tokens:
            tell_withheld(course, verdict)
            return None
        course.made = False
    tell_retry(course, error, verdict, wait_s)
    return wait_s


def _may_follow(course: Course, error: Exception, verdict: Verdict) -> bool:
    plan = course.policy.plan
    if course.once or course.attempts > plan.backoff.retries or not allowed(plan.effect, verdict):
        return False
    # Into a circuit that is open, or for its probes to decide, no call is retried.
    is_ours = isinstance(error, (Rejected, DeadlineExceeded))
    return not is_ours and not course.policy.scopes.refuses()


def _fitting_wait_s(course: Course, verdict: Verdict) -> float | None:
    """The wait, never shorter than the exchange asked for; None when it is longer than settings or deadline allow."""
    policy = course.policy
    plan, now_s = policy.plan, policy.clock.monotonic_s()
    gate = policy.closed_gate(now_s)
    asked_s = named_s = 0.0
    if gate is not None:
        asked_s, named_s = gate.wait_s(now_s), gate.named_s - now_s
    if verdict.retry_after_s is not None:  # said by an answer that closes no gate, as a 503 is
        asked_s = max(asked_s, verdict.retry_after_s + MARGIN_S)
        named_s = max(named_s, verdict.retry_after_s + MARGIN_S)
    chance = policy.clock.chance()
    wait_s = asked_s + delay_s(course.attempts, plan.backoff, chance, verdict.kind)
    left_s = course.left_s()
    late = left_s is not None and wait_s >= left_s
    return None if late or named_s > plan.backoff.delay_s_max else wait_s
