"""Owns Binance's endpoints that place and cancel orders, but for cancel-and-replace in one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from switchgear.practice.sim.binance import shapes
from switchgear.practice.sim.binance.endpoint import (
    Call,
    OrderLimitHit,
    Route,
    Routes,
    Security,
    fixed,
    if_sent,
)
from switchgear.practice.sim.binance.filters import check_filters
from switchgear.practice.sim.binance.orders import (
    ResponseType,
    check_restriction,
    read_new_order,
    read_restriction,
    read_symbol,
    read_target,
)
from switchgear.practice.sim.binance.params import CLIENT_ORDER_ID
from switchgear.practice.sim.binance.quotes import is_trading
from switchgear.practice.sim.binance.refusals import Refusal

if TYPE_CHECKING:
    from switchgear.practice.sim.accounts import NewOrder, Order

SHOW = {
    ResponseType.ACK: shapes.ack,
    ResponseType.RESULT: shapes.result,
    ResponseType.FULL: shapes.full,
}
"""How an order is told of, by how much was asked for."""


def unknown_order() -> Refusal:
    """The refusal of a cancel that finds nothing to cancel."""
    return Refusal(-2011, "Unknown order sent.")


def submit(call: Call, asked: NewOrder) -> Order:
    """Hand an order that broke no filter to the engine, and count it; raises Refusal or Refused."""
    if not is_trading(asked.symbol):
        raise Refusal(-2010, "Market is closed.")
    trader = call.trader
    order = call.ledger.place(trader.account, asked)
    if not order.executions:
        trader.limit.count(call.now_s, 1)
        trader.unfilled.append(order)
    call.booked = order
    return order


def _create(call: Call) -> Any:
    """Everything is checked before anything is booked."""
    asked, response_type = read_new_order(call.params, call.fresh_id())
    trader = call.trader
    trader.settle_count(call.now_s)
    excess = trader.limit.refusal(call.now_s)
    if excess is not None:
        raise OrderLimitHit(excess)
    check_filters(call.ledger, call.account, asked)
    return SHOW[response_type](submit(call, asked))


def _test(call: Call) -> Any:
    """What is checked ahead of the engine is checked here too; the balance is the engine's."""
    compute = call.params.flag("computeCommissionRates")
    asked, _ = read_new_order(call.params, call.fresh_id())
    check_filters(call.ledger, call.account, asked)
    return shapes.commission_of_order(asked.symbol) if compute else {}


def _cancel(call: Call) -> Any:
    cancel_id = call.params.text("newClientOrderId", CLIENT_ORDER_ID) or call.fresh_id()
    target, only = read_target(call.params), read_restriction(call.params)
    call.params.finish()
    order = target.find(call.account, unknown_order())
    check_restriction(only, order)
    call.ledger.cancel(call.account, order)
    return shapes.cancelled(order, cancel_id)


def _cancel_all(call: Call) -> Any:
    symbol = read_symbol(call.params)
    call.params.finish()
    orders = call.account.open_orders(symbol)
    if not orders:
        raise unknown_order()
    cancel_id = call.fresh_id()
    for order in orders:
        call.ledger.cancel(call.account, order)
    return [shapes.cancelled(order, cancel_id) for order in orders]


ROUTES: Routes = {
    ("POST", "/api/v3/order"): Route("order.create", fixed(1), Security.TRADE, _create),
    ("POST", "/api/v3/order/test"): Route(
        "order.test", if_sent("computeCommissionRates", 20, 1), Security.TRADE, _test
    ),
    ("DELETE", "/api/v3/order"): Route("order.cancel", fixed(1), Security.TRADE, _cancel),
    ("DELETE", "/api/v3/openOrders"): Route(
        "orders.cancel_all", fixed(1), Security.TRADE, _cancel_all
    ),
}
