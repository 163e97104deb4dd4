"""Owns what a market tells: candles, order books, the rules of a pair, opening hours; in Decimal."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from switchgear.exchange.believed import amounts, less, ratio, times
from switchgear.exchange.model import FieldError, OrderType, TimeInForce

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from switchgear.exchange.model import OrderRequest


_EXACT = Context(
    prec=200, rounding=ROUND_HALF_EVEN, Emin=-999_999, Emax=999_999, clamp=0, flags=[], traps=[]
)
"""With as many digits as an amount and its step can have: the usual 28 are too few for a tiny step."""

_CENTS = Decimal(100)


class Interval(StrEnum):
    """How long a candle is; these are the lengths that all venues have."""

    M1 = "1m"
    M5 = "5m"
    M15 = "15m"
    M30 = "30m"
    H1 = "1h"
    H2 = "2h"
    H6 = "6h"
    D1 = "1d"

    @property
    def length_s(self) -> int:
        """In seconds."""
        return int(self[:-1]) * {"m": 60, "h": 3_600, "d": 86_400}[self[-1]]


@dataclass(frozen=True, slots=True)
class Candle:
    """What a price did in one interval."""

    at: datetime
    """When it opened, in UTC."""
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    """What was traded, of the base asset."""

    def __post_init__(self) -> None:
        """Refuse what no market does, so that a garbled answer is never taken for prices."""
        amounts(above=True, open=self.open, high=self.high, low=self.low, close=self.close)
        amounts(volume=self.volume)
        if not (self.low <= min(self.open, self.close) <= max(self.open, self.close) <= self.high):
            raise ValueError("the prices of a candle contradict each other")


class PriceLevel(NamedTuple):
    """One line of an order book."""

    price: Decimal
    quantity: Decimal
    """What is offered at this price, of the base asset; above 0."""


@dataclass(frozen=True, slots=True)
class OrderBook:
    """What others offer, best first."""

    exchange: str
    symbol: str
    bids: tuple[PriceLevel, ...]
    """Who buys, highest price first."""
    asks: tuple[PriceLevel, ...]
    """Who sells, lowest price first."""
    at: datetime | None
    """When it was so, in UTC; None where the exchange does not say."""

    @property
    def spread(self) -> Decimal | None:
        """Lowest ask less highest bid; None while a side is empty."""
        return less(self.asks[0].price, self.bids[0].price) if self.asks and self.bids else None


def levels(
    pairs: Iterable[tuple[Decimal, Decimal]], depth: int, *, falling: bool
) -> tuple[PriceLevel, ...]:
    """The best lines of a side, at most depth, from pairs of price and quantity; ValueError for what is no book."""
    found: list[PriceLevel] = []
    for price, quantity in pairs:
        amounts(above=True, price=price)
        amounts(quantity=quantity)
        if quantity:
            found.append(PriceLevel(price, quantity))
    if found != sorted(found, key=lambda line: line.price, reverse=falling):
        raise ValueError("the lines of the order book are not in order")
    return tuple(found[:depth])


@dataclass(frozen=True, slots=True)
class MarketClock:
    """Whether a market with opening hours is open."""

    is_open: bool
    at: datetime
    """When it was so, in UTC, by the exchange's clock."""
    next_open: datetime
    next_close: datetime


@dataclass(frozen=True, slots=True)
class SymbolInfo:
    """A pair that an exchange trades, and the rules an order on it must keep; None: no such rule."""

    exchange: str
    symbol: str
    """`BTC/USDT`."""
    venue_symbol: str
    """The same in the exchange's own spelling."""
    base: str
    quote: str
    tradable: bool = True
    """Whether orders are taken now, as far as the exchange says in its listing."""
    price_tick: Decimal | None = None
    """Prices are multiples of it."""
    price_min: Decimal | None = None
    price_max: Decimal | None = None
    quantity_step: Decimal | None = None
    """Quantities, of the base asset, are multiples of it."""
    quantity_min: Decimal | None = None
    quantity_max: Decimal | None = None
    market_quantity_step: Decimal | None = None
    """Of a market order that names a quantity, beside the three of every order; so the next two."""
    market_quantity_min: Decimal | None = None
    market_quantity_max: Decimal | None = None
    quote_step: Decimal | None = None
    """Quote amounts are multiples of it."""
    quote_min: Decimal | None = None
    """Of a market order that names a quote amount."""
    quote_max: Decimal | None = None
    notional_min: Decimal | None = None
    """Of price times quantity, in the quote asset, for an order that has both."""
    notional_max: Decimal | None = None
    takes_quote_quantity: bool = True
    """Whether a market order may name a quote amount."""
    types: frozenset[OrderType] | None = None
    """The kinds of order that are taken; None for any."""
    asset_class: str = "crypto"
    """crypto, or us_equity."""
    forces: frozenset[TimeInForce] | None = None
    """How long orders may rest; None for any."""
    whole_only: bool = False
    """Only whole units can be traded."""

    def check(self, request: OrderRequest) -> None:
        """
        Refuse an order that breaks a rule.

        Raises:
            FieldError: Names the field, its value and the rule. Nothing was sent.
        """
        if not self.tradable:
            raise FieldError("symbol", self.symbol, f"is not trading at {self.exchange} now")
        if self.types is not None and request.type not in self.types:
            allowed = f"{self._here} takes {', '.join(sorted(self.types))}"
            raise FieldError("type", str(request.type), allowed)
        self._check_force(request)
        for field in ("price", "stop_price"):
            price: Decimal | None = getattr(request, field)
            if price is not None:
                self._within(field, price, self.price_min, self.price_max)
                self._multiple(field, price, self.tick_at(price))
        if request.quantity is not None:
            self._check_quantity(request.quantity, request.type)
        self._check_value(request)

    def tick_at(self, price: Decimal) -> Decimal | None:
        """What prices near this one are multiples of; US equities below 1 USD have a finer tick."""
        if self.asset_class == "us_equity" and price < 1 and self.price_tick is not None:
            return ratio(self.price_tick, _CENTS)
        return self.price_tick

    def _check_force(self, request: OrderRequest) -> None:
        # A market order has GTC where nothing is said; its client sends what the venue wants there.
        if request.type is OrderType.MARKET or self.forces is None:
            return
        if request.time_in_force not in self.forces:
            allowed = ", ".join(sorted(self.forces))
            raise FieldError(
                "time_in_force", str(request.time_in_force), f"{self._here} takes {allowed}"
            )

    def _check_quantity(self, quantity: Decimal, kind: OrderType) -> None:
        self._within("quantity", quantity, self.quantity_min, self.quantity_max)
        if self.whole_only:
            self._multiple("quantity", quantity, Decimal(1))
        self._multiple("quantity", quantity, self.quantity_step)
        if kind is OrderType.MARKET:
            least, most = self.market_quantity_min, self.market_quantity_max
            self._within("quantity", quantity, least, most)
            self._multiple("quantity", quantity, self.market_quantity_step)

    def _check_value(self, request: OrderRequest) -> None:
        if request.quote_quantity is not None:
            if not self.takes_quote_quantity:
                allowed = f"is not taken for {self._here}: give a quantity"
                raise FieldError("quote_quantity", request.quote_quantity, allowed)
            self._within("quote_quantity", request.quote_quantity, self.quote_min, self.quote_max)
            self._multiple("quote_quantity", request.quote_quantity, self.quote_step)
        elif request.price is not None and request.quantity is not None:
            value = times(request.price, request.quantity)
            self._within("price times quantity", value, self.notional_min, self.notional_max)

    @property
    def _here(self) -> str:
        return f"{self.symbol} at {self.exchange}"

    def _within(
        self, field: str, value: Decimal, least: Decimal | None, most: Decimal | None
    ) -> None:
        if least is not None and value < least:
            raise FieldError(field, value, f"must be at least {_short(least)} for {self._here}")
        if most is not None and value > most:
            raise FieldError(field, value, f"must be at most {_short(most)} for {self._here}")

    def _multiple(self, field: str, value: Decimal, step: Decimal | None) -> None:
        if step and _EXACT.remainder(value, step):
            raise FieldError(field, value, f"must be a multiple of {_short(step)} for {self._here}")


def _short(amount: Decimal) -> str:
    """An amount in plain digits, without the zeros at the end that an exchange writes."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
