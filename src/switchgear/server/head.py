"""Owns HEAD: what GET would answer, without its body; a stream is not begun for it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


class _Enough(OSError):
    """The head is sent, and nobody reads on: to a stream it is a connection that is gone."""


class Head:
    """An ASGI application that has another answer HEAD as it answers GET."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        is_over = False

        async def head(message: Message) -> None:
            nonlocal is_over
            if message["type"] == "http.response.start":
                await send(message)
            elif not is_over:
                is_over = True
                await send({"type": "http.response.body", "body": b""})
            if is_over and message.get("more_body", False):
                raise _Enough

        with suppress(_Enough, ClientDisconnect):  # a stream makes the one of the other
            await self._app({**scope, "method": "GET"}, receive, head)
