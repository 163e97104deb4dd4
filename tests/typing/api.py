"""Owns the types that users of the public names get; mypy and pyright read it, nobody runs it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from decimal import Decimal
from functools import partial
from typing import Any, assert_type

import switchgear as sg

gear = sg.Switchgear(settings={"retries": 1})
guard = gear.guarded("binance", "get_price", fallback=[sg.last_good(max_age_s=30), sg.static(1)])
assert_type(guard, sg.Guarded)


@guard
async def price(symbol: str, *, depth: int = 1) -> Decimal:
    return Decimal(depth) if symbol else Decimal(0)


@guard
def price_sync(symbol: str) -> Decimal:
    return Decimal(len(symbol))


@gear.guarded("binance", "get_time", signed=False)
def server_time() -> int:
    return 0


class Client:
    @guard
    def method(self, symbol: str) -> Decimal:
        return Decimal(len(symbol))

    @guard
    async def later(self, symbol: str) -> Decimal:
        return Decimal(len(symbol))

    @staticmethod
    @guard
    def static(symbol: str) -> Decimal:
        return Decimal(len(symbol))


def given() -> int:
    return 1


def with_two(first: int, second: str) -> bytes:
    return second.encode() * first


async def the_decorator_keeps_signature_and_colour() -> None:
    later: Coroutine[Any, Any, Decimal] = price("BTC", depth=2)
    assert_type(await later, Decimal)
    assert_type(await price("BTC"), Decimal)
    assert_type(price_sync("BTC"), Decimal)
    assert_type(server_time(), int)
    assert_type(Client().method("BTC"), Decimal)
    assert_type(await Client().later("BTC"), Decimal)
    assert_type(Client.static("BTC"), Decimal)
    await price(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    price_sync()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


async def the_methods_give_the_functions_value() -> None:
    assert_type(await guard.call(price, "BTC", depth=1), Decimal)
    assert_type(await guard.call(with_two, 1, "b"), bytes)
    assert_type(guard.call_sync(with_two, 1, second="b"), bytes)
    assert_type(guard.call_sync(partial(with_two, 1), "b"), bytes)
    assert_type(await guard.served(price, "BTC"), sg.Served[Decimal])
    assert_type(guard.served_sync(given), sg.Served[int])
    assert_type((await guard.served(given)).value, int)
    assert_type((await guard.served(given)).age_s, float)
    guard.call_sync(with_two, "b")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue, reportArgumentType]


async def try_call_is_a_union_to_match() -> None:
    made = await guard.try_call(price, "BTC")
    assert_type(made, sg.Ok[Decimal] | sg.Err)
    match made:
        case sg.Ok(value):
            assert_type(value, Decimal)
        case sg.Err(error):
            assert_type(error, Exception)
    assert_type(guard.try_call_sync(given), sg.Ok[int] | sg.Err)


async def the_block_has_both_colours() -> None:
    with guard.attempt() as sync_block:
        sync_block.__class__
    async with guard.attempt() as async_block:
        async_block.__class__


def what_the_gear_tells() -> None:
    assert_type(gear.circuit("binance", "get_price"), sg.CircuitView)
    assert_type(gear.circuits(), list[sg.CircuitView])
    assert_type(gear.gates(), list[sg.GateView])
    assert_type(gear.health(), sg.Health)
    assert_type(gear.metrics("binance", "get_price"), sg.CallMetrics)
    assert_type(gear.metrics("binance", "get_price").circuit_state, sg.CircuitState)
    assert_type(gear.logs(level="ERROR", limit=5), list[sg.LogRecord])
    assert_type(gear.on(sg.CircuitMoved, moved), Callable[[], None])
    assert_type(sg.classify(ValueError(), exchange="binance", effect=sg.Effect.READ), sg.Verdict)


def moved(event: sg.CircuitMoved) -> None:
    assert_type(event.new, sg.CircuitState)


def errors_have_their_fields(error: Exception) -> None:
    match error:
        case sg.CircuitOpenError() | sg.GateClosedError():
            assert_type(error.retry_after_s, float | None)
            assert_type(error.scope, sg.Scope)
        case sg.OrderOutcomeUnknown():
            assert_type(error.client_order_id, str | None)
        case sg.ApiError():
            assert_type(error.verdict, sg.Verdict | None)
        case _:
            raise error
