"""Owns what errors of the standard library mean, by class name; `clients` has the foreign ones."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from switchgear.core.verdict.rulings import (
    CUT,
    NEVER_CONNECTED,
    OURS,
    OURS_UNSENT,
    SILENT,
    STOPPED,
    UNKNOWN,
    UNREACHABLE,
    UNREADABLE,
    UNTRUSTED,
    Look,
    Ruling,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

CLASSES: Mapping[str, Ruling] = {
    # Somebody here stopped it.
    "asyncio.exceptions.CancelledError": STOPPED,
    "concurrent.futures._base.CancelledError": STOPPED,
    "builtins.GeneratorExit": STOPPED,
    "builtins.KeyboardInterrupt": STOPPED,
    "builtins.SystemExit": STOPPED,
    # Sockets. Refused is said by the answer to the first packet, so it proves that nothing left; a
    # reset
    # proves nothing.
    "builtins.ConnectionRefusedError": NEVER_CONNECTED,
    "builtins.ConnectionResetError": CUT,
    "builtins.ConnectionAbortedError": CUT,
    "builtins.BrokenPipeError": CUT,
    "builtins.ConnectionError": CUT,
    "builtins.TimeoutError": SILENT,
    "builtins.EOFError": CUT,
    "builtins.OSError": UNKNOWN.looking(Look.ERRNO),
    "asyncio.exceptions.IncompleteReadError": CUT,
    "asyncio.exceptions.LimitOverrunError": UNREADABLE,
    "socket.gaierror": NEVER_CONNECTED,
    "socket.herror": NEVER_CONNECTED,
    # TLS
    "ssl.SSLCertVerificationError": UNTRUSTED,
    "ssl.SSLError": CUT.looking(Look.TLS),
    # http.client
    "http.client.HTTPException": CUT,
    "http.client.RemoteDisconnected": CUT,
    "http.client.BadStatusLine": CUT,
    "http.client.IncompleteRead": CUT,
    "http.client.LineTooLong": UNREADABLE,
    "http.client.UnknownProtocol": UNREADABLE,
    "http.client.UnknownTransferEncoding": UNREADABLE,
    "http.client.UnimplementedFileMode": OURS,
    "http.client.ImproperConnectionState": OURS,
    "http.client.CannotSendRequest": OURS_UNSENT,
    "http.client.CannotSendHeader": OURS,
    "http.client.ResponseNotReady": OURS,
    "http.client.NotConnected": OURS_UNSENT,
    "http.client.InvalidURL": OURS_UNSENT,
    # urllib
    "urllib.error.HTTPError": UNKNOWN.looking(Look.ANSWER),
    "urllib.error.URLError": CUT.looking(Look.WITHIN),
    "urllib.error.ContentTooShortError": CUT,
    "json.decoder.JSONDecodeError": UNREADABLE,
}

ERRNOS: Mapping[int, Ruling] = {
    errno.ECONNREFUSED: NEVER_CONNECTED,
    errno.ECONNRESET: CUT,
    errno.ECONNABORTED: CUT,
    errno.EPIPE: CUT,
    errno.ENOTCONN: CUT,
    errno.ESHUTDOWN: CUT,
    errno.ENETRESET: CUT,
    errno.ETIMEDOUT: SILENT,
    errno.EHOSTUNREACH: UNREACHABLE,
    errno.EHOSTDOWN: UNREACHABLE,
    errno.ENETUNREACH: UNREACHABLE,
    errno.ENETDOWN: UNREACHABLE,
}

CONNECTING = ("Connect call failed", "Multiple exceptions: [Errno ")
"""How asyncio words an OSError that it raises only while connecting."""

HANDSHAKE = frozenset(
    {
        "CERTIFICATE_VERIFY_FAILED",
        "SSLV3_ALERT_HANDSHAKE_FAILURE",
        "TLSV1_ALERT_PROTOCOL_VERSION",
        "TLSV1_UNRECOGNIZED_NAME",
        "UNSUPPORTED_PROTOCOL",
        "NO_PROTOCOLS_AVAILABLE",
        "DH_KEY_TOO_SMALL",
    }
)
"""OpenSSL's reasons that can only come while shaking hands, before a request is sent."""
