"""Owns a listening port that can be shut and opened again without losing its number."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

    Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

_BACKLOG = 128
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_GOODBYE_S = 0.1
"""How long a handler may go on after the door closed for good."""


class Door:
    """One port with the handler behind it. The port stays ours while the door is shut."""

    def __init__(self, handler: Handler, host: str, port: int) -> None:
        """Take port on host, 0 for one that the system chooses; raises OSError when it is taken."""
        self._server = web.Server(handler, access_log=None)
        self._host = host
        self._family = socket.AF_INET6 if ":" in host else socket.AF_INET
        if port:
            # The option that lets us listen twice would also let a second program in unseen.
            self._bind(port, share=False).close()
        self._place = self._bind(port, share=True)
        self.port: int = self._place.getsockname()[1]
        self._listener: socket.socket | None = None
        self._accepting: asyncio.Task[asyncio.Server] | None = None

    @property
    def url(self) -> str:
        """The address to call, without a slash at its end."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._host, self._host)  # noqa: S104
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    def open(self) -> None:
        """Listen; connections are taken at once. Does nothing when it is open, or closed for good."""
        if self._listener is not None or self._place.fileno() < 0:
            return
        self._listener = self._bind(self.port, share=True)
        self._listener.listen(_BACKLOG)
        self._listener.setblocking(False)
        accepting = asyncio.get_running_loop().create_server(
            self._server, sock=self._listener, backlog=_BACKLOG
        )
        self._accepting = asyncio.create_task(accepting)

    def shut(self, spare: Collection[object] = ()) -> None:
        """Stop listening and reset every connection but spared transports; new ones are refused."""
        if self._accepting is None or self._listener is None:
            return
        self._accepting.cancel()
        if self._accepting.done() and not self._accepting.cancelled():
            self._accepting.result().close()
        self._listener.close()
        self._listener = self._accepting = None
        for connection in self._server.connections:
            if connection.transport is not None and connection.transport not in spare:
                reset(connection.transport)

    async def close(self) -> None:
        """Shut for good and give the port back."""
        self.shut()
        self._place.close()
        self._server.pre_shutdown()
        await self._server.shutdown(_GOODBYE_S)

    def _bind(self, port: int, *, share: bool) -> socket.socket:
        sock = socket.socket(self._family, socket.SOCK_STREAM)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, int(share))
            sock.bind((self._host, port))
        except BaseException:
            sock.close()
            raise
        return sock


def reset(transport: asyncio.BaseTransport) -> None:
    """Drop a connection so that the other side sees a reset, not an end."""
    sock: socket.socket | None = transport.get_extra_info("socket")
    if sock is not None and not transport.is_closing():
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    assert isinstance(transport, asyncio.WriteTransport)
    transport.abort()
