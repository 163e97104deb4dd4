"""What errors mean: ours, the standard library's, and those of real clients that really failed."""

from __future__ import annotations

import asyncio
import errno
import http.client
import socket
import ssl
import urllib.error
from datetime import UTC, datetime
from email.message import Message
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import aiohttp
import httpx
import pytest
import requests
import urllib3
from hypothesis import given, settings
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from switchgear.core import errors
from switchgear.core.verdict import classify
from switchgear.core.verdict.classifier import ruling_of
from switchgear.core.words import Effect, Kind, Scope, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
REQUEST_INFO = aiohttp.RequestInfo(URL("https://x"), "POST", CIMultiDictProxy(CIMultiDict[str]()))
KEY: Any = SimpleNamespace(host="x", port=1, ssl=True, is_ssl=True)
REFUSED = OSError(errno.ECONNREFUSED, "Connection refused")


@pytest.fixture
def dead_port() -> Iterator[int]:
    """A port that refuses: bound, so nobody else takes it, and not listening."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def traits(error: BaseException, effect: Effect = Effect.TRADE) -> tuple[Kind, str]:
    """The kind, and in words what holds of the verdict."""
    verdict = classify(error, "binance", effect)
    names = ("retryable", "counts", "ambiguous", "unsent")
    return verdict.kind, " ".join(name for name in names if getattr(verdict, name))


def tls(reason: str, cls: type[ssl.SSLError] = ssl.SSLError) -> ssl.SSLError:
    """An error of OpenSSL with its reason."""
    error = cls(1, reason)
    error.reason = reason
    return error


def caused(error: Exception, cause: Exception) -> Exception:
    """The error, raised from its cause."""
    error.__cause__ = cause
    return error


LOST = "retryable counts ambiguous"
UNSENT = "retryable counts unsent"


@pytest.mark.parametrize(
    ("error", "kind", "holds"),
    [
        (ConnectionRefusedError(111, "refused"), Kind.NETWORK, UNSENT),
        (socket.gaierror(-2, "no such name"), Kind.NETWORK, UNSENT),
        (OSError("Multiple exceptions: [Errno 111] Connect call failed"), Kind.NETWORK, UNSENT),
        (OSError(errno.EHOSTUNREACH, "Connect call failed ('x', 1)"), Kind.NETWORK, UNSENT),
        (OSError(errno.EHOSTUNREACH, "No route to host"), Kind.NETWORK, LOST),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), Kind.NETWORK, LOST),
        (ConnectionResetError(104, "reset"), Kind.NETWORK, LOST),
        (ConnectionAbortedError(), Kind.NETWORK, LOST),
        (BrokenPipeError(), Kind.NETWORK, LOST),
        (TimeoutError(), Kind.TIMEOUT, LOST),
        (asyncio.IncompleteReadError(b"", 5), Kind.NETWORK, LOST),
        (http.client.RemoteDisconnected("no answer"), Kind.NETWORK, LOST),
        (http.client.IncompleteRead(b"half"), Kind.NETWORK, LOST),
        (tls("CERTIFICATE_VERIFY_FAILED", ssl.SSLCertVerificationError), Kind.NETWORK, "counts unsent"),
        (tls("SSLV3_ALERT_HANDSHAKE_FAILURE"), Kind.NETWORK, UNSENT),
        (tls("DECRYPTION_FAILED_OR_BAD_RECORD_MAC"), Kind.NETWORK, LOST),
        (ssl.SSLEOFError(8, "EOF in violation of protocol"), Kind.NETWORK, LOST),
        (urllib.error.URLError(ConnectionRefusedError()), Kind.NETWORK, UNSENT),
        (urllib.error.URLError(TimeoutError()), Kind.TIMEOUT, LOST),
        (urllib.error.URLError("unknown url type"), Kind.NETWORK, LOST),
        (urllib.error.HTTPError("u", 503, "busy", Message(), None), Kind.UNAVAILABLE, LOST),
        (aiohttp.ClientConnectorError(KEY, REFUSED), Kind.NETWORK, UNSENT),
        (aiohttp.ClientConnectorDNSError(KEY, REFUSED), Kind.NETWORK, UNSENT),
        (aiohttp.ConnectionTimeoutError(), Kind.TIMEOUT, UNSENT),
        (aiohttp.SocketTimeoutError(), Kind.TIMEOUT, LOST),
        (aiohttp.ServerDisconnectedError(), Kind.NETWORK, LOST),
        (aiohttp.ClientOSError(104, "reset"), Kind.NETWORK, LOST),
        (aiohttp.ClientPayloadError("cut"), Kind.NETWORK, LOST),
        (aiohttp.InvalidURL("x"), Kind.INVALID_REQUEST, "unsent"),
        (aiohttp.TooManyRedirects(REQUEST_INFO, ()), Kind.UNEXPECTED, "counts ambiguous"),
        (aiohttp.ClientHttpProxyError(REQUEST_INFO, (), status=407), Kind.NETWORK, UNSENT),
        (aiohttp.ContentTypeError(REQUEST_INFO, (), status=200), Kind.UNEXPECTED, LOST),
        (aiohttp.ContentTypeError(REQUEST_INFO, (), status=502), Kind.UNAVAILABLE, LOST),
        (aiohttp.ClientResponseError(REQUEST_INFO, (), status=429), Kind.RATE_LIMITED, "retryable"),
        (httpx.ConnectError("refused"), Kind.NETWORK, UNSENT),
        (httpx.ConnectTimeout("slow"), Kind.TIMEOUT, UNSENT),
        (httpx.PoolTimeout("full"), Kind.TIMEOUT, "retryable unsent"),
        (httpx.ReadTimeout("slow"), Kind.TIMEOUT, LOST),
        (httpx.WriteError("reset"), Kind.NETWORK, LOST),
        (httpx.RemoteProtocolError("gone"), Kind.NETWORK, LOST),
        (httpx.DecodingError("garbled"), Kind.UNEXPECTED, LOST),
        (requests.ConnectTimeout(), Kind.TIMEOUT, UNSENT),
        (requests.ReadTimeout(), Kind.TIMEOUT, LOST),
        (requests.ConnectionError(), Kind.NETWORK, LOST),
        (requests.exceptions.ChunkedEncodingError(), Kind.NETWORK, LOST),
        (
            requests.ConnectionError(urllib3.exceptions.ProtocolError("Aborted", ConnectionResetError())),
            Kind.NETWORK,
            LOST,
        ),
        (
            requests.exceptions.SSLError(urllib3.exceptions.SSLError(tls("X", ssl.SSLCertVerificationError))),
            Kind.NETWORK,
            "counts unsent",
        ),
        (asyncio.CancelledError(), Kind.CANCELLED, "ambiguous"),
        (KeyboardInterrupt(), Kind.CANCELLED, "ambiguous"),
        (GeneratorExit(), Kind.CANCELLED, "ambiguous"),
        (FileNotFoundError(2, "no file"), Kind.UNEXPECTED, "counts ambiguous"),
        (ValueError("never seen"), Kind.UNEXPECTED, "counts ambiguous"),
        (BaseException(), Kind.UNEXPECTED, "counts ambiguous"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)  # fmt: skip
def test_an_error_has_its_verdict(error: BaseException, kind: Kind, holds: str) -> None:
    """Each failure has its kind; unsent only where proved; ambiguous for a trade alone."""
    assert traits(error) == (kind, holds)
    assert traits(error, Effect.READ) == (kind, holds.replace("ambiguous", "").strip())
    assert not classify(error, effect=Effect.IDEMPOTENT).ambiguous


@pytest.mark.anyio
async def test_real_async_clients_that_are_refused_prove_that_nothing_left(dead_port: int) -> None:
    """aiohttp, httpx and asyncio itself, at a port where nobody listens."""
    url = f"http://127.0.0.1:{dead_port}/"
    found: list[BaseException] = []
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientError) as raised:
            await session.get(url)
        found.append(raised.value)
    async with httpx.AsyncClient(trust_env=False) as client:
        with pytest.raises(httpx.HTTPError) as refused:
            await client.get(url)
        found.append(refused.value)
    with pytest.raises(OSError, match="Connect call failed") as plain:
        await asyncio.open_connection("127.0.0.1", dead_port)
    found.append(plain.value)
    assert [traits(error) for error in found] == [(Kind.NETWORK, UNSENT)] * 3


def test_real_clients_that_are_refused_prove_that_nothing_left(dead_port: int) -> None:
    """requests, urllib3 and httpx, at a port where nobody listens; requests wraps it four times."""
    url = f"http://127.0.0.1:{dead_port}/"
    session = requests.Session()
    session.trust_env = False
    with session, pytest.raises(requests.ConnectionError) as wrapped:
        session.get(url)
    with (
        urllib3.PoolManager(retries=False) as pool,
        pytest.raises(urllib3.exceptions.HTTPError) as plain,
    ):
        pool.request("GET", url)
    with httpx.Client(trust_env=False) as client, pytest.raises(httpx.ConnectError) as refused:
        client.get(url)
    for error in (wrapped.value, plain.value, refused.value):
        assert traits(error) == (Kind.NETWORK, UNSENT)
        assert classify(error).scope is Scope.EXCHANGE


BAN = b'{"code":-1003,"msg":"Way too much request weight used; IP banned until 1767323105000."}'


def test_the_answer_in_an_error_of_httpx_is_judged() -> None:
    """Status, headers and body of the response decide, by the exchange's own table."""
    response = httpx.Response(418, content=BAN, request=httpx.Request("GET", "https://x"))
    with pytest.raises(httpx.HTTPStatusError) as raised:
        response.raise_for_status()
    verdict = classify(raised.value, "binance", Effect.READ, lambda: NOW)
    assert (verdict.kind, verdict.retry_after_s) == (Kind.BANNED, 60.0)


def test_the_answer_in_an_error_of_requests_is_judged() -> None:
    """A response of requests is false when it failed, and is read all the same."""
    response = requests.Response()
    response.status_code = 400
    response._content = b'{"code":-2010,"msg":"Duplicate order sent."}'
    response.headers["Retry-After"] = "3"
    with pytest.raises(requests.HTTPError) as raised:
        response.raise_for_status()
    assert classify(raised.value, "binance").kind is Kind.DUPLICATE_ORDER


def test_the_headers_of_aiohttp_and_urllib_are_heard() -> None:
    """Retry-After counts where the client keeps the headers and not the body."""
    headers = CIMultiDict({"retry-after": "9"})
    message = Message()
    message["Retry-After"] = "9"
    for error in (
        aiohttp.ClientResponseError(REQUEST_INFO, (), status=429, headers=headers),
        urllib.error.HTTPError("u", 429, "slow down", message, None),
    ):
        assert classify(error, "binance", Effect.READ).retry_after_s == 9.0


class SdkError(Exception):
    """What the error of an exchange's own client looks like."""

    def __init__(self, status_code: int, code: object, message: str) -> None:
        super().__init__(message)
        self.status_code = status_code
        self.code = code
        self.message = message


def test_the_error_of_an_unknown_client_is_judged_by_what_it_carries() -> None:
    """Status, code and message on the error itself are enough."""
    assert (
        classify(SdkError(400, -2013, "Order does not exist."), "binance").kind
        is Kind.ORDER_NOT_FOUND
    )
    assert classify(SdkError(400, -2010, "Market is closed."), "binance").kind is Kind.MARKET_CLOSED
    assert classify(SdkError(403, 403, "<html>"), "binance").kind is Kind.BANNED
    assert classify(SdkError(503, None, ""), "elsewhere").kind is Kind.OVERLOADED
    assert classify(SdkError(200, None, "odd"), "binance").kind is Kind.UNEXPECTED


def test_an_error_that_carries_a_verdict_keeps_it() -> None:
    """What somebody nearer already found out is not asked again."""
    known = Verdict(Kind.MAINTENANCE, retry_after_s=5.0)
    assert classify(errors.ApiError("x", status=400, verdict=known)) is known


def test_a_rejection_is_neutral_and_unsent() -> None:
    """A gate or circuit further in says nothing of this call's exchange, and closes no gate here."""
    for cls in (errors.CircuitOpenError, errors.GateClosedError, errors.BulkheadFullError):
        error = cls("binance", "create_x", Scope.METHOD, "open", 4.0)
        assert traits(error) == (Kind.UNAVAILABLE, "unsent")
        assert classify(error).retry_after_s == 4.0


def test_a_lookup_refused_inside_an_order_does_not_prove_the_order_unsent() -> None:
    """The order may have gone before its lookup was refused: nothing may stand in for it."""
    error = errors.CircuitOpenError("binance", "get_order", Scope.METHOD, "held", None)
    assert traits(error) == (Kind.OUTCOME_UNKNOWN, "ambiguous")
    assert classify(error, effect=Effect.READ).unsent


@pytest.mark.parametrize(
    ("error", "kind", "holds"),
    [
        (errors.AttemptTimeout("cut"), Kind.TIMEOUT, LOST),
        (errors.NetworkError("gone"), Kind.NETWORK, LOST),
        (caused(errors.NetworkError("gone"), ConnectionRefusedError()), Kind.NETWORK, UNSENT),
        (caused(errors.AttemptTimeout("cut"), ConnectionRefusedError()), Kind.TIMEOUT, LOST),
        (errors.DeadlineExceeded("binance", "get_x", 1.0), Kind.TIMEOUT, "ambiguous"),
        (errors.OrderOutcomeUnknown("?"), Kind.OUTCOME_UNKNOWN, "counts ambiguous"),
        (errors.OrderRefused("no"), Kind.INVALID_ORDER, ""),
        (errors.OrderRefused("no", status=400, code=-2010), Kind.INVALID_ORDER, ""),
        (errors.OrderRefused("Market is closed.", status=400, code=-2010), Kind.MARKET_CLOSED, ""),
        (errors.ApiError("busy", status=503), Kind.UNAVAILABLE, LOST),
        (errors.ApiError("Order does not exist.", code=-2013), Kind.ORDER_NOT_FOUND, ""),
        (errors.ApiError("?"), Kind.UNEXPECTED, "counts ambiguous"),
        (errors.SettingsError("a", 0, "above 0"), Kind.INVALID_REQUEST, "unsent"),
        (errors.WouldBlockLoop("binance", "x", 1.0), Kind.UNEXPECTED, "counts ambiguous"),
        (
            caused(errors.WouldBlockLoop("binance", "x", 1.0), TimeoutError()),
            Kind.TIMEOUT,
            "ambiguous",
        ),
        (errors.SwitchgearError(), Kind.UNEXPECTED, "counts ambiguous"),
    ],
)
def test_our_own_errors_have_their_verdict(error: Exception, kind: Kind, holds: str) -> None:
    """Ours are recognised before any foreign table."""
    assert traits(error) == (kind, holds)


def test_the_exchange_of_an_api_error_is_asked_when_none_is_named() -> None:
    """An ApiError knows its exchange itself."""
    error = errors.ApiError("Order does not exist.", status=400, code=-2013, exchange="binance")
    assert classify(error).kind is Kind.ORDER_NOT_FOUND


def test_a_wrapping_without_end_is_given_up() -> None:
    """An error that wraps itself is judged by its own class."""
    error = requests.ConnectionError()
    error.args = (error,)
    assert traits(error) == (Kind.NETWORK, LOST)


def test_what_was_handled_before_proves_nothing() -> None:
    """An error raised while a refused connection was handled is not itself unsent."""
    error = requests.ConnectionError("reset on the second try")
    error.__context__ = ConnectionRefusedError()
    assert traits(error) == (Kind.NETWORK, LOST)


class Hostile(requests.RequestException):
    """An error whose every attribute is code that fails."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(name)

    def __str__(self) -> str:
        raise RuntimeError


class Stranger(Exception):
    """The same, of a class that nobody knows."""

    __getattribute__ = Hostile.__getattribute__
    __str__ = Hostile.__str__


@pytest.mark.parametrize("cls", [Hostile, Stranger])
def test_a_hostile_error_is_classified(cls: type[Exception]) -> None:
    """Attributes that raise leave the class's own verdict, or the safe default."""
    assert classify(cls()).ambiguous
    assert classify(cls()).counts


@settings(max_examples=50)
@given(
    attributes=st.dictionaries(
        st.sampled_from(
            ["status", "status_code", "code", "message", "headers", "response", "reason"]
        ),
        st.none() | st.integers() | st.text() | st.binary() | st.lists(st.integers()) | st.floats(),
    ),
    args=st.lists(st.none() | st.text() | st.integers() | st.just(ConnectionRefusedError())),
    cls=st.sampled_from(
        [Exception, OSError, requests.HTTPError, requests.ConnectionError, SdkError]
    ),
    effect=st.sampled_from(Effect),
)
def test_classifying_garbage_never_raises(
    attributes: dict[str, object], args: list[object], cls: type[Exception], effect: Effect
) -> None:
    """Any error has a verdict, ambiguous for a trade alone, never both unsent and ambiguous."""
    error = cls.__new__(cls)
    error.args = tuple(args)
    error.__dict__.update(attributes)
    verdict = classify(error, "binance", effect)
    assert isinstance(verdict, Verdict)
    assert effect is Effect.TRADE or not verdict.ambiguous
    assert not (verdict.unsent and verdict.ambiguous)


def test_classes_made_without_end_are_not_kept() -> None:
    """The memory of classes is bounded, and forgetting changes no verdict."""
    for number in range(1_100):
        assert ruling_of(type(f"Made{number}", (ConnectionResetError,), {})) is not None
    assert traits(ConnectionRefusedError()) == (Kind.NETWORK, UNSENT)
