"""Tests that what waits for the disk is bounded by its size too, where one record may be large."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchgear.core.words import Level
from switchgear.observe.history import backlog
from switchgear.observe.history.backlog import Backlog
from tests.observe.history.kit import record

if TYPE_CHECKING:
    import pytest

    from switchgear.observe.record import LogRecord


def wire(number: int, chars: int) -> LogRecord:
    """A record of the wire whose answer has so many characters."""
    detail = {"answer": {"status": 200, "headers": {"a": ""}, "body": "x" * chars}}
    return record(number, event="wire", level=Level.DEBUG, detail=detail)


def test_the_oldest_of_the_wire_go_when_they_are_too_large(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And nothing else goes for it; what stays is still in order, and taking it makes room."""
    monkeypatch.setattr(backlog, "WIRE_CHARS_MAX", 1_000)
    waiting = Backlog(100)
    assert waiting.put([record(1), wire(2, 400), record(3), wire(4, 400)]) == []
    assert [one.id for one in waiting.put([wire(5, 400), record(6)])] == [2]
    assert waiting.settled() == 0
    assert [one.id for one in waiting.take(10)] == [1, 3, 4, 5, 6]
    assert waiting.settled() == 6
    assert waiting.put([wire(7, 400), wire(8, 400)]) == []


def test_the_wire_goes_by_its_age_when_records_are_too_many() -> None:
    """It is below WARNING, as most are."""
    waiting = Backlog(2)
    gone = waiting.put([record(1), wire(2, 1), record(3, level=Level.ERROR), record(4)])
    assert [one.id for one in gone] == [1, 2]
    assert [one.id for one in waiting.take(10)] == [3, 4]
