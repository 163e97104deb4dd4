"""Proves what the Alpaca client refuses before anything of it is sent: settings, arguments, rules of an asset."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal, localcontext
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

import switchgear as sg
from switchgear.exchange import AlpacaApi, FieldError, OrderRequest, OrderType, Side, TimeInForce
from switchgear.exchange.alpaca import DATA_URL, LIVE_URL, PAPER_URL
from switchgear.practice.sim.server import Sim
from tests.exchange.kit import asked, booked

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from switchgear.testing import FakeClock

pytestmark = pytest.mark.anyio

BTC, AAPL, WHOLE = "BTC/USD", "AAPL/USD", "BRK.A/USD"
D = Decimal
PAPER: dict[str, Any] = {"key": "PK0123456789ABCDEF01", "secret": "s" * 40}
LIVE: dict[str, Any] = {"key": "AK0123456789ABCDEF01", "secret": "s" * 40}
DAY, GTC, IOC, FOK = TimeInForce.DAY, TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK


@pytest.fixture
async def sim(clock: FakeClock) -> AsyncIterator[Sim]:
    """The practice venue, over real sockets."""
    async with Sim(clock=clock, venue="alpaca") as running:
        yield running


@pytest.fixture
async def api(gear: sg.Switchgear, sim: Sim) -> AsyncIterator[AlpacaApi]:
    """A client of the practice venue."""
    async with AlpacaApi(gear, key=sim.key, secret=sim.secret, base_url=sim.base_url) as made:
        yield made


def limit(symbol: str, quantity: str, price: str, force: TimeInForce = GTC) -> OrderRequest:
    """A limit order to buy."""
    return OrderRequest(
        symbol, Side.BUY, OrderType.LIMIT, D(quantity), price=D(price), time_in_force=force
    )


def spending(symbol: str, amount: str) -> OrderRequest:
    """A market order that names what it spends."""
    return OrderRequest(symbol, Side.BUY, OrderType.MARKET, quote_quantity=D(amount))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({**PAPER}, "a paper key does not work at https://api.alpaca.markets: set paper=True"),
        ({**LIVE, "paper": True}, "a live key does not work at https://paper-api.alpaca.markets"),
        ({**PAPER, "base_url": LIVE_URL + "/"}, "set paper=True"),
        ({**LIVE, "base_url": PAPER_URL}, "leave paper=True away"),
    ],
)
def test_keys_and_addresses_must_fit(
    gear: sg.Switchgear, given: dict[str, Any], words: str
) -> None:
    """The error names the field and what to do, and does not show the key."""
    with pytest.raises(sg.SettingsError, match=words) as caught:
        AlpacaApi(gear, **given)
    assert caught.value.field == "key"
    assert given["key"] not in str(caught.value)


def test_keys_that_fit_are_taken(gear: sg.Switchgear) -> None:
    """Paper with paper, live with live, and any key elsewhere."""
    assert PAPER_URL in repr(AlpacaApi(gear, **PAPER, paper=True))
    assert LIVE_URL in repr(AlpacaApi(gear, **LIVE))
    assert "http://here" in repr(AlpacaApi(gear, **PAPER, base_url="http://here/"))


@pytest.mark.parametrize(
    ("given", "data_url"),
    [
        ({}, DATA_URL),
        ({"paper": True}, DATA_URL),
        ({"base_url": "http://here"}, "http://here"),
        ({"base_url": "http://here", "data_url": "http://there"}, "http://there"),
        ({"data_url": "http://there"}, "http://there"),
    ],
)
def test_base_url_alone_points_everything_there(
    gear: sg.Switchgear, given: dict[str, Any], data_url: str
) -> None:
    """Market data has an address of its own, unless only one is given."""
    api = AlpacaApi(gear, **given)
    assert api._transports[-1].base_url == data_url


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"key": "a-good-key"}, "secret"),
        ({"secret": "a-good-secret"}, "key"),
        ({"key": "with space", "secret": "a-good-secret"}, "key"),
        ({"key": "a-good-key", "secret": "line\nbreak"}, "secret"),
        ({"base_url": "ftp://here"}, "base_url"),
        ({"data_url": "here"}, "base_url"),
        ({"feed": "SIP!"}, "feed"),
        ({"fallbacks": {"get_prices": sg.last_good(5)}}, "fallbacks"),
    ],
)
def test_settings_that_cannot_be(gear: sg.Switchgear, given: dict[str, Any], field: str) -> None:
    """Each is refused when the client is made."""
    with pytest.raises(sg.SettingsError) as caught:
        AlpacaApi(gear, **given)
    assert caught.value.field == field


async def test_without_a_key_nothing_can_be_had(gear: sg.Switchgear, sim: Sim) -> None:
    """Not even prices; it is said before anything is counted or sent."""
    request = limit(BTC, "0.01", "10000")
    async with AlpacaApi(gear, base_url=sim.base_url) as api:
        for call in (
            partial(api.get_market_price, BTC),
            api.get_market_clock,
            api.get_portfolio,
            partial(api.create_order, request),
        ):
            with pytest.raises(sg.SettingsError, match="nothing can be had without key"):
                await call()
    assert gear.metrics("alpaca", "get_market_price").total_calls == 0
    assert sim.state()["requests"] == {}


BAD_CALLS: list[tuple[str, tuple[Any, ...], dict[str, Any], str]] = [
    ("get_market_price", ("aapl",), {}, "symbol"),
    ("get_market_price", ("AAPL",), {}, "symbol"),
    ("get_market_prices", ([],), {}, "symbols"),
    ("get_market_data", (BTC, "4h"), {}, "interval"),
    ("get_market_data", (BTC,), {"limit": 0}, "limit"),
    ("get_order_book", (BTC, 0), {}, "depth"),
    ("get_symbol", ("../account",), {}, "symbol"),
    ("get_order", (BTC,), {}, "order_id"),
    ("get_order", (BTC,), {"order_id": "12"}, "order_id"),
    ("get_order", (BTC,), {"order_id": "../account"}, "order_id"),
    ("cancel_order", (BTC,), {"client_order_id": "a&b"}, "client_order_id"),
    ("cancel_all", (7,), {}, "symbol"),
    ("get_trades", (BTC,), {"limit": 1001}, "limit"),
    ("create_order", ({"symbol": BTC},), {}, "request"),
]


@pytest.mark.parametrize(("method", "args", "kwargs", "field"), BAD_CALLS)
async def test_what_cannot_be_asked_is_refused_before_it_is_counted(
    api: AlpacaApi, gear: sg.Switchgear, sim: Sim, method: str, args: Any, kwargs: Any, field: str
) -> None:
    """The error names the field; nothing was sent, and no call was counted."""
    with pytest.raises(FieldError) as caught:
        await getattr(api, method)(*args, **kwargs)
    assert caught.value.field == field
    assert gear.metrics("alpaca", method).total_calls == 0
    assert sim.state()["requests"] == {}


@pytest.mark.parametrize("amount", [D("NaN"), D("Infinity"), D(0), D(-1), 0.5, 1, "1"])
def test_amounts_that_are_none(amount: Any) -> None:
    """NaN, a float, an int or nothing at all is no amount of an order."""
    with pytest.raises(FieldError):
        OrderRequest(AAPL, Side.BUY, OrderType.MARKET, amount)
    with pytest.raises(FieldError):
        OrderRequest(AAPL, Side.BUY, OrderType.LIMIT, D(1), price=amount)


@pytest.mark.parametrize(
    ("request_", "field", "words"),
    [
        (limit("NOPE/USD", "1", "10"), "symbol", "is not traded at alpaca"),
        (limit("BTC/EUR", "1", "10"), "symbol", "did you mean BTC/USD"),
        (limit(BTC, "0.01", "10000.001"), "price", "must be a multiple of 0.01"),
        (limit(BTC, "0.0000000001", "10000"), "quantity", "must be at least"),
        (limit(BTC, "0.0100000001", "10000"), "quantity", "must be a multiple of"),
        (limit(BTC, "30", "10000"), "price times quantity", "at most 200000"),
        (limit(BTC, "0.01", "10000", DAY), "time_in_force", "takes GTC, IOC"),
        (limit(BTC, "0.01", "10000", FOK), "time_in_force", "takes GTC, IOC"),
        (spending(BTC, "50.001"), "quote_quantity", "multiple of 0.01"),
        (limit(AAPL, "1", "250.001"), "price", "must be a multiple of 0.01"),
        (limit(AAPL, "1", "0.10005"), "price", "must be a multiple of 0.0001"),
        (limit(AAPL, "0.0000000001", "250", DAY), "quantity", "must be a multiple of"),
        (limit(AAPL, "0.5", "250"), "time_in_force", "must be DAY for a part of a share"),
        (limit(AAPL, "0.5", "250", IOC), "time_in_force", "must be DAY for a part of a share"),
        (limit(WHOLE, "0.5", "250", DAY), "quantity", "must be a multiple of 1"),
        (spending(WHOLE, "100"), "quote_quantity", "give a whole quantity"),
        (spending(AAPL, "0.50"), "quote_quantity", "must be at least 1"),
        (spending(AAPL, "50.005"), "quote_quantity", "multiple of 0.01"),
        (replace(limit(AAPL, "1", "250"), post_only=True), "post_only", "has no such orders"),
        (replace(limit(BTC, "0.01", "10000"), post_only=True), "post_only", "no such orders"),
        (limit(AAPL, "1", "250", IOC), "time_in_force", "it opens at 2026-01-02 14:30"),
        (limit(AAPL, "1", "250", FOK), "time_in_force", "must be DAY or GTC while"),
    ],
)
async def test_a_rule_of_the_asset_is_kept_here(
    api: AlpacaApi, gear: sg.Switchgear, sim: Sim, request_: OrderRequest, field: str, words: str
) -> None:
    """The error names field, value and rule, whichever way the order is handed in; it is not sent."""
    calls: list[Any] = [api.create_order, partial(api.served, "create_order")]
    for call in calls:
        with pytest.raises(FieldError, match=words) as caught:
            await call(request_)
        assert caught.value.field == field
    assert asked(sim, "order.create") == 0
    assert gear.metrics("alpaca", "create_order").total_calls == 0


@pytest.mark.parametrize(
    "request_",
    [
        limit(AAPL, "2", "250.25"),
        limit(AAPL, "2", "0.5005"),
        limit(AAPL, "2", "250", DAY),
        limit(AAPL, "0.5", "250", DAY),
        limit(WHOLE, "1", "1.01"),
        spending(AAPL, "1"),
        OrderRequest(AAPL, Side.BUY, OrderType.MARKET, D("0.123456789")),
        OrderRequest(
            AAPL,
            Side.BUY,
            OrderType.STOP_LIMIT,
            D("0.5"),
            price=D(300),
            stop_price=D(290),
            time_in_force=DAY,
        ),
        limit(BTC, "0.001", "10000"),
        limit(BTC, "0.01", "70000", IOC),
        spending(BTC, "10"),
    ],
)
async def test_an_order_that_keeps_the_rules_is_taken(
    api: AlpacaApi, sim: Sim, request_: OrderRequest
) -> None:
    """What stands just inside each rule is no trouble for the exchange either, on a holiday."""
    order = await api.create_order(request_)
    assert order.symbol == request_.symbol
    assert booked(sim) == [order.client_order_id]


async def test_one_list_tells_the_rules_of_every_coin(api: AlpacaApi, sim: Sim) -> None:
    """An order of a second coin asks for nothing more."""
    await api.create_order(limit(BTC, "0.001", "10000"))
    await api.create_order(limit("ETH/USD", "0.01", "1000"))
    assert (asked(sim, "assets.list"), asked(sim, "asset.get")) == (1, 0)


@pytest.mark.parametrize("request_", [limit(BTC, "0.0005", "10000"), spending(BTC, "9.99")])
async def test_how_little_may_be_bought_is_left_to_the_exchange(
    api: AlpacaApi, sim: Sim, request_: OrderRequest
) -> None:
    """Its listing names no least value of a coin's order: it is asked, and refuses what is too little."""
    with pytest.raises(sg.OrderRefused, match="minimal amount of order"):
        await api.create_order(request_)
    assert asked(sim, "order.create") == 1


async def test_a_part_of_a_share_is_seen_in_any_context(api: AlpacaApi) -> None:
    """Whole numbers are told from others by their digits, whatever the program's precision is."""
    with localcontext(prec=3):
        order = await api.create_order(limit(AAPL, "1234.000", "1.01"))
        assert order.quantity == 1234
        with pytest.raises(FieldError, match="must be DAY for a part of a share"):
            await api.create_order(limit(AAPL, "1234.5", "1.01"))


async def test_selling_little_is_allowed(api: AlpacaApi) -> None:
    """A rest can be sold, however little it is."""
    await api.create_order(spending(BTC, "20"))
    order = await api.create_order(replace(spending(BTC, "5"), side=Side.SELL))
    assert order.side is Side.SELL


async def test_rules_can_be_left_to_the_exchange(gear: sg.Switchgear, sim: Sim) -> None:
    """Then the order is sent, and refused there; what cannot be said to it is refused even so."""
    async with AlpacaApi(
        gear, key=sim.key, secret=sim.secret, base_url=sim.base_url, check_rules=False
    ) as api:
        with pytest.raises(sg.OrderRefused):
            await api.create_order(limit(AAPL, "0.5", "250"))
        request = replace(limit(BTC, "0.01", "10000"), post_only=True)
        for call in (api.create_order, api.desk.submit):
            with pytest.raises(FieldError, match="post_only"):
                await call(request)
    assert (asked(sim, "order.create"), asked(sim, "asset.get")) == (1, 0)
    assert booked(sim) == []
