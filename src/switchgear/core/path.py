"""
Owns the way into a guarded call: the straight path of one that goes well, and joining one that is in flight already.

Everything that does not go well is handed to the drivers in call.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

from switchgear.core.call import adrive, close, cut, drive
from switchgear.core.errors import DeadlineExceeded
from switchgear.core.event import CallJoined
from switchgear.core.outcome import Err, Served
from switchgear.core.policy.flights import TookTooLong
from switchgear.core.policy.loop import loop_runs
from switchgear.core.policy.memory_key import STANDS_FOR, flight_key, memory_key
from switchgear.core.policy.quick import ended_at_once, refusal
from switchgear.core.policy.scopes import SUCCESS
from switchgear.core.policy.step import Failure
from switchgear.core.redact import error_text
from switchgear.core.words import Effect

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Hashable

    from switchgear.core.policy.fallback import Manner
    from switchgear.core.policy.plan import Policy
    from switchgear.core.policy.weight import Toll


class Gives(Enum):
    """What a guarded function gives its caller."""

    VALUE = "value"
    SERVED = "served"
    """The value, with where it came from."""
    TRIED = "tried"
    """The same, or an Err where that is cheaper than to raise; so it may still raise."""


_VALUE, _TRIED = Gives.VALUE, Gives.TRIED  # a member is looked up once, not at each call

GUARDED_BY = "__switchgear_policy__"
"""Names the policy and the function itself on one that is guarded."""


def sync_path(
    policy: Policy, function: Callable[..., Any], manner: Manner, gives: Gives = _VALUE
) -> Callable[..., Any]:
    """A guarded function for synchronous callers."""
    manner, function = manner_of(policy, function, manner), unguarded(policy, function)
    tap, monotonic_s = policy.tap, policy.clock.monotonic_s
    breaker, whole, tries = policy.breaker, gives is not _VALUE, gives is _TRIED
    alone = not (manner.fallbacks or manner.once)

    def guarded(*args: Any, **kwargs: Any) -> Any:
        way, toll = policy.way, policy.toll
        if way is None or (toll is not None and toll.take()):
            refused = None if manner.fallbacks else refusal(policy)
            if refused is not None:
                if tries:
                    return Err(refused)
                raise refused
            return _through_flow(policy, function, args, kwargs, manner, whole=whole)
        call_id, started_s = tap.began(), monotonic_s()
        try:
            value = function(*args, **kwargs)
        except BaseException as error:  # the flow settles it, and raises what is not ours again
            if alone and ended_at_once(policy, error, way, toll, call_id, started_s, monotonic_s()):
                if tries:
                    return Err(error)  # type: ignore[arg-type]  # what ended at once is an Exception
                raise
            first = Failure(error, way, started_s, call_id, toll)
            return drive(policy, function, args, kwargs, manner, first, whole=whole)
        if hasattr(value, "__await__"):
            later = _awaited_later(policy, function, value, call_id, toll, manner, whole)
            return later(*args, **kwargs)
        if policy.way is not way or breaker.dirty or breaker.domain.dirty:
            policy.scopes.settle_straight(way, SUCCESS)
        if toll is not None:
            toll.returned()
        tap.succeeded(call_id, started_s, monotonic_s())
        if manner.keeps:
            _remember(policy, function, value, args, kwargs)
        return Served(value) if whole else value

    return guarded


def async_path(
    policy: Policy, function: Callable[..., Any], manner: Manner, gives: Gives = _VALUE
) -> Callable[..., Coroutine[Any, Any, Any]]:
    """A guarded function for asynchronous callers."""
    manner, function = manner_of(policy, function, manner), unguarded(policy, function)
    tap, monotonic_s = policy.tap, policy.clock.monotonic_s
    breaker, whole, tries = policy.breaker, gives is not _VALUE, gives is _TRIED
    alone = not (manner.fallbacks or manner.once)

    async def guarded(*args: Any, **kwargs: Any) -> Any:
        way, toll = policy.way, policy.toll
        if way is None or (toll is not None and toll.take()):
            refused = None if manner.fallbacks else refusal(policy)
            if refused is not None:
                if tries:
                    return Err(refused)
                raise refused
            return await _through_flow_async(policy, function, args, kwargs, manner, whole=whole)
        call_id, started_s = tap.began(), monotonic_s()
        try:
            if (timeout_s := policy.plan.timeout_s) is None:
                value = function(*args, **kwargs)
                value = await value if hasattr(value, "__await__") else value
            else:
                value = await cut(policy, timeout_s, function, args, kwargs)
        except BaseException as error:  # as above
            if alone and ended_at_once(policy, error, way, toll, call_id, started_s, monotonic_s()):
                if tries:
                    return Err(error)  # type: ignore[arg-type]  # what ended at once is an Exception
                raise
            first = Failure(error, way, started_s, call_id, toll)
            return await adrive(policy, function, args, kwargs, manner, first, whole=whole)
        if policy.way is not way or breaker.dirty or breaker.domain.dirty:
            policy.scopes.settle_straight(way, SUCCESS)
        if toll is not None:
            toll.returned()
        tap.succeeded(call_id, started_s, monotonic_s())
        if manner.keeps:
            _remember(policy, function, value, args, kwargs)
        return Served(value) if whole else value

    return guarded


def manner_of(policy: Policy, function: Callable[..., Any], manner: Manner) -> Manner:
    """How calls of a function are made: as its own guard of the same key says, where the handle has no fallbacks."""
    inner = getattr(function, GUARDED_BY, None)
    if manner.fallbacks or inner is None or inner[:2] != (policy, function):
        return manner
    found: Manner = inner[2]
    return found._replace(once=manner.once)


def unguarded(policy: Policy, function: Callable[..., Any]) -> Callable[..., Any]:
    """What a guard of the same key stands round, so that one failure through both counts once; else the function."""
    # The mark names its function too: functools.wraps copies it to a wrapper that somebody put round the guard.
    while getattr(function, GUARDED_BY, (None, None))[:2] == (policy, function):
        function = function.__wrapped__  # type: ignore[attr-defined]  # update_wrapper left it there
    return function


def _through_flow(
    policy: Policy,
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    manner: Manner,
    *,
    whole: bool,
) -> Any:
    # A loop's thread waits for nobody; and what gives an awaitable is called there.
    flights = policy.flights  # once: a reload may take them away
    flight = None if loop_runs() else _flight_key(policy, function, args, kwargs, manner)
    if flight is None or flights is None:
        return drive(policy, function, args, kwargs, manner, whole=whole)
    joiner = _Joiner(policy)

    def lead() -> Any:
        joiner.led = True
        asked_s = joiner.began_s
        return drive(policy, function, args, kwargs, manner, whole=True, asked_s=asked_s)

    with joiner:
        served = flights.join(flight, lead, policy.clock, joiner.limit_s).value
        if hasattr(served, "__await__"):  # to be awaited later: once, by whoever led
            if joiner.led:
                return _opened(served, whole)
            joiner.led = True
            return drive(policy, function, args, kwargs, manner, whole=whole)
    return served if whole else served.value


async def _through_flow_async(
    policy: Policy,
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    manner: Manner,
    *,
    whole: bool,
) -> Any:
    flights = policy.flights  # as above
    flight = _flight_key(policy, function, args, kwargs, manner)
    if flight is None or flights is None:
        return await adrive(policy, function, args, kwargs, manner, whole=whole)
    joiner = _Joiner(policy)

    async def lead() -> Any:
        joiner.led = True
        asked_s = joiner.began_s
        return await adrive(policy, function, args, kwargs, manner, whole=True, asked_s=asked_s)

    with joiner:
        served = (await flights.join_async(flight, lead, policy.clock, joiner.limit_s)).value
    return served if whole else served.value


async def _opened(served: Any, whole: bool) -> Any:
    value = await served
    return value if whole else value.value


class _Joiner:
    """Tells the end of a call that another one led; whoever led told its own."""

    __slots__ = ("_policy", "began_s", "led", "limit_s")

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self.began_s = policy.clock.monotonic_s()
        self.limit_s = policy.plan.deadline_s
        self.led = False

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        policy = self._policy
        if self.led or (error is not None and not isinstance(error, Exception)):
            return
        if isinstance(error, TookTooLong) and self.limit_s is not None:
            exchange, method, _ = policy.key
            error = DeadlineExceeded(exchange, method, self.limit_s)
            self._tell(error)
            raise error from None
        self._tell(error)

    def _tell(self, error: Exception | None) -> None:
        policy = self._policy
        now_s, text = policy.clock.monotonic_s(), "" if error is None else error_text(error)
        call_id = policy.tap.refused()
        policy.emit(CallJoined(now_s, policy.key, call_id, now_s - self.began_s, text))


def _flight_key(
    policy: Policy,
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    manner: Manner,
) -> Hashable | None:
    """What equal reads in flight share; None where they are not coalesced."""
    plan = policy.plan
    if not plan.coalesce or plan.effect is not Effect.READ:
        return None
    key = flight_key(policy, function, args, kwargs)
    return None if key is None else (key, id(manner.fallbacks), manner.once)


def _remember(
    policy: Policy,
    function: Callable[..., Any],
    value: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> None:
    key = memory_key(policy, function, args, kwargs)
    if key is not None:
        policy.memory.store(key, value, policy.clock.monotonic_s())


def _awaited_later(
    policy: Policy,
    function: Callable[..., Any],
    awaitable: Any,
    call_id: int,
    toll: Toll | None,
    manner: Manner,
    whole: bool,
) -> Callable[..., Coroutine[Any, Any, Any]]:
    """What a synchronous function that gave an awaitable stands for: the attempt begins when it is awaited."""
    policy.tap.withdrawn(call_id)
    if toll is not None:
        toll.returned(unsent=True)
    made = [awaitable]

    def begin(*args: Any, **kwargs: Any) -> Any:
        return made.pop() if made else function(*args, **kwargs)

    setattr(begin, STANDS_FOR, function)
    path = async_path(policy, begin, manner, Gives.SERVED if whole else _VALUE)

    async def later(*args: Any, **kwargs: Any) -> Any:
        try:
            return await path(*args, **kwargs)
        finally:
            if made:  # rejected: the circuit opened before it was awaited
                close(made.pop())

    return later
