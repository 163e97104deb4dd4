"""Owns the practice Binance as a venue: it weighs, admits and refuses; the endpoints answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from switchgear.practice.sim.binance import account_data, market_data, replacing, trading
from switchgear.practice.sim.binance.endpoint import (
    Call,
    OrderLimitHit,
    Route,
    Routes,
    Security,
    Trader,
)
from switchgear.practice.sim.binance.keys import keyring
from switchgear.practice.sim.binance.limits import TooMuch, WeightLimit, banned_text
from switchgear.practice.sim.binance.market import MARKET
from switchgear.practice.sim.binance.params import Params, authenticate
from switchgear.practice.sim.binance.refusals import AuthRefusal, Refusal, refusal_of
from switchgear.practice.sim.binance.time_unit import in_unit, units_per_ms
from switchgear.practice.sim.binance.usual import BANNED, OTHER, USUAL
from switchgear.practice.sim.faults import AnswerUntil
from switchgear.practice.sim.ledger import Ledger, Refused
from switchgear.practice.sim.messages import Answer, Request, html_answer, json_answer

if TYPE_CHECKING:
    from collections.abc import Collection

    from switchgear.practice.sim.faults import Answer as FaultAnswer

_ROUTES: Routes = {
    **market_data.ROUTES,
    **trading.ROUTES,
    **replacing.ROUTES,
    **account_data.ROUTES,
}
_PLACING = {"order.create", "order.replace"}
_CANDLES = {"klines", "klines.ui"}


class BinanceVenue:
    """
    The spot exchange, a Venue.

    Its credentials name three keys of the one account: key and secret sign with HMAC, ed25519_key
    and ed25519_secret (a PKCS8 PEM text) with Ed25519, and view_key with view_secret may not trade.
    """

    name = "binance"

    def __init__(self, seed: int) -> None:
        self.ledger = Ledger(seed, MARKET)
        self.account = self.ledger.open_account()
        self.weights = WeightLimit()
        self.refused: list[dict[str, Any]] = []
        """Orders that were not booked: client order id, code and message."""
        ring = keyring(seed)
        self.credentials = ring.credentials
        self._keys = ring.keys
        self._trader = Trader(self.account)
        self._generated = 0

    def handle(self, request: Request, now_s: float) -> Answer:
        """Answer one request; now_s is the time since the venue opened."""
        route = _ROUTES.get((request.method, request.path))
        if route is None:
            return html_answer(404, "Not Found")
        params = Params(request)
        weight = route.weight(params)
        excess = self.weights.take(request.ip, weight, now_s, self.ledger.now_ms)
        if excess is not None:
            return self._turn_away(request, excess, -1003, now_s)
        try:
            return self._run(route, request, params, now_s)
        except (Refusal, Refused) as error:
            refusal = refusal_of(error) if isinstance(error, Refused) else error
            if route.name in _PLACING:
                self._note_refused(params.peek("newClientOrderId"), refusal)
            return self._refuse(request, refusal, now_s)
        except OrderLimitHit as hit:
            return self._turn_away(request, hit.excess, -1015, now_s)

    def _run(self, route: Route, request: Request, params: Params, now_s: float) -> Answer:
        params.check()
        units = units_per_ms(request)
        if route.security is not Security.NONE:
            trades = route.security is Security.TRADE
            authenticate(request, params, self._keys, self.ledger.now_ms, trades=trades)
        call = Call(params, self.ledger, self._trader, now_s, self._fresh_id, self._note_refused)
        payload = in_unit(route.run(call), units, rows=route.name in _CANDLES)
        headers = self.usual_headers(request, now_s)
        if call.booked is not None:
            headers |= self._count_headers(now_s)
        if call.retry_after_s is not None:
            headers["Retry-After"] = str(call.retry_after_s)
        return json_answer(payload, call.status, headers, call.booked)

    @staticmethod
    def endpoint_names() -> Collection[str]:
        """The names of all endpoints, as endpoint_name gives them."""
        return {route.name for route in _ROUTES.values()}

    def endpoint_name(self, method: str, path: str) -> str | None:
        """The name that faults and counts use for this endpoint, None when there is none."""
        route = _ROUTES.get((method, path))
        return None if route is None else route.name

    def usual_headers(self, request: Request, now_s: float) -> dict[str, str]:
        """The headers that tell an address what it has used this minute."""
        used = str(self.weights.used(request.ip, now_s))
        return {"X-MBX-USED-WEIGHT": used, "X-MBX-USED-WEIGHT-1M": used}

    def faulted(self, fault: FaultAnswer, retry_after_s: int | None) -> tuple[Any, dict[str, str]]:
        """The body and the headers of an error in Binance's words; see Venue."""
        code: int | str
        code, msg = USUAL.get(fault.status, OTHER)
        if fault.status == BANNED:
            until_ms = self.ledger.now_ms + (retry_after_s or 0) * 1000
            if isinstance(fault, AnswerUntil):
                until_ms = fault.until_ms
            code, msg = -1003, banned_text(until_ms)
        code = code if fault.code is None else fault.code
        msg = msg if fault.msg is None else fault.msg
        headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
        return {"code": code, "msg": msg}, headers

    def _refuse(self, request: Request, refusal: Refusal, now_s: float) -> Answer:
        status = 401 if isinstance(refusal, AuthRefusal) else 400
        headers = self.usual_headers(request, now_s)
        return json_answer({"code": refusal.code, "msg": refusal.msg}, status, headers)

    def _turn_away(self, request: Request, excess: TooMuch, code: int, now_s: float) -> Answer:
        headers = self.usual_headers(request, now_s)
        headers["Retry-After"] = str(excess.retry_after_s)
        return json_answer({"code": code, "msg": excess.msg}, excess.status, headers)

    def _note_refused(self, name: str | None, refusal: Refusal) -> None:
        note = {"client_order_id": name, "code": refusal.code, "msg": refusal.msg}
        self.refused.append(note | {"status": "REJECTED", "via": "binance"})

    def _count_headers(self, now_s: float) -> dict[str, str]:
        counts = self._trader.limit.counts(now_s)
        return {f"X-MBX-ORDER-COUNT-{name}": str(count) for name, count in counts.items()}

    def _fresh_id(self) -> str:
        self._generated += 1
        return f"practice-{self._generated}"
