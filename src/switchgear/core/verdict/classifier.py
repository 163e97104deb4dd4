"""Owns the way from an error to a verdict: ours, its class, the answer it carries."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from switchgear.core import errors
from switchgear.core.verdict import carried, ccxt_errors, clients, rulings, stdlib
from switchgear.core.verdict.answer import Answer
from switchgear.core.verdict.judgement import judge
from switchgear.core.verdict.rulings import Look, Ruling
from switchgear.core.words import Effect, Kind, Verdict, effect_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

_DEPTH_MAX = 8
"""How many wrappings are looked through; real clients use four."""

_CARRYING = frozenset({Look.ANSWER, Look.RELAYED})
_KNOWN_MAX = 1_024
_known: dict[type[BaseException], Ruling | None] = {}


def classify(
    error: BaseException,
    exchange: str = "",
    effect: Effect = Effect.TRADE,
    wall: Callable[[], datetime] | None = None,
) -> Verdict:
    """
    What an error means, whoever raised it.

    One that nobody knows counts, and leaves an order's outcome unknown. Never raises, reads no
    socket, sends nothing. `unsent` is said only where it is proved.

    Args:
        error: Any exception; a foreign class is known by its qualified name, and by those of its
            bases.
        exchange: Whose codes the error may carry; empty for none.
        effect: What the call does; only a TRADE can be ambiguous.
        wall: The time in UTC, such as `clock.wall`; asked only where a wait is given as a date.
    """
    try:
        if isinstance(error, errors.SwitchgearError):
            return _ours(error, exchange, effect, wall)
        return _foreign(error, exchange, effect, wall)
    except Exception:
        return rulings.UNKNOWN.verdict(effect)


def class_verdict(cls: type[BaseException], effect: Effect) -> Verdict | None:
    """What every error of a class means, where its class alone decides; None where one must be looked at."""
    if issubclass(cls, errors.SwitchgearError):
        return None
    ruling = ruling_of(cls)
    return ruling.verdict(effect) if ruling is not None and ruling.look is Look.NOWHERE else None


def _foreign(
    error: BaseException,
    exchange: str,
    effect: Effect,
    wall: Callable[[], datetime] | None,
) -> Verdict:
    if _is_no_answer(error):
        return rulings.UNREADABLE.verdict(effect)
    ruling = ruling_of(type(error))
    if ruling is None or ruling.look in _CARRYING:
        answer = carried.answer(error, foreign=ruling is None)
        if answer is not None:
            return judge(answer, exchange, effect, wall)
    return (_settled(error, ruling) or rulings.UNKNOWN).verdict(effect)


def ruling_of(cls: type[BaseException]) -> Ruling | None:
    """What the tables say of a class or the nearest of its bases; None when they know none."""
    try:
        return _known[cls]
    except KeyError:
        found = next(filter(None, map(_own_ruling_of, cls.__mro__)), None)
    if len(_known) >= _KNOWN_MAX:
        _known.clear()  # a program that makes classes without end must not keep them here
    _known[cls] = found
    return found


def _own_ruling_of(cls: type) -> Ruling | None:
    name = f"{cls.__module__}.{cls.__qualname__}"
    return stdlib.CLASSES.get(name) or clients.CLASSES.get(name) or ccxt_errors.CLASSES.get(name)


def _is_no_answer(error: BaseException) -> bool:
    """Whether aiohttp made its status up: it says 400 of an answer that is not HTTP at all."""
    return type(error.__cause__).__module__ == "aiohttp.http_exceptions"


def _settled(error: BaseException, ruling: Ruling | None, depth: int = 0) -> Ruling | None:
    """The ruling after looking where it says; None when nothing is known."""
    if ruling is None:
        return None
    match ruling.look:
        case Look.WITHIN:
            return _within(error, depth) or ruling
        case Look.RELAYED:
            cause = error.__cause__
            if cause is None or depth >= _DEPTH_MAX:
                return ruling
            return _settled(cause, ruling_of(type(cause)), depth + 1) or ruling
        case Look.ERRNO:
            return _by_errno(error)
        case Look.TLS:
            reason = getattr(error, "reason", None)
            return rulings.NEVER_CONNECTED if reason in stdlib.HANDSHAKE else ruling
        case Look.ANSWER | Look.NOWHERE:
            return ruling


def _within(error: BaseException, depth: int) -> Ruling | None:
    if depth >= _DEPTH_MAX:
        return None
    for inner in _wrapped(error):
        found = _settled(inner, ruling_of(type(inner)), depth + 1)
        if found is not None:
            return found
    return None


def _wrapped(error: BaseException) -> Iterator[BaseException]:
    # Not __context__: an error raised while another was handled need not speak of it.
    for each in (getattr(error, "reason", None), *error.args):
        if isinstance(each, BaseException):
            yield each


def _by_errno(error: BaseException) -> Ruling | None:
    words = " ".join(each for each in error.args if isinstance(each, str))
    if any(said in words for said in stdlib.CONNECTING):
        return rulings.NEVER_CONNECTED
    number = getattr(error, "errno", None)
    return stdlib.ERRNOS.get(number) if isinstance(number, int) else None


def _ours(
    error: errors.SwitchgearError,
    exchange: str,
    effect: Effect,
    wall: Callable[[], datetime] | None,
) -> Verdict:
    match error:
        case errors.ApiError(verdict=Verdict() as known):
            return known
        case errors.ApiError():
            return _api_error(error, exchange, effect, wall)
        case errors.Rejected():
            # One of our own gates or circuits, further in: it says nothing about the exchange of
            # this call.
            if effect is Effect.TRADE and effect_of(error.method) is not Effect.TRADE:
                # A lookup inside an order was refused: the order itself may have gone before it.
                return Verdict(Kind.OUTCOME_UNKNOWN, error.scope, ambiguous=True)
            return Verdict(
                Kind.UNAVAILABLE, error.scope, retry_after_s=error.retry_after_s, unsent=True
            )
        case errors.DeadlineExceeded():
            verdict = rulings.OUT_OF_TIME.verdict(effect)
            return replace(verdict, ambiguous=effect is Effect.TRADE)
        case errors.SettingsError():
            return rulings.OURS_UNSENT.verdict(effect)
        case errors.WouldBlockLoop(__cause__=BaseException() as cause) if cause is not error:
            return replace(classify(cause, exchange, effect, wall), retryable=False, counts=False)
        case _:
            return rulings.UNKNOWN.verdict(effect)


def _api_error(
    error: errors.ApiError,
    exchange: str,
    effect: Effect,
    wall: Callable[[], datetime] | None,
) -> Verdict:
    match error:
        case errors.AttemptTimeout():
            return rulings.SILENT.verdict(effect)
        case errors.NetworkError():
            cause = error.__cause__
            ruling = _settled(cause, ruling_of(type(cause))) if cause is not None else None
            return (ruling or rulings.CUT).verdict(effect)
        case errors.OrderOutcomeUnknown():
            return rulings.ORDER_UNKNOWN.verdict(effect)
        case _:
            judged = judge(_answer(error), exchange or error.exchange, effect, wall)
    if isinstance(error, errors.OrderRefused) and (judged.counts or judged.ambiguous):
        return rulings.ORDER_REFUSED.verdict(effect)
    return judged


def _answer(error: errors.ApiError) -> Answer:
    return Answer(error.status or 0, error.code, error.message)
