"""Proves what becomes of orders at Coinbase where its words say less than they seem to; keys are `test_coinbase`'s."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

import switchgear as sg
from switchgear.core.words import Kind
from switchgear.exchange import CoinbaseApi, OrderRequest, OrderStatus
from switchgear.practice.sim.server import Sim
from tests.exchange.coinbase_kit import (
    CANCEL,
    FOUND,
    LIST,
    ORDER_ID,
    ORDERS,
    Answer,
    Asked,
    created,
    house,
    order,
    page,
)
from tests.exchange.kit import asked, booked, one_attempt
from tests.exchange.venues import CASES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from switchgear.testing import FakeClock

pytestmark = pytest.mark.anyio
CASE = next(case for case in CASES if case.name == "coinbase")
BTC, IN_USDC = CASE.symbol, "BTC/USDC"
LOOK_FAILS = {"match": "order.get", "action": "html", "status": 502}
MINE = CASE.resting(client_order_id="mine-1", price=Decimal(30000))


@pytest.fixture
async def sim(clock: FakeClock) -> AsyncIterator[Sim]:
    """The practice Coinbase, over real sockets."""
    async with Sim(clock=clock, venue="coinbase") as running:
        yield running


@pytest.fixture
async def api(gear: sg.Switchgear, sim: Sim) -> AsyncIterator[CoinbaseApi]:
    """A client of it."""
    async with CoinbaseApi(gear, key=sim.key, secret=sim.secret, base_url=sim.base_url) as made:
        yield made


@pytest.fixture
def client(gear: sg.Switchgear, sim: Sim) -> Callable[[str], CoinbaseApi]:
    """Makes a client of another address, which leaves the rules to it."""

    def made(url: str) -> CoinbaseApi:
        one_attempt(gear)
        return CoinbaseApi(gear, key=sim.key, secret=sim.secret, base_url=url, check_rules=False)

    return made


# ------------------------------------------------------------------------------------- booking


async def test_an_older_order_is_never_told_as_the_new_one(api: CoinbaseApi, sim: Sim) -> None:
    """A name in use, and no look at what stands there: the order is in doubt, with the id that was told."""
    first = await api.create_order(MINE)
    sim.add_faults({**LOOK_FAILS, "count": 1})
    with pytest.raises(sg.OrderOutcomeUnknown, match=first.order_id):
        await api.create_order(replace(MINE, quantity=Decimal("0.02"), price=Decimal(31000)))
    found = await api.desk.resolve(BTC, "mine-1")
    assert found is not None
    assert (found.order_id, found.quantity) == (first.order_id, first.quantity)
    assert booked(sim) == ["mine-1"]


async def test_a_made_up_name_proves_the_order_once_alone(api: CoinbaseApi, sim: Sim) -> None:
    """In the call that made it up it is told as booked; handed in again by the caller, it is in doubt."""
    sim.add_faults(LOOK_FAILS)
    request = replace(MINE, client_order_id=None)
    first = await api.create_order(request)
    assert booked(sim) == [first.client_order_id]
    again = replace(request, quantity=Decimal("0.02"), client_order_id=first.client_order_id)
    with pytest.raises(sg.OrderOutcomeUnknown) as caught:
        await api.create_order(again)
    assert caught.value.verdict is not None
    assert caught.value.verdict.ambiguous


async def test_a_rate_limited_look_refuses_no_order(api: CoinbaseApi, sim: Sim) -> None:
    """A refusal of the look is none of the order, whatever it says."""
    await api.get_symbol(BTC)
    sim.add_faults({"match": "order.get", "action": "html", "status": 429, "count": 1})
    with pytest.raises(sg.OrderOutcomeUnknown, match="looked at"):
        await api.create_order(MINE)
    assert booked(sim) == ["mine-1"]


async def test_a_look_ends_before_its_attempt_is_cut(
    client: Callable[[str], CoinbaseApi], clock: FakeClock
) -> None:
    """An order that took 8 of its 10 seconds is booked, though the look at it hangs."""
    looking, done = asyncio.Event(), asyncio.Event()

    def answer(asked: Asked) -> Answer | Awaitable[Answer]:
        if asked.path == ORDERS:
            clock.advance(8)
            return created(asked)
        return hang()

    async def hang() -> Answer:
        looking.set()
        await done.wait()
        return 500

    async with house(clock, answer) as there, client(there.url) as api:
        booking = asyncio.ensure_future(api.create_order(replace(MINE, client_order_id=None)))
        await looking.wait()
        clock.advance(1.6)
        for _ in range(20):  # the look ends now, and not when the guard's cut is due
            await clock.sleep_async(0.01)
        clock.advance(1)
        assert (await booking).order_id == ORDER_ID
        done.set()
    assert there.paths() == [ORDERS, FOUND + ORDER_ID]


async def test_amounts_go_out_without_zeros_that_say_nothing(
    client: Callable[[str], CoinbaseApi], clock: FakeClock
) -> None:
    """Coinbase refuses more places than its step has, even when they are zeros."""

    def answer(asked: Asked) -> Answer:
        return created(asked) if asked.path == ORDERS else 500

    long = Decimal("0.01000000000000")
    request = CASE.resting(quantity=long, price=Decimal("30000.000000"))
    async with house(clock, answer) as there, client(there.url) as api:
        await api.create_order(request)
    [terms] = there.asked[0].body["order_configuration"].values()
    assert (terms["base_size"], terms["limit_price"]) == ("0.01", "30000")


# ------------------------------------------------------------------------------------- looking up


async def test_an_order_that_was_told_is_asked_for_by_its_id(api: CoinbaseApi, sim: Sim) -> None:
    """By its name it is found with one request, and no page of the history is read."""
    made = await api.create_order(MINE)
    looked = asked(sim, "order.get")
    assert await api.desk.resolve(BTC, "mine-1") == made
    assert (asked(sim, "order.get"), asked(sim, "orders.list")) == (looked + 1, 0)


@pytest.mark.parametrize("name", [None, "mine-1"])
async def test_only_a_made_up_name_is_looked_for_from_its_sending_on(
    client: Callable[[str], CoinbaseApi], clock: FakeClock, name: str | None
) -> None:
    """No older order has it, so no older page is read; a name of the caller's may be of any time."""

    def answer(asked: Asked) -> Answer:
        return page() if asked.path == LIST else 502

    async with house(clock, answer) as there, client(there.url) as api:
        with pytest.raises(sg.OrderOutcomeUnknown) as caught:
            await api.create_order(replace(MINE, client_order_id=name))
        assert await api.desk.resolve(BTC, str(caught.value.client_order_id)) is None
    [since] = there.asked[-1].query.get("start_date", [""])
    if name is None:
        assert timedelta() < clock.wall() - datetime.fromisoformat(since) < timedelta(hours=2)
    else:
        assert since == ""


async def test_open_orders_are_those_too_that_are_not_in_the_book(
    client: Callable[[str], CoinbaseApi], clock: FakeClock
) -> None:
    """OPEN is asked for alone, and last: what opens meanwhile is told twice, and given once."""
    early, late = "2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z"
    opened = order("opened", order_id="a", created_time=early)
    waiting = order("waiting", order_id="b", created_time=late, status="PENDING")

    def answer(asked: Asked) -> Answer:
        if asked.query["order_status"] == ["OPEN"]:
            return page(opened)
        return page(waiting, {**opened, "status": "QUEUED"})

    async with house(clock, answer) as there, client(there.url) as api:
        found = await api.get_open_orders(BTC)
    assert [each.client_order_id for each in found] == ["opened", "waiting"]
    assert all(each.status is OrderStatus.OPEN for each in found)
    statuses = [each.query["order_status"] for each in there.asked]
    assert statuses == [["PENDING", "QUEUED", "CANCEL_QUEUED"], ["OPEN"]]


async def test_a_thousand_open_orders_may_not_be_all(
    client: Callable[[str], CoinbaseApi], clock: FakeClock
) -> None:
    """Coinbase tells no more than a thousand: they are not given as the whole, and all are cancelled."""
    left = {f"id-{number}": order(order_id=f"id-{number}") for number in range(1_100)}

    def answer(asked: Asked) -> Answer:
        if asked.path == CANCEL:
            names: list[str] = asked.body["order_ids"]
            gone = [left.pop(name)["order_id"] for name in names]
            return {"results": [{"success": True, "order_id": name} for name in gone]}
        if asked.query["order_status"] == ["OPEN"]:
            return page(*list(left.values())[:1_000])
        return page()

    async with house(clock, answer) as there, client(there.url) as api:
        with pytest.raises(sg.ApiError, match="at most 1000 open orders"):
            await api.get_open_orders()
        report = await api.cancel_all()
    assert (len(report.accepted), report.failed, left) == (1_100, {}, {})


# -------------------------------------------------------------------------------------- cancelling


@pytest.mark.parametrize("other", [CASE.other, "BTC/NONE"])
async def test_an_order_of_another_pair_is_not_cancelled(
    api: CoinbaseApi, sim: Sim, other: str
) -> None:
    """Coinbase would cancel it by its id, whatever the pair: so it is looked at before."""
    made = await api.create_order(MINE)
    with pytest.raises(sg.ApiError, match=f"is one of {BTC}") as caught:
        await api.cancel_order(other, order_id=made.order_id)
    assert caught.value.verdict is not None
    assert caught.value.verdict.kind is Kind.ORDER_NOT_FOUND
    assert asked(sim, "order.cancel") == 0
    assert (await api.get_order(BTC, order_id=made.order_id)).status is OrderStatus.OPEN


@pytest.mark.parametrize("count", [1, 2])
async def test_orders_that_cannot_be_cancelled_are_reported(
    client: Callable[[str], CoinbaseApi], clock: FakeClock, count: int
) -> None:
    """One alone is told like several: in the report, with its reason."""
    names = [f"id-{number}" for number in range(count)]

    def answer(asked: Asked) -> Answer:
        if asked.path == CANCEL:
            reason: dict[str, Any] = {"success": False, "failure_reason": "UNKNOWN_CANCEL_ORDER"}
            return {"results": [{**reason, "order_id": name} for name in names]}
        is_open = asked.query["order_status"] == ["OPEN"]
        return page(*(order(order_id=name) for name in names if is_open))

    async with house(clock, answer) as there, client(there.url) as api:
        report = await api.cancel_all(BTC)
    assert report.accepted == ()
    assert report.failed == dict.fromkeys(names, "UNKNOWN_CANCEL_ORDER")


# ------------------------------------------------------------------------------- pairs in one book


def unified(asked: Asked) -> Answer:
    """A Coinbase that tells of everything in the pair whose book it is."""
    if asked.path.startswith("/market/products/"):
        product = asked.path.rpartition("/")[2]
        return {"product_id": product, "alias": "BTC-USD" if product == "BTC-USDC" else ""}
    if asked.path == "/market/product_book":
        line = {"price": "1", "size": "1"}
        return {"pricebook": {"product_id": "BTC-USD", "bids": [line], "asks": []}}
    if asked.path == "/orders/historical/fills":
        fill = {"trade_id": "1", "order_id": ORDER_ID, "product_id": "BTC-USD", "side": "BUY"}
        fill |= {"trade_time": "2026-01-01T00:00:00Z", "price": "1", "size": "1"}
        return {"fills": [fill | {"commission": "0"}], "cursor": ""}
    if asked.path == ORDERS:
        return created(asked, product_id="BTC-USD")
    return page(order()) if asked.path == LIST else {"order": order()}


async def test_a_pair_may_be_told_as_the_one_whose_book_it_shares(
    client: Callable[[str], CoinbaseApi], clock: FakeClock
) -> None:
    """BTC-USDC trades in the book of BTC-USD: its orders, trades and book are taken so, and told as asked."""
    request: OrderRequest = replace(MINE, symbol=IN_USDC)
    async with house(clock, unified) as there, client(there.url) as api:
        made = await api.create_order(request)
        found = await api.get_order(IN_USDC, order_id=ORDER_ID)
        [listed], [traded] = await api.get_open_orders(IN_USDC), await api.get_trades(IN_USDC)
        assert (await api.get_order_book(IN_USDC)).symbol == IN_USDC
        there.answer = lambda asked: 500 if asked.path.startswith(FOUND) else unified(asked)
        unseen = await api.create_order(replace(request, client_order_id=None))
    assert made == found == listed
    assert made.symbol == traded.symbol == unseen.symbol == IN_USDC
    assert there.paths().count("/market/products/BTC-USDC") == 1


async def test_other_pairs_are_still_other_pairs(
    client: Callable[[str], CoinbaseApi], clock: FakeClock
) -> None:
    """What has the same base and no common book is not taken; the orders of an alias are left out."""
    async with house(clock, unified) as there, client(there.url) as api:
        with pytest.raises(sg.ApiError, match="not of BTC/EUR alone"):
            await api.get_open_orders("BTC/EUR")
        with pytest.raises(sg.OrderOutcomeUnknown):
            await api.create_order(replace(MINE, symbol="BTC/EUR"))
        there.answer = lambda asked: (
            page(order(product_id="BTC-USDC")) if asked.path == LIST else unified(asked)
        )
        assert await api.get_open_orders(BTC) == []
