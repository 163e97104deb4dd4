"""
Owns the raw form of facts: the bare numbers that a call leaves behind, and the events they stand for.

The three facts that are frequent (a success, a final failure, a rejection) are queued as tuples, because making an
event costs more than the rest of the call. Queueing, counting and handing them on are left to hub.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any, Protocol, TypeGuard

from switchgear.core.event import CallFailed, CallRejected, CallSucceeded, Event, level_of
from switchgear.core.redact import MESSAGE_CHARS_MAX, message_of, safe_words, words_of
from switchgear.core.words import Level

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable
    from threading import Lock

    from switchgear.core.words import Key, Kind, Scope, Verdict

Fact = Event | tuple[Any, ...]
"""An event, or the bare numbers of a frequent one as Tap queues them."""

Success = tuple["Tap", int, float, float]
"""Whose, call id, start and end."""

PENDING_MAX = 65_536
"""Facts that may wait to be counted; then a call counts them itself."""
LOOK_MASK = 1023
"""A tap looks whether too much is pending at every 1,024th of its calls."""
REFUSED_BIT = 2**49
"""Set in the ids of calls that were not made, clear in all others; both stay below 2**53, which JSON readers keep."""
_REJECTED, _FAILED = 6, 9
"""How many fields a rejection and a failure have; a success has 4. The length tells which it is."""


class Counts(Protocol):
    """What is asked of a key's counts."""

    key: Key
    rejected: int
    slow_s: float | None
    """What takes longer is told as slow."""

    @property
    def ended(self) -> int:
        """Calls that are over."""
        ...

    def succeeded(self, durations_s: list[float]) -> None:
        """Count successes, at least one."""
        ...

    def failed_with(self, kind: Kind, words: str, at_s: float, duration_s: float) -> None:
        """Count one failure; words are not yet redacted."""
        ...

    def fold(self, event: Event) -> None:
        """Count one fact."""
        ...


class Queues(Protocol):
    """Where taps leave facts."""

    lock: Lock
    successes: deque[Success]
    pending: deque[Fact]
    add_success: Callable[[Success], None]
    """Appends to the one; one object for all taps."""
    add: Callable[[Fact], None]
    """Appends to the other."""

    def bound(self) -> None:
        """Count what is pending, if that is too much."""
        ...


class Tap:
    """What calls of one key tell; see switchgear.core.event.Tap."""

    __slots__ = (
        "__weakref__",
        "_append",
        "_append_other",
        "_first_id",
        "_pending",
        "_queues",
        "_withdrawn",
        "began",
        "counts",
        "key",
        "refused",
    )

    def __init__(
        self, queues: Queues, counts: Counts, first_id: int, refused: Callable[[], int]
    ) -> None:
        self.key = counts.key
        self.counts = counts
        self.began: Callable[[], int] = count(first_id).__next__
        self.refused = refused
        self._first_id = first_id
        self._withdrawn = 0
        self._queues = queues
        self._append = queues.add_success
        self._append_other = queues.add
        self._pending = queues.pending

    def succeeded(self, call_id: int, started_s: float, ended_s: float) -> None:
        """A success at the first attempt."""
        self._append((self, call_id, started_s, ended_s))
        if not call_id & LOOK_MASK:
            self._queues.bound()

    def failed(
        self,
        call_id: int,
        started_s: float,
        ended_s: float,
        verdict: Verdict,
        error: BaseException,
        status: int | None = None,
        code: int | str | None = None,
    ) -> None:
        """A failure at the first attempt, which was the last."""
        try:  # as message_of, whose call would cost as much as the append
            message = str(error)
            if len(message) > MESSAGE_CHARS_MAX:
                message = message_of(error)
        except Exception:  # noqa: BLE001  # an error's own words are foreign code
            message = message_of(error)
        kind = type(error)
        self._append_other(
            (self, call_id, started_s, ended_s, verdict, kind, message, status, code)
        )
        if not call_id & LOOK_MASK:
            self._queues.bound()

    def rejected(
        self, call_id: int, at_s: float, scope: Scope, reason: str, retry_after_s: float | None
    ) -> None:
        """A call that was not made."""
        self._append_other((self, call_id, at_s, scope, reason, retry_after_s))
        if len(self._pending) > PENDING_MAX:
            self._queues.bound()

    def withdrawn(self, call_id: int) -> None:  # noqa: ARG002  the protocol has it
        """A call that was begun too early; it does not count."""
        with self._queues.lock:
            self._withdrawn += 1

    def forked(self) -> None:
        """After a fork, in the child: calls that were under way in the parent end there, not here."""
        self._withdrawn += self.begun() - self.counts.ended

    def begun(self) -> int:
        """Calls admitted so far, those in flight included."""
        # The counter cannot be read without drawing from it but by its repr, which is what makes drawing atomic.
        drawn = int(repr(self.began.__self__)[6:-1]) - self._first_id  # type: ignore[attr-defined]  # count(n)
        return drawn - self._withdrawn


def count_in(fact: tuple[Any, ...]) -> None:
    """Count a raw failure or rejection into its key's counts."""
    tap: Tap = fact[0]
    if len(fact) == _FAILED:
        _, _, started_s, ended_s, verdict, kind, message, _, _ = fact
        words = words_of(kind, message)
        tap.counts.failed_with(verdict.kind, words, ended_s, ended_s - started_s)
    else:
        tap.counts.rejected += 1


def event_of(fact: Fact) -> Event:
    """The event that a raw fact stands for."""
    if not isinstance(fact, tuple):
        return fact
    tap: Tap = fact[0]
    if len(fact) == _FAILED:
        return _failure(fact)
    if len(fact) == _REJECTED:
        _, call_id, at_s, scope, reason, retry_after_s = fact
        return CallRejected(at_s, tap.key, call_id, scope, reason, retry_after_s)
    _, call_id, started_s, ended_s = fact
    return CallSucceeded(ended_s, tap.key, call_id, ended_s - started_s, 1, is_slow(fact))


def _failure(fact: tuple[Any, ...]) -> CallFailed:
    tap, call_id, started_s, ended_s, verdict, error, message, status, code = fact
    text, lasted_s = safe_words(words_of(error, message)), ended_s - started_s
    kind, unknown = verdict.kind, verdict.ambiguous
    return CallFailed(ended_s, tap.key, call_id, lasted_s, 1, kind, text, status, code, unknown)


def fact_type(fact: Fact) -> type[object]:
    """The type of the event that a fact stands for."""
    if not isinstance(fact, tuple):
        return type(fact)
    return _TYPES[len(fact)]


_TYPES = {4: CallSucceeded, _REJECTED: CallRejected, _FAILED: CallFailed}


def is_success(fact: Fact) -> TypeGuard[Success]:
    """Whether it is the raw form of a success."""
    return isinstance(fact, tuple) and len(fact) == 4


def fact_level(fact: Fact) -> Level:
    """How much a fact matters."""
    if not isinstance(fact, tuple):
        return level_of(fact)
    if len(fact) == _FAILED:
        return Level.ERROR
    return Level.WARNING if len(fact) == _REJECTED or is_slow(fact) else Level.INFO


def is_slow(success: tuple[Any, ...]) -> bool:
    """Whether a success took longer than its key calls slow, as the settings stand now."""
    slow_s: float | None = success[0].counts.slow_s
    return slow_s is not None and success[3] - success[2] > slow_s


def fact_at_s(fact: Fact) -> float:
    """When a fact happened, on the monotonic clock."""
    if not isinstance(fact, tuple):
        return fact.at_s
    at_s: float = fact[2] if len(fact) == _REJECTED else fact[3]
    return at_s
