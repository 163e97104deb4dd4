"""Owns what Coinbase tells of market and account, in our words; orders are `coinbase_order`'s."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated

import msgspec

from switchgear.exchange.believed import amounts, at_ms, finite, ratio, same, total
from switchgear.exchange.holdings import Balance, Trade
from switchgear.exchange.market import Candle, OrderBook, SymbolInfo, levels
from switchgear.exchange.model import Side, TimeInForce
from switchgear.exchange.reply import Shape

VENUE = "coinbase"
PRODUCTS_PATH = "/market/products"
FORCES = frozenset({TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK})
_ZERO = Decimal(0)

Instant = Annotated[datetime, msgspec.Meta(tz=True)]
"""RFC 3339 with a time zone: one without would be read in that of this machine."""


class TimeAnswer(msgspec.Struct, frozen=True):
    """What GET /time answers."""

    epochMillis: str  # noqa: N815  Coinbase's own name

    def __post_init__(self) -> None:
        """Refuse what is no time."""
        at_ms(whole(self.epochMillis))


class ProductAnswer(msgspec.Struct, frozen=True):
    """A product, as far as it is read. Amounts are texts, and empty where there is none."""

    product_id: str
    alias: str = ""
    """The product whose book takes its orders, `BTC-USD` for `BTC-USDC`; empty for its own."""
    price: str = ""
    base_increment: str = ""
    quote_increment: str = ""
    price_increment: str = ""
    base_min_size: str = ""
    base_max_size: str = ""
    quote_min_size: str = ""
    quote_max_size: str = ""
    is_disabled: bool = False
    trading_disabled: bool = False
    view_only: bool = False
    cancel_only: bool = False


class ProductsAnswer(msgspec.Struct, frozen=True):
    """What GET /market/products answers."""

    products: list[ProductAnswer]


class CandleAnswer(msgspec.Struct, frozen=True, gc=False):
    """One candle."""

    start: str
    low: Decimal
    high: Decimal
    open: Decimal
    close: Decimal
    volume: Decimal


class CandlesAnswer(msgspec.Struct, frozen=True):
    """What GET /market/products/{id}/candles answers, the newest first."""

    candles: list[CandleAnswer]


class LevelAnswer(msgspec.Struct, frozen=True, gc=False):
    """One line of a book."""

    price: Decimal
    size: Decimal


class PriceBookAnswer(msgspec.Struct, frozen=True):
    """A book."""

    product_id: str
    bids: list[LevelAnswer]
    asks: list[LevelAnswer]
    time: Instant | None = None


class BookAnswer(msgspec.Struct, frozen=True):
    """What GET /market/product_book answers."""

    pricebook: PriceBookAnswer


class AmountAnswer(msgspec.Struct, frozen=True, gc=False):
    """So much of something."""

    value: Decimal
    currency: str


class AccountAnswer(msgspec.Struct, frozen=True):
    """What is held of one currency in one wallet."""

    currency: str
    available_balance: AmountAnswer
    hold: AmountAnswer | None = None

    def __post_init__(self) -> None:
        """Refuse what is no amount, and amounts of two currencies."""
        finite(available=self.available_balance.value)
        same("currency", self.available_balance.currency, self.currency, None)
        if self.hold is not None:
            same("currency", self.hold.currency, self.currency, None)
            amounts(hold=self.hold.value)


class AccountsAnswer(msgspec.Struct, frozen=True):
    """A page of GET /accounts."""

    accounts: list[AccountAnswer]
    has_next: bool = False
    cursor: str = ""


class FillAnswer(msgspec.Struct, frozen=True, gc=False):
    """One execution."""

    trade_id: str
    order_id: str
    trade_time: Instant
    price: Decimal
    size: Decimal
    commission: Decimal
    product_id: str
    side: str
    size_in_quote: bool = False

    def __post_init__(self) -> None:
        """Refuse what is no execution."""
        amounts(price=self.price, size=self.size, above=True)
        finite(commission=self.commission)
        utc(self.trade_time)
        if self.side not in {"BUY", "SELL"} or not (self.trade_id and self.order_id):
            raise ValueError(f"side {self.side!r} is not known, or an id is missing")


class FillsAnswer(msgspec.Struct, frozen=True):
    """A page of GET /orders/historical/fills, the newest first."""

    fills: list[FillAnswer]
    cursor: str = ""


TIME = Shape(TimeAnswer)
PRODUCT = Shape(ProductAnswer)
PRODUCTS = Shape(ProductsAnswer)
CANDLES = Shape(CandlesAnswer)
BOOK = Shape(BookAnswer)
ACCOUNTS = Shape(AccountsAnswer)
FILLS = Shape(FillsAnswer)


def product_of(symbol: str) -> str:
    """`BTC/USD` as Coinbase has it: `BTC-USD`."""
    return symbol.replace("/", "-")


def symbol_of(product_id: str) -> str:
    """`BTC-USD` as we have it: `BTC/USD`."""
    return product_id.replace("-", "/")


def price_of(answer: ProductAnswer) -> Decimal | None:
    """The last price; None for a product without one; ValueError for what is no price."""
    price = amount_in(answer.price)
    amounts(price=price, above=True)
    return price


def prices_of(answer: ProductsAnswer) -> dict[str, Decimal]:
    """The last price of each product that has one; ValueError when one is no price."""
    told = {symbol_of(product.product_id): price_of(product) for product in answer.products}
    return {symbol: price for symbol, price in told.items() if price is not None}


def info_of(answer: ProductAnswer) -> SymbolInfo:
    """A pair with its rules; ValueError when its increments are no amounts."""
    base, _, quote = answer.product_id.partition("-")
    off = answer.is_disabled or answer.trading_disabled or answer.view_only or answer.cancel_only
    return SymbolInfo(
        exchange=VENUE,
        symbol=symbol_of(answer.product_id),
        venue_symbol=answer.product_id,
        base=base,
        quote=quote,
        tradable=not off,
        price_tick=amount_in(answer.price_increment or answer.quote_increment) or None,
        quantity_step=amount_in(answer.base_increment) or None,
        quantity_min=amount_in(answer.base_min_size) or None,
        quantity_max=amount_in(answer.base_max_size) or None,
        quote_step=amount_in(answer.quote_increment) or None,
        quote_min=amount_in(answer.quote_min_size) or None,
        quote_max=amount_in(answer.quote_max_size) or None,
        forces=FORCES,
    )


def candle_of(answer: CandleAnswer) -> Candle:
    """One candle; ValueError when it is none."""
    prices = (answer.open, answer.high, answer.low, answer.close)
    return Candle(at_ms(whole(answer.start) * 1000), *prices, answer.volume)


def book_of(answer: BookAnswer, symbol: str, depth: int) -> tuple[str, OrderBook]:
    """The pair that it is told as, and the order book; ValueError when it is none."""
    book = answer.pricebook
    bids = levels(((each.price, each.size) for each in book.bids), depth, falling=True)
    asks = levels(((each.price, each.size) for each in book.asks), depth, falling=False)
    return symbol_of(book.product_id), OrderBook(VENUE, symbol, bids, asks, utc(book.time))


def balances_of(wallets: list[AccountAnswer]) -> dict[str, Balance]:
    """What is held, by currency, over all wallets; what there is nothing of is left out."""
    found: dict[str, Balance] = {}
    for wallet in wallets:
        name, free = wallet.currency, wallet.available_balance.value
        locked = wallet.hold.value if wallet.hold else _ZERO
        if name in found:
            free = total((free, found[name].free))
            locked = total((locked, found[name].locked))
        if free or locked:
            found[name] = Balance(name, free, locked)
    return found


def trade_of(answer: FillAnswer) -> Trade:
    """One execution of the account; the fee is in the quote currency."""
    quantity = ratio(answer.size, answer.price) if answer.size_in_quote else answer.size
    return Trade(
        exchange=VENUE,
        symbol=symbol_of(answer.product_id),
        trade_id=answer.trade_id,
        order_id=answer.order_id,
        side=Side(answer.side.lower()),
        price=answer.price,
        quantity=quantity,
        fee=answer.commission,
        fee_asset=answer.product_id.partition("-")[2],
        at=answer.trade_time.astimezone(UTC),
    )


def trades_of(answer: FillsAnswer) -> tuple[list[Trade], str]:
    """The executions of a page, and where the next page begins; ValueError for what is none."""
    return [trade_of(fill) for fill in answer.fills], answer.cursor


def amount_in(text: str) -> Decimal | None:
    """The amount in a text; None for an empty one; ValueError for anything else."""
    if not text:
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{text[:40]!r} is no amount") from None
    amounts(amount=value)
    return value


def whole(text: str) -> int:
    """The whole number in a text; ValueError for anything but digits, and for too many."""
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"{text[:40]!r} is no whole number")
    return int(text)


def utc(instant: datetime | None) -> datetime | None:
    """The instant in UTC; ValueError for one at the end of all dates, which has none there."""
    try:
        return None if instant is None else instant.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{instant} is no time") from None
