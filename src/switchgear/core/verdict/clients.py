"""Owns what errors of aiohttp, httpx and requests mean, by class name; it imports none of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchgear.core.verdict.rulings import (
    CUT,
    MISDIRECTED,
    NEVER_CONNECTED,
    NEVER_CONNECTED_IN_TIME,
    NO_ROOM,
    OURS,
    OURS_UNSENT,
    REPEATED,
    SILENT,
    UNKNOWN,
    UNREADABLE,
    UNTRUSTED,
    Look,
    Ruling,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_ANSWERED = UNKNOWN.looking(Look.ANSWER)
_CUT_UNLESS = CUT.looking(Look.WITHIN)

_AIOHTTP: Mapping[str, Ruling] = {
    "ClientError": CUT,
    "ClientConnectionError": CUT,
    "ClientConnectionResetError": CUT,
    "ClientOSError": CUT,
    "ClientPayloadError": CUT,
    "UploadAbortedError": CUT,
    "ServerConnectionError": CUT,
    "ServerDisconnectedError": CUT,
    "ServerTimeoutError": SILENT,
    "SocketTimeoutError": SILENT,
    "ConnectionTimeoutError": NEVER_CONNECTED_IN_TIME,
    "ClientConnectorError": NEVER_CONNECTED,
    "ClientConnectorDNSError": NEVER_CONNECTED,
    "ClientProxyConnectionError": NEVER_CONNECTED,
    "UnixClientConnectorError": NEVER_CONNECTED,
    "ClientSSLError": NEVER_CONNECTED,
    "ClientConnectorSSLError": NEVER_CONNECTED,
    "ClientConnectorCertificateError": UNTRUSTED,
    "ServerFingerprintMismatch": UNTRUSTED,
    # Its status is the proxy's, which refused the tunnel: the exchange never heard of us.
    "ClientHttpProxyError": NEVER_CONNECTED,
    "ClientResponseError": _ANSWERED,
    "WSServerHandshakeError": _ANSWERED,
    "ContentTypeError": UNREADABLE.looking(Look.ANSWER),
    "WSMessageTypeError": OURS,
    "TooManyRedirects": MISDIRECTED,
    "RedirectClientError": MISDIRECTED,
    "InvalidUrlRedirectClientError": MISDIRECTED,
    "NonHttpUrlRedirectClientError": MISDIRECTED,
    "InvalidURL": OURS_UNSENT,
    "InvalidUrlClientError": OURS_UNSENT,
    "NonHttpUrlClientError": OURS_UNSENT,
}

# httpx2 has the same classes under its own name, httpcore the lower half of them.
_HTTPX: Mapping[str, Ruling] = {
    "HTTPError": CUT,
    "RequestError": CUT,
    "TransportError": CUT,
    "NetworkError": CUT,
    "ReadError": CUT,
    "WriteError": CUT,
    "CloseError": CUT,
    "ProtocolError": CUT,
    "RemoteProtocolError": CUT,
    "SSEError": UNREADABLE,
    "DecodingError": UNREADABLE,
    "TimeoutException": SILENT,
    "ReadTimeout": SILENT,
    "WriteTimeout": SILENT,
    "ConnectTimeout": NEVER_CONNECTED_IN_TIME,
    "ConnectError": NEVER_CONNECTED,
    "ProxyError": NEVER_CONNECTED,
    "PoolTimeout": NO_ROOM,
    "ConnectionNotAvailable": NO_ROOM,
    "HTTPStatusError": _ANSWERED,
    "TooManyRedirects": MISDIRECTED,
    # A redirect can lead to a scheme that is not supported, so nothing is said about what was sent.
    "UnsupportedProtocol": OURS,
    "LocalProtocolError": OURS,
    "InvalidURL": OURS_UNSENT,
    "CookieConflict": OURS,
    "StreamError": OURS,
    "StreamConsumed": OURS,
    "StreamClosed": OURS,
    "RequestNotRead": OURS,
    "ResponseNotRead": OURS,
}

_REQUESTS: Mapping[str, Ruling] = {
    "RequestException": CUT.looking(Look.ANSWER),
    "HTTPError": _ANSWERED,
    "ConnectionError": _CUT_UNLESS,
    "ProxyError": _CUT_UNLESS,
    "SSLError": _CUT_UNLESS,
    "ChunkedEncodingError": CUT,
    "Timeout": SILENT,
    "ReadTimeout": SILENT,
    "ConnectTimeout": NEVER_CONNECTED_IN_TIME,
    "ContentDecodingError": UNREADABLE,
    "JSONDecodeError": UNREADABLE,
    "RetryError": REPEATED,
    "TooManyRedirects": MISDIRECTED,
    # requests follows redirects, and raises these two for the address it was led to as well.
    "InvalidSchema": OURS,
    "InvalidURL": OURS,
    "InvalidProxyURL": OURS_UNSENT,
    "InvalidHeader": OURS_UNSENT,
    "InvalidJSONError": OURS_UNSENT,
    "MissingSchema": OURS_UNSENT,
    "URLRequired": OURS_UNSENT,
    "StreamConsumedError": OURS,
    "UnrewindableBodyError": OURS,
}

_URLLIB3: Mapping[str, Ruling] = {
    "HTTPError": CUT,
    "PoolError": _CUT_UNLESS,
    "RequestError": _CUT_UNLESS,
    "MaxRetryError": _CUT_UNLESS,
    "ProtocolError": _CUT_UNLESS,
    "ProxyError": _CUT_UNLESS,
    "SSLError": _CUT_UNLESS,
    "IncompleteRead": CUT,
    "InvalidChunkLength": CUT,
    "TimeoutError": SILENT,
    "ReadTimeoutError": SILENT,
    "ConnectTimeoutError": NEVER_CONNECTED_IN_TIME,
    "NewConnectionError": NEVER_CONNECTED,
    "NameResolutionError": NEVER_CONNECTED,
    "DecodeError": UNREADABLE,
    "HeaderParsingError": UNREADABLE,
    "InvalidHeader": UNREADABLE,
    "ResponseError": REPEATED,
    "EmptyPoolError": NO_ROOM,
    "ClosedPoolError": OURS_UNSENT,
    "HostChangedError": OURS_UNSENT,
    "FullPoolError": OURS,
    "LocationValueError": OURS,
    "LocationParseError": OURS,
    "URLSchemeUnknown": OURS,
    "ProxySchemeUnknown": OURS,
    "ProxySchemeUnsupported": OURS,
    "TimeoutStateError": OURS,
    "BodyNotHttplibCompatible": OURS,
    "ResponseNotChunked": OURS,
    "UnrewindableBodyError": OURS,
}

_PACKAGES = {
    "aiohttp.client_exceptions": _AIOHTTP,
    "httpx": _HTTPX,
    "httpx2": _HTTPX,
    "httpcore": _HTTPX,
    "httpcore2": _HTTPX,
    "requests.exceptions": _REQUESTS,
    "urllib3.exceptions": _URLLIB3,
}

CLASSES: Mapping[str, Ruling] = {
    f"{package}.{name}": ruling
    for package, classes in _PACKAGES.items()
    for name, ruling in classes.items()
}
