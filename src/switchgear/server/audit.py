"""Owns the trace that every control leaves in the log: who did what, why, and what it was before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchgear.core.event import Note
from switchgear.core.words import Key, Level

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchgear.core.clock import Clock
    from switchgear.server.who import Who

_NOBODYS = Key("", "", "")


class Audit:
    """
    Writes down what was done on the page.

    Args:
        note: Takes a record; may be called from any thread.
        clock: What dates it.
    """

    def __init__(self, note: Callable[[Note], object], clock: Clock) -> None:
        self._note = note
        self._clock = clock

    def tell(
        self,
        who: Who,
        did: str,
        *,
        key: Key = _NOBODYS,
        why: str = "",
        before: str = "",
        after: str = "",
        level: Level = Level.WARNING,
    ) -> None:
        """
        Write down one thing that was done.

        Args:
            who: By whom, as the gate knows them.
            did: What, in the past tense: `cleared 12 records`.
            key: What it was done to; of nothing in particular when not given.
            why: In the words of who did it.
            before: What it was.
            after: What it is now.
            level: WARNING, so that it is never dropped for want of room.
        """
        text = f"by {who.name}: {did}"
        if why:
            text += f": {why}"
        if before or after:
            text += f" ({before} -> {after})"
        self._note(Note(self._clock.monotonic_s(), key, level, text))
