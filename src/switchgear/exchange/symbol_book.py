"""Owns what is remembered of the pairs that an exchange trades; asking for them is its client's."""

from __future__ import annotations

from asyncio import CancelledError, Future, Lock, get_running_loop, wait
from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from switchgear.core.errors import ApiError, SwitchgearError
from switchgear.core.policy.timeout import Cut
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

HALT_S = 3.0
"""After so long a pair that was not trading is asked for again: a halt may end at any moment."""

AGAIN_S = 30.0
"""After so long they are asked for again when they could not be had."""

WAIT_S = 3.0
"""So long an order waits for the rules of its pair, then it goes on and the exchange checks it."""

_UNKNOWN_MAX = 1_000
"""For so many pairs without rules it is remembered that they could not be had."""

_NOT_TRADED = frozenset({Kind.INVALID_REQUEST, Kind.INVALID_ORDER, Kind.ORDER_NOT_FOUND})
"""What an exchange answers when it is asked for a pair that it does not have."""


class SymbolBook:
    """
    The pairs of one exchange, each asked for when it is first needed and kept for FRESH_S.

    Rules that cannot be had do not stop an order: the exchange checks it in any case. Those of one
    pair never wait for another's.
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
        # Who asks for a pair, by loop: the others wait for what becomes of it, in words.
        self._asked: WeakKeyDictionary[AbstractEventLoop, dict[str, Future[str]]] = (
            WeakKeyDictionary()
        )
        self._locks: WeakKeyDictionary[AbstractEventLoop, Lock] = WeakKeyDictionary()

    def keep(self, infos: Mapping[str, SymbolInfo]) -> None:
        """Remember what somebody was told."""
        now_s = self._clock.monotonic_s()
        self._known.update(infos)
        for symbol, info in infos.items():
            self._due_s[symbol] = now_s + (FRESH_S if info.tradable else HALT_S)
            self._names[info.venue_symbol] = symbol

    async def rules_of(self, symbol: str) -> SymbolInfo | None:
        """
        The rules of a pair; None while the exchange cannot be asked and nothing is remembered.

        At most WAIT_S go by. Older rules hold while newer ones are asked for, and when they cannot be
        had; but that a pair is not trading is believed for HALT_S only.

        Raises:
            FieldError: The exchange does not trade it.
        """
        if self._is_due(symbol):
            refused = await self._asked_for(symbol)
            if refused:
                raise FieldError("symbol", symbol, refused)
        return self._known.get(symbol)

    async def symbol_of(self, venue_symbol: str) -> str | None:
        """`BTC/USDT` for the exchange's own spelling; None when it cannot be told within WAIT_S."""
        if venue_symbol not in self._names:
            async with self._locks.setdefault(get_running_loop(), Lock()):
                if venue_symbol not in self._names:
                    await self._load_all()
        return self.known_as(venue_symbol)

    def known_as(self, venue_symbol: str) -> str | None:
        """`BTC/USDT` for the exchange's own spelling, as far as it is remembered."""
        return self._names.get(venue_symbol)

    def unknown(self, symbol: str) -> str:
        """In words, that the exchange does not trade this pair, and which it may be instead."""
        return f"is not traded at {self._exchange}{self._hint(symbol)}"

    async def _load_all(self) -> None:
        if self._clock.monotonic_s() < self._all_due_s:
            return
        try:
            async with Cut(self._clock, WAIT_S):
                infos = await self._load()
        except (SwitchgearError, TimeoutError):
            return
        finally:
            self._all_due_s = self._clock.monotonic_s() + AGAIN_S
        self.keep(infos)

    def _is_due(self, symbol: str) -> bool:
        return self._clock.monotonic_s() >= self._due_s.get(symbol, 0.0)

    async def _asked_for(self, symbol: str) -> str:
        """Why the pair is refused, once it was asked for by us or by whoever does so now; or nothing."""
        asked = self._asked.setdefault(get_running_loop(), {})
        if symbol not in asked:
            asked[symbol] = found = get_running_loop().create_future()
            refused = ""
            try:
                refused = await self._ask(symbol)
            finally:
                found.set_result(refused)
                del asked[symbol]
            return refused
        info, found = self._known.get(symbol), asked[symbol]
        if info is not None and info.tradable:
            return ""
        await wait({found})  # which does not cancel it where the waiting one is cancelled
        return found.result()

    async def _ask(self, symbol: str) -> str:
        try:
            async with Cut(self._clock, WAIT_S):
                info = await self._find(symbol)
        except FieldError as error:
            return error.allowed
        except (SwitchgearError, TimeoutError) as error:
            if _says_not_traded(error):
                return self.unknown(symbol)
            self._postpone(symbol)
        except CancelledError:
            self._postpone(symbol)  # it may hang: whoever comes next shall not wait for it as well
            raise
        else:
            self.keep({symbol: info})
        return ""

    def _postpone(self, symbol: str) -> None:
        info = self._known.get(symbol)
        if info is not None and not info.tradable:  # nobody knows: let the exchange say it
            self._known[symbol] = replace(info, tradable=True)
        if symbol in self._due_s or len(self._due_s) < len(self._known) + _UNKNOWN_MAX:
            self._due_s[symbol] = self._clock.monotonic_s() + AGAIN_S

    def _hint(self, symbol: str) -> str:
        letters, base = symbol.replace("/", ""), symbol.partition("/")[0]
        near = [name for name in self._known if name.replace("/", "") == letters != symbol]
        near = near or sorted(name for name in self._known if name.partition("/")[0] == base)
        near = near or get_close_matches(symbol, self._known, n=3)
        return f"; did you mean {', '.join(near[:3])}?" if near else ""


def _says_not_traded(error: Exception) -> bool:
    """Only the exchange's own word is believed: it has a code, where a page of a proxy has none."""
    if not isinstance(error, ApiError) or error.code is None or error.verdict is None:
        return False
    return error.verdict.kind in _NOT_TRADED
