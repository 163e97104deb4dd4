"""Proves that the practice Coinbase takes a token only when every part of it holds."""

from __future__ import annotations

import base64
import hmac
import json
from hashlib import sha256
from typing import Any

import pytest

from switchgear.practice.sim.messages import Request
from tests.practice.coinbase.kit import HOST, ORDERS, RESTING, V3, Desk, encoded, token, token_parts

PATH = f"{V3}/accounts"
EXPIRED = {"errors": [{"id": "authentication_error", "message": "request timestamp expired"}]}


def asked(desk: Desk, head: dict[str, Any], claims: dict[str, Any], query: str = "") -> Any:
    """Status and body of a look-up whose token differs in these parts from one that holds."""
    key, secret = desk.credentials["key"], desk.credentials["secret"]
    good_head, good_claims = token_parts(key, "GET", PATH, desk.now_s)
    bearer = f"Bearer {token(secret, {**good_head, **head}, {**good_claims, **claims})}"
    reply = desk.raw("GET", PATH, query, authorization=bearer)
    return reply.status, reply.json


@pytest.mark.parametrize("which", ["", "ed25519_", "view_"])
def test_each_key_opens_the_door(desk: Desk, which: str) -> None:
    """A P-256 key, an Ed25519 key and one that may only look are taken alike."""
    reply = desk.raw("GET", PATH, authorization=desk.bearer("GET", PATH, which))
    assert (reply.status, len(reply.json["accounts"])) == (200, 5)


@pytest.mark.parametrize(
    "head",
    [
        {"alg": "none"},
        {"alg": "HS256"},
        {"alg": "EdDSA"},
        {"alg": None},
        {"kid": "organizations/x/apiKeys/y"},
        {"kid": None},
        {"kid": ["organizations"]},
        {"nonce": None},
        {"nonce": ""},
        {"nonce": 5},
        {"typ": "JWS"},
    ],
)
def test_a_wrong_head_is_refused(desk: Desk, head: dict[str, Any]) -> None:
    """Algorithm, key name, nonce and type are looked at; the answer never tells which was wrong."""
    assert asked(desk, head, {}) == (401, "Unauthorized")


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": "somebody"},
        {"sub": None},
        {"iss": "somebody"},
        {"iss": None},
        {"nbf": None},
        {"exp": None},
        {"nbf": "1767225600"},
        {"exp": True},
        {"uri": None},
        {"uri": f"POST {HOST}{PATH}"},
        {"uri": f"GET {HOST}{V3}/orders"},
        {"uri": f"GET {HOST}{PATH}?limit=1"},
        {"uri": f"GET example.org{PATH}"},
        {"uri": f"GET https://{HOST}{PATH}"},
        {"uri": f"GET http://api.coinbase.com{PATH}"},
        {"uri": 5},
        {"uri": None, "uris": "GET"},
    ],
)
def test_a_wrong_claim_is_refused(desk: Desk, claims: dict[str, Any]) -> None:
    """Subject, issuer, times and the request it was made for must hold, each of them."""
    assert asked(desk, {}, claims) == (401, "Unauthorized")


@pytest.mark.parametrize(
    "claims",
    [
        {"uri": f"GET api.coinbase.com{PATH}"},
        {"uri": f"GET http://{HOST}{PATH}"},
        {"uri": None, "uris": [f"GET {HOST}{PATH}"]},
        {"iss": "coinbase-cloud", "aud": ["retail_rest_api_proxy"], "iat": 1},
    ],
)
def test_what_clients_send_in_other_ways_is_taken(desk: Desk, claims: dict[str, Any]) -> None:
    """The real host, plain http, a list of addresses, and the older issuer with its audience."""
    assert asked(desk, {}, claims)[0] == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:9102", 200),
        ("127.0.0.1", 200),
        ("localhost:9102", 200),
        ("[::1]:9102", 200),
        ("api.coinbase.com", 401),
        ("example.org:9102", 401),
        ("127.0.0.1.example.org", 401),
    ],
)
def test_a_scheme_is_taken_on_this_machine_alone(desk: Desk, host: str, status: int) -> None:
    """Some clients leave http:// standing; at a loopback address that passes, anywhere else it does not."""
    key, secret = desk.credentials["key"], desk.credentials["secret"]
    head, claims = token_parts(key, "GET", PATH, desk.now_s)
    bearer = f"Bearer {token(secret, head, {**claims, 'uri': f'GET http://{host}{PATH}'})}"
    headers = {"Host": host, "Authorization": bearer}
    assert desk.practice.handle(Request("GET", PATH, "", b"", headers)).status == status


def test_the_query_is_not_part_of_what_is_signed(desk: Desk) -> None:
    """A token is good for a path, whatever stands behind the question mark."""
    assert asked(desk, {}, {}, "limit=1")[0] == 200


@pytest.mark.parametrize(
    ("start_s", "end_s", "refused"),
    [
        (-120, 0, None),
        (-124, -4, None),
        (-125, -5, EXPIRED),
        (5, 125, None),
        (6, 126, "Unauthorized"),
        (0, 121, "Unauthorized"),
        (0, 0, "Unauthorized"),
        (0, 1, None),
    ],
)
def test_a_token_lives_two_minutes(desk: Desk, start_s: int, end_s: int, refused: Any) -> None:
    """It may not live longer, start later than clocks differ, or be over by more than that."""
    status, body = asked(desk, {}, {"nbf": desk.now_s + start_s, "exp": desk.now_s + end_s})
    assert (status == 200) is (refused is None)
    assert refused is None or (status, body) == (401, refused)


def test_time_goes_by_the_venue(desk: Desk) -> None:
    """A token made at the start is over two minutes later."""
    bearer = desk.bearer("GET", PATH)
    desk.clock.advance(124)
    assert desk.raw("GET", PATH, authorization=bearer).status == 200
    desk.clock.advance(1)
    assert desk.raw("GET", PATH, authorization=bearer).json == EXPIRED


def test_a_signature_of_another_key_is_refused(desk: Desk) -> None:
    """The key that the head names must have signed, and what it signed must be what came."""
    parts = token_parts(desk.credentials["key"], "GET", PATH, desk.now_s)
    foreign = token(desk.credentials["view_secret"], *parts)
    own = token(desk.credentials["secret"], *parts)
    head, _, signature = own.split(".")
    claims = encoded(json.dumps({**parts[1], "extra": 1}).encode())
    for bad in (foreign, f"{head}.{claims}.{signature}"):
        assert desk.raw("GET", PATH, authorization=f"Bearer {bad}").status == 401


def test_a_token_that_is_signed_with_what_everybody_knows_is_refused(desk: Desk) -> None:
    """Neither no signature nor an HMAC with the key's name opens the door."""
    key = desk.credentials["key"]
    head, claims = token_parts(key, "GET", PATH, desk.now_s, "HS256")
    text = ".".join(encoded(json.dumps(part).encode()) for part in (head, claims))
    forged = hmac.new(key.encode(), text.encode(), sha256).digest()
    for signature in (encoded(forged), encoded(bytes(64)), "", "AA"):
        assert desk.raw("GET", PATH, authorization=f"Bearer {text}.{signature}").status == 401


def spoiled(good: str) -> list[str | None]:
    """Headers that are almost this one."""
    other = "B" if good[-1] == "A" else "A"
    return [
        None,
        "Bearer",
        "Bearer AAAAA.e30.AAAA",
        "Bearer e30.W10.AAAA",
        good.removeprefix("Bearer "),
        good.replace("Bearer ", "bearer "),
        good.replace(".", ".!", 1),
        f"{good}.x",
        f"{good}=",
        f"{good}A",
        good[:-1] + other,
    ]


@pytest.mark.parametrize("number", range(11))
def test_a_malformed_token_is_refused(desk: Desk, number: int) -> None:
    """Scheme, three parts, their spelling and their JSON must be right."""
    bearer = spoiled(desk.bearer("GET", PATH))[number]
    reply = desk.raw("GET", PATH, authorization=bearer)
    assert (reply.status, reply.json) == (401, "Unauthorized")


def test_keys_come_from_the_seed_and_from_nothing_else() -> None:
    """The same seed has the same keys, another seed others; each looks as the venue hands it out."""
    first, again, other = Desk(1).credentials, Desk(1).credentials, Desk(2).credentials
    assert first == again
    assert not set(first.values()) & set(other.values())
    assert first["key"].startswith("organizations/")
    assert first["secret"].splitlines()[0].endswith("BEGIN EC PRIVATE KEY-----")
    assert len(base64.b64decode(first["ed25519_secret"])) == 64


def test_a_key_that_only_looks_may_not_trade(desk: Desk) -> None:
    """It reads, and an order or a cancel is refused before the ledger; so does its permission say."""
    body = {"client_order_id": "a", "product_id": "BTC-USD", "side": "BUY"}
    for path in (ORDERS, f"{ORDERS}/batch_cancel"):
        reply = desk.post(path, {**body, "order_configuration": RESTING}, "view_")
        assert reply.gateway == (403, "PERMISSION_DENIED", "Missing required scopes")
    path = f"{V3}/key_permissions"
    looks = desk.raw("GET", path, authorization=desk.bearer("GET", path, "view_")).json
    assert (looks["can_view"], looks["can_trade"]) == (True, False)
    assert desk.get(path).json["can_trade"] is True
    state = desk.practice.state()
    assert (state["orders"], state["refused"][0]["code"]) == ([], "PERMISSION_DENIED")


def test_an_order_without_a_token_is_noted_as_refused(desk: Desk) -> None:
    """The truth knows what somebody tried to place, and that nothing was booked."""
    desk.raw("POST", ORDERS, body='{"client_order_id":"a"}')
    desk.raw("POST", ORDERS, body="no JSON")
    refused = desk.practice.state()["refused"]
    assert [each["client_order_id"] for each in refused] == ["a", None]
    assert {each["code"] for each in refused} == {"UNAUTHORIZED"}
