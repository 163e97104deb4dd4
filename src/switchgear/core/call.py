"""
Owns running your function through a policy: the two drivers, and the straight path of a call that goes well.

The only file that runs it. What happens next is decided in policy.flow; here each step is carried out, once for
synchronous callers and once for asynchronous ones.
"""

from __future__ import annotations

import sys
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from switchgear.core.circuit import Settlement
from switchgear.core.errors import SettingsError, WouldBlockLoop
from switchgear.core.outcome import Served
from switchgear.core.policy.flow import Course
from switchgear.core.policy.memory_key import STANDS_FOR, memory_key
from switchgear.core.policy.quick import ended_at_once, refusal
from switchgear.core.policy.step import Ask, CutShort, Failure, Run, Wait

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from switchgear.core.policy.fallback import Manner, Source
    from switchgear.core.policy.plan import Policy
    from switchgear.core.policy.step import Flow, Step
    from switchgear.core.policy.timeout import Cut


GUARDED_BY = "__switchgear_policy__"
"""Names the policy and the function itself on one that is guarded."""


def sync_path(
    policy: Policy,
    function: Callable[..., Any],
    manner: Manner,
    *,
    whole: bool = False,
) -> Callable[..., Any]:
    """A guarded function for synchronous callers; with whole it gives Served."""
    manner = manner_of(policy, function, manner)
    function, breaker = unguarded(policy, function), policy.breaker
    began, succeeded, monotonic_s = policy.tap.began, policy.tap.succeeded, policy.clock.monotonic_s
    keeps = manner.keeps

    def guarded(*args: Any, **kwargs: Any) -> Any:
        way = policy.way
        if way is None:
            refused = refusal(policy, manner)
            if refused is not None:
                raise refused
            return drive(policy, function, args, kwargs, manner, whole=whole)
        call_id, started_s = began(), monotonic_s()
        try:
            value = function(*args, **kwargs)
        except (
            BaseException
        ) as error:  # the flow settles it, whatever it is, and raises what is not ours again
            if ended_at_once(policy, error, way, call_id, started_s, manner):
                raise
            first = Failure(error, way, started_s, call_id)
            return drive(policy, function, args, kwargs, manner, first, whole=whole)
        if hasattr(value, "__await__"):
            return _awaited_later(policy, function, value, call_id, manner, whole)(*args, **kwargs)
        if policy.way is not way or breaker.dirty:
            breaker.settle_straight(way, Settlement.SUCCESS)
        succeeded(call_id, started_s, monotonic_s())
        if keeps:
            _remember(policy, function, value, args, kwargs)
        return Served(value) if whole else value

    return guarded


def async_path(
    policy: Policy,
    function: Callable[..., Any],
    manner: Manner,
    *,
    whole: bool = False,
) -> Callable[..., Coroutine[Any, Any, Any]]:
    """A guarded function for asynchronous callers; with whole it gives Served."""
    manner = manner_of(policy, function, manner)
    function, breaker = unguarded(policy, function), policy.breaker
    began, succeeded, monotonic_s = policy.tap.began, policy.tap.succeeded, policy.clock.monotonic_s
    keeps = manner.keeps

    async def guarded(*args: Any, **kwargs: Any) -> Any:
        way = policy.way
        if way is None:
            refused = refusal(policy, manner)
            if refused is not None:
                raise refused
            return await adrive(policy, function, args, kwargs, manner, whole=whole)
        call_id, started_s = began(), monotonic_s()
        try:
            timeout_s = policy.plan.timeout_s
            value = (
                function(*args, **kwargs)
                if timeout_s is None
                else _cut(policy, timeout_s, function, args, kwargs)
            )
            if timeout_s is not None or hasattr(value, "__await__"):
                value = await value
        except BaseException as error:  # as above
            if ended_at_once(policy, error, way, call_id, started_s, manner):
                raise
            first = Failure(error, way, started_s, call_id)
            return await adrive(policy, function, args, kwargs, manner, first, whole=whole)
        if policy.way is not way or breaker.dirty:
            breaker.settle_straight(way, Settlement.SUCCESS)
        succeeded(call_id, started_s, monotonic_s())
        if keeps:
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


def drive(
    policy: Policy,
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    manner: Manner,
    first: Failure | None = None,
    *,
    whole: bool = False,
) -> Any:
    """Carry out the steps of a call in this thread; gives a coroutine where the function is asynchronous."""
    flow = _course(policy, function, args, kwargs, manner).flow(first)
    act: Callable[[], Step] = partial(next, flow)
    stops = [] if first is None or not isinstance(first.error, StopIteration) else [first.error]
    while True:
        try:
            step = act()
        except StopIteration as stop:
            return stop.value if whole else stop.value.value
        except RuntimeError as error:
            if _stands_for_stop(error, stops):
                raise error.__cause__ from None  # type: ignore[misc]  # it is one
            raise
        try:
            value = _perform(step, policy, function, args, kwargs)
        except BaseException as error:  # the flow decides about every one of them
            if isinstance(error, StopIteration):
                stops.append(error)
            act = partial(flow.throw, error)
            continue
        if isinstance(step, Run) and hasattr(value, "__await__"):
            return _steer(flow, policy, function, args, kwargs, whole=whole, pending=(step, value))
        act = partial(flow.send, value)


async def adrive(
    policy: Policy,
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    manner: Manner,
    first: Failure | None = None,
    *,
    whole: bool = False,
) -> Any:
    """Carry out the steps of a call on the running event loop."""
    flow = _course(policy, function, args, kwargs, manner).flow(first)
    return await _steer(flow, policy, function, args, kwargs, whole=whole)


async def _steer(
    flow: Flow,
    policy: Policy,
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    *,
    whole: bool,
    pending: tuple[Run, Awaitable[Any]] | None = None,
) -> Any:
    act: Callable[[], Step] = partial(next, flow)
    while True:
        try:
            step = pending[0] if pending else act()
        except StopIteration as stop:
            return stop.value if whole else stop.value.value
        try:
            if pending:
                begin, pending = partial(_same, pending[1]), None
                value = await _cut_or_not(policy, step.timeout_s, begin)  # type: ignore[union-attr]  # a pending step is a Run
            else:
                value = await _perform_async(step, policy, function, args, kwargs)
        except BaseException as error:  # the flow decides about every one of them
            act = partial(flow.throw, error)
        else:
            act = partial(flow.send, value)


def _perform(
    step: Step,
    policy: Policy,
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Any:
    match step:
        case Run():
            return function(*args, **kwargs)
        case Wait():
            if _loop_runs():
                raise WouldBlockLoop(policy.key.exchange, policy.key.method, step.delay_s)
            return policy.clock.sleep(step.delay_s)
        case Ask():
            value = step.source.function(*args, **kwargs)
            if hasattr(value, "__await__"):
                raise _unawaited(step.source, value)
            return value


async def _perform_async(
    step: Step,
    policy: Policy,
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Any:
    match step:
        case Run():
            return await _cut_or_not(policy, step.timeout_s, partial(function, *args, **kwargs))
        case Wait():
            return await policy.clock.sleep_async(step.delay_s)
        case Ask():
            return await _cut_or_not(
                policy, step.timeout_s, partial(step.source.function, *args, **kwargs)
            )


async def _cut_or_not(policy: Policy, timeout_s: float | None, begin: Callable[[], Any]) -> Any:
    if timeout_s is not None:
        return await _cut(policy, timeout_s, begin, (), {})
    value = begin()
    return await value if hasattr(value, "__await__") else value


async def _cut(
    policy: Policy,
    timeout_s: float,
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Any:
    cut = _cut_class()(policy.clock, timeout_s).begin()
    try:
        value = function(*args, **kwargs)
        value = await value if hasattr(value, "__await__") else value
    except BaseException as error:  # whose it is, the cut knows
        if cut.end(error):
            raise CutShort from error
        raise
    cut.end(None)
    return value


@cache
def _cut_class() -> type[Cut]:
    from switchgear.core.policy.timeout import Cut  # here, and once: it loads asyncio

    return Cut


def _course(
    policy: Policy,
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    manner: Manner,
) -> Course:
    key = partial(memory_key, policy, function, args, kwargs) if manner.keeps else None
    return Course(policy, manner.fallbacks, key, once=manner.once)


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
    manner: Manner,
    whole: bool,
) -> Callable[..., Coroutine[Any, Any, Any]]:
    """What a synchronous function that gave an awaitable stands for: the attempt begins when it is awaited."""
    policy.tap.withdrawn(call_id)
    made = [awaitable]

    def begin(*args: Any, **kwargs: Any) -> Any:
        return made.pop() if made else function(*args, **kwargs)

    setattr(begin, STANDS_FOR, function)
    path = async_path(policy, begin, manner, whole=whole)

    async def later(*args: Any, **kwargs: Any) -> Any:
        try:
            return await path(*args, **kwargs)
        finally:
            if made:  # rejected: the circuit opened before it was awaited
                _close(made.pop())

    return later


def _same(awaitable: Any) -> Any:
    return awaitable


def _stands_for_stop(error: RuntimeError, stops: list[StopIteration]) -> bool:
    """Whether it stands for a StopIteration of the user's function, which a generator may not pass on."""
    return any(one is error.__cause__ for one in stops)


def _loop_runs() -> bool:
    asyncio = sys.modules.get("asyncio")  # a program that never loaded it has no loop
    if asyncio is None:
        return False
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _unawaited(source: Source, awaitable: Any) -> Exception:
    said = f"{source.name} is asynchronous, the call is not"
    if not _close(awaitable):
        return TypeError(f"fallback {said}")  # a task, perhaps: it may be under way
    return SettingsError("fallback", source.name, f"{said}; nothing of it ran")


def _close(awaitable: Any) -> bool:
    """End a coroutine that nobody will await, or Python would warn of it; whether it could be ended."""
    close = getattr(awaitable, "close", None)
    if close is None:
        return False
    close()
    return True
