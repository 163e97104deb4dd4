"""Owns how calls that need one fallback at the same time ask it together; what becomes of its answer is stand_in's."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from switchgear.core.policy.loop import loop_runs
from switchgear.core.policy.memory_key import flight_key
from switchgear.core.words import Effect

if TYPE_CHECKING:
    from collections.abc import Generator, Hashable

    from switchgear.core.policy.fallback import Source
    from switchgear.core.policy.plan import Policy


def asked_together(policy: Policy, source: Source, limit_s: float | None) -> Source:
    """
    The source as the driver of one call is to ask it: with the calls that ask the same at the same time.

    Each call of a trade is an order of its own, and a call that cannot be told from others asks for itself.

    Args:
        policy: Of the call.
        source: Whose function is asked.
        limit_s: Seconds after which a thread waits no longer for another's answer, and a TimeoutError is raised; a
            task is cut by its driver.
    """
    if source.fixed or policy.plan.effect is not Effect.READ:
        return source
    function = source.function

    def ask(*args: Any, **kwargs: Any) -> Any:
        key = flight_key(policy, function, args, kwargs)
        if key is None:
            return function(*args, **kwargs)
        if not loop_runs():
            flights, clock = policy.memory.flights, policy.clock
            return flights.join(key, lambda: function(*args, **kwargs), clock, limit_s).value
        # No thread of a loop waits for another. It runs a plain function through before its next call begins, so
        # there is nothing to join but what is awaited.
        value = function(*args, **kwargs)
        return _Joined(policy, key, value) if _is_unbegun(value) else value

    return replace(source, function=ask)


class _Joined:
    """A coroutine that is begun only when no other call has one like it under way; else it has that one's value."""

    def __init__(self, policy: Policy, key: Hashable, coroutine: Any) -> None:
        self._policy = policy
        self._key = key
        self._coroutine = coroutine

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._join().__await__()

    def close(self) -> None:
        """Nobody will await it."""
        self._coroutine.close()

    async def _join(self) -> Any:
        flights, clock = self._policy.memory.flights, self._policy.clock
        try:
            return (await flights.join_async(self._key, lambda: self._coroutine, clock)).value
        finally:
            self.close()  # of no effect on one that ran


def _is_unbegun(value: Any) -> bool:
    """Whether it is a coroutine, or like one; a task or future is under way already."""
    return hasattr(value, "__await__") and hasattr(value, "close")
