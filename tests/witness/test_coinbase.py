"""Proves the practice Coinbase venue by the clients of others: they trade on it, and know its errors as their own."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.witness.kit import by_step, check_market, hear, recordings

if TYPE_CHECKING:
    from switchgear.practice.sim.answers import Recorded

pytestmark = pytest.mark.slow  # the first test of each client runs it as a program

VENUE = "coinbase"
SDK = "coinbase_advanced_py"
CCXT = "ccxt_coinbase"
CLIENTS = (SDK, CCXT)

ANSWERED = {
    "no_funds": ("INSUFFICIENT_FUND", "InsufficientFunds"),
    "bad_symbol": ("INVALID_PRODUCT_ID", "ExchangeError"),
    "too_precise": ("INVALID_PRICE_PRECISION", "ExchangeError"),
    "unknown_cancel": ("UNKNOWN_CANCEL_ORDER", "BadRequest"),
    "unfilled_cancel": ("ORDER_IS_FULLY_FILLED", "BadRequest"),
}
"""Refusals inside of a successful answer, by step: the venue's word, and ccxt's class for it."""

FAILED = {
    "unknown_order": (404, "NOT_FOUND", "ExchangeError"),
    "bad_key": (401, "Unauthorized", "AuthenticationError"),
    "bad_signature": (401, "Unauthorized", "AuthenticationError"),
    "skewed": (401, "request timestamp expired", "AuthenticationError"),
    "429": (429, "RESOURCE_EXHAUSTED", "ExchangeError"),
    "500": (500, "INTERNAL", "ExchangeError"),
    "503": (503, "UNAVAILABLE", "ExchangeError"),
    "504": (504, "DEADLINE_EXCEEDED", "ExchangeError"),
}
"""Each other refusal by step: HTTP status, what its text holds, and ccxt's class for it."""

CCXT_CLASSES = {
    "aborted": "ExchangeError",
    "unknown_error": "ExchangeError",
    "foreign_page": "ExchangeNotAvailable",
    "internal_error": "ExchangeError",
    "maintenance": "ExchangeError ExchangeNotAvailable",
    "unavailable": "ExchangeError",
    "gateway_timeout": "RequestTimeout",
    "edge_connect_timeout": "ExchangeNotAvailable",
    # A status that it does not know is no error to it: an order without an id.
    "edge_timeout": "None",
    "edge_error": "ExchangeNotAvailable ExchangeNotAvailable None None ExchangeNotAvailable",
    "server_error": "ExchangeNotAvailable",
    "preview_failed": "ExchangeError",
    "commander_rejected": "ExchangeError",
    "rate_limited": "RateLimitExceeded ExchangeError RateLimitExceeded",
    "resource_exhausted": "ExchangeError",
    "quotes_rate_limited": "ExchangeError",
    "clock_skew": "AuthenticationError ExchangeError",
    "unauthorized": "AuthenticationError ExchangeError",
    "unauthenticated": "ExchangeError AuthenticationError",
    "permission_denied": "PermissionDenied",
    "duplicate_order": "ExchangeError",
    "insufficient_funds": (
        "InsufficientFunds ExchangeError ExchangeError InsufficientFunds ExchangeError"
    ),
    "insufficient_balance": "ExchangeError",
    "market_closed": (
        "ExchangeError ExchangeError ExchangeError "
        "ExchangeError ExchangeError ExchangeError BadRequest"
    ),
    "not_permitted": "ExchangeError ExchangeError BadRequest",
    "account_restricted": "ExchangeError",
    "would_take": "ExchangeError",
    "wrong_product": "ExchangeError",
    "wrong_price": "ExchangeError InvalidOrder",
    "wrong_size": "ExchangeError",
    "wrong_time": "ExchangeError",
    "wrong_configuration": "ExchangeError",
    "no_liquidity": "ExchangeError",
    "limit_breached": "ExchangeError",
    "quote_refused": "ExchangeError",
    "cancel_not_found": "BadRequest",
    "not_cancelable": "BadRequest",
    "cancel_refused": "BadRequest",
    "order_not_found": "ExchangeError",
    "invalid_argument": "BadRequest ExchangeError ExchangeError",
    "not_found": "ExchangeError",
    "preview_refused": "ExchangeError",
    "invalid_value": "ExchangeError",
    "reason_unknown": "ExchangeError BadRequest",
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


def test_the_market_is_public() -> None:
    """Without a key the product is shown as well."""
    assert Decimal(hear(SDK, VENUE)["public_price"]["told"]) > 0


@pytest.mark.parametrize("client", CLIENTS)
def test_the_account_holds_its_cash(client: str) -> None:
    """A client reads the cash of the new account, none of it held."""
    balance = hear(client, VENUE)["balance"]
    assert Decimal(balance["free"]) == 100_000
    assert Decimal(balance["locked"]) == 0


def test_a_resting_order_holds_cash_back() -> None:
    """While an order rests, its cost and fee are held, and the sum is what it was."""
    held = hear(SDK, VENUE)["held"]
    assert Decimal(held["locked"]) >= 100
    assert Decimal(held["free"]) + Decimal(held["locked"]) == 100_000


@pytest.mark.parametrize("client", CLIENTS)
def test_a_limit_order_rests_until_it_is_cancelled(client: str) -> None:
    """A resting order is found by id, by client id in the list and among the open ones, and cancelled."""
    heard = hear(client, VENUE)
    resting = heard["by_id"]
    assert (resting["client_id"], resting["status"].upper()) == ("w-1", "OPEN")
    assert heard["by_client_id"] == heard["open"] == resting
    assert heard["limit"]["id"] == heard["cancel"]["id"] == resting["id"]
    assert heard["cancelled"]["status"] in {"CANCELLED", "canceled"}


@pytest.mark.parametrize("client", CLIENTS)
def test_the_same_client_id_is_the_same_order(client: str) -> None:
    """An order sent again under its client id comes back as it is, also when it was cancelled since."""
    heard = hear(client, VENUE)
    assert heard["duplicate"] == heard["duplicate_later"] == heard["limit"]


@pytest.mark.parametrize("client", CLIENTS)
def test_a_market_order_fills(client: str) -> None:
    """A market order is filled, its trade is listed, and what was bought is held beside the rest."""
    heard = hear(client, VENUE)
    assert heard["filled"]["id"] == heard["market"]["id"]
    bought = Decimal(heard["filled"]["filled"])
    assert bought == Decimal(heard["fills"]["quantity"]) > 0
    assert Decimal(heard["position"]["free"]) == 1 + bought


@pytest.mark.parametrize("client", CLIENTS)
def test_no_refusal_books_anything(client: str) -> None:
    """After every refusal and fault, the venue holds the two orders that were taken, and no more."""
    orders = hear(client, VENUE).state["orders"]
    assert [order["status"] for order in orders] == ["CANCELED", "FILLED"]


@pytest.mark.parametrize("step", ANSWERED)
def test_coinbase_advanced_py_is_told_of_a_refusal(step: str) -> None:
    """A refused order or cancel is no error to it: the venue's word stands in the answer."""
    assert hear(SDK, VENUE)[step] == {"refused": ANSWERED[step][0]}


@pytest.mark.parametrize("step", FAILED)
def test_coinbase_advanced_py_knows_the_failure(step: str) -> None:
    """Its exception carries the status, and the venue's words in its text."""
    status, words, _ = FAILED[step]
    error, told = hear(SDK, VENUE).error(step)
    assert (error, told["status"]) == ("HTTPError", str(status))
    assert words in told["text"]


def test_a_product_that_is_not_there_is_not_found() -> None:
    """Asking for a product by a wrong name fails, where ordering it is refused."""
    error, told = hear(SDK, VENUE).error("no_symbol")
    assert (error, told["status"]) == ("HTTPError", "404")


@pytest.mark.parametrize("step", [*ANSWERED, *FAILED])
def test_ccxt_knows_the_refusal(step: str) -> None:
    """Its class is the one that ccxt keeps for this word, or else for this status."""
    expected = ANSWERED[step][-1] if step in ANSWERED else FAILED[step][-1]
    assert hear(CCXT, VENUE).error(step)[0] == expected


@pytest.mark.parametrize(
    ("client", "page", "reset"),
    [
        (SDK, "HTTPError", "ConnectionError"),
        (CCXT, "ExchangeNotAvailable", "ExchangeNotAvailable"),
    ],
)
def test_what_is_no_answer_of_the_venue(client: str, page: str, reset: str) -> None:
    """A proxy's page and a connection that breaks arrive as this client has them."""
    heard = hear(client, VENUE)
    assert (heard.error("html")[0], heard.error("reset")[0]) == (page, reset)


def test_coinbase_advanced_py_knows_every_recorded_answer() -> None:
    """Whatever the venue has on record is an error with its status, or an answer with its word."""
    heard, rows = hear(SDK, VENUE), recordings(VENUE)
    told = {step: heard.error(step) for step in rows}
    assert {
        step: (error, shown["status"] if error else shown["refused"])
        for step, (error, shown) in told.items()
    } == {step: _sdk_tells(row) for step, row in rows.items()}


def _sdk_tells(row: Recorded) -> tuple[str | None, str]:
    if row.status >= 400:
        return "HTTPError", str(row.status)
    told = json.loads(row.body)
    if "results" in told:
        return None, told["results"][0]["failure_reason"]
    return None, told["error_response"]["error"]


def test_ccxt_knows_every_recorded_answer() -> None:
    """Whatever the venue has on record arrives in the class that ccxt keeps for it."""
    heard, expected = hear(CCXT, VENUE), by_step(VENUE, CCXT_CLASSES)
    assert {step: str(heard.error(step)[0]) for step in expected} == expected
