"""Proves that JSON nested without end is refused like any other wrong JSON, wherever it is sent."""

from __future__ import annotations

from typing import Any

import pytest

from switchgear.practice.sim.json_text import DEPTH_MAX, NotJsonError, read_json
from tests.practice.coinbase.kit import ORDERS, encoded
from tests.practice.coinbase.kit import Desk as CoinbaseDesk
from tests.practice.station import Station

pytestmark = pytest.mark.anyio
LISTS, OBJECTS = "[" * 200_000, '{"a":' * 100_000
CLOSED = "[" * 500 + "]" * 500
"""It can be read, and would not be told again."""


@pytest.mark.parametrize("text", [LISTS, OBJECTS, CLOSED, f'{{"a":{CLOSED}}}', "{", "\udcff"])
def test_what_cannot_be_read_is_one_error(text: str) -> None:
    """Whatever the bytes, there is a value or this error."""
    with pytest.raises(NotJsonError):
        read_json(text.encode("utf-8", "surrogateescape"), dict[str, Any])


def test_depth_that_anybody_means_is_read() -> None:
    """As deep as the limit is fine, one deeper is not."""
    assert read_json(b"[" * DEPTH_MAX + b"]" * DEPTH_MAX, object)
    with pytest.raises(NotJsonError, match="within each other"):
        read_json(b"[" * (DEPTH_MAX + 1) + b"]" * (DEPTH_MAX + 1), object)


@pytest.mark.parametrize("body", [LISTS, OBJECTS, CLOSED])
@pytest.mark.parametrize("path", ["/_sim/faults", "/_sim/wire"])
async def test_the_control_refuses_it(station: Station, path: str, body: str) -> None:
    """It is a body that is no JSON: 400, in the usual words."""
    reply = await station.call("POST", path, data=body.encode())
    assert (reply.status, reply.json["error"]["field"]) == (400, "body")


@pytest.mark.parametrize("body", [LISTS, OBJECTS, CLOSED])
async def test_the_backend_refuses_it(station: Station, body: str) -> None:
    """An order that cannot be read is refused as any wrong order is."""
    reply = await station.call("POST", "/orders", data=body.encode())
    assert (reply.status, reply.json["error"]["code"]) == (400, -1100)


@pytest.mark.parametrize("inner", [LISTS, CLOSED])
@pytest.mark.parametrize(
    "text",
    [
        '{"client_order_id":',
        '{"product_id":"BTC-USD","client_order_id":"a","order_configuration":{"twap_limit_gtd":',
    ],
)
def test_coinbase_refuses_it(text: str, inner: str) -> None:
    """A signed order that is nested without end is an invalid argument."""
    reply = CoinbaseDesk().post(ORDERS, text + inner)
    assert reply.gateway[:2] == (400, "INVALID_ARGUMENT")


def test_coinbase_refuses_it_in_a_token() -> None:
    """A token that is nested without end is none."""
    part = encoded(OBJECTS.encode())
    reply = CoinbaseDesk().raw(
        "GET", ORDERS + "/historical/batch", authorization=f"Bearer {part}.e30.eHg"
    )
    assert (reply.status, reply.json) == (401, "Unauthorized")
