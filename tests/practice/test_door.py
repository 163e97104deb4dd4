"""Proves that what is no HTTP is answered 400 without a word in the log, and that our own failures are told."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from switchgear.practice.sim.door import Door

if TYPE_CHECKING:
    from tests.practice.station import Station

pytestmark = pytest.mark.anyio
POST = b"POST /api/v3/order HTTP/1.1\r\nHost: x\r\n"
HEADS = {
    "no method": b"G\x01T / HTTP/1.1\r\nHost: x\r\n\r\n",
    "http2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "long header": b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
    "length": POST + b"Content-Length: abc\r\n\r\n",
    "chunk": POST + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n\r\n",
    "gzip": POST + b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
    "deflate": POST + b"Content-Encoding: deflate\r\nContent-Length: 3\r\n\r\nabc",
}


async def told(port: int, data: bytes) -> bytes:
    """The first line that comes back for these bytes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    try:
        return (await reader.readline()).strip()
    finally:
        writer.close()


@pytest.mark.parametrize("name", HEADS)
async def test_what_cannot_be_read_is_a_400_and_no_noise(
    station: Station, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """At the venue, the control and the backend; the next request is answered as ever."""
    for url in (station.sim.base_url, station.sim.control_url, station.sim.backend_url):
        data = HEADS[name]
        if url == station.sim.control_url:
            data = data.replace(b"/api/v3/order", b"/_sim/faults")
        line = await told(int(url.rpartition(":")[2]), data)
        assert line.partition(b" ")[2] == b"400 Bad Request"
    assert (await station.call("GET", "/api/v3/ping")).status == 200
    assert caplog.records == []


async def test_a_failure_of_our_own_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """A handler that raises is a 500, and its traceback is in the log."""

    async def broken(_: web.BaseRequest) -> web.StreamResponse:
        raise ZeroDivisionError

    door = Door(broken, "127.0.0.1", 0)
    door.open()
    assert b" 500 " in await told(door.port, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    await door.close()
    assert [record.exc_info is not None for record in caplog.records] == [True]
