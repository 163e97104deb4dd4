"""Owns the way of a request through Coinbase's gate: key, limit, scope, endpoint, and each way to say no."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from switchgear.practice.sim.coinbase import shapes
from switchgear.practice.sim.coinbase.bodies import named_in
from switchgear.practice.sim.coinbase.endpoints import ROUTES, Run
from switchgear.practice.sim.coinbase.house import Call, House
from switchgear.practice.sim.coinbase.keys import ApiKey, make_keys
from switchgear.practice.sim.coinbase.limits import PRIVATE_PER_S, PUBLIC_PER_S, SecondLimit
from switchgear.practice.sim.coinbase.products import MARKET
from switchgear.practice.sim.coinbase.queries import Query
from switchgear.practice.sim.coinbase.refusals import (
    OTHER,
    UNKNOWN,
    USUAL,
    GatewayRefusal,
    Unauthorized,
    forbidden,
    gateway_body,
    order_refusal,
)
from switchgear.practice.sim.coinbase.tokens import authenticate
from switchgear.practice.sim.ledger import Ledger
from switchgear.practice.sim.messages import Answer, Request, html_answer, json_answer

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from switchgear.practice.sim.coinbase.routes import Route
    from switchgear.practice.sim.faults import Answer as FaultAnswer

_TEXT = "text/plain; charset=utf-8"
_USER = "user"
_OK = 200
_LIMITED = {"errors": [{"id": "rate_limit_exceeded", "message": "Too many requests"}]}
_EXPIRED = {"errors": [{"id": "authentication_error", "message": "request timestamp expired"}]}


class CoinbaseVenue:
    """The spot part of Advanced Trade, a Venue."""

    name = "coinbase"

    def __init__(self, seed: int) -> None:
        self.ledger = Ledger(seed, MARKET)
        self.account = self.ledger.open_account()
        keys = make_keys(seed)
        self.credentials: Mapping[str, str] = keys.credentials
        """key and secret; ed25519_key and ed25519_secret; view_key and view_secret, which only look."""
        self._keys = keys.by_name
        self._house = House(self.ledger, self.account, shapes.Owner(seed))
        self.refused = self._house.refused
        self._private, self._public = SecondLimit(PRIVATE_PER_S), SecondLimit(PUBLIC_PER_S)

    @staticmethod
    def endpoint_names() -> Collection[str]:
        """The names of all endpoints, as endpoint_name gives them."""
        return ROUTES.names

    def endpoint_name(self, method: str, path: str) -> str | None:
        """The name that faults and counts use for this endpoint, None when there is none."""
        found = ROUTES.find(method, path)
        return None if found is None else found[0].name

    def handle(self, request: Request, now_s: float) -> Answer:
        """Answer one request; now_s is the time since the venue opened."""
        found = ROUTES.find(request.method, request.path)
        if found is None:
            return html_answer(404, "Not Found")
        route, part = found
        try:
            key = self._key_of(route, request)
        except Unauthorized as refusal:
            self._note(route, request, "UNAUTHORIZED", str(refusal))
            return _unauthorized(refusal)
        limit, sender = self._limit_of(route, request)
        if not limit.take(sender, now_s):
            self._note(route, request, "rate_limit_exceeded", "Too many requests")
            return json_answer(_LIMITED, 429, limit.headers(sender, now_s))
        call = Call(request.body, Query(request.query), part, key)
        return self._run(route, request, call, limit.headers(sender, now_s))

    def _run(
        self, route: Route[Run], request: Request, call: Call, headers: Mapping[str, str]
    ) -> Answer:
        try:
            if call.key is not None and route.scope not in call.key.scopes:
                raise forbidden()
            payload = route.run(self._house, call)
        except GatewayRefusal as refusal:
            self._note(route, request, refusal.error, refusal.details)
            body = gateway_body(refusal.error, refusal.details)
            return json_answer(body, refusal.status, headers)
        return json_answer(payload, _OK, headers, call.booked)

    def _key_of(self, route: Route[Run], request: Request) -> ApiKey | None:
        if route.scope is None:
            return None
        return authenticate(request, self._keys, self.ledger.now_ms)

    def _limit_of(self, route: Route[Run], request: Request) -> tuple[SecondLimit, str]:
        return (self._public, request.ip) if route.scope is None else (self._private, _USER)

    def usual_headers(self, request: Request, now_s: float) -> dict[str, str]:
        """The headers that tell the sender what is left of this second."""
        found = ROUTES.find(request.method, request.path)
        if found is None:
            return {}
        limit, sender = self._limit_of(found[0], request)
        return limit.headers(sender, now_s)

    def faulted(self, fault: FaultAnswer, retry_after_s: int | None) -> tuple[Any, dict[str, str]]:
        """
        The body of an error in the gateway's words, or with status 200 of a refused order.

        It tells a time to wait only where the fault does: the venue documents no such header.
        """
        del retry_after_s
        error, details = USUAL.get(fault.status, OTHER)
        details = details if fault.msg is None else fault.msg
        wait_s = fault.retry_after_s
        headers = {} if wait_s is None else {"Retry-After": str(wait_s)}
        if fault.status == _OK:
            refusal = order_refusal(str(fault.code or UNKNOWN), fault.msg or "")
            return shapes.refused(refusal, {}), headers
        return gateway_body(error if fault.code is None else str(fault.code), details), headers

    def _note(self, route: Route[Run], request: Request, code: str, msg: str) -> None:
        if route.name == "order.create":
            self._house.note_refused(named_in(request.body), code, msg)


def _unauthorized(refusal: Unauthorized) -> Answer:
    """Plain text; only a token whose time is over is told so."""
    if refusal.expired:
        return json_answer(_EXPIRED, 401)
    return Answer(401, b"Unauthorized", kind=_TEXT)
