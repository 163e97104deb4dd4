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

from benchmarks.outage.contestants import CONTESTANTS
from benchmarks.outage.figures import Figures, Job, outages, run
from benchmarks.outage.picture import picture
from benchmarks.outage.scenario import Failing, Scenario
from benchmarks.outage.tables import HEAD, SPREAD_HEAD, row, spread_row, words
from benchmarks.table import markdown, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

LENGTHS_S = range(60, 90)
"""Of the outages of the spread: wherever they end between two looks of a breaker that looks every 30 s."""
SPREAD_CALLERS = 100

Results = dict[Job, Figures]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print and write."""
    options = _options(arguments)
    scenarios = [Scenario(failing) for failing in Failing]
    kinds = [Scenario(failing, fragile=fragile) for fragile in (True, False) for failing in Failing]
    jobs = _jobs(scenarios, options.callers, options.seed)
    if options.spread:
        varied = [one for kind in kinds for one in outages(kind, LENGTHS_S)]
        jobs += _jobs(varied, [SPREAD_CALLERS], options.seed)
    begun_s = perf_counter()
    results = _run(jobs, options.jobs)
    print(f"{len(jobs)} runs took {perf_counter() - begun_s:.0f} s", file=sys.stderr)
    shape = markdown if options.markdown else plain
    for scenario in scenarios:
        for callers in options.callers:
            print(f"{words(scenario, callers)}\n")
            mine = [results[job] for job in _jobs([scenario], [callers], options.seed)]
            print(shape([HEAD, *map(row, CONTESTANTS, mine)]), end="\n\n")
    for kind in kinds if options.spread else ():
        print(f"{words(kind, SPREAD_CALLERS, LENGTHS_S)}\n")
        many = [_spread(results, kind, one.name, options.seed) for one in CONTESTANTS]
        print(shape([SPREAD_HEAD, *map(spread_row, CONTESTANTS, many)]), end="\n\n")
    if options.svg is not None:
        for scenario in scenarios:
            _draw(options.svg, scenario, max(options.callers), options.seed, results)
    return 0


def _jobs(scenarios: Sequence[Scenario], callers: Sequence[int], seed: int) -> list[Job]:
    return [
        Job(scenario, number, contestant.name, seed)
        for scenario in scenarios
        for number in callers
        for contestant in CONTESTANTS
    ]


def _run(jobs: Sequence[Job], at_once: int) -> Results:
    """Every run in a process beside this one; the longest first, so that none is left over at the end."""
    ordered = sorted(set(jobs), key=lambda job: job.callers, reverse=True)
    if at_once == 1:
        return {job: run(job) for job in ordered}
    with ProcessPoolExecutor(at_once, mp_context=get_context("spawn")) as pool:
        return dict(zip(ordered, pool.map(run, ordered), strict=True))


def _spread(results: Results, kind: Scenario, contestant: str, seed: int) -> list[Figures]:
    return [results[Job(one, SPREAD_CALLERS, contestant, seed)] for one in outages(kind, LENGTHS_S)]


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
        help="also outages of 60 to 89 s, and a venue that warms up whatever comes; 100 callers",
    )
    parser.add_argument("--markdown", action="store_true", help="print tables for the docs")
    parser.add_argument("--svg", type=Path, metavar="FOLDER", help="draw the largest runs there")
    return parser.parse_args(arguments)
