"""
Owns who may ask, by Host, Origin and content type, and the security headers of each answer.

It stands outside the application, so that its headers are on errors and crashes too. Everything is
decided on the raw scope: an address that a framework put together from the Host header proves
nothing about the request.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
BODY_BYTES_MAX = 65_536

_HOST = re.compile(
    r"(\[[0-9a-f:.]{2,45}\]|[a-z0-9](?:[a-z0-9.\-]{0,252}))(?::[0-9]{1,5})?", re.ASCII
)
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_OURS = frozenset({"same-origin", "none"})


def headers(script_hash: str) -> list[tuple[bytes, bytes]]:
    """
    The headers that each answer carries.

    Args:
        script_hash: sha256, in base64, of the one inline script of the page: its import map.
    """
    policy = (
        f"default-src 'none'; script-src 'self' 'sha256-{script_hash}'; style-src 'self'; "
        "connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    given = {
        "content-security-policy": policy,
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": "camera=(), geolocation=(), microphone=()",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
    }
    return [(name.encode(), value.encode()) for name, value in given.items()]


class Access:
    """An ASGI application that lets only honest requests through to another."""

    def __init__(self, app: ASGIApp, allowed_hosts: Collection[str], script_hash: str) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in allowed_hosts)
        self._headers = headers(script_hash)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
        elif refusal := self._refusal(scope):
            await self._refuse(*refusal, self._dressed(send))
        else:
            await self._app(scope, receive, self._dressed(send))

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        """Status and reason, or None for a request that may pass."""
        given = _headers_of(scope)
        host = given.get("host", "").lower()
        named = _HOST.fullmatch(host)
        if named is None:
            return 400, "the Host header is missing, doubled or malformed"
        if named[1] not in self._hosts:
            return 403, "this Host is not served here"
        if scope["method"] in _SAFE:
            return _refuse_reading(given)
        return _refuse_writing(given, f"{scope['scheme']}://{host}")

    def _dressed(self, send: Send) -> Send:
        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), *self._headers]}
            await send(message)

        return dressed

    async def _refuse(self, status: int, why: str, send: Send) -> None:
        body = json.dumps({"error": {"message": why}}).encode()
        head = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
        ]
        # The body of a refused request is not read: the connection ends with the answer.
        head.append((b"connection", b"close"))
        await send({"type": "http.response.start", "status": status, "headers": head})
        await send({"type": "http.response.body", "body": body})


def _headers_of(scope: Scope) -> dict[str, str]:
    """The headers by name; one that comes twice counts as malformed and is empty."""
    found: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name = raw_name.decode("latin-1")
        found[name] = "" if name in found else raw_value.decode("latin-1")
    return found


def _refuse_reading(given: dict[str, str]) -> tuple[int, str] | None:
    """Another site may link here, and nothing else."""
    site = given.get("sec-fetch-site", "none")
    if site not in _OURS and given.get("sec-fetch-mode") != "navigate":
        return 403, "another site asked"
    return None


def _refuse_writing(given: dict[str, str], origin: str) -> tuple[int, str] | None:
    if given.get("sec-fetch-site", "same-origin") != "same-origin":
        return 403, "another site asked"
    if given.get("origin", origin).lower() != origin:
        return 403, "the Origin is not this server"
    if given.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        return 415, "the content type must be application/json"
    length = given.get("content-length", "")
    if not length.isascii() or not length.isdigit():
        return 411, "Content-Length is needed"
    if int(length) > BODY_BYTES_MAX:
        return 413, f"at most {BODY_BYTES_MAX} bytes are read"
    return None
