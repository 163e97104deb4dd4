"""
Owns one request over HTTP: the session, its limits, and how each failure of the way is told.

The only importer of aiohttp outside the practice exchange. What an answer means is left to verdict.
"""

from __future__ import annotations

from asyncio import get_running_loop
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote_plus, urlsplit

import aiohttp
from yarl import URL

from switchgear.core.errors import AttemptTimeout, NetworkError, SettingsError
from switchgear.core.policy.wiretap import tap
from switchgear.core.redact import error_text, redact_text, visible
from switchgear.core.verdict import classify
from switchgear.core.verdict.rulings import UNREADABLE
from switchgear.exchange.reply import MESSAGE_CHARS_MAX, Reply, unreadable

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import AsyncGenerator, Callable, Mapping

    from switchgear.core.policy.wiretap import Tape
    from switchgear.exchange.reply import Target

CONNECT_S_MAX = 5.0
"""To wait for a free connection, look up the name and connect; nothing is sent before."""

READ_S_MAX = 30.0
"""Between two pieces of an answer: one that drips longer than this is no answer."""

TOTAL_S_MAX = 60.0
"""For a whole request. The guard's timeout_s, usually shorter, cuts first; this is for none set."""

BODY_BYTES_MAX = 10 * 1024 * 1024
"""Of a body, unpacked; the largest that is asked for here, a list of all US shares, has about 8 MB."""

CONNECTIONS_MAX = 100
_GATING = (418, 429)


def _limits(total_s: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=total_s, connect=CONNECT_S_MAX, sock_read=READ_S_MAX)


def _unlimited(_: Target) -> None:
    """Nobody else cuts."""


def _unheard(_: Target, __: Sent, ___: Mapping[str, str]) -> None:
    """Nobody wants to know what is used of the limits."""


def _untimed() -> float:
    return 0.0


_USUAL = _limits(TOTAL_S_MAX)
_COVERED = aiohttp.ClientTimeout(total=None, connect=CONNECT_S_MAX)
"""For a request that its guard cuts sooner: each timer is a part of what a request costs."""


class Sent(NamedTuple):
    """A request, as far as its answer's limits depend on it."""

    at_s: float
    """When it was sent, by the monotonic clock."""
    headers: Mapping[str, str]
    """Its own, beside those of every request."""


class _Asked(NamedTuple):
    """A request, ready to be sent."""

    verb: str
    url: URL
    target: Target
    headers: Mapping[str, str]
    body: bytes | None
    timeout: aiohttp.ClientTimeout


class Transport:
    """Requests to one base address. It may be used from several event loops."""

    def __init__(self, base_url: str, *, headers: Mapping[str, str] | None = None) -> None:
        """
        Nothing is opened before the first request.

        Raises:
            SettingsError: base_url is no plain http or https address.
        """
        self.base_url = _checked_url(base_url)
        parts = urlsplit(self.base_url)
        self._place = (parts.scheme, parts.netloc, parts.path)
        self._headers = {"User-Agent": "switchgear", **(headers or {})}
        self._sessions: dict[AbstractEventLoop, _Kept] = {}
        self.limit_of: Callable[[Target], float | None] = _unlimited
        """How long whoever asks lets a request take; where that is sooner, no timers of ours are set."""
        self.heard: Callable[[Target, Sent, Mapping[str, str]], None] = _unheard
        """Told the headers of every answer, and what its request was."""
        self.now_s: Callable[[], float] = _untimed
        """The monotonic clock of whoever hears."""
        self._latest: tuple[AbstractEventLoop, aiohttp.ClientSession] | None = None

    async def request(
        self,
        verb: str,
        path: str,
        target: Target,
        *,
        query: str = "",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        total_s: float = TOTAL_S_MAX,
    ) -> Reply:
        """
        What the other side answered, whatever its status.

        Args:
            verb: GET, POST, …
            path: From the base address on, beginning with a slash.
            target: For whom.
            query: Encoded already; it goes out letter by letter, as a signature needs it.
            body: Bytes to send.
            headers: Beside those of every request.
            total_s: Seconds for the whole request.

        Raises:
            NetworkError: No whole answer came; `verdict.unsent` says that nothing left.
            ApiError: An answer came and is longer than BODY_BYTES_MAX.
        """
        # Put together and not parsed: a signed address is a new one each time.
        scheme, authority, root = self._place
        url = URL.build(
            scheme=scheme,
            authority=authority,
            path=f"{root}{path}",
            query_string=query,
            encoded=True,
        )
        timeout = self._limits(target) if total_s == TOTAL_S_MAX else _limits(total_s)
        asked = _Asked(verb, url, target, headers or {}, body, timeout)
        tape = tap()
        return await (self._ask(asked) if tape is None else self._taped(asked, tape))

    async def _ask(self, asked: _Asked) -> Reply:
        verb, url, target, headers, body, timeout = asked
        session = self._open_session() or await self._new_session()
        sent = Sent(self.now_s(), headers)
        try:
            async with session.request(
                verb, url, data=body, headers=headers, timeout=timeout, allow_redirects=False
            ) as answer:
                self.heard(target, sent, answer.headers)
                return await _read(answer, target)
        except (aiohttp.ClientError, OSError, EOFError) as error:
            failure = _failure(error, target)
        # Out here nothing hangs on it: some of these print the whole address, and with it the signature.
        raise failure

    async def _taped(self, asked: _Asked, tape: Tape) -> Reply:
        """The same, told."""
        tape.sent(asked.verb, str(asked.url), {**self._headers, **asked.headers}, asked.body)
        try:
            reply = await self._ask(asked)
        except BaseException as error:
            tape.end(error)
            raise
        tape.answered(reply.status, reply.headers.items())
        tape.piece(reply.body)
        tape.end()
        return reply

    async def close(self) -> None:
        """Close the connections of the running event loop; a later request opens new ones."""
        self._latest = None
        kept = self._sessions.pop(get_running_loop(), None)
        if kept is not None:
            await kept.keeper.aclose()

    def _open_session(self) -> aiohttp.ClientSession | None:
        loop, latest = get_running_loop(), self._latest
        if latest is not None and latest[0] is loop:
            return latest[1]  # nearly always: most programs have one loop
        kept = self._sessions.get(loop)
        if kept is None:
            return None
        self._latest = (loop, kept.session)
        return kept.session

    async def _new_session(self) -> aiohttp.ClientSession:
        # A session holds its loop, so an entry would never go by itself: each asyncio.run makes a loop.
        for ended in [loop for loop in self._sessions if loop.is_closed()]:
            del self._sessions[ended]
        session = _new_session(self._headers)
        keeper = _kept_open(session)
        self._sessions[get_running_loop()] = _Kept(session, keeper)
        await anext(keeper)
        return session

    def _limits(self, target: Target) -> aiohttp.ClientTimeout:
        limit_s = self.limit_of(target)
        return _USUAL if limit_s is None or limit_s > READ_S_MAX else _COVERED


def encoded(params: Mapping[str, str]) -> str:
    """The parameters as a query string, in their order."""
    return "&".join(
        f"{name}={value if value.isascii() and value.isalnum() else quote_plus(value)}"
        for name, value in params.items()
    )


class _Connector(aiohttp.TCPConnector):
    """
    Gives no kept connection away on which something came that nobody asked for.

    aiohttp would take it, a 408 of a proxy that tired of waiting for one, as the answer to the next
    request: to an order, even. The method is not public.
    """

    async def _get(self, key: Any, traces: Any) -> aiohttp.connector.Connection | None:
        while (found := await super()._get(key, traces)) is not None:
            if found.protocol is None or not found.protocol.should_close:
                return found
            found.close()
        return None


class _Kept(NamedTuple):
    """The connections of one event loop, and what closes them."""

    session: aiohttp.ClientSession
    keeper: AsyncGenerator[None]


async def _kept_open(session: aiohttp.ClientSession) -> AsyncGenerator[None]:
    """Closes the session when it is closed itself, and so when its event loop ends: asyncio.run sees to that."""
    try:
        yield
    finally:
        await session.close()


def _new_session(headers: Mapping[str, str]) -> aiohttp.ClientSession:
    session = aiohttp.ClientSession(
        connector=_Connector(limit=CONNECTIONS_MAX),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers=headers,
    )
    # aiohttp would send a read again by itself when a kept connection breaks; then one attempt
    # would be two requests. Retries are the guard's, which counts them. The switch is not public.
    session._retry_connection = False  # noqa: SLF001
    return session


async def _read(answer: aiohttp.ClientResponse, target: Target) -> Reply:
    body = b""
    try:
        body = await (answer.read() if _is_short(answer) else _read_bounded(answer, target))
    except aiohttp.ClientPayloadError:
        # These two say all that matters before the body begins; to lose their wait earns a ban.
        if answer.status not in _GATING:
            raise
    return Reply(answer.status, answer.headers, body)


def _is_short(answer: aiohttp.ClientResponse) -> bool:
    """Whether the headers already say that the body is no longer than it may be."""
    length = answer.content_length
    packed = (
        "Content-Encoding" in answer.headers
    )  # then the length says nothing of what it unpacks to
    return length is not None and length <= BODY_BYTES_MAX and not packed


async def _read_bounded(answer: aiohttp.ClientResponse, target: Target) -> bytes:
    pieces: list[bytes] = []
    size = 0
    async for piece in answer.content.iter_any():
        pieces.append(piece)
        size += len(piece)
        if size > BODY_BYTES_MAX:
            answer.close()  # the rest is not worth a kept connection
            raise unreadable(answer.status, f"longer than {BODY_BYTES_MAX} bytes", target)
    return b"".join(pieces)


def _failure(error: Exception, target: Target) -> NetworkError:
    verdict, text = classify(error, target.exchange, target.effect), error_text(error)
    if isinstance(error, aiohttp.ClientResponseError):
        # Not an answer, though it carries a status: aiohttp makes up a 400 for what is no HTTP.
        verdict = UNREADABLE.verdict(target.effect)
        text = f"the answer is not HTTP: {visible(redact_text(error.message, MESSAGE_CHARS_MAX))}"
    kind = AttemptTimeout if isinstance(error, TimeoutError) else NetworkError
    return kind(text, exchange=target.exchange, method=target.method, verdict=verdict)


def _checked_url(base_url: str) -> str:
    allowed = "must be an address such as https://api.example.com, without user, query or fragment"
    try:
        parts = urlsplit(base_url)
        plain = parts.scheme in {"http", "https"} and bool(parts.hostname)
        extra = "@" in parts.netloc or bool(parts.query or parts.fragment)
        fits = plain and not extra and (parts.port or 1) > 0 and base_url.isprintable()
    except (ValueError, TypeError, AttributeError):
        fits = False
    if not fits or " " in base_url:
        raise SettingsError("base_url", redact_text(str(base_url)), allowed)
    return base_url.rstrip("/")
