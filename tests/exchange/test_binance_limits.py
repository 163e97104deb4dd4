"""Proves that the Binance client takes the sizes of its limits from exchangeInfo, and only those that can be."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

import switchgear as sg
from switchgear.exchange import BinanceApi
from switchgear.exchange.binance_rules import InfoAnswer, LimitAnswer, limits_of
from tests.exchange.kit import BTC, MARKET, RESTING, answer_bytes, odd_server

if TYPE_CHECKING:
    from switchgear.practice.sim.server import Sim

pytestmark = pytest.mark.anyio

TABLE = {"request_weight": 6_000.0, "orders_10s": 50.0, "orders_1d": 160_000.0}
TOLD = TABLE | {"orders_10s": 100.0, "orders_1d": 200_000.0}
"""What the practice exchange says: 100 orders in 10 s, and 200,000 a day."""


def sizes(gear: sg.Switchgear) -> dict[str, float]:
    """How large each limit of Binance is taken to be."""
    return {view.limit: view.capacity for view in gear.limits() if view.exchange == "binance"}


async def test_an_order_asks_for_the_rules_and_so_for_the_limits(
    api: BinanceApi, gear: sg.Switchgear
) -> None:
    """The rules of its pair come in the same answer as the sizes; what was used meanwhile is kept."""
    await api.create_order(RESTING)
    assert sizes(gear) == TOLD
    assert {view.limit: view.used for view in gear.limits()}["orders_10s"] == 1


async def test_listing_the_pairs_changes_limits_in_use(
    loose: BinanceApi, gear: sg.Switchgear
) -> None:
    """Until the exchange has told them the table's sizes hold; then its own, with as much used as before."""
    await loose.create_order(RESTING)
    assert sizes(gear) == TABLE
    before = {view.limit: view.used for view in gear.limits()}
    await loose.get_symbols()
    assert sizes(gear) == TOLD
    after = {view.limit: view.used for view in gear.limits()}
    assert (after["orders_10s"], after["orders_1d"]) == (
        before["orders_10s"],
        before["orders_1d"],
    )


async def test_more_orders_than_the_table_has_are_placed(api: BinanceApi, sim: Sim) -> None:
    """Fifty in one instant: the exchange takes a hundred, and so do we."""
    for _ in range(50):
        await api.create_order(MARKET)
    assert len(sim.state()["orders"]) == 50


async def test_every_account_of_a_gear_goes_by_what_one_was_told(
    api: BinanceApi, gear: sg.Switchgear, sim: Sim
) -> None:
    """The sizes are the exchange's, whoever asked."""
    await api.get_symbol(BTC)
    async with BinanceApi(
        gear,
        account="second",
        key=sim.key,
        secret=sim.secret,
        base_url=sim.base_url,
        check_rules=False,
    ) as second:
        await second.create_order(RESTING)
    views = [view for view in gear.limits() if view.account == "second"]
    assert {view.limit: view.capacity for view in views} == {
        "orders_10s": 100,
        "orders_1d": 200_000,
    }


def info(*limits: tuple[str, str, int, int]) -> dict[str, Any]:
    """An exchangeInfo without pairs."""
    names = ("rateLimitType", "interval", "intervalNum", "limit")
    told = [dict(zip(names, each, strict=True)) for each in limits]
    return {"symbols": [], "rateLimits": told}


@pytest.mark.parametrize("size", [0, -1, 10**9 + 1, 10**18])
async def test_a_size_that_cannot_be_is_left_out(gear: sg.Switchgear, size: int) -> None:
    """The other sizes of the answer hold, and so does the answer itself."""
    told = info(("ORDERS", "SECOND", 10, size), ("ORDERS", "DAY", 1, 123))
    async with (
        odd_server(answer_bytes(json.dumps(told).encode())) as url,
        BinanceApi(gear, base_url=url) as api,
    ):
        assert await api.get_symbols() == {}
    gear.guarded("binance", "create_order").call_sync(int)
    assert sizes(gear) == TABLE | {"orders_1d": 123.0}


def test_only_limits_that_are_held_are_taken() -> None:
    """Kind, unit and number of units must be those of ours: others have other windows."""
    limits = [
        LimitAnswer("REQUEST_WEIGHT", "MINUTE", 1, 1_200),
        LimitAnswer("REQUEST_WEIGHT", "MINUTE", 2, 5),
        LimitAnswer("ORDERS", "SECOND", 1, 5),
        LimitAnswer("ORDERS", "HOUR", 1, 5),
        LimitAnswer("RAW_REQUESTS", "MINUTE", 5, 61_000),
        LimitAnswer("CONNECTIONS", "MINUTE", 1, 5),
        LimitAnswer("ORDERS", "DAY", 1, 7),
    ]
    assert limits_of(InfoAnswer([], limits)) == {"request_weight": 1_200, "orders_1d": 7}
    assert limits_of(InfoAnswer([])) == {}
