"""
Owns the server that clients are timed against: the same canned answers for everybody, in a process of its own.

It checks nothing: what it costs is in every figure alike. `lean` answers by hand on the transport, so that nearly all
of a request's time is the client's; `aiohttp` is a usual HTTP server.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

from aiohttp import web

COINS = ("USDT", "BTC", "ETH", "BNB")


def _held(coin: str) -> dict[str, str]:
    return {"asset": coin, "free": "1.25000000", "locked": "0.00000000"}


def _wallet(coin: str) -> dict[str, object]:
    amounts = {
        name: {"value": value, "currency": coin}
        for name, value in (("available_balance", "1.25"), ("hold", "0"))
    }
    return {
        "uuid": f"8bfc20d7-f7c6-4422-bf07-{coin:0>12}",
        "name": coin,
        "currency": coin,
        **amounts,
    }


BINANCE = {"makerCommission": 10, "canTrade": True, "balances": [*map(_held, COINS)]}
COINBASE = {"accounts": [*map(_wallet, COINS)], "has_next": False, "cursor": "", "size": 4}
ALPACA = {
    "timestamp": "2026-01-02T10:00:00.123456789-05:00",
    "is_open": True,
    "next_open": "2026-01-05T09:30:00-05:00",
    "next_close": "2026-01-02T16:00:00-05:00",
}
BODIES = {
    "/api/v3/ticker/price": json.dumps({"symbol": "BTCUSDT", "price": "60000.01000000"}).encode(),
    "/api/v3/account": json.dumps(BINANCE).encode(),
    "/api/v3/brokerage/accounts": json.dumps(COINBASE).encode(),
    "/v2/clock": json.dumps(ALPACA).encode(),
}


def body_of(path: str) -> bytes:
    """What a path answers; the time where it is asked for, an empty object elsewhere."""
    now_ms = int(time.time() * 1000)
    if path == "/api/v3/brokerage/time":
        told = {"iso": "", "epochSeconds": str(now_ms // 1000), "epochMillis": str(now_ms)}
        return json.dumps(told).encode()
    if path == "/api/v3/time":
        return json.dumps({"serverTime": now_ms}).encode()
    return BODIES.get(path, b"{}")


class Lean(asyncio.Protocol):
    """Answers each request that has come whole; knows no more of HTTP than that."""

    transport: asyncio.WriteTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self.transport = transport
        self.pending = b""

    def data_received(self, data: bytes) -> None:
        self.pending += data
        while (end := self.pending.find(b"\r\n\r\n")) >= 0:
            head = self.pending[:end]
            _, _, told = head.lower().partition(b"\r\ncontent-length:")
            length = int(told.partition(b"\r\n")[0] or 0)
            if len(self.pending) < end + 4 + length:
                return
            self.pending = self.pending[end + 4 + length :]
            self.transport.write(_answer(head))


def _answer(head: bytes) -> bytes:
    path = head.split(b" ", 2)[1].partition(b"?")[0].decode()
    body = body_of(path)
    kind = b"Content-Type: application/json"
    return b"HTTP/1.1 200 OK\r\n%b\r\nContent-Length: %d\r\n\r\n%b" % (kind, len(body), body)


async def usual(request: web.BaseRequest) -> web.StreamResponse:
    """The same answers through aiohttp's server."""
    await request.read()
    return web.Response(body=body_of(request.path), content_type="application/json")


async def main(kind: str) -> None:
    """Serve until killed; the port is the first line on standard output."""
    factory = Lean if kind == "lean" else web.Server(usual, access_log=None)
    server = await asyncio.get_running_loop().create_server(factory, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
