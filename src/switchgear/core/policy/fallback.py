"""Owns where a value comes from when the call has none: named layers with their bounds; asking them is stand_in's."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from math import inf
from sys import float_info
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, cast

from switchgear.core.errors import SettingsError
from switchgear.core.outcome import PRIMARY
from switchgear.core.words import Effect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


@dataclass(frozen=True, slots=True)
class Source:
    """A function that gives the value instead of the exchange, called with the call's own arguments."""

    function: Callable[..., Any]
    name: str
    same_account: bool = False
    """It acts on the account that the call acts on, so it may stand in for a trade that provably never left."""
    timeout_s: float | None = None
    """Seconds it may take; None for as long as one attempt of the call."""
    max_age_s: float | None = None
    """How old a value it says the age of may be; None for what the method's freshness allows."""
    fixed: bool = False
    """It gives one value that it has already, so asking it costs nothing."""


@dataclass(frozen=True, slots=True)
class LastGood:
    """The newest value that the same function gave for the same arguments."""

    max_age_s: float | None = None
    """None for what the method's freshness allows."""
    name: str = "last_good"


Fallback = Source | LastGood


class _Age(Enum):
    OF_METHOD = "as the method's freshness allows"


_OF_METHOD: Final = _Age.OF_METHOD


class Manner(NamedTuple):
    """How the calls of one handle are made, beside what their key obeys."""

    fallbacks: tuple[Fallback, ...] = ()
    keeps: bool = False
    """One of them is last_good, so good values are remembered."""
    once: bool = False
    """One attempt, whatever retries the settings allow."""


def last_good(max_age_s: float | Literal[_Age.OF_METHOD] = _OF_METHOD) -> LastGood:
    """
    Serve the newest good value of the same call, unless it is too old.

    Args:
        max_age_s: How old it may be, in seconds. When not given, the method says it: 60 for prices, candles and
            order books, 5 for balances, positions, orders and trades, a day for symbols and rules, 30 for others.
            What is older than a day is forgotten whatever is given here.

    Raises:
        SettingsError: max_age_s is not a number above 0.
    """
    return LastGood(None if max_age_s is _OF_METHOD else _above_zero("max_age_s", max_age_s))


def source(
    function: Callable[..., Any],
    *,
    name: str | None = None,
    same_account: bool = False,
    timeout_s: float | None = None,
    max_age_s: float | None = None,
) -> Source:
    """
    Serve what a function gives; a plain function in a list of fallbacks is the same as `source(function)`.

    Calls of one key with the same arguments that need it at the same time ask it once, and all get what it gave:
    the same object. Those of a trade ask it each for itself.

    Args:
        function: Called with the call's own arguments, sync or async. A `Served` that it gives, as `served` of
            another guard does, is unwrapped: its age counts, and its source is told as `name/inner`.
        name: What the value's provenance says; the function's own name when not given.
        same_account: The function acts on the same account, with the same client order id: only then may it
            stand in for a trade, and only when provably nothing was sent.
        timeout_s: Seconds it may take, instead of the call's own timeout_s; never more than the deadline leaves.
            An asynchronous function is cut then. A synchronous one cannot be: when it took longer its value is
            used nevertheless, and a WARNING says how long it took.
        max_age_s: How old a value may be that comes as `Served`, in seconds; the method's freshness when not
            given, as for last_good. A bare value has no age.

    Raises:
        SettingsError: function is none, name is none or `primary`, or a number of seconds is not above 0.
    """
    if not callable(function):
        raise SettingsError(
            "fallback", function, "must be a function, or made by last_good, source or static"
        )
    return Source(
        function,
        _name_of(function, name),
        same_account,
        None if timeout_s is None else _above_zero("timeout_s", timeout_s, finite=True),
        None if max_age_s is None else _above_zero("max_age_s", max_age_s),
    )


def static(value: object) -> Source:
    """Serve a fixed value, named `static`; it has no age, so it is never too old."""
    return Source(lambda *_args, **_kwargs: value, "static", fixed=True)


def checked(
    fallback: object, effect: Effect, function: Callable[..., Any] | None
) -> tuple[Fallback, ...]:
    """
    The fallbacks of a call as sources, refused here rather than at the first call.

    Args:
        fallback: One source or a list of them: functions, or what last_good, source and static make.
        effect: What the call does; a trade takes only sources with same_account.
        function: The function guarded, whose parameters each source must accept; None when not known yet.

    Raises:
        SettingsError: A source is no function, does not take the call's arguments, or does not suit a trade.
    """
    found = tuple(_source(one) for one in _listed(fallback))
    for one in found:
        if effect is Effect.TRADE and not (isinstance(one, Source) and one.same_account):
            raise SettingsError(
                "fallback",
                one.name,
                "a trade is never answered from elsewhere; allowed is source(…, same_account=True)",
            )
        if function is not None and isinstance(one, Source):
            _check_signature(one, function)
    return found


def _above_zero(field: str, given: object, *, finite: bool = False) -> float:
    """A number of seconds; callers are not all typed."""
    allowed = f"must be a{' finite' * finite} number of seconds above 0"
    if isinstance(given, bool) or not isinstance(given, (int, float)) or not given > 0:
        raise SettingsError(field, given, allowed)
    if given <= float_info.max:
        return float(given)
    if finite:
        raise SettingsError(field, given, allowed)
    return inf


def _name_of(function: object, name: object) -> str:
    if name is not None and (not isinstance(name, str) or name == PRIMARY):
        raise SettingsError(
            "name", name, f"must be a str, and not {PRIMARY!r}: that is the call itself"
        )
    given = name or getattr(function, "__name__", "") or type(function).__name__
    return "fallback" if given in {"<lambda>", PRIMARY} else given


def _listed(fallback: object) -> Iterable[object]:
    if fallback is None:
        return ()
    if not isinstance(fallback, (list, tuple)):
        return (fallback,)
    return cast("list[object]", fallback)


def _source(one: object) -> Fallback:
    if isinstance(one, (Source, LastGood)):
        return one
    return source(one)  # type: ignore[arg-type]  # source refuses what is no function, in words


def _check_signature(one: Source, function: Callable[..., Any]) -> None:
    from inspect import Parameter, signature  # here: loading it costs more than all of core

    try:
        wanted, given = signature(function), signature(one.function)
    except (TypeError, ValueError):
        return  # some builtins tell nobody what they take
    kinds = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    needed = [
        p for p in wanted.parameters.values() if p.kind in kinds or p.kind is Parameter.KEYWORD_ONLY
    ]
    positional = [p.name for p in needed if p.kind in kinds]
    keywords = {p.name: None for p in needed if p.kind is Parameter.KEYWORD_ONLY}
    required = [p.name for p in needed if p.kind in kinds and p.default is Parameter.empty]
    try:
        given.bind(*positional, **keywords)
        given.bind(
            *required,
            **{p.name: None for p in needed if p.name in keywords and p.default is Parameter.empty},
        )
    except TypeError as error:
        name = getattr(function, "__name__", "the function")
        raise SettingsError(
            "fallback", one.name, f"must take the arguments of {name}{wanted}: {error}"
        ) from None
