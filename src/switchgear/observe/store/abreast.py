"""Owns taking the newest of several lists, each asked for from its newest on; where the lists are is the asker's."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from heapq import merge
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from switchgear.observe.store.bounds import Bounds

Hit = tuple[int, int, int]
"""A record that was found: its id, its shape and its date. Bare, for there may be a hundred thousand."""
Ask = Callable[["Bounds", int], list[Hit]]
"""Gives the newest within bounds, at most so many, newest first."""
STEP = 1_000
"""So many are asked for whole; more are asked for in parts."""


def side_by_side(asks: Sequence[Ask], bounds: Bounds, most: int) -> list[Hit]:
    """The newest of several, each asked for no more than it takes."""
    if len(asks) < 2:
        return asks[0](bounds, most) if asks else []
    step = most if most <= STEP else most // len(asks) + 1
    pages = [ask(bounds, step) for ask in asks]
    unread = {place for place, page in enumerate(pages) if len(page) == step}
    while unread:
        # Whoever ends the soonest hides what the others have below: it goes on until there is enough above.
        soonest = max(unread, key=lambda place: pages[place][-1][0])
        end = pages[soonest][-1][0]
        if sum(bisect_right(page, -end, key=_newer_first) for page in pages) >= most:
            break
        more = asks[soonest](bounds.within(0, end), step)
        pages[soonest] += more
        if len(more) < step:
            unread.discard(soonest)
    return merged(pages, most)


def merged(pages: Sequence[list[Hit]], most: int) -> list[Hit]:
    """The newest of what was found, newest first."""
    there = [page for page in pages if page]
    if len(there) < 2:
        return there[0][:most] if there else []
    return list(islice(merge(*there, key=_newer_first), most))


def _newer_first(hit: Hit) -> int:
    return -hit[0]
