"""Owns what a server's refusals and its silence are called, each in one line that says what would help."""

from __future__ import annotations

import json
import ssl
from http.client import HTTPException, RemoteDisconnected
from socket import gaierror
from typing import TYPE_CHECKING, Any, NamedTuple

from switchgear.core.errors import SwitchgearError
from switchgear.core.redact import visible

if TYPE_CHECKING:
    from http.client import HTTPResponse

BODY_BYTES_MAX = 65_536
"""Of a refusal; what is longer is no refusal of ours."""
RETRY_AFTER_S_MAX = 3_600
_SHOWN_CHARS_MAX = 1_000
_PASSING = frozenset({408, 429, 500, 502, 503, 504})


class RemoteError(SwitchgearError):
    """
    A server could not be asked, or would not answer.

    Args:
        words: What is wrong, and what would help; shown as one line.
        passes: It may be otherwise in a while, whatever is given.
        wait_s: So long the server wants to be left alone.
    """

    def __init__(self, words: str, *, passes: bool = False, wait_s: float = 0.0) -> None:
        super().__init__(words)
        self.passes = passes
        self.wait_s = wait_s


class Asker(NamedTuple):
    """Who asked what, for the words."""

    shown: str
    """The server's address."""
    token: str
    """Empty where there is none; never in the words."""
    target: str
    """The path that was asked for, below the address."""

    def said(self, words: object) -> str:
        """Words of the other side as they may be shown: in one line, not too long, without the token."""
        text = visible(str(words))
        text = text.replace(self.token, "…") if self.token else text
        return text if len(text) <= _SHOWN_CHARS_MAX else f"{text[:_SHOWN_CHARS_MAX]}…"


def refused(asker: Asker, answer: HTTPResponse, body: bytes) -> RemoteError:
    """What an answer is called that has another status than 200."""
    status, detail = answer.status, _detail(body)
    said = asker.said(detail.get("message", answer.reason or "no word why"))
    where = asker.shown
    if 300 <= status < 400:
        to = asker.said(answer.headers.get("location", "nowhere").partition("?")[0])
        return RemoteError(
            f"{where} sends on to {to} ({status}), which is not followed: give its own address"
        )
    match status:
        case 400 | 422 if "message" in detail:
            return RemoteError(said)  # it names the field, its value and what is allowed
        case 401:
            return RemoteError(_unknown(asker))
        case 403:
            return RemoteError(f"{where} does not allow it (403): {said}")
        case 404 if detail and said != "Not Found":
            return RemoteError(said)
        case 404:
            found = f"{where} has no {asker.target} (404)"
            return RemoteError(
                f"{found}: give the address of a switchgear, with its prefix if it has one"
            )
        case 429:
            wait_s = _wait_s(answer)
            when = f"; try again in {wait_s:.0f} s" if wait_s else ""
            return RemoteError(
                f"{where} is asked too much (429): {said}{when}", passes=True, wait_s=wait_s
            )
        case _:
            passes, wait_s = status in _PASSING, _wait_s(answer)
            return RemoteError(f"{where} failed ({status}): {said}", passes=passes, wait_s=wait_s)


def _unknown(asker: Asker) -> str:
    if asker.token:
        return f"{asker.shown} does not know this token (401): give one of its own by --token-file or SWITCHGEAR_TOKEN"
    return f"{asker.shown} wants to know who asks (401): give --token-file FILE, or set SWITCHGEAR_TOKEN"


def silent(asker: Asker, error: Exception, limit_s: float) -> RemoteError:
    """What it is called that no answer came, or half of one."""
    match error:
        case ssl.SSLCertVerificationError():
            words = f"its certificate is not trusted: {error.verify_message}; --ca-file FILE names one's own"
            return RemoteError(f"{asker.shown}: {asker.said(words)}")
        case ssl.SSLError():
            return RemoteError(
                f"{asker.shown}: no TLS with it: {asker.said(error.reason or error)}"
            )
        case TimeoutError():
            why = f"nothing came for {limit_s:g} s"
        case gaierror() | UnicodeError():
            why = "there is no such host"
        case RemoteDisconnected():
            why = "it ended the connection"
        case HTTPException():
            why = f"what it says is no HTTP, or breaks off ({type(error).__name__})"
        case OSError():
            why = asker.said(error.strerror or error)
        case _:
            why = asker.said(error)
    return RemoteError(f"no answer from {asker.shown}: {why}", passes=True)


def not_ours(asker: Asker, why: object) -> RemoteError:
    """What an answer is called that has status 200, and is none of a switchgear."""
    # Of a shape that is judged, where and what; not where one can read on about it.
    words = str(why).partition("For further information")[0]
    if isinstance(why, KeyError):
        words = f"its answer has no {why}"
    said = asker.said(" ".join(words.split()))
    return RemoteError(
        f"{asker.shown} is no switchgear, or of another version: {asker.target}: {said}"
    )


def _detail(body: bytes) -> dict[str, Any]:
    """The error as our API gives it; empty where it is none."""
    try:
        found: Any = json.loads(body)
        detail = found["error"]
        return dict(detail) if isinstance(detail["message"], str) else {}
    except (ValueError, TypeError, KeyError, RecursionError):
        return {}


def _wait_s(answer: HTTPResponse) -> float:
    given = answer.headers.get("retry-after", "")
    is_number = given.isascii() and given.isdigit() and len(given) < 10
    return min(float(given), RETRY_AFTER_S_MAX) if is_number else 0.0
