"""A web socket is opened through the guard, and lives without it."""

from __future__ import annotations

import aiohttp
import pytest
from aiohttp import web

import switchgear as sg
from switchgear.core.words import Level
from switchgear.testing import FakeClock

pytestmark = pytest.mark.anyio


async def test_a_web_socket_that_breaks_off_is_no_failure_of_the_request_that_opened_it() -> None:
    """It is counted once, as the request that it was; how it ends is for whoever reads it."""

    async def talk(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str("hello")
        assert request.transport is not None
        request.transport.abort()
        return socket

    app = web.Application()
    app.router.add_get("/stream", talk)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/stream"
    with sg.Switchgear(clock=FakeClock()) as gear:
        async with (
            aiohttp.ClientSession() as session,
            gear.wrap(session, "venue").ws_connect(url) as socket,
        ):
            kinds = [(await socket.receive()).type for _ in range(2)]
        assert kinds[0] is aiohttp.WSMsgType.TEXT
        assert kinds[1] in {aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR}
        assert gear.circuit("venue", "get_stream").failures == 0
        assert gear.metrics("venue", "get_stream").success_calls == 1
        assert gear.logs(level=Level.ERROR) == []
    await runner.cleanup()
