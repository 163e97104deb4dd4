"""Owns walking on until all that walks are for was reached; what that is, each model says itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Iterable

ROUNDS = 6
"""Chance may miss a rare thing in one round of walks; in six, a walk that cannot reach it is found."""


def walk_until_reached(
    walk: Callable[[], object], must_reach: Iterable[str], seen: Counter[str]
) -> None:
    """
    Walk, and again while something is unreached.

    Args:
        walk: One round of walks, each drawn anew; it notes in seen what it reached.
        must_reach: What the walks are for.
        seen: How often each was reached; emptied first.
    """
    seen.clear()
    for _ in range(ROUNDS):
        walk()
        if all(seen[what] for what in must_reach):
            return
    unreached = [what for what in must_reach if not seen[what]]
    raise AssertionError(f"no walk reached {unreached}; reached: {dict(seen)}")
