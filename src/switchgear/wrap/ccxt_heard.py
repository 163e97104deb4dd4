"""Owns an answer that ccxt heard, what is told of it, and the keys of its exchanges; ccxt itself is not imported."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from switchgear.core.redact import register_secret

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from switchgear.core.policy.wiretap import Tape

_SECRETS = ("apiKey", "secret", "password", "privateKey", "token", "twofa")


class Heard:
    """An answer, on the error that ccxt made of it."""

    def __init__(self, status: int, headers: Mapping[str, str], body: object) -> None:
        self.status, self.headers = status, headers
        self.body = self._body = body.encode("utf-8", "replace") if isinstance(body, str) else b""


class Hearing(Protocol):
    """An attempt that is under way."""

    answer: Heard | None
    """The newest."""


def keep_secret(exchange: Any) -> None:
    """Have the keys of an exchange masked in all that is kept."""
    for name in _SECRETS:
        value = getattr(exchange, name, None)
        if isinstance(value, str):
            register_secret(value)


@contextmanager
def told(attempt: Hearing | None, tape: Tape) -> Generator[None]:
    """What is sent in here, and the answer that ccxt hears of it, are told."""
    before, error = None if attempt is None else attempt.answer, None
    try:
        yield
    except BaseException as raised:
        error = raised
        raise
    finally:
        heard = None if attempt is None or attempt.answer is before else attempt.answer
        if heard is not None:
            tape.answered(heard.status, heard.headers or {})
            tape.piece(heard.body)
        tape.end(error if heard is None else None)
