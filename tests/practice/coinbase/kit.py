"""Owns what tests of the practice Coinbase share: a desk that signs requests, without a socket."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from switchgear.practice.sim.messages import Request
from switchgear.practice.sim.practice import Practice
from switchgear.testing.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Mapping

HOST = "127.0.0.1:9100"
V3 = "/api/v3/brokerage"
ORDERS = f"{V3}/orders"
LIFE_S = 3_600
"""Long enough for a path to swing by one per cent and back."""


@dataclass(frozen=True)
class Reply:
    """One answer, read."""

    status: int
    json: Any
    headers: Mapping[str, str]

    @property
    def gateway(self) -> tuple[int, str, str]:
        """Status, word and details of a refusal by the gateway."""
        assert self.json["message"] == self.json["error_details"]
        return self.status, self.json["error"], self.json["error_details"]

    @property
    def refusal(self) -> tuple[str, str]:
        """The two reasons why an order was refused."""
        error = self.json["error_response"]
        assert (self.status, self.json["success"], self.json["order_id"]) == (200, False, "")
        assert "success_response" not in self.json
        assert error["error"] == error["new_order_failure_reason"]
        return error["error"], error["preview_failure_reason"]


def encoded(raw: bytes) -> str:
    """Base64 for addresses, without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signature_of(secret: str, signed: bytes) -> bytes:
    """The signature as a token carries it, by the kind of the secret."""
    if not secret.startswith("-----BEGIN EC"):
        return Ed25519PrivateKey.from_private_bytes(base64.b64decode(secret)[:32]).sign(signed)
    pair = load_pem_private_key(secret.encode(), None)
    assert isinstance(pair, EllipticCurvePrivateKey)
    halves = decode_dss_signature(pair.sign(signed, ECDSA(SHA256())))
    return b"".join(half.to_bytes(32, "big") for half in halves)


def token(secret: str, head: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
    """A token of these parts, signed with this secret; None among them means absent."""
    parts = ({k: v for k, v in part.items() if v is not None} for part in (head, claims))
    text = ".".join(encoded(json.dumps(part).encode()) for part in parts)
    return f"{text}.{encoded(signature_of(secret, text.encode()))}"


def token_parts(
    key: str, method: str, path: str, now_s: int, algorithm: str = "ES256"
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Head and claims of a token that holds."""
    head = {"alg": algorithm, "kid": key, "nonce": "5f2c", "typ": "JWT"}
    times = {"nbf": now_s, "exp": now_s + 120}
    return head, {"sub": key, "iss": "cdp", "uri": f"{method} {HOST}{path}", **times}


def limit(price: str, size: str = "0.01", kind: str = "limit_limit_gtc", **more: Any) -> Any:
    """The configuration of a limit order."""
    return {kind: {"base_size": size, "limit_price": price, **more}}


def market(**size: str) -> Any:
    """The configuration of a market order."""
    return {"market_market_ioc": size}


def stop(price: str, limit_price: str, direction: str, **more: Any) -> Any:
    """The configuration of a stop order."""
    terms = {"base_size": "0.01", "limit_price": limit_price, "stop_price": price}
    return {
        "stop_limit_stop_limit_gtc": {
            **terms,
            "stop_direction": f"STOP_DIRECTION_STOP_{direction}",
            **more,
        }
    }


RESTING = limit("10000")


class Desk:
    """A practice world with a clock of its own, and requests put to it directly."""

    def __init__(self, seed: int = 1) -> None:
        self.clock = FakeClock()
        self.practice = Practice(seed, self.clock, venue="coinbase")
        self._named = 0

    @property
    def credentials(self) -> Mapping[str, str]:
        """What the venue gives its clients."""
        return self.practice.venue.credentials

    @property
    def now_s(self) -> int:
        """The venue's time in epoch seconds."""
        return int(self.clock.wall().timestamp())

    def raw(
        self,
        method: str,
        path: str,
        query: str = "",
        body: str = "",
        authorization: str | None = None,
        ip: str = "127.0.0.1",
    ) -> Reply:
        """Exactly this request."""
        headers = {"Host": HOST, "Content-Type": "application/json"}
        if authorization is not None:
            headers["Authorization"] = authorization
        request = Request(method, path, query, body.encode(), headers, ip)
        answer = self.practice.handle(request)
        is_json = answer.kind.startswith("application/json")
        value = json.loads(answer.body) if is_json else answer.body.decode()
        return Reply(answer.status, value, answer.headers)

    def bearer(self, method: str, path: str, which: str = "") -> str:
        """The header of a signed request; which is "", "ed25519_" or "view_"."""
        key, secret = self.credentials[f"{which}key"], self.credentials[f"{which}secret"]
        algorithm = "EdDSA" if which == "ed25519_" else "ES256"
        parts = token_parts(key, method, path, self.now_s, algorithm)
        return f"Bearer {token(secret, *parts)}"

    def public(self, path: str, **params: Any) -> Reply:
        """A request of the part without keys."""
        return self.raw("GET", path, urlencode(params, doseq=True))

    def get(self, path: str, **params: Any) -> Reply:
        """A signed look-up."""
        query = urlencode(params, doseq=True)
        return self.raw("GET", path, query, authorization=self.bearer("GET", path))

    def post(self, path: str, body: Any, which: str = "") -> Reply:
        """A signed request with this body."""
        text = body if isinstance(body, str) else json.dumps(body)
        bearer = self.bearer("POST", path, which)
        return self.raw("POST", path, body=text, authorization=bearer)

    def order(self, configuration: Any, name: str | None = None, **more: Any) -> Reply:
        """A new order, a buy of BTC-USD unless more says otherwise."""
        self._named += 1
        body = {
            "client_order_id": f"order-{self._named}" if name is None else name,
            "product_id": "BTC-USD",
            "side": "BUY",
            "order_configuration": configuration,
        }
        return self.post(ORDERS, body | more)

    def placed(self, configuration: Any, name: str | None = None, **more: Any) -> str:
        """The id of a new order that must be taken."""
        reply = self.order(configuration, name, **more).json
        assert reply["success"], reply
        return str(reply["order_id"])

    def found(self, order_id: str) -> Any:
        """An order as a look-up finds it."""
        return self.get(f"{ORDERS}/historical/{order_id}").json["order"]

    def cancel(self, *ids: str) -> list[tuple[bool, str]]:
        """What became of the cancel of each id."""
        results = self.post(f"{ORDERS}/batch_cancel", {"order_ids": ids}).json["results"]
        assert [each["order_id"] for each in results] == list(ids)
        return [(each["success"], each["failure_reason"]) for each in results]

    def price(self, product: str = "BTC-USD") -> str:
        """The price now, as the venue tells it."""
        return str(self.public(f"{V3}/market/products/{product}").json["price"])
