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
    from collections.abc import Awaitable, Callable, Iterable

    from switchgear.exchange.model import Order, OrderRequest
    from switchgear.order.intent import Intent
    from switchgear.order.store import DayFull
    from switchgear.settings.order_limits import LimitTables

_DAY_MS = 86_400_000
_PERCENT = Decimal(100)


class Market(Protocol):
    """What is asked of an exchange for a limit."""

    async def get_market_price(self, symbol: str) -> Decimal:
        """The last price."""
        ...

    async def get_open_orders(self, symbol: str | None = None) -> list[Order]:
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
    """
    Of one order, in its quote asset. What is sold counts at the last price where its own is lower, for that is only a
    floor; what is bought under a price, at that.
    """
    notional_day_max: Decimal | None = None
    """
    Of all orders of the account in the journal since midnight in UTC that are booked, or may be, whichever desk or
    process placed them; quote assets count alike. Where a desk has no limit by worth it asks for no price, and its
    orders count by their own: a market order of a quantity, which has none, counts nothing.
    """
    open_orders_max: int | None = None
    """
    Open orders at the exchange, those that are under way or in doubt by the journal, and the new one.

    It holds for one desk; two desks that look at the very same moment can each find the last place.
    """
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
    def asks_worth(self) -> bool:
        """Whether it matters what an order is worth."""
        return self.notional_max is not None or self.notional_day_max is not None

    def asks_price(self, request: OrderRequest) -> bool:
        """Whether the last price is needed for an order."""
        if self.price_away_max_percent is not None:
            return True
        # The price of a sale is a floor: it is booked at what is bid.
        has_top = request.price is not None and request.side is Side.BUY
        return self.asks_worth and request.quote_quantity is None and not has_top

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
    last = await market.get_market_price(request.symbol) if limits.asks_price(request) else None
    worth = worth_of(request, last)
    if limits.price_away_max_percent is not None and last is not None:
        _check_distance(limits.price_away_max_percent, request, last)
    if limits.notional_max is not None and worth is not None and worth > limits.notional_max:
        raise _over("notional", worth, f"notional_max is {limits.notional_max}")
    return worth


async def check_room(
    limits: OrderLimits,
    request: OrderRequest,
    market: Market,
    unsettled: Callable[[], Awaitable[list[Intent]]],
) -> None:
    """
    Whether one more order may be open; one at a time for an account, until its intent is written.

    Args:
        limits: What holds.
        request: The new order; a market order passes.
        market: Where those are that are open.
        unsettled: Gives the intents of the account of which nobody knows yet whether they are booked.

    Raises:
        FieldError: There is no room; nothing was written or sent.
        SwitchgearError: It could not be found out; nothing was written or sent.
    """
    most = limits.open_orders_max
    if most is None or request.type is OrderType.MARKET:
        return
    # The journal first: what is acknowledged between the two looks is at the exchange by the second.
    names = {each.client_order_id for each in await unsettled()}
    listed = await market.get_open_orders()
    names.difference_update(each.client_order_id for each in listed)
    count = len(listed) + len(names) + 1
    if count > most:
        raise _over("open orders", count, f"open_orders_max is {most}")


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


def worth_of(request: OrderRequest, last: Decimal | None) -> Decimal | None:
    """What an order comes to at most, as far as its own words and the last price tell; None where they do not."""
    if request.quote_quantity is not None:
        return request.quote_quantity
    price = request.price or last
    if price is None or request.quantity is None:
        return None
    if request.side is Side.SELL and last is not None:
        price = max(price, last)
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
