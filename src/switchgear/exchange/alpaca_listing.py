"""Owns asking Alpaca for its assets: the list of coins once an hour, and any asset when it is wanted."""

from __future__ import annotations

from asyncio import Lock, get_running_loop
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import quote
from weakref import WeakKeyDictionary

from switchgear.core.errors import ApiError
from switchgear.core.words import Effect
from switchgear.exchange import alpaca_assets as assets
from switchgear.exchange.alpaca_wire import target_of
from switchgear.exchange.reply import marked_unsent, unreadable

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Callable, Mapping

    from switchgear.exchange.alpaca_assets import Coins
    from switchgear.exchange.alpaca_wire import Wire
    from switchgear.exchange.market import SymbolInfo

_ASSETS = "/v2/assets"
_LIST_S_MAX = 3.0
"""For the list of coins: an order may be waiting for it, and mostly an older one would do."""


class Listing:
    """What Alpaca trades."""

    def __init__(self, wire: Wire, keep: Callable[[Mapping[str, SymbolInfo]], None]) -> None:
        """Ask by wire, and hand each list of coins to keep."""
        self._wire, self._keep = wire, keep
        self.known = assets.Coins(wire.clock)
        """Which pairs are coins, as far as it was asked."""
        self._latest: Mapping[str, SymbolInfo] = {}
        self._ended = 0
        self._failed: ApiError | None = None
        self._locks: WeakKeyDictionary[AbstractEventLoop, Lock] = WeakKeyDictionary()

    def is_due(self, *symbols: str) -> bool:
        """Whether the list of coins must be asked for before these symbols are used."""
        return self.known.is_due or any(map(self.known.is_in_doubt, symbols))

    async def coins(self, method: str, *symbols: str) -> Coins:
        """
        Which pairs are coins; asked for where it is due, and an older list serves in need.

        Raises:
            FieldError: One of the symbols was a share before, and is now a coin too.
        """
        if self.is_due(*symbols):
            try:
                await self.refresh(method, *symbols)
            except ApiError as error:
                if self.known.is_empty:
                    marked_unsent(error)  # what the list is needed for
                    raise
        for symbol in symbols:
            self.known.settle(symbol)
        return self.known

    async def refresh(self, method: str, *symbols: str, always: bool = False) -> None:
        """Ask for the list of coins where it is due, or always: once for all who wait for it."""
        before = self._ended
        async with self._locks.setdefault(get_running_loop(), Lock()):
            if self._ended == before:
                if always or self.is_due(*symbols):
                    await self._load(method)
            elif self._failed is not None and (always or self.known.is_empty):
                raise _again(self._failed, method)

    def refuse_again(self, symbol: str) -> None:
        """Raise why the list could not be had where that was just now, and the rules of symbol are in it."""
        if self._failed is not None and self.known.is_coin(symbol) and self.known.is_just_asked:
            raise _again(self._failed, "get_symbol")

    async def symbol(self, method: str, symbol: str) -> SymbolInfo:
        """The rules of one asset as they are now; Alpaca's own refusal when there is none."""
        before = self._ended
        coins = await self.coins(method, symbol)
        if not coins.is_coin(symbol):
            return await self._asset(method, symbol)
        if self._ended == before:
            await self.refresh(method, always=True)
        elif self._failed is not None:
            raise _again(self._failed, method)  # an older list tells no rules as they are now
        return self._latest.get(symbol) or await self._asset(method, symbol)

    async def symbols(self, method: str) -> dict[str, SymbolInfo]:
        """The rules of all that can be traded."""
        await self.refresh(method, always=True)
        infos = dict(self._latest)
        params = {"asset_class": assets.SHARE, "status": "active"}

        def shares(found: list[assets.AssetAnswer]) -> dict[str, SymbolInfo]:
            told = [self.known.info_of(each) for each in found]
            return {each.symbol: each for each in told}

        infos |= await self._wire.ask(method, _ASSETS, params, assets.ASSETS, shares)
        return {symbol: info for symbol, info in infos.items() if info.tradable}

    async def need(self, method: str, symbol: str) -> None:
        """Raise Alpaca's refusal of a symbol that it does not have."""
        if symbol not in self.known:
            await self._asset(method, symbol)

    async def say_missing(self, method: str, symbol: str) -> NoReturn:
        """Raise Alpaca's refusal of a symbol that it does not have; else, that an answer lacks it."""
        await self.need(method, symbol)
        raise unreadable(200, f"there is nothing of {symbol} in it", target_of(method))

    async def _asset(self, method: str, symbol: str) -> SymbolInfo:
        def info(answer: assets.AssetAnswer) -> SymbolInfo:
            if not self.known.is_same(symbol, answer.symbol, answer.kind):
                raise ValueError(f"the answer is of {answer.symbol!r}")
            return self.known.info_of(answer)

        path = f"{_ASSETS}/{quote(self.known.venue_symbol(symbol), safe='')}"
        return await self._wire.ask(method, path, {}, assets.ASSET, info)

    async def _load(self, method: str) -> None:
        try:
            infos, self._failed = await self._list(method), None
        except ApiError as error:
            self._failed = _again(error, method)  # without its trace, which holds a whole call
            self._ended += 1
            raise
        finally:
            self.known.postpone()  # when it is cut too, or the next call would hang as this one did
        self._latest = infos
        self._ended += 1
        self.known.keep(infos)
        self._keep(infos)

    async def _list(self, method: str) -> Mapping[str, SymbolInfo]:
        # Coins that are delisted too, or their orders would go to the share of the same ticker. It is
        # a READ for an order too, and ends before the order's own time does: nothing of it has left.
        params = {"asset_class": assets.COIN}
        limit_s = self._wire.limit_s(method)
        return await self._wire.ask(
            method,
            _ASSETS,
            params,
            assets.ASSETS,
            assets.coins_of,
            effect=Effect.READ,
            total_s=_LIST_S_MAX if limit_s is None else min(_LIST_S_MAX, limit_s / 2),
        )


def _again(error: ApiError, method: str) -> ApiError:
    """The same for another call that waited for the same answer."""
    return ApiError(
        error.message,
        status=error.status,
        code=error.code,
        exchange=error.exchange,
        method=method,
        verdict=error.verdict,
    )
