"""Owns who is signed in, in memory: sessions of browsers, and links that can be used once."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from switchgear.server.credentials import digest_of

if TYPE_CHECKING:
    from switchgear.core.clock import Clock
    from switchgear.server.who import Who

SESSION_S = 12 * 3_600.0
"""How long a session lasts after its last request."""
LINK_S = 600.0
SESSIONS_MAX = 1_000
"""With one more, the session that was used longest ago ends."""
LINKS_MAX = 16


class _Kept(NamedTuple):
    who: Who
    until_s: float


class _Store:
    """Somebody for each secret, until some time; the secrets are kept as digests."""

    def __init__(self, clock: Clock, lasts_s: float, most: int) -> None:
        self._clock = clock
        self._lasts_s = lasts_s
        self._most = most
        self._kept: OrderedDict[bytes, _Kept] = OrderedDict()

    def begin(self, who: Who) -> str:
        """A new secret for somebody; the oldest goes when there are too many."""
        secret = secrets.token_urlsafe(32)
        self._put(digest_of(secret), who)
        return secret

    def take(self, secret: str) -> Who | None:
        """Whose it is, and it is void from now on."""
        kept = self._kept.pop(digest_of(secret), None)
        return kept.who if kept is not None and self._clock.monotonic_s() < kept.until_s else None

    def use(self, secret: str) -> Who | None:
        """Whose it is; it lasts anew from now on."""
        who = self.take(secret)
        if who is not None:
            self._put(digest_of(secret), who)
        return who

    def _put(self, digest: bytes, who: Who) -> None:
        self._kept[digest] = _Kept(who, self._clock.monotonic_s() + self._lasts_s)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)


class Sessions:
    """Who is signed in; it is for one event loop, and `link` for any thread."""

    def __init__(self, clock: Clock) -> None:
        self._sessions = _Store(clock, SESSION_S, SESSIONS_MAX)
        self._links = _Store(clock, LINK_S, LINKS_MAX)

    def begin(self, who: Who) -> str:
        """A session for somebody, under an id that nobody knew before."""
        return self._sessions.begin(who)

    def who(self, session: str) -> Who | None:
        """Whose session it is; it lasts anew from now on."""
        who = self._sessions.use(session)
        return None if who is None else replace(who, session=session)

    def end(self, session: str) -> None:
        """Sign out; nothing happens for a session that is over."""
        self._sessions.take(session)

    def link(self, who: Who) -> str:
        """A token that signs somebody in once, within LINK_S."""
        return self._links.begin(who)

    def follow(self, token: str) -> Who | None:
        """Who is signed in by a link's token, which is void from now on."""
        return self._links.take(token)
