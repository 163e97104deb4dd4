"""Owns how the parameters of Binance's order endpoints become an order or a search."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from switchgear.practice.sim.accounts import NewOrder, Order, OrderType, Side, TimeInForce
from switchgear.practice.sim.binance.market import SYMBOLS
from switchgear.practice.sim.binance.params import (
    CLIENT_ORDER_ID,
    SYMBOL,
    Params,
    bad_combination,
    invalid,
    missing,
)
from switchgear.practice.sim.binance.refusals import Refusal

if TYPE_CHECKING:
    from switchgear.practice.sim.accounts import Account
    from switchgear.practice.sim.symbols import Symbol

_T = TypeVar("_T")
_ZERO = Decimal(0)
_UNSUPPORTED = {"STOP_LOSS": "Stop loss", "TAKE_PROFIT": "Take profit"}
_PEGS = ("pegPriceType", "pegOffsetType", "pegOffsetValue")
_STRATEGY_TYPE_MIN = 1_000_000


class Kind(StrEnum):
    """Binance's own words for the types of order that every pair here takes."""

    LIMIT = "LIMIT"
    LIMIT_MAKER = "LIMIT_MAKER"
    MARKET = "MARKET"
    STOP_LOSS_LIMIT = "STOP_LOSS_LIMIT"
    TAKE_PROFIT_LIMIT = "TAKE_PROFIT_LIMIT"

    @property
    def stops(self) -> bool:
        """Whether it sleeps until the price has reached its stop price."""
        return self in {Kind.STOP_LOSS_LIMIT, Kind.TAKE_PROFIT_LIMIT}


class ResponseType(StrEnum):
    """How much the answer to a new order tells."""

    ACK = "ACK"
    RESULT = "RESULT"
    FULL = "FULL"


class CancelRestriction(StrEnum):
    """Which open orders a cancel may touch."""

    ONLY_NEW = "ONLY_NEW"
    ONLY_PARTIALLY_FILLED = "ONLY_PARTIALLY_FILLED"


class SelfTrade(StrEnum):
    """What to do when an account would trade with itself: every pair allows the one word."""

    NONE = "NONE"


def read_symbol(params: Params) -> Symbol:
    """The symbol a request must name."""
    return known_symbol(params.needed("symbol", SYMBOL))


def known_symbol(name: str) -> Symbol:
    """The symbol of this exact name, or the refusal of it."""
    if name not in SYMBOLS:
        raise Refusal(-1121, "Invalid symbol.")
    return SYMBOLS[name]


def read_new_order(params: Params, generated_id: str) -> tuple[NewOrder, ResponseType]:
    """The order that the parameters ask for; generated_id names it when the caller did not."""
    symbol, side, kind = read_symbol(params), _side(params), _kind(params)
    amounts = _read_market(params) if kind is Kind.MARKET else _read_limit(params, kind)
    stop_price = _read_stop(params, kind)
    name = params.text("newClientOrderId", CLIENT_ORDER_ID) or generated_id
    default = ResponseType.FULL if kind in {Kind.LIMIT, Kind.MARKET} else ResponseType.ACK
    answer = params.choice("newOrderRespType", ResponseType, invalid("newOrderRespType"))
    _read_labels(params)
    params.finish()
    asked = NewOrder(
        symbol=symbol,
        side=side,
        type=OrderType.STOP_LIMIT if kind.stops else OrderType(kind.value),
        client_order_id=name,
        quantity=amounts.quantity,
        price=amounts.price,
        quote_quantity=amounts.quote_quantity,
        time_in_force=amounts.time_in_force,
        stop_price=stop_price,
        # Buying stops a loss above the market and takes a profit below it; selling, the other way.
        stop_above=(side is Side.BUY) == (kind is Kind.STOP_LOSS_LIMIT),
        label=kind.value,
    )
    return asked, answer or default


@dataclass(frozen=True, slots=True)
class _Amounts:
    quantity: Decimal = _ZERO
    price: Decimal = _ZERO
    quote_quantity: Decimal = _ZERO
    time_in_force: TimeInForce = TimeInForce.GTC


def _read_limit(params: Params, kind: Kind) -> _Amounts:
    params.forbid("quoteOrderQty")
    if kind is Kind.LIMIT_MAKER:
        params.forbid("timeInForce")
        force = TimeInForce.GTC
    else:
        force = _needed(_time_in_force(params), "timeInForce")
    quantity = _needed(params.decimal("quantity"), "quantity")
    price = _needed(params.decimal("price"), "price")
    if not quantity:
        raise Refusal(-1013, "Invalid quantity.")
    if not price:
        raise Refusal(-1013, "Invalid price.")
    return _Amounts(quantity, price, time_in_force=force)


def _read_market(params: Params) -> _Amounts:
    params.forbid("timeInForce")
    params.forbid("price")
    quantity, quote = params.decimal("quantity"), params.decimal("quoteOrderQty")
    if quantity is not None and quote is not None:
        raise bad_combination()
    if quantity is None and quote is None:
        raise neither("quantity", "quoteOrderQty")
    if not (quantity or quote):
        raise Refusal(-1013, "Invalid quantity.")
    return _Amounts(quantity or _ZERO, quote_quantity=quote or _ZERO)


def _read_stop(params: Params, kind: Kind) -> Decimal:
    if not kind.stops:
        params.forbid("stopPrice")
        params.forbid("trailingDelta")
        return _ZERO
    if "trailingDelta" in params:
        raise _unsupported("Trailing stop")
    stop_price = params.decimal("stopPrice")
    if stop_price is None:
        raise neither("stopPrice", "trailingDelta")
    return stop_price


def _read_labels(params: Params) -> None:
    """Accept what a venue stores without acting on it, and refuse what this one cannot do."""
    if "icebergQty" in params:
        raise _unsupported("Iceberg")
    if any(name in params for name in _PEGS):
        raise _unsupported("Pegged")
    params.integer("strategyId")
    strategy_type = params.integer("strategyType")
    if strategy_type is not None and strategy_type < _STRATEGY_TYPE_MIN:
        raise Refusal(-1134, f"`strategyType` was less than {_STRATEGY_TYPE_MIN}.")
    params.choice("selfTradePreventionMode", SelfTrade, invalid("selfTradePreventionMode"))


def _needed(value: _T | None, name: str) -> _T:
    if value is None:
        raise missing(name)
    return value


def neither(first: str, second: str) -> Refusal:
    """The refusal of a request with neither of two parameters, one of which it needs."""
    text = f"Param '{first}' or '{second}' must be sent, but both were empty/null!"
    return Refusal(-1102, text)


def _unsupported(words: str) -> Refusal:
    return Refusal(-1013, f"{words} orders are not supported for this symbol.")


def _side(params: Params) -> Side:
    return _needed(params.choice("side", Side, Refusal(-1117, "Invalid side.")), "side")


def _kind(params: Params) -> Kind:
    sent = params.text("type") or ""
    if sent in _UNSUPPORTED:
        raise _unsupported(_UNSUPPORTED[sent])
    return _needed(params.choice("type", Kind, Refusal(-1116, "Invalid orderType.")), "type")


def _time_in_force(params: Params) -> TimeInForce | None:
    return params.choice("timeInForce", TimeInForce, Refusal(-1115, "Invalid timeInForce."))


@dataclass(frozen=True, slots=True)
class Target:
    """The order that a request means: by its id, by the caller's, or by both together."""

    symbol: Symbol
    order_id: int | None
    name: str | None

    def find(self, account: Account, absent: Refusal) -> Order:
        """The order meant; raises absent when there is none."""
        order = account.find(self.symbol, self.order_id, self.name)
        if order is None:
            raise absent
        if self.name not in {None, order.asked.client_order_id}:
            raise Refusal(-2039, "Client order ID is not correct for this order ID.")
        return order


def read_target(
    params: Params, by_id: str = "orderId", by_name: str = "origClientOrderId"
) -> Target:
    """The order that one of these two parameters names, or both."""
    symbol, order_id = read_symbol(params), params.integer(by_id)
    name = params.text(by_name, CLIENT_ORDER_ID)
    if order_id is None and name is None:
        raise neither(by_name, by_id)
    return Target(symbol, order_id, name)


def read_restriction(params: Params) -> CancelRestriction | None:
    """Which states of an order a cancel is for; None for any."""
    refusal = Refusal(-1145, "Invalid cancelRestrictions")
    return params.choice("cancelRestrictions", CancelRestriction, refusal)


def check_restriction(only: CancelRestriction | None, order: Order) -> None:
    """Refuse a cancel whose cancelRestrictions leave this order out."""
    if only is not None and only.removeprefix("ONLY_") != order.status:
        raise Refusal(-2011, "Order was not canceled due to cancel restrictions.")
