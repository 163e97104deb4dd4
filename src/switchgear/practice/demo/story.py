"""Owns how the demo goes on: the scenario round after round, the agents at work, and who is told what when."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from switchgear.exchange.together import Exchanges
from switchgear.practice.demo.stand import TRADES
from switchgear.practice.demo.summary import summed
from switchgear.practice.sim.faults import KeyRevoked
from switchgear.practice.sim.scenario_player import Player

if TYPE_CHECKING:
    from collections.abc import Sequence

    from switchgear.core.clock import Clock
    from switchgear.practice.demo.narrator import Narrator
    from switchgear.practice.demo.stand import Stand
    from switchgear.practice.demo.summary import Sums
    from switchgear.practice.sim.fleet import Fleet
    from switchgear.practice.sim.scenario import Scenario
    from switchgear.practice.sim.scenario_player import Moment

OVERREACHES = "no funds for an order, no such symbol"
_WELL, _WELL_BY_HAND = "is well", "is well, for the key was put right by hand"
END_S = 1.5
"""For the last questions and the sums."""
_TICKS_BEFORE_OVERREACH = 4
_LOOK_S, _LOOK_S_MIN, _LOOK_WITHIN_S = 3.0, 1.0, 2.0
_LOOKS_A_LINE = 4
"""The portfolio over all is looked at so often for each time that it is told; a change is told at once."""


class Pace:
    """How often a scenario is played, and how fast, so that it fits into the time."""

    def __init__(self, scenario: Scenario, seconds: float | None) -> None:
        """
        Fit the scenario into so many seconds; None goes on round after round at its own speed.

        In less time than it takes it goes faster, all of it; in more, there are as many whole rounds
        as fit, a little slower, so that none is cut off.
        """
        self.rounds = None if seconds is None else max(1, int(seconds // scenario.duration_s))
        self.speed = 1.0
        """Seconds of the scenario in one of the clock."""
        if seconds is not None and self.rounds is not None:
            self.speed = self.rounds * scenario.duration_s / (seconds - END_S)


class Story:
    """The demo from its first moment to its sums."""

    def __init__(
        self,
        scenario: Scenario,
        fleet: Fleet,
        stands: Sequence[Stand],
        narrator: Narrator,
        clock: Clock,
        pace: Pace,
    ) -> None:
        self._player = Player(scenario, fleet, on_moment=self._take, speed=pace.speed)
        self._fleet = fleet
        self._stands = {stand.venue: stand for stand in stands}
        self._accounts = Exchanges(*(stand.api for stand in stands), clock=clock)
        self._narrator = narrator
        self._clock = clock
        self._began_s = clock.monotonic_s()
        self._pace = pace
        self._is_over = False
        self._healing: set[str] = set()
        """Venues that are mended, and where a circuit is open or a gate closed still."""
        self._renewing: set[str] = set()
        """Venues whose key was refused, and is right again."""

    async def tell(self) -> None:
        """Play it, with everybody at work, until its rounds are over."""
        async with asyncio.TaskGroup() as together:
            for stand in self._stands.values():
                together.create_task(self._trade(stand))
            looking = together.create_task(self._look_over_all())
            await self._play()
            self._is_over = True
            looking.cancel()

    async def end(self) -> list[Sums]:
        """Mend everything, settle what is open, and tell the sums."""
        self._is_over = True
        self._fleet.mend()
        for stand in self._stands.values():
            stand.renew_key()
        await asyncio.gather(*(stand.agent.settle() for stand in self._stands.values()))
        sums = [summed(await stand.account()) for stand in self._stands.values()]
        self._narrator.ending(sums)
        return sums

    async def _play(self) -> None:
        rounds = self._pace.rounds
        while rounds is None or rounds > 0:
            await self._player.play()
            rounds = None if rounds is None else rounds - 1

    # ---------------------------------------------------------------------------- what is at work

    async def _trade(self, stand: Stand) -> None:
        trade, ticks = TRADES[stand.venue], 0
        pace_s = max(trade.pace_s / self._pace.speed, trade.pace_s_min)
        while not self._is_over:
            ticks += 1
            if ticks == _TICKS_BEFORE_OVERREACH:
                await self._overreach(stand)
            await stand.agent.tick()
            self._tend(stand)
            await self._clock.sleep_async(pace_s)

    async def _overreach(self, stand: Stand) -> None:
        stand.mark()
        await stand.agent.overreach()
        self._tell(stand, OVERREACHES)

    def _tend(self, stand: Stand) -> None:
        """See whether a venue that is mended is well again."""
        if stand.venue in self._renewing:
            stand.renew_key()
        if stand.venue in self._healing and stand.is_well():
            self._tell(stand, _WELL_BY_HAND if stand.venue in self._renewing else _WELL)
            self._healing.discard(stand.venue)
            self._renewing.discard(stand.venue)

    async def _look_over_all(self) -> None:
        pause_s, looks, missing = max(_LOOK_S / self._pace.speed, _LOOK_S_MIN), 0, set[str]()
        while True:
            told = await self._accounts.get_portfolio(within_s=_LOOK_WITHIN_S)
            gone = {each.exchange for each in told.missing}
            if gone != missing or looks % _LOOKS_A_LINE == 0:
                self._narrator.over_all(self._elapsed_s(), told)
            missing, looks = gone, looks + 1
            await self._clock.sleep_async(pause_s)

    # ---------------------------------------------------------------------------- what is told

    def _take(self, moment: Moment) -> None:
        for venue in moment.rule_ids:
            stand = self._stands[venue]
            if moment.begins:
                self._broken(stand, moment)
            else:
                self._mended(stand, moment)

    def _broken(self, stand: Stand, moment: Moment) -> None:
        self._healing.discard(stand.venue)
        self._renewing.discard(stand.venue)
        self._narrator.breaks(self._elapsed_s(), stand.venue, moment.step.meaning)
        stand.mark()

    def _mended(self, stand: Stand, moment: Moment) -> None:
        hits = moment.fired[stand.venue]
        self._tell(stand, f"mended   {moment.step.meaning}, hit {hits}x")
        if isinstance(getattr(moment.step.breaks, "action", None), KeyRevoked):
            self._renewing.add(stand.venue)
        if not stand.is_well():
            self._healing.add(stand.venue)

    def _tell(self, stand: Stand, what: str) -> None:
        self._narrator.told(self._elapsed_s(), stand.venue, what, stand.span())
        stand.mark()

    def _elapsed_s(self) -> float:
        return self._clock.monotonic_s() - self._began_s
