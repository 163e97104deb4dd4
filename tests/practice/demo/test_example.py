"""Proves that the example with three exchanges waits for an order that is accepted first, and not for ever."""

from __future__ import annotations

import runpy
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import switchgear as sg
from switchgear.exchange import AlpacaApi, OrderRequest, OrderStatus, OrderType, Side
from switchgear.practice.sim.server import Sim
from switchgear.testing import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.anyio
EXAMPLE = Path(__file__).parents[3] / "examples" / "three_exchanges.py"
settled = runpy.run_path(str(EXAMPLE))["settled"]
OPENING = datetime.fromisoformat("2026-01-02T14:30:00+00:00")
"""When shares begin to trade that day."""


@pytest.fixture
async def alpaca() -> AsyncIterator[tuple[AlpacaApi, FakeClock]]:
    """A client of a practice Alpaca, a second before its shares trade; to sleep is to move the clock."""
    clock = FakeClock(autojump=True)
    clock.wall_offset_s += (OPENING - clock.wall()).total_seconds() - 1
    with sg.Switchgear(clock=clock) as gear:
        async with (
            Sim(clock=clock, venue="alpaca") as sim,
            AlpacaApi(gear, key=sim.key, secret=sim.secret, base_url=sim.base_url) as api,
        ):
            yield api, clock


async def test_an_order_that_is_accepted_first_is_waited_for(
    alpaca: tuple[AlpacaApi, FakeClock],
) -> None:
    """A market order that comes a second too early is open at first, and told when it is filled."""
    api, clock = alpaca
    request = OrderRequest("AAPL/USD", Side.BUY, OrderType.MARKET, Decimal(1))
    order = await api.create_order(request)
    assert order.status is OrderStatus.OPEN
    order = await settled(api, order, clock)
    assert (order.status, order.filled) == (OrderStatus.FILLED, 1)


async def test_an_order_that_rests_is_not_waited_for_for_ever(
    alpaca: tuple[AlpacaApi, FakeClock],
) -> None:
    """After ten seconds it is told as it stands."""
    api, clock = alpaca
    began_s = clock.monotonic_s()
    low = OrderRequest("BTC/USD", Side.BUY, OrderType.LIMIT, Decimal("0.01"), Decimal(30_000))
    order = await settled(api, await api.create_order(low), clock)
    assert order.status is OrderStatus.OPEN
    assert clock.monotonic_s() - began_s == pytest.approx(10)
