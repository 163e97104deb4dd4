"""Proves of each shipped scenario that every step of it hits a client, and that it leaves all mended."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiohttp
import pytest

from switchgear.practice.sim.fleet import Fleet
from switchgear.practice.sim.scenario import load, shipped
from switchgear.practice.sim.scenario_player import Moment, Player
from switchgear.practice.sim.wire_rules import WireRule
from switchgear.testing.clock import FakeClock

if TYPE_CHECKING:
    from switchgear.practice.sim.server import Sim

pytestmark = pytest.mark.anyio
ASKED = {
    "binance": (
        ("POST", "/api/v3/order"),
        ("GET", "/api/v3/account"),
        ("GET", "/api/v3/ticker/price"),
    ),
    "alpaca": (
        ("POST", "/v2/orders"),
        ("GET", "/v2/account"),
        ("GET", "/v1beta3/crypto/us/latest/trades"),
    ),
    "coinbase": (
        ("POST", "/api/v3/brokerage/orders"),
        ("GET", "/api/v3/brokerage/accounts"),
        ("GET", "/api/v3/brokerage/market/products/BTC-USD/ticker"),
    ),
}
KEYED = {"X-MBX-APIKEY": "key", "APCA-API-KEY-ID": "key", "Authorization": "Bearer key"}
ROUNDS_MAX = 30
"""A step that hits a quarter of the calls misses so many in a row once in five thousand times."""

LOOKS = 10
"""So often it is looked whether a call that may hang for good has been hit."""


async def ask(session: aiohttp.ClientSession, sim: Sim, method: str, path: str) -> str:
    """How one call through the wire ends."""
    try:
        async with session.request(method, sim.wire_url + path, headers=KEYED) as answer:
            await answer.read()
            return str(answer.status)
    except aiohttp.ClientError as error:
        return type(error).__name__


def fired(sim: Sim, moment: Moment) -> int:
    """How often the rule of a step has hit at a venue."""
    is_wire = isinstance(moment.step.breaks, WireRule)
    rules = sim.wire()["rules"] if is_wire else sim.faults()
    return sum(rule["fired"] for rule in rules if rule["id"] == moment.rule_ids[sim.venue])


async def meet(session: aiohttp.ClientSession, sim: Sim, moment: Moment) -> None:
    """Ask a venue until the rule of a step hits, and leave what hangs."""
    for _ in range(ROUNDS_MAX):
        calls = [asyncio.create_task(ask(session, sim, *each)) for each in ASKED[sim.venue]]
        for _ in range(LOOKS):
            _, hanging = await asyncio.wait(calls, timeout=0.005)
            if not hanging or fired(sim, moment):
                break
        for call in calls:
            call.cancel()
        await asyncio.wait(calls)
        if fired(sim, moment):
            return
    raise AssertionError(f"{moment.step.meaning!r} hits nobody at {sim.venue}")


@pytest.mark.parametrize("name", shipped())
async def test_every_step_hits_and_all_is_mended(name: str) -> None:
    """In virtual time each step meets a client at each of its venues; afterwards none does."""
    scenario, clock, moments = load(name), FakeClock(autojump=False), list[Moment]()
    async with Fleet(scenario.seed, clock) as fleet, aiohttp.ClientSession() as session:
        playing = asyncio.create_task(Player(scenario, fleet, on_moment=moments.append).play())
        await asyncio.wait([playing], timeout=0)
        at_s, met = 0.0, 0
        for turn_s in sorted({step.at_s for step in scenario.steps}):
            clock.advance(turn_s - at_s)
            at_s = turn_s
            begun = [each for each in moments if each.begins and each.at_s == turn_s]
            for moment in begun:
                for venue in moment.rule_ids:
                    await meet(session, fleet[venue], moment)
            met += len(begun)
        clock.advance(scenario.duration_s - at_s)
        await playing
        assert met == len(scenario.steps)
        assert all(sum(each.fired.values()) for each in moments if not each.begins)
        for sim in fleet:
            assert sim.faults() + sim.wire()["rules"] == []
            endings = [await ask(session, sim, *each) for each in ASKED[sim.venue]]
            assert set(endings) <= {"200", "400", "401"}, endings
