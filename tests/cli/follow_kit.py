"""Owns what tests of following a server share: records that are kept, and streams and pages that tell them."""

from __future__ import annotations

import json
from itertools import chain
from typing import TYPE_CHECKING

from switchgear.observe.history import HistoryWriter, to_jsonl
from switchgear.testing import FakeClock
from tests.cli.remote_kit import OK, answer
from tests.observe.history.kit import record

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from switchgear.observe.record import LogRecord

EMPTY = json.dumps({"records": [], "newest_id": 0})
PAGE = answer(OK, EMPTY)
STREAM = "content-type: text/event-stream"


def keep(path: Path, *numbers: int) -> None:
    """Keep plain records."""
    writer = HistoryWriter(path, FakeClock())
    writer.write([record(number) for number in numbers])
    writer.close()


def event(number: int) -> str:
    """A record as the stream tells it."""
    (line,) = to_jsonl([record(number)])
    return f"event: record\nid: {number}\ndata: {line.decode().strip()}\n\n"


def stream(*events: str) -> bytes:
    """An answer that is a stream and ends."""
    text = "".join(("event: ready\ndata: {}\n\n", *events))
    return answer(OK, text, STREAM)


def messages(found: Iterator[Sequence[LogRecord]], count: int) -> list[str]:
    """Of the next so many records."""
    come = chain.from_iterable(found)
    return [next(come).message for _ in range(count)]


def numbered(*numbers: int) -> list[str]:
    """Messages of plain records."""
    return [f"message {number}" for number in numbers]


def page(*found: LogRecord, newest_id: int) -> bytes:
    """A page of these records."""
    lines = [json.loads(line) for line in to_jsonl(found)]
    return answer(OK, json.dumps({"records": lines, "newest_id": newest_id}))
