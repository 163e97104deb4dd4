"""Owns what is remembered of the pairs that an exchange trades; asking for them is its client's."""

from __future__ import annotations

from asyncio import Lock, get_running_loop
from difflib import get_close_matches
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from switchgear.core.errors import ApiError, SwitchgearError
from switchgear.core.words import Kind
from switchgear.exchange.model import FieldError

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Awaitable, Callable, Mapping

    from switchgear.core.clock import Clock
    from switchgear.exchange.market import SymbolInfo

    Find = Callable[[str], Awaitable[SymbolInfo]]
    Load = Callable[[], Awaitable[Mapping[str, SymbolInfo]]]

FRESH_S = 3_600.0
"""After so long the rules of a pair are asked for again: venues change them on days, not in minutes."""

AGAIN_S = 30.0
"""After so long they are asked for again when they could not be had."""

_NOT_TRADED = frozenset({Kind.INVALID_REQUEST, Kind.INVALID_ORDER, Kind.ORDER_NOT_FOUND})
"""What an exchange answers when it is asked for a pair that it does not have."""


class SymbolBook:
    """
    The pairs of one exchange, each asked for when it is first needed and kept for FRESH_S.

    Rules that cannot be had do not stop an order: the exchange checks it in any case.
    """

    def __init__(self, exchange: str, clock: Clock, find: Find, load: Load) -> None:
        """Ask by find for one pair, and by load for all of them."""
        self._exchange = exchange
        self._clock = clock
        self._find = find
        self._load = load
        self._known: dict[str, SymbolInfo] = {}
        self._due_s: dict[str, float] = {}
        self._names: dict[str, str] = {}
        self._all_due_s = clock.monotonic_s()
        self._locks: WeakKeyDictionary[AbstractEventLoop, Lock] = WeakKeyDictionary()

    def keep(self, infos: Mapping[str, SymbolInfo]) -> None:
        """Remember what somebody was told."""
        due_s = self._clock.monotonic_s() + FRESH_S
        self._known.update(infos)
        self._due_s.update(dict.fromkeys(infos, due_s))
        self._names.update({info.venue_symbol: symbol for symbol, info in infos.items()})

    async def rules_of(self, symbol: str) -> SymbolInfo | None:
        """
        The rules of a pair; None while the exchange cannot be asked and nothing is remembered.

        Raises:
            FieldError: The exchange does not trade it.
        """
        if self._is_due(symbol):
            async with self._locks.setdefault(get_running_loop(), Lock()):
                if self._is_due(symbol):
                    await self._ask(symbol)
        return self._known.get(symbol)

    async def symbol_of(self, venue_symbol: str) -> str | None:
        """`BTC/USDT` for the exchange's own spelling; None when it cannot be told."""
        if venue_symbol not in self._names and self._clock.monotonic_s() >= self._all_due_s:
            self._all_due_s = self._clock.monotonic_s() + AGAIN_S
            try:
                self.keep(await self._load())
            except SwitchgearError:
                return None
        return self._names.get(venue_symbol)

    def _is_due(self, symbol: str) -> bool:
        return self._clock.monotonic_s() >= self._due_s.get(symbol, 0.0)

    async def _ask(self, symbol: str) -> None:
        try:
            info = await self._find(symbol)
        except SwitchgearError as error:
            if _says_not_traded(error):
                allowed = f"is not traded at {self._exchange}{self._hint(symbol)}"
                raise FieldError("symbol", symbol, allowed) from None
            if symbol in self._known or len(self._due_s) < len(self._known) + 1_000:
                self._due_s[symbol] = self._clock.monotonic_s() + AGAIN_S
        else:
            self.keep({symbol: info})

    def _hint(self, symbol: str) -> str:
        base = symbol.partition("/")[0]
        near = sorted(name for name in self._known if name.partition("/")[0] == base)
        near = near or get_close_matches(symbol, self._known, n=3)
        return f"; did you mean {', '.join(near[:3])}?" if near else ""


def _says_not_traded(error: SwitchgearError) -> bool:
    """Only the exchange's own word is believed: it has a code, where a page of a proxy has none."""
    if not isinstance(error, ApiError) or error.code is None or error.verdict is None:
        return False
    return error.verdict.kind in _NOT_TRADED
