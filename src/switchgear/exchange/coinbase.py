"""
Owns a Coinbase Advanced Trade account: its methods, and how an order is booked and cancelled.

`coinbase_products`, `coinbase_candles` and `coinbase_history` find what they are named after,
`coinbase_wire` asks, `coinbase_answers` and `coinbase_order` read.
"""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from switchgear.core.errors import ApiError, SettingsError
from switchgear.core.policy.timeout import Cut
from switchgear.core.redact import error_text
from switchgear.core.verdict import classify
from switchgear.core.words import Effect, Kind, Verdict
from switchgear.exchange import coinbase_answers as answers
from switchgear.exchange import coinbase_order as orders
from switchgear.exchange.api import is_named_here
from switchgear.exchange.believed import as_it_is, rfc3339
from switchgear.exchange.client import VenueApi
from switchgear.exchange.coinbase_candles import Span, candles
from switchgear.exchange.coinbase_history import HISTORY, OPEN_MAX, PAGE, PAGES_MAX, OrderHistory
from switchgear.exchange.coinbase_products import Products
from switchgear.exchange.coinbase_wire import TOKEN_S, CoinbaseWire
from switchgear.exchange.holdings import CancelReport, positions_of, valued
from switchgear.exchange.market import Interval
from switchgear.exchange.model import FieldError, OrderType, Side, TimeInForce
from switchgear.exchange.reply import endless, unreadable
from switchgear.exchange.signing import credential
from switchgear.exchange.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from switchgear.exchange.holdings import Balance, Portfolio, Position, Trade
    from switchgear.exchange.market import Candle, OrderBook, SymbolInfo
    from switchgear.exchange.model import Order, OrderRequest
    from switchgear.exchange.reply import Target
    from switchgear.exchange.transport import Sent
    from switchgear.gear import Switchgear

LIVE_URL = "https://api.coinbase.com"

_BOOK = "/market/product_book"
_ORDERS, _CANCEL = "/orders", "/orders/batch_cancel"
_LOOK_S_MAX = 3.0
_SPARE_S = 0.5
"""So long before its time is over an order's attempt ends by itself, with what is known."""

_CANCELS_MAX = 100
_CURRENCY, _AS_CASH = "USD", "USDC"


class CoinbaseApi(VenueApi):
    """
    One account at Coinbase Advanced Trade, a TradingApi; an async context manager.

    Every call is guarded as `coinbase.<method>`. Market data comes from the public endpoints and is
    no part of the account: a refused key does not hold it back.

    Args:
        gear: What guards the calls.
        key: The name of the API key, `organizations/…/apiKeys/…`; without it only market data.
        secret: Its private key: EC P-256 as PEM text, or Ed25519 as PEM text or base64; loaded once,
            and masked in all that is kept.
        account: The name of the key in circuits, metrics and records.
        base_url: Where every endpoint is; Coinbase itself when not given. There is no paper address.
        fallbacks: By method, what `Switchgear.guarded` takes as fallback.
        check_rules: Refuse here what breaks a rule of its pair; False leaves it to Coinbase.

    Raises:
        SettingsError: An argument, or a fallback, cannot be.
    """

    exchange = answers.VENUE
    forces = answers.FORCES
    order_id_form = re.compile(r"[A-Za-z0-9-]{1,64}")
    order_id_words = "must be 1 to 64 letters, digits or -"
    order_expires_s = float(TOKEN_S)

    def __init__(
        self,
        gear: Switchgear,
        *,
        key: str = "",
        secret: str = "",
        account: str = "main",
        base_url: str | None = None,
        fallbacks: Mapping[str, object] | None = None,
        check_rules: bool = True,
    ) -> None:
        if bool(key) != bool(secret):
            raise SettingsError("secret" if key else "key", "", "key and secret go together")
        transport = Transport(base_url or LIVE_URL)
        self._wire = CoinbaseWire(transport, gear.clock, credential("key", key), secret)
        self._products = Products(self._wire)
        self._history = OrderHistory(self._wire, self._products)
        super().__init__(
            gear,
            account=account,
            has_key=bool(key),
            transports=(transport,),
            fallbacks=fallbacks,
            check_rules=check_rules,
        )

    def _is_signed(self, target: Target, sent: Sent) -> bool:  # noqa: ARG002  the request alone says it
        """A method of the account asks for market data too, and that counts at the limit of our address."""
        return "Authorization" in sent.headers

    # ------------------------------------------------------------------------------- the market

    async def _get_market_price(self, symbol: str) -> Decimal:
        return await self._products.price(self._target("get_market_price"), symbol)

    async def _get_market_prices(self, symbols: tuple[str, ...]) -> dict[str, Decimal]:
        return await self._products.prices(self._target("get_market_prices"), symbols)

    async def _get_market_data(
        self,
        symbol: str,
        interval: str = "1m",
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 100,
    ) -> list[Candle]:
        span = Span(symbol, Interval(interval), since, until, limit)
        return await candles(self._wire, self._clock, self._target("get_market_data"), span)

    async def _get_order_book(self, symbol: str, depth: int = 20) -> OrderBook:
        params = {"product_id": answers.product_of(symbol), "limit": str(depth)}
        target = self._target("get_order_book")

        def book(found: answers.BookAnswer) -> tuple[str, OrderBook]:
            return answers.book_of(found, symbol, depth)

        told, found = await self._wire.public(target, _BOOK, params, answers.BOOK, book)
        if not await self._products.is_told_as(target, symbol, told):
            raise unreadable(200, f"the answer is of {told!r}", target)
        return found

    async def _get_symbol(self, symbol: str) -> SymbolInfo:
        return await self._products.info(self._target("get_symbol"), symbol)

    async def _get_symbols(self) -> dict[str, SymbolInfo]:
        return await self._products.infos(self._target("get_symbols"))

    # ------------------------------------------------------------------------------ the account

    async def _get_account_balance(self) -> dict[str, Balance]:
        return await self._balances("get_account_balance")

    async def _get_portfolio(self) -> Portfolio:
        return await self._portfolio("get_portfolio")

    async def _get_positions(self) -> list[Position]:
        return positions_of(await self._portfolio("get_positions"))

    async def _portfolio(self, method: str) -> Portfolio:
        balances = await self._balances(method)
        asked = [f"{asset}/{_CURRENCY}" for asset in balances if asset not in {_CURRENCY, _AS_CASH}]
        target = self._target(method)
        prices = await self._products.prices(target, asked, whole=False) if asked else {}
        if _AS_CASH in balances:  # Coinbase exchanges the two one for one, without a market
            prices[f"{_AS_CASH}/{_CURRENCY}"] = Decimal(1)
        return valued(
            self.exchange, _CURRENCY, balances, lambda asset: prices.get(f"{asset}/{_CURRENCY}")
        )

    async def _balances(self, method: str) -> dict[str, Balance]:
        wallets: list[answers.AccountAnswer] = []
        cursor = ""
        for _ in range(PAGES_MAX):
            params = {"limit": str(PAGE)} | ({"cursor": cursor} if cursor else {})
            page = await self._wire.get(
                self._target(method), "/accounts", params, answers.ACCOUNTS, as_it_is
            )
            wallets += page.accounts
            cursor = page.cursor
            if not (page.has_next and cursor):
                return answers.balances_of(wallets)
        raise endless(self._target(method), PAGES_MAX)

    async def _get_trades(
        self, symbol: str, *, since: datetime | None = None, limit: int = 100
    ) -> list[Trade]:
        trades: list[Trade] = []
        params = {"product_ids": answers.product_of(symbol), "limit": str(PAGE)}
        if since is not None:
            params["start_sequence_timestamp"] = rfc3339(since)
        for _ in range(PAGES_MAX):
            path = f"{HISTORY}/fills"
            page, cursor = await self._wire.get(
                self._target("get_trades"), path, params, answers.FILLS, answers.trades_of
            )
            trades += page
            enough = since is None and len(trades) >= limit
            if enough or not (cursor and page):
                break
            params["cursor"] = cursor
        else:
            raise endless(self._target("get_trades"), PAGES_MAX)
        oldest_first = [
            trade
            for trade in await self._of_pair(reversed(trades), symbol)
            if since is None or trade.at >= since
        ]
        return oldest_first[:limit] if since is not None else oldest_first[-limit:]

    async def _of_pair(self, trades: Iterable[Trade], symbol: str) -> list[Trade]:
        target, told_as = self._target("get_trades"), self._products.is_told_as
        return [
            replace(trade, symbol=symbol)
            for trade in trades
            if await told_as(target, symbol, trade.symbol)
        ]

    # -------------------------------------------------------------------------------- its orders

    def _check_order(self, request: OrderRequest) -> None:
        if request.type is OrderType.STOP_LIMIT and request.time_in_force is not TimeInForce.GTC:
            allowed = "a stop_limit order at coinbase rests: it must be GTC"
            raise FieldError("time_in_force", str(request.time_in_force), allowed)
        if request.quote_quantity is not None and request.side is Side.SELL:
            allowed = "a market order to sell at coinbase names its quantity"
            raise FieldError("quote_quantity", request.quote_quantity, allowed)

    async def _create_order(self, request: OrderRequest) -> Order:
        target = self._target("create_order")
        name, began_s = request.client_order_id or "", self._clock.monotonic_s()
        if is_named_here(request):
            self._history.note_sent(name, self._clock.wall())

        def booked(answer: orders.CreatedAnswer) -> Order:
            return orders.booked_of(answer, request)

        body = orders.body(request)
        order = await self._wire.post(target, _ORDERS, body, orders.CREATED, booked)
        self._history.note_booked(name, order.order_id)
        return await self._as_it_stands(order, request, began_s)

    async def _as_it_stands(self, booked: Order, request: OrderRequest, began_s: float) -> Order:
        """
        The order that was taken, as Coinbase has it.

        An id that is in use is answered with the older order, as a success: so what stands there is
        compared with what was asked for. Where it cannot be looked at, an id made up for this call
        proves that it is ours, and what is known is given; under any other the order is in doubt.
        """
        target = self._target("create_order")
        try:
            async with Cut(self._clock, self._look_s(began_s)):
                found = await self._history.numbered(target, request.symbol, booked.order_id)
        # A clock found wrong only now says nothing of the order, so SettingsError is not raised.
        except (ApiError, SettingsError, TimeoutError) as error:
            own = {request.symbol, self._products.book_of(request.symbol)}
            if is_named_here(request) and booked.symbol in own:
                return replace(booked, symbol=request.symbol)
            raise _in_doubt(booked, error) from error
        if found.client_order_id == request.client_order_id and orders.is_of(found, request):
            return found
        raise ApiError(
            "another order stands under this client order id",
            code="DUPLICATE_CLIENT_ORDER_ID",
            exchange=self.exchange,
            method="create_order",
            verdict=Verdict(Kind.DUPLICATE_ORDER),
        )

    def _look_s(self, began_s: float) -> float:
        """How long the look at an order may take, so that its attempt is not cut in the middle of it."""
        plan = self._methods["create_order"].guard.policy.plan
        limits_s = [each for each in (plan.timeout_s, plan.deadline_s) if each is not None]
        gone_s = self._clock.monotonic_s() - began_s
        return max(0.0, min([_LOOK_S_MAX, *(each - gone_s - _SPARE_S for each in limits_s)]))

    async def _get_order(
        self, symbol: str, *, order_id: str | None = None, client_order_id: str | None = None
    ) -> Order:
        return await self._history.find(
            self._target("get_order"), symbol, order_id, client_order_id
        )

    async def _cancel_order(
        self, symbol: str, *, order_id: str | None = None, client_order_id: str | None = None
    ) -> Order:
        target = self._target("cancel_order")
        # It is looked at first: Coinbase cancels by its own ids alone, whatever pair they are of.
        found = await self._history.find(target, symbol, order_id, client_order_id)
        order_id = found.order_id
        await self._wire.post(
            target, _CANCEL, {"order_ids": [order_id]}, orders.CANCELS, _one_of(order_id)
        )
        return await self._history.find(target, symbol, order_id, client_order_id)

    async def _get_open_orders(self, symbol: str | None = None) -> list[Order]:
        return await self._history.open(self._target("get_open_orders"), symbol)

    async def _cancel_all(self, symbol: str | None = None) -> CancelReport:
        accepted: dict[str, str] = {}
        failed: dict[str, str] = {}
        target, is_more = self._target("cancel_all"), True
        while is_more:
            found = await self._history.open(target, symbol, to_cancel=True)
            names = [each.order_id for each in found if each.order_id not in accepted | failed]
            for start in range(0, len(names), _CANCELS_MAX):
                for each in await self._cancel(target, names[start : start + _CANCELS_MAX]):
                    (accepted if each.success else failed)[each.order_id] = each.failure_reason
            # Coinbase tells the first thousand: when some of them went, others may come up.
            is_more = len(found) >= OPEN_MAX and bool(names)
        return CancelReport(tuple(accepted), failed)

    async def _cancel(self, target: Target, names: list[str]) -> list[orders.CancelAnswer]:
        body, words = {"order_ids": names}, orders.results_of(names)
        return await self._wire.post(target, _CANCEL, body, orders.CANCELS, words, in_parts=True)


def _in_doubt(booked: Order, error: Exception) -> ApiError:
    """The error for an order that may be another one, which stood under its name before."""
    told = classify(error, booked.exchange, Effect.TRADE)
    return ApiError(
        f"the order {booked.order_id} stands under this client order id, and could not be "
        f"looked at: {error_text(error)}",
        exchange=booked.exchange,
        method="create_order",
        verdict=replace(told, ambiguous=True, unsent=False, retryable=False),
    )


def _one_of(order_id: str) -> Callable[[orders.CancelsAnswer], None]:
    """Believes an answer that says of this one order that its cancel was taken."""

    def check(found: orders.CancelsAnswer) -> None:
        if [each.order_id for each in found.results if each.success] != [order_id]:
            raise ValueError("the answer does not say that the order is cancelled")

    return check
