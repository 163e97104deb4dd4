"""Owns how the lists of an account are asked for: orders, fills, assets and trading days."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from switchgear.practice.sim.alpaca import hours, shapes
from switchgear.practice.sim.alpaca.books import trades_of
from switchgear.practice.sim.alpaca.ids import instant_ns, read_instant
from switchgear.practice.sim.alpaca.market import ASSETS, BY_NAME
from switchgear.practice.sim.alpaca.refusals import invalid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from switchgear.practice.sim.accounts import Account, Order
    from switchgear.practice.sim.alpaca.ids import OrderIds
    from switchgear.practice.sim.ledger import Ledger

_ORDERS, _ORDERS_MAX = 50, 500
_FILLS_MAX = 100
_DIGITS_MAX = 9
_YEARS = range(1970, 2100)
_DAY = timedelta(days=1)


def is_count(text: str) -> bool:
    """Whether a text is a whole number of a length that is worth reading."""
    return text.isascii() and text.isdecimal() and len(text) <= _DIGITS_MAX


class Query:
    """The parameters of a query string, and which were asked for; one sent twice counts as sent last."""

    def __init__(self, text: str) -> None:
        self._sent = dict(parse_qsl(text))
        # An empty value counts as none, but its name was sent all the same.
        self._unread = dict.fromkeys(name for name, _ in parse_qsl(text, keep_blank_values=True))

    def text(self, name: str, default: str = "") -> str:
        """The value as sent."""
        self._unread.pop(name, None)
        return self._sent.get(name, default)

    @property
    def unread(self) -> tuple[str, ...]:
        """The names of what was sent and nobody has asked for, in the order in which they were sent."""
        return tuple(self._unread)

    def choice(self, name: str, allowed: tuple[str, ...], default: str) -> str:
        """One of the allowed words, in any case."""
        value = self.text(name, default).lower()
        if value not in allowed:
            raise invalid(f"invalid {name}")
        return value

    def names(self, name: str) -> frozenset[str]:
        """A list with commas between its names."""
        return frozenset(each for each in self.text(name).split(",") if each)

    def count(self, name: str, default: int, most: int) -> int:
        """A number from 1 to most."""
        value = self.text(name, str(default))
        if not is_count(value) or not 1 <= int(value) <= most:
            raise invalid(f"invalid {name}: must be between 1 and {most}")
        return int(value)

    def instant_ns(self, name: str) -> int | None:
        """A time in epoch nanoseconds, None when it was not sent."""
        value = self.text(name)
        if not value:
            return None
        found = read_instant(value)
        if found is None:
            raise invalid(f"invalid {name}: must be an RFC 3339 time or a date")
        return found

    def day(self, name: str, default: date) -> date:
        """A date; of a time, its date."""
        value = self.text(name)[:10]
        try:
            return date.fromisoformat(value) if value else default
        except ValueError:
            raise invalid(f"invalid {name}: must be a date") from None


def _within(at_ns: int, after_ns: int | None, until_ns: int | None) -> bool:
    """Both bounds are outside of what they bound."""
    return (after_ns is None or at_ns > after_ns) and (until_ns is None or at_ns < until_ns)


def orders(query: Query, placed: list[Order], ids: OrderIds) -> list[Order]:
    """The orders that a query asks for, newest first unless it says otherwise."""
    wanted = query.choice("status", ("open", "closed", "all"), "open")
    direction = query.choice("direction", ("asc", "desc"), "desc")
    limit = query.count("limit", _ORDERS, _ORDERS_MAX)
    sides = {query.choice("side", ("buy", "sell"), "buy")} if query.text("side") else None
    after_ns, until_ns = query.instant_ns("after"), query.instant_ns("until")
    first, last = _numbers(query, ids)
    symbols, classes = _flat(query.names("symbols")), query.names("asset_class")
    found = [
        order
        for order in placed
        if wanted in {"all", "open" if order.is_open else "closed"}
        and (sides is None or order.asked.side.lower() in sides)
        and (not symbols or BY_NAME[order.asked.symbol.name].flat_name in symbols)
        and (not classes or "all" in classes or BY_NAME[order.asked.symbol.name].kind in classes)
        and _within(shapes.submitted_ns(order), after_ns, until_ns)
        and first < order.order_id < last
    ]
    return (found if direction == "asc" else found[::-1])[:limit]


def _flat(names: frozenset[str]) -> frozenset[str]:
    return frozenset(name.replace("/", "") for name in names)


def _numbers(query: Query, ids: OrderIds) -> tuple[float, float]:
    """Between which order numbers, both left out, the answer lies."""
    bounds = [0.0, float("inf")]
    for index, name in enumerate(("after_order_id", "before_order_id")):
        if query.text(name):
            order = ids.find(query.text(name))
            if order is None:
                raise invalid(f"invalid {name}")
            bounds[index] = order.order_id
    return bounds[0], bounds[1]


def fills(query: Query, ledger: Ledger, owner: Account) -> list[shapes.Json]:
    """A page of an account's fills, newest first unless the query says otherwise."""
    direction = query.choice("direction", ("asc", "desc"), "desc")
    size = query.count("page_size", _FILLS_MAX, _FILLS_MAX)
    after_ns, until_ns = query.instant_ns("after"), query.instant_ns("until")
    day = query.day("date", date.min) if query.text("date") else None
    found = [
        (order, trade)
        for order, trade in trades_of(owner)
        if _within(instant_ns(trade.at_ms, trade.trade_id), after_ns, until_ns)
        and day in {None, hours.at_new_york(trade.at_ms).date()}
    ]
    if direction == "desc":
        found.reverse()
    names = [shapes.activity_id(trade, ledger.seed) for _, trade in found]
    token, begin = query.text("page_token"), 0
    if token:
        if token not in names:
            raise invalid("invalid page_token")
        begin = names.index(token) + 1
    return [shapes.fill(*pair, ledger.seed) for pair in found[begin : begin + size]]


def assets(query: Query) -> list[shapes.Json]:
    """The listed assets that a query asks for."""
    kinds, exchanges = query.names("asset_class"), query.names("exchange")
    wanted = query.choice("status", ("active", "inactive", "all"), "all")
    return [
        shapes.asset(asset)
        for asset in ASSETS
        if (not kinds or asset.kind in kinds)
        and (not exchanges or asset.exchange in exchanges)
        and wanted in {"all", "active" if asset.active else "inactive"}
    ]


def calendar(query: Query, now_ms: int) -> list[shapes.Json]:
    """The trading days from start to end, both included; this year and the next by default."""
    year = hours.at_new_york(now_ms).year
    start = query.day("start", date(year, 1, 1))
    end = query.day("end", date(year + 1, 12, 31))
    if end < start or (end - start).days > 366 * 10:
        raise invalid("invalid end: must be within ten years behind start")
    if start.year not in _YEARS or end.year not in _YEARS:
        raise invalid(f"invalid start: must be from {_YEARS.start} to {_YEARS.stop - 1}")
    found = list(_sessions(start, end))
    after = [*found[1:], hours.coming(found[-1].close_ms)] if found else []
    return [shapes.trading_day(*pair) for pair in zip(found, after, strict=True)]


def _sessions(start: date, end: date) -> Iterator[hours.Session]:
    day = start
    while day <= end:
        found = hours.session(day)
        if found is not None:
            yield found
        day += _DAY
