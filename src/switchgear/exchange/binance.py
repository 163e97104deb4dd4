"""
Owns a Binance spot account: its endpoints, parameters and signatures.

Answers are left to `binance_answers` and `binance_rules`, lists of many pages to `binance_pages`.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from switchgear.core.errors import ApiError, SettingsError, SwitchgearError
from switchgear.core.policy.timeout import Cut
from switchgear.core.words import Effect, Kind
from switchgear.exchange import binance_answers as answers
from switchgear.exchange import binance_pages as pages
from switchgear.exchange import binance_rules as rules
from switchgear.exchange.arguments import check_whole
from switchgear.exchange.believed import as_it_is, complete, rising, same
from switchgear.exchange.client import VenueApi
from switchgear.exchange.holdings import CancelReport, positions_of
from switchgear.exchange.market import Interval
from switchgear.exchange.model import FieldError
from switchgear.exchange.reply import Target, believe
from switchgear.exchange.server_time import ServerTime
from switchgear.exchange.signing import credential, ed25519_signer, hmac_signer, is_pem
from switchgear.exchange.transport import Transport, encoded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from decimal import Decimal

    from switchgear.exchange.holdings import Balance, Portfolio, Position, Trade
    from switchgear.exchange.market import Candle, OrderBook, SymbolInfo
    from switchgear.exchange.model import Order, OrderRequest
    from switchgear.exchange.reply import Reply, Shape
    from switchgear.gear import Switchgear

T = TypeVar("T")
R = TypeVar("R")

LIVE_URL = "https://api.binance.com"
PAPER_URL = "https://testnet.binance.vision"
RECV_WINDOW_MS = 5000
"""After so long on its way a request is refused, so a late copy of an order cannot be booked."""
RECV_WINDOW_MS_MAX = 60_000

_CURRENCY = "USDT"
_TICKER, _TIME = "/api/v3/ticker/price", "/api/v3/time"
_KLINES, _DEPTH, _INFO = "/api/v3/klines", "/api/v3/depth", "/api/v3/exchangeInfo"
_ACCOUNT, _ORDER, _TRADES = "/api/v3/account", "/api/v3/order", "/api/v3/myTrades"
_OPEN_ORDERS = "/api/v3/openOrders"
_TIME_S_MAX = 3.0
_NAMES_S_MAX = 3.0
"""So long open orders wait to be told under the right names of their pairs."""
_FORM = "application/x-www-form-urlencoded"


class BinanceApi(VenueApi):
    """
    One account at Binance spot, a TradingApi; an async context manager.

    Every call is guarded as `binance.<method>`: it is counted, logged, retried where that is safe,
    and answered by the fallbacks of its method where it has no value. Market data is no part of the
    account: a refused key does not hold it back.

    Args:
        gear: What guards the calls.
        key: The API key; without it only market data can be had.
        secret: Its secret for HMAC-SHA256 signatures, or an Ed25519 private key as PEM text. Both
            are masked in all that is kept.
        account: The name of the key in circuits, metrics and records.
        base_url: Where every endpoint is; Binance itself, or its testnet, when not given.
        paper: Without base_url, use the testnet.
        recv_window_ms: After so long on its way a signed request is refused, 1 to 60,000.
        fallbacks: By method, what `Switchgear.guarded` takes as fallback.
        check_rules: Refuse here what breaks a rule of its pair; False leaves it to Binance.

    Raises:
        SettingsError: An argument, or a fallback, cannot be.
    """

    exchange = answers.VENUE
    forces = answers.FORCES
    order_id_form = re.compile(r"[0-9]{1,19}")
    order_id_words = "must be a whole number, as text"

    def __init__(
        self,
        gear: Switchgear,
        *,
        key: str = "",
        secret: str = "",
        account: str = "main",
        base_url: str | None = None,
        paper: bool = False,
        recv_window_ms: int = RECV_WINDOW_MS,
        fallbacks: Mapping[str, object] | None = None,
        check_rules: bool = True,
    ) -> None:
        self._key = credential("key", key)
        if bool(key) != bool(secret):
            raise SettingsError("secret" if key else "key", "", "key and secret go together")
        self._sign = (
            ed25519_signer(secret) if is_pem(secret) else hmac_signer(credential("secret", secret))
        )
        check_whole("recv_window_ms", recv_window_ms, RECV_WINDOW_MS_MAX)
        self._window_ms = recv_window_ms
        self.order_expires_s = recv_window_ms / 1000
        self._time = ServerTime(gear.clock, self.exchange)
        self._transport = Transport(base_url or (PAPER_URL if paper else LIVE_URL))
        super().__init__(
            gear,
            account=account,
            has_key=bool(key),
            transports=(self._transport,),
            fallbacks=fallbacks,
            check_rules=check_rules,
        )

    # ------------------------------------------------------------------------------- the market

    async def _get_market_price(self, symbol: str) -> Decimal:
        name = self._name(symbol)

        def price(answer: answers.TickerAnswer) -> Decimal:
            return same("symbol", answer.symbol, name, answer.price)

        return await self._public(
            "get_market_price", _TICKER, {"symbol": name}, answers.TICKER, price
        )

    async def _get_market_prices(self, symbols: tuple[str, ...]) -> dict[str, Decimal]:
        names: dict[str, str] = {}
        for symbol in symbols:
            other = names.setdefault(self._name(symbol), symbol)
            if other != symbol:
                raise FieldError("symbols", symbol, f"is the same to binance as {other}")
        params = {"symbols": answers.listed(names)}

        def prices(found: list[answers.TickerAnswer]) -> dict[str, Decimal]:
            told = {names[each.symbol]: each.price for each in found if each.symbol in names}
            return complete(told, symbols)

        return await self._public("get_market_prices", _TICKER, params, answers.TICKERS, prices)

    async def _get_market_data(
        self,
        symbol: str,
        interval: str = "1m",
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 100,
    ) -> list[Candle]:
        params = {"symbol": self._name(symbol), "interval": str(Interval(interval))}

        def candles(found: list[answers.KlineAnswer]) -> list[Candle]:
            return rising([answers.candle_of(each) for each in found])

        async def page(span: dict[str, str]) -> list[Candle]:
            asked = params | span
            return await self._public("get_market_data", _KLINES, asked, answers.KLINES, candles)

        found = await pages.candles(page, since=since, until=until, limit=limit)
        return believe(lambda: rising(found), self._target("get_market_data"))

    async def _get_order_book(self, symbol: str, depth: int = 20) -> OrderBook:
        params = {"symbol": self._name(symbol), "limit": str(depth)}

        def book(found: answers.DepthAnswer) -> OrderBook:
            return answers.book_of(found, symbol, depth)

        return await self._public("get_order_book", _DEPTH, params, answers.DEPTH, book)

    async def _get_symbol(self, symbol: str) -> SymbolInfo:
        name = answers.venue_symbol(symbol)

        def info(found: dict[str, SymbolInfo]) -> SymbolInfo:
            told = {each.venue_symbol: each for each in found.values()}
            if name not in told:
                raise ValueError(f"the answer is not of {symbol}")
            return told[name]

        infos = await self._infos("get_symbol", symbol=name)
        told = believe(lambda: info(infos), self._target("get_symbol"))
        if told.symbol != symbol:  # the letters are those of another pair, and would trade it
            self._book.keep({told.symbol: told})
            raise FieldError("symbol", symbol, self._book.unknown(symbol))
        return told

    async def _get_symbols(self) -> dict[str, SymbolInfo]:
        return await self._infos("get_symbols", symbolStatus="TRADING")

    async def _infos(self, method: str, **params: str) -> dict[str, SymbolInfo]:
        def infos(found: rules.InfoAnswer) -> dict[str, SymbolInfo]:
            for name, capacity in rules.limits_of(found).items():
                self._quotas.limit(name, capacity)  # no header tells how large they are
            return {told.symbol: told for told in map(rules.symbol_of, found.symbols)}

        params["showPermissionSets"] = "false"
        return await self._public(method, _INFO, params, rules.INFO, infos)

    def _name(self, symbol: str) -> str:
        """Binance's spelling; FieldError where its letters are known to be those of another pair."""
        name = answers.venue_symbol(symbol)
        if self._book.known_as(name) not in {None, symbol}:
            raise FieldError("symbol", symbol, self._book.unknown(symbol))
        return name

    # ------------------------------------------------------------------------------ the account

    async def _get_account_balance(self) -> dict[str, Balance]:
        return await self._balances("get_account_balance")

    async def _get_portfolio(self) -> Portfolio:
        return await self._portfolio("get_portfolio")

    async def _get_positions(self) -> list[Position]:
        return positions_of(await self._portfolio("get_positions"))

    async def _portfolio(self, method: str) -> Portfolio:
        balances = await self._balances(method)

        def valued(tickers: list[answers.TickerAnswer]) -> Portfolio:
            return answers.portfolio_of(balances, tickers, _CURRENCY)

        return await self._public(method, _TICKER, {}, answers.TICKERS, valued)

    async def _balances(self, method: str) -> dict[str, Balance]:
        params = {"omitZeroBalances": "true"}
        return await self._signed(
            "GET", method, _ACCOUNT, params, answers.ACCOUNT, answers.balances_of
        )

    async def _get_trades(
        self, symbol: str, *, since: datetime | None = None, limit: int = 100
    ) -> list[Trade]:
        if since is None:
            return await self._trades(symbol, limit, {})
        return await pages.executions(
            lambda most, span: self._trades(symbol, most, span),
            since=since,
            now_ms=self._time.now_ms(),
            limit=limit,
        )

    async def _trades(self, symbol: str, limit: int, span: dict[str, str]) -> list[Trade]:
        params = {"symbol": self._name(symbol), "limit": str(limit), **span}

        def trades(found: list[answers.TradeAnswer]) -> list[Trade]:
            return [answers.trade_of(each, symbol) for each in found]

        return await self._signed("GET", "get_trades", _TRADES, params, answers.TRADES, trades)

    # -------------------------------------------------------------------------------- its orders

    async def _create_order(self, request: OrderRequest) -> Order:
        params = answers.order_params(request)
        return await self._order("POST", "create_order", request.symbol, params)

    async def _get_order(
        self, symbol: str, *, order_id: str | None = None, client_order_id: str | None = None
    ) -> Order:
        params = answers.order_name(symbol, order_id, client_order_id)
        return await self._order("GET", "get_order", symbol, params)

    async def _cancel_order(
        self, symbol: str, *, order_id: str | None = None, client_order_id: str | None = None
    ) -> Order:
        params = answers.order_name(symbol, order_id, client_order_id)
        return await self._order("DELETE", "cancel_order", symbol, params)

    async def _get_open_orders(self, symbol: str | None = None) -> list[Order]:
        return await self._open_orders("get_open_orders", symbol)

    async def _cancel_all(self, symbol: str | None = None) -> CancelReport:
        if symbol is not None:
            return await self._cancel_all_of(answers.venue_symbol(symbol))
        told = await self._told_open("cancel_all", None)
        # In Binance's spelling: what a pair is called here is no matter for a cancel.
        reports = [
            await self._cancel_all_of(name) for name in sorted({each.symbol for each in told})
        ]
        return CancelReport(tuple(name for report in reports for name in report.accepted))

    async def _cancel_all_of(self, name: str) -> CancelReport:
        params = {"symbol": name}

        def report(found: list[answers.CancelledAnswer]) -> CancelReport:
            ids = [same("symbol", each.symbol, name, each.order_ids) for each in found]
            return CancelReport(tuple(order_id for part in ids for order_id in part))

        try:
            return await self._signed(
                "DELETE", "cancel_all", _OPEN_ORDERS, params, answers.CANCELLED, report
            )
        except ApiError as error:
            if error.verdict is None or error.verdict.kind is not Kind.ORDER_NOT_FOUND:
                raise
            return CancelReport(())  # there was none

    async def _open_orders(self, method: str, symbol: str | None) -> list[Order]:
        told = await self._told_open(method, symbol)
        found = {each.symbol for each in told}
        names = await self._symbols_of(found) if symbol is None else dict.fromkeys(found, symbol)
        target = self._target(method)
        return believe(
            lambda: [answers.order_of(each, names[each.symbol]) for each in told], target
        )

    async def _told_open(self, method: str, symbol: str | None) -> list[answers.OrderAnswer]:
        params = {} if symbol is None else {"symbol": answers.venue_symbol(symbol)}
        path, shape = _OPEN_ORDERS, answers.ORDERS
        return await self._signed("GET", method, path, params, shape, as_it_is)

    async def _symbols_of(self, names: set[str]) -> dict[str, str]:
        """`BTC/USDT` by `BTCUSDT`, for each of these; a guess where nobody can be asked in time."""
        with suppress(SwitchgearError, TimeoutError):  # the orders are worth more than their names
            async with Cut(self._clock, _NAMES_S_MAX):
                await self._learn(names)
        return {name: self._book.known_as(name) or answers.guessed_symbol(name) for name in names}

    async def _learn(self, names: set[str]) -> None:
        """Have the book know these pairs; one that is not trading is not among those listed."""
        for name in names:
            await self._book.symbol_of(name)
        unknown = sorted(name for name in names if self._book.known_as(name) is None)
        if unknown:
            self._book.keep(await self._infos("get_symbols", symbols=answers.listed(unknown)))

    async def _order(self, verb: str, method: str, symbol: str, params: Mapping[str, str]) -> Order:
        name = params.get("newClientOrderId") or params.get("origClientOrderId")
        order_id = params.get("orderId")

        def order(answer: answers.OrderAnswer) -> Order:
            told = answers.order_of(answer, symbol)
            if name not in {None, told.client_order_id} or order_id not in {None, told.order_id}:
                raise ValueError("the answer is of another order")
            return same("side", answer.side, params.get("side", answer.side), told)

        return await self._signed(verb, method, _ORDER, params, answers.ORDER, order)

    # ---------------------------------------------------------------------------------- the wire

    async def _public(
        self,
        method: str,
        path: str,
        params: Mapping[str, str],
        shape: Shape[T],
        words: Callable[[T], R],
    ) -> R:
        target = self._target(method)
        reply = await self._transport.request("GET", path, target, query=encoded(params))
        return shape.tell(reply, target, self._clock, words)

    async def _signed(
        self,
        verb: str,
        method: str,
        path: str,
        params: Mapping[str, str],
        shape: Shape[T],
        words: Callable[[T], R],
    ) -> R:
        target = self._target(method)
        if self._time.is_due:
            await self._time.refresh(lambda: self._ask_time(replace(target, effect=Effect.READ)))
        given = f"{encoded(params)}&" if params else ""
        text = f"{given}recvWindow={self._window_ms}&timestamp={self._time.now_ms()}"
        text = f"{text}&signature={self._sign(text)}"
        headers = {"X-MBX-APIKEY": self._key}
        if verb == "POST":
            headers["Content-Type"] = _FORM
            reply = await self._transport.request(
                verb, path, target, body=text.encode(), headers=headers
            )
        else:
            reply = await self._transport.request(verb, path, target, query=text, headers=headers)
        return self._tell(shape, reply, target, words)

    def _tell(self, shape: Shape[T], reply: Reply, target: Target, words: Callable[[T], R]) -> R:
        try:
            return shape.tell(reply, target, self._clock, words)
        except ApiError as error:
            if error.verdict is not None and error.verdict.kind is Kind.CLOCK_SKEW:
                self._time.doubt()
            raise

    async def _ask_time(self, target: Target) -> int:
        reply = await self._transport.request("GET", _TIME, target, total_s=_TIME_S_MAX)
        return answers.TIME.read(reply, target, self._clock).serverTime
