"""
Owns what came back for a request and how it is read: its shape, what refuses, what cannot be believed.

Sending it is left to transport, what a refusal means to verdict, how it reads to said.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec

from switchgear.core.errors import ApiError
from switchgear.core.redact import error_text, safe_words
from switchgear.core.verdict import Answer, judge
from switchgear.core.verdict.rulings import UNREADABLE
from switchgear.core.words import Effect, Kind, Verdict
from switchgear.exchange.said import said

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from switchgear.core.clock import Clock

T = TypeVar("T")
R = TypeVar("R")

MESSAGE_CHARS_MAX = 200
_CODE_CHARS_MAX = 100
_CODE_MAX = 10**12


@dataclass(frozen=True, slots=True)
class Target:
    """Which method a request is made for, so that a failure can be told in its name."""

    exchange: str
    method: str
    effect: Effect


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: a status, headers, and a body of at most BODY_BYTES_MAX bytes."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Shape(Generic[T]):
    """What a good answer must look like; made once, read often."""

    def __init__(self, kind: type[T]) -> None:
        self._decoder: msgspec.json.Decoder[T] = msgspec.json.Decoder(kind)

    def read(self, reply: Reply, target: Target, clock: Clock) -> T:
        """
        The answer as its type.

        Raises:
            ApiError: It is a refusal or a failure, or it cannot be read.
        """
        if not 200 <= reply.status < 300:
            raise refusal(reply, target, clock)
        try:
            return self._decoder.decode(reply.body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise unreadable(reply.status, error_text(error), target) from None

    def tell(self, reply: Reply, target: Target, clock: Clock, words: Callable[[T], R]) -> R:
        """
        The answer in our words.

        Args:
            reply: What came.
            target: For whom it was asked.
            clock: For waits that are told as dates.
            words: Turns the answer into ours; ValueError for one that cannot be true.

        Raises:
            ApiError: It is a refusal or a failure, cannot be read, or cannot be true.
        """
        answer = self.read(reply, target, clock)
        return believe(lambda: words(answer), target, reply.status)


def believe(words: Callable[[], R], target: Target, status: int = 200) -> R:
    """What words makes of answers that were read before; ApiError for what cannot be true."""
    try:
        return words()
    except (ValueError, ArithmeticError) as error:
        raise unreadable(status, error_text(error), target) from None


def refusal(reply: Reply, target: Target, clock: Clock) -> ApiError:
    """The error that a reply with a status outside 2xx stands for, with its verdict."""
    answer = Answer.read(reply.status, reply.headers, reply.body)
    # Where a code stands alone, the message is the whole body: the code says it better.
    coded = answer.code is not None
    told = "refused" if coded and answer.message[:1] == "{" else said(answer.message)
    return ApiError(
        safe_words(told, MESSAGE_CHARS_MAX) or "an answer without a text",
        status=reply.status,
        code=_code(answer),
        exchange=target.exchange,
        method=target.method,
        verdict=judge(answer, target.exchange, target.effect, clock.wall),
    )


def _code(answer: Answer) -> int | str | None:
    """The code as it may be shown: whoever answers may put anything there, what we sent too."""
    number = answer.number
    if number is not None and abs(number) < _CODE_MAX:
        return answer.code
    return None if answer.code is None else safe_words(str(answer.code), _CODE_CHARS_MAX)


def unreadable(status: int, why: str, target: Target) -> ApiError:
    """The error for an answer that came and is not what it must be; of an order it says nothing."""
    return ApiError(
        f"the answer cannot be read: {why}",
        status=status,
        exchange=target.exchange,
        method=target.method,
        verdict=UNREADABLE.verdict(target.effect),
    )


def endless(target: Target, pages: int) -> ApiError:
    """The error for a list that is longer than is read: a part of it would look like the whole."""
    error = unreadable(200, f"there are more than {pages} pages of it", target)
    # Reading them all again would cost the rate limit, and end as this did; nobody has failed.
    error.verdict = Verdict(Kind.UNEXPECTED, ambiguous=target.effect is Effect.TRADE)
    return error


def marked_unsent(error: ApiError) -> ApiError:
    """The error of a question asked before a request: that request itself never left."""
    if error.verdict is not None:
        error.verdict = replace(error.verdict, unsent=True)
    return error
