"""Owns what the history's tests share: records to keep, a way to ask SQLite directly, programs to run beside."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

from switchgear.core.words import CircuitState, Key, Level
from switchgear.observe.history import CircuitSnapshot
from switchgear.observe.record import LogRecord
from switchgear.testing import FakeClock

ROOT = Path(__file__).parents[3]
START_MS = round(FakeClock().wall().timestamp() * 1000)
KEY = Key("binance", "create_order", "main")


def record(number: int, **fields: Any) -> LogRecord:
    """A plain record, dated number milliseconds after the fake clock's start; fields change it."""
    given: dict[str, Any] = {
        "id": number,
        "at_ms": START_MS + number,
        "level": Level.INFO,
        "event": "call_succeeded",
        "exchange": KEY.exchange,
        "method": KEY.method,
        "account": KEY.account,
        "message": f"message {number}",
    }
    return LogRecord(**(given | fields))


def records(first: int, last: int, **fields: Any) -> list[LogRecord]:
    """Plain records of these numbers, both ends included."""
    return [record(number, **fields) for number in range(first, last + 1)]


def circuit(key: Key = KEY, **fields: Any) -> CircuitSnapshot:
    """A closed circuit; fields change it."""
    given: dict[str, Any] = {
        "key": key,
        "state": CircuitState.CLOSED,
        "since_ms": START_MS,
        "reason": "",
        "until_ms": None,
        "by": "",
        "failures": 0,
        "openings": 0,
        "updated_ms": START_MS,
    }
    return CircuitSnapshot(**(given | fields))


def ask(path: Path, sql: str) -> list[tuple[Any, ...]]:
    """What SQLite itself says of the file."""
    with closing(sqlite3.connect(path)) as raw:
        return raw.execute(sql).fetchall()


PROGRAM = """
import os, sys
from switchgear.core.clock import SystemClock
from switchgear.observe.history import HistoryWriter
from tests.observe.history.kit import records
writer = HistoryWriter(sys.argv[1], SystemClock(), age_max_s=1e9)  # the records' dates are a fake clock's
"""


def program(where: Path | str, body: str) -> subprocess.Popen[str]:
    """A Python process of its own that has a writer on the place and runs the body."""
    command = [sys.executable, "-c", PROGRAM + body, str(where)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=ROOT)
