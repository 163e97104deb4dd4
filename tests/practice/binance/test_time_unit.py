"""Proves that times are told in milliseconds, and in microseconds when a request asks for them."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from tests.practice.kit import ORDER, RESTING, Desk, signed_query

MICRO = {"X-MBX-TIME-UNIT": "MICROSECOND"}


@pytest.mark.parametrize("unit", ["MICROSECOND", "microsecond"])
def test_a_request_may_ask_for_microseconds(desk: Desk, unit: str) -> None:
    """Times are a thousand times as large, in capitals or small letters."""
    reply = desk.raw("GET", "/api/v3/time", headers={"X-MBX-TIME-UNIT": unit})
    assert reply.json == {"serverTime": desk.now_ms * 1000}


def test_milliseconds_may_be_asked_for_too(desk: Desk) -> None:
    """The word for what is usual changes nothing."""
    reply = desk.raw("GET", "/api/v3/time", headers={"X-MBX-TIME-UNIT": "MILLISECOND"})
    assert reply.json == {"serverTime": desk.now_ms}


@pytest.mark.parametrize("unit", ["SECOND", "Microsecond", ""])
def test_another_unit_is_refused(desk: Desk, unit: str) -> None:
    """With the two that there are."""
    text = "Invalid value for time unit; expected either MICROSECOND or MILLISECOND."
    reply = desk.raw("GET", "/api/v3/time", headers={"X-MBX-TIME-UNIT": unit})
    assert reply.error == (400, -1194, text)


def test_a_candle_ends_with_the_last_microsecond(desk: Desk) -> None:
    """Both times of a row are told in the unit; the row's other numbers stay."""
    query = urlencode({"symbol": "BTCUSDT", "interval": "1m", "limit": 2})
    usual = desk.raw("GET", "/api/v3/klines", query).json
    finer = desk.raw("GET", "/api/v3/klines", query, headers=MICRO).json
    assert [row[0] for row in finer] == [row[0] * 1000 for row in usual]
    assert [row[6] for row in finer] == [row[6] * 1000 + 999 for row in usual]
    assert [row[1:6] + row[7:] for row in finer] == [row[1:6] + row[7:] for row in usual]


def test_an_order_is_told_with_its_times_alone_changed(desk: Desk) -> None:
    """In each order of a list too; a time that has not come stays -1."""
    stop = {**RESTING, "side": "SELL", "type": "STOP_LOSS_LIMIT", "stopPrice": "20000"}
    desk.order(stop, price="20000")
    desk.raw("POST", ORDER, signed_query(desk.now_ms, **RESTING), headers=MICRO)
    reply = desk.raw("GET", "/api/v3/openOrders", signed_query(desk.now_ms), headers=MICRO)
    asleep, resting = reply.json
    assert (asleep["workingTime"], resting["workingTime"]) == (-1, desk.now_ms * 1000)
    assert (resting["time"], resting["orderId"]) == (desk.now_ms * 1000, 2)
