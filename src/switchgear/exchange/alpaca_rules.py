"""Owns how an order is written for Alpaca, and which of Alpaca's rules are kept before it is sent."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from switchgear.exchange.alpaca_assets import AGAIN_S, COIN, VENUE
from switchgear.exchange.model import FieldError, OrderType, TimeInForce, plain

if TYPE_CHECKING:
    from switchgear.core.clock import Clock
    from switchgear.exchange.market import MarketClock, SymbolInfo
    from switchgear.exchange.model import OrderRequest

AT_ONCE = frozenset({TimeInForce.IOC, TimeInForce.FOK})
"""What trades at once or never, and so never while the market is closed."""

_SHARE_VALUE_MIN = Decimal(1)
"""In USD, for an order of shares that names what it spends."""


class Hours:
    """The market clock as it was last told, good until the market opens or closes next."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._told: MarketClock | None = None
        self._due_s = clock.monotonic_s()

    @property
    def is_due(self) -> bool:
        """Whether the clock should be asked for."""
        return self._clock.monotonic_s() >= self._due_s

    @property
    def told(self) -> MarketClock | None:
        """The clock; None while it is not known."""
        return self._told

    def keep(self, told: MarketClock) -> None:
        """Remember it until the next change, counted by the exchange's own time."""
        change = told.next_close if told.is_open else told.next_open
        self._told = told
        self._due_s = self._clock.monotonic_s() + max(0.0, (change - told.at).total_seconds())

    def forget(self) -> None:
        """It cannot be had now, and the old one is over."""
        self._told, self._due_s = None, self._clock.monotonic_s() + AGAIN_S


def order_body(request: OrderRequest, venue_symbol: str, *, is_coin: bool) -> dict[str, str]:
    """
    A new order as Alpaca wants it; amounts are text, so that no digit is lost.

    Raises:
        FieldError: It is post-only, which cannot be said to Alpaca.
    """
    refuse_post_only(request)
    body = {
        "symbol": venue_symbol,
        "side": str(request.side),
        "type": str(request.type),
        "time_in_force": _force(request, is_coin=is_coin),
    }
    amounts = {
        "qty": request.quantity,
        "notional": request.quote_quantity,
        "limit_price": request.price,
        "stop_price": request.stop_price,
    }
    body.update({name: plain(amount) for name, amount in amounts.items() if amount is not None})
    if request.client_order_id is not None:
        body["client_order_id"] = request.client_order_id
    return body


def _force(request: OrderRequest, *, is_coin: bool) -> str:
    # A market order says nothing (GTC is the default); shares by parts or by value must be for the day.
    if request.type is OrderType.MARKET:
        return "gtc" if is_coin else "day"
    return request.time_in_force.lower()


def refuse_post_only(request: OrderRequest) -> None:
    """FieldError for a post-only order: sent without the word it might trade at once."""
    if request.post_only:
        raise FieldError("post_only", True, f"{VENUE} has no such orders")


def refuse(request: OrderRequest, rules: SymbolInfo) -> None:
    """FieldError for what Alpaca refuses beyond the rules that every venue has."""
    if rules.asset_class == COIN:
        return  # the least value of a coin's order is told in no listing: Alpaca judges it
    if request.quote_quantity is not None:
        _refuse_value(request.quote_quantity, rules)
    is_part = request.quantity is not None and "." in plain(request.quantity)
    if is_part and request.type is not OrderType.MARKET:
        _refuse_part(request, rules)


def refuse_closed(request: OrderRequest, hours: MarketClock) -> None:
    """FieldError for an order that must trade at once while the market is closed."""
    if not hours.is_open:
        allowed = f"must be DAY or GTC while the market is closed; it opens at {hours.next_open}"
        raise FieldError("time_in_force", str(request.time_in_force), allowed)


def _refuse_value(value: Decimal, rules: SymbolInfo) -> None:
    here = f"for {rules.symbol} at {VENUE}"
    if rules.whole_only:
        raise FieldError("quote_quantity", value, f"give a whole quantity {here}")
    if value < _SHARE_VALUE_MIN:
        raise FieldError("quote_quantity", value, f"must be at least {_SHARE_VALUE_MIN} {here}")


def _refuse_part(request: OrderRequest, rules: SymbolInfo) -> None:
    if request.time_in_force is not TimeInForce.DAY:
        allowed = f"must be DAY for a part of a share, {rules.symbol} at {VENUE}"
        raise FieldError("time_in_force", str(request.time_in_force), allowed)
