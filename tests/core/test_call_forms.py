"""Owns the forms of a call: decorator, call, served, try_call and the block, each with all its endings."""

from __future__ import annotations

import asyncio
import functools
import inspect
import types
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import pytest

import switchgear as sg
from tests.core.callkit import Boom, Calls, HttpError

if TYPE_CHECKING:
    from collections.abc import Iterator

FORMS = ["decorator", "call", "served", "try_call"]
KEY = ("binance", "get_price")
user: ContextVar[str] = ContextVar("user", default="nobody")


def value_of(form: str, made: Any) -> Any:
    """The bare value of what a form gives."""
    return made.value if form in {"served", "try_call"} else made


@pytest.mark.parametrize("form", FORMS)
def test_each_form_gives_the_value(calls: Calls, form: str) -> None:
    """With positional and keyword arguments, also such as our own parameters are named."""

    def price(*args: Any, **kwargs: Any) -> Any:
        return args, kwargs

    named = {"function": 1, "self": 2, "policy": 3, "args": 4}
    made = calls.do(form, calls.guard(), price, "BTC", **named)
    assert value_of(form, made) == (("BTC",), named)


@pytest.mark.parametrize("form", ["decorator", "call", "served"])
def test_each_form_raises_the_functions_own_error(calls: Calls, form: str) -> None:
    """The very object, on the straight path and through the flow."""
    for error in (Boom("own"), HttpError(404), ExceptionGroup("two", [Boom("a"), Boom("b")])):
        with pytest.raises(type(error)) as caught:
            calls.do(form, calls.guard(retries=0), calls.answers(error))
        assert caught.value is error


def test_try_call_never_raises_for_a_failed_or_rejected_call(calls: Calls) -> None:
    """Ok with its provenance, Err with what call would have raised; a rejection too."""
    guard = calls.guard(failure_threshold=1)
    boom = Boom("own")
    assert calls.do("try_call", guard, lambda: 5) == sg.Ok(5)
    assert calls.do("try_call", guard, calls.answers(boom)) == sg.Err(boom)
    rejected = calls.do("try_call", guard, int)
    assert isinstance(rejected, sg.Err)
    assert isinstance(rejected.error, sg.CircuitOpenError)
    served = calls.do("try_call", calls.guard(fallback=sg.static(7)), int)
    assert (served.value, served.source) == (7, "static")


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_try_call_lets_an_exit_pass(sync_calls: Calls, stop: type[BaseException]) -> None:
    """Ctrl-C and exit are nobody's failed call."""
    with pytest.raises(stop):
        sync_calls.do("try_call", sync_calls.guard(), sync_calls.answers(stop()))
    assert sync_calls.metrics().cancelled_calls == 1


def test_short_forms_of_the_gear(sync_calls: Calls) -> None:
    """gear.call and gear.call_sync are the guard's, on the same key, whatever its spelling."""
    gear = sync_calls.gear
    assert gear.call_sync("Binance", "getPrice", max, 1, 2) == 2
    assert sync_calls.run(gear.call("binance", "get_price", min, 1, 2)) == 1
    assert sync_calls.metrics().total_calls == 2


def test_the_decorator_keeps_the_functions_face(calls: Calls) -> None:
    """Name, qualified name, doc, module, signature, annotations and colour."""

    def price(symbol: str, *, depth: int = 1) -> str:
        """The price."""
        return symbol * depth

    async def price_later(symbol: str, *, depth: int = 1) -> str:
        """The price, later."""
        return symbol * depth

    bare = price_later if calls.is_async else price
    guarded = calls.guard()(bare)
    assert guarded is not bare
    assert inspect.signature(guarded) == inspect.signature(bare)
    for name in ("__name__", "__qualname__", "__doc__", "__module__", "__annotations__"):
        assert getattr(guarded, name) == getattr(bare, name)
    assert inspect.iscoroutinefunction(guarded) is calls.is_async
    assert calls.finish(guarded("ab", depth=2)) == "abab"


def test_methods_static_methods_and_class_methods(calls: Calls) -> None:
    """Each as in a class without guard, whichever decorator stands outside."""
    guard = calls.guard()

    class Client:
        tag = "class"

        def __init__(self) -> None:
            self.tag = "instance"

        @guard
        def plain(self, x: int) -> tuple[str, int]:
            return self.tag, x

        @guard
        async def later(self, x: int) -> tuple[str, int]:
            return self.tag, x

        @staticmethod
        @guard
        def inside(x: int) -> int:
            return x

        @guard
        @staticmethod
        def outside(x: int) -> int:
            return x

        @classmethod
        @guard
        def class_inside(cls, x: int) -> tuple[str, int]:
            return cls.tag, x

        @guard
        @classmethod
        def class_outside(cls, x: int) -> tuple[str, int]:
            return cls.tag, x

    for owner in (Client(), Client):
        assert (owner.inside(1), owner.outside(2)) == (1, 2)
        assert (owner.class_inside(3), owner.class_outside(4)) == (("class", 3), ("class", 4))
    assert Client().plain(5) == ("instance", 5)
    assert calls.run(Client().later(6)) == ("instance", 6)
    assert calls.metrics().success_calls == 10


def test_partials_callables_and_builtins(sync_calls: Calls) -> None:
    """Whatever can be called can be guarded."""

    class Doubler:
        def __call__(self, x: int) -> int:
            return 2 * x

    class Later:
        async def __call__(self, x: int) -> int:
            return 3 * x

    async def plus(x: int, y: int) -> int:
        return x + y

    guard = sync_calls.guard()
    assert guard(functools.partial(max, 5))(7) == 7
    assert guard(Doubler())(4) == 8
    assert guard(len)("abc") == 3
    assert sync_calls.run(guard(Later())(4)) == 12
    partial = guard(functools.partial(plus, 1))
    assert inspect.iscoroutinefunction(partial)
    assert sync_calls.run(partial(2)) == 3
    assert sync_calls.run(guard.call(Later(), 5)) == 15


def test_a_wrapper_round_a_guarded_function_is_not_taken_off(sync_calls: Calls) -> None:
    """functools.wraps copies our mark to it; it runs all the same, under the same guard."""
    guard = sync_calls.guard()

    @guard
    def bare(symbol: str) -> str:
        return symbol

    @functools.wraps(bare)
    def upper(symbol: str) -> str:
        return bare(symbol.upper())

    assert guard.call_sync(upper, "btc") == "BTC"
    assert guard(upper)("eth") == "ETH"


@pytest.mark.parametrize("kind", ["generator", "async generator"])
def test_a_generator_function_is_refused_where_it_is_decorated(calls: Calls, kind: str) -> None:
    """Its call runs nothing, so a guard of it would guard nothing."""

    def numbers() -> Any:
        yield 1

    async def later() -> Any:
        yield 1

    with pytest.raises(sg.SettingsError, match="a generator is not a call"):
        calls.guard()(numbers if kind == "generator" else later)


def test_what_a_plain_function_gives_to_await_is_awaited_inside_the_ticket(
    async_calls: Calls,
) -> None:
    """A lambda, a coroutine, a future, an object with __await__: its failure is the call's."""
    calls = async_calls

    async def fail() -> None:
        raise Boom("late")

    class Awaitable:
        def __await__(self) -> Any:
            return fail().__await__()

    guard = calls.guard(failure_threshold=99)

    def plain() -> Any:
        return fail()

    makers = [plain, lambda: asyncio.ensure_future(fail()), Awaitable]

    async def all_ways() -> None:
        for maker in makers:
            for way in (guard.call(maker), guard(maker)()):
                with pytest.raises(Boom):
                    await way

    calls.run(all_ways())
    metrics = calls.metrics()
    assert (metrics.total_calls, metrics.failed_calls, metrics.in_flight) == (6, 6, 0)
    assert calls.gear.circuit(*KEY).failures == 6


def test_an_awaitable_that_is_rejected_before_it_is_awaited_is_closed(async_calls: Calls) -> None:
    """The circuit opens between the call and the await: no coroutine is left behind, nothing ran."""
    calls, ran = async_calls, list[int]()

    async def work() -> None:
        ran.append(1)

    @calls.guard()
    def guarded() -> Any:
        return work()

    async def scene() -> None:
        made = guarded()
        calls.gear.hold(*KEY, by="ops", why="incident")
        with pytest.raises(sg.CircuitOpenError):
            await made

    calls.run(scene())  # a coroutine left behind would warn, and a warning is an error here
    assert ran == []
    assert calls.metrics().in_flight == 0


def test_a_context_variable_is_seen_and_kept(calls: Calls) -> None:
    """The function runs in the caller's context: what it sets is there afterwards, as without guard."""
    guard = calls.guard()

    def work() -> str:
        seen = user.get()
        user.set("set inside")
        return seen

    async def scene() -> tuple[str, str]:
        user.set("caller")
        function = calls.function(work)
        made = guard(function)()
        return (await made if calls.is_async else made), user.get()

    assert calls.run(scene()) == ("caller", "set inside")


@pytest.mark.parametrize("form", ["decorator", "call"])
@pytest.mark.parametrize("log_level", ["INFO", "DEBUG"])
def test_stop_iteration_passes_a_synchronous_guard(
    sync_calls: Calls, form: str, log_level: str
) -> None:
    """Though a generator carries the flow; and an error that only looks like ours of it stays what it is."""
    guard = sync_calls.guard(retries=0, log_level=log_level)
    stop = StopIteration("done")
    with pytest.raises(StopIteration) as caught:
        sync_calls.do(form, guard, sync_calls.answers(stop))
    assert caught.value is stop

    def broken_generator() -> Any:
        yield next(iter(()))

    with pytest.raises(RuntimeError, match="generator raised StopIteration"):
        sync_calls.do(form, guard, lambda: list(broken_generator()))


class Unprintable(Exception):
    """Its text cannot be had."""

    def __str__(self) -> str:
        raise RuntimeError("no text")


def test_an_error_without_text_is_told_all_the_same(calls: Calls) -> None:
    """The caller has it; log, metrics and the rejection that comes of it name its class."""
    error = Unprintable()
    guard = calls.guard(failure_threshold=1)
    assert calls.error(guard, calls.answers(error)) is error
    assert "Unprintable" in str(calls.error(guard, int))
    assert "Unprintable" in str(calls.metrics().last_error)
    assert any("Unprintable" in record.message for record in calls.gear.logs())


def test_a_synchronous_call_in_a_running_loop_does_not_wait(sync_calls: Calls) -> None:
    """It makes its first attempt; where it would wait it raises, the last error as its cause."""
    exchange = sync_calls.answers(ConnectionResetError("first"))
    guard = sync_calls.guard()

    async def scene() -> sg.WouldBlockLoop:
        assert guard.call_sync(lambda: "value") == "value"
        with pytest.raises(sg.WouldBlockLoop, match="use await, or a thread") as caught:
            guard.call_sync(exchange)
        return caught.value

    error = sync_calls.run(scene())
    assert str(error.__cause__) == "first"
    assert len(exchange.at_s) == 1
    metrics = sync_calls.metrics()
    assert (metrics.total_calls, metrics.failed_calls, metrics.in_flight) == (2, 1, 0)
    assert sync_calls.clock.slept_s == []


def partial_value(value: object) -> Any:
    """A function that gives it."""
    return lambda: value


def test_any_value_passes(sync_calls: Calls) -> None:
    """What is no awaitable is a value, whatever it is."""
    for value in (None, types.SimpleNamespace(a=1), int, [1], iter(())):
        assert sync_calls.call(sync_calls.guard(), partial_value(value)) is value


def test_try_call_sync_says_that_an_awaitable_is_not_for_it(sync_calls: Calls) -> None:
    """What gives an awaitable has no value yet: the error names the way to go."""

    class Later:
        def __await__(self) -> Iterator[None]:
            yield

    with pytest.raises(sg.SettingsError, match="it gives an awaitable; use try_call"):
        sync_calls.guard().try_call_sync(Later)
