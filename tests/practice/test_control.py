"""Proves the control of a practice server: its truth, its rules, and its answers to bad input."""

from __future__ import annotations

from typing import Any

import pytest

from switchgear.practice.sim.answers import recorded
from switchgear.practice.sim.rules import Known, RuleError, parse_rule, show_rule
from switchgear.practice.sim.venues import endpoint_names
from tests.practice.kit import MARKET, RESTING
from tests.practice.station import Station

pytestmark = pytest.mark.anyio
FAULTS = "/_sim/faults"
WIRE = "/_sim/wire"


async def test_the_state_tells_what_happened(station: Station) -> None:
    """Orders with executions, balances, requests by endpoint, faults by kind, lost answers."""
    await station.call("GET", "/api/v3/ping")
    await station.call("GET", "/prices/BTC-USDT")
    await station.call("GET", "/nowhere")
    await station.order("a", MARKET)
    await station.order("b", RESTING)
    state = (await station.call("GET", "/_sim/state")).json
    assert state == station.sim.state()
    assert state["wire"] == station.sim.wire()
    assert state["requests"] == {"ping": 1, "backend.price": 1, "unknown": 1, "order.create": 2}
    assert [(o["client_order_id"], o["status"], len(o["executions"])) for o in state["orders"]] == [
        ("a", "FILLED", 1),
        ("b", "NEW", 0),
    ]
    assert state["balances"]["USDT"]["locked"] == "100"
    assert (state["faults"], state["lost_answers"], state["refused"]) == ({}, [], [])


async def test_rules_are_added_listed_and_removed(station: Station) -> None:
    """One or a list, ids in return; a listed rule can be sent again as it is shown."""
    one = await station.call("POST", FAULTS, json={"match": "ping", "action": "cut"})
    more = [{"action": "html", "status": 502}, {"action": "delay", "delay_s": 1}]
    assert (one.json, (await station.call("POST", FAULTS, json=more)).json) == (
        {"ids": [1]},
        {"ids": [2, 3]},
    )
    listed = (await station.call("GET", FAULTS)).json["faults"]
    assert [(rule["id"], rule["action"]) for rule in listed] == [
        (1, "cut"),
        (2, "html"),
        (3, "delay"),
    ]
    assert (await station.call("DELETE", f"{FAULTS}/2")).status == 200
    assert (await station.call("DELETE", f"{FAULTS}/2")).status == 404
    assert [rule["id"] for rule in (await station.call("GET", FAULTS)).json["faults"]] == [1, 3]
    await station.call("DELETE", FAULTS)
    assert (await station.call("GET", FAULTS)).json == {"faults": []}


GOOD: list[dict[str, Any]] = [
    {
        "action": "answer",
        "status": 429,
        "retry_after_s": 3,
        "headers": {"X-A": "b"},
        "booked": True,
    },
    {"action": "html", "status": 403, "match": "GET /api/*"},
    {"action": "delay", "delay_s": 0.5, "when": "before"},
    {"action": "delay", "delay_s": 0.5, "when": "after", "probability": 0.25},
    {"action": "refuse", "duration_s": 2, "match": None},
    {"action": "reset_before", "after": 2, "count": 3},
    {"action": "reset_after"},
    {"action": "cut"},
    {"action": "answer", "status": 200, "code": "INSUFFICIENT_FUND"},
    {"action": "row", "row": "ip_banned", "variant": 2, "retry_after_s": 9, "booked": True},
    {"action": "clock_skew", "skew_ms": -3000},
    {"action": "key_revoked", "match": "venue"},
    {"action": "unseen", "for_s": 2.5, "match": "order.*"},
    {"action": "cut", "match": "backend.*"},
    {"action": "cut", "match": "unknown"},
    {"action": "cut", "match": "P* */order"},
]
KNOWN = Known(recorded("binance"), {"binance": endpoint_names("binance")})


@pytest.mark.parametrize("rule", GOOD, ids=lambda rule: rule["action"])
async def test_a_rule_reads_back_as_it_was_written(rule: dict[str, Any]) -> None:
    """Each kind keeps its fields on the way in and out."""
    shown = show_rule(parse_rule(rule, KNOWN))
    assert parse_rule(shown, KNOWN) == parse_rule(rule, KNOWN)
    assert {name: shown[name] for name in rule} == rule


BAD: list[tuple[Any, str]] = [
    (7, "rule"),
    ({}, "action"),
    ({"action": "explode"}, "action"),
    ({"action": "cut", "colour": 1}, "colour"),
    ({"action": "cut", "status": 500}, "status"),
    ({"action": "answer"}, "status"),
    ({"action": "answer", "status": 99}, "status"),
    ({"action": "answer", "status": "500"}, "status"),
    ({"action": "answer", "status": True}, "status"),
    ({"action": "answer", "status": 500, "code": ""}, "code"),
    ({"action": "answer", "status": 500, "code": "a\n"}, "code"),
    ({"action": "answer", "status": 500, "code": True}, "code"),
    ({"action": "answer", "status": 500, "code": 1_000_000_000}, "code"),
    ({"action": "row"}, "row"),
    ({"action": "row", "row": "no_such_row"}, "row"),
    ({"action": "row", "row": "ip_banned", "status": 500}, "status"),
    ({"action": "row", "row": "ip_banned", "variant": 0}, "variant"),
    ({"action": "row", "row": "ip_banned", "variant": 99}, "variant"),
    ({"action": "row", "row": "ip_banned", "booked": "no"}, "booked"),
    ({"action": "row", "row": "ip_banned", "retry_after_s": 1.5}, "retry_after_s"),
    ({"action": "clock_skew"}, "skew_ms"),
    ({"action": "clock_skew", "skew_ms": 86_400_001_000}, "skew_ms"),
    ({"action": "key_revoked", "skew_ms": 1}, "skew_ms"),
    ({"action": "answer", "status": 500, "msg": 5}, "msg"),
    ({"action": "answer", "status": 500, "booked": 1}, "booked"),
    ({"action": "answer", "status": 429, "retry_after_s": -1}, "retry_after_s"),
    ({"action": "answer", "status": 500, "headers": []}, "headers"),
    ({"action": "answer", "status": 500, "headers": {"A": "b\r\nC: d"}}, "headers"),
    ({"action": "answer", "status": 500, "headers": {"A b": "c"}}, "headers"),
    ({"action": "answer", "status": 500, "headers": {"Content-Length": "1"}}, "headers"),
    ({"action": "delay"}, "delay_s"),
    ({"action": "delay", "delay_s": -1}, "delay_s"),
    ({"action": "delay", "delay_s": float("nan")}, "delay_s"),
    ({"action": "delay", "delay_s": 1, "when": "soon"}, "when"),
    ({"action": "refuse"}, "duration_s"),
    ({"action": "cut", "probability": 1.1}, "probability"),
    ({"action": "cut", "count": 0}, "count"),
    ({"action": "cut", "count": 1.5}, "count"),
    ({"action": "cut", "after": -1}, "after"),
    ({"action": "cut", "match": ""}, "match"),
    ({"action": "cut", "match": "a\n"}, "match"),
    ({"action": "cut", "match": "a" * 10_000}, "match"),
    ({"action": "cut", "match": 5}, "match"),
    ({"action": "cut", "match": "ordr.create"}, "match"),
    ({"action": "cut", "match": "POST"}, "match"),
    ({"action": "cut", "match": "product.*"}, "match"),
    ({"action": "cut", "match": "BLAH /*"}, "match"),
    ({"action": "cut", "match": "post /api/v3/order"}, "match"),
    ({"action": "cut", "match": "POST api/v3/order"}, "match"),
    ({"action": "unseen"}, "for_s"),
    ({"action": "unseen", "for_s": -1}, "for_s"),
]


@pytest.mark.parametrize(("rule", "field"), BAD, ids=lambda part: str(part)[:40])
async def test_a_wrong_rule_names_field_value_and_what_is_allowed(rule: Any, field: str) -> None:
    """In code a wrong rule is a ValueError that tells all three."""
    with pytest.raises(RuleError) as caught:
        parse_rule(rule, KNOWN)
    assert isinstance(caught.value, ValueError)
    assert caught.value.field == field
    assert caught.value.allowed in str(caught.value)
    assert repr(caught.value.value) in str(caught.value)


async def test_a_wrong_rule_in_a_list_adds_none_of_it(station: Station) -> None:
    """Over HTTP the same error is a 400, and the good rules beside it are not taken."""
    rules = [{"action": "cut"}, {"action": "delay", "delay_s": -1}]
    reply = await station.call("POST", FAULTS, json=rules)
    assert reply.status == 400
    assert reply.json["error"] == {
        "field": "delay_s",
        "value": -1,
        "allowed": "a number from 0 to 86400",
    }
    assert (await station.call("GET", FAULTS)).json == {"faults": []}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "field"),
    [
        ("POST", FAULTS, b"{", 400, "body"),
        ("POST", FAULTS, b"", 400, "body"),
        ("POST", FAULTS, b'{"action": ["cut"]}', 400, "action"),
        ("DELETE", f"{FAULTS}/x", None, 404, "id"),
        ("GET", "/_sim/nothing", None, 404, "path"),
        ("POST", "/_sim/state", None, 404, "path"),
        ("PUT", FAULTS, None, 405, "method"),
        ("PUT", f"{WIRE}/1", None, 405, "method"),
        ("GET", f"{FAULTS}/1", None, 404, "path"),
        ("GET", "/_sim/rows/1", None, 404, "path"),
        ("POST", WIRE, b"{", 400, "body"),
        ("POST", WIRE, b'{"action": "cut", "at_byte": -1}', 400, "at_byte"),
        ("DELETE", f"{WIRE}/9", None, 404, "id"),
    ],
)
async def test_bad_input_is_answered_in_words(
    station: Station, method: str, path: str, body: bytes | None, status: int, field: str
) -> None:
    """A body that is no JSON, an unknown id and an unknown path each say what is wrong."""
    for base in (station.sim.base_url, station.sim.control_url):
        reply = await station.call(method, base + path, data=body)
        assert (reply.status, reply.json["error"]["field"]) == (status, field)
        assert reply.json["error"]["allowed"]


@pytest.mark.parametrize(
    ("path", "allowed"), [(FAULTS, "GET, POST, DELETE"), (f"{WIRE}/1", "DELETE")]
)
async def test_a_wrong_method_names_the_right_ones(
    station: Station, path: str, allowed: str
) -> None:
    """A path that is there is not called unknown."""
    reply = await station.call("PUT", path)
    assert (reply.status, reply.headers["Allow"], reply.json["error"]["allowed"]) == (
        405,
        allowed,
        allowed,
    )


@pytest.mark.parametrize("variant", [0, 4, "1"])
async def test_the_range_of_a_variant_is_the_rows(variant: Any) -> None:
    """Too low, too high or no number: the same range is told."""
    with pytest.raises(
        RuleError, match=f"variant is {variant!r}; allowed: a whole number from 1 to 3"
    ):
        parse_rule({"action": "row", "row": "ip_banned", "variant": variant}, KNOWN)


async def test_a_match_that_fits_nothing_names_what_there_is(station: Station) -> None:
    """A typo is told at once, with every name that would do, and a method with the methods."""
    rule = {"match": "ordr.create", "action": "cut"}
    error = (await station.call("POST", FAULTS, json=rule)).json["error"]
    assert (error["field"], error["value"]) == ("match", "ordr.create")
    assert {"order.create,", "backend.price,", "ticker.price,"} <= set(error["allowed"].split())
    for path in (FAULTS, WIRE):
        sent = {"match": "BLAH /*", "action": "cut"}
        error = (await station.call("POST", path, json=sent)).json["error"]
        assert "GET, HEAD, POST" in error["allowed"]


async def test_the_control_port_serves_nothing_else(station: Station) -> None:
    """The venue is not reachable around its faults."""
    reply = await station.call("GET", f"{station.sim.control_url}/api/v3/ping")
    assert reply.status == 404


async def test_rules_of_the_wire_are_added_shown_and_removed(station: Station) -> None:
    """Their paths work as those of the faults do, and the state tells of them."""
    rules = [{"action": "cut", "at_byte": 9}, {"action": "delay", "delay_s": 1, "side": "answer"}]
    assert (await station.call("POST", WIRE, json=rules)).json == {"ids": [1, 2]}
    assert (await station.call("DELETE", f"{WIRE}/1")).status == 200
    assert (await station.call("DELETE", f"{WIRE}/1")).json["error"]["allowed"] == "2"
    shown = (await station.call("GET", WIRE)).json
    assert [rule["action"] for rule in shown["rules"]] == ["delay"]
    assert (await station.call("GET", "/_sim/state")).json["wire"] == shown
    await station.call("DELETE", WIRE)
    assert station.sim.wire()["rules"] == []


async def test_the_control_gives_the_credentials(station: Station) -> None:
    """A program gets key and secret from there, so that no PEM has to be copied by hand."""
    given = (await station.call("GET", f"{station.sim.control_url}/_sim/credentials")).json
    assert given == dict(station.sim.credentials)
    assert (given["key"], given["secret"]) == (station.sim.key, station.sim.secret)
