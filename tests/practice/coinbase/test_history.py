"""Proves what searches of the practice Coinbase find, and that pages neither repeat nor lose."""

from __future__ import annotations

from typing import Any

import pytest

from tests.practice.coinbase.kit import ORDERS, RESTING, V3, Desk, limit, market

BATCH, FILLS = f"{ORDERS}/historical/batch", f"{ORDERS}/historical/fills"
T0, T1 = "2026-01-01T00:00:00Z", "2026-01-01T00:00:01.000Z"


def ids(desk: Desk, **params: Any) -> list[str]:
    """The client order ids of the orders that a search finds."""
    return [each["client_order_id"] for each in desk.get(BATCH, **params).json["orders"]]


@pytest.fixture
def busy(desk: Desk) -> Desk:
    """A desk with four orders: two at the start, two a second later."""
    desk.placed(RESTING, "open")
    desk.placed(market(base_size="0.01"), "filled")
    desk.clock.advance(1)
    desk.placed(market(base_size="1"), "eth", product_id="ETH-USD", side="SELL")
    desk.cancel(desk.placed(limit("9000"), "cancelled"))
    return desk


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({}, ["cancelled", "eth", "filled", "open"]),
        ({"order_status": "OPEN"}, ["open"]),
        ({"order_status": ["FILLED", "CANCELLED"]}, ["cancelled", "eth", "filled"]),
        ({"order_status": "EXPIRED"}, []),
        ({"product_ids": "ETH-USD"}, ["eth"]),
        ({"product_id": "ETH-USD"}, ["eth"]),
        ({"product_ids": ["ETH-USD", "SOL-USD"]}, ["eth"]),
        ({"order_side": "SELL"}, ["eth"]),
        ({"order_types": "LIMIT"}, ["cancelled", "open"]),
        (
            {"order_types": ["MARKET", "LIMIT"], "order_side": "BUY"},
            ["cancelled", "filled", "open"],
        ),
        ({"start_date": T1}, ["cancelled", "eth"]),
        ({"end_date": T1}, ["filled", "open"]),
        ({"start_date": T0, "end_date": T0}, []),
        (
            {"start_date": "2026-01-01T01:00:00.000001+01:00"},
            ["cancelled", "eth", "filled", "open"],
        ),
        ({"product_type": "SPOT"}, ["cancelled", "eth", "filled", "open"]),
        ({"product_type": "FUTURE"}, []),
        ({"limit": "2"}, ["cancelled", "eth"]),
        ({"limit": "0"}, ["cancelled", "eth", "filled", "open"]),
        ({"order_ids": "nobody"}, []),
        ({"order_status": "", "cursor": ""}, ["cancelled", "eth", "filled", "open"]),
    ],
)
def test_a_search_finds_what_it_names(busy: Desk, params: Any, found: list[str]) -> None:
    """Newest first; a span has its start and not its end; several words of one name mean any."""
    assert ids(busy, **params) == found


def test_a_search_by_ids(busy: Desk) -> None:
    """Exactly the orders that were named."""
    told = busy.get(BATCH).json["orders"]
    wanted = [told[0]["order_id"], told[2]["order_id"]]
    assert ids(busy, order_ids=wanted) == ["cancelled", "filled"]


def test_an_order_is_told_with_all_fields(busy: Desk) -> None:
    """What the official client's type knows is there, and nested values are no nulls."""
    order = busy.get(BATCH).json["orders"][1]
    fields = {
        *("order_id", "product_id", "user_id", "order_configuration", "side", "client_order_id"),
        *("status", "time_in_force", "created_time", "completion_percentage", "filled_size"),
        *("average_filled_price", "fee", "number_of_fills", "filled_value", "pending_cancel"),
        *("size_in_quote", "total_fees", "size_inclusive_of_fees", "total_value_after_fees"),
        *("trigger_status", "order_type", "reject_reason", "settled", "product_type"),
        *("reject_message", "cancel_message", "order_placement_source", "outstanding_hold_amount"),
        *("is_liquidation", "last_fill_time", "edit_history", "leverage", "margin_type"),
        *("retail_portfolio_id", "originating_order_id", "attached_order_id"),
    }
    assert order.keys() == fields
    assert None not in order.values()


@pytest.mark.parametrize(
    "params",
    [
        {"order_status": ["OPEN", "FILLED"]},
        {"order_status": "open"},
        {"order_side": "buy"},
        {"order_types": "STOP"},
        {"product_type": "SWAP"},
        {"sort_by": "LIMIT_PRICE"},
        {"limit": "-1"},
        {"limit": "many"},
        {"cursor": "x"},
        {"cursor": "####"},
        {"cursor": "YWZ0ZXI6eA=="},
        {"start_date": "yesterday"},
        {"start_date": "2026-01-01T00:00:00"},
    ],
)
def test_a_search_that_cannot_be_read(desk: Desk, params: Any) -> None:
    """Unknown words, malformed numbers and instants, a foreign cursor, and OPEN beside others."""
    assert desk.get(BATCH, **params).gateway[:2] == (400, "INVALID_ARGUMENT")


def walk(desk: Desk, path: str, part: str, limit_: int) -> list[list[Any]]:
    """The pages of a list, one after the other, with a new order booked between them."""
    pages, cursor, more = list[list[Any]](), "", True
    while more:
        reply = desk.get(path, limit=limit_, cursor=cursor).json
        pages.append(reply[part])
        cursor, more = reply["cursor"], bool(reply["cursor"])
        assert reply.get("has_next", more) is more
        if path != f"{V3}/accounts":
            desk.placed(market(base_size="0.001"))
    return pages


def test_pages_of_orders_neither_repeat_nor_lose(desk: Desk) -> None:
    """A cursor goes on behind what was told, although newer orders came in meanwhile."""
    placed = [desk.placed(RESTING) for _ in range(5)]
    pages = walk(desk, BATCH, "orders", 2)
    assert [len(page) for page in pages] == [2, 2, 1]
    assert [each["order_id"] for page in pages for each in page] == placed[::-1]


def test_pages_of_fills_neither_repeat_nor_lose(desk: Desk) -> None:
    """The same of fills; a last page that is full has no cursor."""
    placed = [desk.placed(market(base_size="0.001")) for _ in range(4)]
    pages = walk(desk, FILLS, "fills", 2)
    assert [len(page) for page in pages] == [2, 2]
    assert [each["order_id"] for page in pages for each in page] == placed[::-1]


def test_pages_of_accounts(desk: Desk) -> None:
    """Accounts come by name, each once, with the size of the page told."""
    pages = walk(desk, f"{V3}/accounts", "accounts", 2)
    assert [[each["currency"] for each in page] for page in pages] == [
        ["BTC", "ETH"],
        ["SOL", "USD"],
        ["USDC"],
    ]
    assert desk.get(f"{V3}/accounts", limit=2).json["size"] == 2


def test_fills_tell_each_execution(busy: Desk) -> None:
    """Newest first, with order, product, side, fee and role; amounts are text."""
    fills = busy.get(FILLS).json["fills"]
    assert [each["product_id"] for each in fills] == ["ETH-USD", "BTC-USD"]
    assert fills[1] == {
        "entry_id": fills[1]["entry_id"],
        "trade_id": fills[1]["trade_id"],
        "order_id": busy.get(BATCH).json["orders"][2]["order_id"],
        "trade_time": "2026-01-01T00:00:00.000000Z",
        "trade_type": "FILL",
        "price": fills[1]["price"],
        "size": "0.01",
        "commission": fills[1]["commission"],
        "product_id": "BTC-USD",
        "sequence_timestamp": "2026-01-01T00:00:00.000000Z",
        "liquidity_indicator": "TAKER",
        "size_in_quote": False,
        "user_id": fills[1]["user_id"],
        "side": "BUY",
        "retail_portfolio_id": fills[1]["retail_portfolio_id"],
    }


def test_a_search_for_fills(busy: Desk) -> None:
    """By order, product, trade and span; what nothing fits is an empty list without a cursor."""
    fills = busy.get(FILLS).json["fills"]

    def found(**params: Any) -> list[int]:
        return [fills.index(each) for each in busy.get(FILLS, **params).json["fills"]]

    assert found(order_ids=fills[0]["order_id"]) == [0]
    assert found(order_id=fills[1]["order_id"]) == [1]
    assert found(product_ids="BTC-USD") == found(product_id="BTC-USD") == [1]
    assert found(trade_ids=fills[1]["trade_id"]) == [1]
    assert found(start_sequence_timestamp=T1) == [0]
    assert found(end_sequence_timestamp=T1) == [1]
    assert busy.get(FILLS, product_ids="SOL-USD").json == {"fills": [], "cursor": ""}
    assert busy.get(FILLS, sort_by="PRICE").gateway[0] == 400
