"""Owns the guard round an aiohttp session: a middleware next to the wire, inside of those the session has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp.streams import StreamReader

from switchgear.core.errors import ApiError, DeadlineExceeded, Rejected, WouldBlockLoop
from switchgear.wrap.twins import twin_of
from switchgear.wrap.wire import Request, Wire

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from switchgear.core.policy.wiretap import Tape
    from switchgear.wrap.wire import Desk


def guard(
    desk: Desk, session: Any, exchange: str | None, account: str, routes: Sequence[str]
) -> Any:
    """The session, with a guard; one that has a guard already is as it was."""
    middlewares = tuple(session._middlewares)  # noqa: SLF001  a session takes them only when it is made
    if not any(isinstance(each, Guard) for each in middlewares):
        made = Guard(Wire(desk, exchange, account, routes))
        session._middlewares = (*middlewares, made)  # noqa: SLF001  as above
        # Not by assignment, of which aiohttp warns: a request may bring middlewares in place of the session's.
        vars(session)["_request"] = _requesting(session._request, made)  # noqa: SLF001  as above
    return session


def _requesting(inner: Callable[..., Any], made: Guard) -> Callable[..., Any]:
    async def request(*args: Any, middlewares: Any = None, **kwargs: Any) -> Any:
        if middlewares is not None:
            middlewares = (*(each for each in middlewares if each is not made), made)
        return await inner(*args, middlewares=middlewares, **kwargs)

    return request


_SWITCHED = 101


class Guard:
    """A middleware of aiohttp, 3.12 or newer: `ClientSession(middlewares=[…])` takes it too."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def __call__(
        self, request: aiohttp.ClientRequest, handler: Callable[[Any], Awaitable[Any]]
    ) -> Any:
        """The answer whose headers have come."""
        what = _request_of(request)
        try:
            answer, tape = await self._wire.send_async(what, lambda: handler(request), _look, _drop)
        except (Rejected, WouldBlockLoop) as error:
            raise twin_of(error, aiohttp.ClientConnectionError) from error.__cause__
        except (DeadlineExceeded, ApiError) as error:
            raise twin_of(error, aiohttp.ServerTimeoutError) from error.__cause__
        if answer.status != _SWITCHED:  # what a web socket says later is no body of this answer
            _watch(answer.content, self._wire, what)
            if tape is not None:
                _listen(answer, tape)
        return answer


class _Ends(list[Any]):
    """What a body calls when it ends; a body that breaks off clears them uncalled, its error set."""

    def __init__(self, content: StreamReader, wire: Wire, what: Request) -> None:
        super().__init__(content._eof_callbacks)  # noqa: SLF001  nothing else hears of a body that breaks off
        self._content: StreamReader | None = content
        self._wire, self._what = wire, what

    def clear(self) -> None:
        """The body is over: well, or not."""
        super().clear()
        content, self._content = self._content, None
        error = None if content is None else content.exception()
        # What is of that very class is the caller's own doing: it let go of a body that it had not read.
        if error is not None and type(error) is not aiohttp.ClientConnectionError:
            self._wire.broke(self._what, error)


def _watch(content: Any, wire: Wire, what: Request) -> None:
    if (
        isinstance(content, StreamReader) and not content.is_eof()
    ):  # another kind has no body to come
        content._eof_callbacks = _Ends(content, wire, what)  # noqa: SLF001  as above


def _listen(answer: Any, tape: Tape) -> None:
    """Tell the body, once the caller has read it by `read`, `text` or `json`, or where it is here already."""
    content, inner = answer.content, answer.read

    async def read() -> bytes:
        under_way.append(True)
        try:
            body: bytes = await inner()
        except BaseException as error:
            tape.end(error)
            raise
        tape.piece(body)
        tape.end()
        return body

    def ended() -> None:
        """All of it has come; what the caller takes piece by piece is left to the caller."""
        held = b"".join(content._buffer)  # noqa: SLF001  to read it would take it from the caller
        if not under_way and content.total_bytes == len(held):
            tape.piece(held)
            tape.end()

    def left(inner_end: Callable[[], Any]) -> Callable[[], Any]:
        def end() -> Any:
            if not under_way:
                tape.end(content.exception(), is_read=False)
            return inner_end()

        return end

    under_way: list[bool] = []
    answer.read = read
    answer.release, answer.close = left(answer.release), left(answer.close)
    if isinstance(content, StreamReader):
        content.on_eof(ended)


def _request_of(request: aiohttp.ClientRequest) -> Request:
    body: Any = request.body
    replayable = body is None or isinstance(body, (bytes, aiohttp.payload.BytesPayload))

    def shown() -> tuple[str, Any, object]:
        plain = body._value if isinstance(body, aiohttp.payload.BytesPayload) else body  # noqa: SLF001  as above
        return str(request.url), request.headers.items(), plain

    return Request(request.method, request.url.host or "", request.url.path, replayable, shown)


def _look(answer: Any) -> tuple[int, Mapping[str, str]]:
    return answer.status, answer.headers


async def _drop(answer: Any) -> None:
    answer.release()
