"""Owns reading candles at Coinbase, page by page and within its limit; one candle is read by `coinbase_answers`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from switchgear.exchange import coinbase_answers as answers
from switchgear.exchange.believed import ms_of, rising
from switchgear.exchange.market import Interval
from switchgear.exchange.reply import believe, endless

if TYPE_CHECKING:
    from datetime import datetime

    from switchgear.core.clock import Clock
    from switchgear.exchange.coinbase_wire import CoinbaseWire
    from switchgear.exchange.market import Candle
    from switchgear.exchange.reply import Target

_PAGE = 350
_BURST_MAX = 8
_PAUSE_S = 1.0
"""After _BURST_MAX requests; ten in a second are let through, of all that comes from one address."""

_MORE_MAX = 24
"""So many requests may find nothing, beside those that the candles fill; 13 look at all the years there are."""

_FIRST_S = 1_325_376_000
"""2012 began: Coinbase did not trade before, so nothing older is asked for."""

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


@dataclass(frozen=True, slots=True)
class Span:
    """Which candles are asked for."""

    symbol: str
    interval: Interval
    since: datetime | None
    until: datetime | None
    limit: int


async def candles(wire: CoinbaseWire, clock: Clock, target: Target, span: Span) -> list[Candle]:
    """
    The candles of this span, oldest first: from `since` on, or the newest ones.

    Where Coinbase has none for long, the days are looked through for the next one. After so many
    requests that found nothing, what was found is given.

    Raises:
        ApiError: Nothing at all was found in that many requests, or an answer cannot be read.
    """
    reader = _Reader(wire, clock, target, span)
    found = await reader.read()
    believe(lambda: rising(found), target)
    return found[: span.limit] if span.since is not None else found[-span.limit :]


class _Reader:
    """The pages of one call."""

    def __init__(self, wire: CoinbaseWire, clock: Clock, target: Target, span: Span) -> None:
        self._wire, self._clock, self._target, self._span = wire, clock, target, span
        self._asked = 0
        self._asked_max = -(-span.limit // _PAGE) + _MORE_MAX
        now = clock.wall()
        # Nothing is known of the future, so it is not paged through.
        self._last_s = ms_of(now if span.until is None else min(span.until, now)) // 1000

    async def read(self) -> list[Candle]:
        span, each_s = self._span, self._span.interval.length_s
        found: list[Candle] = []
        first_s = self._first_s()
        while first_s <= self._last_s and len(found) < span.limit:
            if self._asked >= self._asked_max:
                if not found:
                    raise endless(self._target, self._asked_max)
                break
            end_s = min(first_s + (_PAGE - 1) * each_s, self._last_s)
            page = await self._page(span.interval, first_s, end_s)
            found += page
            first_s = end_s + each_s
            if not page and first_s <= self._last_s and span.interval is not Interval.D1:
                first_s = await self._next_s(first_s)
        return found

    def _first_s(self) -> int:
        since, each_s = self._span.since, self._span.interval.length_s
        if since is not None:
            first_s = max(ms_of(since) // 1000, _FIRST_S)
            return first_s + -first_s % each_s
        first_s = max(self._last_s - (self._span.limit - 1) * each_s, _FIRST_S)
        return first_s - first_s % each_s

    async def _next_s(self, first_s: int) -> int:
        """Where to go on: on the first day from first_s on that has a candle; at the end when none has."""
        day_s = Interval.D1.length_s
        start_s = first_s - first_s % day_s
        while start_s <= self._last_s and self._asked < self._asked_max:
            end_s = min(start_s + (_PAGE - 1) * day_s, self._last_s)
            days = await self._page(Interval.D1, start_s, end_s)
            if days:
                return max(first_s, ms_of(days[0].at) // 1000)
            start_s = end_s + day_s
        return max(first_s, start_s)

    async def _page(self, interval: Interval, start_s: int, end_s: int) -> list[Candle]:
        if self._asked and self._asked % _BURST_MAX == 0:
            await self._clock.sleep_async(_PAUSE_S)
        self._asked += 1
        params = {
            "start": str(start_s),
            "end": str(end_s),
            "granularity": _GRANULARITY[interval],
            "limit": str(_PAGE),
        }
        path = f"{answers.PRODUCTS_PATH}/{answers.product_of(self._span.symbol)}/candles"
        return await self._wire.public(self._target, path, params, answers.CANDLES, _candles_of)


def _candles_of(found: answers.CandlesAnswer) -> list[Candle]:
    return rising([answers.candle_of(each) for each in reversed(found.candles)])
