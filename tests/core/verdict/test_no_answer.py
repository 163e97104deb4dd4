"""An answer that is not HTTP is no refusal, whatever status a client makes up for it."""

import asyncio

import aiohttp
import pytest

from switchgear.core.verdict import classify
from switchgear.core.words import Effect

pytestmark = pytest.mark.anyio


async def _garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"GARBAGE NOT HTTP\r\n\r\n")
    await writer.drain()
    writer.close()


async def test_an_order_answered_with_garbage_is_unknown_not_refused() -> None:
    """Aiohttp raises a ClientResponseError with status 400 there; the order may stand."""
    server = await asyncio.start_server(_garbage, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, aiohttp.ClientSession() as client:
        with pytest.raises(aiohttp.ClientResponseError) as raised:
            await client.post(f"http://127.0.0.1:{port}/")
    verdict = classify(raised.value, "binance", Effect.TRADE)
    assert verdict.ambiguous
    assert verdict.counts
