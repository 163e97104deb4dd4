"""Owns an order written down before it is sent: what is known of it, and what may become of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from switchgear.core.errors import SwitchgearError

if TYPE_CHECKING:
    from switchgear.exchange.model import OrderRequest


class State(StrEnum):
    """
    Where an intent stands.

    NEW ──► SENT ──► ACKED | REJECTED
                └──► UNKNOWN ──► FOUND | ABSENT | ABANDONED

    UNKNOWN goes back to SENT where the exchange's rules let the same id be sent again. The last three are how an
    unknown outcome is resolved; an order that comes to light after all is FOUND whatever was thought before.
    """

    NEW = "new"
    """Written down, and nothing more is known: after a crash it counts as sent."""
    SENT = "sent"
    ACKED = "acked"
    """The exchange said that it is booked."""
    REJECTED = "rejected"
    """It is not booked: the exchange said so and no other copy can be under way, or nothing ever left."""
    UNKNOWN = "unknown"
    FOUND = "found"
    """It is booked: the exchange knows its id."""
    ABSENT = "absent"
    """It is not booked, and no copy that was sent can be any more."""
    ABANDONED = "abandoned"
    """A person said to look no further."""

    @property
    def is_open(self) -> bool:
        """Whether what became of the order is still to be found out."""
        return self in OPEN

    @property
    def is_booked(self) -> bool:
        """Whether the order stands, or stood, at the exchange."""
        return self in {State.ACKED, State.FOUND}


OPEN = frozenset({State.NEW, State.SENT, State.UNKNOWN})
_MAY_FOLLOW: dict[State, frozenset[State]] = {
    State.NEW: frozenset(State) - {State.NEW},
    State.SENT: frozenset(State) - {State.NEW},
    State.UNKNOWN: frozenset(State) - {State.NEW},
    State.ACKED: frozenset(),
    State.FOUND: frozenset(),
    # And once more the same, when it was looked at again and no other copy had been booked.
    State.REJECTED: frozenset({State.FOUND, State.REJECTED}),
    State.ABSENT: frozenset({State.FOUND}),
    State.ABANDONED: frozenset({State.FOUND, State.ABANDONED}),
}


class StaleIntent(SwitchgearError):
    """Somebody else moved the intent in the meantime: read it again."""


@dataclass(frozen=True, slots=True)
class Intent:
    """
    One order, for ever under one client order id.

    Instants are epoch milliseconds by the machine's date.
    """

    intent_id: str
    exchange: str
    account: str
    request: OrderRequest
    """As it is sent, its client order id among it."""
    created_ms: int
    state: State = State.NEW
    version: int = 0
    """Grows with each move."""
    idempotency_key: str | None = None
    """The caller's own name for it: who comes again with it gets this order."""
    changed_ms: int = 0
    sent_ms: int | None = None
    """
    When a copy of it was last on its way to the exchange, as far as is known.

    It may be too late: where an earlier copy is in doubt, a later attempt that never left leaves its instant here. A
    process that comes anew counts from it how long a copy may still come, and too late is the safe side.
    """
    attempts: int = 0
    """How many copies of it may have reached the exchange; one that is seen never to have left is taken off again."""
    notional: str | None = None
    """What it is worth in the quote asset, a Decimal as text, as far as it was known when it was written down."""
    order_id: str | None = None
    """The exchange's own name for it, once it is known to be booked."""
    why: str = ""
    """What the last move was made for, in words."""
    owner: str = ""
    """Who is seeing it through: a process, by a name of its own."""
    owned_until_ms: int = 0
    """Until then nobody else may: a process that died lets go by itself."""

    @property
    def client_order_id(self) -> str:
        """Under which the exchange knows it."""
        return self.request.client_order_id or ""

    @property
    def never_left(self) -> bool:
        """Whether it is not booked because nothing of it was sent: it was held back here, or nobody was reached."""
        return self.state is State.REJECTED and not self.attempts

    @property
    def symbol(self) -> str:
        """What is traded."""
        return self.request.symbol

    def moved(self, to: State, at_ms: int, why: str, **more: Any) -> Intent:
        """
        The intent after a move.

        Raises:
            StaleIntent: From where it stands there is no such move.
        """
        if to not in _MAY_FOLLOW[self.state]:
            raise StaleIntent(f"intent {self.intent_id} is {self.state}: it cannot become {to}")
        return replace(self, state=to, version=self.version + 1, changed_ms=at_ms, why=why, **more)


@dataclass(frozen=True, slots=True)
class Move:
    """One line of an intent's life."""

    intent_id: str
    at_ms: int
    old: State | None
    """None when it was written down."""
    new: State
    why: str
    by: str
    """Who: a process, or a person."""
