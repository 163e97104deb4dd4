"""Owns Alpaca's assets: which names are coins and which are shares, and the rules of each; asking is `alpaca`'s."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from switchgear.exchange.believed import amounts
from switchgear.exchange.market import SymbolInfo
from switchgear.exchange.model import FieldError, TimeInForce
from switchgear.exchange.reply import Shape

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from switchgear.core.clock import Clock

VENUE = "alpaca"
COIN, SHARE = "crypto", "us_equity"
CURRENCY = "USD"
FRESH_S = 3_600.0
"""After so long the list of coins is asked for again."""
AGAIN_S = 30.0
"""After so long it is asked for again when it could not be had and an older one is used."""
SURE_S = 10.0
"""A list older than this is asked for again before a pair is taken for a share for the first time."""

_SHARE_MARK = ".US"
"""Ends the base of a share whose ticker is a coin's too: `BTC.US/USD` is the fund, `BTC/USD` the coin."""
_COIN_FORCES = frozenset({TimeInForce.GTC, TimeInForce.IOC})
FORCES = frozenset({TimeInForce.DAY, TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK})
_SHARE_TICK = Decimal("0.01")
_CENT = Decimal("0.01")
_COIN_VALUE_MAX = Decimal(200_000)
"""In USD, for one order; Alpaca's guide says so, its listing does not."""
_SHARE_STEP = Decimal("0.000000001")
_QUOTES = ("USDT", "USDC", "USD", "BTC")


class Market(NamedTuple):
    """Where the data of one class of assets is."""

    prices: str
    bars: str
    book: str


COINS_MARKET = Market(
    "/v1beta3/crypto/us/latest/trades",
    "/v1beta3/crypto/us/bars",
    "/v1beta3/crypto/us/latest/orderbooks",
)
SHARES_MARKET = Market("/v2/stocks/trades/latest", "/v2/stocks/bars", "/v2/stocks/quotes/latest")


class AssetAnswer(msgspec.Struct, frozen=True, gc=False):
    """One asset, as far as it is read; the last three are told of coins alone."""

    symbol: str
    status: str
    tradable: bool
    kind: str = msgspec.field(name="class")
    fractionable: bool = False
    min_order_size: Decimal | None = None
    min_trade_increment: Decimal | None = None
    price_increment: Decimal | None = None

    def __post_init__(self) -> None:
        """Refuse what is no rule."""
        amounts(
            min_order_size=self.min_order_size,
            min_trade_increment=self.min_trade_increment,
            price_increment=self.price_increment,
        )


ASSET = Shape(AssetAnswer)
ASSETS = Shape(list[AssetAnswer])


class Coins:
    """
    Which pairs are coins, and so which of Alpaca's names means what.

    A pair that was a coin once stays one: were it forgotten, an order for it would go to the share
    of the same ticker. A pair that was a share once never becomes the coin: it is refused as soon
    as there is a coin of that name, or the same order would buy another thing from then on.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[str, SymbolInfo] = {}
        self._pairs: dict[str, str] = {}
        self._shares: set[str] = set()
        self._due_s = clock.monotonic_s()
        self._asked_s = self._due_s - SURE_S

    def __contains__(self, symbol: str) -> bool:
        return symbol in self._known

    @property
    def is_due(self) -> bool:
        """Whether the list should be asked for."""
        return self.is_empty or self._clock.monotonic_s() >= self._due_s

    @property
    def is_wanted(self) -> bool:
        """Whether nothing is known, and it was not asked for just now: for who can do without."""
        return self.is_empty and self._clock.monotonic_s() >= self._due_s

    @property
    def is_empty(self) -> bool:
        """Whether nothing was ever kept."""
        return not self._known

    @property
    def is_just_asked(self) -> bool:
        """Whether the list was asked for within the last SURE_S, be it in vain."""
        return self._clock.monotonic_s() - self._asked_s < SURE_S

    def keep(self, infos: Mapping[str, SymbolInfo]) -> None:
        """Remember the list as it is now."""
        self._known.update(infos)
        self._pairs.update({_plain(symbol): symbol for symbol in infos})
        self._due_s = self._clock.monotonic_s() + FRESH_S

    def postpone(self) -> None:
        """It was asked for, and is not here yet: go on with the older one for a while."""
        self._asked_s = self._clock.monotonic_s()
        self._due_s = self._asked_s + AGAIN_S

    def is_in_doubt(self, symbol: str) -> bool:
        """Whether it would be a share for the first time, by a list that is too old to say so."""
        if symbol in self._shares or self.is_coin(symbol) or not _can_be_both(symbol):
            return False
        return not self.is_just_asked

    def settle(self, symbol: str) -> None:
        """
        Remember a pair as a share where it is one.

        Raises:
            FieldError: It was a share, and is now a coin too.
        """
        self.refuse(symbol)
        if not (self.is_empty or self.is_coin(symbol)) and _can_be_both(symbol):
            self._shares.add(symbol)

    def refuse(self, symbol: str) -> None:
        """FieldError for a pair that was a share, and is now a coin too."""
        if symbol in self._shares and symbol in self._known:
            share = f"{_ticker(symbol)}{_SHARE_MARK}/{CURRENCY}"
            allowed = f"is now also a coin: write {share}; for the coin, make the client anew"
            raise FieldError("symbol", symbol, allowed)

    def is_coin(self, symbol: str) -> bool:
        """Whether it is a pair of coins; every share is traded against USD."""
        base, _, quote = symbol.partition("/")
        return quote != CURRENCY or ("." not in base and symbol in self._known)

    def venue_symbol(self, symbol: str) -> str:
        """`BTC/USD` for a coin as it is, `AAPL` for `AAPL/USD`."""
        return symbol if self.is_coin(symbol) else _ticker(symbol)

    def market(self, symbol: str) -> Market:
        """Where its data is."""
        return COINS_MARKET if self.is_coin(symbol) else SHARES_MARKET

    def symbol_of(self, name: str, kind: str) -> str:
        """Our symbol for a name in an answer, where a coin is `BTC/USD` or, as of old, `BTCUSD`."""
        if kind == COIN:
            return self._pairs.get(_plain(name)) or _guessed_pair(name)
        plain = f"{name}/{CURRENCY}"
        if plain in self._known:
            return f"{name}{_SHARE_MARK}/{CURRENCY}"
        if not self.is_empty:
            self._shares.add(plain)  # whoever is told this name may use it
        return plain

    def is_same(self, symbol: str, name: str, kind: str) -> bool:
        """Whether an answer's name is the symbol that was asked for."""
        return self.symbol_of(name, kind) == self.canonical(symbol)

    def canonical(self, symbol: str) -> str:
        """The symbol as it is in answers: a share is marked only where it must be."""
        marked = symbol.partition("/")[0].endswith(_SHARE_MARK)
        return self.symbol_of(_ticker(symbol), SHARE) if marked else symbol

    def is_named(self, symbol: str, name: str) -> bool:
        """The same for an answer that does not say of which class it is."""
        if self.is_coin(symbol):
            return _plain(name) == _plain(symbol)
        return name == _ticker(symbol)

    def info_of(self, asset: AssetAnswer) -> SymbolInfo:
        """An asset with its rules; ValueError for one of another class."""
        if asset.kind == COIN:
            return coin_of(asset)
        if asset.kind != SHARE:
            raise ValueError(f"{asset.symbol} is of the class {asset.kind!r}")
        return share_of(asset, self.symbol_of(asset.symbol, SHARE))


def coins_of(found: Iterable[AssetAnswer]) -> dict[str, SymbolInfo]:
    """The pairs of a list of coins; ValueError for none, for then every coin would be a share."""
    # Old entries have names without a slash, or the name of one that is traded, which comes last.
    named = [each for each in found if each.kind == COIN and "/" in each.symbol]
    infos = {each.symbol: coin_of(each) for each in sorted(named, key=_is_tradable)}
    if not infos:
        raise ValueError("there is no coin in the list of coins")
    return infos


def coin_of(asset: AssetAnswer) -> SymbolInfo:
    """A pair of coins with its rules."""
    base, slash, quote = asset.symbol.partition("/")
    if not slash:
        raise ValueError(f"{asset.symbol!r} is no pair")
    return SymbolInfo(
        exchange=VENUE,
        symbol=asset.symbol,
        venue_symbol=asset.symbol,
        base=base,
        quote=quote,
        tradable=_is_tradable(asset),
        price_tick=asset.price_increment or None,
        quantity_step=asset.min_trade_increment or None,
        quantity_min=asset.min_order_size or None,
        quote_step=_CENT if quote == CURRENCY else None,
        notional_max=_COIN_VALUE_MAX if quote == CURRENCY else None,
        asset_class=COIN,
        forces=_COIN_FORCES,
    )


def share_of(asset: AssetAnswer, symbol: str) -> SymbolInfo:
    """A share with its rules."""
    return SymbolInfo(
        exchange=VENUE,
        symbol=symbol,
        venue_symbol=asset.symbol,
        base=symbol.partition("/")[0],
        quote=CURRENCY,
        tradable=_is_tradable(asset),
        price_tick=_SHARE_TICK,
        quantity_step=_SHARE_STEP,
        quote_step=_CENT,
        asset_class=SHARE,
        forces=FORCES,
        whole_only=not asset.fractionable,
    )


def _is_tradable(asset: AssetAnswer) -> bool:
    return asset.tradable and asset.status == "active"


def _can_be_both(symbol: str) -> bool:
    return "." not in symbol.partition("/")[0]


def _ticker(symbol: str) -> str:
    return symbol.partition("/")[0].removesuffix(_SHARE_MARK)


def _plain(name: str) -> str:
    return name.replace("/", "")


def _guessed_pair(name: str) -> str:
    if "/" in name:
        return name
    found = next((each for each in _QUOTES if name.endswith(each) and name != each), "")
    return f"{name.removesuffix(found)}/{found or CURRENCY}"
