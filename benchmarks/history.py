"""
Owns what a history costs: records a second, alone and beside a busy loop, bytes of each, and how long questions take.

`python benchmarks/history.py` fills a SQLite file with a million records and asks it forty filters;
`--records 10000000` fills more, `--postgresql` has a server started, as the tests do, and asks that as well, and
`--pages` asks over HTTP and looks in a browser.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from contextlib import ExitStack, closing
from itertools import islice
from pathlib import Path
from statistics import quantiles
from time import perf_counter, process_time
from typing import TYPE_CHECKING, NamedTuple

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from benchmarks.history_mix import END_MS, filters, made
from benchmarks.history_pages import pages
from switchgear.core.clock import SystemClock
from switchgear.observe.history import HistoryReader, HistoryWriter
from switchgear.observe.store import Store
from tests.order.postgres import Postgres

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from switchgear.observe.record import LogRecord

FILL_BATCH = 5_000
POOL = 10_000
SLICE = 200_000
STEP_S, STEP_RECORDS = 0.1, 4_000
"""So often as many are handed over beside the loop, as the hub does it: 40,000 a second."""


class Took(NamedTuple):
    """How long a filter's page and overview took: the best of the rounds, and the middle one."""

    name: str
    found: int
    page_ms: float
    overview_ms: float
    middle_ms: float
    """Of both together."""


def main(arguments: list[str]) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="What a history costs.")
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--days", type=float, default=7.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--ingest", type=int, default=400_000, help="records of the ingest rows")
    parser.add_argument("--postgresql", action="store_true")
    parser.add_argument("--pages", action="store_true", help="over HTTP and in a browser, too")
    parser.add_argument("--keep", help="a file to fill, or to ask if it is there")
    given = parser.parse_args(arguments)
    with ExitStack() as stack:
        for name, ingest, place, server in places(stack, given.keep, postgresql=given.postgresql):
            print(f"\n## {name}\n")
            if given.ingest:
                records = busy(given.ingest)
                print(f"ingest alone: {alone(ingest, records)}")
                for loop, turns in (("nine tenths busy", 450), ("never idle", 0)):
                    print(f"ingest beside an event loop {loop}: {beside(ingest, records, turns)}")
            if place != given.keep or not Path(place).exists():
                print(f"fill: {fill(place, made(given.records, given.days), given.records)}")
            if server is not None:
                server.ask(place, "analyze")  # as it does by itself within a minute
            show(asked(place, given.records, given.rounds))
            if given.pages:
                pages(place, given.records, given.rounds)
    return 0


def places(
    stack: ExitStack, keep: str | None, *, postgresql: bool
) -> Iterator[tuple[str, str, str, Postgres | None]]:
    """By name: a place for ingest alone, one to fill, and the server where there is one."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    yield "SQLite", str(folder / "ingest.db"), keep or str(folder / "log.db"), None
    if postgresql:
        server = Postgres()
        stack.callback(server.end)
        yield "PostgreSQL without fsync", server.fresh(), server.fresh(), server


# ------------------------------------------------------------------------------------------- ingest


def fill(place: str, records: Iterator[LogRecord], number: int) -> str:
    """Keep all of them, as fast as can be; gives what that came to."""
    begun_s = perf_counter()
    with closing(Store(place)) as store:
        run = store.begin_run(END_MS)
        while batch := list(islice(records, FILL_BATCH)):
            store.deliver(run, batch, (), (0, 0), END_MS)
    took_s = perf_counter() - begun_s
    size = f", {Path(place).stat().st_size / number:.0f} bytes each" if "://" not in place else ""
    return f"{number:,} records in {took_s:.0f} s, {number / took_s:,.0f} a second{size}"


def busy(number: int) -> list[LogRecord]:
    """So many records of a few seconds; few different ones, for a program's own are fresh in the processor's cache."""
    fresh = list(made(POOL, POOL / 40_000 / 86_400))
    return (fresh * (number // POOL + 1))[:number]


def alone(place: str, records: Sequence[LogRecord]) -> str:
    """A writer's rate while nothing else runs."""
    with closing(HistoryWriter(place, SystemClock(), age_max_s=1e9, rows_max=10**9)) as writer:
        writer.flush()
        begun_s, cpu_s = perf_counter(), process_time()
        for place_ in range(0, len(records), FILL_BATCH):
            writer.write(records[place_ : place_ + FILL_BATCH])
            writer.flush(60.0)
        took_s, cpu_s = perf_counter() - begun_s, process_time() - cpu_s
    return f"{len(records) / took_s:,.0f} records a second, {cpu_s / len(records) * 1e6:.1f} µs of a core each"


def beside(place: str, records: Sequence[LogRecord], turns: int) -> str:
    """
    A writer's rate, and what each record takes from a busy loop; by turns with a loop that has no writer beside it.

    Args:
        place: Where the history is.
        records: What is handed over, by the clock.
        turns: After so many turns of some 20 µs the loop waits as short as a loop can, which is a
            millisecond; 0 if it never does.
    """
    free = loaded = 0
    took_s = late_s = 0.0
    slices = [records[at : at + SLICE] for at in range(0, len(records), SLICE)]
    seconds = min(SLICE, len(records)) / STEP_RECORDS * STEP_S
    with closing(HistoryWriter(place, SystemClock(), age_max_s=1e9, rows_max=10**9)) as writer:
        for one in slices:
            writer.flush(60.0)
            free += asyncio.run(_busy(seconds, None, one, turns))
            begun_s = perf_counter()
            loaded += asyncio.run(_busy(seconds, writer, one, turns))
            handed_s = perf_counter()
            writer.flush(60.0)
            took_s += perf_counter() - begun_s
            late_s = max(late_s, perf_counter() - handed_s)
        lost = sum(writer.lost.values())
    lost_us = (1 - loaded / free) * seconds * len(slices) / len(records) * 1e6
    return (
        f"{(len(records) - lost) / took_s:,.0f} of {STEP_RECORDS / STEP_S:,.0f} records a second, {lost} lost,"
        f" the rest kept {late_s * 1000:.0f} ms after the end; {lost_us:.1f} µs of the loop lost for each"
    )


async def _busy(
    seconds: float, writer: HistoryWriter | None, records: Sequence[LogRecord], turns: int
) -> int:
    """How many units of some 20 µs a loop gets done; it hands the records over by the clock."""
    done = handed = 0
    begun_s = perf_counter()
    while (now_s := perf_counter() - begun_s) < seconds:
        if writer is not None and now_s >= handed * STEP_S:
            writer.write(records[handed * STEP_RECORDS : (handed + 1) * STEP_RECORDS])
            handed += 1
        sum(range(2_500))
        done += 1
        await asyncio.sleep(0 if not turns or done % turns else 1e-3)
    return done


# ------------------------------------------------------------------------------------------ filters


def asked(place: str, records: int, rounds: int) -> list[Took]:
    """Every filter, a page and an overview, so many times."""
    reader = HistoryReader(place)
    found: list[Took] = []
    for name, query in filters(records).items():
        pages, views, number = list[float](), list[float](), 0
        for _ in range(rounds):
            begun_s = perf_counter()
            page = reader.query(query)
            pages.append(perf_counter() - begun_s)
            begun_s = perf_counter()
            number = reader.overview(query).total
            views.append(perf_counter() - begun_s)
            assert (number == 0) == (not page)
        both = sorted(map(sum, zip(pages, views, strict=True)))
        best = min(pages) * 1000, min(views) * 1000
        found.append(Took(name, number, *best, both[rounds // 2] * 1000))
    reader.close()
    return found


def show(took: list[Took]) -> None:
    """Each filter, and how they are spread."""
    print("\n| filter | records | page | overview |\n|---|---|---|---|")
    for one in took:
        print(f"| {one.name} | {one.found} | {one.page_ms:.1f} ms | {one.overview_ms:.1f} ms |")
    for what, times in (
        ("page, best of the rounds", [one.page_ms for one in took]),
        ("overview, best of the rounds", [one.overview_ms for one in took]),
        ("both, best of the rounds", [one.page_ms + one.overview_ms for one in took]),
        ("both, the middle round", [one.middle_ms for one in took]),
    ):
        steps = quantiles(times, n=20)
        print(
            f"{what}: middle {steps[9]:.1f} ms, p95 {steps[18]:.1f} ms, worst {max(times):.1f} ms"
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
