"""Owns which keys may be forgotten: closed, with nothing in flight, and not called since it was last asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from switchgear.core.policy.plan import Policy
    from switchgear.core.words import Key
    from switchgear.observe.fact import Tap


def idle_keys(
    policies: Mapping[Key, Policy],
    taps: Mapping[Key, Tap],
    seen: dict[Key, int],
    most: int,
) -> list[Key]:
    """
    At most so many keys that may be forgotten, those first that were made first.

    Args:
        policies: Every key in use.
        taps: What they tell, all folded.
        seen: How many calls each key had begun when this last looked; brought up to date here.
        most: How many to find, from 1.
    """
    quiet = list(_quiet(policies, taps))
    called = [key for key in quiet if taps[key].begun() != seen.get(key, 0)]
    for key in called:  # a second chance: not this time, but next, if it is not called until then
        seen[key] = taps[key].begun()
    lately = frozenset(called)
    found = [key for key in quiet if key not in lately][:most]
    # Where all were called since, the oldest must do.
    return found or quiet[:most]


def _quiet(policies: Mapping[Key, Policy], taps: Mapping[Key, Tap]) -> Iterator[Key]:
    for key, policy in policies.items():
        tap = taps[key]
        if policy.breaker.quiet and tap.begun() == tap.counts.ended:
            yield key
