"""Owns what a gear must never do to a trader: a second order, a wrong price, a shown secret, a hang."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import switchgear as sg
from switchgear.testing import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def gear() -> Iterator[sg.Switchgear]:
    """A gear on a clock moved by hand."""
    with sg.Switchgear(clock=FakeClock()) as made:
        yield made


def test_a_lookup_refused_inside_an_order_brings_no_second_order(gear: sg.Switchgear) -> None:
    """The order went out, its lookup was refused: the fallback must not send it again."""
    sent: list[str] = []

    def create(order: str) -> object:
        sent.append(order)
        return gear.call_sync("binance", "get_order", int)

    def elsewhere(order: str) -> str:
        sent.append(f"again {order}")
        return order

    gear.hold("binance", "get_order", by="ops", why="incident")
    guard = gear.guarded(
        "binance", "create_order", fallback=sg.source(elsewhere, same_account=True)
    )
    with pytest.raises(sg.CircuitOpenError):
        guard.call_sync(create, "id-1")
    assert sent == ["id-1"]


def test_an_errors_own_words_may_ask_the_gear(gear: sg.Switchgear) -> None:
    """No lock is held while foreign code runs, and the text of an error is foreign code."""

    class Curious(Exception):
        def __str__(self) -> str:
            return gear.circuit("binance", "create_order").state.value

    def fail() -> None:
        raise Curious

    for _ in range(3):
        with pytest.raises(Curious):
            gear.call_sync("binance", "create_order", fail)
    assert gear.circuit("binance", "create_order").state is sg.CircuitState.OPEN


def test_a_guard_round_a_guarded_function_keeps_its_fallbacks(gear: sg.Switchgear) -> None:
    """The natural way to get `served` for a decorated function loses nothing."""

    def fail() -> int:
        raise ConnectionResetError

    priced = gear.guarded("binance", "get_price", fallback=sg.static(7), retries=0)(fail)
    assert gear.guarded("binance", "get_price").served_sync(priced).source == "static"


def test_a_lambda_is_told_apart_by_the_globals_it_reads(gear: sg.Switchgear) -> None:
    """In a script the loop's symbol is a global: the price of one must not serve for another."""
    guard = gear.guarded("binance", "get_price", fallback=sg.last_good(60), retries=0)
    world: dict[str, Any] = {"symbol": "BTC", "prices": {"BTC": 1}.__getitem__}
    exec("asked = lambda: prices(symbol)", world)
    assert guard.call_sync(world["asked"]) == 1
    world["symbol"] = "ETH"
    with pytest.raises(KeyError):
        guard.call_sync(world["asked"])


def test_a_secret_in_the_wrong_place_does_not_come_back(gear: sg.Switchgear) -> None:
    """A key given as a setting is not in the text of the error."""
    with pytest.raises(sg.SettingsError) as refused:
        gear.configure("binance", api_secret="CANARY-SECRET")
    assert "CANARY" not in str(refused.value)
