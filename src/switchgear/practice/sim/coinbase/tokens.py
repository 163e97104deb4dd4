"""Owns the check of a request's token, part by part; which keys there are is told by keys."""

from __future__ import annotations

import base64
import re
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, cast

from switchgear.practice.sim.coinbase.refusals import Unauthorized
from switchgear.practice.sim.json_text import NotJsonError, read_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switchgear.practice.sim.coinbase.keys import ApiKey
    from switchgear.practice.sim.messages import Request

REAL_HOST = "api.coinbase.com"
LIFE_S_MAX = 120
LEEWAY_S = 5
"""How far the sender's clock may be off."""
_ISSUERS = {"cdp", "coinbase-cloud"}
"""The word of today, and the one that older clients still send."""
_TOKEN = re.compile(r"Bearer ([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)", re.ASCII)


def authenticate(request: Request, keys: Mapping[str, ApiKey], now_ms: int) -> ApiKey:
    """
    The key whose token this request carries.

    Raises:
        Unauthorized: There is no token, or a part of it does not hold; expired when its time is over.
    """
    match = _TOKEN.fullmatch(request.headers.get("Authorization", ""))
    if match is None:
        raise Unauthorized
    head, claims = _json(match[1]), _json(match[2])
    kid = head.get("kid")
    key = keys.get(kid) if isinstance(kid, str) else None
    if key is None or not _head_holds(head, key):
        raise Unauthorized
    if not key.holds(f"{match[1]}.{match[2]}".encode(), _decoded(match[3])):
        raise Unauthorized
    if claims.get("sub") != key.name or claims.get("iss") not in _ISSUERS:
        raise Unauthorized
    if not _names(claims, request):
        raise Unauthorized
    _check_times(claims, now_ms)
    return key


def _head_holds(head: Mapping[str, Any], key: ApiKey) -> bool:
    # The key decides the algorithm, never the token: else one could pick "none", or an HMAC of ours.
    nonce = head.get("nonce")
    is_ours = head.get("alg") == key.algorithm and head.get("typ", "JWT") == "JWT"
    return is_ours and isinstance(nonce, str) and bool(nonce)


def _names(claims: Mapping[str, Any], request: Request) -> bool:
    """Whether the token was made for this method, host and path."""
    sent = [claims["uri"]] if "uri" in claims else claims.get("uris")
    if not isinstance(sent, list):
        return False
    here = request.headers.get("Host", REAL_HOST)
    places = [REAL_HOST, here]
    # A client takes https:// away; of plain http, as on one machine, some leave the scheme standing.
    if _is_loopback(here):
        places.append(f"http://{here}")
    meant = [f"{request.method} {each}{request.path}" for each in places]
    return any(uri in meant for uri in cast("list[object]", sent))  # JSON says no more


def _is_loopback(host: str) -> bool:
    """Whether a host, with its port or without, is this machine as it calls itself."""
    name = re.sub(r":[0-9]*$", "", host).strip("[]")
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name.lower() == "localhost"


def _check_times(claims: Mapping[str, Any], now_ms: int) -> None:
    start_s, end_s = claims.get("nbf"), claims.get("exp")
    # A JSON true would pass for the number 1.
    if type(start_s) is not int or type(end_s) is not int:
        raise Unauthorized
    if not 0 < end_s - start_s <= LIFE_S_MAX or start_s * 1000 > now_ms + LEEWAY_S * 1000:
        raise Unauthorized
    if end_s * 1000 + LEEWAY_S * 1000 <= now_ms:
        raise Unauthorized(expired=True)


def _json(part: str) -> dict[str, Any]:
    try:
        return read_json(_decoded(part), dict[str, Any])
    except NotJsonError:
        raise Unauthorized from None


def _decoded(part: str) -> bytes:
    if len(part) % 4 == 1:
        raise Unauthorized
    raw = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    # Only one spelling of the same bytes is right: unused bits must be zero.
    if base64.urlsafe_b64encode(raw).rstrip(b"=") != part.encode():
        raise Unauthorized
    return raw
