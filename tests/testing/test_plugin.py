"""Proves the pytest plugin as a user gets it: by its entry point, in a test run of its own."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from switchgear.gear import Switchgear
    from switchgear.practice.sim.fleet import FleetThread
    from switchgear.practice.sim.server import SimThread
    from switchgear.testing import FakeClock

pytest_plugins = ["pytester"]

USERS_TESTS = """
import asyncio
import json
from decimal import Decimal
from urllib.request import urlopen

import pytest
import switchgear as sg
from switchgear.exchange import BinanceApi

GEARS = []

async def price(gear, sim):
    async with BinanceApi(gear, base_url=sim.base_url) as api:
        return await api.get_market_price("BTC/USDT")

def test_a_price(practice_exchange, switchgear_gear):
    assert isinstance(asyncio.run(price(switchgear_gear, practice_exchange)), Decimal)
    GEARS.append(switchgear_gear)
    practice_exchange.add_faults({"match": "*", "action": "answer", "status": 503})

def test_the_fault_of_the_test_before_is_gone(practice_exchange, switchgear_gear):
    assert isinstance(asyncio.run(price(switchgear_gear, practice_exchange)), Decimal)
    assert len(GEARS) == 1 and GEARS[0] is not switchgear_gear

def test_the_gear_obeys_the_clock(practice_exchange, switchgear_gear, switchgear_clock):
    assert switchgear_gear.clock is switchgear_clock
    practice_exchange.add_faults({"match": "*", "action": "answer", "status": 503})
    with pytest.raises(sg.ApiError):
        asyncio.run(price(switchgear_gear, practice_exchange))
    assert switchgear_gear.circuit("binance", "get_market_price").state.value == "open"
    switchgear_clock.advance(30)
    practice_exchange.clear_faults()
    assert asyncio.run(price(switchgear_gear, practice_exchange)) > 0

def test_three_exchanges(practice_exchanges):
    assert [sim.venue for sim in practice_exchanges] == ["binance", "alpaca", "coinbase"]
    for sim in practice_exchanges:
        sim.add_faults({"action": "cut"})
        sim.add_wire({"action": "cut"})

def test_three_exchanges_are_mended(practice_exchanges):
    for sim in practice_exchanges:
        state = json.load(urlopen(sim.wire_url + "/_sim/state"))
        assert (state["venue"], state["wire"]["rules"]) == (sim.venue, [])
        assert json.load(urlopen(sim.control_url + "/_sim/faults")) == {"faults": []}
"""


@pytest.mark.slow  # a test run within the test run
def test_a_users_tests_get_the_fixtures(pytester: pytest.Pytester) -> None:
    """Tests of users trade on the practice exchange, apart from each other, on a clock of theirs."""
    pytester.makepyfile(USERS_TESTS)
    pytester.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(passed=5)


def test_the_fixtures_are_explained(pytester: pytest.Pytester) -> None:
    """`pytest --fixtures` tells what each gives."""
    shown = pytester.runpytest_inprocess("--fixtures", "-p", "no:cacheprovider").stdout.str()
    names = ("practice_exchange", "practice_exchanges", "switchgear_gear", "switchgear_clock")
    for name in names:
        assert f"{name} -- " in shown


def test_the_fixtures_are_here_too(
    practice_exchange: SimThread,
    practice_exchanges: FleetThread,
    switchgear_gear: Switchgear,
    switchgear_clock: FakeClock,
) -> None:
    """The project's own tests get them by the same entry point."""
    assert practice_exchange.state()["faults"] == {}
    assert practice_exchanges["alpaca"].state()["faults"] == {}
    assert switchgear_gear.clock is switchgear_clock


@pytest.mark.slow  # a process, for only a fresh one has imported nothing
def test_the_plugin_imports_nothing_heavy() -> None:
    """A test run that asks for none of the fixtures does not pay for them."""
    code = (
        "import sys; import switchgear.testing.plugin; "
        "print(sorted({'aiohttp', 'msgspec', 'sqlalchemy', 'fastapi', 'switchgear.gear'} "
        "& set(sys.modules)))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout == "[]\n"
