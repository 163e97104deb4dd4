"""Owns what the demo came to: the sums, and whether they agree with what the exchange knows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from switchgear.practice.demo.facts import CLOSED, FALLBACK, OPENED, named
from switchgear.practice.demo.orders import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from switchgear.observe.metrics import CallMetrics
    from switchgear.practice.demo.orders import Entry, OrderBook


@dataclass(frozen=True, slots=True)
class Calls:
    """What became of all calls."""

    total: int
    succeeded: int
    failed: int
    other: int
    """Ignored, cancelled or still under way."""
    attempts: int
    retried: int
    rejected: int
    served: int
    """Answered by a fallback, as the metrics count them."""
    by_source: Mapping[str, int]
    """The same, as the events tell them."""
    opened: int
    closed: int


@dataclass(frozen=True, slots=True)
class Orders:
    """What became of all orders."""

    sent: int
    found: int
    refused: int
    unknown: int
    unsent: int
    cancelled: int
    lost: int
    """Answers that the exchange booked an order for and that did not arrive."""
    matched: int
    """Of these, looked up and found to be the very order that was sent."""
    duplicates: int


@dataclass(frozen=True, slots=True)
class Summary:
    """What the demo came to."""

    calls: Calls
    orders: Orders
    faults: tuple[str, ...]
    """Sums that do not add up, in words; none when all is well."""


def summed(
    metrics: Sequence[CallMetrics], facts: Counter[str], book: OrderBook, truth: Mapping[str, Any]
) -> Summary:
    """
    The sums.

    Args:
        metrics: Of every key.
        facts: What the events came to.
        book: What the agent knows of its orders.
        truth: The exchange's state, as `GET /_sim/state` answers it.
    """
    calls, orders = _calls(metrics, facts), _orders(book, truth)
    return Summary(calls, orders, (*_call_faults(calls), *_order_faults(orders, book, truth)))


def _calls(metrics: Sequence[CallMetrics], facts: Counter[str]) -> Calls:
    return Calls(
        total=sum(one.total_calls for one in metrics),
        succeeded=sum(one.success_calls for one in metrics),
        failed=sum(one.failed_calls for one in metrics),
        other=sum(one.ignored_calls + one.cancelled_calls + one.in_flight for one in metrics),
        attempts=facts["attempts"],
        retried=sum(one.retried_attempts for one in metrics),
        rejected=sum(one.rejected_calls for one in metrics),
        served=sum(one.fallback_calls for one in metrics),
        by_source=named(facts, FALLBACK),
        opened=sum(named(facts, OPENED).values()),
        closed=sum(named(facts, CLOSED).values()),
    )


def _orders(book: OrderBook, truth: Mapping[str, Any]) -> Orders:
    counts = book.counts()
    booked = {order["client_order_id"]: order for order in truth["orders"]}
    times = Counter(order["client_order_id"] for order in truth["orders"])
    lost = {one["client_order_id"] for one in truth["lost_answers"]}
    return Orders(
        sent=len(book.entries) - counts[Outcome.UNSENT.value],
        found=counts[Outcome.BOOKED.value] + counts[Outcome.FOUND.value],
        refused=counts[Outcome.REFUSED.value],
        unknown=counts[Outcome.ABSENT.value] + counts[Outcome.ASKED.value],
        unsent=counts[Outcome.UNSENT.value],
        cancelled=sum(entry.cancelled for entry in book.entries.values()),
        lost=len(lost),
        matched=sum(_is_matched(book.entries.get(name), booked.get(name)) for name in lost),
        duplicates=sum(number > 1 for number in times.values()),
    )


def _is_matched(entry: Entry | None, booked: Mapping[str, Any] | None) -> bool:
    """Whether what the agent found is what the exchange has, and what was sent."""
    if entry is None or booked is None or entry.order is None:
        return False
    sent, found = entry.request, entry.order
    return (
        entry.outcome is Outcome.FOUND
        and found.client_order_id == entry.name
        and found.order_id == str(booked["order_id"])
        and sent.side == found.side == booked["side"].lower()
        and sent.quantity == found.quantity == Decimal(booked["quantity"])
    )


def _call_faults(calls: Calls) -> list[str]:
    checks = {
        "calls are not succeeded + failed + other": calls.total
        == calls.succeeded + calls.failed + calls.other,
        "fallbacks by source are not the fallbacks counted": calls.served
        == sum(calls.by_source.values()),
        "there are fewer attempts than calls": calls.attempts >= calls.succeeded + calls.failed,
    }
    return [words for words, holds in checks.items() if not holds]


def _order_faults(orders: Orders, book: OrderBook, truth: Mapping[str, Any]) -> list[str]:
    booked = {order["client_order_id"] for order in truth["orders"]}
    found = {entry.name for entry in book.of(Outcome.BOOKED, Outcome.FOUND)}
    checks = {
        "orders sent are not found + refused + unknown": orders.sent
        == orders.found + orders.refused + orders.unknown,
        "a lost answer was not looked up and matched": orders.lost == orders.matched,
        "the exchange has other orders than were found": booked == found,
        "an order was executed twice": orders.duplicates == 0,
    }
    return [words for words, holds in checks.items() if not holds]
