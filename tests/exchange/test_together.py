"""Proves one portfolio over several exchanges: partial answers say who is missing, since when and why."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

import switchgear as sg
from switchgear.exchange import Exchanges, FieldError
from switchgear.practice.sim.server import Sim
from tests.exchange.venues import CASES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from switchgear.testing import FakeClock

pytestmark = pytest.mark.anyio
DOWN = {"match": "*", "action": "html", "status": 502}


class World:
    """Every venue with a client of it, all on one clock."""

    def __init__(self, sims: dict[str, Sim], apis: dict[str, Any], clock: FakeClock) -> None:
        self.sims = sims
        self.apis = apis
        self.all = Exchanges(*apis.values(), clock=clock)


@pytest.fixture
async def world(gear: sg.Switchgear, clock: FakeClock) -> AsyncIterator[World]:
    """All exchanges; each client remembers its portfolio for a minute."""
    gear.configure("*", retries=0)
    sims = {case.name: Sim(clock=clock, venue=case.name) for case in CASES}
    for sim in sims.values():
        await sim.start()
    remembered = {"get_portfolio": sg.last_good(60)}
    apis = {case.name: case.client(gear, sims[case.name], fallbacks=remembered) for case in CASES}
    yield World(sims, apis, clock)
    for api in apis.values():
        await api.close()
    for sim in sims.values():
        await sim.stop()


async def test_all_that_answer_are_added_up(world: World) -> None:
    """Each account is a part, told now; totals go by currency, holdings by asset."""
    found = await world.all.get_portfolio()
    assert found.is_complete
    assert [part.exchange for part in found.parts] == [case.name for case in CASES]
    assert {(part.source, part.age_s, part.reason) for part in found.parts} == {
        ("primary", 0.0, "")
    }
    alone = {name: await api.get_portfolio() for name, api in world.apis.items()}
    assert found.totals["USDT"] == alone["binance"].total
    assert found.totals["USD"] == sum(
        told.total for told in alone.values() if told.currency == "USD"
    )
    assert found.holdings["BTC"] == sum(
        told.balances["BTC"].total for told in alone.values() if "BTC" in told.balances
    )
    worth = found.total("USD", {"USDT": Decimal("0.999")})
    assert worth == found.totals["USD"] + found.totals["USDT"] * Decimal("0.999")


async def test_who_does_not_answer_is_missing_since_then(world: World, clock: FakeClock) -> None:
    """The others are told; since is the first time in vain, and stays; afterwards it is whole again."""
    world.sims["binance"].add_faults(DOWN)
    first_at = clock.wall()
    found = await world.all.get_portfolio()
    clock.advance(5)
    again = await world.all.get_portfolio()
    for told in (found, again):
        assert not told.is_complete
        [missing] = told.missing
        assert (missing.exchange, missing.account) == ("binance", "main")
        assert missing.kind is sg.Kind.UNAVAILABLE
        assert "502" in missing.reason
        assert missing.last_seen is None
        assert missing.since - first_at < timedelta(seconds=1)
        assert [part.exchange for part in told.parts] == [case.name for case in CASES[1:]]
    world.sims["binance"].clear_faults()
    assert (await world.all.get_portfolio()).is_complete


async def test_an_old_answer_has_its_age_and_its_reason(world: World, clock: FakeClock) -> None:
    """A remembered portfolio is a part with its age; once too old, its account is missing."""
    await world.all.get_portfolio()
    seen_at = clock.wall()
    world.sims["coinbase"].add_faults(DOWN)
    clock.advance(20)
    found = await world.all.get_portfolio()
    [old] = [part for part in found.parts if part.is_fallback]
    assert (old.exchange, old.source) == ("coinbase", "last_good")
    assert old.age_s == pytest.approx(20, abs=1)
    assert found.age_s == old.age_s
    assert old.reason
    clock.advance(60)
    later = await world.all.get_portfolio()
    [missing] = later.missing
    assert missing.exchange == "coinbase"
    assert missing.last_seen is not None
    assert abs(missing.last_seen - seen_at) < timedelta(seconds=1)


async def test_a_hanging_exchange_costs_its_own_part_alone(
    world: World, gear: sg.Switchgear, clock: FakeClock
) -> None:
    """After the time that was given the rest is told, and one without a memory is missing."""
    clock.autojump = False
    world.sims["binance"].add_faults({"match": "account", "action": "delay", "delay_s": 8})
    asking = asyncio.create_task(world.all.get_portfolio(within_s=2))
    others = [case.name for case in CASES if case.name != "binance"]
    while not all(gear.metrics(name, "get_portfolio").success_calls for name in others):
        await asyncio.wait([asking], timeout=0.005)
    clock.advance(2)
    found = await asking
    [missing] = found.missing
    assert (missing.exchange, missing.kind) == ("binance", sg.Kind.TIMEOUT)
    assert missing.reason == "no answer within 2 s"
    assert gear.metrics("binance", "get_portfolio").cancelled_calls == 1


async def test_a_hanging_exchange_is_told_from_memory_first(
    world: World, gear: sg.Switchgear, clock: FakeClock
) -> None:
    """What it said half a minute ago is a part with its age and the reason, and nobody is missing."""
    await world.all.get_portfolio()
    clock.autojump = False
    world.sims["binance"].add_faults({"match": "account", "action": "delay", "delay_s": 8})
    asking = asyncio.create_task(world.all.get_portfolio(within_s=2))
    others = [case.name for case in CASES if case.name != "binance"]
    while not all(gear.metrics(name, "get_portfolio").success_calls == 2 for name in others):
        await asyncio.wait([asking], timeout=0.005)
    clock.advance(2)
    found = await asking
    assert found.is_complete
    [old] = [part for part in found.parts if part.is_fallback]
    assert (old.exchange, old.source) == ("binance", "last_good")
    assert (old.reason, old.age_s > 0) == ("no answer within 2 s", True)


async def test_an_open_circuit_is_a_reason(world: World, gear: sg.Switchgear) -> None:
    """A call that was not made is missing with the words of its rejection."""
    gear.hold("binance", "get_portfolio", state="open", by="ops", why="incident")
    [missing] = (await world.all.get_portfolio()).missing
    assert "incident" in missing.reason


async def test_a_closed_gate_keeps_the_kind_of_its_cause(world: World) -> None:
    """The second look meets the gate that the first one closed, and still says why it is closed."""
    banned = {"match": "venue", "action": "row", "row": "ip_banned", "retry_after_s": 30}
    world.sims["binance"].add_faults(banned)
    [first] = (await world.all.get_portfolio()).missing
    [second] = (await world.all.get_portfolio()).missing
    assert first.kind is second.kind is sg.Kind.BANNED
    assert "gate closed" in second.reason


async def test_what_cannot_be_is_named(world: World, clock: FakeClock) -> None:
    """No account, one twice, no time, no rate: each is refused by its name."""
    with pytest.raises(sg.SettingsError, match="apis"):
        Exchanges(clock=clock)
    with pytest.raises(sg.SettingsError, match="binance"):
        Exchanges(world.apis["binance"], world.apis["binance"], clock=clock)
    with pytest.raises(FieldError, match="within_s"):
        await world.all.get_portfolio(within_s=0)
    found = await world.all.get_portfolio()
    with pytest.raises(FieldError, match="USDT"):
        found.total("USD", {})
    with pytest.raises(FieldError, match="USDT"):
        found.total("USD", {"USDT": Decimal("NaN")})
