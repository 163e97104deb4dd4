"""Proves what TradingApi promises, over every client and its practice exchange: one suite for all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

import switchgear as sg
from switchgear.exchange import FieldError, OrderStatus, OrderType, Side, TimeInForce
from switchgear.exchange.market import Interval
from switchgear.practice.sim.server import Sim
from tests.exchange.venues import CASES, Case

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from switchgear.exchange.client import VenueApi
    from switchgear.testing import FakeClock

pytestmark = pytest.mark.anyio


@pytest.fixture(params=CASES, ids=str)
def case(request: pytest.FixtureRequest) -> Case:
    """One venue after the other."""
    found: Case = request.param
    return found


@pytest.fixture
async def sim(case: Case, clock: FakeClock) -> AsyncIterator[Sim]:
    """The practice exchange of the venue, over real sockets."""
    async with Sim(clock=clock, venue=case.name) as running:
        yield running


@pytest.fixture
async def api(case: Case, gear: sg.Switchgear, sim: Sim) -> AsyncIterator[Any]:
    """A client of it."""
    async with case.client(gear, sim) as made:
        yield made


def kind_of(error: sg.ApiError) -> sg.Kind:
    """What the error's verdict says."""
    assert error.verdict is not None
    return error.verdict.kind


def truth(sim: Sim, number: int = -1) -> dict[str, Any]:
    """An order as the exchange has it."""
    found: dict[str, Any] = sim.state()["orders"][number]
    return found


# ---------------------------------------------------------------------------------------- the market


async def test_a_price_is_the_exchanges_own(api: VenueApi, case: Case, sim: Sim) -> None:
    """The price is the ledger's, as a Decimal, alone and among several."""
    prices = {
        name.replace("-", "").replace("/", ""): p for name, p in sim.state()["prices"].items()
    }
    first, second = (prices[each.replace("/", "")] for each in (case.symbol, case.other))
    assert await api.get_market_price(case.symbol) == Decimal(first)
    assert await api.get_market_prices([case.symbol, case.other]) == {
        case.symbol: Decimal(first),
        case.other: Decimal(second),
    }


@pytest.mark.parametrize("interval", list(Interval))
async def test_candles_are_whole_and_in_order(
    api: VenueApi, case: Case, interval: Interval, clock: FakeClock
) -> None:
    """The newest candles come oldest first, one an interval, on its grid, up to now."""
    candles = await api.get_market_data(case.symbol, interval, limit=5)
    step = timedelta(seconds=interval.length_s)
    assert [after.at - before.at for before, after in pairwise(candles)] == [step] * 4
    assert candles[-1].at <= clock.wall() < candles[-1].at + step
    assert all(isinstance(each.close, Decimal) for each in candles)


async def test_more_candles_than_a_page_are_several_requests(
    api: VenueApi, case: Case, clock: FakeClock
) -> None:
    """1,200 candles back from now and forward from an instant are whole, and the same."""
    newest = await api.get_market_data(case.symbol, "1m", limit=1200)
    assert len(newest) == 1200
    since = newest[0].at
    forward = await api.get_market_data(case.symbol, "1m", since=since, limit=1100)
    assert [each.at for each in forward] == [each.at for each in newest[:1100]]
    part = await api.get_market_data(
        case.symbol, "1m", since=since, until=since + timedelta(minutes=9)
    )
    assert [each.at for each in part] == [each.at for each in newest[:10]]


async def test_an_order_book_has_both_sides(api: VenueApi, case: Case) -> None:
    """Best first, as deep as asked, around the price."""
    book, price = await api.get_order_book(case.symbol, 5), await api.get_market_price(case.symbol)
    assert (len(book.bids), len(book.asks)) == (5, 5)
    assert book.bids[0].price < price < book.asks[0].price
    assert book.bids[0].price > book.bids[4].price
    assert book.spread is not None
    assert book.spread > 0


async def test_symbols_have_their_rules(api: VenueApi, case: Case) -> None:
    """Each pair has its tick and lot; one asked alone is the same."""
    infos = await api.get_symbols()
    info = infos[case.symbol]
    assert case.other in infos
    assert info == await api.get_symbol(case.symbol)
    assert (info.base, info.quote) == tuple(case.symbol.split("/"))
    assert info.price_tick is not None
    assert case.tick % info.price_tick == 0
    assert info.quantity_step is not None
    assert info.tradable


# --------------------------------------------------------------------------------------- the account


async def test_what_is_held_is_the_ledgers(api: VenueApi, case: Case, sim: Sim) -> None:
    """Balances, portfolio and positions tell of the same amounts, and values add up."""
    await api.create_order(case.market())
    base, quote = case.symbol.split("/")
    held = sim.state()["balances"][base]
    balances, portfolio = await api.get_account_balance(), await api.get_portfolio()
    assert balances[base].total == Decimal(held["free"]) + Decimal(held["locked"])
    assert portfolio.balances[base].total == balances[base].total
    assert portfolio.currency == quote
    assert portfolio.total == sum(portfolio.values.values())
    [position] = [each for each in await api.get_positions() if each.asset == base]
    assert (position.quantity, position.symbol) == (balances[base].total, case.symbol)


async def test_trades_are_the_executions(api: VenueApi, case: Case, sim: Sim) -> None:
    """Oldest first, each with its order; from an instant on, only those since then."""
    first = await api.create_order(case.market())
    second = await api.create_order(case.market(Side.SELL, quantity=Decimal("0.005")))
    trades = await api.get_trades(case.symbol)
    assert [trade.order_id for trade in trades] == [first.order_id, second.order_id]
    assert [trade.side for trade in trades] == [Side.BUY, Side.SELL]
    executions = [execution for order in sim.state()["orders"] for execution in order["executions"]]
    assert [trade.price for trade in trades] == [Decimal(each["price"]) for each in executions]
    since = trades[0].at - timedelta(seconds=1)
    assert await api.get_trades(case.symbol, since=since) == trades
    assert await api.get_trades(case.symbol, limit=1) == trades[1:]
    assert await api.get_trades(case.symbol, since=trades[1].at + timedelta(hours=1)) == []


# ----------------------------------------------------------------------------------------- its orders


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


# ------------------------------------------------------------------------------------------ bad input


def wrong_orders(case: Case) -> dict[str, Any]:
    """By the field that is named: what makes an order that its pair does not allow."""
    return {
        "symbol": lambda: replace(case.resting(), symbol="NOPE/USD"),
        "price": lambda: case.resting(price=case.tick * 3000000 + case.tick / 1000000000),
        "quantity": lambda: case.resting(quantity=Decimal("0.000000000000001")),
    }


@pytest.mark.parametrize("field", ["symbol", "price", "quantity"])
async def test_an_order_that_breaks_a_rule_is_refused_here(
    api: VenueApi, case: Case, sim: Sim, field: str
) -> None:
    """The error names field, value and rule, and no order was sent."""
    request = wrong_orders(case)[field]()
    with pytest.raises(FieldError) as caught:
        await api.create_order(request)
    assert caught.value.field == field
    assert case.name in str(caught.value)
    assert "order.create" not in sim.state()["requests"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("quantity", Decimal("NaN")),
        ("quantity", Decimal(-1)),
        ("quantity", Decimal(0)),
        ("quantity", 0.01),
        ("price", 30000.0),
        ("price", Decimal("Infinity")),
    ],
)
def test_what_is_no_amount_makes_no_order(case: Case, field: str, value: object) -> None:
    """NaN, below 0, a float: the order cannot even be written down."""
    with pytest.raises(FieldError) as caught:
        case.resting(**{field: value})
    assert caught.value.field == field


Call = Callable[[Any, str], Any]
WRONG_CALLS: tuple[tuple[Call, str], ...] = (
    (lambda api, s: api.get_market_price("BTCUSD"), "symbol"),
    (lambda api, s: api.get_market_prices([]), "symbols"),
    (lambda api, s: api.get_market_prices(s), "symbols"),
    (lambda api, s: api.get_market_prices([s, s]), "symbols"),
    (lambda api, s: api.get_market_data(s, "7m"), "interval"),
    (lambda api, s: api.get_market_data(s, limit=0), "limit"),
    (lambda api, s: api.get_market_data(s, limit=10001), "limit"),
    (lambda api, s: api.get_market_data(s, since=datetime(2026, 1, 1)), "since"),  # noqa: DTZ001  that is the point
    (
        lambda api, s: api.get_market_data(
            s, since=datetime(2026, 1, 2, tzinfo=UTC), until=datetime(2026, 1, 1, tzinfo=UTC)
        ),
        "since",
    ),
    (lambda api, s: api.get_order_book(s, 101), "depth"),
    (lambda api, s: api.get_trades(s, limit=1001), "limit"),
    (lambda api, s: api.get_open_orders("nope"), "symbol"),
    (lambda api, s: api.cancel_all("nope"), "symbol"),
    (lambda api, s: api.get_order(s), "order_id"),
    (lambda api, s: api.get_order(s, order_id="1", client_order_id="a"), "order_id"),
    (lambda api, s: api.get_order(s, order_id="../x"), "order_id"),
    (lambda api, s: api.get_order(s, client_order_id="a b"), "client_order_id"),
    (lambda api, s: api.create_order("buy"), "request"),
)


@pytest.mark.parametrize(("call", "field"), WRONG_CALLS)
async def test_an_argument_that_cannot_be_is_named(
    api: VenueApi, case: Case, sim: Sim, gear: sg.Switchgear, call: Call, field: str
) -> None:
    """Nothing is sent and nothing is counted."""
    with pytest.raises(FieldError) as caught:
        await call(api, case.symbol)
    assert caught.value.field == field
    assert sim.state()["requests"] == {}
    assert all(found.total_calls == 0 for found in gear.all_metrics())


async def test_a_key_without_its_secret_is_refused(
    case: Case, gear: sg.Switchgear, sim: Sim
) -> None:
    """Key and secret go together."""
    with pytest.raises(sg.SettingsError, match="secret"):
        case.client(gear, sim, secret="")


async def test_a_wrong_key_closes_the_accounts_gate(
    case: Case, gear: sg.Switchgear, sim: Sim
) -> None:
    """The exchange refuses the key; the next call is not even sent, and no circuit moved."""
    key = f"{sim.key[:-1]}{'A' if sim.key[-1] != 'A' else 'B'}"
    async with case.client(gear, sim, key=key) as api:
        with pytest.raises(sg.ApiError) as caught:
            await api.get_account_balance()
        assert kind_of(caught.value) is sg.Kind.AUTHENTICATION
        with pytest.raises(sg.GateClosedError):
            await api.get_account_balance()
    assert gear.circuit(case.name, "get_account_balance").failures == 0


async def test_every_method_is_guarded_under_its_name(
    api: VenueApi, case: Case, gear: sg.Switchgear
) -> None:
    """Each method has a key of its own, ready before the first call."""
    assert set(api.methods) <= {view.key.method for view in gear.circuits()}
    with pytest.raises(sg.SettingsError, match="get_market_price"):
        await api.served("get_nothing")
    served = await api.served("get_market_price", case.symbol)
    assert served.source == "primary"


async def test_secrets_stay_out_of_everything(
    api: VenueApi, case: Case, gear: sg.Switchgear, sim: Sim
) -> None:
    """Neither key's secret nor a token is in records, metrics or errors."""
    sim.add_faults({"match": "*", "action": "html", "status": 502})
    with pytest.raises(sg.ApiError) as caught:
        await api.get_account_balance()
    shown = f"{caught.value!r} {gear.logs()!r} {gear.all_metrics()!r} {api!r}"
    secrets = [line for line in sim.secret.splitlines() if not line.startswith("-----")]
    assert not any(secret in shown for secret in secrets)
