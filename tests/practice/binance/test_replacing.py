"""Proves cancel-and-replace on the practice Binance: each pair of outcomes, in its documented form."""

from __future__ import annotations

from typing import Any

import pytest

from tests.practice.kit import RESTING, Desk, Reply

REPLACE = "/api/v3/order/cancelReplace"
UNKNOWN = {"code": -2011, "msg": "Unknown order sent."}
TAKES = {"code": -2010, "msg": "Order would immediately match and take."}
MAKER = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT_MAKER", "quantity": "0.01"}
TAKER = {**MAKER, "price": "90000.00"}
"""A post-only order that the engine refuses."""
PARTLY = "Order cancel-replace partially failed."
FAILED = "Order cancel-replace failed."


def replace(desk: Desk, mode: str = "STOP_ON_FAILURE", **params: Any) -> Reply:
    """Cancel order a, unless another is named, and place a resting one, unless another is given."""
    shape = {**RESTING, "cancelReplaceMode": mode, "cancelOrigClientOrderId": "a"}
    return desk.signed("POST", REPLACE, **{**shape, **params})


def instead(desk: Desk, mode: str, order: dict[str, str], **params: Any) -> Reply:
    """Cancel order a and place this order."""
    more = {"cancelReplaceMode": mode, "cancelOrigClientOrderId": "a"}
    return desk.signed("POST", REPLACE, **{**order, **more, **params})


def statuses(desk: Desk) -> list[str]:
    """What became of each order."""
    return [order["status"] for order in desk.practice.state()["orders"]]


def test_both_halves_succeed(desk: Desk) -> None:
    """One answer holds the cancel and the new order, under the ids that were asked for."""
    desk.order(RESTING, newClientOrderId="a")
    reply = replace(desk, newClientOrderId="b", cancelNewClientOrderId="c")
    assert (reply.status, reply.json["cancelResult"], reply.json["newOrderResult"]) == (
        200,
        "SUCCESS",
        "SUCCESS",
    )
    cancel, placed = reply.json["cancelResponse"], reply.json["newOrderResponse"]
    assert (cancel["origClientOrderId"], cancel["clientOrderId"]) == ("a", "c")
    assert (placed["clientOrderId"], placed["status"], placed["fills"]) == ("b", "NEW", [])
    assert statuses(desk) == ["CANCELED", "NEW"]
    assert reply.headers["X-MBX-ORDER-COUNT-10S"] == "2"


def test_a_failed_cancel_stops_the_order(desk: Desk) -> None:
    """STOP_ON_FAILURE places nothing, and counts an order all the same."""
    reply = replace(desk)
    assert reply.error == (400, -2022, FAILED)
    assert reply.json["data"] == {
        "cancelResult": "FAILURE",
        "newOrderResult": "NOT_ATTEMPTED",
        "cancelResponse": UNKNOWN,
        "newOrderResponse": None,
    }
    assert statuses(desk) == []
    assert desk.signed("GET", "/api/v3/rateLimit/order").json[0]["count"] == 1


@pytest.mark.parametrize("mode", ["STOP_ON_FAILURE", "ALLOW_FAILURE"])
def test_the_cancel_holds_when_the_order_fails(desk: Desk, mode: str) -> None:
    """Half done is 409: the old order is gone, the new one is refused and kept as refused."""
    desk.order(RESTING, newClientOrderId="a")
    reply = instead(desk, mode, TAKER, newClientOrderId="b")
    assert reply.error == (409, -2021, PARTLY)
    data = reply.json["data"]
    assert (data["cancelResult"], data["newOrderResult"]) == ("SUCCESS", "FAILURE")
    assert (data["cancelResponse"]["status"], data["newOrderResponse"]) == ("CANCELED", TAKES)
    assert statuses(desk) == ["CANCELED"]
    refused = desk.practice.state()["refused"]
    assert [(each["client_order_id"], each["code"]) for each in refused] == [("b", -2010)]


def test_the_order_is_placed_though_the_cancel_fails(desk: Desk) -> None:
    """ALLOW_FAILURE goes on; half done is 409 here too, and the order is booked."""
    reply = replace(desk, "ALLOW_FAILURE", newClientOrderId="b")
    assert reply.error == (409, -2021, PARTLY)
    data = reply.json["data"]
    assert (data["cancelResult"], data["cancelResponse"]) == ("FAILURE", UNKNOWN)
    assert (data["newOrderResult"], data["newOrderResponse"]["clientOrderId"]) == ("SUCCESS", "b")
    assert statuses(desk) == ["NEW"]
    assert reply.headers["X-MBX-ORDER-COUNT-10S"] == "1"


def test_both_halves_fail(desk: Desk) -> None:
    """Nothing done is 400, with the cause of each."""
    reply = instead(desk, "ALLOW_FAILURE", TAKER)
    assert reply.error == (400, -2022, FAILED)
    data = reply.json["data"]
    assert (data["cancelResponse"], data["newOrderResponse"]) == (UNKNOWN, TAKES)


def test_a_filter_comes_before_the_cancel(desk: Desk) -> None:
    """What a filter refuses leaves the old order alone, and is an ordinary refusal."""
    desk.order(RESTING, newClientOrderId="a")
    assert replace(desk, price="10000.001").error == (400, -1013, "Filter failure: PRICE_FILTER")
    assert statuses(desk) == ["NEW"]


def test_a_restricted_cancel_fails_like_any_other(desk: Desk) -> None:
    """The cause stands in the cancel's half."""
    desk.order(RESTING, newClientOrderId="a")
    reply = replace(desk, cancelRestrictions="ONLY_PARTIALLY_FILLED")
    text = "Order was not canceled due to cancel restrictions."
    assert reply.json["data"]["cancelResponse"] == {"code": -2011, "msg": text}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"cancelReplaceMode": "MAYBE"}, -1130),
        ({"orderRateLimitExceededMode": "MAYBE"}, -1130),
        ({"cancelRestrictions": "ALL"}, -1145),
        ({"cancelOrderId": "x"}, -1100),
        ({"side": "buy"}, -1117),
    ],
)
def test_a_wrong_parameter_is_refused(desk: Desk, change: dict[str, str], code: int) -> None:
    """Nothing is cancelled or placed when the request does not hold."""
    desk.order(RESTING, newClientOrderId="a")
    assert replace(desk, **change).error[1] == code
    assert statuses(desk) == ["NEW"]


def test_what_a_replacement_must_name(desk: Desk) -> None:
    """The mode, and the order to cancel."""
    assert (
        desk.signed("POST", REPLACE, **RESTING)
        .error[2]
        .startswith("Mandatory parameter 'cancelReplaceMode'")
    )
    reply = desk.signed("POST", REPLACE, **RESTING, cancelReplaceMode="ALLOW_FAILURE")
    text = "Param 'cancelOrigClientOrderId' or 'cancelOrderId' must be sent, but both were"
    assert reply.error[2].startswith(text)


def fill_up(desk: Desk) -> None:
    """Place as many orders as ten seconds allow, the first one named a."""
    shape = {**RESTING, "quantity": "0.001"}
    desk.order(shape, newClientOrderId="a")
    for _ in range(99):
        desk.order(shape)


def test_over_the_order_limit_nothing_is_done(desk: Desk) -> None:
    """Unless told otherwise the old order stays, and the refusal is that of an order."""
    fill_up(desk)
    reply = replace(desk)
    assert reply.error[:2] == (429, -1015)
    assert reply.headers["Retry-After"] == "10"
    assert statuses(desk)[0] == "NEW"


@pytest.mark.parametrize(
    ("mode", "name", "status", "code"),
    [
        ("STOP_ON_FAILURE", "a", 429, -2021),
        ("STOP_ON_FAILURE", "z", 429, -2022),
        ("ALLOW_FAILURE", "a", 409, -2021),
        ("ALLOW_FAILURE", "z", 400, -2022),
    ],
)
def test_over_the_order_limit_the_cancel_may_go_on(
    desk: Desk, mode: str, name: str, status: int, code: int
) -> None:
    """CANCEL_ONLY cancels and places nothing, with the status of the documented table."""
    fill_up(desk)
    reply = replace(
        desk, mode, cancelOrigClientOrderId=name, orderRateLimitExceededMode="CANCEL_ONLY"
    )
    assert reply.error[:2] == (status, code)
    placed = reply.json["data"]["newOrderResponse"]
    assert placed is None or placed["code"] == -1015
    assert statuses(desk)[0] == ("CANCELED" if name == "a" else "NEW")
    assert ("Retry-After" in reply.headers) is (status == 429)
