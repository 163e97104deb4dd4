"""Proves what TradingApi promises of orders, over every client and its practice exchange."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

import switchgear as sg
from switchgear.exchange import FieldError, OrderStatus, OrderType, Side, TimeInForce
from switchgear.exchange.client import VenueApi
from switchgear.practice.sim.server import Sim
from tests.exchange.every.kit import kind_of, truth
from tests.exchange.venues import Case

pytestmark = pytest.mark.anyio


async def test_a_market_order_is_filled(api: VenueApi, case: Case, sim: Sim) -> None:
    """The order comes back, stands once, and is found filled under an id of ours."""
    booked = await api.create_order(case.market())
    order = await api.get_order(case.symbol, order_id=booked.order_id)
    assert order.status is OrderStatus.FILLED
    assert (order.filled, order.remaining) == (Decimal("0.01"), Decimal(0))
    assert (order.side, order.type, order.price) == (Side.BUY, OrderType.MARKET, None)
    assert order.average_price == Decimal(truth(sim)["executions"][0]["price"])
    assert order.client_order_id == truth(sim)["client_order_id"]
    assert order.client_order_id.startswith("sg-")


async def test_a_market_order_may_name_what_it_spends(api: VenueApi, case: Case, sim: Sim) -> None:
    """A quote amount buys what it pays for."""
    spend = case.market(quantity=None, quote_quantity=Decimal(100))
    booked = await api.create_order(spend)
    order = await api.get_order(case.symbol, order_id=booked.order_id)
    spent = order.filled * (order.average_price or 0)
    assert order.status is OrderStatus.FILLED
    assert Decimal(95) < spent <= Decimal(100)


async def test_a_limit_order_rests_is_found_and_cancelled(api: VenueApi, case: Case) -> None:
    """It is open, both ids find the same order, it is listed, and a cancel ends it, twice."""
    order = await api.create_order(case.resting(client_order_id="mine-1"))
    assert order.status is OrderStatus.OPEN
    assert (order.price, order.filled) == (Decimal(30000), Decimal(0))
    by_id = await api.get_order(case.symbol, order_id=order.order_id)
    by_name = await api.get_order(case.symbol, client_order_id="mine-1")
    assert by_id == by_name
    assert (by_id.order_id, by_id.quantity) == (order.order_id, Decimal("0.01"))
    assert await api.get_open_orders(case.symbol) == await api.get_open_orders() == [by_id]
    assert await api.get_open_orders(case.other) == []
    for _ in range(2):
        cancelled = await api.cancel_order(case.symbol, client_order_id="mine-1")
        assert cancelled.status is OrderStatus.CANCELED
    assert await api.get_open_orders() == []


async def test_a_filled_order_cannot_be_cancelled(api: VenueApi, case: Case) -> None:
    """The error stays, and says what became of the order."""
    order = await api.create_order(case.market())
    with pytest.raises(sg.ApiError) as caught:
        await api.cancel_order(case.symbol, order_id=order.order_id)
    assert caught.value.__notes__ == ["the order is filled"]


async def test_a_stop_limit_order_waits(api: VenueApi, case: Case) -> None:
    """It rests with both its prices until the market has moved."""
    booked = await api.create_order(case.stop())
    order = await api.get_order(case.symbol, order_id=booked.order_id)
    assert (order.type, order.status) == (OrderType.STOP_LIMIT, OrderStatus.OPEN)
    assert (order.stop_price, order.price) == (Decimal(69000), Decimal(70000))


@pytest.mark.parametrize("force", [TimeInForce.IOC, TimeInForce.FOK])
async def test_an_order_that_may_not_rest_ends(
    api: VenueApi, case: Case, force: TimeInForce
) -> None:
    """Away from the market it ends unfilled; where a venue has no such order it is refused here."""
    request = case.resting(time_in_force=force)
    info = await api.get_symbol(case.symbol)
    if info.forces is not None and force not in info.forces:
        with pytest.raises(FieldError, match="time_in_force"):
            await api.create_order(request)
        return
    booked = await api.create_order(request)
    order = await api.get_order(case.symbol, order_id=booked.order_id)
    assert order.status in {OrderStatus.EXPIRED, OrderStatus.CANCELED}
    assert order.filled == 0


async def test_a_post_only_order_rests_or_is_refused(api: VenueApi, case: Case) -> None:
    """Where a venue has it: away from the market it rests, at the market it is refused."""
    resting = case.resting(post_only=True)
    if case.name == "alpaca":
        with pytest.raises(FieldError, match="post_only"):
            await api.create_order(resting)
        return
    assert (await api.create_order(resting)).status is OrderStatus.OPEN
    with pytest.raises(sg.OrderRefused) as caught:
        await api.create_order(replace(resting, price=Decimal(64000), client_order_id=None))
    assert kind_of(caught.value) is sg.Kind.INVALID_ORDER


async def test_cancel_all_ends_every_open_order(api: VenueApi, case: Case, sim: Sim) -> None:
    """Of one pair, then of all; with nothing open it reports nothing."""
    mine = [await api.create_order(case.resting()) for _ in range(2)]
    other = replace(case.resting(), symbol=case.other, price=Decimal(1500), quantity=Decimal("0.1"))
    await api.create_order(other)
    report = await api.cancel_all(case.symbol)
    assert (set(report.accepted), report.failed) == ({each.order_id for each in mine}, {})
    assert [order.symbol for order in await api.get_open_orders()] == [case.other]
    assert len((await api.cancel_all()).accepted) == 1
    assert (await api.cancel_all()).accepted == ()
    assert {order["status"] for order in sim.state()["orders"]} == {"CANCELED"}


async def test_a_used_id_never_makes_a_second_open_order(
    api: VenueApi, case: Case, sim: Sim
) -> None:
    """While the first is open the same id is told as a duplicate, or gives that very order."""
    first = await api.create_order(case.resting(client_order_id="mine-1"))
    try:
        second = await api.create_order(case.resting(client_order_id="mine-1"))
    except sg.OrderOutcomeUnknown:
        found = await api.desk.resolve(case.symbol, "mine-1")
        assert found is not None
        second = found
    assert second.order_id == first.order_id
    assert len(sim.state()["orders"]) == 1


async def test_another_order_under_a_used_id_is_no_success(
    api: VenueApi, case: Case, sim: Sim
) -> None:
    """An id that stands for another order is told as a duplicate; nothing was booked."""
    await api.create_order(case.resting(client_order_id="mine-1"))
    with pytest.raises(sg.OrderOutcomeUnknown) as caught:
        await api.create_order(case.resting(client_order_id="mine-1", price=Decimal(31000)))
    assert kind_of(caught.value) is sg.Kind.DUPLICATE_ORDER
    assert len(sim.state()["orders"]) == 1


async def test_funds_that_are_not_there_are_a_refusal(api: VenueApi, case: Case, sim: Sim) -> None:
    """The order is refused with its kind; the circuit takes it as a sign of life."""
    with pytest.raises(sg.OrderRefused) as caught:
        await api.create_order(case.resting(quantity=Decimal(5)))
    assert kind_of(caught.value) is sg.Kind.INSUFFICIENT_FUNDS
    assert sim.state()["orders"] == []


async def test_an_order_that_is_not_there_is_not_found(api: VenueApi, case: Case) -> None:
    """By id and by name the kind is ORDER_NOT_FOUND; resolve gives None."""
    made = await api.create_order(case.resting())
    unknown = f"{made.order_id[:-1]}{'0' if made.order_id[-1] != '0' else '1'}"
    for ids in ({"order_id": unknown}, {"client_order_id": "nobody"}):
        with pytest.raises(sg.ApiError) as caught:
            await api.get_order(case.symbol, **ids)
        assert kind_of(caught.value) is sg.Kind.ORDER_NOT_FOUND
    assert await api.desk.resolve(case.symbol, "nobody") is None


@pytest.mark.parametrize(
    "fault",
    [
        {"action": "reset_after"},
        {"action": "cut"},
        {"action": "answer", "status": 504, "booked": True},
        {"action": "html", "status": 502},
        {"action": "delay", "delay_s": 11, "when": "after"},
    ],
    ids=["reset", "cut", "504", "html", "timeout"],
)
async def test_a_lost_answer_is_unknown_and_resolved(
    api: VenueApi, case: Case, sim: Sim, gear: sg.Switchgear, fault: dict[str, Any]
) -> None:
    """The order is sent once, and what became of it is what the exchange has."""
    gear.configure("*", retries=3)
    await api.get_symbol(case.symbol)
    sim.add_faults({"match": case.endpoints["create_order"], "count": 1, **fault})
    with pytest.raises(sg.OrderOutcomeUnknown) as caught:
        await api.create_order(case.market())
    assert caught.value.client_order_id is not None
    found = await api.desk.resolve(case.symbol, caught.value.client_order_id)
    booked = [order["client_order_id"] for order in sim.state()["orders"]]
    assert booked == ([] if found is None else [found.client_order_id])
    assert sim.state()["requests"][case.endpoints["create_order"]] == 1
