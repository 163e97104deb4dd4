"""Owns a server on loopback that answers by script, and one face for the four kinds of clients that ask it."""

from __future__ import annotations

import asyncio
import socket
from abc import ABC, abstractmethod
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, NamedTuple

import aiohttp
import httpx
import httpx2
import requests

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from switchgear import Switchgear

PATIENCE_S = 30.0
BREAK = "break"
"""An answer whose body ends before its end."""


class Reply(NamedTuple):
    """What the server answers."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = {}  # noqa: RUF012  never changed


class Got(NamedTuple):
    """What a client made of it."""

    status: int
    body: bytes
    headers: dict[str, str]


class Quiet(ThreadingHTTPServer):
    """A client that goes away in the midst of an answer is no error of the server's."""

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing."""


class Server:
    """Answers each request with the next of its script, and with the last for ever."""

    def __init__(self) -> None:
        self.script: list[Reply | str] = [Reply()]
        self.seen: list[str] = []
        self.bodies: list[bytes] = []
        self.go_on = Event()
        """Until then the second half of a slow body is kept back."""
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name is the library's
                """Say nothing."""

            def answer(self) -> None:
                server.answer(self)

            do_GET = do_POST = do_DELETE = answer  # noqa: N815  the names are the library's

        self._http = Quiet(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._thread = Thread(target=self._http.serve_forever, args=(0.01,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"

    def close(self) -> None:
        """Stop listening."""
        self.go_on.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        self.seen.append(f"{request.command} {request.path}")
        self.bodies.append(_body_of(request))
        reply = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if request.path == "/stall":
            self.go_on.wait(PATIENCE_S)
        if reply == BREAK:
            request.send_response(200)
            request.send_header("Content-Length", "1000")
            request.end_headers()
            request.wfile.write(b"half")
            request.close_connection = True
            request.connection.shutdown(socket.SHUT_WR)
            return
        assert isinstance(reply, Reply)
        request.send_response(reply.status)
        for name, value in reply.headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(reply.body)))
        request.end_headers()
        if request.path == "/slow":
            request.wfile.write(reply.body[:4])
            self.go_on.wait(PATIENCE_S)
            request.wfile.write(reply.body[4:])
        else:
            request.wfile.write(reply.body)


def _body_of(request: BaseHTTPRequestHandler) -> bytes:
    if request.headers.get("Transfer-Encoding") != "chunked":
        return request.rfile.read(int(request.headers.get("Content-Length", "0")))
    body = b""
    while size := int(request.rfile.readline(), 16):
        body += request.rfile.read(size)
        request.rfile.readline()
    request.rfile.readline()
    return body


class Caller(ABC):
    """One kind of client, wrapped."""

    connection_error: type[Exception]
    """What its users catch when no connection is to be had."""
    timeout_error: type[Exception]
    """What they catch when an answer takes too long."""
    kind: type[Any]

    def __init__(self, url: str) -> None:
        self.url = url
        self.runner = asyncio.Runner()
        self.client: Any = self.make()

    @abstractmethod
    def make(self) -> Any:
        """A client as its users make it."""

    @abstractmethod
    def send(self, verb: str, path: str, data: Any = None) -> Got:
        """Send, and read the whole answer."""

    @abstractmethod
    def first_chunk(self, path: str) -> Iterator[bytes]:
        """The body of an answer as it comes."""

    @abstractmethod
    def leave_unread(self, path: str) -> int:
        """The status of an answer whose body is let go unread."""

    @abstractmethod
    def shut(self) -> None:
        """Close the client."""

    def many(self) -> Any:
        """A body that can be read once."""
        return iter([b"one", b"two"])

    def get(self, path: str = "/v1/price") -> Got:
        """Read something."""
        return self.send("GET", path)

    def post(self, path: str = "/v1/order", data: Any = b"buy") -> Got:
        """Order something."""
        return self.send("POST", path, data)

    def wrapped(self, gear: Switchgear, exchange: str | None = "venue", **more: Any) -> Caller:
        """The same, guarded."""
        assert gear.wrap(self.client, exchange, **more) is self.client
        assert type(self.client) is self.kind
        return self

    def close(self) -> None:
        """Close the client and its loop."""
        self.shut()
        self.runner.close()


class RequestsCaller(Caller):
    """A session of requests."""

    connection_error, timeout_error = requests.ConnectionError, requests.Timeout
    kind = requests.Session

    def make(self) -> Any:
        return requests.Session()

    def send(self, verb: str, path: str, data: Any = None) -> Got:
        answer = self.client.request(verb, self.url + path, data=data)
        return Got(answer.status_code, answer.content, dict(answer.headers))

    def first_chunk(self, path: str) -> Iterator[bytes]:
        with self.client.get(self.url + path, stream=True) as answer:
            yield from answer.iter_content(4)

    def leave_unread(self, path: str) -> int:
        with self.client.get(self.url + path, stream=True) as answer:
            return int(answer.status_code)

    def shut(self) -> None:
        self.client.close()


class HttpxCaller(Caller):
    """A client of httpx."""

    connection_error: type[Exception] = httpx.ConnectError
    timeout_error: type[Exception] = httpx.TimeoutException
    kind: type[Any] = httpx.Client

    def make(self) -> Any:
        return self.kind(trust_env=False)

    def send(self, verb: str, path: str, data: Any = None) -> Got:
        answer = self.client.request(verb, self.url + path, content=data)
        return Got(answer.status_code, answer.content, dict(answer.headers))

    def first_chunk(self, path: str) -> Iterator[bytes]:
        with self.client.stream("GET", self.url + path) as answer:
            yield from answer.iter_raw()

    def leave_unread(self, path: str) -> int:
        with self.client.stream("GET", self.url + path) as answer:
            return int(answer.status_code)

    def shut(self) -> None:
        self.client.close()


class Httpx2Caller(HttpxCaller):
    """A client of httpx2."""

    connection_error, timeout_error = httpx2.ConnectError, httpx2.TimeoutException
    kind = httpx2.Client


class AsyncCaller(Caller):
    """What the two asynchronous kinds have in common: a loop, and bodies that come in it."""

    def send(self, verb: str, path: str, data: Any = None) -> Got:
        return self.runner.run(self.sent(verb, path, data))

    def first_chunk(self, path: str) -> Iterator[bytes]:
        chunks = self.chunks(path)
        while True:
            try:
                yield self.runner.run(anext(chunks))  # type: ignore[arg-type]  # it is a coroutine
            except StopAsyncIteration:
                return

    def leave_unread(self, path: str) -> int:
        return self.runner.run(self.unread(path))

    def many(self) -> Any:
        async def parts() -> AsyncIterator[bytes]:
            yield b"one"
            yield b"two"

        return parts()

    @abstractmethod
    async def sent(self, verb: str, path: str, data: Any) -> Got:
        """As send."""

    @abstractmethod
    def chunks(self, path: str) -> AsyncIterator[bytes]:
        """As first_chunk."""

    @abstractmethod
    async def unread(self, path: str) -> int:
        """As leave_unread."""


class HttpxAsyncCaller(AsyncCaller):
    """An asynchronous client of httpx."""

    connection_error: type[Exception] = httpx.ConnectError
    timeout_error: type[Exception] = httpx.TimeoutException
    kind: type[Any] = httpx.AsyncClient

    def make(self) -> Any:
        return self.kind(trust_env=False)

    async def sent(self, verb: str, path: str, data: Any) -> Got:
        answer = await self.client.request(verb, self.url + path, content=data)
        return Got(answer.status_code, answer.content, dict(answer.headers))

    async def chunks(self, path: str) -> AsyncIterator[bytes]:
        async with self.client.stream("GET", self.url + path) as answer:
            async for chunk in answer.aiter_raw():
                yield chunk

    async def unread(self, path: str) -> int:
        async with self.client.stream("GET", self.url + path) as answer:
            return int(answer.status_code)

    def shut(self) -> None:
        self.runner.run(self.client.aclose())


class Httpx2AsyncCaller(HttpxAsyncCaller):
    """An asynchronous client of httpx2."""

    connection_error, timeout_error = httpx2.ConnectError, httpx2.TimeoutException
    kind = httpx2.AsyncClient


class AiohttpCaller(AsyncCaller):
    """A session of aiohttp."""

    connection_error, timeout_error = aiohttp.ClientConnectionError, aiohttp.ServerTimeoutError
    kind = aiohttp.ClientSession

    def make(self) -> Any:
        async def made() -> aiohttp.ClientSession:
            return aiohttp.ClientSession()

        return self.runner.run(made())

    async def sent(self, verb: str, path: str, data: Any) -> Got:
        async with self.client.request(verb, self.url + path, data=data) as answer:
            return Got(answer.status, await answer.read(), dict(answer.headers))

    async def chunks(self, path: str) -> AsyncIterator[bytes]:
        async with self.client.get(self.url + path) as answer:
            async for chunk in answer.content.iter_any():
                yield chunk

    async def unread(self, path: str) -> int:
        async with self.client.get(self.url + path) as answer:
            return int(answer.status)

    def shut(self) -> None:
        self.runner.run(self.client.close())


CALLERS: dict[str, type[Caller]] = {
    "requests": RequestsCaller,
    "httpx": HttpxCaller,
    "httpx async": HttpxAsyncCaller,
    "httpx2": Httpx2Caller,
    "httpx2 async": Httpx2AsyncCaller,
    "aiohttp": AiohttpCaller,
}
