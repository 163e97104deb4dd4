"""
Owns breaking guarded calls on purpose: which attempts are hit, what they end with, and how long that takes.

What follows from it (retries, circuits, fallbacks) is the gear's, as in earnest.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from inspect import iscoroutinefunction, unwrap
from math import isfinite
from threading import Lock
from typing import TYPE_CHECKING, Any, Self

from switchgear.core.errors import SettingsError
from switchgear.core.policy.memory_key import STANDS_FOR
from switchgear.settings import pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from switchgear.core.words import Key
    from switchgear.gear import Switchgear

    Ending = BaseException | type[BaseException] | None

_BITS = 53
"""As many as a float holds, so that every chance is as likely as every other."""
_STEPS = float(1 << _BITS)


@dataclass(frozen=True, slots=True)
class FaultCall:
    """An attempt that is hit, as a function given as `error` is told of it."""

    key: Key
    number: int
    """Which of the key's attempts this is since the faults began, from 1."""
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]


class Faults:
    """
    While its block runs, attempts of guarded calls go wrong: `with Faults(gear, "binance", "get_*", error=...)`.

    It speaks of keys in use and of those that come later, of plain and of coroutine functions. Of the block form
    (`attempt()`) it does not, for there is no function to break. A decorated plain function that gives an awaitable
    should say so in its annotation, or it is hit where it is called and not where it is awaited.

    Several may be in force at once; a newer one stands nearer to the caller. Calls that began before the block go on
    unharmed.

    Args:
        gear: Whose calls.
        exchange: Name or pattern with `*` and `?`.
        method: As above.
        rate: The share of attempts that are hit, 0 to 1. Which ones is a matter of the seed alone, for each key by
            itself, whatever the threads do.
        error: What a hit ends with: an exception (a copy of it each time), a class, or a function of FaultCall that
            gives one of the two, or None to let this one go well. None takes latency_s alone.
        latency_s: What a hit takes on the gear's clock before it goes on, in seconds from 0.
        after: Let the function run first and lose its answer: the order is booked, and nobody knows.
        count: Only the first so many attempts are hit, over all keys together, from 1; None is for ever.
        seed: A whole number; the same one hits the same attempts.

    Raises:
        SettingsError: One of these cannot be.
    """

    def __init__(
        self,
        gear: Switchgear,
        exchange: str,
        method: str = "*",
        *,
        rate: float = 1.0,
        error: BaseException | type[BaseException] | Callable[[FaultCall], Ending] | None = None,
        latency_s: float = 0.0,
        after: bool = False,
        count: int | None = None,
        seed: int = 0,
    ) -> None:
        self._gear = gear
        self._parts = pattern("exchange", exchange), pattern("method", method)
        self._rate = _number("rate", rate, most=1.0)
        self._latency_s = _number("latency_s", latency_s)
        self._after = _flag("after", after)
        self._count = None if count is None else _whole("count", count, least=1)
        self._seed = _whole("seed", seed)
        self._ending = _maker(error)
        if error is None and (after or not self._latency_s):
            needed = "where the answer is to be lost" if after else "or a latency_s above 0"
            raise SettingsError("error", None, f"must be given {needed}")
        self._lock = Lock()
        self._calls = self._hits = 0
        self._numbers: dict[Key, int] = {}
        self._end: Callable[[], None] | None = None

    @property
    def calls(self) -> int:
        """Attempts that came by, hit or not."""
        return self._calls

    @property
    def hits(self) -> int:
        """Attempts that were hit: they ended with the error, or took the latency."""
        return self._hits

    def __enter__(self) -> Self:
        if self._end is not None:
            raise RuntimeError("these faults are in force already: make others")
        self._end = self._gear.registry.inject(*self._parts, self._around)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        end, self._end = self._end, None
        assert end is not None
        end()

    def _around(self, key: Key, function: Callable[..., Any], awaited: bool) -> Callable[..., Any]:
        """The function, broken; a coroutine function where its value is to be awaited."""

        def broken(*args: Any, **kwargs: Any) -> Any:
            return self._run(key, function, args, kwargs)

        async def broken_async(*args: Any, **kwargs: Any) -> Any:
            return await self._run_async(key, function, args, kwargs)

        made = broken_async if awaited or _gives_awaitable(function) else broken
        setattr(made, STANDS_FOR, getattr(function, STANDS_FOR, function))
        return made

    def _run(
        self,
        key: Key,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
    ) -> Any:
        call = self._drawn(key, args, kwargs)
        if call is None:
            return function(*args, **kwargs)
        value = function(*args, **kwargs) if self._after else None
        if hasattr(value, "__await__"):
            return self._lost(call, value)
        error = self._hit(call)
        self._gear.clock.sleep(self._latency_s)
        if error is not None:
            raise error
        return value if self._after else function(*args, **kwargs)

    async def _run_async(
        self,
        key: Key,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
    ) -> Any:
        call = self._drawn(key, args, kwargs)
        if call is None or self._after:
            value = function(*args, **kwargs)
            if call is not None:
                return await self._lost(call, value)
        else:
            await self._end_with(self._hit(call))
            value = function(*args, **kwargs)
        return await value if hasattr(value, "__await__") else value

    async def _lost(self, call: FaultCall, value: Any) -> Any:
        value = await value if hasattr(value, "__await__") else value
        await self._end_with(self._hit(call))
        return value

    async def _end_with(self, error: BaseException | None) -> None:
        await self._gear.clock.sleep_async(self._latency_s)
        if error is not None:
            raise error

    def _drawn(
        self, key: Key, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> FaultCall | None:
        """Count an attempt; what is told of it when the lot falls on it."""
        with self._lock:
            if self._end is None:
                return None  # a further attempt of a call that began in the block
            self._calls += 1
            number = self._numbers[key] = self._numbers.get(key, 0) + 1
            spent = self._count is not None and self._calls > self._count
        if spent or _chance(self._seed, key, number) >= self._rate:
            return None
        return FaultCall(key, number, args, kwargs)

    def _hit(self, call: FaultCall) -> BaseException | None:
        """What an attempt ends with; counted, unless nothing at all is to happen to it."""
        error = self._ending(call)
        if error is not None or self._latency_s:
            with self._lock:
                self._hits += 1
        return error


def _gives_awaitable(function: Any) -> bool:
    """Whether a function's face says that its value is to be awaited; to call it is no way to find out."""
    while isinstance(function, partial):
        function = function.func
    faces = function, unwrap(function), getattr(function, "__call__", None)  # noqa: B004  of an object: how it is called
    said = str(getattr(function, "__annotations__", {}).get("return", ""))
    return any(map(iscoroutinefunction, faces)) or any(word in said for word in _AWAITED)


_AWAITED = ("Awaitable", "Coroutine", "Future", "Task")


def _chance(seed: int, key: Key, number: int) -> float:
    """In [0, 1), the same for the same attempt wherever and whenever it is made."""
    text = f"{seed}/{'/'.join(key)}/{number}"
    drawn = int.from_bytes(blake2b(text.encode(), digest_size=8).digest())
    return (drawn >> 64 - _BITS) / _STEPS


def _maker(error: object) -> Callable[[FaultCall], BaseException | None]:
    """What makes the error of one attempt; tried here, so that a test does not fail in the midst of a call."""
    if isinstance(error, BaseException):
        _tried(error, lambda: _fresh(error))
        return lambda _: _fresh(error)
    if isinstance(error, type) and issubclass(error, BaseException):
        _tried(error, error)
        return lambda _: error()
    if error is None:
        return lambda _: None
    if isinstance(error, type) or not callable(error):
        raise SettingsError("error", error, _ERRORS)
    return lambda call: _given(error(call))


_ERRORS = (
    "must be an exception, a class of exceptions, or a function that gives one of the two or None"
)


def _given(error: object) -> BaseException | None:
    if error is None or isinstance(error, BaseException):
        return error
    if isinstance(error, type) and issubclass(error, BaseException):
        return error()
    raise SettingsError("error", error, _ERRORS)  # pyright: ignore[reportUnknownArgumentType]  whatever it is


def _tried(error: object, make: Callable[[], BaseException]) -> None:
    try:
        make()
    except Exception as failed:
        allowed = f"cannot be made anew for each attempt ({failed}): give a function that makes it"
        raise SettingsError("error", error, allowed) from failed


def _fresh(error: BaseException) -> BaseException:
    """A copy without the traceback of another attempt, and with notes of its own."""
    made = copy(error)
    made.__cause__, made.__suppress_context__ = error.__cause__, error.__suppress_context__
    notes: list[str] | None = getattr(error, "__notes__", None)
    if notes is not None:
        made.__notes__ = list(notes)
    return made


def _number(name: str, value: object, most: float | None = None) -> float:
    upper = "" if most is None else f" to {most:g}"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        fits = isfinite(value) and value >= 0 and (most is None or value <= most)
        if fits:
            return float(value)
    raise SettingsError(name, value, f"must be a number from 0{upper}")


def _whole(name: str, value: object, least: int | None = None) -> int:
    lower = "" if least is None else f" from {least}"
    if isinstance(value, int) and not isinstance(value, bool) and (least is None or value >= least):
        return value
    raise SettingsError(name, value, f"must be a whole number{lower}")


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise SettingsError(name, value, "must be True or False")
    return value
