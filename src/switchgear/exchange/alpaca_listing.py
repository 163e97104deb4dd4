"""Owns asking Alpaca for its assets: the list of coins once an hour, and any asset when it is wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn
from urllib.parse import quote

from switchgear.core.errors import ApiError
from switchgear.core.words import Effect
from switchgear.exchange import alpaca_assets as assets
from switchgear.exchange.alpaca_wire import target_of
from switchgear.exchange.transport import marked_unsent, unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from switchgear.exchange.alpaca_assets import Coins
    from switchgear.exchange.alpaca_wire import Wire
    from switchgear.exchange.market import SymbolInfo

_ASSETS = "/v2/assets"


class Listing:
    """What Alpaca trades."""

    def __init__(self, wire: Wire, keep: Callable[[Mapping[str, SymbolInfo]], None]) -> None:
        """Ask by wire, and hand each list of coins to keep."""
        self._wire, self._keep = wire, keep
        self.known = assets.Coins(wire.clock)
        """Which pairs are coins, as far as it was asked."""

    async def coins(self, method: str) -> Coins:
        """Which pairs are coins; asked for where it is due, and an older list serves in need."""
        if self.known.is_due:
            try:
                await self._load(method)
            except ApiError as error:
                if self.known.is_empty:
                    marked_unsent(error)  # what the list is needed for
                    raise
                self.known.postpone()
        return self.known

    async def symbol(self, method: str, symbol: str) -> SymbolInfo:
        """The rules of one asset as they are now; Alpaca's own refusal when there is none."""
        was_due = self.known.is_due
        coins = await self.coins(method)
        if not coins.is_coin(symbol):
            return await self._asset(method, symbol)
        fresh = coins.infos if was_due else await self._load(method)
        return fresh.get(symbol) or await self._asset(method, symbol)

    async def symbols(self, method: str) -> dict[str, SymbolInfo]:
        """The rules of all that can be traded."""
        infos = dict(await self._load(method))
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

    async def _load(self, method: str) -> Mapping[str, SymbolInfo]:
        # Coins that are delisted too, or their orders would go to the share of the same ticker. It is
        # a READ for an order too: nothing of the order has left.
        params = {"asset_class": assets.COIN}
        infos = await self._wire.ask(
            method, _ASSETS, params, assets.ASSETS, assets.coins_of, effect=Effect.READ
        )
        self.known.keep(infos)
        self._keep(infos)
        return infos
