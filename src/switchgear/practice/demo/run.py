"""Owns the demo as a whole: it starts everything, plays the acts, and ends with the sums."""

from __future__ import annotations

import asyncio
import signal
from contextlib import contextmanager, suppress
from math import isfinite
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from switchgear.core.errors import SettingsError
from switchgear.core.policy.fallback import last_good, source
from switchgear.exchange.backend import BackendApi
from switchgear.exchange.binance import BinanceApi
from switchgear.gear import Switchgear
from switchgear.practice.demo.acts import ACTS, CALM, ROUND_S, Act, Stage
from switchgear.practice.demo.agent import Agent, Seen
from switchgear.practice.demo.facts import Facts
from switchgear.practice.demo.narrator import Narrator
from switchgear.practice.demo.summary import summed
from switchgear.practice.sim.server import Sim
from switchgear.server import GearSource, serve

if TYPE_CHECKING:
    from collections.abc import Generator

    from switchgear.core.clock import Clock
    from switchgear.practice.demo.summary import Summary

SECONDS_MIN = 20
"""In less, not everything that breaks has its time."""
_END_S = 1.0
"""For the last questions and the sums."""
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
    Trade while the exchange breaks, and show it; 0 when all sums add up, else 1.

    Args:
        seconds: How long, from SECONDS_MIN; None goes on until it is interrupted.
        port: Of the pages; 0 for one that the system chooses.
        seed: Of prices, faults and the agent's plan.
        history: File for the records; one that is thrown away at the end when not given.
        narrator: Who tells it.
        clock: Of everything in it; the machine's own when not given.

    Raises:
        SettingsError: seconds is too few, the port is taken, or the history cannot be used.
    """
    if seconds is not None and not (isfinite(seconds) and seconds >= SECONDS_MIN):
        raise SettingsError(
            "seconds", seconds, f"must be a number from {SECONDS_MIN}, or not given to go on"
        )
    with (
        _history(history) as path,
        Switchgear(settings=SETTINGS, history=path, clock=clock) as gear,
    ):
        page = GearSource(gear, gear.reader)
        show = Show(gear, page, str(path), narrator or Narrator())
        summary = asyncio.run(_run(show, seconds, port, seed))
    return 1 if summary.faults else 0


@contextmanager
def _history(path: str | Path | None) -> Generator[Path]:
    if path is not None:
        yield Path(path)
        return
    with TemporaryDirectory(prefix="switchgear-demo-") as folder:
        yield Path(folder) / "history.db"


class Show(NamedTuple):
    """What stands before the demo begins."""

    gear: Switchgear
    page: GearSource
    history: str
    narrator: Narrator


async def _run(show: Show, seconds: float | None, port: int, seed: int) -> Summary:
    gear = show.gear
    began_s = gear.clock.monotonic_s()
    async with (
        Sim(seed, gear.clock) as sim,
        BackendApi(sim.backend_url, clock=gear.clock) as backend,
        _api(gear, sim, backend) as api,
    ):
        with serve(show.page, port=port) as server:
            show.narrator.opening(server.url, show.history, sim.control_url)
            stage = Stage(sim, gear, Agent(api, gear.clock, seed))
            return await _play(stage, _Story(stage, show.narrator, began_s), seconds)


def _api(gear: Switchgear, sim: Sim, backend: BackendApi) -> BinanceApi:
    fallbacks = {
        "get_market_price": [last_good(1.0), source(backend.get_market_price, name="backend")],
        "get_portfolio": [last_good(2.0), source(backend.get_portfolio, name="backend")],
    }
    return BinanceApi(
        gear, key=sim.key, secret=sim.secret, base_url=sim.base_url, fallbacks=fallbacks
    )


async def _play(stage: Stage, story: _Story, seconds: float | None) -> Summary:
    telling = asyncio.create_task(story.tell(seconds))
    with _interrupts(telling), suppress(asyncio.CancelledError):
        await telling
    stage.sim.clear_faults()
    await stage.agent.settle()
    return story.end()


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


class _Story:
    """The acts in order, round after round."""

    def __init__(self, stage: Stage, narrator: Narrator, began_s: float) -> None:
        self._stage = stage
        self._facts = Facts(stage.gear)
        self._narrator = narrator
        self._began_s = began_s

    async def tell(self, seconds: float | None) -> None:
        """Play whole rounds as long as there is time for one, at least one, then calmly on."""
        await self._round()
        while seconds is None or seconds - self._elapsed_s() > ROUND_S + _END_S:
            await self._round()
        left_s = seconds - self._elapsed_s() - _END_S
        if left_s > 0:
            await self._act(Act(CALM.breaks, lambda stage: stage.trade(left_s)))

    def end(self) -> Summary:
        """Tell the sums."""
        stage, facts = self._stage, self._facts.now()
        summary = summed(stage.gear.all_metrics(), facts, stage.agent.book, stage.sim.state())
        self._narrator.ending(summary)
        return summary

    async def _round(self) -> None:
        for act in ACTS:
            await self._act(act)

    async def _act(self, act: Act) -> None:
        agent = self._stage.agent
        before, orders_before = self._facts.now(), agent.book.counts()
        agent.seen = Seen()
        with self._narrator.act(act.breaks):
            await act.play(self._stage)
        self._stage.sim.clear_faults()
        after, orders = self._facts.now() - before, agent.book.counts() - orders_before
        self._narrator.told(self._elapsed_s(), act.breaks, after, agent.seen, orders)

    def _elapsed_s(self) -> float:
        return self._stage.gear.clock.monotonic_s() - self._began_s
