"""Owns how fresh a value of each method must be."""

from __future__ import annotations

import pytest

import switchgear as sg
from switchgear.core.policy.freshness import FRESHNESS, OTHER_S, freshness_s
from switchgear.core.words import Key

PRICES = """
get_market_price get_market_prices get_market_data get_order_book getTicker get_all_tickers get_symbol_ticker
get_orderbook get_klines get_candles get_bars get_stock_bars_latest get_latest_quote get_price get_avg_price
fetchTicker fetchTickers fetchOHLCV fetchOrderBook fetchL2OrderBook fetchBidsAsks fetchLastPrices fetchMarkPrice
"""
ACCOUNT = """
get_account_balance get_positions get_portfolio get_open_orders get_order get_orders get_trades get_account
get_account_info get_order_by_client_order_id get_fills list_accounts get_my_trades get_open_position
fetchBalance fetchPositions fetchPosition fetchOpenOrders fetchClosedOrders fetchOrders fetchOrder fetchOrderTrades
fetchMyTrades fetchTrades fetchAccounts get_position_price balance get_holdings get_last_trade get_orders_by_symbol
get_trade_history get_trades_of_order
"""
RULES = """
get_symbol get_symbols get_symbol_info get_rules get_trading_rules get_exchange_info
fetchMarkets loadMarkets fetchCurrencies
"""
OTHERS = """
get_market_clock get_limits ping get_volume_by_symbol get_trading_fees get_recorder get_product fetchFundingRate
fetchStatus fetchTime get_server_time time get_last_update_time
"""


@pytest.mark.parametrize(
    ("names", "fresh_s"),
    [(PRICES, 60), (ACCOUNT, 5), (RULES, 86_400), (OTHERS, 30)],
    ids=["prices", "account", "rules", "others"],
)
def test_each_method_has_its_freshness(names: str, fresh_s: float) -> None:
    """Our names, ccxt's and the exchanges' own, as their keys have them."""
    wrong = {
        name: found
        for name in names.split()
        if (found := freshness_s(Key.of("binance", name).method)) != fresh_s
    }
    assert wrong == {}


def test_every_method_of_the_clients_is_judged_as_what_it_is() -> None:
    """No method of ours that the table should know falls to what is said of others."""
    from switchgear.exchange.api import TradingApi

    reads = [name for name in dir(TradingApi) if name.startswith("get_")]
    assert reads
    assert [name for name in reads if freshness_s(name) == OTHER_S] == []


def test_each_pattern_fits_some_name() -> None:
    """No row of the table stands there for nothing."""
    from fnmatch import fnmatchcase

    methods = [Key.of("x", name).method for name in f"{PRICES} {ACCOUNT} {RULES}".split()]
    patterns = [pattern for _, row in FRESHNESS for pattern in row]
    idle = [one for one in patterns if not any(fnmatchcase(f"_{name}", one) for name in methods)]
    assert idle == []


def test_last_good_without_an_age_has_the_methods() -> None:
    """The layer leaves it open; with an age it says it itself."""
    assert sg.last_good().max_age_s is None
    assert sg.last_good(7).max_age_s == 7
