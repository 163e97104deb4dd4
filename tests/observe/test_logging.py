"""Owns the tests of the way to the standard logging module: one logger, its level asked live, silence by default."""

from __future__ import annotations

import logging
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import switchgear as sg
from switchgear.observe.logging import LOGGER, LoggingSink
from switchgear.observe.record import LogRecord
from switchgear.testing import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator

QUIET = """
import switchgear as sg
gear = sg.Switchgear(settings={"retries": 0, "failure_threshold": 1})
def fail():
    raise ConnectionResetError
for _ in range(3):
    gear.guarded("binance", "get_x").try_call_sync(fail)
gear.close()
"""


class Heard(logging.Handler):
    """A handler that keeps what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        self.records.append(record)


@pytest.fixture
def heard() -> Iterator[Heard]:
    """A handler on the logger `switchgear`, alone: pytest's own on the root are not heard."""
    before = LOGGER.handlers[:], LOGGER.level, LOGGER.propagate
    handler = Heard()
    LOGGER.handlers[:] = [logging.NullHandler(), handler]
    LOGGER.propagate = False
    yield handler
    LOGGER.handlers[:] = before[0]
    LOGGER.setLevel(before[1])
    LOGGER.propagate = before[2]


def record(level: sg.Level, exchange: str = "binance", method: str = "get_x") -> LogRecord:
    """A plain record."""
    return LogRecord(1, 0, level, "note", exchange, method, "main", "100 % done")


def test_a_record_is_a_line_with_its_fields_in_extra(heard: Heard) -> None:
    """Level and text are the record's, where it happened stands before it, and the whole is there too."""
    LOGGER.setLevel(logging.DEBUG)
    given = [record(level) for level in sg.Level]
    LoggingSink().write(
        [*given, record(sg.Level.INFO, "binance", ""), record(sg.Level.INFO, "", "")]
    )
    assert [line.levelno for line in heard.records[:5]] == [10, 20, 30, 40, 50]
    assert {line.name for line in heard.records} == {"switchgear"}
    texts = [line.getMessage() for line in heard.records]
    assert texts[4:] == ["binance.get_x 100 % done", "binance 100 % done", "switchgear 100 % done"]
    assert [vars(line)["switchgear"] for line in heard.records[:5]] == given


def test_the_loggers_level_is_asked_live(heard: Heard) -> None:
    """A level that is changed while the program runs holds for the next record."""
    with sg.Switchgear(clock=FakeClock()) as gear:
        for level in (logging.WARNING, logging.INFO, logging.ERROR):
            LOGGER.setLevel(level)
            assert LoggingSink().level == level
            gear.call_sync("binance", "get_x", int)
            gear.flush()
    assert [line.levelno for line in heard.records] == [logging.INFO]


def test_records_are_not_even_made_when_nobody_listens(
    heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a handler but the null one the sink wants no record at all."""
    LOGGER.setLevel(logging.DEBUG)
    assert LoggingSink().level == logging.DEBUG
    # Not removeHandler: pytest listens too, on a logger that does not propagate.
    monkeypatch.setattr(LOGGER, "handlers", [logging.NullHandler()])
    assert LoggingSink().level > logging.CRITICAL


@pytest.mark.slow
def test_nothing_is_printed_by_default() -> None:
    """Without logging set up the standard streams stay empty, failures or not; slow: a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", QUIET], capture_output=True, text=True, check=True, timeout=60
    )
    assert (done.stdout, done.stderr) == ("", "")
