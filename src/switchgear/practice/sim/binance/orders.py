"""Owns how the parameters of Binance's order endpoints become an order or a search."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from switchgear.practice.sim.accounts import NewOrder, Order, OrderType, Side, TimeInForce
from switchgear.practice.sim.binance.market import SYMBOLS
from switchgear.practice.sim.binance.params import CLIENT_ORDER_ID, SYMBOL, Params, missing
from switchgear.practice.sim.binance.refusals import Refusal

if TYPE_CHECKING:
    from switchgear.practice.sim.accounts import Account
    from switchgear.practice.sim.symbols import Symbol

_T = TypeVar("_T")
_ZERO = Decimal(0)
_UNSUPPORTED = {
    "STOP_LOSS": "Stop loss",
    "STOP_LOSS_LIMIT": "Stop loss limit",
    "TAKE_PROFIT": "Take profit",
    "TAKE_PROFIT_LIMIT": "Take profit limit",
}


class ResponseType(StrEnum):
    """How much the answer to a new order tells."""

    ACK = "ACK"
    RESULT = "RESULT"
    FULL = "FULL"


class CancelRestriction(StrEnum):
    """Which open orders a cancel may touch."""

    ONLY_NEW = "ONLY_NEW"
    ONLY_PARTIALLY_FILLED = "ONLY_PARTIALLY_FILLED"


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
    symbol, side, kind = read_symbol(params), _side(params), _type(params)
    asked = _read_market(params) if kind is OrderType.MARKET else _read_limit(params, kind)
    name = params.text("newClientOrderId", CLIENT_ORDER_ID) or generated_id
    default = ResponseType.ACK if kind is OrderType.LIMIT_MAKER else ResponseType.FULL
    answer = params.choice("newOrderRespType", ResponseType, _invalid("newOrderRespType"))
    _read_labels(params)
    params.finish()
    return NewOrder(symbol, side, kind, name, *asked), answer or default


_Asked = tuple[Decimal, Decimal, Decimal, TimeInForce]
"""Quantity, price, quote quantity and time in force."""


def _read_limit(params: Params, kind: OrderType) -> _Asked:
    params.forbid("quoteOrderQty")
    if kind is OrderType.LIMIT_MAKER:
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
    return quantity, price, _ZERO, force


def _read_market(params: Params) -> _Asked:
    params.forbid("timeInForce")
    params.forbid("price")
    quantity, quote = params.decimal("quantity"), params.decimal("quoteOrderQty")
    if quantity is not None and quote is not None:
        raise Refusal(-1128, "Combination of optional parameters invalid.")
    if quantity is None and quote is None:
        text = "Param 'quantity' or 'quoteOrderQty' must be sent, but both were empty/null!"
        raise Refusal(-1102, text)
    if not (quantity or quote):
        raise Refusal(-1013, "Invalid quantity.")
    return quantity or _ZERO, _ZERO, quote or _ZERO, TimeInForce.GTC


def _read_labels(params: Params) -> None:
    """Accept what a venue stores without acting on it, and refuse what this one cannot do."""
    params.forbid("stopPrice")
    params.forbid("trailingDelta")
    if "icebergQty" in params:
        raise Refusal(-1013, "Iceberg orders are not supported for this symbol.")
    params.integer("strategyId")
    params.integer("strategyType")
    params.text("selfTradePreventionMode")


def _needed(value: _T | None, name: str) -> _T:
    if value is None:
        raise missing(name)
    return value


def _side(params: Params) -> Side:
    return _needed(params.choice("side", Side, Refusal(-1117, "Invalid side.")), "side")


def _type(params: Params) -> OrderType:
    sent = params.text("type") or ""
    if sent in _UNSUPPORTED:
        text = f"{_UNSUPPORTED[sent]} orders are not supported for this symbol."
        raise Refusal(-1013, text)
    return _needed(params.choice("type", OrderType, Refusal(-1116, "Invalid orderType.")), "type")


def _time_in_force(params: Params) -> TimeInForce | None:
    return params.choice("timeInForce", TimeInForce, Refusal(-1115, "Invalid timeInForce."))


def _invalid(name: str) -> Refusal:
    return Refusal(-1130, f"Data sent for parameter '{name}' is not valid.")


def read_order(params: Params, account: Account, absent: Refusal) -> Order:
    """The order that orderId or origClientOrderId names; raises absent when there is none."""
    symbol, order_id = read_symbol(params), params.integer("orderId")
    name = params.text("origClientOrderId", CLIENT_ORDER_ID)
    if order_id is None and name is None:
        text = "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!"
        raise Refusal(-1102, text)
    order = account.find(symbol, order_id, name)
    if order is None:
        raise absent
    if name not in {None, order.asked.client_order_id}:
        raise Refusal(-2039, "Client order ID is not correct for this order ID.")
    return order


def check_restriction(params: Params, order: Order) -> None:
    """Refuse a cancel whose cancelRestrictions leave this order out."""
    refusal = Refusal(-1145, "Invalid cancelRestrictions")
    only = params.choice("cancelRestrictions", CancelRestriction, refusal)
    if only is not None and only.removeprefix("ONLY_") != order.status:
        raise Refusal(-2011, "Order was not canceled due to cancel restrictions.")
