"""Owns the guard round a requests session: an adapter round each of its adapters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter

from switchgear.core.errors import ApiError, DeadlineExceeded, Rejected, WouldBlockLoop
from switchgear.wrap.twins import twin_of
from switchgear.wrap.wire import Answered, Request, Wire

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from switchgear.core.policy.wiretap import Tape
    from switchgear.wrap.wire import Desk


def guard(
    desk: Desk, session: Any, exchange: str | None, account: str, routes: Sequence[str]
) -> Any:
    """The session, each of whose adapters is guarded; one that is guarded already is as it was."""
    wire = Wire(desk, exchange, account, routes)
    for prefix, adapter in list(session.adapters.items()):
        if not isinstance(adapter, GuardedAdapter):
            session.mount(prefix, GuardedAdapter(adapter, wire))
    return session


class GuardedAdapter(BaseAdapter):
    """Sends by another adapter, under a guard."""

    def __init__(self, inner: Any, wire: Wire) -> None:
        super().__init__()
        self.inner = inner
        self._wire = wire

    def __getattr__(self, name: str) -> Any:
        if name == "inner":  # while a copy of it is being made
            raise AttributeError(name)
        return getattr(self.inner, name)

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        """The answer whose headers have come; see `requests.adapters.HTTPAdapter.send`."""
        what = _request_of(request)
        try:
            answer, tape = self._wire.send(
                what, lambda: self.inner.send(request, *args, **kwargs), _look, _drop
            )
        except Answered:
            raise
        except (Rejected, WouldBlockLoop) as error:
            raise twin_of(
                error, requests.ConnectionError, request=request, response=None
            ) from error.__cause__
        except (DeadlineExceeded, ApiError) as error:
            raise twin_of(
                error, requests.Timeout, request=request, response=None
            ) from error.__cause__
        self._watch(what, answer, tape)
        return answer

    def close(self) -> None:
        """Close the adapter within."""
        self.inner.close()

    def _watch(self, what: Request, answer: Any, tape: Tape | None) -> None:
        """Hear when the body breaks off, and what it is where somebody wants it; it stays what it was."""
        raw, told = answer.raw, list[bool]()
        for name in ("stream", "read"):
            inner = getattr(raw, name, None)
            if inner is not None:
                watched = _streamed if name == "stream" else _read
                setattr(raw, name, watched(inner, self._wire, what, told, tape))
        if tape is not None:
            raw.close = _closed(raw.close, tape)


def _request_of(request: requests.PreparedRequest) -> Request:
    parts = urlsplit(request.url or "")
    body: Any = request.body
    replayable = body is None or isinstance(body, (str, bytes))
    host = parts.hostname or ""

    def shown() -> tuple[str, Any, object]:
        return request.url or "", request.headers, body

    return Request(request.method or "GET", str(host), str(parts.path), replayable, shown)


def _look(answer: Any) -> tuple[int, Mapping[str, str]]:
    return answer.status_code, answer.headers


def _drop(answer: Any) -> None:
    answer.close()


def _streamed(inner: Any, wire: Wire, what: Request, told: list[bool], tape: Tape | None) -> Any:
    def stream(*args: Any, **kwargs: Any) -> Any:
        try:
            for piece in inner(*args, **kwargs):
                if tape is not None:
                    tape.piece(piece)
                yield piece
        except Exception as error:
            _tell(wire, what, told, tape, error)
            raise
        if tape is not None:
            tape.end()

    return stream


def _closed(inner: Any, tape: Tape) -> Any:
    def close() -> None:
        tape.end(is_read=False)
        inner()

    return close


def _read(inner: Any, wire: Wire, what: Request, told: list[bool], tape: Tape | None) -> Any:
    def read(*args: Any, **kwargs: Any) -> Any:
        try:
            return inner(*args, **kwargs)
        except Exception as error:
            _tell(wire, what, told, tape, error)
            raise

    return read


def _tell(wire: Wire, what: Request, told: list[bool], tape: Tape | None, error: Exception) -> None:
    if tape is not None:
        tape.end(error)
    if not told:  # streaming reads: one break is told once
        told.append(True)
        wire.broke(what, error)
