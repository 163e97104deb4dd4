"""Tests what is asked of a history: pages, counts, clears, one call, names, runs, and exports as files."""

from __future__ import annotations

import csv
import io
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import msgspec
import pytest

from switchgear.core.circuit import Rules
from switchgear.core.policy.circuit_view import CircuitView
from switchgear.core.words import CircuitState, Key, Level
from switchgear.observe.history import (
    CountChanged,
    HistoryReader,
    HistoryWriter,
    LogQuery,
    as_dict,
    snapshot_of,
    to_csv,
    to_jsonl,
)
from switchgear.observe.history import reader as reading
from switchgear.observe.metrics import CallMetrics
from tests.observe.history.kit import KEY, START_MS, circuit, record, records

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from switchgear.testing import FakeClock

EVERYTHING = LogQuery(limit=10_000)


@pytest.fixture
def hundred(writer: HistoryWriter) -> HistoryWriter:
    """A writer whose file holds a hundred records, every tenth an error."""
    levels = [Level.INFO if n % 10 else Level.ERROR for n in range(1, 101)]
    writer.write([record(n, level=level) for n, level in enumerate(levels, 1)])
    assert writer.flush()
    return writer


def test_pages_stand_still_while_rows_are_written(
    hundred: HistoryWriter, reader: HistoryReader
) -> None:
    """Going back page by page gives each older record once, whatever is written meanwhile."""
    seen: list[int] = []
    page = reader.query(LogQuery(limit=7))
    while page:
        seen += [one.id for one in page]
        hundred.write([record(1000)])
        hundred.flush()
        page = reader.query(LogQuery(limit=7, before_id=page[-1].id))
    assert seen == list(range(100, 0, -1))


def test_what_is_new_is_what_comes_after(hundred: HistoryWriter, reader: HistoryReader) -> None:
    """after_id gives exactly what was written since."""
    newest = reader.newest_id()
    assert reader.query(LogQuery(after_id=newest)) == []
    hundred.write(records(101, 103))
    hundred.flush()
    assert [one.id for one in reader.query(LogQuery(after_id=newest))] == [103, 102, 101]


def test_a_count_can_be_bounded(hundred: HistoryWriter, reader: HistoryReader) -> None:
    """Counting looks at every record that matches, whatever the page's limit, and ends where it is told to."""
    assert reader.count(LogQuery(limit=1)) == 100
    assert reader.count(LogQuery(level=Level.ERROR)) == 10
    assert reader.count(LogQuery(), most=30) == 30


def test_an_export_holds_exactly_the_filter(hundred: HistoryWriter, reader: HistoryReader) -> None:
    """All that matches, whatever the limit, and nothing that was written after it began."""
    stream = reader.export(LogQuery(level=Level.ERROR, limit=1))
    first = next(stream)
    hundred.write(records(101, 110, level=Level.ERROR))
    hundred.flush()
    assert [first.id, *(one.id for one in stream)] == list(range(100, 0, -10))


def test_an_export_goes_over_many_pages(
    writer: HistoryWriter, reader: HistoryReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where one page ends and the next begins nothing is missing or twice."""
    monkeypatch.setattr(reading, "EXPORT_PAGE", 100)
    writer.write(records(1, 250))
    writer.flush()
    assert [one.id for one in reader.export(LogQuery())] == list(range(250, 0, -1))


def test_clear_deletes_the_filter_and_nothing_else(
    hundred: HistoryWriter, reader: HistoryReader
) -> None:
    """With the right count exactly what matches goes."""
    assert reader.clear(LogQuery(level=Level.ERROR, limit=1), 10) == 10
    assert reader.count(EVERYTHING) == 90
    assert reader.count(LogQuery(level=Level.ERROR)) == 0


@pytest.mark.parametrize("expected", [0, 9, 11, -1])
def test_clear_refuses_another_count(
    hundred: HistoryWriter, reader: HistoryReader, expected: int
) -> None:
    """When the count is not what was confirmed nothing is deleted, and the error says how many there are."""
    with pytest.raises(CountChanged, match="10 records") as caught:
        reader.clear(LogQuery(level=Level.ERROR), expected)
    assert caught.value.found == 10
    assert reader.count(EVERYTHING) == 100


def test_a_filter_that_is_held_still_can_be_cleared_on_a_busy_file(
    hundred: HistoryWriter, reader: HistoryReader
) -> None:
    """With before_id set when counting, what is written afterwards neither stops the clear nor goes with it."""
    query = LogQuery(before_id=reader.newest_id() + 1)
    count = reader.count(query)
    hundred.write(records(101, 150))
    hundred.flush()
    assert reader.clear(query, count) == 100
    assert [one.id for one in reader.query(EVERYTHING)] == list(range(150, 100, -1))


def test_clear_goes_over_many_steps(
    writer: HistoryWriter, reader: HistoryReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than one transaction's worth goes too."""
    monkeypatch.setattr(reading, "CLEAR_STEP", 100)
    writer.write(records(1, 250))
    writer.flush()
    assert reader.clear(LogQuery(), 250) == 250
    assert reader.count(LogQuery()) == 0


def test_a_call_has_all_its_records_in_order(writer: HistoryWriter, reader: HistoryReader) -> None:
    """The attempts of one call come oldest first; the same number of another key is another call."""
    writer.write(
        [
            record(1, call_id=7, event="retry_scheduled", attempt=1),
            record(2, call_id=7, method="get_order"),
            record(3, call_id=8),
            record(4, call_id=7, attempt=2),
            record(5),
        ]
    )
    writer.flush()
    assert [one.id for one in reader.attempts(KEY, 7)] == [1, 4]
    assert reader.attempts(KEY, 9) == []
    assert reader.attempts(KEY, 0) == []


def test_a_call_belongs_to_a_run(
    make: Callable[..., HistoryWriter], where: Path | str, clock: FakeClock
) -> None:
    """Two runs that used the same number for a call are told apart; without a run it is the newest."""
    for number in (1, 2):
        writer = make()
        writer.write([record(number, call_id=7)])
        writer.close()
    reader = HistoryReader(where, clock)
    assert [one.id for one in reader.attempts(KEY, 7)] == [2]
    assert [one.id for one in reader.attempts(KEY, 7, run=1)] == [1]
    assert [reader.run_of(number) for number in (1, 2, 3)] == [1, 2, None]
    assert [one.id for one in reader.query(LogQuery(run=1))] == [1]


def test_the_names_for_the_filters(writer: HistoryWriter, reader: HistoryReader) -> None:
    """Each name is there once, in order; the empty one of switchgear's own records is not."""
    batch = [
        record(1, exchange=exchange, method=method)
        for exchange, method in [("b", "y"), ("a", "z"), ("b", "x"), ("a", "z"), ("", "")]
    ]
    writer.write(batch)
    writer.flush()
    assert reader.exchanges() == ["a", "b"]
    assert reader.methods() == ["x", "y", "z"]
    assert reader.methods("b") == ["x", "y"]
    assert reader.methods("c") == []


def test_only_the_circuits_of_runs_that_live_are_shown(
    make: Callable[..., HistoryWriter], where: Path | str, clock: FakeClock
) -> None:
    """Two live processes show both; when all are gone the last one's circuits stay."""
    first, second = make(), make()
    first.snapshot([circuit(openings=1)])
    first.flush()
    second.snapshot([circuit(openings=2)])
    second.flush()
    reader = HistoryReader(where, clock)
    assert [one.openings for one in reader.circuits()] == [1, 2]
    second.close()
    assert [one.openings for one in reader.circuits()] == [1]
    first.close()
    assert [one.openings for one in reader.circuits()] == [2]


def test_a_run_that_died_without_a_word_is_not_alive(
    make: Callable[..., HistoryWriter], where: Path | str, clock: FakeClock
) -> None:
    """A run that was silent for longer than LIVE_MS is dead beside one that speaks."""
    dead, alive = make(), make()
    dead.snapshot([circuit(openings=1)])
    dead.flush()
    clock.advance(reading.LIVE_MS / 1000 + 1)
    alive.snapshot([circuit(openings=2)])
    alive.flush()
    assert [one.openings for one in HistoryReader(where, clock).circuits()] == [2]


def test_one_reader_serves_many_threads(hundred: HistoryWriter, reader: HistoryReader) -> None:
    """The same reader gives each of several threads its answer at the same time."""
    together = threading.Barrier(4)

    def ask(_: int) -> int:
        together.wait(5.0)
        return len(reader.query(EVERYTHING))

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(ask, range(4))) == [100] * 4


ODD = record(
    1,
    message='=1+1,"x"\r\ny',
    call_id=7,
    duration_ms=1.5,
    status=429,
    detail={"reason": "a,b", "n": 1},
)


def test_a_json_line_holds_every_field() -> None:
    """One object a line, with the date as ISO 8601 and the level by name."""
    first, second = b"".join(to_jsonl([ODD, record(2)])).splitlines()
    assert msgspec.json.decode(first) == as_dict(ODD)
    found = msgspec.json.decode(second)
    assert found["at"] == "2026-01-01T00:00:00.002Z"
    assert (found["level"], found["call_id"], found["kind"]) == ("INFO", None, None)


def test_a_csv_file_reads_back_to_the_letter() -> None:
    """Commas, quotes and line breaks stay in their field; a missing value is an empty one."""
    text = b"".join(to_csv([ODD, record(2)])).decode()
    first, second = csv.DictReader(io.StringIO(text, newline=""))
    assert first["message"] == ODD.message
    assert msgspec.json.decode(first["detail"]) == ODD.detail
    assert (first["status"], first["duration_ms"], second["status"]) == ("429", "1.5", "")
    assert text.count("\r\n") == 4


def test_an_empty_csv_file_still_names_its_columns() -> None:
    """No records are a header alone; no records are no JSON lines."""
    assert b"".join(to_csv([])).startswith(b'"id","at","at_ms"')
    assert b"".join(to_jsonl([])) == b""


@pytest.mark.parametrize(
    ("state", "retry_after_s", "until_ms"),
    [
        (CircuitState.OPEN, 12.5, START_MS + 12_500),
        (CircuitState.CLOSED, 0.0, None),
        (CircuitState.FORCED_OPEN, None, None),
    ],
)
def test_a_view_becomes_a_snapshot_with_dates(
    clock: FakeClock, state: CircuitState, retry_after_s: float | None, until_ms: int | None
) -> None:
    """Spans of a monotonic clock become epoch milliseconds, and metrics JSON values."""
    view = CircuitView(Key.of("a", "b"), state, 2.0, "why", retry_after_s, 3, 1, 4, Rules())
    metrics = CallMetrics("a", "b", "main", total_calls=3, last_error_at=clock.wall())
    made = snapshot_of(view, metrics, clock.wall())
    assert (made.since_ms, made.until_ms, made.updated_ms) == (START_MS - 2000, until_ms, START_MS)
    assert made.metrics["total_calls"] == 3
    assert made.metrics["circuit_state"] == "closed"
    assert made.metrics["last_error_at"] == "2026-01-01T00:00:00+00:00"
