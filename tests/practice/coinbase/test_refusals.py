"""Proves each refusal of an order, and of a request that cannot be read, with its own form and words."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from tests.practice.coinbase.kit import ORDERS, RESTING, V3, Desk, limit, market, stop

UNKNOWN = "UNKNOWN_FAILURE_REASON"
CONFIG = ("UNSUPPORTED_ORDER_CONFIGURATION", "PREVIEW_INVALID_ORDER_CONFIG")
PAST, FUTURE = "2025-12-31T23:59:59Z", "2026-01-02T00:00:00Z"


def alike(reason: str) -> tuple[str, str]:
    """A refusal whose second reason repeats the first."""
    return reason, f"PREVIEW_{reason}"


def hinted(preview: str) -> tuple[str, str]:
    """A refusal that only the second reason explains."""
    return UNKNOWN, f"PREVIEW_{preview}"


@pytest.mark.parametrize(
    ("more", "reasons"),
    [
        ({"product_id": "BTC-XYZ"}, alike("INVALID_PRODUCT_ID")),
        ({"product_id": "btc-usd"}, alike("INVALID_PRODUCT_ID")),
        ({"product_id": "XRP-USD"}, alike("TRADING_DISABLED")),
        ({"product_id": "BNB-USD"}, alike("UNTRADABLE_PRODUCT")),
        ({"side": "UNKNOWN_ORDER_SIDE"}, alike("INVALID_SIDE")),
        ({"leverage": "2"}, alike("INVALID_LEVERAGE")),
        ({"attached_order_configuration": {}}, CONFIG),
    ],
)
def test_an_order_that_fits_no_product(desk: Desk, more: Any, reasons: tuple[str, str]) -> None:
    """Product, its state, side and leverage are refused with status 200 and two reasons."""
    assert desk.order(RESTING, **more).refusal == reasons


@pytest.mark.parametrize(
    ("configuration", "reasons"),
    [
        ({}, CONFIG),
        ({**RESTING, **market(base_size="0.01")}, CONFIG),
        ({"trigger_bracket_gtc": {"base_size": "0.01"}}, CONFIG),
        ({"twap_limit_gtd": {}}, CONFIG),
        (market(), CONFIG),
        (market(base_size="0.01", quote_size="10"), CONFIG),
        ({"limit_limit_gtc": {"limit_price": "10000"}}, CONFIG),
    ],
)
def test_a_configuration_that_does_not_fit_together(
    desk: Desk, configuration: Any, reasons: tuple[str, str]
) -> None:
    """Exactly one offered kind, with exactly one size."""
    assert desk.order(configuration).refusal == reasons


@pytest.mark.parametrize(
    ("configuration", "reasons"),
    [
        (market(base_size="0.000000001"), hinted("INVALID_BASE_SIZE_TOO_SMALL")),
        (market(base_size="0"), hinted("INVALID_BASE_SIZE_TOO_SMALL")),
        (market(base_size="-1"), hinted("INVALID_BASE_SIZE_TOO_SMALL")),
        (market(base_size="3400.1"), hinted("INVALID_BASE_SIZE_TOO_LARGE")),
        (market(base_size="99999999999999999999"), hinted("INVALID_BASE_SIZE_TOO_LARGE")),
        (market(base_size="0.010000001"), alike("INVALID_SIZE_PRECISION")),
        (market(base_size="0.00001"), hinted("INVALID_QUOTE_SIZE_TOO_SMALL")),
        (market(base_size="3000"), hinted("INVALID_QUOTE_SIZE_TOO_LARGE")),
        (market(quote_size="0.99"), hinted("INVALID_QUOTE_SIZE_TOO_SMALL")),
        (market(quote_size="-5"), hinted("INVALID_QUOTE_SIZE_TOO_SMALL")),
        (market(quote_size="150000000.01"), hinted("INVALID_QUOTE_SIZE_TOO_LARGE")),
        (market(quote_size="10.001"), hinted("INVALID_QUOTE_SIZE_PRECISION")),
        (limit("10000.001"), alike("INVALID_PRICE_PRECISION")),
        (limit("0"), alike("INVALID_LIMIT_PRICE")),
        (limit("-1"), alike("INVALID_LIMIT_PRICE")),
        ({"limit_limit_gtc": {"base_size": "0.01"}}, alike("INVALID_LIMIT_PRICE")),
        (limit("1000000.01"), hinted("INVALID_PRICE_TOO_LARGE")),
        (limit("99999999999999999999.01"), hinted("INVALID_PRICE_TOO_LARGE")),
    ],
)
def test_sizes_and_prices_have_bounds_and_increments(
    desk: Desk, configuration: Any, reasons: tuple[str, str]
) -> None:
    """Each bound has a reason of its own; most are told in the second one alone."""
    assert desk.order(configuration).refusal == reasons


def test_a_precision_says_what_is_wrong(desk: Desk) -> None:
    """Precision and funds come with the message that the venue gives, the others with none."""

    def message(configuration: Any) -> str:
        return str(desk.order(configuration).json["error_response"]["message"])

    assert message(limit("10000.001")) == "Too many decimals in order price"
    assert message(market(base_size="0.010000001")) == "Too many decimals in order amount"
    assert message(market(base_size="2")) == "Insufficient balance in source account"
    assert message(market()) == ""


@pytest.mark.parametrize(
    ("side", "configuration"),
    [
        ("BUY", market(base_size="2")),
        ("BUY", market(quote_size="100000.01")),
        ("BUY", limit("10000", "10")),
        ("SELL", market(base_size="1.00000001")),
        ("SELL", limit("90000", "1.1")),
    ],
)
def test_an_order_that_the_balance_does_not_carry(
    desk: Desk, side: str, configuration: Any
) -> None:
    """The fee counts: what costs all of the balance, and a fee on top, is refused."""
    assert desk.order(configuration, side=side).refusal == alike("INSUFFICIENT_FUND")
    assert desk.practice.state()["orders"] == []


def test_selling_for_a_quote_size_is_not_offered(desk: Desk) -> None:
    """A sale names what it sells."""
    assert desk.order(market(quote_size="10"), side="SELL").refusal == CONFIG


@pytest.mark.parametrize(("side", "price"), [("BUY", "90000"), ("SELL", "30000")])
def test_post_only_is_refused_when_it_would_take(desk: Desk, side: str, price: str) -> None:
    """It rests, or it is not booked."""
    reply = desk.order(limit(price, post_only=True), side=side)
    assert reply.refusal == alike("INVALID_LIMIT_PRICE_POST_ONLY")
    other = "90000" if side == "SELL" else "30000"
    assert desk.order(limit(other, post_only=True), side=side).json["success"] is True


@pytest.mark.parametrize(
    ("side", "configuration", "reasons"),
    [
        ("BUY", stop("50000", "60000", "UP"), hinted("STOP_PRICE_BELOW_LAST_TRADE_PRICE")),
        ("SELL", stop("70000", "60000", "DOWN"), hinted("STOP_PRICE_ABOVE_LAST_TRADE_PRICE")),
        ("BUY", stop("70000", "69999", "UP"), hinted("STOP_PRICE_ABOVE_LIMIT_PRICE")),
        ("SELL", stop("50000", "50001", "DOWN"), hinted("STOP_PRICE_BELOW_LIMIT_PRICE")),
        ("BUY", stop("70000.001", "71000", "UP"), None),
        ("BUY", stop("0", "71000", "UP"), hinted("INVALID_STOP_PRICE")),
        ("BUY", stop("70000", "71000", "UP", stop_direction="UNKNOWN_STOP_DIRECTION"), CONFIG),
        ("BUY", stop("70000", "71000", "UP", stop_direction=None), CONFIG),
        ("BUY", stop("70000", "71000.001", "UP"), alike("INVALID_PRICE_PRECISION")),
    ],
)
def test_a_stop_must_lie_ahead(
    desk: Desk, side: str, configuration: Any, reasons: tuple[str, str] | None
) -> None:
    """The stop price is still to be reached, in its direction, and on the right side of the limit."""
    precision = ("INVALID_PRICE_PRECISION", "PREVIEW_INVALID_STOP_PRICE_PRECISION")
    assert desk.order(configuration, side=side).refusal == (reasons or precision)


@pytest.mark.parametrize(
    ("end_time", "reason"),
    [(PAST, "END_TIME_IS_IN_THE_PAST"), (None, "GTD_ORDERS_MUST_HAVE_END_TIME")],
)
def test_an_end_must_lie_ahead(desk: Desk, end_time: str | None, reason: str) -> None:
    """A dated order has an end, and it is not over."""
    configuration = limit("10000", kind="limit_limit_gtd", end_time=end_time)
    assert desk.order(configuration).refusal == alike(reason)


def test_a_refusal_tells_the_configuration_again_and_is_noted(desk: Desk) -> None:
    """The answer repeats what was asked for, and the truth keeps the more telling reason."""
    reply = desk.order(market(quote_size="0.5"), "a")
    assert reply.json["order_configuration"] == market(quote_size="0.5")
    assert reply.json["failure_reason"] == UNKNOWN
    note = desk.practice.state()["refused"][0]
    assert (note["client_order_id"], note["status"], note["via"]) == ("a", "REJECTED", "coinbase")
    assert note["code"] == "PREVIEW_INVALID_QUOTE_SIZE_TOO_SMALL"


def test_a_refused_id_is_still_free(desk: Desk) -> None:
    """What was not booked holds no id."""
    assert desk.order(market(base_size="2"), "a").json["success"] is False
    assert desk.order(market(base_size="0.01"), "a").json["success"] is True


@pytest.mark.parametrize(
    ("change", "hint"),
    [
        ({"client_order_id": None}, "client_order_id"),
        ({"client_order_id": ""}, "client_order_id"),
        ({"client_order_id": 5}, "client_order_id"),
        ({"product_id": None}, "product_id"),
        ({"product_id": 5}, "product_id"),
        ({"side": "buy"}, "side"),
        ({"order_configuration": None}, "order_configuration"),
        ({"order_configuration": []}, "order_configuration"),
        ({"order_configuration": {"limit_gtc": {}}}, "limit_gtc"),
        ({"order_configuration": {"market_market_ioc": {"base_size": 0.01}}}, "base_size"),
        ({"order_configuration": market(base_size="1e-2")}, "base_size"),
        ({"order_configuration": market(base_size="NaN")}, "base_size"),
        ({"order_configuration": market(base_size="0,01")}, "base_size"),
        ({"order_configuration": market(base_size="")}, "base_size"),
        ({"order_configuration": limit("10000", limit_prise="1")}, "limit_prise"),
        ({"order_configuration": limit("10000", post_only="no")}, "post_only"),
        (
            {"order_configuration": limit("1", kind="limit_limit_fok", post_only=True)},
            "post_only",
        ),
        ({"order_configuration": stop("1", "1", "SIDEWAYS")}, "stop_direction"),
        (
            {"order_configuration": limit("1", kind="limit_limit_gtd", end_time="tomorrow")},
            "end_time",
        ),
        (
            {"order_configuration": limit("1", kind="limit_limit_gtd", end_time="2026-01-02")},
            "end_time",
        ),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_cannot_be_read_is_an_invalid_argument(
    desk: Desk, change: dict[str, Any], hint: str
) -> None:
    """Missing and unknown fields, wrong types and malformed numbers never come to the exchange."""
    body = {"client_order_id": "a", "product_id": "BTC-USD", "side": "BUY"}
    whole = {**body, "order_configuration": RESTING, **change}
    sent = {name: value for name, value in whole.items() if value is not None}
    status, error, details = desk.post(ORDERS, sent).gateway
    assert (status, error) == (400, "INVALID_ARGUMENT")
    assert hint in details
    state = desk.practice.state()
    assert (state["orders"], state["refused"][0]["code"]) == ([], "INVALID_ARGUMENT")


@pytest.mark.parametrize("body", ["", "{", "[]", "null", '"text"', "\udcff"])
def test_a_body_that_is_no_object_is_an_invalid_argument(desk: Desk, body: str) -> None:
    """Whatever comes, the gateway says so."""
    raw = body.encode("utf-8", "surrogateescape").decode("latin-1")
    assert desk.post(ORDERS, raw).gateway[:2] == (400, "INVALID_ARGUMENT")


@pytest.mark.parametrize(
    "body",
    [{}, {"order_ids": []}, {"order_ids": "x"}, {"order_ids": [1]}, {"order_ids": ["x"] * 101}],
)
def test_a_cancel_names_one_to_a_hundred_orders(desk: Desk, body: Any) -> None:
    """No order, too many, or what is no list is an invalid argument."""
    assert desk.post(f"{ORDERS}/batch_cancel", body).gateway[:2] == (400, "INVALID_ARGUMENT")


@pytest.mark.parametrize(
    ("path", "details"),
    [
        (f"{ORDERS}/historical/nobody", "order with this orderID was not found"),
        (f"{V3}/accounts/nobody", "account was not found"),
        (f"{V3}/portfolios/nobody", "portfolio was not found"),
        (f"{V3}/products/BTC-XYZ", "valid product_id is required"),
    ],
)
def test_what_is_not_there(desk: Desk, path: str, details: str) -> None:
    """A look-up of what nobody made says so in the gateway's form."""
    assert desk.get(path).gateway == (404, "NOT_FOUND", details)


def test_a_path_that_is_not_there(desk: Desk) -> None:
    """No endpoint, or another method of one, is a page of the server in front."""
    for method, path in (("GET", f"{V3}/nothing"), ("GET", ORDERS), ("POST", f"{V3}/accounts")):
        reply = desk.raw(method, path)
        assert (reply.status, "Not Found" in reply.json) == (404, True)
    assert desk.raw("GET", f"{V3}/accounts/").status == 404


@pytest.mark.parametrize(
    ("configuration", "side", "errors"),
    [
        (market(base_size="0.01"), "BUY", []),
        (limit("90000"), "BUY", []),
        (limit("90000"), "SELL", []),
        (stop("70000", "71000", "UP"), "BUY", []),
        (market(base_size="2"), "BUY", ["PREVIEW_INSUFFICIENT_FUND"]),
        (market(base_size="2"), "SELL", ["PREVIEW_INSUFFICIENT_FUND"]),
        (market(quote_size="0.1"), "BUY", ["PREVIEW_INVALID_QUOTE_SIZE_TOO_SMALL"]),
    ],
)
def test_a_preview_books_nothing(
    desk: Desk, configuration: Any, side: str, errors: list[str]
) -> None:
    """It tells what an order would come to with its fee, or why it would be refused."""
    body = {"product_id": "BTC-USD", "side": side, "order_configuration": configuration}
    told = desk.post(f"{ORDERS}/preview", body).json
    assert told["errs"] == errors
    fee, value = Decimal(told["commission_total"]), Decimal(told["quote_size"])
    assert fee == value * Decimal("0.006")
    assert Decimal(told["order_total"]) == (value + fee if side == "BUY" else value - fee)
    assert desk.practice.state()["orders"] == []


def test_a_preview_reads_as_strictly_as_an_order(desk: Desk) -> None:
    """An unknown field of a preview is an invalid argument, too."""
    assert desk.post(f"{ORDERS}/preview", json.dumps({"a": 1})).gateway[0] == 400
