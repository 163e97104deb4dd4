"""
Owns which limits the exchanges that we know have, and what our methods cost there; counting is `weight`'s.

A cost is that of the dearest way a method usually goes, of one page where it reads a list: what it
was too much or too little is mended by the next answer that tells.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchgear.core.policy.limit import Calls, Cost, Limit
from switchgear.core.verdict.usage import DAY_S, Family
from switchgear.core.words import Scope

if TYPE_CHECKING:
    from collections.abc import Mapping

_BINANCE_WEIGHTS = {
    "get_market_price": 2,
    "get_market_prices": 4,
    "get_market_data": 2,  # a page of a thousand candles
    "get_order_book": 5,  # up to 100 lines
    "get_account_balance": 20,
    "get_portfolio": 24,  # the account, and every price
    "get_positions": 24,
    "create_order": 1,
    "cancel_order": 1,
    "cancel_all": 81,  # of every pair: the open orders are asked for first
    "get_order": 4,
    "get_open_orders": 80,  # of every pair; 6 for one
    "get_trades": 20,  # a day's
    "get_symbol": 20,
    "get_symbols": 20,
    "get_time": 1,
    "ping": 1,
} | {
    # The same by the names of ccxt's methods.
    "load_markets": 20,
    "fetch_markets": 20,
    "fetch_ticker": 2,
    "fetch_tickers": 80,
    "fetch_bids_asks": 4,
    "fetch_last_prices": 4,
    "fetch_order_book": 5,
    "fetch_trades": 4,
    "fetch_ohlcv": 2,
    "fetch_balance": 20,
    "fetch_order": 4,
    "fetch_orders": 20,
    "fetch_closed_orders": 20,
    "fetch_canceled_orders": 20,
    "fetch_open_orders": 80,
    "fetch_my_trades": 20,
    "fetch_order_trades": 20,
    "fetch_trading_fee": 20,
    "cancel_all_orders": 1,  # of one pair
    "edit_order": 1,
}
"""Weights of the requests that a method makes, by Binance's documentation of its REST API."""

_BINANCE = (
    Limit(
        "request_weight",
        Scope.ADDRESS,
        60,
        6_000,
        Cost.WEIGHT,
        costs=_BINANCE_WEIGHTS,
        family=Family.WEIGHT,
    ),
    # The numbers of the documentation's examples: what an account really has is only in exchangeInfo.
    Limit(
        "orders_10s",
        Scope.ACCOUNT,
        10,
        50,
        Cost.ORDER,
        Calls.ORDERS,
        family=Family.ORDERS,
        falls=True,
    ),
    Limit(
        "orders_1d",
        Scope.ACCOUNT,
        DAY_S,
        160_000,
        Cost.ORDER,
        Calls.ORDERS,
        family=Family.ORDERS,
        falls=True,
    ),
)
# RAW_REQUESTS, 61,000 in 5 minutes, is left out: each request weighs at least 1, so that 6,000 a minute
# are used up first, and no answer tells of it.

_ALPACA_DATA = {
    "get_market_price": 1,
    "get_market_prices": 2,  # coins and shares
    "get_market_data": 1,
    "get_order_book": 1,
} | dict.fromkeys(
    ("fetch_ticker", "fetch_tickers", "fetch_ohlcv", "fetch_order_book", "fetch_trades"), 1
)

_ALPACA_TRADING = {
    "get_account_balance": 2,  # the account and its positions
    "get_portfolio": 2,
    "cancel_order": 3,  # found, cancelled, and looked at
    "cancel_all": 2,
    "get_symbols": 2,
} | dict.fromkeys(_ALPACA_DATA, 0)

_ALPACA = (
    Limit("trading_requests", Scope.ACCOUNT, 60, 200, costs=_ALPACA_TRADING),
    Limit("data_requests", Scope.ACCOUNT, 60, 200, costs=_ALPACA_DATA, other=0),
)
"""Two addresses, each with a limit of its own; a plan that is paid for has more, and each answer tells how much."""

_COINBASE_PRIVATE = {
    "create_order": 2,  # sent, and looked at
    "cancel_order": 3,  # found, cancelled, and looked at
    "cancel_all": 3,
    "get_open_orders": 2,  # those that wait and those that rest
}

_COINBASE_PUBLIC = {
    "get_symbols": 4,  # 250 of some 800 in each
    "get_portfolio": 1,  # the prices of what is held
    "get_positions": 1,
} | dict.fromkeys(("load_markets", "fetch_markets"), 4)

_COINBASE = (
    Limit("private_requests", Scope.ACCOUNT, 1, 30, calls=Calls.SIGNED, costs=_COINBASE_PRIVATE),
    Limit("public_requests", Scope.ADDRESS, 1, 10, calls=Calls.UNSIGNED, costs=_COINBASE_PUBLIC),
)

LIMITS: Mapping[str, tuple[Limit, ...]] = {
    "alpaca": _ALPACA,
    "binance": _BINANCE,
    "coinbase": _COINBASE,
}
"""By the exchange's name in the key of a call."""
