"""Owns which orders the demo's agent wants, by seed and number; sending them is the agent's."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING, NamedTuple

from switchgear.exchange.api import with_client_order_id
from switchgear.exchange.model import OrderRequest, OrderType, Side
from switchgear.practice.sim.seeded import fraction

if TYPE_CHECKING:
    from collections.abc import Mapping

BTC, ETH = "BTC/USDT", "ETH/USDT"
SYMBOLS = (BTC, ETH)
_UNITS = {BTC: Decimal("0.001"), ETH: Decimal("0.01")}
_TICK = Decimal("0.01")
_LIMIT_SHARE = 0.4
"""Of the orders, the share that rests on the book until the agent cancels it."""
_FAR = {Side.BUY: Decimal("0.9"), Side.SELL: Decimal("1.1")}
"""A limit so far from the price does not trade while the demo runs."""


class Wish(NamedTuple):
    """An order that the agent wants; its limit depends on the price of the moment."""

    symbol: str
    side: Side
    type: OrderType
    quantity: Decimal

    def request(self, prices: Mapping[str, Decimal]) -> OrderRequest:
        """The order to send, under a client order id of its own; prices holds the symbol."""
        price = None
        if self.type is OrderType.LIMIT:
            price = (prices[self.symbol] * _FAR[self.side]).quantize(_TICK, ROUND_DOWN)
        order = OrderRequest(self.symbol, self.side, self.type, self.quantity, price=price)
        return with_client_order_id(order)


TOO_BIG = Wish(BTC, Side.BUY, OrderType.MARKET, Decimal(100))
"""Within the exchange's rules, and far beyond what the account can pay."""


def wish(seed: int, number: int) -> Wish:
    """The order of this number, from 0; the same for the same seed."""
    symbol = SYMBOLS[number % len(SYMBOLS)]
    side = Side.BUY if fraction(seed, "demo", number, "side") < 0.5 else Side.SELL
    rests = fraction(seed, "demo", number, "type") < _LIMIT_SHARE
    units = 1 + int(5 * fraction(seed, "demo", number, "units"))
    return Wish(
        symbol, side, OrderType.LIMIT if rests else OrderType.MARKET, units * _UNITS[symbol]
    )
