"""Owns which calls are one for last_good and for a source, and that a layer which cannot be is refused in words."""

from __future__ import annotations

from functools import partial
from math import inf
from sys import float_info
from types import FunctionType
from typing import TYPE_CHECKING, Any

import pytest

import switchgear as sg
from switchgear.core.policy.fallback import Source, checked
from switchgear.core.policy.memory import Memory
from switchgear.core.policy.memory_key import flight_key, memory_key
from switchgear.core.policy.together import asked_together
from switchgear.core.words import Effect, Key, Level
from tests.core.callkit import Calls
from tests.core.engine_kit import policy
from tests.core.policy.crowd import PATIENCE_S, in_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from switchgear.core.policy.plan import Policy

NO_FUNCTION = "must be a function, or made by last_good, source or static"
NO_NAME = "must be a str, and not 'primary': that is the call itself"
NO_SECONDS = "must be a number of seconds above 0"
NO_TIMEOUT = "must be a finite number of seconds above 0"
NO_TRADE = "a trade is never answered from elsewhere; allowed is source(…, same_account=True)"


@pytest.fixture
def plain() -> Iterator[Calls]:
    """Plain functions."""
    calls = Calls("sync")
    yield calls
    calls.close()


@pytest.fixture
def of_key(plain: Calls) -> Policy:
    """What stands between callers and one key."""
    plain.guard()
    return policy(plain)


class Client:
    """A client of an exchange."""

    def price(self, symbol: str, *, depth: int = 1) -> tuple[str, int]:
        """What it was asked."""
        return symbol, depth


class Asker:
    """An object that is called like a function."""

    def __call__(self, symbol: str) -> str:
        return symbol


# ---------------------------------------------------------------------------------- layers that cannot be


@pytest.mark.parametrize(
    ("make", "field", "value", "allowed"),
    [
        (lambda: sg.last_good(0), "max_age_s", 0, NO_SECONDS),
        (lambda: sg.source(int, timeout_s=inf), "timeout_s", inf, NO_TIMEOUT),
        (lambda: checked(7, Effect.READ, None), "fallback", 7, NO_FUNCTION),
        (lambda: sg.source(int, name="primary"), "name", "primary", NO_NAME),
        (lambda: checked(sg.static(1), Effect.TRADE, None), "fallback", "static", NO_TRADE),
    ],
)
def test_a_layer_that_cannot_be_is_refused_in_words(
    make: Callable[[], object], field: str, value: object, allowed: str
) -> None:
    """The field, what was given, and what is allowed."""
    with pytest.raises(sg.SettingsError) as caught:
        make()
    error = caught.value
    assert (error.field, error.value, error.allowed) == (field, value, allowed)


def test_half_a_second_and_the_longest_number_are_seconds() -> None:
    """Any number above 0 is, up to the largest that there is."""
    assert sg.last_good(0.5).max_age_s == 0.5
    assert sg.source(int, timeout_s=float_info.max).timeout_s == float_info.max


@pytest.mark.parametrize(
    ("function", "name"), [(lambda: 1, "fallback"), (int, "int"), (Asker(), "Asker")]
)
def test_a_source_without_a_name_has_that_of_its_function(function: Any, name: str) -> None:
    """Or that of its class; a lambda's own says nothing to anybody."""
    assert sg.source(function).name == name


def test_a_layer_takes_the_same_arguments_in_the_same_ways() -> None:
    """Several by place, and by name what the call is given by name alone, whether it must be given or not."""

    def price(symbol: str, venue: str, asset: str, *, depth: int, side: str = "buy") -> None: ...

    def fits(symbol: str, venue: str, asset: str, *, depth: int, side: str = "sell") -> None: ...

    def must_have_side(symbol: str, venue: str, asset: str, *, depth: int, side: str) -> None: ...

    def knows_no_venue(symbol: str, asset: str, *, depth: int, side: str = "buy") -> None: ...

    assert [one.name for one in checked(fits, Effect.READ, price)] == ["fits"]
    for unfit in (must_have_side, knows_no_venue):
        with pytest.raises(sg.SettingsError, match="must take the arguments of price"):
            checked(unfit, Effect.READ, price)


def test_a_function_without_a_name_is_spoken_of_as_such() -> None:
    """A partial has none."""

    def none() -> None: ...

    with pytest.raises(sg.SettingsError, match=r"must take the arguments of the function\(symbol"):
        checked(none, Effect.READ, partial(Client().price))


# ------------------------------------------------------------------------------------- which calls are one

KEYS = [memory_key, flight_key]


@pytest.mark.parametrize("key", KEYS)
def test_a_method_that_is_given_its_object_is_told_apart_by_the_rest(
    of_key: Policy, key: Any
) -> None:
    """Two symbols of one client are two calls, in whatever way its method is called."""
    client = Client()
    keys = {
        (symbol, depth): key(of_key, Client.price, (client, symbol), {"depth": depth})
        for symbol in ("BTC", "ETH")
        for depth in (1, 2)
    }
    assert None not in keys.values()
    assert len(set(keys.values())) == 4
    assert keys["BTC", 1] == key(of_key, Client.price, (client, "BTC"), {"depth": 1})


def test_of_two_clients_a_value_is_one_and_an_answer_is_not(of_key: Policy) -> None:
    """Two clients of one account have the same price; what is asked belongs to whom it was asked of."""
    one, other = Client(), Client()
    keys = [memory_key(of_key, Client.price, (client, "BTC"), {}) for client in (one, other)]
    assert keys[0] == keys[1] is not None
    asked = [flight_key(of_key, Client.price, (client, "BTC"), {}) for client in (one, other)]
    assert asked[0] != asked[1]


def test_equal_arguments_of_a_function_are_one_asking(of_key: Policy) -> None:
    """Though they are two objects."""

    def price(symbol: str) -> str:
        return symbol

    symbols = [f"BTC{end}" for end in ("USD", "USD")]
    assert symbols[0] is not symbols[1]
    keys = [flight_key(of_key, price, (symbol,), {}) for symbol in symbols]
    assert keys[0] == keys[1] is not None


def test_an_asking_that_cannot_be_compared_is_nobody_elses(of_key: Policy) -> None:
    """A list has no hash."""
    assert flight_key(of_key, Client().price, (["BTC"],), {}) is None


@pytest.mark.parametrize("key", KEYS)
def test_an_object_that_is_called_is_one_source(of_key: Policy, key: Any) -> None:
    """It has no code of its own: its arguments tell its calls apart, and another object is another."""
    asker = Asker()
    asked = key(of_key, asker, ("BTC",), {})
    assert asked is not None
    assert asked == key(of_key, asker, ("BTC",), {})
    assert asked != key(of_key, asker, ("ETH",), {})
    assert asked != key(of_key, Asker(), ("BTC",), {})


@pytest.mark.parametrize("key", KEYS)
def test_partials_of_two_functions_are_two(of_key: Policy, key: Any) -> None:
    """Equal arguments of different functions."""
    keys = [key(of_key, partial(function, "7"), (), {}) for function in (int, float)]
    assert None not in keys
    assert keys[0] != keys[1]


def made(line: str, module: str, file: str, **names: object) -> Any:
    """The function that a line of a file makes."""
    home: dict[str, Any] = {"__name__": module, **names}
    exec(compile(line, file, "exec"), home)
    return home["price"]


@pytest.mark.parametrize(
    ("module", "file", "is_same"),
    [("one", "one.py", True), ("two", "one.py", False), ("one", "two.py", False)],
)
def test_equal_lines_are_one_function_in_one_place_only(
    of_key: Policy, module: str, file: str, is_same: bool
) -> None:
    """Two files may hold the same line, and two modules may come from one file."""
    line = "def price(): pass"
    functions = [made(line, "one", "one.py"), made(line, module, file)]
    assert functions[0].__code__ == functions[1].__code__
    keys = [memory_key(of_key, function, (), {}) for function in functions]
    assert (keys[0] == keys[1]) is is_same


@pytest.mark.parametrize(
    ("line", "is_same"),
    [("price = lambda: ask(SYMBOL)", False), ("def price(): return ask(SYMBOL)", True)],
)
def test_a_lambda_is_told_apart_by_the_global_variables_that_it_reads(
    of_key: Policy, line: str, is_same: bool
) -> None:
    """In a script the loop's symbol is one; a named function is what its name says, whatever stands round it."""
    price: FunctionType = made(line, "one", "one.py", ask=str, SYMBOL="BTC")
    first = memory_key(of_key, price, (), {})
    price.__globals__["SYMBOL"] = "ETH"
    assert first is not None
    assert (first == memory_key(of_key, price, (), {})) is is_same


# ------------------------------------------------------------------------------------ what cannot be kept


@pytest.mark.parametrize(
    ("function", "name"),
    [(partial(Client().price), "Client.price"), (Asker(), "Asker")],
    ids=["partial", "object"],
)
def test_what_cannot_be_remembered_is_said_by_its_name(
    plain: Calls, of_key: Policy, function: Any, name: str
) -> None:
    """That of the function in a partial, or of an object's class; the note is of the key, and a warning."""
    assert memory_key(of_key, function, (["BTC"],), {}) is None
    (note,) = plain.told(sg.Note)
    assert (note.level, note.key) == (Level.WARNING, Key.of("binance", "get_price"))
    assert note.message.startswith(f"last_good cannot remember {name}: ")


def test_no_more_than_256_functions_are_spoken_of(plain: Calls, of_key: Policy) -> None:
    """A program that makes functions without end fills neither a log nor the memory."""
    for number in range(258):

        def price(symbol: object) -> object:
            return symbol

        price.__qualname__ = f"price_{number}"
        assert memory_key(of_key, price, (["BTC"],), {}) is None
    assert len(plain.told(sg.Note)) == 256


class Moody:
    """A key that cannot be compared."""

    def __hash__(self) -> int:
        return 1

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no eq")


def test_a_key_that_cannot_be_compared_costs_no_call() -> None:
    """Neither storing nor looking raises; what was there stays."""
    memory = Memory[str]()
    first = Moody()
    memory.store(first, "first", 0.0)
    memory.store(Moody(), "second", 1.0)
    assert memory.find(Moody(), 1.0) is None
    assert memory.find(first, 1.0) == ("first", 0.0)


# ------------------------------------------------------------------------------------- asking together


class Deep:
    """A source of prices that needs one of them, in another thread, to find another."""

    def __init__(self) -> None:
        self.ask: Callable[[str], object] = str
        self.found: list[object] = []

    def price(self, symbol: str) -> str:
        """The symbol itself, so that a mix-up shows."""
        if symbol == "BTC":
            self.found.append(in_thread(lambda: self.ask("ETH")).result(PATIENCE_S))
        return symbol


def test_threads_that_ask_for_two_things_ask_twice(of_key: Policy) -> None:
    """While one symbol's price is asked for, another's is, in another thread: it waits for nobody."""
    deep = Deep()
    deep.ask = asked_together(of_key, Source(deep.price, "prices"), 0.0).function
    assert deep.ask("BTC") == "BTC"
    assert deep.found == ["ETH"]


def test_a_source_that_is_asked_together_is_given_all_arguments(of_key: Policy) -> None:
    """By place and by name."""
    ask = asked_together(of_key, Source(Client().price, "prices"), None).function
    assert ask("BTC", depth=5) == ("BTC", 5)


@pytest.mark.anyio
async def test_a_source_that_is_asked_on_a_loop_is_given_all_arguments(of_key: Policy) -> None:
    """A plain one and an asynchronous one."""

    async def later(symbol: str, *, depth: int = 1) -> tuple[str, int]:
        return symbol, depth

    ask = asked_together(of_key, Source(Client().price, "prices"), None).function
    assert ask("BTC", depth=5) == ("BTC", 5)
    ask = asked_together(of_key, Source(later, "prices"), None).function
    assert await ask("BTC", depth=5) == ("BTC", 5)
