"""Owns what the suite needs to know of a breaker, and the adapter of our own; what is asked stands in questions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar, cast

from switchgear.core.event import CircuitMoved
from switchgear.testing.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


State: TypeAlias = str
"""closed, open or half_open."""
T = TypeVar("T")


class Timed(Protocol):
    """
    What every breaker on trial has.

    It may have more: `step_date(by_s)` moves the machine's date, but not the monotonic clock; without it one check
    does not apply. `flush()` hands listeners what they are still owed. `close()` gives back what it holds, such as
    a patched clock.
    """

    def state(self) -> State:
        """closed, open or half_open, as the breaker itself says."""
        ...

    def advance(self, by_s: float, /) -> None:
        """Let so many seconds pass, for this breaker: a fake clock, a patched one, or a real wait."""
        ...


class SyncBreaker(Timed, Protocol):
    """A breaker that guards functions."""

    def call(self, function: Callable[[], T], /) -> T:
        """The function's value or error, or the breaker's refusal, which is any error while it did not run."""
        ...


class AsyncBreaker(Timed, Protocol):
    """A breaker that guards coroutine functions; the same class may be both."""

    def call_async(self, function: Callable[[], Awaitable[T]], /) -> Awaitable[T]:
        """The same for a coroutine function."""
        ...


AnyBreaker: TypeAlias = SyncBreaker | AsyncBreaker


class Adapter(Protocol):
    """
    How to make one kind of breaker.

    An attribute `reset_timeout_s` says how long its open spells are to be, 10 s without: 0.2 suits an adapter that
    really waits. `probes` says how many calls it lets through at once while half-open, 1 without.
    """

    @property
    def name(self) -> str:
        """What the report calls it."""
        ...

    @property
    def make(self) -> Callable[..., AnyBreaker]:
        """
        A method that gives a fresh, closed breaker.

        It takes failure_threshold, the failures in a row that open it, and reset_timeout_s. It may take
        `excluded`, a tuple of exception types that prove nothing of what is called, and `on_move`, a function to
        tell each new state: where it does not, checks that need them are not applicable.
        """
        ...


class SwitchgearBreaker:
    """A guard of switchgear on a clock moved by hand, of both colours."""

    def __init__(
        self,
        failure_threshold: int,
        reset_timeout_s: float,
        excluded: tuple[type[Exception], ...],
        on_move: Callable[[State], object] | None,
    ) -> None:
        from switchgear.gear import Switchgear  # here: whoever checks another breaker needs none

        self._clock = FakeClock()
        self._gear = Switchgear(clock=self._clock)
        self._guard = self._gear.guarded(
            "conformance",
            "get_answer",
            failure_threshold=failure_threshold,
            reset_timeout_s=reset_timeout_s,
            ignore=excluded,
            retries=0,  # one call is one attempt
            timeout_s=None,  # or a hung probe would be cut, and its lease never asked for
        )
        if on_move is not None:
            self._gear.on(CircuitMoved, lambda move: on_move(move.new.value))
        self.advance = self._clock.advance
        self.flush = self._gear.flush
        self.close = self._gear.close

    def call(self, function: Callable[[], T], /) -> T:
        """The function, decorated and called."""
        return self._guard(function)()

    def call_async(self, function: Callable[[], Awaitable[T]], /) -> Awaitable[T]:
        """The same for a coroutine function, whose colour the decorator keeps."""
        return self._guard(function)()

    def state(self) -> State:
        """As the gear shows it."""
        return self._gear.circuit("conformance", "get_answer").state.value

    def step_date(self, by_s: float) -> None:
        """Move the date alone."""
        self._clock.wall_offset_s += by_s


class SwitchgearAdapter:
    """The reference: switchgear as its users meet it, a decorated function."""

    name = "switchgear"

    def make(
        self,
        failure_threshold: int,
        reset_timeout_s: float,
        *,
        excluded: tuple[type[Exception], ...] = (),
        on_move: Callable[[State], object] | None = None,
    ) -> SwitchgearBreaker:
        """A fresh gear with one guarded method."""
        return SwitchgearBreaker(failure_threshold, reset_timeout_s, excluded, on_move)


def optional(thing: object, name: str) -> Callable[..., Any] | None:
    """A method that a breaker may have."""
    return cast("Callable[..., Any] | None", getattr(thing, name, None))
