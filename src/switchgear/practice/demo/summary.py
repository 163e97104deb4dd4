"""Owns what the demo came to at each venue: the sums, and whether they agree with what the venue knows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from switchgear.practice.demo.facts import CLOSED, FALLBACK, OPENED, REOPENED, named
from switchgear.practice.demo.orders import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from switchgear.exchange.model import Order, OrderRequest
    from switchgear.observe.metrics import CallMetrics
    from switchgear.practice.demo.orders import Entry, OrderBook

_ZERO = Decimal(0)


class Account(NamedTuple):
    """All that is known of one venue when the demo is over."""

    venue: str
    metrics: Sequence[CallMetrics]
    """Of every key of the venue."""
    facts: Counter[str]
    """What the events came to."""
    book: OrderBook
    """What the agent knows of its orders."""
    truth: Mapping[str, Any]
    """The venue's state, as `GET /_sim/state` answers it."""


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
    reopened: int
    """Opened again by a failed probe."""
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
    """Sent, and no answer came, or the venue knows that its answer was lost."""
    matched: int
    """Of these, looked up, and what was found is what the venue has: the order as sent, or none."""
    duplicates: int


@dataclass(frozen=True, slots=True)
class Sums:
    """What the demo came to at one venue."""

    venue: str
    calls: Calls
    orders: Orders
    faults: tuple[str, ...]
    """Sums that do not add up, in words; none when all is well."""


def summed(account: Account) -> Sums:
    """The sums of one venue."""
    calls = _calls(account.metrics, account.facts)
    orders = _orders(account.book, account.truth)
    faults = (*_call_faults(calls), *_order_faults(orders, account.book, account.truth))
    return Sums(account.venue, calls, orders, faults)


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
        reopened=sum(named(facts, REOPENED).values()),
        closed=sum(named(facts, CLOSED).values()),
    )


def _orders(book: OrderBook, truth: Mapping[str, Any]) -> Orders:
    counts = book.counts()
    booked = {order["client_order_id"]: order for order in truth["orders"]}
    times = Counter(order["client_order_id"] for order in truth["orders"])
    lost = {one["client_order_id"] for one in truth["lost_answers"]}
    # What the wire swallowed the venue believes to have told, so the agent's own word counts too.
    lost |= {entry.name for entry in book.of(Outcome.FOUND, Outcome.ABSENT, Outcome.ASKED)}
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
    """Whether the look-up found what the venue has: the order as it was sent, or nothing."""
    if entry is None:
        return False
    if booked is None:
        return entry.outcome is Outcome.ABSENT
    return entry.outcome is Outcome.FOUND and _is_told_right(entry, booked)


def _is_told_right(entry: Entry, booked: Mapping[str, Any]) -> bool:
    """Whether an order is told as it was sent and as the venue has it, but for its own name for it."""
    sent, found = entry.request, entry.order
    return (
        found is not None
        and found.client_order_id == sent.client_order_id == booked["client_order_id"]
        and found.symbol == sent.symbol
        and _letters(sent.symbol) == _letters(booked["symbol"])
        and sent.side == found.side == booked["side"].lower()
        and sent.quantity == found.quantity == Decimal(booked["quantity"])
        and _is_filled_as(found, sent, Decimal(booked["executed_quantity"]))
    )


def _is_filled_as(found: Order, sent: OrderRequest, executed: Decimal) -> bool:
    """Whether no more is told as traded than was; all of it, when nothing more can happen."""
    if found.status.is_final:
        return found.filled == executed <= (sent.quantity or _ZERO)
    return found.filled <= executed


def _letters(symbol: str) -> str:
    return symbol.replace("/", "").replace("-", "")


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
    booked = {order["client_order_id"]: order for order in truth["orders"]}
    found = {entry.name: entry for entry in book.of(Outcome.BOOKED, Outcome.FOUND)}
    ids = [entry.order.order_id for entry in found.values() if entry.order is not None]
    checks = {
        "orders sent are not found + refused + unknown": orders.sent
        == orders.found + orders.refused + orders.unknown,
        "a lost answer was not looked up and matched": orders.lost == orders.matched,
        "the venue has other orders than were found": booked.keys() == found.keys(),
        "an order is told otherwise than the venue has it": all(
            _is_told_right(found[name], booked[name]) for name in booked.keys() & found.keys()
        ),
        "two orders have one order id": len(set(ids)) == len(ids),
        "an order was executed twice": orders.duplicates == 0,
    }
    return [words for words, holds in checks.items() if not holds]
