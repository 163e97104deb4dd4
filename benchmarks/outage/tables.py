"""Owns how figures are worded: the rows of the tables, and a line that says what they are about."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from benchmarks.outage.scenario import Failing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.outage.contestants import Contestant
    from benchmarks.outage.figures import Figures
    from benchmarks.outage.scenario import Scenario

HEAD = (
    "",
    "sent in vain, in the outage",
    "and after it",
    "peak load after it",
    "full service after",
    "served",
)
SPREAD_HEAD = (
    "median (worst)",
    "sent in vain, in the outage",
    "and after it",
    "peak load after it",
    "full service after",
    "served",
)
_NEVER_S = 10_000
_FAILING = {
    Failing.REFUSED: "it refuses connections",
    Failing.SLOW: "it answers 503 after 3 s, or not at all",
}


def words(scenario: Scenario, callers: int, lengths_s: range | None = None) -> str:
    """What a table or picture is about."""
    who = f"{callers:,} caller{'s' if callers > 1 else ''}"
    if lengths_s is None:
        return (
            f"{who}; {_FAILING[scenario.failing]} from {scenario.begins_s} to {scenario.ends_s} s"
        )
    lasts = f"{len(lengths_s)} outages of {lengths_s[0]} to {lengths_s[-1]} s"
    warms = "it warms up while it keeps up" if scenario.fragile else "it warms up by the clock"
    return f"{who}; {_FAILING[scenario.failing]} in {lasts}; afterwards {warms}"


def row(contestant: Contestant, figures: Figures) -> tuple[str, ...]:
    """One run."""
    return (
        contestant.title,
        f"{figures.wasted_during:,}",
        f"{figures.wasted_after:,}",
        _load(figures.peak),
        _full(figures.full_after_s),
        percent(figures.served_share),
    )


def spread_row(contestant: Contestant, many: Sequence[Figures]) -> tuple[str, ...]:
    """The median and the worst of many runs."""
    during = [one.wasted_during for one in many]
    after = [one.wasted_after for one in many]
    peaks = [one.peak for one in many]
    waits_s = [_NEVER_S if one.full_after_s is None else one.full_after_s for one in many]
    served = [one.served_share for one in many]
    return (
        contestant.title,
        f"{median(during):,.0f} ({max(during):,})",
        f"{median(after):,.0f} ({max(after):,})",
        f"{_load(median(peaks))} ({_load(max(peaks))})",
        f"{_full(median(waits_s))} ({_full(max(waits_s))})",
        f"{percent(median(served))} ({percent(min(served))})",
    )


def percent(share: float) -> str:
    """A share as the pages write it."""
    return f"{share * 100:.1f} %"


def _load(peak: float) -> str:
    return f"{peak:.2f} x" if peak else "none"


def _full(after_s: float | None) -> str:
    return "never" if after_s is None or after_s >= _NEVER_S / 2 else f"{after_s:.0f} s"
