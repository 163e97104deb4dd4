"""Proves that a proxy without a rule in force changes nothing, and holds the bench its tests share."""

from __future__ import annotations

import asyncio
import errno
import gc
import io
import socket
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import aiohttp
import pytest
from aiohttp import web

from switchgear.practice.sim.door import Door, reset
from switchgear.practice.sim.proxy import Proxy
from switchgear.testing.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable

    from switchgear.testing.clock import FakeTimer

    Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

pytestmark = pytest.mark.anyio
BIG = bytes(range(256)) * 20_480  # 5 MiB
ONCE = {"match": "POST /a", "count": 1}
GET = b"GET /ping?a=1 HTTP/1.1\r\nHost: x\r\n\r\n"


class WatchedClock(FakeClock):
    """A clock that stands still, and tells when somebody waits on it."""

    def __init__(self) -> None:
        super().__init__(autojump=False)
        self._asked = asyncio.Event()

    def timer(self, delay_s: float, callback: Callable[[], object]) -> FakeTimer:
        """Note that somebody waits."""
        self._asked.set()
        return super().timer(delay_s, callback)

    async def asked(self) -> None:
        """Return when somebody waits who did not at the last time."""
        await self._asked.wait()
        self._asked.clear()


class Bench:
    """A real HTTP server that notes whole requests, a proxy before it, and a client that pools."""

    def __init__(self, seed: int = 1) -> None:
        self.clock = WatchedClock()
        self.booked: list[str] = []
        self.seed = seed
        self._door = Door(self._answer, "127.0.0.1", 0)

    async def __aenter__(self) -> Self:
        self._door.open()
        self.proxy = Proxy("127.0.0.1", self._door.port, clock=self.clock, seed=self.seed)
        await self.proxy.start()
        self.session = aiohttp.ClientSession()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.session.close()
        await self.proxy.stop()
        await self._door.close()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.content.read()  # of any size
        self.booked.append(f"{request.method} {request.path}")
        if request.path != "/chunked":
            return web.Response(body=body or b"0123456789")
        answer = web.StreamResponse()
        answer.enable_chunked_encoding()
        await answer.prepare(request)
        for start in range(0, len(body), 1000):
            await answer.write(body[start : start + 1000])
        return answer

    async def call(self, path: str = "/a", method: str = "POST", **more: Any) -> bytes:
        """The body of an answer."""
        async with self.session.request(method, self.proxy.url + path, **more) as answer:
            return await answer.read()

    @asynccontextmanager
    async def raw(self) -> AsyncGenerator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """A bare connection to the proxy."""
        async with connected(self.proxy) as streams:
            yield streams


@asynccontextmanager
async def connected(
    proxy: Proxy,
) -> AsyncGenerator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A bare connection to the proxy, gone at the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()
        with suppress(OSError):  # how it ended was the test's business
            await writer.wait_closed()


@asynccontextmanager
async def before(serve: Serve) -> AsyncGenerator[Proxy]:
    """A proxy before a bare server."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):  # the proxy has left
            await serve(reader, writer)
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        async with Proxy("127.0.0.1", port, clock=WatchedClock(), seed=1) as proxy:
            yield proxy
    finally:
        server.close()
        await server.wait_closed()


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send everything back, until the end."""
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()


async def resets(call: asyncio.Task[bytes]) -> None:
    """The call ends, and what its client saw is a reset."""
    with pytest.raises(aiohttp.ClientOSError) as caught:
        await call
    assert caught.value.errno == errno.ECONNRESET


async def left(bench: Bench) -> None:
    """Return when nothing of the connections that there were is left."""
    await asyncio.wait([link.task for link in bench.proxy._links])


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    """A bench with nothing broken."""
    async with Bench() as made:
        yield made


@pytest.mark.parametrize("rules", [[], [{"match": "/other", "action": "cut"}]])
@pytest.mark.parametrize("path", ["/a", "/chunked"])
async def test_five_megabytes_go_through_both_ways(
    bench: Bench, path: str, rules: list[dict[str, Any]]
) -> None:
    """A big body arrives and comes back unchanged, counted or chunked, with a rule looking on too."""
    bench.proxy.add(rules)
    assert await bench.call(path, data=io.BytesIO(BIG)) == BIG
    state = bench.proxy.state()
    assert (state["requests"], bench.booked) == (1, [f"POST {path}"])
    assert min(state["bytes"].values()) > len(BIG)


async def test_a_chunked_request_is_one_request(bench: Bench) -> None:
    """A body without a length is followed to its end, and the next request is seen behind it."""

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(BIG), 100_000):
            yield BIG[start : start + 100_000]

    assert await bench.call("/chunked", data=pieces()) == BIG
    assert await bench.call("/b") == b"0123456789"
    assert (bench.proxy.state()["connections"], bench.proxy.state()["requests"]) == (1, 2)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
async def test_a_connection_is_kept(bench: Bench, method: str) -> None:
    """Requests of one client go over one connection, answers without a body included."""
    for _ in range(3):
        await bench.call("/a", method)
    await bench.call("/b", "GET")
    state = bench.proxy.state()
    assert (state["connections"], state["open"], state["requests"]) == (1, 1, 4)


async def test_pipelined_requests_are_counted_one_by_one(bench: Bench) -> None:
    """Three requests in one packet, split anywhere, are three; their answers come in order."""
    bench.proxy.add({"match": "GET /ping", "action": "delay", "delay_s": 0, "side": "request"})
    body = b"POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
    async with bench.raw() as (reader, writer):
        for piece in (GET + body + GET[:9], GET[9:]):
            writer.write(piece)
            await writer.drain()
        for wanted in (b"0123456789", b"abc", b"0123456789"):
            assert (await reader.readuntil(wanted)).startswith(b"HTTP/1.1 200 OK\r\n")
    assert bench.booked == ["GET /ping", "POST /b", "GET /ping"]
    assert bench.proxy.state()["rules"][0]["seen"] == 2


GARBAGE = [
    b"\x16\x03\x01\x00\xa5\x01\x00",
    b"\r\n\r\n\x00",
    b"hello world\nagain\n",
    b"GET / HTTP/1.1\nHost: bare newlines\n\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET  / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
    b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\nabc",
    b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nabc",
    b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\nabc",
    b"GET /" + b"a" * 70_000,
    b"GET / HTTP/1.1\r\nA: " + b"a" * 70_000 + b"\r\n\r\n",
]


@pytest.mark.parametrize("garbage", GARBAGE, ids=lambda garbage: repr(garbage[:40]))
async def test_what_is_not_http_passes_blindly(garbage: bytes) -> None:
    """Bytes that are no readable request come through untouched, at once, and no rule fires."""
    async with before(echo) as proxy:
        proxy.add({"action": "reset", "side": "request"})
        async with connected(proxy) as (reader, writer):
            for data in (garbage, GET):
                writer.write(data)
                assert await reader.readexactly(len(data)) == data
        assert (proxy.state()["requests"], proxy.state()["rules"][0]["fired"]) == (0, 0)


async def test_a_broken_chunk_ends_the_reading_only() -> None:
    """A body that stops being HTTP is passed on, and nothing behind it counts as a request."""
    data = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n" + GET
    async with before(echo) as proxy, connected(proxy) as (reader, writer):
        writer.write(data)
        assert await reader.readexactly(len(data)) == data
        assert proxy.state()["requests"] == 1


async def test_half_a_head_is_passed_on_when_the_client_ends() -> None:
    """What was held back to be read goes out with the end of the connection."""
    async with before(echo) as proxy, connected(proxy) as (reader, writer):
        proxy.add({"action": "cut"})
        writer.write(GET[:-2])
        writer.write_eof()
        assert await reader.read() == GET[:-2]


async def test_without_rules_bytes_go_as_they_come() -> None:
    """Even half a request line is passed on at once when no rule looks at it."""
    async with before(echo) as proxy, connected(proxy) as (reader, writer):
        for data in (GET[:3], GET[3:]):
            writer.write(data)
            assert await reader.readexactly(len(data)) == data
        assert proxy.state()["requests"] == 1


@pytest.mark.parametrize("rules", [[], [{"match": "/other", "action": "cut"}]])
async def test_both_ends_are_passed_on(rules: list[dict[str, Any]]) -> None:
    """The client's end reaches the venue, which still answers; its end reaches the client."""
    ended: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ended.append(await reader.read())
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nuntil the end")

    async with before(serve) as proxy, connected(proxy) as (reader, writer):
        proxy.add(rules)
        writer.write(GET)
        writer.write_eof()
        assert (await reader.read()).endswith(b"until the end")
        assert ended == [GET]


async def test_a_venues_reset_is_passed_on() -> None:
    """A venue that resets is seen resetting."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(1)
        reset(writer.transport)

    async with before(serve) as proxy, connected(proxy) as (reader, writer):
        writer.write(b"x")
        with pytest.raises(ConnectionResetError):
            await reader.read()


async def test_a_clients_reset_is_passed_on() -> None:
    """A client that resets is seen resetting."""
    broke: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"x")
        try:
            await reader.read()
        except ConnectionResetError:
            broke.set_result(True)

    async with before(serve) as proxy, connected(proxy) as (reader, writer):
        await reader.readexactly(1)
        reset(writer.transport)
        assert await broke


async def test_a_venue_that_is_away_resets_the_client(bench: Bench) -> None:
    """A proxy before a closed port takes the connection and breaks it, as the network would."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        async with Proxy("127.0.0.1", port, clock=bench.clock, seed=1) as proxy:
            with pytest.raises(aiohttp.ClientOSError):
                await bench.session.get(proxy.url)


async def test_a_client_that_does_not_read_holds_the_venue_back(bench: Bench) -> None:
    """The proxy stores no answer: what it passed on is what the system took, not the whole."""
    size = 64 * 1024 * 1024

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(1)
        for _ in range(size // 65_536):
            writer.write(bytes(65_536))
            await writer.drain()

    async with before(serve) as proxy:
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
            client.connect(("127.0.0.1", proxy.port))
            client.sendall(b"x")
            for _ in range(100):  # turns of the loop in which all would have gone through
                await bench.call("/a", "GET")
            assert 0 < proxy.state()["bytes"]["answer"] < size // 4


async def test_an_interim_answer_and_another_protocol_pass() -> None:
    """100 Continue does not end the exchange, and behind a 101 nothing is read as HTTP."""
    answer = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(len(GET))
        writer.write(answer)
        await echo(reader, writer)

    async with before(serve) as proxy, connected(proxy) as (reader, writer):
        writer.write(GET)
        assert await reader.readexactly(len(answer)) == answer
        writer.write(GET)
        assert await reader.readexactly(len(GET)) == GET
        assert proxy.state()["requests"] == 1


def open_files() -> list[str]:
    """The numbers of the descriptors that this process has open."""
    return sorted(each.name for each in Path("/proc/self/fd").iterdir())


async def test_stop_leaves_nothing() -> None:
    """With connections open, half said and held, stopping ends every task and closes every socket."""
    gc.collect()  # what an earlier test left to the collector would be closed in between
    tasks, files = asyncio.all_tasks(), open_files()
    async with Bench() as bench:
        bench.proxy.add({"match": "/late", "action": "delay", "delay_s": 9, "side": "request"})
        late = asyncio.create_task(bench.call("/late"))
        await bench.call("/a")
        async with bench.raw() as (reader, writer):
            writer.write(GET[:5])
            await bench.clock.asked()
            await bench.proxy.stop()
            with pytest.raises(ConnectionResetError):
                await reader.read()
        with pytest.raises(aiohttp.ClientOSError):
            await late
        assert bench.proxy.state()["open"] == 0
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", bench.proxy.port)) != 0
    gc.collect()
    assert asyncio.all_tasks() == tasks
    assert open_files() == files


async def test_stop_does_not_wait_for_a_venue_that_does_not_take_connections() -> None:
    """A connection whose other half never comes about ends with the proxy."""
    with socket.socket() as venue, socket.socket() as filler:
        venue.bind(("127.0.0.1", 0))
        venue.listen(0)
        filler.connect(venue.getsockname())  # the only place in its queue
        proxy = Proxy(*venue.getsockname(), clock=WatchedClock(), seed=1)
        async with proxy, connected(proxy) as (reader, _):
            reading = asyncio.create_task(reader.read())
            while not proxy.state()["open"]:
                await asyncio.wait([reading], timeout=0.001)
            await proxy.stop()
            assert proxy.state()["open"] == 0
            with pytest.raises(ConnectionResetError):
                await reading


async def test_a_taken_port_is_an_error(bench: Bench) -> None:
    """A second proxy does not share a port in silence; a chosen port is the one that is used."""
    again = Proxy("127.0.0.1", 1, clock=bench.clock, seed=1, port=bench.proxy.port)
    with pytest.raises(OSError, match="in use"):
        await again.start()
    await again.stop()
    await bench.proxy.stop()
    async with Proxy("127.0.0.1", 1, clock=bench.clock, seed=1, port=bench.proxy.port) as proxy:
        assert proxy.url == bench.proxy.url
