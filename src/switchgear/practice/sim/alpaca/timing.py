"""Owns when an equity order may trade, by its time in force and the hour at which it comes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from switchgear.practice.sim.alpaca import hours
from switchgear.practice.sim.alpaca.refusals import forbidden
from switchgear.practice.sim.alpaca.words import Force

_MINUTE_MS = 60_000
_SECOND_MS = 1_000
_EVENING = timedelta(hours=3)
"""From the close of a day until orders for the auctions of the next one are taken."""


@dataclass(frozen=True, slots=True)
class Span:
    """The instants, in epoch milliseconds, between which an order can trade."""

    not_before_ms: int = 0
    not_after_ms: int | None = None


def span_of(force: Force, now_ms: int, *, extended: bool) -> Span:
    """
    When an equity order that comes now may trade.

    Raises:
        Refusal: It is for an auction whose orders are not taken at this hour.
    """
    match force:
        case Force.OPG:
            return _opening(now_ms)
        case Force.CLS:
            return _closing(now_ms)
        case _:
            pass
    session = hours.coming(now_ms, extended=extended)
    begin_ms = session.pre_ms if extended else session.open_ms
    end_ms = session.post_ms if extended else session.close_ms
    waits_ms = begin_ms if begin_ms > now_ms else 0
    match force:
        case Force.DAY:
            return Span(waits_ms, end_ms)
        case Force.IOC | Force.FOK if waits_ms:  # it has the first second of the session
            return Span(waits_ms, waits_ms + _SECOND_MS)
        case _:
            return Span(waits_ms)


def _opening(now_ms: int) -> Span:
    today = hours.session_at(now_ms)
    if today is not None and today.open_ms - 2 * _MINUTE_MS <= now_ms < _evening_ms(today):
        raise forbidden("opg orders must be submitted after 7:00pm and before 9:28am")
    open_ms = hours.next_open(now_ms)
    return Span(open_ms, open_ms + _MINUTE_MS)


def _closing(now_ms: int) -> Span:
    today = hours.session_at(now_ms)
    if today is not None and today.close_ms - 5 * _MINUTE_MS <= now_ms < _evening_ms(today):
        raise forbidden("cls orders must be submitted after 7:00pm and before 3:55pm")
    close_ms = hours.coming(now_ms).close_ms
    return Span(close_ms - _MINUTE_MS, close_ms)


def _evening_ms(session: hours.Session) -> int:
    return session.close_ms + int(_EVENING.total_seconds()) * 1000
