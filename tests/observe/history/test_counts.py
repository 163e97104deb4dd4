"""Tests what is found and counted among many shapes, among more matches than are looked at, and over long times."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from switchgear.core.words import Level
from switchgear.observe.history import HistoryReader, LogQuery, matches
from switchgear.observe.overview import latency_of, overview_of
from switchgear.observe.store import abreast, counting, finding
from tests.observe.history.kit import START_MS, record

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from switchgear.observe.history import HistoryWriter
    from switchgear.observe.record import LogRecord

DAY_MS = 86_400_000


def kept(writer: HistoryWriter, records: list[LogRecord]) -> list[LogRecord]:
    """Write them; gives them as the store has them, newest first."""
    writer.write(records)
    assert writer.flush(30.0)
    return [one._replace(id=number, run=1) for number, one in enumerate(records, 1)][::-1]


MANY = [
    {},
    {"exchange": "b"},
    {"level": Level.ERROR},
    {"level": Level.ERROR, "exchange": "b"},
    {"method": "get_7"},
    {"text": "get 7"},
    {"text": "number 99"},
    {"since_ms": START_MS + 300, "until_ms": START_MS + 900, "exchange": "b"},
    {"before_id": 600, "exchange": "b"},
    {"after_id": 600, "level": Level.ERROR},
]


@pytest.mark.parametrize("fields", MANY)
def test_many_shapes_are_one_page(
    writer: HistoryWriter,
    reader: HistoryReader,
    monkeypatch: pytest.MonkeyPatch,
    fields: dict[str, object],
) -> None:
    """More shapes than one statement takes, dense or thin: pages, counts and exports are those of memory."""
    for module in (finding, abreast):
        monkeypatch.setattr(module, "STEP", 50)
    records = kept(
        writer,
        [
            record(
                n,
                exchange="ab"[n % 2],
                method=f"get_{n % 600}",
                level=Level.ERROR if n % 3 == 0 else Level.INFO,
                message=f"number {n}",
            )
            for n in range(1, 1_501)
        ],
    )
    query = LogQuery(**fields, limit=70)  # type: ignore[arg-type]  # as the table above has them
    expected = [one for one in records if matches(query, one)]
    assert reader.query(query) == expected[:70]
    assert list(reader.export(query)) == expected
    assert (reader.count(query), reader.count(query, 20)) == (len(expected), min(20, len(expected)))
    assert reader.overview(query) == overview_of(records, query)


def test_shapes_that_were_dense_long_ago_are_found(
    writer: HistoryWriter, reader: HistoryReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the newest records are all of others the walk goes on by the index."""
    monkeypatch.setattr(finding, "STEP", 5)
    old = [record(n, exchange="old", method=f"get_{n % 20}") for n in range(1, 1_001)]
    records = kept(writer, [*old, *(record(n) for n in range(1_001, 2_001))])
    query = LogQuery(exchange="old", limit=10)
    assert reader.query(query) == records[1_000:1_010]
    assert reader.query(replace(query, limit=1_000)) == records[1_000:]


@pytest.mark.parametrize(
    "fields",
    [{"text": "common"}, {"run": 1}, {"before_id": 90}, {"text": "common", "exchange": "a"}],
)
def test_of_more_matches_the_newest_are_counted(
    writer: HistoryWriter,
    reader: HistoryReader,
    monkeypatch: pytest.MonkeyPatch,
    fields: dict[str, object],
) -> None:
    """Where no sum knows a filter the newest that match all but its names are looked at, and that is said."""
    monkeypatch.setattr(counting, "LOOKED_AT_MAX", 10)
    records = kept(
        writer, [record(n, exchange="ab"[n % 2], message=f"common {n}") for n in range(1, 101)]
    )
    query = LogQuery(**fields)  # type: ignore[arg-type]  # as the table above has them
    newest = [one for one in records if matches(replace(query, exchange=None), one)][:10]
    assert reader.overview(query) == overview_of(newest, query)._replace(looked_at=10)
    assert reader.count(query) == sum(matches(query, one) for one in records)


def test_durations_are_of_the_newest(
    writer: HistoryWriter, reader: HistoryReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More successes than are looked at: the oldest are left out."""
    monkeypatch.setattr(counting, "LOOKED_AT_MAX", 10)
    records = kept(
        writer,
        [record(n, duration_ms=float(n), at_ms=START_MS + n * DAY_MS) for n in range(1, 31)],
    )
    assert reader.latency(LogQuery()) == latency_of(records[:10], LogQuery())


def test_counts_over_a_year_are_exact(
    make: Callable[..., HistoryWriter], where: Path | str
) -> None:
    """Days, half hours, minutes and parts of minutes are put together without a gap and without one twice."""
    writer, step_ms = make(age_max_s=1e9), 9_876_543
    reader = HistoryReader(where)
    records = kept(
        writer,
        [
            record(n, at_ms=START_MS - 365 * DAY_MS + n * step_ms, exchange="abc"[n % 3])
            for n in range(1, 3_001)
        ],
    )
    first, last = records[-1].at_ms, records[0].at_ms
    for since, until in [
        (None, None),
        (first, last),
        (first + 1, last - 1),
        (first + 40 * DAY_MS + 1, None),
        (None, last - 3 * DAY_MS - 59_999),
        (first + 7 * step_ms, first + 7 * step_ms),
        (first + 7 * step_ms + 1, first + 8 * step_ms - 1),
    ]:
        for exchange in (None, "b"):
            query = LogQuery(since_ms=since, until_ms=until, exchange=exchange)
            assert reader.overview(query) == overview_of(records, query)
            assert reader.query(query) == [one for one in records if matches(query, one)][:1_000]


def test_what_goes_is_taken_out_of_the_sums(writer: HistoryWriter, reader: HistoryReader) -> None:
    """After a clear of a few the counts are those of what is left, and words of what went are not found."""
    records = kept(writer, [record(n, message=f"word{n % 7} é") for n in range(1, 201)])
    gone = LogQuery(text="word3")
    assert reader.clear(gone, reader.count(gone)) == sum(matches(gone, one) for one in records)
    left = [one for one in records if not matches(gone, one)]
    assert reader.query(gone) == []
    assert reader.overview(LogQuery()) == overview_of(left, LogQuery())
    assert reader.check() == []
    assert reader.clear(LogQuery(), len(left)) == len(left)
    assert (reader.overview(LogQuery()).total, reader.exchanges(), reader.check()) == (0, [], [])
