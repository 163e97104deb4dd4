"""Proves which pairs the Alpaca client takes for coins and for shares, and what it does while it cannot ask."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

import switchgear as sg
from switchgear.exchange import AlpacaApi, FieldError, OrderRequest, OrderType, Side
from switchgear.exchange import alpaca_listing as listing_module
from tests.exchange.alpaca_kit import (
    AAPL,
    BTC,
    COIN,
    COIN_ASSET,
    HELD,
    ID,
    LATEST,
    ORDER,
    ORDERS,
    SHARE_ASSET,
    STOCKS,
    D,
    Venue,
    serving,
)
from tests.exchange.kit import one_attempt

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from switchgear.testing import FakeClock

pytestmark = pytest.mark.anyio

ASSETS = "/v2/assets"
SKY, MARKED = "SKY/USD", "SKY.US/USD"
NEW_COIN: dict[str, Any] = {**COIN_ASSET, "symbol": SKY}
HOUR_S = 3_601.0


@pytest.fixture
async def venue() -> AsyncIterator[Venue]:
    """A venue that knows one coin, one share, and the last price of both."""
    made = Venue()
    made.say(f"{ASSETS}/SKY", {**SHARE_ASSET, "symbol": "SKY"})
    made.say(f"{ASSETS}/AAPL", SHARE_ASSET)
    made.say(COIN + LATEST, {"trades": {BTC: {"p": 30000}, SKY: {"p": 2}}})
    made.say(STOCKS + "trades/latest", {"trades": {"SKY": {"p": 70}, "AAPL": {"p": 250}}})
    yield made
    made.open.set()


@pytest.fixture
async def api(gear: sg.Switchgear, venue: Venue) -> AsyncIterator[AlpacaApi]:
    """A client of it that makes one attempt."""
    one_attempt(gear)
    async with (
        serving(venue) as url,
        AlpacaApi(gear, key="a-good-key", secret="a-good-secret", base_url=url) as made,
    ):
        yield made
        venue.open.set()


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a list that does not come given up soon."""
    monkeypatch.setattr(listing_module, "_LIST_S_MAX", 0.05)


def buying(symbol: str) -> OrderRequest:
    """A market order for two."""
    return OrderRequest(symbol, Side.BUY, OrderType.MARKET, D(2), client_order_id="mine-1")


def booking(venue: Venue, name: str, kind: str) -> None:
    """Have the venue book an order of this asset."""
    told = {**ORDER, "symbol": name, "asset_class": kind, "type": "market", "limit_price": None}
    venue.say(ORDERS, told)
    venue.say(f"{ORDERS}/{ID}", told)
    venue.say("/v2/orders:by_client_order_id", told)


async def test_a_share_never_turns_into_the_coin_of_its_name(
    api: AlpacaApi, venue: Venue, clock: FakeClock
) -> None:
    """Once a coin of that name is listed the pair is refused, in every call, with how to write it."""
    booking(venue, "SKY", "us_equity")
    await api.create_order(buying(SKY))
    assert await api.get_market_price(SKY) == 70
    venue.say(ASSETS, [COIN_ASSET, NEW_COIN])
    clock.advance(HOUR_S)
    for call in (
        partial(api.create_order, buying(SKY)),
        partial(api.desk.submit, buying(SKY)),
        partial(api.get_market_price, SKY),
        partial(api.get_market_data, SKY),
        partial(api.get_order_book, SKY),
        partial(api.get_symbol, SKY),
        partial(api.get_trades, SKY),
        partial(api.get_open_orders, SKY),
        partial(api.cancel_all, SKY),
        partial(api.get_order, SKY, order_id=ID),
        partial(api.cancel_order, SKY, order_id=ID),
        partial(api.desk.resolve, SKY, "mine-1"),
    ):
        with pytest.raises(FieldError, match=r"is now also a coin: write SKY\.US/USD") as caught:
            await call()
        assert (caught.value.field, caught.value.value) == ("symbol", SKY)
    assert len(venue.bodies) == 1
    assert [verb for verb, _, _ in venue.asked if verb == "DELETE"] == []
    assert (await api.create_order(buying(MARKED))).symbol == MARKED
    assert [(body["symbol"], body["time_in_force"]) for body in venue.bodies] == [
        ("SKY", "day")
    ] * 2
    assert await api.get_market_price(MARKED) == 70


async def test_a_share_that_was_only_told_never_turns_into_the_coin(
    api: AlpacaApi, venue: Venue, clock: FakeClock
) -> None:
    """A name that came out of the positions may be handed in at any time: it means the share."""
    share = {**HELD, "symbol": "SKY", "asset_class": "us_equity"}
    venue.say("/v2/positions", [share])
    assert [each.symbol for each in await api.get_positions()] == [SKY]
    venue.say(ASSETS, [COIN_ASSET, NEW_COIN])
    clock.advance(HOUR_S)
    with pytest.raises(FieldError, match="is now also a coin"):
        await api.create_order(buying(SKY))
    assert [each.symbol for each in await api.get_positions()] == [MARKED]


async def test_a_new_coin_is_not_taken_for_a_share(
    api: AlpacaApi, venue: Venue, clock: FakeClock
) -> None:
    """Before a pair is a share for the first time the list is asked for once more; then no longer."""
    assert await api.get_market_price(BTC) == 30000
    venue.say(ASSETS, [COIN_ASSET, NEW_COIN])
    clock.advance(60)
    booking(venue, SKY, "crypto")
    assert (await api.create_order(buying(SKY))).symbol == SKY
    assert [(body["symbol"], body["time_in_force"]) for body in venue.bodies] == [(SKY, "gtc")]
    assert len(venue.queries(ASSETS)) == 2
    for _ in range(3):
        clock.advance(60)
        assert await api.get_market_price(AAPL) == 250
    assert len(venue.queries(ASSETS)) == 3


@pytest.mark.usefixtures("short")
async def test_a_list_that_hangs_stops_no_order_while_an_older_one_is_known(
    api: AlpacaApi, venue: Venue, clock: FakeClock
) -> None:
    """The older one serves; the list is not asked for again before 30 s have passed."""
    await api.get_market_price(BTC)
    booking(venue, BTC, "crypto")
    clock.advance(HOUR_S)
    venue.open.clear()
    for _ in range(3):
        assert (await api.create_order(buying(BTC))).symbol == BTC
        assert (await api.desk.submit(buying(BTC))).symbol == BTC
    assert len(venue.queries(ASSETS)) == 2
    venue.open.set()
    clock.advance(31)
    await api.create_order(buying(BTC))
    assert len(venue.queries(ASSETS)) == 3


async def test_a_call_that_was_cut_while_it_asked_is_the_last_that_waits(
    api: AlpacaApi, venue: Venue, clock: FakeClock
) -> None:
    """The guard cuts the attempt, not the request: even so the next call goes on with the older list."""
    await api.get_market_price(BTC)
    clock.advance(HOUR_S)
    venue.open.clear()
    waiting = asyncio.ensure_future(api.get_market_price(BTC))
    await venue.held.wait()
    clock.advance(60)
    with pytest.raises(sg.NetworkError):
        await waiting
    assert await api.get_market_price(BTC) == 30000
    assert len(venue.queries(ASSETS)) == 2


@pytest.mark.usefixtures("short")
async def test_a_first_list_that_hangs_leaves_no_order_unknown(
    api: AlpacaApi, venue: Venue
) -> None:
    """Nothing of the order has left, and the error says so, whichever way it was handed in."""
    venue.open.clear()
    for call in (api.create_order, api.desk.submit, partial(api.served, "create_order")):
        with pytest.raises(sg.ApiError) as caught:
            await call(buying(BTC))
        assert not isinstance(caught.value, sg.OrderOutcomeUnknown)
        assert caught.value.verdict is not None
        assert caught.value.verdict.unsent
    assert venue.bodies == []


async def test_a_first_list_takes_no_more_than_half_of_an_attempt(
    api: AlpacaApi, gear: sg.Switchgear, venue: Venue
) -> None:
    """With a timeout_s below its own limit it still ends before the guard would cut the order."""
    gear.configure("alpaca", timeout_s=0.1)
    venue.open.clear()
    async with asyncio.timeout(1):
        with pytest.raises(sg.ApiError) as caught:
            await api.desk.submit(buying(BTC))
    assert caught.value.verdict is not None
    assert caught.value.verdict.unsent


async def test_an_order_asks_itself_where_get_symbol_is_held_back(
    api: AlpacaApi, gear: sg.Switchgear, venue: Venue
) -> None:
    """The first list is then asked for in the order's own attempt, and nothing is taken for a share before."""
    gear.hold("alpaca", "get_symbol", by="a test", why="to see what an order does")
    booking(venue, BTC, "crypto")
    for _ in range(2):
        assert (await api.create_order(buying(BTC))).symbol == BTC
    assert len(venue.queries(ASSETS)) == 1


async def test_a_lookup_asks_in_vain_once(api: AlpacaApi, venue: Venue) -> None:
    """It can do without the list, so that it does not wait for it twice in a row."""
    venue.say(ASSETS, (503, {"message": "busy"}))
    booking(venue, BTC, "crypto")
    for _ in range(3):
        assert (await api.get_order(BTC, order_id=ID)).symbol == BTC
    assert len(venue.queries(ASSETS)) == 1


async def test_old_rules_are_not_told_as_those_of_now(
    api: AlpacaApi, venue: Venue, clock: FakeClock
) -> None:
    """An older list says what is a coin, and get_symbol is refused while a new one cannot be had."""
    assert (await api.get_symbol(BTC)).symbol == BTC
    clock.advance(HOUR_S)
    venue.say(ASSETS, (503, {"message": "busy"}))
    with pytest.raises(sg.ApiError, match="busy"):
        await api.get_symbol(BTC)
    assert await api.get_market_price(BTC) == 30000
    assert len(venue.queries(ASSETS)) == 2


async def test_many_calls_at_once_ask_for_one_list(api: AlpacaApi, venue: Venue) -> None:
    """Whoever comes while it is under way waits for it, be it for prices or for rules."""
    calls: list[Any] = [api.get_market_price(BTC) for _ in range(30)]
    calls += [api.get_symbol(BTC) for _ in range(30)]
    await asyncio.gather(*calls)
    assert len(venue.queries(ASSETS)) == 1


async def test_many_calls_at_once_fail_with_one_list(api: AlpacaApi, venue: Venue) -> None:
    """Its refusal is told to each of them as it came: none waits for a list of its own."""
    venue.say(ASSETS, (503, {"message": "busy"}))
    calls = [api.get_market_price(BTC) for _ in range(20)]
    found = await asyncio.gather(*calls, return_exceptions=True)
    assert {type(each) for each in found} == {sg.ApiError}
    assert {(each.status, each.message) for each in found if isinstance(each, sg.ApiError)} == {
        (503, "busy")
    }
    assert len({id(each) for each in found}) == 20
    assert len(venue.queries(ASSETS)) == 1
