"""What is particular about codes of Binance: spelled as text, without a status, and a ban without a clock."""

from __future__ import annotations

from switchgear.core.verdict import Answer, judge
from switchgear.core.words import Effect, Kind
from tests.core.verdict.recordings import UNTIL_MS

UNTIL = f"Way too much request weight used; IP banned until {UNTIL_MS}. Please use WebSocket"


def test_a_code_that_came_as_text_is_read() -> None:
    """`"-2013"` is -2013; text that is no number fits no code."""
    assert judge(Answer(400, "-2013"), "binance", Effect.READ).kind is Kind.ORDER_NOT_FOUND
    assert judge(Answer(400, "²013"), "binance", Effect.READ).kind is Kind.INVALID_REQUEST


def test_a_ban_without_a_clock_is_waited_for_by_the_guess() -> None:
    """The instant in the message says nothing to whoever cannot tell the time."""
    assert judge(Answer(418, -1003, UNTIL), "binance", Effect.READ).retry_after_s == 120.0


def test_a_code_without_a_status_is_enough() -> None:
    """An error that lost its status fits the rows that name its code."""
    assert judge(Answer(0, -2013), "binance", Effect.READ).kind is Kind.ORDER_NOT_FOUND
    unknown = judge(Answer(0), "binance", Effect.TRADE)
    assert (unknown.kind, unknown.counts, unknown.ambiguous) == (Kind.UNEXPECTED, True, True)
