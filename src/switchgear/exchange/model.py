"""Owns orders, checked, in Decimal; how a venue writes them is its client's."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from switchgear.core.errors import SettingsError
from switchgear.exchange.believed import less

if TYPE_CHECKING:
    from datetime import datetime

_E = TypeVar("_E", bound=StrEnum)

CLIENT_ORDER_ID = r"[a-zA-Z0-9_-]{1,36}"
"""What every venue takes; the narrowest of them is Binance."""

_SYMBOL = re.compile(r"[A-Z0-9.]{1,20}/[A-Z0-9]{1,20}")
_CLIENT_ORDER_ID = re.compile(CLIENT_ORDER_ID)
_WHOLE_DIGITS_MAX = 20
_PLACES_MAX = 18


class FieldError(SettingsError):
    """A field that cannot be; names the field, its value and what is allowed. Nothing was sent."""


class Side(StrEnum):
    """Which way an order trades the base asset."""

    BUY = "buy"
    SELL = "sell"


class OrderType(StrEnum):
    """How an order finds its price."""

    MARKET = "market"
    LIMIT = "limit"
    STOP_LIMIT = "stop_limit"
    """A limit order that waits until the market has reached its stop price."""
    OTHER = "other"
    """A kind that switchgear finds but does not send."""


class TimeInForce(StrEnum):
    """How long a limit order may rest."""

    GTC = "GTC"
    """Until it is filled or cancelled."""
    IOC = "IOC"
    """What can be filled at once; the rest expires."""
    FOK = "FOK"
    """All at once or nothing."""
    DAY = "DAY"
    """Until the market closes; for US equities."""


class OrderStatus(StrEnum):
    """Where an order stands."""

    OPEN = "open"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELED = "canceled"
    REJECTED = "rejected"
    EXPIRED = "expired"

    @property
    def is_final(self) -> bool:
        """Whether nothing more can happen to the order."""
        return self not in {OrderStatus.OPEN, OrderStatus.PARTIALLY_FILLED}


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """
    An order to be made, checked when it is written down.

    Raises:
        FieldError: A field cannot be; a float or an int where a Decimal belongs is refused too.
    """

    symbol: str
    """Base and quote, `BTC/USDT`."""
    side: Side
    type: OrderType
    quantity: Decimal | None = None
    """Of the base asset, above 0; for a market order, either this or quote_quantity."""
    price: Decimal | None = None
    """Of one base asset in the quote asset, above 0; for an order with a limit, and only for one."""
    time_in_force: TimeInForce = TimeInForce.GTC
    """For an order with a limit; a market order has none but GTC."""
    client_order_id: str | None = None
    """The name to find it by, 1 to 36 letters, digits, `-` or `_`; made up when not given."""
    quote_quantity: Decimal | None = None
    """Of the quote asset, above 0: what a market order is to spend, or to bring in."""
    stop_price: Decimal | None = None
    """What the market must reach before a stop-limit order becomes a limit order, above 0."""
    post_only: bool = False
    """A limit order that must rest: it is refused when it would trade at once."""

    def __post_init__(self) -> None:
        """Check each field, and turn words into their enums."""
        check_symbol(self.symbol)
        object.__setattr__(self, "side", _word("side", self.side, Side))
        object.__setattr__(self, "type", _word("type", self.type, OrderType))
        force = _word("time_in_force", self.time_in_force, TimeInForce)
        object.__setattr__(self, "time_in_force", force)
        self._check_amounts()
        self._check_price()
        self._check_post_only()
        if self.client_order_id is not None:
            check_client_order_id(self.client_order_id)

    def _check_amounts(self) -> None:
        if self.quote_quantity is None:
            check_amount("quantity", self.quantity)
            return
        check_amount("quote_quantity", self.quote_quantity)
        if self.quantity is not None:
            allowed = "give either quantity or quote_quantity"
            raise FieldError("quote_quantity", self.quote_quantity, allowed)
        if self.type is not OrderType.MARKET:
            raise FieldError("quote_quantity", self.quote_quantity, "only a market order has one")

    def _check_price(self) -> None:
        if self.type is not OrderType.STOP_LIMIT and self.stop_price is not None:
            raise FieldError("stop_price", self.stop_price, "only a stop_limit order has one")
        match self.type:
            case OrderType.LIMIT:
                check_amount("price", self.price)
            case OrderType.STOP_LIMIT:
                check_amount("price", self.price)
                check_amount("stop_price", self.stop_price)
            case OrderType.MARKET if self.price is not None:
                raise FieldError("price", self.price, "a market order has none")
            case OrderType.MARKET if self.time_in_force is not TimeInForce.GTC:
                raise FieldError("time_in_force", str(self.time_in_force), "only a limit order")
            case OrderType.MARKET:
                return
            case OrderType.OTHER:
                raise FieldError("type", "other", "must be market, limit or stop_limit")

    def _check_post_only(self) -> None:
        if not isinstance(self.post_only, bool):  # pyright: ignore[reportUnnecessaryIsInstance]  callers are not all typed
            raise FieldError("post_only", self.post_only, "must be True or False")
        if self.post_only and self.type is not OrderType.LIMIT:
            raise FieldError("post_only", self.post_only, "only a limit order can be")
        if self.post_only and self.time_in_force in {TimeInForce.IOC, TimeInForce.FOK}:
            allowed = "a post-only order rests: its time_in_force is GTC, or DAY"
            raise FieldError("post_only", self.post_only, allowed)


@dataclass(frozen=True, slots=True)
class Order:
    """An order as an exchange last told of it."""

    exchange: str
    symbol: str
    order_id: str
    """The exchange's own name for it."""
    client_order_id: str
    side: Side
    type: OrderType
    status: OrderStatus
    quantity: Decimal | None
    """What was asked for, of the base asset; None where the order names what it spends."""
    filled: Decimal
    """What was traded of it so far, of the base asset, from 0."""
    price: Decimal | None
    """The limit; None for a market order."""
    average_price: Decimal | None
    """What one base asset traded for on average; None while nothing is filled, or not told."""
    created_at: datetime | None
    """In UTC; None where the exchange does not say."""
    quote_quantity: Decimal | None = None
    """What it is to spend or to bring in, of the quote asset; None where quantity speaks."""
    stop_price: Decimal | None = None
    """What wakes a stop order; None for others."""

    @property
    def remaining(self) -> Decimal | None:
        """What is not traded yet, of the base asset; None where quantity is."""
        return None if self.quantity is None else less(self.quantity, self.filled)


def check_request(request: object) -> OrderRequest:
    """The request; FieldError unless it is an OrderRequest, which has checked itself."""
    if not isinstance(request, OrderRequest):
        raise FieldError("request", request, "must be an OrderRequest")
    return request


def check_symbol(symbol: object) -> str:
    """The symbol; FieldError unless it is of the form `BTC/USDT`."""
    if not isinstance(symbol, str) or not _SYMBOL.fullmatch(symbol):
        raise FieldError("symbol", symbol, "must be of the form BTC/USDT, in capitals and digits")
    return symbol


def check_client_order_id(name: object) -> str:
    """The client order id; FieldError unless it is 1 to 36 letters, digits, `-` or `_`."""
    if not isinstance(name, str) or not _CLIENT_ORDER_ID.fullmatch(name):
        raise FieldError("client_order_id", name, "must be 1 to 36 letters, digits, - or _")
    return name


def check_amount(field: str, value: object) -> Decimal:
    """The amount; FieldError unless it is a Decimal above 0 that can be written in plain digits."""
    if not isinstance(value, Decimal):
        raise FieldError(field, value, "must be a Decimal, such as Decimal('0.25')")
    if not (value.is_finite() and value > 0):
        raise FieldError(field, value, "must be a finite number above 0")
    if not -_PLACES_MAX <= value.adjusted() < _WHOLE_DIGITS_MAX or _places(value) > _PLACES_MAX:
        allowed = f"must have at most {_WHOLE_DIGITS_MAX} whole digits and {_PLACES_MAX} places"
        raise FieldError(field, value, allowed)
    return value


def plain(amount: Decimal) -> str:
    """
    A finite amount in plain digits, without an exponent and without zeros that say nothing: `0.01`.

    It is exact whatever the decimal context of the program is: `normalize` would round to it.
    """
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _places(amount: Decimal) -> int:
    return len(plain(amount).partition(".")[2])


def _word(field: str, value: object, kind: type[_E]) -> _E:
    try:
        return kind(value)  # type: ignore[arg-type]  # it refuses what is none of its words
    except ValueError:
        raise FieldError(field, value, f"must be one of {', '.join(kind)}") from None
