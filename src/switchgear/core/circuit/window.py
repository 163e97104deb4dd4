"""
Owns what a circuit remembers of the attempts behind it: a window over the last calls, or over the last seconds.

A window is a value: adding gives another one. Judging what it holds is left to rules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from switchgear.core.circuit.rules import Rules

BUCKETS = 10
"""Parts of a window over time: a sample counts while its part is among the newest ten, 0.9 to 1 of the window."""


class Counts(NamedTuple):
    """What a window holds at an instant; whole numbers, so that nothing drifts."""

    calls: int = 0
    failures: int = 0
    slow: int = 0
    asked: int = 0
    """Requests that wanted to be made, let through or not; counted at their start, and over time only."""
    passed: int = 0
    """Those of them that were let through."""


class LastCalls(NamedTuple):
    """The newest attempts, one bit each, the newest lowest."""

    calls: int = 0
    failures: int = 0
    slow: int = 0


class Bucket(NamedTuple):
    """What happened in one part of the time."""

    number: int
    """Of the part, counted from the clock's zero."""
    counts: Counts


class LastSeconds(NamedTuple):
    """The newest parts of the time, oldest first."""

    part_s: float
    buckets: tuple[Bucket, ...] = ()


Window = LastCalls | LastSeconds


class Part(NamedTuple):
    """A part of the time: how long such parts are, and its number."""

    part_s: float
    number: int


def kept(rules: Rules) -> bool:
    """Whether the rules need a window at all."""
    watched = rules.failure_rate, rules.slow_call_rate, rules.throttle_ratio
    return any(rule is not None for rule in watched)


def sampled(window: Window | None, rules: Rules, now_s: float, *, bad: bool, slow: bool) -> Window:
    """The window with one more attempt, dated when it ended; parts of another length than the rules' begin anew."""
    if rules.window_calls is not None:
        held = window if isinstance(window, LastCalls) else LastCalls()
        mask = (1 << rules.window_calls) - 1
        return LastCalls(
            min(held.calls + 1, rules.window_calls),
            (held.failures << 1 | bad) & mask,
            (held.slow << 1 | slow) & mask,
        )
    return _added(window, rules, now_s, Counts(1, int(bad), int(slow)))


def asked(window: Window | None, rules: Rules, at_s: float, *, passed: bool) -> Window | None:
    """The window with one more request that wanted to be made; a window over calls counts none."""
    if rules.window_calls is not None:
        return window
    return _added(window, rules, at_s, Counts(0, 0, 0, 1, int(passed)))


def part_of(rules: Rules, now_s: float) -> Part | None:
    """Where a request of this instant is counted; None where none is."""
    if rules.window_calls is not None:
        return None
    part_s = _part_s(rules)
    return Part(part_s, int(now_s // part_s))


def unasked(window: Window | None, part: Part) -> Window | None:
    """The window without a request that was let through in a part of it and came to nothing, if it still holds it."""
    if not isinstance(window, LastSeconds) or window.part_s != part.part_s:
        return window
    return window._replace(
        buckets=tuple(
            bucket._replace(counts=_sum(bucket.counts, _TAKEN_BACK))
            if bucket.number == part.number and bucket.counts.passed
            else bucket
            for bucket in window.buckets
        )
    )


_TAKEN_BACK = Counts(0, 0, 0, -1, -1)


def counted(window: Window | None, rules: Rules, now_s: float) -> Counts:
    """What the window holds now: what is too old is gone, whether or not anything was added since."""
    if isinstance(window, LastCalls):
        if rules.window_calls is None:
            return Counts()
        mask = (1 << rules.window_calls) - 1
        calls = min(window.calls, rules.window_calls)
        return Counts(calls, (window.failures & mask).bit_count(), (window.slow & mask).bit_count())
    if window is None or rules.window_calls is not None or window.part_s != _part_s(rules):
        return Counts()
    found = [bucket.counts for bucket in _fresh(window, int(now_s // window.part_s))]
    return Counts(*map(sum, zip(*found, strict=True))) if found else Counts()


def _added(window: Window | None, rules: Rules, now_s: float, more: Counts) -> LastSeconds:
    part_s = _part_s(rules)
    fits = isinstance(window, LastSeconds) and window.part_s == part_s
    held = window if fits else LastSeconds(part_s)
    assert isinstance(held, LastSeconds)
    number = int(now_s // part_s)
    buckets = _fresh(held, number)
    if buckets and buckets[-1].number == number:
        *rest, newest = buckets
        return LastSeconds(part_s, (*rest, Bucket(number, _sum(newest.counts, more))))
    return LastSeconds(part_s, (*buckets, Bucket(number, _sum(Counts(), more))))


def _sum(one: Counts, other: Counts) -> Counts:
    return Counts(*(mine + theirs for mine, theirs in zip(one, other, strict=True)))


def _fresh(window: LastSeconds, number: int) -> tuple[Bucket, ...]:
    oldest = number - BUCKETS
    if window.buckets and window.buckets[0].number > oldest:
        return window.buckets
    return tuple(bucket for bucket in window.buckets if bucket.number > oldest)


def _part_s(rules: Rules) -> float:
    return rules.window_s / BUCKETS
