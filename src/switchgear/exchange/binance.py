"""Owns a Binance spot account: endpoints, signature, and each call's way through the guard."""

from __future__ import annotations

import hmac
import re
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeVar
from urllib.parse import urlencode

from switchgear.core.errors import ApiError, SettingsError
from switchgear.core.redact import register_secret
from switchgear.core.words import Effect, Kind, effect_of
from switchgear.exchange import binance_answers as answers
from switchgear.exchange.api import PlainDesk
from switchgear.exchange.model import (
    FieldError,
    OrderRequest,
    OrderStatus,
    check_client_order_id,
    check_request,
    check_symbol,
)
from switchgear.exchange.server_time import ServerTime
from switchgear.exchange.transport import Target, Transport

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping
    from decimal import Decimal
    from types import TracebackType

    from switchgear.core.guarded import Guarded
    from switchgear.core.outcome import Served
    from switchgear.exchange.model import Balance, Order, Portfolio
    from switchgear.exchange.transport import Reply, Shape
    from switchgear.gear import Switchgear

T = TypeVar("T")

LIVE_URL = "https://api.binance.com"
PAPER_URL = "https://testnet.binance.vision"
RECV_WINDOW_MS = 5000
"""After so long on its way a request is refused, so a late copy of an order cannot be booked."""

_CURRENCY = "USDT"
_TICKER, _TIME = "/api/v3/ticker/price", "/api/v3/time"
_ACCOUNT, _ORDER = "/api/v3/account", "/api/v3/order"
_TIME_S_MAX = 3.0
_ORDER_ID = re.compile(r"[0-9]{1,19}")
_CREDENTIAL = re.compile(r"[!-~]{6,512}")
_PUBLIC = ("get_market_price",)
_SIGNED = ("get_account_balance", "get_portfolio", "create_order", "get_order", "cancel_order")


class _Method(NamedTuple):
    guard: Guarded
    run: Callable[..., Coroutine[Any, Any, Any]]
    check: Callable[..., object]
    """Takes the same arguments and refuses what cannot be, before anything is counted."""


class BinanceApi:
    """
    One account at Binance spot, a TradingApi; an async context manager.

    Every call is guarded as `binance.<method>`: it is counted, logged, retried where that is safe,
    and answered by the fallbacks of its method where it has no value. Public prices are no part of
    the account: a refused key does not hold them back.

    Args:
        gear: What guards the calls.
        key: The API key; without it only prices can be had.
        secret: Its secret, for HMAC-SHA256 signatures. Both are masked in all that is kept.
        account: The name of the key in circuits, metrics and records.
        base_url: Where every endpoint is; Binance itself, or its testnet, when not given.
        paper: Without base_url, use the testnet.
        fallbacks: By method, what `Switchgear.guarded` takes as fallback.

    Raises:
        SettingsError: An argument, or a fallback, cannot be.
    """

    exchange = answers.VENUE

    def __init__(
        self,
        gear: Switchgear,
        *,
        key: str = "",
        secret: str = "",
        account: str = "main",
        base_url: str | None = None,
        paper: bool = False,
        fallbacks: Mapping[str, object] | None = None,
    ) -> None:
        self.account = account
        self._key, self._secret = _credential("key", key), _credential("secret", secret)
        if bool(key) != bool(secret):
            raise SettingsError("secret" if key else "key", "", "key and secret go together")
        self._clock = gear.clock
        self._time = ServerTime(gear.clock)
        self._transport = Transport(base_url or (PAPER_URL if paper else LIVE_URL))
        self._methods = self._guarded(gear, dict(fallbacks or {}))
        self._truth = gear.guarded(self.exchange, "get_order", account=account)
        create = self._methods["create_order"]
        self.desk = PlainDesk(create.guard, create.run, self._find)
        """Where orders go through; `resolve` asks after one whose outcome is unknown."""

    def __repr__(self) -> str:
        return f"BinanceApi(account={self.account!r}, base_url={self._transport.base_url!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections of the running event loop."""
        await self._transport.close()

    async def get_market_price(self, symbol: str) -> Decimal:
        """The last price of one base asset in the quote asset; symbol is `BTC/USDT`."""
        price: Decimal = (await self.served("get_market_price", symbol)).value
        return price

    async def get_account_balance(self) -> dict[str, Balance]:
        """What the account holds, by asset; what it holds nothing of is left out."""
        balances: dict[str, Balance] = (await self.served("get_account_balance")).value
        return balances

    async def get_portfolio(self) -> Portfolio:
        """What the account holds, valued in USDT by last prices: two requests, one guarded call."""
        portfolio: Portfolio = (await self.served("get_portfolio")).value
        return portfolio

    async def create_order(self, request: OrderRequest) -> Order:
        """The order as booked, sent once; raises as `OrderDesk.submit` says."""
        self._need_key()
        return await self.desk.submit(request)

    async def get_order(
        self, symbol: str, *, order_id: str | None = None, client_order_id: str | None = None
    ) -> Order:
        """The order with this id; exactly one of the two is given."""
        ids = {"order_id": order_id, "client_order_id": client_order_id}
        order: Order = (await self.served("get_order", symbol, **ids)).value
        return order

    async def cancel_order(
        self, symbol: str, *, order_id: str | None = None, client_order_id: str | None = None
    ) -> Order:
        """
        The order, cancelled; exactly one of the two ids is given.

        One that was cancelled before, perhaps by an attempt whose answer was lost, is given too.

        Raises:
            ApiError: ORDER_NOT_FOUND when there is nothing to cancel: it may have been filled.
        """
        ids = {"order_id": order_id, "client_order_id": client_order_id}
        try:
            order: Order = (await self.served("cancel_order", symbol, **ids)).value
        except ApiError as error:
            if error.verdict is None or error.verdict.kind is not Kind.ORDER_NOT_FOUND:
                raise
            order = await self._look_up(symbol, **ids)
            if order.status is not OrderStatus.CANCELED:
                error.add_note(f"the order is {order.status}")
                raise
        return order

    async def served(self, method: str, *args: Any, **kwargs: Any) -> Served[Any]:
        """
        The value of a method by its name, with where it came from and how old it is.

        Raises:
            SettingsError: There is no such method.
            FieldError: An argument cannot be; nothing was sent.
        """
        found = self._methods.get(method)
        if found is None:
            raise SettingsError("method", method, f"must be one of {', '.join(self._methods)}")
        if method in _SIGNED:
            self._need_key()
        if method == "create_order":
            return await self.desk.served(*args, **kwargs)
        found.check(*args, **kwargs)
        return await found.guard.served(found.run, *args, **kwargs)

    def _guarded(self, gear: Switchgear, fallbacks: dict[str, object]) -> dict[str, _Method]:
        methods: dict[str, _Method] = {}
        for method in (*_PUBLIC, *_SIGNED):
            run, fallback = getattr(self, f"_{method}"), fallbacks.pop(method, None)
            if method in _PUBLIC:
                guard = gear.guarded(self.exchange, method, fallback=fallback, signed=False)
            else:
                guard = gear.guarded(self.exchange, method, account=self.account, fallback=fallback)
            guard(run)  # a fallback that does not take its arguments is refused here
            methods[method] = _Method(guard, run, _CHECKS[method])
        for unknown in fallbacks:
            raise SettingsError("fallbacks", unknown, f"must be one of {', '.join(methods)}")
        return methods

    async def _get_market_price(self, symbol: str) -> Decimal:
        query = urlencode({"symbol": answers.venue_symbol(symbol)})
        target = _target("get_market_price")
        reply = await self._transport.request("GET", _TICKER, target, query=query)
        return answers.TICKER.read(reply, target, self._clock).price

    async def _get_account_balance(self) -> dict[str, Balance]:
        return await self._balances(_target("get_account_balance"))

    async def _get_portfolio(self) -> Portfolio:
        target = _target("get_portfolio")
        balances = await self._balances(target)
        reply = await self._transport.request("GET", _TICKER, target)
        tickers = answers.TICKERS.read(reply, target, self._clock)
        return answers.portfolio_of(balances, tickers, _CURRENCY)

    async def _create_order(self, request: OrderRequest) -> Order:
        params = answers.order_params(request)
        return await self._order("POST", "create_order", request.symbol, params)

    async def _get_order(
        self, symbol: str, *, order_id: str | None = None, client_order_id: str | None = None
    ) -> Order:
        params = order_name(symbol, order_id=order_id, client_order_id=client_order_id)
        return await self._order("GET", "get_order", symbol, params)

    async def _cancel_order(
        self, symbol: str, *, order_id: str | None = None, client_order_id: str | None = None
    ) -> Order:
        params = order_name(symbol, order_id=order_id, client_order_id=client_order_id)
        return await self._order("DELETE", "cancel_order", symbol, params)

    async def _find(self, symbol: str, client_order_id: str) -> Order:
        return await self._look_up(symbol, client_order_id=client_order_id)

    async def _look_up(self, symbol: str, **ids: str | None) -> Order:
        """What the exchange itself says of an order: no fallback, for what became of it must not be remembered."""
        found = self._methods["get_order"]
        found.check(symbol, **ids)
        order: Order = await self._truth.call(found.run, symbol, **ids)
        return order

    async def _balances(self, target: Target) -> dict[str, Balance]:
        params = {"omitZeroBalances": "true"}
        answer = await self._signed("GET", _ACCOUNT, params, target, answers.ACCOUNT)
        return answers.balances_of(answer)

    async def _order(self, verb: str, method: str, symbol: str, params: Mapping[str, str]) -> Order:
        answer = await self._signed(verb, _ORDER, params, _target(method), answers.ORDER)
        return answers.order_of(answer, symbol)

    async def _signed(
        self, verb: str, path: str, params: Mapping[str, str], target: Target, shape: Shape[T]
    ) -> T:
        await self._know_time(target)
        stamped = {**params, "recvWindow": RECV_WINDOW_MS, "timestamp": self._time.now_ms()}
        text = urlencode(stamped)
        text = f"{text}&signature={signature(self._secret, text)}"
        headers = {"X-MBX-APIKEY": self._key}
        if verb == "POST":
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            reply = await self._transport.request(
                verb, path, target, body=text.encode(), headers=headers
            )
        else:
            reply = await self._transport.request(verb, path, target, query=text, headers=headers)
        return self._read(shape, reply, target)

    def _read(self, shape: Shape[T], reply: Reply, target: Target) -> T:
        try:
            return shape.read(reply, target, self._clock)
        except ApiError as error:
            if error.verdict is not None and error.verdict.kind is Kind.CLOCK_SKEW:
                self._time.doubt()
            raise

    async def _know_time(self, target: Target) -> None:
        """Have the time asked where it is due, in the name of a call that is not sent yet."""
        asking = replace(target, effect=Effect.READ)
        try:
            await self._time.refresh(lambda: self._ask_time(asking))
        except ApiError as error:
            if error.verdict is not None:
                error.verdict = replace(error.verdict, unsent=True)
            raise

    async def _ask_time(self, target: Target) -> int:
        reply = await self._transport.request("GET", _TIME, target, total_s=_TIME_S_MAX)
        return answers.TIME.read(reply, target, self._clock).serverTime

    def _need_key(self) -> None:
        if not self._key:
            raise SettingsError("key", "", "only prices can be had without key and secret")


def order_name(
    symbol: str, *, order_id: str | None = None, client_order_id: str | None = None
) -> dict[str, str]:
    """The parameters that name an order; FieldError unless exactly one id is given, and can be."""
    check_symbol(symbol)
    named = {"symbol": answers.venue_symbol(symbol)}
    if client_order_id is not None and order_id is None:
        return named | {"origClientOrderId": check_client_order_id(client_order_id)}
    if client_order_id is not None or order_id is None:
        raise FieldError("order_id", order_id, "give either order_id or client_order_id")
    if not _ORDER_ID.fullmatch(order_id):
        raise FieldError("order_id", order_id, "must be a whole number, as text")
    return named | {"orderId": order_id}


def signature(secret: str, text: str) -> str:
    """What proves to Binance that the text, encoded as it is sent, is ours: HMAC-SHA256 in hex."""
    return hmac.new(secret.encode(), text.encode(), sha256).hexdigest()


_CHECKS: Mapping[str, Callable[..., object]] = {
    "get_market_price": check_symbol,
    "get_account_balance": lambda: None,
    "get_portfolio": lambda: None,
    "create_order": check_request,
    "get_order": order_name,
    "cancel_order": order_name,
}


def _target(method: str) -> Target:
    return Target(answers.VENUE, method, effect_of(method))


def _credential(field: str, value: object) -> str:
    """The value, masked from now on in all that is kept; the error does not show it."""
    if value == "":
        return ""
    if not isinstance(value, str) or not _CREDENTIAL.fullmatch(value):
        shown = f"<{len(value)} characters>" if isinstance(value, str) else type(value).__name__
        raise SettingsError(field, shown, "must be 6 to 512 visible characters without spaces")
    register_secret(value)
    return value
