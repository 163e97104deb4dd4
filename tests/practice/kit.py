"""Owns what tests of the practice venue share: a desk that signs requests, without a socket."""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from switchgear.practice.sim.binance.keys import KEY, SECRET
from switchgear.practice.sim.messages import Request
from switchgear.practice.sim.practice import Practice
from switchgear.testing.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Mapping

ORDER = "/api/v3/order"
LIMIT = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
MARKET = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.01"}
RESTING = {**LIMIT, "quantity": "0.01", "price": "10000.00"}


@dataclass(frozen=True)
class Reply:
    """One answer, read."""

    status: int
    json: Any
    headers: Mapping[str, str]

    @property
    def error(self) -> tuple[int, int, str]:
        """Status, code and message of a refusal."""
        return self.status, self.json["code"], self.json["msg"]


def sign(text: str, secret: str = SECRET) -> str:
    """The signature of a request's text."""
    return hmac.new(secret.encode(), text.encode(), sha256).hexdigest()


def signed_query(now_ms: int, secret: str = SECRET, **params: Any) -> str:
    """These parameters with a timestamp (unless one is among them) and the signature behind."""
    text = urlencode({"timestamp": now_ms, **params})
    return f"{text}&signature={sign(text, secret)}"


class Desk:
    """A practice world with a clock of its own, and requests put to it directly."""

    def __init__(self, seed: int = 1) -> None:
        self.clock = FakeClock()
        self.practice = Practice(seed, self.clock)

    @property
    def now_ms(self) -> int:
        """The venue's time."""
        return int(self.clock.wall().timestamp() * 1000)

    def raw(
        self,
        method: str,
        path: str,
        query: str = "",
        body: str = "",
        headers: Mapping[str, str] | None = None,
        ip: str = "127.0.0.1",
    ) -> Reply:
        """Exactly this request."""
        sent = {"X-MBX-APIKEY": KEY, "Content-Type": "application/x-www-form-urlencoded"}
        request = Request(method, path, query, body.encode(), {**sent, **(headers or {})}, ip)
        answer = self.practice.handle(request)
        return Reply(answer.status, json.loads(answer.body), answer.headers)

    def get(self, path: str, **params: Any) -> Reply:
        """A public request."""
        return self.raw("GET", path, urlencode(params))

    def signed(self, method: str, path: str = ORDER, **params: Any) -> Reply:
        """A signed request with its parameters in the query string."""
        return self.raw(method, path, signed_query(self.now_ms, **params))

    def order(self, shape: Mapping[str, str], **more: Any) -> Reply:
        """A new order."""
        return self.signed("POST", **{**shape, **more})

    def price(self, symbol: str = "BTCUSDT") -> str:
        """The price now, as the venue tells it."""
        return str(self.get("/api/v3/ticker/price", symbol=symbol).json["price"])
