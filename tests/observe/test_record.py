"""Owns the tests of records: the words and fields of each fact, harmless to show and to export."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

import switchgear as sg
from switchgear.core.event import CallFailed, Event, FallbackServed, GateClosed, Note
from switchgear.core.words import Kind, Level, Scope
from switchgear.observe.record import record_of
from tests.observe.facts import CLOSED, FORCED_OPEN, KEY, OPEN, SAMPLES, failed, move

SECRET = "canary-0b7f3d21c9"
NASTY = "a\nb\x1b[31m\x00\u202ec"


@pytest.mark.parametrize(("event", "level", "text"), SAMPLES)
def test_each_fact_reads_as_one_line(event: Event, level: Level, text: str) -> None:
    """The line says what happened; level, number and date are the record's own."""
    record = record_of(event, 5, 1_700_000_000_123)
    assert (record.message, record.level) == (text, level)
    assert (record.id, record.at_ms) == (5, 1_700_000_000_123)
    assert record.message.isprintable()
    assert json.loads(json.dumps(dict(record.detail))) == record.detail


def test_the_fields_of_a_failure() -> None:
    """What a program filters by stands in fields, in milliseconds and plain values."""
    record = record_of(failed(), 1, 0)
    assert (record.event, record.exchange, record.method) == ("call_failed", "binance", "get_x")
    assert (record.call_id, record.attempt, record.duration_ms) == (7, 4, 500.0)
    assert (record.kind, record.status, record.code) == ("timeout", 504, "-1007")
    assert record.detail == {"error": "TimeoutError: late", "ambiguous": False}


def test_the_fields_of_a_move_and_of_a_gate() -> None:
    """A move says from where to where, by whom and for how long; a gate whose it is."""
    moved = record_of(move(CLOSED, OPEN, until_s=31.0, by="ops"), 1, 0)
    whole = {
        "old": "closed",
        "new": "open",
        "reason": "3 failures in a row",
        "for_s": 30.0,
        "by": "ops",
    }
    assert moved.detail == whole
    closed = GateClosed(1.0, "binance", Scope.ACCOUNT, "b", 3.5, Kind.AUTHENTICATION, "bad key")
    record = record_of(closed, 1, 0)
    assert (record.exchange, record.method, record.account) == ("binance", "", "b")
    told = {"scope": "account", "for_s": 2.5, "reason": "bad key", "public_only": False}
    assert record.detail == told


@pytest.mark.parametrize(("event", "_level", "_text"), SAMPLES)
def test_no_fact_breaks_its_line(event: Event, _level: Level, _text: str) -> None:
    """Line ends, colours and direction marks in any text of any fact are written out in the message."""
    fields: dict[str, Any] = {
        name: NASTY
        for name in event.__dataclass_fields__
        if isinstance(getattr(event, name), str) and name not in {"exchange", "account"}
    }
    record = record_of(replace(event, **fields), 1, 0)
    assert record.message.isprintable()
    assert (r"a\nb\x1b[31m\x00\u202ec" in record.message) == bool(fields)


def test_a_persons_words_and_notes_hold_no_secret() -> None:
    """A secret that somebody types into a hold or a note is masked in message and detail."""
    sg.register_secret(SECRET)
    held = record_of(replace(move(CLOSED, FORCED_OPEN, by=SECRET), reason=f"see {SECRET}"), 1, 0)
    note = Note(1.0, KEY, Level.INFO, f"key {SECRET}", {"api_key": "hunter2hunter2", "x": [SECRET]})
    noted = record_of(note, 1, 0)
    for record in (held, noted):
        kept = f"{record.message} {json.dumps(dict(record.detail))}"
        assert SECRET not in kept
        assert "hunter2" not in kept
        assert "***" in record.message


@pytest.mark.parametrize(
    ("metadata", "detail"),
    [
        ({"price": Decimal("0.1"), "n": 1}, {"price": "0.1", "n": 1}),
        ({"x": float("nan"), "y": float("-inf")}, {"x": "NaN", "y": "-Infinity"}),
        ({"nested": {"a": (1, None)}}, {"nested": {"a": [1, None]}}),
    ],
)
def test_a_notes_metadata_becomes_json_values(
    metadata: dict[str, object], detail: dict[str, object]
) -> None:
    """What JSON does not know is kept as text."""
    record = record_of(Note(1.0, KEY, Level.INFO, "x", metadata), 1, 0)
    assert record.detail == detail


def test_metadata_that_cannot_be_json_is_one_text() -> None:
    """A mapping that holds itself costs its shape, not the record."""
    loop: dict[str, object] = {}
    loop["me"] = loop
    assert record_of(Note(1.0, KEY, Level.INFO, "x", loop), 1, 0).detail == {"metadata": repr(loop)}


def test_an_exchanges_own_code_is_text_and_an_age_of_nothing_is_not_said() -> None:
    """Code 0 is a code; a fallback that is not old has no age in its words."""
    assert (
        record_of(CallFailed(1.0, KEY, 1, 0.1, 1, Kind.UNEXPECTED, "E", code=0), 1, 0).code == "0"
    )
    served = record_of(FallbackServed(1.0, KEY, 1, "backend", 0.0, "down"), 1, 0)
    assert (served.message, served.source) == ("served from backend: down", "backend")
