"""Owns what an order of the demo came to, and the agent's own book of them; the journal is the desk's."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from switchgear.order.intent import State

if TYPE_CHECKING:
    from switchgear.exchange.model import Order, OrderRequest
    from switchgear.order.intent import Intent


class Outcome(Enum):
    """What is known of an order."""

    ASKED = "asked"
    """Sent, and its answer did not come: the desk asks after it."""
    BOOKED = "booked"
    """The exchange answered that it has it."""
    FOUND = "lost and found"
    """Its answer was lost; looked up, the exchange has it."""
    AGAIN = "sent again"
    """Its answer was lost; the exchange did not know it, and took it the second time, under the same id."""
    ABSENT = "not there"
    """Its answer was lost; the exchange does not know it, and no copy of it can come any more."""
    REFUSED = "refused"
    """The exchange answered no."""
    UNSENT = "not sent"
    """Rejected here, or it provably never left."""


def outcome_of(intent: Intent | None) -> Outcome:
    """What the journal knows of an order; None where it was never written down, and so never sent."""
    if intent is None:
        return Outcome.UNSENT
    match intent.state:
        case State.ACKED:
            return Outcome.AGAIN if intent.attempts > 1 else Outcome.BOOKED
        case State.FOUND:
            return Outcome.FOUND
        case State.ABSENT | State.ABANDONED:
            return Outcome.ABSENT
        case State.REJECTED:
            return Outcome.UNSENT if intent.never_left else Outcome.REFUSED
        case State.NEW | State.SENT | State.UNKNOWN:
            return Outcome.ASKED


@dataclass(slots=True)
class Entry:
    """One order of the agent."""

    request: OrderRequest
    outcome: Outcome = Outcome.ASKED
    order: Order | None = None
    """As the exchange last told of it."""
    cancelled: bool = False
    """The agent has cancelled it."""

    @property
    def name(self) -> str:
        """The client order id."""
        return self.request.client_order_id or ""


class OrderBook:
    """Every order that the agent wanted to send, in order."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self._open: dict[str, Entry] = {}

    def begin(self, request: OrderRequest) -> Entry:
        """Write an order down before it is sent; until more is known it is one to ask about."""
        entry = Entry(request)
        self.entries[entry.name] = self._open[entry.name] = entry
        return entry

    def end(self, entry: Entry, outcome: Outcome, order: Order | None = None) -> None:
        """Write down what became of an order."""
        entry.outcome, entry.order = outcome, order
        self._open.pop(entry.name, None)

    def questions(self) -> list[Entry]:
        """The orders whose answer did not come, and of which the agent does not know yet what they came to."""
        return list(self._open.values())

    def of(self, *outcomes: Outcome) -> list[Entry]:
        """The orders with one of these outcomes."""
        return [entry for entry in self.entries.values() if entry.outcome in outcomes]

    def counts(self) -> Counter[str]:
        """How many orders there are of each outcome, in words."""
        return Counter(entry.outcome.value for entry in self.entries.values())
