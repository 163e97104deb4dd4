"""Proves what the practice Coinbase tells of products and holdings, with a key and without."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from switchgear.practice.sim.practice import Practice
from switchgear.testing.clock import FakeClock
from tests.practice.coinbase.kit import RESTING, V3, Desk, limit, market

OPEN, CLOSED = f"{V3}/market", V3
CANDLES = f"{V3}/market/products/BTC-USD/candles"


@pytest.mark.parametrize(
    "path",
    [
        "/products",
        "/products/BTC-USD",
        "/product_book?product_id=ETH-USD",
        "/products/BTC-USD/ticker?limit=3",
        "/products/BTC-USD/candles?granularity=ONE_MINUTE&start=1767225000&end=1767225600",
    ],
)
def test_both_parts_tell_the_same(desk: Desk, path: str) -> None:
    """Each look at the market exists with a key and without, and answers alike."""
    path, _, query = path.partition("?")
    bearer = desk.bearer("GET", CLOSED + path)
    closed = desk.raw("GET", CLOSED + path, query, authorization=bearer)
    assert (closed.status, closed.json) == (200, desk.raw("GET", OPEN + path, query).json)
    assert desk.raw("GET", CLOSED + path, query).status == 401


def test_a_product_tells_the_bounds_that_are_applied(desk: Desk) -> None:
    """An order on the told bounds is taken, one increment beyond them is not."""
    told = desk.public(f"{OPEN}/products/BTC-USD").json
    small, price = Decimal(told["quote_min_size"]), Decimal(told["price"])
    step, tick = Decimal(told["base_increment"]), Decimal(told["price_increment"])
    assert desk.order(market(quote_size=str(small))).json["success"] is True
    assert desk.order(market(quote_size=str(small - Decimal("0.01")))).json["success"] is False
    assert desk.order(limit(str(price - tick * 100), f"{step * 10_000:f}")).json["success"] is True
    assert desk.order(limit(str(price - tick / 10))).json["success"] is False
    assert Decimal(told["base_max_size"]) == 3_400


def test_a_product_is_told_with_all_fields(desk: Desk) -> None:
    """What the official client's type knows is there, but for what spot products have not."""
    fields = {
        *("product_id", "price", "price_percentage_change_24h", "volume_24h"),
        *("volume_percentage_change_24h", "base_increment", "quote_increment", "quote_min_size"),
        *("quote_max_size", "base_min_size", "base_max_size", "base_name", "quote_name"),
        *("watched", "is_disabled", "new", "status", "cancel_only", "limit_only", "post_only"),
        *("trading_disabled", "auction_mode", "product_type", "quote_currency_id"),
        *("base_currency_id", "mid_market_price", "alias", "alias_to", "base_display_symbol"),
        *("quote_display_symbol", "view_only", "price_increment", "display_name"),
        *("product_venue", "approximate_quote_24h_volume"),
    }
    assert desk.public(f"{OPEN}/products/SOL-USD").json.keys() == fields


@pytest.mark.parametrize(
    ("params", "names"),
    [
        ({}, ["BTC-USD", "ETH-USD", "SOL-USD", "BTC-USDC", "XRP-USD", "BNB-USD"]),
        ({"product_ids": ["ETH-USD", "BTC-USD"]}, ["ETH-USD", "BTC-USD"]),
        ({"product_type": "SPOT", "limit": 2, "offset": 1}, ["ETH-USD", "SOL-USD"]),
        ({"product_type": "FUTURE"}, []),
        ({"get_all_products": "False", "offset": 9}, []),
    ],
)
def test_products_are_listed(desk: Desk, params: Any, names: list[str]) -> None:
    """All, some by name, or a part of the list; there are no futures."""
    told = desk.public(f"{OPEN}/products", **params).json
    assert [each["product_id"] for each in told["products"]] == names
    assert told["num_products"] == len(names)


def test_what_does_not_trade_is_told_so(desk: Desk) -> None:
    """One product is disabled and one is for viewing only, and both have a price."""
    told = {each["product_id"]: each for each in desk.public(f"{OPEN}/products").json["products"]}
    assert [name for name, each in told.items() if each["trading_disabled"]] == ["XRP-USD"]
    assert [name for name, each in told.items() if each["view_only"]] == ["BNB-USD"]
    assert Decimal(told["XRP-USD"]["price"]) > 0


def test_pairs_move_as_on_the_other_venues(desk: Desk) -> None:
    """The same seed gives bitcoin the same price in dollars here and in USDT there."""
    other = Practice(1, FakeClock(), venue="binance")
    assert desk.practice.state()["prices"]["BTC-USD"] == other.state()["prices"]["BTCUSDT"]
    assert desk.price("BTC-USDC") == desk.price()


def test_the_book_stands_round_the_price(desk: Desk) -> None:
    """Best first, as many levels as asked for, with middle and spread; times are RFC 3339."""
    told = desk.public(f"{OPEN}/product_book", product_id="BTC-USD", limit=2).json
    book, price = told["pricebook"], Decimal(desk.price())
    cent = Decimal("0.01")
    assert [Decimal(each["price"]) for each in book["bids"]] == [price - cent, price - 2 * cent]
    assert [Decimal(each["price"]) for each in book["asks"]] == [price + cent, price + 2 * cent]
    assert (book["product_id"], book["time"]) == ("BTC-USD", "2026-01-01T00:00:00.000000Z")
    assert Decimal(told["mid_market"]) == Decimal(told["last"]) == price
    assert Decimal(told["spread_absolute"]) == 2 * cent
    best = desk.get(f"{V3}/best_bid_ask", product_ids=["ETH-USD", "BTC-USD"]).json["pricebooks"]
    assert [each["product_id"] for each in best] == ["ETH-USD", "BTC-USD"]
    assert best[1]["bids"] == book["bids"][:1]
    assert len(desk.get(f"{V3}/best_bid_ask").json["pricebooks"]) == 6


def trades(desk: Desk, **params: Any) -> Any:
    """The trades that are told without a key."""
    return desk.public(f"{OPEN}/products/BTC-USD/ticker", **params).json["trades"]


def test_trades_end_with_the_price_of_now(desk: Desk) -> None:
    """Newest first, one in each second; what was told of a trade stays so a moment later."""
    told = desk.public(f"{OPEN}/products/BTC-USD/ticker", limit=3).json
    assert [each["time"][17:19] for each in told["trades"]] == ["00", "59", "58"]
    assert told["trades"][0]["price"] == desk.price()
    assert Decimal(told["best_bid"]) < Decimal(desk.price()) < Decimal(told["best_ask"])
    desk.clock.wall_offset_s = 0.25  # the date's seconds do not begin with those of the path
    desk.clock.advance(0.5)
    before = trades(desk, limit=2)
    desk.clock.advance(0.5)
    after = trades(desk, limit=3)
    assert after[1:] == before
    assert after[0]["price"] == desk.price()


def test_trades_of_a_span(desk: Desk) -> None:
    """From its start to its end, both included; all that is told when none is asked for."""
    old = trades(desk, start=desk.now_s - 9, end=desk.now_s - 8)
    assert [each["time"][17:19] for each in old] == ["52", "51"]
    assert trades(desk, start=desk.now_s + 9) == []
    assert trades(desk, start=desk.now_s - 8, end=desk.now_s - 9) == []
    assert len(trades(desk)) == 100


def candles(desk: Desk, **params: Any) -> Any:
    """The candles of a search without a key."""
    return desk.public(CANDLES, granularity="ONE_MINUTE", **params).json["candles"]


def test_candles_are_of_whole_lengths(desk: Desk) -> None:
    """Newest first, those that begin in the span, with what the path did in each."""
    told = candles(desk, start=desk.now_s - 150, end=desk.now_s - 60)
    assert [int(each["start"]) for each in told] == [desk.now_s - 60, desk.now_s - 120]
    for each in told:
        low, high = Decimal(each["low"]), Decimal(each["high"])
        assert low <= min(Decimal(each["open"]), Decimal(each["close"]))
        assert high >= max(Decimal(each["open"]), Decimal(each["close"]))
    assert len(candles(desk, start=0, end=desk.now_s % 60 + 60, limit=1)) == 1


def test_the_candle_of_now_is_not_finished(desk: Desk) -> None:
    """It closes at the price of now, and what lies ahead is not told; a past one does not change."""
    desk.clock.advance(90.5)
    told = candles(desk, start=desk.now_s - 90, end=desk.now_s + 600)
    assert [int(each["start"]) for each in told] == [desk.now_s - 30, desk.now_s - 90]
    assert told[0]["close"] == desk.price()
    desk.clock.advance(30)
    assert candles(desk, start=told[1]["start"], end=told[1]["start"]) == told[1:]


@pytest.mark.parametrize(
    ("params", "hint"),
    [
        ({"granularity": "ONE_MINUTE", "start": 0, "end": 350 * 60}, "less than 350"),
        ({"granularity": "ONE_MINUTE", "start": 600, "end": 0}, "start must be before end"),
        ({"granularity": "1m", "start": 0, "end": 60}, "granularity"),
        ({"start": 0, "end": 60}, "granularity"),
        ({"granularity": "ONE_DAY", "end": 60}, "start and end"),
        ({"granularity": "ONE_DAY", "start": 60}, "start and end"),
        ({"granularity": "ONE_DAY", "start": "2026-01-01T00:00:00Z", "end": 60}, "start"),
    ],
)
def test_a_search_for_candles_has_bounds(desk: Desk, params: Any, hint: str) -> None:
    """At most 350 of a known length, and both ends of the span in epoch seconds."""
    status, error, details = desk.public(CANDLES, **params).gateway
    assert (status, error) == (400, "INVALID_ARGUMENT")
    assert hint in details


def test_a_market_needs_a_product(desk: Desk) -> None:
    """A book without a product is an invalid argument, and a foreign product is not there."""
    assert desk.public(f"{OPEN}/product_book").gateway[0] == 400
    assert desk.public(f"{OPEN}/product_book", product_id="X").gateway[0] == 404
    assert desk.public(f"{OPEN}/products", product_ids="X").gateway[0] == 404


def test_the_venue_tells_its_time(desk: Desk) -> None:
    """In both of its parts, without a key, by its own clock."""
    desk.clock.wall_offset_s = 0.25
    assert desk.public(f"{V3}/time").json == {
        "iso": "2026-01-01T00:00:00.250000Z",
        "epochSeconds": "1767225600",
        "epochMillis": "1767225600250",
    }
    assert desk.public("/v2/time").json["data"]["epoch"] == 1_767_225_600


def test_an_account_is_found_by_its_id(desk: Desk) -> None:
    """Free and held are told apart, and the kind of the currency."""
    desk.placed(RESTING)
    told = desk.get(f"{V3}/accounts").json
    usd = next(each for each in told["accounts"] if each["currency"] == "USD")
    assert desk.get(f"{V3}/accounts/{usd['uuid']}").json == {"account": usd}
    assert (told["size"], told["has_next"], told["cursor"]) == (5, False, "")
    assert usd["available_balance"] == {"value": "99899.4", "currency": "USD"}
    assert usd["hold"] == {"value": "100.6", "currency": "USD"}
    kinds = {each["currency"]: each["type"] for each in told["accounts"]}
    assert (kinds["USD"], kinds["USDC"]) == ("ACCOUNT_TYPE_FIAT", "ACCOUNT_TYPE_CRYPTO")


def test_a_portfolio_is_worth_what_it_holds(desk: Desk) -> None:
    """Cash and crypto make the total, whether free or held."""
    desk.placed(RESTING)
    listed = desk.get(f"{V3}/portfolios").json["portfolios"]
    told = desk.get(f"{V3}/portfolios/{listed[0]['uuid']}").json["breakdown"]
    assert told["portfolio"] == listed[0]
    balances = {name: Decimal(each["value"]) for name, each in told["portfolio_balances"].items()}
    worth = Decimal(desk.price()) + 10 * Decimal(desk.price("ETH-USD")) + 10_000
    assert balances["total_cash_equivalent_balance"] == 100_000
    assert balances["total_crypto_balance"] == worth
    assert balances["total_balance"] == 100_000 + worth
    cash = next(each for each in told["spot_positions"] if each["asset"] == "USD")
    assert (cash["total_balance_fiat"], cash["available_to_trade_fiat"]) == (100_000, 99_899.4)


def test_fees_tell_the_rate_that_is_taken(desk: Desk) -> None:
    """The tier has the rate of every trade, and the sums grow with each."""
    order = desk.found(desk.placed(market(base_size="0.01")))
    told = desk.get(f"{V3}/transaction_summary").json
    rate = Decimal(told["fee_tier"]["taker_fee_rate"])
    assert rate * Decimal(order["filled_value"]) == Decimal(order["total_fees"])
    assert told["total_fees"] == float(order["total_fees"])
    assert told["total_volume"] == float(order["filled_value"])


def test_the_older_part_tells_currencies_and_rates(desk: Desk) -> None:
    """Fiat and crypto apart, what a dollar buys of each, and what is free of each, with a key."""
    fiat = desk.public("/v2/currencies").json["data"]
    crypto = desk.public("/v2/currencies/crypto").json["data"]
    rates = desk.public("/v2/exchange-rates").json["data"]["rates"]
    assert [each["id"] for each in fiat] == ["USD"]
    assert {each["code"] for each in crypto} | {"USD"} == rates.keys()
    assert abs(Decimal(rates["BTC"]) * Decimal(desk.price()) - 1) < Decimal("0.00001")
    assert (rates["USD"], rates["USDC"]) == ("1", "1")
    wallets = {each["currency"]["code"]: each for each in desk.get("/v2/accounts").json["data"]}
    assert wallets["BTC"]["balance"] == {"amount": "1", "currency": "BTC"}
    assert (wallets["USD"]["type"], wallets["BTC"]["type"]) == ("fiat", "wallet")
    assert desk.public("/v2/accounts").status == 401
