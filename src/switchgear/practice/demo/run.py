"""Owns the demo as a whole: it starts everything, lets the story be told, and ends with the sums."""

from __future__ import annotations

import asyncio
import signal
from contextlib import AsyncExitStack, contextmanager, suppress
from math import isfinite
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from switchgear.core.errors import SettingsError
from switchgear.gear import Switchgear
from switchgear.practice.demo.facts import Facts
from switchgear.practice.demo.narrator import Narrator
from switchgear.practice.demo.records import check_kept, kept_orders, lost_of, tell_losses
from switchgear.practice.demo.stand import opened
from switchgear.practice.demo.story import Pace, Story
from switchgear.practice.sim.fleet import Fleet
from switchgear.practice.sim.scenario import load
from switchgear.server import GearSource, serve

if TYPE_CHECKING:
    from collections.abc import Generator

    from switchgear.core.clock import Clock
    from switchgear.order.journal import Journal
    from switchgear.practice.demo.summary import Sums

SCENARIO = "mix"
SECONDS_MIN = 20
"""In less, not everything that breaks has its time."""
SETTINGS = {
    # A real exchange is given half a minute; who watches a demo does not wait so long.
    "reset_timeout_s": 1.5,
    "retry_delay_s": 0.1,
    "retry_delay_s_max": 0.5,  # an exchange that wants to rest for longer gets the rest, the trader a fallback
    "timeout_s": 0.8,
    "slow_call_s": 0.3,
}
"""For every key of the demo."""


def run(
    *,
    seconds: float | None = None,
    port: int = 8080,
    seed: int = 1,
    history: str | Path | None = None,
    narrator: Narrator | None = None,
    clock: Clock | None = None,
) -> int:
    """
    Trade on three exchanges while they break, and show it; 0 when all sums add up, else 1.

    Args:
        seconds: How long, from SECONDS_MIN; None goes on until it is interrupted.
        port: Of the pages; 0 for one that the system chooses.
        seed: Of prices, faults and the agents' plans.
        history: File for the records; one that is thrown away at the end when not given.
        narrator: Who tells it.
        clock: Of everything in it; the machine's own when not given.

    Raises:
        SettingsError: seconds is too few, the port is taken, or the history cannot be used; what is
            lost of it later is told, and no error.
    """
    if seconds is not None and not (isfinite(seconds) and seconds >= SECONDS_MIN):
        raise SettingsError(
            "seconds", seconds, f"must be a number from {SECONDS_MIN}, or not given to go on"
        )
    with TemporaryDirectory(prefix="switchgear-demo-") as folder:
        files = Files(Path(history or Path(folder) / "history.db"), Path(folder) / "orders.db")
        with Switchgear(settings=SETTINGS, history=files.history, clock=clock) as gear:
            check_kept(gear, files.history)
            with kept_orders(gear, files.journal) as journal:
                show = Show(gear, journal, files, narrator or Narrator())
                sums = asyncio.run(_run(show, seconds, port, seed))
    # Not before the gear is closed: until then some are on their way to the disk.
    show.narrator.lost(lost_of(gear))
    return 1 if any(each.faults for each in sums) else 0


class Files(NamedTuple):
    """Where it is kept what happens."""

    history: Path
    journal: Path
    """Always thrown away: with the exchanges go the orders that it is about."""


class Show(NamedTuple):
    """What stands before the demo begins."""

    gear: Switchgear
    journal: Journal
    files: Files
    narrator: Narrator


async def _run(show: Show, seconds: float | None, port: int, seed: int) -> list[Sums]:
    gear, scenario, facts = show.gear, load(SCENARIO), Facts(show.gear)
    async with Fleet(seed, gear.clock) as fleet, AsyncExitStack() as running:
        stands = [
            await running.enter_async_context(opened(gear, show.journal, facts, sim, seed))
            for sim in fleet
        ]
        server = running.enter_context(serve(GearSource(gear, gear.reader), port=port))
        truths = {sim.venue: f"{sim.control_url}/_sim/state" for sim in fleet}
        show.narrator.opening(server.url, show.files._asdict(), truths)
        tell_losses(gear, show.narrator)
        pace = Pace(scenario, seconds)
        story = Story(scenario, fleet, stands, show.narrator, gear.clock, pace)
        telling = asyncio.create_task(story.tell())
        with _interrupts(telling), suppress(asyncio.CancelledError):
            await telling
        return await story.end()


@contextmanager
def _interrupts(story: asyncio.Task[None]) -> Generator[None]:
    """Have Ctrl-C and a request to end stop the story, so that the sums are still told."""
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)
    for each in signals:
        loop.add_signal_handler(each, story.cancel)
    try:
        yield
    finally:
        for each in signals:
            loop.add_signal_handler(each, lambda: None)  # a second one must not spoil the sums
