"""Proves that an order is sent once, and that each way it can end is told for what it is."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

import switchgear as sg
from switchgear.exchange import BackendApi, BinanceApi, OrderRequest, OrderStatus, OrderType, Side
from switchgear.exchange.api import new_client_order_id
from switchgear.exchange.model import check_client_order_id
from tests.exchange.kit import (
    BTC,
    MARKET,
    ORDER_ONCE,
    RESTING,
    answer_bytes,
    asked,
    booked,
    odd_server,
    one_attempt,
)

if TYPE_CHECKING:
    from switchgear.practice.sim.server import Sim
    from switchgear.testing import FakeClock

pytestmark = pytest.mark.anyio


def verdict_of(error: sg.ApiError) -> sg.Verdict:
    """The verdict that the error carries."""
    assert error.verdict is not None
    return error.verdict


async def lost(api: BinanceApi) -> sg.OrderOutcomeUnknown:
    """What a market order raises whose outcome is unknown; it carries the id to find it by."""
    with pytest.raises(sg.OrderOutcomeUnknown) as caught:
        await api.create_order(MARKET)
    assert caught.value.client_order_id is not None
    assert caught.value.client_order_id in str(caught.value)
    assert verdict_of(caught.value).ambiguous
    return caught.value


async def resolved(api: BinanceApi, error: sg.OrderOutcomeUnknown) -> Any:
    """What became of the order behind the error."""
    assert error.client_order_id is not None
    return await api.desk.resolve(BTC, error.client_order_id)


async def test_a_reset_before_booking_is_unknown_and_found_absent(
    api: BinanceApi, sim: Sim
) -> None:
    """The outcome is unknown, the order is sent once, and nobody finds it."""
    sim.add_faults({**ORDER_ONCE, "action": "reset_before"})
    error = await lost(api)
    assert await resolved(api, error) is None
    assert (asked(sim, "order.create"), booked(sim)) == (1, [])


@pytest.mark.parametrize(
    "fault",
    [
        {"action": "reset_after"},
        {"action": "cut"},
        {"action": "answer", "status": 504, "booked": True},
        {"action": "answer", "status": 503, "booked": True},
        {"action": "answer", "status": 500, "code": -1006, "msg": "a", "booked": True},
        {"action": "answer", "status": 599, "booked": True},
        {"action": "answer", "status": 200, "booked": True},
        {"action": "delay", "delay_s": 11, "when": "after"},
    ],
    ids=["reset", "cut", "504", "503", "1006", "599", "odd 200", "timeout"],
)
async def test_an_answer_lost_after_booking_is_unknown_and_found_once(
    api: BinanceApi, sim: Sim, gear: sg.Switchgear, fault: dict[str, Any]
) -> None:
    """The order is sent once, stands once in the ledger, and resolve finds it executed."""
    gear.configure("*", retries=3)
    sim.add_faults({**ORDER_ONCE, **fault})
    error = await lost(api)
    found = await resolved(api, error)
    assert (found.status, found.filled) == (OrderStatus.FILLED, MARKET.quantity)
    assert (asked(sim, "order.create"), booked(sim)) == (1, [error.client_order_id])


async def test_a_proxys_page_is_unknown(api: BinanceApi, sim: Sim) -> None:
    """HTML with 502 says nothing about the order."""
    sim.add_faults({**ORDER_ONCE, "action": "html", "status": 502})
    error = await lost(api)
    assert error.status == 502


async def test_a_deadline_that_passes_is_unknown(
    api: BinanceApi, sim: Sim, gear: sg.Switchgear
) -> None:
    """The deadline of a call under way ends in the same error, with the id to look it up by."""
    gear.configure("binance", "create_order", deadline_s=2)
    sim.add_faults({**ORDER_ONCE, "action": "delay", "delay_s": 3})
    error = await lost(api)
    assert verdict_of(error).kind is sg.Kind.OUTCOME_UNKNOWN


@pytest.mark.parametrize("body", [b"{", b"[]", b"<html>", b"\xff\xfe", b'{"orderId": 1}', b""])
async def test_an_unreadable_answer_to_an_order_is_unknown(
    gear: sg.Switchgear, body: bytes
) -> None:
    """A 200 that is no order proves nothing."""
    async with (
        odd_server(answer_bytes(body)) as url,
        BinanceApi(gear, key="practice-key", secret="practice-secret", base_url=url) as api,
    ):
        error = await lost(api)
    assert error.status == 200


async def test_a_refused_connection_proves_that_the_order_never_left(
    api: BinanceApi, sim: Sim, gear: sg.Switchgear, clock: FakeClock
) -> None:
    """The error is plain, and its verdict says unsent; the same order may be sent later."""
    one_attempt(gear)
    await api.get_account_balance()
    sim.add_faults({"action": "refuse", "duration_s": 60})
    with pytest.raises(sg.NetworkError):
        await api.get_market_price(BTC)  # the connection that was kept is found dead by this one
    with pytest.raises(sg.NetworkError) as caught:
        await api.create_order(MARKET)
    assert verdict_of(caught.value).unsent
    assert not verdict_of(caught.value).ambiguous
    clock.advance(61)
    assert (await api.create_order(MARKET)).status is OrderStatus.FILLED
    assert len(booked(sim)) == 1


async def test_a_refused_connection_while_asking_the_time_is_unsent_too(
    api: BinanceApi, sim: Sim
) -> None:
    """The very first call of a client asks the time first: the order behind it never left."""
    sim.add_faults({"action": "refuse", "duration_s": 60})
    with pytest.raises(sg.NetworkError) as caught:
        await api.create_order(MARKET)
    assert verdict_of(caught.value).unsent


async def test_a_limit_met_while_asking_the_time_leaves_the_order_unsent(
    loose: BinanceApi, sim: Sim
) -> None:
    """A 429 to the question for the time closes the gate; the order is not sent into it."""
    sim.add_faults({"match": "time", "action": "answer", "status": 429, "retry_after_s": 9})
    with pytest.raises(sg.ApiError) as caught:
        await loose.create_order(MARKET)
    assert verdict_of(caught.value).unsent
    with pytest.raises(sg.GateClosedError):
        await loose.create_order(MARKET)
    assert sim.state()["requests"] == {"time": 1}


@pytest.mark.parametrize(
    ("request_", "kind", "code"),
    [
        (
            replace(MARKET, quantity=Decimal(100)),
            sg.Kind.INSUFFICIENT_FUNDS,
            -2010,
        ),
        (replace(RESTING, price=Decimal("10000.001")), sg.Kind.INVALID_ORDER, -1013),
        (replace(MARKET, symbol="NOT/USDT"), sg.Kind.INVALID_REQUEST, -1121),
    ],
    ids=["funds", "tick", "symbol"],
)
async def test_a_refusal_is_told_with_its_code(
    loose: BinanceApi, sim: Sim, gear: sg.Switchgear, request_: Any, kind: sg.Kind, code: int
) -> None:
    """The order is plainly refused, not booked, and the circuit takes it as a sign of life."""
    with pytest.raises(sg.OrderRefused) as caught:
        await loose.create_order(request_)
    error = caught.value
    assert (verdict_of(error).kind, error.status, error.code) == (kind, 400, code)
    assert (error.exchange, error.method) == ("binance", "create_order")
    assert (booked(sim), asked(sim, "order.create")) == ([], 1)
    assert gear.circuit("binance", "create_order").failures == 0


async def test_a_limit_refuses_an_order(api: BinanceApi, sim: Sim, gear: sg.Switchgear) -> None:
    """429 is a refusal of the order, is not retried, and closes the gate for what comes next."""
    gear.configure("*", retries=3)
    sim.add_faults({**ORDER_ONCE, "action": "answer", "status": 429, "retry_after_s": 7})
    with pytest.raises(sg.OrderRefused) as caught:
        await api.create_order(MARKET)
    assert verdict_of(caught.value).retry_after_s == 7
    with pytest.raises(sg.GateClosedError):
        await api.create_order(MARKET)
    assert asked(sim, "order.create") == 1


async def test_the_same_id_again_says_that_an_order_of_it_stands(api: BinanceApi, sim: Sim) -> None:
    """The second copy is not booked, the first stands: the caller is told to look, not that nothing is there."""
    named = replace(RESTING, client_order_id="once")
    await api.create_order(named)
    with pytest.raises(sg.OrderOutcomeUnknown) as caught:
        await api.create_order(named)
    assert verdict_of(caught.value).kind is sg.Kind.DUPLICATE_ORDER
    assert caught.value.client_order_id == "once"
    found = await api.desk.resolve(BTC, "once")
    assert found is not None
    assert found.status is OrderStatus.OPEN
    assert booked(sim) == ["once"]


async def test_a_rejection_passes_as_it_is(api: BinanceApi, sim: Sim, gear: sg.Switchgear) -> None:
    """With its circuit held open an order is not sent, and the error says by whom."""
    gear.hold("binance", "create_order", state="open", by="ops", why="incident")
    for send in (api.create_order(MARKET), api.served("create_order", MARKET)):
        with pytest.raises(sg.CircuitOpenError, match="incident"):
            await send
    assert asked(sim, "order.create") == 0


async def test_three_failures_open_the_circuit_of_orders(api: BinanceApi, sim: Sim) -> None:
    """The fourth order is rejected unsent, while prices go on."""
    sim.add_faults({"match": "order.create", "action": "reset_before"})
    for _ in range(3):
        await lost(api)
    with pytest.raises(sg.CircuitOpenError):
        await api.create_order(MARKET)
    assert asked(sim, "order.create") == 3
    assert await api.get_market_price(BTC) > 0


async def test_a_cancelled_submit_is_cancelled(
    api: BinanceApi, sim: Sim, gear: sg.Switchgear
) -> None:
    """Cancellation from outside stays one, and gives the ticket back."""
    await api.get_account_balance()
    await api.get_symbol(BTC)
    sim.add_faults({**ORDER_ONCE, "action": "reset_after"})
    task = asyncio.create_task(api.create_order(MARKET))
    await asyncio.wait([task], timeout=0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    found = gear.metrics("binance", "create_order")
    assert (found.cancelled_calls, found.in_flight) == (1, 0)


async def test_the_backend_stands_in_for_an_order_that_never_left(
    gear: sg.Switchgear, sim: Sim, clock: FakeClock
) -> None:
    """With same_account it books the order once, under the id that was meant for the exchange."""
    async with (
        BackendApi(sim.backend_url, clock=clock) as backend,
        BinanceApi(
            gear,
            key=sim.key,
            secret=sim.secret,
            base_url=sim.base_url,
            fallbacks={"create_order": sg.source(backend.create_order, same_account=True)},
        ) as api,
    ):
        sim.add_faults({"action": "refuse", "duration_s": 60})
        served = await api.served("create_order", replace(MARKET, client_order_id="mine"))
        assert (served.source, served.value.exchange) == ("create_order", "backend")
        assert served.value.status is OrderStatus.FILLED
        sim.clear_faults()
        sim.add_faults({**ORDER_ONCE, "action": "reset_before"})
        await lost(api)
    assert booked(sim) == ["mine"]


async def test_resolve_needs_names_that_can_be(api: BinanceApi, sim: Sim) -> None:
    """A wrong symbol or id is refused before anything is sent."""
    for symbol, name in (("BTCUSDT", "a"), (BTC, "a b")):
        with pytest.raises(sg.SettingsError):
            await api.desk.resolve(symbol, name)
    assert sim.state()["requests"] == {}


async def test_resolve_does_not_take_a_failure_for_absence(api: BinanceApi, sim: Sim) -> None:
    """Only the exchange's own word is None; a lookup that fails raises."""
    sim.add_faults({"match": "order.get", "action": "answer", "status": 503})
    with pytest.raises(sg.ApiError):
        await api.desk.resolve(BTC, "a")


async def test_ids_are_new_each_time_and_can_be_sent() -> None:
    """A thousand ids differ, and each is one that every venue takes."""
    names = {check_client_order_id(new_client_order_id()) for _ in range(1000)}
    assert len(names) == 1000


@pytest.mark.parametrize("fault", [{"action": "reset_after"}, {"action": "cut"}])
async def test_a_stand_in_that_loses_its_answer_leaves_the_outcome_unknown(
    gear: sg.Switchgear, sim: Sim, clock: FakeClock, fault: dict[str, Any]
) -> None:
    """The backend booked the order and its answer was lost: the order is not told as unsent."""
    async with (
        BackendApi(sim.backend_url, clock=clock) as backend,
        BinanceApi(
            gear,
            key=sim.key,
            secret=sim.secret,
            base_url=sim.base_url,
            fallbacks={"create_order": [sg.source(backend.create_order, same_account=True)] * 2},
        ) as api,
    ):
        sim.add_faults({"match": "backend.order.create", **fault})
        sim.add_faults({"action": "refuse", "duration_s": 60})
        error = await lost(api)
        assert booked(sim) == [error.client_order_id]
        sim.clear_faults()
        found = await resolved(api, error)
    assert found.status is OrderStatus.FILLED


async def test_no_setting_makes_an_order_anything_but_a_trade(
    gear: sg.Switchgear, sim: Sim
) -> None:
    """A pattern that speaks of reads does not have a market order sent again after a lost answer."""
    gear.configure("binance", "*", effect="read", retry_delay_s=0)
    with pytest.raises(sg.SettingsError, match="effect"):
        gear.configure("binance", "create_order", effect="idempotent")
    async with BinanceApi(gear, key=sim.key, secret=sim.secret, base_url=sim.base_url) as api:
        sim.add_faults({"match": "order.create", "action": "reset_after", "count": 1})
        error = await lost(api)
    assert booked(sim) == [error.client_order_id]


async def test_a_duplicate_and_a_judged_result_leave_the_outcome_open(
    gear: sg.Switchgear, sim: Sim
) -> None:
    """Neither says that the order was not booked: it stands, and is looked up by its id."""
    request = OrderRequest(
        symbol="BTC/USDT",
        side=Side.BUY,
        type=OrderType.LIMIT,
        quantity=Decimal("0.01"),
        price=Decimal(30000),
        client_order_id="mine-1",
    )
    async with BinanceApi(gear, key=sim.key, secret=sim.secret, base_url=sim.base_url) as api:
        await api.create_order(request)
        with pytest.raises(sg.OrderOutcomeUnknown) as again:
            await api.create_order(request)
        assert again.value.client_order_id == "mine-1"
        gear.configure("binance", "create_order", failed_result=bool)
        with pytest.raises(sg.OrderOutcomeUnknown):
            await api.create_order(replace(request, client_order_id="mine-2"))
    assert {one["client_order_id"] for one in sim.state()["orders"]} == {"mine-1", "mine-2"}


async def test_resolve_asks_the_exchange_and_not_memory(gear: sg.Switchgear, sim: Sim) -> None:
    """What became of an order is never answered from a fallback, even where get_order has one."""
    async with BinanceApi(
        gear,
        key=sim.key,
        secret=sim.secret,
        base_url=sim.base_url,
        fallbacks={"get_order": [sg.last_good(600)]},
    ) as api:
        order = await api.create_order(RESTING)
        named = {"client_order_id": order.client_order_id}
        await api.get_order(BTC, **named)
        sim.add_faults({"match": "order.get", "action": "reset_before"})
        assert (await api.get_order(BTC, **named)).order_id == order.order_id  # from memory
        with pytest.raises((sg.NetworkError, sg.CircuitOpenError)):
            await api.desk.resolve(BTC, order.client_order_id)
