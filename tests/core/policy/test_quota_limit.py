"""Owns that the size of a limit can be changed live and that limits can be told, as far as they can be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import switchgear as sg
from switchgear.core.errors import SettingsError
from switchgear.core.policy.limit import Cost
from switchgear.core.policy.window import EDGE_S_MAX
from switchgear.core.verdict.usage import DAY_S, NUMBER_MAX
from switchgear.core.words import Scope
from switchgear.testing import FakeClock, assert_rejected
from tests.core.policy.limited import Counter

if TYPE_CHECKING:
    from collections.abc import Iterator

NEW: dict[str, Any] = {"period_s": 10.0}
"""What a limit that is new needs besides name and capacity."""


@pytest.fixture
def gear() -> Iterator[sg.Switchgear]:
    """A gear whose calls wait for no room, 20 s after a minute began."""
    clock = FakeClock()
    clock.advance(20)
    with sg.Switchgear(clock=clock, settings={"retries": 0, "wait_s_max": 0}) as made:
        yield made


def capacities(counter: Counter) -> dict[str, float]:
    """How large each limit is of which something is kept."""
    return {view.limit: view.capacity for view in counter.quotas.views()}


# ------------------------------------------------------------------------------- one that is known


@pytest.mark.parametrize("capacity", [60, 100, 200_000])
def test_a_known_limit_takes_its_new_size_at_once(capacity: int) -> None:
    """Full by its table, there is room again; what is used stays, and the others keep their sizes."""
    counter = Counter("binance")
    toll = counter.toll("create_order")
    assert toll is not None
    while not toll.take():
        pass
    counter.quotas.limit("orders_10s", capacity)
    assert counter.used["orders_10s", "main"] == 45
    assert toll.take() == 0
    assert capacities(counter)["orders_10s"] == capacity
    assert capacities(counter)["request_weight"] == 6_000


def test_a_limit_that_is_made_smaller_is_full_sooner() -> None:
    """More is used than it holds now: nobody gets in until its window ends."""
    counter = Counter("binance")
    toll = counter.toll("create_order")
    assert toll is not None
    assert [toll.take() for _ in range(20)] == [0] * 20
    counter.quotas.limit("orders_10s", 10)
    assert toll.take() == pytest.approx(10 + EDGE_S_MAX)
    for _ in range(20):
        toll.returned()
    counter.clock.advance(10 + EDGE_S_MAX)
    assert toll.take() == 0


def test_a_size_holds_for_accounts_that_come_later() -> None:
    """Their ledgers are made with it, before the first call or after."""
    counter = Counter("binance")
    counter.quotas.limit("orders_10s", 2)
    assert [counter.take("create_order"), counter.take("create_order") > 0] == [0, True]
    assert counter.take("create_order", "second") == 0
    assert {view.capacity for view in counter.quotas.views() if view.limit == "orders_10s"} == {2}


def test_the_same_size_again_is_no_change() -> None:
    """Nobody is told, so no toll is made anew."""
    counter, told = Counter("binance"), list[int]()
    counter.quotas.watchers.append(lambda: told.append(counter.quotas.version))
    counter.quotas.limit("orders_10s", 100)
    counter.quotas.limit("orders_10s", 100)
    assert told == [1]
    counter.quotas.limit("orders_10s", 50)
    assert told == [1, 2]


# ---------------------------------------------------------------------------------- one that is new


def test_a_new_limit_of_an_unknown_exchange_is_paid() -> None:
    """Two requests in ten seconds from when it was told, whatever their kind; tolls of before knew of none."""
    counter, told = Counter("kraken"), list[int]()
    counter.quotas.watchers.append(lambda: told.append(1))
    assert counter.toll("get_price") is None
    counter.quotas.limit("mine", 2, **NEW)
    assert told == [1]
    assert [counter.take("cancel_order"), counter.take("cancel_all")] == [0, 0]
    assert counter.take("cancel_order") == pytest.approx(10, abs=2 * EDGE_S_MAX)
    assert counter.used == {("mine", ""): 2}


@pytest.mark.parametrize(
    ("more", "used"),
    [
        ({}, {("mine", ""): 2}),
        ({"scope": Scope.ACCOUNT}, {("mine", "main"): 1, ("mine", "second"): 1}),
        ({"cost": Cost.ORDER}, {("mine", ""): 2}),
    ],
)
def test_a_new_limit_is_of_an_address_or_of_each_account(
    more: dict[str, Any], used: dict[tuple[str, str], float]
) -> None:
    """As it is told."""
    counter = Counter("kraken")
    counter.quotas.limit("mine", 9, **NEW, **more)
    counter.take("create_order")
    counter.take("create_order", "second")
    assert counter.used == used


def test_a_new_limit_stands_beside_those_of_a_table() -> None:
    """An order pays there as well, and waits for the one that is full."""
    counter = Counter("binance")
    counter.quotas.limit("mine", 1, **NEW)
    assert counter.take("create_order") == 0
    assert counter.take("create_order") > 0
    assert set(counter.used) == {
        ("request_weight", ""),
        ("orders_10s", "main"),
        ("orders_1d", "main"),
        ("mine", ""),
    }


def test_what_was_learnt_stands_beside_what_is_told() -> None:
    """An exchange without a table goes on learning from answers, and each limit is paid once."""
    counter = Counter("kraken")
    headers = {"RateLimit-Limit": "5", "RateLimit-Remaining": "4", "RateLimit-Reset": "9"}
    counter.hear(headers)
    counter.quotas.limit("mine", 9, **NEW)
    counter.take("get_price")
    assert counter.used["mine", ""] == 1
    (learnt,) = [used for (name, _), used in counter.used.items() if name != "mine"]
    assert learnt == 2


# -------------------------------------------------------------------------------- what cannot be


@pytest.mark.parametrize("known", ["orders_10s", "mine"])
@pytest.mark.parametrize("capacity", [0, -1, 0.5, float("nan"), float("inf"), NUMBER_MAX * 2])
def test_a_size_that_cannot_be_is_refused(known: str, capacity: float) -> None:
    """Of a limit that is known or new: the error names it, and nothing is changed."""
    counter = Counter("binance")
    counter.take("create_order")
    before = counter.quotas.views()
    with pytest.raises(SettingsError, match=r"capacity=.*must be in \[1, "):
        counter.quotas.limit(known, capacity, **NEW)
    assert counter.quotas.views() == before
    assert counter.quotas.version == 0


@pytest.mark.parametrize("period_s", [None, 0, -1, float("nan"), DAY_S + 1])
def test_a_new_limit_needs_a_period(period_s: float | None) -> None:
    """Above nothing, a day at most; of a limit that is known it stays as it is."""
    counter = Counter("binance")
    with pytest.raises(SettingsError, match="period_s="):
        counter.quotas.limit("mine", 5, period_s)
    assert counter.quotas.version == 0
    counter.quotas.limit("orders_10s", 5, period_s)
    counter.take("create_order")
    assert {view.period_s for view in counter.quotas.views()} == {10, 60, DAY_S}


@pytest.mark.parametrize("scope", [Scope.EXCHANGE, Scope.METHOD])
def test_a_new_limit_is_no_other_scopes(scope: Scope) -> None:
    """Exchanges count by address or by account."""
    with pytest.raises(SettingsError, match=r"scope=.*address or account"):
        Counter("kraken").quotas.limit("mine", 5, scope=scope, **NEW)


# ---------------------------------------------------------------------------------- with whole calls


def test_a_limit_that_a_gear_is_told_holds_calls_back(gear: sg.Switchgear) -> None:
    """Of keys in use too, whose calls paid nothing before; raised, they go on."""
    guard = gear.guarded("kraken", "get_price")
    guard.call_sync(int)
    assert gear.limits() == []
    gear.limit("Kraken", "mine", 5, period_s=10)
    for _ in range(4):
        guard.call_sync(int)
    with assert_rejected(kind=sg.GateClosedError, scope="address", reason="mine"):
        guard.call_sync(int)
    gear.limit("kraken", "mine", 50)
    guard.call_sync(int)
    (view,) = gear.limits()
    assert (view.exchange, view.limit, view.used, view.capacity) == ("kraken", "mine", 5, 50)


def test_a_gear_changes_the_size_of_a_known_limit(gear: sg.Switchgear) -> None:
    """Orders of two accounts, each of which may place so many."""
    gear.limit("binance", "orders_10s", 2)
    for account in ("main", "second"):
        guard = gear.guarded("binance", "create_order", account=account)
        guard.call_sync(int)
        with assert_rejected(kind=sg.GateClosedError, scope="account", reason="orders_10s"):
            guard.call_sync(int)


def test_a_gear_refuses_a_limit_that_cannot_be(gear: sg.Switchgear) -> None:
    """Where it is told, with field, value and what is allowed; nothing of it is kept."""
    with pytest.raises(sg.SettingsError) as caught:
        gear.limit("kraken", "mine", 5)
    assert (caught.value.field, caught.value.value) == ("period_s", None)
    with pytest.raises(sg.SettingsError):
        gear.limit("kraken", "mine", 0, period_s=10)
    gear.guarded("kraken", "get_price").call_sync(int)
    assert gear.limits() == []
