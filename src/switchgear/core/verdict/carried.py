"""Owns finding the answer in a foreign error that carries one; judging it is left to others."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from switchgear.core.verdict.answer import MESSAGE_CHARS_MAX, Answer

if TYPE_CHECKING:
    from collections.abc import Iterable

_HEADERS_MAX = 100
_STATUS_FIRST, _STATUS_LAST = 300, 999


def answer(error: BaseException, *, foreign: bool) -> Answer | None:
    """
    The answer an error or its `response` carries, with a status of 300 or more; else None.

    Reads only what is already in memory, never the rest of a body.

    Args:
        error: An error of an HTTP client, or of a program built on one.
        foreign: No table knows its class, so a `code` on it may be the exchange's; on known ones
            it is a status.
    """
    # Attributes of foreign objects can be properties, and those can raise; then there is no answer
    # to be had.
    with suppress(Exception):
        return _answer(error, foreign=foreign)
    return None


def _answer(error: Any, *, foreign: bool) -> Answer | None:
    response: Any = getattr(error, "response", None)
    status = _status(response) or _status(error)
    if status is None or not _STATUS_FIRST <= status <= _STATUS_LAST:
        return None
    headers = _headers(getattr(response if response is not None else error, "headers", None))
    found = Answer.read(status, headers, _body(response))
    code = getattr(error, "code", None) if foreign and found.code is None else found.code
    if not isinstance(code, (int, str)) or code == status:
        code = found.code
    return Answer(status, code, found.message or _message(error), headers)


def _status(carrier: object) -> int | None:
    for name in ("status", "status_code"):
        value = getattr(carrier, name, None)
        if isinstance(value, int) and value > 0:
            return int(value)
    return None


def _headers(received: Any) -> dict[str, str]:
    pairs: Iterable[tuple[object, object]] = received.items() if received is not None else ()
    kept: dict[str, str] = {}
    for name, value in pairs:
        if len(kept) == _HEADERS_MAX:
            break
        kept[str(name)] = str(value)
    return kept


def _body(response: Any) -> bytes:
    # The public properties would read the socket of a streamed response, and wait; these hold what
    # was read.
    for name in ("_content", "_body"):
        content = getattr(response, name, None)
        if isinstance(content, bytes):
            return content
    return b""


def _message(error: Any) -> str:
    message = getattr(error, "message", None)
    return (message if isinstance(message, str) else str(error))[:MESSAGE_CHARS_MAX]
