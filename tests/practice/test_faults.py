"""Proves each kind of fault over a real socket, what it books, and that a seed repeats it."""

from __future__ import annotations

import asyncio
import errno
import socket
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from switchgear.practice.sim.faults import Cut, Delay, Refuse, ResetAfter, Rule
from switchgear.practice.sim.rules import parse_rule
from tests.practice.kit import Desk
from tests.practice.station import Station

if TYPE_CHECKING:
    from switchgear.practice.sim.server import Sim

pytestmark = pytest.mark.anyio
ONCE = {"match": "order.create", "count": 1}


def lost(sim: Sim) -> list[tuple[str, str]]:
    """The client order id and the fault of each lost answer."""
    return [(each["client_order_id"], each["fault"]) for each in sim.state()["lost_answers"]]


def connects(url: str) -> bool:
    """Whether somebody listens there."""
    parts = urlsplit(url)
    with socket.socket() as probe:
        return probe.connect_ex((str(parts.hostname), int(parts.port or 0))) == 0


async def asleep(station: Station, call: asyncio.Task[Any]) -> None:
    """Wait until a call waits for the clock; one that ends before is an error."""
    while not station.clock.slept_s:
        await asyncio.wait([call], timeout=0.001)
        assert not call.done()


async def test_an_answer_in_the_venues_place_books_nothing(station: Station) -> None:
    """Status, code, words and headers are the rule's; the order never reached the ledger."""
    rule = {**ONCE, "action": "answer", "status": 400, "code": -2010, "msg": "Market is closed."}
    station.sim.add_faults({**rule, "headers": {"X-Note": "a"}})
    reply = await station.order("a")
    assert reply.error == (400, -2010, "Market is closed.")
    assert (reply.headers["X-Note"], await station.booked()) == ("a", [])
    assert (await station.order("b")).status == 200


async def test_a_header_of_a_rule_stands_once(station: Station) -> None:
    """It takes the place of the venue's own, however it is spelt."""
    station.sim.add_faults({"action": "answer", "status": 500, "headers": {"date": "yesterday"}})
    reply = await station.call("GET", "/api/v3/ping")
    dates = [value for name, value in reply.headers.items() if name.lower() == "date"]
    assert dates == ["yesterday"]


@pytest.mark.parametrize(
    ("status", "code", "words", "retry_after"),
    [
        (429, -1003, "Too many requests queued.", "7"),
        (418, -1003, "Way too much request weight used; IP banned until 1767225607000.", "7"),
        (503, -1008, "Server is currently overloaded", None),
        (504, -1007, "Timeout waiting for response from backend server.", None),
        (599, -1000, "An unknown error occurred", None),
    ],
)
async def test_a_status_alone_brings_binances_words(
    station: Station, status: int, code: int, words: str, retry_after: str | None
) -> None:
    """Code and message are the documented ones of that status; limits carry Retry-After."""
    rule: dict[str, Any] = {"action": "answer", "status": status}
    station.sim.add_faults(rule if retry_after is None else {**rule, "retry_after_s": 7})
    reply = await station.call("GET", "/api/v3/time")
    assert reply.error[:2] == (status, code)
    assert reply.error[2].startswith(words)
    assert reply.headers.get("Retry-After") == retry_after


async def test_an_answer_may_come_after_booking(station: Station) -> None:
    """With booked, the order is in the ledger though the caller reads a timeout."""
    station.sim.add_faults({**ONCE, "action": "answer", "status": 504, "booked": True})
    assert (await station.order("a")).error[:2] == (504, -1007)
    assert await station.booked() == ["a"]
    assert lost(station.sim) == [("a", "answer")]


@pytest.mark.parametrize("status", [403, 502])
async def test_a_page_instead_of_json(station: Station, status: int) -> None:
    """A proxy answers with HTML and books nothing."""
    station.sim.add_faults({**ONCE, "action": "html", "status": status})
    reply = await station.order("a")
    assert (reply.status, reply.headers["Content-Type"]) == (status, "text/html")
    assert reply.json.startswith("<html>")
    assert await station.booked() == []


async def test_a_reset_before_books_nothing(station: Station) -> None:
    """The caller sees a connection reset; the ledger has no order."""
    station.sim.add_faults({**ONCE, "action": "reset_before"})
    with pytest.raises(aiohttp.ClientOSError) as caught:
        await station.order("a")
    assert caught.value.errno == errno.ECONNRESET
    assert await station.booked() == []
    assert lost(station.sim) == []


async def test_a_reset_after_has_booked(station: Station) -> None:
    """The caller sees the same reset; the order is booked, executed, and told as lost."""
    station.sim.add_faults(Rule(ResetAfter(), match="order.create", count=1))
    with pytest.raises(aiohttp.ClientOSError):
        await station.order("a")
    assert await station.booked() == ["a"]
    assert station.sim.state()["orders"][0]["executions"][0]["quantity"] == "0.01"
    assert lost(station.sim) == [("a", "reset_after")]


@pytest.mark.parametrize("action", ["reset_before", "reset_after"])
async def test_a_reset_is_a_real_one(station: Station, action: str) -> None:
    """The socket reports ECONNRESET, not an orderly end."""
    station.sim.add_faults({"action": action})
    parts = urlsplit(station.sim.base_url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(b"GET /api/v3/ping HTTP/1.1\r\nHost: a\r\n\r\n")
    with pytest.raises(ConnectionResetError):
        await reader.read()
    writer.close()


async def test_a_cut_sends_half_of_the_answer(station: Station) -> None:
    """Status and headers arrive, the body breaks off in the middle; the order is booked."""
    station.sim.add_faults(Rule(Cut(), match="order.create", count=1))
    with pytest.raises(aiohttp.ClientPayloadError):
        await station.order("a")
    assert await station.booked() == ["a"]
    assert lost(station.sim) == [("a", "cut")]


@pytest.mark.parametrize(("when", "booked"), [("after", ["a"]), ("before", [])])
async def test_a_delay_before_or_after_the_work(
    station: Station, when: str, booked: list[str]
) -> None:
    """While the caller waits, the order is booked already, or is not yet; then it is answered."""
    station.sim.add_faults({**ONCE, "action": "delay", "delay_s": 2, "when": when})
    call = asyncio.create_task(station.order("a"))
    await asleep(station, call)
    assert (station.clock.slept_s, await station.booked()) == ([2], booked)
    station.clock.advance(2)
    assert (await call).status == 200
    assert await station.booked() == ["a"]


async def test_a_delay_before_can_run_into_the_window(station: Station) -> None:
    """A request that arrives after its recvWindow is refused, as a venue does: proof of absence."""
    station.sim.add_faults({**ONCE, "action": "delay", "delay_s": 5.1, "when": "before"})
    call = asyncio.create_task(station.order("a"))
    await asleep(station, call)
    station.clock.advance(5.1)
    assert (await call).error[:2] == (400, -1021)
    assert await station.booked() == []


async def test_a_caller_that_left_has_lost_its_answer(station: Station) -> None:
    """A caller that gave up while its answer was late is told as lost; the order stands."""
    station.sim.add_faults(Rule(Delay(2), match="order.create"))
    call = asyncio.create_task(station.order("a"))
    await asleep(station, call)
    call.cancel()
    await asyncio.wait([call])
    # A second connection proves that the first one's end has been read by now.
    await station.call("GET", "/api/v3/ping")
    station.clock.advance(2)
    await station.call("GET", "/api/v3/ping")
    assert lost(station.sim) == [("a", "client_left")]


async def test_refuse_at_once(station: Station) -> None:
    """Without a match the venue refuses from now on; backend and control go on; it comes back."""
    await station.call("GET", "/api/v3/ping")
    reply = await station.call("POST", "/_sim/faults", json={"action": "refuse", "duration_s": 3})
    assert reply.status == 200
    with pytest.raises(aiohttp.ClientConnectorError):
        await station.call("GET", "/api/v3/ping")
    assert (await station.call("GET", f"{station.sim.backend_url}/portfolio")).status == 200
    assert await station.booked() == []
    station.clock.advance(2.9)
    assert not connects(station.sim.base_url)
    station.clock.advance(0.1)
    assert (await station.call("GET", "/api/v3/ping")).status == 200


async def test_refuse_at_a_call(station: Station) -> None:
    """With a match the call that meets it is reset unbooked, and the next ones are refused."""
    station.sim.add_faults(Rule(Refuse(3), match="order.create", count=1))
    with pytest.raises(aiohttp.ClientOSError):
        await station.order("a")
    assert not connects(station.sim.base_url)
    assert await station.booked() == []
    station.clock.advance(3)
    assert (await station.order("a")).status == 200


async def test_a_shorter_refusal_does_not_end_a_longer_one(station: Station) -> None:
    """Two refusals end with the later of them; clearing the rules ends both."""
    station.sim.add_faults([Rule(Refuse(9), match=None), Rule(Refuse(1), match=None)])
    station.clock.advance(2)
    assert not connects(station.sim.base_url)
    station.sim.clear_faults()
    assert (await station.call("GET", "/api/v3/ping")).status == 200


async def test_control_is_never_faulted(station: Station) -> None:
    """Rules for everything leave the control alone, on both of its ports."""
    station.sim.add_faults({"match": "* /*", "action": "reset_before"})
    for base in (station.sim.base_url, station.sim.control_url):
        assert (await station.call("GET", f"{base}/_sim/state")).status == 200
    assert station.sim.state()["requests"] == {}


@pytest.mark.parametrize(
    ("skew_ms", "words"),
    [(8_000, "outside of the recvWindow"), (-3_000, "1000ms ahead of the server's time")],
)
async def test_a_clock_that_is_off(station: Station, skew_ms: int, words: str) -> None:
    """Time endpoint, Date and the check of timestamps agree with each other, and not with us."""
    station.sim.add_faults({"action": "clock_skew", "skew_ms": skew_ms})
    told = await station.call("GET", "/api/v3/time")
    apart_s = told.json["serverTime"] / 1000 - station.clock.wall().timestamp()
    assert apart_s == skew_ms / 1000
    dated = parsedate_to_datetime(told.headers["Date"])
    assert (dated - station.clock.wall()).total_seconds() == apart_s
    refused = await station.order("a")
    assert refused.error[:2] == (400, -1021)
    assert words in refused.error[2]
    station.clock.wall_offset_s = apart_s  # the caller now goes by the venue's clock
    station.sim.clear_faults()
    assert (await station.order("b")).status == 200


async def test_a_ban_ends_by_the_venues_clock(station: Station) -> None:
    """What a fault tells in instants is told by the clock that is off."""
    station.sim.add_faults([{"action": "clock_skew", "skew_ms": 60_000}])
    station.sim.add_faults({"action": "answer", "status": 418, "retry_after_s": 10})
    until_ms = int(station.clock.wall().timestamp() * 1000) + 70_000
    reply = await station.call("GET", "/api/v3/time")
    assert f"banned until {until_ms}." in reply.error[2]


async def test_a_revoked_key(station: Station) -> None:
    """Calls with the key are refused as of an unknown key; public ones go on, and are not hit."""
    station.sim.add_faults({"action": "key_revoked"})
    assert (await station.order("a")).error[:2] == (401, -2015)
    assert (await station.call("GET", "/api/v3/ping")).status == 200
    assert station.sim.state()["faults"] == {"key_revoked": 1}
    station.sim.clear_faults()
    assert (await station.order("a")).status == 200


async def test_a_bent_world_leaves_room_for_another_fault(station: Station) -> None:
    """Skew and revocation are beside the rule that comes after them, as delays are."""
    station.sim.add_faults([{"action": "key_revoked"}, {"action": "clock_skew", "skew_ms": 5}])
    station.sim.add_faults({"action": "html", "status": 502})
    assert (await station.order("a")).status == 502
    assert station.sim.state()["faults"] == {"key_revoked": 1, "clock_skew": 1, "html": 1}


async def test_everything_of_the_venue_is_not_the_backend(station: Station) -> None:
    """The match "venue" hits each endpoint of the venue, and none of the backend's."""
    station.sim.add_faults({"match": "venue", "action": "html", "status": 502})
    assert (await station.call("GET", "/api/v3/ping")).status == 502
    assert (await station.call("GET", "/nowhere")).status == 502
    assert (await station.call("GET", "/portfolio")).status == 200


def hits(seed: int, **rule: Any) -> list[bool]:
    """Which of forty calls a rule hits."""
    desk = Desk(seed)
    desk.practice.script.add(parse_rule({"action": "reset_before", **rule}))
    draw = desk.practice.script.draw
    return [bool(draw("GET", "/api/v3/ping", "ping")) for _ in range(40)]


async def test_a_seed_repeats_its_faults() -> None:
    """The same seed and calls give the same faults; another seed gives others."""
    assert hits(1, probability=0.5) == hits(1, probability=0.5)
    assert hits(1, probability=0.5) != hits(2, probability=0.5)
    assert 8 < sum(hits(1, probability=0.5)) < 32
    assert (sum(hits(1, probability=0)), sum(hits(1, probability=1))) == (0, 40)


async def test_after_and_count_choose_the_calls() -> None:
    """The first calls pass, then as many are hit as the rule says."""
    assert hits(1, after=3, count=2) == [False] * 3 + [True] * 2 + [False] * 35


@pytest.mark.parametrize(
    ("pattern", "hit"),
    [
        ("ping", True),
        ("*", True),
        ("pin?", True),
        ("order.*", False),
        ("/api/v3/*", True),
        ("GET /api/v3/ping", True),
        ("POST /api/v3/ping", False),
        ("* /api/*", True),
        ("/api/v3/time", False),
    ],
)
async def test_a_match_is_a_name_or_a_method_and_path(pattern: str, hit: bool) -> None:
    """With a slash it means method and path, without one the endpoint's name."""
    assert hits(1, match=pattern)[0] is hit
