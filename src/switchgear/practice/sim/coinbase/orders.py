"""Owns how a body of Coinbase's order endpoints becomes an order, and what it is refused for."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from switchgear.practice.sim.accounts import NewOrder, OrderType, Side, TimeInForce
from switchgear.practice.sim.coinbase.bodies import (
    DatedStopTerms,
    DatedTerms,
    LimitTerms,
    MarketTerms,
    RestingTerms,
    StopTerms,
    told_again,
)
from switchgear.practice.sim.coinbase.products import PRODUCTS, Product
from switchgear.practice.sim.coinbase.refusals import (
    bad_configuration,
    both,
    only_preview,
    price_precision,
    size_precision,
)
from switchgear.practice.sim.coinbase.text import to_ms
from switchgear.practice.sim.ledger import crosses

if TYPE_CHECKING:
    from switchgear.practice.sim.coinbase.bodies import Configuration, OrderPreview, Terms

_ZERO = Decimal(0)
_NO_LEVERAGE = {None, "1", "1.0"}
_FORCES = {
    "market_market_ioc": TimeInForce.IOC,
    "market_market_fok": TimeInForce.FOK,
    "sor_limit_ioc": TimeInForce.IOC,
    "limit_limit_fok": TimeInForce.FOK,
}
"""How long an order of this kind may rest, where it may not rest as long as it likes."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked for, on a product that trades."""

    product: Product
    side: Side
    kind: str
    terms: Terms
    price: Decimal
    """The price now."""
    now_ms: int


def product_of(name: str) -> Product:
    """The product of this exact name, or the refusal of an order on it."""
    if name not in PRODUCTS:
        raise both("INVALID_PRODUCT_ID")
    return PRODUCTS[name]


def new_order(body: OrderPreview, name: str, price: Decimal, now_ms: int) -> NewOrder:
    """
    The order that the body asks for, under this client order id, while the price is this.

    Raises:
        OrderRefusal: A rule forbids it; whether the balance carries it is left to the ledger.
    """
    asked = _asked(body, price, now_ms)
    limit, stop = _limit_price(asked), _stop_price(asked)
    quantity, quote_size = _sizes(asked, limit or price)
    order = NewOrder(
        symbol=asked.product.symbol,
        side=asked.side,
        type=_type(asked.terms),
        client_order_id=name,
        quantity=quantity,
        price=limit,
        quote_quantity=quote_size,
        time_in_force=_FORCES.get(asked.kind, TimeInForce.GTC),
        via="coinbase",
        stop_price=stop,
        stop_above=_stops_above(asked.terms),
        not_after_ms=_end_ms(asked),
        label=_label(body.order_configuration),
    )
    if order.type is OrderType.LIMIT_MAKER and crosses(order, price):
        raise both("INVALID_LIMIT_PRICE_POST_ONLY")
    return order


def _asked(body: OrderPreview, price: Decimal, now_ms: int) -> _Asked:
    product = product_of(body.product_id)
    if product.trading_disabled:
        raise both("TRADING_DISABLED")
    if product.view_only:
        raise both("UNTRADABLE_PRODUCT")
    if body.side == "UNKNOWN_ORDER_SIDE":
        raise both("INVALID_SIDE")
    if body.leverage not in _NO_LEVERAGE:
        raise both("INVALID_LEVERAGE")
    kind, terms = _chosen(body)
    return _Asked(product, Side(body.side), kind, terms, price, now_ms)


def _chosen(body: OrderPreview) -> tuple[str, Terms]:
    """The one kind of order that was sent, of those that are offered here."""
    sent = [
        (kind, terms)
        for kind in body.order_configuration.__struct_fields__
        if (terms := getattr(body.order_configuration, kind)) is not None
    ]
    if len(sent) != 1 or body.attached_order_configuration is not None:
        raise bad_configuration()
    kind, terms = sent[0]
    if not isinstance(terms, MarketTerms | LimitTerms | StopTerms):
        raise bad_configuration()
    return kind, terms


def _type(terms: Terms) -> OrderType:
    match terms:
        case MarketTerms():
            return OrderType.MARKET
        case StopTerms():
            return OrderType.STOP_LIMIT
        case RestingTerms(post_only=True):
            return OrderType.LIMIT_MAKER
        case _:
            return OrderType.LIMIT


def _limit_price(asked: _Asked) -> Decimal:
    """The limit price on its increment and within its bounds; 0 for a market order."""
    if isinstance(asked.terms, MarketTerms):
        return _ZERO
    limit, symbol = Decimal(asked.terms.limit_price or 0), asked.product.symbol
    if limit <= 0:
        raise both("INVALID_LIMIT_PRICE")
    if limit % symbol.tick:
        raise price_precision()
    if limit > symbol.max_price:
        raise only_preview("PREVIEW_INVALID_PRICE_TOO_LARGE")
    return limit


def _stop_price(asked: _Asked) -> Decimal:
    """The stop price, still to be reached and on the right side of the limit; 0 where there is none."""
    if not isinstance(asked.terms, StopTerms):
        return _ZERO
    terms = asked.terms
    stop, limit = Decimal(terms.stop_price or 0), Decimal(terms.limit_price or 0)
    if stop <= 0:
        raise only_preview("PREVIEW_INVALID_STOP_PRICE")
    if stop % asked.product.symbol.tick:
        raise price_precision("PREVIEW_INVALID_STOP_PRICE_PRECISION")
    if terms.stop_direction in {None, "UNKNOWN_STOP_DIRECTION"}:
        raise bad_configuration()
    if asked.side is Side.BUY and stop > limit:
        raise only_preview("PREVIEW_STOP_PRICE_ABOVE_LIMIT_PRICE")
    if asked.side is Side.SELL and stop < limit:
        raise only_preview("PREVIEW_STOP_PRICE_BELOW_LIMIT_PRICE")
    if _stops_above(terms) and stop <= asked.price:
        raise only_preview("PREVIEW_STOP_PRICE_BELOW_LAST_TRADE_PRICE")
    if not _stops_above(terms) and stop >= asked.price:
        raise only_preview("PREVIEW_STOP_PRICE_ABOVE_LAST_TRADE_PRICE")
    return stop


def _stops_above(terms: Terms) -> bool:
    return isinstance(terms, StopTerms) and terms.stop_direction == "STOP_DIRECTION_STOP_UP"


def _end_ms(asked: _Asked) -> int | None:
    if not isinstance(asked.terms, DatedTerms | DatedStopTerms):
        return None
    if asked.terms.end_time is None:
        raise both("GTD_ORDERS_MUST_HAVE_END_TIME")
    end_ms = to_ms(asked.terms.end_time)
    if end_ms <= asked.now_ms:
        raise both("END_TIME_IS_IN_THE_PAST")
    return end_ms


def _sizes(asked: _Asked, price: Decimal) -> tuple[Decimal, Decimal]:
    """The base quantity at this price, and the quote size where the order is told in it."""
    base_size = asked.terms.base_size
    quote_size = None if isinstance(asked.terms, StopTerms) else asked.terms.quote_size
    if (base_size is None) is (quote_size is None):
        raise bad_configuration()
    if quote_size is None:
        quantity = Decimal(base_size or 0)
        _check_base_size(asked.product, quantity)
        _check_quote_size(asked.product, quantity * price)
        return quantity, _ZERO
    if asked.side is Side.SELL:
        raise bad_configuration()
    quote = Decimal(quote_size)
    if quote % asked.product.quote_increment:
        raise only_preview("PREVIEW_INVALID_QUOTE_SIZE_PRECISION")
    _check_quote_size(asked.product, quote)
    quantity = _bought_for(asked, quote, price)
    _check_base_size(asked.product, quantity)
    return quantity, quote


def _bought_for(asked: _Asked, quote: Decimal, price: Decimal) -> Decimal:
    """Whole steps for this much; a market order pays its fee out of it, too."""
    symbol = asked.product.symbol
    rate = symbol.commission_rate if isinstance(asked.terms, MarketTerms) else _ZERO
    return symbol.whole_steps(quote / (price * (1 + rate)))


def _check_base_size(product: Product, quantity: Decimal) -> None:
    if quantity < product.base_min:
        raise only_preview("PREVIEW_INVALID_BASE_SIZE_TOO_SMALL")
    if quantity > product.symbol.max_quantity:
        raise only_preview("PREVIEW_INVALID_BASE_SIZE_TOO_LARGE")
    if quantity % product.symbol.step:
        raise size_precision()


def _check_quote_size(product: Product, value: Decimal) -> None:
    if value < product.quote_min:
        raise only_preview("PREVIEW_INVALID_QUOTE_SIZE_TOO_SMALL")
    if value > product.quote_max:
        raise only_preview("PREVIEW_INVALID_QUOTE_SIZE_TOO_LARGE")


def _label(configuration: Configuration) -> str:
    """The configuration as text, to be told again whenever somebody asks for the order."""
    return msgspec.json.encode(told_again(configuration)).decode()
