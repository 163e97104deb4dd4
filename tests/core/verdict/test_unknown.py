"""Codes that no table knows have the safe default: believed as a refusal only with a 4xx."""

from __future__ import annotations

import json

import pytest

from switchgear.core.verdict import Answer, judge
from switchgear.core.verdict.judgement import TABLES, row_of
from switchgear.core.words import Effect

BODIES = {
    "binance": {"code": -9876, "msg": "Something new."},
    "alpaca": {"code": 99910000, "message": "something new"},
    "coinbase": {"error": "SOMETHING_NEW", "message": "something new"},
}


def unknown(venue: str, status: int) -> Answer:
    """An answer in the shape of a venue, with a code that it has never sent."""
    return Answer.read(status, {}, json.dumps(BODIES[venue]))


@pytest.mark.parametrize("venue", TABLES)
@pytest.mark.parametrize("status", [500, 502, 503, 504, 521])
def test_with_a_5xx_a_read_is_tried_again_and_an_order_is_in_doubt(status: int, venue: str) -> None:
    """Whatever the code: a failure of theirs, which counts."""
    read = judge(unknown(venue, status), venue, Effect.READ)
    assert (read.retryable, read.counts, read.ambiguous) == (True, True, False)
    assert judge(unknown(venue, status), venue, Effect.TRADE).ambiguous


@pytest.mark.parametrize("venue", TABLES)
@pytest.mark.parametrize("status", [400, 404, 422])
def test_with_a_4xx_it_is_a_refusal(status: int, venue: str) -> None:
    """Not tried again, not counted, no doubt about an order; no row of the venue claims to know it."""
    answer = unknown(venue, status)
    verdict = judge(answer, venue, Effect.TRADE)
    assert (verdict.retryable, verdict.counts, verdict.ambiguous) == (False, False, False)
    assert row_of(answer, venue) not in TABLES[venue]


@pytest.mark.parametrize("venue", TABLES)
@pytest.mark.parametrize("status", [200, 201, 302])
def test_with_any_other_status_an_order_is_in_doubt(status: int, venue: str) -> None:
    """An answer that says no in words nobody knows proves nothing about an order."""
    verdict = judge(unknown(venue, status), venue, Effect.TRADE)
    assert verdict.ambiguous
    assert not verdict.retryable


@pytest.mark.parametrize("venue", TABLES)
def test_a_proxy_in_front_speaks_for_itself(venue: str) -> None:
    """An HTML page with a 5xx is a failure of the way: it counts, and leaves an order in doubt."""
    for status in (502, 503, 504, *range(520, 531)):
        verdict = judge(Answer.read(status, {}, "<html>oops</html>"), venue, Effect.TRADE)
        assert verdict.kind.name in {"UNAVAILABLE", "TIMEOUT"}
        assert (verdict.counts, verdict.ambiguous) == (True, True)


@pytest.mark.parametrize("venue", TABLES)
@pytest.mark.parametrize("body", ["", "<html>400 Bad Request</html>", "  <!DOCTYPE html>"])
def test_a_page_with_a_4xx_is_no_refusal_of_the_venue(venue: str, body: str) -> None:
    """Whoever wrote it stands in front: an order is in doubt; a read is neither counted nor tried again."""
    for status in (400, 404, 413, 431):
        order = judge(Answer.read(status, {}, body), venue, Effect.TRADE)
        assert order.ambiguous
        read = judge(Answer.read(status, {}, body), venue, Effect.READ)
        assert (read.retryable, read.counts) == (False, False)


@pytest.mark.parametrize("status", [301, 302, 307, 399])
def test_no_word_of_a_redirect_is_believed(status: int) -> None:
    """Coinbase refuses with 200 or 4xx; the same word on a redirect proves nothing about an order."""
    answer = Answer.read(status, {}, '{"error":"INVALID_SIDE","message":"insufficient balance"}')
    assert judge(answer, "coinbase", Effect.TRADE).ambiguous
