"""Owns what last_good remembers: for which call, how long, and what it must never mix up."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

import switchgear as sg
from tests.core.callkit import Calls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DOWN = ConnectionResetError("down")


class Exchange:
    """Gives back what it is asked for, until it is down."""

    def __init__(self) -> None:
        self.is_down = False

    def price(self, symbol: object, **_named: object) -> object:
        """The symbol itself, so that a mix-up shows."""
        if self.is_down:
            raise DOWN
        return symbol


@pytest.fixture
def exchange() -> Exchange:
    """An exchange that is up."""
    return Exchange()


@pytest.fixture
def guard(sync_calls: Calls) -> sg.Guarded:
    """A read that remembers for a minute."""
    return sync_calls.guard(fallback=sg.last_good(max_age_s=60), retries=0, failure_threshold=99)


def test_the_last_good_value_has_its_age(calls: Calls, exchange: Exchange) -> None:
    """The newest primary success of the same arguments; too old it is not served, in words."""
    guard = calls.guard(fallback=sg.last_good(60), retries=0, failure_threshold=99)
    priced = guard(calls.function(exchange.price))
    calls.finish(priced("BTC"))
    exchange.is_down = True
    calls.clock.advance(60)
    assert calls.finish(priced("BTC")) == "BTC"
    assert calls.told(sg.FallbackServed)[0].age_s == 60
    with pytest.raises(ConnectionResetError) as other:
        calls.finish(priced("ETH"))
    assert any("no good value" in note for note in other.value.__notes__)
    calls.clock.advance(0.5)
    with pytest.raises(ConnectionResetError) as old:
        calls.finish(priced("BTC"))
    assert any("60.5 s old, allowed are 60 s" in note for note in old.value.__notes__)


def test_a_fallbacks_value_is_not_remembered(calls: Calls, exchange: Exchange) -> None:
    """Primary successes only: what a fallback served is no good value of this call."""
    exchange.is_down = True
    priced = calls.function(exchange.price)
    first = calls.gear.guarded("binance", "get_price", fallback=sg.static("static"), retries=0)
    assert calls.finish(first.call_sync(priced, 1) if not calls.is_async else first.call(priced, 1))
    later = calls.guard(fallback=sg.last_good(60))
    method = later.call if calls.is_async else later.call_sync
    with pytest.raises(ConnectionResetError):
        calls.finish(method(priced, 1))


def closure(exchange: Exchange, symbol: str) -> Callable[..., Any]:
    """A function whose symbol is a variable of its closure."""
    return lambda: exchange.price(symbol)


def keyword_default(exchange: Exchange, symbol: str) -> Callable[..., Any]:
    """A function whose symbol is a default of a keyword."""

    def ask(*, symbol: str = symbol) -> object:
        return exchange.price(symbol)

    return ask


def default(exchange: Exchange, symbol: str) -> Callable[..., Any]:
    """A function whose symbol is a default of a parameter."""

    def ask(symbol: str = symbol) -> object:
        return exchange.price(symbol)

    return ask


def lambdas(exchange: Exchange, symbols: tuple[str, ...]) -> Iterator[Callable[..., Any]]:
    """Functions with one code and different variables, in every way that Python has."""
    for symbol in symbols:
        yield closure(exchange, symbol)
    for symbol in symbols:
        yield default(exchange, symbol)
    for symbol in symbols:
        yield keyword_default(exchange, symbol)
    for symbol in symbols:
        yield partial(exchange.price, symbol)


def test_functions_of_one_code_are_told_apart_by_their_variables(
    guard: sg.Guarded, exchange: Exchange
) -> None:
    """A closure, a default, a keyword default, a partial: never one symbol's price for another's."""
    asks = list(lambdas(exchange, ("BTC", "ETH")))
    fresh = [guard.call_sync(ask) for ask in asks]
    assert fresh == ["BTC", "ETH"] * 4
    exchange.is_down = True
    assert [guard.call_sync(ask) for ask in asks] == fresh


def test_equal_lines_of_two_files_are_two_functions(guard: sg.Guarded, exchange: Exchange) -> None:
    """Python calls their code equal; their module and file tell them apart."""
    line = "def price(): return ask(NAME)"
    homes: list[dict[str, Any]] = [
        {"__name__": name, "NAME": name, "ask": exchange.price} for name in ("one", "two")
    ]
    for home in homes:
        exec(compile(line, f"{home['NAME']}.py", "exec"), home)
    functions = [home["price"] for home in homes]
    assert functions[0].__code__.co_code == functions[1].__code__.co_code
    assert [guard.call_sync(function) for function in functions] == ["one", "two"]
    exchange.is_down = True
    assert [guard.call_sync(function) for function in functions] == ["one", "two"]


def test_self_is_no_part_of_it_and_the_account_is(sync_calls: Calls, exchange: Exchange) -> None:
    """Two clients of one account share; two accounts do not, nor two methods."""
    guards = {
        name: sync_calls.gear.guarded(
            "binance", method, account=account, fallback=sg.last_good(60), retries=0
        )
        for name, method, account in (
            ("mine", "get_price", "main"),
            ("theirs", "get_price", "second"),
            ("other", "get_ticker", "main"),
        )
    }

    class Client:
        def price(self, symbol: str) -> object:
            return exchange.price(symbol)

    assert guards["mine"].call_sync(Client().price, "BTC") == "BTC"
    exchange.is_down = True
    assert guards["mine"].call_sync(Client().price, "BTC") == "BTC"
    for name in ("theirs", "other"):
        with pytest.raises(ConnectionResetError):
            guards[name].call_sync(Client().price, "BTC")


def test_a_guarded_method_drops_self_too(guard: sg.Guarded, exchange: Exchange) -> None:
    """Decorated in the class body, its instances share the account's values."""

    class Client:
        @guard
        def price(self, symbol: str) -> object:
            return exchange.price(symbol)

    assert Client().price("BTC") == "BTC"
    exchange.is_down = True
    assert Client().price("BTC") == "BTC"


def test_unhashable_arguments_are_not_stored_and_said_once(
    sync_calls: Calls, guard: sg.Guarded, exchange: Exchange
) -> None:
    """The calls go on; one WARNING names the function."""
    for _ in range(3):
        assert guard.call_sync(exchange.price, ["BTC"]) == ["BTC"]
    exchange.is_down = True
    with pytest.raises(ConnectionResetError):
        guard.call_sync(exchange.price, ["BTC"])
    (note,) = sync_calls.told(sg.Note)
    assert note.level is sg.Level.WARNING
    assert "Exchange.price" in note.message


class Unhappy:
    """Its hash fails in a way of its own."""

    def __hash__(self) -> int:
        raise RuntimeError("no hash")


def test_a_hash_that_fails_costs_the_memory_and_not_the_call(
    guard: sg.Guarded, exchange: Exchange
) -> None:
    """The call has succeeded by then: its value is the caller's."""
    unhappy = Unhappy()
    assert guard.call_sync(exchange.price, unhappy) is unhappy


def test_a_variable_without_a_value_costs_the_memory_and_not_the_call(guard: sg.Guarded) -> None:
    """A closure may name what is assigned later: it cannot be told apart yet."""

    def ask(late: bool = False) -> object:
        return later if late else "value"

    assert guard.call_sync(ask) == "value"
    later = "now it has one"
    assert guard.call_sync(ask, late=True) == later


def test_a_plain_function_that_gives_an_awaitable_is_remembered(
    async_calls: Calls, exchange: Exchange
) -> None:
    """Decorated, its value is known under its own name and arguments."""
    calls = async_calls

    async def price(symbol: str) -> object:
        return exchange.price(symbol)

    @calls.guard(fallback=sg.last_good(60), retries=0)
    def ask(symbol: str) -> Any:
        return price(symbol)

    assert calls.finish(ask("BTC")) == "BTC"
    exchange.is_down = True
    assert calls.finish(ask("BTC")) == "BTC"
    assert calls.told(sg.Note) == []
