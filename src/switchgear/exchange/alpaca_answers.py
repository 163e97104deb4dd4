"""Owns the shapes of Alpaca's good answers, in our words; holdings and assets have files of their own."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from switchgear.core.redact import safe_words
from switchgear.exchange.alpaca_assets import VENUE
from switchgear.exchange.believed import amounts
from switchgear.exchange.holdings import CancelReport, Trade
from switchgear.exchange.market import Candle, MarketClock, OrderBook, levels
from switchgear.exchange.model import Order, OrderStatus, OrderType, Side
from switchgear.exchange.reply import Shape

if TYPE_CHECKING:
    from collections.abc import Iterable

    from switchgear.exchange.alpaca_assets import Coins

Instant = Annotated[datetime, msgspec.Meta(tz=True)]
"""RFC 3339 with a time zone; Alpaca's nanoseconds are rounded to microseconds."""

ORDER_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
"""What an order id looks like; one that does not would be a part of an address all the same."""

_ZERO = Decimal(0)
_TYPES = {
    "market": OrderType.MARKET,
    "limit": OrderType.LIMIT,
    "stop_limit": OrderType.STOP_LIMIT,
}
_FINAL = {
    "filled": OrderStatus.FILLED,
    "canceled": OrderStatus.CANCELED,
    "replaced": OrderStatus.CANCELED,
    "expired": OrderStatus.EXPIRED,
    "rejected": OrderStatus.REJECTED,
}
"""A replaced order is over; the one in its place has an id of its own."""

PENDING_CANCEL = "pending_cancel"
_ALIVE = frozenset(
    {
        "new",
        "accepted",
        "pending_new",
        "accepted_for_bidding",
        "partially_filled",
        "done_for_day",
        PENDING_CANCEL,
        "pending_replace",
        "suspended",
        "calculated",
        "stopped",
        "held",
    }
)
"""What can still trade, today or on another day."""
_SIDES = {"buy": Side.BUY, "sell": Side.SELL, "sell_short": Side.SELL}
_MULTI_LEG = "mleg"


class LastTradeAnswer(msgspec.Struct, frozen=True, gc=False):
    """The last trade of one symbol, as far as it is read."""

    p: Decimal

    def __post_init__(self) -> None:
        """Refuse what is no price."""
        amounts(price=self.p, above=True)


class LastTradesAnswer(msgspec.Struct, frozen=True):
    """What the latest trades endpoints answer; a symbol without a trade is left out."""

    trades: dict[str, LastTradeAnswer]


class BarAnswer(msgspec.Struct, frozen=True, gc=False):
    """One candle."""

    t: Instant
    o: Decimal
    h: Decimal
    l: Decimal  # noqa: E741  Alpaca's own name
    c: Decimal
    v: Decimal


class BarsAnswer(msgspec.Struct, frozen=True):
    """A page of candles."""

    bars: dict[str, list[BarAnswer]] | None
    next_page_token: str | None = None


class LineAnswer(msgspec.Struct, frozen=True, gc=False):
    """One line of an order book."""

    p: Decimal
    s: Decimal


class BookAnswer(msgspec.Struct, frozen=True):
    """The order book of a coin."""

    t: Instant
    b: list[LineAnswer]
    a: list[LineAnswer]


class BooksAnswer(msgspec.Struct, frozen=True):
    """What GET …/latest/orderbooks answers."""

    orderbooks: dict[str, BookAnswer]


class QuoteAnswer(msgspec.Struct, frozen=True, gc=False):
    """The best prices of a share; a price of 0 means that nobody offers."""

    t: Instant
    bp: Decimal
    bs: Decimal
    ap: Decimal
    ask_size: Decimal = msgspec.field(name="as")


class QuotesAnswer(msgspec.Struct, frozen=True):
    """What GET …/quotes/latest answers."""

    quotes: dict[str, QuoteAnswer]


class ClockAnswer(msgspec.Struct, frozen=True, gc=False):
    """What GET /v2/clock answers."""

    timestamp: Instant
    is_open: bool
    next_open: Instant
    next_close: Instant


class OrderAnswer(msgspec.Struct, frozen=True, gc=False):
    """An order as the order endpoints answer it; `order_of` says whether it can be."""

    id: str
    client_order_id: str
    type: str
    status: str
    filled_qty: Decimal
    side: str | None = None
    symbol: str | None = None
    asset_class: str | None = None
    order_class: str | None = None
    qty: Decimal | None = None
    notional: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    filled_avg_price: Decimal | None = None
    created_at: Instant | None = None

    @property
    def is_multi_leg(self) -> bool:
        """Whether it is an order of several options at once, which has neither symbol nor side."""
        return self.order_class == _MULTI_LEG


class FillAnswer(msgspec.Struct, frozen=True, gc=False):
    """One execution of GET /v2/account/activities/FILL."""

    id: str
    order_id: str
    symbol: str
    side: str
    price: Decimal
    qty: Decimal
    transaction_time: Instant

    def __post_init__(self) -> None:
        """Refuse what is no execution."""
        if self.side not in _SIDES or not (self.id and self.order_id):
            raise ValueError(f"side {self.side!r} is not known, or an id is missing")
        amounts(price=self.price, qty=self.qty, above=True)


class CancelAnswer(msgspec.Struct, frozen=True):
    """One line of the answer to DELETE /v2/orders."""

    id: str
    status: int
    body: Any = None


LAST_TRADES = Shape(LastTradesAnswer)
BARS = Shape(BarsAnswer)
BOOKS = Shape(BooksAnswer)
QUOTES = Shape(QuotesAnswer)
CLOCK = Shape(ClockAnswer)
ORDER = Shape(OrderAnswer)
ORDERS = Shape(list[OrderAnswer])
FILLS = Shape(list[FillAnswer])
CANCELS = Shape(list[CancelAnswer])


def candle_of(bar: BarAnswer) -> Candle:
    """One candle; ValueError when it is none."""
    return Candle(bar.t.astimezone(UTC), bar.o, bar.h, bar.l, bar.c, bar.v)


def book_of(answer: BookAnswer, symbol: str, depth: int) -> OrderBook:
    """The order book of a coin, cut to depth; ValueError when it is none."""
    # Alpaca promises no order of the lines.
    bids = sorted(((each.p, each.s) for each in answer.b), reverse=True)
    asks = sorted((each.p, each.s) for each in answer.a)
    return OrderBook(
        VENUE,
        symbol,
        levels(bids, depth, falling=True),
        levels(asks, depth, falling=False),
        answer.t.astimezone(UTC),
    )


def quote_of(answer: QuoteAnswer, symbol: str) -> OrderBook:
    """The best bid and ask of a share as a book of one line a side, or none."""
    bid = [(answer.bp, answer.bs)] if answer.bp else []
    ask = [(answer.ap, answer.ask_size)] if answer.ap else []
    sides = levels(bid, 1, falling=True), levels(ask, 1, falling=False)
    return OrderBook(VENUE, symbol, *sides, answer.t.astimezone(UTC))


def clock_of(answer: ClockAnswer) -> MarketClock:
    """The opening hours, in UTC."""
    return MarketClock(
        answer.is_open,
        answer.timestamp.astimezone(UTC),
        answer.next_open.astimezone(UTC),
        answer.next_close.astimezone(UTC),
    )


def order_of(answer: OrderAnswer, symbol: str | None, coins: Coins) -> Order:
    """The order in our words; ValueError when it cannot be, or is of another symbol than the given."""
    name = answer.symbol
    if not (ORDER_ID.fullmatch(answer.id) and answer.client_order_id and name):
        raise ValueError("the order has no id or no symbol")
    kind, side = answer.asset_class or "", _SIDES.get(answer.side or "")
    if symbol is not None and not coins.is_same(symbol, name, kind):
        raise ValueError(f"the answer is of {name!r}")
    if side is None:
        raise ValueError(f"side {answer.side!r} is not known")
    amounts(filled=answer.filled_qty, average_price=answer.filled_avg_price)
    amounts(above=True, qty=answer.qty, notional=answer.notional)
    amounts(price=answer.limit_price, stop_price=answer.stop_price)
    if answer.qty is None and answer.notional is None:
        raise ValueError("the order has no amount")
    if answer.qty is not None and answer.filled_qty > answer.qty:
        raise ValueError("more is filled than was asked for")
    return Order(
        exchange=VENUE,
        symbol=symbol or coins.symbol_of(name, kind),
        order_id=answer.id,
        client_order_id=answer.client_order_id,
        side=side,
        type=_TYPES.get(answer.type, OrderType.OTHER),
        status=_status(answer),
        quantity=answer.qty,
        filled=answer.filled_qty,
        price=answer.limit_price or None,
        average_price=(answer.filled_avg_price or None) if answer.filled_qty else None,
        created_at=None if answer.created_at is None else answer.created_at.astimezone(UTC),
        quote_quantity=answer.notional,
        stop_price=answer.stop_price or None,
    )


def _status(answer: OrderAnswer) -> OrderStatus:
    final = _FINAL.get(answer.status)
    if final is not None:
        return final
    if answer.status not in _ALIVE:
        raise ValueError(f"status {answer.status!r} is not known")
    return OrderStatus.PARTIALLY_FILLED if answer.filled_qty else OrderStatus.OPEN


def trade_of(answer: FillAnswer, symbol: str) -> Trade:
    """One execution; Alpaca books fees apart from it, so that they are not told here."""
    return Trade(
        exchange=VENUE,
        symbol=symbol,
        trade_id=answer.id,
        order_id=answer.order_id,
        side=_SIDES[answer.side],
        price=answer.price,
        quantity=answer.qty,
        fee=None,
        fee_asset=None,
        at=answer.transaction_time.astimezone(UTC),
    )


def report_of(found: Iterable[CancelAnswer]) -> CancelReport:
    """What became of each order of a request to cancel all; ValueError when one has no id."""
    accepted: list[str] = []
    failed: dict[str, str] = {}
    for each in found:
        if not each.id:
            raise ValueError("a line has no order id")
        if 200 <= each.status < 300:
            accepted.append(each.id)
        else:
            failed[each.id] = _why(each)
    return CancelReport(tuple(accepted), failed)


def _why(answer: CancelAnswer) -> str:
    body = answer.body
    text = body.get("message") if isinstance(body, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]  of any shape
    return (
        safe_words(f"{answer.status}: {text}")
        if isinstance(text, str)
        else f"status {answer.status}"
    )
