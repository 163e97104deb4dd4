"""Proves how the practice Alpaca reads a request: keys, limit, path, body and each field of an order."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from switchgear.practice.sim.faults import Answer as FaultAnswer
from switchgear.practice.sim.messages import Request
from tests.practice.alpaca.kit import (
    COIN_LOW,
    COIN_MARKET,
    KEYS,
    ORDERS,
    SHARE_LOW,
    SHARE_MARKET,
    TRADING,
    Desk,
)

UNAUTHORIZED = (401, None, "unauthorized.")
INVALID, UNPROCESSABLE, FORBIDDEN = (422, 40010001), (422, 42210000), (403, 40310000)
SUB_PENNY = "sub-penny increment does not fulfill minimum pricing criteria"
CRYPTO = "/v1beta3/crypto/us/latest/trades"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"APCA-API-KEY-ID": KEYS["APCA-API-KEY-ID"]},
        {**KEYS, "APCA-API-SECRET-KEY": "wrong"},
        {**KEYS, "APCA-API-KEY-ID": "PKWRONG"},
    ],
)
@pytest.mark.parametrize("path", ["/v2/account", "/v2/stocks/bars/latest"])
def test_a_wrong_key_is_401_without_a_code(desk: Desk, path: str, headers: dict[str, str]) -> None:
    """Key and secret are both needed, for trading and for the data of equities."""
    reply = desk.raw("GET", path, "symbols=AAPL", headers=headers)
    assert reply.error == UNAUTHORIZED
    assert "code" not in reply.json


def test_crypto_data_needs_no_key_but_refuses_a_wrong_one(desk: Desk) -> None:
    """Without keys it answers; a key that is sent must be right."""
    query = "symbols=BTC%2FUSD"
    assert desk.raw("GET", CRYPTO, query, headers={}).status == 200
    wrong = {**KEYS, "APCA-API-SECRET-KEY": "wrong"}
    assert desk.raw("GET", CRYPTO, query, headers=wrong).error == UNAUTHORIZED


def test_two_hundred_requests_a_minute(desk: Desk) -> None:
    """What is left goes down to 0, the next is 429, and the told epoch second brings all back."""
    desk.clock.advance(12.5)
    replies = [desk.get("/v2/clock") for _ in range(200)]
    told = [int(reply.headers["X-RateLimit-Remaining"]) for reply in replies]
    assert (told, replies[0].headers["X-RateLimit-Limit"]) == (list(range(199, -1, -1)), "200")
    over = desk.get("/v2/account")
    assert over.error == (429, 42910000, "rate limit exceeded")
    assert over.headers["X-RateLimit-Remaining"] == "0"
    reset_s = int(over.headers["X-RateLimit-Reset"])
    assert reset_s == int(datetime.fromisoformat(TRADING).timestamp()) + 60
    assert desk.get("/v1beta3/crypto/us/latest/trades", symbols="BTC/USD").status == 200
    desk.clock.advance(reset_s - desk.clock.wall().timestamp())
    assert desk.get("/v2/clock").headers["X-RateLimit-Remaining"] == "199"


def test_market_data_has_a_limit_of_its_own(desk: Desk) -> None:
    """Its refusal has no code, and trading goes on."""
    for _ in range(200):
        desk.get(CRYPTO, symbols="BTC/USD")
    assert desk.get(CRYPTO, symbols="BTC/USD").error == (429, None, "too many requests.")
    assert desk.get("/v2/account").status == 200


def test_a_key_that_is_refused_uses_nothing_up(desk: Desk) -> None:
    """The limit is the account's, and a stranger is not its owner."""
    desk.raw("GET", "/v2/clock", headers={**KEYS, "APCA-API-SECRET-KEY": "wrong"})
    assert desk.get("/v2/clock").headers["X-RateLimit-Remaining"] == "199"


def test_every_answer_has_a_name_of_its_own_that_repeats_with_the_seed(desk: Desk) -> None:
    """X-Request-ID differs from answer to answer, refused ones too, and not from run to run."""
    paths = ("/v2/clock", "/v2/orders/x", "/nope")
    names = [desk.get(path).headers["X-Request-ID"] for path in paths]
    again = Desk(TRADING)
    assert len(set(names)) == 3
    assert [again.get(path).headers["X-Request-ID"] for path in paths] == names


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/v2/nope"), ("PUT", "/v2/orders"), ("GET", "/v3/orders")]
)
def test_an_unknown_endpoint_is_404(desk: Desk, method: str, path: str) -> None:
    """Path and method must both be known; there is no name for faults to use."""
    assert desk.raw(method, path).error == (404, 40410000, "endpoint not found")
    assert desk.practice.endpoint_name(Request(method, path)) == "unknown"


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("POST", "/v2/orders", "order.create"),
        ("GET", "/v2/orders/61e69015-8549-4bfd-b9c3-01e75843f47d", "order.get"),
        ("GET", "/v2/orders%3Aby_client_order_id", "order.get"),
        ("GET", "/v2/assets/BTC%2FUSD", "asset.get"),
        ("GET", "/v2/account/activities/FILL", "trades.list"),
        ("GET", "/v1beta3/crypto/us/latest/quotes", "market.latest"),
        ("GET", "/v2/stocks/AAPL/bars", "market.bars"),
    ],
)
def test_endpoints_have_names_for_faults(desk: Desk, method: str, path: str, name: str) -> None:
    """What varies in a path is no part of the name, escaped or not."""
    assert desk.practice.endpoint_name(Request(method, path)) == name


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b'{"qty": NaN}', b"symbol=AAPL", b"\xff", b"1", b"[" * 99_999]
)
def test_a_body_that_is_no_json_object_is_400(desk: Desk, body: bytes) -> None:
    """Nothing is guessed from it."""
    error = desk.raw("POST", ORDERS, body=body).error
    assert error == (400, 40010000, "request body format is invalid")


COIN_CASES: list[tuple[dict[str, Any], tuple[int, int], str | None]] = [
    ({"foo": 1}, INVALID, 'unknown field "foo"'),
    ({"symbol": None}, INVALID, "symbol is required"),
    ({"symbol": 5}, INVALID, "symbol is required"),
    ({"symbol": "ZZZZ"}, UNPROCESSABLE, 'asset "ZZZZ" not found'),
    ({"symbol": "MKR/USD"}, INVALID, "asset MKR/USD is not active"),
    ({"side": None}, INVALID, "invalid side"),
    ({"side": "BUY"}, INVALID, "invalid side"),
    ({"type": "mit"}, INVALID, "invalid order type"),
    ({"time_in_force": None}, INVALID, "invalid time_in_force"),
    ({"time_in_force": "gtd"}, INVALID, "invalid time_in_force"),
    ({"time_in_force": "day"}, UNPROCESSABLE, "invalid crypto time_in_force"),
    ({"time_in_force": "fok"}, UNPROCESSABLE, "invalid crypto time_in_force"),
    ({"qty": None}, INVALID, "qty or notional is required"),
    ({"notional": 10}, INVALID, "only one of qty or notional is accepted"),
    ({"qty": "0"}, INVALID, "qty must be > 0"),
    ({"qty": -1}, INVALID, "qty must be > 0"),
    ({"qty": "1e-10"}, INVALID, "qty must be > 0"),
    ({"qty": "many"}, INVALID, "invalid qty"),
    ({"qty": True}, INVALID, "invalid qty"),
    ({"qty": [1]}, INVALID, "invalid qty"),
    ({"qty": "Infinity"}, INVALID, "invalid qty"),
    ({"qty": "0.00001"}, INVALID, "qty must be >= 0.000015739 with trade increment 0.000000001"),
    ({"limit_price": None}, INVALID, "limit orders require a limit price"),
    ({"limit_price": 0}, INVALID, "limit price must be > 0"),
    ({"limit_price": "30000.001"}, UNPROCESSABLE, None),
    ({"stop_price": 1}, INVALID, "limit orders require only limit price"),
    ({"type": "market"}, INVALID, "market orders require no stop or limit price"),
    ({"type": "stop_limit"}, INVALID, "stop limit orders require both stop and limit price"),
    ({"type": "stop", "stop_price": 1}, INVALID, "invalid order type for crypto order"),
    ({"type": "stop"}, INVALID, "stop orders require a stop price"),
    ({"type": "trailing_stop", "trail_price": 1}, INVALID, "invalid order type for crypto order"),
    ({"trail_price": 1}, INVALID, "trail_price is only allowed for trailing stop orders"),
    ({"extended_hours": "true"}, INVALID, "invalid extended_hours"),
    ({"client_order_id": 5}, INVALID, "invalid client_order_id"),
    (
        {"client_order_id": "x" * 129},
        INVALID,
        "client_order_id must be no more than 128 characters",
    ),
    (
        {"order_class": "bracket"},
        INVALID,
        "crypto orders not allowed for advanced order_class: bracket",
    ),
    ({"take_profit": {"limit_price": 1}}, INVALID, "invalid order_class"),
    (
        {"position_intent": "sell_to_open"},
        UNPROCESSABLE,
        "position intent mismatch, inferred: buy_to_open, specified: sell_to_open",
    ),
    ({"qty": "1e15"}, INVALID, "invalid qty"),
    ({"limit_price": "1e-99999999"}, INVALID, "invalid limit_price"),
    ({"client_order_id": "\ud800"}, INVALID, "invalid client_order_id"),
    ({"symbol": "\ud800"}, UNPROCESSABLE, 'asset "?" not found'),
    ({"\ud800": 1}, INVALID, 'unknown field "?"'),
    ({"order_class": []}, INVALID, None),
    ({"position_intent": {}}, UNPROCESSABLE, None),
]
SHARE_CASES: list[tuple[dict[str, Any], tuple[int, int], str | None]] = [
    ({"limit_price": "290.123"}, UNPROCESSABLE, f"invalid limit_price 290.123. {SUB_PENNY}"),
    ({"limit_price": "0.12345"}, UNPROCESSABLE, f"invalid limit_price 0.12345. {SUB_PENNY}"),
    (
        {"type": "stop_limit", "stop_price": 300.001, "limit_price": 301},
        UNPROCESSABLE,
        f"invalid stop_price 300.001. {SUB_PENNY}",
    ),
    ({"qty": "1.5", "time_in_force": "gtc"}, UNPROCESSABLE, "fractional orders must be DAY orders"),
    ({"symbol": "BRK.A", "qty": 0.5}, FORBIDDEN, 'asset "BRK.A" is not fractionable'),
    ({"qty": None, "notional": 100}, UNPROCESSABLE, "notional orders must be market orders"),
    ({"qty": None, "notional": "0.99"}, UNPROCESSABLE, "notional must be >= 1.00"),
    (
        {"qty": None, "notional": "10.005"},
        UNPROCESSABLE,
        "notional value must be limited to 2 decimal places",
    ),
    ({"type": "stop", "stop_price": 90}, INVALID, "invalid order type"),
    ({"type": "trailing_stop", "trail_percent": 1}, INVALID, "invalid order type"),
    ({"order_class": "oco"}, INVALID, "invalid order_class"),
    (
        {"extended_hours": True, "time_in_force": "ioc"},
        UNPROCESSABLE,
        "extended hours order must be DAY or GTC limit orders",
    ),
    (
        {"time_in_force": "opg"},
        FORBIDDEN,
        "opg orders must be submitted after 7:00pm and before 9:28am",
    ),
]


@pytest.mark.parametrize(("change", "kind", "words"), COIN_CASES)
def test_a_crypto_order_that_is_wrong(
    desk: Desk, change: dict[str, Any], kind: tuple[int, int], words: str | None
) -> None:
    """Each field, and each pair that does not go together, is refused in the venue's words."""
    error = desk.order(COIN_LOW, **change).error
    assert (error[:2], error[2]) == (kind, words or error[2])
    assert desk.practice.state()["orders"] == []
    assert desk.practice.state()["refused"][-1]["msg"] == error[2]


@pytest.mark.parametrize(("change", "kind", "words"), SHARE_CASES)
def test_an_equity_order_that_is_wrong(
    desk: Desk, change: dict[str, Any], kind: tuple[int, int], words: str | None
) -> None:
    """Cents, fractions, hours and types of equities have rules of their own."""
    error = desk.order(SHARE_LOW, **change).error
    assert (error[:2], error[2]) == (kind, words or error[2])


def test_sub_penny_prices_are_legal_below_a_dollar(desk: Desk) -> None:
    """Four decimal places are enough there."""
    assert desk.order(SHARE_LOW, limit_price="0.9999", qty="2").json["limit_price"] == "0.9999"


def test_numbers_may_be_json_numbers_or_text(desk: Desk) -> None:
    """Both keep every digit, and the ninth decimal place is the last that counts."""
    number = desk.order(COIN_MARKET, qty=0.012345678)
    text = desk.order(COIN_MARKET, qty="0.00021739130434782607")
    assert [each.json["qty"] for each in (number, text)] == ["0.012345678", "0.000217391"]


@pytest.mark.parametrize("name", ["BTC/USD", "BTCUSD"])
def test_a_pair_may_be_ordered_by_either_name_or_by_id(desk: Desk, name: str) -> None:
    """The order tells the name with the slash."""
    asset = desk.get(f"/v2/assets/{name}").json
    for symbol in (name, asset["id"]):
        assert desk.order(COIN_MARKET, symbol=symbol).json["symbol"] == "BTC/USD"


def test_an_order_without_a_name_gets_one(desk: Desk) -> None:
    """Generated names differ; an empty one counts as none."""
    names = [
        desk.order(COIN_LOW, client_order_id=name).json["client_order_id"] for name in ("", None)
    ]
    assert len({*names, ""}) == 3


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (401, None, "unauthorized."),
        (403, None, "forbidden."),
        (429, 42910000, "rate limit exceeded"),
        (500, 50010000, "internal server error occurred"),
        (504, 50410000, "request timed out"),
        (418, 41810000, "unexpected error"),
    ],
)
def test_a_fault_speaks_as_alpaca_does(
    desk: Desk, status: int, code: int | None, words: str
) -> None:
    """Where a fault gives a status alone, code and words follow from it."""
    venue = desk.practice.venue
    body, headers = venue.faulted(FaultAnswer(status), None)
    assert (body.get("code"), body["message"], headers) == (code, words, {})
    own, _ = venue.faulted(FaultAnswer(status, 40010001, "mine"), None)
    assert own == {"code": 40010001, "message": "mine"}


def test_a_fault_tells_how_long_to_stay_away(desk: Desk) -> None:
    """A 429 says it in both headers, and that nothing is left."""
    fault = FaultAnswer(429, retry_after_s=7)
    reply = desk.practice.faulted(fault, Request("GET", "/v2/account", headers=KEYS))
    now_s = int(desk.clock.wall().timestamp())
    told = {name: reply.headers[name] for name in ("Retry-After", "X-RateLimit-Reset")}
    assert told == {"Retry-After": "7", "X-RateLimit-Reset": str(now_s + 7)}
    assert reply.headers["X-RateLimit-Remaining"] == "0"


def test_market_orders_of_equities_may_be_notional(desk: Desk) -> None:
    """Dollars instead of shares, for the day."""
    order = desk.order(SHARE_MARKET, qty=None, notional=100.5).json
    assert (order["notional"], order["qty"], order["status"]) == ("100.5", None, "filled")


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/v2/orders", {"limit": "9" * 5_000}),
        ("/v2/calendar", {"start": "9999-12-31", "end": "9999-12-31"}),
        ("/v2/positions/%00", {}),
        ("/v2/assets/%ff", {}),
        ("/v1beta3/crypto/us/bars", {"symbols": "BTC/USD", "limit": "9" * 5_000}),
        (
            "/v1beta3/crypto/us/bars",
            {"symbols": "BTC/USD", "timeframe": "1Day", "start": "9999-12-31"},
        ),
        (
            "/v1beta3/crypto/us/trades",
            {"symbols": "BTC/USD", "page_token": "QlRDL1VTRHwtOTk5OTk5OTk5OTk5OTk5"},
        ),
    ],
)
def test_no_request_breaks_the_venue(desk: Desk, path: str, query: dict[str, str]) -> None:
    """Numbers, dates and names beyond all sense are answered like any others."""
    assert desk.get(path, **query).status in {200, 400, 404, 422}
