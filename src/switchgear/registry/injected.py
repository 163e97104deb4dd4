"""Owns what tests put round the functions of guarded calls, by patterns of keys; running it is left to the drivers."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any

from switchgear.core.words import Key
from switchgear.registry.holds import matches

Wrap = Callable[[Key, Callable[..., Any], bool], Callable[..., Any]]
"""Takes a key, its function, and whether what it gives is awaited whatever it is; gives another function."""

Around = Callable[[Callable[..., Any], bool], Callable[..., Any]]
"""The same for one key."""


class Injected:
    """All that is put round calls now, the newest outermost."""

    def __init__(self, changed: Callable[[str, str], None]) -> None:
        self._all: list[tuple[str, str, Wrap]] = []
        self._changed = changed
        """Called with the patterns whose calls are wrapped otherwise from now on."""
        self._lock = Lock()

    def add(self, exchange: str, method: str, wrap: Wrap) -> Callable[[], None]:
        """Put it round calls of the keys that two patterns match; the result ends it."""
        entry = (exchange, method, wrap)
        with self._lock:
            self._all = [*self._all, entry]
        self._changed(exchange, method)

        def remove() -> None:
            with self._lock:
                self._all = [one for one in self._all if one is not entry]
            self._changed(exchange, method)

        return remove

    def round(self, key: Key) -> Around | None:
        """What is put round the function of a key; None where nothing is."""
        found = [wrap for *parts, wrap in self._all if matches(key, *parts)]

        def around(function: Callable[..., Any], awaited: bool) -> Callable[..., Any]:
            for wrap in found:
                function = wrap(key, function, awaited)
            return function

        return around if found else None
