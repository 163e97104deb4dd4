"""Owns how Binance's long lists are read page by page; asking for one page is left to its user."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchgear.exchange.believed import ms_of
from switchgear.exchange.model import FieldError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from switchgear.exchange.holdings import Trade
    from switchgear.exchange.market import Candle

_CANDLES_MAX = 1000
"""So many are told in one request."""
_DAY_MS = 86_400_000
"""The longest span that executions are told for in one request."""
_DAYS_MAX = 31


async def candles(
    ask: Callable[[dict[str, str]], Awaitable[list[Candle]]],
    *,
    since: datetime | None,
    until: datetime | None,
    limit: int,
) -> list[Candle]:
    """At most limit candles: the first ones from since on, or the last ones before until or now."""
    found: list[Candle] = []
    while len(found) < limit:
        asked = min(limit - len(found), _CANDLES_MAX)
        page = await ask({**_span(since, until, found), "limit": str(asked)})
        found = found + page if since is not None else page + found
        if len(page) < asked:
            break
    return found[:limit] if since is not None else found[-limit:]


async def executions(
    ask: Callable[[int, dict[str, str]], Awaitable[list[Trade]]],
    *,
    since: datetime,
    now_ms: int,
    limit: int,
) -> list[Trade]:
    """
    At most limit executions, oldest first, from since on.

    Raises:
        FieldError: That is too many days back.
    """
    start_ms = ms_of(since)
    if now_ms - start_ms > _DAYS_MAX * _DAY_MS:
        allowed = f"binance tells executions day by day: at most {_DAYS_MAX} days back"
        raise FieldError("since", since, allowed)
    found: list[Trade] = []
    while start_ms <= now_ms and len(found) < limit:
        span = {"startTime": str(start_ms), "endTime": str(start_ms + _DAY_MS - 1)}
        found += await ask(limit - len(found), span)
        start_ms += _DAY_MS
    return found


def _span(since: datetime | None, until: datetime | None, found: list[Candle]) -> dict[str, str]:
    """The parameters of the next page: forward from since, or backward from the newest."""
    if since is not None:
        start = ms_of(found[-1].at) + 1 if found else ms_of(since)
        return {"startTime": str(start)} | ({} if until is None else {"endTime": str(ms_of(until))})
    if found:
        return {"endTime": str(ms_of(found[0].at) - 1)}
    return {} if until is None else {"endTime": str(ms_of(until))}
