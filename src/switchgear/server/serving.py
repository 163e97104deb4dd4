"""Owns a running server: where it listens, its thread, its end; the app has the answers."""

from __future__ import annotations

import socket
import threading
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING, Self

import uvicorn

from switchgear.core.clock import SystemClock
from switchgear.core.errors import SettingsError
from switchgear.server.access import LOOPBACK, checked_hosts
from switchgear.server.app import create_app
from switchgear.server.gates import OpenGate, TokenGate
from switchgear.server.who import LOCAL

if TYPE_CHECKING:
    from collections.abc import Collection
    from types import TracebackType

    from starlette.types import ASGIApp

    from switchgear.core.clock import Clock
    from switchgear.server.credentials import Credentials
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

    def __init__(
        self,
        source: LogSource,
        host: str = HOST,
        port: int = PORT,
        *,
        credentials: Credentials | None = None,
        allowed_hosts: Collection[str] = (),
        https: bool = False,
        clock: Clock | None = None,
    ) -> None:
        """
        Take the port and begin to answer.

        Args:
            source: What is shown.
            host: The address or name to listen on; without credentials, a loopback one.
            port: 0 for one that the system chooses.
            credentials: Who may ask. None lets whoever is on this machine do everything.
            allowed_hosts: Names by which browsers ask for it, beside `host` and those of loopback; without a port.
            https: A proxy in front speaks TLS with browsers, which come by the first of the allowed hosts.
            clock: What sessions end by; the machine's own unless a test plays it.

        Raises:
            SettingsError: Others could ask and there are no credentials, nobody could ask for want of a name, a
                name cannot be, or the port is taken.
        """
        hosts = names_of(host, credentials, allowed_hosts)
        self._host = host
        clock = SystemClock() if clock is None else clock
        self._gate = OpenGate(LOCAL) if credentials is None else TokenGate(credentials, clock)
        self._uvicorn = uvicorn.Server(_config(self._app(source, hosts, clock, https=https)))
        self._socket = listening(host, port)
        self.port = int(self._socket.getsockname()[1])
        """The port that it listens on."""
        self._url = _url(host, self.port, [*allowed_hosts], https=https)
        self._thread = threading.Thread(target=self._run, name="switchgear-server", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where a browser finds the pages."""
        return self._url

    @property
    def is_local(self) -> bool:
        """It listens on loopback alone."""
        return _is_loopback(self._host)

    def login_link(self) -> str:
        """An address that signs in whoever opens it first, within ten minutes; the pages' own where nobody has to."""
        gate = self._gate
        # Behind the #, which no browser sends: neither a log nor a preview of the link uses it up.
        return f"{self._url}/login#{gate.link()}" if isinstance(gate, TokenGate) else self._url

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

    def _app(
        self, source: LogSource, hosts: Collection[str], clock: Clock, *, https: bool
    ) -> ASGIApp:
        return create_app(
            source,
            auth=self._gate,
            allowed_hosts=hosts,
            clock=clock,
            closing=lambda: self._uvicorn.should_exit,
            https=https,
        )

    def _run(self) -> None:
        self._uvicorn.run(sockets=[self._socket])


def serve(
    source: LogSource,
    host: str = HOST,
    port: int = PORT,
    *,
    credentials: Credentials | None = None,
    allowed_hosts: Collection[str] = (),
    https: bool = False,
) -> Server:
    """A server that answers already, from a thread; takes what Server takes, and raises as it does."""
    return Server(
        source, host, port, credentials=credentials, allowed_hosts=allowed_hosts, https=https
    )


def run(source: LogSource, host: str = HOST, port: int = PORT) -> None:
    """Serve in this thread until it is interrupted, on loopback; raises SettingsError as `serve` does."""
    hosts = names_of(host, None, ())
    bound = listening(host, port)
    app = create_app(
        source, auth=OpenGate(LOCAL), allowed_hosts=hosts, closing=lambda: server.should_exit
    )
    server = uvicorn.Server(_config(app))
    try:
        server.run(sockets=[bound])
    finally:
        bound.close()


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens; connections wait in it until the server takes them."""
    if type(port) is not int or not 0 <= port <= _PORT_MAX:
        raise SettingsError("port", port, f"must be 0 (any free one) to {_PORT_MAX}")
    try:
        family, _, _, _, address = socket.getaddrinfo(
            HOST if host == "localhost" else _bare(host) or " ",
            port,
            type=socket.SOCK_STREAM,
            flags=socket.AI_PASSIVE,
        )[0]
    except (OSError, UnicodeError):
        allowed = "must be an address or a name of this machine"
        raise SettingsError("host", host, allowed) from None
    # With its protocol by name: else asyncio lets what is accepted wait for acknowledgements, 40 ms an answer.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind(address)
        bound.listen(_QUEUE)
    except OSError as error:
        bound.close()
        raise SettingsError("port", port, f"cannot be had on {host}: {error.strerror}") from error
    return bound


def names_of(
    host: str, credentials: Credentials | None, allowed_hosts: Collection[str]
) -> frozenset[str]:
    """
    The names by which it may be asked; those of this machine for itself are always among them.

    Raises:
        SettingsError: Others could ask and there are no credentials, or nobody could for want of a name.
    """
    names = {*LOOPBACK, *checked_hosts(allowed_hosts)}
    address = _address(host)
    if credentials is None:
        _refuse_strangers(host, allowed_hosts)
    if address is None or not address.is_unspecified:
        names.add(_shown(host).lower())
    elif not allowed_hosts:
        allowed = f"must be given: {host} is every address of this machine, and none is its name"
        raise SettingsError("allowed_hosts", (), allowed)
    return frozenset(names)


def _refuse_strangers(host: str, allowed_hosts: Collection[str]) -> None:
    """SettingsError where others than whoever is on this machine could ask."""
    how = (
        "others can reach it, so it needs credentials: a file of tokens, as "
        "`switchgear serve --tokens FILE`, or `credentials=Credentials(operators={name: token})`"
    )
    if not _is_loopback(host):
        raise SettingsError(
            "host", host, f"must be loopback (127.0.0.1, ::1 or localhost), or {how}"
        )
    for name in allowed_hosts:
        if not _is_loopback(name):
            raise SettingsError("allowed_hosts", name, f"must be names of loopback, or {how}")


def _is_loopback(host: str) -> bool:
    address = _address(host)
    return host.lower() == "localhost" if address is None else address.is_loopback


def _address(host: str) -> IPv4Address | IPv6Address | None:
    """The address that it is, or None for a name."""
    try:
        return ip_address(_bare(host))
    except ValueError:
        return None


def _bare(host: str) -> str:
    return host[1:-1] if host.startswith("[") and host.endswith("]") else host


def _shown(host: str) -> str:
    """As it stands in an address."""
    bare = _bare(host)
    return f"[{bare}]" if ":" in bare else bare


def _url(host: str, port: int, allowed_hosts: list[str], *, https: bool) -> str:
    if https:
        return f"https://{_shown((allowed_hosts or [host])[0])}"
    address = _address(host)
    is_every = address is not None and address.is_unspecified
    return f"http://{_shown(allowed_hosts[0] if is_every else host)}:{port}"


def _config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,  # where a request came from is the connection's to say, not a header's
        ws="none",
        timeout_graceful_shutdown=1,
    )
