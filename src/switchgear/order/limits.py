"""
Owns what an agent may order: checked before an intent is written, so that what breaks a limit leaves no trace.

The sum of a day alone is the store's to check, in the step that writes the intent.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

from switchgear.exchange.model import FieldError, OrderType, Side, check_symbol
from switchgear.order.store import EXACT, Day

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from switchgear.exchange.model import OrderRequest
    from switchgear.order.store import DayFull
    from switchgear.settings.order_limits import LimitTables

_DAY_MS = 86_400_000
_PERCENT = Decimal(100)


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
    """
    Of all orders of the account in the journal since midnight in UTC that are booked, or may be, whichever desk or
    process placed them; quote assets count alike.
    """
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

    def stricter(self, other: OrderLimits) -> OrderLimits:
        """What keeps to both: of two numbers the smaller, of two sets what is in both."""
        return OrderLimits(
            **{
                name: _both(getattr(self, name), getattr(other, name), narrow)
                for name, narrow in _NARROW.items()
            }
        )

    def day_at(self, at_ms: int) -> Day | None:
        """What bounds the day in which an intent is written, by its date in epoch ms; None where nothing does."""
        if self.notional_day_max is None:
            return None
        return Day(at_ms // _DAY_MS * _DAY_MS, self.notional_day_max)


def _both(mine: Any, other: Any, narrow: Callable[[Any, Any], Any]) -> Any:
    if mine is None or other is None:
        return other if mine is None else mine
    return narrow(mine, other)


_NARROW: dict[str, Callable[[Any, Any], Any]] = {
    "notional_max": min,
    "notional_day_max": min,
    "open_orders_max": min,
    "symbols": frozenset[Any].intersection,
    "sides": frozenset[Any].intersection,
    "price_away_max_percent": min,
}
"""How the stricter of two limits is found; every limit is here."""


def file_limits(tables: LimitTables, place: tuple[str, str]) -> OrderLimits:
    """What the settings file lets an account order."""
    return OrderLimits(**tables.of(*place))


async def checked(limits: OrderLimits, request: OrderRequest, market: Market) -> Decimal | None:
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
    if limits.open_orders_max is not None and request.type is not OrderType.MARKET:
        count = len(await market.get_open_orders())
        if count >= limits.open_orders_max:
            raise _over("open orders", count + 1, f"open_orders_max is {limits.open_orders_max}")
    return worth


def over_day(full: DayFull) -> FieldError:
    """How whoever orders is told that the day is full."""
    return _over("notional of today", full.total, f"notional_day_max is {full.day.notional_max}")


def _check_words(limits: OrderLimits, request: OrderRequest) -> None:
    if limits.symbols is not None and request.symbol not in limits.symbols:
        raise FieldError("symbol", request.symbol, f"allowed are {_listed(limits.symbols)}")
    if limits.sides is not None and request.side not in limits.sides:
        raise FieldError("side", request.side.value, f"allowed are {_listed(limits.sides)}")


def _listed(words: Iterable[str]) -> str:
    return ", ".join(sorted(words)) or "none: two limits have none in common"


def _worth(request: OrderRequest, last: Decimal | None) -> Decimal | None:
    if request.quote_quantity is not None:
        return request.quote_quantity
    price = request.price or last
    if price is None or request.quantity is None:
        return None
    return EXACT.multiply(price, request.quantity)


def _check_distance(most: Decimal, request: OrderRequest, last: Decimal) -> None:
    for name in ("price", "stop_price"):
        price: Decimal | None = getattr(request, name)
        if price is None:
            continue
        away = EXACT.multiply(EXACT.abs(EXACT.subtract(price, last)), _PERCENT)
        if away > EXACT.multiply(most, last):
            allowed = f"must be within {most} % of the last price, {last}"
            raise FieldError(name, price, allowed)


def _over(what: str, value: object, allowed: str) -> FieldError:
    return FieldError(what, str(value), allowed)
