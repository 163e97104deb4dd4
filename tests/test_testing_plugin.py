"""Proves what the fixture for tests without waiting and the asserts do in a test run of a user."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]

USERS_BOT = """
import switchgear as sg

gear = sg.Switchgear(settings={"retries": 3, "retry_delay_s": 20, "retry_delay_s_max": 60})

@gear.guarded("binance", "get_price")
def price():
    raise ConnectionResetError("the wire")

@gear.guarded("alpaca", "get_price", fallback=sg.last_good(max_age_s=300))
async def quote():
    return 5
"""

USERS_TESTS = """
import asyncio
import switchgear as sg
from bot import gear, price, quote
from switchgear.testing import Faults, Recorder, assert_circuit, assert_closed, assert_open, assert_rejected

def test_the_bot_gives_up_after_its_retries(switchgear_no_waiting):
    heard = Recorder.on(gear)
    try:
        price()
    except ConnectionResetError:
        pass
    assert heard.names().count("retry_scheduled") == 2
    assert len(switchgear_no_waiting.slept_s) == 2
    assert_open(gear, "binance", "get_price", reason="the wire")
    with assert_rejected(scope="method"):
        price()
    gear.clock.sleep(30)
    assert_circuit(gear, "binance", "get_price", state="half_open")

def test_the_next_test_waits_again(switchgear_clock):
    from switchgear.testing import NoWaiting
    assert NoWaiting.now is None

def test_the_bot_lives_on_what_it_had(switchgear_no_waiting):
    assert asyncio.run(quote()) == 5
    with Faults(gear, "alpaca", error=TimeoutError("slow"), latency_s=2.0) as faults:
        assert asyncio.run(quote()) == 5
    assert faults.hits >= 1
    gear.reset("*", by="test")
    assert_closed(gear, "alpaca", "get_price")

def test_that_fails():
    assert_open(gear, "alpaca", "get_price")
"""


@pytest.mark.slow  # a process: the bot's gear must not be left to other tests
def test_a_users_tests_run_in_no_time(pytester: pytest.Pytester) -> None:
    """A bot with a gear of its own is tested without waiting; a claim that fails tells how things stand."""
    pytester.makepyfile(bot=USERS_BOT, test_bot=USERS_TESTS)
    pytester.syspathinsert()
    ran = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    ran.assert_outcomes(passed=3, failed=1)
    shown = ran.stdout.str()
    assert "alpaca.get_price: should be open, is closed" in shown
    assert "circuits.py" not in shown  # the traceback ends in the user's own line
    assert ran.duration < 20  # its sleeps alone would take a minute and more


def test_the_fixture_is_explained(pytester: pytest.Pytester) -> None:
    """`pytest --fixtures` tells what it gives."""
    shown = pytester.runpytest_inprocess("--fixtures", "-p", "no:cacheprovider").stdout.str()
    assert "switchgear_no_waiting -- " in shown
    assert "Waiting is off" in shown
