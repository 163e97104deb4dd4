"""Owns the shapes of Binance's good answers, in our words; errors are left to verdict."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from switchgear.exchange.believed import amounts, at_ms, finite, ratio, same, times
from switchgear.exchange.holdings import Balance, Portfolio, Trade, valued
from switchgear.exchange.market import Candle, OrderBook, levels
from switchgear.exchange.model import Order, OrderStatus, OrderType, Side, TimeInForce, plain
from switchgear.exchange.reply import Shape

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from switchgear.exchange.model import OrderRequest

VENUE = "binance"
_ONE = Decimal(1)
_BRIDGES = ("BTC", "BNB", "ETH")
"""Through which an asset without a price of its own in the currency gets one."""

_QUOTES = ("USDT", "FDUSD", "USDC", "TUSD", "USD1", "BTC", "BNB", "ETH", "EUR", "TRY", "BRL", "JPY")
"""What pairs are traded against, for telling where the base ends."""

_TICKER_CHARS = 3
"""So long is the name of most currencies, for a pair against one that is not in _QUOTES."""

TYPES = {
    "MARKET": OrderType.MARKET,
    "LIMIT": OrderType.LIMIT,
    "LIMIT_MAKER": OrderType.LIMIT,
    "STOP_LOSS_LIMIT": OrderType.STOP_LIMIT,
}
"""Binance's words for the kinds of order; LIMIT_MAKER is a limit order that must rest."""

_STATUSES = {
    "NEW": OrderStatus.OPEN,
    "PENDING_NEW": OrderStatus.OPEN,
    "PENDING_CANCEL": OrderStatus.OPEN,
    "PARTIALLY_FILLED": OrderStatus.PARTIALLY_FILLED,
    "FILLED": OrderStatus.FILLED,
    "CANCELED": OrderStatus.CANCELED,
    "REJECTED": OrderStatus.REJECTED,
    "EXPIRED": OrderStatus.EXPIRED,
    "EXPIRED_IN_MATCH": OrderStatus.EXPIRED,
}
FORCES = frozenset({TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK})


class TimeAnswer(msgspec.Struct, frozen=True, gc=False):
    """What GET /api/v3/time answers."""

    serverTime: int  # noqa: N815  Binance's own name, as below

    def __post_init__(self) -> None:
        """Refuse what is no time."""
        at_ms(self.serverTime)


class TickerAnswer(msgspec.Struct, frozen=True, gc=False):
    """What GET /api/v3/ticker/price answers for one symbol."""

    symbol: str
    price: Decimal

    def __post_init__(self) -> None:
        """Refuse what is no price; msgspec raises it as an answer that cannot be read."""
        amounts(price=self.price, above=True)


class KlineAnswer(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One line of GET /api/v3/klines, as far as it is read."""

    open_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal


class DepthAnswer(msgspec.Struct, frozen=True):
    """What GET /api/v3/depth answers."""

    bids: list[tuple[Decimal, Decimal]]
    asks: list[tuple[Decimal, Decimal]]


class HeldAnswer(msgspec.Struct, frozen=True, gc=False):
    """One asset of an account."""

    asset: str
    free: Decimal
    locked: Decimal

    def __post_init__(self) -> None:
        """Refuse what is no amount."""
        amounts(free=self.free, locked=self.locked)


class AccountAnswer(msgspec.Struct, frozen=True):
    """What GET /api/v3/account answers, as far as it is read."""

    balances: list[HeldAnswer]


class OrderAnswer(msgspec.Struct, frozen=True, gc=False):
    """An order as the order endpoints answer it."""

    symbol: str
    orderId: int  # noqa: N815
    clientOrderId: str  # noqa: N815
    side: str
    type: str
    status: str
    price: Decimal
    origQty: Decimal  # noqa: N815
    executedQty: Decimal  # noqa: N815
    cummulativeQuoteQty: Decimal  # noqa: N815
    origClientOrderId: str | None = None  # noqa: N815
    transactTime: int | None = None  # noqa: N815
    time: int | None = None
    stopPrice: Decimal = Decimal(0)  # noqa: N815
    origQuoteOrderQty: Decimal = Decimal(0)  # noqa: N815

    def __post_init__(self) -> None:
        """Refuse words and amounts that mean nothing to us."""
        if self.status not in _STATUSES or self.side not in {"BUY", "SELL"}:
            raise ValueError(f"status {self.status!r} or side {self.side!r} is not known")
        finite(cummulativeQuoteQty=self.cummulativeQuoteQty)  # below 0 where it is not known
        amounts(price=self.price, origQty=self.origQty, executedQty=self.executedQty)
        amounts(stopPrice=self.stopPrice, origQuoteOrderQty=self.origQuoteOrderQty)
        for told_ms in (self.transactTime, self.time):
            at_ms(told_ms or 0)


class CancelledAnswer(msgspec.Struct, frozen=True):
    """One entry of what DELETE /api/v3/openOrders answers: an order, or a list of linked ones."""

    symbol: str
    orderId: int | None = None  # noqa: N815
    orderReports: list[OrderAnswer] = []  # noqa: N815

    @property
    def order_ids(self) -> list[str]:
        """The ids of the orders in it; ValueError when there is none."""
        found = [each.orderId for each in self.orderReports]
        found = found or ([] if self.orderId is None else [self.orderId])
        if not found:
            raise ValueError("an entry without an order")
        return [str(each) for each in found]


class TradeAnswer(msgspec.Struct, frozen=True, gc=False):
    """One line of GET /api/v3/myTrades."""

    symbol: str
    id: int
    orderId: int  # noqa: N815
    price: Decimal
    qty: Decimal
    commission: Decimal
    commissionAsset: str  # noqa: N815
    time: int
    isBuyer: bool  # noqa: N815

    def __post_init__(self) -> None:
        """Refuse what is no execution."""
        amounts(price=self.price, qty=self.qty, above=True)
        amounts(commission=self.commission)


TIME = Shape(TimeAnswer)
TICKER = Shape(TickerAnswer)
TICKERS = Shape(list[TickerAnswer])
KLINES = Shape(list[KlineAnswer])
DEPTH = Shape(DepthAnswer)
ACCOUNT = Shape(AccountAnswer)
ORDER = Shape(OrderAnswer)
ORDERS = Shape(list[OrderAnswer])
CANCELLED = Shape(list[CancelledAnswer])
TRADES = Shape(list[TradeAnswer])


def venue_symbol(symbol: str) -> str:
    """`BTC/USDT` as Binance has it: `BTCUSDT`."""
    return symbol.replace("/", "")


def guessed_symbol(name: str) -> str:
    """`BTC/USDT` for `BTCUSDT`, by the quote assets there are; for when the exchange cannot be asked."""
    found = next((each for each in _QUOTES if name.endswith(each) and name != each), "")
    base = name.removesuffix(found) if found else name[: max(1, len(name) - _TICKER_CHARS)]
    return f"{base}/{name.removeprefix(base)}"


def listed(names: Iterable[str]) -> str:
    """Several names as the one parameter that Binance takes them in."""
    return json.dumps(list(names), separators=(",", ":"), ensure_ascii=False)


def order_name(symbol: str, order_id: str | None, client_order_id: str | None) -> dict[str, str]:
    """The parameters that name an order; one of the ids is given."""
    named = {"symbol": venue_symbol(symbol)}
    if client_order_id is not None:
        return named | {"origClientOrderId": client_order_id}
    return named | {"orderId": order_id or ""}


def order_params(request: OrderRequest) -> dict[str, str]:
    """A new order's parameters, without key and time."""
    params = {
        "symbol": venue_symbol(request.symbol),
        "side": request.side.upper(),
        "type": _type_word(request),
        "newOrderRespType": "FULL",
    }
    if request.quantity is not None:
        params["quantity"] = plain(request.quantity)
    if request.quote_quantity is not None:
        params["quoteOrderQty"] = plain(request.quote_quantity)
    if request.client_order_id is not None:
        params["newClientOrderId"] = request.client_order_id
    if request.price is not None:
        params["price"] = plain(request.price)
        if not request.post_only:
            params["timeInForce"] = str(request.time_in_force)
    if request.stop_price is not None:
        params["stopPrice"] = plain(request.stop_price)
    return params


def _type_word(request: OrderRequest) -> str:
    if request.type is OrderType.STOP_LIMIT:
        return "STOP_LOSS_LIMIT"
    return "LIMIT_MAKER" if request.post_only else request.type.upper()


def order_of(answer: OrderAnswer, symbol: str) -> Order:
    """The order in our words; ValueError when it is of another symbol than was asked for."""
    if answer.symbol != venue_symbol(symbol):
        raise ValueError(f"the answer is of {answer.symbol!r}")
    created_ms = answer.time
    if created_ms is None and answer.origClientOrderId is None:  # a cancel tells its own time
        created_ms = answer.transactTime
    kind = TYPES.get(answer.type, OrderType.OTHER)
    return Order(
        exchange=VENUE,
        symbol=symbol,
        order_id=str(answer.orderId),
        client_order_id=answer.origClientOrderId or answer.clientOrderId,
        side=Side(answer.side.lower()),
        type=kind,
        status=_STATUSES[answer.status],
        quantity=answer.origQty,
        filled=answer.executedQty,
        price=None if kind is OrderType.MARKET or not answer.price else answer.price,
        average_price=_average_price(answer),
        created_at=None if created_ms is None else at_ms(created_ms),
        quote_quantity=answer.origQuoteOrderQty or None,
        stop_price=answer.stopPrice or None,
    )


def candle_of(answer: KlineAnswer) -> Candle:
    """One candle; ValueError when it is none."""
    prices = (answer.open, answer.high, answer.low, answer.close)
    return Candle(at_ms(answer.open_ms), *prices, answer.volume)


def book_of(answer: DepthAnswer, symbol: str, depth: int) -> OrderBook:
    """The order book; ValueError when it is none. Binance does not say when it was so."""
    bids = levels(answer.bids, depth, falling=True)
    asks = levels(answer.asks, depth, falling=False)
    return OrderBook(VENUE, symbol, bids, asks, None)


def trade_of(answer: TradeAnswer, symbol: str) -> Trade:
    """One execution of the account; ValueError when it is of another symbol than was asked for."""
    same("symbol", answer.symbol, venue_symbol(symbol), None)
    return Trade(
        exchange=VENUE,
        symbol=symbol,
        trade_id=str(answer.id),
        order_id=str(answer.orderId),
        side=Side.BUY if answer.isBuyer else Side.SELL,
        price=answer.price,
        quantity=answer.qty,
        fee=answer.commission,
        fee_asset=answer.commissionAsset,
        at=at_ms(answer.time),
    )


def balances_of(answer: AccountAnswer) -> dict[str, Balance]:
    """What is held, by asset; what there is nothing of is left out."""
    return {
        held.asset: Balance(held.asset, held.free, held.locked)
        for held in answer.balances
        if held.free or held.locked
    }


def portfolio_of(
    balances: Mapping[str, Balance], tickers: Iterable[TickerAnswer], currency: str
) -> Portfolio:
    """What is held, valued by last prices, through another asset where there is no direct one."""
    prices = {ticker.symbol: ticker.price for ticker in tickers}
    return valued(VENUE, currency, balances, lambda asset: _price_in(asset, currency, prices))


def _average_price(answer: OrderAnswer) -> Decimal | None:
    # Of very old orders Binance tells a negative sum: it is not known.
    if answer.executedQty <= 0 or answer.cummulativeQuoteQty < 0:
        return None
    return ratio(answer.cummulativeQuoteQty, answer.executedQty)


def _price_in(asset: str, currency: str, prices: Mapping[str, Decimal]) -> Decimal | None:
    direct = _direct(asset, currency, prices)
    if direct is not None:
        return direct
    for bridge in _BRIDGES:
        first, second = _direct(asset, bridge, prices), _direct(bridge, currency, prices)
        if first is not None and second is not None:
            return times(first, second)
    return None


def _direct(asset: str, currency: str, prices: Mapping[str, Decimal]) -> Decimal | None:
    if asset == currency:
        return _ONE
    price = prices.get(asset + currency)
    if price is not None:
        return price
    inverse = prices.get(currency + asset)
    return None if inverse is None else ratio(_ONE, inverse)
