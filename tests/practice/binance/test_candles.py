"""Proves the candles of the practice Binance: where they begin, what they hold, which are told."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from switchgear.practice.sim.binance.candles import INTERVALS, next_open, open_at
from tests.practice.kit import Desk

KLINES = "/api/v3/klines"
MINUTE_MS = 60_000
HOUR_MS = 3_600_000
BAD_ZONE = (400, -1130, "Data sent for parameter 'timeZone' is not valid.")


def candles(desk: Desk, interval: str = "1m", **params: Any) -> list[list[Any]]:
    """The candles of one pair."""
    reply = desk.get(KLINES, symbol="BTCUSDT", interval=interval, **params)
    assert reply.status == 200, reply.json
    rows: list[list[Any]] = reply.json
    return rows


def ms(text: str) -> int:
    """An instant in epoch milliseconds."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000


@pytest.mark.parametrize("interval", INTERVALS)
def test_candles_of_every_interval_follow_each_other(desk: Desk, interval: str) -> None:
    """Each ends where the next begins, and the last one holds the present."""
    rows = candles(desk, interval, limit=4)
    assert [row[6] + 1 for row in rows[:-1]] == [row[0] for row in rows[1:]]
    assert rows[-1][0] <= desk.now_ms <= rows[-1][6]
    for _, start, high, low, end, *_ in rows:
        assert Decimal(low) <= min(Decimal(start), Decimal(end))
        assert max(Decimal(start), Decimal(end)) <= Decimal(high)


@pytest.mark.parametrize(
    ("interval", "at", "opened", "following"),
    [
        ("3m", "2026-03-04T05:07:08", "2026-03-04T05:06:00", "2026-03-04T05:09:00"),
        ("4h", "2026-03-04T05:07:08", "2026-03-04T04:00:00", "2026-03-04T08:00:00"),
        ("1d", "2026-03-04T05:07:08", "2026-03-04T00:00:00", "2026-03-05T00:00:00"),
        ("1w", "2026-03-04T05:07:08", "2026-03-02T00:00:00", "2026-03-09T00:00:00"),
        ("1M", "2026-12-31T23:59:59", "2026-12-01T00:00:00", "2027-01-01T00:00:00"),
        ("1M", "2026-02-01T00:00:00", "2026-02-01T00:00:00", "2026-03-01T00:00:00"),
    ],
)
def test_where_a_candle_begins(interval: str, at: str, opened: str, following: str) -> None:
    """On whole spans since 1970; a week begins on a Monday, a month on its first day."""
    assert open_at(interval, ms(at)) == ms(opened)
    assert next_open(interval, ms(opened)) == ms(following)


@pytest.mark.parametrize("zone", ["8", "08:00", "+8"])
def test_a_time_zone_moves_where_candles_begin(desk: Desk, zone: str) -> None:
    """A day of that zone begins at its own midnight; times stay in UTC."""
    row = candles(desk, "1d", timeZone=zone, limit=1)[0]
    assert row[0] % (24 * HOUR_MS) == 16 * HOUR_MS
    assert row[0] <= desk.now_ms <= row[6]


@pytest.mark.parametrize("zone", ["-12:01", "14:01", "15", "east", "1:60"])
def test_a_zone_that_is_nowhere_is_refused(desk: Desk, zone: str) -> None:
    """From 12 hours behind to 14 ahead; both ends are taken."""
    path = {"symbol": "BTCUSDT", "interval": "1d"}
    assert desk.get(KLINES, **path, timeZone=zone).error == BAD_ZONE
    assert candles(desk, "1d", timeZone="-12:00", limit=1)
    assert candles(desk, "1M", timeZone="14:00", limit=1)


def test_a_closed_candle_stays_as_it_is(desk: Desk) -> None:
    """Whoever asks later, in whichever part of a second, reads the same."""
    desk.clock.advance(90.4)
    closed = candles(desk, limit=3)[:-1]
    for _ in range(5):
        desk.clock.advance(0.3)
        assert candles(desk, startTime=closed[0][0], limit=2) == closed


def test_the_open_candle_ends_at_the_price_of_now(desk: Desk) -> None:
    """Its close is the last price, and it counts the seconds that it has lasted."""
    desk.clock.advance(75)
    row = candles(desk, limit=1)[0]
    assert row[4] == desk.price()
    assert row[8] == (desk.now_ms - row[0]) // 1000 + 1


def test_which_candles_are_told(desk: Desk) -> None:
    """From a start on, up to an end, between both, and else the last ones."""
    last = candles(desk, limit=10)
    assert [row[0] for row in candles(desk, startTime=last[3][0], limit=2)] == [
        last[3][0],
        last[4][0],
    ]
    assert candles(desk, startTime=last[3][0] + 1, limit=1)[0][0] == last[4][0]
    assert [row[0] for row in candles(desk, endTime=last[4][0], limit=2)] == [
        last[3][0],
        last[4][0],
    ]
    both = candles(desk, startTime=last[3][0], endTime=last[6][0])
    assert [row[0] for row in both] == [row[0] for row in last[3:7]]
    assert candles(desk, startTime=desk.now_ms + 1) == []
    assert candles(desk, startTime=last[3][0] * 1000, limit=1)[0] == last[3]


def test_how_many_candles_are_told(desk: Desk) -> None:
    """500 unless said, at most 1000 however many are asked for, and none before the listing."""
    assert len(candles(desk)) == 500
    assert len(candles(desk, limit=1500)) == 1000
    first = candles(desk, "1d", startTime=0, limit=1)[0]
    assert first[0] == ms("2017-08-17T00:00:00")
    assert candles(desk, "1M", endTime=ms("2010-01-01T00:00:00")) == []


def test_candles_for_charts_are_the_same(desk: Desk) -> None:
    """The endpoint uiKlines answers as klines does."""
    params = {"symbol": "BTCUSDT", "interval": "5m", "limit": 7}
    assert desk.get("/api/v3/uiKlines", **params).json == desk.get(KLINES, **params).json


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({"interval": "2m"}, (400, -1120, "Invalid interval.")),
        ({"interval": "1D"}, (400, -1120, "Invalid interval.")),
        ({"symbol": "DOGEUSDT", "interval": "1m"}, (400, -1121, "Invalid symbol.")),
        (
            {"interval": "1m", "limit": "0"},
            (400, -1130, "Data sent for parameter 'limit' is not valid."),
        ),
    ],
)
def test_a_wrong_question_is_refused(
    desk: Desk, params: dict[str, str], error: tuple[int, int, str]
) -> None:
    """Intervals are told apart by letter case; symbol and limit must hold."""
    assert desk.get(KLINES, **{"symbol": "BTCUSDT", **params}).error == error
