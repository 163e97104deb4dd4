"""Owns the guard round a client of httpx or httpx2: a transport round each of its transports."""

from __future__ import annotations

import sys
from functools import cache
from typing import TYPE_CHECKING, Any, Self

from switchgear.core.errors import ApiError, DeadlineExceeded, Rejected, WouldBlockLoop
from switchgear.wrap.twins import twin_of
from switchgear.wrap.wire import Request, Wire

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping, Sequence

    from switchgear.core.policy.wiretap import Tape
    from switchgear.wrap.wire import Desk


def guard(
    desk: Desk, client: Any, exchange: str | None, account: str, routes: Sequence[str]
) -> Any:
    """The client, each of whose transports is guarded; one that is guarded already is as it was."""
    wire = Wire(desk, exchange, account, routes)
    library = _library_of(client)
    made: type[_Guarded] = (
        GuardedAsyncTransport if isinstance(client, library.AsyncClient) else GuardedTransport
    )
    if not isinstance(client._transport, _Guarded):  # noqa: SLF001  a client takes one only when it is made
        client._transport = made(client._transport, wire, library)  # noqa: SLF001  as above
    for pattern, inner in client._mounts.items():  # noqa: SLF001  as above
        if inner is not None and not isinstance(inner, _Guarded):
            client._mounts[pattern] = made(inner, wire, library)  # noqa: SLF001  as above
    return client


def _library_of(client: Any) -> Any:
    """The library that the client is of: httpx or httpx2."""
    names = [cls.__module__.partition(".")[0] for cls in type(client).__mro__]
    return sys.modules[next(name for name in names if name in {"httpx", "httpx2"})]


class _Guarded:
    """Sends by another transport, under a guard."""

    def __init__(self, inner: Any, wire: Wire, library: Any) -> None:
        self.inner = inner
        self._wire, self._library = wire, library

    def _raised(self, error: Exception, request: Any) -> Exception:
        """The error, as programs of the library catch it."""
        library = self._library
        theirs = (
            library.ConnectError
            if isinstance(error, (Rejected, WouldBlockLoop))
            else library.TimeoutException
        )
        return twin_of(error, theirs, _request=request)


_OURS = (Rejected, WouldBlockLoop, DeadlineExceeded, ApiError)


class GuardedTransport(_Guarded):
    """For a synchronous client."""

    def __enter__(self) -> Self:
        self.inner.__enter__()
        return self

    def __exit__(self, *args: object) -> None:
        self.inner.__exit__(*args)

    def handle_request(self, request: Any) -> Any:
        """The answer whose headers have come."""
        what = _request_of(request)
        try:
            answer, tape = self._wire.send(
                what, lambda: self.inner.handle_request(request), _look, lambda one: one.close()
            )
        except _OURS as error:
            raise self._raised(error, request) from error.__cause__
        answer.stream = _stream_of(self._library)(answer.stream, self._wire, what, tape)
        return answer

    def close(self) -> None:
        """Close the transport within."""
        self.inner.close()


class GuardedAsyncTransport(_Guarded):
    """For an asynchronous client."""

    async def __aenter__(self) -> Self:
        await self.inner.__aenter__()
        return self

    async def __aexit__(self, *args: object) -> None:
        await self.inner.__aexit__(*args)

    async def handle_async_request(self, request: Any) -> Any:
        """The answer whose headers have come."""
        what = _request_of(request)
        try:
            answer, tape = await self._wire.send_async(
                what,
                lambda: self.inner.handle_async_request(request),
                _look,
                lambda one: one.aclose(),
            )
        except _OURS as error:
            raise self._raised(error, request) from error.__cause__
        answer.stream = _stream_of(self._library)(answer.stream, self._wire, what, tape)
        return answer

    async def aclose(self) -> None:
        """Close the transport within."""
        await self.inner.aclose()


class _Watched:
    """The body as it comes, told where somebody wants it, and a word when it breaks off."""

    def __init__(self, inner: Any, wire: Wire, what: Request, tape: Tape | None) -> None:
        self._inner, self._wire, self._what, self._tape = inner, wire, what, tape

    def __iter__(self) -> Iterator[bytes]:
        try:
            for chunk in self._inner:
                self._came(chunk)
                yield chunk
        except Exception as error:
            self._broke(error)
            raise
        self._end(is_read=True)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._inner:
                self._came(chunk)
                yield chunk
        except Exception as error:
            self._broke(error)
            raise
        self._end(is_read=True)

    def close(self) -> None:
        """Let go of the connection."""
        self._end(is_read=False)
        self._inner.close()

    async def aclose(self) -> None:
        """Let go of the connection."""
        self._end(is_read=False)
        await self._inner.aclose()

    def _came(self, chunk: bytes) -> None:
        if self._tape is not None:
            self._tape.piece(chunk)

    def _broke(self, error: Exception) -> None:
        if self._tape is not None:
            self._tape.end(error)
        self._wire.broke(self._what, error)

    def _end(self, *, is_read: bool) -> None:
        if self._tape is not None:
            self._tape.end(is_read=is_read)


@cache
def _stream_of(library: Any) -> type[Any]:
    """The class of such bodies that the library takes for its own."""
    return type("Watched", (_Watched, library.SyncByteStream, library.AsyncByteStream), {})


def _request_of(request: Any) -> Request:
    stream = request.stream
    replayable = hasattr(request, "_content") or type(stream).__name__ == "ByteStream"

    def shown() -> tuple[str, Any, object]:
        # One that is made while it is sent has no content to look at.
        body = b"".join(stream) if type(stream).__name__ == "ByteStream" else stream
        return str(request.url), request.headers.items(), body

    return Request(request.method, request.url.host, request.url.path, replayable, shown)


def _look(answer: Any) -> tuple[int, Mapping[str, str]]:
    return answer.status_code, answer.headers
