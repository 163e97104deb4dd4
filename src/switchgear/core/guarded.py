"""Owns the handle of one key: decorator, call, try_call, served and the block form; running is in call."""

from __future__ import annotations

from functools import partial, update_wrapper
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast, overload

from switchgear.core.call import close, stand_by, stand_by_async
from switchgear.core.errors import SettingsError
from switchgear.core.outcome import Err, Ok, Served
from switchgear.core.path import GUARDED_BY, Gives, async_path, sync_path
from switchgear.core.policy.fallback import LastGood, Manner, checked
from switchgear.core.policy.flow import Course
from switchgear.core.policy.memory_key import memory_key
from switchgear.core.policy.quick import refusal
from switchgear.core.policy.stand_in import remembered
from switchgear.core.policy.step import Ask, CutShort, Run
from switchgear.core.policy.wiretap import Block, is_marked

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine
    from types import TracebackType
    from typing import ParamSpec

    from switchgear.core.errors import CircuitOpenError
    from switchgear.core.policy.plan import Policy
    from switchgear.core.policy.step import Flow, Step

    P = ParamSpec("P")

# A member is looked up once, not at each call.
_SERVED, _TRIED = Gives.SERVED, Gives.TRIED

T = TypeVar("T")
F = TypeVar("F", bound="Callable[..., Any]")

_COROUTINE_FLAG, _GENERATOR_FLAGS = (
    0x80,
    0x20 | 0x200,
)  # CO_COROUTINE, CO_GENERATOR, CO_ASYNC_GENERATOR of inspect


class Guarded:
    """
    One key's calls, with their fallbacks: use it as a decorator, or hand it functions to call.

    Made by `Switchgear.guarded`. It holds no state of a call, so any number of threads and tasks may share it.
    """

    def __init__(self, policy: Policy, fallback: object = None, *, once: bool = False) -> None:
        self.policy = policy
        found = checked(fallback, policy.plan.effect, None)
        self._manner = Manner(found, any(isinstance(one, LastGood) for one in found), once)

    def __call__(self, function: F) -> F:
        """
        The function, guarded: same signature, same colour; a refused or failed call raises as `call` does.

        Raises:
            SettingsError: A fallback does not take the function's arguments, or the function is a generator.
        """
        if isinstance(function, (staticmethod, classmethod)):
            # Guarded within, so that the class still finds the one or the other.
            found = cast("Any", function)
            return cast("F", found.__class__(self(found.__func__)))
        checked(self._manner.fallbacks, self.policy.plan.effect, function)
        flags = _code_flags(function)
        if flags & _GENERATOR_FLAGS:
            raise SettingsError(
                "function", function, "a generator is not a call; guard what it calls"
            )
        path = async_path if flags & _COROUTINE_FLAG else sync_path
        run = path(self.policy, function, self._manner)
        update_wrapper(run, function)
        setattr(run, GUARDED_BY, (self.policy, run, self._manner))
        return run  # type: ignore[return-value]  # update_wrapper gave it the function's face

    @overload
    async def call(
        self, function: Callable[P, Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs
    ) -> T: ...
    @overload
    async def call(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T: ...
    async def call(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """The function's value, or a fallback's; an awaitable it returns is awaited inside the ticket."""
        return await async_path(self.policy, function, self._manner)(*args, **kwargs)

    def call_sync(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """The same for a synchronous function; raises WouldBlockLoop rather than wait inside a running event loop."""
        return sync_path(self.policy, function, self._manner)(*args, **kwargs)  # type: ignore[no-any-return]  # the path keeps the function's type

    @overload
    async def served(
        self, function: Callable[P, Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs
    ) -> Served[T]: ...
    @overload
    async def served(
        self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> Served[T]: ...
    async def served(
        self, function: Callable[..., Any], /, *args: Any, **kwargs: Any
    ) -> Served[Any]:
        """The value, with where it came from and how old it is."""
        return await async_path(self.policy, function, self._manner, _SERVED)(*args, **kwargs)  # type: ignore[no-any-return]  # whole paths give Served

    def serving(
        self, function: Callable[P, Awaitable[T]]
    ) -> Callable[P, Coroutine[Any, Any, Served[T]]]:
        """What `served` makes of this function each time, made once: for who calls it often."""
        return async_path(self.policy, function, self._manner, _SERVED)

    def remembered(
        self, function: Callable[P, object], /, *args: P.args, **kwargs: P.kwargs
    ) -> Served[Any] | None:
        """What a last_good fallback of this guard could serve of this call now; None when it could not."""
        keeper = next((one for one in self._manner.fallbacks if isinstance(one, LastGood)), None)
        key = memory_key(self.policy, function, args, kwargs)
        try:
            return None if keeper is None else Served(*remembered(self.policy, keeper, key))
        except LookupError:
            return None

    def served_sync(
        self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> Served[T]:
        """The same for a synchronous function."""
        return sync_path(self.policy, function, self._manner, _SERVED)(*args, **kwargs)  # type: ignore[no-any-return]  # whole paths give Served

    @overload
    async def try_call(
        self, function: Callable[P, Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs
    ) -> Ok[T] | Err: ...
    @overload
    async def try_call(
        self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> Ok[T] | Err: ...
    async def try_call(
        self, function: Callable[..., Any], /, *args: Any, **kwargs: Any
    ) -> Ok[Any] | Err:
        """The value as Ok, or the error as Err; a failed or rejected call never raises."""
        refused = self._refused(function) if self.policy.shut else None
        if refused is not None:
            return Err(refused)
        try:
            found = await async_path(self.policy, function, self._manner, _TRIED)(*args, **kwargs)
        except Exception as error:
            return Err(error)
        return found if type(found) is Err else Ok(found.value, found.source, found.age_s)

    def try_call_sync(
        self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> Ok[T] | Err:
        """The same for a synchronous function."""
        refused = self._refused(function) if self.policy.shut else None
        if refused is not None:
            return Err(refused)
        try:
            found = sync_path(self.policy, function, self._manner, _TRIED)(*args, **kwargs)
        except Exception as error:
            return Err(error)
        if isinstance(found, Err):
            return found
        if not isinstance(found, Served):
            close(found)
            raise SettingsError("function", function, "it gives an awaitable; use try_call")
        served = cast("Served[T]", found)
        return Ok(served.value, served.source, served.age_s)

    def _refused(self, function: Callable[..., Any]) -> CircuitOpenError | None:
        """What an open circuit answers at once, with nothing made for the call; None where a fallback could serve."""
        serves = self._manner.fallbacks or getattr(function, GUARDED_BY, None) is not None
        return None if serves else refusal(self.policy)

    def attempt(self) -> Attempt:
        """One ticket round a block, `with` or `async with`: no retry and no fallback, for a block runs once."""
        return Attempt(self.policy)


class Attempt:
    """One ticket round a block of code: admitted on entering, settled on leaving, whatever way it is left."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._course = Course(policy, (), None, block=True, once=True)
        self._flow: Flow | None = None
        self._cut: Any = None
        self._block: Block | None = None

    def __enter__(self) -> Self:
        act = self._begin()
        while not isinstance(step := act(), Run):
            assert not isinstance(step, Ask)  # a block has no fallbacks
            act = self._after(partial(stand_by, step, self._policy))
        self._mark()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._leave(error)

    async def __aenter__(self) -> Self:
        act = self._begin()
        while not isinstance(step := act(), Run):
            assert not isinstance(step, Ask)  # a block has no fallbacks
            try:
                value = await stand_by_async(step, self._policy)
            except BaseException as error:
                act = partial(self._going.throw, error)
            else:
                act = partial(self._going.send, value)
        if step.timeout_s is not None:
            from switchgear.core.policy.timeout import Cut  # here: it loads asyncio

            self._cut = await Cut(self._policy.clock, step.timeout_s).__aenter__()
        self._mark()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._cut is not None:
            try:
                await self._cut.__aexit__(kind, error, trace)
            except TimeoutError as cut:
                error = CutShort()
                error.__cause__ = cut
        self._leave(error)

    @property
    def _going(self) -> Flow:
        assert self._flow is not None
        return self._flow

    def _begin(self) -> Callable[[], Step]:
        """What gives the first step: to run the block, or to wait for room before it."""
        if self._flow is not None:
            raise RuntimeError("an attempt is one ticket: make another with attempt()")
        self._flow = self._course.flow()
        return partial(next, self._flow)

    def _after(self, wait: Callable[[], object]) -> Callable[[], Step]:
        """What gives the next step, when a wait is over or was broken off."""
        try:
            value = wait()
        except BaseException as error:
            return partial(self._going.throw, error)
        return partial(self._going.send, value)

    def _mark(self) -> None:
        if is_marked(self._policy):
            self._block = Block(self._course)

    def _leave(self, error: BaseException | None) -> None:
        flow = self._going
        if self._block is not None:
            self._block.end()
        try:
            flow.send(None) if error is None else flow.throw(error)
        except StopIteration:
            return
        except BaseException as raised:
            # The block's own error goes on by itself: raising it here would only lengthen its traceback.
            # A generator may not raise StopIteration: a block's own comes as the cause of a RuntimeError.
            if raised is not error and raised.__cause__ is not error:
                raise


def _code_flags(function: Callable[..., Any]) -> int:
    while isinstance(function, partial):
        function = function.func
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    return getattr(code, "co_flags", 0)
