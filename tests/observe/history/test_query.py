"""Tests the filter: what an address can say, and that what cannot be is refused by name."""

from __future__ import annotations

import pytest

from switchgear.core.errors import SettingsError
from switchgear.core.words import Level
from switchgear.observe.history import LogQuery, matches
from switchgear.observe.query import LIMIT_DEFAULT
from tests.observe.history.kit import START_MS, record

NOW_MS = 1_767_225_600_000  # 2026-01-01T00:00:00Z


@pytest.mark.parametrize(
    ("name", "value", "field", "expected"),
    [
        ("exchange", "Binance", "exchange", "binance"),
        ("method", "createOrder", "method", "create_order"),
        ("account", "Main", "account", "main"),
        ("level", "warning", "level", Level.WARNING),
        ("event", "call_failed", "event", "call_failed"),
        ("kind", "timeout", "kind", "timeout"),
        ("call_id", "17", "call_id", 17),
        ("run", "2", "run", 2),
        ("since", "0", "since_ms", 0),
        ("since", "2026-01-01T00:00:00Z", "since_ms", NOW_MS),
        ("until", "2026-01-01T01:00:00+01:00", "until_ms", NOW_MS),
        ("since", "-15m", "since_ms", NOW_MS - 900_000),
        ("since", "-24h", "since_ms", NOW_MS - 86_400_000),
        ("since", "-999999999d", "since_ms", 0),
        ("text", "time out", "text", "time out"),
        ("before_id", "5", "before_id", 5),
        ("after_id", "0", "after_id", 0),
        ("limit", "10000", "limit", 10_000),
        ("limit", "", "limit", LIMIT_DEFAULT),
        ("level", "", "level", None),
    ],
)
def test_an_address_says_a_filter(name: str, value: str, field: str, expected: object) -> None:
    """Each parameter becomes its field; an empty one is no filter."""
    assert getattr(LogQuery.parse({name: value}, NOW_MS), field) == expected


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("exchnage", "binance", "known are exchange, method"),
        ("exchange", "a b", "letters, digits"),
        ("method", "x" * 10_000, "1 to 64"),
        ("level", "loud", "DEBUG, INFO, WARNING, ERROR, CRITICAL"),
        ("level", "30", "DEBUG"),
        ("event", "call_fell", "call_failed"),
        ("kind", "TIMEOUT", "timeout"),
        ("call_id", "-1", "from 1"),
        ("call_id", "9" * 19, "from 1"),
        ("call_id", "٣", "from 1"),
        ("run", "0", "from 1"),
        ("since", "yesterday", "ISO 8601"),
        ("since", "2026-01-01T00:00:00", "with a zone"),
        ("since", "nan", "ISO 8601"),
        ("until", "-5y", "span"),
        ("until", "99999999999999999", "9999"),
        ("text", "\0", "NUL"),
        ("text", "\ud800", "half a character"),
        ("text", "x" * 201, "200"),
        ("limit", "0", "from 1 to 10000"),
        ("limit", "10001", "from 1 to 10000"),
        ("limit", "1.5", "from 1 to 10000"),
    ],
)
def test_what_does_not_parse_is_refused_by_name(name: str, value: str, allowed: str) -> None:
    """The error names the parameter, the value and what is allowed."""
    with pytest.raises(SettingsError) as caught:
        LogQuery.parse({name: value}, NOW_MS)
    said = caught.value
    assert said.field.removesuffix("_ms") == name
    assert str(said.value) == (
        str(int(value)) if name == "call_id" and value.isdigit() else value
    ) or (said.value == value)
    assert allowed in said.allowed


@pytest.mark.parametrize(
    "fields",
    [{"limit": None}, {"limit": True}, {"level": 31}, {"call_id": 1.0}, {"since_ms": float("nan")}],
)
def test_a_filter_made_in_code_is_checked_too(fields: dict[str, object]) -> None:
    """A value of the wrong kind is refused where the query is made."""
    with pytest.raises(SettingsError) as caught:
        LogQuery(**fields)  # type: ignore[arg-type]  # on purpose
    assert caught.value.field in fields


def test_a_range_that_holds_nothing_is_refused() -> None:
    """Since after until is a mistake, not an empty answer."""
    with pytest.raises(SettingsError, match="since"):
        LogQuery(since_ms=2, until_ms=1)


def test_both_ends_of_a_time_range_belong_to_it() -> None:
    """A record of the very millisecond of since or until is in."""
    one = record(0)
    assert matches(LogQuery(since_ms=START_MS, until_ms=START_MS), one)
    assert not matches(LogQuery(since_ms=START_MS + 1), one)
    assert not matches(LogQuery(until_ms=START_MS - 1), one)


def test_a_level_means_at_least() -> None:
    """WARNING lets ERROR through and holds INFO back."""
    query = LogQuery(level=Level.WARNING)
    found = [level for level in Level if matches(query, record(1, level=level))]
    assert found == [Level.WARNING, Level.ERROR, Level.CRITICAL]
