"""Proves that a scenario is played by the clock, repeats by its seed, and leaves everything mended."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from switchgear.practice.sim.fleet import Fleet
from switchgear.practice.sim.scenario import parse
from switchgear.practice.sim.scenario_player import Moment, Player
from switchgear.testing.clock import FakeClock

if TYPE_CHECKING:
    from switchgear.practice.sim.server import Sim

pytestmark = pytest.mark.anyio
TEXT = """
name = "mine"
meaning = "Mine."
duration_s = 10

[[step]]
at_s = 0
for_s = 2
venue = "binance"
fault = { action = "html", status = 502 }

[[step]]
at_s = 2
for_s = 4
venue = "*"
wire = { action = "cut" }

[[step]]
at_s = 6
venue = "alpaca"
fault = { action = "refuse", duration_s = 60 }
"""
SCENARIO = parse(TEXT, "mine.toml")
HALF = TEXT.partition("[[step]]")[0] + (
    '[[step]]\nat_s = 1\nvenue = "binance"\n'
    'fault = { action = "html", status = 502, probability = 0.5 }\n'
)


def in_force(sim: Sim) -> list[str]:
    """The actions of the rules in force, those of the wire behind."""
    return [rule["action"] for rule in sim.faults() + sim.wire()["rules"]]


async def begun(player: Player) -> asyncio.Task[None]:
    """A scenario whose timers are set."""
    playing = asyncio.create_task(player.play())
    await asyncio.wait([playing], timeout=0)
    return playing


async def test_steps_begin_and_end_by_the_clock() -> None:
    """Each at its time, what ends before what begins; afterwards all is mended."""
    told: list[tuple[float, bool, str]] = []

    def tell(moment: Moment) -> None:
        told.append((moment.at_s, moment.begins, ",".join(moment.rule_ids)))

    clock = FakeClock(autojump=False)
    async with Fleet(clock=clock) as fleet:
        binance, alpaca, _ = fleet
        playing = await begun(Player(SCENARIO, fleet, on_moment=tell))
        assert in_force(binance) == ["html"]
        clock.advance(1.9)
        assert (in_force(binance), in_force(alpaca)) == (["html"], [])
        clock.advance(0.1)
        assert (in_force(binance), in_force(alpaca)) == (["cut"], ["cut"])
        clock.advance(4)
        assert (in_force(binance), in_force(alpaca)) == ([], ["refuse"])
        clock.advance(4)
        await playing
        assert [in_force(sim) for sim in fleet] == [[], [], []]
        async with aiohttp.ClientSession() as session, session.get(alpaca.base_url) as answer:
            assert (
                answer.status == 404
            )  # it listens again, long before the refusal would have ended
    every = "binance,alpaca,coinbase"
    assert told == [
        (0, True, "binance"),
        (2, False, "binance"),
        (2, True, every),
        (6, False, every),
        (6, True, "alpaca"),
        (10, False, "alpaca"),
    ]


async def test_it_is_told_how_often_a_step_hit() -> None:
    """At its end a step tells how many calls it has hit, venue by venue."""
    fired: list[Any] = []
    clock = FakeClock(autojump=False)
    async with Fleet(clock=clock) as fleet, aiohttp.ClientSession() as session:
        playing = await begun(Player(SCENARIO, fleet, on_moment=lambda m: fired.append(m.fired)))
        for _ in range(3):
            async with session.get(f"{fleet['binance'].base_url}/api/v3/ping") as answer:
                assert answer.status == 502
        clock.advance(10)
        await playing
    assert fired[:2] == [{"binance": 0}, {"binance": 3}]
    assert fired[-1] == {"alpaca": 1}


async def test_a_cancelled_one_is_mended() -> None:
    """Cut off in the middle it takes away its own rules, begins nothing more, and leaves those of others."""
    clock = FakeClock(autojump=False)
    async with Fleet(clock=clock) as fleet:
        fleet["coinbase"].add_faults({"action": "cut"})
        playing = await begun(Player(SCENARIO, fleet))
        clock.advance(3)
        playing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await playing
        clock.advance(10)
        assert [in_force(sim) for sim in fleet] == [[], [], ["cut"]]


async def test_a_listener_that_raises_ends_it() -> None:
    """Its error comes out of play, and everything is mended."""

    def tell(moment: Moment) -> None:
        if moment.at_s == 2:
            raise BrokenPipeError

    clock = FakeClock(autojump=False)
    async with Fleet(clock=clock) as fleet:
        playing = await begun(Player(SCENARIO, fleet, on_moment=tell))
        clock.advance(3)
        with pytest.raises(BrokenPipeError):
            await playing
        assert [in_force(sim) for sim in fleet] == [[], [], []]


async def test_speed_moves_the_steps_alone() -> None:
    """At twice the speed the steps come in half the time, and it can be played again."""
    clock = FakeClock(autojump=False)
    async with Fleet(clock=clock) as fleet:
        player = Player(SCENARIO, fleet, speed=2)
        for _ in range(2):
            playing = await begun(player)
            clock.advance(1)
            assert in_force(fleet["binance"]) == ["cut"]
            clock.advance(4)
            await playing
        with pytest.raises(ValueError, match="speed is 0; allowed: a number above 0"):
            Player(SCENARIO, fleet, speed=0)


async def test_a_venue_that_does_not_run_is_left_out() -> None:
    """A part of the fleet plays what concerns it, and is told of nothing else."""
    told: list[Moment] = []
    clock = FakeClock(autojump=False)
    async with Fleet(clock=clock, venues=("coinbase",)) as fleet:
        playing = await begun(Player(SCENARIO, fleet, on_moment=told.append))
        clock.advance(10)
        await playing
    assert [(moment.at_s, list(moment.rule_ids)) for moment in told] == [
        (2, ["coinbase"]),
        (6, ["coinbase"]),
    ]


async def hits(seed: int) -> list[bool]:
    """Which of forty calls a step hits that is to hit half of them."""
    clock = FakeClock(autojump=False)
    async with Fleet(seed, clock, venues=("binance",)) as fleet, aiohttp.ClientSession() as session:
        (sim,) = fleet
        playing = await begun(Player(parse(HALF, "half.toml"), fleet))
        clock.advance(1)
        statuses: list[int] = []
        for _ in range(40):
            async with session.get(f"{sim.base_url}/api/v3/ping") as answer:
                statuses.append(answer.status)
        clock.advance(9)
        await playing
    return [status == 502 for status in statuses]


async def test_a_seed_repeats_a_scenario() -> None:
    """The same seed and calls meet the same faults; another seed brings others."""
    first, second, other = await hits(3), await hits(3), await hits(4)
    assert first == second != other
    assert 8 < sum(first) < 32
