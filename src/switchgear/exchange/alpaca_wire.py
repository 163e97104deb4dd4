"""Owns how a request reaches Alpaca's two addresses, and how its pages and times are written."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlencode

from switchgear.core.words import effect_of
from switchgear.exchange.alpaca_assets import VENUE
from switchgear.exchange.reply import Target
from switchgear.exchange.transport import TOTAL_S_MAX

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from switchgear.core.clock import Clock
    from switchgear.core.words import Effect
    from switchgear.exchange.reply import Reply, Shape
    from switchgear.exchange.transport import Transport

T = TypeVar("T")
R = TypeVar("R")

EARLIEST = datetime(2015, 1, 1, tzinfo=UTC)
"""Before Alpaca's first candle and execution; a span without a start would be that of today."""

_JSON = {"Content-Type": "application/json"}


class Wire:
    """Requests to the address of trading and to that of market data, told in our words."""

    def __init__(self, clock: Clock, trading: Transport, data: Transport) -> None:
        self.clock = clock
        self._trading, self._data = trading, data

    async def ask(
        self,
        method: str,
        path: str,
        params: Mapping[str, str],
        shape: Shape[T],
        words: Callable[[T], R],
        *,
        effect: Effect | None = None,
        total_s: float = TOTAL_S_MAX,
    ) -> R:
        """What a GET of the trading API answers; effect where it is not the method's own."""
        target = target_of(method, effect)
        reply = await self._trading.request(
            "GET", path, target, query=urlencode(params), total_s=total_s
        )
        return shape.tell(reply, target, self.clock, words)

    def limit_s(self, method: str) -> float | None:
        """How long an attempt of this method may take; None for any time."""
        return self._trading.limit_of(target_of(method))

    async def quote(
        self,
        method: str,
        path: str,
        params: Mapping[str, str],
        shape: Shape[T],
        words: Callable[[T], R],
    ) -> R:
        """What a GET of the market data API answers."""
        target = target_of(method)
        reply = await self._data.request("GET", path, target, query=urlencode(params))
        return shape.tell(reply, target, self.clock, words)

    async def send(self, verb: str, method: str, path: str, body: bytes | None = None) -> Reply:
        """What the trading API answers to anything but a GET, read by the caller."""
        headers = None if body is None else _JSON
        return await self._trading.request(
            verb, path, target_of(method), body=body, headers=headers
        )


def target_of(method: str, effect: Effect | None = None) -> Target:
    """For whom a request is made."""
    return Target(VENUE, method, effect_of(method) if effect is None else effect)


PAGES_MAX = 100
"""So many pages of candles are read at most: Alpaca gives short ones where it must gather much."""


def next_page(token: str | None, before: str | None) -> str | None:
    """Where the next page begins, None after the last; ValueError when it is where this one began."""
    if token is not None and token == before:
        raise ValueError("the pages do not end")
    return token or None


def within(at: datetime, since: datetime | None, until: datetime | None) -> bool:
    """Whether an instant is in a span, its ends among it."""
    return (since is None or at >= since) and (until is None or at <= until)
