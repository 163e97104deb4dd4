"""Owns where a value comes from when the call has none: named sources, and the memory of last good values."""

from __future__ import annotations

from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from threading import RLock
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar, cast

from switchgear.core.errors import SettingsError
from switchgear.core.words import Effect

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

T = TypeVar("T")

ENTRIES_MAX = 1024


@dataclass(frozen=True, slots=True)
class Source:
    """A function that gives the value instead of the exchange, called with the call's own arguments."""

    function: Callable[..., Any]
    name: str
    same_account: bool = False
    """It acts on the account that the call acts on, so it may stand in for a trade that provably never left."""


@dataclass(frozen=True, slots=True)
class LastGood:
    """The newest value that the same function gave for the same arguments."""

    max_age_s: float
    name: str = "last_good"


Fallback = Source | LastGood


class Manner(NamedTuple):
    """How the calls of one handle are made, beside what their key obeys."""

    fallbacks: tuple[Fallback, ...] = ()
    keeps: bool = False
    """One of them is last_good, so good values are remembered."""
    once: bool = False
    """One attempt, whatever retries the settings allow."""


def last_good(max_age_s: float) -> LastGood:
    """
    Serve the newest good value of the same call, unless it is older than max_age_s seconds.

    Raises:
        SettingsError: max_age_s is not a number above 0.
    """
    given = cast("object", max_age_s)  # callers are not all typed
    if isinstance(given, bool) or not isinstance(given, (int, float)) or not given > 0:
        raise SettingsError("max_age_s", max_age_s, "must be a number of seconds above 0")
    return LastGood(float(max_age_s))


def source(
    function: Callable[..., Any], *, name: str | None = None, same_account: bool = False
) -> Source:
    """
    Serve what a function gives; a plain function in a list of fallbacks is the same as `source(function)`.

    Args:
        function: Called with the call's own arguments, sync or async.
        name: What the value's provenance says; the function's own name when not given.
        same_account: The function acts on the same account, with the same client order id: only then may it
            stand in for a trade, and only when provably nothing was sent.
    """
    if not callable(function):
        raise SettingsError(
            "fallback", function, "must be a function, or made by last_good, source or static"
        )
    given = name or getattr(function, "__name__", "") or type(function).__name__
    return Source(function, "fallback" if given == "<lambda>" else given, same_account)


def static(value: object) -> Source:
    """Serve a fixed value, named `static`."""
    return Source(lambda *_args, **_kwargs: value, "static")


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


class Memory(Generic[T]):
    """Last good values with their time, bounded; the entry that was stored longest ago goes first."""

    def __init__(self, entries_max: int = ENTRIES_MAX) -> None:
        self._entries: OrderedDict[Hashable, tuple[T, float]] = OrderedDict()
        self._entries_max = entries_max
        self._lock = RLock()

    def __len__(self) -> int:
        return len(self._entries)

    def forked(self) -> None:
        """After a fork, in the child: another thread of the parent may have held the lock."""
        self._lock = RLock()

    def store(self, key: Hashable, value: T, now_s: float) -> None:
        """Remember a value."""
        with suppress(Exception), self._lock:  # comparing keys is foreign code
            self._entries[key] = (value, now_s)
            self._entries.move_to_end(key)
            if len(self._entries) > self._entries_max:
                self._entries.popitem(last=False)

    def find(self, key: Hashable) -> tuple[T, float] | None:
        """A value and the monotonic instant it was stored at; None when there is none."""
        with suppress(Exception), self._lock:  # as above
            return self._entries.get(key)
        return None


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
