"""
Owns how the conformance suite makes and calls other people's breakers, on a clock of its own.

Each stands at the settings that serve it best: those of the suite, one probe, and whatever option avoids a fault.
A clock is put into the place of `time` or `datetime` in the module of the peer that reads it, and taken out again.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import circuitbreaker
import interlock
import interlock._clock as interlock_clock
import purgatory.domain.model as purgatory_model
import pybreaker
import pyresilience
import pyresilience._circuit_breaker as pyresilience_breaker
from purgatory import AsyncCircuitBreakerFactory, SyncCircuitBreakerFactory

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from switchgear.testing.conformance import AnyBreaker

Types = tuple[type[Exception], ...]

START_S = 1_000_000.0


class PatchedTime:
    """A peer's `time` module, and its `datetime.datetime`, moved by hand."""

    def __init__(self) -> None:
        self.now_s = START_S
        self.date_s = START_S
        clock = self

        class Now(dt.datetime):
            @classmethod
            def now(cls, tz: dt.tzinfo | None = None) -> Now:
                return cls.fromtimestamp(clock.date_s, tz)

        self.datetime = Now

    def monotonic(self) -> float:
        return self.now_s

    def time(self) -> float:
        return self.date_s


class Patched:
    """What every peer on trial has: a module whose time is patched until it is closed."""

    patched: ClassVar[tuple[tuple[Any, str, str], ...]]
    """(module, name in it, attribute of PatchedTime; empty for the whole of it)"""

    def __init__(self) -> None:
        self._time = PatchedTime()
        self._before = [(module, name, getattr(module, name)) for module, name, _ in self.patched]
        for module, name, attribute in self.patched:
            setattr(module, name, getattr(self._time, attribute) if attribute else self._time)

    def advance(self, by_s: float) -> None:
        self._time.now_s += by_s
        self._time.date_s += by_s

    def step_date(self, by_s: float) -> None:
        self._time.date_s += by_s

    def close(self) -> None:
        for module, name, value in self._before:
            setattr(module, name, value)


class FabfuelBreaker(Patched):
    patched = ((circuitbreaker, "monotonic", "monotonic"), (circuitbreaker, "datetime", "datetime"))

    def __init__(self, threshold: int, reset_s: float, excluded: Types) -> None:
        super().__init__()

        def is_failure(kind: type[BaseException], _: object) -> bool:
            return issubclass(kind, Exception) and not issubclass(kind, excluded)

        self._breaker = circuitbreaker.CircuitBreaker(threshold, reset_s, is_failure)

    def call(self, function: Callable[[], Any]) -> Any:
        return self._breaker(function)()

    call_async = call

    def state(self) -> str:
        return str(self._breaker.state)


class PyBreakerBreaker(Patched):
    patched = ((pybreaker, "datetime", "datetime"),)

    def __init__(self, threshold: int, reset_s: float, excluded: Types, on_move: Any) -> None:
        super().__init__()

        class Listener(pybreaker.CircuitBreakerListener):
            def state_change(self, _: Any, __: Any, new: Any) -> None:
                on_move(_underscored(new.name))

        self._breaker = pybreaker.CircuitBreaker(
            fail_max=threshold,
            reset_timeout=reset_s,
            exclude=excluded,
            listeners=[Listener()] if on_move else [],
            throw_new_error_on_trip=False,  # or the call that opens it loses its own error
        )

    def call(self, function: Callable[[], Any]) -> Any:
        return self._breaker(function)()

    call_async = call

    def state(self) -> str:
        return _underscored(self._breaker.current_state)


class PurgatoryBreaker(Patched):
    patched = ((purgatory_model, "time", ""),)

    def __init__(self, threshold: int, reset_s: float, excluded: Types, on_move: Any) -> None:
        super().__init__()
        self._sync = SyncCircuitBreakerFactory(threshold, reset_s, list(excluded))
        self._async = AsyncCircuitBreakerFactory(threshold, reset_s, list(excluded))
        self._used: Any = self._sync

        def hook(_: str, kind: str, event: Any) -> None:
            if kind == "state_changed":
                on_move(_of_purgatory(event.state))

        if on_move is not None:
            self._sync.add_listener(hook)
            self._async.add_listener(hook)

    def call(self, function: Callable[[], Any]) -> Any:
        self._used = self._sync
        return self._sync("peer")(function)()

    def call_async(self, function: Callable[[], Awaitable[Any]]) -> Any:
        self._used = self._async
        return self._async("peer")(function)()

    def state(self) -> str:
        context = self._used.uow.contexts.breakers.get("peer")
        return "closed" if context is None else _of_purgatory(context.state)


class PyresilienceBreaker(Patched):
    patched = ((pyresilience_breaker, "_monotonic", "monotonic"),)

    def __init__(self, threshold: int, reset_s: float, excluded: Types, on_move: Any) -> None:
        super().__init__()
        config = pyresilience.CircuitBreakerConfig(
            failure_threshold=threshold,
            recovery_timeout=reset_s,
            success_threshold=1,
            ignore_on=excluded,
        )

        def listen(event: Any) -> None:
            kind = event.event_type
            # A refusal is told as CIRCUIT_OPEN too; the failure that opens it comes with its error.
            if kind is pyresilience.EventType.CIRCUIT_OPEN and event.error is not None:
                on_move("open")
            elif kind is pyresilience.EventType.CIRCUIT_CLOSED:
                on_move("closed")

        guard = pyresilience.resilient(
            circuit_breaker=config, listeners=[listen] if on_move else []
        )

        @guard
        def run(function: Callable[[], Any]) -> Any:
            return function()

        @guard
        async def run_async(function: Callable[[], Awaitable[Any]]) -> Any:
            return await function()

        self._run: Any = run
        self._run_async: Any = run_async
        self._used: Any = run

    def call(self, function: Callable[[], Any]) -> Any:
        self._used = self._run
        return self._run(function)

    def call_async(self, function: Callable[[], Awaitable[Any]]) -> Any:
        self._used = self._run_async
        return self._run_async(function)

    def state(self) -> str:
        return str(self._used._executor._circuit_breaker.state.value)


class InterlockBreaker(Patched):
    patched = ((interlock_clock, "time", ""),)

    def __init__(self, threshold: int, reset_s: float, excluded: Types, on_move: Any) -> None:
        super().__init__()

        class Classifier:
            def is_failure(self, *, exception: Exception | None, **_: object) -> bool:
                return exception is not None and not isinstance(exception, excluded)

        class Listener(interlock.EventListener):
            def on_state_change(self, *, new: Any, **_: object) -> None:
                on_move(new.value)

        self._breaker: Any = interlock.CircuitBreaker(
            name="peer",
            config=interlock.Config(
                failure_rate_threshold=1.0,  # of a window as long as the threshold: failures in a row
                minimum_number_of_calls=threshold,
                window_size=threshold,
                wait_duration_in_open=reset_s,
                permitted_calls_in_half_open=1,
            ),
            classifier=Classifier(),
            listener=Listener() if on_move else None,
            unreachable_exceptions=excluded,  # so that a probe that raises one proves nothing
        )

    def call(self, function: Callable[[], Any]) -> Any:
        return self._breaker(function)()

    call_async = call

    def state(self) -> str:
        return str(self._breaker.state.value)


@dataclass(frozen=True)
class Silent:
    """An adapter of a peer that tells nobody when it moves."""

    name: str
    breaker: Callable[..., AnyBreaker]

    def make(
        self, failure_threshold: int, reset_timeout_s: float, *, excluded: Types = ()
    ) -> AnyBreaker:
        return self.breaker(failure_threshold, reset_timeout_s, excluded)


@dataclass(frozen=True)
class Telling:
    """An adapter of a peer that does."""

    name: str
    breaker: Callable[..., AnyBreaker]

    def make(
        self,
        failure_threshold: int,
        reset_timeout_s: float,
        *,
        excluded: Types = (),
        on_move: Callable[[str], object] | None = None,
    ) -> AnyBreaker:
        return self.breaker(failure_threshold, reset_timeout_s, excluded, on_move)


PEERS = (
    Silent("circuitbreaker", FabfuelBreaker),
    Telling("pybreaker", PyBreakerBreaker),
    Telling("purgatory", PurgatoryBreaker),
    Telling("pyresilience", PyresilienceBreaker),
    Telling("interlock-cb", InterlockBreaker),
)
"""Each by the name of its distribution."""


def _underscored(state: str) -> str:
    return state.replace("-", "_")


def _of_purgatory(state: str) -> str:
    return {"opened": "open", "half-opened": "half_open"}.get(state, state)
