"""Owns a Coinbase Advanced Trade account: endpoints and paging; `coinbase_wire` asks, `coinbase_answers` reads."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

from switchgear.core.errors import ApiError, SettingsError
from switchgear.core.words import Kind, Verdict
from switchgear.exchange import coinbase_answers as answers
from switchgear.exchange import coinbase_order as orders
from switchgear.exchange.believed import as_it_is, complete, ms_of, rfc3339, rising, same
from switchgear.exchange.client import VenueApi
from switchgear.exchange.coinbase_history import HISTORY, PAGE, PAGES_MAX, OrderHistory
from switchgear.exchange.coinbase_wire import CoinbaseWire
from switchgear.exchange.holdings import CancelReport, positions_of, valued
from switchgear.exchange.market import Interval
from switchgear.exchange.model import FieldError, OrderType, Side, TimeInForce
from switchgear.exchange.signing import credential
from switchgear.exchange.transport import Transport, believe, endless

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from switchgear.exchange.holdings import Balance, Portfolio, Position, Trade
    from switchgear.exchange.market import Candle, OrderBook, SymbolInfo
    from switchgear.exchange.model import Order, OrderRequest
    from switchgear.gear import Switchgear

LIVE_URL = "https://api.coinbase.com"

_PRODUCTS, _BOOK = "/market/products", "/market/product_book"
_ORDERS, _CANCEL = "/orders", "/orders/batch_cancel"
_LOOK_S_MAX = 3.0
_CANDLES_MAX = 350
_BURST_MAX = 8
"""So many pages of candles are asked for one after the other; more would meet the limit of 10 a second."""
_PAGE_EVERY_S = 0.12
_FILLS_PAGE = 100
_CANCELS_MAX = 100
_CURRENCY, _AS_CASH = "USD", "USDC"
_GRANULARITY = {
    Interval.M1: "ONE_MINUTE",
    Interval.M5: "FIVE_MINUTE",
    Interval.M15: "FIFTEEN_MINUTE",
    Interval.M30: "THIRTY_MINUTE",
    Interval.H1: "ONE_HOUR",
    Interval.H2: "TWO_HOUR",
    Interval.H6: "SIX_HOUR",
    Interval.D1: "ONE_DAY",
}


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
    public = frozenset(
        {
            "get_market_price",
            "get_market_prices",
            "get_market_data",
            "get_order_book",
            "get_symbol",
            "get_symbols",
        }
    )
    forces = answers.FORCES
    order_id_form = re.compile(r"[A-Za-z0-9-]{1,64}")
    order_id_words = "must be 1 to 64 letters, digits or -"

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
        self._history = OrderHistory(self._wire)
        super().__init__(
            gear,
            account=account,
            has_key=bool(key),
            transports=(transport,),
            fallbacks=fallbacks,
            check_rules=check_rules,
        )

    # ------------------------------------------------------------------------------- the market

    async def _get_market_price(self, symbol: str) -> Decimal:
        product = answers.product_of(symbol)

        def price(answer: answers.ProductAnswer) -> Decimal:
            told = answers.price_of(answer)
            if told is None:
                raise ValueError(f"there is no price of {symbol} in it")
            return same("product", answer.product_id, product, told)

        path = f"{_PRODUCTS}/{product}"
        return await self._wire.public(
            self._target("get_market_price"), path, {}, answers.PRODUCT, price
        )

    async def _get_market_prices(self, symbols: tuple[str, ...]) -> dict[str, Decimal]:
        def prices(found: answers.ProductsAnswer) -> dict[str, Decimal]:
            return complete(answers.prices_of(found), symbols)

        return await self._priced("get_market_prices", symbols, prices)

    async def _priced(
        self,
        method: str,
        symbols: Sequence[str],
        words: Callable[[answers.ProductsAnswer], dict[str, Decimal]],
    ) -> dict[str, Decimal]:
        params = {"product_ids": [answers.product_of(symbol) for symbol in symbols]}
        target = self._target(method)
        return await self._wire.public(target, _PRODUCTS, params, answers.PRODUCTS, words)

    async def _get_market_data(
        self,
        symbol: str,
        interval: str = "1m",
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 100,
    ) -> list[Candle]:
        each_s = Interval(interval).length_s
        last_s = ms_of(until or self._clock.wall()) // 1000
        first_s = last_s - (limit - 1) * each_s if since is None else ms_of(since) // 1000
        first_s += -first_s % each_s if since is not None else -(first_s % each_s)
        found: list[Candle] = []
        is_long = limit > _BURST_MAX * _CANDLES_MAX
        while first_s <= last_s and len(found) < limit:
            if found and is_long:
                await self._clock.sleep_async(_PAGE_EVERY_S)
            end_s = min(first_s + (_CANDLES_MAX - 1) * each_s, last_s)
            found += await self._candles(symbol, interval, first_s, end_s)
            first_s = end_s + each_s
        believe(lambda: rising(found), self._target("get_market_data"))
        return found[:limit] if since is not None else found[-limit:]

    async def _candles(self, symbol: str, interval: str, start_s: int, end_s: int) -> list[Candle]:
        params = {
            "start": str(start_s),
            "end": str(end_s),
            "granularity": _GRANULARITY[Interval(interval)],
            "limit": str(_CANDLES_MAX),
        }

        def candles(found: answers.CandlesAnswer) -> list[Candle]:
            return rising([answers.candle_of(each) for each in reversed(found.candles)])

        path = f"{_PRODUCTS}/{answers.product_of(symbol)}/candles"
        return await self._wire.public(
            self._target("get_market_data"), path, params, answers.CANDLES, candles
        )

    async def _get_order_book(self, symbol: str, depth: int = 20) -> OrderBook:
        params = {"product_id": answers.product_of(symbol), "limit": str(depth)}

        def book(found: answers.BookAnswer) -> OrderBook:
            return answers.book_of(found, symbol, depth)

        return await self._wire.public(
            self._target("get_order_book"), _BOOK, params, answers.BOOK, book
        )

    async def _get_symbol(self, symbol: str) -> SymbolInfo:
        product = answers.product_of(symbol)

        def info(answer: answers.ProductAnswer) -> SymbolInfo:
            return same("product", answer.product_id, product, answers.info_of(answer))

        path = f"{_PRODUCTS}/{product}"
        return await self._wire.public(self._target("get_symbol"), path, {}, answers.PRODUCT, info)

    async def _get_symbols(self) -> dict[str, SymbolInfo]:
        infos: dict[str, SymbolInfo] = {}
        for page in range(PAGES_MAX):
            params = {"product_type": "SPOT", "limit": str(PAGE), "offset": str(page * PAGE)}
            found = await self._wire.public(
                self._target("get_symbols"), _PRODUCTS, params, answers.PRODUCTS, _infos_of
            )
            if len(found) < PAGE or infos.keys() >= found.keys():
                return infos | found
            infos |= found
        raise endless(self._target("get_symbols"), PAGES_MAX)

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
        prices = await self._priced(method, asked, answers.prices_of) if asked else {}
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
        params = {"product_ids": answers.product_of(symbol), "limit": str(_FILLS_PAGE)}
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
            for trade in reversed(trades)
            if trade.symbol == symbol and (since is None or trade.at >= since)
        ]
        return oldest_first[:limit] if since is not None else oldest_first[-limit:]

    # -------------------------------------------------------------------------------- its orders

    def _check_order(self, request: OrderRequest) -> None:
        if request.type is OrderType.STOP_LIMIT and request.time_in_force is not TimeInForce.GTC:
            allowed = "a stop_limit order at coinbase rests: it must be GTC"
            raise FieldError("time_in_force", str(request.time_in_force), allowed)
        if request.quote_quantity is not None and request.side is Side.SELL:
            allowed = "a market order to sell at coinbase names its quantity"
            raise FieldError("quote_quantity", request.quote_quantity, allowed)

    async def _create_order(self, request: OrderRequest) -> Order:
        body = {
            "client_order_id": request.client_order_id,
            "product_id": answers.product_of(request.symbol),
            "side": request.side.upper(),
            "order_configuration": orders.configuration(request),
        }

        def booked(answer: orders.CreatedAnswer) -> Order:
            return orders.booked_of(answer, request)

        order = await self._wire.post(
            self._target("create_order"), _ORDERS, body, orders.CREATED, booked
        )
        return await self._as_it_stands(order, request)

    async def _as_it_stands(self, booked: Order, request: OrderRequest) -> Order:
        """
        The order that was taken, as Coinbase has it.

        An id that is in use is answered with the older order, as a success: so what stands there is
        compared with what was asked for. Where it cannot be looked at, what is known is given.
        """
        target = self._target("create_order")
        try:
            found = await self._history.numbered(target, booked.order_id, total_s=_LOOK_S_MAX)
        except (ApiError, SettingsError):  # a clock found wrong only now says nothing of the order
            return booked
        if found.client_order_id == request.client_order_id and orders.is_of(found, request):
            return found
        raise ApiError(
            "another order stands under this client order id",
            code="DUPLICATE_CLIENT_ORDER_ID",
            exchange=self.exchange,
            method="create_order",
            verdict=Verdict(Kind.DUPLICATE_ORDER),
        )

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
        if order_id is None:  # Coinbase cancels by its own ids alone
            order_id = (await self._history.find(target, symbol, None, client_order_id)).order_id
        await self._wire.post(
            target,
            _CANCEL,
            {"order_ids": [order_id]},
            orders.CANCELS,
            _one_of(order_id),
        )
        return await self._history.find(target, symbol, order_id, client_order_id)

    async def _get_open_orders(self, symbol: str | None = None) -> list[Order]:
        return await self._history.open(self._target("get_open_orders"), symbol)

    async def _cancel_all(self, symbol: str | None = None) -> CancelReport:
        found = await self._history.open(self._target("cancel_all"), symbol)
        names = [order.order_id for order in found]
        accepted: list[str] = []
        failed: dict[str, str] = {}
        for start in range(0, len(names), _CANCELS_MAX):
            part = names[start : start + _CANCELS_MAX]
            target, words = self._target("cancel_all"), orders.results_of(part)
            results = await self._wire.post(
                target, _CANCEL, {"order_ids": part}, orders.CANCELS, words
            )
            accepted += [each.order_id for each in results if each.success]
            failed |= {each.order_id: each.failure_reason for each in results if not each.success}
        return CancelReport(tuple(accepted), failed)


def _infos_of(found: answers.ProductsAnswer) -> dict[str, SymbolInfo]:
    return {info.symbol: info for info in map(answers.info_of, found.products)}


def _one_of(order_id: str) -> Callable[[orders.CancelsAnswer], None]:
    """Believes an answer that says of this one order that its cancel was taken."""

    def check(found: orders.CancelsAnswer) -> None:
        if [each.order_id for each in found.results if each.success] != [order_id]:
            raise ValueError("the answer does not say that the order is cancelled")

    return check
