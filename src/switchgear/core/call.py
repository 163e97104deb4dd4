"""
Owns running your function through a policy: the two drivers.

The only file that runs it, but for the straight path of a call that goes well, which is in path. What happens next is
decided in policy.flow; here each step is carried out, once for synchronous callers and once for asynchronous ones.
"""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING, Any, TypeVar

from switchgear.core.errors import SettingsError, WouldBlockLoop
from switchgear.core.policy.flow import Course
from switchgear.core.policy.loop import loop_runs
from switchgear.core.policy.memory_key import memory_key
from switchgear.core.policy.step import Ask, CutShort, Failure, Queue, Run, Wait
from switchgear.core.policy.wiretap import is_marked, marked

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import ModuleType

    from switchgear.core.policy.fallback import Manner, Source
    from switchgear.core.policy.hedge import Hedge
    from switchgear.core.policy.plan import Policy
    from switchgear.core.policy.step import Flow, Step
    from switchgear.core.policy.timeout import Cut

T = TypeVar("T")


def drive(
    policy: Policy,
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    manner: Manner,
    first: Failure | None = None,
    *,
    whole: bool = False,
    asked_s: float = 0.0,
) -> Any:
    """
    Carry out the steps of a call in this thread; gives a coroutine where the function is asynchronous.

    asked_s is when the caller asked, where that was before now: its deadline runs from then.
    """
    course = _course(policy, function, args, kwargs, manner, asked_s)
    flow = course.flow(first)
    if policy.faults is not None:
        function = policy.faults(function, False)
    if is_marked(policy):
        function = marked(function, course)
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
    asked_s: float = 0.0,
) -> Any:
    """Carry out the steps of a call on the running event loop."""
    course = _course(policy, function, args, kwargs, manner, asked_s)
    flow = course.flow(first)
    if policy.faults is not None:
        function = policy.faults(function, True)
    if is_marked(policy):
        function = marked(function, course)
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
        case Wait() | Queue():
            return stand_by(step, policy)
        case Ask():
            value = step.source.function(*args, **kwargs)
            if hasattr(value, "__await__"):
                raise _unawaited(step.source, value)
            return value


def stand_by(step: Wait | Queue, policy: Policy) -> object:
    """Let time pass in this thread; WouldBlockLoop where an event loop runs in it."""
    if isinstance(step, Wait):
        if loop_runs():
            raise WouldBlockLoop(policy.key.exchange, policy.key.method, step.delay_s)
        policy.clock.sleep(step.delay_s)
        return None
    if loop_runs():
        step.place.give_up()
        raise WouldBlockLoop(policy.key.exchange, policy.key.method, step.limit_s)
    return step.place.wait(policy.clock, step.limit_s)


async def stand_by_async(step: Wait | Queue, policy: Policy) -> object:
    """Let time pass on the running event loop."""
    if isinstance(step, Wait):
        await policy.clock.sleep_async(step.delay_s)
        return None
    return await step.place.wait_async(policy.clock, step.limit_s)


async def _perform_async(
    step: Step,
    policy: Policy,
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Any:
    match step:
        case Run():
            begin = partial(function, *args, **kwargs)
            if step.hedge is not None:
                return await _hedged(policy, step.timeout_s, step.hedge, begin)
            return await _cut_or_not(policy, step.timeout_s, begin)
        case Wait() | Queue():
            return await stand_by_async(step, policy)
        case Ask():
            return await _cut_or_not(
                policy, step.timeout_s, partial(step.source.function, *args, **kwargs)
            )


async def _hedged(
    policy: Policy, timeout_s: float | None, hedge: Hedge, begin: Callable[[], Any]
) -> Any:
    attempt = partial(_cut_or_not, policy, timeout_s, begin)

    def second() -> Awaitable[Any] | None:
        return beside() if hedge.begin() else None

    async def beside() -> Any:
        try:
            return await _cut_or_not(policy, hedge.limit_s(), begin)
        except BaseException as error:
            hedge.failed(error)
            raise

    raced = await _race_module().race(policy.clock, hedge.after_s, attempt, second)
    hedge.won(by_second=raced.by_second, loser_error=raced.loser_error)
    return raced.value


async def _cut_or_not(policy: Policy, timeout_s: float | None, begin: Callable[[], Any]) -> Any:
    if timeout_s is not None:
        return await cut(policy, timeout_s, begin, (), {})
    value = begin()
    return await value if hasattr(value, "__await__") else value


async def cut(
    policy: Policy,
    timeout_s: float,
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Any:
    """The function's value, or CutShort after timeout_s seconds."""
    limit = _cut_class()(policy.clock, timeout_s).begin()
    try:
        value = function(*args, **kwargs)
        value = await value if hasattr(value, "__await__") else value
    except BaseException as error:  # whose it is, the cut knows
        if limit.end(error):
            raise CutShort from error
        raise
    limit.end(None)
    return value


@cache
def _cut_class() -> type[Cut]:
    from switchgear.core.policy.timeout import Cut  # here, and once: it loads asyncio

    return Cut


@cache
def _race_module() -> ModuleType:
    from switchgear.core.policy import race  # as above

    return race


def _course(
    policy: Policy,
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    manner: Manner,
    asked_s: float,
) -> Course:
    key = partial(memory_key, policy, function, args, kwargs) if manner.keeps else None
    return Course(policy, manner.fallbacks, key, once=manner.once, asked_s=asked_s)


def _same(awaitable: Any) -> Any:
    return awaitable


def _stands_for_stop(error: RuntimeError, stops: list[StopIteration]) -> bool:
    """Whether it stands for a StopIteration of the user's function, which a generator may not pass on."""
    return any(one is error.__cause__ for one in stops)


def _unawaited(source: Source, awaitable: Any) -> Exception:
    said = f"{source.name} is asynchronous, the call is not"
    if not close(awaitable):
        return TypeError(f"fallback {said}")  # a task, perhaps: it may be under way
    return SettingsError("fallback", source.name, f"{said}; nothing of it ran")


def close(awaitable: Any) -> bool:
    """End a coroutine that nobody will await, or Python would warn of it; whether it could be ended."""
    close = getattr(awaitable, "close", None)
    if close is None:
        return False
    close()
    return True
