"""
Owns what the clients of all exchanges share: each call's way through checks and guard.

How a venue is asked, and how it answers, is left to its client.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

from switchgear.core.errors import ApiError, SettingsError
from switchgear.core.guarded import Guarded
from switchgear.core.words import Kind, effect_of
from switchgear.exchange.api import PlainDesk
from switchgear.exchange.arguments import CHECKS, as_symbols, no_arguments
from switchgear.exchange.model import (
    FieldError,
    OrderStatus,
    check_client_order_id,
    check_request,
    check_symbol,
)
from switchgear.exchange.order_access import OrderAccess, order_access
from switchgear.exchange.order_calls import about_its_order
from switchgear.exchange.reply import Target
from switchgear.exchange.symbol_book import SymbolBook

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Coroutine, Iterable, Mapping
    from datetime import datetime
    from decimal import Decimal
    from types import TracebackType

    from switchgear.core.outcome import Served
    from switchgear.exchange.api import NamedOrder, OrderDesk
    from switchgear.exchange.holdings import Balance, CancelReport, Portfolio, Position, Trade
    from switchgear.exchange.market import Candle, OrderBook, SymbolInfo
    from switchgear.exchange.model import Order, OrderRequest, TimeInForce
    from switchgear.exchange.transport import Sent, Transport
    from switchgear.gear import Switchgear

METHODS = (
    "get_market_price",
    "get_market_prices",
    "get_market_data",
    "get_order_book",
    "get_account_balance",
    "get_portfolio",
    "get_positions",
    "create_order",
    "cancel_order",
    "cancel_all",
    "get_order",
    "get_open_orders",
    "get_trades",
    "get_symbol",
    "get_symbols",
)
MARKET_METHODS = frozenset(
    {
        "get_market_price",
        "get_market_prices",
        "get_market_data",
        "get_order_book",
        "get_symbol",
        "get_symbols",
    }
)
"""What most exchanges tell without a key."""
_LOOK = frozenset({Kind.ORDER_NOT_FOUND, Kind.INVALID_REQUEST, Kind.INVALID_ORDER})
"""What a cancel is refused with when the order is done already; only a lookup tells."""


class _Method(NamedTuple):
    guard: Guarded
    run: Callable[..., Coroutine[Any, Any, Any]]
    serve: Callable[..., Coroutine[Any, Any, Served[Any]]]
    """run within guard, with where the value came from."""
    check: Callable[..., object]
    """Takes the same arguments and refuses what cannot be, before anything is counted."""


class VenueApi:
    """
    A TradingApi whose every call goes through checks and the guard; a venue adds how it is asked.

    For each name in `methods` a venue has a coroutine `_<name>` with the arguments of the public
    method. `public` names those that are no part of the account: a refused key does not hold them
    back.
    """

    exchange: ClassVar[str]
    public: ClassVar[frozenset[str]] = MARKET_METHODS
    methods: ClassVar[tuple[str, ...]] = METHODS
    forces: ClassVar[frozenset[TimeInForce]]
    """How long the venue lets orders rest."""
    order_id_form: ClassVar[re.Pattern[str]]
    order_id_words: ClassVar[str]
    """What an order id of the venue looks like, for the error."""
    order_prefix = "sg-"
    """With which the client order ids begin that a desk makes up."""
    order_expires_s: float | None = None
    """So long after it was sent a request to place an order is refused by the venue; None where it never is."""

    def __init__(
        self,
        gear: Switchgear,
        *,
        account: str,
        has_key: bool,
        transports: tuple[Transport, ...],
        fallbacks: Mapping[str, object] | None,
        check_rules: bool,
    ) -> None:
        """
        Guard each method, with its fallbacks.

        Raises:
            SettingsError: A fallback is of no method, or does not suit.
        """
        self.account = account
        self.gear, self._clock = gear, gear.clock
        self._has_key = has_key
        self._transports = transports
        self._check_rules = check_rules
        self._targets = {
            each: Target(self.exchange, each, effect_of(each)) for each in self.methods
        }
        self._methods = self._guarded(gear, dict(fallbacks or {}))
        self._truth = Guarded(self._methods["get_order"].guard.policy)
        self._quotas = gear.registry.common(self.exchange).quotas
        self._book = SymbolBook(self.exchange, self._clock, self._ask_symbol, self.get_symbols)
        for transport in transports:
            transport.limit_of, transport.heard = self._limit_of, self._heard
            transport.now_s = gear.clock.monotonic_s
        create = self._methods["create_order"]
        self.desk: OrderDesk = PlainDesk(create.guard, create.run, self._find)
        """Where orders go through; `resolve` asks after one whose outcome is unknown."""

    def __repr__(self) -> str:
        url = self._transports[0].base_url
        return f"{type(self).__name__}(account={self.account!r}, base_url={url!r})"

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
        for transport in self._transports:
            await transport.close()

    # ------------------------------------------------------------------------------- the market

    async def get_market_price(self, symbol: str) -> Decimal:
        """The last price of one base asset in the quote asset; symbol is `BTC/USDT`."""
        price: Decimal = (await self.served("get_market_price", symbol)).value
        return price

    async def get_market_prices(self, symbols: Iterable[str]) -> dict[str, Decimal]:
        """The last price of each of these pairs, 1 to 100 of them; see `TradingApi`."""
        prices: dict[str, Decimal] = (
            await self.served("get_market_prices", as_symbols(symbols))
        ).value
        return prices

    async def get_market_data(
        self,
        symbol: str,
        interval: str = "1m",
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 100,
    ) -> list[Candle]:
        """Candles, oldest first; see `TradingApi`."""
        span = {"since": since, "until": until, "limit": limit}
        candles: list[Candle] = (
            await self.served("get_market_data", symbol, interval, **span)
        ).value
        return candles

    async def get_order_book(self, symbol: str, depth: int = 20) -> OrderBook:
        """What others offer, at most depth lines a side, 1 to 100."""
        book: OrderBook = (await self.served("get_order_book", symbol, depth)).value
        return book

    async def get_symbol(self, symbol: str) -> SymbolInfo:
        """One pair with its tick, lot and minimum."""
        served = await self.served("get_symbol", symbol)
        info: SymbolInfo = served.value
        self._keep_own(served, {symbol: info})
        return info

    async def get_symbols(self) -> Mapping[str, SymbolInfo]:
        """Every pair that the exchange trades, with its rules, by `BTC/USDT`."""
        served = await self.served("get_symbols")
        infos: Mapping[str, SymbolInfo] = served.value
        self._keep_own(served, infos)
        return infos

    # ------------------------------------------------------------------------------ the account

    async def get_account_balance(self) -> dict[str, Balance]:
        """What the account holds, by asset; what it holds nothing of is left out."""
        balances: dict[str, Balance] = (await self.served("get_account_balance")).value
        return balances

    async def get_portfolio(self) -> Portfolio:
        """What the account holds, and what it is worth: several requests, one guarded call."""
        portfolio: Portfolio = (await self.served("get_portfolio")).value
        return portfolio

    async def get_positions(self) -> list[Position]:
        """What the account is in, cash left out."""
        positions: list[Position] = (await self.served("get_positions")).value
        return positions

    async def get_trades(
        self, symbol: str, *, since: datetime | None = None, limit: int = 100
    ) -> list[Trade]:
        """The account's own executions, oldest first; see `TradingApi`."""
        trades: list[Trade] = (
            await self.served("get_trades", symbol, since=since, limit=limit)
        ).value
        return trades

    # -------------------------------------------------------------------------------- its orders

    async def create_order(self, request: OrderRequest) -> Order:
        """The order as booked, sent once; raises as `OrderDesk.submit` says, and FieldError."""
        self._need_key()
        await self.keep_rules(request)
        return await self.desk.submit(request)

    async def resolve(self, named: NamedOrder) -> Order | None:
        """What became of an order, such as an intent's or another one with its two names; see `OrderDesk.resolve`."""
        return await self.desk.resolve(named.symbol, named.client_order_id)

    async def get_order(
        self, symbol: str, *, order_id: str | None = None, client_order_id: str | None = None
    ) -> Order:
        """The order with this id; exactly one of the two is given."""
        ids = {"order_id": order_id, "client_order_id": client_order_id}
        order: Order = (await self.served("get_order", symbol, **ids)).value
        return order

    async def get_open_orders(self, symbol: str | None = None) -> list[Order]:
        """Every order that can still trade, oldest first; of one pair or of all."""
        orders: list[Order] = (await self.served("get_open_orders", symbol)).value
        return orders

    async def cancel_order(
        self, symbol: str, *, order_id: str | None = None, client_order_id: str | None = None
    ) -> Order:
        """
        The order, cancelled; exactly one of the two ids is given.

        One that was cancelled before, perhaps by an attempt whose answer was lost, is given too.

        Raises:
            ApiError: There is nothing to cancel; a note says what the order is: it may have been filled.
        """
        ids = {"order_id": order_id, "client_order_id": client_order_id}
        try:
            order: Order = (await self.served("cancel_order", symbol, **ids)).value
        except ApiError as error:
            if error.verdict is None or error.verdict.kind not in _LOOK:
                raise
            order = await self._look_up(symbol, **ids)
            if order.status is not OrderStatus.CANCELED:
                error.add_note(f"the order is {order.status}")
                raise
        return order

    async def cancel_all(self, symbol: str | None = None) -> CancelReport:
        """Cancel every open order, of one pair or of all; no open order is no error."""
        report: CancelReport = (await self.served("cancel_all", symbol)).value
        return report

    def order_name(self, drawn: str) -> str:
        """A client order id of 32 hexadecimal digits."""
        return self.order_prefix + drawn

    async def keep_rules(self, request: OrderRequest) -> None:
        """
        Refuse an order that breaks a rule of its pair, as far as the rules can be had: within some seconds.

        Raises:
            FieldError: Names the field, its value and the rule; nothing of the order was sent.
            SwitchgearError: What the symbol means could not be had.
        """
        check_request(request)
        if request.time_in_force not in self.forces:
            allowed = f"{self.exchange} takes {', '.join(sorted(self.forces))}"
            raise FieldError("time_in_force", str(request.time_in_force), allowed)
        self._check_order(request)
        if self._check_rules:
            rules = await self._book.rules_of(request.symbol)
            if rules is not None:
                rules.check(request)

    def order_access(self) -> OrderAccess:
        """What a desk with a journal works with."""
        return order_access(self)

    def guard_of(self, method: str) -> Guarded:
        """The guard of a method, with its fallbacks."""
        return self._methods[method].guard

    def asking(self, method: str) -> Callable[..., Coroutine[Any, Any, Any]]:
        """How a method asks the exchange, without any guard: for whoever puts one of its own round it."""
        return self._methods[method].run

    # ----------------------------------------------------------------------- through the guard

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
        if method not in self.public:
            self._need_key()
        if method == "get_market_prices" and args:
            args = (as_symbols(args[0]), *args[1:])  # or what is read only once would be read here
        found.check(*args, **kwargs)
        if method == "create_order":
            await self.keep_rules(*args, **kwargs)
            return await self.desk.served(*args, **kwargs)
        return await found.serve(*args, **kwargs)

    def remembered(self, method: str, *args: Any, **kwargs: Any) -> Served[Any] | None:
        """What a last_good fallback of a method could serve now, asking nobody; None when it could not."""
        found = self._methods[method]
        return found.guard.remembered(found.run, *args, **kwargs)

    def _guarded(self, gear: Switchgear, fallbacks: dict[str, object]) -> dict[str, _Method]:
        methods: dict[str, _Method] = {}
        for method in self.methods:
            run, fallback = getattr(self, f"_{method}"), fallbacks.pop(method, None)
            if method in self.public:
                guard = gear.guarded(self.exchange, method, fallback=fallback, signed=False)
            else:
                guard = gear.guarded(self.exchange, method, account=self.account, fallback=fallback)
            run = about_its_order(guard, method, run)
            guard(run)  # a fallback that does not take its arguments is refused here
            methods[method] = _Method(guard, run, guard.serving(run), self._check_of(method))
        for unknown in fallbacks:
            raise SettingsError("fallbacks", unknown, f"must be one of {', '.join(methods)}")
        return methods

    def _check_of(self, method: str) -> Callable[..., object]:
        if method in {"get_order", "cancel_order"}:
            return self.check_ids
        return CHECKS.get(method, no_arguments)

    def check_ids(
        self, symbol: str, *, order_id: str | None = None, client_order_id: str | None = None
    ) -> None:
        """FieldError unless exactly one id is given, and both it and the symbol can be."""
        check_symbol(symbol)
        if client_order_id is not None and order_id is None:
            check_client_order_id(client_order_id)
        elif client_order_id is not None or order_id is None:
            raise FieldError("order_id", order_id, "give either order_id or client_order_id")
        elif not _is_text(order_id) or not self.order_id_form.fullmatch(order_id):
            raise FieldError("order_id", order_id, self.order_id_words)

    def _need_key(self) -> None:
        if not self._has_key:
            what = "only public market data" if self.public else "nothing"
            raise SettingsError("key", "", f"{what} can be had without key and secret")

    def _check_order(self, request: OrderRequest) -> None:
        """What the venue takes of no order at all, whatever the pair; FieldError says what."""

    def _keep_own(self, served: Served[Any], infos: Mapping[str, SymbolInfo]) -> None:
        """Remember rules that the exchange itself gave now: not old ones as new, nor another's."""
        if not served.is_fallback:
            self._book.keep(infos)

    async def _ask_symbol(self, symbol: str) -> SymbolInfo:
        # One attempt and no fallback: an order waits for it.
        found = self._methods["get_symbol"]
        once = Guarded(found.guard.policy, once=True)
        info: SymbolInfo = await once.call(found.run, symbol)
        return info

    async def _find(self, symbol: str, client_order_id: str) -> Order:
        return await self._look_up(symbol, client_order_id=client_order_id)

    async def _look_up(self, symbol: str, **ids: str | None) -> Order:
        """What the exchange itself says of an order: no fallback, for what became of it must not be remembered."""
        found = self._methods["get_order"]
        found.check(symbol, **ids)
        order: Order = await self._truth.call(found.run, symbol, **ids)
        return order

    def _limit_of(self, target: Target) -> float | None:
        """How long the guard lets an attempt of this method take, now."""
        return self._methods[target.method].guard.policy.plan.timeout_s

    def _heard(self, target: Target, sent: Sent, headers: Mapping[str, str]) -> None:
        """An answer says what is used of the exchange's limits."""
        signed = self._is_signed(target, sent)
        self._quotas.heard(headers, self.account, signed, target.method, sent.at_s)

    def _is_signed(self, target: Target, sent: Sent) -> bool:  # noqa: ARG002  a venue may look at it
        """Whether a request counts at the limits of the account."""
        return target.method not in self.public

    def _target(self, method: str) -> Target:
        return self._targets[method]


def _is_text(value: object) -> bool:
    return isinstance(value, str)  # callers are not all typed, and Binance's own ids are numbers
