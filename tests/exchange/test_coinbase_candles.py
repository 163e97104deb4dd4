"""Proves that candles of Coinbase are read with few requests, whatever is asked for; over real sockets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

import switchgear as sg
from switchgear.exchange import CoinbaseApi
from tests.exchange.coinbase_kit import Answer, Asked, house
from tests.exchange.kit import one_attempt

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchgear.testing import FakeClock

pytestmark = pytest.mark.anyio
BTC = "BTC/USD"
LONG_AGO = datetime(2015, 1, 1, tzinfo=UTC)
SECONDS = {"ONE_MINUTE": 60, "ONE_DAY": 86_400}


@pytest.fixture(autouse=True)
def once(gear: sg.Switchgear) -> None:
    """A failing call is tried once."""
    one_attempt(gear)


def trading(begins: datetime, each_s: int = 60) -> Callable[[Asked], Answer]:
    """A product that trades once in so many seconds since then."""

    def answer(asked: Asked) -> Answer:
        start_s, end_s = int(asked.query["start"][0]), int(asked.query["end"][0])
        step_s, found_s = SECONDS[asked.query["granularity"][0]], int(begins.timestamp())
        opens = range(start_s + -start_s % step_s, end_s + 1, step_s)
        step_of = max(each_s, step_s)
        told = [
            at for at in opens if at + step_s > found_s and at // step_s * step_s % step_of == 0
        ]
        return {"candles": [candle(at) for at in reversed(told)]}

    return answer


def candle(at_s: int) -> dict[str, Any]:
    """A candle in which nothing happens."""
    return {"start": str(at_s), **dict.fromkeys(("low", "high", "open", "close", "volume"), "1")}


async def test_a_product_that_did_not_trade_costs_few_requests(
    gear: sg.Switchgear, clock: FakeClock
) -> None:
    """Years without a candle are looked through by days, with a pause after each 8 requests."""
    never = trading(datetime(2100, 1, 1, tzinfo=UTC))
    async with house(clock, never) as there, CoinbaseApi(gear, base_url=there.url) as api:
        assert await api.get_market_data(BTC, "1m", since=LONG_AGO) == []
        assert await api.get_market_data(BTC, "1d", since=LONG_AGO - timedelta(days=365_000)) == []
    assert len(there.asked) <= 2 * 17
    assert clock.slept_s == [1.0, 1.0]


async def test_the_first_candle_is_found_where_trading_began(
    gear: sg.Switchgear, clock: FakeClock
) -> None:
    """From long before it, the oldest candles come whole, and none is passed over."""
    begins = datetime(2024, 5, 6, 7, 8, tzinfo=UTC)
    async with house(clock, trading(begins)) as there, CoinbaseApi(gear, base_url=there.url) as api:
        found = await api.get_market_data(BTC, "1m", since=LONG_AGO, limit=400)
    assert [each.at for each in found] == [begins + timedelta(minutes=n) for n in range(400)]
    assert len(there.asked) <= 17


async def test_nothing_is_asked_of_the_future(gear: sg.Switchgear, clock: FakeClock) -> None:
    """An end that is years ahead is read as now."""
    end, since = clock.wall() + timedelta(days=9_000), clock.wall() - timedelta(minutes=5)
    always = trading(LONG_AGO)
    async with house(clock, always) as there, CoinbaseApi(gear, base_url=there.url) as api:
        assert await api.get_market_data(BTC, "1m", since=since, until=end, limit=10_000)
        assert await api.get_market_data(BTC, "1m", until=end, limit=5)
        assert await api.get_market_data(BTC, "1m", since=end) == []
    now_s = int(clock.wall().timestamp())
    assert [int(each.query["end"][0]) for each in there.asked] == [now_s, now_s]


async def test_a_product_that_hardly_trades_is_read_in_part(
    gear: sg.Switchgear, clock: FakeClock
) -> None:
    """One candle a day, asked for by the minute: what so many requests found is given, and goes on from there."""
    rare = trading(LONG_AGO, each_s=86_400)
    since = clock.wall() - timedelta(days=300)
    async with house(clock, rare) as there, CoinbaseApi(gear, base_url=there.url) as api:
        found = await api.get_market_data(BTC, "1m", since=since, limit=100)
        assert 0 < len(found) < 100
        more = await api.get_market_data(BTC, "1m", since=found[-1].at + timedelta(minutes=1))
    assert more[0].at - found[-1].at == timedelta(days=1)
    assert len(there.asked) <= 2 * 25
