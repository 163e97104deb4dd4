"""Owns which products the practice Coinbase lists, which of them trade, and what a new account holds."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from switchgear.practice.sim.ledger import Market, Unique
from switchgear.practice.sim.symbols import Symbol

FEE_RATE = Decimal("0.006")
"""The share of a trade that the venue keeps, for maker and taker alike."""
NAMES = {
    "BNB": "BNB",
    "BTC": "Bitcoin",
    "ETH": "Ethereum",
    "SOL": "Solana",
    "USD": "US Dollar",
    "USDC": "USDC",
    "XRP": "XRP",
}
"""The currencies, and what they are called in full."""
FIAT = "USD"


@dataclass(frozen=True, slots=True)
class Product:
    """A pair, with the bounds of an order that is told in the quote currency, and its state."""

    symbol: Symbol
    quote_increment: Decimal = Decimal("0.01")
    quote_min: Decimal = Decimal(1)
    quote_max: Decimal = Decimal(150_000_000)
    trading_disabled: bool = False
    view_only: bool = False

    @property
    def base_min(self) -> Decimal:
        """The least base size of an order."""
        least = self.symbol.min_quantity
        return self.symbol.step if least is None else least

    @property
    def trades(self) -> bool:
        """Whether it takes orders at all."""
        return not (self.trading_disabled or self.view_only)


def _symbol(base: str, quote: str, start: str, most: int, depth: str, tick: str = "0.01") -> Symbol:
    return Symbol(
        f"{base}-{quote}",
        base,
        quote,
        Decimal(start),
        Decimal(tick),
        Decimal("0.00000001"),
        Decimal(depth),
        max_quantity=Decimal(most),
        min_price=Decimal(tick),
        # The product checks the value, which for some orders is the size as it was sent.
        min_notional=Decimal(0),
        max_notional=Decimal(150_000_000),
        commission_rate=FEE_RATE,
        path=f"{base}USDT",
    )


PRODUCTS = {
    product.symbol.name: product
    for product in (
        Product(_symbol("BTC", "USD", "60000", 3_400, "0.5")),
        Product(_symbol("ETH", "USD", "3000", 45_000, "10")),
        Product(_symbol("SOL", "USD", "150", 870_000, "200")),
        Product(_symbol("BTC", "USDC", "60000", 3_400, "0.5")),
        Product(_symbol("XRP", "USD", "0.5", 90_000_000, "5000", "0.0001"), trading_disabled=True),
        Product(_symbol("BNB", "USD", "600", 100_000, "50"), view_only=True),
    )
}

MARKET = Market(
    symbols={name: each.symbol for name, each in PRODUCTS.items() if each.trades},
    balances={
        "USD": Decimal(100_000),
        "USDC": Decimal(10_000),
        "BTC": Decimal(1),
        "ETH": Decimal(10),
        "SOL": Decimal(0),
    },
    unique=Unique.EVER,
    fee_in_quote=True,
)
