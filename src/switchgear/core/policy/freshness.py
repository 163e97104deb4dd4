"""Owns how old a method's value may be and still be of use; the bound of one layer is left to who set it."""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import lru_cache

MARKET_S = 60.0
ACCOUNT_S = 5.0
RULES_S = 86_400.0
OTHER_S = 30.0

# The first row that fits decides: an order book is no order, and the price of a position is the account's. What a
# day may pass over is named narrowly, for a wrong guess is worse there than anywhere.
FRESHNESS = (
    (MARKET_S, ("*_order_book*", "*_orderbook*")),
    (ACCOUNT_S, ("*balance*", "*position*", "*portfolio*", "*_holdings", "*_fills")),
    (ACCOUNT_S, ("*_account", "*_accounts", "*_account_*")),
    (ACCOUNT_S, ("*_order", "*_orders", "*_order_*", "*_orders_*")),
    (ACCOUNT_S, ("*_trade", "*_trades", "*_trade_*", "*_trades_*")),
    (MARKET_S, ("*price*", "*ticker*", "*quote*", "*_bids_asks", "*_market_data")),
    (MARKET_S, ("*candle*", "*kline*", "*ohlcv*", "*_bars", "*_bars_*")),
    (RULES_S, ("_get_symbol", "*_symbols", "*_symbol_info", "*_rules", "*_exchange_info")),
    (RULES_S, ("*_markets", "*_currencies")),
)
"""Seconds, and patterns of the names they hold for, ours, ccxt's and the exchanges'; each name with a _ before it."""


@lru_cache(maxsize=4096)
def freshness_s(method: str) -> float:
    """
    Seconds for which a value of a method is fresh enough to stand in for a new one.

    Args:
        method: As keys have it, in snake_case; one that no pattern fits has 30 s.
    """
    name = f"_{method}"
    fitting = (
        age_s for age_s, patterns in FRESHNESS if any(fnmatchcase(name, one) for one in patterns)
    )
    return next(fitting, OTHER_S)
