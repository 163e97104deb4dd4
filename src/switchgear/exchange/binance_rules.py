"""Owns the rules of a pair as Binance tells them, in our words; that an order keeps them is `market`'s."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from switchgear.exchange.believed import amounts
from switchgear.exchange.binance_answers import FORCES, TYPES, VENUE
from switchgear.exchange.market import SymbolInfo
from switchgear.exchange.model import OrderType
from switchgear.exchange.reply import Shape


class FilterAnswer(msgspec.Struct, frozen=True, gc=False):
    """One filter of a symbol; which fields it has depends on its kind."""

    filterType: str  # noqa: N815
    minPrice: Decimal | None = None  # noqa: N815
    maxPrice: Decimal | None = None  # noqa: N815
    tickSize: Decimal | None = None  # noqa: N815
    minQty: Decimal | None = None  # noqa: N815
    maxQty: Decimal | None = None  # noqa: N815
    stepSize: Decimal | None = None  # noqa: N815
    minNotional: Decimal | None = None  # noqa: N815
    maxNotional: Decimal | None = None  # noqa: N815
    applyToMarket: bool = False  # noqa: N815
    applyMinToMarket: bool | None = None  # noqa: N815
    applyMaxToMarket: bool = False  # noqa: N815

    @property
    def market_least(self) -> Decimal | None:
        """The least value of a market order; MIN_NOTIONAL has another word for it than NOTIONAL."""
        applies = self.applyToMarket if self.applyMinToMarket is None else self.applyMinToMarket
        return (applies and self.minNotional) or None

    @property
    def market_most(self) -> Decimal | None:
        """The largest value of a market order."""
        return (self.applyMaxToMarket and self.maxNotional) or None

    def __post_init__(self) -> None:
        """Refuse what is no rule."""
        amounts(minPrice=self.minPrice, maxPrice=self.maxPrice, tickSize=self.tickSize)
        amounts(minQty=self.minQty, maxQty=self.maxQty, stepSize=self.stepSize)
        amounts(minNotional=self.minNotional, maxNotional=self.maxNotional)


class SymbolAnswer(msgspec.Struct, frozen=True):
    """One symbol of GET /api/v3/exchangeInfo."""

    symbol: str
    status: str
    baseAsset: str  # noqa: N815
    quoteAsset: str  # noqa: N815
    filters: list[FilterAnswer]
    orderTypes: list[str] | None = None  # noqa: N815
    quoteOrderQtyMarketAllowed: bool = True  # noqa: N815


class LimitAnswer(msgspec.Struct, frozen=True):
    """One limit of the account and our address, as exchangeInfo tells it."""

    rateLimitType: str  # noqa: N815
    interval: str
    intervalNum: int  # noqa: N815
    limit: int


LIMIT_NAMES = {
    ("REQUEST_WEIGHT", "MINUTE", 1): "request_weight",
    ("ORDERS", "SECOND", 10): "orders_10s",
    ("ORDERS", "DAY", 1): "orders_1d",
}
"""What our ledgers call the limits that exchangeInfo tells the size of."""


class InfoAnswer(msgspec.Struct, frozen=True):
    """What GET /api/v3/exchangeInfo answers, as far as it is read."""

    symbols: list[SymbolAnswer]
    rateLimits: list[LimitAnswer] = []  # noqa: N815


INFO = Shape(InfoAnswer)
_LIMIT_MAX = 10**9


def limits_of(answer: InfoAnswer) -> dict[str, int]:
    """How large the limits are that our ledgers hold, by their name there; what cannot be is left out."""
    told = {
        LIMIT_NAMES.get((each.rateLimitType, each.interval, each.intervalNum), ""): each.limit
        for each in answer.rateLimits
    }
    return {name: size for name, size in told.items() if name and 1 <= size <= _LIMIT_MAX}


_NO_FILTER = FilterAnswer("")


def symbol_of(answer: SymbolAnswer) -> SymbolInfo:
    """A pair with its rules; a 0 in a filter means that the rule is off."""
    found = {each.filterType: each for each in answer.filters}
    price = found.get("PRICE_FILTER", _NO_FILTER)
    lot = found.get("LOT_SIZE", _NO_FILTER)
    market_lot = found.get("MARKET_LOT_SIZE", _NO_FILTER)
    notional = found.get("NOTIONAL", found.get("MIN_NOTIONAL", _NO_FILTER))
    return SymbolInfo(
        exchange=VENUE,
        symbol=f"{answer.baseAsset}/{answer.quoteAsset}",
        venue_symbol=answer.symbol,
        base=answer.baseAsset,
        quote=answer.quoteAsset,
        tradable=answer.status == "TRADING",
        price_tick=price.tickSize or None,
        price_min=price.minPrice or None,
        price_max=price.maxPrice or None,
        quantity_step=lot.stepSize or None,
        quantity_min=lot.minQty or None,
        quantity_max=lot.maxQty or None,
        market_quantity_step=market_lot.stepSize or None,
        market_quantity_min=market_lot.minQty or None,
        market_quantity_max=market_lot.maxQty or None,
        quote_min=notional.market_least,
        quote_max=notional.market_most,
        notional_min=notional.minNotional or None,
        notional_max=notional.maxNotional or None,
        takes_quote_quantity=answer.quoteOrderQtyMarketAllowed,
        types=_types_of(answer.orderTypes),
        forces=FORCES,
    )


def _types_of(words: list[str] | None) -> frozenset[OrderType] | None:
    if words is None:
        return None
    return frozenset(TYPES.get(each, OrderType.OTHER) for each in words)
