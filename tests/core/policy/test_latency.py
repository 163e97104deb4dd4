"""Owns what is known of how long reads take: the newest 128, exact, and nothing before twenty."""

from __future__ import annotations

from collections import deque
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchgear.core.policy.latency import KEPT, LEAST, Latency
from tests.core.policy.crowd import hammer

DURATIONS = st.lists(st.floats(0, 1e6), max_size=3 * KEPT)
SHARES = st.integers(1, 1000).map(lambda thousandths: thousandths / 1000)


def filled(durations_s: list[float]) -> Latency:
    """What was taken so far."""
    latency = Latency()
    for duration_s in durations_s:
        latency.add(duration_s)
    return latency


@given(durations_s=DURATIONS, share=SHARES)
def test_it_is_what_a_share_of_the_newest_did_not_exceed(
    durations_s: list[float], share: float
) -> None:
    """Against a model of the last 128: one of them, not below the share, and no larger than it must be."""
    newest = sorted(deque(durations_s, maxlen=KEPT))
    found_s = filled(durations_s).percentile_s(share)
    if len(newest) < LEAST:
        assert found_s is None
        return
    assert found_s in newest
    within = sum(one <= found_s for one in newest)
    below = sum(one < found_s for one in newest)
    assert within >= Fraction(share) * len(newest)
    # A float's last digit may make it one rank more, never less.
    assert below <= Fraction(share) * len(newest) + Fraction(1, 10**6)


@given(durations_s=st.lists(st.floats(0, 100), min_size=LEAST, max_size=2 * KEPT), more=DURATIONS)
def test_asking_changes_nothing_and_adding_is_seen_at_once(
    durations_s: list[float], more: list[float]
) -> None:
    """Asked after every step, it says what one that was never asked before says."""
    latency = filled(durations_s)
    for number, duration_s in enumerate(more):
        latency.percentile_s(0.95)
        latency.add(duration_s)
        if number % 50 == 0:
            fresh = filled([*durations_s, *more[: number + 1]])
            assert latency.percentile_s(0.95) == fresh.percentile_s(0.95)
            assert latency.percentile_s(0.5) == fresh.percentile_s(0.5)


@pytest.mark.parametrize(("count", "known"), [(0, None), (LEAST - 1, None), (LEAST, LEAST)])
def test_nothing_is_said_before_twenty(count: int, known: float | None) -> None:
    """From the twentieth success on; a share of 1 is then the longest."""
    assert filled([float(one) for one in range(1, count + 1)]).percentile_s(1) == known


@pytest.mark.parametrize(
    ("share", "rank"), [(0.05, 1), (0.051, 2), (0.5, 10), (0.95, 19), (1.0, 20)]
)
def test_ranks_are_the_nearest(share: float, rank: int) -> None:
    """Of twenty that took 1 to 20 seconds, in any order."""
    assert filled([float(1 + one * 7 % 20) for one in range(20)]).percentile_s(share) == rank


def test_the_oldest_goes() -> None:
    """One long read is forgotten with the 128th after it, and not before."""
    latency = filled([60.0, *[1.0] * (KEPT - 1)])
    assert latency.percentile_s(1) == 60
    latency.add(1.0)
    assert latency.percentile_s(1) == 1


def test_threads_lose_nothing() -> None:
    """Eight threads at once: as many are kept as there may be, each of them one that was added."""
    latency = Latency()

    def add(number: int) -> list[float | None]:
        found: list[float | None] = []
        for _ in range(200):
            latency.add(float(number))
            found.append(latency.percentile_s(0.5))
        return found

    seen = {one for found in hammer(add) for one in found}
    assert seen - {None} <= {float(number) for number in range(8)}
    assert latency.percentile_s(1) in {float(number) for number in range(8)}


def test_after_a_fork_the_lock_is_free() -> None:
    """Held by a thread that is not in the child: adding does not wait, and what was known is."""
    latency = filled([1.0] * LEAST)
    latency._lock.acquire()
    latency.forked()
    latency.add(1.0)
    assert latency.percentile_s(1) == 1
