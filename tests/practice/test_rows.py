"""Proves faults by name: what a venue has on record is given in its place, filled in by its time."""

from __future__ import annotations

from typing import Any

import pytest

from switchgear.practice.sim.answers import recorded
from tests.practice.station import Station

pytestmark = pytest.mark.anyio
VENUES = ("binance", "alpaca", "coinbase")
TIME = "/api/v3/time"


@pytest.mark.parametrize("venue", VENUES)
async def test_the_control_names_the_rows(venue: str) -> None:
    """Each venue lists the answers that it has on record."""
    async with Station(venue=venue) as station:
        listed = (await station.call("GET", "/_sim/rows")).json
    assert listed == {"venue": venue, "names": list(recorded(venue))}


@pytest.mark.parametrize("venue", VENUES)
async def test_every_row_is_given_as_it_is_recorded(venue: str) -> None:
    """Status, headers, kind and body of each variant are those on record, with nothing left to fill in."""
    async with Station(venue=venue) as station:
        for name, variants in recorded(venue).items():
            for place, row in enumerate(variants, start=1):
                station.sim.clear_faults()
                station.sim.add_faults({"action": "row", "row": name, "variant": place})
                reply = await station.call("GET", TIME)
                assert (reply.status, reply.headers["Content-Type"]) == (row.status, row.kind)
                assert {*row.headers} <= {*reply.headers}
                told = f"{reply.json}{dict(reply.headers)}"
                assert "$until_ms" not in told
                assert "$reset_s" not in told
                assert bool(reply.json) == bool(row.body)


async def test_variants_come_in_turn(station: Station) -> None:
    """A name with several answers gives one after the other, and begins anew."""
    statuses = [row.status for row in recorded("binance")["server_error"]]
    station.sim.add_faults({"action": "row", "row": "server_error"})
    given = [(await station.call("GET", TIME)).status for _ in range(len(statuses) + 1)]
    assert given == [*statuses, statuses[0]]


async def test_the_time_to_wait_is_the_rules(station: Station) -> None:
    """Header and instant agree: as long as the rule says, else as long as the record says."""
    rule = {"action": "row", "row": "ip_banned", "variant": 1}
    now_ms = int(station.clock.wall().timestamp() * 1000)
    for more, wait_s in (({"retry_after_s": 7}, 7), ({}, 75)):
        station.sim.clear_faults()
        station.sim.add_faults({**rule, **more})
        reply = await station.call("GET", TIME)
        assert reply.headers["Retry-After"] == str(wait_s)
        assert f"banned until {now_ms + wait_s * 1000}." in reply.error[2]


@pytest.mark.parametrize(
    "rule",
    [
        {"action": "row", "row": "ip_banned", "variant": 1, "retry_after_s": 10},
        {"action": "answer", "status": 418, "retry_after_s": 10},
    ],
    ids=["row", "answer"],
)
async def test_a_ban_names_one_instant(station: Station, rule: dict[str, Any]) -> None:
    """Whoever asks, and whenever, is told the end of the first answer; asked after it, it begins anew."""
    start_ms = int(station.clock.wall().timestamp() * 1000)
    station.sim.add_faults(rule)
    for passed_s, wait_s, until_s in ((0, "10", 10), (3.5, "7", 10), (6, "1", 10), (1, "10", 20.5)):
        station.clock.advance(passed_s)
        reply = await station.call("GET", TIME)
        assert reply.headers["Retry-After"] == wait_s
        assert f"until {start_ms + round(until_s * 1000)}." in reply.error[2]
    station.sim.clear_faults()
    station.sim.add_faults(rule)
    assert (await station.call("GET", TIME)).headers["Retry-After"] == "10"


async def test_a_record_without_a_time_stays_without() -> None:
    """A rule's time fills the reset of a limit, and adds no header that the venue does not send."""
    async with Station(venue="alpaca") as station:
        station.sim.add_faults(
            {"action": "row", "row": "rate_limited", "variant": 1, "retry_after_s": 7}
        )
        reply = await station.call("GET", "/v2/clock")
    reset_s = int(station.clock.wall().timestamp()) + 7
    assert reply.headers["X-RateLimit-Reset"] == str(reset_s)
    assert "Retry-After" not in reply.headers


async def test_a_row_may_come_after_booking(station: Station) -> None:
    """With booked the order stands, and its answer is told as lost; without it is never seen."""
    rule = {"match": "order.create", "action": "row", "row": "backend_timeout", "count": 1}
    station.sim.add_faults({**rule, "booked": True})
    assert (await station.order("a")).error[:2] == (504, -1007)
    station.sim.add_faults(rule)
    assert (await station.order("b")).error[:2] == (504, -1007)
    state = station.sim.state()
    assert [order["client_order_id"] for order in state["orders"]] == ["a"]
    assert [lost["fault"] for lost in state["lost_answers"]] == ["row"]
    assert state["faults"] == {"row": 2}


async def test_the_backend_says_it_in_its_own_words(station: Station) -> None:
    """A rule for everything gives the status at the backend too, and not the venue's body."""
    station.sim.add_faults({"action": "row", "row": "ip_banned", "variant": 1, "retry_after_s": 5})
    reply = await station.call("GET", "/portfolio")
    assert (reply.status, reply.headers["Retry-After"]) == (418, "5")
    assert list(reply.json) == ["error"]


async def test_an_unknown_row_names_those_there_are(station: Station) -> None:
    """Over HTTP the error tells the field, the value and every name that would do."""
    rule = {"action": "row", "row": "no_such_row"}
    error = (await station.call("POST", "/_sim/faults", json=rule)).json["error"]
    assert (error["field"], error["value"]) == ("row", "no_such_row")
    assert error["allowed"].split(", ") == sorted(recorded("binance"))


async def test_a_code_may_be_a_word() -> None:
    """Coinbase's codes are words, and an answer fault gives one."""
    async with Station(venue="coinbase") as station:
        station.sim.add_faults(
            {"action": "answer", "status": 503, "code": "UNAVAILABLE", "msg": "later"}
        )
        reply = await station.call("GET", "/api/v3/brokerage/time")
    assert (reply.status, reply.json["error"], reply.json["message"]) == (
        503,
        "UNAVAILABLE",
        "later",
    )
