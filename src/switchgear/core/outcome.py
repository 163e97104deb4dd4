"""Owns what a call can come to as a value: Ok, Err, and Served with where the value came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T_co = TypeVar("T_co", covariant=True)

PRIMARY = "primary"
"""The source of a value that the exchange itself gave in this call."""


@dataclass(frozen=True, slots=True)
class Served(Generic[T_co]):
    """A value, and where it came from."""

    value: T_co
    source: str = PRIMARY
    """`primary`, or the name of the fallback that served it."""
    age_s: float = 0.0
    """Seconds since the value was got from an exchange; 0 for one got in this call."""
    reason: str = ""
    """In words, why the primary source did not serve it; empty when it did."""

    @property
    def is_fallback(self) -> bool:
        """Whether something other than the call itself gave the value."""
        return self.source != PRIMARY


@dataclass(frozen=True, slots=True)
class Ok(Generic[T_co]):
    """A call that has a value."""

    value: T_co
    source: str = PRIMARY
    age_s: float = 0.0


@dataclass(frozen=True, slots=True, init=False)
class Err:
    """A call that failed or was not made; `error` is what `call` would have raised."""

    error: Exception

    def __init__(self, error: Exception) -> None:
        _set_error(self, error)


# What a frozen dataclass does itself looks two names up, and takes twice as long as all the rest of an Err.
_set_error: Callable[[Err, Exception], None] = Err.__dict__["error"].__set__
