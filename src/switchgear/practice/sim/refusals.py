"""Owns how long a port refuses connections when several rules may ask for it; the port is the caller's."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchgear.core.clock import Clock, Timer


class Refusals:
    """
    The refusals under way, each by the id of its rule: the port is shut until the last has ended.

    Not thread-safe; one event loop owns it.
    """

    def __init__(self, clock: Clock, shut: Callable[[], None], listen: Callable[[], None]) -> None:
        """Shut is called as each begins, and resets what is connected; listen when none is left."""
        self._clock = clock
        self._shut = shut
        self._listen = listen
        self._until_s: dict[int, float] = {}
        self._timer: Timer | None = None

    @property
    def is_refusing(self) -> bool:
        """Whether the port is shut by a rule."""
        return bool(self._until_s)

    def begin(self, rule_id: int, duration_s: float) -> None:
        """Shut the port for so long; a rule that fires again makes its refusal longer, never shorter."""
        until_s = self._clock.monotonic_s() + duration_s
        self._until_s[rule_id] = max(until_s, self._until_s.get(rule_id, until_s))
        self._shut()
        self._go_on()

    def end(self, rule_id: int) -> None:
        """End the refusal of this rule, if it has one, and listen again when it was the last."""
        if self._until_s.pop(rule_id, None) is not None:
            self._go_on()

    def clear(self) -> None:
        """End all of them, and listen again."""
        if self._until_s:
            self._until_s.clear()
            self._go_on()

    def stop(self) -> None:
        """Forget all of them, and leave the port as it is."""
        self._until_s.clear()
        self._cancel()

    def _go_on(self) -> None:
        """Wait for the end of those that are left, or listen when there are none."""
        self._cancel()
        now_s = self._clock.monotonic_s()
        left_s = max(self._until_s.values(), default=now_s) - now_s
        if left_s > 0:
            self._timer = self._clock.timer(left_s, self.clear)
        else:
            self._until_s.clear()
            self._listen()

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
