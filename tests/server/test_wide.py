"""Tests what the API says of what is wider than a method: circuits, whom they hold back, gates, limits, budgets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from switchgear.core.words import Kind
from tests.server.kit import SOURCES, House
from tests.server.story import PUBLIC, answers, widen

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module", params=SOURCES)
def broad(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """A house in which an exchange is gone, an account is held and gates are closed; read in each of the ways."""
    with House(request.param, tmp_path_factory.mktemp("broad")) as house:
        widen(house)
        yield house


def circuits_of(house: House) -> dict[tuple[str, str], dict[str, Any]]:
    """The circuits that the API has, by exchange and method."""
    return {(one["exchange"], one["method"]): one for one in house.get("circuits")["circuits"]}


def is_file(house: House) -> bool:
    """Whether the house is read from the file of another process."""
    return bool(house.get("status")["source"] == "history")


def test_a_wide_circuit_is_in_the_list_with_its_scope(broad: House) -> None:
    """The circuit of the whole exchange says its scope, its state and why; a method's scope is method."""
    circuits = circuits_of(broad)
    whole = circuits["binance", "@exchange"]
    assert (whole["scope"], whole["state"], whole["openings"]) == ("exchange", "open", 1)
    assert "ConnectionRefusedError" in whole["reason"]
    assert circuits["alpaca", "@account"]["scope"] == "account"
    assert circuits["binance", "create_order"]["scope"] == "method"
    assert ("coinbase", "@exchange") not in circuits


def test_a_closed_method_names_the_scope_that_holds_it_back(broad: House) -> None:
    """Each method of the exchange that is gone is closed and held back, and none of another exchange."""
    held = {key: one["held_back_by"] for key, one in circuits_of(broad).items()}
    assert held["binance", "create_order"] == held["binance", PUBLIC] == "exchange"
    assert held["binance", "@exchange"] is None
    assert held["coinbase", "create_order"] is None
    assert circuits_of(broad)["binance", PUBLIC]["state"] == "closed"


def test_the_circuit_of_an_account_holds_back_what_carries_its_key(broad: House) -> None:
    """An order waits for its account; a price that needs no key does not, nor another account's order."""
    held = {
        (one["method"], one["account"]): one["held_back_by"]
        for one in broad.get("circuits")["circuits"]
        if one["exchange"] == "alpaca"
    }
    assert held["create_order", "main"] == "account"
    assert held["create_order", "second"] is None
    assert held[PUBLIC, "main"] is None


def test_gates_say_what_alone_they_hold_back(broad: House) -> None:
    """A gate for new orders, one for calls without a key, and one for all are told apart."""
    gates = {
        (one["scope"], one["account"], one["orders_only"], one["public_only"])
        for one in broad.get("circuits")["gates"]
    }
    assert gates == {
        ("account", "main", True, False),
        ("address", "", False, True),
        ("address", "", False, False),
    }


def test_shares_and_windows_are_told_where_they_are_known(broad: House) -> None:
    """A gear tells what share passes and what the window holds; a file does not know, and says null."""
    circuits = circuits_of(broad)
    whole, order = circuits["binance", "@exchange"], circuits["coinbase", "create_order"]
    if is_file(broad):
        assert (whole["passing"], order["passing"], order["window"]) == (None, None, None)
        return
    assert (whole["passing"], order["passing"], whole["window"]) == (0, 1, None)
    window = {"calls": 4, "failures": 1, "slow": 0, "asked": 0, "passed": 0}
    assert order["window"] == window


def test_limits_and_budgets_are_told_where_they_are_known(broad: House) -> None:
    """A gear tells what is used, of how much, and when it begins anew; of a file both lists are empty."""
    board = broad.get("circuits")
    if is_file(broad):
        assert (board["limits"], board["budgets"]) == ([], [])
        return
    limits = {(one["exchange"], one["limit"], one["account"]): one for one in board["limits"]}
    weight = limits["binance", "request_weight", ""]
    assert (weight["scope"], weight["used"], weight["capacity"]) == ("address", 5042, 6000)
    assert 0 < weight["resets_in_s"] <= weight["period_s"] == 60
    assert limits["alpaca", "trading_requests", "second"]["scope"] == "account"
    budgets = {one["exchange"]: one for one in board["budgets"]}
    assert budgets["coinbase"] == {
        "exchange": "coinbase",
        "tokens": 500,
        "tokens_max": 500,
        "withheld": 0,
    }
    assert budgets["binance"]["withheld"] == 1
    assert budgets["binance"]["tokens"] < 14


def test_a_ramp_tells_what_share_passes(house: House) -> None:
    """An exchange that comes back lets a growing share through, and its methods are held back by the rest."""
    gear = house.gear
    gear.configure("kraken", "@exchange", ramp_s=20)
    guarded = gear.guarded("kraken", "get_balance", retries=0)
    for _ in range(3):
        guarded.try_call_sync(answers(ConnectionRefusedError("connection refused")))
    house.clock.advance(31)
    guarded.try_call_sync(answers())
    shares = list[float]()
    for _ in range(3):
        circuits = circuits_of(house)
        whole = circuits["kraken", "@exchange"]
        assert whole["state"] == "half_open"
        assert circuits["kraken", "get_balance"]["held_back_by"] == "exchange"
        shares.append(whole["passing"])
        house.clock.advance(5)
    assert shares == pytest.approx([0.1, 0.325, 0.55])


def test_a_budget_without_a_bound_has_no_numbers(house: House) -> None:
    """An unlimited budget has null for both; one that allows no retry has 0 for both."""
    gear = house.gear
    gear.configure("okx", "*", retry_tokens=None)
    gear.configure("bybit", "*", retry_tokens=0)
    for exchange in ("okx", "bybit"):
        gear.call_sync(exchange, "get_symbols", int)
    found = {one["exchange"]: one for one in house.get("circuits")["budgets"]}
    assert (found["okx"]["tokens"], found["okx"]["tokens_max"]) == (None, None)
    assert (found["bybit"]["tokens"], found["bybit"]["tokens_max"]) == (0, 0)
    assert gear.registry.commons["bybit"].budget.take(Kind.NETWORK) == 0


def test_the_log_is_asked_for_a_scope_as_for_a_method(broad: House) -> None:
    """What a wide circuit did is in the log under what stands in the method's place."""
    found = broad.logs(exchange="binance", method="@exchange")
    assert [record["event"] for record in found] == ["circuit_moved"]


def test_every_field_is_described(house: House) -> None:
    """The description of the API has each new field, with words where its name is not enough."""
    shapes = house.get("openapi.json")["components"]["schemas"]
    assert {"scope", "passing", "window", "held_back_by"} <= set(shapes["CircuitOut"]["properties"])
    assert {"orders_only", "public_only"} <= set(shapes["GateOut"]["properties"])
    assert {"limits", "budgets"} <= set(shapes["BoardOut"]["properties"])
    assert "80 %" in shapes["LimitOut"]["properties"]["used"]["description"]
