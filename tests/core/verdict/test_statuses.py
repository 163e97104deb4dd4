"""What an answer means by its status alone, and the safe defaults that hold for any exchange."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switchgear.core.verdict import Answer, judge, statuses
from switchgear.core.verdict.judgement import row_of
from switchgear.core.words import GATED, Effect, Kind, Scope, Verdict

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
NOW_S = int(NOW.timestamp())
EXCHANGES = ("", "alpaca", "binance", "coinbase", "elsewhere")


MEANINGS = [
    (200, "unusable_answer", Kind.UNEXPECTED),
    (101, "interim_answer", Kind.UNEXPECTED),
    (302, "redirect", Kind.UNEXPECTED),
    (400, "refused", Kind.INVALID_REQUEST),
    (401, "unauthorized", Kind.AUTHENTICATION),
    (403, "forbidden", Kind.PERMISSION),
    (404, "refused", Kind.INVALID_REQUEST),
    (407, "proxy_refused", Kind.NETWORK),
    (408, "request_timeout", Kind.TIMEOUT),
    (409, "conflict", Kind.INVALID_REQUEST),
    (418, "banned", Kind.BANNED),
    (422, "refused", Kind.INVALID_REQUEST),
    (425, "too_early", Kind.UNAVAILABLE),
    (429, "rate_limited", Kind.RATE_LIMITED),
    (451, "legal_reasons", Kind.PERMISSION),
    (499, "client_closed", Kind.OUTCOME_UNKNOWN),
    (500, "server_error", Kind.UNAVAILABLE),
    (502, "server_error", Kind.UNAVAILABLE),
    (503, "overloaded", Kind.OVERLOADED),
    (504, "gateway_timeout", Kind.TIMEOUT),
    (522, "edge_connect_timeout", Kind.TIMEOUT),
    (524, "edge_timeout", Kind.TIMEOUT),
    (529, "edge_overloaded", Kind.OVERLOADED),
    (598, "proxy_timeout", Kind.TIMEOUT),
    (600, "unknown", Kind.UNEXPECTED),
    (-1, "unknown", Kind.UNEXPECTED),
]
MAINTENANCE = Answer(503, message="Down for scheduled Maintenance.")


@pytest.mark.parametrize(("status", "name", "kind"), MEANINGS)
def test_a_status_has_a_row_and_a_kind(status: int, name: str, kind: Kind) -> None:
    """Where no row of an exchange's own table fits, the status decides."""
    assert row_of(Answer(status), "elsewhere").name == name
    assert judge(Answer(status), "elsewhere", Effect.READ).kind is kind


def test_every_row_of_the_statuses_is_reached() -> None:
    """No row is dead or untested: the statuses above and a maintenance reach them all."""
    reached = {row_of(Answer(status), "elsewhere").name for status, _, _ in MEANINGS}
    reached.add(row_of(MAINTENANCE, "elsewhere").name)
    assert reached == {row.name for row in (*statuses.ROWS, statuses.OTHERWISE)}


def test_maintenance_leaves_an_order_in_doubt_and_counts_while_its_end_is_unknown() -> None:
    """A read may wait for its end; only one without an end counts, at the exchange's circuit; an order is in doubt."""
    verdict = judge(MAINTENANCE, "elsewhere", Effect.TRADE)
    assert (verdict.kind, verdict.scope) == (Kind.MAINTENANCE, Scope.EXCHANGE)
    assert (verdict.retryable, verdict.counts, verdict.ambiguous) == (True, True, True)
    named = Answer(503, message=MAINTENANCE.message, headers={"Retry-After": "60"})
    assert not judge(named, "elsewhere", Effect.TRADE).counts


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


@pytest.mark.parametrize(
    ("reset", "wait_s"), [("3", 3.0), (str(NOW_S + 20), 20.0), ("3.5", 3.5), ("soon", None)]
)
def test_a_reset_is_heard_where_nothing_else_is_said(reset: str, wait_s: float | None) -> None:
    """`X-RateLimit-Reset` is a wait on a 429, an instant or seconds; `Retry-After` wins."""
    headers = {"x-ratelimit-reset": reset}
    said = judge(Answer(429, headers=headers), "elsewhere", Effect.READ, lambda: NOW)
    assert said.retry_after_s == wait_s
    both = judge(
        Answer(429, headers={**headers, "Retry-After": "7"}), "elsewhere", Effect.READ, lambda: NOW
    )
    assert both.retry_after_s == 7.0


def test_a_refusal_has_no_wait() -> None:
    """A Retry-After on a plain refusal says nothing: it would be refused again."""
    refused = judge(Answer(400, headers={"Retry-After": "3"}), "elsewhere", Effect.READ)
    assert refused.retry_after_s is None


def test_a_gate_never_counts() -> None:
    """No row whose kind closes a gate is a failure of the circuit."""
    named = Answer(0, headers={"Retry-After": "60"})  # maintenance without an end is no gate
    gates = [row.verdict(named, Effect.READ) for row in statuses.ROWS if row.kind in GATED]
    assert len(gates) == 4
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
