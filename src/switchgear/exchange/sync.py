"""Owns the same clients for programs without an event loop: each call runs on a loop of its own thread."""

from __future__ import annotations

import asyncio
import os
import threading
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from switchgear.exchange.api import name_order, with_client_order_id

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable, Mapping
    from datetime import datetime
    from decimal import Decimal
    from types import TracebackType

    from switchgear.core.outcome import Served
    from switchgear.exchange.client import VenueApi
    from switchgear.exchange.holdings import Balance, CancelReport, Portfolio, Position, Trade
    from switchgear.exchange.market import Candle, OrderBook, SymbolInfo
    from switchgear.exchange.model import Order, OrderRequest

T = TypeVar("T")
A = TypeVar("A", bound="VenueApi")


class SyncApi(Generic[A]):
    """
    A client whose calls block: `with SyncApi(BinanceApi(gear)) as api: api.get_market_price(…)`.

    Arguments, values and errors are those of the client; what TradingApi says holds here. Any number
    of threads may share one. A thread that runs an event loop must use the client itself.
    """

    def __init__(self, api: A) -> None:
        """Wrap a client; its thread begins with the first call."""
        self.api = api
        """The client itself."""
        self._begin()

    def _begin(self) -> None:
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """
        Close its connections and end its thread; a later call begins anew.

        A call of another thread that is under way is cancelled, and raises CancelledError there: an
        order may have been booked then, as with any cancellation.
        """
        self._after_fork()
        with self._lock:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is None or thread is None:
            return
        asyncio.run_coroutine_threadsafe(self._wind_down(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

    def get_market_price(self, symbol: str) -> Decimal:
        """The last price of one base asset in the quote asset."""
        return self._run(self.api.get_market_price(symbol))

    def get_market_prices(self, symbols: Iterable[str]) -> dict[str, Decimal]:
        """The last price of each of these pairs."""
        return self._run(self.api.get_market_prices(symbols))

    def get_market_data(
        self,
        symbol: str,
        interval: str = "1m",
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 100,
    ) -> list[Candle]:
        """Candles, oldest first."""
        work = self.api.get_market_data(symbol, interval, since=since, until=until, limit=limit)
        return self._run(work)

    def get_order_book(self, symbol: str, depth: int = 20) -> OrderBook:
        """What others offer."""
        return self._run(self.api.get_order_book(symbol, depth))

    def get_account_balance(self) -> dict[str, Balance]:
        """What the account holds, by asset."""
        return self._run(self.api.get_account_balance())

    def get_portfolio(self) -> Portfolio:
        """What the account holds, and what it is worth."""
        return self._run(self.api.get_portfolio())

    def get_positions(self) -> list[Position]:
        """What the account is in, cash left out."""
        return self._run(self.api.get_positions())

    def create_order(self, request: OrderRequest) -> Order:
        """
        The order as booked, sent once.

        When it is interrupted, by Ctrl-C or a close, the error has a note with the client order id.
        """
        named = with_client_order_id(request)
        try:
            return self._run(self.api.create_order(named))
        except (KeyboardInterrupt, CancelledError) as stopped:
            name_order(stopped, named)
            raise

    def cancel_order(
        self, symbol: str, *, order_id: str | None = None, client_order_id: str | None = None
    ) -> Order:
        """The order, cancelled; exactly one of the two ids is given."""
        return self._run(
            self.api.cancel_order(symbol, order_id=order_id, client_order_id=client_order_id)
        )

    def cancel_all(self, symbol: str | None = None) -> CancelReport:
        """Cancel every open order, of one pair or of all."""
        return self._run(self.api.cancel_all(symbol))

    def get_order(
        self, symbol: str, *, order_id: str | None = None, client_order_id: str | None = None
    ) -> Order:
        """The order with this id; exactly one of the two is given."""
        return self._run(
            self.api.get_order(symbol, order_id=order_id, client_order_id=client_order_id)
        )

    def get_open_orders(self, symbol: str | None = None) -> list[Order]:
        """Every order that can still trade."""
        return self._run(self.api.get_open_orders(symbol))

    def get_trades(
        self, symbol: str, *, since: datetime | None = None, limit: int = 100
    ) -> list[Trade]:
        """The account's own executions, oldest first."""
        return self._run(self.api.get_trades(symbol, since=since, limit=limit))

    def get_symbol(self, symbol: str) -> SymbolInfo:
        """One pair with its rules."""
        return self._run(self.api.get_symbol(symbol))

    def get_symbols(self) -> Mapping[str, SymbolInfo]:
        """Every pair that the exchange trades, with its rules."""
        return self._run(self.api.get_symbols())

    def served(self, method: str, *args: Any, **kwargs: Any) -> Served[Any]:
        """The value of a method by its name, with where it came from and how old it is."""
        return self._run(self.api.served(method, *args, **kwargs))

    def resolve(self, symbol: str, client_order_id: str) -> Order | None:
        """What became of an order whose outcome is unknown; see `OrderDesk.resolve`."""
        return self._run(self.api.desk.resolve(symbol, client_order_id))

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        if _has_running_loop():
            work.close()
            raise RuntimeError("this thread runs an event loop: await the client itself instead")
        self._after_fork()
        with self._lock:  # so that a close sees either no call or the whole of it
            future = asyncio.run_coroutine_threadsafe(work, self._own_loop_locked())
        try:
            return future.result()
        except BaseException:
            # Ctrl-C must not leave the request running unseen; when it has ended this does nothing.
            future.cancel()
            raise

    def _after_fork(self) -> None:
        """In the child of a fork, begin anew: the thread stayed with the parent, and perhaps holds the lock."""
        if self._process != os.getpid():
            self._begin()

    async def _wind_down(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self.api.close()

    def _own_loop_locked(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(
                target=self._loop.run_forever, name="switchgear-sync-api", daemon=True
            )
            self._thread.start()
        return self._loop


def _has_running_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
