"""Owns trading: models, one protocol for all exchanges, and the clients; loaded on first use."""

from typing import TYPE_CHECKING

from switchgear.core.lazy import lazy

if TYPE_CHECKING:
    from switchgear.exchange.alpaca import AlpacaApi as AlpacaApi
    from switchgear.exchange.api import OrderDesk as OrderDesk
    from switchgear.exchange.api import PlainDesk as PlainDesk
    from switchgear.exchange.api import TradingApi as TradingApi
    from switchgear.exchange.backend import BackendApi as BackendApi
    from switchgear.exchange.binance import BinanceApi as BinanceApi
    from switchgear.exchange.ccxt_api import CcxtApi as CcxtApi
    from switchgear.exchange.coinbase import CoinbaseApi as CoinbaseApi
    from switchgear.exchange.holdings import Balance as Balance
    from switchgear.exchange.holdings import CancelReport as CancelReport
    from switchgear.exchange.holdings import Portfolio as Portfolio
    from switchgear.exchange.holdings import Position as Position
    from switchgear.exchange.holdings import Trade as Trade
    from switchgear.exchange.market import Candle as Candle
    from switchgear.exchange.market import Interval as Interval
    from switchgear.exchange.market import MarketClock as MarketClock
    from switchgear.exchange.market import OrderBook as OrderBook
    from switchgear.exchange.market import PriceLevel as PriceLevel
    from switchgear.exchange.market import SymbolInfo as SymbolInfo
    from switchgear.exchange.model import FieldError as FieldError
    from switchgear.exchange.model import Order as Order
    from switchgear.exchange.model import OrderRequest as OrderRequest
    from switchgear.exchange.model import OrderStatus as OrderStatus
    from switchgear.exchange.model import OrderType as OrderType
    from switchgear.exchange.model import Side as Side
    from switchgear.exchange.model import TimeInForce as TimeInForce
    from switchgear.exchange.sync import SyncApi as SyncApi
    from switchgear.exchange.together import Exchanges as Exchanges
    from switchgear.exchange.together import Missing as Missing
    from switchgear.exchange.together import Part as Part
    from switchgear.exchange.together import PortfolioOverAll as PortfolioOverAll

__getattr__, __dir__ = lazy(
    __name__,
    {
        "alpaca": "AlpacaApi",
        "api": "OrderDesk PlainDesk TradingApi",
        "backend": "BackendApi",
        "binance": "BinanceApi",
        "ccxt_api": "CcxtApi",
        "coinbase": "CoinbaseApi",
        "holdings": "Balance CancelReport Portfolio Position Trade",
        "market": "Candle Interval MarketClock OrderBook PriceLevel SymbolInfo",
        "model": "FieldError Order OrderRequest OrderStatus OrderType Side TimeInForce",
        "sync": "SyncApi",
        "together": "Exchanges Missing Part PortfolioOverAll",
    },
)
