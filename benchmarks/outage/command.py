"""
Owns the command line: every run, two at a time, and what is printed and written of them.

The tables go to the standard output and are the same at every run with the same arguments; how long it took goes
to the standard error.
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from benchmarks.outage.contestants import CONTESTANTS, RAMPS
from benchmarks.outage.figures import Figures, Job, outages, run
from benchmarks.outage.picture import picture
from benchmarks.outage.scenario import Failing, Scenario
from benchmarks.outage.tables import HEAD, SPREAD_HEAD, row, spread_row, words
from benchmarks.table import markdown, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.outage.contestants import Contestant

LENGTHS_S = range(60, 90)
"""Of the outages of the spread: wherever they end between two looks of a breaker that looks every 30 s."""
SPREAD_CALLERS = 100

Results = dict[Job, Figures]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print and write."""
    options = _options(arguments)
    seed, shape = options.seed, markdown if options.markdown else plain
    scenarios = [Scenario(failing) for failing in Failing]
    single = [(one, callers) for one in scenarios for callers in options.callers]
    spread = _spreads() if options.spread else []
    jobs = [job for one, callers in single for job in _jobs([one], callers, CONTESTANTS, seed)]
    for kind, entered in spread:
        jobs += _jobs(outages(kind, LENGTHS_S), SPREAD_CALLERS, entered, seed)
    begun_s = perf_counter()
    results = _run(jobs, options.jobs)
    print(f"{len(results)} runs took {perf_counter() - begun_s:.0f} s", file=sys.stderr)
    for one, callers in single:
        print(f"{words(one, callers)}\n")
        mine = [results[job] for job in _jobs([one], callers, CONTESTANTS, seed)]
        print(shape([HEAD, *map(row, CONTESTANTS, mine)]), end="\n\n")
    for kind, entered in spread:
        print(f"{words(kind, SPREAD_CALLERS, LENGTHS_S)}\n")
        many = [_many(results, kind, contestant, seed) for contestant in entered]
        print(shape([SPREAD_HEAD, *map(spread_row, entered, many)]), end="\n\n")
    if options.svg is not None:
        for one in scenarios:
            _draw(options.svg, one, max(options.callers), seed, results)
    return 0


def _spreads() -> list[tuple[Scenario, tuple[Contestant, ...]]]:
    """What is run with many outages: every kind of venue, and other ramps at the first of them."""
    kinds = [Scenario(failing, fragile=fragile) for fragile in (True, False) for failing in Failing]
    return [*((kind, CONTESTANTS) for kind in kinds), (kinds[0], RAMPS)]


def _jobs(
    scenarios: Sequence[Scenario], callers: int, contestants: Sequence[Contestant], seed: int
) -> list[Job]:
    return [
        Job(scenario, callers, contestant.name, seed)
        for scenario in scenarios
        for contestant in contestants
    ]


def _run(jobs: Sequence[Job], at_once: int) -> Results:
    """Every run in a process beside this one; the longest first, so that none is left over at the end."""
    ordered = sorted(set(jobs), key=lambda job: job.callers, reverse=True)
    if at_once == 1:
        return {job: run(job) for job in ordered}
    with ProcessPoolExecutor(at_once, mp_context=get_context("spawn")) as pool:
        return dict(zip(ordered, pool.map(run, ordered), strict=True))


def _many(results: Results, kind: Scenario, contestant: Contestant, seed: int) -> list[Figures]:
    jobs = _jobs(outages(kind, LENGTHS_S), SPREAD_CALLERS, [contestant], seed)
    return [results[job] for job in jobs]


def _draw(folder: Path, scenario: Scenario, callers: int, seed: int, results: Results) -> None:
    panels = [(one.title, results[Job(scenario, callers, one.name, seed)]) for one in CONTESTANTS]
    path = folder / f"outage-{scenario.failing}.svg"
    path.write_text(picture(words(scenario, callers), scenario, panels), encoding="utf-8")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python benchmarks/outage",
        description="What an outage does to a venue and to its callers; a simulation, with the real core in it.",
    )
    parser.add_argument("--seed", type=int, default=7, help="of all chance")
    parser.add_argument("--callers", type=int, nargs="+", default=[1, 100], help="how many")
    parser.add_argument("--jobs", type=int, default=2, help="processes that run it; 1 is this one")
    parser.add_argument(
        "--spread",
        action="store_true",
        help="also outages of 60 to 89 s, a venue that warms up whatever comes, other ramps; 100 callers",
    )
    parser.add_argument("--markdown", action="store_true", help="print tables for the docs")
    parser.add_argument("--svg", type=Path, metavar="FOLDER", help="draw the largest runs there")
    return parser.parse_args(arguments)
