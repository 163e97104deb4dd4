"""Owns how many requests a user or an address may send in a second; knows no endpoint."""

from __future__ import annotations

from dataclasses import dataclass, field

PRIVATE_PER_S = 30
"""For each user."""
PUBLIC_PER_S = 10
"""For each IP."""


@dataclass(slots=True)
class _Used:
    second: int
    count: int = 0


@dataclass(slots=True)
class SecondLimit:
    """The requests that each sender may send in a second, counted from the start of the venue."""

    limit: int
    _used: dict[str, _Used] = field(default_factory=dict[str, _Used])

    def take(self, sender: str, now_s: float) -> bool:
        """Count a request; whether it may go on. One that may not costs nothing."""
        used = self._at(sender, now_s)
        if used.count >= self.limit:
            return False
        used.count += 1
        return True

    def headers(self, sender: str, now_s: float) -> dict[str, str]:
        """What tells a sender the limit, what is left of it, and in how many seconds it is whole."""
        left = self.limit - self._at(sender, now_s).count
        return {
            "x-ratelimit-limit": str(self.limit),
            "x-ratelimit-remaining": str(left),
            "x-ratelimit-reset": "1",
        }

    def _at(self, sender: str, now_s: float) -> _Used:
        used = self._used.get(sender)
        if used is None or used.second != int(now_s):
            used = self._used[sender] = _Used(int(now_s))
        return used
