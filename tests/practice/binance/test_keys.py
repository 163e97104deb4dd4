"""Proves the kinds of API key: HMAC, Ed25519, and one that may look and not trade."""

from __future__ import annotations

from base64 import b64encode
from urllib.parse import quote_plus, urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.practice.kit import ORDER, RESTING, Desk, Reply, sign, signed_query

ACCOUNT = "/api/v3/account"
BAD_SIGNATURE = (400, -1022, "Signature for this request is not valid.")
NO_RIGHT = (401, -2015, "Invalid API-key, IP, or permissions for action.")
TRADES = [
    ("POST", ORDER),
    ("POST", "/api/v3/order/test"),
    ("POST", "/api/v3/order/cancelReplace"),
    ("DELETE", ORDER),
    ("DELETE", "/api/v3/openOrders"),
]
LOOKS = [ACCOUNT, "/api/v3/openOrders", "/api/v3/rateLimit/order"]


def ed25519_signature(desk: Desk, text: str) -> str:
    """The signature of this text by the venue's Ed25519 key, as base64."""
    pem = desk.practice.venue.credentials["ed25519_secret"]
    private = load_pem_private_key(pem.encode(), None)
    assert isinstance(private, Ed25519PrivateKey)
    return b64encode(private.sign(text.encode())).decode()


def call(desk: Desk, method: str, path: str, query: str, body: str = "") -> Reply:
    """A request under the Ed25519 key."""
    key = {"X-MBX-APIKEY": desk.practice.venue.credentials["ed25519_key"]}
    return desk.raw(method, path, query, body, headers=key)


def test_an_ed25519_key_signs_query_and_body(desk: Desk) -> None:
    """The same text as for HMAC; the signature is base64, percent-encoded."""
    query = f"timestamp={desk.now_ms}"
    signature = quote_plus(ed25519_signature(desk, query))
    assert call(desk, "GET", ACCOUNT, f"{query}&signature={signature}").status == 200
    body = urlencode({**RESTING, "timestamp": desk.now_ms})
    signature = quote_plus(ed25519_signature(desk, body))
    assert call(desk, "POST", ORDER, "", f"{body}&signature={signature}").status == 200


def test_both_keys_see_one_account(desk: Desk) -> None:
    """An order by one key is found by the other."""
    desk.order(RESTING, newClientOrderId="a")
    query = f"symbol=BTCUSDT&origClientOrderId=a&timestamp={desk.now_ms}"
    signature = quote_plus(ed25519_signature(desk, query))
    reply = call(desk, "GET", ORDER, f"{query}&signature={signature}")
    assert reply.json["clientOrderId"] == "a"


@pytest.mark.parametrize("spoil", ["swapped", "other", "short", "no_base64", "hmac"])
def test_a_wrong_ed25519_signature_is_refused(desk: Desk, spoil: str) -> None:
    """Letter case counts, the text counts, and what is no base64 is wrong and breaks nothing."""
    text = f"timestamp={desk.now_ms}"
    right = ed25519_signature(desk, text)
    signature = {
        "swapped": right.swapcase(),
        "other": ed25519_signature(desk, text + "0"),
        "short": right[:40],
        "no_base64": "ä" * 88,
        "hmac": sign(text),
    }[spoil]
    query = f"{text}&signature={quote_plus(signature)}"
    assert call(desk, "GET", ACCOUNT, query).error == BAD_SIGNATURE


def test_the_ed25519_key_depends_on_the_seed_alone() -> None:
    """Two venues of one seed share it, others have another; the text is PKCS8."""
    first, again, other = (
        Desk(seed).practice.venue.credentials["ed25519_secret"] for seed in (1, 1, 2)
    )
    assert first == again != other
    assert "PRIVATE KEY" in first.splitlines()[0]


@pytest.mark.parametrize(("method", "path"), TRADES)
def test_a_key_that_may_not_trade_is_refused(desk: Desk, method: str, path: str) -> None:
    """It places and cancels nothing, whatever it asks for."""
    known = desk.practice.venue.credentials
    query = signed_query(desk.now_ms, known["view_secret"], **RESTING)
    reply = desk.raw(method, path, query, headers={"X-MBX-APIKEY": known["view_key"]})
    assert reply.error == NO_RIGHT
    assert desk.practice.state()["orders"] == []


@pytest.mark.parametrize("path", LOOKS)
def test_a_key_that_may_not_trade_may_look(desk: Desk, path: str) -> None:
    """It reads what the account has."""
    known = desk.practice.venue.credentials
    query = signed_query(desk.now_ms, known["view_secret"])
    assert desk.raw("GET", path, query, headers={"X-MBX-APIKEY": known["view_key"]}).status == 200


def test_the_credentials_name_each_key(desk: Desk) -> None:
    """Key and secret are the HMAC pair, so that every client finds it."""
    known = desk.practice.venue.credentials
    assert (known["key"], known["secret"]) == ("practice-key", "practice-secret")
    assert known["view_key"] == "practice-view-key"
