"""Owns which intents a person or a program asks for, read from text and checked; finding them is orders_source's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchgear.core.errors import SettingsError
from switchgear.core.words import KeyNameError, fold
from switchgear.exchange.model import check_client_order_id, check_symbol
from switchgear.order.intent import State
from switchgear.order.store import NAMES_MAX, IntentQuery

if TYPE_CHECKING:
    from collections.abc import Mapping

FIELDS = ("exchange", "account", "state", "symbol", "client_order_id", "limit")
LIMIT_DEFAULT = 100


def parse(given: Mapping[str, str]) -> IntentQuery:
    """
    The query that these parameters ask for; one that is empty does not matter.

    Args:
        given: `exchange` and `account`, folded as in a call; `state`, one or several with commas between;
            `symbol`; `client_order_id`; `limit`, 1 to 1,000, 100 when not given.

    Raises:
        SettingsError: A parameter is unknown or cannot be.
    """
    for name, value in given.items():
        if name not in FIELDS:
            raise SettingsError(name, value, f"is no filter; known are {', '.join(FIELDS)}")
    wanted = {name: value for name, value in given.items() if value}
    symbol, client_order_id = wanted.get("symbol"), wanted.get("client_order_id")
    return IntentQuery(
        exchange=_folded("exchange", wanted),
        account=_folded("account", wanted),
        states=_states(wanted["state"]) if "state" in wanted else None,
        symbol=None if symbol is None else check_symbol(symbol.upper()),
        client_order_id=None if client_order_id is None else check_client_order_id(client_order_id),
        limit=_limit(wanted.get("limit", str(LIMIT_DEFAULT))),
    )


def _folded(field: str, wanted: Mapping[str, str]) -> str | None:
    value = wanted.get(field)
    if value is None:
        return None
    try:
        return fold(field, value)
    except KeyNameError as error:
        allowed = str(error).rpartition(": ")[2]
        raise SettingsError(field, value, allowed) from None


def _states(value: str) -> frozenset[State]:
    known = ", ".join(State)
    try:
        return frozenset(State(each.strip().lower()) for each in value.split(","))
    except ValueError:
        raise SettingsError("state", value, f"must be one or more of {known}") from None


def _limit(value: str) -> int:
    if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= NAMES_MAX:
        raise SettingsError("limit", value, f"must be a whole number from 1 to {NAMES_MAX:,}")
    return int(value)
