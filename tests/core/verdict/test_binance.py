"""Each row of the Binance table, by an answer of the shape that Binance sends."""

# ruff: noqa: E501  one answer a line is worth more than short lines

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import NamedTuple

import pytest

from switchgear.core.verdict import Answer, binance, judge
from switchgear.core.verdict.rows import Row
from switchgear.core.words import GATED, REFUSALS, Effect, Kind, Scope, Verdict

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
UNTIL = f"Way too much request weight used; IP banned until {NOW_MS + 90_000}. Please use WebSocket"
WEIGHT = "Too much request weight used; current limit is 6000 request weight per 1 MINUTE."


class Case(NamedTuple):
    """An answer, and what reference table 1.1 says of it."""

    status: int
    code: int | None
    msg: str
    kind: Kind
    scope: Scope
    traits: str = ""
    """Of `retry counts ambiguous`, those that hold; ambiguous is for a trade."""
    wait_s: float | None = None
    headers: dict[str, str] = {}  # noqa: RUF012  a NamedTuple's default, never written to


LOST = "retry counts ambiguous"
METHOD, ACCOUNT, ADDRESS, EXCHANGE = Scope.METHOD, Scope.ACCOUNT, Scope.ADDRESS, Scope.EXCHANGE
# One answer or more for each row, in the order of the rows.
# fmt: off
CASES = [
    Case(500, -1000, "An unknown error occurred while processing the request.", Kind.OVERLOADED, METHOD, LOST),
    Case(400, -1000, "An unknown error occurred while processing the request.", Kind.OVERLOADED, METHOD, LOST),
    Case(500, -1001, "Internal error; unable to process your request. Please try again.", Kind.UNAVAILABLE, METHOD, LOST),
    Case(500, -1006, "An unexpected response was received from the message bus. Execution status unknown.", Kind.OUTCOME_UNKNOWN, METHOD, LOST),
    Case(504, -1007, "Timeout waiting for response from backend server. Send status unknown; execution status unknown.", Kind.OUTCOME_UNKNOWN, METHOD, LOST),
    Case(503, -1008, "Server is currently overloaded with other requests. Please try again in a few minutes.", Kind.OVERLOADED, EXCHANGE, LOST),
    Case(503, -1008, "Server is currently overloaded with other requests.", Kind.OVERLOADED, EXCHANGE, LOST, 7.0, {"Retry-After": "7"}),
    Case(418, -1003, UNTIL, Kind.BANNED, ADDRESS, "retry", 75.0, {"retry-after": "75"}),
    Case(418, -1003, UNTIL, Kind.BANNED, ADDRESS, "retry", 90.0),
    Case(418, None, "<html>teapot</html>", Kind.BANNED, ADDRESS, "retry", 120.0),
    Case(400, -1003, UNTIL, Kind.BANNED, ADDRESS, "retry", 90.0),
    Case(429, -1015, "Too many new orders; current limit is 100 orders per TEN_SECONDS.", Kind.ORDER_RATE_LIMITED, ACCOUNT, "retry", 4.0, {"RETRY-AFTER": "4"}),
    Case(400, -1015, "Too many new orders.", Kind.ORDER_RATE_LIMITED, ACCOUNT, "retry", 10.0),
    Case(429, -1003, WEIGHT, Kind.RATE_LIMITED, ADDRESS, "retry", 31.0, {"Retry-After": "31"}),
    Case(429, None, "", Kind.RATE_LIMITED, ADDRESS, "retry", 60.0),
    Case(400, -1003, "Too many requests queued.", Kind.RATE_LIMITED, ADDRESS, "retry", 60.0),
    Case(403, None, "<html><title>ERROR: The request could not be satisfied</title></html>", Kind.BANNED, ADDRESS, "retry", 300.0),
    Case(451, 0, "Service unavailable from a restricted location according to the terms.", Kind.PERMISSION, ADDRESS),
    Case(409, -2021, "Order cancel-replace partially failed.", Kind.OUTCOME_UNKNOWN, METHOD, "ambiguous"),
    Case(400, -2022, "Order cancel-replace failed.", Kind.OUTCOME_UNKNOWN, METHOD, "ambiguous"),
    Case(500, None, "", Kind.UNAVAILABLE, METHOD, LOST),
    Case(502, None, "<html>502 Bad Gateway</html>", Kind.UNAVAILABLE, METHOD, LOST),
    Case(524, None, "", Kind.UNAVAILABLE, METHOD, LOST),
    Case(500, -2010, "Duplicate order sent.", Kind.UNAVAILABLE, METHOD, LOST),
    Case(400, -2010, "Duplicate order sent.", Kind.DUPLICATE_ORDER, METHOD),
    Case(400, -2010, "Account has insufficient balance for requested action.", Kind.INSUFFICIENT_FUNDS, METHOD),
    Case(400, -2010, "Market is closed.", Kind.MARKET_CLOSED, METHOD),
    Case(400, -2010, "Order would immediately match and take.", Kind.INVALID_ORDER, METHOD),
    Case(400, -2010, "This action is disabled on this account.", Kind.PERMISSION, ACCOUNT),
    Case(400, -2010, "This account may not place or cancel orders.", Kind.PERMISSION, ACCOUNT),
    Case(400, -2010, "This symbol is restricted for this account.", Kind.PERMISSION, ACCOUNT),
    Case(400, -2010, "This symbol is not permitted for this account.", Kind.PERMISSION, ACCOUNT),
    Case(400, -2010, "Rest API trading is not enabled.", Kind.PERMISSION, ACCOUNT),
    Case(400, -2011, "Unknown order sent.", Kind.ORDER_NOT_FOUND, METHOD),
    Case(400, -1010, "Price * QTY is zero or less.", Kind.INVALID_ORDER, METHOD),
    Case(400, -2011, "Order was not canceled due to cancel restrictions.", Kind.INVALID_ORDER, METHOD),
    Case(400, -2013, "Order does not exist.", Kind.ORDER_NOT_FOUND, METHOD),
    Case(400, -2026, "Order was canceled or expired with no executed qty over 90 days ago and has been archived.", Kind.ORDER_NOT_FOUND, METHOD),
    Case(400, -2039, "Client order id does not match the order id.", Kind.ORDER_NOT_FOUND, METHOD),
    Case(400, -1013, "Filter failure: LOT_SIZE", Kind.INVALID_ORDER, METHOD),
    Case(400, -1021, "Timestamp for this request is outside of the recvWindow.", Kind.CLOCK_SKEW, ADDRESS, "retry"),
    Case(401, -1002, "You are not authorized to execute this request.", Kind.PERMISSION, ACCOUNT),
    Case(400, -1022, "Signature for this request is not valid.", Kind.AUTHENTICATION, ACCOUNT),
    Case(400, -2014, "API-key format invalid.", Kind.AUTHENTICATION, ACCOUNT),
    Case(401, -2015, "Invalid API-key, IP, or permissions for action.", Kind.AUTHENTICATION, ACCOUNT),
    Case(400, -1014, "Unsupported order combination.", Kind.INVALID_REQUEST, METHOD),
    Case(400, -1020, "This operation is not supported.", Kind.INVALID_REQUEST, METHOD),
    Case(400, -1100, "Illegal characters found in parameter 'symbol'.", Kind.INVALID_REQUEST, METHOD),
    Case(400, -1121, "Invalid symbol.", Kind.INVALID_REQUEST, METHOD),
    Case(400, -1199, "A sell OCO take profit order must be above.", Kind.INVALID_REQUEST, METHOD),
]
# fmt: on


def answer_of(case: Case) -> Answer:
    """The answer as it would come off the wire."""
    body = case.msg if case.code is None else json.dumps({"code": case.code, "msg": case.msg})
    return Answer.read(case.status, case.headers, body.encode())


def row_of(case: Case) -> Row | None:
    """The first row that fits."""
    answer = answer_of(case)
    return next((row for row in binance.ROWS if row.fits(answer, answer.number)), None)


@pytest.mark.parametrize("effect", Effect)
@pytest.mark.parametrize(
    "case", CASES, ids=lambda case: f"{case.status}_{case.code}_{case.msg[:24]}"
)
def test_an_answer_of_binance_means_what_the_table_says(case: Case, effect: Effect) -> None:
    """A recorded shape of each row gives its kind, scope and traits; only a trade is ambiguous."""
    assert judge(answer_of(case), "binance", effect, lambda: NOW) == Verdict(
        case.kind,
        case.scope,
        retryable="retry" in case.traits,
        counts="counts" in case.traits,
        ambiguous="ambiguous" in case.traits and effect is Effect.TRADE,
        retry_after_s=case.wait_s,
    )


def test_every_row_is_reached_by_an_answer() -> None:
    """No row is dead or untested: the answers above reach them all, in the order of the table."""
    reached = list(dict.fromkeys(map(row_of, CASES)))
    assert reached == list(binance.ROWS)


@pytest.mark.parametrize("row", binance.ROWS, ids=lambda row: f"{row.kind.name} {row.meaning[:30]}")
def test_a_row_does_not_contradict_its_kind(row: Row) -> None:
    """A gate or a refusal never counts against the circuit, and a refusal is no 5xx."""
    verdict = row.verdict(Answer(400), Effect.TRADE)
    if row.kind in GATED | REFUSALS:
        assert not verdict.counts
        assert not verdict.ambiguous
        assert 500 not in row.statuses


def test_the_name_of_the_exchange_may_be_written_in_any_case() -> None:
    """`Binance` finds the table of `binance`."""
    answer = Answer(400, -2010, "Duplicate order sent.")
    assert judge(answer, "Binance", Effect.TRADE).kind is Kind.DUPLICATE_ORDER
    assert judge(answer, "elsewhere", Effect.TRADE).kind is Kind.INVALID_REQUEST


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
