"""Proves that refusals which overlap last to the end of the last, at the venue and on the wire."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiohttp
import pytest

from switchgear.practice.sim.fleet import Fleet
from switchgear.practice.sim.scenario import parse
from switchgear.practice.sim.scenario_player import Player
from switchgear.testing.clock import FakeClock

if TYPE_CHECKING:
    from tests.practice.station import Station

pytestmark = pytest.mark.anyio
PING = "/api/v3/ping"
SPOTS = ("base_url", "wire_url")


def refusal(**more: object) -> dict[str, object]:
    """A rule that refuses connections for a minute."""
    return {"action": "refuse", "duration_s": 60, **more}


async def listens(url: str) -> bool:
    """Whether a new connection is taken."""
    try:
        async with aiohttp.ClientSession() as session, session.get(url + PING) as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False


class Spot:
    """The door of a venue or the proxy before it, and the rules of that one."""

    def __init__(self, station: Station, name: str) -> None:
        self._url: str = getattr(station.sim, name)
        is_wire = name == "wire_url"
        self.add = station.sim.add_wire if is_wire else station.sim.add_faults
        self.remove = station.sim.remove_wire if is_wire else station.sim.remove_fault

    async def listens(self) -> bool:
        """Whether a new connection is taken."""
        return await listens(self._url)


@pytest.mark.parametrize("name", SPOTS)
async def test_a_rule_that_never_fired_opens_nothing(station: Station, name: str) -> None:
    """Taking it away leaves the refusal of another as it is."""
    spot = Spot(station, name)
    first, idle = spot.add([refusal(), refusal(match="POST /nowhere")])
    assert spot.remove(idle)
    assert not await spot.listens()
    assert spot.remove(first)
    assert await spot.listens()


@pytest.mark.parametrize("name", SPOTS)
async def test_the_end_of_one_leaves_the_other(station: Station, name: str) -> None:
    """Two at once end with the later of them, in whichever order they are taken away."""
    spot = Spot(station, name)
    for order in (1, -1):
        ids = spot.add([refusal(), refusal(duration_s=30)])[::order]
        assert spot.remove(ids[0])
        assert not await spot.listens()
        assert spot.remove(ids[1])
        assert await spot.listens()


@pytest.mark.parametrize("name", SPOTS)
async def test_what_is_left_ends_at_its_own_time(station: Station, name: str) -> None:
    """When the longer one is taken away the shorter holds to its end, and one that is over holds nothing."""
    spot = Spot(station, name)
    long, _ = spot.add([refusal(), refusal(duration_s=30)])
    assert spot.remove(long)
    station.clock.advance(29)
    assert not await spot.listens()
    station.clock.advance(1)
    assert await spot.listens()
    short, long = spot.add([refusal(duration_s=30), refusal()])
    station.clock.advance(40)
    assert spot.remove(long)
    assert await spot.listens()
    assert spot.remove(short)
    assert await spot.listens()


@pytest.mark.parametrize("name", SPOTS)
async def test_a_call_that_meets_a_rule_begins_a_refusal_of_that_rule(
    station: Station, name: str
) -> None:
    """It holds its own place among the others, and ends with its rule."""
    spot = Spot(station, name)
    (met,) = spot.add(refusal(match=f"GET {PING}", count=1))
    assert not await spot.listens()
    (other,) = spot.add(refusal())
    assert spot.remove(other)
    assert not await spot.listens()
    assert spot.remove(met)
    assert await spot.listens()


@pytest.mark.parametrize("sort", ["fault", "wire"])
async def test_steps_that_overlap_hold_to_the_end_of_the_last(sort: str) -> None:
    """A scenario that refuses from 1 to 5 s and from 3 to 9 s refuses from 1 to 9 s."""
    text = 'name = "mine"\nmeaning = "Mine."\nduration_s = 10\n'
    for at_s, for_s in ((1, 4), (3, 6)):
        text += f'[[step]]\nat_s = {at_s}\nfor_s = {for_s}\nvenue = "binance"\n'
        text += f'{sort} = {{ action = "refuse", duration_s = {for_s} }}\n'
    clock, seen = FakeClock(autojump=False), list[bool]()
    async with Fleet(1, clock, venues=["binance"]) as fleet:
        playing = asyncio.create_task(Player(parse(text, "mine.toml"), fleet).play())
        await asyncio.wait([playing], timeout=0)
        url = fleet["binance"].base_url if sort == "fault" else fleet["binance"].wire_url
        for _ in range(10):
            seen.append(await listens(url))
            clock.advance(1)
        await playing
    assert seen == [True] + [False] * 8 + [True]
