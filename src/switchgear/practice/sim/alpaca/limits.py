"""Owns how many requests a key, or an address without one, may make in a minute."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

REQUESTS_PER_MINUTE = 200


@dataclass(slots=True)
class RequestLimit:
    """
    Requests by whoever makes them, in minutes counted from the start of the venue.

    The clock behind now_s never steps back.
    """

    limit: int = REQUESTS_PER_MINUTE
    _used: dict[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])
    """The minute and the requests in it."""

    def take(self, who: str, now_s: float) -> bool:
        """Count a request; False when none was left. A refused one does not count."""
        left = self.left(who, now_s)
        if left:
            self._used[who] = (_minute(now_s), self.limit - left + 1)
        return left > 0

    def left(self, who: str, now_s: float) -> int:
        """The requests left in this minute."""
        minute, used = self._used.get(who, (0, 0))
        return self.limit - (used if minute == _minute(now_s) else 0)

    def headers(self, who: str, now_s: float, now_ms: int) -> dict[str, str]:
        """How Alpaca tells what is left, and the epoch second at which all of it comes back."""
        reset_s = math.ceil(now_ms / 1000 + (_minute(now_s) + 1) * 60 - now_s)
        return limit_headers(self.limit, self.left(who, now_s), reset_s)


def limit_headers(limit: int, left: int, reset_s: int) -> dict[str, str]:
    """The three headers of a limit; reset_s is an epoch second."""
    return {
        "X-RateLimit-Limit": str(limit),
        "X-RateLimit-Remaining": str(left),
        "X-RateLimit-Reset": str(reset_s),
    }


def _minute(now_s: float) -> int:
    return int(now_s // 60)
