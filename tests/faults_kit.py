"""Owns what tests of faults share: each way to make a guarded call, as one parameter."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import switchgear as sg

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

KEY = ("binance", "get_x")
BROKEN = TimeoutError("slow")


def plain(guard: sg.Guarded, body: Callable[..., Any], *args: Any) -> Any:
    """A plain function, called."""
    return guard.call_sync(body, *args)


def decorated(guard: sg.Guarded, body: Callable[..., Any], *args: Any) -> Any:
    """A plain function, guarded for good."""

    def work(*given: Any) -> Any:
        return body(*given)

    return guard(work)(*args)


def coroutine(guard: sg.Guarded, body: Callable[..., Any], *args: Any) -> Any:
    """A coroutine function, awaited."""

    async def work(*given: Any) -> Any:
        return body(*given)

    return asyncio.run(guard.call(work, *args))


def decorated_coroutine(guard: sg.Guarded, body: Callable[..., Any], *args: Any) -> Any:
    """A coroutine function, guarded for good."""

    async def work(*given: Any) -> Any:
        return body(*given)

    async def run() -> Any:
        return await guard(work)(*args)

    return asyncio.run(run())


async def later(body: Callable[..., Any], *args: Any) -> Any:
    """What gives the body's value once it is awaited."""
    return body(*args)


def awaitable(guard: sg.Guarded, body: Callable[..., Any], *args: Any) -> Any:
    """A plain function that gives an awaitable, called and awaited."""
    return asyncio.run(guard.call(lambda *given: later(body, *given), *args))


def decorated_awaitable(guard: sg.Guarded, body: Callable[..., Any], *args: Any) -> Any:
    """A plain function that says it gives an awaitable, guarded for good."""

    def ask(*given: Any) -> Awaitable[Any]:
        return later(body, *given)

    async def run() -> Any:
        return await guard(ask)(*args)

    return asyncio.run(run())


def plain_awaited(guard: sg.Guarded, body: Callable[..., Any], *args: Any) -> Any:
    """A plain function with a plain value, called from a coroutine."""
    return asyncio.run(guard.call(body, *args))


COLOURS: list[Any] = [
    plain,
    decorated,
    coroutine,
    decorated_coroutine,
    awaitable,
    decorated_awaitable,
    plain_awaited,
]


def ended(call: Any, guard: sg.Guarded, body: Callable[..., Any], *args: Any) -> object:
    """The value of a call, or its error."""
    try:
        return call(guard, body, *args)
    except (ArithmeticError, LookupError, OSError, ValueError) as error:
        return error
