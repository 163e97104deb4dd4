"""Owns which orders the demo's agents want, by seed, venue and number; sending them is the agent's."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING, NamedTuple

from switchgear.exchange.api import with_client_order_id
from switchgear.exchange.model import OrderRequest, OrderType, Side
from switchgear.practice.sim.seeded import fraction

if TYPE_CHECKING:
    from collections.abc import Mapping

_UNITS = {"BTC": Decimal("0.001"), "ETH": Decimal("0.01")}
"""What is traded, and in what lots: each is worth more than any venue's least order."""
_BASES = tuple(_UNITS)
_LOTS_MAX = 5
_STOCK_LOTS = 40
"""What is bought first, so that there is something to sell: not every account begins with coins."""
_TOO_MUCH = Decimal(3)
"""Bitcoins: within each venue's bounds, and more than each account can pay."""
_TICK = Decimal("0.01")
_RESTING = {"ETH"}
"""Of these, orders rest on the book until the agent cancels them. What is traded at once is another
coin: Alpaca refuses a market order that could meet an order of ours that rests."""
_FAR = {Side.BUY: Decimal("0.9"), Side.SELL: Decimal("1.1")}
"""A limit so far from the price does not trade while the demo runs."""
_OTHER = {Side.BUY: Side.SELL, Side.SELL: Side.BUY}


class Wish(NamedTuple):
    """An order that the agent wants; its limit depends on the price of the moment."""

    symbol: str
    side: Side
    type: OrderType
    quantity: Decimal

    def request(self, prices: Mapping[str, Decimal]) -> OrderRequest:
        """The order to send, under a client order id of its own; prices holds the symbol of a limit."""
        price = None
        if self.type is OrderType.LIMIT:
            price = (prices[self.symbol] * _FAR[self.side]).quantize(_TICK, ROUND_DOWN)
        order = OrderRequest(self.symbol, self.side, self.type, self.quantity, price=price)
        return with_client_order_id(order)


class Plan:
    """What the agent of one venue wants; the same for the same seed and venue."""

    def __init__(self, seed: int, venue: str, quote: str) -> None:
        """
        Plan for one venue.

        Args:
            seed: Of what is drawn.
            venue: Its name: each venue's agent wants something else.
            quote: What things cost there, USDT or USD.
        """
        self._seed, self._venue = seed, venue
        self.symbols = tuple(f"{base}/{quote}" for base in _BASES)
        """What is watched and traded."""
        self.too_big = Wish(self.symbols[0], Side.BUY, OrderType.MARKET, _TOO_MUCH)
        """Within the venue's rules, and beyond what the account can pay."""
        self.unknown = f"NOPE/{quote}"
        """A pair that no venue lists."""

    def wish(self, number: int) -> Wish:
        """
        The order of this number, from 0.

        First something is bought of each; then orders come in twos, the second one back again, so
        that the account neither runs out of coins nor out of money, however long it goes on.
        """
        visit, place = divmod(number, len(_BASES))
        base, symbol = _BASES[place], self.symbols[place]
        if visit == 0:
            return Wish(symbol, Side.BUY, OrderType.MARKET, _STOCK_LOTS * _UNITS[base])
        two, back = divmod(visit - 1, 2)
        side = Side.BUY if self._drawn(base, two, "side") < 0.5 else Side.SELL
        lots = 1 + int(_LOTS_MAX * self._drawn(base, two, "lots"))
        return Wish(
            symbol,
            _OTHER[side] if back else side,
            OrderType.LIMIT if base in _RESTING else OrderType.MARKET,
            lots * _UNITS[base],
        )

    def _drawn(self, base: str, two: int, what: str) -> float:
        return fraction(self._seed, "demo", self._venue, base, two, what)
