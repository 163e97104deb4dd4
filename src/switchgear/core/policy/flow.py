"""
Owns the course of a call as a generator of steps: admit, run, settle, retry or wait, fall back.

It decides and never runs anything foreign itself: the drivers in switchgear.core.call carry out each step, in
either colour, and send back what came of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from switchgear.core.errors import (
    ApiError,
    AttemptTimeout,
    DeadlineExceeded,
    OrderOutcomeUnknown,
    Rejected,
    WouldBlockLoop,
)
from switchgear.core.event import (
    AttemptStarted,
    CallSucceeded,
)
from switchgear.core.outcome import Served
from switchgear.core.policy.again import next_wait_s
from switchgear.core.policy.entry import Denied, Entry, enter
from switchgear.core.policy.hedge import hedge_of
from switchgear.core.policy.scopes import NEUTRAL, SUCCESS, Charge
from switchgear.core.policy.settlement import charge_of
from switchgear.core.policy.stand_in import may_stand_in, stand_in
from switchgear.core.policy.step import CutShort, Queue, Run, Wait
from switchgear.core.policy.telling import tell_cancelled, tell_failed
from switchgear.core.redact import Words, error_text
from switchgear.core.verdict import classify
from switchgear.core.words import GATED, Effect, Kind, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Hashable

    from switchgear.core.policy.entry import Full
    from switchgear.core.policy.fallback import Fallback
    from switchgear.core.policy.hedge import Hedge
    from switchgear.core.policy.plan import Policy
    from switchgear.core.policy.step import Failure, Flow, Step


@dataclass(slots=True)
class Course:
    """One call on its way."""

    policy: Policy
    fallbacks: tuple[Fallback, ...]
    memory_key: Callable[[], Hashable] | None
    """What last_good files the value under; None when no fallback wants it."""
    call_id: int = 0
    attempts: int = 0
    asked_s: float = 0.0
    """When the caller asked; the deadline runs from here, waits for room included."""
    started_s: float = 0.0
    """When the first attempt was let in."""
    last_s: float = 0.0
    """When the newest attempt began."""
    block: bool = False
    """It is a block of code, which has no result to judge."""
    once: bool = False
    """One attempt, whatever retries the settings allow."""
    limit_s: float | None = None
    """What the newest attempt or fallback was given, in seconds."""
    judged: tuple[BaseException, Verdict] | None = None
    """The newest error that was classified, and what it means."""
    tokens: int = 0
    """What the newest retry took from the exchange's budget; given back when it succeeds, or is not made after all."""
    made: bool = True
    """That retry was made."""
    by_deadline: bool = False
    """That limit was what the deadline left, not the attempt's own."""

    def flow(self, first: Failure | None = None) -> Flow:
        """The course of the call, from its beginning or from a first attempt that failed."""
        error: BaseException | None = None
        if first is not None:
            self.call_id, self.asked_s = first.call_id, first.started_s
            self.started_s = self.last_s = first.started_s
            self.attempts, self.limit_s = 1, self.policy.plan.timeout_s
            error = self.named(first.error)
            wait_s = self._judge(error, None, first)
            if wait_s is None:
                return (yield from self._end(error))
            yield from self._wait(wait_s, error)
        else:
            self.started_s = self.policy.clock.monotonic_s()
            self.asked_s = self.asked_s or self.started_s
        while True:
            if error is not None and self.left_s() == 0.0:
                return (yield from self._end(error))  # the wait took longer than it should have
            entry = yield from self._admit(error)
            if isinstance(entry, Rejected):
                # A call that was admitted before ends with its last real error.
                return (yield from self._end(entry if error is None else error))
            hedge = hedge_of(self, entry)
            try:
                value = yield Run(self.next_limit_s(is_probe=entry.ticket.is_probe), hedge)
                if not self.block:
                    self._check_result(value)
            except (
                BaseException
            ) as raised:  # every ending settles the ticket; what is not ours is raised again
                if hedge is not None:
                    hedge.lost()
                error = self.named(raised)
                wait_s = self._judge(error, entry, None)
            else:
                return self._succeed(entry, value, hedge)
            if wait_s is None:
                return (yield from self._end(error))
            yield from self._wait(wait_s, error)

    def _admit(self, error: BaseException | None) -> Generator[Step, Any, Entry | Rejected]:
        policy, held = self.policy, None
        until_s = policy.clock.monotonic_s() + policy.plan.wait_s_max
        while True:
            now_s = policy.clock.monotonic_s()
            found = enter(policy, now_s, held)
            if isinstance(found, Entry):
                self._begin(found)
                return found
            if isinstance(found, Denied):
                return self._rejection(found, now_s)
            if not (yield from self._stand_by(found, until_s - now_s, error)):
                return self._rejection(found.denied, policy.clock.monotonic_s())
            held = found.bulkhead

    def _begin(self, entry: Entry) -> None:
        policy, now_s = self.policy, entry.started_s
        if not self.attempts:
            self.call_id, self.started_s = policy.tap.began(), now_s
        self.attempts += 1
        self.last_s, self.made = now_s, True
        if policy.plan.debug:
            policy.emit(AttemptStarted(now_s, policy.key, self.call_id, self.attempts))

    def _stand_by(
        self, full: Full, most_s: float, error: BaseException | None
    ) -> Generator[Step, Any, bool]:
        """Wait for room; whether it is worth asking again, with the place in flight that came free."""
        left_s = self.left_s()
        if left_s is not None:
            most_s = min(most_s, left_s)
        if most_s <= 0 or full.wait_s > most_s:
            return False
        if full.bulkhead is None:
            yield from self._pause(Wait(full.wait_s), error)
            return self.left_s() != 0.0
        place = full.bulkhead.line()
        if place is None:
            return False
        try:
            came: bool = yield from self._pause(Queue(place, most_s), error)
        finally:
            place.give_up()  # where nobody waited after all; nothing happens after a wait that ended
        if came and self.left_s() == 0.0:  # in time for the place, too late for the call
            full.bulkhead.leave()
            return False
        return came

    def _rejection(self, denied: Denied, now_s: float) -> Rejected:
        scope, reason, retry_after_s = denied.scope, denied.reason, denied.retry_after_s
        if not self.attempts:
            if self.fallbacks:
                self.call_id = self.policy.tap.refused()
            self.policy.tap.rejected(self.call_id, now_s, scope, reason, retry_after_s)
        key = self.policy.key
        return denied.error(key.exchange, key.method, scope, reason, retry_after_s)

    def next_limit_s(self, *, is_probe: bool = False) -> float | None:
        """Seconds that the next attempt or fallback may take; None for as long as it likes."""
        plan, left_s = self.policy.plan, self.left_s()
        limit_s = plan.timeout_s
        if is_probe and plan.probe_timeout_s is not None:
            limit_s = (
                plan.probe_timeout_s if limit_s is None else min(limit_s, plan.probe_timeout_s)
            )
        self.by_deadline = left_s is not None and (limit_s is None or left_s <= limit_s)
        self.limit_s = left_s if self.by_deadline else limit_s
        return self.limit_s

    def left_s(self) -> float | None:
        """Seconds until the deadline of the call, from 0; None where it has none."""
        deadline_s = self.policy.plan.deadline_s
        if deadline_s is None:
            return None
        return max(0.0, self.asked_s + deadline_s - self.policy.clock.monotonic_s())

    def _check_result(self, value: Any) -> None:
        failed_result = self.policy.plan.failed_result
        if failed_result is not None and failed_result(value):
            unknown = self.policy.plan.effect is Effect.TRADE  # there was an answer: it may stand
            verdict = Verdict(Kind.UNEXPECTED, retryable=True, counts=True, ambiguous=unknown)
            raise self.api_error(
                ApiError, "the result was judged a failure by failed_result", verdict
            )

    def named(self, error: BaseException) -> BaseException:
        """The error as the caller gets it: a cut by our own time becomes ours, all else stays what it is."""
        if not isinstance(error, CutShort):
            return error
        plan, key = self.policy.plan, self.policy.key
        # The plan may be another one by now: what cut the attempt is what it was given when it began.
        if not self.by_deadline:
            verdict = Verdict(
                Kind.TIMEOUT, retryable=True, counts=True, ambiguous=plan.effect is Effect.TRADE
            )
            within = "in time" if self.limit_s is None else f"within {self.limit_s:g} s"
            return self.api_error(AttemptTimeout, f"no answer {within}", verdict)
        if plan.effect is Effect.TRADE:
            verdict = Verdict(Kind.OUTCOME_UNKNOWN, ambiguous=True)
            return self.api_error(
                OrderOutcomeUnknown, "the deadline passed while the order was under way", verdict
            )
        now_s = self.policy.clock.monotonic_s()
        deadline_s = now_s - self.asked_s if plan.deadline_s is None else plan.deadline_s
        return DeadlineExceeded(key.exchange, key.method, deadline_s)

    def api_error(self, kind: type[ApiError], message: str, verdict: Verdict) -> ApiError:
        """An error of ours about this call."""
        key = self.policy.key
        return kind(message, exchange=key.exchange, method=key.method, verdict=verdict)

    def _succeed(self, entry: Entry, value: Any, hedge: Hedge | None) -> Served[Any]:
        policy = self.policy
        charge = SUCCESS._replace(took_s=policy.clock.monotonic_s() - self.last_s)
        if hedge is None or not hedge.settle(charge):
            entry.settle(charge)
        now_s, budget = policy.clock.monotonic_s(), policy.budget
        if budget is not None:
            if self.tokens:
                budget.refund(self.tokens)
            elif not budget.full and self.attempts == 1:
                budget.succeeded()
        latency = policy.latency  # once: a reload may take it away
        if latency is not None:
            latency.add(now_s - self.last_s)
        took_s = now_s - self.started_s
        policy.emit(
            CallSucceeded(now_s, policy.key, self.call_id, took_s, self.attempts, self._is_slow())
        )
        self.remember(value, now_s)
        return Served(value)

    def _is_slow(self) -> bool:
        slow_s = self.policy.plan.slow_call_s
        return slow_s is not None and self.policy.clock.monotonic_s() - self.last_s > slow_s

    def remember(self, value: Any, now_s: float) -> None:
        """Keep a good value for last_good, where a fallback wants it."""
        if self.memory_key is not None:
            key = self.memory_key()
            if key is not None:
                self.policy.memory.store(key, value, now_s)

    def _judge(
        self, error: BaseException, entry: Entry | None, first: Failure | None
    ) -> float | None:
        """Settle the attempt and tell it; seconds to wait before the next one, None when there is to be none."""
        policy = self.policy
        plan = policy.plan
        if not isinstance(error, Exception):  # asyncio.CancelledError is none, on purpose
            self._settle(entry, first, NEUTRAL, "")
            tell_cancelled(self)
            raise error
        if plan.ignores(error):
            self._settle(entry, first, NEUTRAL, "")
            return None
        verdict = self.verdict(error)
        charge = charge_of(verdict, error, policy.clock.monotonic_s() - self.last_s)
        self._settle(entry, first, charge, Words(error), unsent=verdict.unsent)
        self.heed(error, verdict)
        return next_wait_s(self, error, verdict)

    def heed(self, error: BaseException, verdict: Verdict) -> None:
        """Close the gate that an error asks for."""
        gate = self.policy.gate_of(verdict) if verdict.kind in GATED else None
        if gate is not None and not isinstance(error, Rejected):
            gate.close_for(verdict, error_text(error))

    def verdict(self, error: BaseException) -> Verdict:
        """What an error of this call means; looked up once for each error."""
        if self.judged is None or self.judged[0] is not error:
            self.judged = (error, self.classified(error))
        return self.judged[1]

    def classified(self, error: BaseException) -> Verdict:
        """What an error means for this key."""
        policy = self.policy
        return classify(error, policy.key.exchange, policy.plan.effect, policy.clock.wall)

    def _settle(
        self,
        entry: Entry | None,
        first: Failure | None,
        charge: Charge,
        reason: object,
        *,
        unsent: bool = False,
    ) -> None:
        if entry is not None:
            entry.settle(charge, reason, unsent=unsent)
        elif first is not None:
            self.policy.scopes.settle_straight(first.way, charge, reason)
            if first.toll is not None:
                first.toll.returned(unsent, lost=charge.lost and not unsent)

    def _wait(self, wait_s: float, error: BaseException) -> Generator[Step, Any, None]:
        if wait_s > 0:
            yield from self._pause(Wait(wait_s), error)

    def _pause(self, step: Wait | Queue, error: BaseException | None) -> Generator[Step, Any, Any]:
        """Let time pass; whatever ends the wait ends the call, which is told if it had begun."""
        try:
            return (yield step)
        except WouldBlockLoop as blocked:
            self._keep_tokens()
            if error is None:
                raise
            tell_failed(self, error)
            raise blocked from error
        except BaseException:
            self._keep_tokens()
            if self.attempts:
                tell_cancelled(self)
            raise

    def _keep_tokens(self) -> None:
        """Give back what was taken for a retry that is not made."""
        if not self.made and self.policy.budget is not None:
            self.policy.budget.refund(self.tokens)
            self.tokens, self.made = 0, True

    def _end(self, error: BaseException) -> Flow:
        """The call has no value of its own: tell it, ask the fallbacks, or raise."""
        self._keep_tokens()
        if self.attempts:
            tell_failed(self, error)
        if not self.fallbacks or not may_stand_in(self, error):
            raise error
        reason = error.reason if isinstance(error, Rejected) else error_text(error)
        return (yield from stand_in(self, error, reason))
