"""Owns playing a scenario on a fleet by the clock, and mending what it broke, however it ends."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from switchgear.practice.sim.scenario import EVERY
from switchgear.practice.sim.wire_rules import WireRule

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from switchgear.core.clock import Timer
    from switchgear.practice.sim.fleet import Fleet
    from switchgear.practice.sim.scenario import Scenario, Step
    from switchgear.practice.sim.server import Sim


@dataclass(frozen=True, slots=True)
class Moment:
    """A step that begins or ends."""

    at_s: float
    """Since the start, in the time of the scenario."""
    step: Step
    begins: bool
    rule_ids: Mapping[str, int]
    """By venue, the rule that it is there: of the wire for a wire step, else a fault."""
    fired: Mapping[str, int]
    """By venue, how often it has hit a call."""


class Player:
    """Plays one scenario, once or several times, on a fleet that runs."""

    def __init__(
        self,
        scenario: Scenario,
        fleet: Fleet,
        *,
        on_moment: Callable[[Moment], object] | None = None,
        speed: float = 1.0,
    ) -> None:
        """
        Steps at venues that the fleet does not run are left out.

        Args:
            scenario: What to play.
            fleet: Where; its clock is the one that counts.
            on_moment: Told of each step that begins or ends, on the event loop.
            speed: How many seconds of the scenario pass in one of the clock, above 0. What a rule
                says in seconds, such as a delay, stays as it is.

        Raises:
            ValueError: speed is not above 0.
        """
        if not 0 < speed < float("inf"):
            raise ValueError(f"speed is {speed!r}; allowed: a number above 0")
        self.scenario = scenario
        self._fleet = fleet
        self._on_moment = on_moment
        self._speed = speed

    async def play(self) -> None:
        """
        Play it from its start to its end.

        When it ends, is cancelled, or on_moment raises (which is raised here), everything that it
        broke is mended; rules of others stay.
        """
        playing = _Playing(self._fleet, self.scenario.steps, self._on_moment)
        try:
            for turn in _turns(self.scenario):
                playing.arm(turn, turn.at_s / self._speed)
            playing.end_in(self.scenario.duration_s / self._speed)
            await playing.ended
        finally:
            playing.mend()


class _Turn(NamedTuple):
    """A step that is to begin or end."""

    at_s: float
    begins: bool
    place: int
    step: Step


def _turns(scenario: Scenario) -> list[_Turn]:
    """In the order of time; at the same time what ends goes before what begins."""
    begin = [_Turn(step.at_s, True, place, step) for place, step in enumerate(scenario.steps)]
    end = [turn._replace(at_s=turn.at_s + turn.step.for_s, begins=False) for turn in begin]
    return sorted([*begin, *end], key=lambda turn: turn[:3])


class _Playing:
    """One time that a scenario is played."""

    def __init__(
        self,
        fleet: Fleet,
        steps: Sequence[Step],
        on_moment: Callable[[Moment], object] | None,
    ) -> None:
        self._fleet = fleet
        self._steps = steps
        self._on_moment = on_moment
        self._timers: list[Timer] = []
        self._held: dict[int, dict[str, int]] = {}
        """The rules in force by the place of their step and by venue."""
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def arm(self, turn: _Turn, delay_s: float) -> None:
        """Take this turn when its time has come; at once when there is no delay."""
        if delay_s > 0:
            self._timers.append(self._fleet.clock.timer(delay_s, partial(self._take, turn)))
        else:
            self._take(turn)

    def end_in(self, delay_s: float) -> None:
        """Let it end after so long."""
        self._timers.append(self._fleet.clock.timer(delay_s, self._end))

    def _end(self) -> None:
        if not self.ended.done():
            self.ended.set_result(None)

    def mend(self) -> None:
        """Take away what is still in force, and begin nothing more."""
        for timer in self._timers:
            timer.cancel()
        for place in list(self._held):
            self._remove(place)

    def _take(self, turn: _Turn) -> None:
        if turn.begins:
            self._held[turn.place] = rule_ids = self._add(turn.step)
            fired = dict.fromkeys(rule_ids, 0)
        else:
            rule_ids = self._held.get(turn.place, {})
            fired = {
                name: _fired(self._fleet[name], turn.step, rule_ids[name]) for name in rule_ids
            }
            self._remove(turn.place)
        if rule_ids:
            self._tell(Moment(turn.at_s, turn.step, turn.begins, rule_ids, fired))

    def _tell(self, moment: Moment) -> None:
        if self._on_moment is None or self.ended.done():
            return
        try:
            self._on_moment(moment)
        except Exception as error:  # noqa: BLE001 a timer has no caller; play raises it
            self.ended.set_exception(error)

    def _add(self, step: Step) -> dict[str, int]:
        sims = [sim for sim in self._fleet if step.venue in {sim.venue, EVERY}]
        if isinstance(step.breaks, WireRule):
            return {sim.venue: sim.add_wire(step.breaks)[0] for sim in sims}
        return {sim.venue: sim.add_faults(step.breaks)[0] for sim in sims}

    def _remove(self, place: int) -> None:
        step = self._steps[place]
        for name, rule_id in self._held.pop(place, {}).items():
            sim = self._fleet[name]
            remove = sim.remove_wire if isinstance(step.breaks, WireRule) else sim.remove_fault
            remove(rule_id)


def _fired(sim: Sim, step: Step, rule_id: int) -> int:
    rules = sim.wire()["rules"] if isinstance(step.breaks, WireRule) else sim.faults()
    return next((rule["fired"] for rule in rules if rule["id"] == rule_id), 0)
