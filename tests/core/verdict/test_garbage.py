"""Whatever comes in place of an answer has a verdict, a safe one, and costs no more than its bound."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switchgear.core.verdict import Answer, judge
from switchgear.core.verdict.answer import CODE_CHARS_MAX, MESSAGE_CHARS_MAX, refuses
from switchgear.core.verdict.judgement import TABLES
from switchgear.core.words import GATED, Effect, Kind, Verdict

EXCHANGES = ("alpaca", "binance", "coinbase", "elsewhere")
NAMES = st.sampled_from(
    [
        "code",
        "msg",
        "message",
        "error",
        "error_details",
        "error_response",
        "errors",
        "id",
        "results",
        "success",
        "failure_reason",
        "new_order_failure_reason",
        "preview_failure_reason",
    ]
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["UNKNOWN_FAILURE_REASON", "INVALID_SIDE", "Market is closed."]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.text(), inner, max_size=5)
    ),
)
BODIES = (
    st.binary()
    | st.text()
    | JSON.map(json.dumps)
    | JSON.map(json.dumps).map(lambda text: text.encode("utf-16"))
    | JSON.map(json.dumps).map(lambda text: text[: len(text) // 2])
)
HUGE = 10 * 1024 * 1024


def checked(status: int, body: bytes | str, exchange: str) -> tuple[Answer, Verdict]:
    """The answer in a body and its verdict for an order, both within their bounds."""
    answer = Answer.read(status, {}, body)
    assert len(answer.message) <= MESSAGE_CHARS_MAX
    assert answer.message.isprintable() or answer.message.encode("utf-8")
    assert not isinstance(answer.code, str) or len(answer.code) <= CODE_CHARS_MAX
    return answer, judge(answer, exchange, Effect.TRADE)


@settings(max_examples=150)
@given(
    body=BODIES,
    status=st.integers(100, 599),
    exchange=st.sampled_from(EXCHANGES),
)
def test_any_body_has_a_verdict(body: bytes | str, status: int, exchange: str) -> None:
    """Nothing raises, and what is no 2xx or 4xx leaves an order in doubt, whatever its body says."""
    _, verdict = checked(status, body, exchange)
    assert isinstance(refuses(body), bool)
    assert verdict.ambiguous or 200 <= status < 300 or 400 <= status < 500
    assert not (verdict.counts and verdict.kind in GATED - {Kind.MAINTENANCE})


@settings(max_examples=100)
@given(body=BODIES, status=st.sampled_from([418, 429]), exchange=st.sampled_from(EXCHANGES))
def test_garbage_never_opens_a_gate(body: bytes | str, status: int, exchange: str) -> None:
    """A 418 and a 429 gate the calls whatever the body; at Coinbase and Alpaca a 418 means nothing."""
    _, verdict = checked(status, body, exchange)
    if status == 429:
        assert verdict.kind in GATED
    assert not verdict.counts


@pytest.mark.parametrize("exchange", EXCHANGES)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x00" * 100,
        b"\xff\xfe\xfd",
        b"<!DOCTYPE html><html><body>502</body></html>",
        b"[" * 60_000,
        b'{"error_response":' * 3_000,
        b'{"errors":[' * 3_000 + b"]}" * 3_000,
        b'{"message":' + b"[" * 900 + b"]" * 900 + b"}",
        b'{"code":-2010,"msg":"' + b"a" * HUGE + b'"}',
        b"\xf0\x9f" * (HUGE // 2),
    ],
    ids=["empty", "zeros", "no utf-8", "html", "deep list", "deep dict", "deep errors", "deep text", "huge", "cut"],
)  # fmt: skip
def test_a_monster_is_read_in_bounds(body: bytes, exchange: str) -> None:
    """Depth, size and charset cost no error: a 5xx leaves an order in doubt, a 4xx only where a page has it."""
    _, lost = checked(500, body, exchange)
    assert (lost.ambiguous, lost.counts) == (True, True)
    _, refused = checked(400, body, exchange)
    is_foreign = body[:1] in {b"", b"<"} and exchange in TABLES
    assert (refused.ambiguous, refused.counts) == (is_foreign, False)
    assert refuses(body) is False
