"""Owns what tests of settings files read anew share: a file, a gear on it, and calls that run until they are let go."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import switchgear as sg

if TYPE_CHECKING:
    from concurrent.futures import Future
    from pathlib import Path

KEY = ("kraken", "get_x")
PATIENCE_S = 20.0
FIRST = "[settings]\nretries = 0\nfailure_threshold = 3\n"


class Boom(Exception):
    """A failure that counts."""


def boom() -> None:
    """Fail."""
    raise Boom


def reset() -> None:
    """Fail in a way that another attempt may mend."""
    raise ConnectionResetError(104, "reset")


def write(path: Path, text: str) -> None:
    """Write it in place."""
    path.write_text(text, encoding="utf-8")


def replace(path: Path, text: str) -> None:
    """Write another file, and give it the name."""
    other = path.with_suffix(".new")
    other.write_text(text, encoding="utf-8")
    other.replace(path)


def read(gear: sg.Switchgear, path: Path, text: str) -> None:
    """Have the gear read this."""
    write(path, text)
    gear.reload()


def fail(gear: sg.Switchgear, times: int, **of: Any) -> None:
    """Calls that fail."""
    guard = gear.guarded(*KEY, **of)
    for _ in range(times):
        assert isinstance(guard.try_call_sync(boom), sg.Err)


class Calls:
    """Calls in threads, each of which runs until it is let go."""

    def __init__(self, gear: sg.Switchgear) -> None:
        self._gear = gear
        self._pool = ThreadPoolExecutor(16)
        self._begun = SimpleQueue[None]()
        self._ends = SimpleQueue[BaseException | None]()
        self.out: list[Future[int]] = []

    def begin(self, *, runs: bool = True) -> None:
        """Begin one; when this returns its function runs, if it is let in."""
        self.out.append(self._pool.submit(self._gear.guarded(*KEY).call_sync, self._work))
        if runs:
            self._begun.get(timeout=PATIENCE_S)

    def wait_for_one(self) -> None:
        """Until one more runs."""
        self._begun.get(timeout=PATIENCE_S)

    def end(self, error: BaseException | None = None) -> None:
        """Let one go."""
        self._ends.put(error)

    def close(self) -> None:
        """Let all go that are out yet."""
        for _ in self.out:
            self._ends.put(None)
        self._pool.shutdown()

    def _work(self) -> int:
        self._begun.put(None)
        error = self._ends.get(timeout=PATIENCE_S)
        if error is not None:
            raise error
        return 1
