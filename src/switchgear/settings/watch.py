"""Owns noticing that a settings file changed; reading it, and what follows, is left to others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from switchgear.core.clock import Clock

Mark = tuple[int, int, int]

LOOK_S = 0.5
"""Seconds between two looks at the file."""


class FileWatch:
    """One file, by what the file system says of it: a new time, size or inode is a change."""

    def __init__(self, path: str | Path, clock: Clock) -> None:
        self.path = Path(path)
        self._clock = clock
        self._seen = self.mark()
        self._looked_s = clock.monotonic_s()

    def seen(self, mark: Mark | None) -> None:
        """It was read as it was at this mark."""
        self._seen = mark

    def changed(self) -> bool:
        """Whether it is another file than at the last look; a file that is gone for a moment is no change."""
        now_s = self._clock.monotonic_s()
        if now_s - self._looked_s < LOOK_S:
            return False
        self._looked_s = now_s
        mark = self.mark()
        if mark is None or mark == self._seen:
            return False
        self._seen = mark
        return True

    def mark(self) -> Mark | None:
        """What tells the file as it is from another; None while there is none."""
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino
