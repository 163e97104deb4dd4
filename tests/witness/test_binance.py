"""Proves the practice Binance venue by the clients of others: they trade on it, and know its errors as their own."""

from __future__ import annotations

from decimal import Decimal

import pytest

from switchgear.practice.sim.answers import JSON, Recorded
from tests.witness.kit import by_step, check_market, hear, of_body, recordings

pytestmark = pytest.mark.slow  # the first test of each client runs it as a program

VENUE = "binance"
CCXT = "ccxt_binance"
CLIENTS = ("python_binance", "binance_sdk_spot", CCXT)

REFUSED = {
    "duplicate": (400, -2010, "InvalidOrder"),
    "no_funds": (400, -2010, "InsufficientFunds"),
    "bad_symbol": (400, -1121, "BadSymbol"),
    "bad_step": (400, -1013, "InvalidOrder"),
    "too_precise": (400, -1111, "BadRequest"),
    "too_small": (400, -1013, "BadRequest"),
    "unknown_order": (400, -2013, "OrderNotFound"),
    "unknown_cancel": (400, -2011, "OrderNotFound"),
    "bad_key": (401, -2015, "AuthenticationError"),
    "bad_signature": (400, -1022, "AuthenticationError"),
    "skewed": (400, -1021, "InvalidNonce"),
    "418": (418, -1003, "DDoSProtection"),
    "429": (429, -1003, "DDoSProtection"),
    "503": (503, -1008, "ExchangeError"),  # OperationFailed by its address alone: not on loopback
    "504": (504, -1007, "RequestTimeout"),
}
"""Each refusal by step: HTTP status and code of the venue, and ccxt's class for it."""

SDK_CLASSES = {
    400: "BadRequestError",
    401: "UnauthorizedError",
    403: "ForbiddenError",
    404: "NotFoundError",
    409: "ClientError",
    418: "RateLimitBanError",
    429: "TooManyRequestsError",
    451: "ClientError",
}

CCXT_CLASSES = {
    "foreign_page": "ExchangeNotAvailable",
    "unknown_error": "OperationFailed",
    "disconnected": "OperationFailed",
    "unexpected_response": "OperationFailed",
    "backend_timeout": "RequestTimeout",
    "server_busy": "ExchangeError",
    "shutting_down": "BadRequest",
    "ip_banned": "DDoSProtection",
    "ip_banned_by_code": "RateLimitExceeded",
    "order_rate_limited": "DDoSProtection RateLimitExceeded",
    "rate_limited": "DDoSProtection",
    "rate_limited_by_code": "RateLimitExceeded",
    "firewall_blocked": "ExchangeNotAvailable",
    "location_restricted": "ExchangeNotAvailable",
    "cancel_replace_failed": "ExchangeError",
    "server_error": "ExchangeNotAvailable ExchangeNotAvailable RequestTimeout",
    "duplicate_order": "InvalidOrder",
    "insufficient_funds": "InsufficientFunds",
    "market_closed": "MarketClosed",
    "would_take": "OrderImmediatelyFillable",
    "account_refused": ("InvalidOrder PermissionDenied InvalidOrder InvalidOrder PermissionDenied"),
    "unknown_order": "OrderNotFound",
    "engine_refused": "InvalidOrder InvalidOrder OrderNotFound ExchangeError",
    "no_such_order": "OrderNotFound",
    "order_archived": "ExchangeError",
    "filter_failure": "InvalidOrder",
    "clock_skew": "InvalidNonce",
    "not_authorized": "AuthenticationError",
    "bad_signature": "AuthenticationError",
    "key_rejected": "DDoSProtection",  # once a key was taken; before that an AuthenticationError
    "not_supported": "InvalidOrder BadRequest",
    "no_reference_price": "ExchangeError",
    "bad_parameter": "BadRequest BadSymbol ExchangeError",
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
    """A client reads the cash of the new account, none of it locked."""
    balance = hear(client, VENUE)["balance"]
    assert Decimal(balance["free"]) == 100_000
    assert Decimal(balance["locked"]) == 0


@pytest.mark.parametrize("client", CLIENTS)
def test_a_limit_order_rests_until_it_is_cancelled(client: str) -> None:
    """A resting order is found by id, by client id and among the open ones, and cancelled once."""
    heard = hear(client, VENUE)
    resting = {**heard["limit"], "client_id": "w-1"}
    assert resting["status"] in {"NEW", "open"}
    assert [heard[name] for name in ("by_id", "by_client_id", "open")] == [resting] * 3
    assert heard["cancel"]["id"] == heard["cancelled"]["id"] == resting["id"]
    assert {heard[name]["status"].upper() for name in ("cancel", "cancelled")} == {"CANCELED"}


@pytest.mark.parametrize("client", CLIENTS)
def test_a_market_order_fills(client: str) -> None:
    """A market order is filled at once, and its trade is listed."""
    heard = hear(client, VENUE)
    assert heard["market"]["status"] in {"FILLED", "closed"}
    assert Decimal(heard["market"]["filled"]) == Decimal(heard["fills"]["quantity"])
    assert Decimal(heard["market"]["filled"]) == Decimal("0.01")


@pytest.mark.parametrize("client", CLIENTS)
def test_no_refusal_books_anything(client: str) -> None:
    """After every refusal and fault, the venue holds the two orders that were taken, and no more."""
    orders = hear(client, VENUE).state["orders"]
    assert [order["status"] for order in orders] == ["CANCELED", "FILLED"]


@pytest.mark.parametrize("step", REFUSED)
def test_python_binance_knows_the_refusal(step: str) -> None:
    """Its exception carries the venue's status and code."""
    status, code, _ = REFUSED[step]
    error, told = hear("python_binance", VENUE).error(step)
    assert error == "BinanceAPIException"
    assert (told["status_code"], told["code"]) == (str(status), str(code))


@pytest.mark.parametrize("step", REFUSED)
def test_binance_sdk_spot_knows_the_refusal(step: str) -> None:
    """Its class says the status; its code is the venue's, but on a 5xx the status again."""
    status, code, _ = REFUSED[step]
    error, told = hear("binance_sdk_spot", VENUE).error(step)
    if status >= 500:
        assert (error, told["code"]) == ("ServerError", str(status))
    else:
        assert (error, told["code"]) == (SDK_CLASSES[status], str(code))


@pytest.mark.parametrize("step", REFUSED)
def test_ccxt_knows_the_refusal(step: str) -> None:
    """Its class is the one that ccxt keeps for this code, or else for this status."""
    _, code, expected = REFUSED[step]
    error, told = hear(CCXT, VENUE).error(step)
    assert error == expected
    assert str(code) in told["text"] or "insufficient balance" in told["text"]


def test_how_long_to_stay_away_arrives() -> None:
    """The one client that reads Retry-After is told the venue's, and sees what it has used up."""
    heard = hear("binance_sdk_spot", VENUE)
    assert heard.error("429")[1]["retry_after"] == "1"
    assert heard.error("418")[1]["retry_after"] == "120"
    assert int(heard["weight"]["used"]) > 0


@pytest.mark.parametrize("client", ["python_binance", CCXT])
def test_a_clock_is_set_by_the_venues(client: str) -> None:
    """A client that asks for the venue's time trades again where its own clock was refused."""
    assert hear(client, VENUE)["synced"]


@pytest.mark.parametrize(
    ("client", "page", "reset"),
    [
        ("python_binance", "BinanceAPIException", "ConnectionError"),
        ("binance_sdk_spot", "ServerError", "NetworkError"),
        (CCXT, "ExchangeNotAvailable", "ExchangeNotAvailable"),
    ],
)
def test_what_is_no_answer_of_the_venue(client: str, page: str, reset: str) -> None:
    """A proxy's page and a connection that breaks are told apart from any refusal."""
    heard = hear(client, VENUE)
    assert (heard.error("html")[0], heard.error("reset")[0]) == (page, reset)


def test_python_binance_knows_every_recorded_answer() -> None:
    """Whatever the venue has on record arrives with its status, and with its code where it has one."""
    heard, rows = hear("python_binance", VENUE), recordings(VENUE)
    told = {step: heard.error(step) for step in rows}
    assert {error for error, _ in told.values()} == {"BinanceAPIException"}
    assert {step: (shown["status_code"], shown["code"]) for step, (_, shown) in told.items()} == {
        step: (str(row.status), of_body(row, "code", 0)) for step, row in rows.items()
    }


def test_binance_sdk_spot_knows_every_recorded_answer() -> None:
    """Whatever the venue has on record arrives in the class of its status, the code with it below 500."""
    heard, rows = hear("binance_sdk_spot", VENUE), recordings(VENUE)
    told = {step: heard.error(step) for step in rows}
    assert {step: (error, shown["code"]) for step, (error, shown) in told.items()} == {
        step: _sdk_tells(row) for step, row in rows.items()
    }


def _sdk_tells(row: Recorded) -> tuple[str, str]:
    if row.kind == JSON and not row.body:
        return "NetworkError", ""  # it reads the body before it looks at the status
    if row.status >= 500:
        return "ServerError", str(row.status)
    known = SDK_CLASSES[row.status]
    return known, "" if known == "ClientError" else of_body(row, "code", "")


def test_ccxt_knows_every_recorded_answer() -> None:
    """Whatever the venue has on record arrives in the class that ccxt keeps for it."""
    heard, expected = hear(CCXT, VENUE), by_step(VENUE, CCXT_CLASSES)
    assert {step: str(heard.error(step)[0]) for step in expected} == expected
