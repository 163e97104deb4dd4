"""Owns the shapes of Binance's good answers, in our words; errors are left to verdict."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from switchgear.exchange.model import (
    Balance,
    Order,
    OrderStatus,
    OrderType,
    Portfolio,
    Side,
    TimeInForce,
)
from switchgear.exchange.transport import Shape

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from switchgear.exchange.model import OrderRequest

VENUE = "binance"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ZERO, _ONE = Decimal(0), Decimal(1)
_BRIDGES = ("BTC", "BNB", "ETH")
"""Through which an asset without a price of its own in the currency gets one."""

_TYPES = {"MARKET": OrderType.MARKET, "LIMIT": OrderType.LIMIT}
_STATUSES = {
    "NEW": OrderStatus.OPEN,
    "PENDING_NEW": OrderStatus.OPEN,
    "PENDING_CANCEL": OrderStatus.OPEN,
    "PARTIALLY_FILLED": OrderStatus.PARTIALLY_FILLED,
    "FILLED": OrderStatus.FILLED,
    "CANCELED": OrderStatus.CANCELED,
    "REJECTED": OrderStatus.REJECTED,
    "EXPIRED": OrderStatus.EXPIRED,
    "EXPIRED_IN_MATCH": OrderStatus.EXPIRED,
}


class TimeAnswer(msgspec.Struct, frozen=True, gc=False):
    """What GET /api/v3/time answers."""

    serverTime: int  # noqa: N815  Binance's own name, as below


class TickerAnswer(msgspec.Struct, frozen=True, gc=False):
    """What GET /api/v3/ticker/price answers for one symbol."""

    symbol: str
    price: Decimal

    def __post_init__(self) -> None:
        """Refuse what is no price; msgspec raises it as an answer that cannot be read."""
        if not (self.price.is_finite() and self.price > 0):
            raise ValueError(f"price is {self.price}, it must be above 0")


class HeldAnswer(msgspec.Struct, frozen=True, gc=False):
    """One asset of an account."""

    asset: str
    free: Decimal
    locked: Decimal

    def __post_init__(self) -> None:
        """Refuse what is no amount."""
        if not (self.free.is_finite() and self.locked.is_finite()):
            raise ValueError(f"{self.asset} must have finite amounts")


class AccountAnswer(msgspec.Struct, frozen=True):
    """What GET /api/v3/account answers, as far as it is read."""

    balances: list[HeldAnswer]


class OrderAnswer(msgspec.Struct, frozen=True, gc=False):
    """An order as the three order endpoints answer it."""

    symbol: str
    orderId: int  # noqa: N815
    clientOrderId: str  # noqa: N815
    side: str
    type: str
    status: str
    price: Decimal
    origQty: Decimal  # noqa: N815
    executedQty: Decimal  # noqa: N815
    cummulativeQuoteQty: Decimal  # noqa: N815
    origClientOrderId: str | None = None  # noqa: N815
    transactTime: int | None = None  # noqa: N815
    time: int | None = None

    def __post_init__(self) -> None:
        """Refuse words and amounts that mean nothing to us."""
        if self.status not in _STATUSES or self.side not in {"BUY", "SELL"}:
            raise ValueError(f"status {self.status!r} or side {self.side!r} is not known")
        amounts = (self.price, self.origQty, self.executedQty, self.cummulativeQuoteQty)
        if not all(amount.is_finite() for amount in amounts):
            raise ValueError("an amount of the order is no number")


TIME = Shape(TimeAnswer)
TICKER = Shape(TickerAnswer)
TICKERS = Shape(list[TickerAnswer])
ACCOUNT = Shape(AccountAnswer)
ORDER = Shape(OrderAnswer)


def venue_symbol(symbol: str) -> str:
    """`BTC/USDT` as Binance has it: `BTCUSDT`."""
    return symbol.replace("/", "")


def order_params(request: OrderRequest) -> dict[str, str]:
    """A new order's parameters, without key and time."""
    params = {
        "symbol": venue_symbol(request.symbol),
        "side": request.side.upper(),
        "type": request.type.upper(),
        "quantity": f"{request.quantity:f}",
        "newOrderRespType": "FULL",
    }
    if request.client_order_id is not None:
        params["newClientOrderId"] = request.client_order_id
    if request.price is not None:
        params |= {"price": f"{request.price:f}", "timeInForce": TimeInForce(request.time_in_force)}
    return params


def order_of(answer: OrderAnswer, symbol: str) -> Order:
    """The order in our words; symbol is the one that was asked for."""
    created_ms = answer.time
    if created_ms is None and answer.origClientOrderId is None:  # a cancel tells its own time
        created_ms = answer.transactTime
    kind = _TYPES.get(answer.type, OrderType.OTHER)
    return Order(
        exchange=VENUE,
        symbol=symbol,
        order_id=str(answer.orderId),
        client_order_id=answer.origClientOrderId or answer.clientOrderId,
        side=Side(answer.side.lower()),
        type=kind,
        status=_STATUSES[answer.status],
        quantity=answer.origQty,
        filled=answer.executedQty,
        price=None if kind is OrderType.MARKET or not answer.price else answer.price,
        average_price=_average_price(answer),
        created_at=None if created_ms is None else _EPOCH + timedelta(milliseconds=created_ms),
    )


def balances_of(answer: AccountAnswer) -> dict[str, Balance]:
    """What is held, by asset; what there is nothing of is left out."""
    return {
        held.asset: Balance(held.asset, held.free, held.locked)
        for held in answer.balances
        if held.free or held.locked
    }


def portfolio_of(
    balances: Mapping[str, Balance], tickers: Iterable[TickerAnswer], currency: str
) -> Portfolio:
    """What is held, valued by last prices, through another asset where there is no direct one."""
    prices = {ticker.symbol: ticker.price for ticker in tickers}
    values: dict[str, Decimal] = {}
    for asset, balance in balances.items():
        price = _price_in(asset, currency, prices)
        if price is not None:
            values[asset] = balance.total * price
    unpriced = tuple(sorted(balances.keys() - values.keys()))
    total = sum(values.values(), _ZERO)
    return Portfolio(VENUE, currency, balances, values, total, unpriced)


def _average_price(answer: OrderAnswer) -> Decimal | None:
    # Of very old orders Binance tells a negative sum: it is not known.
    if answer.executedQty <= 0 or answer.cummulativeQuoteQty < 0:
        return None
    return answer.cummulativeQuoteQty / answer.executedQty


def _price_in(asset: str, currency: str, prices: Mapping[str, Decimal]) -> Decimal | None:
    direct = _direct(asset, currency, prices)
    if direct is not None:
        return direct
    for bridge in _BRIDGES:
        first, second = _direct(asset, bridge, prices), _direct(bridge, currency, prices)
        if first is not None and second is not None:
            return first * second
    return None


def _direct(asset: str, currency: str, prices: Mapping[str, Decimal]) -> Decimal | None:
    if asset == currency:
        return _ONE
    price = prices.get(asset + currency)
    if price is not None:
        return price
    inverse = prices.get(currency + asset)
    return None if inverse is None else _ONE / inverse
