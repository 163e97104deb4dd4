"""Tests that bars are finer than a minute where few records lie close together, in a store as in memory."""

from __future__ import annotations

from random import Random  # noqa: TID251  seeded: the same lots on every run
from typing import TYPE_CHECKING

import pytest

from switchgear.core.words import Level
from switchgear.observe import overview
from switchgear.observe.history import LogQuery
from switchgear.observe.overview import latency_of, overview_of
from switchgear.observe.store import counting
from tests.observe.history.kit import START_MS, record

if TYPE_CHECKING:
    from switchgear.observe.history import HistoryReader, HistoryWriter
    from switchgear.observe.record import LogRecord

MINUTE_MS = 60_000
FILTERS: list[dict[str, object]] = [
    {},
    {"exchange": "b"},
    {"level": Level.ERROR},
    {"text": "zebra"},
    {"text": "b"},
    {"text": "get 1"},
    {"before_id": 150},
]


def spread(seconds: float, seed: int) -> list[LogRecord]:
    """Some hundred records over so many seconds, in order; the first and the last at the very ends."""
    print("seed", seed)
    rng = Random(seed)
    end_ms = int(seconds * 1000)
    times = sorted([0, end_ms, *(rng.randrange(end_ms + 1) for _ in range(298))])
    start_ms = START_MS + rng.randrange(MINUTE_MS)
    return [
        record(
            n,
            at_ms=start_ms + at,
            exchange="ab"[n % 2],
            method=f"get_{n % 3}",
            level=Level.ERROR if n % 5 == 0 else Level.INFO,
            message=rng.choice(["zebra", "horse b", "horse"]),
            duration_ms=float(n),
        )
        for n, at in enumerate(times, 1)
    ]


def kept(writer: HistoryWriter, records: list[LogRecord]) -> list[LogRecord]:
    """Write them; gives them as the store has them, newest first."""
    writer.write(records)
    assert writer.flush(30.0)
    return [one._replace(id=number, run=1) for number, one in enumerate(records, 1)][::-1]


@pytest.mark.parametrize("seconds", [0.5, 300, 1_770, 1_799, 1_830, 1_900])
def test_bars_are_as_fine_as_they_can_be(
    writer: HistoryWriter, reader: HistoryReader, seconds: float
) -> None:
    """Each filter, with open ends and with ends within a minute, is counted as memory counts it."""
    records = kept(writer, spread(seconds, 7))
    first, last = records[-1].at_ms, records[0].at_ms
    for fields in FILTERS:
        for since, until in [(None, None), (first + 7, None), (None, last - 7), (first, last)]:
            query = LogQuery(**fields, since_ms=since, until_ms=until)  # type: ignore[arg-type]  # as the table has them
            found = reader.overview(query)
            assert found == overview_of(records, query)
            assert reader.latency(query) == latency_of(records, query)
            assert sum(sum(bar.counts) for bar in found.bars) == found.total
    if seconds != 1_799:  # which is sixty bars or sixty-one, as the drawn start falls
        assert (reader.overview(LogQuery()).bar_ms < MINUTE_MS) == (seconds < 1_800)


@pytest.mark.parametrize("most", [299, 300])
def test_many_records_are_in_bars_of_a_minute(
    writer: HistoryWriter, reader: HistoryReader, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """Above the bound none is looked at by itself, and the sums' minutes are the bars."""
    for module in (overview, counting):
        monkeypatch.setattr(module, "FINE_MAX", most)
    records = kept(writer, spread(300, 7))
    found = reader.overview(LogQuery())
    assert found == overview_of(records, LogQuery())
    assert found.bar_ms == (10_000 if most == 300 else MINUTE_MS)
