"""Proves the hours of the practice Alpaca: clock, calendar and orders agree, summer and winter."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from switchgear.practice.sim.alpaca import hours
from tests.practice.alpaca.kit import COIN_MARKET, SHARE_LOW, SHARE_MARKET, Desk

WEEKEND = "2026-01-03T12:00:00-05:00"
MONDAY_OPEN, MONDAY_CLOSE = "2026-01-05T09:30:00-05:00", "2026-01-05T16:00:00-05:00"


@pytest.mark.parametrize(
    ("at", "is_open", "next_open", "next_close"),
    [
        ("2026-01-02T14:29:59Z", False, "2026-01-02T09:30:00-05:00", "2026-01-02T16:00:00-05:00"),
        ("2026-01-02T14:30:00Z", True, MONDAY_OPEN, "2026-01-02T16:00:00-05:00"),
        ("2026-01-02T20:59:59Z", True, MONDAY_OPEN, "2026-01-02T16:00:00-05:00"),
        ("2026-01-02T21:00:00Z", False, MONDAY_OPEN, MONDAY_CLOSE),
        ("2026-01-19T15:00:00Z", False, "2026-01-20T09:30:00-05:00", "2026-01-20T16:00:00-05:00"),
        # The clocks went forward on 8 March: the same hour is 13:30 in UTC from then on.
        ("2026-03-06T13:30:00Z", False, "2026-03-06T09:30:00-05:00", "2026-03-06T16:00:00-05:00"),
        ("2026-03-09T13:30:00Z", True, "2026-03-10T09:30:00-04:00", "2026-03-09T16:00:00-04:00"),
        ("2026-03-08T01:00:00Z", False, "2026-03-09T09:30:00-04:00", "2026-03-09T16:00:00-04:00"),
        # And back on 1 November.
        ("2026-11-02T13:30:00Z", False, "2026-11-02T09:30:00-05:00", "2026-11-02T16:00:00-05:00"),
        ("2026-11-27T18:00:00Z", False, "2026-11-30T09:30:00-05:00", "2026-11-30T16:00:00-05:00"),
        ("2026-11-27T17:59:59Z", True, "2026-11-30T09:30:00-05:00", "2026-11-27T13:00:00-05:00"),
    ],
)
def test_the_clock_keeps_new_yorks_time(
    at: str, is_open: bool, next_open: str, next_close: str
) -> None:
    """Open from 9:30 to 16:00 there on trading days, the second of closing left out."""
    told = Desk(at).get("/v2/clock").json
    assert told["is_open"] is is_open
    assert (told["next_open"], told["next_close"]) == (next_open, next_close)


def test_the_calendar_leaves_out_what_is_shut() -> None:
    """Weekends and holidays are no lines; the day after Thanksgiving ends early."""
    found = Desk().get("/v2/calendar", start="2026-11-25", end="2026-11-30").json
    assert [(day["date"], day["open"], day["close"]) for day in found] == [
        ("2026-11-25", "09:30", "16:00"),
        ("2026-11-27", "09:30", "13:00"),
        ("2026-11-30", "09:30", "16:00"),
    ]
    assert [day["settlement_date"] for day in found][:2] == ["2026-11-27", "2026-11-30"]
    assert (found[0]["session_open"], found[1]["session_close"]) == ("0400", "1700")


@pytest.mark.parametrize(
    "query",
    [{"start": "monday"}, {"start": "2026-02-01", "end": "2026-01-01"}, {"end": "2099-01-01"}],
)
def test_a_calendar_of_nonsense_is_refused(desk: Desk, query: dict[str, str]) -> None:
    """Dates must be dates, in order, and within ten years."""
    assert desk.get("/v2/calendar", **query).error[:2] == (422, 40010001)


def test_every_year_has_its_trading_days() -> None:
    """There are 251 in 2026 and in 2027."""
    for year in (2026, 2027):
        first = date(year, 1, 1).toordinal()
        days = [date.fromordinal(first + n) for n in range(365)]
        assert len([day for day in days if hours.session(day)]) == 251


def test_crypto_trades_on_a_sunday() -> None:
    """Coins know no hours."""
    desk = Desk("2026-01-04T12:00:00-05:00")
    assert desk.order(COIN_MARKET).json["status"] == "filled"


def test_an_order_of_the_weekend_waits_for_the_bell() -> None:
    """Accepted at once, it fills in the first second in which the market is open."""
    desk = Desk(WEEKEND)
    order = desk.order(SHARE_MARKET).json
    assert (order["status"], order["filled_qty"]) == ("accepted", "0")
    assert order["expires_at"] == "2026-01-05T21:00:00Z"
    desk.jump("2026-01-05T09:29:59-05:00")
    assert desk.look(order["id"])["status"] == "accepted"
    desk.clock.advance(1)
    filled = desk.look(order["id"])
    assert (filled["status"], filled["filled_at"][:19]) == ("filled", "2026-01-05T14:30:00")


def test_an_accepted_order_can_be_canceled() -> None:
    """Before the bell as after it."""
    desk = Desk(WEEKEND)
    order = desk.order(SHARE_MARKET).json
    assert desk.cancel(order["id"]).status == 204
    assert desk.look(order["id"])["status"] == "canceled"
    assert desk.free() == 100_000


def test_a_day_order_expires_at_the_close(desk: Desk) -> None:
    """A second before it rests, with it it is expired, and its money is free."""
    order = desk.order(SHARE_LOW).json
    desk.jump("2026-01-02T15:59:59-05:00")
    assert desk.look(order["id"])["status"] == "new"
    desk.clock.advance(1)
    after = desk.look(order["id"])
    assert (after["status"], after["expired_at"][:19]) == ("expired", "2026-01-02T21:00:00")
    assert desk.free() == 100_000


def test_a_gtc_order_rests_over_night_without_trading(desk: Desk) -> None:
    """Where the price crosses it after the close nothing happens; in the morning it fills."""
    desk.jump("2026-01-02T15:59:59-05:00")
    limit = f"{desk.price('AAPL') - 10:.2f}"
    order = desk.order(SHARE_LOW, time_in_force="gtc", limit_price=limit).json
    desk.jump("2026-01-02T20:00:00-05:00")
    lows = _cross(desk, "AAPL", limit)
    assert (lows, desk.look(order["id"])["status"]) == (True, "new")
    desk.jump(MONDAY_OPEN)
    _cross(desk, "AAPL", limit)
    assert desk.look(order["id"])["status"] == "filled"


def _cross(desk: Desk, name: str, limit: str) -> bool:
    """Go on until the price has been below the limit; False when it was not within two hours."""
    for _ in range(120):
        desk.clock.advance(60)
        if desk.price(name) < Decimal(limit):
            return True
    return False


@pytest.mark.parametrize(
    ("at", "extended", "status"),
    [
        ("2026-01-02T08:00:00-05:00", True, "filled"),
        ("2026-01-02T08:00:00-05:00", False, "accepted"),
        ("2026-01-02T17:00:00-05:00", True, "filled"),
        ("2026-01-02T21:00:00-05:00", True, "accepted"),
    ],
)
def test_extended_hours_are_asked_for(at: str, extended: bool, status: str) -> None:
    """From 4:00 to 20:00 a limit order that says so trades; without it waits for the bell."""
    order = Desk(at).order(SHARE_LOW, limit_price="400", extended_hours=extended).json
    assert (order["status"], order["extended_hours"]) == (status, extended)


OPG, CLS = "opg orders must be submitted after 7:00pm", "cls orders must be submitted after 7:00pm"


@pytest.mark.parametrize(
    ("at", "force", "told"),
    [
        ("2026-01-02T09:27:59-05:00", "opg", None),
        ("2026-01-02T09:28:00-05:00", "opg", OPG),
        ("2026-01-02T18:59:59-05:00", "opg", OPG),
        ("2026-01-02T19:00:00-05:00", "opg", None),
        ("2026-01-02T15:54:59-05:00", "cls", None),
        ("2026-01-02T15:55:00-05:00", "cls", CLS),
        ("2026-01-02T19:00:00-05:00", "cls", None),
    ],
)
def test_auction_orders_have_hours_of_their_own(at: str, force: str, told: str | None) -> None:
    """At other hours they are refused."""
    reply = Desk(at).order(SHARE_LOW, time_in_force=force)
    assert reply.status == (200 if told is None else 403)
    assert told is None or reply.json["message"].startswith(told)


@pytest.mark.parametrize(
    ("force", "before", "at"),
    [
        ("opg", "2026-01-05T09:29:59-05:00", MONDAY_OPEN),
        ("cls", "2026-01-05T15:58:59-05:00", "2026-01-05T15:59:00-05:00"),
        ("ioc", "2026-01-05T09:29:59-05:00", MONDAY_OPEN),
    ],
)
@pytest.mark.parametrize("crosses", [True, False])
def test_an_order_for_an_instant_trades_then_or_never(
    force: str, before: str, at: str, crosses: bool
) -> None:
    """Given at the weekend it waits; what it cannot get in its minute is canceled."""
    desk = Desk(WEEKEND)
    order = desk.order(SHARE_LOW, time_in_force=force, limit_price="400" if crosses else "100").json
    desk.jump(before)
    assert desk.look(order["id"])["status"] != "filled"
    desk.clock.advance(1)
    assert hours.at_new_york(int(desk.clock.wall().timestamp() * 1000)).isoformat() == at
    desk.clock.advance(60)
    assert desk.look(order["id"])["status"] == ("filled" if crosses else "canceled")


@pytest.mark.parametrize("path", ["/v2/stocks/trades/latest", "/v2/stocks/quotes/latest"])
def test_the_tape_stands_still_at_night(path: str) -> None:
    """The newest price of an equity is that of the evening before, until the morning."""
    desk = Desk("2026-01-02T20:30:00-05:00")

    def told() -> Any:
        return desk.get(path, symbols="AAPL").json

    before = told()
    desk.clock.advance(600)
    assert told() == before
