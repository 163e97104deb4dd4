"""Owns the words of the field as data: keys, kinds, scopes, effects, levels, verdicts; deciding is left to others."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, IntEnum
from functools import lru_cache
from typing import NamedTuple


class Effect(Enum):
    """What a method does at the exchange, and so what may be done again."""

    READ = "read"
    IDEMPOTENT = "idempotent"
    TRADE = "trade"


class Scope(Enum):
    """What a failure proves broken: one method, one account (key), our address, or the whole exchange."""

    METHOD = "method"
    ACCOUNT = "account"
    ADDRESS = "address"
    EXCHANGE = "exchange"


class Level(IntEnum):
    """How much a record matters; the numbers are those of the standard logging module."""

    DEBUG = 10
    INFO = 20
    WARNING = 30
    ERROR = 40
    CRITICAL = 50


class CircuitState(Enum):
    """What a circuit does with calls: by itself (the first three), or held by a person (the others)."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"
    FORCED_OPEN = "forced_open"
    FORCED_CLOSED = "forced_closed"
    METRICS_ONLY = "metrics_only"


class Kind(Enum):
    """What an error means, whatever class, status or code it came with."""

    RATE_LIMITED = "rate_limited"
    ORDER_RATE_LIMITED = "order_rate_limited"
    BANNED = "banned"
    OVERLOADED = "overloaded"
    UNAVAILABLE = "unavailable"
    MAINTENANCE = "maintenance"
    TIMEOUT = "timeout"
    NETWORK = "network"
    CLOCK_SKEW = "clock_skew"
    AUTHENTICATION = "authentication"
    PERMISSION = "permission"
    ACCOUNT_RESTRICTED = "account_restricted"
    INVALID_REQUEST = "invalid_request"
    INVALID_ORDER = "invalid_order"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    ORDER_NOT_FOUND = "order_not_found"
    DUPLICATE_ORDER = "duplicate_order"
    MARKET_CLOSED = "market_closed"
    OUTCOME_UNKNOWN = "outcome_unknown"
    CANCELLED = "cancelled"
    UNEXPECTED = "unexpected"


REFUSALS = frozenset(
    {
        Kind.CLOCK_SKEW,
        Kind.PERMISSION,
        Kind.ACCOUNT_RESTRICTED,
        Kind.INVALID_REQUEST,
        Kind.INVALID_ORDER,
        Kind.INSUFFICIENT_FUNDS,
        Kind.ORDER_NOT_FOUND,
        Kind.DUPLICATE_ORDER,
        Kind.MARKET_CLOSED,
    }
)
"""Kinds that are an answer: the exchange is up, read the request and said no. No fallback runs for them."""

GATED = frozenset(
    {Kind.RATE_LIMITED, Kind.ORDER_RATE_LIMITED, Kind.BANNED, Kind.MAINTENANCE, Kind.AUTHENTICATION}
)
"""Kinds that close a gate until an instant, and are no failure then; maintenance only where its end was named."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an error means for the caller, the circuit and the order behind it."""

    kind: Kind
    scope: Scope = Scope.METHOD
    """What it proves broken."""
    retryable: bool = False
    """Another attempt can help; whether it may be made is up to the effect as well."""
    counts: bool = False
    """It is a failure of the circuit."""
    ambiguous: bool = False
    """The exchange may have carried the request out: an order's outcome is unknown."""
    retry_after_s: float | None = None
    """Seconds until the exchange wants to hear from us again, as it said itself; None when it said nothing."""
    unsent: bool = False
    """It is proved that nothing left this machine."""


class Key(NamedTuple):
    """What a call is filed under; make one with `Key.of`, which folds and checks."""

    exchange: str
    method: str
    account: str

    @classmethod
    def of(cls, exchange: str, method: str, account: str = "main") -> Key:
        """
        The key of a call, in snake_case: `'Binance', 'getMarketData'` is `binance.get_market_data`.

        Raises:
            KeyNameError: A part is not 1 to 64 letters, digits or `_ - . :`, beginning with a letter or digit.
        """
        return cls(fold("exchange", exchange), fold("method", method), fold("account", account))

    @classmethod
    def of_scope(cls, exchange: str, scope: Scope, account: str = "main") -> Key:
        """The key under which the circuit of a scope wider than a method is filed, as `binance.@exchange`."""
        return cls(exchange, SCOPE_NAMES[scope], account)

    @property
    def is_scope(self) -> bool:
        """Whether it names no method, but what several methods share."""
        return self.method.startswith("@")

    @property
    def scope(self) -> Scope:
        """What its circuit stands for."""
        return _SCOPES.get(self.method, Scope.METHOD)

    def __str__(self) -> str:
        tail = "" if self.account == "main" else f"[{self.account}]"
        return f"{self.exchange}.{self.method}{tail}"


TRUTH = "resolve_order"
"""The method under which orders of unknown outcome are asked after: no circuit wider than its own holds it back."""

SCOPE_NAMES = {
    Scope.EXCHANGE: "@exchange",
    Scope.ADDRESS: "@address",
    Scope.ACCOUNT: "@account",
}
"""What stands in a method's place for a circuit that several methods share; no method can have such a name."""

NAME_CHARS_MAX = 64
_NAME = re.compile(r"[a-z0-9][a-z0-9_.:\-]*", re.ASCII)
HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SHOWN_CHARS_MAX = 40


class KeyNameError(ValueError):
    """A part of a key is not a name; says which part, what it was and what is allowed."""


@lru_cache(maxsize=4096)
def fold(field: str, name: str) -> str:
    """
    The one spelling of a name, in snake_case.

    Args:
        field: What the name is of (exchange, method, account), for the error.
        name: As the caller wrote it, in any case.
    """
    if not isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance]  callers are not all typed
        raise KeyNameError(f"{field}={name!r}: a name must be a str")
    if field == "method" and name in _SCOPES:
        return name
    folded = HUMPS.sub("_", name[: NAME_CHARS_MAX + 1]).lower()
    if len(name) > NAME_CHARS_MAX or not name.isascii() or not _is_name(folded):
        shown = (
            name
            if len(name) <= _SHOWN_CHARS_MAX
            else f"{name[:_SHOWN_CHARS_MAX]}… ({len(name)} characters)"
        )
        raise KeyNameError(
            f"{field}={shown!r}: allowed are 1 to {NAME_CHARS_MAX} letters, digits or _ - . :, "
            "beginning with a letter or digit"
        )
    return folded


_SCOPES = {name: scope for scope, name in SCOPE_NAMES.items()}


def _is_name(folded: str) -> bool:
    return len(folded) <= NAME_CHARS_MAX and _NAME.fullmatch(folded) is not None


ORDERS = frozenset(
    {"create_order", "create_orders", "place_order", "submit_order", "edit_order", "replace_order"}
)
"""Methods that place orders by their very name: no setting makes them anything but a TRADE."""
_READS = ("get_", "fetch_", "list_", "load_", "query_", "find_", "search_", "read_", "describe_")
_READ_NAMES = frozenset({"ping", "time"})
_DOES_MORE = frozenset({"and", "or", "replace", "create"})
"""Words in a name that say it does more than its beginning: `cancel_replace_order` places an order."""


def effect_of(method: str) -> Effect:
    """What a folded method name says it does; TRADE for a name that says nothing, the one that can hurt."""
    if _DOES_MORE.isdisjoint(method.split("_")):
        if method.startswith(_READS) or method in _READ_NAMES:
            return Effect.READ
        if method.startswith("cancel_") or method == "cancel":
            return Effect.IDEMPOTENT
    return Effect.TRADE
