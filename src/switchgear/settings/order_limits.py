"""
Owns the limits of orders as the settings file has them: by exchange and account, each checked.

They are plain values here; what an order must keep to is the room `order`'s.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from difflib import get_close_matches
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from switchgear.core.errors import SettingsError
from switchgear.core.words import KeyNameError, fold
from switchgear.settings.checks import whole_from_1

if TYPE_CHECKING:
    from collections.abc import Callable

TABLE = "orders"
SIDES = ("buy", "sell")
_MONEY = re.compile(r"[0-9]{1,20}(\.[0-9]{1,18})?", re.ASCII)
_SYMBOL = re.compile(r"[A-Z0-9.]{1,20}/[A-Z0-9]{1,20}", re.ASCII)
_SHOWN = "<not shown>"
_ALL = ""


@dataclass(frozen=True, slots=True)
class LimitTables:
    """The tables `[orders]`, `[orders.EXCHANGE]` and `[orders.EXCHANGE.ACCOUNT]` of a settings file."""

    _values: Mapping[tuple[str, str], Mapping[str, Any]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    """By exchange and account, each empty for all."""

    @classmethod
    def read(cls, tree: object) -> LimitTables:
        """
        The tables, checked.

        Args:
            tree: The content of `[orders]`.

        Raises:
            SettingsError: A name is unknown or stands there twice, or a value is not allowed; its field says where.
        """
        found: dict[tuple[str, str], Mapping[str, Any]] = {}
        values, exchanges = _split(TABLE, tree)
        found[_ALL, _ALL] = values
        for name, table in exchanges.items():
            place = f"{TABLE}.{name}"
            exchange = _folded(place, "exchange", name)
            values, accounts = _split(place, table)
            _put(found, (exchange, _ALL), values, place)
            for account, inner in accounts.items():
                place = f"{TABLE}.{name}.{account}"
                values, deeper = _split(place, inner)
                for wrong, what in deeper.items():
                    raise SettingsError(f"{place}.{wrong}", what, "must be a value, not a table")
                _put(found, (exchange, _folded(place, "account", account)), values, place)
        return cls(MappingProxyType({at: its for at, its in found.items() if its}))

    def __bool__(self) -> bool:
        """Whether anything is limited."""
        return bool(self._values)

    def of(self, exchange: str, account: str) -> dict[str, Any]:
        """What holds for an account, by name: the narrower table wins field by field; None does not limit."""
        # A client may be called by a name that nobody folded yet.
        exchange, account = fold("exchange", exchange), fold("account", account)
        places = ((_ALL, _ALL), (exchange, _ALL), (exchange, account))
        return {
            name: value
            for place in places
            for name, value in self._values.get(place, MappingProxyType({})).items()
        }


def _put(
    found: dict[tuple[str, str], Mapping[str, Any]],
    at: tuple[str, str],
    values: Mapping[str, Any],
    place: str,
) -> None:
    if at in found:  # as `Binance` and `binance`: which of the two was meant is not guessed
        raise SettingsError(place, at[1] or at[0], "stands there twice, written differently")
    found[at] = values


def _split(place: str, table: object) -> tuple[dict[str, Any], dict[str, Any]]:
    """The limits of a table, checked, and the tables in it."""
    if not isinstance(table, Mapping):
        raise SettingsError(place, table, f"must be a table: [{place}]")
    given = cast("Mapping[str, Any]", table)
    values, inner = dict[str, Any](), dict[str, Any]()
    for name, value in given.items():
        if isinstance(value, Mapping) and name not in _CHECKS:
            inner[name] = value
        else:
            values[name] = _checked(f"{place}.{name}", name, value)
    return values, inner


def _checked(place: str, name: str, value: Any) -> Any:
    check = _CHECKS.get(name)
    if check is None:
        near = get_close_matches(name, _CHECKS, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(_CHECKS)}"
        # Its content is not shown: somebody may have put a key in the wrong place.
        raise SettingsError(place, _SHOWN, f"is no limit; {hint}")
    return None if value == "none" else check(place, value)


def _folded(place: str, part: str, name: str) -> str:
    try:
        return fold(part, name)
    except KeyNameError as error:
        raise SettingsError(place, name, str(error).rpartition(": ")[2]) from None


def _money(place: str, value: Any) -> Decimal:
    if not isinstance(value, str) or not _MONEY.fullmatch(value) or not Decimal(value):
        allowed = 'must be a decimal above 0 as text, such as "1000" or "0.25"'
        raise SettingsError(place, value, allowed)
    return Decimal(value)


def _names(fits: Callable[[str], object], allowed: str) -> Callable[[str, Any], frozenset[str]]:
    def check(place: str, value: Any) -> frozenset[str]:
        shown: object = value
        given = cast("list[object]", value) if isinstance(value, list) else [None]
        found = [one for one in given if isinstance(one, str) and fits(one)]
        # No names at all would forbid everything: to say that, there is a kill switch.
        if len(found) != len(given) or not found:
            raise SettingsError(place, shown, allowed)
        return frozenset(found)

    return check


_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "notional_max": _money,
    "notional_day_max": _money,
    "open_orders_max": whole_from_1,
    "symbols": _names(_SYMBOL.fullmatch, 'must be a list such as ["BTC/USDT", "ETH/USDT"]'),
    "sides": _names(SIDES.__contains__, 'must be a list of "buy", "sell" or both'),
    "price_away_max_percent": _money,
}
