"""Proves what each fault of the wire looks like to a client, and what the venue has booked then."""

from __future__ import annotations

import asyncio
import errno
import socket
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from switchgear.practice.sim.wire_rules import Cut, HalfOpen, WireRule
from tests.practice.test_proxy import GET, ONCE, Bench, before, connected, left, resets

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.anyio
BODY = b"x" * 100
POST = b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
UNTIL_END = b"HTTP/1.1 200 OK\r\n\r\nuntil the end"


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    """A bench with nothing broken."""
    async with Bench() as made:
        yield made


# ------------------------------------------------------------------------------------------ refuse


def knock(bench: Bench) -> int:
    """What the system answers to a connection: 0, or the number of an error."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", bench.proxy.port))


async def test_a_refusal_at_once_ends_by_itself(bench: Bench) -> None:
    """Kept connections are reset, new ones refused, the port stays ours, and opens on time."""
    await bench.call()
    async with bench.raw() as (reader, writer):
        writer.write(GET[:3])
        await bench.call()
        assert bench.proxy.add({"action": "refuse", "duration_s": 5}) == [1]
        with pytest.raises(ConnectionResetError):
            await reader.read()
    assert knock(bench) == errno.ECONNREFUSED
    with pytest.raises(aiohttp.ClientConnectorError) as caught:
        await bench.call()
    assert caught.value.errno == errno.ECONNREFUSED
    with socket.socket() as thief, pytest.raises(OSError, match="in use"):
        thief.bind(("127.0.0.1", bench.proxy.port))
    bench.clock.advance(4.9)
    assert (knock(bench), bench.proxy.state()["refusing"]) == (errno.ECONNREFUSED, True)
    bench.clock.advance(0.1)
    assert bench.proxy.state()["refusing"] is False
    assert await bench.call() == b"0123456789"
    assert bench.proxy.state()["rules"][0]["fired"] == 1


async def test_who_has_just_come_is_reset_too(bench: Bench) -> None:
    """A connection taken in the very turn of the loop in which the refusal begins is reset."""
    with socket.create_connection(("127.0.0.1", bench.proxy.port)) as client:
        bench.proxy._port._accept()
        bench.proxy.add({"action": "refuse", "duration_s": 5})
        await left(bench)
        with pytest.raises(ConnectionResetError):
            client.recv(1)


async def test_a_request_may_bring_the_refusal(bench: Bench) -> None:
    """The request that hits is reset unheard; so are the others; then nobody gets in."""
    bench.proxy.add({**ONCE, "action": "refuse", "duration_s": 5})
    bench.proxy.add({"match": "/slow", "action": "delay", "delay_s": 60, "side": "answer"})
    slow = asyncio.create_task(bench.call("/slow"))
    await bench.clock.asked()
    await resets(asyncio.create_task(bench.call()))
    await resets(slow)
    assert (knock(bench), bench.booked) == (errno.ECONNREFUSED, ["POST /slow"])
    bench.clock.advance(5)
    assert await bench.call() == b"0123456789"


async def test_the_longer_refusal_holds(bench: Bench) -> None:
    """A second refusal never shortens the first."""
    bench.proxy.add([{"action": "refuse", "duration_s": each} for each in (5, 1)])
    bench.clock.advance(1)
    assert knock(bench) == errno.ECONNREFUSED
    bench.clock.advance(4)
    assert knock(bench) == 0


async def test_taking_the_rule_away_ends_the_refusal(bench: Bench) -> None:
    """Removed or cleared, it listens again, and the time that was due does nothing later."""
    for take_away in (lambda: bench.proxy.remove(1), bench.proxy.clear):
        bench.proxy.add({"action": "refuse", "duration_s": 5})
        assert knock(bench) == errno.ECONNREFUSED
        take_away()
        assert knock(bench) == 0
    bench.clock.advance(10)
    assert (bench.proxy.remove(1), await bench.call()) == (False, b"0123456789")


# ------------------------------------------------------------------------------------------- reset


@pytest.mark.parametrize("at_byte", [0, 60, 10_000])
async def test_a_reset_of_the_request_books_nothing(bench: Bench, at_byte: int) -> None:
    """Wherever it breaks, beyond its end too, the venue never has the whole request."""
    bench.proxy.add({**ONCE, "action": "reset", "side": "request", "at_byte": at_byte})
    await bench.call("/b")
    await resets(asyncio.create_task(bench.call(data=BODY)))
    assert await bench.call("/c") == b"0123456789"
    assert bench.booked == ["POST /b", "POST /c"]


async def test_a_reset_of_the_request_waits_for_its_byte(bench: Bench) -> None:
    """One byte short of it the connection is open; with it, it is reset; nothing was forwarded."""
    at_byte = len(POST) + 20
    bench.proxy.add({"match": "POST /a", "action": "reset", "side": "request", "at_byte": at_byte})
    async with bench.raw() as (reader, writer):
        writer.write(POST + BODY[:19])
        forwarded = bench.proxy.state()["bytes"]["request"]
        reading = asyncio.create_task(reader.read())
        for _ in range(3):
            await bench.call("/b", "GET")
        assert not reading.done()
        writer.write(BODY[:1])
        with pytest.raises(ConnectionResetError):
            await reading
    assert (forwarded, bench.booked) == (0, ["GET /b"] * 3)


@pytest.mark.parametrize("at_byte", [0, 1, 17, 150])
async def test_a_reset_of_the_answer_comes_after_booking(bench: Bench, at_byte: int) -> None:
    """Exactly so many bytes of the answer arrive, then a real reset; the venue did the work."""
    bench.proxy.add({**ONCE, "action": "reset", "side": "answer", "at_byte": at_byte})
    async with bench.raw() as (reader, writer):
        writer.write(POST + BODY)
        assert len(await reader.readexactly(at_byte)) == at_byte
        with pytest.raises(ConnectionResetError):
            await reader.read(1)
    assert bench.booked == ["POST /a"]
    assert bench.proxy.state()["bytes"]["answer"] == at_byte


@pytest.mark.parametrize("at_byte", [0, 30])
async def test_a_client_sees_the_reset_of_an_answer(bench: Bench, at_byte: int) -> None:
    """In aiohttp it is the same as a reset of the request: it cannot tell what was booked."""
    bench.proxy.add({**ONCE, "action": "reset", "side": "answer", "at_byte": at_byte})
    await resets(asyncio.create_task(bench.call()))
    assert bench.booked == ["POST /a"]


async def test_an_interim_answer_is_no_answer() -> None:
    """With 100 Continue the reset waits for the answer proper, so the request was booked."""
    booked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(CONTINUE[:9])
        await reader.readexactly(1)
        writer.write(CONTINUE[9:])
        booked.append(await reader.readexactly(len(BODY)))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await reader.read()

    async with before(serve) as proxy, connected(proxy) as (reader, writer):
        proxy.add({"action": "reset", "side": "answer"})
        writer.write(POST.replace(b"100", b"101") + b"x")
        assert await reader.readexactly(len(CONTINUE)) == CONTINUE
        writer.write(BODY)
        with pytest.raises(ConnectionResetError):
            await reader.read()
    assert booked == [BODY]


# ----------------------------------------------------------------------------------- delay and drip


@pytest.mark.parametrize(("side", "booked"), [("request", []), ("answer", ["POST /a"])])
async def test_a_delay_on_either_side(bench: Bench, side: str, booked: list[str]) -> None:
    """While the client waits the venue has not heard yet, or has booked; then the answer comes."""
    bench.proxy.add({**ONCE, "action": "delay", "delay_s": 2, "side": side})
    call = asyncio.create_task(bench.call(data=BODY))
    await bench.clock.asked()
    assert await bench.call("/b") == b"0123456789"
    assert (bench.clock.slept_s, bench.booked, call.done()) == ([2], [*booked, "POST /b"], False)
    bench.clock.advance(2)
    assert await call == BODY
    assert sorted(bench.booked) == ["POST /a", "POST /b"]


async def test_a_request_that_is_late_arrives_though_its_client_has_left(bench: Bench) -> None:
    """A caller who gave up has an order booked later: bytes on the wire are not called back."""
    bench.proxy.add({**ONCE, "action": "delay", "delay_s": 2, "side": "request"})
    call = asyncio.create_task(bench.call())
    await bench.clock.asked()
    call.cancel()
    await asyncio.wait([call])
    bench.clock.advance(2)
    await left(bench)
    assert bench.booked == ["POST /a"]


async def test_delays_add_up_and_go_with_another_fault(bench: Bench) -> None:
    """Two delays and a reset hit one request; a fault behind the reset is not asked for."""
    delay = {"action": "delay", "delay_s": 2, "side": "request"}
    bench.proxy.add([delay, delay, {"action": "reset", "side": "request"}, {"action": "cut"}])
    call = asyncio.create_task(bench.call())
    await bench.clock.asked()
    bench.clock.advance(3.9)
    assert not call.done()
    bench.clock.advance(0.1)
    await resets(call)
    assert (bench.clock.slept_s, bench.booked) == ([4], [])
    assert [(rule["seen"], rule["fired"]) for rule in bench.proxy.state()["rules"]] == [
        (1, 1),
        (1, 1),
        (1, 1),
        (0, 0),
    ]


@pytest.mark.parametrize("action", ["cut", "reset"])
async def test_a_late_answer_can_break_too(bench: Bench, action: str) -> None:
    """The delay comes first: until it is over, the client has nothing and no end."""
    side = {"side": "answer"} if action == "reset" else {}
    bench.proxy.add({"action": "delay", "delay_s": 2, "side": "answer"})
    bench.proxy.add({"action": action, "at_byte": 5, **side})
    async with bench.raw() as (reader, writer):
        writer.write(GET)
        await bench.clock.asked()
        assert bench.proxy.state()["bytes"]["answer"] == 0
        bench.clock.advance(2)
        assert await reader.readexactly(5) == b"HTTP/"


async def test_an_answer_drips(bench: Bench) -> None:
    """Pieces of the wanted size come one at a time, the first at once, the rest with the last."""
    bench.proxy.add({"match": "GET /ping", "action": "drip", "bytes": 60, "every_s": 3})
    async with bench.raw() as (reader, writer):
        writer.write(GET)
        seen = await reader.readexactly(60)
        while not seen.endswith(b"0123456789"):
            await bench.clock.asked()
            assert bench.proxy.state()["bytes"]["answer"] == len(seen)
            bench.clock.advance(3)
            seen += await reader.read(60)
        assert set(bench.clock.slept_s) == {3}
        assert len(bench.clock.slept_s) == (len(seen) - 1) // 60
        writer.write(GET.replace(b"/ping", b"/pong"))
        assert (await reader.readuntil(b"0123456789")).startswith(b"HTTP/1.1 200 OK\r\n")


# --------------------------------------------------------------------------------------------- cut


@pytest.mark.parametrize("at_byte", [0, 17, 150, 10_000])
async def test_a_cut_is_a_clean_end(bench: Bench, at_byte: int) -> None:
    """So many bytes and an end, not a reset, though more requests wait; the venue did the work."""
    bench.proxy.add(WireRule(Cut(at_byte), match="GET /ping"))
    async with bench.raw() as (reader, writer):
        writer.write(GET)
        cut = await reader.read()
        writer.write(GET)
        assert await reader.read() == b""
    assert len(cut) == at_byte or cut.endswith(b"0123456789")
    assert bench.booked == ["GET /ping"]
    await left(bench)


@pytest.mark.parametrize(
    ("at_byte", "error"),
    [(0, aiohttp.ServerDisconnectedError), (155, aiohttp.ClientPayloadError)],
)
async def test_a_client_sees_a_cut(bench: Bench, at_byte: int, error: type[Exception]) -> None:
    """A client tells an end before the answer from one in the middle of its body."""
    bench.proxy.add({**ONCE, "action": "cut", "at_byte": at_byte})
    with pytest.raises(error):
        await bench.call(data=BODY)
    assert bench.booked == ["POST /a"]
    assert await bench.call(data=BODY) == BODY


@pytest.mark.parametrize(
    ("rule", "seen"),
    [
        ({"action": "cut", "at_byte": 99}, UNTIL_END),
        ({"action": "reset", "side": "answer", "at_byte": 99}, None),
        ({"action": "drip", "bytes": 30, "every_s": 0}, UNTIL_END),
        ({"action": "delay", "delay_s": 0, "side": "answer"}, UNTIL_END),
    ],
    ids=lambda part: str(part)[:20],
)
async def test_an_answer_without_a_length(rule: dict[str, Any], seen: bytes | None) -> None:
    """An answer that ends with its connection ends there for each fault."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(UNTIL_END)

    async with before(serve) as proxy, connected(proxy) as (reader, writer):
        proxy.add(rule)
        writer.write(GET)
        if seen is None:
            with pytest.raises(ConnectionResetError):
                await reader.read()
        else:
            assert await reader.read() == seen


# --------------------------------------------------------------------------------------- half-open


@pytest.mark.parametrize(("side", "booked"), [("request", []), ("answer", ["GET /ping"])])
async def test_a_half_open_connection_never_answers(
    bench: Bench, side: str, booked: list[str]
) -> None:
    """The venue never hears, or does the work in vain; the connection stays until its time is up."""
    rule = {"match": "GET /ping", "action": "half_open", "side": side, "duration_s": 9}
    bench.proxy.add(rule)
    async with bench.raw() as (reader, writer):
        writer.write(GET + GET)
        reading = asyncio.create_task(reader.read())
        await bench.clock.asked()
        for _ in range(3):
            await bench.call("/b")
        assert (bench.booked, reading.done()) == ([*booked, *["POST /b"] * 3], False)
        bench.clock.advance(8.9)
        await bench.call("/b")
        assert not reading.done()
        bench.clock.advance(0.1)
        with pytest.raises(ConnectionResetError):
            await reading


async def test_a_half_open_connection_ends_when_its_client_leaves(bench: Bench) -> None:
    """A caller who gives up frees it; nothing is left of it on either side."""
    bench.proxy.add(WireRule(HalfOpen(duration_s=9), match="POST /a"))
    call = asyncio.create_task(bench.call())
    await bench.clock.asked()
    call.cancel()
    await asyncio.wait([call])
    await left(bench)
    assert (bench.booked, bench.proxy.state()["open"]) == ([], 0)
    bench.clock.advance(9)


async def test_a_half_open_connection_hides_the_venues_end() -> None:
    """The venue resets its side; the client goes on waiting, and can still be answered by nothing."""
    gone = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(UNTIL_END)
        gone.set()

    async with before(serve) as proxy, connected(proxy) as (reader, writer):
        proxy.add({"match": "/ping", "action": "half_open", "side": "answer"})
        writer.write(GET)
        reading = asyncio.create_task(reader.read())
        await gone.wait()
        for _ in range(3):
            async with connected(proxy) as (other_reader, other_writer):
                other_writer.write(GET.replace(b"ping", b"pong"))
                assert await other_reader.read() == UNTIL_END
        assert not reading.done()
        writer.write_eof()
        assert await reading == b""


async def test_what_came_before_on_the_connection_is_answered(bench: Bench) -> None:
    """A fault of the second of two requests in one packet leaves the first its answer."""
    bench.proxy.add({"match": "POST /a", "action": "half_open"})
    async with bench.raw() as (reader, writer):
        writer.write(GET + POST + BODY)
        assert (await reader.readuntil(b"0123456789")).startswith(b"HTTP/1.1 200 OK\r\n")
    assert bench.booked == ["GET /ping"]
