"""
Owns who may ask, by Host, Origin, content type and role, and the security headers of each answer.

It stands outside the application, so that its headers are on errors and crashes too. Everything is
decided on the raw scope: an address that a framework put together from the Host header proves
nothing about the request. By what somebody is known is left to gates.
"""

from __future__ import annotations

import json
import re
from math import ceil
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode

from switchgear.core.errors import SettingsError
from switchgear.server.body import BODY_BYTES_MAX, BODY_S_MAX, whole_body
from switchgear.server.gates import TokenGate, Wait
from switchgear.server.login import LOGIN, LOGOUT
from switchgear.server.who import Role, with_who

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from switchgear.core.clock import Clock
    from switchgear.server.gates import Gate
    from switchgear.server.who import Who

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
EVERY_HOST = "*"
"""Among allowed hosts: any, for the application around this one has looked."""
LOGIN_PAGE = "/login"

HOST = re.compile(
    r"(\[[0-9a-f:.]{2,45}\]|[a-z0-9](?:[a-z0-9.\-]{0,252}))(?::[0-9]{1,5})?", re.ASCII
)
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_READ = frozenset({"GET", "HEAD"})
_UNREAD = frozenset({408, 411, 413})
_OURS = frozenset({"same-origin", "none"})


def checked_hosts(names: Collection[str]) -> frozenset[str]:
    """The names as they are compared; SettingsError for one that no Host header can hold."""
    for name in names:
        named = HOST.fullmatch(name.lower())
        if name != EVERY_HOST and (named is None or named[1] != name.lower()):
            allowed = "must be names as in an address, without a port; IPv6 in brackets"
            raise SettingsError("allowed_hosts", name, allowed)
    return frozenset(name.lower() for name in names)


class Refusal(NamedTuple):
    """Why a request goes no further."""

    status: int
    why: str
    headers: tuple[tuple[bytes, bytes], ...] = ()


_DIGITS_MAX = 10
_UNKNOWN = "who asks is not known: "
_SIGN_IN = Refusal(
    401,
    f"{_UNKNOWN}sign in at /login, or send the header Authorization: Bearer and a token",
    ((b"www-authenticate", b'Bearer realm="switchgear"'),),
)
_NOBODY = Refusal(401, f"{_UNKNOWN}the application around these pages says so")
_VIEWER = Refusal(403, "viewers may look; whoever changes something must be an operator")
_TOO_SLOW = Refusal(408, f"the body did not come within {BODY_S_MAX:g} s")


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


class Rules(NamedTuple):
    """What access goes by."""

    allowed_hosts: Collection[str]
    """Names by which it may be asked, without a port; each port of them is allowed."""
    script_hash: str
    pages: frozenset[str]
    """Paths to which somebody who has not signed in yet comes back afterwards."""
    https: bool = False
    """Something in front speaks TLS with browsers, whatever the scope says."""


class Access:
    """An ASGI application that lets only honest requests through to another."""

    def __init__(self, app: ASGIApp, gate: Gate, clock: Clock, rules: Rules) -> None:
        self._app = app
        self._gate = gate
        self._clock = clock
        self._rules = rules
        self._hosts = checked_hosts(rules.allowed_hosts)
        self._headers = headers(rules.script_hash)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self._http(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._rules.https:
            scope = {**scope, "scheme": "https"}
        send, given = self._dressed(send), _headers_of(scope)
        found = self._refusal(scope, given) or await self._known(scope, given)
        if scope["method"] not in _SAFE and _is_readable(given):
            # A refusal waits for it too: an answer before the end of a body is lost on its way to many a client.
            whole = await whole_body(receive, self._clock)
            found = _TOO_SLOW if whole is None else found
            receive = whole or receive
        if isinstance(found, Refusal):
            await _refuse(found, scope, send)
        else:
            await self._app(found, receive, send)

    def _refusal(self, scope: Scope, given: Mapping[str, str]) -> Refusal | None:
        """What is wrong with the request, whoever asks."""
        host = given.get("host", "").lower()
        named = HOST.fullmatch(host)
        if named is None:
            return Refusal(400, "the Host header is missing, doubled or malformed")
        if named[1] not in self._hosts and EVERY_HOST not in self._hosts:
            return Refusal(403, "this Host is not served here")
        if scope["method"] in _SAFE:
            return _refuse_reading(given)
        return _refuse_writing(given, f"{scope['scheme']}://{host}")

    async def _known(self, scope: Scope, given: Mapping[str, str]) -> Scope | Refusal:
        """The request with who asks, or why it goes no further."""
        method, path = scope["method"], path_of(scope)
        if _is_for_all(method, path):
            return with_who(scope, None)
        who = await self._gate.who(scope, given)
        if isinstance(who, Wait):
            after = ((b"retry-after", str(ceil(who.delay_s)).encode()),)
            return Refusal(429, "too many wrong tokens: wait, then try again", after)
        if who is None:
            return self._strange(scope, path)
        return _VIEWER if _is_too_much(who, method, path) else with_who(scope, who)

    def _strange(self, scope: Scope, path: str) -> Refusal:
        """Nobody knows who asks: a browser is led to where one signs in."""
        if not isinstance(self._gate, TokenGate):
            return _NOBODY
        if scope["method"] not in _READ or path not in self._rules.pages:
            return _SIGN_IN
        query = scope.get("query_string", b"").decode("latin-1")
        following = path[1:] + (f"?{query}" if query else "")
        # Relative, and all pages are one word: it leads nowhere else, whatever they are mounted under.
        where = "login" + (f"?{urlencode({'next': following})}" if following else "")
        return Refusal(303, "sign in first", ((b"location", where.encode("ascii")),))

    def _dressed(self, send: Send) -> Send:
        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), *self._headers]}
            await send(message)

        return dressed


def path_of(scope: Scope) -> str:
    """The path below where this is mounted, just as the framework finds it for its routes."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "")
    if not root or not path.startswith(root) or path[len(root) : len(root) + 1] not in {"", "/"}:
        return path
    return path[len(root) :]


def _is_for_all(method: str, path: str) -> bool:
    """What somebody needs who has yet to sign in; the files of the pages are no secret."""
    if method in _READ:
        return path == LOGIN_PAGE or path.startswith("/static/")
    return method == "POST" and path == LOGIN


def _is_too_much(who: Who, method: str, path: str) -> bool:
    return method not in _SAFE and who.role is not Role.OPERATOR and path != LOGOUT


async def _refuse(refusal: Refusal, scope: Scope, send: Send) -> None:
    body = json.dumps({"error": {"message": refusal.why}}).encode()
    head = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        *refusal.headers,
    ]
    if refusal.status in _UNREAD and scope.get("http_version", "1.1").startswith("1"):
        # Of what was refused for its body, that is not read: the connection ends with the answer.
        head.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": refusal.status, "headers": head})
    body = b"" if scope["method"] == "HEAD" else body
    await send({"type": "http.response.body", "body": body})


def _headers_of(scope: Scope) -> dict[str, str]:
    """The headers by name; one that comes twice counts as malformed and is empty."""
    found: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        if name == "cookie" and name in found:  # HTTP/2 sends each cookie by itself
            found[name] = f"{found[name]}; {value}"
        else:
            found[name] = "" if name in found else value
    return found


def _refuse_reading(given: Mapping[str, str]) -> Refusal | None:
    """Another site may link here, and nothing else."""
    site = given.get("sec-fetch-site", "none")
    if site not in _OURS and given.get("sec-fetch-mode") != "navigate":
        return Refusal(403, "another site asked")
    return None


def _refuse_writing(given: Mapping[str, str], origin: str) -> Refusal | None:
    if given.get("sec-fetch-site", "same-origin") != "same-origin":
        return Refusal(403, "another site asked")
    if given.get("origin", origin).lower() != origin:
        return Refusal(403, "the Origin is not this server")
    if given.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        return Refusal(415, "the content type must be application/json")
    if not _is_number(given.get("content-length", "")):
        return Refusal(411, "Content-Length is needed")
    if not _is_readable(given):
        return Refusal(413, f"at most {BODY_BYTES_MAX} bytes are read")
    return None


def _is_readable(given: Mapping[str, str]) -> bool:
    """The body is promised to be short enough; one of another form than a number is none."""
    length = given.get("content-length", "")
    # Its digits are counted first: a number of a million of them takes long to read.
    return _is_number(length) and len(length) < _DIGITS_MAX and int(length) <= BODY_BYTES_MAX


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()
