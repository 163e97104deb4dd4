"""Owns the JSON shapes of Binance's answers; decides nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from switchgear.practice.sim.accounts import Account, Order, OrderType, Side
from switchgear.practice.sim.binance.limits import (
    ORDERS_PER_10_S,
    ORDERS_PER_DAY,
    WEIGHT_PER_MINUTE,
)
from switchgear.practice.sim.symbols import Symbol, price_at

if TYPE_CHECKING:
    from collections.abc import Iterable

    from switchgear.practice.sim.accounts import Execution
    from switchgear.practice.sim.ledger import Ledger

Json = dict[str, Any]
_DAY_S = 86_400
_DAY_SAMPLES = 24
_BASIS_POINTS = 10_000
_RATE = Decimal("0.001")
"""Commission of every pair, for maker and taker alike."""


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
    return {
        "price": amount(asked.price),
        "origQty": amount(order.quantity),
        "executedQty": amount(order.executed),
        "origQuoteOrderQty": amount(asked.quote_quantity),
        "cummulativeQuoteQty": amount(order.quote_executed),
        "status": order.status,
        "timeInForce": asked.time_in_force,
        "type": asked.type,
        "side": asked.side,
        "selfTradePreventionMode": "NONE",
    }


def result(order: Order) -> Json:
    """The answer to a new order without its fills."""
    return ack(order) | _body(order) | {"workingTime": order.at_ms}


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
            "stopPrice": "0.00000000",
            "icebergQty": "0.00000000",
            "time": order.at_ms,
            "updateTime": order.updated_ms,
            "isWorking": True,
            "workingTime": order.at_ms,
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
    rate, points = amount(_RATE), int(_RATE * _BASIS_POINTS)
    balances = [
        {"asset": asset, "free": amount(held.free), "locked": amount(held.locked)}
        for asset, held in sorted(owner.balances.items())
        if not omit_zero or held.free or held.locked
    ]
    none = amount(_RATE * 0)
    return {
        "makerCommission": points,
        "takerCommission": points,
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": {"maker": rate, "taker": rate, "buyer": none, "seller": none},
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


def exchange_info(symbols: Iterable[Symbol], now_ms: int) -> Json:
    """The trading rules of these symbols, and the limits."""
    limits = (
        ("REQUEST_WEIGHT", "MINUTE", 1, WEIGHT_PER_MINUTE),
        ("ORDERS", "SECOND", 10, ORDERS_PER_10_S),
        ("ORDERS", "DAY", 1, ORDERS_PER_DAY),
    )
    names = ("rateLimitType", "interval", "intervalNum", "limit")
    return {
        "timezone": "UTC",
        "serverTime": now_ms,
        "rateLimits": [dict(zip(names, limit, strict=True)) for limit in limits],
        "exchangeFilters": [],
        "symbols": [_symbol(symbol) for symbol in symbols],
    }


def _symbol(symbol: Symbol) -> Json:
    return {
        "symbol": symbol.name,
        "status": "TRADING",
        "baseAsset": symbol.base,
        "baseAssetPrecision": 8,
        "quoteAsset": symbol.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": list(OrderType),
        "icebergAllowed": False,
        "ocoAllowed": False,
        "otoAllowed": False,
        "opoAllowed": False,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": False,
        "cancelReplaceAllowed": False,
        "amendAllowed": False,
        "pegInstructionsAllowed": False,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": _filters(symbol),
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": "NONE",
        "allowedSelfTradePreventionModes": ["NONE"],
    }


def _filters(symbol: Symbol) -> list[Json]:
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": amount(symbol.min_price),
            "maxPrice": amount(symbol.max_price),
            "tickSize": amount(symbol.tick),
        },
        {
            "filterType": "LOT_SIZE",
            "minQty": amount(symbol.step),
            "maxQty": amount(symbol.max_quantity),
            "stepSize": amount(symbol.step),
        },
        {
            "filterType": "NOTIONAL",
            "minNotional": amount(symbol.min_notional),
            "applyMinToMarket": True,
            "maxNotional": amount(symbol.max_notional),
            "applyMaxToMarket": True,
            "avgPriceMins": 0,
        },
    ]


def price(ledger: Ledger, symbol: Symbol) -> Json:
    """The last price of a symbol."""
    return {"symbol": symbol.name, "price": amount(ledger.price(symbol))}


def day(ledger: Ledger, symbol: Symbol) -> Json:
    """The last 24 hours of a symbol, sampled once an hour; the volume is nominal."""
    hour_s = _DAY_S // _DAY_SAMPLES
    seconds = range(ledger.second - _DAY_S, ledger.second + 1, hour_s)
    path = [price_at(ledger.seed, symbol, second) for second in seconds]
    mean, last, change = sum(path, path[0] * 0) / len(path), path[-1], path[-1] - path[0]
    return {
        "symbol": symbol.name,
        "priceChange": amount(change),
        "priceChangePercent": f"{change / path[0] * 100:.3f}",
        "weightedAvgPrice": amount(mean),
        "prevClosePrice": amount(path[0]),
        "lastPrice": amount(last),
        "lastQty": amount(symbol.step),
        "bidPrice": amount(last - symbol.tick),
        "bidQty": amount(symbol.depth),
        "askPrice": amount(last + symbol.tick),
        "askQty": amount(symbol.depth),
        "openPrice": amount(path[0]),
        "highPrice": amount(max(path)),
        "lowPrice": amount(min(path)),
        "volume": amount(symbol.depth * _DAY_S),
        "quoteVolume": amount(symbol.depth * _DAY_S * mean),
        "openTime": ledger.now_ms - _DAY_S * 1000,
        "closeTime": ledger.now_ms,
        "firstId": 0,
        "lastId": _DAY_S - 1,
        "count": _DAY_S,
    }
