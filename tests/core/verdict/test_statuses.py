"""What an answer means by its status alone, and the safe defaults that hold for any exchange."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switchgear.core.verdict import Answer, judge, statuses
from switchgear.core.words import GATED, Effect, Kind, Verdict

EXCHANGES = ("", "binance", "elsewhere")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (200, Kind.UNEXPECTED),
        (101, Kind.UNEXPECTED),
        (302, Kind.UNEXPECTED),
        (400, Kind.INVALID_REQUEST),
        (401, Kind.AUTHENTICATION),
        (403, Kind.PERMISSION),
        (404, Kind.INVALID_REQUEST),
        (407, Kind.NETWORK),
        (408, Kind.TIMEOUT),
        (409, Kind.INVALID_REQUEST),
        (418, Kind.BANNED),
        (422, Kind.INVALID_REQUEST),
        (425, Kind.UNAVAILABLE),
        (429, Kind.RATE_LIMITED),
        (451, Kind.PERMISSION),
        (500, Kind.UNAVAILABLE),
        (502, Kind.UNAVAILABLE),
        (503, Kind.OVERLOADED),
        (504, Kind.TIMEOUT),
        (522, Kind.TIMEOUT),
        (524, Kind.TIMEOUT),
        (529, Kind.OVERLOADED),
        (598, Kind.TIMEOUT),
        (600, Kind.UNEXPECTED),
        (-1, Kind.UNEXPECTED),
    ],
)
def test_a_status_has_a_kind(status: int, kind: Kind) -> None:
    """Where no row of an exchange's own table fits, the status decides."""
    assert judge(Answer(status), "elsewhere", Effect.READ).kind is kind


@pytest.mark.parametrize("exchange", EXCHANGES)
def test_a_read_that_ends_in_5xx_is_retryable(exchange: str) -> None:
    """A 5xx counts, a read may be tried again, and an order's outcome is unknown."""
    for status in range(500, 600):
        read = judge(Answer(status), exchange, Effect.READ)
        trade = judge(Answer(status), exchange, Effect.TRADE)
        assert (read.retryable, read.counts, read.ambiguous) == (True, True, False)
        assert (trade.counts, trade.ambiguous) == (True, True)


@pytest.mark.parametrize("exchange", EXCHANGES)
@pytest.mark.parametrize("code", [None, -2010, -1013, -2013, -1003, -1015, 17, "X"])
def test_an_order_is_ambiguous_unless_plainly_refused(
    code: int | str | None, exchange: str
) -> None:
    """Whatever is no 4xx leaves the outcome of an order unknown, with a code of a refusal too."""
    for status in (*range(100, 400), *range(500, 700)):
        assert judge(Answer(status, code, "Market is closed."), exchange, Effect.TRADE).ambiguous


def test_an_answer_never_counts_against_the_exchange() -> None:
    """A 2xx that somebody calls an error is not retried and does not count."""
    for status in range(200, 300):
        verdict = judge(Answer(status), "elsewhere", Effect.READ)
        assert (verdict.counts, verdict.retryable) == (False, False)


@pytest.mark.parametrize("status", [418, 429, 503])
def test_retry_after_is_heard_on_any_exchange(status: int) -> None:
    """The header is found in any case and said in seconds; without it nothing is said."""
    said = judge(Answer(status, headers={"rEtRy-AfTeR": "12.5"}), "elsewhere", Effect.READ)
    assert said.retry_after_s == 12.5
    assert judge(Answer(status), "elsewhere", Effect.READ).retry_after_s is None


def test_a_refusal_has_no_wait() -> None:
    """A Retry-After on a plain refusal says nothing: it would be refused again."""
    refused = judge(Answer(400, headers={"Retry-After": "3"}), "elsewhere", Effect.READ)
    assert refused.retry_after_s is None


def test_a_gate_never_counts() -> None:
    """No row whose kind closes a gate is a failure of the circuit."""
    gates = [row.verdict(Answer(0), Effect.READ) for row in statuses.ROWS if row.kind in GATED]
    assert len(gates) == 3
    assert not any(verdict.counts for verdict in gates)


@settings(max_examples=50)
@given(
    status=st.integers(),
    code=st.none() | st.integers() | st.text(),
    message=st.text(),
    headers=st.dictionaries(st.text() | st.just("Retry-After"), st.text()),
    exchange=st.sampled_from(EXCHANGES) | st.text(),
    effect=st.sampled_from(Effect),
)
def test_judging_garbage_never_raises(
    status: int,
    code: int | str | None,
    message: str,
    headers: dict[str, str],
    exchange: str,
    effect: Effect,
) -> None:
    """Any answer has a verdict; it is ambiguous for a trade alone, and its wait is bounded."""
    verdict = judge(Answer(status, code, message, headers), exchange, effect)
    assert isinstance(verdict, Verdict)
    assert effect is Effect.TRADE or not verdict.ambiguous
    assert verdict.retry_after_s is None or 0 <= verdict.retry_after_s <= 7 * 86_400
