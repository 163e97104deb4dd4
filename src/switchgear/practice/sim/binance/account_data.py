"""Owns Binance's endpoints that tell an account of itself: balances, orders, trades, rates, counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from switchgear.practice.sim.binance import shapes
from switchgear.practice.sim.binance.endpoint import Call, Route, Routes, Security, fixed, if_sent
from switchgear.practice.sim.binance.orders import read_symbol, read_target
from switchgear.practice.sim.binance.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchgear.practice.sim.binance.params import Params

_ROWS, _ROWS_MAX = 500, 1_000
_DAY_MS = 86_400_000


def _balances(call: Call) -> Any:
    omit_zero = call.params.flag("omitZeroBalances")
    call.params.finish()
    return shapes.account(call.account, call.ledger.now_ms, omit_zero=omit_zero)


def _commission(call: Call) -> Any:
    symbol = read_symbol(call.params)
    call.params.finish()
    return shapes.commission(symbol)


def _order_counts(call: Call) -> Any:
    call.params.finish()
    call.trader.settle_count(call.now_s)
    return call.trader.limit.told(call.now_s)


def _one_order(call: Call) -> Any:
    target = read_target(call.params)
    call.params.finish()
    absent = Refusal(-2013, "Order does not exist.")
    return shapes.queried(target.find(call.account, absent))


def _open_orders(call: Call) -> Any:
    symbol = read_symbol(call.params) if "symbol" in call.params else None
    call.params.finish()
    return [shapes.queried(order) for order in call.account.open_orders(symbol)]


def _all_orders(call: Call) -> Any:
    """Oldest first; the newest ones unless an id or a time says from where on."""
    params, symbol = call.params, read_symbol(call.params)
    from_id, limit = params.integer("orderId"), params.limit(_ROWS, _ROWS_MAX)
    since_ms, until_ms = _span(params)
    params.finish()
    found = [
        order
        for order in call.account.orders
        if order.asked.symbol is symbol
        and order.order_id >= (from_id or 0)
        and (since_ms or 0) <= order.at_ms
        and (until_ms is None or order.at_ms <= until_ms)
    ]
    onward = from_id is not None or since_ms is not None
    return [shapes.queried(order) for order in (found[:limit] if onward else found[-limit:])]


def _my_trades(call: Call) -> Any:
    """Oldest first; the newest ones unless an id or a time says from where on."""
    params, symbol = call.params, read_symbol(call.params)
    order_id, from_id = params.integer("orderId"), params.integer("fromId")
    limit, (since_ms, until_ms) = params.limit(_ROWS, _ROWS_MAX), _span(params)
    params.finish()
    found = [
        (trade, order)
        for order in call.account.orders
        if order.asked.symbol is symbol and order_id in {None, order.order_id}
        for trade in order.executions
        if trade.trade_id >= (from_id or 0)
        and (since_ms or 0) <= trade.at_ms
        and (until_ms is None or trade.at_ms <= until_ms)
    ]
    found.sort(key=lambda pair: pair[0].trade_id)
    onward = from_id is not None or since_ms is not None
    kept = found[:limit] if onward else found[-limit:]
    return [shapes.trade(order, trade) for trade, order in kept]


def _span(params: Params) -> tuple[int | None, int | None]:
    """From when until when, in epoch milliseconds; None where it was not said."""
    since_ms, until_ms = params.instant("startTime"), params.instant("endTime")
    if since_ms is not None and until_ms is not None and until_ms - since_ms > _DAY_MS:
        raise Refusal(-1127, "More than 24 hours between startTime and endTime.")
    return since_ms, until_ms


def _private(name: str, weight: Callable[[Params], int], run: Callable[[Call], Any]) -> Route:
    return Route(name, weight, Security.USER_DATA, run)


ROUTES: Routes = {
    ("GET", "/api/v3/account"): _private("account", fixed(20), _balances),
    ("GET", "/api/v3/account/commission"): _private("account.commission", fixed(20), _commission),
    ("GET", "/api/v3/rateLimit/order"): _private("orders.count", fixed(40), _order_counts),
    ("GET", "/api/v3/order"): _private("order.get", fixed(4), _one_order),
    ("GET", "/api/v3/openOrders"): _private("orders.open", if_sent("symbol", 6, 80), _open_orders),
    ("GET", "/api/v3/allOrders"): _private("orders.all", fixed(20), _all_orders),
    ("GET", "/api/v3/myTrades"): _private("trades.list", if_sent("orderId", 5, 20), _my_trades),
}
