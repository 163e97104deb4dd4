"""Owns a listening port that can be shut and opened again without losing its number."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import struct
from typing import TYPE_CHECKING

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

    Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

_BACKLOG = 128
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_GOODBYE_S = 0.1
"""How long a handler may go on after the door closed for good."""
_UNREADABLE = (HttpProcessingError, web.RequestPayloadError)


def _is_ours(record: logging.LogRecord) -> bool:
    """Whether a failure is the server's own; that a client sends no HTTP is none, and it is told 400."""
    return not (record.exc_info and isinstance(record.exc_info[1], _UNREADABLE))


_log = logging.getLogger(__name__)
_log.addFilter(_is_ours)


class HostError(OSError):
    """There is no listening on this host, whatever the port."""

    def __init__(self, host: str) -> None:
        super().__init__(f"host is {host!r}; allowed: an address or a name of this machine")
        self.host = host


class Door:
    """One port with the handler behind it. The port stays ours while the door is shut."""

    def __init__(self, handler: Handler, host: str, port: int) -> None:
        """
        Take port on host, 0 for one that the system chooses.

        Raises:
            HostError: There is no listening on this host.
            OSError: The port is taken.
        """
        self._handler = handler
        self._server = web.Server(self._answer, access_log=None, logger=_log)
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

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await self._handler(request)
        except _UNREADABLE as error:
            said = web.Response(status=400, text=f"the body cannot be read: {error}\n")
            said.force_close()
            return said

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
        except BaseException as error:
            sock.close()
            is_of_host = isinstance(error, socket.gaierror)
            if is_of_host or (isinstance(error, OSError) and error.errno == errno.EADDRNOTAVAIL):
                raise HostError(self._host) from error
            raise
        return sock


def reset(transport: asyncio.BaseTransport) -> None:
    """Drop a connection so that the other side sees a reset, not an end."""
    sock: socket.socket | None = transport.get_extra_info("socket")
    if sock is not None and not transport.is_closing():
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    assert isinstance(transport, asyncio.WriteTransport)
    transport.abort()
