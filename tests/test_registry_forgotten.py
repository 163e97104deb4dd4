"""Proves that what is forgotten is missed by nobody: not by gates that tell all keys, by holds, nor by exchanges."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest

import switchgear as sg
from switchgear.core.words import Key, Kind, Scope, Verdict
from switchgear.testing import FakeClock, assert_rejected
from tests.core.policy.crowd import PATIENCE_S, in_thread

if TYPE_CHECKING:
    from collections.abc import Iterator

BANNED = Verdict(Kind.BANNED, Scope.ADDRESS, retry_after_s=600.0)
MAX = 3


@pytest.fixture
def gear() -> Iterator[sg.Switchgear]:
    """A gear that keeps three keys, on a clock moved by hand."""
    with sg.Switchgear(clock=FakeClock(), settings={"retries": 0}, keys_max=MAX) as made:
        yield made


def listed(gear: sg.Switchgear) -> set[str]:
    """The methods that are remembered."""
    return {view.key.method for view in gear.circuits()}


def test_a_gate_tells_every_key_though_one_is_forgotten_meanwhile(gear: sg.Switchgear) -> None:
    """A ban comes while another thread makes room for a new key: no method's straight path stays open."""
    guards = [gear.guarded("kraken", name) for name in ("get_a", "get_b", "get_c")]
    policies = [guard.policy for guard in guards]
    gate = policies[0].gate_of(BANNED)
    assert gate is not None
    made = list[sg.Guarded]()

    def making_room() -> None:  # in the midst of telling, while others are still to be told
        if not made:
            new = in_thread(lambda: gear.guarded("alpaca", "get_new"))
            made.append(new.result(PATIENCE_S))

    gate.watchers.insert(1, making_room)
    gate.close_for(BANNED, "why")
    kept = [one for one in policies if one.key in gear.registry.policies]
    assert len(kept) == MAX - 1
    assert {one.way for one in kept} == {None}
    for guard in guards:
        with assert_rejected(scope="address"):
            guard.call_sync(int)


@pytest.mark.parametrize("name", ["get_a", "get_a*"])
def test_a_forgotten_key_is_bound_by_a_hold_when_it_comes_back(
    gear: sg.Switchgear, name: str
) -> None:
    """A handle whose key was forgotten is held as a new one would be."""
    handle = gear.guarded("kraken", "get_a")
    for method in ("get_a", "get_b", "get_c", "get_d", "get_e"):
        gear.guarded("kraken", method).call_sync(int)
    assert "get_a" not in listed(gear)
    gear.hold("kraken", name, by="ops", why="incident")
    with assert_rejected(reason="incident"):
        handle.call_sync(int)
    gear.release("kraken", name, by="ops")
    assert handle.call_sync(int) == 0


def name_exchanges(gear: sg.Switchgear, many: int) -> None:
    """Calls of so many exchanges that are never called again, and of which no record is kept."""
    for number in range(many):
        gear.guarded(f"exchange{number}", "get_price").call_sync(int)
        if number % MAX == 0:
            gear.flush()
            gear.clear_logs()
            gc.collect()


@pytest.mark.slow  # it collects garbage for each of many exchanges
def test_exchanges_of_which_no_key_is_left_are_forgotten(gear: sg.Switchgear) -> None:
    """A program that names exchanges without end does not keep what each of them shared."""
    name_exchanges(gear, 10 * MAX)
    assert len(gear.registry._parted) <= MAX
    assert len(gear.registry.commons) <= 2 * MAX


@pytest.mark.slow  # as above
def test_an_exchange_in_whose_circuit_something_is_counted_is_not_forgotten(
    gear: sg.Switchgear,
) -> None:
    """No key of it is left, and it is known yet that it could not be reached."""

    def refuse() -> None:
        raise ConnectionRefusedError

    for number in range(MAX):
        gear.guarded("kraken", f"get_{number}").try_call_sync(refuse)
    name_exchanges(gear, 3 * MAX)
    assert Key.of("kraken", "get_0") not in gear.registry.policies
    with assert_rejected(scope="exchange"):
        gear.guarded("kraken", "get_new").call_sync(int)
