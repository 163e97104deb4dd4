"""Owns what is traded and held, checked, in Decimal; how a venue writes it is its client's."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from switchgear.core.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

_E = TypeVar("_E", bound=StrEnum)

CLIENT_ORDER_ID = r"[a-zA-Z0-9_-]{1,36}"
"""What every venue takes; the narrowest of them is Binance."""

_SYMBOL = re.compile(r"[A-Z0-9]{1,20}/[A-Z0-9]{1,20}")
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
    quantity: Decimal
    """Of the base asset, above 0."""
    price: Decimal | None = None
    """Of one base asset in the quote asset, above 0; for a limit order, and only for one."""
    time_in_force: TimeInForce = TimeInForce.GTC
    """For a limit order; a market order has none but GTC."""
    client_order_id: str | None = None
    """The name to find it by, 1 to 36 letters, digits, `-` or `_`; made up when not given."""

    def __post_init__(self) -> None:
        """Check each field, and turn words into their enums."""
        check_symbol(self.symbol)
        object.__setattr__(self, "side", _word("side", self.side, Side))
        object.__setattr__(self, "type", _word("type", self.type, OrderType))
        force = _word("time_in_force", self.time_in_force, TimeInForce)
        object.__setattr__(self, "time_in_force", force)
        check_amount("quantity", self.quantity)
        self._check_price()
        if self.client_order_id is not None:
            check_client_order_id(self.client_order_id)

    def _check_price(self) -> None:
        match self.type:
            case OrderType.LIMIT:
                check_amount("price", self.price)
            case OrderType.MARKET if self.price is not None:
                raise FieldError("price", self.price, "a market order has none")
            case OrderType.MARKET if self.time_in_force is not TimeInForce.GTC:
                raise FieldError("time_in_force", str(self.time_in_force), "only a limit order")
            case OrderType.MARKET:
                return
            case OrderType.OTHER:
                raise FieldError("type", "other", "must be market or limit")


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
    quantity: Decimal
    """What was asked for, of the base asset."""
    filled: Decimal
    """What was traded of it so far, from 0 to quantity."""
    price: Decimal | None
    """The limit; None for a market order."""
    average_price: Decimal | None
    """What one base asset traded for on average; None while nothing is filled, or not told."""
    created_at: datetime | None
    """In UTC; None where the exchange does not say."""

    @property
    def remaining(self) -> Decimal:
        """What is not traded yet, of the base asset."""
        return self.quantity - self.filled


@dataclass(frozen=True, slots=True)
class Balance:
    """What an account holds of one asset."""

    asset: str
    free: Decimal
    """What can be traded, from 0."""
    locked: Decimal
    """What open orders hold, from 0."""

    @property
    def total(self) -> Decimal:
        """Free and locked together."""
        return self.free + self.locked


@dataclass(frozen=True, slots=True)
class Portfolio:
    """What an account holds, and what it is worth."""

    exchange: str
    currency: str
    """What values are told in."""
    balances: Mapping[str, Balance]
    """By asset; what the account holds nothing of is left out."""
    values: Mapping[str, Decimal]
    """The worth of each asset that has a price; the others are in `unpriced`."""
    total: Decimal
    """The sum of values: a lower bound when something is unpriced."""
    unpriced: tuple[str, ...] = ()
    """Assets held that have no price in currency."""


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
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)  # a finite number has one
    if value.adjusted() >= _WHOLE_DIGITS_MAX or exponent < -_PLACES_MAX:
        allowed = f"must have at most {_WHOLE_DIGITS_MAX} whole digits and {_PLACES_MAX} places"
        raise FieldError(field, value, allowed)
    return value


def _word(field: str, value: object, kind: type[_E]) -> _E:
    try:
        return kind(value)  # type: ignore[arg-type]  # it refuses what is none of its words
    except ValueError:
        raise FieldError(field, value, f"must be one of {', '.join(kind)}") from None
