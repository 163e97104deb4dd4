"""Owns the three venues as one parameter: a practice exchange and the client that belongs to it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from switchgear.exchange import (
    AlpacaApi,
    BinanceApi,
    CoinbaseApi,
    OrderRequest,
    OrderType,
    Side,
)

if TYPE_CHECKING:
    import switchgear as sg
    from switchgear.practice.sim.server import Sim, SimThread


@dataclass(frozen=True)
class Case:
    """One venue: its client, and a pair that it trades."""

    name: str
    api: Any
    """The class of its client."""
    symbol: str
    other: str
    """Another pair."""
    tick: Decimal
    """What prices of the first pair are multiples of."""
    endpoints: dict[str, str]
    """What the practice exchange calls the endpoint of a method, for faults."""

    def __str__(self) -> str:
        return self.name

    def client(self, gear: sg.Switchgear, sim: Sim | SimThread, **more: Any) -> Any:
        """A client of this practice exchange."""
        given: dict[str, Any] = {
            "key": sim.key,
            "secret": sim.secret,
            "base_url": sim.base_url,
            **more,
        }
        return self.api(gear, **given)

    def market(self, side: Side = Side.BUY, **more: Any) -> OrderRequest:
        """An order that fills at once."""
        given: dict[str, Any] = {"quantity": Decimal("0.01"), **more}
        return OrderRequest(self.symbol, side, OrderType.MARKET, **given)

    def resting(self, **more: Any) -> OrderRequest:
        """An order that is far from the market."""
        given: dict[str, Any] = {
            "side": Side.BUY,
            "quantity": Decimal("0.01"),
            "price": Decimal(30000),
            **more,
        }
        return OrderRequest(self.symbol, type=OrderType.LIMIT, **given)

    def stop(self, **more: Any) -> OrderRequest:
        """An order to buy once the market has risen far."""
        prices = {"price": Decimal(70000), "stop_price": Decimal(69000)}
        given: dict[str, Any] = {"quantity": Decimal("0.01"), **prices, **more}
        return OrderRequest(self.symbol, Side.BUY, OrderType.STOP_LIMIT, **given)


CASES = (
    Case(
        "binance",
        BinanceApi,
        "BTC/USDT",
        "ETH/USDT",
        Decimal("0.01"),
        {"create_order": "order.create", "get_market_price": "ticker.price"},
    ),
    Case(
        "alpaca",
        AlpacaApi,
        "BTC/USD",
        "ETH/USD",
        Decimal("0.01"),
        {"create_order": "order.create", "get_market_price": "*"},
    ),
    Case(
        "coinbase",
        CoinbaseApi,
        "BTC/USD",
        "ETH/USD",
        Decimal("0.01"),
        {"create_order": "order.create", "get_market_price": "product.get"},
    ),
)
