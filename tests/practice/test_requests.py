"""Proves how the practice venue reads a request: signature, timing and parameters."""

from __future__ import annotations

import pytest

from switchgear.practice.sim.binance.keys import KEY, SECRET
from tests.practice.kit import LIMIT, MARKET, ORDER, RESTING, Desk, sign, signed_query

ACCOUNT = "/api/v3/account"
DOCUMENTED = (
    "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1"
    "&recvWindow=5000&timestamp=1499827319559"
)
DOCUMENTED_SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
DOCUMENTED_SIGNATURE = "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"
BAD_SIGNATURE = (400, -1022, "Signature for this request is not valid.")
TOO_OLD = (400, -1021, "Timestamp for this request is outside of the recvWindow.")
TOO_EARLY = (400, -1021, "Timestamp for this request was 1000ms ahead of the server's time.")


def _missing(name: str) -> tuple[int, int, str]:
    text = f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."
    return 400, -1102, text


def _illegal(name: str, legal: str) -> tuple[int, int, str]:
    return 400, -1100, f"Illegal characters found in parameter '{name}'; legal range is '{legal}'."


def test_the_documented_example_has_the_documented_signature() -> None:
    """The signature used by these tests is the one that Binance prints for its own example."""
    assert sign(DOCUMENTED, DOCUMENTED_SECRET) == DOCUMENTED_SIGNATURE


@pytest.mark.parametrize("at", ["query", "body", "both"])
def test_a_signed_order_may_stand_in_query_or_body(desk: Desk, at: str) -> None:
    """Parameters are taken from the query, from the form body, and from both at once."""
    query, body = "&".join(f"{k}={v}" for k, v in MARKET.items()), f"timestamp={desk.now_ms}"
    if at == "query":
        query, body = f"{query}&{body}", ""
    if at == "body":
        query, body = "", f"{query}&{body}"
    signature = f"&signature={sign(query + body)}"
    reply = desk.raw(
        "POST", ORDER, query + (signature if not body else ""), body and body + signature
    )
    assert (reply.status, reply.json["status"]) == (200, "FILLED")


def test_the_query_wins_over_the_body(desk: Desk) -> None:
    """A parameter sent in both places counts as the query has it."""
    query, body = (
        "symbol=ETHUSDT",
        f"symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1&timestamp={desk.now_ms}",
    )
    reply = desk.raw("POST", ORDER, query, f"{body}&signature={sign(query + body)}")
    assert reply.json["symbol"] == "ETHUSDT"


def test_a_signature_may_be_written_in_capitals(desk: Desk) -> None:
    """An HMAC signature is not case-sensitive."""
    text = f"timestamp={desk.now_ms}"
    assert desk.raw("GET", ACCOUNT, f"{text}&signature={sign(text).upper()}").status == 200


@pytest.mark.parametrize(
    "spoil",
    ["{0}&signature={other}", "{0}&omitZeroBalances=true&signature={own}", "signature={own}&{0}"],
    ids=["secret", "added", "not_last"],
)
def test_a_wrong_signature_is_refused(desk: Desk, spoil: str) -> None:
    """A signature by another secret, over another text, or not at the end does not hold."""
    text = f"timestamp={desk.now_ms}"
    query = spoil.format(text, own=sign(text), other=sign(text, "other"))
    assert desk.raw("GET", ACCOUNT, query).error == BAD_SIGNATURE


def test_a_signature_of_any_letters_is_refused_not_broken(desk: Desk) -> None:
    """Letters outside ASCII are a wrong signature like any other."""
    query = f"timestamp={desk.now_ms}&signature=%C3%A4"
    assert desk.raw("GET", ACCOUNT, query).error == BAD_SIGNATURE


@pytest.mark.parametrize(
    ("key", "error"),
    [
        ("", (401, -2014, "API-key format invalid.")),
        ("with space", (401, -2014, "API-key format invalid.")),
        ("unknown", (401, -2015, "Invalid API-key, IP, or permissions for action.")),
    ],
)
def test_a_wrong_key_is_refused(desk: Desk, key: str, error: tuple[int, int, str]) -> None:
    """A key of the wrong form and a key that nobody has are told apart, both with 401."""
    query = signed_query(desk.now_ms)
    assert desk.raw("GET", ACCOUNT, query, headers={"X-MBX-APIKEY": key}).error == error


def test_what_signs_must_be_sent(desk: Desk) -> None:
    """A signed endpoint asks for the timestamp first, then for the signature."""
    assert desk.raw("GET", ACCOUNT).error == _missing("timestamp")
    assert desk.raw("GET", ACCOUNT, f"timestamp={desk.now_ms}").error == _missing("signature")


@pytest.mark.parametrize(
    ("sent", "window", "error"),
    [
        (-5_000, None, None),
        (-5_001, None, TOO_OLD),
        (999, None, None),
        (1_000, None, TOO_EARLY),
        (-60_000, "60000", None),
        (-101, "100", TOO_OLD),
        (-100, "100.500", None),
    ],
)
def test_the_window_of_a_timestamp(
    desk: Desk, sent: int, window: str | None, error: tuple[int, int, str] | None
) -> None:
    """A request holds for recvWindow (5 s unless said) and less than a second ahead of time."""
    more = {} if window is None else {"recvWindow": window}
    reply = desk.signed("GET", ACCOUNT, timestamp=desk.now_ms + sent, **more)
    assert (None if reply.status == 200 else reply.error) == error


def test_a_timestamp_may_be_in_microseconds(desk: Desk) -> None:
    """A timestamp of sixteen digits is read as microseconds."""
    assert desk.signed("GET", ACCOUNT, timestamp=desk.now_ms * 1000).status == 200
    reply = desk.signed("GET", ACCOUNT, timestamp=(desk.now_ms - 5_001) * 1000)
    assert reply.error == TOO_OLD


def test_a_window_above_a_minute_is_refused(desk: Desk) -> None:
    """RecvWindow ends at 60000 ms."""
    text = "'recvWindow' contains unexpected value. Cannot be greater than 60000."
    assert desk.signed("GET", ACCOUNT, recvWindow="60000.001").error == (400, -1102, text)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"symbol": None}, _missing("symbol")),
        ({"side": None}, _missing("side")),
        ({"type": None}, _missing("type")),
        ({"timeInForce": None}, _missing("timeInForce")),
        ({"quantity": None}, _missing("quantity")),
        ({"price": None}, _missing("price")),
        ({"symbol": ""}, (400, -1105, "Parameter 'symbol' was empty.")),
        ({"newClientOrderId": ""}, (400, -1105, "Parameter 'newClientOrderId' was empty.")),
        ({"symbol": "btcusdt"}, _illegal("symbol", "^[A-Z0-9-_.]{1,20}$")),
        ({"symbol": "DOGEUSDT"}, (400, -1121, "Invalid symbol.")),
        ({"side": "buy"}, (400, -1117, "Invalid side.")),
        ({"type": "LIMITED"}, (400, -1116, "Invalid orderType.")),
        (
            {"type": "STOP_LOSS"},
            (400, -1013, "Stop loss orders are not supported for this symbol."),
        ),
        ({"timeInForce": "DAY"}, (400, -1115, "Invalid timeInForce.")),
        ({"quantity": "1e2"}, _illegal("quantity", r"^([0-9]{1,20})(\.[0-9]{1,20})?$")),
        ({"quantity": "-1"}, _illegal("quantity", r"^([0-9]{1,20})(\.[0-9]{1,20})?$")),
        ({"quantity": "0.123456789"}, (400, -1111, "Parameter 'quantity' has too much precision.")),
        ({"quantity": "0"}, (400, -1013, "Invalid quantity.")),
        ({"price": "0.00"}, (400, -1013, "Invalid price.")),
        ({"newClientOrderId": "a" * 37}, _illegal("newClientOrderId", "^[a-zA-Z0-9-_]{1,36}$")),
        ({"newClientOrderId": "a b"}, _illegal("newClientOrderId", "^[a-zA-Z0-9-_]{1,36}$")),
        ({"newClientOrderId": "a\n"}, _illegal("newClientOrderId", "^[a-zA-Z0-9-_]{1,36}$")),
        (
            {"newOrderRespType": "ALL"},
            (400, -1130, "Data sent for parameter 'newOrderRespType' is not valid."),
        ),
        ({"quoteOrderQty": "5"}, (400, -1106, "Parameter 'quoteOrderQty' sent when not required.")),
        ({"stopPrice": "5"}, (400, -1106, "Parameter 'stopPrice' sent when not required.")),
        (
            {"icebergQty": "0.001"},
            (400, -1013, "Iceberg orders are not supported for this symbol."),
        ),
        (
            {"color": "red"},
            (
                400,
                -1104,
                "Not all sent parameters were read; read '8' parameter(s) but was sent '9'.",
            ),
        ),
        ({"price": "10000.001"}, (400, -1013, "Filter failure: PRICE_FILTER")),
        ({"price": "0.00000001"}, (400, -1013, "Filter failure: PRICE_FILTER")),
        ({"quantity": "0.000015"}, (400, -1013, "Filter failure: LOT_SIZE")),
        ({"quantity": "9001"}, (400, -1013, "Filter failure: LOT_SIZE")),
        ({"quantity": "0.00001"}, (400, -1013, "Filter failure: NOTIONAL")),
        (
            {"quantity": "11"},
            (400, -2010, "Account has insufficient balance for requested action."),
        ),
    ],
)
def test_a_wrong_limit_order_is_refused(
    desk: Desk, change: dict[str, str | None], error: tuple[int, int, str]
) -> None:
    """Each wrong parameter has Binance's number and words, and nothing is booked."""
    params = {name: value for name, value in {**RESTING, **change}.items() if value is not None}
    assert desk.signed("POST", **params).error == error
    assert desk.practice.state()["orders"] == []


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"timeInForce": "GTC"}, (400, -1106, "Parameter 'timeInForce' sent when not required.")),
        ({"price": "5"}, (400, -1106, "Parameter 'price' sent when not required.")),
        ({"quoteOrderQty": "5"}, (400, -1128, "Combination of optional parameters invalid.")),
        (
            {"quantity": None},
            (
                400,
                -1102,
                "Param 'quantity' or 'quoteOrderQty' must be sent, but both were empty/null!",
            ),
        ),
        ({"quantity": "0"}, (400, -1013, "Invalid quantity.")),
    ],
)
def test_a_wrong_market_order_is_refused(
    desk: Desk, change: dict[str, str | None], error: tuple[int, int, str]
) -> None:
    """A market order takes a quantity or a quote quantity, and no price."""
    params = {name: value for name, value in {**MARKET, **change}.items() if value is not None}
    assert desk.signed("POST", **params).error == error


def test_a_parameter_sent_twice_is_refused(desk: Desk) -> None:
    """The same name twice in one place is refused before anything is read."""
    reply = desk.raw("GET", "/api/v3/ticker/price", "symbol=BTCUSDT&symbol=ETHUSDT")
    assert reply.error == (400, -1101, "Duplicate values for a parameter detected.")


def test_an_endpoint_without_parameters_takes_none(desk: Desk) -> None:
    """/time counts what it was sent in vain."""
    error = (400, -1101, "Too many parameters; expected '0' and received '2'.")
    assert desk.get("/api/v3/time", a=1, b=2).error == error


def test_a_body_of_another_kind_is_not_read(desk: Desk) -> None:
    """Only a form body carries parameters; JSON reads as nothing sent."""
    reply = desk.raw("POST", ORDER, "", '{"a":1}', {"Content-Type": "application/json"})
    assert reply.error == _missing("timestamp")


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({}, "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!"),
        ({"orderId": "x"}, "Illegal characters found in parameter 'orderId'"),
        ({"orderId": "77"}, "Order does not exist."),
        ({"origClientOrderId": "nobody"}, "Order does not exist."),
        ({"orderId": "1", "origClientOrderId": "b"}, "Client order ID is not correct"),
    ],
)
def test_a_search_that_finds_nothing(desk: Desk, params: dict[str, str], error: str) -> None:
    """A query names an order by its id, the caller's id, or both when they belong together."""
    desk.order(RESTING, newClientOrderId="a")
    assert desk.signed("GET", symbol="BTCUSDT", **params).error[2].startswith(error)


def test_the_keys_are_the_well_known_ones() -> None:
    """Programs may write the practice key and secret down."""
    assert (KEY, SECRET, LIMIT["type"]) == ("practice-key", "practice-secret", "LIMIT")
