"""Owns the JSON shapes of orders, trades and accounts on Binance; decides nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from switchgear.practice.sim.accounts import Account, Order, OrderType, Side, Status

if TYPE_CHECKING:
    from switchgear.practice.sim.accounts import Execution
    from switchgear.practice.sim.symbols import Symbol

Json = dict[str, Any]
_BASIS_POINTS = 10_000
_RATE = Decimal("0.001")
"""Commission of every pair, for maker and taker alike."""
_NONE = Decimal(0)
_DISCOUNT = {
    "enabledForAccount": False,
    "enabledForSymbol": False,
    "discountAsset": "BNB",
    "discount": "0.00000000",
}


def amount(value: Decimal) -> str:
    """A number as Binance writes it: eight decimal places."""
    return f"{value:.8f}"


def ack(order: Order) -> Json:
    """The shortest answer to a new order."""
    return {
        "symbol": order.asked.symbol.name,
        "orderId": order.order_id,
        "orderListId": -1,
        "clientOrderId": order.asked.client_order_id,
        "transactTime": order.updated_ms,
    }


def _body(order: Order) -> Json:
    asked = order.asked
    stop = {"stopPrice": amount(asked.stop_price)} if asked.type is OrderType.STOP_LIMIT else {}
    # A limit order expires here for one cause only: it may not rest, and nobody takes it.
    why = {"expiryReason": "INSUFFICIENT_LIQUIDITY"} if order.status is Status.EXPIRED else {}
    return {
        "price": amount(asked.price),
        "origQty": amount(order.quantity),
        "executedQty": amount(order.executed),
        "origQuoteOrderQty": amount(asked.quote_quantity),
        "cummulativeQuoteQty": amount(order.quote_executed),
        "status": order.status,
        "timeInForce": asked.time_in_force,
        "type": asked.label or asked.type,
        "side": asked.side,
        "selfTradePreventionMode": "NONE",
        **stop,
        **why,
    }


def _working_ms(order: Order) -> int:
    """Since when the order is on the book; -1 while it waits for its stop price."""
    if order.asleep:
        return -1
    return order.at_ms if order.woken_ms is None else order.woken_ms


def result(order: Order) -> Json:
    """The answer to a new order without its fills."""
    return ack(order) | _body(order) | {"workingTime": _working_ms(order)}


def full(order: Order) -> Json:
    """The answer to a new order with each of its fills."""
    fills = [
        {
            "price": amount(trade.price),
            "qty": amount(trade.quantity),
            "commission": amount(trade.commission),
            "commissionAsset": trade.commission_asset,
            "tradeId": trade.trade_id,
        }
        for trade in order.executions
    ]
    return result(order) | {"fills": fills}


def queried(order: Order) -> Json:
    """An order as a query finds it."""
    known = ack(order)
    del known["transactTime"]
    return (
        known
        | _body(order)
        | {
            "stopPrice": amount(order.asked.stop_price),
            "icebergQty": "0.00000000",
            "time": order.at_ms,
            "updateTime": order.updated_ms,
            "isWorking": not order.asleep,
            "workingTime": _working_ms(order),
        }
    )


def cancelled(order: Order, cancel_id: str) -> Json:
    """The answer to a cancel; cancel_id names the cancel itself."""
    names = {"origClientOrderId": order.asked.client_order_id, "clientOrderId": cancel_id}
    return ack(order) | names | _body(order)


def trade(order: Order, execution: Execution) -> Json:
    """One execution in the list of an account's trades."""
    return {
        "symbol": order.asked.symbol.name,
        "id": execution.trade_id,
        "orderId": order.order_id,
        "orderListId": -1,
        "price": amount(execution.price),
        "qty": amount(execution.quantity),
        "quoteQty": amount(execution.price * execution.quantity),
        "commission": amount(execution.commission),
        "commissionAsset": execution.commission_asset,
        "time": execution.at_ms,
        "isBuyer": order.asked.side is Side.BUY,
        "isMaker": execution.maker,
        "isBestMatch": True,
    }


def account(owner: Account, updated_ms: int, *, omit_zero: bool) -> Json:
    """An account with its balances; omit_zero leaves out assets it holds nothing of."""
    points = int(_RATE * _BASIS_POINTS)
    balances = [
        {"asset": asset, "free": amount(held.free), "locked": amount(held.locked)}
        for asset, held in sorted(owner.balances.items())
        if not omit_zero or held.free or held.locked
    ]
    return {
        "makerCommission": points,
        "takerCommission": points,
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": _rates(_RATE, ("maker", "taker", "buyer", "seller")),
        "canTrade": True,
        "canWithdraw": False,
        "canDeposit": False,
        "brokered": False,
        "requireSelfTradePrevention": False,
        "preventSor": False,
        "updateTime": updated_ms,
        "accountType": "SPOT",
        "balances": balances,
        "permissions": ["SPOT"],
        "uid": 1,
    }


def _rates(maker_taker: Decimal, sides: tuple[str, ...]) -> dict[str, str]:
    return {side: amount(maker_taker if side in {"maker", "taker"} else _NONE) for side in sides}


def commission(symbol: Symbol) -> Json:
    """The commission rates of an account on a pair."""
    sides = ("maker", "taker", "buyer", "seller")
    return {
        "symbol": symbol.name,
        "standardCommission": _rates(symbol.commission_rate, sides),
        "specialCommission": _rates(_NONE, sides),
        "taxCommission": _rates(_NONE, sides),
        "discount": _DISCOUNT,
    }


def commission_of_order(symbol: Symbol) -> Json:
    """The commission rates that an order on a pair would have."""
    sides = ("maker", "taker")
    return {
        "standardCommissionForOrder": _rates(symbol.commission_rate, sides),
        "specialCommissionForOrder": _rates(_NONE, sides),
        "taxCommissionForOrder": _rates(_NONE, sides),
        "discount": _DISCOUNT,
    }
