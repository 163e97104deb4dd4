"""Owns an Alpaca account, coins and US shares: its endpoints and keys; answers, assets and rules are `alpaca_*`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar, TypeVar
from urllib.parse import urlsplit

from switchgear.core.errors import ApiError, SettingsError, SwitchgearError
from switchgear.core.guarded import Guarded
from switchgear.exchange import alpaca_answers as answers
from switchgear.exchange import alpaca_assets as assets
from switchgear.exchange import alpaca_holdings as holdings
from switchgear.exchange import alpaca_rules as rules
from switchgear.exchange.alpaca_listing import Listing
from switchgear.exchange.alpaca_orders import Orders
from switchgear.exchange.alpaca_quotes import Quotes
from switchgear.exchange.alpaca_wire import Wire
from switchgear.exchange.client import METHODS, VenueApi
from switchgear.exchange.model import OrderType, check_request
from switchgear.exchange.reply import marked_unsent
from switchgear.exchange.signing import credential
from switchgear.exchange.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from decimal import Decimal

    from switchgear.exchange.alpaca_assets import Coins
    from switchgear.exchange.alpaca_holdings import AccountAnswer, PositionAnswer
    from switchgear.exchange.holdings import Balance, CancelReport, Portfolio, Position, Trade
    from switchgear.exchange.market import Candle, MarketClock, OrderBook, SymbolInfo
    from switchgear.exchange.model import Order, OrderRequest
    from switchgear.gear import Switchgear

R = TypeVar("R")

LIVE_URL = "https://api.alpaca.markets"
PAPER_URL = "https://paper-api.alpaca.markets"
DATA_URL = "https://data.alpaca.markets"

_ACCOUNT, _POSITIONS, _CLOCK = "/v2/account", "/v2/positions", "/v2/clock"
_FEED = re.compile(r"[a-z_]{1,20}")
_KEY_OF = {"PK": "a paper key", "AK": "a live key"}
_WRONG = {
    "api.alpaca.markets": ("PK", "set paper=True, or give a live key"),
    "paper-api.alpaca.markets": ("AK", "leave paper=True away, or give a paper key"),
}


class AlpacaApi(VenueApi):
    """
    One account at Alpaca, a TradingApi; an async context manager.

    Every call is guarded as `alpaca.<method>`: it is counted, logged, retried where that is safe,
    and answered by the fallbacks of its method where it has no value. All of them are the account's.

    `BTC/USD` is a coin, `AAPL/USD` a share; what is both is the coin, and the share is
    `BTC.US/USD`. Which pairs are coins is asked once an hour; a pair that was a share here is refused
    once it is a coin too. A market order for shares is sent as
    DAY, for coins as GTC. The order book of a share is its best price of each side. The free part of
    the USD is what can be spent without borrowing. Orders of several option legs are left out.

    Args:
        gear: What guards the calls.
        key: The API key id; without it nothing can be had.
        secret: Its secret. Both are masked in all that is kept.
        account: The name of the key in circuits, metrics and records.
        base_url: Where trading, and market data without data_url, is; Alpaca itself when not given.
        data_url: Where market data is.
        paper: Without base_url, use the paper account's address.
        feed: Where prices of shares come from, such as iex or sip; by default what the account has.
        fallbacks: By method, what `Switchgear.guarded` takes as fallback.
        check_rules: Refuse here what breaks a rule of its asset; False leaves it to Alpaca.

    Raises:
        SettingsError: An argument, or a fallback, cannot be; or a paper key is used for the live
            address, or a live one for the paper address.
    """

    exchange = assets.VENUE
    public: ClassVar[frozenset[str]] = frozenset()
    methods = (*METHODS, "get_market_clock")
    forces = assets.FORCES
    order_id_form = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
    order_id_words = "must be a UUID, as text"

    def __init__(
        self,
        gear: Switchgear,
        *,
        key: str = "",
        secret: str = "",
        account: str = "main",
        base_url: str | None = None,
        data_url: str | None = None,
        paper: bool = False,
        feed: str | None = None,
        fallbacks: Mapping[str, object] | None = None,
        check_rules: bool = True,
    ) -> None:
        credential("key", key)
        credential("secret", secret)
        if bool(key) != bool(secret):
            raise SettingsError("secret" if key else "key", "", "key and secret go together")
        if feed is not None and not _FEED.fullmatch(feed):
            raise SettingsError("feed", feed, "must be a word such as iex, sip or delayed_sip")
        headers = {"APCA-API-KEY-ID": key, "APCA-API-SECRET-KEY": secret} if key else {}
        trading_url = base_url or (PAPER_URL if paper else LIVE_URL)
        trading = data = Transport(trading_url, headers=headers)
        _check_key(key, trading.base_url)
        if data_url is not None or base_url is None:
            data = Transport(data_url or DATA_URL, headers=headers)
        self._wire = Wire(gear.clock, trading, data)
        self._listing = Listing(self._wire, lambda infos: self._book.keep(infos))  # noqa: PLW0108  the book is made last
        self._quotes = Quotes(self._wire, self._listing, feed)
        self._orders = Orders(self._wire, self._listing)
        self._hours = rules.Hours(gear.clock)
        super().__init__(
            gear,
            account=account,
            has_key=bool(key),
            transports=(trading, data),
            fallbacks=fallbacks,
            check_rules=check_rules,
        )

    # ------------------------------------------------------------------------------- the market

    async def get_market_clock(self) -> MarketClock:
        """Whether US shares are traded now, and when that changes next."""
        told: MarketClock = (await self.served("get_market_clock")).value
        return told

    async def get_symbols(self) -> Mapping[str, SymbolInfo]:
        """
        Every coin and share that can be traded, with its rules, by `BTC/USD` or `AAPL/USD`.

        Some 12,000, in two answers of which the second is several MB: ask for one by get_symbol.
        """
        return await super().get_symbols()

    async def _get_market_price(self, symbol: str) -> Decimal:
        return (await self._quotes.prices("get_market_price", (symbol,)))[symbol]

    async def _get_market_prices(self, symbols: tuple[str, ...]) -> dict[str, Decimal]:
        return await self._quotes.prices("get_market_prices", symbols)

    async def _get_market_data(
        self,
        symbol: str,
        interval: str = "1m",
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 100,
    ) -> list[Candle]:
        return await self._quotes.candles("get_market_data", symbol, interval, since, until, limit)

    async def _get_order_book(self, symbol: str, depth: int = 20) -> OrderBook:
        return await self._quotes.book("get_order_book", symbol, depth)

    async def _get_market_clock(self) -> MarketClock:
        told = await self._wire.ask("get_market_clock", _CLOCK, {}, answers.CLOCK, answers.clock_of)
        self._hours.keep(told)
        return told

    async def _get_symbol(self, symbol: str) -> SymbolInfo:
        return await self._listing.symbol("get_symbol", symbol)

    async def _get_symbols(self) -> dict[str, SymbolInfo]:
        return await self._listing.symbols("get_symbols")

    # ------------------------------------------------------------------------------ the account

    async def _get_account_balance(self) -> dict[str, Balance]:
        return await self._held("get_account_balance", holdings.balances_of)

    async def _get_portfolio(self) -> Portfolio:
        return await self._held("get_portfolio", holdings.portfolio_of)

    async def _held(
        self, method: str, words: Callable[[AccountAnswer, list[PositionAnswer], Coins], R]
    ) -> R:
        coins = await self._listing.coins(method)
        account = await self._wire.ask(method, _ACCOUNT, {}, holdings.ACCOUNT, _as_it_is)

        def held(told: list[PositionAnswer]) -> R:
            return words(account, told, coins)

        return await self._wire.ask(method, _POSITIONS, {}, holdings.POSITIONS, held)

    async def _get_positions(self) -> list[Position]:
        coins = await self._listing.coins("get_positions")

        def positions(told: list[PositionAnswer]) -> list[Position]:
            return holdings.positions_of(told, coins)

        return await self._wire.ask("get_positions", _POSITIONS, {}, holdings.POSITIONS, positions)

    async def _get_trades(
        self, symbol: str, *, since: datetime | None = None, limit: int = 100
    ) -> list[Trade]:
        return await self._orders.trades("get_trades", symbol, since, limit)

    # -------------------------------------------------------------------------------- its orders

    async def _create_order(self, request: OrderRequest) -> Order:
        return await self._orders.create("create_order", request)

    async def _get_order(
        self, symbol: str, *, order_id: str | None = None, client_order_id: str | None = None
    ) -> Order:
        return await self._orders.find("get_order", symbol, order_id, client_order_id)

    async def _cancel_order(
        self, symbol: str, *, order_id: str | None = None, client_order_id: str | None = None
    ) -> Order:
        return await self._orders.cancel("cancel_order", symbol, order_id, client_order_id)

    async def _cancel_all(self, symbol: str | None = None) -> CancelReport:
        if symbol is None:
            return await self._orders.cancel_all("cancel_all")
        return await self._orders.cancel_all_of("cancel_all", symbol)

    async def _get_open_orders(self, symbol: str | None = None) -> list[Order]:
        return await self._orders.open("get_open_orders", symbol)

    async def keep_rules(self, request: OrderRequest) -> None:
        """The same, and what Alpaca's coins and shares differ in."""
        rules.refuse_post_only(check_request(request))
        await self._know(request.symbol)
        await super().keep_rules(request)
        info = await self._book.rules_of(request.symbol) if self._check_rules else None
        if info is None:
            return
        rules.refuse(request, info)
        at_once = request.type is not OrderType.MARKET and request.time_in_force in rules.AT_ONCE
        hours = await self._hours_now() if at_once and info.asset_class == assets.SHARE else None
        if hours is not None:
            rules.refuse_closed(request, hours)

    async def _know(self, symbol: str) -> None:
        """Settle what the symbol means; ahead of the order's attempt, so that it takes none of its time."""
        if self._listing.is_due(symbol):
            found = self._methods["get_symbol"]
            once = Guarded(found.guard.policy, once=True)
            try:
                await once.call(self._listing.refresh, "get_symbol", symbol)
            except ApiError as error:
                if self._listing.known.is_empty:
                    marked_unsent(error)
                    raise
            except SwitchgearError:
                return  # get_symbol is held back, which may not hold back orders: the attempt asks itself
        self._listing.known.settle(symbol)

    async def _ask_symbol(self, symbol: str) -> SymbolInfo:
        self._listing.refuse_again(
            symbol
        )  # an order waits for it, and has waited for the list before
        return await super()._ask_symbol(symbol)

    async def _hours_now(self) -> MarketClock | None:
        # One attempt and no fallback, as for the rules: an order waits for it.
        if self._hours.is_due:
            found = self._methods["get_market_clock"]
            try:
                await Guarded(found.guard.policy, once=True).call(found.run)
            except SwitchgearError:
                self._hours.forget()
        return self._hours.told


def _check_key(key: str, url: str) -> None:
    prefix, advice = _WRONG.get(urlsplit(url).hostname or "", ("", ""))
    if prefix and key.startswith(prefix):
        what = f"{_KEY_OF[prefix]} does not work at {url}: {advice}"
        raise SettingsError("key", f"<{len(key)} characters>", what)


def _as_it_is(account: AccountAnswer) -> AccountAnswer:
    return account
