"""Owns what is measured of a run, from what the simulation counted; tables and pictures are left to others."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.outage.contestants import BY_NAME
from benchmarks.outage.scenario import USE, WATCHED_S
from benchmarks.outage.simulation import Simulation

if TYPE_CHECKING:
    from benchmarks.outage.scenario import Scenario
    from benchmarks.outage.simulation import Tally

FULL_SHARE = 0.99
"""Full service: so much of what was wanted in a window was served."""
WINDOW_S = 5


class Job(NamedTuple):
    """What to run."""

    scenario: Scenario
    callers: int
    contestant: str
    seed: int


@dataclass(frozen=True, slots=True)
class Figures:
    """What a run gave. Loads and capacities are in full capacities of the venue."""

    wanted: int
    served: int
    failed: int
    rejected: int
    wasted_during: int
    """Requests sent in the outage that failed."""
    wasted_after: int
    peak: float
    """The highest load of a second in the first 30 s after the outage, over the venue's capacity in that second."""
    full_after_s: int | None
    """Seconds from the outage's end until full service that lasts; None when the run ended before."""
    loads: tuple[float, ...]
    """Requests sent, by second."""
    vain: tuple[float, ...]
    """Those of them that failed."""
    capacities: tuple[float, ...]

    @property
    def served_share(self) -> float:
        """Of all that was wanted."""
        return self.served / self.wanted


def run(job: Job) -> Figures:
    """Run one contestant through one outage."""
    contestant = BY_NAME[job.contestant]
    tally = Simulation(job.scenario, job.callers, contestant, job.seed).run()
    return figures_of(tally, job.scenario, job.callers / USE)


def figures_of(tally: Tally, scenario: Scenario, capacity: float) -> Figures:
    """What a tally says; capacity in requests per second."""
    begins_s, ends_s = scenario.begins_s, scenario.ends_s
    capacities = [(one + next_one) / 2 for one, next_one in pairwise(tally.share)]
    # What changes at once is no mean: the seconds before the outage and before its end.
    capacities[begins_s - 1], capacities[ends_s - 1] = tally.share[begins_s - 1], 0.0
    loads = [sent / capacity for sent in tally.sent]
    watched = range(ends_s, min(ends_s + WATCHED_S, scenario.run_s))
    return Figures(
        wanted=sum(tally.wanted),
        served=sum(tally.served),
        failed=tally.failed,
        rejected=tally.rejected,
        wasted_during=sum(tally.wasted[begins_s:ends_s]),
        wasted_after=sum(tally.wasted[ends_s:]),
        peak=max(loads[second] / capacities[second] for second in watched),
        full_after_s=_full_after_s(tally, scenario),
        loads=tuple(loads),
        vain=tuple(wasted / capacity for wasted in tally.wasted),
        capacities=tuple(capacities),
    )


def _full_after_s(tally: Tally, scenario: Scenario) -> int | None:
    starts = range(scenario.ends_s, scenario.run_s - WINDOW_S + 1)
    short = [start for start in starts if not _is_full(tally, start)]
    if not short:
        return 0
    return None if short[-1] == starts[-1] else short[-1] + 1 - scenario.ends_s


def _is_full(tally: Tally, start_s: int) -> bool:
    wanted = sum(tally.wanted[start_s : start_s + WINDOW_S])
    return sum(tally.served[start_s : start_s + WINDOW_S]) >= FULL_SHARE * wanted


def outages(scenario: Scenario, lengths_s: range) -> list[Scenario]:
    """The same outage with other ends: whether a breaker asks just then or long after is chance."""
    return [replace(scenario, ends_s=scenario.begins_s + length_s) for length_s in lengths_s]
