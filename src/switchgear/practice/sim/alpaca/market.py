"""Owns which assets the practice Alpaca lists, what it trades of them, and when."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from switchgear.practice.sim.alpaca import hours
from switchgear.practice.sim.alpaca.ids import asset_id
from switchgear.practice.sim.alpaca.words import is_extended
from switchgear.practice.sim.ledger import Market, Unique
from switchgear.practice.sim.symbols import Symbol

if TYPE_CHECKING:
    from switchgear.practice.sim.accounts import NewOrder

CASH = "USD"
OPENING_CASH = Decimal(100_000)
"""What a paper account starts with."""
_CRYPTO_VALUE_MAX = Decimal(200_000)
_CRYPTO_FEE = Decimal("0.0025")
_CENT = Decimal("0.01")
_STEP = Decimal("0.000000001")
_NONE = Decimal(0)


class Kind(StrEnum):
    """The asset classes offered here."""

    CRYPTO = "crypto"
    EQUITY = "us_equity"


@dataclass(frozen=True, slots=True)
class Asset:
    """One listed asset, with the pair that the ledger trades for it."""

    symbol: Symbol
    kind: Kind
    title: str
    exchange: str
    fractionable: bool = True
    active: bool = True
    value_min: Decimal = Decimal(1)
    """The least that a buy may cost, in dollars."""

    @property
    def name(self) -> str:
        """How orders and assets are told: BTC/USD, AAPL."""
        return self.symbol.name

    @property
    def flat_name(self) -> str:
        """How positions are told: BTCUSD, AAPL."""
        return self.symbol.name.replace("/", "")

    @property
    def id(self) -> str:
        """The UUID of the asset, the same in every run."""
        return asset_id(self.symbol.name)

    @property
    def is_crypto(self) -> bool:
        """Whether it trades around the clock, against cash that is there."""
        return self.kind is Kind.CRYPTO


def _crypto(base: str, title: str, start: str, depth: str, least: str) -> Asset:
    symbol = Symbol(
        name=f"{base}/USD",
        base=base,
        quote=CASH,
        start=Decimal(start),
        tick=_CENT,
        step=_STEP,
        depth=Decimal(depth),
        min_price=_CENT,
        min_quantity=Decimal(least),
        max_quantity=Decimal(10_000_000),
        min_notional=_NONE,
        max_notional=_CRYPTO_VALUE_MAX,
        commission_rate=_CRYPTO_FEE,
        path=f"{base}USDT",
    )
    return Asset(symbol, Kind.CRYPTO, f"{title} / US Dollar", "CRYPTO", value_min=Decimal(10))


def _equity(ticker: str, title: str, exchange: str, start: str, depth: str) -> Asset:
    # Trades print below a cent; that limit prices do not is the order's rule, and not the ledger's.
    symbol = Symbol(
        name=ticker,
        base=ticker,
        quote=CASH,
        start=Decimal(start),
        tick=Decimal("0.0001"),
        step=_STEP,
        depth=Decimal(depth),
        min_price=Decimal("0.0001"),
        max_price=Decimal(10_000_000),
        max_quantity=Decimal(10_000_000),
        min_notional=_NONE,
        max_notional=Decimal(1_000_000_000),
        commission_rate=_NONE,
    )
    return Asset(symbol, Kind.EQUITY, title, exchange)


_TRADED = (
    _crypto("BTC", "Bitcoin", "60000", "0.5", "0.000015739"),
    _crypto("ETH", "Ethereum", "3000", "10", "0.000333334"),
    _crypto("SOL", "Solana", "150", "200", "0.006666667"),
    _crypto("LTC", "Litecoin", "80", "400", "0.0125"),
    _equity("AAPL", "Apple Inc. Common Stock", "NASDAQ", "250", "200"),
    _equity("MSFT", "Microsoft Corporation Common Stock", "NASDAQ", "480", "100"),
    _equity("SPY", "SPDR S&P 500 ETF Trust", "ARCA", "680", "500"),
    _equity("TSLA", "Tesla, Inc. Common Stock", "NASDAQ", "450", "150"),
    replace(_equity("BRK.A", "Berkshire Hathaway Inc.", "NYSE", "750000", "2"), fractionable=False),
)
_RETIRED = replace(_crypto("MKR", "Maker", "1500", "5", "0.0007"), active=False)

ASSETS = (*_TRADED, _RETIRED)
"""All that is listed; one of them is not active, and trades no more."""
BY_NAME = {name: asset for asset in ASSETS for name in (asset.name, asset.flat_name)}
BY_ID = {asset.id: asset for asset in ASSETS}
BY_BASE = {asset.symbol.base: asset for asset in ASSETS}


def find_asset(name: str) -> Asset | None:
    """The asset of this symbol, in either spelling, or of this id; None when there is none."""
    return BY_NAME.get(name) or BY_ID.get(name.lower())


def _is_open(asked: NewOrder, at_ms: int) -> bool:
    if BY_NAME[asked.symbol.name].is_crypto:
        return True
    return hours.is_extended(at_ms) if is_extended(asked) else hours.is_open(at_ms)


MARKET = Market(
    symbols={asset.name: asset.symbol for asset in _TRADED},
    balances={CASH: OPENING_CASH} | {asset.symbol.base: _NONE for asset in _TRADED},
    unique=Unique.EVER,
    is_open=_is_open,
)
