"""Proves the market data of the practice Alpaca: exact numbers, whole pages, and one path of prices."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from switchgear.practice.sim.messages import Request
from switchgear.practice.sim.practice import Practice
from switchgear.testing.clock import FakeClock
from tests.practice.alpaca.kit import COIN_MARKET, KEYS, Desk

CRYPTO, STOCKS = "/v1beta3/crypto/us", "/v2/stocks"
BAR_KEYS = ["t", "o", "h", "l", "c", "v", "n", "vw"]


def test_the_newest_price_is_the_ledgers(desk: Desk) -> None:
    """What is told is what an order gets, and stands between bid and ask."""
    trade = desk.get(f"{CRYPTO}/latest/trades", symbols="BTC/USD").json["trades"]["BTC/USD"]
    quote = desk.get(f"{CRYPTO}/latest/quotes", symbols="BTC/USD").json["quotes"]["BTC/USD"]
    filled = desk.order(COIN_MARKET).json["filled_avg_price"]
    assert str(trade["p"]) == filled
    assert quote["bp"] < trade["p"] < quote["ap"]
    assert trade["t"] == "2026-01-02T15:00:00Z"


def test_numbers_are_numbers_and_exact(desk: Desk) -> None:
    """The body has the price digit by digit, without quotes."""
    request = Request("GET", f"{CRYPTO}/latest/trades", "symbols=BTC%2FUSD", headers=KEYS)
    body = desk.practice.handle(request).body
    assert f'"p":{desk.price():.2f}'.rstrip("0").encode() in body


def test_pairs_move_as_they_do_on_the_other_venues() -> None:
    """The same seed gives BTC/USD here the price of BTCUSDT on Binance, at every second."""
    clock = FakeClock()
    here, there = Practice(3, clock, venue="alpaca"), Practice(3, clock, venue="binance")
    for _ in range(3):
        assert here.state()["prices"]["BTC/USD"] == there.state()["prices"]["BTCUSDT"]
        clock.advance(7)


def test_equities_are_quoted_in_cents(desk: Desk) -> None:
    """They trade between cents, but an order at the ask must be one that is taken."""
    quote = desk.get(f"{STOCKS}/quotes/latest", symbols="AAPL").json["quotes"]["AAPL"]
    bid, ask = Decimal(str(quote["bp"])), Decimal(str(quote["ap"]))
    assert (bid % Decimal("0.01"), ask - bid) == (Decimal(0), Decimal("0.01"))
    assert bid <= desk.price("AAPL") <= ask


def test_a_book_has_bids_and_asks(desk: Desk) -> None:
    """Best first on both sides."""
    book = desk.get(f"{CRYPTO}/latest/orderbooks", symbols="BTC/USD").json["orderbooks"]["BTC/USD"]
    bids, asks = ([level["p"] for level in book[side]] for side in "ba")
    assert bids == sorted(bids, reverse=True)
    assert asks == sorted(asks)
    assert bids[0] < asks[0]


def test_snapshots_of_coins_have_a_name_and_those_of_equities_none(desk: Desk) -> None:
    """Both hold the newest trade, quote and bar, and the bars of two days."""
    coin = desk.get(f"{CRYPTO}/snapshots", symbols="BTC/USD,ETH/USD").json
    assert list(coin["snapshots"]) == ["BTC/USD", "ETH/USD"]
    share = desk.get(f"{STOCKS}/snapshots", symbols="AAPL").json
    keys = ["latestTrade", "latestQuote", "minuteBar", "dailyBar", "prevDailyBar"]
    assert list(share["AAPL"]) == list(coin["snapshots"]["BTC/USD"]) == keys
    single = desk.get(f"{STOCKS}/AAPL/snapshot").json
    assert single == {"symbol": "AAPL", **share["AAPL"]}
    days = [share["AAPL"][name]["t"] for name in ("dailyBar", "prevDailyBar")]
    assert days == ["2026-01-02T05:00:00Z", "2025-12-31T05:00:00Z"]


@pytest.mark.parametrize("what", ["trades", "quotes", "bars"])
def test_the_newest_of_one_equity(desk: Desk, what: str) -> None:
    """Under the singular of its name, and the same as in the list."""
    single = desk.get(f"{STOCKS}/AAPL/{what}/latest").json
    several = desk.get(f"{STOCKS}/{what}/latest", symbols="AAPL").json
    assert single == {"symbol": "AAPL", what.removesuffix("s"): several[what]["AAPL"]}


@pytest.mark.parametrize(
    ("frame", "first", "second"),
    [
        ("1Min", "2026-01-01T10:00:00Z", "2026-01-01T10:01:00Z"),
        ("1min", "2026-01-01T10:00:00Z", "2026-01-01T10:01:00Z"),
        ("15T", "2026-01-01T10:00:00Z", "2026-01-01T10:15:00Z"),
        ("1Hour", "2026-01-01T10:00:00Z", "2026-01-01T11:00:00Z"),
        ("4H", "2026-01-01T12:00:00Z", "2026-01-01T16:00:00Z"),
        ("1D", "2026-01-02T00:00:00Z", None),
    ],
)
def test_bars_begin_where_their_timeframe_does(
    desk: Desk, frame: str, first: str, second: str | None
) -> None:
    """Both ways to spell a timeframe are known; a bar counts by where it begins."""
    query = {"symbols": "BTC/USD", "timeframe": frame, "start": "2026-01-01T10:00:00Z"}
    bars = desk.get(f"{CRYPTO}/bars", limit=2, **query).json["bars"]["BTC/USD"]
    assert [bar["t"] for bar in bars] == [first, second][: 2 if second else 1]
    assert list(bars[0]) == BAR_KEYS
    assert bars[0]["l"] <= bars[0]["o"] <= bars[0]["h"]


@pytest.mark.parametrize(
    ("frame", "start", "found"),
    [
        ("1Day", "2026-03-05", ["2026-03-05T05", "2026-03-06T05", "2026-03-09T04"]),
        ("1Week", "2026-03-02T00:00:00Z", ["2026-03-02T05", "2026-03-09T04"]),
        ("1Month", "2026-01-15", ["2026-02-01T05", "2026-03-01T05"]),
        ("3Month", "2025-09-15", ["2025-10-01T04", "2026-01-01T05"]),
    ],
)
def test_days_and_longer_begin_at_midnight_in_new_york(
    frame: str, start: str, found: list[str]
) -> None:
    """For equities; there is no bar of a day without trading, and the clocks change in March."""
    desk = Desk("2026-03-09T12:00:00-04:00")
    query = {"symbols": "AAPL", "timeframe": frame, "start": start}
    bars = desk.get(f"{STOCKS}/bars", **query).json["bars"]["AAPL"]
    assert [bar["t"][:13] for bar in bars] == found


def test_bars_come_in_pages(desk: Desk) -> None:
    """The limit is for all symbols together; the pages hold every bar once, in both directions."""
    query: dict[str, Any] = {"symbols": "ETH/USD,BTC/USD", "timeframe": "1Hour"}
    query |= {"start": "2026-01-02T00:00:00Z", "end": "2026-01-02T02:00:00Z"}
    for sort in ("asc", "desc"):
        found: list[tuple[str, str]] = []
        token: str | None = ""
        sizes: list[int] = []
        while token is not None:
            more = {"page_token": token} if token else {}
            page = desk.get(f"{CRYPTO}/bars", limit=2, sort=sort, **query, **more).json
            found += [(name, bar["t"]) for name, bars in page["bars"].items() for bar in bars]
            sizes.append(sum(map(len, page["bars"].values())))
            token = page["next_page_token"]
        times = [f"2026-01-02T0{hour}:00:00Z" for hour in range(3)]
        ordered = times if sort == "asc" else times[::-1]
        assert found == [(name, at) for name in ("BTC/USD", "ETH/USD") for at in ordered]
        assert sizes == [2, 2, 2]


def test_the_last_bar_is_still_forming(desk: Desk) -> None:
    """It ends with the price of now, and nothing later is told."""
    query = {"symbols": "BTC/USD", "timeframe": "1Day"}
    bars = desk.get(f"{CRYPTO}/bars", **query).json["bars"]["BTC/USD"]
    assert len(bars) == 1
    assert Decimal(str(bars[0]["c"])) == desk.price()
    later = desk.get(f"{CRYPTO}/bars", start="2026-01-03", **query).json
    assert later == {"bars": {}, "next_page_token": None}


def test_bars_of_one_equity(desk: Desk) -> None:
    """A plain list; minutes in which the exchanges are shut have no bar."""
    query = {"timeframe": "1Min", "start": "2026-01-01T00:55:00Z", "limit": 6}
    page = desk.get(f"{STOCKS}/AAPL/bars", **query).json
    assert page["symbol"] == "AAPL"
    assert [bar["t"][5:16] for bar in page["bars"]] == [
        *(f"01-01T00:5{minute}" for minute in range(5, 10)),
        "01-02T09:00",
    ]


def test_trades_come_one_a_second(desk: Desk) -> None:
    """The price of each is that of the path; pages work as those of bars."""
    query = {"symbols": "BTC/USD", "start": "2026-01-02T14:59:58Z", "limit": 2}
    page = desk.get(f"{CRYPTO}/trades", **query).json
    assert [trade["t"][17:] for trade in page["trades"]["BTC/USD"]] == ["58Z", "59Z"]
    rest = desk.get(f"{CRYPTO}/trades", **query, page_token=page["next_page_token"]).json
    assert [trade["t"][17:] for trade in rest["trades"]["BTC/USD"]] == ["00Z"]
    assert rest["next_page_token"] is None
    newest = desk.get(f"{CRYPTO}/trades", symbols="BTC/USD", sort="desc", limit=1).json
    assert newest["trades"] == rest["trades"]


def test_what_is_not_traded_is_left_out(desk: Desk) -> None:
    """A well-formed name of nothing is no error in a list; alone it is 404."""
    assert desk.get(f"{CRYPTO}/latest/bars", symbols="TAO/USD").json == {"bars": {}}
    assert desk.get(f"{STOCKS}/snapshots", symbols="NOPE").json == {}
    error = desk.get(f"{STOCKS}/NOPE/trades/latest").error
    assert error == (404, None, "no trade found for NOPE")


@pytest.mark.parametrize(
    ("path", "query", "words"),
    [
        (f"{CRYPTO}/latest/bars", {}, "symbols is required"),
        (
            f"{CRYPTO}/bars",
            {"symbols": "BTCUSD", "timeframe": "1Min"},
            "invalid symbol: BTCUSD does not match ^[A-Z]+x?/[A-Z]+$",
        ),
        (f"{STOCKS}/snapshots", {"symbols": "BTC/USD"}, "invalid symbol: BTC/USD"),
        (f"{CRYPTO}/bars", {"symbols": "BTC/USD"}, "timeframe is required"),
        (f"{CRYPTO}/bars", {"timeframe": "60Min"}, "invalid timeframe: 60Min"),
        (f"{CRYPTO}/bars", {"timeframe": "5Month"}, "invalid timeframe: 5Month"),
        (f"{CRYPTO}/bars", {"timeframe": "soon"}, "invalid timeframe: soon"),
        (
            f"{CRYPTO}/bars",
            {"limit": "10001"},
            "invalid limit: larger than the allowed maximum of 10000",
        ),
        (f"{CRYPTO}/bars", {"limit": "0"}, "invalid limit: 0"),
        (f"{CRYPTO}/bars", {"start": "soon"}, "invalid start: soon"),
        (f"{CRYPTO}/bars", {"sort": "up"}, "invalid sort: up"),
        (
            f"{CRYPTO}/bars",
            {"start": "2026-01-02", "end": "2026-01-01"},
            "end should not be before start",
        ),
        (f"{CRYPTO}/bars", {"page_token": "x"}, "invalid page_token"),
        (f"{CRYPTO}/bars", {"page_token": "RVRIL1VTRHww"}, "invalid page_token"),
        (f"{STOCKS}/BTCx/bars", {"timeframe": "1Min"}, "invalid symbol: BTCx"),
    ],
)
def test_data_is_not_guessed(desk: Desk, path: str, query: dict[str, str], words: str) -> None:
    """What is wrong with a request is 400, without a code, and named."""
    usual = {} if "symbols" in query or words.startswith("symbols") else {"symbols": "BTC/USD"}
    if path.endswith("/bars") and "timeframe" not in words:
        usual["timeframe"] = "1Min"
    assert desk.get(path, **{**usual, **query}).error == (400, None, words)


@pytest.mark.parametrize(
    ("path", "query", "names"),
    [
        (f"{CRYPTO}/latest/trades", {"foo": "1"}, "foo"),
        (f"{CRYPTO}/latest/trades", {"foo": ""}, "foo"),
        (f"{CRYPTO}/latest/quotes", {"limit": "1", "loc": "us"}, "limit, loc"),
        (f"{CRYPTO}/snapshots", {"feed": "iex"}, "feed"),
        (f"{CRYPTO}/bars", {"timeframe": "1Min", "exchanges": "CBSE"}, "exchanges"),
        (f"{CRYPTO}/trades", {"timeframe": "1Min"}, "timeframe"),
        (f"{STOCKS}/snapshots", {"adjustment": "raw"}, "adjustment"),
        (f"{STOCKS}/bars", {"timeframe": "1Min", "since": "1"}, "since"),
        (f"{STOCKS}/AAPL/bars", {"timeframe": "1Min", "since": "1"}, "since"),
        (f"{STOCKS}/AAPL/quotes/latest", {"limit": "1"}, "limit"),
        (f"{STOCKS}/AAPL/snapshot", {"symbols": "MSFT"}, "symbols"),
    ],
)
def test_what_an_endpoint_does_not_know_is_refused(
    desk: Desk, path: str, query: dict[str, str], names: str
) -> None:
    """Market data takes no parameter that it has no use for, and names each, in the order sent."""
    if "AAPL" not in path:
        query = {"symbols": "AAPL" if path.startswith(STOCKS) else "BTC/USD", **query}
    error = (400, None, f"unexpected query parameter(s): {names}")
    assert desk.get(path, **query).error == error


@pytest.mark.parametrize(
    ("path", "more"),
    [
        (f"{STOCKS}/trades/latest", {}),
        (f"{STOCKS}/snapshots", {}),
        (f"{STOCKS}/bars", {"timeframe": "1Day", "adjustment": "raw", "asof": "-"}),
    ],
)
def test_what_equities_may_be_asked_with_is_taken(
    desk: Desk, path: str, more: dict[str, str]
) -> None:
    """Feed and currency everywhere, the treatment of splits for bars; here they change nothing."""
    query = {"symbols": "AAPL", **more}
    plain = desk.get(path, **query)
    assert plain.status == 200
    assert desk.get(path, **query, feed="iex", currency="USD").json == plain.json
