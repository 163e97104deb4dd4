"""
Owns what every exchange client offers, and the plain way to send an order: once.

An order that must survive this process needs a journal; that desk lives in the room `order`.
"""

from __future__ import annotations

from asyncio import CancelledError
from contextvars import ContextVar
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol
from uuid import uuid4

from switchgear.core.errors import ApiError, OrderOutcomeUnknown, OrderRefused, Rejected
from switchgear.core.redact import error_text
from switchgear.core.verdict import classify
from switchgear.core.words import Effect, Kind
from switchgear.exchange.model import check_client_order_id, check_request, check_symbol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping
    from datetime import datetime
    from decimal import Decimal

    from switchgear.core.guarded import Guarded
    from switchgear.core.outcome import Served
    from switchgear.core.words import Verdict
    from switchgear.exchange.holdings import Balance, CancelReport, Portfolio, Position, Trade
    from switchgear.exchange.market import Candle, OrderBook, SymbolInfo
    from switchgear.exchange.model import Order, OrderRequest

_PREFIX = "sg-"
_named_here: ContextVar[str | None] = ContextVar("switchgear_named_here", default=None)
"""The client order id that was made up for the order which this call sends; None where it has its own."""


class TradingApi(Protocol):
    """
    An account at an exchange. Each call is guarded, and raises what a guarded call raises.

    Symbols are `BTC/USDT` everywhere, times are aware and in UTC, amounts are Decimal. An argument
    that cannot be raises FieldError before anything is sent.
    """

    @property
    def exchange(self) -> str:
        """The exchange's name in circuits, metrics and records."""
        ...

    @property
    def account(self) -> str:
        """The name of the key there."""
        ...

    async def get_market_price(self, symbol: str) -> Decimal:
        """The last price of one base asset in the quote asset."""
        ...

    async def get_market_prices(self, symbols: Iterable[str]) -> dict[str, Decimal]:
        """The last price of each of these pairs, 1 to 100 of them, in as few requests as can be."""
        ...

    async def get_market_data(
        self,
        symbol: str,
        interval: str = "1m",
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 100,
    ) -> list[Candle]:
        """
        Candles, oldest first, the one that is not over yet among them.

        Args:
            symbol: The pair.
            interval: 1m, 5m, 15m, 30m, 1h, 2h, 6h or 1d.
            since: From the first candle that opens then or later; without it the newest ones are given.
            until: To the last candle that opens then or before.
            limit: At most so many, 1 to 10,000; more than a page of the exchange are several requests.
        """
        ...

    async def get_order_book(self, symbol: str, depth: int = 20) -> OrderBook:
        """What others offer, at most depth lines a side, 1 to 100."""
        ...

    async def get_account_balance(self) -> dict[str, Balance]:
        """What the account holds, by asset; what it holds nothing of is left out."""
        ...

    async def get_portfolio(self) -> Portfolio:
        """What the account holds, and what it is worth."""
        ...

    async def get_positions(self) -> list[Position]:
        """What the account is in, cash left out."""
        ...

    async def create_order(self, request: OrderRequest) -> Order:
        """
        The order as booked; see `OrderDesk.submit`.

        Raises:
            FieldError: The order breaks a rule of the exchange, such as its tick; nothing was sent.
        """
        ...

    async def cancel_order(
        self, symbol: str, *, order_id: str | None = None, client_order_id: str | None = None
    ) -> Order:
        """The order, cancelled; exactly one of the two ids is given."""
        ...

    async def cancel_all(self, symbol: str | None = None) -> CancelReport:
        """Cancel every open order, of one pair or of all."""
        ...

    async def get_order(
        self, symbol: str, *, order_id: str | None = None, client_order_id: str | None = None
    ) -> Order:
        """The order with this id; exactly one of the two is given."""
        ...

    async def get_open_orders(self, symbol: str | None = None) -> list[Order]:
        """Every order that can still trade, oldest first; of one pair or of all."""
        ...

    async def get_trades(
        self, symbol: str, *, since: datetime | None = None, limit: int = 100
    ) -> list[Trade]:
        """
        The account's own executions, oldest first.

        Args:
            symbol: The pair.
            since: The oldest ones from then on; without it the newest ones are given.
            limit: At most so many, 1 to 1,000.
        """
        ...

    async def get_symbol(self, symbol: str) -> SymbolInfo:
        """One pair with its tick, lot and minimum."""
        ...

    async def get_symbols(self) -> Mapping[str, SymbolInfo]:
        """Every pair that the exchange trades, with its tick, lot and minimum, by `BTC/USDT`."""
        ...

    async def close(self) -> None:
        """Close the connections of the running event loop."""
        ...


class NamedOrder(Protocol):
    """An order by the two names under which it is found."""

    @property
    def symbol(self) -> str:
        """What is traded."""
        ...

    @property
    def client_order_id(self) -> str:
        """What the caller calls it."""
        ...


class OrderDesk(Protocol):
    """Where orders are handed in, and asked after when their answer was lost."""

    async def submit(self, request: OrderRequest) -> Order:
        """
        The order as booked.

        Raises:
            OrderRefused: The exchange plainly refused it: it is not booked.
            OrderOutcomeUnknown: It may be booked or not; its client_order_id finds it.
            NetworkError: It provably never left, `verdict.unsent`; so may other ApiErrors.
            Rejected: It was not sent: a circuit or a gate is closed to it.
        """
        ...

    async def served(self, request: OrderRequest) -> Served[Order]:
        """The same with its provenance; raises alike."""
        ...

    async def resolve(self, symbol: str, client_order_id: str) -> Order | None:
        """
        What became of an order; None when the exchange does not find it.

        Just after a submit, None is no proof that the order is absent.
        """
        ...


class PlainDesk:
    """An OrderDesk without memory: it sends once, through the guard, and never again."""

    def __init__(
        self,
        guard: Guarded,
        send: Callable[[OrderRequest], Awaitable[Order]],
        find: Callable[[str, str], Awaitable[Order]],
    ) -> None:
        """Send within guard, and find by symbol and client order id."""
        self._guard = guard
        self._send = guard(send)  # here, so that a fallback that does not fit is refused here
        self._function = send
        self._find = find

    async def submit(self, request: OrderRequest) -> Order:
        """The order as booked; raises as `OrderDesk.submit` says."""
        named = with_client_order_id(request)
        try:
            return await self._send(named)
        except CancelledError as stopped:
            name_order(stopped, named)
            raise
        except Exception as error:
            told = _told(error, named)
            if told is None:
                raise
            raise told from error

    async def served(self, request: OrderRequest) -> Served[Order]:
        """The same with its provenance: a fallback with same_account may have booked it."""
        named = with_client_order_id(request)
        try:
            return await self._guard.served(self._function, named)
        except CancelledError as stopped:
            name_order(stopped, named)
            raise
        except Exception as error:
            told = _told(error, named)
            if told is None:
                raise
            raise told from error

    async def resolve(self, symbol: str, client_order_id: str) -> Order | None:
        """What became of an order; see `OrderDesk.resolve`."""
        check_symbol(symbol)
        check_client_order_id(client_order_id)
        try:
            return await self._find(symbol, client_order_id)
        except ApiError as error:
            if error.verdict is not None and error.verdict.kind is Kind.ORDER_NOT_FOUND:
                return None
            raise


def new_client_order_id() -> str:
    """A client order id that nobody used before or can guess, at most 36 characters."""
    return _PREFIX + uuid4().hex


def with_client_order_id(request: OrderRequest) -> OrderRequest:
    """The request, with a client order id of ours where it has none."""
    named = check_request(request)
    if named.client_order_id is None:
        named = replace(request, client_order_id=new_client_order_id())
        _named_here.set(named.client_order_id)
    else:
        _named_here.set(None)
    return named


def name_here(request: OrderRequest) -> None:
    """Have it known, in what is sent from here, that the request's client order id was made up by us."""
    _named_here.set(request.client_order_id)


def is_named_here(request: OrderRequest) -> bool:
    """Whether its client order id was made up for this very call, so that no other order can have it."""
    return request.client_order_id is not None and request.client_order_id == _named_here.get()


def name_order(stopped: BaseException, request: OrderRequest) -> None:
    """Note on what stopped the sending of an order how the order is called."""
    stopped.add_note(f"the order {request.client_order_id} may have been booked; look it up")


def _told(error: Exception, request: OrderRequest) -> ApiError | None:
    """What the error says of the order; None where it says it itself, as when nothing was sent."""
    verdict = classify(error, effect=Effect.TRADE)
    if isinstance(error, Rejected) or verdict.unsent:
        return None
    if verdict.ambiguous or verdict.kind is Kind.DUPLICATE_ORDER:
        # A duplicate says that an order of this id stands: this one, or one of before. Look it up.
        return _unknown(error, request, verdict)
    if not isinstance(error, ApiError):
        return None
    return OrderRefused(
        error.message,
        status=error.status,
        code=error.code,
        exchange=error.exchange,
        method=error.method,
        verdict=verdict,
    )


def _unknown(error: Exception, request: OrderRequest, verdict: Verdict) -> OrderOutcomeUnknown:
    known = error if isinstance(error, ApiError) else ApiError(error_text(error))
    return OrderOutcomeUnknown(
        f"{known.message}; whether the order {request.client_order_id} was booked is not known",
        client_order_id=request.client_order_id,
        status=known.status,
        code=known.code,
        exchange=known.exchange,
        method=known.method,
        verdict=verdict,
    )
