"""The recorded answers are whole, of the shape they claim, and have their instants filled in."""

from __future__ import annotations

import json

import pytest

from switchgear.practice.sim.answers import JSON, Recorded, recorded
from tests.core.verdict.recordings import CASES, RESET_S, UNTIL_MS, Case


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_recorded_answer_is_whole(case: Case) -> None:
    """It has a status, headers as text, a body of its kind, and no placeholder is left open."""
    record = case.record
    assert 200 <= record.status < 600
    assert record.headers
    assert "Content-Type" not in record.headers
    assert "$" not in "".join(record.headers.values())
    assert "$until_ms" not in record.body
    assert "$reset_s" not in record.body
    if record.kind == JSON and record.body:
        assert json.loads(record.body)


def test_the_instants_are_filled_in_where_they_stand() -> None:
    """Headers and body get theirs; another dollar stays as it is, and the original too."""
    blank = Recorded("a", 429, {"X-RateLimit-Reset": "$reset_s"}, "until $until_ms, at $5")
    full = blank.filled(until_ms=UNTIL_MS, reset_s=RESET_S)
    assert full.headers == {"X-RateLimit-Reset": str(RESET_S)}
    assert full.body == f"until {UNTIL_MS}, at $5"
    assert blank.body == "until $until_ms, at $5"


def test_a_venue_without_recordings_is_an_error_of_the_caller() -> None:
    """The message names the venue asked for and those there are."""
    with pytest.raises(
        ValueError, match="venue='kraken': must be one of alpaca, binance, coinbase"
    ):
        recorded("kraken")


def test_what_was_read_is_kept_and_cannot_be_changed() -> None:
    """The same mapping again, and one that takes no writing."""
    assert recorded("alpaca") is recorded("alpaca")
    assert not hasattr(recorded("alpaca"), "__setitem__")
