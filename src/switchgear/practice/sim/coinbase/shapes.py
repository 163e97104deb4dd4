"""Owns the JSON shapes of Coinbase's orders and fills; decides nothing but how a status is called."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import msgspec

from switchgear.practice.sim.accounts import OrderType, Side, Status, TimeInForce
from switchgear.practice.sim.coinbase.ids import drawn_uuid
from switchgear.practice.sim.coinbase.refusals import UNKNOWN
from switchgear.practice.sim.coinbase.text import amount, instant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switchgear.practice.sim.accounts import Execution, Order
    from switchgear.practice.sim.coinbase.refusals import OrderRefusal

Json = dict[str, Any]
_ZERO = Decimal(0)


class StatusWord(StrEnum):
    """The life of an order in Coinbase's words; here an order is never PENDING, QUEUED or FAILED."""

    PENDING = "PENDING"
    OPEN = "OPEN"
    FILLED = "FILLED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    FAILED = "FAILED"
    QUEUED = "QUEUED"
    CANCEL_QUEUED = "CANCEL_QUEUED"
    UNKNOWN_ORDER_STATUS = "UNKNOWN_ORDER_STATUS"


_STATUS = {
    Status.NEW: StatusWord.OPEN,
    Status.PARTIALLY_FILLED: StatusWord.OPEN,
    Status.FILLED: StatusWord.FILLED,
    Status.CANCELED: StatusWord.CANCELLED,
    Status.REJECTED: StatusWord.FAILED,
    Status.EXPIRED: StatusWord.CANCELLED,
}
ORDER_TYPES = {
    OrderType.MARKET: "MARKET",
    OrderType.LIMIT: "LIMIT",
    OrderType.LIMIT_MAKER: "LIMIT",
    OrderType.STOP_LIMIT: "STOP_LIMIT",
}
_FORCES = {
    TimeInForce.GTC: "GOOD_UNTIL_CANCELLED",
    TimeInForce.IOC: "IMMEDIATE_OR_CANCEL",
    TimeInForce.FOK: "FILL_OR_KILL",
}
_KINDS = {
    TimeInForce.GTC: "limit_limit_gtc",
    TimeInForce.IOC: "sor_limit_ioc",
    TimeInForce.FOK: "limit_limit_fok",
}


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose orders they are: what makes the identifiers of one user."""

    seed: int

    @property
    def user_id(self) -> str:
        """The user."""
        return drawn_uuid(self.seed, "user")

    @property
    def portfolio_id(self) -> str:
        """The one portfolio."""
        return drawn_uuid(self.seed, "portfolio")

    def order_id(self, order: Order) -> str:
        """The venue's id of an order."""
        return drawn_uuid(self.seed, "order", order.order_id)

    def account_id(self, currency: str) -> str:
        """The account that holds a currency."""
        return drawn_uuid(self.seed, "account", currency)


def status_of(order: Order) -> StatusWord:
    """What became of an order: one that may not rest is cancelled, one with an end expires."""
    if order.status is Status.EXPIRED and order.asked.not_after_ms is not None:
        return StatusWord.EXPIRED
    return _STATUS[order.status]


def configuration_of(order: Order) -> Json:
    """The configuration as it was sent; made from the order where it came by another way."""
    asked = order.asked
    if asked.label:
        return msgspec.json.decode(asked.label, type=dict[str, Any])
    if asked.type is OrderType.MARKET:
        return {"market_market_ioc": {"base_size": amount(order.quantity)}}
    terms = {"base_size": amount(order.quantity), "limit_price": amount(asked.price)}
    if asked.time_in_force is not TimeInForce.GTC:
        return {_KINDS[asked.time_in_force]: terms}
    return {"limit_limit_gtc": terms | {"post_only": asked.type is OrderType.LIMIT_MAKER}}


def created(owner: Owner, order: Order) -> Json:
    """The answer to a new order; it carries a failure reason although nothing failed."""
    order_id = owner.order_id(order)
    return {
        "success": True,
        "failure_reason": UNKNOWN,
        "order_id": order_id,
        "success_response": {
            "order_id": order_id,
            "product_id": order.asked.symbol.name,
            "side": order.asked.side,
            "client_order_id": order.asked.client_order_id,
        },
        "order_configuration": configuration_of(order),
    }


def refused(refusal: OrderRefusal, configuration: Mapping[str, Any]) -> Json:
    """The answer to an order that was not booked; its status is 200."""
    return {
        "success": False,
        "failure_reason": UNKNOWN,
        "order_id": "",
        "error_response": {
            "error": refusal.reason,
            "message": refusal.message,
            "error_details": "",
            "preview_failure_reason": refusal.preview,
            "new_order_failure_reason": refusal.reason,
        },
        "order_configuration": configuration,
    }


def told(owner: Owner, order: Order) -> Json:
    """An order as a look-up finds it."""
    asked = order.asked
    return {
        "order_id": owner.order_id(order),
        "product_id": asked.symbol.name,
        "user_id": owner.user_id,
        "order_configuration": configuration_of(order),
        "side": asked.side,
        "client_order_id": asked.client_order_id,
        "status": status_of(order),
        "time_in_force": _force(order),
        "created_time": instant(order.at_ms),
        "trigger_status": _trigger_status(order),
        "order_type": ORDER_TYPES[asked.type],
        "product_type": "SPOT",
        "order_placement_source": "RETAIL_ADVANCED",
        "is_liquidation": False,
        "reject_reason": "REJECT_REASON_UNSPECIFIED",
        "reject_message": "",
        "cancel_message": "User requested cancel" if order.status is Status.CANCELED else "",
        "pending_cancel": False,
        "settled": order.status is Status.FILLED,
        "leverage": "",
        "margin_type": "UNKNOWN_MARGIN_TYPE",
        "retail_portfolio_id": owner.portfolio_id,
        "originating_order_id": "",
        "attached_order_id": "",
        "edit_history": list[Json](),
    } | _executed(order)


def _executed(order: Order) -> Json:
    """What of an order was traded so far, and what is kept back for the rest."""
    value, filled = order.quote_executed, order.executed
    fees = sum((trade.commission for trade in order.executions), _ZERO)
    buying = order.asked.side is Side.BUY
    in_quote = bool(order.asked.quote_quantity)
    held = order.kept_back(order.quantity - filled)[1] if order.is_open else _ZERO
    last_ms = order.executions[-1].at_ms if order.executions else None
    return {
        "completion_percentage": amount((filled / order.quantity * 100).quantize(Decimal("0.01"))),
        "filled_size": amount(filled),
        "average_filled_price": amount(value / filled) if filled else "0",
        "filled_value": amount(value),
        "number_of_fills": str(len(order.executions)),
        "fee": "",
        "total_fees": amount(fees),
        "total_value_after_fees": amount(value + fees if buying else value - fees),
        "size_in_quote": in_quote,
        "size_inclusive_of_fees": in_quote and order.asked.type is OrderType.MARKET,
        "outstanding_hold_amount": amount(held),
        "last_fill_time": None if last_ms is None else instant(last_ms),
    }


def _force(order: Order) -> str:
    if order.asked.not_after_ms is not None:
        return "GOOD_UNTIL_DATE_TIME"
    # A market order that came by another way has the ledger's default; it cannot rest all the same.
    if order.asked.type is OrderType.MARKET and order.asked.time_in_force is TimeInForce.GTC:
        return "IMMEDIATE_OR_CANCEL"
    return _FORCES[order.asked.time_in_force]


def _trigger_status(order: Order) -> str:
    if order.asked.type is not OrderType.STOP_LIMIT:
        return "INVALID_ORDER_TYPE"
    return "STOP_PENDING" if order.asleep else "STOP_TRIGGERED"


def fill(owner: Owner, order: Order, trade: Execution) -> Json:
    """One execution of an order."""
    return {
        "entry_id": drawn_uuid(owner.seed, "entry", trade.trade_id),
        "trade_id": drawn_uuid(owner.seed, "trade", trade.trade_id),
        "order_id": owner.order_id(order),
        "trade_time": instant(trade.at_ms),
        "trade_type": "FILL",
        "price": amount(trade.price),
        "size": amount(trade.quantity),
        "commission": amount(trade.commission),
        "product_id": order.asked.symbol.name,
        "sequence_timestamp": instant(trade.at_ms),
        "liquidity_indicator": "MAKER" if trade.maker else "TAKER",
        "size_in_quote": False,
        "user_id": owner.user_id,
        "side": order.asked.side,
        "retail_portfolio_id": owner.portfolio_id,
    }
