"""Owns what the demo came to at each venue: the sums, and whether journal and agent agree with its own books."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from switchgear.practice.demo.facts import CLOSED, FALLBACK, OPENED, REOPENED, named
from switchgear.practice.demo.orders import Outcome, outcome_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from switchgear.exchange.model import Order, OrderRequest
    from switchgear.observe.metrics import CallMetrics
    from switchgear.order.intent import Intent
    from switchgear.practice.demo.orders import Entry, OrderBook

_ZERO = Decimal(0)
_IN_DOUBT = frozenset({Outcome.ASKED, Outcome.FOUND, Outcome.AGAIN, Outcome.ABSENT})
"""Of these the answer was lost."""
_STANDS = frozenset({Outcome.BOOKED, Outcome.FOUND, Outcome.AGAIN})


class _Known(NamedTuple):
    """What is known of an order."""

    request: OrderRequest
    outcome: Outcome
    order_id: str | None


class Account(NamedTuple):
    """All that is known of one venue when the demo is over."""

    venue: str
    metrics: Sequence[CallMetrics]
    """Of every key of the venue."""
    facts: Counter[str]
    """What the events came to."""
    intents: Sequence[Intent]
    """What the journal knows of every order."""
    book: OrderBook
    """What the agent was told of its orders."""
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
    """Of these, what the journal has in the end is what the venue has: the order as sent, or none."""
    again: int
    """Of these, sent once more, under the same id."""
    duplicates: int
    unkept: int
    """Of these the journal does not have what the agent was told, as where its disk is full."""


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
    known = {each.client_order_id: _kept(each) for each in account.intents}
    unkept = _unkept(known, account.book)
    known |= unkept
    orders = _orders(known, len(unkept), account.book, account.truth)
    faults = (*_call_faults(calls), *_order_faults(orders, known, account.book, account.truth))
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


def _kept(intent: Intent) -> _Known:
    return _Known(intent.request, outcome_of(intent), intent.order_id)


def _unkept(kept: Mapping[str, _Known], book: OrderBook) -> dict[str, _Known]:
    """The orders of which the agent knows more than the journal, as it was told."""
    return {
        entry.name: _told(entry)
        for entry in book.entries.values()
        if entry.outcome is not Outcome.ASKED
        and entry.name in kept
        and kept[entry.name].outcome is Outcome.ASKED
    }


def _told(entry: Entry) -> _Known:
    order_id = None if entry.order is None else entry.order.order_id
    return _Known(entry.request, entry.outcome, order_id)


def _orders(
    known: Mapping[str, _Known], unkept: int, book: OrderBook, truth: Mapping[str, Any]
) -> Orders:
    counts = Counter(each.outcome for each in known.values())
    booked = {order["client_order_id"]: order for order in truth["orders"]}
    times = Counter(order["client_order_id"] for order in truth["orders"])
    lost = {one["client_order_id"] for one in truth["lost_answers"]}
    # What the wire swallowed the venue believes to have told, so the journal's word counts too.
    lost |= {name for name, each in known.items() if each.outcome in _IN_DOUBT}
    unwritten = book.entries.keys() - known.keys()
    return Orders(
        sent=len(known) - counts[Outcome.UNSENT],
        found=sum(counts[each] for each in _STANDS),
        refused=counts[Outcome.REFUSED],
        unknown=counts[Outcome.ABSENT] + counts[Outcome.ASKED],
        unsent=counts[Outcome.UNSENT] + len(unwritten),
        cancelled=sum(entry.cancelled for entry in book.entries.values()),
        lost=len(lost),
        matched=sum(_is_matched(known.get(name), booked.get(name)) for name in lost),
        again=counts[Outcome.AGAIN],
        duplicates=sum(number > 1 for number in times.values()),
        unkept=unkept,
    )


def _is_matched(known: _Known | None, booked: Mapping[str, Any] | None) -> bool:
    """Whether what was found out is what the venue has: the order as it was sent, or nothing."""
    if known is None:
        return False
    if booked is None:
        return known.outcome is Outcome.ABSENT
    return known.outcome in _IN_DOUBT & _STANDS and _is_same(known.request, booked)


def _is_same(request: OrderRequest, booked: Mapping[str, Any]) -> bool:
    """Whether an order was booked as it was written down, but for the venue's own name for it."""
    return (
        request.client_order_id == booked["client_order_id"]
        and _letters(request.symbol) == _letters(booked["symbol"])
        and request.side == booked["side"].lower()
        and request.quantity == Decimal(booked["quantity"])
    )


def _is_heard(entry: Entry, known: _Known | None) -> bool:
    """Whether the agent was told of an order what is known; one that was never written down was never sent."""
    return _told(entry) == (known or _Known(entry.request, Outcome.UNSENT, None))


def _is_told_right(entry: Entry, booked: Mapping[str, Any]) -> bool:
    """Whether an order is told as it was sent and as the venue has it, but for the venue's own name for it."""
    sent, found = entry.request, entry.order
    return (
        found is not None
        and _is_same(sent, booked)
        and (found.client_order_id, found.symbol) == (sent.client_order_id, sent.symbol)
        and (found.side, found.quantity) == (sent.side, sent.quantity)
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


def _order_faults(
    orders: Orders, known: Mapping[str, _Known], book: OrderBook, truth: Mapping[str, Any]
) -> list[str]:
    booked = {order["client_order_id"]: order for order in truth["orders"]}
    found = {name: each for name, each in known.items() if each.outcome in _STANDS}
    told = {entry.name: entry for entry in book.of(*_STANDS)}
    ids = [each.order_id for each in found.values()]
    checks = {
        "orders sent are not found + refused + unknown": orders.sent
        == orders.found + orders.refused + orders.unknown,
        "a lost answer was not looked up and matched": orders.lost == orders.matched,
        "the venue has other orders than were found": booked.keys() == found.keys(),
        "an order is in the journal otherwise than the venue has it": all(
            _is_same(found[name].request, booked[name]) for name in booked.keys() & found.keys()
        ),
        "an order is told otherwise than the venue has it": all(
            _is_told_right(told[name], booked[name]) for name in booked.keys() & told.keys()
        ),
        "the agent was told otherwise than the journal has it": all(
            _is_heard(entry, known.get(entry.name)) for entry in book.entries.values()
        ),
        "two orders have one order id": len(set(ids)) == len(ids),
        "an order was executed twice": orders.duplicates == 0,
    }
    return [words for words, holds in checks.items() if not holds]
