"""Owns a server that answers with whatever bytes it is told to; what it is told is left to its user."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Answering = Callable[[bytes], Awaitable[bytes]]

_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)
_HEAD_BYTES_MAX = 64 * 1024


class Feeder:
    """One request a connection: it is read, answered with raw bytes, and the connection closed."""

    def __init__(self, answer: Answering | None = None) -> None:
        self.answer: Answering = answer or _silent
        """What makes an answer of a request; it may be changed at any time."""
        self.fed: list[tuple[bytes, bytes]] = []
        """Every request, and what was answered."""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", 0, limit=_HEAD_BYTES_MAX
        )
        host, port, *_ = self._server.sockets[0].getsockname()
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A client that has enough goes away in the middle: that is its right.
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            request = await reader.readuntil(b"\r\n\r\n")
            length = _LENGTH.search(request)
            request += await reader.readexactly(int(length[1]) if length else 0)
            answer = await self.answer(request)
            self.fed.append((request, answer))
            writer.write(answer)
            await writer.drain()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def _silent(_request: bytes) -> bytes:
    return b""


def head_and_body(answer: bytes) -> tuple[bytes, bytes]:
    """Status line and headers without the empty line behind them, and the rest."""
    head, _, body = answer.partition(b"\r\n\r\n")
    return head, body


def with_body(answer: bytes, body: bytes) -> bytes:
    """The same answer with another body, whose length is told as it is."""
    head, _ = head_and_body(answer)
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"content-length")]
    return b"\r\n".join([*lines, b"Content-Length: %d" % len(body), b"", body])


def answered(
    body: bytes, *headers: bytes, status: bytes = b"200 OK", kind: bytes = b"application/json"
) -> bytes:
    """A whole answer; a Content-Length among the headers takes the place of the true one."""
    lines = [b"HTTP/1.1 " + status, b"Content-Type: " + kind, b"Connection: close", *headers]
    told = {line.partition(b":")[0].lower() for line in headers}
    if not told & {b"content-length", b"transfer-encoding"}:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join([*lines, b"", body])
