"""Proves the practice Alpaca venue by the clients of others: they trade on it, and know its errors as their own."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.witness.kit import by_step, check_market, hear, of_body, recordings

pytestmark = pytest.mark.slow  # the first test of each client runs it as a program

VENUE = "alpaca"
SDK = "alpaca_py"
CCXT = "ccxt_alpaca"
CLIENTS = (SDK, CCXT)

REFUSED = {
    "duplicate": (422, 40010001, "BadRequest"),
    "duplicate_later": (422, 40010001, "BadRequest"),
    "unfilled_cancel": (422, 42210000, "BadRequest"),
    "no_funds": (403, 40310000, "InsufficientFunds"),
    "bad_symbol": (422, 42210000, "BadRequest"),
    "too_precise": (422, 42210000, "BadRequest"),
    "too_small": (403, 40310000, "InvalidOrder"),
    "unknown_order": (404, 40410000, "InvalidOrder"),
    "unknown_cancel": (404, 40410000, "InvalidOrder"),
    "bad_key": (401, "none", "AuthenticationError"),
    "bad_secret": (401, "none", "AuthenticationError"),
    "429": (429, 42910000, "RateLimitExceeded"),
    "500": (500, 50010000, "ExchangeNotAvailable"),
    "503": (503, 50310000, "ExchangeNotAvailable"),
    "504": (504, 50410000, "RequestTimeout"),
}
"""Each refusal by step: HTTP status and code of the venue ("none": it gives none), and ccxt's class for it."""

CCXT_CLASSES = {
    "foreign_page": "ExchangeNotAvailable",
    "key_refused": "AuthenticationError PermissionDenied AuthenticationError",
    "rate_limited": "RateLimitExceeded",
    "data_rate_limited": "RateLimitExceeded",
    # A 403 whose words it does not know is an outage to it, and worth another try.
    "day_trade_protection": "ExchangeNotAvailable",
    "insufficient_buying_power": "ExchangeNotAvailable",
    "insufficient_balance": "InsufficientFunds",
    "insufficient_quantity": "ExchangeNotAvailable",
    "wash_trade": "ExchangeNotAvailable",
    "suspended_by_user": "PermissionDenied",
    "shorting_not_allowed": "ExchangeNotAvailable ExchangeError",
    "account_not_authorized": "ExchangeNotAvailable",
    "account_restricted": "ExchangeNotAvailable",
    "cost_basis_too_small": "InvalidOrder",
    "order_refused": "ExchangeNotAvailable",
    "not_authorized": "PermissionDenied",
    "forbidden": "PermissionDenied",
    "duplicate_order": "BadRequest",
    "not_cancelable": "BadRequest",
    "market_closed": "BadRequest",
    "invalid_request": "BadRequest ExchangeNotAvailable",
    "unprocessable": "BadRequest",
    "order_not_found": "InvalidOrder",
    "not_found": "InvalidOrder",
    "internal_error": "ExchangeNotAvailable",
    "gateway_timeout": "RequestTimeout",
    "server_error": "ExchangeNotAvailable",
}
"""ccxt's class for each recorded answer: one word for all of that name, or one for each."""


@pytest.mark.parametrize("client", CLIENTS)
def test_the_price_is_the_venues(client: str) -> None:
    """A client finds the pair, and is told the very price that the venue trades at."""
    heard = hear(client, VENUE)
    assert heard["markets"] == {"base": "BTC"}
    assert Decimal(heard["price"]["told"]) == Decimal(heard["price"]["true"]) > 0


@pytest.mark.parametrize("client", CLIENTS)
def test_the_market_is_shown(client: str) -> None:
    """A client is told the best bid below the best ask, and candles whose bounds hold."""
    check_market(hear(client, VENUE))


@pytest.mark.parametrize("client", CLIENTS)
def test_the_account_holds_its_cash(client: str) -> None:
    """A client reads the cash of the new account."""
    assert Decimal(hear(client, VENUE)["balance"]["free"]) == 100_000


@pytest.mark.parametrize("client", CLIENTS)
def test_a_limit_order_rests_until_it_is_cancelled(client: str) -> None:
    """A resting order is found by id, by client id and among the open ones, and cancelled."""
    heard = hear(client, VENUE)
    resting = {**heard["limit"], "client_id": "w-1"}
    assert resting["status"] in {"new", "open"}
    assert [heard[name] for name in ("by_id", "by_client_id", "open")] == [resting] * 3
    assert heard["cancelled"] == {**resting, "status": "canceled"}


def test_a_cancel_is_accepted_without_a_word() -> None:
    """The venue answers a cancel with nothing, which is how both clients show it."""
    assert hear(SDK, VENUE)["cancel"] == {"answer": ""}
    assert set(hear(CCXT, VENUE)["cancel"].values()) == {""}


@pytest.mark.parametrize("client", CLIENTS)
def test_a_market_order_fills(client: str) -> None:
    """A market order is filled, its trade is listed, and what was bought is held less the fee."""
    heard = hear(client, VENUE)
    assert heard["filled"]["id"] == heard["market"]["id"]
    bought = Decimal(heard["filled"]["filled"])
    assert bought == Decimal(heard["fills"]["quantity"]) == Decimal("0.01")
    held = heard["position"]
    assert 0 < Decimal(held.get("quantity") or held["free"]) <= bought


def test_shares_are_traded_too() -> None:
    """The client that knows stocks finds one, its price, and may place and cancel an order on it."""
    heard = hear(SDK, VENUE)
    assert heard["stock"] == {"exchange": "NASDAQ"}
    assert Decimal(heard["stock_price"]["told"]) > 0
    assert heard["stock_limit"]["status"] in {"new", "accepted"}  # by day, and by night
    assert heard["stock_cancel"] == {"answer": ""}


@pytest.mark.parametrize("client", CLIENTS)
def test_no_refusal_books_anything(client: str) -> None:
    """After every refusal and fault, the venue holds the crypto orders that were taken, and no more."""
    orders = hear(client, VENUE).state["orders"]
    crypto = [order["status"] for order in orders if order["symbol"] == "BTC/USD"]
    assert crypto == ["CANCELED", "FILLED"]


@pytest.mark.parametrize("step", [*REFUSED, "off_tick", "unknown_position"])
def test_alpaca_py_knows_the_refusal(step: str) -> None:
    """Its exception carries the venue's status and code."""
    more = {"off_tick": (422, 42210000, ""), "unknown_position": (404, 40410000, "")}
    status, code, _ = (REFUSED | more)[step]
    error, told = hear(SDK, VENUE).error(step)
    assert (error, told["status"], told["code"]) == ("APIError", str(status), str(code))


@pytest.mark.parametrize("step", REFUSED)
def test_ccxt_knows_the_refusal(step: str) -> None:
    """Its class is the one that ccxt keeps for this code or message, or else for this status."""
    status, code, expected = REFUSED[step]
    error, told = hear(CCXT, VENUE).error(step)
    assert error == expected
    assert str(code) in told["text"] or f" {status} " in told["text"]


@pytest.mark.parametrize(
    ("client", "page", "reset"),
    [
        (SDK, "APIError", "ConnectionError"),
        (CCXT, "ExchangeNotAvailable", "ExchangeNotAvailable"),
    ],
)
def test_what_is_no_answer_of_the_venue(client: str, page: str, reset: str) -> None:
    """A proxy's page and a connection that breaks arrive as this client has them."""
    heard = hear(client, VENUE)
    assert (heard.error("html")[0], heard.error("reset")[0]) == (page, reset)


def test_alpaca_py_knows_every_recorded_answer() -> None:
    """Whatever the venue has on record arrives with its status, and with its code where it has one."""
    heard, rows = hear(SDK, VENUE), recordings(VENUE)
    told = {step: heard.error(step) for step in rows}
    assert {error for error, _ in told.values()} == {"APIError"}
    assert {step: (shown["status"], shown["code"]) for step, (_, shown) in told.items()} == {
        step: (str(row.status), of_body(row, "code", "none")) for step, row in rows.items()
    }


def test_ccxt_knows_every_recorded_answer() -> None:
    """Whatever the venue has on record arrives in the class that ccxt keeps for it."""
    heard, expected = hear(CCXT, VENUE), by_step(VENUE, CCXT_CLASSES)
    assert {step: str(heard.error(step)[0]) for step in expected} == expected
