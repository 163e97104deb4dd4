"""Owns Alpaca's names and times: UUIDs that repeat with the seed, and RFC 3339 to the nanosecond."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from switchgear.practice.sim.accounts import Account, Order

_NS_PER_MS = 1_000_000
_NS_PER_S = 1_000_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FRACTION = re.compile(r"\.(\d{1,9})\d*")


def derived(*parts: object) -> str:
    """A UUID that depends on the parts alone."""
    name = "|".join(str(part) for part in parts)
    return str(UUID(bytes=blake2b(name.encode(), digest_size=16).digest(), version=4))


def asset_id(symbol: str) -> str:
    """The id of an asset, the same for every seed."""
    return derived("asset", symbol)


def order_id(seed: int, number: int) -> str:
    """The id that the venue tells for the ledger's order of this number."""
    return derived(seed, "order", number)


class OrderIds:
    """Finds a booked order by the id that the venue told for it."""

    def __init__(self, seed: int, account: Account) -> None:
        self._seed = seed
        self._account = account
        self._known: dict[str, Order] = {}

    def of(self, order: Order) -> str:
        """The id of an order."""
        return order_id(self._seed, order.order_id)

    def find(self, text: str) -> Order | None:
        """The order of this id, None when there is none."""
        for order in self._account.orders[len(self._known) :]:
            self._known[self.of(order)] = order
        return self._known.get(text.lower())


def as_uuid(text: str) -> str | None:
    """The text as a UUID is written, None when it is none."""
    try:
        return str(UUID(text))
    except ValueError:
        return None


def instant_ns(at_ms: int, number: int = 0) -> int:
    """An instant in epoch nanoseconds; the number tells apart what one millisecond brought."""
    return at_ms * _NS_PER_MS + number % _NS_PER_MS


def told(at_ns: int) -> str:
    """An instant as Alpaca writes it: UTC, without closing zeros of the fraction."""
    whole = _EPOCH + timedelta(seconds=at_ns // _NS_PER_S)
    fraction = f"{at_ns % _NS_PER_S:09d}".rstrip("0")
    return whole.strftime("%Y-%m-%dT%H:%M:%S") + (f".{fraction}" if fraction else "") + "Z"


def read_instant(text: str) -> int | None:
    """Epoch nanoseconds of an RFC 3339 time, or of a date at midnight UTC; None when it is neither."""
    try:
        if len(text) == len("2026-01-01"):
            whole = datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)
        else:
            # A plus sign that was not escaped arrives as a space.
            whole = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        return None
    if whole.tzinfo is None:
        return None
    found = _FRACTION.search(text)
    fraction_ns = int(found[1].ljust(9, "0")) if found else 0
    return (whole.replace(microsecond=0) - _EPOCH) // timedelta(seconds=1) * _NS_PER_S + fraction_ns
