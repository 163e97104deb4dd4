"""Owns what an agent may order: checked before an intent is written, so that what breaks a limit leaves no trace."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

from switchgear.exchange.model import FieldError, OrderType, Side, check_symbol
from switchgear.order.intent import State
from switchgear.order.store import IntentQuery

if TYPE_CHECKING:
    from switchgear.exchange.model import OrderRequest
    from switchgear.order.intent import Intent
    from switchgear.order.journal import Journal

_DAY_MS = 86_400_000
_COUNTED = frozenset({State.NEW, State.SENT, State.UNKNOWN, State.ACKED, State.FOUND})
"""What is booked, or may be."""
_PERCENT = Decimal(100)
_DAY_ORDERS_MAX = 100_000


class Market(Protocol):
    """What is asked of an exchange for a limit."""

    async def get_market_price(self, symbol: str) -> Decimal:
        """The last price."""
        ...

    async def get_open_orders(self, symbol: str | None = None) -> list[object]:
        """Every open order."""
        ...


@dataclass(frozen=True, slots=True)
class OrderLimits:
    """
    Limits of one account; what is None does not limit.

    Raises:
        FieldError: A limit cannot be.
    """

    notional_max: Decimal | None = None
    """Of one order, in its quote asset."""
    notional_day_max: Decimal | None = None
    """Of all orders in the journal since midnight in UTC that are booked, or may be; quote assets count alike."""
    open_orders_max: int | None = None
    """Open orders at the exchange, the new one among them."""
    symbols: frozenset[str] | None = None
    sides: frozenset[Side] | None = None
    price_away_max_percent: Decimal | None = None
    """So far a limit or stop price may lie from the last price, either way."""

    def __post_init__(self) -> None:
        """Check each."""
        for name in ("notional_max", "notional_day_max", "price_away_max_percent"):
            value = getattr(self, name)
            if value is not None and not (
                isinstance(value, Decimal) and value.is_finite() and value > 0
            ):
                raise FieldError(name, value, "must be a Decimal above 0")
        most: object = self.open_orders_max
        if most is not None and not (type(most) is int and most >= 1):
            raise FieldError("open_orders_max", most, "must be a whole number from 1")
        if self.symbols is not None:
            object.__setattr__(self, "symbols", frozenset(map(check_symbol, self.symbols)))
        if self.sides is not None:
            object.__setattr__(self, "sides", frozenset(map(Side, self.sides)))

    @property
    def asks_price(self) -> bool:
        """Whether the last price is needed."""
        return self.price_away_max_percent is not None


async def checked(
    limits: OrderLimits,
    request: OrderRequest,
    market: Market,
    journal: Journal,
    place: tuple[str, str],
) -> Decimal | None:
    """
    What the order is worth in its quote asset; None where nothing asks for it and it is not told.

    Raises:
        FieldError: It breaks a limit; nothing was written or sent.
        SwitchgearError: What a limit depends on could not be had; nothing was written or sent.
    """
    _check_words(limits, request)
    wants_worth = limits.notional_max is not None or limits.notional_day_max is not None
    needs_last = limits.asks_price or (wants_worth and _worth(request, None) is None)
    last = await market.get_market_price(request.symbol) if needs_last else None
    worth = _worth(request, last)
    if limits.price_away_max_percent is not None and last is not None:
        _check_distance(limits.price_away_max_percent, request, last)
    if limits.notional_max is not None and worth is not None and worth > limits.notional_max:
        raise _over("notional", worth, f"notional_max is {limits.notional_max}")
    if limits.notional_day_max is not None and worth is not None:
        await _check_day(limits.notional_day_max, worth, journal, place)
    if limits.open_orders_max is not None and request.type is not OrderType.MARKET:
        count = len(await market.get_open_orders())
        if count >= limits.open_orders_max:
            raise _over("open orders", count + 1, f"open_orders_max is {limits.open_orders_max}")
    return worth


def _check_words(limits: OrderLimits, request: OrderRequest) -> None:
    if limits.symbols is not None and request.symbol not in limits.symbols:
        raise FieldError(
            "symbol", request.symbol, f"allowed are {', '.join(sorted(limits.symbols))}"
        )
    if limits.sides is not None and request.side not in limits.sides:
        raise FieldError(
            "side", request.side.value, f"allowed are {', '.join(sorted(limits.sides))}"
        )


def _worth(request: OrderRequest, last: Decimal | None) -> Decimal | None:
    if request.quote_quantity is not None:
        return request.quote_quantity
    price = request.price or last
    return None if price is None or request.quantity is None else price * request.quantity


def _check_distance(most: Decimal, request: OrderRequest, last: Decimal) -> None:
    for name in ("price", "stop_price"):
        price: Decimal | None = getattr(request, name)
        if price is not None and abs(price - last) * _PERCENT > most * last:
            allowed = f"must be within {most} % of the last price, {last}"
            raise FieldError(name, price, allowed)


async def _check_day(
    most: Decimal, worth: Decimal, journal: Journal, place: tuple[str, str]
) -> None:
    since_ms = journal.now_ms() // _DAY_MS * _DAY_MS
    query = IntentQuery(*place, states=_COUNTED, since_ms=since_ms, limit=_DAY_ORDERS_MAX)
    today = await journal.query(query)
    if len(today) >= _DAY_ORDERS_MAX:
        raise _over("orders of today", len(today), f"at most {_DAY_ORDERS_MAX} can be added up")
    total = sum((_kept_worth(each) for each in today), Decimal(0)) + worth
    if total > most:
        raise _over("notional of today", total, f"notional_day_max is {most}")


def _kept_worth(intent: Intent) -> Decimal:
    return Decimal(0) if intent.notional is None else Decimal(intent.notional)


def _over(what: str, value: object, allowed: str) -> FieldError:
    return FieldError(what, str(value), allowed)
