"""Owns a running server: its port on loopback, its thread, its end; the app has the answers."""

from __future__ import annotations

import socket
import threading
from ipaddress import ip_address
from typing import TYPE_CHECKING, Self

import uvicorn

from switchgear.core.errors import SettingsError
from switchgear.server.app import create_app

if TYPE_CHECKING:
    from types import TracebackType

    from switchgear.server.source import LogSource

PORT = 8080
HOST = "127.0.0.1"
_PORT_MAX = 65_535
_START_S_MAX = 10.0
_CLOSE_S_MAX = 5.0
_QUEUE = 128


class Server:
    """
    The pages and the API, answering from a thread of its own.

    It listens from the moment that it is made. A context manager; `close` ends it.
    """

    def __init__(self, source: LogSource, host: str = HOST, port: int = PORT) -> None:
        """
        Take the port and begin to answer.

        Args:
            source: What is shown.
            host: A loopback address; there is no login yet, so no other is taken.
            port: 0 for one that the system chooses.

        Raises:
            SettingsError: The host is not loopback, or the port is taken.
        """
        self._uvicorn = _uvicorn(source)
        self._socket = listening(host, port)
        self._host = host
        self.port = int(self._socket.getsockname()[1])
        """The port that it listens on."""
        self._thread = threading.Thread(target=self._run, name="switchgear-server", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where a browser finds the pages."""
        shown = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{shown}:{self.port}"

    def close(self) -> None:
        """Stop answering and give the port back; a second close changes nothing."""
        self._uvicorn.should_exit = True
        if self._thread is not threading.current_thread():
            self._thread.join(_CLOSE_S_MAX)
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _run(self) -> None:
        self._uvicorn.run(sockets=[self._socket])


def serve(source: LogSource, host: str = HOST, port: int = PORT) -> Server:
    """A server that answers already, from a thread; raises SettingsError as Server does."""
    return Server(source, host, port)


def run(source: LogSource, host: str = HOST, port: int = PORT) -> None:
    """Serve in this thread until it is interrupted; raises SettingsError as `serve` does."""
    bound = listening(host, port)
    try:
        _uvicorn(source).run(sockets=[bound])
    finally:
        bound.close()


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens on loopback; connections wait in it until the server takes them."""
    if type(port) is not int or not 0 <= port <= _PORT_MAX:
        raise SettingsError("port", port, f"must be 0 (any free one) to {_PORT_MAX}")
    address = _loopback(host)
    bound = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((address, port))
        bound.listen(_QUEUE)
    except OSError as error:
        bound.close()
        raise SettingsError("port", port, f"cannot be had on {host}: {error.strerror}") from error
    return bound


def _loopback(host: str) -> str:
    if host == "localhost":
        return HOST
    try:
        loopback = ip_address(host.strip("[]")).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise SettingsError(
            "host", host, "must be loopback (127.0.0.1, ::1 or localhost): there is no login yet"
        )
    return host.strip("[]")


def _uvicorn(source: LogSource) -> uvicorn.Server:
    config = uvicorn.Config(
        create_app(source, closing=lambda: server.should_exit),
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        ws="none",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    return server
