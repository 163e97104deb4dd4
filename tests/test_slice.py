"""Follows one call, one order and one fault through every layer, from the user's code to the browser."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

import switchgear as sg
from switchgear.exchange import BinanceApi, Order, OrderRequest, OrderType, Side
from switchgear.practice.sim.server import SimThread
from switchgear.testing import Recorder
from tests.server.browser import Complaints, chromium

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SYMBOL = "BTC/USDT"
ORDER = OrderRequest(symbol=SYMBOL, side=Side.BUY, type=OrderType.MARKET, quantity=Decimal("0.01"))


@pytest.fixture
def sim() -> Iterator[SimThread]:
    with SimThread(seed=7) as started:
        yield started


@pytest.fixture
def gear(tmp_path: Path) -> Iterator[sg.Switchgear]:
    with sg.Switchgear(history=tmp_path / "history.db") as made:
        yield made


async def _trade(gear: sg.Switchgear, sim: SimThread) -> tuple[Decimal, Order, Order]:
    """A price, an order, and an order whose answer is lost after it was booked, found by its id."""
    async with BinanceApi(gear, key=sim.key, secret=sim.secret, base_url=sim.base_url) as api:
        price = await api.get_market_price(SYMBOL)
        order = await api.create_order(ORDER)
        sim.add_faults({"match": "order.create", "action": "reset_after", "count": 1})
        with pytest.raises(sg.OrderOutcomeUnknown) as lost:
            await api.create_order(ORDER)
        found = await api.get_order(SYMBOL, client_order_id=lost.value.client_order_id)
    return price, order, found


@pytest.mark.slow  # a browser, an exchange and a server are started for it
def test_a_call_an_order_and_a_fault_cross_every_layer(gear: sg.Switchgear, sim: SimThread) -> None:
    """The event, the metric, the row in SQLite and the line in the browser are of the same call."""
    heard = Recorder()
    gear.on(sg.CallSucceeded, heard)
    gear.on(sg.CallFailed, heard)

    price, order, found = asyncio.run(_trade(gear, sim))
    gear.flush()

    # At the exchange: two orders, each executed once.
    booked = sim.state()["orders"]
    assert {one["client_order_id"] for one in booked} == {
        order.client_order_id,
        found.client_order_id,
    }
    assert all(len(one["executions"]) == 1 for one in booked)
    assert price > 0

    # The event.
    (failed,) = heard.of(sg.CallFailed)
    assert str(failed.key) == "binance.create_order"
    assert failed.ambiguous
    (priced,) = [one for one in heard.of(sg.CallSucceeded) if one.key.method == "get_market_price"]

    # The metric.
    metrics = gear.metrics("binance", "create_order")
    assert (metrics.total_calls, metrics.success_calls, metrics.failed_calls) == (2, 1, 1)
    assert metrics.errors_by_kind == {failed.kind.value: 1}
    assert gear.metrics("binance", "get_market_price").success_calls == 1
    assert gear.circuit("binance", "create_order").failures == 1

    # The row in SQLite.
    (row,) = gear.logs(exchange="binance", method="create_order", level="ERROR")
    assert (row.event, row.call_id, row.kind) == ("call_failed", failed.call_id, failed.kind.value)
    (priced_row,) = gear.logs(method="get_market_price")
    assert priced_row.call_id == priced.call_id

    # The line in the browser.
    with gear.serve(port=0) as server, chromium() as browser:
        page = browser.new_page()
        complaints = Complaints(page)
        page.goto(f"{server.url}/api-logs?method=create_order&level=ERROR")
        line = page.locator("tbody tr", has_text="create_order").first
        line.wait_for()
        assert "outcome is unknown" in line.inner_text()
        line.click()
        page.get_by_text(str(failed.call_id)).first.wait_for()
        page.goto(f"{server.url}/circuits")
        page.locator("tr", has_text="get_market_price").first.wait_for()
        assert complaints.heard == []
