"""Proves the limits of the practice Coinbase, and what its faults answer in its place."""

from __future__ import annotations

import json
from typing import Any

import pytest

from switchgear.practice.sim.faults import Answer
from switchgear.practice.sim.messages import Request
from tests.practice.coinbase.kit import ORDERS, RESTING, V3, Desk, market

TIME = f"{V3}/time"
LIMITED = {"errors": [{"id": "rate_limit_exceeded", "message": "Too many requests"}]}


def told(headers: Any) -> list[str]:
    """The limit and what is left of it."""
    return [headers["x-ratelimit-limit"], headers["x-ratelimit-remaining"]]


def test_an_address_may_ask_ten_times_a_second(desk: Desk) -> None:
    """The tenth is served, the eleventh waits for the next second; another address does not."""
    left = [told(desk.public(TIME).headers) for _ in range(10)]
    assert left == [["10", str(9 - used)] for used in range(10)]
    reply = desk.public(TIME)
    assert (reply.status, reply.json, told(reply.headers)) == (429, LIMITED, ["10", "0"])
    assert reply.headers["x-ratelimit-reset"] == "1"
    assert "Retry-After" not in reply.headers
    assert desk.raw("GET", TIME, ip="127.0.0.2").status == 200
    desk.clock.advance(0.99)
    assert desk.public(TIME).status == 429
    desk.clock.advance(0.01)
    assert desk.public(TIME).status == 200


def test_a_user_may_ask_thirty_times_a_second(desk: Desk) -> None:
    """All keys of the user count together, whatever the address; public calls count apart."""
    path = f"{V3}/accounts"
    for number in range(30):
        which = ("", "ed25519_", "view_")[number % 3]
        ip = f"127.0.0.{number}"
        reply = desk.raw("GET", path, authorization=desk.bearer("GET", path, which), ip=ip)
        assert (reply.status, told(reply.headers)) == (200, ["30", str(29 - number)])
    assert desk.get(path).status == 429
    assert desk.public(TIME).status == 200
    desk.clock.advance(1)
    assert desk.get(path).status == 200


def test_who_is_not_known_uses_nothing_up(desk: Desk) -> None:
    """A request without a token costs the user nothing, and is told no limit."""
    for _ in range(31):
        assert "x-ratelimit-limit" not in desk.raw("GET", f"{V3}/accounts").headers
    assert told(desk.get(f"{V3}/accounts").headers) == ["30", "29"]


def test_an_order_over_the_limit_is_not_booked(desk: Desk) -> None:
    """A 429 comes before the ledger, and is noted; one that is refused has used its share."""
    for _ in range(30):
        assert desk.order({}).json["success"] is False
    assert desk.order(market(base_size="0.01"), "a").json == LIMITED
    state = desk.practice.state()
    assert state["orders"] == []
    assert state["refused"][-1]["client_order_id"] == "a"
    assert state["refused"][-1]["code"] == "rate_limit_exceeded"


def faulted(desk: Desk, fault: Answer, path: str = TIME) -> tuple[int, Any, Any]:
    """What a fault answers to a look-up."""
    answer = desk.practice.faulted(fault, Request("GET", path))
    return answer.status, json.loads(answer.body), answer.headers


@pytest.mark.parametrize(
    ("status", "error", "details"),
    [
        (400, "INVALID_ARGUMENT", "invalid argument"),
        (401, "unauthenticated", "Unauthorized"),
        (403, "PERMISSION_DENIED", "Missing required scopes"),
        (404, "NOT_FOUND", "not found"),
        (429, "RESOURCE_EXHAUSTED", "too many requests"),
        (500, "INTERNAL", "internal error"),
        (502, "UNAVAILABLE", "bad gateway"),
        (503, "UNAVAILABLE", "service unavailable"),
        (504, "DEADLINE_EXCEEDED", "deadline exceeded"),
        (418, "unknown", "unknown error"),
    ],
)
def test_a_fault_speaks_as_the_gateway(desk: Desk, status: int, error: str, details: str) -> None:
    """The word follows from the status, and the limits are told as they are."""
    body = {"error": error, "error_details": details, "message": details}
    answer = faulted(desk, Answer(status))
    assert answer[:2] == (status, body)
    assert told(answer[2]) == ["10", "10"]
    assert "Retry-After" not in answer[2]


def test_a_fault_may_choose_its_words(desk: Desk) -> None:
    """Code, message and waiting time are those of the rule; no endpoint has no limits to tell."""
    fault = Answer(503, code="OVERLOADED", msg="later", retry_after_s=7)
    status, body, headers = faulted(desk, fault, "/nothing")
    assert (status, body["error"], body["message"]) == (503, "OVERLOADED", "later")
    assert (headers["Retry-After"], "x-ratelimit-limit" in headers) == ("7", False)


@pytest.mark.parametrize(
    ("code", "reasons"),
    [
        ("PRODUCT_TRADING_HALTED", ("PRODUCT_TRADING_HALTED", "UNKNOWN_PREVIEW_FAILURE_REASON")),
        (
            "PREVIEW_BREACHED_PRICE_LIMIT",
            ("UNKNOWN_FAILURE_REASON", "PREVIEW_BREACHED_PRICE_LIMIT"),
        ),
        (None, ("UNKNOWN_FAILURE_REASON", "UNKNOWN_PREVIEW_FAILURE_REASON")),
    ],
)
def test_a_fault_with_status_200_refuses_an_order(
    desk: Desk, code: str | None, reasons: tuple[str, str]
) -> None:
    """Any reason that the exchange knows can be given in its own form."""
    _, body, _ = faulted(desk, Answer(200, code=code, msg="no"))
    error = body["error_response"]
    assert (body["success"], error["message"]) == (False, "no")
    assert (error["new_order_failure_reason"], error["preview_failure_reason"]) == reasons


def test_endpoints_have_names_for_rules_and_counts(desk: Desk) -> None:
    """What a path names does not matter, and a part without a key has the names of the other."""
    venue = desk.practice.venue
    assert venue.endpoint_name("POST", ORDERS) == "order.create"
    assert venue.endpoint_name("GET", f"{ORDERS}/historical/x-1") == "order.get"
    assert venue.endpoint_name("GET", f"{ORDERS}/historical/fills") == "trades.list"
    assert venue.endpoint_name("GET", f"{V3}/market/products/X") == "product.get"
    assert venue.endpoint_name("GET", f"{ORDERS}/historical/") is None
    assert venue.endpoint_name("GET", "/v1/x") is None


def test_the_truth_tells_this_venue(desk: Desk) -> None:
    """State names the venue and counts in its own balances."""
    desk.placed(RESTING)
    state = desk.practice.state()
    assert (state["venue"], state["orders"][0]["via"]) == ("coinbase", "coinbase")
    assert state["balances"]["USD"] == {"free": "99899.4", "locked": "100.6"}
    assert "XRP-USD" not in state["prices"]
