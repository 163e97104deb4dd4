"""Owns how Coinbase is asked: tokens, encoding, refusals with status 200; endpoints are `coinbase`'s."""

from __future__ import annotations

from asyncio import get_running_loop
from dataclasses import replace
from os import getpid
from secrets import token_hex
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import urlencode, urlsplit

import msgspec

from switchgear.core.errors import ApiError
from switchgear.core.verdict.answer import refuses
from switchgear.core.words import Effect, Kind
from switchgear.exchange.coinbase_answers import TIME
from switchgear.exchange.reply import Target, refusal
from switchgear.exchange.server_time import ServerTime
from switchgear.exchange.signing import jwt_maker

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from switchgear.core.clock import Clock
    from switchgear.exchange.reply import Reply, Shape
    from switchgear.exchange.transport import Transport

T = TypeVar("T")
R = TypeVar("R")

TOKEN_S = 30
"""How long a token is good for; Coinbase takes up to 120. A late copy of an order is refused after it."""

_TOKEN_BACK_S = 5
"""So much of it lies behind us: a clock a little ahead of theirs must not sign from the future."""

_ROOT = "/api/v3/brokerage"
_TIME = f"{_ROOT}/time"
_TIME_S_MAX = 3.0
_OFTEN = frozenset({"/accounts", "/orders", "/orders/historical/batch", "/orders/historical/fills"})
"""
Paths that are asked again and again: the token of the next request is signed while the answer to
this one is on its way. An ECDSA signature is a third of what a request costs here.
"""
_SPARE_S = 10.0
"""A token made longer ago is thrown away; of its life at least half is left then."""
_JSON = {"Content-Type": "application/json"}
_FRESH = {"Cache-Control": "no-cache"}
"""Public answers are kept by Coinbase for a second, unless one asks for fresh ones."""


class _Spare(NamedTuple):
    """A token that was made before it is needed, for one request."""

    headers: dict[str, str]
    at_s: float
    process: int
    """Who made it: a forked process has a copy of it, and one token is for one request alone."""


class CoinbaseWire:
    """Requests to one address, signed with a token for each where there is a key."""

    def __init__(self, transport: Transport, clock: Clock, key: str, secret: str) -> None:
        """
        Load the key; nothing is sent.

        Raises:
            SettingsError: secret is no key that Coinbase gives out.
        """
        self._transport = transport
        self._clock = clock
        self._key = key
        self._make = jwt_maker(key, secret) if key else None
        self._host = urlsplit(transport.base_url).netloc
        self._time = ServerTime(clock, "coinbase")
        self._spares: dict[tuple[str, str], _Spare] = {}

    async def public(
        self,
        target: Target,
        path: str,
        params: Mapping[str, str | list[str]],
        shape: Shape[T],
        words: Callable[[T], R],
    ) -> R:
        """The answer of a public endpoint, in our words."""
        query = urlencode(params, doseq=True)
        reply = await self._transport.request(
            "GET", _ROOT + path, target, query=query, headers=_FRESH
        )
        return shape.tell(reply, target, self._clock, words)

    async def get(
        self,
        target: Target,
        path: str,
        params: Mapping[str, str | list[str]],
        shape: Shape[T],
        words: Callable[[T], R],
    ) -> R:
        """The answer of an endpoint of the account, in our words."""
        headers = await self._signed("GET", path, target)
        query = urlencode(params, doseq=True)
        reply = await self._transport.request(
            "GET", _ROOT + path, target, query=query, headers=headers
        )
        return self._tell(shape, reply, target, words)

    async def post(
        self,
        target: Target,
        path: str,
        body: Mapping[str, Any],
        shape: Shape[T],
        words: Callable[[T], R],
        *,
        in_parts: bool = False,
    ) -> R:
        """
        The answer to something sent, in our words; a refusal with status 200 is raised too.

        With in_parts each part of the answer says for itself whether it was refused: none is raised.
        """
        headers = await self._signed("POST", path, target)
        reply = await self._transport.request(
            "POST", _ROOT + path, target, body=msgspec.json.encode(body), headers=headers | _JSON
        )
        if not in_parts and refuses(reply.body):
            raise refusal(reply, target, self._clock)
        return self._tell(shape, reply, target, words)

    def _tell(self, shape: Shape[T], reply: Reply, target: Target, words: Callable[[T], R]) -> R:
        try:
            return shape.tell(reply, target, self._clock, words)
        except ApiError as error:
            if error.verdict is not None and error.verdict.kind is Kind.CLOCK_SKEW:
                self._time.doubt()
                self._spares.clear()
            raise

    async def _signed(self, verb: str, path: str, target: Target) -> dict[str, str]:
        if self._time.is_due:
            await self._time.refresh(lambda: self._ask_time(replace(target, effect=Effect.READ)))
        spare = self._spares.pop((verb, path), None)
        if path in _OFTEN:
            # Twice round the loop: the request itself goes out first.
            loop = get_running_loop()
            loop.call_soon(loop.call_soon, self._prepare, verb, path)
        if spare is not None and spare.process == getpid() and self._age_s(spare) < _SPARE_S:
            return spare.headers
        return self._token(verb, path)

    def _age_s(self, spare: _Spare) -> float:
        return self._clock.monotonic_s() - spare.at_s

    def _token(self, verb: str, path: str) -> dict[str, str]:
        assert self._make is not None  # nobody gets here without a key
        begins_s = self._time.now_ms() // 1000 - _TOKEN_BACK_S
        claims = {
            "sub": self._key,
            "iss": "cdp",
            "nbf": begins_s,
            "exp": begins_s + TOKEN_S,
            "uri": f"{verb} {self._host}{_ROOT}{path}",
        }
        return {"Authorization": f"Bearer {self._make(claims, token_hex(16))}"}

    def _prepare(self, verb: str, path: str) -> None:
        """Sign the next request like this one while the answer to it is on its way."""
        # Set and popped whole, so that event loops of several threads never take the same one.
        spare = _Spare(self._token(verb, path), self._clock.monotonic_s(), getpid())
        self._spares[verb, path] = spare

    async def _ask_time(self, target: Target) -> int:
        reply = await self._transport.request("GET", _TIME, target, total_s=_TIME_S_MAX)
        return int(TIME.read(reply, target, self._clock).epochMillis)
