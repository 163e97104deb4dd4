"""
Owns what any place offers where intents are kept, and the one in memory; the one in SQL is sql_store's.

A store does what it is told in order, all of a batch or nothing; how it becomes durable, and who waits, is the
journal's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Context, Decimal
from functools import reduce
from threading import Lock
from typing import TYPE_CHECKING, Protocol

from switchgear.order.intent import Intent, Move, StaleIntent, State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

NAMES_MAX = 1_000
"""So many intents are given at once at most."""


MOVING = ("state", "version", "changed_ms", "sent_ms", "attempts", "order_id", "why")
"""What a move may change of an intent; all else stays as it was written."""


COUNTED = frozenset({State.NEW, State.SENT, State.UNKNOWN, State.ACKED, State.FOUND})
"""Of these an order is booked, or may be: its worth counts."""
EXACT = Context(prec=400)
"""A product or a sum of amounts has no more digits than that: nothing is rounded."""


@dataclass(frozen=True, slots=True)
class Day:
    """What may be ordered for an account from an instant on; an intent whose worth is not known counts nothing."""

    since_ms: int
    notional_max: Decimal
    """Of the new intent and all others of its account written since then that are booked, or may be."""


@dataclass(frozen=True, slots=True)
class Write:
    """
    A new intent, refused as DuplicateIntent, Halted or DayFull.

    Its ids, and its idempotency key where it has one, must not have been used for its account, no kill switch may be
    on for it, and with it the day must not become too full: all looked at in the very step that keeps it, whoever else
    writes at the same moment. A duplicate is told as such whatever the switches and the day say.
    """

    intent: Intent
    by: str
    day: Day | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """An intent as it is after a move; refused as StaleIntent where it is not the next version of what is kept."""

    intent: Intent
    old: State
    by: str


@dataclass(frozen=True, slots=True)
class Claim:
    """
    Whoever asks first sees an intent through alone until an instant; later ones are refused as StaleIntent.

    The owner itself may ask again, to keep it longer; 0 lets it go.
    """

    intent_id: str
    owner: str
    now_ms: int
    until_ms: int


@dataclass(frozen=True, slots=True)
class Switch:
    """No new orders from now on, or orders again; of one account, or of all where exchange and account are empty."""

    on: bool
    at_ms: int
    by: str
    why: str
    exchange: str = ""
    account: str = ""


Step = Write | Change | Claim | Switch
Outcome = Intent | None | Exception
"""What a step came to: the intent as it is kept now; or why the step, and it alone, was refused."""


class Halted(Exception):
    """A kill switch is on: no new intent is kept."""

    def __init__(self, switch: Switch) -> None:
        super().__init__(f"orders are halted by {switch.by}: {switch.why}")
        self.switch = switch


class DuplicateIntent(Exception):
    """An intent with one of these ids is there already."""

    def __init__(self, found: Intent) -> None:
        super().__init__(found.intent_id)
        self.found = found


class DayFull(Exception):
    """With this intent more would be ordered in a day than may be."""

    def __init__(self, total: Decimal, day: Day) -> None:
        super().__init__(f"{total} since {day.since_ms} is more than {day.notional_max}")
        self.total = total
        """What the day would have come to, the intent that was refused among it."""
        self.day = day


def check_day(spent: Decimal, wanted: Intent, day: Day) -> None:
    """DayFull when an intent does not fit beside what its day has already."""
    total = worth((wanted.notional,), spent)
    if total > day.notional_max:
        raise DayFull(total, day)


def worth(notionals: Iterable[str | None], begin: Decimal = Decimal(0)) -> Decimal:
    """The sum of what is kept as text, to the last digit."""
    told = (Decimal(each) for each in notionals if each is not None)
    return reduce(EXACT.add, told, begin)


@dataclass(frozen=True, slots=True)
class IntentQuery:
    """Which intents are asked for, newest first; what is None does not matter."""

    exchange: str | None = None
    account: str | None = None
    states: frozenset[State] | None = None
    client_order_id: str | None = None
    idempotency_key: str | None = None
    symbol: str | None = None
    since_ms: int | None = None
    limit: int = NAMES_MAX


class IntentStore(Protocol):
    """Where intents are kept. One thread at a time applies; any thread may read."""

    def apply(self, steps: Sequence[Step], *, durable: bool) -> list[Outcome]:
        """
        Carry out steps in order as one transaction, and keep them on disk before this returns where durable.

        Raises:
            StoreError: None of them was kept; or, where its text says so, nobody knows. Handed in once more, an intent
                that had been kept is a DuplicateIntent of itself.
        """
        ...

    def get(self, intent_id: str) -> Intent | None:
        """One intent."""
        ...

    def query(self, query: IntentQuery) -> list[Intent]:
        """Intents, newest first."""
        ...

    def moves(self, intent_id: str) -> list[Move]:
        """The life of an intent, oldest first."""
        ...

    def switches(self) -> list[Switch]:
        """Every kill switch that is on."""
        ...

    def close(self) -> None:
        """Let go of what is open."""
        ...


class MemoryStore:
    """An IntentStore that ends with the process: for tests, and for whoever wants the protocol without the file."""

    def __init__(self) -> None:
        self._intents: dict[str, Intent] = {}
        self._by_name: dict[tuple[str, str, str], str] = {}
        self._by_key: dict[tuple[str, str, str], str] = {}
        self._moves: dict[str, list[Move]] = {}
        self._switches: dict[tuple[str, str], Switch] = {}
        self._one_at_a_time = Lock()

    def apply(self, steps: Sequence[Step], *, durable: bool) -> list[Outcome]:
        """As IntentStore says; nothing outlives the process, durable or not."""
        del durable
        with self._one_at_a_time:
            return [self._applied(step) for step in steps]

    def _applied(self, step: Step) -> Outcome:
        try:
            match step:
                case Write():
                    return self._write(step)
                case Change():
                    return self._change(step)
                case Claim():
                    return self._claim(step)
                case Switch():
                    self._switch(step)
                    return None
        except (StaleIntent, DuplicateIntent, Halted, DayFull) as refused:
            return refused

    def _write(self, step: Write) -> Intent:
        intent = step.intent
        place = (intent.exchange, intent.account)
        found = intent.intent_id if intent.intent_id in self._intents else None
        found = found or self._by_name.get((*place, intent.client_order_id))
        if found is None and intent.idempotency_key is not None:
            found = self._by_key.get((*place, intent.idempotency_key))
        if found is not None:
            raise DuplicateIntent(self._intents[found])
        for each in (place, ("", "")):
            if each in self._switches:
                raise Halted(self._switches[each])
        if step.day is not None:
            check_day(self._spent(place, step.day.since_ms), intent, step.day)
        self._by_name[*place, intent.client_order_id] = intent.intent_id
        if intent.idempotency_key is not None:
            self._by_key[*place, intent.idempotency_key] = intent.intent_id
        self._intents[intent.intent_id] = intent
        line = Move(intent.intent_id, intent.created_ms, None, intent.state, intent.why, step.by)
        self._moves[intent.intent_id] = [line]
        return intent

    def _spent(self, place: tuple[str, str], since_ms: int) -> Decimal:
        return worth(
            each.notional
            for each in self._intents.values()
            if (each.exchange, each.account) == place
            and each.created_ms >= since_ms
            and each.state in COUNTED
        )

    def _change(self, step: Change) -> Intent:
        intent = step.intent
        kept = self._intents.get(intent.intent_id)
        if kept is None or kept.version + 1 != intent.version or kept.state is not step.old:
            raise StaleIntent(f"intent {intent.intent_id} is not what it was")
        kept = replace(kept, **{name: getattr(intent, name) for name in MOVING})
        self._intents[intent.intent_id] = kept
        line = Move(
            intent.intent_id, intent.changed_ms, step.old, intent.state, intent.why, step.by
        )
        self._moves[intent.intent_id].append(line)
        return kept

    def _claim(self, step: Claim) -> Intent:
        kept = self._intents.get(step.intent_id)
        if kept is None or (kept.owner != step.owner and kept.owned_until_ms > step.now_ms):
            raise StaleIntent(f"intent {step.intent_id} is seen through by somebody else")
        kept = replace(kept, owner=step.owner, owned_until_ms=step.until_ms)
        self._intents[step.intent_id] = kept
        return kept

    def _switch(self, step: Switch) -> None:
        place = (step.exchange, step.account)
        if step.on:
            self._switches[place] = step
        else:
            self._switches.pop(place, None)

    def get(self, intent_id: str) -> Intent | None:
        """One intent."""
        return self._intents.get(intent_id)

    def query(self, query: IntentQuery) -> list[Intent]:
        """Intents, newest first."""
        fits = _fitting(query)
        found = [each for each in self._candidates(query) if fits(each)]
        found.sort(key=lambda each: (each.created_ms, each.intent_id), reverse=True)
        return found[: query.limit]

    def _candidates(self, query: IntentQuery) -> list[Intent]:
        if query.exchange is not None and query.account is not None:
            place = (query.exchange, query.account)
            for names, name in (
                (self._by_name, query.client_order_id),
                (self._by_key, query.idempotency_key),
            ):
                if name is not None:
                    found = names.get((*place, name))
                    return [] if found is None else [self._intents[found]]
        return list(self._intents.values())

    def moves(self, intent_id: str) -> list[Move]:
        """The life of an intent, oldest first."""
        return list(self._moves.get(intent_id, ()))

    def switches(self) -> list[Switch]:
        """Every kill switch that is on."""
        return list(self._switches.values())

    def close(self) -> None:
        """Nothing is open."""


def _fitting(query: IntentQuery) -> Callable[[Intent], bool]:
    wanted = {
        name: getattr(query, name)
        for name in ("exchange", "account", "client_order_id", "idempotency_key", "symbol")
        if getattr(query, name) is not None
    }

    def fits(intent: Intent) -> bool:
        return (
            all(getattr(intent, name) == value for name, value in wanted.items())
            and (query.states is None or intent.state in query.states)
            and (query.since_ms is None or intent.created_ms >= query.since_ms)
        )

    return fits
