"""Owns what tests of exchange clients share: orders, the truth of the practice exchange, odd servers."""

from __future__ import annotations

import asyncio
import re
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from switchgear.exchange import OrderRequest, OrderType, Side

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    import switchgear as sg
    from switchgear.practice.sim.server import Sim

BTC = "BTC/USDT"
MARKET = OrderRequest(BTC, Side.BUY, OrderType.MARKET, Decimal("0.01"))
RESTING = OrderRequest(BTC, Side.BUY, OrderType.LIMIT, Decimal("0.01"), price=Decimal(10000))
ORDER_ONCE = {"match": "order.create", "count": 1}
PRICE_ONCE = {"match": "ticker.price", "count": 1}


def booked(sim: Sim) -> list[str]:
    """The client order ids in the ledger."""
    return [order["client_order_id"] for order in sim.state()["orders"]]


def asked(sim: Sim, name: str) -> int:
    """How many requests of an endpoint reached the practice exchange."""
    return int(sim.state()["requests"].get(name, 0))


def one_attempt(gear: sg.Switchgear) -> None:
    """Have every call make a single attempt."""
    gear.configure("*", retries=0)


def answer_bytes(body: bytes, *headers: str, length: int | None = None) -> bytes:
    """A whole HTTP answer with status 200."""
    lines = ["HTTP/1.1 200 OK", "Content-Type: application/json", "Connection: close", *headers]
    lines += [f"Content-Length: {len(body) if length is None else length}", "", ""]
    return "\r\n".join(lines).encode() + body


@asynccontextmanager
async def odd_server(answer: bytes, *, hold: bool = False) -> AsyncGenerator[str]:
    """A server that answers every request with these bytes, then closes or holds; its address."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        await reader.readexactly(int(length[1]) if length else 0)  # or closing would be a reset
        writer.write(answer)
        if hold:
            await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        host, port, *_ = server.sockets[0].getsockname()
        yield f"http://{host}:{port}"


def texts(gear: sg.Switchgear) -> list[Any]:
    """Everything the gear kept, as a user or an export sees it."""
    return [repr(record) for record in gear.logs()]
