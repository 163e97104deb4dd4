"""Proves that the demo's sums notice what must not be: each check bites."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from switchgear.exchange.model import Order, OrderRequest, OrderStatus, OrderType, Side
from switchgear.observe.metrics import CallMetrics
from switchgear.order.intent import Intent, State
from switchgear.practice.demo.orders import OrderBook, Outcome, outcome_of
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
INTENT = Intent("i", "binance", "main", REQUEST, 0, State.FOUND, attempts=1, order_id="7")
STATES = {
    Outcome.BOOKED: State.ACKED,
    Outcome.FOUND: State.FOUND,
    Outcome.ABSENT: State.ABSENT,
    Outcome.ASKED: State.UNKNOWN,
    Outcome.REFUSED: State.REJECTED,
}
"""How the journal has it what the agent was told."""
LOST = {"client_order_id": "a", "order_id": 7, "endpoint": "order.create", "fault": "cut"}


def faults_of(
    *,
    outcome: Outcome = Outcome.FOUND,
    order: Order | None = ORDER,
    kept: dict[str, Any] | None = None,
    booked: tuple[dict[str, Any], ...] = (BOOKED,),
    metrics: CallMetrics = METRICS,
    facts: Counter[str] = FACTS,
) -> tuple[str, ...]:
    """What the sums find wrong with one order, one lost answer and five calls."""
    book = OrderBook()
    book.end(book.begin(REQUEST), outcome, order)
    told = {"state": STATES[outcome], "order_id": order and order.order_id, **(kept or {})}
    intent = replace(INTENT, **told)
    truth = {"orders": list(booked), "lost_answers": [LOST]}
    return summed(Account("binance", [metrics], facts, [intent], book, truth)).faults


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
        ({"booked": ({**BOOKED, "quantity": "0.02"},)}, "a lost answer was not looked up"),
        ({"booked": ({**BOOKED, "side": "SELL"},)}, "an order is in the journal otherwise"),
        ({"order": replace(ORDER, quantity=Decimal("0.02"))}, "an order is told otherwise"),
        ({"order": replace(ORDER, side=Side.SELL)}, "an order is told otherwise"),
        ({"order": replace(ORDER, symbol="ETH/USDT")}, "an order is told otherwise"),
        ({"order": replace(ORDER, client_order_id="b")}, "an order is told otherwise"),
        ({"kept": {"order_id": "8"}}, "the agent was told otherwise"),
        ({"kept": {"attempts": 2, "state": State.ACKED}}, "the agent was told otherwise"),
        ({"kept": {"state": State.ABANDONED}}, "the venue has other orders"),
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
    """What the venue believes to have told, and had to be looked up or sent again, is a lost answer too."""
    intents, book, booked = list[Intent](), OrderBook(), list[dict[str, Any]]()
    for name, state, attempts in (
        ("a", State.FOUND, 1),
        ("b", State.ABSENT, 1),
        ("c", State.ACKED, 2),
        ("d", State.ACKED, 1),
    ):
        request, stands = replace(REQUEST, client_order_id=name), state is not State.ABSENT
        order_id = name if stands else None
        more: dict[str, Any] = {
            "request": request,
            "state": state,
            "attempts": attempts,
            "order_id": order_id,
        }
        intents.append(replace(INTENT, **more))
        order = replace(ORDER, client_order_id=name, order_id=name) if stands else None
        book.end(book.begin(request), outcome_of(intents[-1]), order)
        booked += [{**BOOKED, "client_order_id": name}] if stands else []
    truth = {"orders": booked, "lost_answers": []}
    sums = summed(Account("binance", [METRICS], FACTS, intents, book, truth))
    assert (sums.orders.lost, sums.orders.matched, sums.orders.again) == (3, 3, 1)
    assert (sums.orders.sent, sums.orders.found, sums.orders.unknown) == (4, 3, 1)
    assert sums.faults == ()


def test_what_was_never_written_down_was_not_sent() -> None:
    """A rejection here, and an order that the journal could not take, are both counted so."""
    book = OrderBook()
    for name in ("a", "b"):
        request = replace(REQUEST, client_order_id=name)
        book.end(book.begin(request), Outcome.UNSENT)
    intent = replace(INTENT, state=State.REJECTED, attempts=0, order_id=None)
    truth: dict[str, Any] = {"orders": [], "lost_answers": []}
    sums = summed(Account("binance", [METRICS], FACTS, [intent], book, truth))
    assert (sums.orders.sent, sums.orders.unsent, sums.faults) == (0, 2, ())


def test_what_the_journal_could_not_take_is_counted() -> None:
    """Where it has an order as sent, and the agent was told that it is booked, the agent's word stands."""
    book = OrderBook()
    book.end(book.begin(REQUEST), Outcome.BOOKED, ORDER)
    intent = replace(INTENT, state=State.SENT, order_id=None)
    truth = {"orders": [BOOKED], "lost_answers": []}
    sums = summed(Account("binance", [METRICS], FACTS, [intent], book, truth))
    assert (sums.orders.unkept, sums.orders.found, sums.orders.lost, sums.faults) == (1, 1, 0, ())


def test_one_order_id_for_two_orders_is_named() -> None:
    """An answer that was taken for another order's shows by its id."""
    book, other = OrderBook(), replace(REQUEST, client_order_id="b")
    book.end(book.begin(REQUEST), Outcome.BOOKED, ORDER)
    book.end(book.begin(other), Outcome.BOOKED, replace(ORDER, client_order_id="b"))
    first = replace(INTENT, state=State.ACKED)
    truth = {"orders": [BOOKED, {**BOOKED, "client_order_id": "b"}], "lost_answers": []}
    intents = [first, replace(first, request=other)]
    faults = summed(Account("binance", [METRICS], FACTS, intents, book, truth)).faults
    assert faults == ("two orders have one order id",)
