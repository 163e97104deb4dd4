"""Owns request weights, bans and order counts; knows no endpoint and no wire."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

WEIGHT_PER_MINUTE = 6_000
RAW_PER_5_MINUTES = 61_000
"""Told, and never reached: each request weighs 1 at least, so the weight runs out long before."""
ORDERS_PER_10_S = 100
ORDERS_PER_DAY = 200_000
REFUSALS_BEFORE_BAN = 10
"""429 answers in one minute that an address may collect; the next request bans it."""
BAN_S_FIRST = 120
BAN_S_MAX = 3 * 24 * 3_600


def _told(kind: str, interval: str, number: int, limit: int) -> dict[str, Any]:
    span = {"rateLimitType": kind, "interval": interval, "intervalNum": number}
    return span | {"limit": limit}


_ORDER_LIMITS = {
    "10S": _told("ORDERS", "SECOND", 10, ORDERS_PER_10_S),
    "1D": _told("ORDERS", "DAY", 1, ORDERS_PER_DAY),
}
RATE_LIMITS = [
    _told("REQUEST_WEIGHT", "MINUTE", 1, WEIGHT_PER_MINUTE),
    *_ORDER_LIMITS.values(),
    _told("RAW_REQUESTS", "MINUTE", 5, RAW_PER_5_MINUTES),
]
"""All limits, as exchangeInfo lists them."""


@dataclass(frozen=True, slots=True)
class TooMuch:
    """A refused request: 429 to wait, or 418 while banned; retry_after_s is at least 1."""

    status: int
    retry_after_s: int
    msg: str


@dataclass(slots=True)
class _Address:
    """What one IP has used."""

    minute: int = -1
    used: int = 0
    refusals: int = 0
    bans: int = 0
    banned_until_s: float = 0.0


@dataclass(slots=True)
class WeightLimit:
    """
    The weight that each IP may use in a minute, and the ban of one that goes on after a 429.

    Minutes are counted from the start of the venue, on a clock that never steps back.
    """

    limit: int = WEIGHT_PER_MINUTE
    _addresses: dict[str, _Address] = field(default_factory=dict[str, _Address])

    def used(self, ip: str, now_s: float) -> int:
        """The weight that this IP has used in the current minute."""
        return self._at(ip, now_s).used

    def take(self, ip: str, weight: int, now_s: float, now_ms: int) -> TooMuch | None:
        """Count a request; what it is refused with, or None when it may go on."""
        address = self._at(ip, now_s)
        if now_s < address.banned_until_s:
            return _banned(address, now_s, now_ms)
        address.used += weight
        if address.used <= self.limit:
            return None
        address.refusals += 1
        if address.refusals > REFUSALS_BEFORE_BAN:
            _ban(address, now_s)
            return _banned(address, now_s, now_ms)
        return TooMuch(
            429,
            _whole_s((address.minute + 1) * 60 - now_s),
            f"Too much request weight used; current limit is {self.limit} request weight per "
            "1 MINUTE. Please use WebSocket Streams for live updates to avoid polling the API.",
        )

    def _at(self, ip: str, now_s: float) -> _Address:
        address = self._addresses.setdefault(ip, _Address())
        minute = int(now_s // 60)
        if address.minute != minute:
            address.minute, address.used, address.refusals = minute, 0, 0
        return address


def _ban(address: _Address, now_s: float) -> None:
    length_s = min(BAN_S_FIRST * 2**address.bans, BAN_S_MAX)
    address.bans += 1
    address.refusals = 0
    address.banned_until_s = now_s + length_s


def _banned(address: _Address, now_s: float, now_ms: int) -> TooMuch:
    left_s = address.banned_until_s - now_s
    return TooMuch(418, _whole_s(left_s), banned_text(now_ms + math.ceil(left_s * 1000)))


def _whole_s(span_s: float) -> int:
    return max(1, math.ceil(span_s))


def banned_text(until_ms: int) -> str:
    """What a banned address reads; until_ms is in epoch milliseconds."""
    return (
        f"Way too much request weight used; IP banned until {until_ms}. "
        "Please use WebSocket Streams for live updates to avoid bans."
    )


@dataclass(slots=True)
class _Window:
    length_s: int
    limit: int
    words: str
    """How the refusal names the window."""
    index: int = -1
    count: int = 0


def _windows() -> dict[str, _Window]:
    return {
        "10S": _Window(10, ORDERS_PER_10_S, "10 SECOND"),
        "1D": _Window(86_400, ORDERS_PER_DAY, "1 DAY"),
    }


@dataclass(slots=True)
class OrderLimit:
    """The unfilled orders that one account may place in 10 seconds and in a day."""

    windows: dict[str, _Window] = field(default_factory=_windows)

    def refusal(self, now_s: float) -> TooMuch | None:
        """What the next order is refused with, or None when it may be placed."""
        for window in self._at(now_s).values():
            if window.count >= window.limit:
                left_s = (window.index + 1) * window.length_s - now_s
                text = (
                    "Too many new orders; current limit is "
                    f"{window.limit} orders per {window.words}."
                )
                return TooMuch(429, _whole_s(left_s), text)
        return None

    def count(self, now_s: float, change: int) -> None:
        """Add a placed order (1), or take back one that traded (-1); never below 0."""
        for window in self._at(now_s).values():
            window.count = max(0, window.count + change)

    def counts(self, now_s: float) -> dict[str, int]:
        """The orders counted in each window, by the name its header ends with."""
        return {name: window.count for name, window in self._at(now_s).items()}

    def told(self, now_s: float) -> list[dict[str, Any]]:
        """The count in each window beside its limit, as an account may ask for it."""
        counts = self.counts(now_s)
        return [told | {"count": counts[name]} for name, told in _ORDER_LIMITS.items()]

    def _at(self, now_s: float) -> dict[str, _Window]:
        for window in self.windows.values():
            index = int(now_s // window.length_s)
            if window.index != index:
                window.index, window.count = index, 0
        return self.windows
