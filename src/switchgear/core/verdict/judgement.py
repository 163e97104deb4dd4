"""Owns the way from an answer to a verdict: the exchange's own table, then the statuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchgear.core.verdict import alpaca, binance, coinbase, statuses

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from switchgear.core.verdict.answer import Answer
    from switchgear.core.verdict.rows import Row
    from switchgear.core.words import Effect, Verdict

TABLES: Mapping[str, tuple[Row, ...]] = {
    "alpaca": alpaca.ROWS,
    "binance": binance.ROWS,
    "coinbase": coinbase.ROWS,
}
"""The exchanges whose codes are known, by their name in the key of a call."""


def judge(
    answer: Answer, exchange: str, effect: Effect, wall: Callable[[], datetime] | None = None
) -> Verdict:
    """
    What an exchange's answer means, by the first row that fits.

    An order whose answer no row plainly calls a refusal is ambiguous. Never raises.

    Args:
        answer: The answer of a call that failed; one with a status of 2xx only when its body
            refuses.
        exchange: Whose table to look in first; one without a table is judged by status alone.
        effect: What the call does; only a TRADE can be ambiguous.
        wall: The time in UTC, such as `clock.wall`; asked only where a wait is given as a date.
    """
    return row_of(answer, exchange).verdict(answer, effect, wall)


def row_of(answer: Answer, exchange: str) -> Row:
    """The row that `judge` goes by: the first that fits, of the exchange's table or of the statuses."""
    code = answer.key
    for row in TABLES.get(exchange.lower(), ()):
        if row.fits(answer, code):
            return row
    for row in statuses.ROWS:
        if row.fits(answer, code):
            return row
    return statuses.OTHERWISE
