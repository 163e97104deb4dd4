"""What aiohttp alone has: web sockets, opened through the guard, and middlewares of a request."""

from __future__ import annotations

from typing import Any

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


async def test_a_request_with_middlewares_of_its_own_is_guarded_too() -> None:
    """They stand in place of the session's, but for the guard, which is next to the wire."""
    seen: list[str] = []

    async def fail(_request: web.Request) -> web.Response:
        return web.Response(status=503)

    async def told(request: aiohttp.ClientRequest, handler: Any) -> Any:
        seen.append(request.method)
        return await handler(request)

    app = web.Application()
    app.router.add_get("/v1/price", fail)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1/price"
    with sg.Switchgear(clock=FakeClock(), settings={"retries": 0}) as gear:
        async with aiohttp.ClientSession() as session:
            gear.wrap(session, "venue")
            for _ in range(3):
                async with session.get(url, middlewares=[told]) as answer:
                    assert answer.status == 503
            with pytest.raises(aiohttp.ClientConnectionError, match="was not called"):
                await session.get(url, middlewares=[told])
        assert seen == ["GET"] * 4
        assert gear.circuit("venue", "get_v1_price").state is sg.CircuitState.OPEN
    await runner.cleanup()
