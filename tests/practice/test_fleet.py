"""Proves a fleet: a port for each venue, all started or none, and the wire before each."""

from __future__ import annotations

import json
import os
import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import urlopen

import aiohttp
import pytest

from switchgear.practice.sim.fleet import VENUES, Fleet, FleetThread
from switchgear.practice.sim.rules import RuleError
from switchgear.practice.sim.server import Sim
from switchgear.testing.clock import FakeClock

if TYPE_CHECKING:
    from tests.practice.station import Station

pytestmark = pytest.mark.anyio
TIMES = {"binance": "/api/v3/time", "alpaca": "/v2/clock", "coinbase": "/api/v3/brokerage/time"}
CONTROLLED = "/_sim/state"


def port_of(url: str) -> int:
    """The port of an address."""
    return int(urlsplit(url).port or 0)


def free_ports(count: int) -> int:
    """The first of so many ports in a row that nobody has."""
    # Not from the same place in each process: tests may run in several at once.
    for first in range(20_000 + os.getpid() % 2_000 * count, 30_000, count):
        probes = [socket.socket() for _ in range(count)]
        try:
            for place, probe in enumerate(probes):
                probe.bind(("127.0.0.1", first + place))
        except OSError:
            continue
        finally:
            for probe in probes:
                probe.close()
        return first
    raise AssertionError


async def test_each_venue_has_the_next_port() -> None:
    """The first has the port that is asked for, the others follow in order, and each is itself."""
    first = free_ports(3)
    async with Fleet(port=first, clock=FakeClock()) as fleet, aiohttp.ClientSession() as session:
        assert [sim.venue for sim in fleet] == list(VENUES)
        assert [port_of(sim.base_url) for sim in fleet] == [first, first + 1, first + 2]
        for sim in fleet:
            assert sim is fleet[sim.venue]
            async with session.get(sim.base_url + CONTROLLED) as answer:
                assert (await answer.json())["venue"] == sim.venue
            async with session.get(sim.base_url + TIMES[sim.venue]) as answer:
                assert answer.status in {200, 401}  # the venue's own word: Alpaca asks for a key


async def test_a_fleet_may_be_a_part() -> None:
    """Only the venues that are named run, in that order."""
    async with Fleet(venues=("coinbase", "alpaca")) as fleet:
        assert [sim.venue for sim in fleet] == ["coinbase", "alpaca"]
        assert ("alpaca" in fleet, "binance" in fleet) == (True, False)
        with pytest.raises(KeyError):
            fleet["binance"]


@pytest.mark.parametrize("kind", [Fleet, FleetThread])
@pytest.mark.parametrize("venues", [("kraken",), ("binance", "binance")])
async def test_a_wrong_venue_is_named(
    kind: type[Fleet | FleetThread], venues: tuple[str, ...]
) -> None:
    """An unknown venue, or one named twice, is an error before anything starts."""
    with pytest.raises(ValueError, match=rf"{venues[0]}.*allowed"):
        kind(venues=venues)


async def test_all_start_or_none() -> None:
    """When the port of one is taken, those before it give theirs back."""
    first = free_ports(3)
    async with Sim(port=first + 2):
        with pytest.raises(OSError, match="in use"):
            async with Fleet(port=first):
                pass  # pragma: no cover - it does not begin
    async with Fleet(port=first) as fleet:
        assert port_of(fleet["coinbase"].base_url) == first + 2


def test_threads_serve_callers_without_a_loop() -> None:
    """Each venue is asked, broken and mended from plain code."""
    with FleetThread() as fleet:
        assert [sim.venue for sim in fleet] == list(VENUES)
        assert "alpaca" in fleet
        for sim in fleet:
            sim.add_faults({"match": "venue", "action": "html", "status": 502})
            sim.add_wire({"action": "delay", "delay_s": 0, "side": "answer"})
            with urlopen(f"{sim.wire_url}{CONTROLLED}") as answer:
                state = json.load(answer)
            assert (state["venue"], state["wire"]["faults"]) == (sim.venue, {"delay": 1})
            assert sim is fleet[sim.venue]
            assert sim.credentials["key"] == sim.key
        fleet.mend()
        for sim in fleet:
            assert sim.state()["wire"]["rules"] == []
            sim.add_wire({"action": "cut"})
            sim.clear_wire()
            with urlopen(f"{sim.wire_url}{CONTROLLED}") as answer:
                assert answer.status == 200


async def test_the_wire_breaks_apart_from_the_venue(station: Station) -> None:
    """What is broken on the wire is whole at the venue's own address, and the other way round."""
    sim = station.sim
    assert sim.add_wire({"match": "POST /api/*", "action": "reset", "side": "request"}) == [1]
    with pytest.raises(aiohttp.ClientOSError):
        await station.call("POST", f"{sim.wire_url}/api/v3/order")
    assert (await station.call("GET", "/api/v3/ping")).status == 200
    sim.clear_wire()
    assert (await station.call("GET", f"{sim.wire_url}/api/v3/ping")).status == 200
    assert sim.state()["wire"]["faults"] == {"reset": 1}
    sim.add_faults({"action": "refuse", "duration_s": 9})
    with pytest.raises(aiohttp.ClientError):
        await station.call("GET", f"{sim.wire_url}/api/v3/ping")
    sim.mend()
    assert (await station.call("GET", f"{sim.wire_url}/api/v3/ping")).status == 200


async def test_one_rule_of_the_wire_is_taken_away(station: Station) -> None:
    """By its id, once; a rule that cannot be is a ValueError."""
    ids = station.sim.add_wire([{"action": "cut"}, {"action": "cut", "at_byte": 5}])
    assert (station.sim.remove_wire(ids[0]), station.sim.remove_wire(ids[0])) == (True, False)
    assert [rule["id"] for rule in station.sim.wire()["rules"]] == ids[1:]
    with pytest.raises(RuleError, match="action is 'melt'"):
        station.sim.add_wire({"action": "melt"})


async def test_mending_a_fleet_mends_all() -> None:
    """Faults and rules of the wire are gone everywhere."""
    async with Fleet() as fleet:
        for sim in fleet:
            sim.add_faults({"action": "cut"})
            sim.add_wire({"action": "cut"})
        fleet.mend()
        assert [sim.faults() + sim.wire()["rules"] for sim in fleet] == [[], [], []]
