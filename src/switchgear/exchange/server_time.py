"""Owns what time it is at an exchange, beside our own clock; how to ask is left to its user."""

from __future__ import annotations

from asyncio import Lock, get_running_loop
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from switchgear.core.errors import ApiError, SettingsError
from switchgear.core.words import GATED
from switchgear.exchange.reply import marked_unsent

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Awaitable, Callable

    from switchgear.core.clock import Clock

FRESH_S = 1800.0
"""After so long the time is asked again: two good clocks part by far less than a second."""

AGAIN_S = 10.0
"""After so long it is asked again when it could not be had."""

SKEW_S_MAX = 60.0
"""By so much our clock may be wrong; more is a machine that needs mending, not a correction."""


class ServerTime:
    """
    The exchange's time, in milliseconds since 1970.

    It is counted on from its last answer by the monotonic clock, so that a step of the machine's
    date changes nothing. Before the first answer it is the machine's own.
    """

    def __init__(self, clock: Clock, exchange: str = "the exchange") -> None:
        self._clock = clock
        self._exchange = exchange
        self._known: tuple[int, float] | None = None
        self._skew_s = 0.0
        self._due_s = clock.monotonic_s()
        self._locks: WeakKeyDictionary[AbstractEventLoop, Lock] = WeakKeyDictionary()

    def now_ms(self) -> int:
        """The time as far as we know it."""
        if self._known is None:
            return int(self._clock.wall().timestamp() * 1000)
        then_ms, at_s = self._known
        return then_ms + int((self._clock.monotonic_s() - at_s) * 1000)

    @property
    def is_due(self) -> bool:
        """Whether `refresh` has something to do, or to refuse; a call that is sure of the time skips it."""
        return self._clock.monotonic_s() >= self._due_s or abs(self._skew_s) > SKEW_S_MAX

    def doubt(self) -> None:
        """It was wrong: have it asked again before the next use."""
        self._due_s = self._clock.monotonic_s()

    async def refresh(self, ask: Callable[[], Awaitable[int]]) -> None:
        """
        Have it asked where it is due, once for all who wait.

        Raises:
            ApiError: The exchange cannot be reached, or does not want to be asked now.
            SettingsError: Our clock and the exchange's are more than SKEW_S_MAX apart; nothing was sent.
        """
        if self._clock.monotonic_s() >= self._due_s:
            async with self._locks.setdefault(get_running_loop(), Lock()):
                if self._clock.monotonic_s() >= self._due_s:
                    await self._ask(ask)
        if abs(self._skew_s) > SKEW_S_MAX:
            self.doubt()  # somebody may set the clock: look again at the next call
            allowed = (
                f"must be within {SKEW_S_MAX:g} s of {self._exchange}'s; set this machine's time"
            )
            raise SettingsError("clock", f"{self._skew_s:+.0f} s", allowed)

    async def _ask(self, ask: Callable[[], Awaitable[int]]) -> None:
        began_s = self._clock.monotonic_s()
        try:
            answer_ms = await ask()
        except ApiError as error:
            verdict = error.verdict
            if verdict is not None and (verdict.unsent or verdict.kind in GATED):
                marked_unsent(error)  # what comes next would fare the same, or make it worse
                raise
            self._due_s = began_s + AGAIN_S
            return
        ended_s = self._clock.monotonic_s()
        # The answer was true somewhere between: the middle is wrong by half the way at most.
        self._known = (answer_ms, (began_s + ended_s) / 2)
        self._due_s = ended_s + FRESH_S
        self._skew_s = self._clock.wall().timestamp() - self.now_ms() / 1000
