"""Proves that the demo's sums notice what must not be: each check bites."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from switchgear.exchange.model import Order, OrderRequest, OrderStatus, OrderType, Side
from switchgear.observe.metrics import CallMetrics
from switchgear.practice.demo.orders import OrderBook, Outcome
from switchgear.practice.demo.summary import Account, summed

METRICS = CallMetrics(
    "binance", "get_x", "main", total_calls=5, success_calls=3, failed_calls=2, fallback_calls=1
)
FACTS = Counter({"attempts": 6, "fallback last_good": 1})
REQUEST = OrderRequest("BTC/USDT", Side.BUY, OrderType.MARKET, Decimal("0.01"), client_order_id="a")
ORDER = Order(
    exchange="binance",
    symbol="BTC/USDT",
    order_id="7",
    client_order_id="a",
    side=Side.BUY,
    type=OrderType.MARKET,
    status=OrderStatus.FILLED,
    quantity=Decimal("0.010"),
    filled=Decimal("0.01"),
    price=None,
    average_price=None,
    created_at=None,
)
BOOKED = {
    "client_order_id": "a",
    "order_id": 7,
    "symbol": "BTCUSDT",
    "side": "BUY",
    "quantity": "0.01",
    "executed_quantity": "0.01",
}
LOST = {"client_order_id": "a", "order_id": 7, "endpoint": "order.create", "fault": "cut"}


def faults_of(
    *,
    outcome: Outcome = Outcome.FOUND,
    order: Order | None = ORDER,
    booked: tuple[dict[str, Any], ...] = (BOOKED,),
    metrics: CallMetrics = METRICS,
    facts: Counter[str] = FACTS,
) -> tuple[str, ...]:
    """What the sums find wrong with one order, one lost answer and five calls."""
    book = OrderBook()
    book.end(book.begin(REQUEST), outcome, order)
    truth = {"orders": list(booked), "lost_answers": [LOST]}
    return summed(Account("binance", [metrics], facts, book, truth)).faults


def test_nothing_is_wrong_when_all_agree() -> None:
    """One order whose answer was lost, looked up, and there once: no fault."""
    assert faults_of() == ()


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        ({"booked": (BOOKED, BOOKED)}, "an order was executed twice"),
        ({"booked": (BOOKED, {**BOOKED, "client_order_id": "b"})}, "the venue has other orders"),
        ({"booked": ()}, "a lost answer was not looked up"),
        ({"outcome": Outcome.ABSENT, "order": None}, "a lost answer was not looked up"),
        ({"outcome": Outcome.ABSENT, "order": None}, "the venue has other orders"),
        ({"outcome": Outcome.ASKED, "order": None}, "a lost answer was not looked up"),
        ({"outcome": Outcome.BOOKED}, "a lost answer was not looked up"),
        ({"outcome": Outcome.REFUSED, "order": None}, "the venue has other orders"),
        ({"order": replace(ORDER, quantity=Decimal("0.02"))}, "a lost answer was not looked up"),
        ({"order": replace(ORDER, side=Side.SELL)}, "a lost answer was not looked up"),
        ({"order": replace(ORDER, symbol="ETH/USDT")}, "a lost answer was not looked up"),
        ({"order": replace(ORDER, client_order_id="b")}, "a lost answer was not looked up"),
        ({"order": replace(ORDER, filled=Decimal("0.002"))}, "an order is told otherwise"),
        ({"booked": ({**BOOKED, "executed_quantity": "0.02"},)}, "an order is told otherwise"),
        ({"metrics": replace(METRICS, total_calls=6)}, "calls are not succeeded + failed"),
        ({"metrics": replace(METRICS, fallback_calls=2)}, "fallbacks by source"),
        ({"facts": FACTS - Counter({"attempts": 3})}, "fewer attempts than calls"),
    ],
)
def test_what_does_not_agree_is_named(wrong: dict[str, Any], fault: str) -> None:
    """Each thing that must not be is a fault in words."""
    assert any(words.startswith((fault, f"there are {fault}")) for words in faults_of(**wrong))


def test_an_answer_that_the_wire_swallowed_counts_as_lost() -> None:
    """What the venue believes to have told, and the agent had to look up, is a lost answer too."""
    book = OrderBook()
    book.end(book.begin(REQUEST), Outcome.FOUND, ORDER)
    book.end(book.begin(replace(REQUEST, client_order_id="b")), Outcome.ABSENT)
    truth = {"orders": [BOOKED], "lost_answers": []}
    sums = summed(Account("binance", [METRICS], FACTS, book, truth))
    assert (sums.orders.lost, sums.orders.matched, sums.faults) == (2, 2, ())


def test_one_order_id_for_two_orders_is_named() -> None:
    """An answer that was taken for another order's shows by its id."""
    book, other = OrderBook(), replace(REQUEST, client_order_id="b")
    book.end(book.begin(REQUEST), Outcome.BOOKED, ORDER)
    book.end(book.begin(other), Outcome.BOOKED, replace(ORDER, client_order_id="b"))
    truth = {"orders": [BOOKED, {**BOOKED, "client_order_id": "b"}], "lost_answers": []}
    faults = summed(Account("binance", [METRICS], FACTS, book, truth)).faults
    assert faults == ("two orders have one order id",)
