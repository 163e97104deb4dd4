"""
Owns the guide's debug output: one line on standard output for each move of a circuit, while it is
switched on.
"""

from __future__ import annotations

import sys
from threading import Lock
from typing import TYPE_CHECKING

from switchgear.core.event import CircuitMoved
from switchgear.core.words import CircuitState, Key
from switchgear.guide.desk import DESK, default_gear

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchgear.gear import Switchgear


class Debugging:
    """Whether it is on, and how to stop listening to the gear."""

    def __init__(self) -> None:
        self.on = False
        self._off: Callable[[], None] | None = None
        self._lock = Lock()

    def switch(self, on: bool, gear: Switchgear) -> None:
        """Listen to a gear, or to none."""
        with self._lock:
            if self._off is not None:
                self._off()
            self._off = gear.on(CircuitMoved, _tell) if on else None
            self.on = on

    def follow(self, gear: Switchgear) -> None:
        """Listen to another gear than before, if to any."""
        if self.on:
            self.switch(on=True, gear=gear)


_debugging = Debugging()
DESK.changed.append(_debugging.follow)


def enable_debug_logging(on: bool = True) -> None:
    """
    Print every move of every circuit, soon after it happened, from a thread; or, with on=False, no
    more.
    """
    _debugging.switch(on, default_gear())


def debug_circuit_breaker(
    exchange: str, method: str, old_state: CircuitState | str, new_state: CircuitState | str
) -> None:
    """Print `[Circuit Breaker] binance.create_order: closed -> open`, while it is enabled."""
    if not _debugging.on:
        return
    old, new = (getattr(state, "value", state) for state in (old_state, new_state))
    sys.stdout.write(f"[Circuit Breaker] {Key.of(exchange, method)}: {old} -> {new}\n")
    sys.stdout.flush()


def _tell(event: CircuitMoved) -> None:
    debug_circuit_breaker(event.key.exchange, event.key.method, event.old, event.new)
