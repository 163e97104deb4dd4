"""Owns that calls which fall back at once ask a source once: which calls are the same, and what each of them gets."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

import switchgear as sg
from tests.core.callkit import turns
from tests.core.fallback_kit import (
    MANY,
    PATIENCE_S,
    Desk,
    Line,
    Waits,
    begun,
    guard_of,
    lost,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from tests.core.callkit import Calls


@pytest.fixture
def waits(sync_calls: Calls, monkeypatch: pytest.MonkeyPatch) -> Waits:
    """The threads that wait; time passes only where a test moves it."""
    return Waits(sync_calls.clock, monkeypatch)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Threads to call from."""
    with ThreadPoolExecutor(2 * MANY) as made:
        yield made


def test_threads_that_fall_back_at_once_ask_once(
    sync_calls: Calls, waits: Waits, pool: ThreadPoolExecutor
) -> None:
    """All get the very value, with the source's name; the next call asks anew, for nothing is kept."""
    desk, value = Desk(), object()
    guard = guard_of(sync_calls, sg.source(desk.price, name="desk"))
    futures = [pool.submit(guard.served_sync, lost, "BTC") for _ in range(MANY)]
    waits.until(MANY - 1)
    desk.answer(value)
    served = [future.result(PATIENCE_S) for future in futures]
    assert [(one.value, one.source, one.age_s) for one in served] == [(value, "desk", 0.0)] * MANY
    assert len(desk.asked) == 1
    assert len(sync_calls.told(sg.FallbackServed)) == MANY
    desk.answer("another")
    assert guard.call_sync(lost, "BTC") == "another"
    assert len(desk.asked) == 2


@pytest.mark.parametrize("form", ["coroutine function", "lambda", "served of another guard"])
def test_tasks_that_fall_back_at_once_ask_once(async_calls: Calls, form: str) -> None:
    """Whatever kind of function gives the awaitable; a Served is unwrapped for each."""
    line, value = Line(), object()
    other = async_calls.gear.guarded("coinbase", "get_price")
    sources: dict[str, Callable[[str], Awaitable[object]]] = {
        "coroutine function": line.price,
        "lambda": lambda symbol: line.price(symbol.upper()),
        "served of another guard": lambda symbol: other.served(line.price, symbol),
    }
    guard = guard_of(async_calls, sg.source(sources[form], name="line"))

    async def scene() -> list[sg.Served[Any]]:
        tasks = await begun(guard, MANY, "btc")
        line.answers[0].set_result(value)
        return await asyncio.gather(*tasks)

    name = "line/primary" if form.startswith("served") else "line"
    served = async_calls.run(scene())
    assert [(one.value, one.source) for one in served] == [(value, name)] * MANY
    assert len(line.asked) == 1


def test_calls_of_other_arguments_or_keys_ask_for_themselves(async_calls: Calls) -> None:
    """One symbol's price is not another's, and one account's balance is not another's."""
    line = Line()
    guards = [guard_of(async_calls, line.price, account=account) for account in ("main", "second")]

    async def scene() -> list[object]:
        tasks = [
            task
            for guard in guards
            for symbol in ("BTC", "ETH", ["unhashable"], ["unhashable"])
            for task in await begun(guard, 1, symbol)
        ]
        for number, answer in enumerate(line.answers):
            answer.set_result(number)
        return [served.value for served in await asyncio.gather(*tasks)]

    assert async_calls.run(scene()) == list(range(8))


def test_methods_of_two_objects_are_two_sources(async_calls: Calls) -> None:
    """One backend's answer is not the other's, though their code is one."""
    lines = [Line(), Line()]
    guards = [guard_of(async_calls, line.price) for line in lines]

    async def scene() -> list[object]:
        tasks = [task for guard in guards for task in await begun(guard, 2, "BTC")]
        for number, line in enumerate(lines):
            line.answers[0].set_result(number)
        return [served.value for served in await asyncio.gather(*tasks)]

    assert async_calls.run(scene()) == [0, 0, 1, 1]


def test_lambdas_of_two_symbols_are_two_sources(async_calls: Calls) -> None:
    """Their own variables tell them apart; two of one symbol are one, in guards made for each call."""
    line = Line()

    def made_for(symbol: str) -> sg.Guarded:
        return guard_of(async_calls, lambda: line.price(symbol))

    async def scene() -> list[object]:
        tasks = [
            task for symbol in ("BTC", "ETH", "BTC") for task in await begun(made_for(symbol), 1)
        ]
        for symbol, answer in zip(line.asked, line.answers, strict=True):
            answer.set_result(symbol)
        return [served.value for served in await asyncio.gather(*tasks)]

    assert async_calls.run(scene()) == ["BTC", "ETH", "BTC"]
    assert line.asked == ["BTC", "ETH"]


@pytest.mark.parametrize("method", ["create_order", "cancel_order"])
def test_orders_and_cancels_are_never_one(async_calls: Calls, method: str) -> None:
    """Two equal orders at once are two orders: each goes through its stand-in."""
    line = Line()
    guard = guard_of(async_calls, sg.source(line.price, same_account=True), method)

    async def refused(_symbol: str) -> None:
        raise ConnectionRefusedError

    async def scene() -> list[object]:
        tasks = [asyncio.ensure_future(guard.call(refused, "BTC")) for _ in range(2)]
        await turns()
        for number, answer in enumerate(line.answers):
            answer.set_result(number)
        return await asyncio.gather(*tasks)

    assert async_calls.run(scene()) == [0, 1]


def test_a_failure_is_everybodys(sync_calls: Calls, waits: Waits, pool: ThreadPoolExecutor) -> None:
    """The source is not asked again by each: all go on to the next layer."""
    desk = Desk()
    guard = guard_of(sync_calls, [desk.price, sg.static("static")])
    futures = [pool.submit(guard.call_sync, lost) for _ in range(MANY)]
    waits.until(MANY - 1)
    desk.answer(TimeoutError("no answer"))
    assert [future.result(PATIENCE_S) for future in futures] == ["static"] * MANY
    assert len(desk.asked) == 1
    told = sync_calls.told(sg.FallbackFailed)
    assert [event.error for event in told] == ["TimeoutError: no answer"] * MANY


def test_a_failure_is_everybodys_among_tasks(async_calls: Calls) -> None:
    """As among threads."""
    line = Line()
    guard = guard_of(async_calls, [line.price, sg.static("static")])

    async def scene() -> list[object]:
        tasks = await begun(guard, MANY)
        line.answers[0].set_exception(TimeoutError("no answer"))
        return [served.value for served in await asyncio.gather(*tasks)]

    assert async_calls.run(scene()) == ["static"] * MANY
    assert len(line.asked) == 1
