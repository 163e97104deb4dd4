"""Owns what makes two calls the same: for last_good, and for asking one source; nothing where it cannot be told."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from switchgear.core.event import Note
from switchgear.core.words import Level

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from switchgear.core.policy.plan import Policy

_SAID_MAX = 256
_SELF = frozenset({"self", "cls"})

STANDS_FOR = "__switchgear_stands_for__"
"""Names on a function of ours the user's function whose value it gives."""


def memory_key(
    policy: Policy, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Hashable | None:
    """
    What two calls share exactly when the value of one may stand in for the other; None when that cannot be told.

    A lambda's own variables belong to it: `lambda: price(symbol)` of two symbols are two calls.
    """
    function = getattr(function, STANDS_FOR, function)
    # A hash is foreign code, and a variable of a closure may have no value yet.
    with suppress(Exception):
        key = (policy.key, _identity(function, args, kwargs))
        hash(key)
        return key
    _say_once(policy, function)
    return None


def flight_key(
    policy: Policy, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Hashable | None:
    """
    What two calls share exactly when one answer of a fallback's function will do for both; None as above.

    Unlike a value that is remembered, an answer belongs to the very object whose method is asked.
    """
    with suppress(Exception):  # as above
        asked, args, kwargs = _unfolded(function, args, kwargs)
        owner: object = getattr(asked, "__self__", None)
        if owner is None and args and _takes_self(asked):
            owner, args = (
                args[0],
                args[1:],
            )  # equal is not the same: two clients may be of two accounts
        told = (*args, *kwargs.values())
        key = (policy.key, id(owner), _own(asked), args, _named(kwargs), tuple(map(type, told)))
        hash(key)
        return key
    return None


def _identity(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Hashable:
    function, args, kwargs = _unfolded(function, args, kwargs)
    if args and _takes_self(function):
        args = args[1:]
    return (_own(function), args, _named(kwargs))


def _takes_self(function: Any) -> bool:
    """Whether the first argument is the object whose method it is."""
    code = getattr(function, "__code__", None)  # a bound method has its function's
    names: tuple[str, ...] = code.co_varnames if code is not None else ()
    return not hasattr(function, "__func__") and bool(names) and names[0] in _SELF


def _unfolded(
    function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
    """What a partial of partials calls, with all of its arguments."""
    while isinstance(function, partial):
        args, kwargs = (*function.args, *args), {**function.keywords, **kwargs}
        function = function.func
    return function, args, kwargs


def _named(kwargs: dict[str, Any]) -> Hashable:
    return tuple(sorted(kwargs.items()))


def _own(function: Any) -> Hashable:
    """What a function is besides its arguments: its code, its place, and the variables that belong to it."""
    function = getattr(function, "__func__", None) or function
    code = getattr(function, "__code__", None)
    closure = tuple(cell.cell_contents for cell in getattr(function, "__closure__", None) or ())
    defaults = getattr(function, "__defaults__", None)
    keywords: dict[str, Any] = getattr(function, "__kwdefaults__", None) or {}
    # Equal code is not the same code: two files can hold the same line at the same place.
    place = (getattr(function, "__module__", None), getattr(code, "co_filename", None))
    own = (code or function, place, closure, defaults, _named(keywords))
    return (*own, _globals_of(function, code))


def _globals_of(function: Any, code: Any) -> tuple[tuple[str, Any], ...]:
    """The global variables that a lambda reads: in a script the loop's own symbol is one of them."""
    if getattr(function, "__name__", "") != "<lambda>" or code is None:
        return ()
    found = function.__globals__
    return tuple((name, found[name]) for name in code.co_names if name in found)


def _say_once(policy: Policy, function: Callable[..., Any]) -> None:
    while isinstance(function, partial):
        function = function.func
    # Never its repr: that of a partial shows its arguments.
    name = getattr(function, "__qualname__", type(function).__qualname__)
    if name in policy.unhashable or len(policy.unhashable) >= _SAID_MAX:
        return
    policy.unhashable |= {name}
    text = (
        f"last_good cannot remember {name}: an argument, or a variable it uses, cannot be compared"
    )
    policy.emit(Note(policy.clock.monotonic_s(), policy.key, Level.WARNING, text))
